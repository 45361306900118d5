/*
 * Bounds that need more room than the simulator has: sizes of transfers,
 * turns of a queue, large media.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_bighost.h"

#define HUGE	((1ULL << 54) - 8)
#define FIELD	0x52400U
#define LBA	0x52100U

static void
start(int kind, uint64_t sectors)
{
	uint8_t buf[64];
	struct wbuf w;

	big_new();
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_KIND, (uint64_t)kind);
	devconf_put_int(&w, DEVCONF_CAPACITY, sectors);
	big_up(&w);
	(void)big_cdb();
	big_offer(0, 0, 0, 1);
	(void)big_kick();
}

static int
disk(void **state)
{
	(void)state;
	start(DEVCONF_DISK, HUGE);
	return 0;
}

static int
done(void **state)
{
	(void)state;
	big_free();
	return 0;
}

/* READ(16) or WRITE(16) of n blocks. */
static void
transfer(uint8_t op, uint64_t lba, uint32_t n)
{
	uint8_t *cdb = big_cdb();

	cdb[0] = op;
	be64_put(cdb + 2, lba);
	be32_put(cdb + 10, n);
}

/* As much as page B0 says, and not a block more. */
static void
test_transfer(void **state)
{
	uint32_t most = SCSI_MAXXFER / 512;

	(void)state;
	transfer(0x88, 0, most);
	big_offer(1, B_FAR, SCSI_MAXXFER, 1);
	(void)big_kick();
	assert_int_equal(big_sense(), 0);
	assert_int_equal(big.ncalls, 1);
	assert_true(big.last.len == SCSI_MAXXFER);
	transfer(0x88, 0, most + 1);
	big_offer(2, B_FAR, SCSI_MAXXFER, 1);
	(void)big_kick();
	assert_int_equal(big_sense(), FIELD);
	transfer(0x88, 0, (64U << 20) / 512);
	big_offer(1, B_FAR, 64U << 20, 1);
	(void)big_kick();
	assert_int_equal(big_sense(), FIELD);
	assert_int_equal(big.ncalls, 0);
	transfer(0x8a, HUGE - 8, 8);
	big_offer(1, B_FAR, 4096, 0);
	(void)big_kick();
	assert_int_equal(big_sense(), 0);
	assert_true(big.last.off == (HUGE - 8) * 512);
	transfer(0x8a, HUGE - 7, 8);
	big_offer(1, B_FAR, 4096, 0);
	(void)big_kick();
	assert_int_equal(big_sense(), LBA);
	transfer(0x8a, 0, UINT32_MAX);
	big_offer(1, B_FAR, 4096, 0);
	(void)big_kick();
	assert_int_equal(big_sense(), FIELD);
}

/* Six bytes: a count of 0 means 256 blocks. */
static void
test_six_bytes(void **state)
{
	uint8_t *cdb = big_cdb();

	(void)state;
	cdb[0] = 0x08;
	be16_put(cdb + 2, 3);
	big_offer(2, B_DATA, 65536, 1);
	(void)big_kick();
	assert_int_equal(big_sense(), 0);
	assert_true(big.last.len == 256 * 512);
	assert_true(big.last.off == 3 * 512);
}

/* A block of ones, 32,768 times: many at a time, and no more than that. */
static void
test_write_same(void **state)
{
	uint8_t *cdb = big_cdb();

	(void)state;
	memset(big.mem + B_DATA, 0xff, 512);
	cdb[0] = 0x93;
	be32_put(cdb + 10, SCSI_MAXXFER / 512);
	big_offer(1, B_DATA, 512, 0);
	(void)big_kick();
	assert_int_equal(big_sense(), 0);
	assert_true(big.moved == SCSI_MAXXFER);
	assert_in_range(big.ncalls, 1, 512);
	assert_int_equal(((const uint8_t *)big.last.iov[0].iov_base == NULL),
	    0);
	cdb = big_cdb();
	cdb[0] = 0x93;
	be32_put(cdb + 10, SCSI_MAXXFER / 512 + 1);
	big_offer(1, B_DATA, 512, 0);
	(void)big_kick();
	assert_int_equal(big_sense(), FIELD);
	assert_int_equal(big.ncalls, 0);
}

