#include "test_chip.h"

#include "i8259.h"
#include "prng.h"

/* As SeaBIOS and Linux bring the pair up: vectors 0x30 and 0x38. */
static void
init(unsigned icw4)
{
	out(0x20, 0x11);
	out(0x21, 0x30);
	out(0x21, 0x04);
	out(0x21, icw4);
	out(0xa0, 0x11);
	out(0xa1, 0x38);
	out(0xa1, 0x02);
	out(0xa1, icw4);
}

static void
start(void)
{
	bench_on(&i8259_dev, NULL);
	init(0x01);
}

static void
line(unsigned n, int level)
{
	event(VIODEV_LINE, n, (uint64_t)level);
}

static void
pulse(unsigned n)
{
	line(n, 0);
	line(n, 1);
}

static unsigned
ack(void)
{
	return (unsigned)event(VIODEV_INTACK, 0, 0);
}

/* ISR and IRR of both chips, the second one's in the high byte. */
static unsigned
reg(unsigned ocw3)
{
	unsigned v;

	out(0x20, ocw3);
	out(0xa0, ocw3);
	v = in(0x20);
	return v | in(0xa0) << 8;
}
#define isr()	reg(0x0b)
#define irr()	reg(0x0a)

static void
test_power_on(void **state)
{
	unsigned n;

	(void)state;
	bench_on(&i8259_dev, NULL);
	assert_int_equal(in(0x21), 0xff);
	assert_int_equal(in(0xa1), 0xff);
	assert_int_equal(in(0x4d0), 0);
	assert_int_equal(in(0x4d1), 0);
	for (n = 0; n < 16; n++)
		line(n, 1);
	assert_int_equal(bench.line, 0);
	assert_int_equal(irr(), 0xfffb);
}

/* The probe of Linux: a mask that is read back, before any other write. */
static void
test_mask_probe(void **state)
{
	(void)state;
	bench_on(&i8259_dev, NULL);
	out(0xa1, 0xff);
	out(0x21, 0xfb);
	assert_int_equal(in(0x21), 0xfb);
}

static void
test_vectors(void **state)
{
	unsigned n;

	(void)state;
	for (n = 0; n < 16; n++) {
		if (n == 2)
			continue;
		start();
		line(n, 1);
		assert_int_equal(bench.line, 1);
		assert_int_equal(irr(), (1U << n) | (n > 7 ? 4 : 0));
		assert_int_equal(ack(), 0x30 + n);
		assert_int_equal(bench.line, 0);
		assert_int_equal(irr(), 0);
		assert_int_equal(isr(), (1U << n) | (n > 7 ? 4 : 0));
		/* An edge is one request. */
		out(0x20, 0x20);
		out(0xa0, 0x20);
		assert_int_equal(isr(), 0);
		assert_int_equal(bench.line, 0);
		pulse(n);
		assert_int_equal(bench.line, 1);
	}
}

/* Only a higher priority interrupts what is in service. */
static void
test_blocking(void **state)
{
	unsigned a, b;

	(void)state;
	for (a = 0; a < 8; a++)
		for (b = 0; b < 8; b++) {
			if (a == b || a == 2 || b == 2)
				continue;
			start();
			line(a, 1);
			assert_int_equal(ack(), 0x30 + a);
			line(b, 1);
			assert_int_equal(bench.line, b < a);
			out(0x20, 0x60 | a);
			assert_int_equal(bench.line, 1);
			assert_int_equal(ack(), 0x30 + b);
		}
}

static void
test_priority_of_second(void **state)
{
	(void)state;
	start();
	line(3, 1);
	line(15, 1);
	line(8, 1);
	line(1, 1);
	assert_int_equal(ack(), 0x31);
	out(0x20, 0x20);
	assert_int_equal(ack(), 0x38);
	assert_int_equal(bench.line, 0);
	out(0xa0, 0x20);
	assert_int_equal(bench.line, 0);
	out(0x20, 0x20);
	assert_int_equal(ack(), 0x3f);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_int_equal(ack(), 0x33);
}

