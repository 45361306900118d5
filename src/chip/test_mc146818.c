#include "test_chip.h"

#include "mc146818.h"
#include "prng.h"

/* 2001-09-09 01:46:40 UTC, a Sunday: bench.wall at the start. */

static void
on(void)
{
	bench_on(&mc146818_dev, NULL);
}

static unsigned
get(unsigned reg)
{
	out(0x70, reg);
	return in(0x71);
}

static void
set(unsigned reg, unsigned v)
{
	out(0x70, reg);
	out(0x71, v);
}

/* Century, year, month, day, hour, minute, second. */
static void
shows(const uint8_t *want)
{
	static const uint8_t regs[] = { 0x32, 9, 8, 7, 4, 2, 0 };
	unsigned i;

	for (i = 0; i < 7; i++)
		assert_int_equal(get(regs[i]), want[i]);
}

static void
sets(const uint8_t *v)
{
	static const uint8_t regs[] = { 0x32, 9, 8, 7, 4, 2, 0 };
	unsigned i;

	for (i = 0; i < 7; i++)
		set(regs[i], v[i]);
}

static void
test_power_on(void **state)
{
	static const uint8_t bcd[] = { 0x20, 1, 9, 9, 1, 0x46, 0x40 };

	(void)state;
	on();
	shows(bcd);
	assert_int_equal(get(6), 1);
	assert_int_equal(get(0xa), 0x26);
	assert_int_equal(get(0xb), 0x02);
	assert_int_equal(get(0xc), 0);
	assert_int_equal(get(0xd), 0x80);
	assert_int_equal(in(0x70), 0xff);
	assert_true(bench.due[0] == UINT64_MAX);
	assert_true(bench.due[1] == UINT64_MAX);
}

static void
test_formats(void **state)
{
	static const uint8_t bin[] = { 20, 1, 9, 9, 13, 46, 40 };
	static const uint8_t bin12[] = { 20, 1, 9, 9, 0x81, 46, 40 };
	static const uint8_t bcd12[] = { 0x20, 1, 9, 9, 0x81, 0x46, 0x40 };
	static const struct { uint8_t h24, h12, next; } hours[] = {
		{ 0x00, 0x12, 0x01 }, { 0x01, 0x01, 0x02 },
		{ 0x11, 0x11, 0x92 }, { 0x12, 0x92, 0x81 },
		{ 0x13, 0x81, 0x82 }, { 0x23, 0x91, 0x12 }
	};
	unsigned i;

	(void)state;
	on();
	bench.wall += 12 * 3600 * SEC;
	set(0xb, 0x86);
	sets(bin);
	set(0xb, 0x06);
	shows(bin);
	/* Without SET the registers are what they were, read otherwise. */
	set(0xb, 0x84);
	sets(bin12);
	set(0xb, 0x04);
	shows(bin12);
	set(0xb, 0x80);
	sets(bcd12);
	set(0xb, 0x00);
	shows(bcd12);
	for (i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
		set(0xb, 0x82);
		set(4, hours[i].h24);
		set(0xb, 0x02);
		pass(SEC);
		set(0xb, 0x82);
		assert_int_equal(get(4), hours[i].h24);
		set(0xb, 0x80);
		set(4, hours[i].h12);
		set(0xb, 0x00);
		pass(SEC);
		assert_int_equal(get(4), hours[i].h12);
		set(2, 0x59);
		set(0, 0x59);
		pass(SEC);
		assert_int_equal(get(4), hours[i].next);
	}
}

/* The clock goes on from what the guest set, over the end of a century. */
static void
test_set(void **state)
{
	static const uint8_t eve[] = { 0x20, 0x99, 0x12, 0x31, 0x23, 0x59,
	    0x58 };
	static const uint8_t day[] = { 0x21, 0, 1, 1, 0, 0, 0 };
	static const uint8_t later[] = { 0x21, 0, 1, 1, 1, 0, 0 };

	(void)state;
	on();
	set(0xb, 0x82);
	sets(eve);
	set(6, 5);
	pass(5 * SEC);
	shows(eve);
	assert_int_equal(get(6), 5);
	set(0xb, 0x02);
	shows(eve);
	pass(2 * SEC);
	shows(day);
	assert_int_equal(get(6), 6);
	/* The host's clock is set, the guest's moves along. */
	bench.wall += 3600 * SEC;
	shows(later);
	/* One register without SET. */
	set(2, 0x30);
	assert_int_equal(get(2), 0x30);
	pass(60 * SEC);
	assert_int_equal(get(2), 0x31);
	assert_int_equal(get(0), 0);
}

