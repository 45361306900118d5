# The tour.
.PHONY: demo
demo: $(B)/vmd-vm $(B)/vmd-device $(B)/replay/vmtrace $(FO)/fuzz_vioblk_plain $(B)/e2e/boot.bin
	@! command -v clang >/dev/null || $(FUZZMAKE) build/clang-fuzz/fuzz/fuzz_vioblk
	@ci/demo/run $(B)
