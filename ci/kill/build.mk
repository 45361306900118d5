# Device processes are killed under load: make kill-test N=1000.
KILLLIBS	:= $(RIGLIBS)
$(B)/kill: ci/kill/kill.c $(foreach l,$(KILLLIBS),$(call lib,$(l)))
	@mkdir -p $(@D)
	$(CC) $(BASECF) -D_GNU_SOURCE $(HINSTR) $(LINKF) $(call inc,$(KILLLIBS)) \
	    -o $@ $< $(foreach l,$(KILLLIBS),$(call lib,$(l))) $(ZIP) -lpthread

.PHONY: kill-test
kill-test: $(B)/kill $(B)/vmd-device
	@$(B)/kill $(or $(N),30)
check: kill-test
