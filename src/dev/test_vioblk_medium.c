/* What the medium is asked for, and what its answers become. */
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
writeback(unsigned v)
{
	sim_write(b->s, VIODEV_DEVICE, VIOBLK_C_WRITEBACK, 1, v);
}

/* Flags of the one call that a write, then a write-zeroes, makes. */
static void
check_durable(unsigned want)
{
	assert_int_equal(blk_do(b, VIOBLK_T_OUT, 1, 512, 0), VIOBLK_S_OK);
	assert_int_equal(b->ncalls, 1);
	assert_int_equal(b->call[0].op, BLK_WRITE);
	assert_int_equal(b->call[0].flags, want);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 1, 0, 512), VIOBLK_S_OK);
	assert_int_equal(b->call[0].flags, 0);
	if ((sim_virtio(b->s)->accepted & VIOBLK_F_WRITE_ZEROES) == 0)
		return;
	memset(b->out + 16, 0, 16);
	le32_put(b->out + 24, 1);
	le32_put(b->out + 28, VIOBLK_SEG_UNMAP);
	assert_int_equal(blk_do(b, VIOBLK_T_WRITE_ZEROES, 0, 16, 0),
	    VIOBLK_S_OK);
	assert_int_equal(b->call[0].flags, want | BLK_F_UNMAP);
	le32_put(b->out + 28, 0);
	assert_int_equal(blk_do(b, VIOBLK_T_DISCARD, 0, 16, 0),
	    VIOBLK_S_OK);
	assert_int_equal(b->call[0].flags, 0);
}

/* req: BLK-31 BLK-32 BLK-03 */
static void
test_durable(void **state)
{
	uint64_t wce = VIOBLK_F_CONFIG_WCE, flush = VIOBLK_F_FLUSH;
	uint64_t more = BLK_V1 | VIOBLK_F_WRITE_ZEROES | VIOBLK_F_DISCARD;

	(void)state;
	blk_up(b, BLK_V1);			/* neither */
	check_durable(BLK_F_DURABLE);
	blk_up(b, more);
	check_durable(BLK_F_DURABLE);
	blk_up(b, more | flush);
	check_durable(0);
	blk_up(b, more | wce);			/* starts write-through */
	check_durable(BLK_F_DURABLE);
	writeback(1);
	check_durable(0);
	writeback(0);
	check_durable(BLK_F_DURABLE);
	blk_up(b, more | wce | flush);		/* starts write-back */
	check_durable(0);
	writeback(0);
	check_durable(BLK_F_DURABLE);
	writeback(1);
	check_durable(0);
	/* Without CONFIG_WCE the field decides nothing. */
	blk_up(b, more);
	writeback(1);
	check_durable(BLK_F_DURABLE);
	blk_up(b, more | flush);
	writeback(0);
	check_durable(0);
}

/* req: DRV-96 */
static void
test_switch_flushes(void **state)
{
	(void)state;
	blk_up(b, BLK_ALL);
	assert_int_equal(blk_do(b, VIOBLK_T_OUT, 1, 512, 0), VIOBLK_S_OK);
	b->ncalls = 0;
	writeback(0);
	assert_int_equal(b->ncalls, 1);
	assert_int_equal(b->call[0].op, BLK_FLUSH);
	writeback(0);				/* nothing volatile since */
	writeback(1);
	assert_int_equal(b->ncalls, 1);
	writeback(0);
	assert_int_equal(b->ncalls, 2);
}

/* req: BLK-33 */
static void
test_flush_after_writes(void **state)
{
	struct blk_seg wr[3] = { { 16, 0 }, { 512, 0 }, { 1, 1 } };
	struct blk_seg fl[2] = { { 16, 0 }, { 1, 1 } };

	(void)state;
	blk_up(b, BLK_ALL);
	/* A write that completed was given to the medium before the flush. */
	blk_header(b, VIOBLK_T_OUT, 2);
	blk_pattern(b->out + 16, 512, 5);
	assert_int_equal(blk_send(b, 0, wr, 3), VIOBLK_S_OK);
	assert_memory_equal(b->s->disk + 1024, b->out + 16, 512);
	blk_header(b, VIOBLK_T_FLUSH, 0);
	assert_int_equal(blk_send(b, 0, fl, 2), VIOBLK_S_OK);
	assert_int_equal(b->ncalls, 1);
	assert_int_equal(b->call[0].op, BLK_FLUSH);
	/* And a flush that failed does not say that it worked. */
	b->s->fault[0] = (struct sim_fault){ 1, TRACE_CALL_BLK, 0, 0, 0 };
	assert_int_equal(blk_send(b, 0, fl, 2), VIOBLK_S_IOERR);
}

