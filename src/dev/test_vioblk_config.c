/* What a disk offers and tells about itself: virtio 1.3, 5.2.3, 5.2.4. */
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
start_with(unsigned tag, uint64_t val)
{
	struct wbuf w;

	sim_stop(b->s);
	wb_init(&w, b->conf, sizeof(b->conf));
	devconf_put_int(&w, DEVCONF_CAPACITY, 0x7f);
	if (tag != 0)
		devconf_put_int(&w, tag, val);
	blk_start(b, &w);
}

static uint64_t
cfg(unsigned off, unsigned width)
{
	return sim_read(b->s, VIODEV_DEVICE, off, width);
}

static void
set_cfg(unsigned off, unsigned width, uint64_t v)
{
	sim_write(b->s, VIODEV_DEVICE, off, width, v);
}

static uint64_t
offer(void)
{
	uint64_t v;

	sim_write(b->s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE_SELECT, 4, 0);
	v = sim_read(b->s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE, 4);
	sim_write(b->s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE_SELECT, 4, 1);
	return v | sim_read(b->s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE, 4) <<
	    32;
}

/* req: CORE-07 BLK-36 CORE-30 CORE-39 BLK-02 */
static void
test_offer(void **state)
{
	(void)state;
	assert_true(offer() == 0x130007e46ULL);
	start_with(DEVCONF_READONLY, 1);
	assert_true(offer() == 0x130001e66ULL);
	start_with(DEVCONF_FEATURES, VIOBLK_F_MQ);
	assert_true(offer() == (BLK_V1 | VIOBLK_F_MQ));
	start_with(DEVCONF_FEATURES, 0);
	assert_true(offer() == BLK_V1);
}

/* req: BLK-02 CORE-04 */
static void
test_offer_closed(void **state)
{
	(void)state;
	start_with(DEVCONF_FEATURES, ~VIOBLK_F_FLUSH);
	assert_true(offer() ==
	    (0x130007e46ULL & ~(VIOBLK_F_FLUSH | VIOBLK_F_CONFIG_WCE)));
	start_with(DEVCONF_FEATURES, ~VIOBLK_F_CONFIG_WCE);
	assert_true(offer() == (0x130007e46ULL & ~VIOBLK_F_CONFIG_WCE));
}

/* What the 60 bytes are for a disk with everything. */
static void
expect_image(uint8_t *img)
{
	memset(img, 0, 0x48);
	img[0] = 0x7f;
	le32_put(img + 0x08, 1U << 20);
	le32_put(img + 0x0c, 126);
	le32_put(img + 0x14, 512);
	le16_put(img + 0x1a, 1);
	img[0x20] = 1;
	le16_put(img + 0x22, 1);
	le32_put(img + 0x24, 1U << 22);
	le32_put(img + 0x28, 16);
	le32_put(img + 0x2c, 1);
	le32_put(img + 0x30, 1U << 16);
	le32_put(img + 0x34, 16);
	img[0x38] = 1;
}

static void
check_image(const uint8_t *img)
{
	unsigned off, width, i;
	uint64_t want;

	for (width = 1; width <= 8; width *= 2)
		for (off = 0; off < 0x40; off++) {
			for (want = 0, i = 0; i < width; i++)
				want |= (uint64_t)img[off + i] << (8 * i);
			assert_true(cfg(off, width) == want);
		}
}

/* req: BLK-04 CORE-11 CORE-13 DRV-83 */
static void
test_fields(void **state)
{
	uint8_t img[0x48];

	(void)state;
	start_with(0, 0);
	expect_image(img);
	check_image(img);
	start_with(DEVCONF_BLKSIZE, 4096);
	le32_put(img + 0x14, 4096);
	le32_put(img + 0x2c, 8);
	check_image(img);
	start_with(DEVCONF_PHYSEXP, 3);
	expect_image(img);
	img[0x18] = 3;
	le16_put(img + 0x1a, 8);
	check_image(img);
	start_with(DEVCONF_NQUEUES, 8);
	expect_image(img);
	le16_put(img + 0x22, 8);
	check_image(img);
	start_with(DEVCONF_READONLY, 1);
	expect_image(img);
	memset(img + 0x24, 0, 0x18);
	check_image(img);
}

/* req: DRV-07 BLK-04 */
static void
test_fields_not_offered(void **state)
{
	static const struct {
		uint64_t	feature;
		unsigned	off, len;
	} f[] = {
		{ VIOBLK_F_SIZE_MAX, 0x08, 4 }, { VIOBLK_F_SEG_MAX, 0x0c, 4 },
		{ VIOBLK_F_BLK_SIZE, 0x14, 4 }, { VIOBLK_F_TOPOLOGY, 0x18, 8 },
		{ VIOBLK_F_CONFIG_WCE, 0x20, 1 }, { VIOBLK_F_MQ, 0x22, 2 },
		{ VIOBLK_F_DISCARD, 0x24, 12 },
		{ VIOBLK_F_WRITE_ZEROES, 0x30, 9 },
	};
	uint8_t img[0x48];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(f) / sizeof(f[0]); i++) {
		start_with(DEVCONF_FEATURES, ~f[i].feature);
		expect_image(img);
		memset(img + f[i].off, 0, f[i].len);
		check_image(img);
	}
	start_with(DEVCONF_FEATURES, 0);
	memset(img, 0, sizeof(img));
	img[0] = 0x7f;
	check_image(img);
}

