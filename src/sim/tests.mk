SIM_TESTS := test_oracle test_alarms
TESTS += $(addprefix src/sim/,$(SIM_TESTS))
$(foreach t,$(SIM_TESTS),$(eval libs_src/sim/$(t) := sim trace msg dev net virtio devif gmem base))
TESTS += src/sim/test_dhcpmodel
libs_src/sim/test_dhcpmodel := sim net base
TESTS += src/sim/test_shrink
libs_src/sim/test_shrink := sim trace msg devif gmem base
