/*
 * The order of writes, where random programs seldom come by: more clusters
 * lose their reference between two flushes than the list of them holds; more
 * tables change than the cache holds, and the refcount table moves; a disk
 * grows over a base that was larger.  The store stops in each of many writes
 * and loses some of those that no flush has followed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memstore.h"
#include "qcow2.h"

#define CLUSTER	512u
#define COUNT	3000u			/* clusters; frees at most 1,024 */
#define SIZE	(COUNT * CLUSTER)
#define CAP	(16u << 20)
#define TABLES	6000u			/* cached: 4,096 */
#define STRIDE	32768u			/* of the disk, by table */

static struct ms store, start;
static uint8_t was[SIZE], now[SIZE];

/* The base of a test, when it has one. */
static int
open_base(void *arg, struct disk_ref *ref, struct bstore *out,
    struct disk_why *why)
{
	(void)arg;
	(void)ref;
	(void)why;
	*out = ms_bstore(&start);
	out->id[1]++;
	return 0;
}

static struct disk *
open_disk(void)
{
	struct disk_opener op = { open_base, NULL };
	struct disk_opts o = { .format = DISK_QCOW2, .opener = &op };
	struct bstore bs = ms_bstore(&store);
	struct disk_why why;
	struct disk *d;

	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	return d;
}

/* What cluster i holds at first and after it was written again. */
static int
value(uint32_t i, int turn)
{
	return (int)(1 + (i * 7 + (uint32_t)turn * 101) % 251);
}

/* All clusters written and safe; kept in start. */
static int
begin(void **state)
{
	struct qcow2_params p = { .size = SIZE, .cluster_bits = 9 };
	struct bstore bs;
	struct disk_why why;
	struct disk *d;
	uint32_t i;

	(void)state;
	ms_init(&store, CAP);
	ms_init(&start, CAP);
	bs = ms_bstore(&store);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	d = open_disk();
	for (i = 0; i < COUNT; i++)
		memset(was + i * CLUSTER, value(i, 0), CLUSTER);
	assert_int_equal(disk_write(d, was, SIZE, 0), 0);
	disk_close(&d);
	ms_load(&start, store.buf, store.size);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&store);
	ms_free(&start);
	return 0;
}

/*
 * Every second cluster goes, then those come back from the end: a cluster
 * of the store that is free again serves another cluster of the disk.
 */
static void
change(struct disk *d)
{
	static uint8_t b[CLUSTER];
	uint32_t i;

	for (i = 0; i < COUNT && !store.dead; i += 2)
		(void)disk_discard(d, (uint64_t)i * CLUSTER, CLUSTER);
	for (i = COUNT - 2; i < COUNT && !store.dead; i -= 2) {
		memset(b, value(i, 1), CLUSTER);
		(void)disk_write(d, b, CLUSTER, (uint64_t)i * CLUSTER);
	}
}

static int
all(const uint8_t *p, int v)
{
	return p[0] == v && memcmp(p, p + 1, CLUSTER - 1) == 0;
}

/* Old, gone, or new: never what belongs elsewhere. */
static void
look(struct disk *d)
{
	struct qcow2_check c = { 0 };
	const uint8_t *p = now;
	uint32_t i;

	assert_int_equal(disk_read(d, now, SIZE, 0), 0);
	for (i = 0; i < COUNT; i++, p += CLUSTER)
		if (!all(p, value(i, 0)) && (i % 2 == 1 ||
		    (!all(p, 0) && !all(p, value(i, 1)))))
			fail_msg("cluster %u holds %u", i, *p);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
}

static void
test_frees_wait(void **state)
{
	struct ms_plan plan = { .lossy = 1 };
	struct disk *d;
	uint64_t n, writes;

	(void)state;
	ms_load(&store, start.buf, start.size);
	d = open_disk();
	change(d);
	disk_close(&d);
	writes = store.nwrites;
	assert_true(writes > COUNT / 2);
	for (n = 1; n < writes; n += 1 + n % 29) {
		ms_load(&store, start.buf, start.size);
		plan.crash_write = n;
		plan.seed = n;
		ms_plan(&store, &plan);
		d = open_disk();
		change(d);
		disk_close(&d);
		ms_revive(&store);
		d = open_disk();
		look(d);
		disk_close(&d);
	}
}

