# Device processes, driven as a guest would.
export RIG_DEVICE := $(B)/vmd-device
RIGLIBS := rig devproc ipc plat load qtest opener image filestore disk dev virtio msg devif gmem base
RIG_TESTS := test_process test_record test_opener test_scsi test_net test_lanes test_hostile
TESTS += $(addprefix src/rig/,$(RIG_TESTS))
$(foreach t,$(RIG_TESTS),$(eval libs_src/rig/$(t) := $(RIGLIBS)) \
    $(eval extra_src/rig/$(t) = $$(ZIP) -lseccomp -lpthread) \
    $(eval test_cf_src/rig/$(t) := -D_GNU_SOURCE))
$(addprefix $(B)/src/rig/,$(RIG_TESTS)): | $(B)/vmd-device $(B)/replay/vmtrace
