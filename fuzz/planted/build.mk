# Bugs that are put back on purpose: found from an empty corpus (planted) and
# by replaying the committed one (planted-quick).
.PHONY: planted planted-quick
planted planted-quick: planted-base
	@fuzz/planted/run $(if $(filter planted-quick,$@),-q,-s $(S))
.PHONY: planted-base
planted-base:
	@$(FUZZMAKE) fuzzers build/clang-fuzz/replay/vmtrace
