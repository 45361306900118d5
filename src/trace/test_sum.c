/* The digest of payload: its definition, its pieces, its value for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "le.h"
#include "sum.h"

static uint8_t b[160];

/* The definition, a word at a time. */
static uint64_t
plain_sum(const uint8_t *p, size_t len)
{
	const uint64_t k = 0x9fb21c651e98df25ULL;
	uint64_t lane[8], h = len * k, v, word[8] = { 0 };
	size_t i, whole = len / 64 * 64;

	for (i = 0; i < 8; i++)
		lane[i] = k ^ i;
	for (i = 0; i < whole / 8; i++) {
		v = lane[i % 8] ^ le64_get(p + 8 * i);
		v += v << 9;
		lane[i % 8] = v << 32 | v >> 32;
	}
	for (i = whole; i < len; i++)
		word[(i - whole) / 8] |= (uint64_t)p[i] << 8 * (i % 8);
	for (i = 0; i < 8 + (len - whole + 7) / 8; i++) {
		h ^= i < 8 ? lane[i] : word[i - 8];
		h = (h << 29 | h >> 35) * k;
	}
	h = (h ^ h >> 32) * k;
	return h ^ h >> 29;
}

static void
test_definition(void **state)
{
	size_t n;

	(void)state;
	for (n = 0; n <= sizeof(b); n++)
		assert_true(sum_of(b, n) == plain_sum(b, n));
	/* Part of the format: recordings of last year must still match. */
	assert_true(sum_of(b, sizeof(b)) == 0xe1193296e3ae8677ULL);
}

/* Pieces give what the whole gives. */
static void
test_pieces(void **state)
{
	struct iovec iov[3];
	size_t i, j, n;

	(void)state;
	for (n = 0; n <= sizeof(b); n++)
		for (i = 0; i <= n; i += 3)
			for (j = i; j <= n; j += 5) {
				iov[0].iov_base = b;
				iov[0].iov_len = i;
				iov[1].iov_base = b + i;
				iov[1].iov_len = j - i;
				iov[2].iov_base = b + j;
				iov[2].iov_len = sizeof(b) - j;
				assert_true(sum_iov(iov, 3, n) ==
				    sum_of(b, n));
			}
}

/* Other bytes give something else. */
static void
test_bits(void **state)
{
	uint64_t whole;
	size_t k, n;

	(void)state;
	for (n = 0; n <= sizeof(b); n++) {
		whole = sum_of(b, n);
		assert_true(n == 0 || whole != sum_of(b, n - 1));
		for (k = 0; k < 8 * n; k++) {
			b[k / 8] ^= (uint8_t)(1U << k % 8);
			assert_true(sum_of(b, n) != whole);
			b[k / 8] ^= (uint8_t)(1U << k % 8);
		}
	}
	/* The same change twice in one lane does not cancel out. */
	whole = sum_of(b, sizeof(b));
	b[7] ^= 0x80;
	b[71] ^= 0x80;
	assert_true(sum_of(b, sizeof(b)) != whole);
	b[7] ^= 0x80;
	b[71] ^= 0x80;
}

/* What was in the memory before does not matter. */
static void
test_init(void **state)
{
	struct sum s;

	(void)state;
	memset(&s, 0xa5, sizeof(s));
	sum_init(&s);
	assert_true(sum_value(&s) == plain_sum(NULL, 0));
	assert_int_equal(s.total, 0);
	sum_add(&s, b, 3);
	assert_int_equal(s.total, 3);
	assert_true(sum_value(&s) == plain_sum(b, 3));
	/* To ask changes nothing. */
	sum_add(&s, b + 3, 97);
	assert_true(sum_value(&s) == plain_sum(b, 100));
}

/* Vectors that have less than was said: what there is, and no more. */
static void
test_short(void **state)
{
	struct iovec iov[3] = { { b, 5 }, { b + 5, 70 }, { b + 75, 85 } };

	(void)state;
	assert_true(sum_iov(iov, 2, sizeof(b)) == plain_sum(b, 75));
	assert_true(sum_iov(iov, 1, 6) == plain_sum(b, 5));
	assert_true(sum_iov(iov, 0, 6) == plain_sum(b, 0));
	assert_true(sum_iov(NULL, 0, 0) == plain_sum(b, 0));
}

static int
setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 37);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definition),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
