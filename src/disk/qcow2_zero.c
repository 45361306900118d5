#include "qcow2_int.h"

#include <string.h>

#define CHUNK	4096u

/* Zeros as data; stretches that read as zeros already are passed over. */
static int
write_zeros(struct qcow2 *q, uint64_t off, uint64_t len)
{
	uint8_t z[CHUNK];
	struct iovec v[Q2_IOV];
	struct q2_run run;
	uint64_t n, k;
	int i, rv;

	memset(z, 0, sizeof(z));
	for (; len > 0; off += n, len -= n) {
		rv = q2_lookup(q, off, len, &run);
		if (rv != 0)
			return rv;
		n = run.len;
		if (q2_run_zero(q, &run, off))
			continue;
		if (n > (uint64_t)Q2_IOV * CHUNK)
			n = (uint64_t)Q2_IOV * CHUNK;
		for (i = 0, k = n; k > 0; i++, k -= v[i - 1].iov_len) {
			v[i].iov_base = z;
			v[i].iov_len = k < CHUNK ? (size_t)k : CHUNK;
		}
		rv = q2_writev(&q->d, v, i, off);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* Gives the entry of one cluster a new value; the old cluster goes. */
static int
replace(struct qcow2 *q, uint64_t off, uint64_t entry, bool punch)
{
	uint64_t old;
	int rv;

	rv = q2_table_own(q, off);
	if (rv == 0)
		rv = q2_entry_get(q, off, &old);
	if (rv == 0)
		rv = q2_entry_set(q, off, entry);
	if (rv != 0)
		return rv;
	if ((entry & Q2_OFFMASK) != 0 && !(old & Q2_PACKED) &&
	    (entry & Q2_OFFMASK) == (old & Q2_OFFMASK))
		return 0;
	return q2_free_entry(q, old, punch);
}

/* The entry with which a cluster of this run reads as zeros. */
static uint64_t
zero_entry(const struct q2_run *run, int unmap, uint64_t host)
{
	if (run->type == Q2_DATA && run->copied && !unmap)
		return host | Q2_COPIED | Q2_ZEROFLAG;
	return Q2_ZEROFLAG;
}

static int
zero_run(struct qcow2 *q, uint64_t off, const struct q2_run *run, int unmap)
{
	uint64_t i;
	int rv;

	if (q2_run_zero(q, run, off) &&
	    (run->type != Q2_ZEROALLOC || !unmap))
		return 0;
	for (i = 0; i < run->len; i += q->csize) {
		rv = replace(q, off + i, zero_entry(run, unmap,
		    run->host + i), unmap != 0);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* Whole clusters of version 3. */
static int
zero_clusters(struct qcow2 *q, uint64_t off, uint64_t len, int unmap)
{
	struct q2_run run;
	int rv;

	for (; len > 0; off += run.len, len -= run.len) {
		rv = q2_lookup(q, off, len, &run);
		if (rv == 0)
			rv = zero_run(q, off, &run, unmap);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* The end of a request; at the end of the disk the cluster counts whole. */
static uint64_t
whole_end(const struct qcow2 *q, uint64_t end)
{
	return end == q->d.size ? q2_roundup(q, end) : end & ~(q->csize - 1);
}

int
q2_zero(struct disk *d, uint64_t off, uint64_t len, int unmap)
{
	struct qcow2 *q = q2_of(d);
	uint64_t start = q2_roundup(q, off), stop = whole_end(q, off + len);
	int rv;

	if (q->h.version < 3 || start >= stop)
		return write_zeros(q, off, len);
	rv = write_zeros(q, off, start - off);
	if (rv == 0)
		rv = zero_clusters(q, start, stop - start, unmap);
	if (rv == 0 && stop < off + len)
		rv = write_zeros(q, stop, off + len - stop);
	return rv;
}

/* Without a base the clusters are dropped, over a base they become zeros. */
static int
discard_run(struct qcow2 *q, uint64_t off, const struct q2_run *run)
{
	uint64_t i, entry = q->h.backing[0] != '\0' ? Q2_ZEROFLAG : 0;
	int rv;

	if (run->type == Q2_HOLE || run->type == Q2_ZERO)
		return 0;
	if (entry != 0 && q->h.version < 3)
		return 0;
	for (i = 0; i < run->len; i += q->csize) {
		rv = replace(q, off + i, entry, true);
		if (rv != 0)
			return rv;
	}
	return 0;
}

int
q2_discard(struct disk *d, uint64_t off, uint64_t len)
{
	struct qcow2 *q = q2_of(d);
	uint64_t start = q2_roundup(q, off), stop = whole_end(q, off + len);
	struct q2_run run;
	int rv;

	for (; start < stop; start += run.len) {
		rv = q2_lookup(q, start, stop - start, &run);
		if (rv == 0)
			rv = discard_run(q, start, &run);
		if (rv != 0)
			return rv;
	}
	return 0;
}
