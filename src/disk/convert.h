/*
 * Copying one disk to another, sparse in and sparse out, a step at a time.
 *
 * The destination must be at least as large as the source and read as zeros
 * throughout, as a new image does: what is zero in the source is not written
 * at all.  The copy covers [from, to) of the source, so that several copies
 * with disks of their own can share the work.
 */
#ifndef CONVERT_H
#define CONVERT_H

#include "disk.h"

struct convert {
	struct disk	*src;		/* lent */
	struct disk	*dst;
	uint64_t	 pos;		/* next byte to copy */
	uint64_t	 to;
	int		 packed;	/* the destination gets compressed */
	uint64_t	 unit;		/* of packed writes: its cluster */
	size_t		 chunk;		/* bytes read at once */
	uint8_t		*buf;
};

/*
 * Gets ready; DISK_ENOMEM, or DISK_EINVAL when packed clusters are asked of
 * a destination that is not qcow2.
 */
int	convert_begin(struct convert *, struct disk *src, struct disk *dst,
	    int packed);
/* Copies a few megabytes at most: 1 there is more, 0 done, or a code. */
int	convert_step(struct convert *);
void	convert_end(struct convert *);

/* Whether len bytes are all zero. */
int	convert_is_zero(const uint8_t *, size_t len);

#endif
