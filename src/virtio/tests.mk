VQ_TESTS := test_vq test_vq_bad test_vq_event test_vq_indirect test_chain
TESTS += $(addprefix src/virtio/,$(VQ_TESTS))
$(foreach t,$(VQ_TESTS),$(eval libs_src/virtio/$(t) := virtio devif gmem base))
