#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gmem.h"

#define SIZE	64

static uint8_t mem[GM_MAXRANGES + 1][SIZE] __attribute__((aligned(16)));

/* Two ranges that touch, one at the very top of the address space. */
static void
three(struct gmem *gm)
{
	unsigned i, j;

	memset(gm, 0, sizeof(*gm));
	for (i = 0; i < 3; i++)
		for (j = 0; j < SIZE; j++)
			mem[i][j] = (uint8_t)(i * SIZE + j);
	assert_int_equal(gm_add(gm, 0x1000, SIZE, mem[0]), 0);
	assert_int_equal(gm_add(gm, 0x1000 + SIZE, SIZE, mem[1]), 0);
	assert_int_equal(gm_add(gm, 0 - (uint64_t)SIZE, SIZE, mem[2]), 0);
}

static void
test_add_refused(void **state)
{
	struct gmem gm = { 0 };

	(void)state;
	assert_int_equal(gm_add(&gm, 0x1000, 0, mem[0]), -1);
	assert_int_equal(gm_add(&gm, UINT64_MAX, 2, mem[0]), -1);
	assert_int_equal(gm_add(&gm, 2, UINT64_MAX, mem[0]), -1);
	assert_int_equal(gm.n, 0);
	assert_int_equal(gm_add(&gm, UINT64_MAX, 1, mem[0]), 0);
	assert_int_equal(gm_add(&gm, UINT64_MAX - SIZE, SIZE, mem[1]), 0);
	assert_int_equal(gm.n, 2);
}

static void
test_add_overlap(void **state)
{
	static const struct {
		uint64_t	gpa, len;
		int		want;
	} cases[] = {
		{ 0x1000, 0x100, -1 },		/* the same */
		{ 0xf00, 0x101, -1 },		/* its first byte */
		{ 0x10ff, 1, -1 },		/* its last byte */
		{ 0x10ff, 0x1000, -1 },
		{ 0x1010, 0x10, -1 },		/* inside */
		{ 0xf00, 0x1000, -1 },		/* around */
		{ 0, UINT64_MAX, -1 },
		{ 0xf00, 0x100, 0 },		/* in front */
		{ 0x1100, 0x100, 0 },		/* behind */
	};
	struct gmem gm;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&gm, 0, sizeof(gm));
		assert_int_equal(gm_add(&gm, 0x1000, 0x100, mem[0]), 0);
		assert_int_equal(gm_add(&gm, cases[i].gpa, cases[i].len,
		    mem[1]), cases[i].want);
		assert_int_equal(gm.n, cases[i].want == 0 ? 2 : 1);
	}
}

static void
test_add_full(void **state)
{
	struct gmem gm = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < GM_MAXRANGES; i++)
		assert_int_equal(gm_add(&gm, i * 0x1000, SIZE, mem[i]), 0);
	assert_int_equal(gm_add(&gm, i * 0x1000, SIZE, mem[i]), -1);
	assert_int_equal(gm.n, GM_MAXRANGES);
	assert_ptr_equal(gm_hva(&gm, 7 * 0x1000, SIZE), mem[7]);
}

static void
test_addresses(void **state)
{
	struct gmem gm;
	uint64_t gpa;

	(void)state;
	three(&gm);
	assert_ptr_equal(gm_hva(&gm, 0x1000, SIZE), mem[0]);
	assert_ptr_equal(gm_hva(&gm, 0x1001, SIZE - 1), mem[0] + 1);
	assert_null(gm_hva(&gm, 0x1001, SIZE));
	assert_null(gm_hva(&gm, 0xfff, 1));
	assert_null(gm_hva(&gm, 0x1000 + 2 * SIZE, 1));
	assert_null(gm_hva(&gm, 0x1000, SIZE_MAX));
	assert_ptr_equal(gm_hva(&gm, UINT64_MAX, 1), mem[2] + SIZE - 1);
	assert_null(gm_hva(&gm, UINT64_MAX, 2));
	assert_ptr_equal(gm_hva(&gm, 0x1000 + SIZE, 1), mem[1]);

	assert_int_equal(gm_gpa(&gm, mem[0], &gpa), 0);
	assert_true(gpa == 0x1000);
	assert_int_equal(gm_gpa(&gm, mem[1] + 5, &gpa), 0);
	assert_true(gpa == 0x1000 + SIZE + 5);
	assert_int_equal(gm_gpa(&gm, mem[2] + SIZE - 1, &gpa), 0);
	assert_true(gpa == UINT64_MAX);
	assert_int_equal(gm_gpa(&gm, mem[3], &gpa), -1);
	assert_int_equal(gm_gpa(&gm, NULL, &gpa), -1);
}

