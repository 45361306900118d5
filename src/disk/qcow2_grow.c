#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>

/* The header fields from the size to the L1 offset, in one write. */
static int
put_size(struct qcow2 *q, uint64_t size, uint32_t l1n, uint64_t l1off)
{
	uint8_t b[Q2H_REFTOFF - Q2H_SIZE];

	memset(b, 0, sizeof(b));
	beb64_put(b, size);
	beb32_put(b + (Q2H_L1N - Q2H_SIZE), l1n);
	beb64_put(b + (Q2H_L1OFF - Q2H_SIZE), l1off);
	return q2_put_header(q, b, sizeof(b), Q2H_SIZE);
}

/* Writes a table of n entries into whole clusters at off. */
static int
put_l1(struct qcow2 *q, const uint64_t *l1, uint32_t n, uint64_t off)
{
	uint64_t bytes = q2_roundup(q, (uint64_t)n * 8), i;
	uint8_t *b;
	int rv;

	b = calloc(1, bytes);
	if (b == NULL)
		return DISK_ENOMEM;
	for (i = 0; i < n; i++)
		beb64_put(b + i * 8, l1[i]);
	rv = q2_put(q, b, bytes, off);
	free(b);
	return rv;
}

/* The new table takes the place of the old in memory and in the header. */
static int
switch_l1(struct qcow2 *q, uint64_t *l1, uint32_t n, uint64_t off)
{
	uint64_t oldoff = q->l1off, oldn = q->l1n;
	uint8_t *dirty;
	int rv;

	dirty = calloc(n / 64 + 1, 1);
	if (dirty == NULL)
		return DISK_ENOMEM;
	rv = put_l1(q, l1, n, off);
	if (rv == 0)
		rv = put_size(q, q->d.size, n, off);
	if (rv != 0) {
		free(dirty);
		return rv;
	}
	free(q->l1);
	free(q->l1dirty);
	q->l1 = l1;
	q->l1dirty = dirty;
	q->l1n = n;
	q->l1off = off;
	q2_span_forget(q);
	if (oldn == 0)
		return 0;
	return q2_count_sub(q, oldoff >> q->cbits,
	    (oldn * 8 + q->csize - 1) >> q->cbits);
}

static int
grow_l1(struct qcow2 *q, uint32_t n)
{
	struct q2_got got;
	uint64_t *l1;
	int rv;

	/* Counts of the new clusters and all tables go out first. */
	rv = q2_alloc_row(q, q2_roundup(q, (uint64_t)n * 8) >> q->cbits,
	    &got);
	if (rv == 0)
		rv = q2_sync(q);
	if (rv != 0)
		return rv;
	l1 = calloc(n, 8);
	if (l1 == NULL)
		return DISK_ENOMEM;
	if (q->l1n > 0)
		memcpy(l1, q->l1, (size_t)q->l1n * 8);
	rv = switch_l1(q, l1, n, got.cluster << q->cbits);
	if (q->l1 != l1) {
		free(l1);
		q2_unalloc(q, &got);
	}
	return rv;
}

/*
 * What becomes visible must read as zeros: the rest of the last cluster, and
 * what the backing file has past the present end.
 */
static int
hide_old(struct qcow2 *q, uint64_t old, uint64_t size)
{
	uint64_t end = q2_roundup(q, old);
	int rv;

	if (q->backing != NULL && q->backing->size > end)
		end = q->backing->size;
	if (end > size)
		end = size;
	if (end <= old)
		return 0;
	rv = q2_zero(&q->d, old, end - old, 1);
	if (rv == 0)
		rv = q2_sync(q);
	return rv;
}

int
q2_grow(struct disk *d, uint64_t size)
{
	struct qcow2 *q = q2_of(d);
	uint64_t need = q2_l1_need(size, q->cbits), old = d->size;
	int rv = 0;

	if (need > Q2_MAXL1 / 8)
		return DISK_ERANGE;
	if (need > q->l1n)
		rv = grow_l1(q, (uint32_t)need);
	if (rv != 0)
		return rv;
	/* The disk has its new size for us before the header says so. */
	d->size = size;
	rv = hide_old(q, old, size);
	if (rv == 0)
		rv = put_size(q, size, q->l1n, q->l1off);
	if (rv != 0)
		d->size = old;
	else
		q->h.size = size;
	return rv;
}
