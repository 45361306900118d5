# The tour.
$(B)/demo/drive: ci/demo/drive.c $(foreach l,sim trace msg dev net virtio devif gmem base,$(call lib,$(l)))
	@mkdir -p $(@D)
	$(CC) $(BASECF) $(HINSTR) $(LINKF) $(call inc,sim $(PURE)) -o $@ $< \
	    $(foreach l,sim trace msg dev net virtio devif gmem base,$(call lib,$(l)))

.PHONY: demo
demo: $(B)/demo/drive $(B)/replay/vmtrace $(FO)/fuzz_vioblk_plain
	@! command -v clang >/dev/null || $(FUZZMAKE) build/clang-fuzz/fuzz/fuzz_vioblk
	@ci/demo/run $(B)
