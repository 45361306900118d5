#include "test_chip.h"

#include "ns8250.h"
#include "prng.h"

#define COM	0x3f8
enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
#define FCR	IIR

static void
wr(unsigned reg, unsigned v)
{
	out(COM + reg, v);
}

static unsigned
rd(unsigned reg)
{
	return in(COM + reg);
}

static void
on(void)
{
	bench_on(&ns8250_dev, NULL);
}

static void
type(const char *s)
{
	struct viodev_msg m = {
		.type = VIODEV_INPUT, .payload = (const uint8_t *)s,
		.len = strlen(s)
	};

	dev_msg(bench.d, &m);
	good();
}

static void
sent(const char *s)
{
	assert_int_equal(bench.nsent, strlen(s));
	assert_memory_equal(bench.sent, s, bench.nsent);
	bench.nsent = 0;
}

static void
test_power_on(void **state)
{
	(void)state;
	on();
	assert_int_equal(rd(IER), 0);
	assert_int_equal(rd(IIR), 1);
	assert_int_equal(rd(LCR), 0);
	assert_int_equal(rd(MCR), 0);
	assert_int_equal(rd(LSR), 0x60);
	assert_int_equal(rd(MSR), 0xb0);
	assert_int_equal(rd(DATA), 0);
	wr(LCR, 0x80);
	assert_int_equal(rd(DATA), 1);
	assert_int_equal(rd(IER), 0);
	assert_int_equal(ns8250_room(bench.d), 1);
	assert_int_equal(bench.line, 0);
}

static void
test_registers(void **state)
{
	(void)state;
	on();
	wr(SCR, 0x5a);
	assert_int_equal(rd(SCR), 0x5a);
	wr(IER, 0xff);
	assert_int_equal(rd(IER), 0x0f);
	wr(MCR, 0xff);
	assert_int_equal(rd(MCR), 0x1f);
	wr(LCR, 0x9b);
	assert_int_equal(rd(LCR), 0x9b);
	wr(DATA, 0x34);
	wr(IER, 0x12);
	assert_int_equal(rd(DATA), 0x34);
	assert_int_equal(rd(IER), 0x12);
	wr(LCR, 0x1b);
	assert_int_equal(rd(IER), 0x0f);
	wr(MCR, 0);
	wr(LSR, 0xff);
	wr(MSR, 0xff);
	assert_int_equal(rd(LSR), 0x60);
	sent("");
}

static void
test_send(void **state)
{
	(void)state;
	on();
	wr(DATA, 'h');
	wr(DATA, 'i');
	sent("hi");
	assert_int_equal(rd(LSR), 0x60);
	assert_int_equal(bench.line, 0);
	/* Enabled while empty: an interrupt at once, gone when seen. */
	wr(IER, 0x02);
	assert_int_equal(bench.line, 1);
	assert_int_equal(rd(IIR), 0x02);
	assert_int_equal(bench.line, 0);
	assert_int_equal(rd(IIR), 0x01);
	/* Each byte makes one, with an edge. */
	wr(DATA, 'x');
	assert_int_equal(bench.line, 1);
	bench.rises = 0;
	wr(DATA, 'y');
	assert_int_equal(bench.rises, 1);
	assert_int_equal(rd(IIR), 0x02);
	sent("xy");
	/* Disabled and enabled again (Linux tests for that). */
	wr(IER, 0x00);
	assert_int_equal(rd(IIR), 0x01);
	wr(IER, 0x02);
	assert_int_equal(rd(IIR), 0x02);
	assert_int_equal(rd(IIR), 0x01);
	wr(IER, 0x03);
	assert_int_equal(rd(IIR), 0x01);
}

