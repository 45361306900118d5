/* The argument of -N: what is taken, what is refused with which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nicarg.h"

static struct nicarg a;
static struct cfg_why why;

static void
must(const char *arg)
{
	if (nicarg_take(&a, arg, &why) == -1)
		fail_msg("%s", why.text);
}

static void
must_not(const char *arg, const char *part)
{
	assert_int_equal(nicarg_take(&a, arg, &why), -1);
	if (strstr(why.text, part) == NULL)
		fail_msg("%s: no '%s' in: %s", arg, part, why.text);
	assert_null(strchr(why.text, '\n'));
}

static void
test_names(void **state)
{
	(void)state;
	must("tap");
	assert_string_equal(a.nic.tap, "tap");
	assert_int_equal(a.nic.local + a.nic.locked + a.nic.offload, 0);
	assert_null(a.nic.bridge);
	must("");
	assert_string_equal(a.nic.tap, "tap");
	must(",local");
	assert_string_equal(a.nic.tap, "tap");
	assert_int_equal(a.nic.local, 1);
	must("vm7,bridge=br0");
	assert_string_equal(a.nic.tap, "vm7");
	assert_string_equal(a.nic.bridge, "br0");
}

static void
test_everything(void **state)
{
	static const uint8_t mac[6] = { 0xfe, 0xe1, 0xbb, 0xd1, 0, 0xaf };

	(void)state;
	must("t,lladdr=fe:e1:BB:d1:00:aF,locked,mtu=9000,queues=3,qsize=512,"
	    "offload");
	assert_memory_equal(a.nic.mac, mac, 6);
	assert_int_equal(a.nic.locked, 1);
	assert_int_equal(a.nic.mtu, 9000);
	assert_int_equal(a.nic.pairs, 3);
	assert_int_equal(a.nic.qsize, 512);
	assert_int_equal(a.nic.offload, 1);
}

static void
test_refused(void **state)
{
	char longest[300];

	(void)state;
	must_not("tap,shiny", "shiny");
	must_not("tap,", "not a property");
	must_not("tap,bridge=", "bridge=");
	must_not("tap,mtu=67", "68 to 16384");
	must_not("tap,mtu=16385", "68 to 16384");
	must_not("tap,mtu=", "mtu=");
	must_not("tap,mtu=1500x", "mtu=1500x");
	must_not("tap,mtu=-5", "mtu=-5");
	must_not("tap,mtu=4294967364", "mtu=4294967364");
	must_not("tap,queues=0", "1 to 3");
	must_not("tap,queues=4", "1 to 3");
	must_not("tap,qsize=48", "power of two");
	must_not("tap,lladdr=", "six bytes");
	must_not("tap,lladdr=fe:e1:bb:d1:00", "six bytes");
	must_not("tap,lladdr=fe:e1:bb:d1:00:01:02", "six bytes");
	must_not("tap,lladdr=fe:e1:bb:d1:00:0g", "six bytes");
	must_not("tap,lladdr=fee1bbd10001", "six bytes");
	must_not("tap,lladdr=01:00:5e:00:00:01", "group");
	must_not("tap,lladdr=00:00:00:00:00:00", "six bytes");
	memset(longest, 'x', sizeof(longest));
	longest[299] = '\0';
	must_not(longest, "255 bytes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
