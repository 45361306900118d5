/* Requests of a disk, one at a time: virtio 1.3, 5.2.6. */
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
start_with(unsigned tag, uint64_t val)
{
	struct wbuf w;

	sim_stop(b->s);
	wb_init(&w, b->conf, sizeof(b->conf));
	devconf_put_int(&w, DEVCONF_CAPACITY, BLK_CAP);
	devconf_put_int(&w, tag, val);
	blk_start(b, &w);
	blk_up(b, BLK_ALL);
}

/* req: BLK-62 CORE-16 */
static void
test_read(void **state)
{
	unsigned n, at;

	(void)state;
	for (n = 1; n <= 8; n++)
		for (at = 0; at + n <= BLK_CAP; at += 5) {
			assert_int_equal(blk_do(b, VIOBLK_T_IN, at, 0,
			    512 * n), VIOBLK_S_OK);
			assert_int_equal(b->used, 512 * n + 1);
			assert_memory_equal(b->in, b->s->fresh + 512 * at,
			    512 * n);
			assert_int_equal(b->in[512 * n + 1], 0xee);
			assert_int_equal(b->ncalls, 1);
			assert_int_equal(b->call[0].op, BLK_READ);
			assert_int_equal(b->call[0].off, 512 * at);
			assert_int_equal(b->call[0].len, 512 * n);
		}
}

static void
test_write(void **state)
{
	uint8_t want[BLK_CAP * 512];
	unsigned at;

	(void)state;
	memcpy(want, b->s->fresh, sizeof(want));
	for (at = 0; at + 3 <= BLK_CAP; at += 7) {
		blk_pattern(b->out + 16, 1536, at);
		memcpy(want + 512 * at, b->out + 16, 1536);
		assert_int_equal(blk_do(b, VIOBLK_T_OUT, at, 1536, 0),
		    VIOBLK_S_OK);
		assert_int_equal(b->used, 1);
		assert_memory_equal(b->s->disk, want, sizeof(want));
		assert_int_equal(blk_do(b, VIOBLK_T_IN, at, 0, 1536),
		    VIOBLK_S_OK);
		assert_memory_equal(b->in, want + 512 * at, 1536);
	}
}

/* req: BLK-63 */
static void
test_sector(void **state)
{
	unsigned size;

	(void)state;
	/* A larger block does not change what a sector is. */
	for (size = 512; size <= 4096; size *= 2) {
		start_with(DEVCONF_BLKSIZE, size);
		assert_int_equal(blk_do(b, VIOBLK_T_IN, 3, 0, 512),
		    VIOBLK_S_OK);
		assert_memory_equal(b->in, b->s->fresh + 3 * 512, 512);
		blk_pattern(b->out + 16, 512, size);
		assert_int_equal(blk_do(b, VIOBLK_T_OUT, 5, 512, 0),
		    VIOBLK_S_OK);
		assert_memory_equal(b->s->disk + 5 * 512, b->out + 16, 512);
	}
}

