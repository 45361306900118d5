/* DISCARD and WRITE_ZEROES: virtio 1.3, 5.2.6.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_blk.h"

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
entry(unsigned i, uint64_t sector, uint32_t n, uint32_t flags)
{
	le64_put(b->out + 16 + 16 * i, sector);
	le32_put(b->out + 24 + 16 * i, n);
	le32_put(b->out + 28 + 16 * i, flags);
}

static const unsigned types[] = { VIOBLK_T_DISCARD, VIOBLK_T_WRITE_ZEROES };

static enum blk_op
op_of(unsigned type)
{
	return type == VIOBLK_T_DISCARD ? BLK_DISCARD : BLK_ZERO;
}

static void
test_one(void **state)
{
	unsigned t;

	(void)state;
	for (t = 0; t < 2; t++) {
		entry(0, 3, 5, 0);
		assert_int_equal(blk_do(b, types[t], 0, 16, 0), VIOBLK_S_OK);
		assert_int_equal(b->used, 1);
		assert_int_equal(b->ncalls, 1);
		assert_int_equal(b->call[0].op, op_of(types[t]));
		assert_int_equal(b->call[0].off, 3 * 512);
		assert_int_equal(b->call[0].len, 5 * 512);
		assert_int_equal(b->call[0].flags, 0);
		/* The sector in the header has no meaning here. */
		assert_int_equal(blk_do(b, types[t], UINT64_MAX, 16, 0),
		    VIOBLK_S_OK);
	}
}

/* req: BLK-27 */
static void
test_zeroes_read_zero(void **state)
{
	static const uint8_t zero[5 * 512];
	unsigned unmap;

	(void)state;
	for (unmap = 0; unmap < 2; unmap++) {
		blk_pattern(b->out + 16, 4096, unmap);
		assert_int_equal(blk_do(b, VIOBLK_T_OUT, 8, 4096, 0),
		    VIOBLK_S_OK);
		entry(0, 10, 5, unmap);
		assert_int_equal(blk_do(b, VIOBLK_T_WRITE_ZEROES, 0, 16, 0),
		    VIOBLK_S_OK);
		assert_int_equal(b->call[0].flags,
		    unmap ? BLK_F_UNMAP : 0);
		assert_int_equal(blk_do(b, VIOBLK_T_IN, 8, 0, 4096),
		    VIOBLK_S_OK);
		assert_memory_equal(b->in + 1024, zero, sizeof(zero));
		assert_memory_not_equal(b->in, zero, 1024);
		assert_memory_not_equal(b->in + 7 * 512, zero, 512);
	}
}

/* req: BLK-23 BLK-24 DRV-94 */
static void
test_flags(void **state)
{
	unsigned t, bit, at, want;

	(void)state;
	for (t = 0; t < 2; t++)
		for (bit = 0; bit < 32; bit++)
			for (at = 0; at < 2; at++) {
				entry(0, 1, 1, 0);
				entry(1, 2, 1, 0);
				entry(at, 4, 1, 1U << bit);
				want = types[t] == VIOBLK_T_WRITE_ZEROES &&
				    bit == 0 ? VIOBLK_S_OK : VIOBLK_S_UNSUPP;
				assert_int_equal(blk_do(b, types[t], 0, 32,
				    0), want);
				assert_int_equal(b->ncalls,
				    want == VIOBLK_S_OK ? 2 : 0);
			}
}

/* The flag of one segment is not the flag of the next. */
static void
test_flags_each(void **state)
{
	(void)state;
	entry(0, 1, 1, 1);
	entry(1, 2, 1, 0);
	entry(2, 3, 1, 1);
	assert_int_equal(blk_do(b, VIOBLK_T_WRITE_ZEROES, 0, 48, 0),
	    VIOBLK_S_OK);
	assert_int_equal(b->ncalls, 3);
	assert_int_equal(b->call[0].flags, BLK_F_UNMAP);
	assert_int_equal(b->call[1].flags, 0);
	assert_int_equal(b->call[2].flags, BLK_F_UNMAP);
}

