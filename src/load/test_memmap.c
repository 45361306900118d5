/* The memory map of machines of all sizes. */
#include "test_vm.h"

static void
small(void **state)
{
	struct memmap_range r[MEMMAP_MAX];
	struct memmap m;

	(void)state;
	assert_int_equal(memmap_layout(&m, 512ULL << 20), 0);
	assert_int_equal(m.n, 4);
	assert_int_equal(m.range[0].len, 640 * 1024);
	assert_int_equal(m.range[1].type, MEMMAP_RESERVED);
	assert_int_equal(m.range[2].gpa, 1 << 20);
	assert_int_equal(m.range[2].len, 507ULL << 20);
	assert_int_equal(m.range[3].gpa, 0xffc00000);
	assert_int_equal(memmap_low_end(&m), 508ULL << 20);
	assert_int_equal(memmap_backed(&m, r), 2);
	assert_int_equal(r[0].gpa, 0);
	assert_int_equal(r[0].len, 508ULL << 20);
	assert_int_equal(r[1].gpa, 0xffc00000);
}

static void
large(void **state)
{
	struct memmap_range r[MEMMAP_MAX];
	uint64_t total = 0;
	struct memmap m;
	unsigned i;

	(void)state;
	assert_int_equal(memmap_layout(&m, 8ULL << 30), 0);
	assert_int_equal(m.n, 5);
	assert_int_equal(memmap_low_end(&m), MEMMAP_HOLE);
	assert_int_equal(m.range[4].gpa, 1ULL << 32);
	for (i = 0; i < m.n; i++)
		total += m.range[i].len;
	assert_int_equal(total, 8ULL << 30);
	/* Firmware's piece and what is above 4 GiB are neighbours. */
	assert_int_equal(memmap_backed(&m, r), 2);
	assert_int_equal(r[1].gpa, 0xffc00000);
	assert_int_equal(r[1].gpa + r[1].len, (1ULL << 32) + m.range[4].len);
}

static void
refused(void **state)
{
	struct memmap m;

	(void)state;
	assert_int_equal(memmap_layout(&m, MEMMAP_MINIMUM), 0);
	assert_int_equal(memmap_layout(&m, MEMMAP_MINIMUM - (1 << 20)), -1);
	assert_int_equal(memmap_layout(&m, MEMMAP_MINIMUM + 4096), -1);
	assert_int_equal(memmap_layout(&m, MEMMAP_MAXIMUM), 0);
	assert_int_equal(memmap_layout(&m, MEMMAP_MAXIMUM + (1 << 20)), -1);
	assert_int_equal(memmap_layout(&m, 0), -1);
}

static void
ram(void **state)
{
	struct memmap m;

	(void)state;
	memmap_layout(&m, 16ULL << 20);
	assert_true(memmap_is_ram(&m, 0, 640 * 1024));
	assert_false(memmap_is_ram(&m, 0, 640 * 1024 + 1));
	assert_false(memmap_is_ram(&m, 0xf0000, 1));
	assert_true(memmap_is_ram(&m, 1 << 20, 11 << 20));
	assert_false(memmap_is_ram(&m, 1 << 20, (11 << 20) + 1));
	assert_false(memmap_is_ram(&m, 0xfff00000, 16));
	assert_false(memmap_is_ram(&m, 1 << 20, UINT64_MAX));
	assert_false(memmap_is_ram(&m, UINT64_MAX, 2));
}

static void
e820(void **state)
{
	uint8_t b[MEMMAP_MAX * MEMMAP_E820];
	struct memmap m;

	(void)state;
	memmap_layout(&m, 16ULL << 20);
	assert_int_equal(memmap_e820(&m, b), 80);
	assert_int_equal(le64_get(b + 40), 1 << 20);
	assert_int_equal(le64_get(b + 48), 11 << 20);
	assert_int_equal(le32_get(b + 56), 1);
	assert_int_equal(le32_get(b + 76), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small),
		cmocka_unit_test(large),
		cmocka_unit_test(refused),
		cmocka_unit_test(ram),
		cmocka_unit_test(e820),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
