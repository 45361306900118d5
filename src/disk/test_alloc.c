/*
 * Where new clusters come from when a file is not as we would have left it:
 * longer than what is counted, full at its front, with garbage behind its
 * end, or as long as a file can be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bebytes.h"
#include "memstore.h"
#include "prng.h"
#include "qcow2.h"

#define CLUSTER	512u
#define CAP	(192u << 20)
#define MAXDISK	(4u << 20)
#define L1OFF	(3 * CLUSTER)		/* of a new image without a base */
#define COPIED	(1ULL << 63)

static struct ms m;
static uint8_t data[MAXDISK], got[MAXDISK];

/* Blocks of 64 counts: they and their table run out soon. */
static void
make(uint64_t size)
{
	struct qcow2_params p = { .size = size, .cluster_bits = 9,
	    .refcount_order = 6, .order_given = 1 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;

	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
}

static struct disk *
open_disk(const struct bstore *bs)
{
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct disk_why why;
	struct disk *d;

	assert_int_equal(disk_open(bs, &o, &d, &why), 0);
	return d;
}

static struct disk *
open_top(void)
{
	struct bstore bs = ms_bstore(&m);

	return open_disk(&bs);
}

static void
sound(struct disk *d, uint64_t leaks)
{
	struct qcow2_check c = { 0 };

	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	assert_int_equal(c.leaks, leaks);
}

/* Reads back the first len bytes, and finds nothing wrong. */
static void
reads(size_t len, uint64_t leaks)
{
	struct disk *d = open_top();

	assert_int_equal(disk_read(d, got, len, 0), 0);
	assert_memory_equal(got, data, len);
	sound(d, leaks);
	disk_close(&d);
}

/* What is behind the counted part of the file is no block of counts. */
static void
dirty_end(uint64_t len)
{
	uint64_t old = m.size;
	struct bstore bs = ms_bstore(&m);

	assert_int_equal(bs_resize(&bs, old + len), 0);
	memset(m.buf + old, 0xff, len);
}

static void
test_garbage(void **state)
{
	struct disk *d;

	(void)state;
	make(MAXDISK);
	dirty_end(128u << 10);
	d = open_top();
	assert_int_equal(disk_write(d, data, 200u << 10, 0), 0);
	disk_close(&d);
	reads(200u << 10, 0);
}

/* The same with each write failing once. */
static void
test_garbage_fails(void **state)
{
	struct ms_plan plan = { 0 };
	struct disk *d;
	int rv = -1;

	(void)state;
	for (plan.fail_write = 1; rv != 0; plan.fail_write++) {
		make(MAXDISK);
		dirty_end(128u << 10);
		ms_plan(&m, &plan);
		d = open_top();
		rv = disk_write(d, data, 90u << 10, 0);
		if (rv == 0)
			rv = disk_flush(d);
		assert_true(rv == 0 || rv == DISK_EIO);
		disk_close(&d);
		ms_revive(&m);
		d = open_top();
		assert_int_equal(disk_write(d, data, 90u << 10, 0), 0);
		disk_close(&d);
		d = open_top();
		assert_int_equal(disk_read(d, got, 90u << 10, 0), 0);
		assert_memory_equal(got, data, 90u << 10);
		assert_true(plan.fail_write < 1000);
		disk_close(&d);
	}
	assert_true(plan.fail_write > 4);
}

/* More blocks in use than a request looks at: it goes on at the end. */
static void
test_full_front(void **state)
{
	struct ms_plan plan = { 0 };
	struct disk *d;
	uint64_t end = 0, off;

	(void)state;
	make(MAXDISK);
	d = open_top();
	assert_int_equal(disk_write(d, data, MAXDISK - 4 * CLUSTER, 0), 0);
	disk_close(&d);
	/* The first few fill what a table that moved has left. */
	for (off = MAXDISK - 4 * CLUSTER; off < MAXDISK; off += CLUSTER) {
		end = m.size;
		d = open_top();
		plan.fail_read = 1000;		/* never: they are counted */
		ms_plan(&m, &plan);
		assert_int_equal(disk_write(d, data + off, CLUSTER, off), 0);
		assert_in_range(m.nreads, 1, 160);
		disk_close(&d);
	}
	assert_true(m.nreads >= 64);
	assert_true(m.size > end);
	reads(MAXDISK, 0);
}

/* A row far behind: the table of blocks moves and gets several blocks. */
static void
test_far(void **state)
{
	struct bstore bs = ms_bstore(&m);
	struct disk *d;

	(void)state;
	make(MAXDISK);
	assert_int_equal(bs_resize(&bs, 140u << 20), 0);
	d = open_top();
	assert_int_equal(disk_grow(d, 2 * MAXDISK), 0);
	assert_int_equal(disk_write(d, data, MAXDISK, 0), 0);
	assert_int_equal(disk_write(d, data, CLUSTER, MAXDISK), 0);
	disk_close(&d);
	reads(MAXDISK, 0);
	/* And a longer row than a block counts, twice. */
	d = open_top();
	assert_int_equal(disk_grow(d, 512u << 20), 0);
	assert_int_equal(disk_grow(d, 1100u << 20), 0);
	assert_int_equal(disk_write(d, data, CLUSTER, 1000u << 20), 0);
	disk_close(&d);
	reads(MAXDISK, 0);
}

/* A file that claims a size; it reads as zeros and takes nothing there. */
static uint64_t claim;

static int
claimed_size(void *arg, uint64_t *size)
{
	(void)arg;
	*size = claim;
	return 0;
}

static struct bstore
claiming(uint64_t size)
{
	static struct bstore_ops ops;
	struct bstore bs = ms_bstore(&m);

	ops = *bs.ops;
	ops.size = claimed_size;
	bs.ops = &ops;
	claim = size;
	return bs;
}

/* Nor is there memory for a check of all that. */
static void
too_long(const struct bstore *bs)
{
	struct disk_opts o = { .format = DISK_QCOW2, .readonly = 1 };
	struct qcow2_check c = { 0 };
	struct disk_why why;
	struct disk *d;

	assert_int_equal(disk_open(bs, &o, &d, &why), 0);
	assert_int_equal(qcow2_check(d, &c, 0), DISK_ENOTSUP);
	disk_close(&d);
}

static void
test_endless_file(void **state)
{
	static const unsigned bits[] = { 9, 16, 21, 21 };
	static const unsigned order[] = { 6, 4, 0, 6 };
	static const uint64_t size[] = { 1ULL << 40, 1ULL << 55, 1ULL << 56,
	    (1ULL << 56) - (1u << 20) };
	struct qcow2_params p = { .size = MAXDISK, .order_given = 1 };
	struct bstore bs;
	struct disk_why why;
	struct disk *d;
	size_t i, k;

	(void)state;
	for (i = 0; i < 4; i++)
		for (k = 0; k < 4; k++) {
			ms_reset(&m);
			bs = ms_bstore(&m);
			p.cluster_bits = bits[i];
			p.refcount_order = order[i];
			assert_int_equal(qcow2_create(&bs, &p, &why), 0);
			bs = claiming(size[k]);
			d = open_disk(&bs);
			/* There is room in front, and none behind. */
			assert_int_equal(disk_write(d, data, 4096, 0), 0);
			assert_int_equal(disk_grow(d, 1ULL << (8 +
			    2 * bits[i])), DISK_ENOSPC);
			assert_int_equal(disk_read(d, got, 4096, 0), 0);
			assert_memory_equal(got, data, 4096);
			disk_close(&d);
			if (size[k] >> bits[i] > 1ULL << 27)
				too_long(&bs);
		}
}

/* A cluster in use that no count can be made for: no repair, no harm. */
static void
test_uncounted(void **state)
{
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&m);
	uint64_t reach = 2u << 20, far, l2;	/* 64 blocks of 64 counts */
	struct disk_why why;
	struct disk *d;

	(void)state;
	for (far = 3u << 20; far >= 1u << 20; far -= CLUSTER) {
		make(MAXDISK);
		d = open_top();
		assert_int_equal(disk_write(d, data, CLUSTER, 0), 0);
		disk_close(&d);
		assert_int_equal(bs_resize(&bs, far + CLUSTER), 0);
		l2 = beb64_get(m.buf + L1OFF) & ~COPIED;
		beb64_put(m.buf + l2 + 8, far | COPIED);
		m.buf[79] |= 1;			/* dirty */
		/* The block that is missing comes behind the cluster. */
		if (far + CLUSTER >= reach) {
			assert_int_not_equal(disk_open(&bs, &o, &d, &why), 0);
			assert_non_null(strstr(why.text, "repaired"));
			continue;
		}
		assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
		sound(d, 0);
		disk_close(&d);
	}
}

