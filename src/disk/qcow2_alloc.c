/*
 * Finding free clusters.  The search begins at the lowest cluster that may
 * be free and looks at a bounded number of slices; then it goes on at the
 * end of the file.  A missing refcount block is made at the first cluster of
 * the stretch that it counts, so it counts itself.
 */
#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_SLICES	64

static uint64_t
last_cluster(const struct qcow2 *q)
{
	return Q2_MAXOFF >> q->cbits;
}

static void
raise_eof(struct qcow2 *q, uint64_t cluster)
{
	if (cluster << q->cbits > q->eof)
		q->eof = cluster << q->cbits;
}

static void
reft_touch(struct qcow2 *q, uint32_t i)
{
	if (i < q->reftlo)
		q->reftlo = i;
	if (i + 1 > q->refthi)
		q->refthi = i + 1;
}

/* The sizes of a larger refcount table and of the blocks placed with it. */
struct plan {
	uint64_t	entries;
	uint64_t	tclusters;	/* of the table */
	uint64_t	nblocks;
};

static int
plan_table(const struct qcow2 *q, uint64_t i, struct plan *p)
{
	uint64_t per = 1ULL << q->rbits, n;

	p->nblocks = 1;
	for (;;) {
		n = i + p->nblocks;
		if (n < q->reftn + q->reftn / 2)
			n = q->reftn + q->reftn / 2;
		p->tclusters = (n * 8 + q->csize - 1) >> q->cbits;
		p->entries = p->tclusters << (q->cbits - 3);
		if (p->entries * 8 > Q2_MAXREFT)
			return DISK_ENOSPC;
		n = (p->tclusters + p->nblocks + per - 1) / per;
		if (n <= p->nblocks)
			return 0;
		p->nblocks = n;
	}
}

/* The blocks count the table, themselves, and nothing else yet. */
static int
write_blocks(struct qcow2 *q, const struct plan *p, uint64_t first)
{
	uint64_t per = 1ULL << q->rbits, b, i, left;
	uint8_t *buf;
	int rv = 0;

	buf = malloc(q->csize);
	if (buf == NULL)
		return DISK_ENOMEM;
	left = p->tclusters + p->nblocks;
	for (b = 0; rv == 0 && b < p->nblocks; b++) {
		memset(buf, 0, q->csize);
		for (i = 0; i < per && left > 0; i++, left--)
			q2_count_store(buf, q->order, i, 1);
		rv = q2_put(q, buf, q->csize,
		    (first + p->tclusters + b) << q->cbits);
		q2_cache_drop(q, &q->rcc,
		    (first + p->tclusters + b) << q->cbits);
	}
	free(buf);
	return rv;
}

