/* Whole transfers over a store that cuts them, and vectors in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bstore.h"
#include "iovcur.h"
#include "memstore.h"

#define CAP	65536u

static int
begin(void **state)
{
	static struct ms m;

	ms_init(&m, CAP);
	*state = &m;
	return 0;
}

static int
end(void **state)
{
	ms_free(*state);
	return 0;
}

static void
test_short_transfers(void **state)
{
	struct ms_plan plan = { .short_every = 1, .seed = 5 };
	struct ms *m = *state;
	struct bstore bs = ms_bstore(m);
	uint8_t a[5000], b[5000];
	struct iovec v[4] = {
		{ b, 1000 }, { b + 1000, 0 }, { b + 1000, 3000 },
		{ b + 4000, 1000 },
	};
	size_t i;

	for (i = 0; i < sizeof(a); i++)
		a[i] = (uint8_t)(i * 7);
	ms_plan(m, &plan);
	assert_int_equal(bs_write(&bs, a, sizeof(a), 777), 0);
	memset(b, 0, sizeof(b));
	assert_int_equal(bs_readv(&bs, v, 4, 777), 0);
	assert_memory_equal(a, b, sizeof(a));
	memset(b, 1, sizeof(b));
	assert_int_equal(bs_writev(&bs, v, 4, 20000), 0);
	assert_int_equal(bs_read(&bs, a, sizeof(a), 20000), 0);
	assert_memory_equal(a, b, sizeof(a));
}

static void
test_past_the_end(void **state)
{
	struct ms *m = *state;
	struct bstore bs = ms_bstore(m);
	uint8_t a[64];
	int i;

	ms_reset(m);
	assert_int_equal(bs_write(&bs, "abcd", 4, 0), 0);
	memset(a, 0xff, sizeof(a));
	assert_int_equal(bs_read(&bs, a, sizeof(a), 2), 0);
	assert_memory_equal(a, "cd", 2);
	for (i = 2; i < 64; i++)
		assert_int_equal(a[i], 0);
	memset(a, 0xff, sizeof(a));
	assert_int_equal(bs_read(&bs, a, sizeof(a), UINT64_MAX / 2), 0);
	assert_int_equal(a[0], 0);
}

static void
test_zero(void **state)
{
	struct ms *m = *state;
	struct bstore bs = ms_bstore(m);
	uint8_t a[3] = { 1, 2, 3 };

	ms_reset(m);
	assert_int_equal(bs_write(&bs, "xyz", 3, 50000), 0);
	assert_int_equal(bs_zero(&bs, 10, 50000 - 9), 0);
	assert_int_equal(bs_read(&bs, a, 3, 50000), 0);
	assert_memory_equal(a, "\0yz", 3);
	assert_int_equal(bs_zero(&bs, 0, CAP + 1), DISK_ENOSPC);
}

static void
test_failures(void **state)
{
	struct ms_plan plan = { .fail_read = 1, .fail_write = 1 };
	struct ms *m = *state;
	struct bstore bs = ms_bstore(m);
	uint8_t a[16] = { 0 };

	ms_reset(m);
	assert_int_equal(bs_write(&bs, a, 16, 0), 0);
	ms_plan(m, &plan);
	assert_int_equal(bs_read(&bs, a, 16, 0), DISK_EIO);
	assert_int_equal(bs_write(&bs, a, 16, 0), DISK_EIO);
	assert_int_equal(bs_read(&bs, a, 16, 0), 0);
	assert_int_equal(bs_write(&bs, a, 16, 0), 0);
}

/* After a crash some sectors that were not flushed are gone, flushed not. */
static void
test_lossy_crash(void **state)
{
	struct ms_plan plan = { .crash_write = 3, .lossy = 1, .seed = 9 };
	struct ms *m = *state;
	struct bstore bs = ms_bstore(m);
	uint8_t a[512 * 32];
	unsigned i, old = 0;

	ms_reset(m);
	ms_plan(m, &plan);
	memset(a, 1, sizeof(a));
	assert_int_equal(bs_write(&bs, a, sizeof(a), 0), 0);
	assert_int_equal(bs_flush(&bs), 0);
	memset(a, 2, sizeof(a));
	assert_int_equal(bs_write(&bs, a, sizeof(a), 0), 0);
	assert_int_equal(bs_write(&bs, a, 512, 0), DISK_EIO);
	assert_int_equal(bs_read(&bs, a, 512, 0), DISK_EIO);
	ms_revive(m);
	assert_int_equal(bs_read(&bs, a, sizeof(a), 0), 0);
	for (i = 0; i < 32; i++) {
		assert_in_range(a[i * 512], 1, 2);
		old += a[i * 512] == 1;
	}
	assert_in_range(old, 4, 28);
}

static void
test_cursor(void **state)
{
	uint8_t a[10] = "abcdefghi";
	struct iovec v[3] = { { a, 3 }, { NULL, 0 }, { a + 3, 6 } }, out[4];
	struct iovcur c;
	size_t got;

	(void)state;
	iovcur_init(&c, v, 3);
	assert_int_equal(iovcur_take(&c, out, 1, 5, &got), 1);
	assert_int_equal(got, 3);
	assert_int_equal(iovcur_take(&c, out, 4, 2, &got), 1);
	assert_ptr_equal(out[0].iov_base, a + 3);
	assert_memory_equal(out[0].iov_base, "de", 2);
	iovcur_fill(&c, "FG", 2);
	iovcur_zero(&c, 1);
	iovcur_fill(&c, "Z", 1);
	assert_memory_equal(a, "abcdeFG\0Z", 9);
	assert_int_equal(iovcur_take(&c, out, 4, 2, &got), 0);
	assert_int_equal(got, 0);
	assert_int_equal(iov_total(v, 3), 9);
	v[1].iov_len = SIZE_MAX;
	assert_int_equal(iov_total(v, 3), SIZE_MAX);
}

/* What was never opened has nothing to close; what was closed neither. */
static void
test_close_twice(void **state)
{
	struct bstore none = { .ops = NULL };

	(void)state;
	bs_close(&none);
	bs_close(&none);
	assert_null(none.ops);
}

static void
test_names_of_codes(void **state)
{
	(void)state;
	assert_string_equal(disk_strerror(DISK_ENOSPC), "no space left");
	assert_string_equal(disk_strerror(DISK_ECANCEL), "cancelled");
	assert_string_equal(disk_strerror(-11), "unknown error");
	assert_string_equal(disk_strerror(1), "unknown error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_transfers),
		cmocka_unit_test(test_past_the_end),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_lossy_crash),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_close_twice),
		cmocka_unit_test(test_names_of_codes),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