/* An L2 table that was read, was replaced and serves another part. */
static void
test_table_again(void **state)
{
	struct disk *d;
	uint64_t was;

	(void)state;
	make(MAXDISK);
	d = open_top();
	assert_int_equal(disk_write(d, data, 32u << 10, 0), 0);
	disk_close(&d);
	/* Not marked as ours alone: a change copies it. */
	was = beb64_get(m.buf + L1OFF);
	assert_true(was & COPIED);
	beb64_put(m.buf + L1OFF, was & ~COPIED);
	d = open_top();
	assert_int_equal(disk_read(d, got, CLUSTER, 0), 0);
	assert_int_equal(disk_zero(d, 0, CLUSTER, 0), 0);
	assert_int_equal(disk_flush(d), 0);
	/* Its cluster is the first free one. */
	assert_int_equal(disk_write(d, data + (32u << 10), CLUSTER,
	    32u << 10), 0);
	assert_int_equal(disk_read(d, got, 64u << 10, 0), 0);
	memset(data, 0, CLUSTER);
	memset(data + (32u << 10) + CLUSTER, 0, (32u << 10) - CLUSTER);
	assert_memory_equal(got, data, 64u << 10);
	disk_close(&d);
	assert_int_equal(beb64_get(m.buf + L1OFF + 8), was);
	reads(64u << 10, 0);
}

