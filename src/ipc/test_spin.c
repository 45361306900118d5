/* Experience decides whether somebody asks before it sleeps. */
#include "spin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Waits until the next try, and what comes of it; how long that took. */
static unsigned
try(struct spin *s, int paid)
{
	unsigned n = 1;

	while (spin_for(s) == 0)
		n++;
	spin_learn(s, paid);
	return n;
}

static void
test_never(void **state)
{
	struct spin s = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 3 * SPIN_RETRY; i++)
		assert_int_equal(spin_for(&s), 0);
}

/* On one processor it costs one wait in SPIN_RETRY. */
static void
test_no_use(void **state)
{
	struct spin s = { .max = SPIN_LONG };
	unsigned i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(try(&s, 0), SPIN_RETRY);
}

/* Where it pays it is done each time, and a failure now and then is borne. */
static void
test_use(void **state)
{
	struct spin s = { .max = SPIN_LONG };
	unsigned i, n = 0;

	(void)state;
	assert_int_equal(try(&s, 1), SPIN_RETRY);
	for (i = 0; i < 1000; i++)
		assert_int_equal(try(&s, i % 4 != 3), 1);
	/* It stops soon when it does not pay any more. */
	while (try(&s, 0) == 1)
		n++;
	assert_in_range(n, 1, SPIN_CREDIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_no_use),
		cmocka_unit_test(test_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
