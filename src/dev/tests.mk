BLK_TESTS := test_vioblk_req
TESTS += $(addprefix src/dev/,$(BLK_TESTS))
$(foreach t,$(BLK_TESTS),$(eval libs_src/dev/$(t) := \
	sim trace msg dev virtio devif gmem base))
