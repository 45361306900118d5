#include "qcow2_int.h"

#include <string.h>

bool
q2_run_zero(const struct qcow2 *q, const struct q2_run *run, uint64_t off)
{
	if (run->type == Q2_ZERO || run->type == Q2_ZEROALLOC)
		return true;
	return run->type == Q2_HOLE &&
	    (q->backing == NULL || off >= q->backing->size);
}

/* Bytes that are in the store as they are. */
static int
read_plain(struct qcow2 *q, struct iovcur *c, uint64_t host, size_t len)
{
	struct iovec v[Q2_IOV];
	size_t got;
	int n, rv;

	for (; len > 0; host += got, len -= got) {
		n = iovcur_take(c, v, Q2_IOV, len, &got);
		rv = bs_readv(&q->bs, v, n, host);
		if (rv != 0)
			return rv;
	}
	return 0;
}

/* Bytes of the backing file; past its end zeros. */
static int
read_base(struct qcow2 *q, struct iovcur *c, uint64_t off, size_t len)
{
	struct iovec v[Q2_IOV];
	size_t got, have = 0;
	int n, rv;

	if (q->backing != NULL && off < q->backing->size)
		have = q->backing->size - off < len ?
		    (size_t)(q->backing->size - off) : len;
	len -= have;
	for (; have > 0; off += got, have -= got) {
		n = iovcur_take(c, v, Q2_IOV, have, &got);
		rv = q->backing->ops->readv(q->backing, v, n, off);
		if (rv != 0)
			return rv;
	}
	iovcur_zero(c, len);
	return 0;
}

static int
read_packed(struct qcow2 *q, struct iovcur *c, const struct q2_run *run,
    uint64_t off)
{
	const uint8_t *p;
	int rv;

	rv = q2_unzip(q, run->entry, &p);
	if (rv == 0)
		iovcur_fill(c, p + (off & (q->csize - 1)), run->len);
	return rv;
}

static int
read_run(struct qcow2 *q, struct iovcur *c, const struct q2_run *run,
    uint64_t off)
{
	switch (run->type) {
	case Q2_DATA:
		return read_plain(q, c, run->host, run->len);
	case Q2_ZIPPED:
		return read_packed(q, c, run, off);
	case Q2_HOLE:
		return read_base(q, c, off, run->len);
	default:
		iovcur_zero(c, run->len);
		return 0;
	}
}

int
q2_readv(struct disk *d, const struct iovec *iov, int n, uint64_t off)
{
	struct qcow2 *q = q2_of(d);
	uint64_t len = iov_total(iov, n);
	struct iovcur c;
	struct q2_run run;
	int rv;

	rv = q2_lookup(q, off, len, &run);
	if (rv != 0)
		return rv;
	/* Most requests are one piece: no need to cut the vector. */
	if (run.type == Q2_DATA && run.len == len)
		return bs_readv(&q->bs, iov, n, run.host);
	iovcur_init(&c, iov, n);
	for (;;) {
		rv = read_run(q, &c, &run, off);
		off += run.len;
		len -= run.len;
		if (rv != 0 || len == 0)
			return rv;
		rv = q2_lookup(q, off, len, &run);
		if (rv != 0)
			return rv;
	}
}

int
q2_read_old(struct qcow2 *q, uint8_t *p, size_t len, uint64_t off)
{
	struct iovec v;
	size_t have;

	have = off >= q->d.size ? 0 : q->d.size - off < len ?
	    (size_t)(q->d.size - off) : len;
	memset(p + have, 0, len - have);
	if (have == 0)
		return 0;
	v.iov_base = p;
	v.iov_len = have;
	return q2_readv(&q->d, &v, 1, off);
}

static int
base_extent(struct qcow2 *q, uint64_t off, uint64_t len,
    struct disk_extent *e)
{
	int rv;

	if (q->backing == NULL || off >= q->backing->size) {
		e->kind = DISK_HOLE;
		e->len = len;
		return 0;
	}
	if (len > q->backing->size - off)
		len = q->backing->size - off;
	rv = disk_extent(q->backing, off, len, e);
	e->depth++;
	return rv;
}

int
q2_extent(struct disk *d, uint64_t off, uint64_t len, struct disk_extent *e)
{
	struct qcow2 *q = q2_of(d);
	struct q2_run run;
	int rv;

	rv = q2_lookup(q, off, len, &run);
	if (rv != 0)
		return rv;
	if (run.type == Q2_HOLE)
		return base_extent(q, off, run.len, e);
	e->len = run.len;
	e->kind = run.type == Q2_DATA ? DISK_DATA :
	    run.type == Q2_ZIPPED ? DISK_PACKED : DISK_ZERO;
	e->hosted = run.type == Q2_DATA || run.type == Q2_ZEROALLOC;
	e->host = e->hosted ? run.host : 0;
	return 0;
}