/* req: DRV-105 */
static void
test_readonly_fields(void **state)
{
	uint8_t img[0x48];
	unsigned off, width;

	(void)state;
	start_with(0, 0);
	expect_image(img);
	blk_up(b, BLK_ALL);
	for (width = 1; width <= 8; width *= 2)
		for (off = 0; off < 0x44; off++) {
			if (off == VIOBLK_C_WRITEBACK && width == 1)
				continue;
			set_cfg(off, width, 0);
			set_cfg(off, width, UINT64_MAX);
			check_image(img);
		}
	assert_int_equal(b->ncalls, 0);
}

/* req: BLK-66 DRV-95 */
static void
test_writeback(void **state)
{
	unsigned v;

	(void)state;
	blk_up(b, BLK_ALL);
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 1);
	set_cfg(VIOBLK_C_WRITEBACK, 1, 0);
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 0);
	for (v = 2; v < 256; v++) {
		set_cfg(VIOBLK_C_WRITEBACK, 1, v);
		assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 0);
	}
	set_cfg(VIOBLK_C_WRITEBACK, 1, 1);
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 1);
	set_cfg(VIOBLK_C_WRITEBACK, 1, 0);
	blk_up(b, BLK_ALL);		/* a reset goes back to the start */
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 1);
	blk_up(b, BLK_ALL & ~VIOBLK_F_CONFIG_WCE);
	set_cfg(VIOBLK_C_WRITEBACK, 1, 0);
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 1);
	assert_int_equal(b->ncalls, 0);
}

/* req: BLK-03 DRV-83 */
static void
test_writeback_start(void **state)
{
	uint64_t both = VIOBLK_F_CONFIG_WCE | VIOBLK_F_FLUSH;

	(void)state;
	blk_up(b, BLK_V1 | VIOBLK_F_CONFIG_WCE);
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 0);
	blk_up(b, BLK_V1 | both);
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 1);
	blk_up(b, BLK_V1 | VIOBLK_F_FLUSH);
	assert_int_equal(cfg(VIOBLK_C_WRITEBACK, 1), 1);
}

static void
resize(uint64_t sectors)
{
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	uint8_t buf[16];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_CAPACITY, sectors);
	m.payload = buf;
	m.len = w.len;
	sim_deliver(b->s, &m);
}

static uint8_t
take_isr(void)
{
	return (uint8_t)sim_read(b->s, VIODEV_ISR, 0, 1);
}

/* req: CORE-14 PCI-22 PCI-47 */
static void
test_resize(void **state)
{
	uint64_t g, h;

	(void)state;
	blk_up(b, BLK_ALL);
	g = sim_read(b->s, VIODEV_COMMON, VIRTIO_CONFIG_GENERATION, 1);
	resize(BLK_CAP);			/* the same: no change */
	assert_int_equal(take_isr(), 0);
	assert_int_equal(sim_read(b->s, VIODEV_COMMON,
	    VIRTIO_CONFIG_GENERATION, 1), g);
	resize(100);
	assert_int_equal(b->s->line, 1);
	assert_int_equal(take_isr(), VIRTIO_ISR_CONFIG);
	assert_int_equal(cfg(VIOBLK_C_CAPACITY, 8), 100);
	h = sim_read(b->s, VIODEV_COMMON, VIRTIO_CONFIG_GENERATION, 1);
	assert_int_not_equal(h, g);
	/* What is new can be reached, what is gone cannot. */
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 99, 0, 512), VIOBLK_S_OK);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 100, 0, 512),
	    VIOBLK_S_IOERR);
	resize(10);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 10, 0, 512), VIOBLK_S_IOERR);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 9, 0, 512), VIOBLK_S_OK);
	resize(0);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 0, 0, 512), VIOBLK_S_IOERR);
}

/* A device that nobody drives changes without an interrupt. */
static void
test_resize_early(void **state)
{
	(void)state;
	resize(50);
	assert_int_equal(take_isr(), 0);
	assert_int_equal(cfg(VIOBLK_C_CAPACITY, 8), 50);
	blk_up(b, BLK_ALL);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 49, 0, 512), VIOBLK_S_OK);
	assert_int_equal(blk_do(b, VIOBLK_T_IN, 50, 0, 512), VIOBLK_S_IOERR);
}

/* CONFIG with nothing in it, or nothing for a disk. */
static void
test_config_ignored(void **state)
{
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	uint8_t buf[64];
	struct wbuf w;

	(void)state;
	blk_up(b, BLK_ALL);
	sim_deliver(b->s, &m);
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_READONLY, 1);
	devconf_put_int(&w, DEVCONF_BLKSIZE, 4096);
	m.payload = buf;
	m.len = w.len;
	sim_deliver(b->s, &m);
	assert_int_equal(cfg(VIOBLK_C_BLK_SIZE, 4), 512);
	assert_int_equal(take_isr(), 0);
	/* Straight to the device: more than any disk has. */
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_CAPACITY, 1ULL << 54);
	m.len = w.len;
	dev_msg(b->s->dev, &m);
	assert_int_equal(cfg(VIOBLK_C_CAPACITY, 8), BLK_CAP);
	assert_int_equal(take_isr(), 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_offer),
		T(test_offer_closed),
		T(test_fields),
		T(test_fields_not_offered),
		T(test_readonly_fields),
		T(test_writeback),
		T(test_writeback_start),
		T(test_resize),
		T(test_resize_early),
		T(test_config_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
