/* The register block of virtio 0.9: virtio 1.3, 4.1.4.10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_dev.h"

#define OFFER	(ECHO_F_FIRST | ECHO_F_SECOND)
#define END	(VIRTIO_L_CONFIG + ECHO_CONFIG + 4U)

static struct sim *s;

static int
setup(void **state)
{
	(void)state;
	s = sim_new(&sim_legacy);
	sim_start(s, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sim_stop(s);
	sim_free(s);
	return 0;
}

static uint64_t
lrd(unsigned off, unsigned width)
{
	return sim_read(s, VIODEV_LEGACY, off, width);
}

static void
lwr(unsigned off, unsigned width, uint64_t v)
{
	sim_write(s, VIODEV_LEGACY, off, width, v);
}

static void
distinct(uint8_t *img)
{
	sim_stop(s);
	sim_start(s, NULL);
	lwr(VIRTIO_L_DEVICE_STATUS, 1, 3);
	lwr(VIRTIO_L_DRIVER_FEATURES, 4, ECHO_F_SECOND);
	lwr(VIRTIO_L_QUEUE_PFN, 4, 0x44332211);
	lwr(VIRTIO_L_QUEUE_SELECT, 2, 0x6655);
	lwr(VIRTIO_L_CONFIG + 8, 4, 0xddccbbaa);
	memset(img, 0, END + 8);
	img[0] = OFFER;
	img[4] = ECHO_F_SECOND;
	le32_put(img + 8, 0x44332211);
	le16_put(img + 14, 0x6655);
	img[18] = 3;
	le32_put(img + 28, 0xddccbbaa);
}

/* Header and configuration are two images; an access ends where one ends. */
static void
test_read(void **state)
{
	uint8_t img[END + 8];
	unsigned off, width, i;
	uint64_t want;

	(void)state;
	distinct(img);
	for (width = 1; width <= 8; width *= 2)
		for (off = 0; off < END; off++) {
			for (want = 0, i = 0; i < width; i++)
				if (off >= VIRTIO_L_CONFIG ||
				    off + i < VIRTIO_L_CONFIG)
					want |= (uint64_t)img[off + i] <<
					    (8 * i);
			assert_true(lrd(off, width) == want);
		}
	assert_true(lrd(UINT32_MAX, 8) == 0);
}

static void
test_write(void **state)
{
	static const unsigned known[][2] = {
		{ 4, 4 }, { 8, 4 }, { 14, 2 }, { 18, 1 }, { 24, 4 },
		{ 28, 4 }, { 32, 4 }
	};
	uint8_t img[END + 8];
	unsigned off, width, i, b, skip;

	(void)state;
	for (off = 0; off < END; off++)
		for (width = 1; width <= 8; width *= 2) {
			distinct(img);
			for (skip = 0, i = 0; i < 7; i++)
				skip |= known[i][0] == off &&
				    known[i][1] == width;
			if (skip)
				continue;
			lwr(off, width, UINT64_MAX);
			for (b = 0; b < END; b++)
				assert_int_equal(lrd(b, 1), img[b]);
		}
}

static void
test_features(void **state)
{
	(void)state;
	lwr(VIRTIO_L_DRIVER_FEATURES, 4, UINT32_MAX);
	assert_int_equal(lrd(VIRTIO_L_DRIVER_FEATURES, 4), OFFER);
	lwr(VIRTIO_L_DRIVER_FEATURES, 4, ECHO_F_FIRST);
	assert_int_equal(lrd(VIRTIO_L_DRIVER_FEATURES, 4), ECHO_F_FIRST);
	lwr(VIRTIO_L_DEVICE_FEATURES, 4, 0);
	assert_int_equal(lrd(VIRTIO_L_DEVICE_FEATURES, 4), OFFER);
	assert_int_equal(lrd(VIRTIO_L_QUEUE_SIZE, 2), 0);
}

/* There is no FEATURES_OK here: the driver goes live without. */
static void
test_status(void **state)
{
	unsigned v;

	(void)state;
	for (v = 1; v < 256; v++) {
		lwr(VIRTIO_L_DEVICE_STATUS, 1, 0);
		assert_int_equal(lrd(VIRTIO_L_DEVICE_STATUS, 1), 0);
		lwr(VIRTIO_L_DEVICE_STATUS, 1, v);
		assert_int_equal(lrd(VIRTIO_L_DEVICE_STATUS, 1), v & 0x87);
	}
	lwr(VIRTIO_L_DEVICE_STATUS, 1, 0);
	assert_false(virtio_live(sim_virtio(s)));
	lwr(VIRTIO_L_DEVICE_STATUS, 1, 7);
	assert_true(virtio_live(sim_virtio(s)));
}

/* The status is read through any access that covers it, and only then. */
static void
test_isr(void **state)
{
	unsigned off, width, covers;

	(void)state;
	for (off = 0; off < VIRTIO_L_CONFIG + 4; off++)
		for (width = 1; width <= 8; width *= 2) {
			lwr(VIRTIO_L_DEVICE_STATUS, 1, 0);
			lwr(VIRTIO_L_DEVICE_STATUS, 1, 7);
			lwr(VIRTIO_L_CONFIG + 4, 4, 1);
			sim_advance(s, 1000000);
			assert_int_equal(s->line, 1);
			covers = off <= VIRTIO_L_ISR &&
			    off + width > VIRTIO_L_ISR;
			if (covers)
				assert_int_equal(lrd(off, width) >>
				    8 * (VIRTIO_L_ISR - off) & 0xff,
				    VIRTIO_ISR_CONFIG);
			else
				(void)lrd(off, width);
			assert_int_equal(s->line, !covers);
			assert_int_equal(lrd(VIRTIO_L_ISR, 1),
			    covers ? 0 : VIRTIO_ISR_CONFIG);
		}
}

/* The modern windows are not there. */
static void
test_no_windows(void **state)
{
	unsigned space;

	(void)state;
	lwr(VIRTIO_L_DEVICE_STATUS, 1, 3);
	for (space = VIODEV_COMMON; space <= VIODEV_DEVICE; space++) {
		sim_write(s, space, 0x14, 1, 0);
		sim_write(s, space, 18, 1, 0);
		assert_int_equal(sim_read(s, space, 0x12, 2), 0xffff);
	}
	assert_int_equal(lrd(VIRTIO_L_DEVICE_STATUS, 1), 3);
	sim_kick(s, 0);
	assert_int_equal(lrd(VIRTIO_L_DEVICE_STATUS, 1), 3);
}

static void
test_config(void **state)
{
	(void)state;
	lwr(VIRTIO_L_CONFIG + 12, 4, 0x01020304);
	assert_int_equal(lrd(VIRTIO_L_CONFIG + 12, 1), 4);
	assert_int_equal(lrd(VIRTIO_L_CONFIG + 14, 2), 0x0102);
	lwr(VIRTIO_L_CONFIG + 8, 4, HREQ_TIMESYNC);
	assert_int_equal(s->requests, 1);
	lwr(VIRTIO_L_DEVICE_STATUS, 1, 0);
	assert_int_equal(lrd(VIRTIO_L_CONFIG + 12, 4), 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_read),
		T(test_write),
		T(test_features),
		T(test_status),
		T(test_isr),
		T(test_no_windows),
		T(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
