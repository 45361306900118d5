/*
 * zlib, libdeflate and zstd for builds with MemorySanitizer, which does not
 * see into libraries: around each call that fills memory, what goes in must
 * be initialised, and what came out is.  The linker puts these in between
 * (--wrap); what is tested knows nothing of it.
 */
#include <stddef.h>

#include <libdeflate.h>
#include <sanitizer/msan_interface.h>
#include <zlib.h>
#include <zstd.h>

int	__real_inflate(z_stream *, int);
int	__real_inflateInit2_(z_stream *, int, const char *, int);
int	__real_inflateReset(z_stream *);
int	__real_deflate(z_stream *, int);
int	__real_deflateInit2_(z_stream *, int, int, int, int, int,
	    const char *, int);
int	__real_deflateReset(z_stream *);
enum libdeflate_result __real_libdeflate_deflate_decompress_ex(
	    struct libdeflate_decompressor *, const void *, size_t, void *,
	    size_t, size_t *, size_t *);
size_t	__real_ZSTD_compress2(ZSTD_CCtx *, void *, size_t, const void *,
	    size_t);
size_t	__real_ZSTD_decompressDCtx(ZSTD_DCtx *, void *, size_t,
	    const void *, size_t);
int	__wrap_inflate(z_stream *, int);
int	__wrap_inflateInit2_(z_stream *, int, const char *, int);
int	__wrap_inflateReset(z_stream *);
int	__wrap_deflate(z_stream *, int);
int	__wrap_deflateInit2_(z_stream *, int, int, int, int, int,
	    const char *, int);
int	__wrap_deflateReset(z_stream *);
enum libdeflate_result __wrap_libdeflate_deflate_decompress_ex(
	    struct libdeflate_decompressor *, const void *, size_t, void *,
	    size_t, size_t *, size_t *);
size_t	__wrap_ZSTD_compress2(ZSTD_CCtx *, void *, size_t, const void *,
	    size_t);
size_t	__wrap_ZSTD_decompressDCtx(ZSTD_DCtx *, void *, size_t,
	    const void *, size_t);

static int
stream(z_stream *s, int rv)
{
	__msan_unpoison(s, sizeof(*s));
	return rv;
}

/* One call of inflate or deflate. */
static int
run(z_stream *s, int flush, int (*fn)(z_stream *, int))
{
	Bytef *out = s->next_out;
	int rv;

	__msan_check_mem_is_initialized(s->next_in, s->avail_in);
	rv = stream(s, fn(s, flush));
	__msan_unpoison(out, (size_t)(s->next_out - out));
	return rv;
}

int
__wrap_inflate(z_stream *s, int flush)
{
	return run(s, flush, __real_inflate);
}

int
__wrap_deflate(z_stream *s, int flush)
{
	return run(s, flush, __real_deflate);
}

int
__wrap_inflateInit2_(z_stream *s, int bits, const char *version, int size)
{
	return stream(s, __real_inflateInit2_(s, bits, version, size));
}

int
__wrap_inflateReset(z_stream *s)
{
	return stream(s, __real_inflateReset(s));
}

int
__wrap_deflateInit2_(z_stream *s, int level, int method, int bits, int mem,
    int strategy, const char *version, int size)
{
	return stream(s, __real_deflateInit2_(s, level, method, bits, mem,
	    strategy, version, size));
}

int
__wrap_deflateReset(z_stream *s)
{
	return stream(s, __real_deflateReset(s));
}

enum libdeflate_result
__wrap_libdeflate_deflate_decompress_ex(struct libdeflate_decompressor *d,
    const void *in, size_t n, void *out, size_t max, size_t *used,
    size_t *got)
{
	enum libdeflate_result rv;

	__msan_check_mem_is_initialized(in, n);
	rv = __real_libdeflate_deflate_decompress_ex(d, in, n, out, max, used,
	    got);
	if (rv == LIBDEFLATE_SUCCESS) {
		__msan_unpoison(used, sizeof(*used));
		__msan_unpoison(got, sizeof(*got));
		__msan_unpoison(out, *got);
	}
	return rv;
}

size_t
__wrap_ZSTD_compress2(ZSTD_CCtx *c, void *out, size_t max, const void *in,
    size_t n)
{
	size_t len;

	__msan_check_mem_is_initialized(in, n);
	len = __real_ZSTD_compress2(c, out, max, in, n);
	if (!ZSTD_isError(len))
		__msan_unpoison(out, len);
	return len;
}

size_t
__wrap_ZSTD_decompressDCtx(ZSTD_DCtx *c, void *out, size_t max,
    const void *in, size_t n)
{
	size_t len;

	__msan_check_mem_is_initialized(in, n);
	len = __real_ZSTD_decompressDCtx(c, out, max, in, n);
	if (!ZSTD_isError(len))
		__msan_unpoison(out, len);
	return len;
}
