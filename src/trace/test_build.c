/* What a text builds, and what it is told when it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "devconf.h"
#include "test_text.h"
#include "trace.h"

static void
wrong(const char *in, unsigned line, unsigned column, const char *reason)
{
	struct text_error err;

	build(in, strlen(in), &err);
	if (err.line != line || err.column != column ||
	    strcmp(err.reason, reason) != 0)
		fail_msg("%s: %u:%u: %s", in, err.line, err.column,
		    err.reason);
}

static void
test_errors(void **state)
{
	(void)state;
	wrong("reload\nfoo 1\n", 2, 1,
	    "want a record such as conf, msg or chain, not 'foo'");
	wrong("msg kick\n", 1, 9, "want a number, not the end of the line");
	wrong("msg kick 1 2\n", 1, 12, "want the end of the line, not '2'");
	wrong("msg read common foo 1", 1, 17, "want a register name such as "
	    "device_status or an offset, not 'foo'");
	wrong("msg read common device_status 3", 1, 1,
	    "register width is not 1, 2, 4 or 8");
	wrong("msg read common 0 9", 1, 19,
	    "want a width of 1, 2, 4 or 8, not '9'");
	wrong("msg fly", 1, 5,
	    "want a message such as read, write or kick, not 'fly'");
	wrong("load 1 [0]", 1, 9, "want pairs of hexadecimal digits up to a "
	    "closing bracket");
	wrong("load 1 [00\n\n", 1, 8, "bracket is never closed");
	wrong("load 1 \"x\n", 1, 8, "string is not closed on its line");
	wrong("load 1 \"\\q\"", 1, 8, "want \\xNN behind a backslash");
	wrong("load 1 [00] of=1 digest=0", 1, 18,
	    "of= is not more than the bytes that are there");
	wrong("load 1 [00] of=2", 1, 17,
	    "want digest= behind of=, not the end of the line");
	wrong("load 0x10000000000000000", 1, 6,
	    "want an address, not '0x10000000000000000'");
	wrong("map 1", 1, 5, "want address+length, not '1'");
	wrong("map 1+1 1+1", 1, 1,
	    "range of memory is empty, wraps or overlaps");
	wrong("map 0+1 1+1 2+1 3+1 4+1 5+1 6+1 7+1 8+1", 1, 37,
	    "more than 8 ranges");
	wrong("conf [00]", 1, 6, "want a kind of device, or \"\" for none, "
	    "not bytes");
	wrong("conf a mtu 65536", 1, 12,
	    "want a number that fits the tag, not '65536'");
	wrong("conf a mtu 1 mtu 1", 1, 1, "tag given twice");
	wrong("conf a mac \"x\"", 1, 1, "wrong length");
	wrong("conf abcdefghijklmnopqrstuvwxyzabcdef", 1, 6,
	    "name of the device is too long");
	wrong("chain 0 r16 x2", 1, 13,
	    "want a segment such as r16 or w512/edge:3, not 'x2'");
	wrong("chain 0 w16/bad", 1, 9,
	    "want a segment such as r16 or w512/edge:3, not 'w16/bad'");
	wrong("chain 0 w16:256", 1, 9,
	    "want a segment such as r16 or w512/edge:3, not 'w16:256'");
	wrong("setup qlog=256", 1, 7,
	    "qlog= wants a number of at most 255");
	wrong("expect blk write+unit256 1", 1, 12, "want a block operation "
	    "such as read or write+durable, not 'write+unit256'");
	wrong("expect blk write+fast 1", 1, 12, "want a block operation such "
	    "as read or write+durable, not 'write+fast'");
}

/* Bytes beyond what a record has room for. */
static void
test_too_long(void **state)
{
	static char in[DEVCONF_NTAGS * 2 * (DEVCONF_MAXBYTES + 20)];
	unsigned i;
	int n;

	(void)state;
	n = snprintf(in, sizeof(in), "conf a");
	for (i = 0; i <= DEVCONF_NTAGS; i++)
		n += snprintf(in + n, sizeof(in) - (size_t)n,
		    " serial [%0*x]", 2 * DEVCONF_MAXBYTES, 0);
	wrong(in, 1, (unsigned)n + 1,
	    "description of the device is too long");
	n = snprintf(in, sizeof(in), "conf a serial [");
	memset(in + n, '0', 2 * DEVCONF_MAXBYTES + 2);
	strcpy(in + n + 2 * DEVCONF_MAXBYTES + 2, "]");
	wrong(in, 1, (unsigned)strlen(in) + 1,
	    "value is longer than 128 bytes");
	n = snprintf(in, sizeof(in), "chain 0 [");
	memset(in + n, '0', 512);
	strcpy(in + n + 512, "]");
	wrong(in, 1, (unsigned)strlen(in) + 1,
	    "data of a chain is longer than 255 bytes");
}

/* The densest texts there are fit the memory that text.h promises. */
static void
test_dense(void **state)
{
	static const char *const lines[] = {
		"setup\n", "load 0\n", "expect irq 0\n", "msg pause\n",
		"mark 0\n", "answer tx 0 ns=1\n", "map 0+1\n", "conf a mtu 1\n"
	};
	struct text_error err;
	char in[4096];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (n = 0; n + 20 < sizeof(in); n += strlen(lines[i]))
			strcpy(in + n, lines[i]);
		assert_int_not_equal(build(in, n, &err), 0);
	}
	strcpy(in, "chain 0");
	for (n = 7; n + 4 < sizeof(in); n += 3)
		strcpy(in + n, " r1");
	assert_int_not_equal(build(in, n, &err), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_dense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
