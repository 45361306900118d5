/*
 * The order of writes, where only a long program comes by: more clusters
 * lose their reference between two flushes than the list of them holds.  The
 * store stops in each of many writes and loses some of those that no flush
 * has followed: what was flushed must be there.
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
#define CAP	(8u << 20)

static struct ms store, start;
static uint8_t was[SIZE], now[SIZE];

static struct disk *
open_disk(void)
{
	struct disk_opts o = { .format = DISK_QCOW2 };
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frees_wait),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
