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

/* Bytes of a program's configuration: see diskprog.h. */
#define FAULTS	5
#define CRASH	7
#define LOSSY	9			/* of FAULTS: a crash that loses */

static void
run(int small, unsigned first, unsigned n, int crash)
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
		if (crash) {
			data[FAULTS] = (uint8_t)(data[FAULTS] & 0xf0) | LOSSY;
			data[CRASH] %= small ? 64 : 255;
		}
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
	run(0, 0, how_many(), 0);
}

static void
test_small(void **state)
{
	(void)state;
	run(1, 1000000, how_many() * 4, 0);
}

/* The store stops, and of what no flush has followed some is lost. */
static void
test_crashes(void **state)
{
	(void)state;
	run(0, 2000000, how_many(), 1);
	run(1, 3000000, how_many() * 4, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