/* Each answer of the medium, in the place of each call. */
static void
test_faults(void **state)
{
	static const int want[] = { VIOBLK_S_IOERR, VIOBLK_S_IOERR,
	    VIOBLK_S_UNSUPP };
	unsigned kind, cut;

	(void)state;
	blk_up(b, BLK_ALL);
	for (kind = 0; kind < 3; kind++)
		for (cut = 0; cut < 256; cut += 51) {
			struct sim_fault f = { 1, TRACE_CALL_BLK, 0,
			    (uint8_t)kind, (uint8_t)cut };

			b->s->fault[0] = f;
			assert_int_equal(blk_do(b, VIOBLK_T_IN, 3, 0, 1024),
			    want[kind]);
			/* What the medium left there is not handed on. */
			assert_int_equal(b->used, 1025);
			assert_int_equal(b->in[0], 0);
			assert_int_equal(b->in[1023], 0);
			b->s->fault[0] = f;
			assert_int_equal(blk_do(b, VIOBLK_T_OUT, 3, 1024, 0),
			    want[kind]);
			assert_int_equal(b->used, 1);
			b->s->fault[0] = f;
			assert_int_equal(blk_do(b, VIOBLK_T_FLUSH, 0, 0, 0),
			    want[kind]);
			/* The device is none the worse. */
			blk_pattern(b->out + 16, 512, cut);
			assert_int_equal(blk_do(b, VIOBLK_T_OUT, 3, 512, 0),
			    VIOBLK_S_OK);
			assert_int_equal(blk_do(b, VIOBLK_T_IN, 3, 0, 512),
			    VIOBLK_S_OK);
			assert_memory_equal(b->in, b->out + 16, 512);
		}
}

/* One request fails, its neighbours in the same kick do not. */
static void
test_fault_among_others(void **state)
{
	struct blk_seg sg[3] = { { 16, 0 }, { 512, 1 }, { 1, 1 } };
	uint8_t elem[8];
	unsigned i, at;

	(void)state;
	for (at = 0; at < 3; at++) {
		blk_up(b, BLK_ALL);
		blk_header(b, VIOBLK_T_IN, 4);
		for (i = 0; i < 3; i++)
			blk_offer(b, 0, sg, 3);
		b->s->fault[0] = (struct sim_fault){ 1, TRACE_CALL_BLK,
		    (uint8_t)at, 0, 0 };
		sim_kick(b->s, 0);
		assert_int_equal(blk_used_idx(b, 0), 3);
		assert_int_equal(b->ncalls, 3);
		for (i = 0; i < 3; i++) {
			assert_int_equal(arena_peek(&b->s->arena,
			    b->s->guest.ring[0].used + 4 + 8 * i, elem, 8),
			    0);
			assert_int_equal(le32_get(elem + 4), 513);
		}
		/* All went to the same bytes: the last one counts. */
		(void)arena_peek(&b->s->arena, BLK_IN_GPA, b->in, 513);
		assert_int_equal(b->in[512], at == 2 ? VIOBLK_S_IOERR :
		    VIOBLK_S_OK);
	}
}

/* No vector leads to the status byte, and the data is not copied. */
static void
test_vectors(void **state)
{
	struct blk_seg sg[4] = { { 16, 0 }, { 500, 1 }, { 12, 1 }, { 1, 1 } };

	(void)state;
	blk_up(b, BLK_ALL);
	blk_header(b, VIOBLK_T_IN, 0);
	assert_int_equal(blk_send(b, 0, sg, 4), VIOBLK_S_OK);
	assert_int_equal(b->call[0].niov, 2);
	sg[2] = (struct blk_seg){ 13, 1 };
	assert_int_equal(blk_send(b, 0, sg, 3), VIOBLK_S_OK);
	assert_int_equal(b->call[0].niov, 2);
	sg[1] = (struct blk_seg){ 512, 1 };
	sg[2] = (struct blk_seg){ 1, 1 };
	assert_int_equal(blk_send(b, 0, sg, 3), VIOBLK_S_OK);
	assert_int_equal(b->call[0].niov, 1);
}

/* Reads at a medium that other requests change in between: the newest. */
static void
test_model(void **state)
{
	struct prng r;
	uint8_t want[BLK_CAP * 512];
	unsigned i, at, n;

	(void)state;
	blk_up(b, BLK_ALL);
	prng_seed(&r, 11);
	memcpy(want, b->s->fresh, sizeof(want));
	for (i = 0; i < 600; i++) {
		n = 1 + (unsigned)prng_below(&r, 4);
		at = (unsigned)prng_below(&r, BLK_CAP - n + 1);
		switch (prng_below(&r, 3)) {
		case 0:
			blk_pattern(b->out + 16, 512 * n, i);
			memcpy(want + 512 * at, b->out + 16, 512 * n);
			assert_int_equal(blk_do(b, VIOBLK_T_OUT, at, 512 * n,
			    0), VIOBLK_S_OK);
			break;
		case 1:
			memset(want + 512 * at, 0, 512 * n);
			le64_put(b->out + 16, at);
			le32_put(b->out + 24, n);
			le32_put(b->out + 28, i & 1);
			assert_int_equal(blk_do(b, VIOBLK_T_WRITE_ZEROES, 0,
			    16, 0), VIOBLK_S_OK);
			break;
		default:
			assert_int_equal(blk_do(b, VIOBLK_T_IN, at, 0,
			    512 * n), VIOBLK_S_OK);
			assert_memory_equal(b->in, want + 512 * at, 512 * n);
		}
		assert_memory_equal(b->s->disk, want, sizeof(want));
	}
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_durable),
		T(test_switch_flushes),
		T(test_flush_after_writes),
		T(test_faults),
		T(test_fault_among_others),
		T(test_vectors),
		T(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
