BLK_TESTS := test_vioblk_req test_vioblk_layout test_vioblk_list \
	test_vioblk_config test_vioblk_medium test_vioblk_limits \
	test_vioblk_matrix
TESTS += $(addprefix src/dev/,test_viornd $(BLK_TESTS))
$(foreach t,test_viornd $(BLK_TESTS),$(eval libs_src/dev/$(t) := \
	sim trace msg dev net virtio devif gmem base))
SCSI_TESTS := test_vioscsi_req test_vioscsi_ctl test_vioscsi_event \
	test_vioscsi_config test_vioscsi_state test_vioscsi_limits test_vioscsi_iso \
	test_scsi_identity \
	test_scsi_disk test_scsi_cd test_scsi_mode
TESTS += $(addprefix src/dev/,$(SCSI_TESTS))
$(foreach t,$(SCSI_TESTS),$(eval libs_src/dev/$(t) := \
	sim trace msg dev net virtio devif gmem base))
NET_TESTS := test_vionet_tx test_vionet_rx test_vionet_ctrl \
	test_vionet_config test_vionet_local test_vionet_state
TESTS += $(addprefix src/dev/,$(NET_TESTS))
$(foreach t,$(NET_TESTS),$(eval libs_src/dev/$(t) := \
	sim trace msg dev net virtio devif gmem base))
TESTS += src/dev/test_vionet_threads
libs_src/dev/test_vionet_threads := dev net virtio devif gmem base
extra_src/dev/test_vionet_threads := -lpthread
TESTS += src/dev/test_vmmci
libs_src/dev/test_vmmci := sim trace msg dev net virtio devif gmem base
