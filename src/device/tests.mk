# vmd-device: the program.
DEVICELIBS := $(foreach l,device ev ipc plat filestore diskblk disk dev net virtio trace msg devif gmem base,$(call lib,$(l)))
DEVICEEXT  = $(ZIP) -levent_core -lseccomp -lpthread
$(B)/vmd-device: $(DEVICELIBS)
	$(CC) $(LINKF) -o $@ -Wl,--gc-sections -Wl,--start-group $(DEVICELIBS) -Wl,--end-group $(DEVICEEXT)
all tests: $(B)/vmd-device
