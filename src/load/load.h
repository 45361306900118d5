/*
 * Loaders: what a machine starts with, put into its memory, and the state of
 * its processor.
 *
 * Everything is read from a source of bytes with a known size.  Contents are
 * hostile: a loader stores into RAM of the map alone, its work is bounded by
 * the sizes of the file and of the memory, and what it cannot load it
 * refuses with a reason, a few words without punctuation at the end.  After
 * a refusal the memory holds anything.
 *
 * The guest does not run yet, nobody listens: there is no tap here.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "gmem.h"
#include "memmap.h"
#include "regs.h"

struct load_src {
	/* Exactly len bytes from off: 0, or -1. */
	int		(*read)(void *, uint64_t off, void *, size_t len);
	void		*arg;
	uint64_t	 size;
};

struct load_why {
	char	text[160];
};

/* The machine: memory, its map, and the processor's state as the result. */
struct load_vm {
	struct gmem		*gm;
	const struct memmap	*map;
	struct vcpu_regs	 regs;
	uint64_t		 end;	/* behind the last byte of a kernel */
};

enum load_kind {
	LOAD_RAW,		/* none of these: firmware, perhaps */
	LOAD_ELF,
	LOAD_BZIMAGE,
	LOAD_GZIP,		/* to be unpacked by the caller first */
	LOAD_NKINDS
};

/* What the first bytes look like; a source that cannot be read is RAW. */
enum load_kind	load_probe(const struct load_src *);

/*
 * Firmware: 15 bytes to 4 MiB.  The image ends at 4 GiB, its last part (at
 * most 128 KiB, as much as a PC has there) again at 1 MiB, from where the
 * processor starts in real mode.
 */
int	load_firmware(const struct load_src *, struct load_vm *,
	    struct load_why *);

struct load_linux {
	struct load_src	 kernel;
	struct load_src	 initrd;	/* size 0: none */
	const char	*cmdline;
};

/*
 * Linux, a bzImage of boot protocol 2.06 or newer, entered in 32-bit mode
 * (Documentation/arch/x86/boot.rst).
 */
int	load_linux(const struct load_linux *, struct load_vm *,
	    struct load_why *);

struct load_elf {
	struct load_src	 kernel;
	struct load_src	 initrd;	/* PVH's first module; size 0: none */
	const char	*cmdline;	/* for PVH */
	const uint8_t	*bootmac;	/* for OpenBSD: 6 bytes, or NULL */
};

/*
 * An ELF kernel of x86.  With a note that names a PVH entry it is entered
 * there, in 32-bit mode, with a struct hvm_start_info (Xen, docs/misc/pvh).
 * Else it is OpenBSD's: addresses are masked to 28 bits, symbols follow the
 * image, boot arguments and a stack are made up, and it starts at its entry
 * (facts: vmd-daemon 18.5).  Segments may not overlap and do not lie below
 * 1 MiB.
 */
int	load_elf(const struct load_elf *, struct load_vm *,
	    struct load_why *);

#endif
