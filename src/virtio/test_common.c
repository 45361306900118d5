/* The registers of the common window: virtio 1.3, 4.1.4.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_dev.h"

#define OFFER	(VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC |		\
		 VIRTIO_F_EVENT_IDX | ECHO_F_FIRST | ECHO_F_SECOND |	\
		 ECHO_F_HIGH)
#define END	0x44U		/* a little behind the registers */

static struct sim *s;

static int
setup(void **state)
{
	(void)state;
	s = sim_new(&sim_echo);
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

/* A state in which each register has another value. */
static void
distinct(uint8_t *img)
{
	sim_stop(s);
	sim_start(s, NULL);
	set_status(s, S_ACK);
	set_status(s, S_DRV);
	accept_features(s, OFFER & ~ECHO_F_SECOND);
	wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, 1);
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	wr(s, VIRTIO_QUEUE_SELECT, 2, 2);
	wr(s, VIRTIO_QUEUE_SIZE, 2, 4);
	wr(s, VIRTIO_QUEUE_DESC, 4, 0x13121110);
	wr(s, VIRTIO_QUEUE_DESC + 4, 4, 0x17161514);
	wr(s, VIRTIO_QUEUE_DRIVER, 4, 0x23222120);
	wr(s, VIRTIO_QUEUE_DRIVER + 4, 4, 0x27262524);
	wr(s, VIRTIO_QUEUE_DEVICE, 4, 0x33323130);
	wr(s, VIRTIO_QUEUE_DEVICE + 4, 4, 0x37363534);
	if (img == NULL)
		return;
	memset(img, 0, END + 8);
	le32_put(img + 0x00, 1);
	le32_put(img + 0x04, OFFER >> 32);
	le32_put(img + 0x08, 0);
	le32_put(img + 0x0c, (uint32_t)(OFFER & ~ECHO_F_SECOND));
	le16_put(img + 0x10, 0xffff);
	le16_put(img + 0x12, 3);
	img[0x14] = S_DRV;
	le16_put(img + 0x16, 2);
	le16_put(img + 0x18, 4);
	le16_put(img + 0x1a, 0xffff);
	le64_put(img + 0x20, 0x1716151413121110ULL);
	le64_put(img + 0x28, 0x2726252423222120ULL);
	le64_put(img + 0x30, 0x3736353433323130ULL);
}

/* req: PCI-10 DRV-58 */
static void
test_read_everything(void **state)
{
	uint8_t img[END + 8];
	unsigned off, width, i;
	uint64_t want;

	(void)state;
	distinct(img);
	for (width = 1; width <= 8; width++)
		for (off = 0; off < END; off++) {
			for (want = 0, i = 0; i < width; i++)
				want |= (uint64_t)img[off + i] << (8 * i);
			assert_true(rd(s, off, width) == want);
		}
	assert_true(rd(s, 0xfff0, 4) == 0);
	assert_true(rd(s, UINT32_MAX, 8) == 0);
	assert_true(rd(s, 0, 0) == 0);
}

static void
image(uint8_t *img)
{
	unsigned off;

	for (off = 0; off < END; off++)
		img[off] = (uint8_t)rd(s, off, 1);
}

/* How many bytes from off on a write of this width may change. */
static unsigned
writable(unsigned off, unsigned width)
{
	static const struct {
		unsigned	off, width;
	} regs[] = {
		{ 0x00, 4 }, { 0x08, 4 }, { 0x0c, 4 }, { 0x14, 1 },
		{ 0x16, 2 }, { 0x18, 2 }, { 0x1c, 2 }, { 0x20, 4 },
		{ 0x24, 4 }, { 0x28, 4 }, { 0x2c, 4 }, { 0x30, 4 },
		{ 0x34, 4 },
	};
	unsigned i;

	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (regs[i].off == off && regs[i].width == width)
			return width;
	return 0;
}

/* What a selector makes visible is not a neighbour that changed. */
static int
window_of(unsigned off, unsigned byte)
{
	if (off == 0x00)
		return byte >= 0x04 && byte < 0x08;
	if (off == 0x08)
		return byte >= 0x0c && byte < 0x10;
	return off == 0x16 && byte >= 0x18 && byte < 0x38;
}

/* req: DRV-58 DRV-60 */
static void
test_write_everything(void **state)
{
	static const uint64_t vals[] = {
		0, 2, 8, UINT64_MAX, 0x8877665544332211ULL
	};
	uint8_t before[END], after[END];
	unsigned off, width, i, b, n;

	(void)state;
	for (off = 0; off < END; off++)
		for (width = 0; width <= 8; width++)
			for (i = 0; i < 5; i++) {
				if (off == 0x14 && width == 1)
					continue;	/* test_status.c */
				distinct(NULL);
				image(before);
				wr(s, off, width, vals[i]);
				image(after);
				n = writable(off, width);
				for (b = 0; b < END; b++)
					if ((b < off || b >= off + n) &&
					    !window_of(off, b))
						assert_int_equal(after[b],
						    before[b]);
			}
}

