/*
 * The digest of payload in a trace: of what a record says without keeping it.
 *
 * Made for speed on long strings: eight lanes that do not wait for each
 * other.  Like digest.h it tells accidents apart and nothing more, its value
 * is part of the format, and pieces give the same as the whole.
 *
 * Words are little-endian, word j of a block goes into lane j:
 *
 *	lane ^= word;  lane += lane << 9;  lane = rotate(lane, 32)
 */
#ifndef SUM_H
#define SUM_H

#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

#define SUM_LANES	8
#define SUM_BLOCK	(8 * SUM_LANES)

struct sum {
	uint64_t	lane[SUM_LANES];
	uint64_t	total;		/* bytes so far */
	uint8_t		block[SUM_BLOCK];	/* that fill no block yet */
};

void		sum_init(struct sum *);
void		sum_add(struct sum *, const void *, size_t);
uint64_t	sum_value(const struct sum *);

uint64_t	sum_of(const void *, size_t);
/* Of the first len bytes of vectors. */
uint64_t	sum_iov(const struct iovec *, int n, size_t len);

#endif