/* The little that a new cluster gets makes the file no longer than that. */
static void
test_no_fill(void **state)
{
	struct qcow2_params p = { .size = MAXDISK };
	struct bstore bs = ms_bstore(&m);
	struct disk_extent e;
	struct disk_why why;
	struct disk *d;

	(void)state;
	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	d = open_top();
	assert_int_equal(disk_write(d, "x", 1, 0), 0);
	assert_int_equal(disk_flush(d), 0);
	assert_int_equal(disk_write(d, "x", 1, 65536 + 100), 0);
	assert_int_equal(m.size % 65536, 101);
	assert_int_equal(disk_zero(d, 3 * 65536, 65536, 1), 0);
	assert_int_equal(disk_write(d, "x", 1, 3 * 65536 + 200), 0);
	assert_int_equal(m.size % 65536, 201);
	/* A cluster in reserve has a place, zeros alone have none. */
	assert_int_equal(disk_zero(d, 0, 65536, 0), 0);
	assert_int_equal(disk_extent(d, 5, 100, &e), 0);
	assert_true(e.kind == DISK_ZERO && e.hosted && e.host % 65536 == 5);
	assert_int_equal(disk_zero(d, 4 * 65536, 65536, 1), 0);
	assert_int_equal(disk_extent(d, 4 * 65536, 100, &e), 0);
	assert_true(e.kind != DISK_DATA && !e.hosted && e.host == 0);
	assert_int_equal(disk_extent(d, 65536 + 7, 100, &e), 0);
	assert_true(e.kind == DISK_DATA && e.hosted && e.host % 65536 == 7);
	disk_close(&d);
}

static int
same_base(void *arg, struct disk_ref *ref, struct bstore *out,
    struct disk_why *why)
{
	(void)ref;
	(void)why;
	*out = ms_bstore(arg);
	out->id[1]++;
	return 0;
}

/* Over a base a discard makes zeros, where the version has them. */
static void
test_discard_over_base(void **state)
{
	struct qcow2_params p = { .size = 65536, .cluster_bits = 12,
	    .backing = "base", .backing_fmt = "raw" };
	struct disk_opener op = { same_base, &m };
	struct disk_opts o = { .format = DISK_QCOW2, .opener = &op };
	struct bstore bs = ms_bstore(&m);
	struct disk_extent e;
	struct disk_why why;
	struct disk *d;
	uint64_t l2;

	(void)state;
	for (p.version = 2; p.version <= 3; p.version++) {
		ms_reset(&m);
		assert_int_equal(qcow2_create(&bs, &p, &why), 0);
		assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
		assert_int_equal(disk_write(d, data, 32768, 0), 0);
		assert_int_equal(disk_discard(d, 4096, 8192), 0);
		assert_int_equal(disk_extent(d, 4096, 8192, &e), 0);
		assert_int_equal(e.kind, p.version == 2 ? DISK_DATA :
		    DISK_ZERO);
		assert_int_equal(e.len, 8192);
		assert_int_equal(disk_read(d, got, 32768, 0), 0);
		if (p.version == 3)
			memset(data + 4096, 0, 8192);
		assert_memory_equal(got, data, 32768);
		disk_close(&d);
		assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
		sound(d, 0);
		disk_close(&d);
	}
	/* An entry that cannot be is no reason to go on. */
	l2 = beb64_get(m.buf + beb64_get(m.buf + 40)) & ~COPIED;
	m.buf[l2 + 8 * 5 + 7] |= 2;
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(disk_discard(d, 4 * 4096, 3 * 4096), DISK_ECORRUPT);
	assert_int_equal(disk_zero(d, 4 * 4096, 3 * 4096, 1), DISK_ECORRUPT);
	disk_close(&d);
}

/* What a write that failed left in a new cluster does not show. */
static void
test_failed_write(void **state)
{
	struct ms_plan plan = { 0 };
	struct qcow2_params p = { .size = MAXDISK };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;
	unsigned i;

	(void)state;
	for (plan.seed = 0; plan.seed < 40; plan.seed++) {
		ms_reset(&m);
		assert_int_equal(qcow2_create(&bs, &p, &why), 0);
		plan.fail_write = 1;
		ms_plan(&m, &plan);
		d = open_top();
		memset(got, 0x55, 65536);
		assert_int_equal(disk_write(d, got, 65536, 0), DISK_EIO);
		assert_int_equal(disk_write(d, "new", 3, 70000), 0);
		assert_int_equal(disk_read(d, got, 131072, 0), 0);
		for (i = 0; i < 131072; i++)
			if (got[i] != 0 && (i < 70000 || i > 70002))
				fail_msg("%u holds %u", i, got[i]);
		disk_close(&d);
	}
}

static int
begin(void **state)
{
	struct prng r;
	size_t i;

	(void)state;
	ms_init(&m, CAP);
	prng_seed(&r, 5);
	for (i = 0; i < MAXDISK; i++)
		data[i] = (uint8_t)prng_next(&r);
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
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_garbage_fails),
		cmocka_unit_test(test_full_front),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_endless_file),
		cmocka_unit_test(test_no_fill),
		cmocka_unit_test(test_discard_over_base),
		cmocka_unit_test(test_failed_write),
		cmocka_unit_test(test_table_again),
		cmocka_unit_test(test_uncounted),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
