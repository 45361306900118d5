#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "caltime.h"
#include "prng.h"

static void
check(int64_t sec)
{
	time_t when = (time_t)sec;
	struct caltime t;
	struct tm tm;

	assert_non_null(gmtime_r(&when, &tm));
	caltime_split(sec, &t);
	assert_int_equal(t.year, tm.tm_year + 1900);
	assert_int_equal(t.month, tm.tm_mon + 1);
	assert_int_equal(t.day, tm.tm_mday);
	assert_int_equal(t.wday, tm.tm_wday);
	assert_int_equal(t.hour, tm.tm_hour);
	assert_int_equal(t.min, tm.tm_min);
	assert_int_equal(t.sec, tm.tm_sec);
	assert_true(caltime_join(&t) == sec);
}

/* The C library is the judge. */
static void
test_split(void **state)
{
	struct prng r;
	int64_t day;
	int i;

	(void)state;
	for (day = -800000; day < 800000; day += 1) {
		check(day * 86400);
		check(day * 86400 - 1);
	}
	prng_seed(&r, 1);
	for (i = 0; i < 100000; i++)
		check((int64_t)(prng_next(&r) >> 24) - (1LL << 39));
}

/* What nobody's calendar has. */
static void
test_fold(void **state)
{
	struct caltime t = { 2001, 13, 1, 0, 0, 0, 0 }, u = t;

	(void)state;
	u.month = 1;
	assert_true(caltime_join(&t) == caltime_join(&u));
	t.month = 0;
	u.month = 12;
	assert_true(caltime_join(&t) == caltime_join(&u));
	t.month = u.month = 2;
	t.day = 30;
	u.day = 2;
	u.month = 3;
	assert_true(caltime_join(&t) == caltime_join(&u));
	t.day = 0;
	u.day = 31;
	u.month = 1;
	assert_true(caltime_join(&t) == caltime_join(&u));
	t.hour = 99;
	t.min = 99;
	t.sec = 99;
	assert_true(caltime_join(&t) == caltime_join(&u) + 99 * 3661);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_fold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
