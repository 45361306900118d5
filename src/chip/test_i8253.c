#include "test_chip.h"

#include "i8253.h"
#include "prng.h"

/* The first ns at which t ticks have gone by. */
#define NS(t)	(((uint64_t)(t) * SEC + I8253_HZ - 1) / I8253_HZ)

/* Starts at a full second, so that ticks count from 0. */
static void
on(void)
{
	bench_on(&i8253_dev, NULL);
}

static void
at(uint64_t t)
{
	uint64_t end = 5 * SEC + NS(t);

	assert_true(end >= bench.now);
	pass(end - bench.now);
}

static void
program(unsigned ch, unsigned mode, unsigned n)
{
	out(0x43, ch << 6 | 0x30 | mode << 1);
	out(0x40 + ch, n & 0xff);
	out(0x40 + ch, n >> 8);
}

static unsigned
value(unsigned ch)
{
	unsigned v;

	out(0x43, ch << 6);
	v = in(0x40 + ch);
	return v | in(0x40 + ch) << 8;
}

static unsigned
status(unsigned ch)
{
	out(0x43, 0xe0 | 2U << ch);
	return in(0x40 + ch);
}

static unsigned
out2(void)
{
	return in(0x61) >> 5 & 1;
}

static void
test_power_on(void **state)
{
	(void)state;
	on();
	assert_int_equal(bench.line, 0);
	assert_int_equal(in(0x61) & 0x2f, 0);
	assert_int_equal(in(0x43), 0);
	assert_true(bench.due[0] == UINT64_MAX);
	assert_int_equal(status(0), 0x70);
}

/* A periodic interrupt at 100 Hz: the edges, and no drift. */
static void
test_periodic(void **state)
{
	unsigned mode, i;

	(void)state;
	for (mode = 2; mode <= 3; mode++) {
		on();
		program(0, mode, 11932);
		assert_int_equal(bench.line, 1);
		bench.rises = 0;
		for (i = 1; i <= 1000; i++) {
			at(11932 * i - 1);
			assert_int_equal(bench.rises, i - 1);
			at(11932 * i);
			assert_int_equal(bench.rises, i);
		}
	}
}

static void
test_one_shot(void **state)
{
	(void)state;
	on();
	program(0, 0, 1000);
	assert_int_equal(bench.line, 0);
	at(999);
	assert_int_equal(bench.line, 0);
	assert_int_equal(value(0), 1);
	at(1000);
	assert_int_equal(bench.line, 1);
	assert_true(bench.due[0] == UINT64_MAX);
	assert_int_equal(value(0), 0);
	at(1001);
	assert_int_equal(value(0), 0xffff);
	assert_int_equal(bench.rises, 1);
	/* The first byte of a new count stops it, the second one starts. */
	out(0x40, 50);
	assert_int_equal(bench.line, 0);
	at(5000);
	assert_int_equal(value(0), 0xffff);
	out(0x40, 0);
	at(5049);
	assert_int_equal(bench.line, 0);
	at(5050);
	assert_int_equal(bench.line, 1);
}

/* Mode 4 as Linux uses it for one event after the other. */
static void
test_strobe(void **state)
{
	unsigned i;

	(void)state;
	on();
	out(0x43, 0x38);
	assert_int_equal(bench.line, 1);
	bench.rises = 0;
	for (i = 0; i < 5; i++) {
		out(0x40, 0xe8);
		out(0x40, 0x03);
		at(2000 * i + 999);
		assert_int_equal(bench.rises, i);
		at(2000 * i + 1000);
		assert_int_equal(bench.rises, i + 1);
		assert_int_equal(bench.line, 1);
		at(2000 * (i + 1));
		assert_int_equal(bench.rises, i + 1);
	}
}

static void
test_count_mode2(void **state)
{
	unsigned t;

	(void)state;
	on();
	out(0x61, 1);
	program(2, 2, 10);
	for (t = 0; t < 35; t++) {
		at(t);
		assert_int_equal(value(2), 10 - t % 10);
		assert_int_equal(out2(), t % 10 != 9);
	}
}

