/* Every kind of request under every set of features, and in bad company. */
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

static const uint64_t bits[] = {
	VIOBLK_F_FLUSH, VIOBLK_F_CONFIG_WCE, VIOBLK_F_MQ, VIOBLK_F_DISCARD,
	VIOBLK_F_WRITE_ZEROES, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
};
#define NBITS	(sizeof(bits) / sizeof(bits[0]))

static const struct {
	unsigned	type;
	uint64_t	needs;
	unsigned	out, in;
	int		asks;		/* the medium */
	int		writes;
} kinds[] = {
	{ VIOBLK_T_IN, 0, 0, 1024, 1, 0 },
	{ VIOBLK_T_OUT, 0, 1024, 0, 1, 1 },
	{ VIOBLK_T_FLUSH, VIOBLK_F_FLUSH, 0, 0, 1, 0 },
	{ VIOBLK_T_GET_ID, 0, 0, 20, 0, 0 },
	{ VIOBLK_T_DISCARD, VIOBLK_F_DISCARD, 16, 0, 1, 1 },
	{ VIOBLK_T_WRITE_ZEROES, VIOBLK_F_WRITE_ZEROES, 16, 0, 1, 1 },
};
#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

static void
run_all(uint64_t features, int readonly)
{
	unsigned k;
	int want, ran;

	for (k = 0; k < NKINDS; k++) {
		memset(b->out + 16, 0, 1024);
		le32_put(b->out + 24, 2);
		want = readonly && kinds[k].writes ? VIOBLK_S_IOERR :
		    (kinds[k].needs & ~features) != 0 ? VIOBLK_S_UNSUPP :
		    VIOBLK_S_OK;
		assert_int_equal(blk_do(b, kinds[k].type, 0, kinds[k].out,
		    kinds[k].in), want);
		assert_int_equal(b->used, kinds[k].in + 1);
		ran = want == VIOBLK_S_OK && kinds[k].asks;
		assert_int_equal(b->ncalls, ran);
	}
}

static void
matrix(int readonly)
{
	uint64_t features;
	unsigned set, i;

	for (set = 0; set < 1U << NBITS; set++) {
		features = BLK_V1;
		for (i = 0; i < NBITS; i++)
			if ((set >> i & 1) != 0)
				features |= bits[i];
		blk_up(b, features);
		b->indirect = 0;
		run_all(features, readonly);
		if ((features & VIRTIO_F_INDIRECT_DESC) == 0)
			continue;
		b->indirect = 1;
		run_all(features, readonly);
	}
	b->indirect = 0;
}

static void
test_features(void **state)
{
	(void)state;
	matrix(0);
}

/* req: BLK-21 BLK-22 DRV-103 */
static void
test_features_readonly(void **state)
{
	struct wbuf w;

	(void)state;
	sim_stop(b->s);
	wb_init(&w, b->conf, sizeof(b->conf));
	devconf_put_int(&w, DEVCONF_CAPACITY, BLK_CAP);
	devconf_put_int(&w, DEVCONF_READONLY, 1);
	blk_start(b, &w);
	matrix(1);
	assert_memory_equal(b->s->disk, b->s->fresh, SIM_DISK);
}

/*
 * The guest changes whatever was just read, in all degrees of malice: the
 * oracles judge by what the device saw, and a reset makes all good again.
 */
/* req: DRV-12 */
static void
test_race(void **state)
{
	unsigned mode, seed, k;

	(void)state;
	for (mode = 1; mode <= 8; mode++)
		for (seed = 0; seed < 60; seed++) {
			sim_stop(b->s);
			blk_start(b, NULL);
			blk_up(b, BLK_ALL);
			b->indirect = (int)(seed & 1);
			b->s->oracle.race = (uint8_t)mode;
			b->s->oracle.raceseed = (uint8_t)seed;
			for (k = 0; k < 2 * NKINDS; k++) {
				le64_put(b->out + 16, k);
				le32_put(b->out + 24, 2);
				(void)blk_do(b, kinds[k % NKINDS].type, k,
				    kinds[k % NKINDS].out,
				    kinds[k % NKINDS].in);
				assert_null(dev_check(b->s->dev));
			}
		}
	b->s->oracle.race = 0;
	b->indirect = 0;
	blk_up(b, BLK_ALL);
	assert_int_equal(blk_do(b, VIOBLK_T_GET_ID, 0, 0, 20), VIOBLK_S_OK);
}

/* Saved and loaded between requests. */
static void
test_reload(void **state)
{
	unsigned i;

	(void)state;
	blk_up(b, BLK_ALL);
	sim_write(b->s, VIODEV_DEVICE, VIOBLK_C_WRITEBACK, 1, 0);
	for (i = 0; i < 20; i++) {
		blk_pattern(b->out + 16, 512, i);
		assert_int_equal(blk_do(b, VIOBLK_T_OUT, i, 512, 0),
		    VIOBLK_S_OK);
		assert_int_equal(b->call[0].flags, BLK_F_DURABLE);
		sim_reload(b->s);
		assert_int_equal(blk_do(b, VIOBLK_T_IN, i, 0, 512),
		    VIOBLK_S_OK);
		assert_memory_equal(b->in, b->out + 16, 512);
	}
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_features),
		T(test_features_readonly),
		T(test_race),
		T(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