static void
test_mask(void **state)
{
	(void)state;
	start();
	out(0x21, 0x08);
	line(3, 1);
	assert_int_equal(bench.line, 0);
	assert_int_equal(irr(), 8);
	out(0x21, 0);
	assert_int_equal(bench.line, 1);
	out(0x21, 0xff);
	assert_int_equal(bench.line, 0);
	assert_int_equal(in(0x21), 0xff);
	/* The cascade can be masked, too. */
	out(0x21, 0x0c);
	line(10, 1);
	assert_int_equal(bench.line, 0);
	out(0x21, 0x08);
	assert_int_equal(bench.line, 1);
}

static void
test_level(void **state)
{
	(void)state;
	start();
	out(0x4d0, 0xff);
	out(0x4d1, 0xff);
	assert_int_equal(in(0x4d0), 0xf8);
	assert_int_equal(in(0x4d1), 0xde);
	line(5, 1);
	assert_int_equal(ack(), 0x35);
	assert_int_equal(irr(), 0x20);
	assert_int_equal(bench.line, 0);
	out(0x20, 0x20);
	assert_int_equal(bench.line, 1);
	assert_int_equal(ack(), 0x35);
	line(5, 0);
	out(0x20, 0x20);
	assert_int_equal(bench.line, 0);
	assert_int_equal(irr(), 0);
	/* A line that is up already, when it becomes level triggered. */
	out(0x4d1, 0);
	line(11, 1);
	assert_int_equal(ack(), 0x3b);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_int_equal(bench.line, 0);
	out(0x4d1, 0x08);
	assert_int_equal(bench.line, 1);
}

static void
test_spurious(void **state)
{
	(void)state;
	start();
	line(5, 1);
	assert_int_equal(bench.line, 1);
	line(5, 0);
	assert_int_equal(bench.line, 0);
	assert_int_equal(ack(), 0x37);
	assert_int_equal(isr(), 0);
	/* Input 7 for real has its bit in service. */
	line(7, 1);
	assert_int_equal(ack(), 0x37);
	assert_int_equal(isr(), 0x80);
}

static void
test_aeoi(void **state)
{
	(void)state;
	bench_on(&i8259_dev, NULL);
	init(0x03);
	line(4, 1);
	line(9, 1);
	assert_int_equal(ack(), 0x39);
	assert_int_equal(isr(), 0);
	assert_int_equal(bench.line, 1);
	assert_int_equal(ack(), 0x34);
	assert_int_equal(isr(), 0);
	/* Rotation: who was served is last. */
	out(0x20, 0x80);
	pulse(4);
	assert_int_equal(ack(), 0x34);
	pulse(4);
	pulse(3);
	pulse(6);
	assert_int_equal(ack(), 0x36);
	assert_int_equal(ack(), 0x33);
	assert_int_equal(ack(), 0x34);
	out(0x20, 0x00);
	pulse(4);
	assert_int_equal(ack(), 0x34);
	pulse(4);
	pulse(5);
	assert_int_equal(ack(), 0x35);
}

static void
test_rotation(void **state)
{
	(void)state;
	start();
	/* Set priority: 5 is last, 6 first. */
	out(0x20, 0xc5);
	line(0, 1);
	line(6, 1);
	assert_int_equal(ack(), 0x36);
	/* 0 is lower than 6 now. */
	assert_int_equal(bench.line, 0);
	/* Rotate on non-specific EOI: 6 is last. */
	out(0x20, 0xa0);
	assert_int_equal(isr(), 0);
	pulse(6);
	assert_int_equal(ack(), 0x30);
	/* Rotate on specific EOI: 0 is last, 1 first. */
	out(0x20, 0xe0);
	assert_int_equal(ack(), 0x36);
	line(1, 1);
	assert_int_equal(bench.line, 1);
	assert_int_equal(ack(), 0x31);
	/* The highest in service ends first, by the present order. */
	out(0x20, 0x20);
	assert_int_equal(isr(), 0x40);
}

