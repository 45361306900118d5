/*
 * Images for the disk targets, from bytes of an input.
 *
 * An input is sparse: {sector le16, words u8, bytes} after one another, each
 * putting 8 * (words % 64 + 1) bytes at 512 * sector; what is not there is
 * zero.  The last 256 sectors are far from the others, where small tables do
 * not reach.  The first byte of the input says how much is mended afterwards:
 * in one input of eight nothing, else the magic, the version, the header
 * length and the numbers that open compares with the size of the file.
 */
#ifndef DISKIMAGE_H
#define DISKIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "memstore.h"

#define DISKIMAGE_MAX	(512u << 10)	/* bytes of most images */
#define DISKIMAGE_FAR	(2176u << 10)	/* end of those with a far part */
#define DISKIMAGE_CAP	(DISKIMAGE_FAR + DISKIMAGE_MAX)

/* Fills the store (of DISKIMAGE_CAP), and says how far it may grow. */
void	diskimage_load(struct ms *, const uint8_t *, size_t);

/*
 * Opens with an opener that has three bases: a name that begins with 'q' is
 * the image itself under another identity, with 's' the image itself, which
 * is a loop, any other a raw disk of 64 KiB with a pattern; no more than
 * three deep.
 */
struct diskimage_base {
	struct ms	*image;
	struct ms	 raw;
	uint64_t	 id;
	int		 loop;
};

void	diskimage_base_init(struct diskimage_base *, struct ms *);
int	diskimage_open(struct diskimage_base *, int readonly,
	    struct disk **);

/* A disk that claims more is read at these places only. */
uint64_t diskimage_span(const struct disk *);

void	diskimage_must(int ok, const char *what);

#endif
