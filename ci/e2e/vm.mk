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
$(E2E)/hostile.elf: ci/e2e/guest/entry.S ci/e2e/guest/hostile.c ci/e2e/guest/pvh.ld
	@mkdir -p $(@D)
	as --32 -o $(E2E)/entry.o ci/e2e/guest/entry.S
	cc -m32 -march=i586 -std=c11 -Os -ffreestanding -fno-pic -fno-stack-protector \
	    -fno-asynchronous-unwind-tables $(WARN) $(WERROR) -c -o $(E2E)/hostile.o \
	    ci/e2e/guest/hostile.c
	ld -m elf_i386 -T ci/e2e/guest/pvh.ld -o $@ $(E2E)/entry.o $(E2E)/hostile.o

.PHONY: e2e e2e-nested
e2e: $(B)/vmd-vm $(B)/vmd-device $(B)/vmdisk $(B)/replay/vmtrace $(E2E)/boot.bin $(E2E)/pvh.elf $(E2E)/hostile.elf
	@ci/e2e/vm $(B) $(T)
# Linux in our machine, on KVM inside of QEMU.
e2e-nested: $(B)/vmd-vm $(B)/vmd-device $(B)/replay/vmtrace $(E2E)/boot.bin
	@ci/e2e/nested/run $(B) $(T)
