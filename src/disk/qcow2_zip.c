/* Compressed clusters: zlib without its header, or zstd. */
#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define WINDOW	(-12)			/* for packing: raw, 4 KiB */

struct q2_zip {
	z_stream	 inf, def;
	bool		 inf_ok, def_ok;
	ZSTD_DCtx	*dz;
	ZSTD_CCtx	*cz;
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
	if (z->inf_ok)
		inflateEnd(&z->inf);
	if (z->def_ok)
		deflateEnd(&z->def);
	ZSTD_freeDCtx(z->dz);
	ZSTD_freeCCtx(z->cz);
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

static int
zip_get(struct qcow2 *q, struct q2_zip **out)
{
	struct q2_zip *z = q->zip;

	if (z == NULL) {
		z = q->zip = calloc(1, sizeof(*z));
		if (z == NULL)
			return DISK_ENOMEM;
		z->in = malloc(2 * q->csize);
		z->out = malloc(q->csize);
	}
	if (z->in == NULL || z->out == NULL) {
		q2_zip_free(q);
		return DISK_ENOMEM;
	}
	*out = z;
	return 0;
}

/* The packed bytes end somewhere in their last sector. */
static int
unpack_zlib(struct q2_zip *z, size_t len, size_t csize)
{
	int rv;

	if (!z->inf_ok) {
		if (inflateInit2(&z->inf, -MAX_WBITS) != Z_OK)
			return DISK_ENOMEM;
		z->inf_ok = true;
	} else if (inflateReset(&z->inf) != Z_OK)
		return DISK_EIO;
	z->inf.next_in = z->in;
	z->inf.avail_in = (uInt)len;
	z->inf.next_out = z->out;
	z->inf.avail_out = (uInt)csize;
	rv = inflate(&z->inf, Z_FINISH);
	if ((rv != Z_STREAM_END && rv != Z_BUF_ERROR) ||
	    z->inf.avail_out != 0)
		return DISK_ECORRUPT;
	return 0;
}

static int
unpack_zstd(struct q2_zip *z, size_t len, size_t csize)
{
	size_t n;

	if (z->dz == NULL)
		z->dz = ZSTD_createDCtx();
	if (z->dz == NULL)
		return DISK_ENOMEM;
	n = ZSTD_findFrameCompressedSize(z->in, len);
	if (ZSTD_isError(n))
		return DISK_ECORRUPT;
	/* One call with all of the output needs no window of its own. */
	n = ZSTD_decompressDCtx(z->dz, z->out, csize, z->in, n);
	return ZSTD_isError(n) || n != csize ? DISK_ECORRUPT : 0;
}

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
	if (rv == 0 && q->h.ctype == QCOW2_ZSTD)
		rv = unpack_zstd(z, len, q->csize);
	else if (rv == 0)
		rv = unpack_zlib(z, len, q->csize);
	if (rv == 0)
		z->entry = entry;
	return rv;
}

/* Packs one cluster into z->in; *len 0: it does not get smaller. */
static int
pack_zlib(struct q2_zip *z, const void *p, size_t csize, size_t *len)
{
	union { const void *c; Bytef *b; } u = { p };
	int level = csize > 8192 ? 9 : 6;	/* of memory */
	int rv;

	if (!z->def_ok) {
		if (deflateInit2(&z->def, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
		    WINDOW, level, Z_DEFAULT_STRATEGY) != Z_OK)
			return DISK_ENOMEM;
		z->def_ok = true;
	} else if (deflateReset(&z->def) != Z_OK)
		return DISK_EIO;
	z->def.next_in = u.b;
	z->def.avail_in = (uInt)csize;
	z->def.next_out = z->in;
	z->def.avail_out = (uInt)csize - 1;
	rv = deflate(&z->def, Z_FINISH);
	*len = rv == Z_STREAM_END ? csize - 1 - z->def.avail_out : 0;
	return 0;
}

static int
pack_zstd(struct q2_zip *z, const void *p, size_t csize, size_t *len)
{
	size_t n;

	if (z->cz == NULL)
		z->cz = ZSTD_createCCtx();
	if (z->cz == NULL)
		return DISK_ENOMEM;
	n = ZSTD_compress2(z->cz, z->in, csize - 1, p, csize);
	*len = ZSTD_isError(n) ? 0 : n;
	return 0;
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
put_packed(struct qcow2 *q, size_t len, uint64_t goff)
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
	rv = q2_put(q, q->zip->in, len, off);
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
	if (rv == 0 && q->h.ctype == QCOW2_ZSTD)
		rv = pack_zstd(z, p, q->csize, &len);
	else if (rv == 0)
		rv = pack_zlib(z, p, q->csize, &len);
	if (rv != 0)
		return rv;
	if (len == 0)
		return disk_write(d, p,
		    plain < q->csize ? (size_t)plain : q->csize, off);
	return put_packed(q, len, off);
}