/* The host has no room: bytes stay, what is too much is lost. */
static void
test_busy(void **state)
{
	unsigned i;

	(void)state;
	on();
	wr(IER, 0x02);
	bench.busy = 1;
	wr(DATA, 'a');
	assert_int_equal(rd(LSR), 0x00);
	assert_int_equal(bench.line, 0);
	wr(DATA, 'b');
	wr(IER, 0x00);
	wr(IER, 0x02);
	assert_int_equal(bench.line, 0);
	pass(3 * NS8250_RETRY);
	assert_int_equal(rd(LSR), 0x00);
	bench.busy = 0;
	pass(NS8250_RETRY);
	sent("b");
	assert_int_equal(bench.line, 1);
	assert_int_equal(rd(LSR), 0x60);
	assert_true(bench.due[0] == UINT64_MAX);
	/* With FIFO sixteen, in order. */
	wr(FCR, 0x01);
	bench.busy = 1;
	for (i = 0; i < 18; i++)
		wr(DATA, 'a' + i);
	assert_int_equal(rd(LSR), 0x00);
	bench.busy = 0;
	pass(NS8250_RETRY);
	sent("abcdefghijklmnor");
	/* The guest gives up. */
	bench.busy = 1;
	wr(DATA, 'z');
	wr(FCR, 0x05);
	assert_int_equal(rd(LSR), 0x60);
	assert_true(bench.due[0] == UINT64_MAX);
	bench.busy = 0;
	pass(SEC);
	sent("");
}

static void
test_receive(void **state)
{
	(void)state;
	on();
	type("a");
	assert_int_equal(bench.ready, 0);
	assert_int_equal(ns8250_room(bench.d), 0);
	assert_int_equal(bench.line, 0);
	assert_int_equal(rd(LSR), 0x61);
	wr(IER, 0x01);
	assert_int_equal(bench.line, 1);
	assert_int_equal(rd(IIR), 0x04);
	assert_int_equal(rd(IIR), 0x04);
	assert_int_equal(rd(DATA), 'a');
	assert_int_equal(bench.line, 0);
	assert_int_equal(bench.ready, 1);
	assert_int_equal(rd(LSR), 0x60);
	/* Too much: the last one stays. */
	type("bcd");
	assert_int_equal(rd(LSR), 0x63);
	assert_int_equal(rd(LSR), 0x61);
	assert_int_equal(rd(DATA), 'd');
	assert_int_equal(rd(DATA), 0);
}

static void
test_fifo(void **state)
{
	static const uint8_t level[] = { 1, 4, 8, 14 };
	unsigned i, j;

	(void)state;
	for (i = 0; i < 4; i++) {
		on();
		wr(FCR, 0x01 | i << 6);
		wr(IER, 0x01);
		assert_int_equal(rd(IIR), 0xc1);
		assert_int_equal(ns8250_room(bench.d), 16);
		for (j = 1; j <= 16; j++) {
			type("x");
			assert_int_equal(bench.line, j >= level[i]);
			assert_int_equal(rd(IIR), j >= level[i] ? 0xc4 : 0xc1);
		}
		assert_int_equal(bench.ready, 0);
		assert_int_equal(ns8250_room(bench.d), 0);
		for (j = 16; j > 0; j--) {
			assert_int_equal(rd(IIR), j >= level[i] ? 0xc4 : 0xc1);
			assert_int_equal(rd(DATA), 'x');
			assert_int_equal(bench.ready, j - 1 <= 8);
		}
	}
	/* An overrun loses the newest. */
	type("0123456789abcdefgh");
	assert_int_equal(rd(LSR), 0x63);
	for (i = 0; i < 16; i++)
		assert_int_equal(rd(DATA), "0123456789abcdef"[i]);
	/* Cleared, switched off. */
	type("xy");
	wr(FCR, 0x03);
	assert_int_equal(rd(LSR), 0x60);
	type("xy");
	wr(FCR, 0x00);
	assert_int_equal(rd(LSR), 0x60);
	assert_int_equal(rd(IIR), 0x01);
	type("x");
	wr(FCR, 0x06);
	assert_int_equal(rd(LSR), 0x61);
	wr(FCR, 0xc0);
	type("y");
	assert_int_equal(rd(IIR), 0x04);
}

