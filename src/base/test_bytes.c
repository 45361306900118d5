#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bytes.h"

static const uint8_t in[15] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
};

static void
test_take_apart(void **state)
{
	struct rbuf r;
	uint8_t out[3];

	(void)state;
	rb_init(&r, in, sizeof(in));
	assert_int_equal(rb_u8(&r), 1);
	assert_int_equal(rb_u16(&r), 0x0302);
	assert_int_equal(rb_left(&r), 12);
	assert_int_equal(rb_u32(&r), 0x07060504);
	assert_true(rb_u64(&r) == 0x0f0e0d0c0b0a0908ULL);
	assert_true(rb_done(&r));
	rb_init(&r, in, 5);
	rb_copy(&r, out, 3);
	assert_memory_equal(out, in, 3);
	assert_false(rb_done(&r));
	assert_false(rb_bad(&r));
	assert_ptr_equal(rb_take(&r, 2), in + 3);
	assert_true(rb_done(&r));
}

/* One byte too few: zeros, the flag, and nothing works afterwards. */
static void
test_short(void **state)
{
	static const size_t width[] = { 1, 2, 4, 8 };
	struct rbuf r;
	uint64_t v;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rb_init(&r, in, width[i] - 1);
		v = i == 0 ? rb_u8(&r) : i == 1 ? rb_u16(&r) :
		    i == 2 ? rb_u32(&r) : rb_u64(&r);
		assert_true(v == 0);
		assert_true(rb_bad(&r));
		assert_false(rb_done(&r));
		assert_int_equal(rb_left(&r), 0);
		assert_int_equal(rb_u8(&r), 0);
		assert_true(rb_bad(&r));
	}
}

static void
test_short_copy(void **state)
{
	uint8_t out[4] = { 9, 9, 9, 9 };
	static const uint8_t zero[4];
	struct rbuf r;

	(void)state;
	rb_init(&r, in, 3);
	rb_copy(&r, out, 4);
	assert_memory_equal(out, zero, 4);
	assert_true(rb_bad(&r));
	rb_init(&r, in, 3);
	assert_null(rb_take(&r, SIZE_MAX));
	assert_true(rb_bad(&r));
}

/* Nothing can be taken from anywhere, even from nowhere. */
static void
test_nothing(void **state)
{
	struct rbuf r;
	uint8_t out = 5;

	(void)state;
	rb_init(&r, NULL, 0);
	assert_true(rb_done(&r));
	(void)rb_take(&r, 0);
	rb_copy(&r, &out, 0);
	assert_int_equal(out, 5);
	assert_true(rb_done(&r));
	assert_null(rb_take(&r, 1));
	assert_false(rb_done(&r));
}

static void
test_put_together(void **state)
{
	struct wbuf w;
	uint8_t buf[15];

	(void)state;
	wb_init(&w, buf, sizeof(buf));
	wb_u8(&w, 1);
	wb_u16(&w, 0x0302);
	wb_u32(&w, 0x07060504);
	wb_u64(&w, 0x0f0e0d0c0b0a0908ULL);
	assert_int_equal(w.len, 15);
	assert_false(wb_bad(&w));
	assert_memory_equal(buf, in, sizeof(in));
	wb_bytes(&w, NULL, 0);
	assert_false(wb_bad(&w));
	wb_u8(&w, 0);
	assert_true(wb_bad(&w));
	assert_memory_equal(buf, in, sizeof(in));
}

/* A write that does not fit leaves nothing, and nothing may follow it. */
static void
test_full(void **state)
{
	static const size_t width[] = { 1, 2, 4, 8, 3 };
	uint8_t buf[10], want[10];
	struct wbuf w;
	unsigned i;

	(void)state;
	memset(want, 0x77, sizeof(want));
	for (i = 0; i < 5; i++) {
		memset(buf, 0x77, sizeof(buf));
		wb_init(&w, buf, width[i] - 1);
		if (i == 0)
			wb_u8(&w, 0);
		else if (i == 1)
			wb_u16(&w, 0);
		else if (i == 2)
			wb_u32(&w, 0);
		else if (i == 3)
			wb_u64(&w, 0);
		else
			wb_bytes(&w, in, 3);
		assert_true(wb_bad(&w));
		assert_int_equal(w.len, 0);
		w.cap = sizeof(buf);
		wb_u8(&w, 0);
		assert_int_equal(w.len, 0);
		assert_memory_equal(buf, want, sizeof(buf));
	}
	wb_init(&w, buf, 4);
	wb_u8(&w, 3);
	assert_null(wb_room(&w, SIZE_MAX));
	assert_true(wb_bad(&w));
}

static void
test_room(void **state)
{
	uint8_t buf[6];
	struct wbuf w;

	(void)state;
	wb_init(&w, buf, sizeof(buf));
	assert_ptr_equal(wb_room(&w, 2), buf);
	assert_ptr_equal(wb_room(&w, 4), buf + 2);
	assert_int_equal(w.len, 6);
	assert_ptr_equal(wb_room(&w, 0), buf + 6);
	assert_null(wb_room(&w, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_apart),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_short_copy),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_put_together),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
