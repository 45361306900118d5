#include "raw.h"

#include <stdlib.h>

#define RAW_GRANULE	512

struct raw {
	struct disk	d;
	struct bstore	bs;
};

static struct raw *
raw_of(struct disk *d)
{
	return (struct raw *)(void *)d;
}

static void
raw_close(struct disk *d)
{
	bs_close(&raw_of(d)->bs);
	free(d);
}

static int
raw_readv(struct disk *d, const struct iovec *iov, int n, uint64_t off)
{
	return bs_readv(&raw_of(d)->bs, iov, n, off);
}

static int
raw_writev(struct disk *d, const struct iovec *iov, int n, uint64_t off)
{
	return bs_writev(&raw_of(d)->bs, iov, n, off);
}

static int
raw_flush(struct disk *d)
{
	return bs_flush(&raw_of(d)->bs);
}

/* A discard that the store cannot do is no failure. */
static int
raw_discard(struct disk *d, uint64_t off, uint64_t len)
{
	uint64_t start, end;
	int rv;

	start = off + (RAW_GRANULE - off % RAW_GRANULE) % RAW_GRANULE;
	end = off + len;
	if (end != d->size)
		end -= end % RAW_GRANULE;
	if (start >= end)
		return 0;
	rv = bs_punch(&raw_of(d)->bs, start, end - start);
	return rv == DISK_ENOTSUP ? 0 : rv;
}

static int
raw_zero(struct disk *d, uint64_t off, uint64_t len, int unmap)
{
	int rv = DISK_ENOTSUP;

	if (unmap)
		rv = bs_punch(&raw_of(d)->bs, off, len);
	if (rv == DISK_ENOTSUP)
		rv = bs_zero(&raw_of(d)->bs, off, len);
	return rv;
}

static int
raw_grow(struct disk *d, uint64_t size)
{
	int rv;

	rv = bs_resize(&raw_of(d)->bs, size);
	if (rv == 0)
		d->size = size;
	return rv;
}

static int
raw_extent(struct disk *d, uint64_t off, uint64_t len, struct disk_extent *e)
{
	struct bstore *s = &raw_of(d)->bs;
	uint64_t n = len;
	int data = 1, rv;

	if (s->ops->extent != NULL) {
		rv = s->ops->extent(s->arg, off, &n, &data);
		if (rv != 0)
			return rv;
		if (n == 0 || n > len)
			n = len;
	}
	e->len = n;
	e->kind = data ? DISK_DATA : DISK_ZERO;
	e->hosted = 1;
	e->host = off;
	return 0;
}

static const struct disk_ops raw_ops = {
	.close = raw_close,
	.readv = raw_readv,
	.writev = raw_writev,
	.flush = raw_flush,
	.discard = raw_discard,
	.zero = raw_zero,
	.grow = raw_grow,
	.extent = raw_extent,
};

int
raw_open(const struct bstore *bs, int readonly, struct disk **out,
    struct disk_why *why)
{
	struct raw *r;
	uint64_t size;

	if (bs_size(bs, &size) != 0)
		return disk_refuse(why, DISK_EIO, "cannot tell its size");
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return disk_refuse(why, DISK_ENOMEM, "out of memory");
	r->d.ops = &raw_ops;
	r->d.size = size;
	r->d.granule = RAW_GRANULE;
	r->d.format = DISK_RAW;
	r->d.readonly = readonly;
	r->bs = *bs;
	*out = &r->d;
	return 0;
}