static void
test_verify(void **state)
{
	uint8_t *cdb = big_cdb();
	static uint8_t zeros[1];

	(void)state;
	big.medium = zeros;
	big.size = 0;
	cdb[0] = 0x8f;
	cdb[1] = 2;
	be32_put(cdb + 10, 512);
	memset(big.mem + B_DATA, 0, 262144);
	big_offer(1, B_DATA, 262144, 0);
	(void)big_kick();
	assert_int_equal(big_sense(), 0);
	assert_int_equal(big.ncalls, 64);
}

/* A queue full of large reads is served in turns. */
static void
test_turns(void **state)
{
	unsigned i, n = 20, turns = 0;
	uint16_t done_now = 0, start_at = big.avail, before;

	(void)state;
	transfer(0x88, 0, (4U << 20) / 512);
	for (i = 0; i < n; i++)
		big_offer(4, B_FAR, 1U << 20, 1);
	do {
		before = done_now;
		done_now = (uint16_t)(big_kick() - start_at);
		assert_in_range(done_now - before, 1, 4);
		turns++;
		assert_int_equal(big.again, done_now < n ? 1U << 2 : 0);
	} while (big.again != 0);
	assert_int_equal(done_now, n);
	assert_int_equal(turns, 5);
}

/* More blocks than READ CAPACITY(10) can tell. */
static void
test_capacity(void **state)
{
	uint8_t *cdb = big_cdb();

	(void)state;
	cdb[0] = 0x25;
	big_offer(1, B_DATA, 8, 1);
	(void)big_kick();
	assert_int_equal(be32_get(big.mem + B_DATA), UINT32_MAX);
	cdb = big_cdb();
	cdb[0] = 0x9e;
	cdb[1] = 0x10;
	cdb[13] = 32;
	big_offer(1, B_DATA, 32, 1);
	(void)big_kick();
	assert_true(be64_get(big.mem + B_DATA) == HUGE - 1);
	cdb = big_cdb();
	cdb[0] = 0x1a;
	cdb[2] = 0x3f;
	cdb[4] = 255;
	big_offer(1, B_DATA, 255, 1);
	(void)big_kick();
	assert_int_equal(be32_get(big.mem + B_DATA + 4), UINT32_MAX);
}

/* Beyond what the times of a CD reach: a DVD, and the last time there is. */
static void
test_dvd(void **state)
{
	uint8_t *cdb;

	(void)state;
	start(DEVCONF_CD, 4ULL * 449851);
	cdb = big_cdb();
	cdb[0] = 0x46;
	cdb[8] = 255;
	big_offer(1, B_DATA, 255, 1);
	(void)big_kick();
	assert_int_equal(big_sense(), 0);
	assert_int_equal(be16_get(big.mem + B_DATA + 6), 0x10);
	assert_int_equal(big.mem[B_DATA + 8 + 6], 1);
	assert_int_equal(big.mem[B_DATA + 8 + 10], 0);
	cdb = big_cdb();
	cdb[0] = 0x43;
	cdb[1] = 2;
	cdb[6] = 0xaa;
	cdb[8] = 255;
	big_offer(1, B_DATA, 255, 1);
	(void)big_kick();
	assert_memory_equal(big.mem + B_DATA + 8, "\0\x63\x3b\x4a", 4);
	cdb = big_cdb();
	cdb[0] = 0x43;
	cdb[6] = 0xaa;
	cdb[8] = 255;
	big_offer(1, B_DATA, 255, 1);
	(void)big_kick();
	assert_int_equal(be32_get(big.mem + B_DATA + 8), 449851);
	big_free();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_transfer, disk, done),
		cmocka_unit_test_setup_teardown(test_six_bytes, disk, done),
		cmocka_unit_test_setup_teardown(test_write_same, disk, done),
		cmocka_unit_test_setup_teardown(test_verify, disk, done),
		cmocka_unit_test_setup_teardown(test_turns, disk, done),
		cmocka_unit_test_setup_teardown(test_capacity, disk, done),
		cmocka_unit_test(test_dvd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
