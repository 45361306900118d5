/* Blocks packed and unpacked, and bytes that are no packed block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include "bstore.h"
#include "prng.h"
#include "zip.h"

#define MAX	(2u << 20)

/* What the libraries make for us; each can be out of memory. */
struct libdeflate_decompressor *__real_libdeflate_alloc_decompressor(void);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
ZSTD_CCtx *__real_ZSTD_createCCtx(void);
struct libdeflate_decompressor *__wrap_libdeflate_alloc_decompressor(void);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);

static int nomem;

struct libdeflate_decompressor *
__wrap_libdeflate_alloc_decompressor(void)
{
	return nomem ? NULL : __real_libdeflate_alloc_decompressor();
}

ZSTD_DCtx *
__wrap_ZSTD_createDCtx(void)
{
	return nomem ? NULL : __real_ZSTD_createDCtx();
}

ZSTD_CCtx *
__wrap_ZSTD_createCCtx(void)
{
	return nomem ? NULL : __real_ZSTD_createCCtx();
}

/* What was given back to them, and to malloc. */
int __real_inflateEnd(z_streamp);
int __real_deflateEnd(z_streamp);
void __real_libdeflate_free_decompressor(struct libdeflate_decompressor *);
size_t __real_ZSTD_freeDCtx(ZSTD_DCtx *);
size_t __real_ZSTD_freeCCtx(ZSTD_CCtx *);
void __real_free(void *);
int __wrap_inflateEnd(z_streamp);
int __wrap_deflateEnd(z_streamp);
void __wrap_libdeflate_free_decompressor(struct libdeflate_decompressor *);
size_t __wrap_ZSTD_freeDCtx(ZSTD_DCtx *);
size_t __wrap_ZSTD_freeCCtx(ZSTD_CCtx *);
void __wrap_free(void *);

static struct {
	unsigned	inf, def, fast, dz, cz, mem;
} ends;

int
__wrap_inflateEnd(z_streamp s)
{
	ends.inf++;
	return __real_inflateEnd(s);
}

int
__wrap_deflateEnd(z_streamp s)
{
	ends.def++;
	return __real_deflateEnd(s);
}

void
__wrap_libdeflate_free_decompressor(struct libdeflate_decompressor *d)
{
	ends.fast += d != NULL;
	__real_libdeflate_free_decompressor(d);
}

size_t
__wrap_ZSTD_freeDCtx(ZSTD_DCtx *d)
{
	ends.dz += d != NULL;
	return __real_ZSTD_freeDCtx(d);
}

size_t
__wrap_ZSTD_freeCCtx(ZSTD_CCtx *c)
{
	ends.cz += c != NULL;
	return __real_ZSTD_freeCCtx(c);
}

void
__wrap_free(void *p)
{
	ends.mem += p != NULL;
	__real_free(p);
}

static uint8_t in[MAX], packed[MAX], out[MAX];

static void
fill(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		in[i] = (uint8_t)(i / 16 + i / 512);
}

static void
test_round_trip(void **state)
{
	enum zip_kind k;
	struct zip *z;
	size_t n, len;

	(void)state;
	for (k = ZIP_DEFLATE; k <= ZIP_ZSTD; k++)
		for (n = 512; n <= MAX; n *= 2) {
			fill(n);
			assert_non_null(z = zip_new(k, n));
			assert_int_equal(zip_pack(z, in, packed, &len), 0);
			assert_in_range(len, 1, n - 1);
			/* What follows in the last sector does not matter. */
			if (len + 8 <= n)
				memset(packed + len, 0xee, 8);
			memset(out, 0xa5, n);
			assert_int_equal(zip_unpack(z, packed,
			    len + 8 <= n ? len + 8 : len, out), 0);
			assert_memory_equal(in, out, n);
			zip_free(&z);
			assert_null(z);
		}
	zip_free(&z);
}

