# Bugs that are put back on purpose: found from an empty corpus (planted, with
# five seeds; W=1 writes the table) and by replaying the committed one
# (planted-quick).  NAMES picks some.
.PHONY: planted planted-quick planted-base
planted: planted-base
	@fuzz/planted/run -j "$(J)" -n 5 -s 600 $(if $(W),-w) $(NAMES)
planted-quick: planted-base
	@fuzz/planted/run -q $(NAMES)
planted-base:
	@$(FUZZMAKE) fuzzers build/clang-fuzz/replay/vmtrace \
	    $(patsubst %,build/clang-fuzz/fuzz/fuzz_%,$(LIVE))
