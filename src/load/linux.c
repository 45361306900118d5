#include "load_priv.h"

#include <inttypes.h>
#include <string.h>

#include "le.h"

/* Offsets in the zero page and in the file, which agree up to 0x290. */
enum {
	H_E820_N	= 0x1e8,
	H_SETUP_SECTS	= 0x1f1,
	H_SYSSIZE	= 0x1f4,
	H_VID_MODE	= 0x1fa,
	H_BOOT_FLAG	= 0x1fe,
	H_JUMP		= 0x201,	/* its operand: where the header ends */
	H_MAGIC		= 0x202,
	H_VERSION	= 0x206,
	H_LOADER	= 0x210,
	H_LOADFLAGS	= 0x211,
	H_CODE32	= 0x214,
	H_RAMDISK	= 0x218,
	H_RAMDISK_SIZE	= 0x21c,
	H_CMD_LINE	= 0x228,
	H_INITRD_MAX	= 0x22c,
	H_ALIGN		= 0x230,
	H_RELOCATABLE	= 0x234,
	H_CMDLINE_SIZE	= 0x238,
	H_PREF_ADDRESS	= 0x258,
	H_INIT_SIZE	= 0x260,
	H_END		= 0x290,
	H_E820		= 0x2d0,
	PARAMS_SIZE	= 4096
};

#define LOADED_HIGH	0x01
#define HEAP_USABLE	0x80
#define OLDEST		0x0206
#define HAS_PREFERRED	0x020a
#define OTHER_LOADER	0xff
#define NORMAL_VIDEO	0xffff

struct image {
	uint8_t		 h[H_END];	/* the file's start */
	unsigned	 hend;		/* where its header ends */
	unsigned	 version;
	uint64_t	 off;		/* of the protected-mode part */
	uint64_t	 len;
	uint64_t	 addr;		/* where it goes */
	uint64_t	 end;		/* behind what it needs to unpack */
};

static int
header(const struct load_src *k, struct image *im, struct load_why *why)
{
	uint64_t sects;

	memset(im, 0, sizeof(*im));
	if (load_bytes(k, 0, im->h, k->size < H_END ? (size_t)k->size :
	    H_END) == -1)
		return load_fail(why, "the kernel cannot be read");
	if (k->size < H_END || memcmp(im->h + H_MAGIC, "HdrS", 4) != 0 ||
	    le16_get(im->h + H_BOOT_FLAG) != 0xaa55)
		return load_fail(why, "not a bzImage of Linux");
	im->version = le16_get(im->h + H_VERSION);
	if (im->version < OLDEST)
		return load_fail(why, "boot protocol %u.%02u is too old: it "
		    "takes 2.06", im->version >> 8, im->version & 255);
	if ((im->h[H_LOADFLAGS] & LOADED_HIGH) == 0)
		return load_fail(why, "a zImage, which is loaded below "
		    "1 MiB: only bzImages are loaded");
	im->hend = H_MAGIC + (unsigned)im->h[H_JUMP];
	if (im->hend > H_END)
		im->hend = H_END;
	if (im->hend < H_CMDLINE_SIZE + 4 || (im->version >= HAS_PREFERRED &&
	    im->hend < H_INIT_SIZE + 4))
		return load_fail(why, "the kernel's header ends at 0x%x, "
		    "before fields of its version", im->hend);
	sects = im->h[H_SETUP_SECTS] == 0 ? 4 : im->h[H_SETUP_SECTS];
	im->off = (sects + 1) * 512;
	if (im->off >= k->size)
		return load_fail(why, "the kernel is cut short: nothing "
		    "follows its set-up code");
	im->len = k->size - im->off;
	if ((uint64_t)le32_get(im->h + H_SYSSIZE) * 16 > im->len + 15)
		return load_fail(why, "the kernel is cut short: %" PRIu64
		    " bytes follow its set-up code, the header says %" PRIu64,
		    im->len, (uint64_t)le32_get(im->h + H_SYSSIZE) * 16);
	return 0;
}

/* Where it is loaded, and what it needs around the place it unpacks to. */
static int
placing(struct image *im, const struct load_vm *vm, struct load_why *why)
{
	uint64_t pref = MIB, size = im->len, run;
	int moves = im->h[H_RELOCATABLE] != 0;

	if (im->version >= HAS_PREFERRED) {
		pref = le64_get(im->h + H_PREF_ADDRESS);
		size = le32_get(im->h + H_INIT_SIZE);
	}
	if (size < im->len)
		size = im->len;
	im->addr = moves ? MIB : pref;
	run = pref > im->addr ? pref : im->addr;
	if (im->addr < MIB)
		return load_fail(why, "the kernel wants to lie at 0x%" PRIx64
		    ", below 1 MiB", im->addr);
	if (!memmap_is_ram(vm->map, run, size) ||
	    !memmap_is_ram(vm->map, im->addr, im->len))
		return load_fail(why, "the kernel needs %" PRIu64 " KiB at 0x%"
		    PRIx64 ": the machine needs more memory", size / 1024,
		    run);
	im->end = run + size;
	if (im->end < im->addr + im->len)
		im->end = im->addr + im->len;
	return 0;
}

/* The zero page: the kernel's own header, completed. */
static int
params(const struct load_linux *l, const struct image *im,
    const struct load_vm *vm, uint64_t initrd)
{
	uint8_t p[PARAMS_SIZE] = { 0 };

	memcpy(p + H_SETUP_SECTS, im->h + H_SETUP_SECTS,
	    im->hend - H_SETUP_SECTS);
	p[H_LOADER] = OTHER_LOADER;
	p[H_LOADFLAGS] = (uint8_t)(im->h[H_LOADFLAGS] & ~HEAP_USABLE);
	le16_put(p + H_VID_MODE, NORMAL_VIDEO);
	le32_put(p + H_CODE32, (uint32_t)im->addr);
	le32_put(p + H_CMD_LINE, LOW_CMDLINE);
	le32_put(p + H_RAMDISK, (uint32_t)initrd);
	le32_put(p + H_RAMDISK_SIZE, (uint32_t)l->initrd.size);
	p[H_E820_N] = (uint8_t)vm->map->n;
	memmap_e820(vm->map, p + H_E820);
	return gm_copyout(vm->gm, LOW_PARAMS, p, sizeof(p));
}

int
load_linux(const struct load_linux *l, struct load_vm *vm,
    struct load_why *why)
{
	uint64_t initrd = 0;
	struct image im;

	if (header(&l->kernel, &im, why) == -1 ||
	    placing(&im, vm, why) == -1 ||
	    load_cmdline(vm, l->cmdline, le32_get(im.h + H_CMDLINE_SIZE),
	    why) == -1)
		return -1;
	if (load_copy(&l->kernel, im.off, vm, im.addr, im.len) == -1)
		return load_fail(why, "the kernel cannot be read");
	if (l->initrd.size > 0) {
		initrd = load_module(&l->initrd, vm, im.end,
		    1 + (uint64_t)le32_get(im.h + H_INITRD_MAX), why);
		if (initrd == 0)
			return -1;
	}
	if (params(l, &im, vm, initrd) == -1 || load_flat32(vm) == -1)
		return load_fail(why, "no memory below 1 MiB");
	vm->regs.rip = im.addr;
	vm->regs.gpr[VCPU_RSI] = LOW_PARAMS;
	vm->end = im.end;
	return 0;
}