/* Four characters of time after the last one. */
static void
test_timeout(void **state)
{
	uint64_t t = 40 * SEC / 115200;

	(void)state;
	on();
	wr(FCR, 0x81);
	wr(IER, 0x01);
	type("abc");
	pass(t - 1);
	assert_int_equal(bench.line, 0);
	type("d");
	pass(t - 1);
	assert_int_equal(bench.line, 0);
	pass(1);
	assert_int_equal(bench.line, 1);
	assert_int_equal(rd(IIR), 0xcc);
	assert_int_equal(rd(DATA), 'a');
	assert_int_equal(bench.line, 0);
	pass(t);
	assert_int_equal(rd(IIR), 0xcc);
	/* With the level reached it is the usual one. */
	type("efghi");
	assert_int_equal(rd(IIR), 0xc4);
	assert_true(bench.due[1] == UINT64_MAX);
	assert_int_equal(rd(DATA), 'b');
	assert_int_equal(rd(IIR), 0xc1);
	/* Slower lines wait longer; a divisor of 0 is no line. */
	wr(LCR, 0x83);
	wr(DATA, 12);
	wr(LCR, 0x03);
	assert_int_equal(rd(DATA), 'c');
	pass(12 * t);
	assert_int_equal(bench.line, 0);
	pass(12);
	assert_int_equal(bench.line, 1);
	wr(LCR, 0x83);
	wr(DATA, 0);
	wr(LCR, 0x03);
	assert_int_equal(rd(DATA), 'd');
	pass(t);
	assert_int_equal(bench.line, 1);
	/* No data, no time-out. */
	wr(FCR, 0x83);
	assert_int_equal(bench.line, 0);
	event(VIODEV_TIMER, 1, 0);
	event(VIODEV_TIMER, 9, 0);
	assert_int_equal(bench.line, 0);
}

static void
test_break(void **state)
{
	(void)state;
	on();
	wr(FCR, 0x01);
	wr(IER, 0x05);
	type("a");
	event(VIODEV_INPUT, 1, 0);
	type("b");
	event(VIODEV_INPUT, 2, 0);
	assert_int_equal(rd(IIR), 0xc4);
	/* The error belongs to its byte, when that one is next. */
	assert_int_equal(rd(LSR), 0xe1);
	assert_int_equal(rd(DATA), 'a');
	assert_int_equal(rd(IIR), 0xc6);
	assert_int_equal(rd(LSR), 0xf1);
	assert_int_equal(rd(IIR), 0xc4);
	assert_int_equal(rd(LSR), 0x61);
	assert_int_equal(rd(DATA), 0);
	assert_int_equal(rd(DATA), 'b');
	/* Without FIFO there is no bit 7. */
	wr(FCR, 0);
	event(VIODEV_INPUT, 1, 0);
	assert_int_equal(rd(LSR), 0x71);
}

static void
test_priorities(void **state)
{
	(void)state;
	on();
	wr(IER, 0x0f);
	type("ab");
	wr(MCR, 0x10);
	assert_int_equal(rd(IIR), 0x06);
	(void)rd(LSR);
	assert_int_equal(rd(IIR), 0x04);
	(void)rd(DATA);
	assert_int_equal(rd(IIR), 0x02);
	assert_int_equal(rd(IIR), 0x00);
	assert_int_equal(rd(IIR), 0x00);
	assert_int_equal(rd(MSR), 0x0b);
	assert_int_equal(rd(IIR), 0x01);
	assert_int_equal(bench.line, 0);
}

