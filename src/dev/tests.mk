BLK_TESTS := test_vioblk_req test_vioblk_layout test_vioblk_list \
	test_vioblk_config test_vioblk_medium test_vioblk_limits
TESTS += $(addprefix src/dev/,test_viornd $(BLK_TESTS))
$(foreach t,test_viornd $(BLK_TESTS),$(eval libs_src/dev/$(t) := \
	sim trace msg dev virtio devif gmem base))
