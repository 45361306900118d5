# Whole machines: ci/e2e/vm has what each case is about.
E2E		:= $(B)/e2e
$(E2E)/boot.bin: ci/e2e/guest/boot.S
	@mkdir -p $(@D)
	as --32 -o $(E2E)/boot.o $<
	ld -m elf_i386 -Ttext 0x7c00 --oformat binary -e start -o $@ $(E2E)/boot.o
$(E2E)/pvh.elf: ci/e2e/guest/pvh.S ci/e2e/guest/pvh.ld
	@mkdir -p $(@D)
	as --32 -o $(E2E)/pvh.o $<
	ld -m elf_i386 -T ci/e2e/guest/pvh.ld -o $@ $(E2E)/pvh.o

.PHONY: e2e e2e-nested
e2e: $(B)/vmd-vm $(B)/vmd-device $(B)/vmdisk $(B)/replay/vmtrace $(E2E)/boot.bin $(E2E)/pvh.elf
	@ci/e2e/vm $(B) $(T)
# Linux in our machine, on KVM inside of QEMU.
e2e-nested: $(B)/vmd-vm $(B)/vmd-device $(B)/replay/vmtrace $(E2E)/boot.bin
	@ci/e2e/nested/run $(B) $(T)