/* Square wave: counts by two; an odd count is high for one tick more. */
static void
test_count_mode3(void **state)
{
	static const unsigned even[] = { 8, 6, 4, 2, 8, 6, 4, 2 };
	static const unsigned odd[] = { 8, 6, 4, 2, 0, 8, 6, 4, 2 };
	unsigned t;

	(void)state;
	on();
	out(0x61, 1);
	program(2, 3, 8);
	for (t = 0; t < 24; t++) {
		at(t);
		assert_int_equal(value(2), even[t % 8]);
		assert_int_equal(out2(), t % 8 < 4);
	}
	on();
	out(0x61, 1);
	program(2, 3, 9);
	for (t = 0; t < 27; t++) {
		at(t);
		assert_int_equal(value(2), odd[t % 9]);
		assert_int_equal(out2(), t % 9 < 5);
	}
}

static void
test_largest(void **state)
{
	(void)state;
	on();
	out(0x61, 1);
	program(2, 0, 0);
	assert_int_equal(value(2), 0);
	at(1);
	assert_int_equal(value(2), 0xffff);
	at(65535);
	assert_int_equal(out2(), 0);
	at(65536);
	assert_int_equal(out2(), 1);
}

static void
test_bcd(void **state)
{
	(void)state;
	on();
	out(0x61, 1);
	out(0x43, 0xb1);
	out(0x42, 0x34);
	out(0x42, 0x12);
	assert_int_equal(value(2), 0x1234);
	at(35);
	assert_int_equal(value(2), 0x1199);
	at(1234);
	assert_int_equal(out2(), 1);
	assert_int_equal(value(2), 0);
	at(1235);
	assert_int_equal(value(2), 0x9999);
	assert_int_equal(status(2), 0xb1);
	out(0x42, 0);
	out(0x42, 0);
	assert_int_equal(value(2), 0);
	at(1236);
	assert_int_equal(value(2), 0x9999);
	at(1235 + 10000);
	assert_int_equal(out2(), 1);
	/* Nibbles that are no digits, and a binary count before. */
	program(2, 2, 0);
	out(0x43, 0xb5);
	(void)value(2);
	out(0x42, 0xff);
	out(0x42, 0xff);
	assert_int_equal(value(2), 0x6665);
}

/* Linux, quick_pit_calibrate: reads without a latch. */
static void
test_live_reads(void **state)
{
	unsigned v;

	(void)state;
	on();
	out(0x61, 1);
	program(2, 0, 0xffff);
	at(0x0fff);
	v = in(0x42);
	assert_int_equal(v, 0x00);
	assert_int_equal(in(0x42), 0xf0);
	at(0x1000);
	assert_int_equal(in(0x42), 0xff);
	assert_int_equal(in(0x42), 0xef);
	/* Low and high byte alone. */
	out(0x43, 0x90);
	out(0x42, 0x80);
	assert_int_equal(in(0x42), 0x80);
	assert_int_equal(in(0x42), 0x80);
	out(0x43, 0x80);
	assert_int_equal(in(0x42), 0x80);
	out(0x43, 0xa0);
	out(0x42, 0x12);
	assert_int_equal(in(0x42), 0x12);
	assert_int_equal(in(0x42), 0x12);
	at(0x1100);
	out(0x43, 0x80);
	assert_int_equal(in(0x42), 0x11);
	assert_int_equal(in(0x42), 0x11);
}

/* Linux, pit_calibrate_tsc: gate on, mode 0, wait for the output. */
static void
test_calibration(void **state)
{
	unsigned n = 11931;

	(void)state;
	on();
	out(0x61, (in(0x61) & ~2U) | 1);
	program(2, 0, n);
	at(n - 1);
	assert_int_equal(in(0x61) & 0x20, 0);
	at(n);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	assert_int_equal(bench.line, 0);
}

