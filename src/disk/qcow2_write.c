#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>

/* A piece of a request that gets clusters: data with its surroundings. */
struct fill {
	uint64_t	 off;		/* on the disk */
	uint64_t	 len;
	uint64_t	 host;		/* of the first cluster */
	size_t		 head;		/* bytes before the data, to fill in */
	size_t		 tail;		/* bytes after it */
	uint8_t		*headbuf;
	uint8_t		*tailbuf;
};

/* In place: the clusters are ours alone. */
static int
write_plain(struct qcow2 *q, struct iovcur *c, uint64_t host, size_t len)
{
	struct iovec v[Q2_IOV];
	size_t got;
	int n, rv;

	if (q2_reserved(q, host, len))
		return DISK_ECORRUPT;
	for (; len > 0; host += got, len -= got) {
		n = iovcur_take(c, v, Q2_IOV, len, &got);
		rv = q2_putv(q, v, n, host);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* Reads what the clusters had around the data. */
static int
fill_around(struct qcow2 *q, struct fill *f)
{
	uint64_t end = f->off + f->len;
	int rv = 0;

	if (q->cow == NULL)
		q->cow = malloc(2 * q->csize);
	if (q->cow == NULL)
		return DISK_ENOMEM;
	f->headbuf = q->cow;
	f->tailbuf = q->cow + q->csize;
	if (f->head > 0)
		rv = q2_read_old(q, f->headbuf, f->head, f->off - f->head);
	if (rv == 0 && f->tail > 0)
		rv = q2_read_old(q, f->tailbuf, f->tail, end);
	return rv;
}

/* Writes head, data and tail, in one call when the vector is short. */
static int
write_fill(struct qcow2 *q, struct iovcur *c, const struct fill *f)
{
	struct iovec v[Q2_IOV + 2];
	uint64_t pos = f->host, left = f->len;
	size_t got, sum;
	int n, rv;

	do {
		n = 0;
		sum = 0;
		if (left == f->len && f->head > 0) {
			v[n].iov_base = f->headbuf;
			v[n++].iov_len = sum = f->head;
		}
		n += iovcur_take(c, v + n, Q2_IOV, left, &got);
		sum += got;
		left -= got;
		if (left == 0 && f->tail > 0) {
			v[n].iov_base = f->tailbuf;
			v[n++].iov_len = f->tail;
			sum += f->tail;
		}
		rv = q2_putv(q, v, n, pos);
		pos += sum;
	} while (rv == 0 && left > 0);
	return rv;
}

/* Data into clusters at f->host; fresh ones need no zeros around it. */
static int
fill_clusters(struct qcow2 *q, struct iovcur *c, struct fill *f,
    const struct q2_run *run, bool fresh)
{
	uint64_t mask = q->csize - 1;
	int rv;

	f->head = f->off & mask;
	f->tail = (q->csize - ((f->off + f->len) & mask)) & mask;
	if (fresh && q2_run_zero(q, run, f->off & ~mask)) {
		f->host += f->head;
		f->head = f->tail = 0;
	} else if (f->head + f->tail > 0) {
		rv = fill_around(q, f);
		if (rv != 0)
			return rv;
	}
	return write_fill(q, c, f);
}

/* Makes n entries refer to clusters from host on; their old ones go. */
static int
point(struct qcow2 *q, uint64_t off, uint64_t n, uint64_t host)
{
	uint64_t i, old;
	int rv;

	off &= ~(q->csize - 1);
	for (i = 0; i < n; i++, off += q->csize) {
		rv = q2_entry_get(q, off, &old);
		if (rv == 0)
			rv = q2_entry_set(q, off,
			    (host + (i << q->cbits)) | Q2_COPIED);
		if (rv != 0)
			return rv;
		/* A reserved cluster that is put to use is not freed. */
		if ((old & Q2_OFFMASK) == host + (i << q->cbits) &&
		    !(old & Q2_PACKED))
			continue;
		rv = q2_free_entry(q, old, false);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* Zero clusters with clusters in reserve: these take the data. */
static int
write_reserve(struct qcow2 *q, struct iovcur *c, struct fill *f,
    const struct q2_run *run)
{
	uint64_t in = f->off & (q->csize - 1);
	uint64_t n = (in + f->len + q->csize - 1) >> q->cbits;
	int rv;

	f->host = run->host - in;
	if (q2_reserved(q, f->host, n << q->cbits))
		return DISK_ECORRUPT;
	rv = fill_clusters(q, c, f, run, false);
	if (rv == 0)
		rv = point(q, f->off, n, run->host - in);
	return rv;
}

/* New clusters for as much of the run as there are in a row. */
static int
write_new(struct qcow2 *q, struct iovcur *c, struct fill *f,
    const struct q2_run *run)
{
	uint64_t in = f->off & (q->csize - 1);
	struct q2_got got;
	int rv;

	rv = q2_alloc(q, (in + f->len + q->csize - 1) >> q->cbits, &got);
	if (rv != 0)
		return rv;
	if (f->len > (got.n << q->cbits) - in)
		f->len = (got.n << q->cbits) - in;
	f->host = got.cluster << q->cbits;
	rv = fill_clusters(q, c, f, run, got.fresh);
	if (rv != 0) {
		q2_unalloc(q, &got);
		return rv;
	}
	return point(q, f->off, got.n, got.cluster << q->cbits);
}

/* Runs of holes may be long: not past the entries of one table slice. */
static uint64_t
slice_left(const struct qcow2 *q, uint64_t off)
{
	uint64_t unit = 1ULL << (q2_slice_bits(q) - 3 + q->cbits);

	return unit - (off & (unit - 1));
}

static int
write_run(struct qcow2 *q, struct iovcur *c, struct q2_run *run,
    uint64_t off)
{
	struct fill f = { .off = off, .len = run->len };
	int rv;

	if (run->type == Q2_DATA && run->copied)
		return write_plain(q, c, run->host, run->len);
	rv = q2_table_own(q, off);
	if (rv != 0)
		return rv;
	if (f.len > slice_left(q, off))
		f.len = slice_left(q, off);
	if (run->type == Q2_ZEROALLOC && run->copied)
		rv = write_reserve(q, c, &f, run);
	else
		rv = write_new(q, c, &f, run);
	run->len = f.len;
	return rv;
}

int
q2_writev(struct disk *d, const struct iovec *iov, int n, uint64_t off)
{
	struct qcow2 *q = q2_of(d);
	uint64_t len = iov_total(iov, n);
	struct iovcur c;
	struct q2_run run;
	int rv;

	iovcur_init(&c, iov, n);
	for (; len > 0; off += run.len, len -= run.len) {
		rv = q2_lookup(q, off, len, &run);
		if (rv == 0)
			rv = write_run(q, &c, &run, off);
		if (rv != 0)
			return rv;
	}
	return 0;
}
