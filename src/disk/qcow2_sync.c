/* The order in which changes reach the store; qcow2.h says why. */
#include "qcow2_int.h"

#include <stdlib.h>

#define GROUP	64u			/* table entries in a sector */

/* After a failure too, nobody may think that nothing was ever there. */
static int
wrote(struct qcow2 *q, uint64_t end, int rv)
{
	q->unsafe = true;
	if (rv == 0 && end > q->fsize)
		q->fsize = end;
	if (end > q->eof)
		q->eof = q2_roundup(q, end);
	return rv;
}

int
q2_put(struct qcow2 *q, const void *p, size_t len, uint64_t off)
{
	if (q->broken)
		return DISK_EIO;
	return wrote(q, off + len, bs_write(&q->bs, p, len, off));
}

int
q2_putv(struct qcow2 *q, const struct iovec *iov, int n, uint64_t off)
{
	if (q->broken)
		return DISK_EIO;
	return wrote(q, off + iov_total(iov, n),
	    bs_writev(&q->bs, iov, n, off));
}

int
q2_putzero(struct qcow2 *q, uint64_t off, uint64_t len)
{
	if (q->broken)
		return DISK_EIO;
	return wrote(q, off + len, bs_zero(&q->bs, off, len));
}

int
q2_put_header(struct qcow2 *q, const void *p, size_t len, uint64_t off)
{
	int rv;

	rv = q2_barrier(q);
	if (rv != 0)
		return rv;
	rv = q2_put(q, p, len, off);
	if (rv == 0)
		rv = q2_barrier(q);
	if (rv != 0)
		q->broken = true;
	return rv;
}

int
q2_barrier(struct qcow2 *q)
{
	int rv;

	if (!q->unsafe)
		return 0;
	rv = bs_flush(&q->bs);
	if (rv == 0)
		q->unsafe = false;
	return rv;
}

void
q2_l1_touch(struct qcow2 *q, uint32_t i)
{
	q->l1dirty[i / GROUP] = 1;
	q->l1any = true;
}

/* Entries lo to hi of a table in memory, sector by sector. */
static int
put_entries(struct qcow2 *q, const uint64_t *t, uint32_t lo, uint32_t hi,
    uint64_t off)
{
	uint8_t buf[GROUP * 8];
	uint32_t i, n;
	int rv;

	for (; lo < hi; lo += n) {
		n = GROUP - lo % GROUP;
		if (n > hi - lo)
			n = hi - lo;
		for (i = 0; i < n; i++)
			beb64_put(buf + i * 8, t[lo + i]);
		rv = q2_put(q, buf, n * 8, off + (uint64_t)lo * 8);
		if (rv != 0)
			return rv;
	}
	return 0;
}

static int
sync_counts(struct qcow2 *q)
{
	int rv;

	rv = q2_cache_write(q, &q->rcc);
	if (rv != 0 || q->reftlo >= q->refthi)
		return rv;
	rv = q2_barrier(q);
	if (rv == 0)
		rv = put_entries(q, q->reft, q->reftlo, q->refthi,
		    q->reftoff);
	if (rv != 0)
		return rv;
	q->reftlo = UINT32_MAX;
	q->refthi = 0;
	return 0;
}

/*
 * Tables may lie in space that was allocated but not written: the store must
 * reach that far before something refers to it.
 */
static int
cover(struct qcow2 *q)
{
	int rv;

	if (q->fsize >= q->need)
		return 0;
	rv = bs_resize(&q->bs, q->need);
	return wrote(q, q->need, rv);
}

static int
sync_l1(struct qcow2 *q)
{
	uint32_t lo, hi;
	int rv = 0;

	if (!q->l1any)
		return 0;
	/*
	 * The tables named here had their first contents, zeros or a copy,
	 * before the barrier that went before the L2 entries: no other.
	 */
	for (lo = 0; rv == 0 && lo < q->l1n; lo = hi) {
		hi = lo + GROUP < q->l1n ? lo + GROUP : q->l1n;
		if (!q->l1dirty[lo / GROUP])
			continue;
		rv = put_entries(q, q->l1, lo, hi, q->l1off);
		if (rv == 0)
			q->l1dirty[lo / GROUP] = 0;
	}
	if (rv == 0)
		q->l1any = false;
	return rv;
}

static int
apply_free(struct qcow2 *q, const struct q2_free *f)
{
	uint64_t i, count;
	int rv;

	for (i = 0; i < f->n; i++) {
		rv = q2_count_sub(q, f->cluster + i, 1);
		if (rv != 0)
			return rv;
		if (!f->punch)
			continue;
		rv = q2_count_get(q, f->cluster + i, &count);
		if (rv != 0)
			return rv;
		if (count == 0 && !q2_reserved(q,
		    (f->cluster + i) << q->cbits, q->csize))
			(void)bs_punch(&q->bs, (f->cluster + i) << q->cbits,
			    q->csize);
	}
	return 0;
}

/* The references are gone from the store: now the counts may go down. */
static int
sync_frees(struct qcow2 *q)
{
	unsigned i, n = q->nfrees;
	int rv;

	if (n == 0)
		return 0;
	rv = q2_barrier(q);
	if (rv != 0)
		return rv;
	q->nfrees = 0;
	q2_zip_forget(q);
	for (i = 0; i < n; i++) {
		rv = apply_free(q, &q->frees[i]);
		if (rv != 0)
			return rv;	/* the rest leaks, which is safe */
	}
	return 0;
}

int
q2_sync(struct qcow2 *q)
{
	int rv;

	rv = sync_counts(q);
	if (rv != 0)
		return rv;
	if (q->l2c.ndirty > 0 || q->l1any) {
		rv = cover(q);
		if (rv == 0)
			rv = q2_barrier(q);
		if (rv == 0)
			rv = q2_cache_write(q, &q->l2c);
		if (rv == 0)
			rv = sync_l1(q);
		if (rv != 0)
			return rv;
	}
	return sync_frees(q);
}

/* Room for one more; a full list is worked off first. */
static int
room_for_free(struct qcow2 *q)
{
	unsigned cap = q->capfrees == 0 ? 16 : q->capfrees * 2;
	struct q2_free *f;

	if (q->nfrees < q->capfrees)
		return 0;
	if (q->nfrees == Q2_NFREES)
		return q2_sync(q);
	f = realloc(q->frees, cap * sizeof(*f));
	if (f == NULL)
		return DISK_ENOMEM;
	q->frees = f;
	q->capfrees = cap;
	return 0;
}

int
q2_free_later(struct qcow2 *q, uint64_t cluster, uint64_t n, bool punch)
{
	struct q2_free *f;
	int rv;

	if (q->nfrees > 0) {
		f = &q->frees[q->nfrees - 1];
		if (f->cluster + f->n == cluster && f->punch == punch) {
			f->n += n;
			return 0;
		}
	}
	rv = room_for_free(q);
	if (rv != 0)
		return rv;
	f = &q->frees[q->nfrees++];
	f->cluster = cluster;
	f->n = n;
	f->punch = punch;
	return 0;
}

int
q2_free_entry(struct qcow2 *q, uint64_t entry, bool punch)
{
	uint64_t off = entry & Q2_OFFMASK, len = q->csize;

	if (entry & Q2_PACKED)
		q2_packed_span(q, entry, &off, &len);
	else if (off == 0)
		return 0;
	if (q2_reserved(q, off, len))
		return DISK_ECORRUPT;
	return q2_free_later(q, off >> q->cbits,
	    ((off + len - 1) >> q->cbits) - (off >> q->cbits) + 1, punch);
}