/* Each write needs an L2 table of its own; the second turn finds it. */
static void
spread(struct disk *d, unsigned turn)
{
	static uint8_t b[CLUSTER];
	uint32_t i;

	memset(b, 1, sizeof(b));
	for (i = 0; i < TABLES && !store.dead; i++)
		(void)disk_write(d, b, CLUSTER, (uint64_t)i * STRIDE +
		    turn * CLUSTER);
}

static void
sound(uint64_t n)
{
	struct qcow2_check c = { 0 };
	struct disk *d = open_disk();

	assert_int_equal(qcow2_check(d, &c, 0), 0);
	if (c.corruptions != 0)
		fail_msg("corrupt after a crash in write %u", (unsigned)n);
	disk_close(&d);
}

static void
test_tables_wait(void **state)
{
	struct qcow2_params p = { .size = (uint64_t)TABLES * STRIDE,
	    .cluster_bits = 9 };
	struct ms_plan plan = { .lossy = 1 };
	struct bstore bs = ms_bstore(&store);
	struct disk_why why;
	struct disk *d;
	uint64_t n, writes = 1;

	(void)state;
	ms_reset(&store);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	d = open_disk();
	spread(d, 0);
	disk_close(&d);
	ms_load(&start, store.buf, store.size);
	for (n = 0; n < writes; n += 1 + writes / 100) {
		ms_load(&store, start.buf, start.size);
		plan.crash_write = plan.seed = n;
		ms_plan(&store, &plan);
		d = open_disk();
		spread(d, 1);
		disk_close(&d);
		writes = n == 0 ? store.nwrites : writes;
		ms_revive(&store);
		sound(n);
	}
	assert_true(writes > TABLES);
}

/* bytes at a time, `times` times; each crash in several ways. */
static void
moves(size_t bytes, unsigned times, uint64_t ways)
{
	struct qcow2_params p = { .size = 24u << 20, .cluster_bits = 9,
	    .refcount_order = 6, .order_given = 1 };
	struct ms_plan plan = { .lossy = 1 };
	struct bstore bs = ms_bstore(&store);
	struct disk_why why;
	struct disk *d;
	uint64_t n, writes = 1, i;

	for (n = 0; n / ways < writes; n++) {
		ms_reset(&store);
		assert_int_equal(qcow2_create(&bs, &p, &why), 0);
		plan.crash_write = n / ways;
		plan.seed = n;
		ms_plan(&store, &plan);
		d = open_disk();
		for (i = 0; i < times && !store.dead; i++)
			(void)disk_write(d, was, bytes, i * bytes);
		disk_close(&d);
		writes = n == 0 ? store.nwrites : writes;
		ms_revive(&store);
		sound(n);
	}
}

/* New blocks of counts, then a refcount table that moves. */
static void
test_moves(void **state)
{
	(void)state;
	moves(100u << 10, 1, 16);
	moves(SIZE, 2, 1);
}

/* What a larger base has past the old end never shows. */
static void
test_grow_hides(void **state)
{
	struct qcow2_params p = { .size = 4096, .cluster_bits = 9,
	    .backing = "base", .backing_fmt = "raw" };
	struct ms_plan plan = { .lossy = 1 };
	struct bstore bs = ms_bstore(&store);
	struct disk_why why;
	struct disk *d;
	uint64_t n, i, writes = 1, seed;

	(void)state;
	for (n = 0; n < writes; n++)
		for (seed = 0; seed < 20; seed++) {
			ms_reset(&store);
			assert_int_equal(qcow2_create(&bs, &p, &why), 0);
			plan.crash_write = n;
			plan.seed = seed;
			ms_plan(&store, &plan);
			d = open_disk();
			(void)disk_grow(d, 65536);
			disk_close(&d);
			writes = n == 0 ? store.nwrites : writes;
			ms_revive(&store);
			d = open_disk();
			assert_int_equal(disk_read(d, now, d->size, 0), 0);
			for (i = 4096; i < d->size; i++)
				assert_int_equal(now[i], 0);
			assert_true(n > 0 || d->size == 65536);
			disk_close(&d);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frees_wait),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_grow_hides),
		cmocka_unit_test(test_tables_wait),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