/* req: DRV-88 BLK-63 */
static void
test_part_of_sector(void **state)
{
	static const unsigned len[] = { 0, 1, 511, 513, 1000, 1023, 1025 };
	unsigned i;

	(void)state;
	for (i = 0; i < 7; i++) {
		assert_int_equal(blk_do(b, VIOBLK_T_IN, 0, 0, len[i]),
		    VIOBLK_S_IOERR);
		assert_int_equal(b->ncalls, 0);
		assert_int_equal(b->used, len[i] + 1);
		assert_int_equal(blk_do(b, VIOBLK_T_OUT, 0, len[i], 0),
		    VIOBLK_S_IOERR);
		assert_int_equal(b->ncalls, 0);
	}
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* req: DRV-85 */
static void
test_range(void **state)
{
	static const struct {
		uint64_t	sector;
		unsigned	n;
		int		ok;
	} cases[] = {
		{ 0, 8, 1 }, { BLK_CAP - 1, 1, 1 }, { BLK_CAP - 8, 8, 1 },
		{ BLK_CAP, 1, 0 }, { BLK_CAP - 1, 2, 0 },
		{ BLK_CAP - 7, 8, 0 }, { BLK_CAP + 1, 1, 0 },
		{ UINT64_MAX, 1, 0 }, { UINT64_MAX, 2, 0 },
		{ UINT64_MAX - 7, 8, 0 },
		{ 1ULL << 55, 1, 0 },		/* times 512 is 0 */
		{ (1ULL << 55) + 1, 1, 0 }, { 1ULL << 63, 1, 0 },
		{ 0x007fffffffffffffULL, 2, 0 }, { 1ULL << 32, 1, 0 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(b->out + 16, b->s->disk + 512 * (cases[i].sector %
		    BLK_CAP), 512);
		assert_int_equal(blk_do(b, VIOBLK_T_IN, cases[i].sector, 0,
		    512 * cases[i].n), !cases[i].ok);
		assert_int_equal(b->ncalls, cases[i].ok);
		if (!cases[i].ok)
			assert_int_equal(b->in[0], 0);
		assert_int_equal(blk_do(b, VIOBLK_T_OUT, cases[i].sector,
		    512 * cases[i].n, 0), !cases[i].ok);
		assert_int_equal(b->ncalls, cases[i].ok);
		if (!cases[i].ok)
			assert_memory_equal(b->s->disk + BLK_CAP * 512,
			    b->s->fresh + BLK_CAP * 512,
			    SIM_DISK - BLK_CAP * 512);
	}
}

/* req: DRV-86 DRV-87 */
static void
test_flush(void **state)
{
	static const uint64_t sector[] = { 0, 1, BLK_CAP, UINT64_MAX };
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_int_equal(blk_do(b, VIOBLK_T_FLUSH, sector[i],
		    i * 100, i * 77), VIOBLK_S_OK);
		assert_int_equal(b->used, i * 77 + 1);
		assert_int_equal(b->ncalls, 1);
		assert_int_equal(b->call[0].op, BLK_FLUSH);
		assert_int_equal(b->call[0].off, 0);
		assert_int_equal(b->call[0].len, 0);
	}
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* req: DRV-90 BLK-64 */
static void
test_get_id(void **state)
{
	uint8_t want[64];
	unsigned n;

	(void)state;
	for (n = 1; n <= 60; n++) {
		memset(want, 0xee, sizeof(want));
		memset(want, 0, n);
		memcpy(want, "serial", n < 6 ? n : 6);
		want[n] = VIOBLK_S_OK;
		assert_int_equal(blk_do(b, VIOBLK_T_GET_ID, 0, 0, n),
		    VIOBLK_S_OK);
		assert_int_equal(b->used, n + 1);
		assert_memory_equal(b->in, want, sizeof(want));
		assert_int_equal(b->ncalls, 0);
	}
	assert_int_equal(blk_do(b, VIOBLK_T_GET_ID, 0, 0, 0),
	    VIOBLK_S_IOERR);
}

/* req: BLK-64 */
static void
test_serials(void **state)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz1234";
	uint8_t want[32];
	struct wbuf w;
	unsigned n;

	(void)state;
	for (n = 0; n <= 30; n++) {
		sim_stop(b->s);
		wb_init(&w, b->conf, sizeof(b->conf));
		devconf_put_int(&w, DEVCONF_CAPACITY, 1);
		devconf_put_bytes(&w, DEVCONF_SERIAL, text, n);
		blk_start(b, &w);
		blk_up(b, BLK_ALL);
		memset(want, 0, sizeof(want));
		memcpy(want, text, n < 20 ? n : 20);
		assert_int_equal(blk_do(b, VIOBLK_T_GET_ID, 0, 0, 32),
		    VIOBLK_S_OK);
		assert_memory_equal(b->in, want, 32);
	}
}

/* req: DRV-101 BLK-38 */
static void
test_unknown_type(void **state)
{
	unsigned type, bit;

	(void)state;
	for (type = 0; type < 40; type++) {
		if (type <= 1 || type == 4 || type == 8 || type == 11 ||
		    type == 13)
			continue;
		assert_int_equal(blk_do(b, type, 0, 512, 0),
		    VIOBLK_S_UNSUPP);
		assert_int_equal(blk_do(b, type, 0, 0, 512),
		    VIOBLK_S_UNSUPP);
		assert_int_equal(b->in[0], 0);
		assert_int_equal(b->used, 513);
		assert_int_equal(b->ncalls, 0);
	}
	for (bit = 4; bit < 32; bit++) {	/* all 32 bits count */
		assert_int_equal(blk_do(b, VIOBLK_T_OUT | 1U << bit, 0, 512,
		    0), VIOBLK_S_UNSUPP);
		assert_int_equal(b->ncalls, 0);
	}
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* req: DRV-101 */
static void
test_not_negotiated(void **state)
{
	static const struct {
		unsigned	type;
		uint64_t	feature;
		unsigned	out;
	} kinds[] = {
		{ VIOBLK_T_FLUSH, VIOBLK_F_FLUSH, 0 },
		{ VIOBLK_T_DISCARD, VIOBLK_F_DISCARD, 16 },
		{ VIOBLK_T_WRITE_ZEROES, VIOBLK_F_WRITE_ZEROES, 16 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		memset(b->out + 16, 0, 16);
		le32_put(b->out + 24, 1);
		blk_up(b, BLK_ALL & ~kinds[i].feature);
		assert_int_equal(blk_do(b, kinds[i].type, 0, kinds[i].out, 0),
		    VIOBLK_S_UNSUPP);
		assert_int_equal(b->ncalls, 0);
		blk_up(b, BLK_V1 | kinds[i].feature);
		assert_int_equal(blk_do(b, kinds[i].type, 0, kinds[i].out, 0),
		    VIOBLK_S_OK);
		assert_int_equal(b->ncalls, 1);
	}
	/* Reading, writing and the id need nothing. */
	blk_up(b, BLK_V1);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 0, 0, 512), VIOBLK_S_OK);
	assert_int_equal(blk_do(b, VIOBLK_T_OUT, 0, 512, 0), VIOBLK_S_OK);
	assert_int_equal(blk_do(b, VIOBLK_T_GET_ID, 0, 0, 20), VIOBLK_S_OK);
}

/* req: DRV-100 */
static void
test_wrong_direction(void **state)
{
	(void)state;
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 0, 512, 0), VIOBLK_S_IOERR);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 0, 1, 512), VIOBLK_S_IOERR);
	assert_int_equal(b->in[0], 0);
	assert_int_equal(b->used, 513);
	assert_int_equal(blk_do(b, VIOBLK_T_OUT, 0, 0, 512), VIOBLK_S_IOERR);
	assert_int_equal(blk_do(b, VIOBLK_T_OUT, 0, 512, 1), VIOBLK_S_IOERR);
	assert_int_equal(b->ncalls, 0);
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* req: DRV-98 */
static void
test_short_header(void **state)
{
	struct blk_seg sg[2] = { { 0, 0 }, { 513, 1 } };
	unsigned n, in;

	(void)state;
	for (n = 0; n < 16; n++)
		for (in = 1; in <= 513; in += 512) {
			blk_header(b, VIOBLK_T_IN, 0);
			sg[0].len = n;
			sg[1].len = in;
			assert_int_equal(blk_send(b, 0, sg, 2),
			    VIOBLK_S_IOERR);
			assert_int_equal(b->used, in);
			assert_int_equal(b->ncalls, 0);
			assert_int_equal(b->in[0], in == 1 ? 1 : 0);
		}
	assert_int_equal(blk_send(b, 0, sg + 1, 1), VIOBLK_S_IOERR);
}

