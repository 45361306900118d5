/* Packed clusters of an image: reading them, and finding room for new ones. */
#include "qcow2_int.h"

#include <stdlib.h>

#include "zip.h"

struct q2_zip {
	struct zip	*zip;
	uint8_t		*in;		/* packed bytes: two clusters */
	uint8_t		*out;		/* the cluster of `entry` */
	uint64_t	 entry;		/* 0: nothing unpacked */
};

void
q2_zip_free(struct qcow2 *q)
{
	struct q2_zip *z = q->zip;

	if (z == NULL)
		return;
	zip_free(&z->zip);
	free(z->in);
	free(z->out);
	free(z);
	q->zip = NULL;
}

void
q2_zip_forget(struct qcow2 *q)
{
	if (q->zip != NULL)
		q->zip->entry = 0;
	q->packoff = 0;
}

static enum zip_kind
kind(const struct qcow2 *q)
{
	return q->h.ctype == QCOW2_ZSTD ? ZIP_ZSTD : ZIP_DEFLATE;
}

static int
zip_get(struct qcow2 *q, struct q2_zip **out)
{
	struct q2_zip *z = q->zip;

	if (z == NULL) {
		z = q->zip = calloc(1, sizeof(*z));
		if (z == NULL)
			return DISK_ENOMEM;
		z->zip = zip_new(kind(q), q->csize);
		z->in = malloc(2 * q->csize);
		z->out = malloc(q->csize);
	}
	if (z->zip == NULL || z->in == NULL || z->out == NULL) {
		q2_zip_free(q);
		return DISK_ENOMEM;
	}
	*out = z;
	return 0;
}

/* The packed bytes end somewhere in their last sector. */
int
q2_unzip(struct qcow2 *q, uint64_t entry, const uint8_t **p)
{
	struct q2_zip *z;
	uint64_t off, len;
	int rv;

	rv = zip_get(q, &z);
	if (rv != 0)
		return rv;
	*p = z->out;
	if (z->entry == entry)
		return 0;
	z->entry = 0;
	q2_packed_span(q, entry, &off, &len);
	rv = bs_read(&q->bs, z->in, len, off);
	if (rv == 0)
		rv = zip_unpack(z->zip, z->in, len, z->out);
	if (rv == 0)
		z->entry = entry;
	return rv;
}

/*
 * Room for len packed bytes: after the last ones when its cluster has some
 * left, counting one more reference to each cluster touched.
 */
static int
pack_room(struct qcow2 *q, size_t len, uint64_t *off)
{
	uint64_t in = q->packoff & (q->csize - 1), last = q->packoff;
	struct q2_got got;
	bool shared;
	int rv;

	shared = in != 0 &&
	    q2_count_add(q, last >> q->cbits, 1) == 0;
	*off = last;
	if (shared && len <= q->csize - in)
		return 0;
	rv = q2_alloc(q, 1, &got);
	if (rv == 0 && (!shared || got.cluster != (last >> q->cbits) + 1)) {
		*off = got.cluster << q->cbits;
		if (shared)
			rv = q2_count_sub(q, last >> q->cbits, 1);
	}
	return rv;
}

static int
put_packed(struct qcow2 *q, const void *p, size_t len, uint64_t goff)
{
	unsigned x = 62 - (q->cbits - 8);
	uint64_t off, old, sectors;
	int rv;

	rv = q2_table_own(q, goff);
	if (rv == 0)
		rv = pack_room(q, len, &off);
	if (rv != 0)
		return rv;
	if (off + len > 1ULL << x)
		return DISK_ENOSPC;
	rv = q2_put(q, p, len, off);
	if (rv == 0)
		rv = q2_entry_get(q, goff, &old);
	sectors = ((off + len - 1) >> 9) - (off >> 9);
	if (rv == 0)
		rv = q2_entry_set(q, goff, Q2_PACKED | sectors << x | off);
	if (rv != 0)
		return rv;
	q->packoff = off + len;
	return q2_free_entry(q, old, false);
}

struct zip *
qcow2_packer(struct disk *d)
{
	struct qcow2 *q = q2_of(d);

	return zip_new(kind(q), q->csize);
}

int
qcow2_put_packed(struct disk *d, const void *p, size_t len, uint64_t off)
{
	struct qcow2 *q = q2_of(d);

	if (d->readonly)
		return DISK_EROFS;
	if (off >= d->size || (off & (q->csize - 1)) != 0 ||
	    len == 0 || len >= q->csize)
		return DISK_EINVAL;
	return put_packed(q, p, len, off);
}

int
qcow2_write_packed(struct disk *d, const void *p, uint64_t off)
{
	struct qcow2 *q = q2_of(d);
	uint64_t plain = d->size - off;
	struct q2_zip *z;
	size_t len;
	int rv;

	if (d->readonly)
		return DISK_EROFS;
	if (off >= d->size || (off & (q->csize - 1)) != 0)
		return DISK_EINVAL;
	rv = zip_get(q, &z);
	if (rv == 0)
		rv = zip_pack(z->zip, p, z->in, &len);
	if (rv != 0)
		return rv;
	if (len == 0)
		return disk_write(d, p,
		    plain < q->csize ? (size_t)plain : q->csize, off);
	return put_packed(q, z->in, len, off);
}
