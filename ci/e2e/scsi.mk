# Firmware, and a kernel of other people's, judge our SCSI adapter: see
# ci/e2e/scsi-guest.  K names the folder of the kernel; without it SeaBIOS
# alone boots a CD.
SCSI_E2E_LIBS	:= dev virtio devif gmem base
$(B)/e2e/vhostscsi: ci/e2e/vhostscsi.c $(foreach l,$(SCSI_E2E_LIBS),$(call lib,$(l)))
	@mkdir -p $(@D)
	$(CC) $(BASECF) -D_GNU_SOURCE $(HINSTR) $(LINKF) \
	    $(call inc,$(SCSI_E2E_LIBS)) -o $@ $< \
	    $(foreach l,$(SCSI_E2E_LIBS),$(call lib,$(l)))

.PHONY: e2e-scsi
e2e-scsi: $(B)/e2e/vhostscsi
	@ci/e2e/scsi-guest boot $(B)/e2e/vhostscsi
	@[ -z "$(K)" ] || ci/e2e/scsi-guest linux $(B)/e2e/vhostscsi "$(K)"