/* req: DRV-99 */
static void
test_no_status(void **state)
{
	struct blk_seg sg[2] = { { 16, 0 }, { 512, 0 } };

	(void)state;
	blk_header(b, VIOBLK_T_OUT, 0);
	assert_int_equal(blk_send(b, 0, sg, 2), BLK_NONE);
	blk_header(b, VIOBLK_T_FLUSH, 0);
	assert_int_equal(blk_send(b, 0, sg, 1), BLK_NONE);
	sg[0].len = 7;
	assert_int_equal(blk_send(b, 0, sg, 1), BLK_NONE);
	assert_int_equal(b->ncalls, 0);
	assert_int_equal(b->in[0], 0xee);
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* req: BLK-21 BLK-22 DRV-103 */
static void
test_readonly(void **state)
{
	static const uint64_t features[] = {
		BLK_ALL, BLK_V1, BLK_V1 | VIOBLK_F_RO,
		BLK_ALL & ~VIOBLK_F_RO
	};
	unsigned i;

	(void)state;
	start_with(DEVCONF_READONLY, 1);
	for (i = 0; i < 4; i++) {
		blk_up(b, features[i]);
		memset(b->out, 0, 64);
		le32_put(b->out + 24, 1);
		assert_int_equal(blk_do(b, VIOBLK_T_OUT, 0, 512, 0),
		    VIOBLK_S_IOERR);
		assert_int_equal(blk_do(b, VIOBLK_T_DISCARD, 0, 16, 0),
		    VIOBLK_S_IOERR);
		assert_int_equal(blk_do(b, VIOBLK_T_WRITE_ZEROES, 0, 16, 0),
		    VIOBLK_S_IOERR);
		assert_int_equal(b->ncalls, 0);
		assert_int_equal(blk_do(b, VIOBLK_T_IN, 1, 0, 512),
		    VIOBLK_S_OK);
		assert_memory_equal(b->in, b->s->fresh + 512, 512);
	}
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/* req: BLK-65 */
static void
test_queues(void **state)
{
	struct blk_seg sg[3] = { { 16, 0 }, { 512, 1 }, { 1, 1 } };
	unsigned q;

	(void)state;
	start_with(DEVCONF_NQUEUES, 3);
	for (q = 0; q < 3; q++) {
		blk_header(b, VIOBLK_T_IN, q);
		assert_int_equal(blk_send(b, q, sg, 3), VIOBLK_S_OK);
		assert_memory_equal(b->in, b->s->fresh + 512 * q, 512);
	}
	blk_up(b, BLK_ALL & ~VIOBLK_F_MQ);
	blk_header(b, VIOBLK_T_IN, 2);
	assert_int_equal(blk_send(b, 0, sg, 3), VIOBLK_S_OK);
	assert_memory_equal(b->in, b->s->fresh + 1024, 512);
	/* The others are there and stay silent. */
	for (q = 1; q < 3; q++) {
		assert_int_equal(blk_send(b, q, sg, 3), -2);
		assert_int_equal(b->ncalls, 0);
	}
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_read),
		T(test_write),
		T(test_sector),
		T(test_part_of_sector),
		T(test_range),
		T(test_flush),
		T(test_get_id),
		T(test_serials),
		T(test_unknown_type),
		T(test_not_negotiated),
		T(test_wrong_direction),
		T(test_short_header),
		T(test_no_status),
		T(test_readonly),
		T(test_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