static void
test_loop(void **state)
{
	unsigned i;

	(void)state;
	on();
	/* Linux: RTS and OUT2 in the loop are CTS and DCD. */
	wr(MCR, 0x1a);
	assert_int_equal(rd(MSR) & 0xf0, 0x90);
	for (i = 0; i < 16; i++) {
		wr(MCR, 0x10 | i);
		assert_int_equal(rd(MSR) & 0xf0, (i & 1) << 5 | (i & 2) << 3 |
		    (i & 4) << 4 | (i & 8) << 4);
	}
	/* Each line's change; of the ring only its end. */
	wr(MCR, 0x10);
	(void)rd(MSR);
	wr(MCR, 0x11);
	assert_int_equal(rd(MSR), 0x22);
	wr(MCR, 0x13);
	assert_int_equal(rd(MSR), 0x31);
	wr(MCR, 0x17);
	assert_int_equal(rd(MSR), 0x70);
	wr(MCR, 0x13);
	assert_int_equal(rd(MSR), 0x34);
	wr(MCR, 0x1b);
	assert_int_equal(rd(MSR), 0xb8);
	assert_int_equal(rd(MSR), 0xb0);
	/* Bytes come back and do not go out; nothing comes in. */
	assert_int_equal(bench.ready, 0);
	wr(IER, 0x03);
	assert_int_equal(rd(IIR), 0x02);
	wr(DATA, 'l');
	assert_int_equal(rd(IIR), 0x04);
	assert_int_equal(rd(DATA), 'l');
	assert_int_equal(rd(IIR), 0x02);
	type("x");
	assert_int_equal(rd(LSR), 0x60);
	wr(FCR, 0x01);
	for (i = 0; i < 17; i++)
		wr(DATA, 'a' + i);
	assert_int_equal(rd(LSR), 0x63);
	for (i = 0; i < 16; i++)
		assert_int_equal(rd(DATA), 'a' + i);
	sent("");
	wr(MCR, 0x0b);
	assert_int_equal(bench.ready, 1);
	assert_int_equal(rd(MSR) & 0xf0, 0xb0);
	/* In the loop while the host has not taken the last byte. */
	bench.busy = 1;
	wr(DATA, 'q');
	wr(MCR, 0x1b);
	wr(DATA, 'r');
	assert_int_equal(rd(LSR), 0x01);
	assert_int_equal(rd(DATA), 'r');
}

/* What Linux looks at to tell the kinds of UART apart. */
static void
test_autoconfig(void **state)
{
	unsigned one, two;

	(void)state;
	on();
	wr(IER, 0);
	assert_int_equal(rd(IER) & 0x0f, 0);
	wr(IER, 0x0f);
	assert_int_equal(rd(IER) & 0x0f, 0x0f);
	wr(IER, 0);
	wr(LCR, 0xbf);
	wr(IIR, 0);
	wr(LCR, 0);
	wr(FCR, 0x01);
	assert_int_equal(rd(IIR) >> 6, 3);
	/* No EFR: neither a 16650 nor a 16850. */
	wr(LCR, 0x80);
	assert_true(rd(IIR) != 0);
	wr(LCR, 0xbf);
	assert_true(rd(IIR) != 0);
	/* No EXCR1 behind 0xe0: no National super I/O. */
	wr(LCR, 0);
	one = rd(MCR);
	wr(MCR, one ^ 0x10);
	wr(LCR, 0xe0);
	two = rd(IIR);
	wr(LCR, 0);
	wr(MCR, one);
	assert_int_equal((two ^ one) & 0x10, 0);
	/* No FIFO of 64: no 16750. */
	wr(FCR, 0x01);
	one = rd(IIR) >> 5;
	wr(FCR, 0x01);
	wr(LCR, 0x80);
	wr(FCR, 0x21);
	two = rd(IIR) >> 5;
	wr(FCR, 0x01);
	wr(LCR, 0);
	assert_int_equal(one, 6);
	assert_int_equal(two, 6);
	/* No UUE bit: no XScale. */
	wr(IER, 0x40);
	assert_int_equal(rd(IER), 0);
}

