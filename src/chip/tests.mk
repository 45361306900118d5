CHIP_TESTS := test_i8259 test_i8253 test_caltime test_mc146818 test_ns8250 \
	test_sysport test_fwcfg
TESTS += $(addprefix src/chip/,$(CHIP_TESTS))
$(foreach t,$(CHIP_TESTS),$(eval libs_src/chip/$(t) := chip devif gmem base))