/* req: DRV-91 DRV-92 DRV-89 */
static void
test_counts(void **state)
{
	unsigned t, n, i;

	(void)state;
	for (t = 0; t < 2; t++)
		for (n = 0; n <= 20; n++) {
			for (i = 0; i < n; i++)
				entry(i, 2 * i, 1, 0);
			assert_int_equal(blk_do(b, types[t], 0, 16 * n, 0),
			    n >= 1 && n <= 16 ? VIOBLK_S_OK : VIOBLK_S_IOERR);
			assert_int_equal(b->ncalls, n <= 16 ? n : 0);
			for (i = 0; i < b->ncalls; i++)
				assert_int_equal(b->call[i].off, 1024 * i);
		}
}

/* req: DRV-89 */
static void
test_broken_list(void **state)
{
	unsigned t, len;

	(void)state;
	for (t = 0; t < 2; t++) {
		entry(0, 0, 1, 0);
		entry(1, 0, 1, 0);
		entry(2, 0, 1, 0);
		for (len = 1; len < 48; len++) {
			if (len % 16 == 0)
				continue;
			assert_int_equal(blk_do(b, types[t], 0, len, 0),
			    VIOBLK_S_IOERR);
			assert_int_equal(b->ncalls, 0);
		}
		/* A list that asks for data back is no list. */
		assert_int_equal(blk_do(b, types[t], 0, 16, 1),
		    VIOBLK_S_IOERR);
		assert_int_equal(b->ncalls, 0);
	}
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* req: DRV-102 */
static void
test_all_or_nothing(void **state)
{
	static const struct {
		uint64_t	sector;
		uint32_t	n;
	} bad[] = {
		{ BLK_CAP, 1 }, { BLK_CAP - 1, 2 }, { 0, BLK_CAP + 1 },
		{ 0, UINT32_MAX }, { UINT64_MAX, 1 }, { UINT64_MAX, 2 },
		{ 1ULL << 55, 1 }, { 1ULL << 63, 8 },
		{ 0, VIOBLK_DISCARD_SECTORS + 1 },
		{ 0, VIOBLK_ZERO_SECTORS + 1 }, { BLK_CAP + 1, 0 },
	};
	unsigned t, i, at;

	(void)state;
	for (t = 0; t < 2; t++)
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			for (at = 0; at < 3; at++) {
				entry(0, 0, 4, 0);
				entry(1, 8, 4, 0);
				entry(2, 16, 4, 0);
				entry(at, bad[i].sector, bad[i].n, 0);
				assert_int_equal(blk_do(b, types[t], 0, 48,
				    0), VIOBLK_S_IOERR);
				assert_int_equal(b->ncalls, 0);
			}
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* The whole disk, its end, and nothing at all. */
static void
test_edges(void **state)
{
	unsigned t;

	(void)state;
	for (t = 0; t < 2; t++) {
		entry(0, 0, BLK_CAP, 0);
		assert_int_equal(blk_do(b, types[t], 0, 16, 0), VIOBLK_S_OK);
		assert_int_equal(b->call[0].len, BLK_CAP * 512);
		entry(0, BLK_CAP - 1, 1, 0);
		assert_int_equal(blk_do(b, types[t], 0, 16, 0), VIOBLK_S_OK);
		entry(0, BLK_CAP, 0, 0);
		entry(1, 5, 1, 0);
		assert_int_equal(blk_do(b, types[t], 0, 32, 0), VIOBLK_S_OK);
		assert_int_equal(b->ncalls, 1);
		assert_int_equal(b->call[0].off, 5 * 512);
	}
}

/* A medium that fails ends the list, and the first answer counts. */
static void
test_medium_fails(void **state)
{
	static const int want[] = { VIOBLK_S_IOERR, VIOBLK_S_IOERR,
	    VIOBLK_S_UNSUPP };
	unsigned t, at, kind, i;

	(void)state;
	for (t = 0; t < 2; t++)
		for (at = 0; at < 4; at++)
			for (kind = 0; kind < 3; kind++) {
				for (i = 0; i < 4; i++)
					entry(i, 4 * i, 1, 0);
				b->s->fault[0] = (struct sim_fault){ 1,
				    TRACE_CALL_BLK, (uint8_t)at,
				    (uint8_t)kind, 0 };
				assert_int_equal(blk_do(b, types[t], 0, 64,
				    0), want[kind]);
				assert_int_equal(b->ncalls, at + 1);
			}
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_one),
		T(test_zeroes_read_zero),
		T(test_flags),
		T(test_flags_each),
		T(test_counts),
		T(test_broken_list),
		T(test_all_or_nothing),
		T(test_edges),
		T(test_medium_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
