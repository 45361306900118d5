/* Each block call on a disk in memory, and each way to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "diskblk.h"
#include "memstore.h"
#include "qcow2.h"

#define SIZE	65536u

static struct ms store;
static uint8_t buf[4096];

static struct disk *
make(enum disk_format f, int readonly)
{
	struct qcow2_params p = { .size = SIZE, .cluster_bits = 9 };
	struct disk_opts o = { .format = f, .readonly = readonly };
	struct bstore bs = ms_bstore(&store);
	struct disk_why why;
	struct disk *d;

	ms_reset(&store);
	assert_int_equal(f == DISK_RAW ? bs_resize(&bs, SIZE) :
	    qcow2_create(&bs, &p, &why), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	return d;
}

static int
io(struct disk *d, unsigned op, unsigned flags, uint64_t off, uint64_t len)
{
	struct iovec v[2] = {
		{ buf, len / 2 }, { buf + len / 2, len - len / 2 }
	};
	struct blk_io b = { .op = op, .flags = flags, .off = off, .len = len,
	    .iov = v, .niov = op == BLK_READ || op == BLK_WRITE ? 2 : 0 };

	return diskblk(d, &b);
}

static void
expect(struct disk *d, uint64_t off, uint64_t len, int byte)
{
	uint64_t i;

	memset(buf, 0xcc, sizeof(buf));
	assert_int_equal(io(d, BLK_READ, 0, off, len), BLK_OK);
	for (i = 0; i < len; i++)
		assert_int_equal(buf[i], byte);
}

static void
test_calls(void **state)
{
	enum disk_format f;
	struct disk *d;

	(void)state;
	for (f = DISK_RAW; f <= DISK_QCOW2; f++) {
		d = make(f, 0);
		memset(buf, 7, sizeof(buf));
		assert_int_equal(io(d, BLK_WRITE, 0, 1024, 3072), BLK_OK);
		expect(d, 1024, 3072, 7);
		expect(d, 0, 1024, 0);
		assert_int_equal(io(d, BLK_ZERO, 0, 1024, 512), BLK_OK);
		assert_int_equal(io(d, BLK_ZERO, BLK_F_UNMAP, 1536, 512),
		    BLK_OK);
		assert_int_equal(io(d, BLK_DISCARD, 0, 2048, 512), BLK_OK);
		assert_int_equal(io(d, BLK_FLUSH, 0, 0, 0), BLK_OK);
		expect(d, 1024, 1536, 0);
		expect(d, 2560, 1536, 7);
		disk_close(&d);
	}
}

/* What is durable needs no flush to survive. */
static void
test_durable(void **state)
{
	struct disk *d = make(DISK_QCOW2, 0);
	uint64_t before;

	(void)state;
	memset(buf, 9, sizeof(buf));
	before = store.nflushes;
	assert_int_equal(io(d, BLK_WRITE, 0, 0, 512), BLK_OK);
	assert_int_equal(store.nflushes, before);
	assert_int_equal(io(d, BLK_WRITE, BLK_F_DURABLE, 512, 512), BLK_OK);
	assert_true(store.nflushes > before);
	before = store.nflushes;
	assert_int_equal(io(d, BLK_ZERO, BLK_F_DURABLE, 0, 512), BLK_OK);
	assert_true(store.nflushes > before);
	disk_close(&d);
}

static void
test_failures(void **state)
{
	struct ms_plan plan = { .fail_read = 1 };
	struct disk *d = make(DISK_RAW, 0);

	(void)state;
	ms_plan(&store, &plan);
	assert_int_equal(io(d, BLK_READ, 0, 0, 512), BLK_IOERR);
	plan.fail_read = 0;
	plan.full_write = 1;
	ms_plan(&store, &plan);
	assert_int_equal(io(d, BLK_WRITE, 0, 0, 512), BLK_NOSPACE);
	plan.full_write = 0;
	plan.fail_flush = 1;
	ms_plan(&store, &plan);
	assert_int_equal(io(d, BLK_WRITE, BLK_F_DURABLE, 0, 512), BLK_IOERR);
	ms_revive(&store);
	assert_int_equal(io(d, BLK_READ, 0, SIZE, 512), BLK_IOERR);
	assert_int_equal(io(d, BLK_NOPS, 0, 0, 512), BLK_UNSUPP);
	disk_close(&d);
	d = make(DISK_RAW, 1);
	assert_int_equal(io(d, BLK_WRITE, 0, 0, 512), BLK_IOERR);
	disk_close(&d);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&store, 1u << 20);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&store);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_durable),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
