/* Timers next to a table that is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "prng.h"
#include "timers.h"

static void
order(void **state)
{
	struct timers t;

	(void)state;
	timers_init(&t);
	assert_int_equal(t.next, TIMERS_NEVER);
	assert_int_equal(timers_take(&t, UINT64_MAX), -1);
	timers_set(&t, 7, 100);
	timers_set(&t, 3, 50);
	timers_set(&t, 319, 100);
	assert_int_equal(t.next, 50);
	assert_int_equal(timers_take(&t, 49), -1);
	assert_int_equal(timers_take(&t, 100), 3);
	assert_int_equal(timers_take(&t, 100), 7);
	assert_int_equal(timers_take(&t, 100), 319);
	assert_int_equal(timers_take(&t, 100), -1);
	assert_int_equal(t.next, TIMERS_NEVER);
}

static void
replace(void **state)
{
	struct timers t;

	(void)state;
	timers_init(&t);
	timers_set(&t, 1, 10);
	timers_set(&t, 2, 20);
	timers_set(&t, 1, 30);
	assert_int_equal(t.next, 20);
	timers_clear(&t, 2);
	assert_int_equal(t.next, 30);
	timers_set(&t, 1, 5);
	assert_int_equal(t.next, 5);
	timers_clear(&t, 1);
	timers_clear(&t, 1);
	assert_int_equal(t.next, TIMERS_NEVER);
}

static uint64_t
earliest(const uint64_t *at)
{
	uint64_t e = TIMERS_NEVER;
	unsigned i;

	for (i = 0; i < BOARD_NTIMERS; i++)
		e = at[i] < e ? at[i] : e;
	return e;
}

static void
model(void **state)
{
	uint64_t at[BOARD_NTIMERS], now = 0;
	struct timers t;
	struct prng r;
	unsigned i, id;
	int got;

	(void)state;
	prng_seed(&r, 1);
	timers_init(&t);
	for (i = 0; i < BOARD_NTIMERS; i++)
		at[i] = TIMERS_NEVER;
	for (i = 0; i < 20000; i++) {
		id = (unsigned)prng_below(&r, BOARD_NTIMERS);
		switch (prng_below(&r, 4)) {
		case 0:
			timers_clear(&t, id);
			at[id] = TIMERS_NEVER;
			break;
		case 1:
			now += prng_below(&r, 50);
			got = timers_take(&t, now);
			if (earliest(at) > now) {
				assert_int_equal(got, -1);
				break;
			}
			assert_int_equal(at[got], earliest(at));
			at[got] = TIMERS_NEVER;
			break;
		default:
			at[id] = now + prng_below(&r, 300);
			timers_set(&t, id, at[id]);
			break;
		}
		assert_int_equal(t.next, earliest(at));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(replace),
		cmocka_unit_test(model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