static void
test_eoi_of_nothing(void **state)
{
	(void)state;
	start();
	out(0x20, 0x20);
	out(0x20, 0xa0);
	out(0x20, 0x63);
	out(0x20, 0x40);
	line(0, 1);
	line(1, 1);
	assert_int_equal(ack(), 0x30);
}

static void
test_special_mask(void **state)
{
	(void)state;
	start();
	line(1, 1);
	assert_int_equal(ack(), 0x31);
	line(6, 1);
	assert_int_equal(bench.line, 0);
	out(0x21, 0x02);
	assert_int_equal(bench.line, 0);
	out(0x20, 0x68);
	assert_int_equal(bench.line, 1);
	assert_int_equal(ack(), 0x36);
	/* What is masked does not end by a non-specific EOI. */
	out(0x20, 0x20);
	assert_int_equal(isr(), 0x02);
	out(0x20, 0x20);
	assert_int_equal(isr(), 0x02);
	/* SMM without ESMM changes nothing. */
	out(0x20, 0x28);
	pulse(6);
	assert_int_equal(bench.line, 1);
	out(0x20, 0x48);
	assert_int_equal(bench.line, 0);
	out(0x20, 0x61);
	assert_int_equal(bench.line, 1);
}

/* The second chip's higher requests get through its own lower ones. */
static void
test_special_nested(void **state)
{
	int sfnm;

	(void)state;
	for (sfnm = 0; sfnm < 2; sfnm++) {
		bench_on(&i8259_dev, NULL);
		init(sfnm ? 0x11 : 0x01);
		line(12, 1);
		assert_int_equal(ack(), 0x3c);
		line(10, 1);
		assert_int_equal(bench.line, sfnm);
		line(14, 1);
		if (!sfnm)
			continue;
		assert_int_equal(ack(), 0x3a);
		assert_int_equal(bench.line, 0);
		/* Input 2 of the second chip is an input like others. */
		pulse(10);
		assert_int_equal(bench.line, 0);
	}
}

static void
test_poll(void **state)
{
	(void)state;
	start();
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0);
	line(3, 1);
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0x83);
	assert_int_equal(isr(), 8);
	assert_int_equal(bench.line, 0);
	/* Once, and at either address; the cascade shows as 2. */
	line(12, 1);
	out(0x20, 0x0c);
	assert_int_equal(in(0x21), 0x82);
	assert_int_equal(in(0x21), 0);
	out(0xa0, 0x0c);
	assert_int_equal(in(0xa0), 0x84);
	assert_int_equal(isr(), 0x100c);
	out(0xa0, 0x0c);
	assert_int_equal(in(0xa0), 0);
}

static void
test_init(void **state)
{
	(void)state;
	start();
	out(0x21, 0xaa);
	out(0x20, 0xc3);
	out(0x20, 0x68);
	out(0x20, 0x0b);
	line(6, 1);
	assert_int_equal(ack(), 0x36);
	line(0, 1);
	out(0x4d0, 0x20);
	line(5, 1);
	out(0x20, 0x11);
	/* Nothing is signalled before the last word. */
	assert_int_equal(bench.line, 0);
	assert_int_equal(in(0x21), 0);
	out(0x21, 0x47);
	assert_int_equal(bench.line, 0);
	out(0x21, 0x04);
	assert_int_equal(bench.line, 0);
	out(0x21, 0x01);
	/* Edges are forgotten, levels are not; priorities are the usual. */
	assert_int_equal(bench.line, 1);
	assert_int_equal(in(0x20), 0x20);
	assert_int_equal(ack(), 0x45);
	out(0x20, 0x20);
	line(5, 0);
	pulse(7);
	pulse(4);
	assert_int_equal(ack(), 0x44);
	/* No third word, no fourth word. */
	out(0x20, 0x12);
	out(0x21, 0x50);
	out(0x21, 0xf0);
	assert_int_equal(in(0x21), 0xf0);
	out(0x20, 0x10);
	out(0x21, 0x50);
	out(0x21, 0x00);
	out(0x21, 0xf1);
	assert_int_equal(in(0x21), 0xf1);
	/* A sequence that starts over. */
	out(0x20, 0x11);
	out(0x21, 0x60);
	out(0x20, 0x13);
	out(0x21, 0x68);
	out(0x21, 0x01);
	out(0x21, 0x0f);
	assert_int_equal(in(0x21), 0x0f);
}

