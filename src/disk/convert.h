/*
 * Copying one disk to another, sparse in and sparse out, a piece at a time.
 *
 * The destination must be at least as large as the source and read as zeros
 * throughout, as a new image does: what is zero in the source is not written
 * at all.
 *
 * A piece is chosen, fetched and stored.  The first two touch the source
 * only, the last the destination only; compression is part of fetching.  So
 * several copies with sources of their own can share the work, when each
 * chooses from one position and stores in its turn.
 */
#ifndef CONVERT_H
#define CONVERT_H

#include "disk.h"

struct zip;

struct convert {
	struct disk	*src;		/* lent */
	struct disk	*dst;
	uint64_t	 pos;		/* of convert_step: next byte */
	uint64_t	 to;
	uint64_t	 unit;		/* zeros shorter than that are data */
	size_t		 chunk;		/* bytes of the largest piece */
	struct zip	*zip;		/* NULL: not compressed */
	uint8_t		*buf;		/* the piece, then one more unit */
	uint32_t	*size;		/* of each: 0 zeros, unit plain,
					   else packed bytes */
	uint64_t	 off;		/* the piece */
	size_t		 len;		/* 0: nothing to do */
};

/*
 * Gets ready for a copy of all of src; DISK_ENOMEM, or DISK_EINVAL when
 * packed clusters are asked of a destination that is not qcow2.
 */
int	convert_begin(struct convert *, struct disk *src, struct disk *dst,
	    int packed);
void	convert_end(struct convert *);

/*
 * Chooses the next piece of [*pos, to) and moves *pos behind it: 1, 0 when
 * nothing is left, or a code.
 */
int	convert_next(struct convert *, uint64_t *pos, uint64_t to);
int	convert_fetch(struct convert *);
int	convert_store(struct convert *);

/* All three, from pos to to: 1 there may be more, 0 done, or a code. */
int	convert_step(struct convert *);

/* Whether len bytes are all zero. */
int	convert_is_zero(const uint8_t *, size_t len);

#endif
