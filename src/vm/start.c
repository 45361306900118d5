/* What the processor starts with: firmware or a kernel. */
#include "vm.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "log.h"

static int
refuse(struct cfg_why *why, const char *path, const char *text)
{
	snprintf(why->text, sizeof(why->text), "%.150s: %s", path, text);
	return -1;
}

static int
load(const struct cfg *c, struct file *boot, struct file *initrd,
    struct load_vm *lvm, struct load_why *why)
{
	const struct load_linux linux = { boot->src, initrd->src,
	    c->cmdline };
	const struct load_elf elf = { boot->src, initrd->src, c->cmdline,
	    NULL };

	switch (load_probe(&boot->src)) {
	case LOAD_ELF:
		return load_elf(&elf, lvm, why);
	case LOAD_BZIMAGE:
		return load_linux(&linux, lvm, why);
	default:
		break;
	}
	if (c->initrd.fd != -1 || c->cmdline[0] != '\0') {
		snprintf(why->text, sizeof(why->text), "not a kernel, so "
		    "neither initrd nor command line can go with it");
		return -1;
	}
	return load_firmware(&boot->src, lvm, why);
}

/* Firmware writes to the serial port what else went to a screen. */
static int
firmware_files(struct vm *vm, struct cfg_why *why)
{
	vm->sercon[0] = 0xf8;
	vm->sercon[1] = 0x03;
	if (board_fwcfg_add(vm->board, "etc/sercon-port", vm->sercon,
	    sizeof(vm->sercon)) == -1 ||
	    (vm->order[0] != '\0' && board_fwcfg_add(vm->board, "bootorder",
	    vm->order, strlen(vm->order)) == -1)) {
		snprintf(why->text, sizeof(why->text), "no room for "
		    "firmware's files");
		return -1;
	}
	return 0;
}

int
vm_load(struct vm *vm, struct cfg_why *why)
{
	struct load_vm lvm = { .gm = vm->ops->map(vm->plat),
	    .map = &vm->map };
	const struct cfg *c = vm->cfg;
	struct file boot, initrd;
	struct plat_why pwhy;
	struct load_why lwhy;
	int rv;

	if (c->boot.fd == -1)
		return 0;
	memset(&initrd, 0, sizeof(initrd));
	if (file_open(&boot, c->boot.fd, &lwhy) == -1)
		return refuse(why, c->boot.path, lwhy.text);
	if (c->initrd.fd != -1) {
		/* Linux unpacks it: as it stands. */
		if (file_raw(&initrd, c->initrd.fd, &lwhy) == -1) {
			file_close(&boot);
			return refuse(why, c->initrd.path, lwhy.text);
		}
	}
	rv = load(c, &boot, &initrd, &lvm, &lwhy);
	file_close(&boot);
	if (rv == -1)
		return refuse(why, c->boot.path, lwhy.text);
	if (vm->ops->setregs(vm->plat, &lvm.regs, &pwhy) == -1)
		return refuse(why, "the processor", pwhy.text);
	return firmware_files(vm, why);
}
