#include "convert.h"

#include <stdlib.h>
#include <string.h>

#include "qcow2.h"
#include "zip.h"

#define CHUNK	(1u << 20)		/* at least a cluster */
#define GRAIN	4096u

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
	memset(c, 0, sizeof(*c));
	if (packed && dst->format != DISK_QCOW2)
		return DISK_EINVAL;
	c->src = src;
	c->dst = dst;
	c->to = src->size;
	c->unit = packed ? dst->granule : GRAIN;
	c->chunk = CHUNK > c->unit ? CHUNK : c->unit;
	/* A whole number of units; small disks need no large buffer. */
	while (c->chunk / 2 >= src->size && c->chunk / 2 >= c->unit)
		c->chunk /= 2;
	c->buf = malloc(c->chunk + c->unit);
	c->size = calloc(c->chunk / c->unit, sizeof(*c->size));
	if (packed)
		c->zip = qcow2_packer(dst);
	if (c->buf == NULL || c->size == NULL || (packed && c->zip == NULL)) {
		convert_end(c);
		return DISK_ENOMEM;
	}
	return 0;
}

void
convert_end(struct convert *c)
{
	zip_free(&c->zip);
	free(c->buf);
	free(c->size);
	c->buf = NULL;
	c->size = NULL;
}

static int
reads_zero(const struct disk_extent *e)
{
	return e->kind == DISK_HOLE || e->kind == DISK_ZERO;
}

/* How far from off on there is something, up to max bytes. */
static int
occupied(struct convert *c, uint64_t off, size_t max, size_t *len)
{
	struct disk_extent e;
	int rv;

	for (*len = 0; *len < max; *len += (size_t)e.len) {
		rv = disk_extent(c->src, off + *len, max - *len, &e);
		if (rv != 0)
			return rv;
		if (reads_zero(&e))
			break;
	}
	return 0;
}

/* How much at off reads as zeros; packed copies stay on their grid. */
static int
vacant(struct convert *c, uint64_t off, uint64_t left, uint64_t *len)
{
	struct disk_extent e;
	int rv;

	*len = 0;
	rv = disk_extent(c->src, off, left, &e);
	if (rv != 0 || !reads_zero(&e))
		return rv;
	*len = c->zip != NULL && e.len != left ? e.len - e.len % c->chunk :
	    e.len;
	return 0;
}

int
convert_next(struct convert *c, uint64_t *pos, uint64_t to)
{
	uint64_t n;
	int rv;

	c->len = 0;
	c->off = *pos;
	if (*pos >= to)
		return 0;
	rv = vacant(c, *pos, to - *pos, &n);
	if (rv != 0)
		return rv;
	*pos += n;
	if (n > 0)
		return 1;
	/* Pieces end at multiples of their size, packed ones begin there. */
	c->len = c->chunk - c->off % c->chunk;
	if (c->len > to - c->off)
		c->len = (size_t)(to - c->off);
	if (c->zip == NULL)
		rv = occupied(c, c->off, c->len, &c->len);
	*pos += c->len;
	return rv != 0 ? rv : 1;
}

/* A cluster in its place becomes what it is packed; else it stays. */
static int
pack(struct convert *c, uint8_t *p, uint32_t *size)
{
	uint8_t *out = c->buf + c->chunk;
	size_t n;
	int rv;

	rv = zip_pack(c->zip, p, out, &n);
	if (rv == 0 && n > 0) {
		memcpy(p, out, n);
		*size = (uint32_t)n;
	}
	return rv;
}

int
convert_fetch(struct convert *c)
{
	uint8_t *p = c->buf;
	size_t left, n;
	uint32_t *size = c->size;
	int rv;

	rv = c->len == 0 ? 0 : disk_read(c->src, c->buf, c->len, c->off);
	for (left = c->len; rv == 0 && left > 0; left -= n) {
		n = left < c->unit ? left : (size_t)c->unit;
		*size = convert_is_zero(p, n) ? 0 : (uint32_t)c->unit;
		if (*size != 0 && c->zip != NULL) {
			memset(p + n, 0, c->unit - n);
			rv = pack(c, p, size);
		}
		p += n;
		size++;
	}
	return rv;
}

/* Bytes of the units from i on that go out in one write. */
static size_t
plain(const struct convert *c, size_t i, size_t left)
{
	size_t n = 0, k;

	for (; left > 0 && c->size[i] == c->unit; i++, left -= k, n += k)
		k = left < c->unit ? left : (size_t)c->unit;
	return n;
}

int
convert_store(struct convert *c)
{
	size_t i, done, n, left;
	int rv = 0;

	for (done = 0; rv == 0 && done < c->len; done += n) {
		i = done / c->unit;
		left = c->len - done;
		n = plain(c, i, left);
		if (n > 0) {
			rv = disk_write(c->dst, c->buf + done, n,
			    c->off + done);
			continue;
		}
		n = left < c->unit ? left : (size_t)c->unit;
		if (c->size[i] != 0)
			rv = qcow2_put_packed(c->dst, c->buf + done,
			    c->size[i], c->off + done);
	}
	return rv;
}

int
convert_step(struct convert *c)
{
	int rv;

	rv = convert_next(c, &c->pos, c->to);
	if (rv != 1)
		return rv;
	rv = convert_fetch(c);
	if (rv == 0)
		rv = convert_store(c);
	return rv != 0 ? rv : 1;
}