static void
test_latch(void **state)
{
	unsigned v;

	(void)state;
	on();
	program(1, 2, 1000);
	at(100);
	out(0x43, 0x40);
	at(200);
	out(0x43, 0x40);
	v = in(0x41);
	assert_int_equal(v | in(0x41) << 8, 900);
	v = in(0x41);
	assert_int_equal(v | in(0x41) << 8, 800);
	/* Count and status of all three at once: status first. */
	program(0, 3, 500);
	program(2, 1, 300);
	out(0x43, 0xce);
	at(250);
	out(0x43, 0xce);
	assert_int_equal(in(0x40), 0xb6);
	v = in(0x40);
	assert_int_equal(v | in(0x40) << 8, 500);
	assert_int_equal(in(0x41), 0xb4);
	v = in(0x41);
	assert_int_equal(v | in(0x41) << 8, 800);
	assert_int_equal(in(0x42), 0xf2);
	v = in(0x42);
	assert_int_equal(v | in(0x42) << 8, 300);
	/* A control word forgets the latch. */
	out(0x43, 0x40);
	out(0x43, 0x74);
	out(0x41, 7);
	out(0x41, 0);
	assert_int_equal(in(0x41), 7);
}

static void
test_status(void **state)
{
	(void)state;
	on();
	out(0x61, 1);
	out(0x43, 0xb0);
	assert_int_equal(status(2), 0x70);
	out(0x42, 5);
	assert_int_equal(status(2), 0x70);
	out(0x42, 0);
	assert_int_equal(status(2), 0x30);
	at(5);
	assert_int_equal(status(2), 0xb0);
	/* Modes 6 and 7 are 2 and 3. */
	out(0x43, 0xbc);
	assert_int_equal(status(2), 0xf4);
	out(0x43, 0xbe);
	assert_int_equal(status(2), 0xf6);
	out(0x43, 0x9a);
	out(0x42, 5);
	assert_int_equal(status(2), 0xda);
}

/* A new count of a periodic mode waits for the end of the period. */
static void
test_new_count(void **state)
{
	(void)state;
	on();
	program(0, 2, 1000);
	bench.rises = 0;
	at(300);
	out(0x40, 0x90);
	out(0x40, 0x01);
	assert_int_equal(status(0), 0xf4);
	at(999);
	assert_int_equal(bench.rises, 0);
	assert_int_equal(value(0), 1);
	at(1000);
	assert_int_equal(bench.rises, 1);
	assert_int_equal(status(0), 0xb4);
	assert_int_equal(value(0), 400);
	at(1399);
	assert_int_equal(bench.rises, 1);
	at(1400);
	assert_int_equal(bench.rises, 2);
	/* The same count again changes nothing. */
	out(0x40, 0x90);
	out(0x40, 0x01);
	assert_int_equal(status(0), 0xb4);
}

static void
test_gate(void **state)
{
	(void)state;
	/* Mode 0 holds while it is closed. */
	on();
	program(2, 0, 100);
	at(500);
	assert_int_equal(value(2), 100);
	assert_int_equal(out2(), 0);
	out(0x61, 1);
	at(540);
	assert_int_equal(value(2), 60);
	out(0x61, 0);
	at(1000);
	assert_int_equal(value(2), 60);
	out(0x61, 1);
	out(0x61, 1);
	at(1059);
	assert_int_equal(out2(), 0);
	at(1060);
	assert_int_equal(out2(), 1);
	/* Modes 2 and 3 are high and start over. */
	program(2, 3, 100);
	at(1120);
	assert_int_equal(out2(), 0);
	out(0x61, 0);
	assert_int_equal(out2(), 1);
	assert_int_equal(value(2), 80);
	at(1200);
	out(0x61, 1);
	assert_int_equal(value(2), 100);
	at(1249);
	assert_int_equal(out2(), 1);
	at(1250);
	assert_int_equal(out2(), 0);
	/* A closed gate does not matter without a count. */
	out(0x43, 0xb6);
	out(0x61, 0);
	out(0x61, 1);
	assert_int_equal(status(2), 0xf6);
}

