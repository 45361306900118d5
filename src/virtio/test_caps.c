#include "caps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct virtio_ops disk = { .config_size = 0x3c };
static const struct virtio_ops rng = { .config_size = 0 };
static const struct virtio_ops old = { .legacy = 1, .config_size = 16 };

/* The capability of a type, or NULL; follows the list as a driver does. */
static const uint8_t *
find(const uint8_t *list, unsigned type)
{
	unsigned at = CAPS_FIRST, n;

	for (n = 0; at != 0 && n < 8; n++) {
		assert_true(at >= CAPS_FIRST &&
		    at + 16 <= CAPS_FIRST + CAPS_SIZE);
		assert_int_equal(at % 4, 0);
		assert_int_equal(list[at - CAPS_FIRST], 0x09);
		if (list[at - CAPS_FIRST + 3] == type)
			return list + (at - CAPS_FIRST);
		at = list[at - CAPS_FIRST + 1];
	}
	assert_true(n < 8);
	return NULL;
}

/* req: PCI-18 PCI-35 PCI-46 PCI-51 */
static void
each_window_has_one(void **state)
{
	uint8_t list[CAPS_SIZE];
	unsigned type;

	(void)state;
	assert_int_equal(virtio_caps(&disk, list), 5);
	for (type = 1; type <= 5; type++)
		assert_non_null(find(list, type));
	assert_int_equal(virtio_caps(&rng, list), 4);
	assert_null(find(list, VIRTIO_CAP_DEVICE));
	assert_non_null(find(list, VIRTIO_CAP_PCI));
}

/* req: PCI-14 */
static void
lengths_count_the_extra_word(void **state)
{
	static const uint8_t want[] = { 0, 16, 20, 16, 16, 20 };
	uint8_t list[CAPS_SIZE];
	unsigned type;

	(void)state;
	virtio_caps(&disk, list);
	for (type = 1; type <= 5; type++)
		assert_int_equal(find(list, type)[2], want[type]);
}

/* req: PCI-17 PCI-36 PCI-37 PCI-38 PCI-39 PCI-40 PCI-52 */
static void
windows_are_where_messages_go(void **state)
{
	uint8_t list[CAPS_SIZE];
	struct viodev_msg m;
	const uint8_t *p;

	(void)state;
	virtio_caps(&disk, list);
	p = find(list, VIRTIO_CAP_COMMON);
	assert_int_equal(le32_get(p + 8) % 4, 0);
	assert_int_equal(le32_get(p + 12), 0x38);
	assert_int_equal(virtio_bar_decode(le32_get(p + 8), &m), 0);
	assert_int_equal(m.space, VIODEV_COMMON);
	p = find(list, VIRTIO_CAP_DEVICE);
	assert_int_equal(le32_get(p + 8) % 4, 0);
	assert_int_equal(le32_get(p + 12), 0x3c);
	assert_int_equal(virtio_bar_decode(le32_get(p + 8), &m), 0);
	assert_int_equal(m.space, VIODEV_DEVICE);
	p = find(list, VIRTIO_CAP_ISR);
	assert_int_equal(virtio_bar_decode(le32_get(p + 8), &m), 0);
	assert_int_equal(m.space, VIODEV_ISR);
	p = find(list, VIRTIO_CAP_NOTIFY);
	assert_int_equal(le32_get(p + 8) % 2, 0);
	assert_int_equal(le32_get(p + 12), 2);
	assert_int_equal(le32_get(p + 16), 0);
	assert_int_equal(virtio_bar_decode(le32_get(p + 8), &m), 0);
	assert_int_equal(m.space, VIODEV_NOTIFY);
}

static void
legacy_kinds_have_no_list(void **state)
{
	uint8_t list[CAPS_SIZE];

	(void)state;
	assert_int_equal(virtio_caps(&old, list), 0);
	assert_int_equal(list[0], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_window_has_one),
		cmocka_unit_test(lengths_count_the_extra_word),
		cmocka_unit_test(windows_are_where_messages_go),
		cmocka_unit_test(legacy_kinds_have_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
