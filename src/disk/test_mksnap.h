/*
 * An internal snapshot in an image in memory, made by hand as the format
 * says: all clusters of the disk get one more reference, and behind the end
 * come a copy of the L1 table and the table of snapshots, a cluster each.
 * Counts have at least eight bits and fit into the first block.
 */
#ifndef TEST_MKSNAP_H
#define TEST_MKSNAP_H

#include <string.h>

#include "bebytes.h"
#include "memstore.h"

#define MKS_COPIED	(1ULL << 63)
#define MKS_OFFSET	0x00fffffffffffe00ULL

/* Places in the header. */
#define MKS_CBITS	20
#define MKS_L1N		36
#define MKS_L1OFF	40
#define MKS_REFTOFF	48
#define MKS_NSNAP	60
#define MKS_SNAPOFF	64
#define MKS_ORDER	96

/* The last byte of a cluster's count. */
static inline uint8_t *
mks_count(struct ms *m, uint64_t off)
{
	uint64_t block = beb64_get(m->buf + beb64_get(m->buf + MKS_REFTOFF));
	unsigned width = 1u << (beb32_get(m->buf + MKS_ORDER) - 3);
	uint64_t cluster = off >> beb32_get(m->buf + MKS_CBITS);

	return m->buf + block + (cluster + 1) * width - 1;
}

static inline void
mks_share(struct ms *m, uint8_t *entry)
{
	uint64_t e = beb64_get(entry);

	if ((e & MKS_OFFSET) == 0)
		return;
	beb64_put(entry, e & ~MKS_COPIED);
	++*mks_count(m, e & MKS_OFFSET);
}

/* Where the table of snapshots is. */
static inline uint64_t
mks_snapshot(struct ms *m)
{
	uint64_t csize = 1ULL << beb32_get(m->buf + MKS_CBITS);
	uint64_t l1 = beb64_get(m->buf + MKS_L1OFF);
	uint64_t end = (m->size + csize - 1) & ~(csize - 1), l2;
	uint32_t n = beb32_get(m->buf + MKS_L1N), i, k;
	uint8_t *t = m->buf + end + csize;

	for (i = 0; i < n; i++) {
		l2 = beb64_get(m->buf + l1 + i * 8) & MKS_OFFSET;
		for (k = 0; l2 != 0 && k < csize / 8; k++)
			mks_share(m, m->buf + l2 + k * 8);
		mks_share(m, m->buf + l1 + i * 8);
	}
	memcpy(m->buf + end, m->buf + l1, n * 8);
	*mks_count(m, end) = *mks_count(m, end + csize) = 1;
	beb64_put(t, end);
	beb32_put(t + 8, n);
	t[13] = t[15] = 1;		/* lengths of the id and the name */
	t[40] = t[41] = '1';
	m->size = m->high = end + 2 * csize;
	beb32_put(m->buf + MKS_NSNAP, 1);
	beb64_put(m->buf + MKS_SNAPOFF, end + csize);
	return end + csize;
}

#endif
