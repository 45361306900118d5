/* Where the windows lie in the BAR: virtio 1.3, 4.1.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_dev.h"

static void
test_decode(void **state)
{
	static const unsigned space[] = {
		VIODEV_COMMON, VIODEV_NOTIFY, VIODEV_ISR, VIODEV_DEVICE
	};
	struct viodev_msg m;
	unsigned off;

	(void)state;
	for (off = 0; off < 2 * VIRTIO_BAR_SIZE; off++) {
		memset(&m, 0x77, sizeof(m));
		if (off >= 0x400) {
			assert_int_equal(virtio_bar_decode(off, &m), -1);
			assert_int_equal(m.space, 0x7777);
			continue;
		}
		assert_int_equal(virtio_bar_decode(off, &m), 0);
		assert_int_equal(m.space, space[off / 0x100]);
		assert_int_equal(m.where, off % 0x100);
		assert_int_equal(m.type, 0x77);
	}
	assert_int_equal(virtio_bar_decode(UINT32_MAX, &m), -1);
}

static unsigned
start_of(unsigned space)
{
	struct viodev_msg m;
	unsigned off;

	for (off = 0; off < VIRTIO_BAR_SIZE; off++)
		if (virtio_bar_decode(off, &m) == 0 && m.space == space) {
			assert_int_equal(m.where, 0);
			return off;
		}
	fail();
	return 0;
}

static unsigned
length_of(unsigned space)
{
	struct viodev_msg m;
	unsigned off, n = 0;

	for (off = 0; off < VIRTIO_BAR_SIZE; off++)
		n += virtio_bar_decode(off, &m) == 0 && m.space == space;
	return n;
}

/* req: PCI-17 PCI-52 PCI-36 PCI-38 */
static void
test_places(void **state)
{
	(void)state;
	assert_int_equal(start_of(VIODEV_COMMON), VIRTIO_BAR_COMMON);
	assert_int_equal(start_of(VIODEV_NOTIFY), VIRTIO_BAR_NOTIFY);
	assert_int_equal(start_of(VIODEV_ISR), VIRTIO_BAR_ISR);
	assert_int_equal(start_of(VIODEV_DEVICE), VIRTIO_BAR_DEVICE);
	assert_int_equal(start_of(VIODEV_COMMON) % 4, 0);
	assert_int_equal(start_of(VIODEV_DEVICE) % 4, 0);
	assert_int_equal(start_of(VIODEV_NOTIFY) % 2, 0);
	assert_true(length_of(VIODEV_NOTIFY) >= 2);
	assert_true(length_of(VIODEV_COMMON) >= VIRTIO_COMMON_SIZE);
	assert_true(length_of(VIODEV_ISR) >= 1);
	assert_true(length_of(VIODEV_DEVICE) >= VIRTIO_MAXCONFIG);
}

/* req: PCI-39 PCI-40 */
static void
test_notify(void **state)
{
	struct viodev_msg m = { .type = VIODEV_WRITE, .width = 2 };
	struct sim *s = sim_new(&sim_echo);
	unsigned q, off;

	(void)state;
	sim_start(s, NULL);
	bring_up(s, VIRTIO_F_VERSION_1, 0, 0);
	for (q = 0; q < 3; q++) {
		wr(s, VIRTIO_QUEUE_SELECT, 2, q);
		off = (unsigned)rd(s, VIRTIO_QUEUE_NOTIFY_OFF, 2);
		/* All notify at one place, whatever the multiplier is. */
		assert_int_equal(off, 0);
		assert_true(off + 2 <= length_of(VIODEV_NOTIFY));
	}
	for (q = 0; q < 3; q += 2) {
		offer_chain(s, q, 0, 4, q == 0 ? 4 : 0);
		assert_int_equal(virtio_bar_decode(VIRTIO_BAR_NOTIFY, &m), 0);
		m.data = q;
		sim_deliver(s, &m);
		assert_int_equal(used_idx(s, q), 1);
	}
	sim_stop(s);
	sim_free(s);
}

static void
test_slice(void **state)
{
	static const uint8_t img[5] = { 1, 2, 3, 4, 5 };

	(void)state;
	assert_true(virtio_slice(img, 5, 0, 4) == 0x04030201);
	assert_true(virtio_slice(img, 5, 3, 4) == 0x0504);
	assert_true(virtio_slice(img, 5, 4, 8) == 5);
	assert_true(virtio_slice(img, 5, 5, 8) == 0);
	assert_true(virtio_slice(img, 5, UINT32_MAX, 8) == 0);
	assert_true(virtio_slice(img, 5, 1, 0) == 0);
	assert_true(virtio_slice(img, 5, 0, 200) == 0x0504030201ULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
