/* Paths of qcow2 that random programs seldom take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bebytes.h"
#include "convert.h"
#include "memstore.h"
#include "qcow2.h"

#define CAP	(96u << 20)

static struct ms m;

static struct disk *
open_it(void)
{
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;

	if (disk_open(&bs, &o, &d, &why) != 0)
		fail_msg("%s", why.text);
	return d;
}

static struct disk *
make(struct qcow2_params p)
{
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;

	ms_reset(&m);
	if (qcow2_create(&bs, &p, &why) != 0)
		fail_msg("%s", why.text);
	return open_it();
}

/* Closes, and looks whether all is in order. */
static void
finish(struct disk **d, int leaks_ok)
{
	struct qcow2_check c = { 0 };

	disk_close(d);
	*d = open_it();
	assert_int_equal(qcow2_check(*d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	if (!leaks_ok)
		assert_int_equal(c.leaks, 0);
	disk_close(d);
}

/* The refcount table has to grow, several times, and every width can. */
static void
test_table_grows(void **state)
{
	static uint8_t buf[1u << 20];
	unsigned order, i;
	struct disk *d;

	(void)state;
	memset(buf, 0xab, sizeof(buf));
	for (order = 3; order <= 6; order++) {
		d = make((struct qcow2_params){ .size = 24u << 20,
		    .cluster_bits = 9, .refcount_order = order,
		    .order_given = 1 });
		for (i = 0; i < 24; i++)
			assert_int_equal(disk_write(d, buf, sizeof(buf),
			    i * sizeof(buf)), 0);
		assert_true(beb32_get(m.buf + 56) > (order > 3 ? 1 : 0));
		finish(&d, 0);
	}
}

/* An L1 table longer than what one refcount block counts. */
static void
test_long_row(void **state)
{
	struct disk *d;
	uint8_t b[4];

	(void)state;
	d = make((struct qcow2_params){ .size = 1u << 20, .cluster_bits = 9,
	    .refcount_order = 6, .order_given = 1 });
	assert_int_equal(disk_write(d, "abcd", 4, 5000), 0);
	assert_int_equal(disk_grow(d, 2ULL << 30), 0);
	assert_int_equal(disk_write(d, "efgh", 4, 2147000000), 0);
	assert_int_equal(disk_grow(d, 9ULL << 30), 0);
	finish(&d, 0);
	d = open_it();
	assert_int_equal(d->size, 9ULL << 30);
	assert_int_equal(disk_read(d, b, 4, 5000), 0);
	assert_memory_equal(b, "abcd", 4);
	assert_int_equal(disk_read(d, b, 4, 2147000000), 0);
	assert_memory_equal(b, "efgh", 4);
	assert_int_equal(disk_grow(d, INT64_MAX), DISK_ERANGE);
	disk_close(&d);
}

/* More tables than the cache holds: they go out and come back. */
static void
test_cache_full(void **state)
{
	struct disk *d;
	uint64_t i, v;

	(void)state;
	d = make((struct qcow2_params){ .size = 256u << 20,
	    .cluster_bits = 9 });
	for (i = 0; i < 6000; i++)
		assert_int_equal(disk_write(d, &i, 8, i * 32768), 0);
	for (i = 0; i < 6000; i++) {
		assert_int_equal(disk_read(d, &v, 8, i * 32768), 0);
		assert_int_equal(v, i);
	}
	for (i = 0; i < 6000; i += 2)
		assert_int_equal(disk_discard(d, i * 32768, 512), 0);
	finish(&d, 0);
	d = open_it();
	for (i = 0; i < 6000; i++) {
		assert_int_equal(disk_read(d, &v, 8, i * 32768), 0);
		assert_int_equal(v, i % 2 ? i : 0);
	}
	disk_close(&d);
}

/* Space that was given back is used again: the file does not grow. */
static void
test_space_is_reused(void **state)
{
	static uint8_t buf[256u << 10];
	struct disk *d;
	uint64_t size = 0;
	int i;

	(void)state;
	memset(buf, 1, sizeof(buf));
	d = make((struct qcow2_params){ .size = 8u << 20,
	    .cluster_bits = 12 });
	for (i = 0; i < 20; i++) {
		assert_int_equal(disk_write(d, buf, sizeof(buf),
		    (uint64_t)i % 8 * sizeof(buf)), 0);
		assert_int_equal(disk_flush(d), 0);
		if (i == 1)
			size = m.size;
		assert_int_equal(disk_discard(d, (uint64_t)i % 8 *
		    sizeof(buf), sizeof(buf)), 0);
		assert_int_equal(disk_flush(d), 0);
	}
	assert_true(m.size <= size + 8192);
	finish(&d, 0);
}

static void
test_create_refuses(void **state)
{
	static const struct {
		struct qcow2_params	p;
		const char		*part;
	} t[] = {
		{ { .size = 1 }, "512" },
		{ { .size = 1ULL << 63 }, "512" },
		{ { .size = 512, .version = 1 }, "version" },
		{ { .size = 512, .cluster_bits = 8 }, "cluster size" },
		{ { .size = 512, .cluster_bits = 22 }, "cluster size" },
		{ { .size = 512, .refcount_order = 7, .order_given = 1 },
		    "refcount" },
		{ { .size = 512, .version = 2, .lazy = 1 }, "version 2" },
		{ { .size = 512, .version = 2, .ctype = QCOW2_ZSTD },
		    "version 2" },
		{ { .size = 512, .backing = "x", .prealloc = 1 },
		    "exclude" },
		{ { .size = 1ULL << 50, .cluster_bits = 9 }, "too large" },
		{ { .size = 512, .backing = "x",
		    .backing_fmt = "a name that is too long" }, "format" },
		{ { .size = 512, .cluster_bits = 9, .backing =
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" }, "too long" },
	};
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ms_reset(&m);
		why.text[0] = '\0';
		assert_int_not_equal(qcow2_create(&bs, &t[i].p, &why), 0);
		if (strstr(why.text, t[i].part) == NULL)
			fail_msg("%zu: \"%s\"", i, why.text);
	}
}

/* An attempt that fails leaves no image, or one with leaks only. */
static void
test_create_fails(void **state)
{
	struct qcow2_params p = { .size = 1u << 20, .prealloc = 1 };
	struct bstore bs = ms_bstore(&m);
	struct ms_plan plan = { 0 };
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct disk_why why;
	struct disk *d;
	unsigned n;

	(void)state;
	for (n = 1; n < 40; n++) {
		ms_reset(&m);
		plan.crash_write = n;
		plan.seed = n;
		ms_plan(&m, &plan);
		if (qcow2_create(&bs, &p, &why) == 0)
			break;
		assert_int_not_equal(why.text[0], '\0');
		ms_revive(&m);
		if (disk_open(&bs, &o, &d, &why) == 0)
			finish(&d, 1);
	}
	assert_in_range(n, 4, 39);
}

/* When the store is full writes fail, and nothing else does. */
static void
test_full_store(void **state)
{
	static uint8_t buf[65536];
	struct disk *d;
	struct ms small;
	struct bstore bs;
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct qcow2_params p = { .size = 1u << 20, .cluster_bits = 12 };
	struct qcow2_check c = { 0 };
	struct disk_why why;
	uint64_t off;
	int rv = 0;

	(void)state;
	ms_init(&small, 300000);
	bs = ms_bstore(&small);
	memset(buf, 5, sizeof(buf));
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	for (off = 0; off < 1u << 20 && rv == 0; off += sizeof(buf))
		rv = disk_write(d, buf, sizeof(buf), off);
	assert_int_equal(rv, DISK_ENOSPC);
	assert_int_equal(disk_flush(d), 0);
	assert_int_equal(disk_read(d, buf, 512, 0), 0);
	assert_int_equal(buf[0], 5);
	disk_close(&d);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	disk_close(&d);
	ms_free(&small);
}

/* Entries that point at the tables are not followed by any write. */
static void
test_guest_writes_stay_off_tables(void **state)
{
	struct disk *d;
	uint64_t l1, l2;

	(void)state;
	d = make((struct qcow2_params){ .size = 65536, .cluster_bits = 9 });
	assert_int_equal(disk_write(d, "x", 1, 0), 0);
	disk_close(&d);
	l1 = beb64_get(m.buf + 40);
	l2 = beb64_get(m.buf + l1) & 0xfffffffffffe00ULL;
	beb64_put(m.buf + l2 + 8, 1ULL << 63 | l1);
	beb64_put(m.buf + l2 + 16, 1ULL << 63 | 512);
	d = open_it();
	assert_int_equal(disk_write(d, "x", 1, 512), DISK_ECORRUPT);
	assert_int_equal(disk_write(d, "x", 1, 1024), DISK_ECORRUPT);
	assert_int_equal(disk_zero(d, 512, 512, 1), DISK_ECORRUPT);
	assert_int_equal(disk_write(d, "y", 1, 1), 0);
	disk_close(&d);
}

static void
test_packed_arguments(void **state)
{
	static uint8_t buf[65536];
	struct disk_opts o = { .format = DISK_QCOW2, .readonly = 1 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct convert c;
	struct disk *d;

	(void)state;
	d = make((struct qcow2_params){ .size = 100 << 10 });
	assert_int_equal(qcow2_write_packed(d, buf, 512), DISK_EINVAL);
	assert_int_equal(qcow2_write_packed(d, buf, 2 << 16), DISK_EINVAL);
	assert_int_equal(qcow2_write_packed(d, buf, 65536), 0);
	finish(&d, 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(qcow2_write_packed(d, buf, 0), DISK_EROFS);
	assert_int_equal(qcow2_rebuild(d), DISK_EROFS);
	disk_close(&d);
	o.format = DISK_RAW;
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(convert_begin(&c, d, d, 1), DISK_EINVAL);
	disk_close(&d);
}

/* What deflate left is damaged: reads say so. */
static void
test_packed_damage(void **state)
{
	enum qcow2_ctype t;
	static uint8_t buf[65536];
	struct disk *d;
	size_t i;

	(void)state;
	for (t = QCOW2_ZLIB; t <= QCOW2_ZSTD; t++) {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = (uint8_t)(i * i >> 5);
		d = make((struct qcow2_params){ .size = 65536, .ctype = t });
		i = m.size;
		assert_int_equal(qcow2_write_packed(d, buf, 0), 0);
		disk_close(&d);
		memset(m.buf + i, 0xff, m.size - i);
		memset(m.buf + (5u << 16), 0xff, 4000);
		d = open_it();
		assert_int_equal(disk_read(d, buf, 10, 0), DISK_ECORRUPT);
		disk_close(&d);
	}
}

/* Space with old bytes in it becomes an L2 table. */
static int
reuse(struct disk *d)
{
	int rv;

	rv = disk_write(d, "new", 3, 900 << 10);
	if (rv == 0)
		rv = disk_flush(d);
	return rv;
}

/* The L1 table moves. */
static int
move(struct disk *d)
{
	int rv;

	rv = disk_grow(d, 9u << 20);
	if (rv == 0)
		rv = disk_write(d, "new", 3, 8 << 20);
	if (rv == 0)
		rv = disk_flush(d);
	return rv;
}

/* Old bytes in all free clusters, as a store has that cannot punch. */
static void
soil(void)
{
	uint64_t block = beb64_get(m.buf + 512), c;

	for (c = 0; c < 256 && c < m.size / 512; c++)
		if (beb16_get(m.buf + block + 2 * c) == 0)
			memset(m.buf + c * 512, 0x11, 512);
}

/*
 * A crash at each write, with many ways to lose what was not flushed: tables
 * are safe before something points at them, and flushed bytes stay.
 */
static void
lossy(int (*fn)(struct disk *))
{
	static uint8_t junk[60 << 10], b[512];
	struct ms_plan plan = { .lossy = 1 };
	struct disk *d;
	unsigned n, seed;
	int rv = -1;

	memset(junk, 0x11, sizeof(junk));
	for (n = 1; rv != 0; n++)
		for (seed = 0; seed < 24; seed++) {
			d = make((struct qcow2_params){ .size = 1u << 20,
			    .cluster_bits = 9 });
			assert_int_equal(disk_write(d, junk, sizeof(junk),
			    4096), 0);
			assert_int_equal(disk_flush(d), 0);
			assert_int_equal(disk_discard(d, 8192, 32768), 0);
			assert_int_equal(disk_flush(d), 0);
			assert_int_equal(disk_flush(d), 0);
			soil();
			plan.crash_write = n;
			plan.seed = seed;
			ms_plan(&m, &plan);
			rv = fn(d);
			disk_close(&d);
			ms_revive(&m);
			finish(&d, 1);
			d = open_it();
			assert_int_equal(disk_read(d, b, 512, 4096), 0);
			assert_memory_equal(b, junk, 512);
			disk_close(&d);
		}
	assert_in_range(n, 4, 60);
}

static void
test_lossy_reuse(void **state)
{
	(void)state;
	lossy(reuse);
}

static void
test_lossy_move(void **state)
{
	(void)state;
	lossy(move);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&m, CAP);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&m);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_grows),
		cmocka_unit_test(test_long_row),
		cmocka_unit_test(test_cache_full),
		cmocka_unit_test(test_space_is_reused),
		cmocka_unit_test(test_create_refuses),
		cmocka_unit_test(test_create_fails),
		cmocka_unit_test(test_full_store),
		cmocka_unit_test(test_guest_writes_stay_off_tables),
		cmocka_unit_test(test_packed_arguments),
		cmocka_unit_test(test_packed_damage),
		cmocka_unit_test(test_lossy_reuse),
		cmocka_unit_test(test_lossy_move),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
