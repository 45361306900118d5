#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gmem.h"

#define SIZE	32

static uint8_t mem[3][SIZE];

static void
init(struct gmem *gm)
{
	memset(gm, 0, sizeof(*gm));
	/* The middle one was added last: order in the table is nothing. */
	assert_int_equal(gm_add(gm, 0x100, SIZE, mem[0]), 0);
	assert_int_equal(gm_add(gm, 0x100 + 2 * SIZE, SIZE, mem[2]), 0);
	assert_int_equal(gm_add(gm, 0x100 + SIZE, SIZE, mem[1]), 0);
}

static void
test_one(void **state)
{
	struct iovec v[2];
	struct gmem gm;

	(void)state;
	init(&gm);
	v[1].iov_len = 77;
	assert_int_equal(gm_borrow(&gm, 0x102, SIZE - 2, v, 2), 1);
	assert_ptr_equal(v[0].iov_base, mem[0] + 2);
	assert_int_equal(v[0].iov_len, SIZE - 2);
	assert_int_equal(v[1].iov_len, 77);
}

static void
test_across(void **state)
{
	struct iovec v[3];
	struct gmem gm;

	(void)state;
	init(&gm);
	assert_int_equal(gm_borrow(&gm, 0x101, 3 * SIZE - 1, v, 3), 3);
	assert_ptr_equal(v[0].iov_base, mem[0] + 1);
	assert_int_equal(v[0].iov_len, SIZE - 1);
	assert_ptr_equal(v[1].iov_base, mem[1]);
	assert_int_equal(v[1].iov_len, SIZE);
	assert_ptr_equal(v[2].iov_base, mem[2]);
	assert_int_equal(v[2].iov_len, SIZE);
}

/* As many entries as allowed, not one more. */
static void
test_limits(void **state)
{
	struct iovec v[3];
	struct gmem gm;
	int max, need;

	(void)state;
	init(&gm);
	for (need = 1; need <= 3; need++)
		for (max = 0; max <= 3; max++)
			assert_int_equal(gm_borrow(&gm, 0x100,
			    (size_t)need * SIZE, v, max),
			    max >= need ? need : -1);
}

static void
test_refused(void **state)
{
	struct iovec v[3];
	struct gmem gm;

	(void)state;
	init(&gm);
	assert_int_equal(gm_borrow(&gm, 0x100, 0, v, 3), 0);
	assert_int_equal(gm_borrow(&gm, 0, 0, v, 0), 0);
	assert_int_equal(gm_borrow(&gm, 0xff, 1, v, 3), -1);
	assert_int_equal(gm_borrow(&gm, 0xff, 2, v, 3), -1);
	assert_int_equal(gm_borrow(&gm, 0x100, 3 * SIZE + 1, v, 3), -1);
	assert_int_equal(gm_borrow(&gm, 0x100 + 3 * SIZE, 1, v, 3), -1);
	assert_int_equal(gm_borrow(&gm, 0x101, SIZE_MAX, v, 3), -1);
}

/* The last byte of the address space is followed by nothing. */
static void
test_top(void **state)
{
	struct gmem gm = { 0 };
	struct iovec v[3];

	(void)state;
	assert_int_equal(gm_add(&gm, 0 - (uint64_t)SIZE, SIZE, mem[0]), 0);
	assert_int_equal(gm_add(&gm, 0, SIZE, mem[1]), 0);
	assert_int_equal(gm_borrow(&gm, UINT64_MAX - 1, 2, v, 3), 1);
	assert_ptr_equal(v[0].iov_base, mem[0] + SIZE - 2);
	assert_int_equal(gm_borrow(&gm, UINT64_MAX - 1, 3, v, 3), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_across),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
