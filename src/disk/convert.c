#include "convert.h"

#include <stdlib.h>
#include <string.h>

#include "qcow2.h"

#define CHUNK	(2u << 20)		/* a multiple of each cluster size */
#define GRAIN	4096u			/* zeros shorter than that are data */

int
convert_is_zero(const uint8_t *p, size_t len)
{
	uint64_t a, b, c, d;
	size_t i = 0;

	if (len > 0 && p[0] != 0)
		return 0;
	for (; i + 32 <= len; i += 32) {
		memcpy(&a, p + i, 8);
		memcpy(&b, p + i + 8, 8);
		memcpy(&c, p + i + 16, 8);
		memcpy(&d, p + i + 24, 8);
		if ((a | b | c | d) != 0)
			return 0;
	}
	for (; i < len; i++)
		if (p[i] != 0)
			return 0;
	return 1;
}

int
convert_begin(struct convert *c, struct disk *src, struct disk *dst,
    int packed)
{
	if (packed && dst->format != DISK_QCOW2)
		return DISK_EINVAL;
	c->src = src;
	c->dst = dst;
	c->pos = 0;
	c->to = src->size;
	c->packed = packed;
	c->unit = packed ? dst->granule : GRAIN;
	/* A whole number of units; small disks need no large buffer. */
	c->chunk = CHUNK;
	while (c->chunk / 2 >= src->size && c->chunk / 2 >= c->unit)
		c->chunk /= 2;
	c->buf = malloc(c->chunk);
	return c->buf == NULL ? DISK_ENOMEM : 0;
}

void
convert_end(struct convert *c)
{
	free(c->buf);
	c->buf = NULL;
}

/* The stretch of same kind, zero or not, that begins at p. */
static size_t
stretch(const struct convert *c, const uint8_t *p, size_t len, int *zero)
{
	size_t n = 0, k;

	do {
		k = len - n < c->unit ? len - n : (size_t)c->unit;
		if (n == 0)
			*zero = convert_is_zero(p, k);
		else if (convert_is_zero(p + n, k) != *zero)
			break;
		n += k;
	} while (n < len);
	return n;
}

/* One cluster each; the last one is filled up with zeros. */
static int
put_packed(struct convert *c, uint8_t *p, size_t len, uint64_t off)
{
	size_t k;
	int rv;

	for (; len > 0; p += k, off += k, len -= k) {
		k = len < c->unit ? len : (size_t)c->unit;
		memset(p + k, 0, c->unit - k);
		rv = qcow2_write_packed(c->dst, p, off);
		if (rv != 0)
			return rv;
	}
	return 0;
}

static int
put(struct convert *c, size_t len)
{
	uint64_t off = c->pos;
	uint8_t *p = c->buf;
	size_t n;
	int zero, rv;

	for (; len > 0; p += n, off += n, len -= n) {
		n = stretch(c, p, len, &zero);
		if (zero)
			continue;
		rv = c->packed ? put_packed(c, p, n, off) :
		    disk_write(c->dst, p, n, off);
		if (rv != 0)
			return rv;
	}
	return 0;
}

static int
reads_zero(const struct disk_extent *e)
{
	return e->kind == DISK_HOLE || e->kind == DISK_ZERO;
}

/* How far from pos on there is something, up to max bytes. */
static int
occupied(struct convert *c, size_t max, size_t *len)
{
	struct disk_extent e;
	int rv;

	for (*len = 0; *len < max; *len += (size_t)e.len) {
		rv = disk_extent(c->src, c->pos + *len, max - *len, &e);
		if (rv != 0)
			return rv;
		if (reads_zero(&e))
			break;
	}
	return 0;
}

/* Passes over what reads as zeros; packed copies stay on their grid. */
static int
skip(struct convert *c, uint64_t *len)
{
	uint64_t left = c->to - c->pos;
	struct disk_extent e;
	int rv;

	*len = 0;
	rv = disk_extent(c->src, c->pos, left, &e);
	if (rv != 0 || !reads_zero(&e))
		return rv;
	*len = c->packed && e.len != left ? e.len - e.len % c->chunk : e.len;
	return 0;
}

int
convert_step(struct convert *c)
{
	uint64_t n;
	size_t len;
	int rv;

	if (c->pos >= c->to)
		return 0;
	rv = skip(c, &n);
	if (rv != 0)
		return rv;
	c->pos += n;
	if (n > 0)
		return c->pos < c->to;
	/* Chunks begin at multiples of their size, packed ones always. */
	len = c->chunk - c->pos % c->chunk;
	if (len > c->to - c->pos)
		len = (size_t)(c->to - c->pos);
	if (!c->packed)
		rv = occupied(c, len, &len);
	if (rv == 0)
		rv = disk_read(c->src, c->buf, len, c->pos);
	if (rv == 0)
		rv = put(c, len);
	if (rv == 0)
		c->pos += len;
	return rv != 0 ? rv : c->pos < c->to;
}