/* Updates keep their place in the second, unless the divider was reset. */
static void
test_phase(void **state)
{
	(void)state;
	on();
	pass(SEC / 4);
	set(0xb, 0x82);
	set(0, 0x10);
	pass(SEC / 4);
	set(0xb, 0x02);
	pass(SEC / 2 - 1);
	assert_int_equal(get(0), 0x10);
	pass(1);
	assert_int_equal(get(0), 0x11);
	/* Linux: SET, divider in reset, time, SET off, divider on. */
	pass(SEC / 8);
	set(0xb, 0x82);
	set(0xa, 0x76);
	set(0, 0x20);
	set(0xb, 0x02);
	pass(3 * SEC);
	assert_int_equal(get(0), 0x20);
	set(0xa, 0x26);
	pass(SEC / 2 - 1);
	assert_int_equal(get(0), 0x20);
	pass(1);
	assert_int_equal(get(0), 0x21);
	/* The divider first. */
	set(0xb, 0x82);
	set(0xa, 0x76);
	pass(SEC / 16);
	set(0xa, 0x26);
	set(0xb, 0x02);
	pass(SEC / 2 - 1);
	assert_int_equal(get(0), 0x21);
	pass(1);
	assert_int_equal(get(0), 0x22);
}

static void
test_uip(void **state)
{
	(void)state;
	on();
	assert_int_equal(get(0xa), 0x26);
	pass(SEC - MC146818_UIP_NS - 1);
	assert_int_equal(get(0xa), 0x26);
	pass(1);
	assert_int_equal(get(0xa), 0xa6);
	pass(MC146818_UIP_NS - 1);
	assert_int_equal(get(0xa), 0xa6);
	assert_int_equal(get(0), 0x40);
	pass(1);
	assert_int_equal(get(0xa), 0x26);
	assert_int_equal(get(0), 0x41);
	/* Nothing is in progress while the time stands. */
	pass(SEC - 1);
	set(0xb, 0x82);
	assert_int_equal(get(0xa), 0x26);
	/* It cannot be written. */
	set(0xa, 0xa6);
	assert_int_equal(get(0xa), 0x26);
}

static void
test_update_interrupt(void **state)
{
	unsigned i;

	(void)state;
	on();
	pass(SEC / 3);
	(void)get(0xc);
	set(0xb, 0x12);
	assert_int_equal(bench.line, 0);
	for (i = 0; i < 3; i++) {
		pass(SEC - 1 - (i == 0 ? SEC / 3 : 0));
		assert_int_equal(bench.line, 0);
		pass(1);
		assert_int_equal(bench.line, 1);
		assert_int_equal(get(0xc) & 0xb0, 0x90);
		assert_int_equal(bench.line, 0);
	}
	/* SET takes the enable away. */
	set(0xb, 0x92);
	assert_int_equal(get(0xb), 0x82);
	pass(3 * SEC);
	assert_int_equal(bench.line, 0);
	assert_int_equal(get(0xc) & 0x30, 0);
	/* The flag without an interrupt. */
	set(0xb, 0x02);
	pass(SEC);
	assert_int_equal(get(0xc) & 0xb0, 0x10);
	assert_int_equal(get(0xc) & 0x10, 0);
}