static void
test_triggered(void **state)
{
	(void)state;
	on();
	/* Mode 1: low for n ticks after each rise of the gate. */
	program(2, 1, 100);
	assert_int_equal(out2(), 1);
	at(50);
	assert_int_equal(out2(), 1);
	out(0x61, 1);
	assert_int_equal(out2(), 0);
	at(149);
	assert_int_equal(out2(), 0);
	out(0x61, 0);
	assert_int_equal(value(2), 1);
	out(0x61, 1);
	at(248);
	assert_int_equal(out2(), 0);
	at(249);
	assert_int_equal(out2(), 1);
	/* A new count is for the next trigger. */
	out(0x42, 10);
	out(0x42, 0);
	assert_int_equal(out2(), 1);
	assert_int_equal(status(2) & 0x40, 0x40);
	out(0x61, 0);
	out(0x61, 1);
	assert_int_equal(status(2) & 0x40, 0);
	at(258);
	assert_int_equal(out2(), 0);
	at(259);
	assert_int_equal(out2(), 1);
	/* Mode 5: one tick low at the end. */
	out(0x61, 0);
	program(2, 5, 10);
	at(300);
	out(0x61, 1);
	at(309);
	assert_int_equal(out2(), 1);
	at(310);
	assert_int_equal(out2(), 0);
	at(311);
	assert_int_equal(out2(), 1);
}

/*
 * The shortest periods, of any counter: the host's timers stay bounded, the
 * count does not care (facts: a period of 0 microseconds).
 */
static void
test_bounded(void **state)
{
	unsigned n, i, ch, ran;

	(void)state;
	for (n = 1; n < 200; n += 7)
		for (ch = 0; ch < 2; ch++) {
			on();
			program(ch, 2, n);
			for (i = ran = 0; i < 50; i++) {
				if (bench.due[0] == UINT64_MAX)
					break;
				ran++;
				assert_true(bench.due[0] - bench.now >=
				    NS(n < I8253_MINTICKS ? I8253_MINTICKS :
				    n) - 1);
				pass(bench.due[0] - bench.now);
			}
			assert_int_equal(ran, ch == 0 ? 50 : 0);
			assert_in_range(value(ch), 1, n);
		}
}

/* A host that comes late: one interrupt, and the period keeps its place. */
static void
test_late(void **state)
{
	(void)state;
	on();
	program(0, 2, 1000);
	bench.rises = 0;
	bench.now += NS(5500);
	event(VIODEV_TIMER, 0, 0);
	assert_int_equal(bench.rises, 1);
	assert_int_equal(value(0), 500);
	assert_true(bench.due[0] - bench.now <= NS(500));
	/* Too early does nothing. */
	event(VIODEV_TIMER, 0, 0);
	assert_int_equal(bench.rises, 1);
	/* A look at the port notices the end of the period, too. */
	bench.now += NS(501);
	(void)in(0x61);
	assert_int_equal(bench.rises, 2);
}

static void
test_speaker_port(void **state)
{
	unsigned i, toggles = 0, last, v;

	(void)state;
	on();
	out(0x61, 0xff);
	assert_int_equal(in(0x61) & ~0x30U, 0x0f);
	last = in(0x61) & 0x10;
	for (i = 1; i <= 1800; i++) {
		at(i);
		v = in(0x61) & 0x10;
		toggles += v != last;
		last = v;
	}
	assert_in_range(toggles, 99, 101);
}

