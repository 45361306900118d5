/* Commands, refusals and answers of the text protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "qtest.h"

static const char *why;

static struct qtest_cmd
ok(const char *line)
{
	struct qtest_cmd c;

	why = NULL;
	if (qtest_parse(line, strlen(line), &c, &why) == -1)
		fail_msg("%s: %s", line, why);
	return c;
}

static void
no(const char *line, const char *reason)
{
	struct qtest_cmd c;

	if (qtest_parse(line, strlen(line), &c, &why) == 0)
		fail_msg("%s: accepted", line);
	assert_string_equal(why, reason);
}

static void
accesses(void **state)
{
	static const char *const in[] = { "inb 0x71", "inw 0x71", "inl 0x71" };
	struct qtest_cmd c;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		c = ok(in[i]);
		assert_int_equal(c.op, QTEST_IN);
		assert_int_equal(c.width, 1 << i);
		assert_int_equal(c.addr, 0x71);
	}
	c = ok("outl 0xcf8 0x80000800");
	assert_int_equal(c.op, QTEST_OUT);
	assert_int_equal(c.width, 4);
	assert_int_equal(c.addr, 0xcf8);
	assert_int_equal(c.value, 0x80000800);
	c = ok("writeq 0xfe003000 0xFFFFFFFFFFFFFFFF");
	assert_int_equal(c.op, QTEST_STORE);
	assert_int_equal(c.width, 8);
	assert_int_equal(c.value, UINT64_MAX);
	c = ok("readw 010");
	assert_int_equal(c.op, QTEST_LOAD);
	assert_int_equal(c.addr, 8);
	assert_int_equal(ok("outb 0 0").value, 0);
	assert_int_equal(ok("readb 4095").addr, 4095);
}

static void
bulk_write(void **state)
{
	struct qtest_cmd c;
	uint8_t b[8];

	(void)state;
	c = ok("write 0x1000 3 0x01ffAa");
	assert_int_equal(c.size, 3);
	qtest_bytes(&c, b);
	assert_memory_equal(b, "\x01\xff\xaa", 3);
	/* What is missing is zeros. */
	c = ok("write 0x1000 4 0x0102");
	qtest_bytes(&c, b);
	assert_memory_equal(b, "\x01\x02\x00\x00", 4);
	c = ok("b64write 0x1000 4 AAECAw==");
	qtest_bytes(&c, b);
	assert_memory_equal(b, "\x00\x01\x02\x03", 4);
	c = ok("b64write 0 3 +/+/");
	qtest_bytes(&c, b);
	assert_memory_equal(b, "\xfb\xff\xbf", 3);
	c = ok("memset 0x2000 65536 0xa5");
	assert_int_equal(c.size, 65536);
	assert_int_equal(c.value, 0xa5);
	assert_int_equal(ok("read 0x2000 16").op, QTEST_READ);
	assert_int_equal(ok("b64read 0x2000 16").op, QTEST_B64READ);
}

static void
others(void **state)
{
	(void)state;
	assert_int_equal(ok("").op, QTEST_NONE);
	assert_int_equal(ok("  \t ").op, QTEST_NONE);
	assert_int_equal(ok("# outb 1 2").op, QTEST_NONE);
	assert_int_equal(ok("clock_step").op, QTEST_NEXT);
	assert_int_equal(ok("clock_step 100").value, 100);
	assert_int_equal(ok("clock_set 7").op, QTEST_SET);
	assert_int_equal(ok("irq_intercept_in ioapic").op, QTEST_WATCH);
	assert_int_equal(ok("irq_intercept_out /machine/x").op, QTEST_WATCH);
	assert_int_equal(ok("endianness").op, QTEST_ENDIAN);
	assert_int_equal(ok("  inb   1 \r").op, QTEST_IN);
}

static void
refusals(void **state)
{
	(void)state;
	no("reboot", "unknown command");
	no("in 1", "unknown command");
	no("inbb 1", "unknown command");
	no("inq 1", "unknown command");
	no("inb", "too few or too many words");
	no("inb 1 2", "too few or too many words");
	no("outb 1", "too few or too many words");
	no("clock_step 1 2", "too few or too many words");
	no("memset 1 2 3 4 5 6 7", "too few or too many words");
	no("inb 0x10000", "number too large");
	no("outb 1 256", "number too large");
	no("outw 1 0x10000", "number too large");
	no("writel 1 0x100000000", "number too large");
	no("clock_step 9223372036854775808", "number too large");
	no("inb x", "not a number");
	no("inb 0x", "not a number");
	no("inb 08", "not a number");
	no("inb -1", "not a number");
	no("readb 18446744073709551616", "not a number");
	no("readb 0x10000000000000000", "not a number");
	no("read 0 0", "a size of 0");
	no("read 0 65537", "number too large");
	no("write 0 1 0x0102", "not that many bytes");
	no("write 0 1 01", "not that many bytes");
	no("write 0 2 0x1", "not that many bytes");
	no("write 0 2 0xgg", "not that many bytes");
	no("b64write 0 4 AAEC", "not that many bytes");
	no("b64write 0 2 A===", "not that many bytes");
	no("b64write 0 3 AA!=", "not that many bytes");
}

static struct wbuf w;
static uint8_t room[256];

static void
said(const char *want)
{
	assert_false(wb_bad(&w));
	assert_int_equal(w.len, strlen(want));
	assert_memory_equal(room, want, w.len);
	w.len = 0;
}

static void
answers(void **state)
{
	(void)state;
	wb_init(&w, room, sizeof(room));
	qtest_ok(&w);
	said("OK\n");
	qtest_ok_value(&w, QTEST_IN, 0x5a);
	said("OK 0x005a\n");
	qtest_ok_value(&w, QTEST_LOAD, 0x5a);
	said("OK 0x000000000000005a\n");
	qtest_ok_value(&w, QTEST_STEP, 1000);
	said("OK 1000\n");
	qtest_ok_text(&w, "little");
	said("OK little\n");
	qtest_ok_hex(&w, (const uint8_t *)"\x01\xfe", 2);
	said("OK 0x01fe\n");
	qtest_ok_b64(&w, (const uint8_t *)"\0\1\2\3", 4);
	said("OK AAECAw==\n");
	qtest_ok_b64(&w, (const uint8_t *)"\xfb\xff\xbf\0\0", 5);
	said("OK +/+/AAA=\n");
	qtest_fail(&w, "unknown command");
	said("FAIL unknown command\n");
	qtest_irq(&w, 4, 1);
	said("IRQ raise 4\n");
	qtest_irq(&w, 11, 0);
	said("IRQ lower 11\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accesses),
		cmocka_unit_test(bulk_write),
		cmocka_unit_test(others),
		cmocka_unit_test(refusals),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
