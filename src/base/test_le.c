#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "le.h"
#include "prng.h"

static const uint8_t pattern[16] = {
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff
};

/* The byte with the lower address counts less. */
static void
test_known(void **state)
{
	uint8_t b[8];

	(void)state;
	assert_int_equal(le16_get(pattern), 0x1100);
	assert_int_equal(le32_get(pattern), 0x33221100);
	assert_true(le64_get(pattern) == 0x7766554433221100ULL);
	assert_true(le64_get(pattern + 8) == 0xffeeddccbbaa9988ULL);
	le16_put(b, 0x1100);
	assert_memory_equal(b, pattern, 2);
	le32_put(b, 0x33221100);
	assert_memory_equal(b, pattern, 4);
	le64_put(b, 0x7766554433221100ULL);
	assert_memory_equal(b, pattern, 8);
}

static uint64_t
by_hand(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* Each place in a word works, and a store leaves its neighbours alone. */
static void
test_places(void **state)
{
	uint8_t b[24], want[24];
	unsigned off;

	(void)state;
	for (off = 0; off < 8; off++) {
		assert_int_equal(le16_get(pattern + off),
		    by_hand(pattern + off, 2));
		assert_int_equal(le32_get(pattern + off),
		    by_hand(pattern + off, 4));
		assert_true(le64_get(pattern + off) ==
		    by_hand(pattern + off, 8));
		memset(b, 0xa5, sizeof(b));
		memcpy(want, b, sizeof(b));
		memcpy(want + off + 4, pattern + 3, 8);
		le64_put(b + off + 4, by_hand(pattern + 3, 8));
		assert_memory_equal(b, want, sizeof(b));
		memset(b, 0xa5, sizeof(b));
		memset(want, 0xa5, sizeof(want));
		memcpy(want + off + 4, pattern + 3, 4);
		le32_put(b + off + 4, (uint32_t)by_hand(pattern + 3, 4));
		assert_memory_equal(b, want, sizeof(b));
		memset(b, 0xa5, sizeof(b));
		memset(want, 0xa5, sizeof(want));
		memcpy(want + off + 4, pattern + 3, 2);
		le16_put(b + off + 4, (uint16_t)by_hand(pattern + 3, 2));
		assert_memory_equal(b, want, sizeof(b));
	}
}

static void
test_round_trip(void **state)
{
	struct prng r;
	uint8_t b[8];
	uint64_t v;
	int i;

	(void)state;
	prng_seed(&r, 7);
	for (i = 0; i < 1000; i++) {
		v = prng_next(&r);
		le64_put(b, v);
		assert_true(le64_get(b) == v);
		assert_int_equal(le32_get(b), (uint32_t)v);
		assert_int_equal(le16_get(b), (uint16_t)v);
		assert_true(by_hand(b, 8) == v);
	}
}

/* The generator is part of what a run depends on: these never change. */
static void
test_prng(void **state)
{
	struct prng r;
	int i;

	(void)state;
	prng_seed(&r, 0);
	assert_true(prng_next(&r) == 0xe220a8397b1dcdafULL);
	assert_true(prng_next(&r) == 0x6e789e6aa1b965f4ULL);
	prng_seed(&r, 1);
	assert_true(prng_next(&r) == 0x910a2dec89025cc1ULL);
	for (i = 0; i < 100; i++)
		assert_true(prng_below(&r, 7) < 7);
	assert_true(prng_below(&r, 1) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_prng),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