/* Noise does not get smaller. */
static void
test_noise(void **state)
{
	enum zip_kind k;
	struct prng r;
	struct zip *z;
	size_t i, len;

	(void)state;
	prng_seed(&r, 1);
	for (i = 0; i < 4096; i++)
		in[i] = (uint8_t)prng_next(&r);
	for (k = ZIP_DEFLATE; k <= ZIP_ZSTD; k++) {
		assert_non_null(z = zip_new(k, 4096));
		assert_int_equal(zip_pack(z, in, packed, &len), 0);
		assert_int_equal(len, 0);
		zip_free(&z);
	}
}

/* Cut short, of another length, or of no format at all. */
static void
test_broken(void **state)
{
	struct zip *z, *half;
	enum zip_kind k;
	size_t len;

	(void)state;
	for (k = ZIP_DEFLATE; k <= ZIP_ZSTD; k++) {
		fill(4096);
		assert_non_null(z = zip_new(k, 4096));
		assert_non_null(half = zip_new(k, 2048));
		assert_int_equal(zip_pack(z, in, packed, &len), 0);
		assert_int_equal(zip_unpack(z, packed, len / 2, out),
		    DISK_ECORRUPT);
		assert_int_equal(zip_unpack(z, packed, 0, out),
		    DISK_ECORRUPT);
		assert_int_equal(zip_pack(half, in, packed, &len), 0);
		assert_int_equal(zip_unpack(z, packed, len, out),
		    DISK_ECORRUPT);
		memset(packed, 0xff, 100);
		assert_int_equal(zip_unpack(z, packed, 100, out),
		    DISK_ECORRUPT);
		/* A failure leaves nothing behind. */
		assert_int_equal(zip_pack(z, in, packed, &len), 0);
		assert_int_equal(zip_unpack(z, packed, len, out), 0);
		assert_memory_equal(in, out, 4096);
		zip_free(&half);
		zip_free(&z);
	}
}

/* qemu-img takes a stream that lacks its end: all bytes are there. */
static void
test_endless(void **state)
{
	/* One stored block that does not say that it is the last. */
	static const uint8_t head[] = { 0x00, 0x00, 0x02, 0xff, 0xfd };
	struct zip *z = zip_new(ZIP_DEFLATE, 512);

	(void)state;
	assert_non_null(z);
	fill(512);
	memcpy(packed, head, sizeof(head));
	memcpy(packed + sizeof(head), in, 512);
	assert_int_equal(zip_unpack(z, packed, sizeof(head) + 512, out), 0);
	assert_memory_equal(in, out, 512);
	assert_int_equal(zip_unpack(z, packed, sizeof(head) + 511, out),
	    DISK_ECORRUPT);
	/* The same twice: more than a block. */
	memcpy(packed + 517, packed, 517);
	assert_int_equal(zip_unpack(z, packed, 1034, out), 0);
	packed[517] = 0x01;
	assert_int_equal(zip_unpack(z, packed, 1034, out), 0);
	zip_free(&z);
}

/* All bytes are there, and then something that is no stream. */
static void
test_error_behind(void **state)
{
	static const uint8_t head[] = { 0x00, 0x00, 0x02, 0xff, 0xfd };
	struct zip *z = zip_new(ZIP_DEFLATE, 512);

	(void)state;
	assert_non_null(z);
	memcpy(packed, head, sizeof(head));
	memset(packed + sizeof(head), 5, 512);
	packed[sizeof(head) + 512] = 0x07;
	assert_int_equal(zip_unpack(z, packed, sizeof(head) + 513, out),
	    DISK_ECORRUPT);
	zip_free(&z);
}

/* Noise, the last k bytes of it zeros. */
static void
noise(unsigned seed, size_t k)
{
	struct prng r;
	size_t i;

	prng_seed(&r, seed);
	for (i = 0; i < 512; i++)
		in[i] = i < 512 - k ? (uint8_t)prng_next(&r) : 0;
}

/*
 * One byte less than a block is smaller, as many are not.  zlib does not say
 * that it is done when there is no byte left, zstd wants to save some.
 */
