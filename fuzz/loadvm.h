/*
 * A small machine for the targets of loaders, and files that are made of a
 * good one and changes.
 *
 * An input is: flags (u8), then changes {where le16, length and how u8,
 * bytes}.  A change overwrites bytes of a template at `where`; above the
 * template's size it is folded into its first 1 KiB, where the headers are.
 * With flag 0x80 the rest of the input is the file itself.
 */
#ifndef LOADVM_H
#define LOADVM_H

#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "load.h"

#define LOADVM_LOW	0xa0000ULL	/* RAM below what is reserved */
#define LOADVM_RAM	0x100000ULL
#define LOADVM_SIZE	0x20000ULL	/* bytes of RAM there */
#define LOADVM_FILE	16384		/* bytes of a file, at most */

#define LOADVM_WHOLE	0x80		/* the input is the file */
#define LOADVM_INITRD	0x01		/* there is an initrd */
#define LOADVM_FAILS	0x02		/* the third read fails */

struct loadvm {
	struct load_vm	 vm;
	struct load_src	 file;
	struct load_src	 initrd;
	uint8_t		 bytes[LOADVM_FILE];
	char		 cmdline[32];
};

void	loadvm_init(void);
/* Builds the file of an input, empties the machine. */
struct loadvm *loadvm_begin(const uint8_t *, size_t,
	    const uint8_t *template, size_t len);
/* What must hold after a load that said rv, whatever it was. */
void	loadvm_check(int rv, const struct load_why *, struct digest *);
/* Guest memory at an address, for comparing. */
const uint8_t *loadvm_at(uint64_t gpa);
void	loadvm_must(int ok, const char *what);
/* The slow checks: what nobody may touch, in builds without a sanitizer. */
void	loadvm_deep(int on);

#endif
