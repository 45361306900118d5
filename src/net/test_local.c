#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "local.h"

/* The examples that vmd's manual and sources lead to. */
static void
pairs(void **state)
{
	struct local4 a;

	(void)state;
	assert_int_equal(local4(&a, LOCAL4_PREFIX, LOCAL4_LEN, 1, 0), 0);
	assert_int_equal(a.host, 0x64400102);
	assert_int_equal(a.guest, 0x64400103);
	assert_int_equal(local4(&a, LOCAL4_PREFIX, LOCAL4_LEN, 3, 1), 0);
	assert_int_equal(a.host, 0x64400304);
	assert_int_equal(a.guest, 0x64400305);
	assert_int_equal(local4(&a, 0x0a000000, 8, 0xffff, 126), 0);
	assert_int_equal(a.host, 0x0afffffe);
	assert_int_equal(a.guest, 0x0affffff);
	assert_int_equal(a.guest & LOCAL4_MASK, a.host);
}

static void
what_does_not_fit(void **state)
{
	struct local4 a = { 7, 8 };

	(void)state;
	assert_int_equal(local4(&a, 0xc0a80000, 16, 255, 126), 0);
	assert_int_equal(a.host, 0xc0a8fffe);
	a.host = 7;
	a.guest = 8;
	assert_int_equal(local4(&a, 0xc0a80000, 16, 256, 0), -1);
	assert_int_equal(local4(&a, 0xc0a80000, 16, 1, 127), -1);
	assert_int_equal(local4(&a, 0xc0a80000, 16, 1, 0xffffffff), -1);
	assert_int_equal(local4(&a, LOCAL4_PREFIX, 10, 0x4000, 0), -1);
	assert_int_equal(local4(&a, LOCAL4_PREFIX, 10, 0x1000000, 0), -1);
	assert_int_equal(local4(&a, LOCAL4_PREFIX, 10, 0xffffffff, 0), -1);
	assert_int_equal(local4(&a, 0xc0a80000, 17, 1, 0), -1);
	assert_int_equal(local4(&a, 0, 0, 1, 0), -1);
	assert_int_equal(a.host, 7);
	assert_int_equal(a.guest, 8);
	assert_int_equal(local4(&a, LOCAL4_PREFIX, 10, 0x3fff, 0), 0);
	assert_int_equal(a.host, 0x647fff02);
}

static void
prefixes4(void **state)
{
	(void)state;
	assert_null(local4_check(LOCAL4_PREFIX, LOCAL4_LEN));
	assert_null(local4_check(0x80000000, 1));
	assert_null(local4_check(0xc0a80000, 16));
	assert_non_null(strstr(local4_check(0, 0), "at least 1"));
	assert_non_null(strstr(local4_check(0xc0a80000, 17), "at most 16"));
	assert_non_null(strstr(local4_check(0xc0a80100, 16), "behind"));
	assert_non_null(strstr(local4_check(0x64400001, 10), "behind"));
	assert_non_null(strstr(local4_check(0x64600000, 10), "behind"));
}

static void
prefixes6(void **state)
{
	uint8_t p[16] = { 0xfd, 1, 2, 3, 4, 5, 6, 0x80 };

	(void)state;
	assert_null(local6_check(p, 64));
	assert_null(local6_check(p, 57));
	assert_non_null(strstr(local6_check(p, 56), "behind"));
	assert_non_null(strstr(local6_check(p, 65), "at most 64"));
	p[15] = 1;
	assert_non_null(strstr(local6_check(p, 64), "behind"));
	memset(p, 0, sizeof(p));
	assert_null(local6_check(p, 0));
	p[0] = 0x80;
	assert_non_null(local6_check(p, 0));
	assert_null(local6_check(p, 1));
}

static void
pairs6(void **state)
{
	static const uint8_t random[] = { 1, 2, 3, 4, 5, 6, 7 };
	static const uint8_t ula[16] = { 0xfd, 1, 2, 3, 4, 5, 6, 7 };
	static const uint8_t host[16] = {
		0xfd, 1, 2, 3, 4, 5, 6, 7, 0x64, 0x40, 1, 3, 0, 0, 0, 1
	};
	static const uint8_t guest[16] = {
		0xfd, 1, 2, 3, 4, 5, 6, 7, 0x64, 0x40, 1, 3, 0, 0, 0, 2
	};
	uint8_t p[16];
	struct local6 a;

	(void)state;
	memset(p, 0xee, sizeof(p));
	local6_ula(p, random);
	assert_memory_equal(p, ula, 16);
	assert_null(local6_check(p, 64));
	memset(&a, 0xee, sizeof(a));
	local6(&a, p, 0x64400103);
	assert_memory_equal(a.host, host, 16);
	assert_memory_equal(a.guest, guest, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs),
		cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(prefixes4),
		cmocka_unit_test(prefixes6),
		cmocka_unit_test(pairs6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
