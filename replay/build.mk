# vmtrace: the program that looks at traces.
VMTRACE_OBJS	:= $(patsubst replay/%.c,$(B)/replay/%.o,$(filter-out replay/test_%,$(wildcard replay/*.c)))
VMTRACE_LIBS	:= $(foreach l,sim trace msg board dev net virtio chip pci devif gmem base,$(call lib,$(l)))

$(B)/replay/%.o: replay/%.c
	@mkdir -p $(@D)
	$(CC) $(BASECF) $(HINSTR) -DVERSION='"$(VERSION)"' -Ireplay \
	    $(call inc,sim $(PURE)) -MMD -MP -c -o $@ $<
$(B)/replay/vmtrace: $(VMTRACE_OBJS) $(VMTRACE_LIBS)
	$(CC) $(LINKF) -o $@ $(VMTRACE_OBJS) $(VMTRACE_LIBS) -ljansson

.PHONY: programs vmtrace
vmtrace: $(B)/replay/vmtrace
programs: vmtrace

# The shell test asks the environment which program to test.
export VMTRACE	:= $(B)/replay/vmtrace
SHTESTS		+= replay/test_vmtrace.sh replay/test_malloc.sh
unit: $(B)/replay/vmtrace
