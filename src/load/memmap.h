/*
 * Where a machine's memory lies: what a guest is told (E820) and what has to
 * be backed.
 *
 *	0		640 KiB		RAM
 *	640 KiB		384 KiB		reserved: video, ROMs
 *	1 MiB		to 0xf0000000	RAM
 *	0xf0000000	to 0xffbfffff	registers of devices, no memory
 *	4 GiB - 4 MiB	4 MiB		reserved: firmware
 *	4 GiB		the rest	RAM
 *
 * Reserved pieces are memory like the others and count against the size, as
 * in vmd (facts: x86_vm.c 1.25).
 */
#ifndef MEMMAP_H
#define MEMMAP_H

#include <stddef.h>
#include <stdint.h>

#define MEMMAP_MAX	8
#define MEMMAP_RAM	1		/* the numbers of E820 */
#define MEMMAP_RESERVED	2

#define MEMMAP_HOLE	0xf0000000ULL	/* first address of devices */
#define MEMMAP_FIRMWARE	(4ULL << 20)	/* bytes below 4 GiB */
#define MEMMAP_MINIMUM	(8ULL << 20)	/* bytes of a machine, at least */
#define MEMMAP_MAXIMUM	(1ULL << 40)

struct memmap_range {
	uint64_t	 gpa;
	uint64_t	 len;
	uint32_t	 type;
};

struct memmap {
	unsigned		 n;
	struct memmap_range	 range[MEMMAP_MAX];
};

/*
 * The map of a machine of so many bytes: whole MiB, MEMMAP_MINIMUM to
 * MEMMAP_MAXIMUM, else -1.
 */
int	memmap_layout(struct memmap *, uint64_t size);

/*
 * The same as spans that have to be backed, neighbours joined; type is 0.
 * Returns how many.
 */
unsigned memmap_backed(const struct memmap *,
	    struct memmap_range [MEMMAP_MAX]);

/* 1 when the whole span is RAM in one range. */
int	memmap_is_ram(const struct memmap *, uint64_t gpa, uint64_t len);
/* The end of the RAM that begins at 1 MiB. */
uint64_t memmap_low_end(const struct memmap *);

/* The map as E820 entries of 20 bytes; room for MEMMAP_MAX. Returns bytes. */
#define MEMMAP_E820	20
size_t	memmap_e820(const struct memmap *, uint8_t *);

#endif
