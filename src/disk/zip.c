#include "zip.h"

#include <stdlib.h>

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include "bstore.h"

#define WINDOW	(-12)			/* for packing: raw, 4 KiB */

/* What each library needs is made when it is first used. */
struct zip {
	enum zip_kind	 kind;
	size_t		 block;
	z_stream	 inf, def;
	int		 inf_ok, def_ok;
	struct libdeflate_decompressor *fast;
	ZSTD_DCtx	*dz;
	ZSTD_CCtx	*cz;
};

struct zip *
zip_new(enum zip_kind kind, size_t block)
{
	struct zip *z;

	z = calloc(1, sizeof(*z));
	if (z == NULL)
		return NULL;
	z->kind = kind;
	z->block = block;
	return z;
}

void
zip_free(struct zip **zp)
{
	struct zip *z = *zp;

	if (z == NULL)
		return;
	if (z->inf_ok)
		inflateEnd(&z->inf);
	if (z->def_ok)
		deflateEnd(&z->def);
	libdeflate_free_decompressor(z->fast);
	ZSTD_freeDCtx(z->dz);
	ZSTD_freeCCtx(z->cz);
	free(z);
	*zp = NULL;
}

/* zlib wants pointers to what it does not change. */
static Bytef *
bytes(const void *p)
{
	union { const void *c; Bytef *b; } u = { p };

	return u.b;
}

/* A stream may lack its end, when all bytes of the block are there. */
static int
unpack_zlib(struct zip *z, const void *in, size_t n, uint8_t *out)
{
	int rv;

	if (!z->inf_ok) {
		if (inflateInit2(&z->inf, -MAX_WBITS) != Z_OK)
			return DISK_ENOMEM;
		z->inf_ok = 1;
	} else if (inflateReset(&z->inf) != Z_OK)
		return DISK_ECORRUPT;
	z->inf.next_in = bytes(in);
	z->inf.avail_in = (uInt)n;
	z->inf.next_out = out;
	z->inf.avail_out = (uInt)z->block;
	rv = inflate(&z->inf, Z_FINISH);
	if ((rv != Z_STREAM_END && rv != Z_BUF_ERROR) ||
	    z->inf.avail_out != 0)
		return DISK_ECORRUPT;
	return 0;
}

/* Where libdeflate sees no whole block, zlib has the last word. */
static int
unpack_deflate(struct zip *z, const void *in, size_t n, uint8_t *out)
{
	size_t used, got;

	if (z->fast == NULL)
		z->fast = libdeflate_alloc_decompressor();
	if (z->fast == NULL)
		return DISK_ENOMEM;
	if (libdeflate_deflate_decompress_ex(z->fast, in, n, out, z->block,
	    &used, &got) == LIBDEFLATE_SUCCESS && got == z->block)
		return 0;
	return unpack_zlib(z, in, n, out);
}

static int
unpack_zstd(struct zip *z, const void *in, size_t n, uint8_t *out)
{
	if (z->dz == NULL)
		z->dz = ZSTD_createDCtx();
	if (z->dz == NULL)
		return DISK_ENOMEM;
	n = ZSTD_findFrameCompressedSize(in, n);
	if (ZSTD_isError(n))
		return DISK_ECORRUPT;
	/* One call with all of the output needs no window of its own. */
	n = ZSTD_decompressDCtx(z->dz, out, z->block, in, n);
	return ZSTD_isError(n) || n != z->block ? DISK_ECORRUPT : 0;
}

int
zip_unpack(struct zip *z, const void *in, size_t n, uint8_t *out)
{
	return z->kind == ZIP_ZSTD ? unpack_zstd(z, in, n, out) :
	    unpack_deflate(z, in, n, out);
}

static int
pack_zlib(struct zip *z, const void *in, uint8_t *out, size_t *n)
{
	int level = z->block > 8192 ? 9 : 6;	/* of memory */
	int rv;

	if (!z->def_ok) {
		if (deflateInit2(&z->def, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
		    WINDOW, level, Z_DEFAULT_STRATEGY) != Z_OK)
			return DISK_ENOMEM;
		z->def_ok = 1;
	} else if (deflateReset(&z->def) != Z_OK)
		return DISK_ENOMEM;
	z->def.next_in = bytes(in);
	z->def.avail_in = (uInt)z->block;
	z->def.next_out = out;
	z->def.avail_out = (uInt)z->block - 1;
	rv = deflate(&z->def, Z_FINISH);
	*n = rv == Z_STREAM_END ? z->block - 1 - z->def.avail_out : 0;
	return 0;
}

static int
pack_zstd(struct zip *z, const void *in, uint8_t *out, size_t *n)
{
	size_t len;

	if (z->cz == NULL)
		z->cz = ZSTD_createCCtx();
	if (z->cz == NULL)
		return DISK_ENOMEM;
	len = ZSTD_compress2(z->cz, out, z->block - 1, in, z->block);
	*n = ZSTD_isError(len) ? 0 : len;
	return 0;
}

int
zip_pack(struct zip *z, const void *in, uint8_t *out, size_t *n)
{
	return z->kind == ZIP_ZSTD ? pack_zstd(z, in, out, n) :
	    pack_zlib(z, in, out, n);
}
