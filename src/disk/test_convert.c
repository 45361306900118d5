/* Copies between all formats, sparse in and out, in parts and whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "convert.h"
#include "memstore.h"
#include "qcow2.h"

#define SIZE	((5u << 20) + 512)
#define CAP	(16u << 20)

static struct ms src, dst;
static uint8_t a[SIZE], b[SIZE];

static struct disk *
make(struct ms *m, enum disk_format f, unsigned bits)
{
	struct qcow2_params p = { .size = SIZE, .cluster_bits = bits,
	    .ctype = bits % 2 ? QCOW2_ZSTD : QCOW2_ZLIB };
	struct disk_opts o = { .format = f };
	struct bstore bs = ms_bstore(m);
	struct disk_why why;
	struct disk *d;

	ms_reset(m);
	assert_int_equal(f == DISK_RAW ? bs_resize(&bs, SIZE) :
	    qcow2_create(&bs, &p, &why), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	return d;
}

/* Data in the middle, short zeros in it, and a last byte. */
static struct disk *
source(enum disk_format f)
{
	struct disk *d = make(&src, f, 12);
	size_t i;

	memset(a, 0, SIZE);
	for (i = 1u << 20; i < 4u << 20; i++)
		a[i] = (uint8_t)(i / 3 + i / 4096);
	memset(a + (2u << 20), 0, 100000);
	a[SIZE - 1] = 1;
	assert_int_equal(disk_write(d, a + (1u << 20), 3u << 20, 1u << 20),
	    0);
	assert_int_equal(disk_write(d, a + SIZE - 1, 1, SIZE - 1), 0);
	return d;
}

static void
copy(struct disk *s, struct disk *d, int packed, uint64_t from, uint64_t to)
{
	struct convert c;
	int rv;

	assert_int_equal(convert_begin(&c, s, d, packed), 0);
	c.pos = from;
	c.to = to;
	while ((rv = convert_step(&c)) == 1)
		;
	assert_int_equal(rv, 0);
	assert_int_equal(c.pos, to);
	convert_end(&c);
}

static void
compare(struct disk *d)
{
	struct qcow2_check c = { 0 };

	assert_int_equal(disk_read(d, b, SIZE, 0), 0);
	assert_memory_equal(a, b, SIZE);
	if (d->format == DISK_QCOW2) {
		assert_int_equal(qcow2_check(d, &c, 0), 0);
		assert_int_equal(c.corruptions + c.leaks, 0);
	}
}

static void
test_all_pairs(void **state)
{
	unsigned from, to, bits;
	struct disk *s, *d;

	(void)state;
	for (from = DISK_RAW; from <= DISK_QCOW2; from++)
		for (to = 0; to < 3; to++)
			for (bits = 9; bits <= 21; bits += 3) {
				s = source(from);
				d = make(&dst, to == 0 ? DISK_RAW :
				    DISK_QCOW2, bits);
				copy(s, d, to == 2, 0, SIZE);
				compare(d);
				disk_close(&s);
				disk_close(&d);
			}
}

static void
test_in_parts(void **state)
{
	struct disk *s = source(DISK_QCOW2), *d = make(&dst, DISK_RAW, 0);

	(void)state;
	copy(s, d, 0, 3u << 20, SIZE);
	copy(s, d, 0, 0, 3u << 20);
	compare(d);
	disk_close(&s);
	disk_close(&d);
}

/* What is zero is not written. */
static void
test_sparse(void **state)
{
	struct disk *s = source(DISK_RAW), *d = make(&dst, DISK_QCOW2, 16);

	(void)state;
	copy(s, d, 0, 0, SIZE);
	assert_true(dst.size < 4u << 20);
	disk_close(&s);
	disk_close(&d);
}

static void
test_is_zero(void **state)
{
	static uint8_t z[100];
	size_t i, n;

	(void)state;
	for (n = 0; n <= sizeof(z); n++)
		assert_true(convert_is_zero(z, n));
	for (i = 0; i < sizeof(z); i++) {
		z[i] = 1;
		assert_false(convert_is_zero(z, sizeof(z)));
		assert_true(convert_is_zero(z, i));
		z[i] = 0;
	}
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&src, CAP);
	ms_init(&dst, CAP);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&src);
	ms_free(&dst);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_in_parts),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_is_zero),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