/* req: PCI-19 DRV-78 CORE-30 CORE-07 CORE-39 */
static void
test_offer(void **state)
{
	static const uint32_t beyond[] = { 2, 3, 32, 0x80000000, UINT32_MAX };
	unsigned i;

	(void)state;
	assert_int_equal(rd(s, VIRTIO_DEVICE_FEATURE, 4),
	    OFFER & 0xffffffff);
	assert_true(offered(s) == OFFER);
	assert_int_equal(OFFER >> 37 & 1, 0);
	for (i = 0; i < 5; i++) {
		wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, beyond[i]);
		assert_int_equal(rd(s, VIRTIO_DEVICE_FEATURE_SELECT, 4),
		    beyond[i]);
		assert_int_equal(rd(s, VIRTIO_DEVICE_FEATURE, 4), 0);
	}
	/* Read-only. */
	wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, 0);
	wr(s, VIRTIO_DEVICE_FEATURE, 4, 0);
	assert_true(offered(s) == OFFER);
}

/* req: PCI-20 DRV-78 */
static void
test_accept(void **state)
{
	static const uint32_t beyond[] = { 2, 3, UINT32_MAX };
	unsigned i;

	(void)state;
	accept_features(s, ECHO_F_HIGH | ECHO_F_FIRST);
	assert_true(accepted(s) == (ECHO_F_HIGH | ECHO_F_FIRST));
	/* What was not on offer does not show. */
	accept_features(s, UINT64_MAX);
	assert_true(accepted(s) == OFFER);
	/* One window at a time. */
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, 1);
	assert_true(accepted(s) == ((OFFER & 0xffffffff00000000ULL) | 1));
	for (i = 0; i < 3; i++) {
		wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, beyond[i]);
		wr(s, VIRTIO_DRIVER_FEATURE, 4, UINT32_MAX);
		assert_int_equal(rd(s, VIRTIO_DRIVER_FEATURE, 4), 0);
		wr(s, VIRTIO_DRIVER_FEATURE, 4, 0);
	}
	assert_true(accepted(s) == ((OFFER & 0xffffffff00000000ULL) | 1));
	/* A window that is too far does not spoil the set, either. */
	accept_features(s, OFFER);
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 2);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, UINT32_MAX);
	set_status(s, S_FEAT);
	assert_int_equal(status(s), S_FEAT);
}

/* req: DRV-09 */
static void
test_features_frozen(void **state)
{
	(void)state;
	negotiate(s, VIRTIO_F_VERSION_1 | ECHO_F_FIRST);
	assert_int_equal(status(s), S_FEAT);
	accept_features(s, 0);
	assert_true(accepted(s) == (VIRTIO_F_VERSION_1 | ECHO_F_FIRST));
	accept_features(s, UINT64_MAX);
	assert_true(accepted(s) == (VIRTIO_F_VERSION_1 | ECHO_F_FIRST));
	assert_int_equal(status(s), S_FEAT);
	set_status(s, 0);
	assert_true(accepted(s) == 0);
	negotiate(s, OFFER);
	assert_true(accepted(s) == OFFER);
}

/* req: PCI-09 PCI-10 */
static void
test_halves(void **state)
{
	static const unsigned reg[] = { 0x20, 0x28, 0x30 };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		wr(s, reg[i] + 4, 4, 0x55667788);
		assert_true(rd(s, reg[i], 8) == 0x5566778800000000ULL);
		wr(s, reg[i], 4, 0x11223344);
		assert_true(rd(s, reg[i], 8) == 0x5566778811223344ULL);
		assert_int_equal(rd(s, reg[i], 4), 0x11223344);
		assert_int_equal(rd(s, reg[i] + 4, 4), 0x55667788);
		wr(s, reg[i] + 4, 4, 0);
		assert_true(rd(s, reg[i], 8) == 0x11223344);
		assert_int_equal(rd(s, reg[i], 1), 0x44);
		assert_int_equal(rd(s, reg[i] + 3, 1), 0x11);
	}
}