static void
test_reset(void **state)
{
	(void)state;
	start();
	out(0x4d0, 0x20);
	line(5, 1);
	assert_int_equal(bench.line, 1);
	event(VIODEV_RESET, 0, 0);
	assert_int_equal(bench.line, 0);
	assert_int_equal(in(0x21), 0xff);
	assert_int_equal(in(0x4d0), 0);
	init(1);
	assert_int_equal(bench.line, 0);
	/* The line is up as it was. */
	out(0x4d0, 0x20);
	assert_int_equal(bench.line, 1);
	dev_detach(bench.d);
	assert_int_equal(bench.line, 0);
}

/* Ports, widths, spaces, lines and messages that are not the pair's. */
static void
test_strangers(void **state)
{
	static const unsigned types[] = {
		VIODEV_KICK, VIODEV_INPUT, VIODEV_TIMER, VIODEV_CONFIG,
		VIODEV_PAUSE, VIODEV_UNPAUSE, VIODEV_SHUTDOWN
	};
	unsigned i;

	(void)state;
	start();
	assert_int_equal(in(0x22), 0xff);
	assert_int_equal(in(0x4d2), 0xff);
	out(0x22, 0xff);
	out(0x4d2, 0xff);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x21, 2, 0) == 0xffff);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x21, 4, 0) ==
	    0xffffffff);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x21, 8, 0) ==
	    UINT64_MAX);
	assert_true(access(VIODEV_READ, VIODEV_PCICFG, 0x21, 1, 0) == 0xff);
	access(VIODEV_WRITE, VIODEV_PORT, 0x21, 2, 0xffff);
	access(VIODEV_WRITE, VIODEV_COMMON, 0x21, 1, 0xff);
	line(2, 1);
	line(16, 1);
	line(UINT32_MAX, 1);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		event(types[i], 1, 1);
	assert_int_equal(in(0x21), 0);
	assert_int_equal(irr(), 0);
	assert_int_equal(bench.line, 0);
}

/* A program of random steps, with and without moves in between. */
static void
program(uint64_t seed, int moves, unsigned *result)
{
	static const uint16_t ports[] = {
		0x20, 0x20, 0x21, 0xa0, 0xa0, 0xa1, 0x4d0, 0x4d1
	};
	struct prng r;
	unsigned i, v;

	prng_seed(&r, seed);
	start();
	for (i = 0; i < 200; i++) {
		v = (unsigned)prng_next(&r) & 0xff;
		switch (prng_below(&r, 4)) {
		case 0:
			out(ports[v & 7], v >> 1);
			result[i] = 0;
			break;
		case 1:
			result[i] = in(ports[v & 7]);
			break;
		case 2:
			line(v & 15, v >> 7);
			result[i] = (unsigned)bench.line;
			break;
		default:
			result[i] = ack();
			break;
		}
		if (moves && v % 7 == 0)
			reload();
	}
}

static void
test_save(void **state)
{
	unsigned one[200], two[200];
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < 100; seed++) {
		program(seed, 0, one);
		program(seed, 1, two);
		assert_memory_equal(one, two, sizeof(one));
	}
	hostile_states();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_on),
		cmocka_unit_test(test_mask_probe),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_blocking),
		cmocka_unit_test(test_priority_of_second),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_spurious),
		cmocka_unit_test(test_aeoi),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_eoi_of_nothing),
		cmocka_unit_test(test_special_mask),
		cmocka_unit_test(test_special_nested),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