static int
write_table(struct qcow2 *q, const uint64_t *t, const struct plan *p,
    uint64_t off)
{
	uint8_t buf[512];
	uint64_t i, k;
	int rv;

	for (i = 0; i < p->entries; i += 64) {
		for (k = 0; k < 64; k++)
			beb64_put(buf + k * 8, t[i + k]);
		rv = q2_put(q, buf, sizeof(buf), off + i * 8);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* Makes the header name the new table; both are safe before and after. */
static int
switch_table(struct qcow2 *q, const struct plan *p, uint64_t off)
{
	uint8_t buf[12];

	beb64_put(buf, off);
	beb32_put(buf + 8, (uint32_t)p->tclusters);
	return q2_put_header(q, buf, sizeof(buf), Q2H_REFTOFF);
}

/* Puts the table and its blocks at cluster first; t becomes the table. */
static int
replace_table(struct qcow2 *q, uint64_t *t, const struct plan *p,
    uint64_t first)
{
	uint64_t oldoff = q->reftoff, oldn = q->h.reftcl;
	int rv;

	/* The table will name all blocks so far: they must be there. */
	rv = q2_cache_write(q, &q->rcc);
	if (rv == 0)
		rv = write_blocks(q, p, first);
	if (rv == 0)
		rv = write_table(q, t, p, first << q->cbits);
	if (rv == 0)
		rv = switch_table(q, p, first << q->cbits);
	if (rv != 0)
		return rv;
	free(q->reft);
	q->reft = t;
	q->reftn = (uint32_t)p->entries;
	q->reftoff = first << q->cbits;
	q->h.reftcl = (uint32_t)p->tclusters;
	q->reftlo = UINT32_MAX;
	q->refthi = 0;
	q2_span_forget(q);
	return q2_count_sub(q, oldoff >> q->cbits, oldn);
}

/* Block i and perhaps some more, with a table that has room for them. */
static int
grow_table(struct qcow2 *q, uint64_t i)
{
	uint64_t first = i << q->rbits, b;
	struct plan p;
	uint64_t *t;
	int rv;

	rv = plan_table(q, i, &p);
	if (rv != 0)
		return rv;
	if (q2_reserved(q, first << q->cbits,
	    (p.tclusters + p.nblocks) << q->cbits))
		return DISK_ECORRUPT;
	t = calloc(p.entries, 8);
	if (t == NULL)
		return DISK_ENOMEM;
	memcpy(t, q->reft, (size_t)q->reftn * 8);
	for (b = 0; b < p.nblocks; b++)
		t[i + b] = (first + p.tclusters + b) << q->cbits;
	raise_eof(q, first + p.tclusters + p.nblocks);
	rv = replace_table(q, t, &p, first);
	if (rv != 0 && q->reft != t)
		free(t);
	return rv;
}

int
q2_block_new(struct qcow2 *q, uint64_t i)
{
	uint64_t off = i << q->rbits << q->cbits;
	bool fresh = off >= q->eof;
	int rv = 0;

	if (i >= q->reftn)
		return grow_table(q, i);
	if (q2_reserved(q, off, q->csize))
		return DISK_ECORRUPT;
	raise_eof(q, (i << q->rbits) + 1);
	if (!fresh)
		rv = q2_putzero(q, off, q->csize);
	if (rv != 0)
		return rv;
	if (off + q->csize > q->need)
		q->need = off + q->csize;
	q2_cache_drop(q, &q->rcc, off);
	q->reft[i] = off;
	rv = q2_count_set(q, i << q->rbits, 1);
	if (rv != 0)
		q->reft[i] = 0;		/* a block must count itself */
	else
		reft_touch(q, (uint32_t)i);
	return rv;
}

/* A free cluster at or after *c in the slice of *c; else *c moves on. */
static int
scan_slice(struct qcow2 *q, uint64_t *c, bool *found)
{
	uint64_t end = (*c | (q2_count_per_slice(q) - 1)) + 1, v;
	int rv;

	for (; *c < end; (*c)++) {
		rv = q2_count_get(q, *c, &v);
		if (rv != 0)
			return rv;
		if (v == 0 && !q2_reserved(q, *c << q->cbits, q->csize)) {
			*found = true;
			return 0;
		}
	}
	return 0;
}

/* Looks from *c on, through a bounded number of slices. */
static int
scan(struct qcow2 *q, uint64_t *c, bool *found)
{
	uint64_t block;
	int n, rv;

	*found = false;
	for (n = 0; n < SCAN_SLICES && !*found; n++) {
		if (*c >= last_cluster(q))
			return DISK_ENOSPC;
		block = *c >> q->rbits;
		if (block >= q->reftn || q->reft[block] == 0) {
			rv = q2_block_new(q, block);
			if (rv != 0)
				return rv;
		}
		rv = scan_slice(q, c, found);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* The first free cluster that the bounded search finds. */
static int
first_free(struct qcow2 *q, uint64_t *c)
{
	uint64_t from = q->hint;
	bool found;
	int rv;

	*c = from;
	rv = scan(q, c, &found);
	if (rv != 0)
		return rv;
	q->hint = *c;
	if (!found && *c < q->eof >> q->cbits) {
		*c = q->eof >> q->cbits;
		rv = scan(q, c, &found);
	}
	if (rv == 0 && !found)
		rv = DISK_ECORRUPT;
	return rv;
}

/* How many clusters from c on are free, up to want, in one slice. */
static int
free_row(struct qcow2 *q, uint64_t c, uint64_t want, uint64_t *n)
{
	uint64_t end = (c | (q2_count_per_slice(q) - 1)) + 1, v;
	int rv;

	for (*n = 1; *n < want && c + *n < end; (*n)++) {
		rv = q2_count_get(q, c + *n, &v);
		if (rv != 0)
			return rv;
		if (v != 0 || q2_reserved(q, (c + *n) << q->cbits, q->csize))
			break;
	}
	return 0;
}

static int
take(struct qcow2 *q, uint64_t c, uint64_t n, struct q2_got *got)
{
	int rv;

	got->cluster = c;
	got->n = n;
	got->fresh = c << q->cbits >= q->eof;
	rv = q2_count_add(q, c, n);
	if (rv != 0)
		return rv;
	raise_eof(q, c + n);
	if (c == q->hint)
		q->hint = c + n;
	return 0;
}

int
q2_alloc(struct qcow2 *q, uint64_t want, struct q2_got *got)
{
	uint64_t c, n;
	int rv;

	rv = first_free(q, &c);
	if (rv == 0)
		rv = free_row(q, c, want, &n);
	/* A row is wholly fresh or wholly not. */
	if (rv == 0 && c << q->cbits < q->eof &&
	    n > (q->eof >> q->cbits) - c)
		n = (q->eof >> q->cbits) - c;
	if (rv == 0)
		rv = take(q, c, n, got);
	return rv;
}

/* Whether want clusters from c on are free; *next is where to go on. */
static int
row_free(struct qcow2 *q, uint64_t c, uint64_t want, uint64_t *next)
{
	uint64_t i, v, block;
	int rv;

	for (i = 0; i < want; i++) {
		block = (c + i) >> q->rbits;
		if (block >= q->reftn || q->reft[block] == 0) {
			rv = q2_block_new(q, block);
			if (rv != 0)
				return rv;
		}
		rv = q2_count_get(q, c + i, &v);
		if (rv != 0)
			return rv;
		if (v != 0) {
			*next = c + i + 1;
			return 0;
		}
	}
	*next = c;
	return 0;
}

/* A short row at the end of the file. */
static int
short_row(struct qcow2 *q, uint64_t want, struct q2_got *got)
{
	uint64_t c = q->eof >> q->cbits, next;
	int rv;

	for (;;) {
		rv = row_free(q, c, want, &next);
		if (rv != 0)
			return rv;
		if (next == c)
			return take(q, c, want, got);
		c = next;
		if (c >= last_cluster(q))
			return DISK_ENOSPC;
	}
}

/*
 * A row that no stretch can hold, for the block of a stretch is inside it:
 * it starts a stretch, and the blocks that count it come after it.
 */
static int
long_row(struct qcow2 *q, uint64_t want, struct q2_got *got)
{
	uint64_t per = 1ULL << q->rbits, i, b;
	struct plan p = { .tclusters = want };
	int rv;

	p.nblocks = (want + per - 2) / (per - 1);
	i = ((q->eof >> q->cbits) + per - 1) >> q->rbits;
	while (i < q->reftn && q->reft[i] != 0)
		i++;
	if (i + p.nblocks > q->reftn) {
		rv = grow_table(q, i > q->reftn ? i : q->reftn);
		if (rv != 0 || i + p.nblocks <= q->reftn)
			return rv != 0 ? rv : long_row(q, want, got);
		return DISK_ENOSPC;
	}
	raise_eof(q, (i << q->rbits) + want + p.nblocks);
	rv = write_blocks(q, &p, i << q->rbits);
	for (b = 0; rv == 0 && b < p.nblocks; b++) {
		q->reft[i + b] = ((i << q->rbits) + want + b) << q->cbits;
		reft_touch(q, (uint32_t)(i + b));
	}
	got->cluster = i << q->rbits;
	got->n = want;
	got->fresh = false;
	return rv;
}

int
q2_alloc_row(struct qcow2 *q, uint64_t want, struct q2_got *got)
{
	if (want >= 1ULL << q->rbits)
		return long_row(q, want, got);
	return short_row(q, want, got);
}

void
q2_unalloc(struct qcow2 *q, const struct q2_got *got)
{
	/* A failure here leaves a leak, which is no harm. */
	(void)q2_count_sub(q, got->cluster, got->n);
}
