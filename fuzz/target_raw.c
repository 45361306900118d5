/*
 * The raw format next to a byte array: size, then {operation, offset,
 * length} after one another, over a store with short transfers and failures.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "digest.h"
#include "disk.h"
#include "diskimage.h"
#include "target.h"

#define MAXSIZE	(64u << 10)

enum op { OP_WRITE, OP_READ, OP_ZERO, OP_DISCARD, OP_GROW, OP_FLUSH,
    OP_EXTENT, OP_OUTSIDE, OP_N };

static const char *const opnames[] = { "write", "read", "zero", "discard",
    "grow", "flush", "extent", "outside", NULL };

static struct ms store;
static uint8_t model[MAXSIZE], io[MAXSIZE];
static struct fuzz_stat count = { .opnames = opnames };

struct req {
	uint64_t	off, len;
	unsigned	n;		/* of the request */
	unsigned	sel;
};

static void
init(void)
{
	ms_init(&store, MAXSIZE);
}

static int
do_write(struct disk *d, const struct req *q)
{
	struct iovec v[3];
	uint64_t i, cut = q->len / 3;
	int rv;

	for (i = 0; i < q->len; i++)
		io[i] = (uint8_t)(q->n * 31 + i / 7 + 1);
	v[0].iov_base = io;
	v[0].iov_len = cut;
	v[1].iov_base = io + cut;
	v[1].iov_len = 0;
	v[2].iov_base = io + cut;
	v[2].iov_len = q->len - cut;
	rv = disk_writev(d, v, 3, q->off);
	if (rv == 0)
		memcpy(model + q->off, io, q->len);
	return rv;
}

static int
do_discard(struct disk *d, const struct req *q)
{
	uint64_t i;
	int rv;

	rv = disk_discard(d, q->off, q->len);
	if (rv != 0 || disk_read(d, io, q->len, q->off) != 0)
		return rv != 0 ? rv : DISK_EIO;
	for (i = 0; i < q->len; i++)
		diskimage_must(io[i] == model[q->off + i] || io[i] == 0,
		    "a discard writes");
	memcpy(model + q->off, io, q->len);
	return 0;
}

static int
do_grow(struct disk *d, const struct req *q)
{
	uint64_t was = d->size, size = d->size + q->len % 5000;
	int rv;

	if (size > MAXSIZE)
		return 0;
	rv = disk_grow(d, size);
	if (rv == 0)
		memset(model + was, 0, size - was);
	return rv;
}

static int
do_outside(struct disk *d, const struct req *q)
{
	diskimage_must(disk_read(d, io, 1, d->size + q->off) == DISK_ERANGE,
	    "a read past the end");
	diskimage_must(disk_write(d, io, 2, d->size - 1) == DISK_ERANGE,
	    "a write past the end");
	diskimage_must(disk_zero(d, UINT64_MAX, 1, 1) == DISK_ERANGE,
	    "zeroes past the end");
	return 0;
}

static int
do_extent(struct disk *d, const struct req *q)
{
	struct disk_extent e;

	if (q->len == 0)
		return 0;
	diskimage_must(disk_extent(d, q->off, q->len, &e) == 0 &&
	    e.len > 0 && e.len <= q->len, "an impossible extent");
	return 0;
}

static int
do_read(struct disk *d, const struct req *q)
{
	int rv;

	rv = disk_read(d, io, q->len, q->off);
	diskimage_must(rv != 0 ||
	    memcmp(io, model + q->off, q->len) == 0, "reads otherwise");
	return rv;
}

static int
do_zero(struct disk *d, const struct req *q)
{
	int rv;

	rv = disk_zero(d, q->off, q->len, (int)(q->sel & 1));
	if (rv == 0)
		memset(model + q->off, 0, q->len);
	return rv;
}

static int
one(struct disk *d, enum op op, const struct req *q)
{
	switch (op) {
	case OP_WRITE:
		return do_write(d, q);
	case OP_READ:
		return do_read(d, q);
	case OP_ZERO:
		return do_zero(d, q);
	case OP_DISCARD:
		return do_discard(d, q);
	case OP_GROW:
		return do_grow(d, q);
	case OP_FLUSH:
		return disk_flush(d);
	case OP_EXTENT:
		return do_extent(d, q);
	default:
		return do_outside(d, q);
	}
}

/* The requests of the input, until one fails. */
static int
requests_run(struct disk *d, struct rbuf *r)
{
	struct req q = { .n = 0 };
	enum op op;
	int rv = 0;

	while (rb_left(r) > 0 && rv == 0 && q.n < 64) {
		q.sel = rb_u8(r);
		op = q.sel % OP_N;
		q.sel /= OP_N;
		q.off = rb_u16(r) % d->size;
		q.len = rb_u16(r) % (d->size - q.off + 1);
		q.n++;
		rv = one(d, op, &q);
		if (rv == 0) {
			count.requests++;
			count.ops |= 1U << op;
		}
	}
	return rv;
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	struct disk_opts o = { .format = DISK_RAW };
	struct ms_plan plan = { .crash_write = 0 };
	struct disk_why why;
	struct bstore bs;
	struct digest dg;
	struct rbuf r;
	struct disk *d;
	uint64_t size;
	unsigned f;
	int rv;

	count.inputs++;
	rb_init(&r, data, len);
	size = 1 + rb_u16(&r) % (MAXSIZE / 2);
	f = rb_u8(&r);
	plan.short_every = f & 1 ? 1 + f / 16 : 0;
	plan.fail_write = f & 2 ? 1 + f / 16 : 0;
	plan.full_write = f & 4 ? 1 + f / 8 : 0;
	plan.seed = f;
	ms_reset(&store);
	bs = ms_bstore(&store);
	memset(model, 0, sizeof(model));
	diskimage_must(bs_resize(&bs, size) == 0, "cannot size");
	diskimage_must(disk_open(&bs, &o, &d, &why) == 0, "cannot open");
	ms_plan(&store, &plan);
	rv = requests_run(d, &r);
	diskimage_must(rv == 0 || (f & 6) != 0, "fails without a reason");
	count.accepted++;
	digest_init(&dg);
	digest_add(&dg, store.buf, d->size < 2048 ? d->size : 2048);
	digest_u64(&dg, (uint64_t)rv);
	disk_close(&d);
	return digest_value(&dg);
}

static void
stat(struct fuzz_stat *st)
{
	*st = count;
}

const struct fuzz_target fuzz_target = {
	.name = "raw",
	.shape = SHAPE_BYTES,
	.maxlen = 400,
	.init = init,
	.run = run,
	.stat = stat,
};
