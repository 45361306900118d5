#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "digest.h"

#define MAX	48

static uint8_t in[256];

static int
setup(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	return 0;
}

/* Part of the trace format: a change makes old recordings worthless. */
static void
test_known(void **state)
{
	static const struct {
		size_t		len;
		uint64_t	want;
	} known[] = {
		{ 0, 0xdb9f8e5e09ccad81ULL },
		{ 1, 0x97d5a199b61b2068ULL },
		{ 7, 0x5989b8b49d9ec1ffULL },
		{ 8, 0x8c6d26817f378681ULL },
		{ 9, 0x687999f5851c62bbULL },
		{ 64, 0x0e7153fc06703172ULL },
		{ 255, 0x737fefec06e543f8ULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_true(digest_of(in, known[i].len) == known[i].want);
	assert_true(digest_of("vmd", 3) == 0xab937bd2fe29e8b5ULL);
}

static void
test_splits(void **state)
{
	struct digest d;
	size_t len, a, b;
	uint64_t want;

	(void)state;
	for (len = 0; len <= MAX; len++) {
		want = digest_of(in, len);
		for (a = 0; a <= len; a++)
			for (b = a; b <= len; b++) {
				digest_init(&d);
				digest_add(&d, in, a);
				digest_add(&d, in + a, b - a);
				digest_add(&d, in + b, len - b);
				assert_true(digest_value(&d) == want);
			}
	}
}

static void
test_bytewise(void **state)
{
	struct digest d;
	size_t i;

	(void)state;
	digest_init(&d);
	for (i = 0; i < sizeof(in); i++) {
		assert_true(digest_value(&d) == digest_of(in, i));
		digest_add(&d, in + i, 1);
	}
	assert_true(digest_value(&d) == digest_of(in, sizeof(in)));
}

static void
test_word(void **state)
{
	struct digest a, b;

	(void)state;
	digest_init(&a);
	digest_u64(&a, 0x0706050403020100ULL);
	digest_init(&b);
	digest_add(&b, in, 8);
	assert_true(digest_value(&a) == digest_value(&b));
}

/* Any bit, any length, any order: the digest is another one. */
static void
test_differences(void **state)
{
	uint64_t seen[MAX * 8 + 2 * MAX];
	uint8_t buf[MAX] = { 0 };
	size_t n = 0, i, j;

	(void)state;
	for (i = 0; i < MAX; i++)
		seen[n++] = digest_of(buf, i);
	for (i = 0; i < (size_t)MAX * 8; i++) {
		buf[i / 8] ^= (uint8_t)(1U << i % 8);
		seen[n++] = digest_of(buf, MAX);
		buf[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_bytewise),
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_differences),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
