#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "msg.h"
#include "prng.h"

static size_t
bytes_of(const struct viodev_msg *m, uint8_t *out, size_t cap)
{
	struct wbuf w;

	wb_init(&w, out, cap);
	msg_encode(&w, m);
	assert_false(wb_bad(&w));
	return w.len;
}

static void
assert_same(const struct viodev_msg *a, const struct viodev_msg *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->width, b->width);
	assert_int_equal(a->space, b->space);
	assert_int_equal(a->where, b->where);
	assert_true(a->data == b->data);
	assert_int_equal(a->len, b->len);
	if (a->len > 0)
		assert_memory_equal(a->payload, b->payload, a->len);
}

static const struct viodev_msg sample = {
	.type = VIODEV_WRITE, .width = 4, .space = VIODEV_DEVICE,
	.where = 0x01020304, .data = 0x1122334455667788ULL,
	.payload = (const uint8_t *)"xyz", .len = 3,
};

static void
test_layout(void **state)
{
	static const uint8_t want[] = {
		2, 4, 3, 0, 4, 3, 2, 1,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 'x', 'y', 'z'
	};
	uint8_t b[64];

	(void)state;
	assert_int_equal(bytes_of(&sample, b, sizeof(b)), sizeof(want));
	assert_memory_equal(b, want, sizeof(want));
}

static void
test_roundtrip(void **state)
{
	struct viodev_msg back, folded;
	const char *why;
	uint8_t b[64];
	size_t n;

	(void)state;
	n = bytes_of(&sample, b, sizeof(b));
	assert_int_equal(msg_decode(b, n, &back, &why), 0);
	assert_null(why);
	assert_same(&sample, &back);
	msg_fold(b, n, &folded);
	assert_same(&sample, &folded);
}

/* Nothing is written past a buffer that is too small. */
static void
test_encode_small(void **state)
{
	uint8_t b[64];
	struct wbuf w;
	size_t cap;

	(void)state;
	for (cap = 0; cap < MSG_HEADER + sample.len; cap++) {
		memset(b, 0xee, sizeof(b));
		wb_init(&w, b, cap);
		msg_encode(&w, &sample);
		assert_true(wb_bad(&w));
		assert_int_equal(b[cap], 0xee);
	}
}

static void
refused(const struct viodev_msg *m, const char *reason)
{
	struct viodev_msg back;
	const char *why = NULL;
	uint8_t b[64];
	size_t n = bytes_of(m, b, sizeof(b));

	assert_int_equal(msg_decode(b, n, &back, &why), -1);
	assert_string_equal(why, reason);
}

static void
test_refusals(void **state)
{
	struct viodev_msg m;

	(void)state;
	m = sample;
	m.type = VIODEV_INVALID;
	refused(&m, "unknown message type");
	m.type = VIODEV_NTYPES;
	refused(&m, "unknown message type");
	m = sample;
	m.space = VIODEV_NSPACES;
	refused(&m, "unknown register space");
	m = sample;
	for (m.width = 0; m.width < 20; m.width++)
		if (m.width != 1 && m.width != 2 && m.width != 4 &&
		    m.width != 8)
			refused(&m, "register width is not 1, 2, 4 or 8");
	m = sample;
	m.type = VIODEV_KICK;
	refused(&m, "width in a message that has none");
	m.width = 0;
	refused(&m, "register space in a message that has none");
}

static void
test_short(void **state)
{
	struct viodev_msg back;
	const char *why = NULL;
	uint8_t b[MSG_HEADER] = { VIODEV_PAUSE };
	size_t n;

	(void)state;
	for (n = 0; n < MSG_HEADER; n++) {
		assert_int_equal(msg_decode(b, n, &back, &why), -1);
		assert_string_equal(why, "message shorter than its header");
	}
	assert_int_equal(msg_decode(b, n, &back, &why), 0);
	assert_int_equal(back.len, 0);
}

/* Every fold is a message that the strict decoder takes, and stays itself. */
static void
test_fold_is_valid(void **state)
{
	struct viodev_msg m, back;
	const char *why;
	uint8_t raw[40], enc[64];
	struct prng rng;
	size_t i, j, n;

	(void)state;
	prng_seed(&rng, 1);
	for (i = 0; i < 20000; i++) {
		n = prng_below(&rng, sizeof(raw) + 1);
		for (j = 0; j < n; j++)
			raw[j] = (uint8_t)prng_next(&rng);
		msg_fold(raw, n, &m);
		n = bytes_of(&m, enc, sizeof(enc));
		assert_int_equal(msg_decode(enc, n, &back, &why), 0);
		assert_same(&m, &back);
	}
}

/* Every type, space and width byte by itself. */
static void
test_fold_numbers(void **state)
{
	struct viodev_msg m;
	uint8_t raw[MSG_HEADER] = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 256; i++) {
		raw[0] = (uint8_t)i;
		raw[1] = (uint8_t)(255 - i);
		raw[2] = (uint8_t)i;
		msg_fold(raw, sizeof(raw), &m);
		assert_non_null(viodev_type_name(m.type));
		assert_non_null(viodev_space_name(m.space));
		if (i > 0 && i < VIODEV_NTYPES)
			assert_int_equal(m.type, i);
	}
	msg_fold(NULL, 0, &m);
	assert_int_equal(m.type, VIODEV_READ);
	assert_int_equal(m.width, 1);
	assert_int_equal(m.len, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_roundtrip),
		cmocka_unit_test(test_encode_small),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_fold_is_valid),
		cmocka_unit_test(test_fold_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