static void
test_alarm(void **state)
{
	static const struct { uint8_t h, m, s; unsigned in; } t[] = {
		{ 0x01, 0x46, 0x41, 1 }, { 0x01, 0x46, 0x40, 86400 },
		{ 0x01, 0x47, 0x05, 25 }, { 0xff, 0xff, 0xff, 1 },
		{ 0xc0, 0xc0, 0x39, 59 }, { 0xff, 0x45, 0xff, 3500 },
		{ 0x00, 0x00, 0x00, 80000 }, { 0x02, 0xff, 0xff, 800 },
		{ 0x01, 0x45, 0xff, 86300 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		on();
		set(1, t[i].s);
		set(3, t[i].m);
		set(5, t[i].h);
		set(0xb, 0x22);
		pass(t[i].in * SEC - 1);
		assert_int_equal(bench.line, 0);
		pass(1);
		assert_int_equal(bench.line, 1);
		assert_int_equal(get(0xc) & 0xa0, 0xa0);
		assert_int_equal(bench.line, 0);
		/* As a flag alone, and after a long time. */
		on();
		set(1, t[i].s);
		set(3, t[i].m);
		set(5, t[i].h);
		(void)get(0xc);
		bench.wall += (t[i].in - 1) * SEC;
		assert_int_equal(get(0xc) & 0xa0, 0);
		bench.wall += 1000000 * SEC;
		assert_int_equal(get(0xc) & 0xa0, 0x20);
	}
	/* Twelve hours, in the afternoon; an hour that there is not. */
	on();
	set(0xb, 0x00);
	set(1, 0);
	set(3, 0x30);
	set(5, 0x82);
	set(0xb, 0x20);
	pass((12 * 3600 + 43 * 60 + 19) * SEC);
	assert_int_equal(bench.line, 0);
	pass(SEC);
	assert_int_equal(bench.line, 1);
	(void)get(0xc);
	set(5, 0x2a);
	pass(90000 * SEC);
	assert_int_equal(bench.line, 0);
}

/* The host's clock leaps over an alarm: noticed within a minute. */
static void
test_alarm_leap(void **state)
{
	(void)state;
	on();
	set(1, 0);
	set(3, 0);
	set(5, 0x12);
	set(0xb, 0x22);
	bench.wall += 12 * 3600 * SEC;
	assert_int_equal(bench.line, 0);
	pass(60 * SEC);
	assert_int_equal(bench.line, 1);
	/* And back: no harm. */
	(void)get(0xc);
	bench.wall -= 10 * 3600 * SEC;
	pass(60 * SEC);
	assert_int_equal(get(0), 0x40);
}

static void
test_periodic(void **state)
{
	static const unsigned hz[] = {
		0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32,
		16, 8, 4, 2
	};
	unsigned rs, i, n;

	(void)state;
	for (rs = 0; rs < 16; rs++) {
		on();
		set(0xa, 0x20 | rs);
		(void)get(0xc);
		set(0xb, 0x42);
		bench.rises = 0;
		for (i = n = 0; i < 100000; i++) {
			pass(SEC / 100000);
			if (bench.line) {
				n++;
				assert_int_equal(get(0xc) & 0xc0, 0xc0);
			}
		}
		assert_in_range(n, hz[rs] > 0 ? hz[rs] - 1 : 0, hz[rs] + 1);
	}
}

/* Who does not acknowledge is not called again. */
static void
test_unacknowledged(void **state)
{
	(void)state;
	on();
	set(0xa, 0x23);
	set(0xb, 0x72);
	set(1, 0xff);
	pass(2 * SEC);
	assert_int_equal(bench.line, 1);
	assert_true(bench.due[0] == UINT64_MAX);
	assert_true(bench.due[1] == UINT64_MAX);
	assert_int_equal(get(0xc) & 0xd0, 0xd0);
	assert_true(bench.due[0] != UINT64_MAX);
	assert_true(bench.due[1] != UINT64_MAX);
	/* A flag that is up already, when its interrupt is enabled. */
	set(0xb, 0x02);
	pass(SEC);
	assert_int_equal(bench.line, 0);
	set(0xb, 0x42);
	assert_int_equal(bench.line, 1);
	set(0xb, 0x02);
	assert_int_equal(bench.line, 0);
}

static void
test_divider_stops(void **state)
{
	(void)state;
	on();
	set(0xa, 0x73);
	(void)get(0xc);
	set(0xb, 0x52);
	pass(5 * SEC);
	assert_int_equal(bench.line, 0);
	assert_int_equal(get(0), 0x40);
	set(0xa, 0x23);
	pass(SEC / 100);
	assert_int_equal(bench.line, 1);
}

static void
test_memory(void **state)
{
	uint8_t list[64];
	struct wbuf w;
	unsigned i;

	(void)state;
	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_LOWMEM, 512 << 20);
	devconf_put_int(&w, DEVCONF_HIGHMEM, 0x123450000ULL);
	devconf_put_int(&w, DEVCONF_NCPUS, 4);
	devconf_put_int(&w, DEVCONF_BOOTORDER, 0x423);
	bench_on(&mc146818_dev, &w);
	assert_int_equal(get(0x15) | get(0x16) << 8, 640);
	assert_int_equal(get(0x17) | get(0x18) << 8, 0xffff);
	assert_int_equal(get(0x30) | get(0x31) << 8, 0xffff);
	assert_int_equal(get(0x34) | get(0x35) << 8, (512 - 16) * 16);
	assert_int_equal(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16,
	    0x12345);
	assert_int_equal(get(0x5f), 3);
	assert_int_equal(get(0x3d), 0x23);
	assert_int_equal(get(0x38), 0x40);
	/* All the rest is memory, and survives a reset. */
	for (i = 0x0e; i < 0x80; i++)
		if (i != 0x32)
			set(i, i ^ 0xff);
	event(VIODEV_RESET, 0, 0);
	for (i = 0x0e; i < 0x80; i++)
		if (i != 0x32)
			assert_int_equal(get(i | 0x80), i ^ 0xff);
	/* Little memory; and none said. */
	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_LOWMEM, 4 << 20);
	bench_on(&mc146818_dev, &w);
	assert_int_equal(get(0x17) | get(0x18) << 8, 3072);
	assert_int_equal(get(0x34) | get(0x35) << 8, 0);
	on();
	assert_int_equal(get(0x17) | get(0x18) << 8, 0);
	assert_int_equal(get(0x5f), 0);
}