static void
test_pause(void **state)
{
	(void)state;
	on();
	wr(FCR, 0x81);
	wr(IER, 0x01);
	bench.busy = 1;
	wr(DATA, 'a');
	type("b");
	event(VIODEV_PAUSE, 0, 0);
	assert_true(bench.due[0] == UINT64_MAX);
	assert_true(bench.due[1] == UINT64_MAX);
	reload();
	bench.busy = 0;
	wr(DATA, 'c');
	sent("");
	event(VIODEV_UNPAUSE, 0, 0);
	sent("ac");
	pass(SEC);
	assert_int_equal(rd(IIR), 0xcc);
	event(VIODEV_PAUSE, 0, 0);
	event(VIODEV_UNPAUSE, 0, 0);
	assert_int_equal(rd(IIR), 0xcc);
}

static void
test_reset(void **state)
{
	(void)state;
	on();
	wr(FCR, 0x01);
	wr(IER, 0x0f);
	wr(MCR, 0x1f);
	wr(LCR, 0x83);
	bench.busy = 1;
	wr(LCR, 0x03);
	wr(DATA, 'a');
	assert_int_equal(bench.line, 1);
	event(VIODEV_RESET, 0, 0);
	assert_int_equal(bench.line, 0);
	assert_int_equal(bench.ready, 1);
	assert_int_equal(rd(IIR), 1);
	assert_int_equal(rd(LSR), 0x60);
	assert_int_equal(rd(MSR), 0xb0);
	wr(IER, 0x02);
	dev_detach(bench.d);
	assert_int_equal(bench.line, 0);
}

static void
test_strangers(void **state)
{
	(void)state;
	on();
	assert_true(access(VIODEV_READ, VIODEV_PORT, COM, 2, 0) == 0xffff);
	assert_true(access(VIODEV_READ, VIODEV_DEVICE, COM, 1, 0) == 0xff);
	access(VIODEV_WRITE, VIODEV_PORT, COM, 4, 'x');
	access(VIODEV_WRITE, VIODEV_NOTIFY, COM, 1, 'x');
	event(VIODEV_KICK, 0, 0);
	event(VIODEV_INTACK, 0, 0);
	sent("");
	/* Any base. */
	out(0x2f8, 'x');
	sent("x");
}

/* Bounded work for more input than anybody may send. */
static void
test_flood(void **state)
{
	static char big[100000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	on();
	type(big);
	assert_int_equal(rd(LSR), 0x63);
	wr(FCR, 1);
	type(big);
	assert_int_equal(rd(LSR), 0x63);
}

static void
run(uint64_t seed, int moves, uint64_t *result)
{
	struct prng r;
	unsigned i, v, reg;

	prng_seed(&r, seed);
	on();
	for (i = 0; i < 300; i++) {
		v = (unsigned)prng_next(&r) & 0xff;
		reg = (unsigned)prng_below(&r, 8);
		result[i] = 0;
		bench.busy = prng_below(&r, 4) == 0;
		switch (prng_below(&r, 6)) {
		case 0:
		case 1:
			wr(reg, v);
			break;
		case 2:
			result[i] = rd(reg);
			break;
		case 3:
			type(&"abcdef"[v % 6]);
			break;
		case 4:
			event(VIODEV_INPUT, 1, 0);
			break;
		default:
			pass(prng_below(&r, 1ULL << (v & 31)));
			break;
		}
		result[i] = result[i] << 48 | bench.nsent << 16 |
		    bench.rises << 2 | (unsigned)bench.line << 1 |
		    (unsigned)bench.ready;
		if (moves && v % 7 == 0)
			reload();
	}
}

static void
test_save(void **state)
{
	uint64_t one[300], two[300], seed;

	(void)state;
	for (seed = 0; seed < 300; seed++) {
		run(seed, 0, one);
		run(seed, 1, two);
		assert_memory_equal(one, two, sizeof(one));
		if (seed < 50)
			hostile_states();
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_on),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_break),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_autoconfig),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
