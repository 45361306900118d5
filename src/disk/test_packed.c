/* Compressed clusters: where they lie, what they share, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memstore.h"
#include "prng.h"
#include "qcow2.h"

#define CLUSTER	4096u
#define COUNT	16u
#define SIZE	(COUNT * CLUSTER)

static struct ms m;
static uint8_t want[SIZE], got[SIZE];

static struct disk *
open_disk(int readonly)
{
	struct disk_opts o = { .format = DISK_QCOW2, .readonly = readonly };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;

	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	return d;
}

static struct disk *
make(enum qcow2_ctype t)
{
	struct qcow2_params p = { .size = SIZE, .cluster_bits = 12,
	    .ctype = t };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;

	ms_reset(&m);
	memset(want, 0, sizeof(want));
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	return open_disk(0);
}

/* Cluster i: so many bytes of noise, then zeros. */
static uint8_t *
noise(unsigned i, size_t n)
{
	uint8_t *p = want + i * CLUSTER;
	struct prng r;
	size_t k;

	prng_seed(&r, i + 1);
	memset(p, 0, CLUSTER);
	for (k = 0; k < n; k++)
		p[k] = (uint8_t)prng_next(&r);
	return p;
}

static void
pack(struct disk *d, unsigned i, size_t n)
{
	assert_int_equal(qcow2_write_packed(d, noise(i, n), i * CLUSTER), 0);
}

static void
finish(struct disk **d, uint64_t packed)
{
	struct qcow2_check c = { 0 };

	disk_close(d);
	*d = open_disk(1);
	assert_int_equal(disk_read(*d, got, SIZE, 0), 0);
	assert_memory_equal(got, want, SIZE);
	assert_int_equal(qcow2_check(*d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	assert_int_equal(c.leaks, 0);
	assert_int_equal(c.compressed, packed);
	disk_close(d);
}

/* One follows the other without a gap, across clusters of the file. */
static void
test_dense(void **state)
{
	enum qcow2_ctype t;
	struct disk *d;
	uint64_t first, len, i;

	(void)state;
	for (t = QCOW2_ZLIB; t <= QCOW2_ZSTD; t++) {
		d = make(t);
		pack(d, 0, 2400);
		first = m.size;
		pack(d, 1, 2400);
		len = m.size - first;
		assert_in_range(len, 2400, 2500);
		for (i = 2; i < COUNT; i++)
			pack(d, (unsigned)i, 2400);
		assert_in_range(m.size - first, (COUNT - 1) * (len - 4),
		    (COUNT - 1) * (len + 4));
		finish(&d, COUNT);
	}
}

/* The next cluster of the file is somebody else's. */
static void
test_not_adjacent(void **state)
{
	struct disk *d;
	unsigned i;

	(void)state;
	d = make(QCOW2_ZLIB);
	for (i = 0; i < COUNT; i += 4) {
		pack(d, i, 2400);
		assert_int_equal(disk_write(d, noise(i + 1, CLUSTER),
		    CLUSTER, (i + 1) * CLUSTER), 0);
		pack(d, i + 2, 2400);
		pack(d, i + 3, 300);
	}
	finish(&d, COUNT * 3 / 4);
}

/* What does not get smaller is kept as it is. */
static void
test_noise(void **state)
{
	enum qcow2_ctype t;
	struct disk *d;

	(void)state;
	for (t = QCOW2_ZLIB; t <= QCOW2_ZSTD; t++) {
		d = make(t);
		pack(d, 0, CLUSTER);
		pack(d, COUNT - 1, CLUSTER);
		pack(d, 3, 100);
		finish(&d, 1);
	}
}

/* Written again, packed or not: what was there is given back. */
static void
test_replaced(void **state)
{
	struct disk *d;
	unsigned i;
	uint64_t end;

	(void)state;
	d = make(QCOW2_ZLIB);
	for (i = 0; i < COUNT; i++)
		pack(d, i, 1000);
	assert_int_equal(disk_flush(d), 0);
	assert_int_equal(disk_flush(d), 0);
	end = m.size;
	for (i = 0; i < 200; i++) {
		pack(d, i % COUNT, 900 + i);
		assert_int_equal(disk_flush(d), 0);
		assert_int_equal(disk_flush(d), 0);
	}
	assert_true(m.size < 3 * end);
	for (i = 0; i < COUNT; i += 2)
		assert_int_equal(disk_write(d, noise(i, 70), CLUSTER,
		    i * CLUSTER), 0);
	finish(&d, COUNT / 2);
}

static void
test_refused(void **state)
{
	static uint8_t b[CLUSTER];
	struct disk *d;

	(void)state;
	d = make(QCOW2_ZLIB);
	assert_int_equal(qcow2_write_packed(d, b, SIZE), DISK_EINVAL);
	assert_int_equal(qcow2_write_packed(d, b, 512), DISK_EINVAL);
	assert_int_equal(qcow2_put_packed(d, b, 100, SIZE), DISK_EINVAL);
	assert_int_equal(qcow2_put_packed(d, b, 100, 512), DISK_EINVAL);
	assert_int_equal(qcow2_put_packed(d, b, 0, 0), DISK_EINVAL);
	assert_int_equal(qcow2_put_packed(d, b, CLUSTER, 0), DISK_EINVAL);
	finish(&d, 0);
	d = open_disk(1);
	assert_int_equal(qcow2_put_packed(d, b, 100, 0), DISK_EROFS);
	assert_int_equal(qcow2_write_packed(d, b, 0), DISK_EROFS);
	disk_close(&d);
	/* The longest that there can be, and the last of the disk. */
	d = make(QCOW2_ZLIB);
	assert_int_equal(qcow2_put_packed(d, b, CLUSTER - 1, 0), 0);
	assert_int_equal(qcow2_put_packed(d, b, 1, SIZE - CLUSTER), 0);
	assert_int_equal(disk_read(d, got, 1, 0), DISK_ECORRUPT);
	disk_close(&d);
}

/* What info tells. */
static void
test_info(void **state)
{
	struct qcow2_params p = { .size = SIZE, .cluster_bits = 10,
	    .refcount_order = 3, .order_given = 1, .ctype = QCOW2_ZSTD,
	    .lazy = 1, .backing = "base", .backing_fmt = "raw" };
	struct disk_opts o = { .nobacking = 1, .damaged = 1, .readonly = 1 };
	struct bstore bs = ms_bstore(&m);
	struct qcow2_info i;
	struct disk_why why;
	struct disk *d;

	(void)state;
	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	m.buf[79] |= 3;				/* dirty and corrupt */
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	qcow2_info(d, &i);
	assert_true(i.version == 3 && i.cluster_bits == 10);
	assert_true(i.refcount_order == 3 && i.ctype == QCOW2_ZSTD);
	assert_true(i.lazy && i.dirty && i.corrupt && i.nsnapshots == 0);
	assert_string_equal(i.backing, "base");
	assert_string_equal(i.backing_fmt, "raw");
	disk_close(&d);
	d = make(QCOW2_ZLIB);
	qcow2_info(d, &i);
	assert_true(i.version == 3 && i.cluster_bits == 12);
	assert_true(i.refcount_order == 4 && i.ctype == QCOW2_ZLIB);
	assert_false(i.lazy || i.dirty || i.corrupt);
	assert_null(i.backing);
	assert_null(i.backing_fmt);
	disk_close(&d);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&m, 1u << 20);
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
		cmocka_unit_test(test_dense),
		cmocka_unit_test(test_not_adjacent),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_info),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
