#include "test_chip.h"

#include "sysport.h"

static void
on(int debug)
{
	uint8_t list[16];
	struct wbuf w;

	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_DEBUGPORT, (uint64_t)debug);
	bench_on(&sysport_dev, &w);
}

static void
asked(unsigned n, uint32_t what)
{
	assert_int_equal(bench.asked, n);
	assert_int_equal(bench.what, what);
	bench.asked = 0;
}

static void
test_reset_ports(void **state)
{
	unsigned v;

	(void)state;
	on(0);
	for (v = 0; v < 256; v++) {
		out(0x64, v);
		asked(v == 0xfe, HREQ_REBOOT * (v >= 0xfe));
	}
	for (v = 0; v < 256; v++) {
		out(0xcf9, v);
		asked((v & 4) != 0, HREQ_REBOOT);
		assert_int_equal(in(0xcf9), v & 0x0a);
		out(0x92, v);
		asked(v & 1, HREQ_REBOOT);
		assert_int_equal(in(0x92), v & 2);
		out(0x80, v);
		assert_int_equal(in(0x80), v);
		out(0x60, v);
		asked(0, HREQ_REBOOT);
	}
	assert_int_equal(in(0x60), 0xff);
	assert_int_equal(in(0x64), 0xff);
	event(VIODEV_RESET, 0, 0);
	assert_int_equal(in(0x80), 0);
	assert_int_equal(in(0x92), 0);
	assert_int_equal(in(0xcf9), 0);
}

static void
test_debug(void **state)
{
	(void)state;
	on(0);
	assert_int_equal(in(0x402), 0xff);
	out(0x402, 'x');
	assert_int_equal(bench.nsent, 0);
	on(1);
	assert_int_equal(in(0x402), 0xe9);
	out(0x402, 'x');
	bench.busy = 1;
	out(0x402, 'y');
	assert_int_equal(bench.nsent, 1);
	assert_int_equal(bench.sent[0], 'x');
}

static void
test_power_off(void **state)
{
	unsigned v;

	(void)state;
	on(0);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0xb008, 2, 0) == 1);
	for (v = 0; v < 65536; v += 7) {
		access(VIODEV_WRITE, VIODEV_PORT, 0xb008, 2, v);
		asked((v & 0x3c00) == 0x3400, bench.what);
	}
	access(VIODEV_WRITE, VIODEV_PORT, 0xb008, 2, 0x3401);
	asked(1, HREQ_SHUTDOWN);
	out(0xb008, 0x34);
	out(0xb009, 0x34);
	asked(0, HREQ_SHUTDOWN);
	assert_int_equal(in(0xb008), 0xff);
}

static void
test_strangers(void **state)
{
	(void)state;
	on(1);
	access(VIODEV_WRITE, VIODEV_PORT, 0x64, 2, 0xfe);
	access(VIODEV_WRITE, VIODEV_LEGACY, 0x64, 1, 0xfe);
	event(VIODEV_KICK, 0, 0);
	event(VIODEV_TIMER, 0, 0);
	assert_int_equal(bench.asked, 0);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x80, 4, 0) ==
	    0xffffffff);
	assert_true(access(VIODEV_READ, VIODEV_ISR, 0x80, 1, 0) == 0xff);
}

static void
test_save(void **state)
{
	(void)state;
	on(1);
	out(0x80, 0x12);
	out(0x92, 0x02);
	out(0xcf9, 0x02);
	reload();
	assert_int_equal(in(0x80), 0x12);
	assert_int_equal(in(0x92), 2);
	assert_int_equal(in(0xcf9), 2);
	hostile_states();
	dev_detach(bench.d);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_ports),
		cmocka_unit_test(test_debug),
		cmocka_unit_test(test_power_off),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
