VQ_TESTS := test_vq test_vq_hot test_vq_bad test_vq_event test_vq_indirect test_chain \
	test_caps test_kind
DEV_TESTS := test_common test_status test_irq test_legacy test_bar \
	test_state test_waiting
SIM_LIBS := sim trace msg dev net virtio devif gmem base
TESTS += $(addprefix src/virtio/,$(VQ_TESTS) $(DEV_TESTS))
$(foreach t,$(VQ_TESTS),$(eval libs_src/virtio/$(t) := virtio devif gmem base))
$(foreach t,$(DEV_TESTS),$(eval libs_src/virtio/$(t) := $(SIM_LIBS)))