static int
power_of_two(unsigned n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* req: DRV-61 PCI-31 */
static void
test_queue_size(void **state)
{
	unsigned n, now = 16;

	(void)state;
	for (n = 0x10000; n-- > 0; ) {
		if (n > 300 && n % 251 != 0 && !power_of_two(n))
			continue;
		wr(s, VIRTIO_QUEUE_SIZE, 2, n);
		if (power_of_two(n) && n <= 16)
			now = n;
		assert_int_equal(rd(s, VIRTIO_QUEUE_SIZE, 2), now);
	}
	assert_int_equal(now, 1);
	wr(s, VIRTIO_QUEUE_SIZE, 2, 16);
	assert_int_equal(rd(s, VIRTIO_QUEUE_SIZE, 2), 16);
}

/* req: PCI-30 DRV-77 */
static void
test_no_such_queue(void **state)
{
	static const unsigned none[] = { 3, 4, 15, 16, 17, 0x100, 0xffff };
	unsigned i, off;

	(void)state;
	for (i = 0; i < 7; i++) {
		wr(s, VIRTIO_QUEUE_SELECT, 2, none[i]);
		assert_int_equal(rd(s, VIRTIO_QUEUE_SELECT, 2), none[i]);
		wr(s, VIRTIO_QUEUE_SIZE, 2, 4);
		wr(s, VIRTIO_QUEUE_MSIX_VECTOR, 2, 0);
		for (off = 0x20; off < 0x38; off += 4)
			wr(s, off, 4, 0x1000);
		wr(s, VIRTIO_QUEUE_ENABLE, 2, 1);
		for (off = 0x18; off < 0x38; off++)
			assert_int_equal(rd(s, off, 1),
			    off / 2 == 0x1a / 2 ? 0xff : 0);
	}
	for (i = 0; i < 3; i++) {
		wr(s, VIRTIO_QUEUE_SELECT, 2, i);
		assert_int_equal(rd(s, VIRTIO_QUEUE_SIZE, 2), 16);
		for (off = 0x1c; off < 0x38; off += 4)
			assert_int_equal(rd(s, off, 4), 0);
	}
}

/* req: DRV-63 DRV-65 */
static void
test_frozen(void **state)
{
	unsigned val, off;

	(void)state;
	negotiate(s, OFFER);
	wr(s, VIRTIO_QUEUE_SIZE, 2, 8);
	wr(s, VIRTIO_QUEUE_DESC, 4, 0x1000);
	/* Only a 1 switches a queue on, and all of the 16 bits count. */
	for (val = 0; val < 0x10000; val += val < 4 ? 1 : 0x7f) {
		if (val == 1)
			continue;
		wr(s, VIRTIO_QUEUE_ENABLE, 2, val);
		assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 0);
	}
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 1);
	assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 1);
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 0);
	assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 1);
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 2);
	assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 1);
	wr(s, VIRTIO_QUEUE_SIZE, 2, 4);
	assert_int_equal(rd(s, VIRTIO_QUEUE_SIZE, 2), 8);
	for (off = 0x20; off < 0x38; off += 4) {
		wr(s, off, 4, 0x55555550);
		assert_int_equal(rd(s, off, 4), off == 0x20 ? 0x1000 : 0);
	}
	/* Another queue is free. */
	wr(s, VIRTIO_QUEUE_SELECT, 2, 1);
	wr(s, VIRTIO_QUEUE_SIZE, 2, 4);
	assert_int_equal(rd(s, VIRTIO_QUEUE_SIZE, 2), 4);
}

/* req: PCI-24 PCI-32 */
static void
test_reset_registers(void **state)
{
	uint8_t img[END], fresh[END];
	unsigned q;

	(void)state;
	image(fresh);
	assert_int_equal(rd(s, VIRTIO_NUM_QUEUES, 2), 3);
	bring_up(s, OFFER, 0, 0);
	for (q = 0; q < 3; q++) {
		wr(s, VIRTIO_QUEUE_SELECT, 2, q);
		assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 1);
		assert_int_equal(rd(s, VIRTIO_QUEUE_SIZE, 2), 8);
	}
	set_status(s, 0);
	for (q = 0; q < 3; q++) {
		wr(s, VIRTIO_QUEUE_SELECT, 2, q);
		assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 0);
		assert_int_equal(rd(s, VIRTIO_QUEUE_SIZE, 2), 16);
		assert_true(rd(s, VIRTIO_QUEUE_DESC, 8) == 0);
	}
	wr(s, VIRTIO_QUEUE_SELECT, 2, 0);
	image(img);
	assert_memory_equal(img, fresh, END);
}

/* req: DRV-66 */
static void
test_queue_reset(void **state)
{
	(void)state;
	bring_up(s, OFFER, 0, 0);
	wr(s, 0x3a, 2, 1);
	assert_int_equal(rd(s, 0x3a, 2), 0);
	assert_int_equal(rd(s, 0x38, 8), 0);
	assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 1);
	assert_int_equal(status(s), S_LIVE);
	offer_chain(s, 0, TRACE_CHAIN_KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 1);
}

static uint8_t
generation(void)
{
	return (uint8_t)rd(s, VIRTIO_CONFIG_GENERATION, 1);
}

/* req: PCI-22 */
static void
test_generation(void **state)
{
	uint8_t g, h;
	unsigned i;

	(void)state;
	bring_up(s, OFFER, 0, 0);
	g = generation();
	assert_int_equal(generation(), g);
	for (i = 0; i < 300; i++) {
		assert_int_equal(sim_read(s, VIODEV_DEVICE, 0, 4), i);
		sim_write(s, VIODEV_DEVICE, 4, 4, 1);
		sim_advance(s, 1000000);
		assert_int_equal(sim_read(s, VIODEV_DEVICE, 0, 4), i + 1);
		h = generation();
		assert_int_not_equal(h, g);
		assert_int_equal(generation(), h);
		assert_int_equal(rd(s, 0x14, 4) >> 8 & 0xff, h);
		g = h;
	}
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_read_everything),
		T(test_write_everything),
		T(test_offer),
		T(test_accept),
		T(test_features_frozen),
		T(test_halves),
		T(test_queue_size),
		T(test_no_such_queue),
		T(test_frozen),
		T(test_reset_registers),
		T(test_queue_reset),
		T(test_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
