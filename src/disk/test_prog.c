/*
 * Random operation programs next to the model, with failures and crashes of
 * the store; no other tool.  DISK_PROGRAMS says how many (400 when not set).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "diskprog.h"

static void
run(int small, unsigned first, unsigned n)
{
	uint8_t data[400];
	struct prng r;
	struct dp p;
	unsigned i;
	size_t len, k;

	dp_init(&p, small ? 64u << 10 : 2u << 20);
	p.small = small;
	for (i = first; i < first + n; i++) {
		prng_seed(&r, i);
		len = 20 + prng_below(&r, sizeof(data) - 20);
		for (k = 0; k < len; k++)
			data[k] = (uint8_t)prng_next(&r);
		if (dp_run(&p, data, len) != 0)
			fail_msg("program %u: %s", i, p.why);
	}
	for (i = 0; i < DP_OUTSIDE; i++)
		assert_true(p.done[i] > n / 8);
	dp_free(&p);
}

static unsigned
how_many(void)
{
	const char *s = getenv("DISK_PROGRAMS");

	return s == NULL ? 400 : (unsigned)atoi(s);
}

static void
test_large(void **state)
{
	(void)state;
	run(0, 0, how_many());
}

static void
test_small(void **state)
{
	(void)state;
	run(1, 1000000, how_many() * 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
