/* A request is two strings of bytes, however they are cut: 2.7.4.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_blk.h"

#define OUT	(16 + 512U)		/* readable bytes of a write */
#define IN	(512 + 1U)		/* writable bytes of a read */

static struct blk *b;

static int
setup(void **state)
{
	(void)state;
	b = blk_new();
	blk_start(b, NULL);
	blk_up(b, BLK_ALL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sim_stop(b->s);
	blk_free(b);
	return 0;
}

static void
check_write(const struct blk_seg *sg, unsigned n, unsigned seed)
{
	unsigned at = seed % BLK_CAP;

	blk_header(b, VIOBLK_T_OUT, at);
	blk_pattern(b->out + 16, 512, seed);
	assert_int_equal(blk_send(b, 0, sg, n), VIOBLK_S_OK);
	assert_int_equal(b->used, 1);
	assert_int_equal(b->in[0], VIOBLK_S_OK);
	assert_int_equal(b->in[1], 0xee);
	assert_memory_equal(b->s->disk + 512 * at, b->out + 16, 512);
}

static void
check_read(const struct blk_seg *sg, unsigned n, unsigned seed)
{
	unsigned at = seed % BLK_CAP;

	blk_header(b, VIOBLK_T_IN, at);
	assert_int_equal(blk_send(b, 0, sg, n), VIOBLK_S_OK);
	assert_int_equal(b->used, IN);
	assert_memory_equal(b->in, b->s->disk + 512 * at, 512);
	assert_int_equal(b->in[512], VIOBLK_S_OK);
	assert_int_equal(b->in[513], 0xee);
}

/* req: VQ-01 */
static void
test_write_cut(void **state)
{
	struct blk_seg sg[3] = { { 0, 0 }, { 0, 0 }, { 1, 1 } };
	unsigned a;

	(void)state;
	for (b->indirect = 0; b->indirect < 2; b->indirect++)
		for (a = 0; a <= OUT; a++) {
			sg[0].len = a;
			sg[1].len = OUT - a;
			check_write(sg, 3, a + 1);
		}
}

/* req: VQ-01 BLK-62 */
static void
test_read_cut(void **state)
{
	struct blk_seg sg[3] = { { 16, 0 }, { 0, 1 }, { 0, 1 } };
	unsigned a;

	(void)state;
	/* At the ends the status shares a segment with the data. */
	for (b->indirect = 0; b->indirect < 2; b->indirect++)
		for (a = 0; a <= IN; a++) {
			sg[1].len = a;
			sg[2].len = IN - a;
			check_read(sg, 3, a);
		}
}

/* The header in any two places, the data in a third. */
static void
test_header_cut(void **state)
{
	struct blk_seg wr[5] = { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 512, 0 },
	    { 1, 1 } };
	struct blk_seg rd[4] = { { 0, 0 }, { 0, 0 }, { 0, 0 }, { IN, 1 } };
	unsigned a, c;

	(void)state;
	for (a = 0; a <= 16; a++)
		for (c = a; c <= 16; c++) {
			wr[0].len = rd[0].len = a;
			wr[1].len = rd[1].len = c - a;
			wr[2].len = rd[2].len = 16 - c;
			check_write(wr, 5, a * 17 + c);
			check_read(rd, 4, a * 17 + c);
		}
}

static void
test_one_byte_segments(void **state)
{
	static struct blk_seg sg[OUT + IN];
	unsigned i;

	(void)state;
	b->indirect = 1;
	for (i = 0; i < OUT; i++)
		sg[i] = (struct blk_seg){ 1, 0 };
	sg[OUT] = (struct blk_seg){ 1, 1 };
	check_write(sg, OUT + 1, 9);
	for (i = 16; i < 16 + IN; i++)
		sg[i] = (struct blk_seg){ 1, 1 };
	check_read(sg, 16 + IN, 9);
}

/* Nothing between, in front and behind changes nothing. */
static void
test_empty_segments(void **state)
{
	struct blk_seg wr[8] = { { 0, 0 }, { 16, 0 }, { 0, 0 }, { 512, 0 },
	    { 0, 0 }, { 0, 1 }, { 1, 1 }, { 0, 1 } };
	struct blk_seg rd[8] = { { 0, 0 }, { 16, 0 }, { 0, 0 }, { 0, 1 },
	    { 512, 1 }, { 0, 1 }, { 1, 1 }, { 0, 1 } };

	(void)state;
	check_write(wr, 8, 3);
	check_read(rd, 8, 3);
}

/* GET_ID, FLUSH and lists, cut likewise. */
static void
test_others_cut(void **state)
{
	struct blk_seg id[4] = { { 7, 0 }, { 9, 0 }, { 0, 1 }, { 0, 1 } };
	struct blk_seg list[3] = { { 0, 0 }, { 0, 0 }, { 1, 1 } };
	unsigned a;

	(void)state;
	for (a = 0; a <= 21; a++) {
		id[2].len = a;
		id[3].len = 21 - a;
		blk_header(b, VIOBLK_T_GET_ID, 0);
		assert_int_equal(blk_send(b, 0, id, 4), VIOBLK_S_OK);
		assert_memory_equal(b->in, "serial\0\0\0\0\0\0\0\0\0\0\0\0\0",
		    20);
	}
	for (a = 0; a <= 48; a++) {
		blk_header(b, VIOBLK_T_WRITE_ZEROES, 0);
		memset(b->out + 16, 0, 32);
		le64_put(b->out + 16, 9);
		le32_put(b->out + 24, 1);
		le64_put(b->out + 32, a);
		le32_put(b->out + 40, 2);
		list[0].len = a;
		list[1].len = 48 - a;
		assert_int_equal(blk_send(b, 0, list, 3), VIOBLK_S_OK);
		assert_int_equal(b->ncalls, 2);
		assert_int_equal(b->call[0].off, 9 * 512);
		assert_int_equal(b->call[1].off, a * 512);
		assert_int_equal(b->call[1].len, 1024);
	}
}

/* req: DRV-104 */
static void
test_many_segments(void **state)
{
	static struct blk_seg sg[600];
	unsigned i, n;

	(void)state;
	b->indirect = 1;
	for (n = 125; n <= 512; n += 43) {
		sg[0] = (struct blk_seg){ 16, 0 };
		for (i = 0; i < n - 1; i++)
			sg[1 + i] = (struct blk_seg){ 1, 0 };
		sg[n] = (struct blk_seg){ 512 - (n - 1), 0 };
		sg[n + 1] = (struct blk_seg){ 1, 1 };
		check_write(sg, n + 2, n);
	}
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_write_cut),
		T(test_read_cut),
		T(test_header_cut),
		T(test_one_byte_segments),
		T(test_empty_segments),
		T(test_others_cut),
		T(test_many_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
