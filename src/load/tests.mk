LOAD_TESTS := test_memmap test_firmware test_linux test_elf test_openbsd
TESTS += $(addprefix src/load/,$(LOAD_TESTS))
$(foreach t,$(LOAD_TESTS),$(eval libs_src/load/$(t) := load gmem base))
