/*
 * Internal snapshots: an image gets one by hand, as the format says, and is
 * written to.  What the snapshot shows stays as it was; counts go down where
 * they must; tables of snapshots that cannot be are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "qcow2.h"
#include "test_mksnap.h"

#define CLUSTER	512u
#define SIZE	(64u << 10)
#define CAP	(1u << 20)

static struct ms m, view;
static uint8_t first[SIZE], buf[SIZE];

static int
try_open(struct ms *store, int readonly, struct disk **d,
    struct disk_why *why)
{
	struct disk_opts o = { .format = DISK_QCOW2, .readonly = readonly };
	struct bstore bs = ms_bstore(store);

	return disk_open(&bs, &o, d, why);
}

static struct disk *
open_disk(struct ms *store, int readonly)
{
	struct disk_why why;
	struct disk *d;

	assert_int_equal(try_open(store, readonly, &d, &why), 0);
	return d;
}

/* All clusters written, then the snapshot; where its entry is. */
static uint64_t
make(void)
{
	struct qcow2_params p = { .size = SIZE, .cluster_bits = 9 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;
	size_t i;

	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	d = open_disk(&m, 0);
	for (i = 0; i < SIZE; i++)
		first[i] = (uint8_t)(i / CLUSTER + i % 7 + 1);
	assert_int_equal(disk_write(d, first, SIZE, 0), 0);
	disk_close(&d);
	return mks_snapshot(&m);
}

/* The image as it would be after a return to the snapshot. */
static void
check_view(uint64_t entry)
{
	struct disk *d;

	ms_load(&view, m.buf, m.size);
	memcpy(view.buf + MKS_L1OFF, m.buf + entry, 8);
	d = open_disk(&view, 1);
	assert_int_equal(disk_read(d, buf, SIZE, 0), 0);
	assert_memory_equal(buf, first, SIZE);
	disk_close(&d);
}

static void
check_counts(uint64_t leaks)
{
	struct qcow2_check c = { 0 };
	struct disk *d = open_disk(&m, 0);

	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	assert_int_equal(c.leaks, leaks);
	disk_close(&d);
}

static uint16_t
data_count(unsigned cluster)
{
	uint64_t e;

	e = beb64_get(m.buf + (beb64_get(m.buf + beb64_get(m.buf + MKS_L1OFF) +
	    cluster / 64 * 8) & MKS_OFFSET) + cluster % 64 * 8);
	return *mks_count(&m, e & MKS_OFFSET);
}

static void
test_write(void **state)
{
	uint64_t entry = make();
	struct disk *d;

	(void)state;
	check_counts(0);
	assert_int_equal(data_count(3), 2);
	memset(buf, 0xee, 900);
	d = open_disk(&m, 0);
	assert_int_equal(disk_write(d, buf, 900, 3 * CLUSTER + 100), 0);
	assert_int_equal(disk_read(d, buf, 1024, 3 * CLUSTER), 0);
	assert_memory_equal(buf, first + 3 * CLUSTER, 100);
	assert_int_equal(buf[100], 0xee);
	assert_int_equal(buf[999], 0xee);
	assert_memory_equal(buf + 1000, first + 3 * CLUSTER + 1000, 24);
	disk_close(&d);
	assert_int_equal(data_count(3), 1);
	assert_int_equal(data_count(5), 2);
	check_view(entry);
	check_counts(0);
}

/* What the snapshot has is neither punched nor given out again. */
static void
test_discard(void **state)
{
	uint64_t entry = make();
	struct disk *d = open_disk(&m, 0);
	unsigned i;

	(void)state;
	assert_int_equal(disk_discard(d, 0, SIZE / 2), 0);
	assert_int_equal(disk_zero(d, SIZE / 2, SIZE / 4, 1), 0);
	assert_int_equal(disk_zero(d, SIZE / 4 * 3, SIZE / 8, 0), 0);
	assert_int_equal(disk_flush(d), 0);
	memset(buf, 0x77, CLUSTER);
	for (i = 0; i < SIZE / CLUSTER; i++)
		assert_int_equal(disk_write(d, buf, CLUSTER,
		    (uint64_t)i * CLUSTER), 0);
	disk_close(&d);
	check_view(entry);
	check_counts(0);
}

static void
test_packed(void **state)
{
	uint64_t entry = make();
	struct disk *d = open_disk(&m, 0);

	(void)state;
	memset(buf, 5, CLUSTER);
	assert_int_equal(qcow2_write_packed(d, buf, 0), 0);
	assert_int_equal(qcow2_write_packed(d, buf, 8 * CLUSTER), 0);
	disk_close(&d);
	check_view(entry);
	check_counts(0);
}

/* Growing moves the L1 table; the snapshot keeps its own. */
static void
test_grow(void **state)
{
	uint64_t entry = make();
	struct disk *d = open_disk(&m, 0);

	(void)state;
	assert_int_equal(disk_grow(d, SIZE * 64), 0);
	assert_int_equal(disk_write(d, first, SIZE, SIZE * 63), 0);
	disk_close(&d);
	check_counts(0);
	assert_int_equal(beb64_get(m.buf + MKS_SNAPOFF), entry);
}

/* Read-only such an image opens all the same. */
static void
refused(const char *text)
{
	struct qcow2_check c = { 0 };
	struct disk_opts o = { .format = DISK_QCOW2, .readonly = 1,
	    .damaged = 1 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;

	assert_int_equal(try_open(&m, 0, &d, &why), DISK_ECORRUPT);
	assert_non_null(strstr(why.text, text));
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_true(c.corruptions > 0);
	disk_close(&d);
}

static void
test_broken(void **state)
{
	uint64_t entry;

	(void)state;
	entry = make();
	beb32_put(m.buf + entry + 36, 65 << 20);	/* extra bytes */
	refused("snapshot table");
	entry = make();
	beb32_put(m.buf + MKS_NSNAP, 2);		/* past the end */
	beb32_put(m.buf + entry + 36, 440);
	refused("snapshot table");
	entry = make();
	beb64_put(m.buf + entry, beb64_get(m.buf + MKS_L1OFF));
	refused("L1 table of snapshot 0");
	entry = make();
	beb64_put(m.buf + entry, 1ULL << 40);
	refused("L1 table of snapshot 0");
	entry = make();
	beb32_put(m.buf + entry + 8, UINT32_MAX);
	refused("L1 table of snapshot 0");
	entry = make();
	beb64_put(m.buf + MKS_SNAPOFF, beb64_get(m.buf + MKS_L1OFF));
	refused("overlaps");
}

/* A second one without clusters, whose entry starts so far from the first. */
static void
second(uint64_t entry, unsigned far)
{
	beb32_put(m.buf + MKS_NSNAP, 2);
	beb32_put(m.buf + entry + 36, far - 42);	/* extra bytes */
	memset(m.buf + entry + far, 0, 40);
	beb64_put(m.buf + entry + far, entry);
}

/* The table ends where the file does; an entry may be as large as it is. */
static void
test_two(void **state)
{
	uint64_t entry;
	struct disk *d;

	(void)state;
	entry = make();
	second(entry, CLUSTER - 40);
	assert_int_equal(m.size, entry + CLUSTER);
	check_counts(0);
	d = open_disk(&m, 0);
	assert_int_equal(disk_write(d, first + 1, SIZE - 1, 0), 0);
	disk_close(&d);
	check_view(entry);
	check_counts(0);
	entry = make();
	second(entry, CLUSTER - 32);
	refused("snapshot table");
	/* No two may have the same L1 table. */
	entry = make();
	second(entry, 48);
	memcpy(m.buf + entry + 48, m.buf + entry, 12);
	d = open_disk(&m, 1);
	assert_int_equal(disk_read(d, buf, SIZE, 0), 0);
	assert_memory_equal(buf, first, SIZE);
	disk_close(&d);
}

/* A read that fails is never taken for an answer. */
static void
test_reads_fail(void **state)
{
	struct ms_plan plan = { 0 };
	struct qcow2_check c;
	struct disk_why why;
	struct disk *d;
	int rv = -1;

	(void)state;
	for (plan.fail_read = 1; rv != 0; plan.fail_read++) {
		second(make(), 48);
		ms_plan(&m, &plan);
		rv = try_open(&m, 0, &d, &why);
		memset(&c, 0, sizeof(c));
		if (rv == 0) {
			rv = qcow2_check(d, &c, 0);
			disk_close(&d);
		}
		assert_true(rv == DISK_EIO || rv == 0);
		assert_true(plan.fail_read < 100);
		assert_int_equal(c.corruptions, 0);
	}
	assert_true(plan.fail_read > 8);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&m, CAP);
	ms_init(&view, CAP);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&m);
	ms_free(&view);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_reads_fail),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