static void
test_just_smaller(void **state)
{
	unsigned seed, most, ends_there;
	enum zip_kind kind;
	struct zip *z;
	size_t k, len;

	(void)state;
	for (kind = ZIP_DEFLATE; kind <= ZIP_ZSTD; kind++) {
		assert_non_null(z = zip_new(kind, 512));
		for (most = ends_there = 0, seed = 1; seed < 5; seed++)
			for (k = 0; k < 80; k++) {
				noise(seed, k);
				memset(packed, 0xaa, 512);
				assert_int_equal(zip_pack(z, in, packed,
				    &len), 0);
				assert_in_range(len, 0, 511);
				if (len > most)
					most = (unsigned)len;
				if (len == 0)
					continue;
				ends_there += packed[len - 1] != 0xaa;
				assert_int_equal(zip_unpack(z, packed, len,
				    out), 0);
				assert_memory_equal(in, out, 512);
			}
		assert_true(ends_there > 0);
		assert_in_range(most, kind == ZIP_DEFLATE ? 510 : 490, 511);
		zip_free(&z);
	}
}

/* What was made is given back, once, and nothing else was made. */
static void
given_back(struct zip **z, const char *want)
{
	char got[32];

	memset(&ends, 0, sizeof(ends));
	zip_free(z);
	assert_null(*z);
	snprintf(got, sizeof(got), "%u%u%u%u%u%u", ends.inf, ends.def,
	    ends.fast, ends.dz, ends.cz, ends.mem);
	assert_string_equal(got, want);
}

static void
test_given_back(void **state)
{
	struct zip *z = NULL;
	size_t len;

	(void)state;
	given_back(&z, "000000");
	fill(4096);
	assert_non_null(z = zip_new(ZIP_DEFLATE, 4096));
	given_back(&z, "000001");
	assert_non_null(z = zip_new(ZIP_DEFLATE, 4096));
	assert_int_equal(zip_pack(z, in, packed, &len), 0);
	assert_int_equal(zip_pack(z, in, packed, &len), 0);
	given_back(&z, "010001");
	/* Whole blocks are for the fast one, the rest is for zlib, too. */
	assert_non_null(z = zip_new(ZIP_DEFLATE, 4096));
	assert_int_equal(zip_unpack(z, packed, len, out), 0);
	given_back(&z, "001001");
	assert_non_null(z = zip_new(ZIP_DEFLATE, 4096));
	assert_int_equal(zip_unpack(z, packed, 5, out), DISK_ECORRUPT);
	assert_int_equal(zip_unpack(z, packed, 5, out), DISK_ECORRUPT);
	given_back(&z, "101001");
	assert_non_null(z = zip_new(ZIP_ZSTD, 4096));
	assert_int_equal(zip_pack(z, in, packed, &len), 0);
	given_back(&z, "000011");
	assert_non_null(z = zip_new(ZIP_ZSTD, 4096));
	assert_int_equal(zip_unpack(z, packed, len, out), 0);
	given_back(&z, "000101");
}

/* The next call tries again. */
static void
test_no_memory(void **state)
{
	struct zip *z;
	size_t len;

	(void)state;
	fill(4096);
	assert_non_null(z = zip_new(ZIP_DEFLATE, 4096));
	assert_int_equal(zip_pack(z, in, packed, &len), 0);
	nomem = 1;
	assert_int_equal(zip_unpack(z, packed, len, out), DISK_ENOMEM);
	nomem = 0;
	assert_int_equal(zip_unpack(z, packed, len, out), 0);
	zip_free(&z);
	assert_non_null(z = zip_new(ZIP_ZSTD, 4096));
	nomem = 1;
	assert_int_equal(zip_pack(z, in, packed, &len), DISK_ENOMEM);
	nomem = 0;
	assert_int_equal(zip_pack(z, in, packed, &len), 0);
	nomem = 1;
	assert_int_equal(zip_unpack(z, packed, len, out), DISK_ENOMEM);
	nomem = 0;
	assert_int_equal(zip_unpack(z, packed, len, out), 0);
	assert_memory_equal(in, out, 4096);
	zip_free(&z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_error_behind),
		cmocka_unit_test(test_just_smaller),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
