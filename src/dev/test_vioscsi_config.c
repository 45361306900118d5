/* Attach values, configuration space, features, state: virtio 1.3, 5.6.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now

static struct wbuf w;

static int
setup(void **state)
{
	(void)state;
	(void)t_new();
	wb_init(&w, t->conf, sizeof(t->conf));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sim_free(t->s);
	free(t);
	return 0;
}

static void
refused(const char *why)
{
	t_start(t, &w);
	assert_true(t->s->dead);
	assert_string_equal(t->log, why);
	sim_stop(t->s);
	wb_init(&w, t->conf, sizeof(t->conf));
}

static void
value(unsigned tag, uint64_t v, const char *why)
{
	if (tag != DEVCONF_UNIT)
		devconf_put_int(&w, DEVCONF_UNIT, 0);
	devconf_put_int(&w, tag, v);
	refused(why);
}

static void
test_refused(void **state)
{
	unsigned i;

	(void)state;
	value(DEVCONF_KIND, 2, "vioscsi: kind of a unit is neither 0 (disk) "
	    "nor 1 (CD)");
	value(DEVCONF_UNIT, 16384, "vioscsi: unit is no target up to 255 with "
	    "a LUN up to 16383");
	value(DEVCONF_UNIT, 0x1000000, "vioscsi: unit is no target up to 255 "
	    "with a LUN up to 16383");
	value(DEVCONF_CAPACITY, 1ULL << 54, "vioscsi: capacity too large");
	value(DEVCONF_BLKSIZE, 256, "vioscsi: block size is not 512, 1024, "
	    "2048 or 4096");
	value(DEVCONF_BLKSIZE, 8192, "vioscsi: block size is not 512, 1024, "
	    "2048 or 4096");
	value(DEVCONF_BLKSIZE, 1536, "vioscsi: block size is not 512, 1024, "
	    "2048 or 4096");
	value(DEVCONF_PHYSEXP, 9, "vioscsi: physical block exponent above 8");
	for (i = 0; i < 2; i++) {
		devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
		if (i == 0)
			devconf_put_int(&w, DEVCONF_BLKSIZE, 512);
		else
			devconf_put_int(&w, DEVCONF_PHYSEXP, 0);
		refused("vioscsi: blocks of a CD have 2048 bytes");
	}
	devconf_put_int(&w, DEVCONF_UNIT, 5);
	value(DEVCONF_UNIT, 5, "vioscsi: two units at one address");
	for (i = 0; i < SCSI_UNITS; i++)
		devconf_put_int(&w, DEVCONF_UNIT, i);
	value(DEVCONF_UNIT, i, "vioscsi: more than 8 units");
	devconf_put_int(&w, DEVCONF_NQUEUES, 9);
	refused("vioscsi: number of queues is not 1 to 8");
	devconf_put_int(&w, DEVCONF_NQUEUES, 0);
	refused("vioscsi: number of queues is not 1 to 8");
	devconf_put_int(&w, DEVCONF_QSIZE, 100);
	refused("vioscsi: queue size is no power of two from 2 to 1024");
	devconf_put_int(&w, DEVCONF_QSIZE, 1);
	refused("vioscsi: queue size is no power of two from 2 to 1024");
	devconf_put_int(&w, DEVCONF_QSIZE, 2048);
	refused("vioscsi: queue size is no power of two from 2 to 1024");
}

static uint64_t
config(unsigned off, unsigned width)
{
	return sim_read(t->s, VIODEV_DEVICE, off, width);
}

/* SHOULDs of 5.6.4: no channels, targets and LUNs as far as there are any. */
static void
test_fields(void **state)
{
	(void)state;
	devconf_put_int(&w, DEVCONF_NQUEUES, 3);
	devconf_put_int(&w, DEVCONF_QSIZE, 64);
	devconf_put_int(&w, DEVCONF_UNIT, 0x2012c);
	devconf_put_int(&w, DEVCONF_UNIT, 1);
	t_start(t, &w);
	assert_false(t->s->dead);
	assert_int_equal(config(VIOSCSI_C_NUM_QUEUES, 4), 3);
	assert_int_equal(config(VIOSCSI_C_SEG_MAX, 4), VIOSCSI_SEGMAX);
	assert_int_equal(config(VIOSCSI_C_MAX_SECTORS, 4), 32768);
	assert_int_equal(config(VIOSCSI_C_CMD_PER_LUN, 4), 64);
	assert_int_equal(config(VIOSCSI_C_EVENT_SIZE, 4), 16);
	assert_int_equal(config(VIOSCSI_C_MAX_CHANNEL, 2), 0);
	assert_int_equal(config(VIOSCSI_C_MAX_TARGET, 2), 2);
	assert_int_equal(config(VIOSCSI_C_MAX_LUN, 4), 300);
	assert_int_equal(sim_read(t->s, VIODEV_COMMON, VIRTIO_NUM_QUEUES, 2),
	    5);
	sim_stop(t->s);
}

