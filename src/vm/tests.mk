# vmd-vm, and the tests of its parts.
VMLIBS := $(foreach l,vm devproc opener image ipc ev plat board chip pci load qtest dev net virtio msg filestore disk devif gmem base,$(call lib,$(l)))
VMEXT  = $(ZIP) -levent_core -lseccomp -lpthread
$(B)/vmd-vm: $(VMLIBS)
	$(CC) $(LINKF) -o $@ -Wl,--gc-sections -Wl,--start-group $(VMLIBS) -Wl,--end-group $(VMEXT)
all tests: $(B)/vmd-vm

TESTS += src/vm/test_timers src/vm/test_cfg src/vm/test_console src/vm/test_file
libs_src/vm/test_timers := vm board dev devif gmem base
libs_src/vm/test_cfg := vm msg disk devif gmem base
libs_src/vm/test_console := vm
libs_src/vm/test_file := vm load gmem base
extra_src/vm/test_file = $(ZIP)
$(B)/src/vm/test_file: $(ZIPWRAP)

# The program itself, over its channel.  Not with MSan, which takes what
# libevent, built without it, leaves on the stack for nobody's bytes.
export VMD_VM := $(B)/vmd-vm
ifneq ($(FLAVOUR),msan)
TESTS += src/vm/test_process
endif
libs_src/vm/test_process := ipc trace msg disk devif gmem base
test_cf_src/vm/test_process := -D_GNU_SOURCE
$(B)/src/vm/test_process: | $(B)/vmd-vm
TESTS += src/vm/test_nicarg
libs_src/vm/test_nicarg := vm opener plat dev msg disk devif gmem base
