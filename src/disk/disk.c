#include "disk.h"

#include <stdarg.h>
#include <stdio.h>

#include "iovcur.h"

int
disk_refuse(struct disk_why *why, int code, const char *fmt, ...)
{
	va_list ap;

	if (why != NULL) {
		va_start(ap, fmt);
		vsnprintf(why->text, sizeof(why->text), fmt, ap);
		va_end(ap);
	}
	return code;
}

const char *
disk_format_name(enum disk_format f)
{
	return f == DISK_QCOW2 ? "qcow2" : f == DISK_RAW ? "raw" : "auto";
}

void
disk_close(struct disk **d)
{
	if (*d != NULL)
		(*d)->ops->close(*d);
	*d = NULL;
}

static int
outside(const struct disk *d, uint64_t off, uint64_t len)
{
	return off > d->size || len > d->size - off;
}

int
disk_readv(struct disk *d, const struct iovec *iov, int n, uint64_t off)
{
	size_t len = iov_total(iov, n);

	if (outside(d, off, len))
		return DISK_ERANGE;
	if (len == 0)
		return 0;
	return d->ops->readv(d, iov, n, off);
}

int
disk_writev(struct disk *d, const struct iovec *iov, int n, uint64_t off)
{
	size_t len = iov_total(iov, n);

	if (d->readonly)
		return DISK_EROFS;
	if (outside(d, off, len))
		return DISK_ERANGE;
	if (len == 0)
		return 0;
	return d->ops->writev(d, iov, n, off);
}

int
disk_read(struct disk *d, void *p, size_t len, uint64_t off)
{
	struct iovec v = { p, len };

	return disk_readv(d, &v, 1, off);
}

int
disk_write(struct disk *d, const void *p, size_t len, uint64_t off)
{
	union { const void *c; void *v; } u = { p };
	struct iovec v = { u.v, len };

	return disk_writev(d, &v, 1, off);
}

int
disk_flush(struct disk *d)
{
	return d->readonly ? 0 : d->ops->flush(d);
}

int
disk_discard(struct disk *d, uint64_t off, uint64_t len)
{
	if (d->readonly)
		return DISK_EROFS;
	if (outside(d, off, len))
		return DISK_ERANGE;
	return len == 0 ? 0 : d->ops->discard(d, off, len);
}

int
disk_zero(struct disk *d, uint64_t off, uint64_t len, int unmap)
{
	if (d->readonly)
		return DISK_EROFS;
	if (outside(d, off, len))
		return DISK_ERANGE;
	return len == 0 ? 0 : d->ops->zero(d, off, len, unmap);
}

int
disk_grow(struct disk *d, uint64_t size)
{
	if (d->readonly)
		return DISK_EROFS;
	if (size < d->size || size > INT64_MAX)
		return DISK_ERANGE;
	return size == d->size ? 0 : d->ops->grow(d, size);
}

int
disk_extent(struct disk *d, uint64_t off, uint64_t len,
    struct disk_extent *e)
{
	if (outside(d, off, len) || len == 0)
		return DISK_ERANGE;
	e->off = off;
	e->depth = 0;
	e->hosted = 0;
	e->host = 0;
	return d->ops->extent(d, off, len, e);
}