/* req: DRV-148 */
static void
test_writes(void **state)
{
	unsigned off, width;
	uint8_t before[VIOSCSI_C_SIZE], now;

	(void)state;
	devconf_put_int(&w, DEVCONF_UNIT, 1);
	t_start(t, &w);
	t_up(t, 0);
	for (off = 0; off < VIOSCSI_C_SIZE; off++)
		before[off] = (uint8_t)config(off, 1);
	for (off = 0; off < VIOSCSI_C_SIZE; off++)
		for (width = 1; width <= 8; width *= 2) {
			if (width == 4 && (off == VIOSCSI_C_SENSE_SIZE ||
			    off == VIOSCSI_C_CDB_SIZE))
				continue;
			sim_write(t->s, VIODEV_DEVICE, off, width, UINT64_MAX);
		}
	for (off = 0; off < VIOSCSI_C_SIZE; off++) {
		now = (uint8_t)config(off, 1);
		assert_int_equal(now, before[off]);
	}
	sim_stop(t->s);
}

/* What is offered, and nothing else: CHANGE. */
static void
test_features(void **state)
{
	uint64_t v;

	(void)state;
	t_start(t, &w);
	v = sim_virtio(t->s)->offered;
	assert_true((v & 0xffffff) == VIOSCSI_F_CHANGE);
	sim_stop(t->s);
	wb_init(&w, t->conf, sizeof(t->conf));
	devconf_put_int(&w, DEVCONF_FEATURES, 0);
	t_start(t, &w);
	assert_true((sim_virtio(t->s)->offered & 0xffffff) == 0);
	sim_stop(t->s);
}

/* No UNIT in the list: one unit at target 0, LUN 0. */
static void
test_single(void **state)
{
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	uint8_t buf[16];
	struct wbuf c;

	(void)state;
	devconf_put_int(&w, DEVCONF_CAPACITY, 10);
	devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
	t_start(t, &w);
	t_up(t, 0);
	t_lun(t, 0);
	assert_int_equal(t_cmd(t, "25", 0, 8), 0);
	assert_int_equal(t->sense, T_ATTENTION);
	assert_int_equal(t_cmd(t, "25", 0, 8), 0);
	assert_int_equal(be32_get(t->data), 2);
	wb_init(&c, buf, sizeof(buf));
	devconf_put_int(&c, DEVCONF_CAPACITY, 4);
	m.payload = buf;
	m.len = c.len;
	sim_deliver(t->s, &m);
	(void)t_cmd(t, "25", 0, 8);
	assert_int_equal(t_cmd(t, "25", 0, 8), 0);
	assert_int_equal(be32_get(t->data), 0);
	/* One that nobody has changes nothing; nor does an absurd one. */
	t_config(t, 7, 8);
	assert_int_equal(t_cmd(t, "25", 0, 8), 0);
	assert_int_equal(t->sense, 0);
	sim_stop(t->s);
}

/* Each bit of a saved state: it is taken or refused, and never half. */
static void
test_hostile_state(void **state)
{
	static uint8_t saved[SIM_STATE], bad[SIM_STATE];
	unsigned i, taken = 0;
	struct wbuf b;

	(void)state;
	devconf_put_int(&w, DEVCONF_UNIT, CD);
	devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
	devconf_put_int(&w, DEVCONF_CAPACITY, 22);
	devconf_put_int(&w, DEVCONF_UNIT, DISK);
	devconf_put_int(&w, DEVCONF_CAPACITY, 32);
	t_start(t, &w);
	t_up(t, UINT64_MAX);
	t_config(t, DISK, 20);
	t_config(t, DISK, 32);
	wb_init(&b, saved, sizeof(saved));
	dev_save(t->s->dev, &b);
	for (i = 0; i < b.len * 8; i++) {
		memcpy(bad, saved, b.len);
		bad[i / 8] ^= (uint8_t)(1U << i % 8);
		t->s->ops = 0;
		sim_restore(t->s, bad, b.len);
		assert_null(dev_check(t->s->dev));
		taken += t->s->ops >> 63;
	}
	for (i = 0; i < b.len; i++) {
		t->s->ops = 0;
		sim_restore(t->s, saved, i);
		assert_true(t->s->ops >> 63 == 0);
	}
	sim_restore(t->s, saved, b.len);
	assert_true(t->s->ops >> 63 == 1);
	assert_in_range(taken, 1, b.len * 8 - 200);
	sim_stop(t->s);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused), TEST(test_fields), TEST(test_writes),
		TEST(test_features), TEST(test_single),
		TEST(test_hostile_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