static void
test_reset(void **state)
{
	(void)state;
	on();
	set(0xb, 0x7a);
	set(1, 0xff);
	pass(2 * SEC);
	assert_int_equal(bench.line, 1);
	event(VIODEV_RESET, 0, 0);
	assert_int_equal(bench.line, 0);
	assert_int_equal(get(0xb), 0x02);
	assert_int_equal(get(0), 0x42);
	set(0xb, 0x42);
	dev_detach(bench.d);
	assert_int_equal(bench.line, 0);
	assert_true(bench.due[0] == UINT64_MAX);
}

/* Registers that cannot be written; ports that are not the chip's. */
static void
test_strangers(void **state)
{
	(void)state;
	on();
	(void)get(0xc);
	set(0xc, 0xff);
	set(0xd, 0);
	assert_int_equal(get(0xc), 0);
	assert_int_equal(get(0xd), 0x80);
	assert_int_equal(in(0x72), 0xff);
	out(0x72, 0x20);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x71, 2, 0) == 0xffff);
	assert_true(access(VIODEV_READ, VIODEV_PCICFG, 0x71, 1, 0) == 0xff);
	out(0x70, 0x20);
	access(VIODEV_WRITE, VIODEV_PORT, 0x71, 4, 0x55);
	access(VIODEV_WRITE, VIODEV_ISR, 0x71, 1, 0x55);
	assert_int_equal(get(0x20), 0);
	event(VIODEV_KICK, 0, 0);
	event(VIODEV_LINE, 0, 1);
	assert_int_equal(bench.line, 0);
}

/* Any bytes in the time registers are some time, and none breaks it. */
static void
test_nonsense(void **state)
{
	static const uint8_t b[] = { 0x02, 0x00, 0x04, 0x06 };
	struct prng r;
	unsigned i, j;

	(void)state;
	prng_seed(&r, 3);
	on();
	for (i = 0; i < 5000; i++) {
		set(0xb, b[i & 3] | (i & 4 ? 0x80 : 0));
		for (j = 0; j < 10; j++)
			set(j, (unsigned)prng_next(&r) & 0xff);
		set(0x32, (unsigned)prng_next(&r) & 0xff);
		set(0xb, b[i & 3] | 0x20);
		pass(prng_below(&r, 3 * SEC));
		for (j = 0; j < 0x33; j++)
			(void)get(j);
		set(0xb, b[(i + 1) & 3]);
	}
	bench.wall = UINT64_MAX;
	(void)get(0);
	bench.wall = 0;
	(void)get(0);
}

static void
test_pause(void **state)
{
	(void)state;
	on();
	set(0xa, 0x26);
	(void)get(0xc);
	set(0xb, 0x52);
	event(VIODEV_PAUSE, 0, 0);
	assert_true(bench.due[0] == UINT64_MAX);
	assert_true(bench.due[1] == UINT64_MAX);
	bench.now = 77;
	bench.wall += 100 * SEC;
	reload();
	assert_int_equal(bench.line, 0);
	event(VIODEV_UNPAUSE, 0, 0);
	assert_int_equal(bench.line, 1);
	assert_int_equal(get(0), 0x20);
	(void)get(0xc);
	assert_true(bench.due[0] != UINT64_MAX);
}

static void
run(uint64_t seed, int moves, uint64_t *result)
{
	struct prng r;
	unsigned i, v, reg;

	prng_seed(&r, seed);
	on();
	for (i = 0; i < 200; i++) {
		v = (unsigned)prng_next(&r) & 0xff;
		reg = (unsigned)prng_below(&r, 14);
		result[i] = 0;
		switch (prng_below(&r, 4)) {
		case 0:
		case 1:
			set(reg, v);
			break;
		case 2:
			result[i] = get(reg);
			break;
		default:
			pass(prng_below(&r, 1ULL << (v & 31)));
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
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_phase),
		cmocka_unit_test(test_uip),
		cmocka_unit_test(test_update_interrupt),
		cmocka_unit_test(test_alarm),
		cmocka_unit_test(test_alarm_leap),
		cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_unacknowledged),
		cmocka_unit_test(test_divider_stops),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