/* All spans around both ranges: in whole, or not at all. */
static void
test_copyin(void **state)
{
	uint8_t buf[3 * SIZE], want[3 * SIZE];
	struct gmem gm;
	unsigned off, len;
	int ok;

	(void)state;
	three(&gm);
	for (off = 0; off < 2 * SIZE + 2; off++)
		for (len = 0; len < sizeof(buf); len++) {
			memset(buf, 0xee, sizeof(buf));
			memset(want, 0xee, sizeof(want));
			ok = len == 0 || off + len <= 2 * SIZE;
			if (ok && len > 0)
				memcpy(want, mem[0] + off, len);
			assert_int_equal(gm_copyin(&gm, 0x1000 + off, buf,
			    len), ok ? 0 : -1);
			assert_memory_equal(buf, want, sizeof(buf));
		}
	assert_int_equal(gm_copyin(&gm, 0xfff, buf, 2), -1);
}

static void
test_copyout(void **state)
{
	uint8_t src[3 * SIZE], want[2 * SIZE];
	struct gmem gm;
	unsigned off, len;
	int ok;

	(void)state;
	memset(src, 0xee, sizeof(src));
	for (off = 0; off < 2 * SIZE + 2; off++)
		for (len = 0; len < sizeof(src); len += 3) {
			three(&gm);
			memcpy(want, mem[0], sizeof(want));
			ok = len == 0 || off + len <= 2 * SIZE;
			if (ok && len > 0)
				memset(want + off, 0xee, len);
			assert_int_equal(gm_copyout(&gm, 0x1000 + off, src,
			    len), ok ? 0 : -1);
			assert_memory_equal(mem[0], want, sizeof(want));
		}
}

/* A span that runs around 2^64 does not go on at the bottom. */
static void
test_wrap(void **state)
{
	uint8_t buf[SIZE], low[SIZE];
	struct gmem gm;

	(void)state;
	three(&gm);
	memset(low, 0x11, sizeof(low));
	assert_int_equal(gm_add(&gm, 0, SIZE, low), 0);
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(gm_copyin(&gm, UINT64_MAX - 3, buf, 4), 0);
	assert_memory_equal(buf, mem[2] + SIZE - 4, 4);
	assert_int_equal(gm_copyin(&gm, UINT64_MAX - 3, buf, 5), -1);
	assert_int_equal(gm_copyout(&gm, UINT64_MAX - 3, buf, 5), -1);
	assert_int_equal(low[0], 0x11);
	assert_int_equal(mem[2][SIZE - 4], 3 * SIZE - 4);
}

static void
test_window(void **state)
{
	struct gm_win w = { 0 };
	struct gmem gm;

	(void)state;
	three(&gm);
	assert_int_equal(gm_window(&gm, 0x1000, 0, &w), -1);
	assert_int_equal(gm_window(&gm, 0x1001, SIZE, &w), -1);
	assert_int_equal(gm_window(&gm, 0xfff, 1, &w), -1);
	assert_int_equal(gm_window(&gm, 0x1000, SIZE_MAX, &w), -1);
	assert_int_equal(gm_window(&gm, 0x1010, SIZE - 0x10, &w), 0);
	assert_ptr_equal(w.p, mem[0] + 0x10);
	assert_true(w.gpa == 0x1010);
	assert_int_equal(w.len, SIZE - 0x10);
}

static void
test_window_access(void **state)
{
	static const uint8_t elem[3] = { 9, 8, 7 };
	uint8_t got[5];
	struct gm_win w;
	struct gmem gm;

	(void)state;
	three(&gm);
	assert_int_equal(gm_window(&gm, 0x1010, 16, &w), 0);
	assert_int_equal(gm_load16(&gm, &w, 0), 0x1110);
	assert_int_equal(gm_load16(&gm, &w, 14), 0x1f1e);
	gm_store16(&gm, &w, 2, 0xabcd);
	assert_int_equal(mem[0][0x11], 0x11);
	assert_int_equal(mem[0][0x12], 0xcd);
	assert_int_equal(mem[0][0x13], 0xab);
	assert_int_equal(mem[0][0x14], 0x14);
	gm_fetch(&gm, &w, 4, got, 5);
	assert_memory_equal(got, mem[0] + 0x14, 5);
	gm_put(&gm, &w, 13, elem, 3);
	assert_int_equal(mem[0][0x1c], 0x1c);
	assert_memory_equal(mem[0] + 0x1d, elem, 3);
	assert_int_equal(mem[0][0x20], 0x20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_refused),
		cmocka_unit_test(test_add_overlap),
		cmocka_unit_test(test_add_full),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_copyin),
		cmocka_unit_test(test_copyout),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_window_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
