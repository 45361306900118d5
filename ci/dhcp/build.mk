# Real DHCP clients against the answerer (Linux; root for the namespace).
#
#   make dhcp-clients    udhcpc and dhclient get a lease and renew it
#   make dhcp-corpus     the same, and what they sent becomes seeds
DHCPTAP		:= $(B)/ci/dhcp/dhcptap
$(DHCPTAP): ci/dhcp/dhcptap.c $(foreach l,net base,$(call lib,$(l)))
	@mkdir -p $(@D)
	$(CC) $(BASECF) $(HINSTR) $(call inc,net base) -MMD -MP -o $@ $< \
	    $(LINKF) $(foreach l,net base,$(call lib,$(l)))

.PHONY: dhcp-clients dhcp-corpus
dhcp-clients: $(DHCPTAP)
	@ci/dhcp/clients $(DHCPTAP)
dhcp-corpus: $(DHCPTAP)
	@ci/dhcp/clients -o corpus/dhcp $(DHCPTAP)