/* Time stands still; the clock of the next host is another one. */
static void
test_pause(void **state)
{
	(void)state;
	on();
	out(0x61, 1);
	program(0, 2, 1000);
	program(2, 0, 700);
	bench.rises = 0;
	at(400);
	event(VIODEV_PAUSE, 0, 0);
	event(VIODEV_PAUSE, 0, 0);
	assert_true(bench.due[0] == UINT64_MAX);
	bench.now = 77 * SEC;
	assert_int_equal(value(0), 600);
	reload();
	bench.now = 3 * SEC;
	event(VIODEV_UNPAUSE, 0, 0);
	assert_int_equal(value(0), 600);
	assert_int_equal(value(2), 300);
	pass(NS(299));
	assert_int_equal(out2(), 0);
	pass(NS(2));
	assert_int_equal(out2(), 1);
	pass(NS(297));
	assert_int_equal(bench.rises, 0);
	pass(NS(3));
	assert_int_equal(bench.rises, 1);
	/* Without a pause before, it only looks. */
	bench.due[0] = UINT64_MAX;
	event(VIODEV_UNPAUSE, 0, 0);
	assert_true(bench.due[0] != UINT64_MAX);
	/* Written to while it stands still. */
	event(VIODEV_PAUSE, 0, 0);
	program(0, 0, 10);
	assert_true(bench.due[0] == UINT64_MAX);
	event(VIODEV_UNPAUSE, 0, 0);
	assert_int_equal(bench.line, 0);
	pass(NS(11));
	assert_int_equal(bench.line, 1);
}

static void
test_reset(void **state)
{
	(void)state;
	on();
	program(0, 2, 1000);
	out(0x61, 3);
	event(VIODEV_PAUSE, 0, 0);
	event(VIODEV_RESET, 0, 0);
	assert_int_equal(bench.line, 0);
	assert_true(bench.due[0] == UINT64_MAX);
	assert_int_equal(in(0x61) & 0x2f, 0);
	program(0, 0, 10);
	at(10);
	assert_int_equal(bench.line, 1);
	dev_detach(bench.d);
	assert_int_equal(bench.line, 0);
	assert_true(bench.due[0] == UINT64_MAX);
}

static void
test_strangers(void **state)
{
	(void)state;
	on();
	assert_int_equal(in(0x44), 0xff);
	assert_int_equal(in(0x60), 0xff);
	assert_int_equal(in(0x3f), 0xff);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x40, 2, 0) == 0xffff);
	assert_true(access(VIODEV_READ, VIODEV_DEVICE, 0x40, 1, 0) == 0xff);
	access(VIODEV_WRITE, VIODEV_PORT, 0x43, 2, 0x34);
	access(VIODEV_WRITE, VIODEV_LEGACY, 0x43, 1, 0x34);
	out(0x44, 0x34);
	event(VIODEV_KICK, 0, 0);
	event(VIODEV_INTACK, 0, 0);
	assert_int_equal(bench.line, 0);
	assert_int_equal(status(0), 0x70);
}

static void
run(uint64_t seed, int moves, uint64_t *result)
{
	static const uint8_t ports[] = { 0x40, 0x41, 0x42, 0x43, 0x43, 0x61 };
	struct prng r;
	unsigned i, v, p;

	prng_seed(&r, seed);
	on();
	for (i = 0; i < 200; i++) {
		v = (unsigned)prng_next(&r) & 0xff;
		result[i] = 0;
		p = ports[prng_below(&r, 6)];
		switch (prng_below(&r, 4)) {
		case 0:
		case 1:
			out(p, v);
			break;
		case 2:
			result[i] = in(p);
			break;
		default:
			pass(prng_below(&r, 1U << (v & 24)));
			break;
		}
		result[i] = result[i] << 32 | bench.rises << 1 |
		    (unsigned)bench.line;
		if (moves && v % 7 == 0)
			reload();
	}
}

static void
test_save(void **state)
{
	uint64_t one[200], two[200], seed;

	(void)state;
	for (seed = 0; seed < 200; seed++) {
		run(seed, 0, one);
		run(seed, 1, two);
		assert_memory_equal(one, two, sizeof(one));
		if (seed < 30)
			hostile_states();
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_on),
		cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_one_shot),
		cmocka_unit_test(test_strobe),
		cmocka_unit_test(test_count_mode2),
		cmocka_unit_test(test_count_mode3),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_bcd),
		cmocka_unit_test(test_live_reads),
		cmocka_unit_test(test_calibration),
		cmocka_unit_test(test_latch),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_new_count),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_triggered),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_speaker_port),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
