#include "test_chip.h"

#include "fwcfg.h"
#include "prng.h"

#define MEM	0x40000

static uint8_t memory[MEM + 8];
static uint8_t medium[0x20000];

static void
on(void)
{
	uint8_t list[64];
	struct wbuf w;
	struct prng r;
	size_t i;

	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_LOWMEM, 512 << 20);
	devconf_put_int(&w, DEVCONF_HIGHMEM, 1ULL << 32);
	devconf_put_int(&w, DEVCONF_NCPUS, 3);
	bench_on(&fwcfg_dev, &w);
	memset(memory, 0xee, sizeof(memory));
	gm_add(&bench.gm, 0x1000, MEM / 2, memory);
	gm_add(&bench.gm, 0x1000 + MEM / 2, MEM / 2, memory + MEM / 2);
	prng_seed(&r, 1);
	for (i = 0; i < sizeof(medium); i++)
		medium[i] = (uint8_t)(1 + prng_below(&r, 255));
	bench.medium = medium;
	bench.nmedium = sizeof(medium);
}

static void
add(const char *name, uint64_t len)
{
	uint8_t list[128];
	struct viodev_msg m = { .type = VIODEV_CONFIG, .payload = list };
	struct wbuf w;

	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_FILE, name, strlen(name));
	devconf_put_int(&w, DEVCONF_LENGTH, len);
	m.len = w.len;
	dev_msg(bench.d, &m);
	good();
}

static void
key(unsigned k)
{
	access(VIODEV_WRITE, VIODEV_PORT, 0x510, 2, k);
}

static uint64_t
number(unsigned k, unsigned bytes)
{
	uint64_t v = 0;
	unsigned i;

	key(k);
	for (i = 0; i < bytes; i++)
		v |= (uint64_t)in(0x511) << (8 * i);
	/* Behind the end there are zeros. */
	for (i = 0; i < 20; i++)
		assert_int_equal(in(0x511), 0);
	return v;
}

static uint32_t
swap(uint32_t v)
{
	return __builtin_bswap32(v);
}

/* A request at gpa 0x1000: the control word afterwards. */
static uint32_t
dma(uint32_t control, uint32_t len, uint64_t gpa)
{
	uint32_t w[4] = {
		swap(control), swap(len), swap((uint32_t)(gpa >> 32)),
		swap((uint32_t)gpa)
	};

	memcpy(memory, w, sizeof(w));
	access(VIODEV_WRITE, VIODEV_PORT, 0x514, 4, 0);
	access(VIODEV_WRITE, VIODEV_PORT, 0x518, 4, swap(0x1000));
	memcpy(w, memory, sizeof(w));
	return swap(w[0]);
}

static uint8_t *
at(uint64_t gpa)
{
	return memory + gpa - 0x1000;
}

static void
test_numbers(void **state)
{
	(void)state;
	on();
	assert_true(number(0x00, 4) == le32_get("QEMU"));
	assert_true(number(0x01, 4) == 3);
	assert_true(number(0x03, 8) == (512 << 20) + (1ULL << 32));
	assert_true(number(0x04, 2) == 1);
	assert_true(number(0x05, 2) == 3);
	assert_true(number(0x0f, 2) == 3);
	assert_true(number(0x19, 4) == 0);
	assert_true(number(0x02, 8) == 0);
	assert_true(number(0x20, 8) == 0);
	assert_true(number(0x8002, 8) == 0);
	assert_true(number(0xffff, 8) == 0);
	/* Selecting again starts over. */
	key(0);
	assert_int_equal(in(0x511), 'Q');
	assert_int_equal(in(0x511), 'E');
	key(0);
	assert_int_equal(in(0x511), 'Q');
}

static void
test_directory(void **state)
{
	static const uint8_t one[] = { 0, 0, 1, 0x23, 0, 0x20, 0, 0 };
	static const uint8_t two[] = { 0, 0, 0, 0, 0, 0x21, 0, 0 };
	uint8_t d[132];
	unsigned i, round;

	(void)state;
	on();
	add("etc/e820", 0x123);
	add("a name that has exactly fifty-five bytes, not one more!", 0);
	assert_int_equal(fwcfg_files(bench.d), 2);
	/* Often: nothing is held (vmd leaked a buffer each time). */
	for (round = 0; round < 3; round++) {
		key(0x19);
		for (i = 0; i < sizeof(d); i++)
			d[i] = (uint8_t)in(0x511);
		assert_memory_equal(d, "\0\0\0\2", 4);
		assert_memory_equal(d + 4, one, 8);
		assert_string_equal((char *)d + 12, "etc/e820");
		assert_memory_equal(d + 68, two, 8);
		assert_string_equal((char *)d + 76, "a name that has exactly "
		    "fifty-five bytes, not one more!");
		assert_int_equal(in(0x511), 0);
	}
	assert_int_equal(dma(0x19 << 16 | 8 | 2, 132, 0x2000), 0);
	assert_memory_equal(at(0x2000), d, 132);
	assert_int_equal(*at(0x2000 + 132), 0xee);
}

static void
test_files(void **state)
{
	unsigned i;

	(void)state;
	on();
	add("a", 100);
	add("b", 3);
	add("c", 0x10000);
	key(0x21);
	for (i = 0; i < 3; i++)
		assert_int_equal(in(0x511), medium[100 + i]);
	assert_int_equal(in(0x511), 0);
	assert_int_equal(dma(0x20 << 16 | 8 | 2, 100, 0x2000), 0);
	assert_memory_equal(at(0x2000), medium, 100);
	/* In pieces, with a skip, and zeros behind the end. */
	assert_int_equal(dma(0x22 << 16 | 8 | 4, 10, 0), 0);
	assert_int_equal(dma(2, 90, 0x3000), 0);
	assert_memory_equal(at(0x3000), medium + 113, 90);
	assert_int_equal(dma(4, 0x10000 - 110, 0), 0);
	assert_int_equal(dma(2, 30, 0x4000), 0);
	assert_memory_equal(at(0x4000), medium + 103 + 0x10000 - 10, 10);
	for (i = 10; i < 30; i++)
		assert_int_equal(*at(0x4000 + i), 0);
	assert_int_equal(*at(0x4000 + 30), 0xee);
	assert_int_equal(in(0x511), 0);
	assert_int_equal(dma(4, 0xffffffff, 0), 0);
	assert_int_equal(dma(2, 5, 0x5000), 0);
	assert_int_equal(*at(0x5000), 0);
	/* Nothing to do is done. */
	assert_int_equal(dma(0, 5, 0x6000), 0);
	assert_int_equal(dma(0x20 << 16 | 8, 5, 0x6000), 0);
	assert_int_equal(in(0x511), medium[0]);
	assert_int_equal(*at(0x6000), 0xee);
	/* Across two ranges of memory. */
	assert_int_equal(dma(0x22 << 16 | 8 | 2, 0x8000,
	    0x1000 + MEM / 2 - 100), 0);
	assert_memory_equal(memory + MEM / 2 - 100, medium + 103, 0x8000);
}

static void
test_errors(void **state)
{
	static uint8_t was[MEM];

	(void)state;
	on();
	add("a", 0x8000);
	key(0x20);
	memcpy(was, memory, MEM);
	/* Writes; memory that is not there; too much behind the end. */
	assert_int_equal(dma(0x10, 4, 0x2000), 1);
	assert_int_equal(dma(2, 4, 0), 1);
	assert_int_equal(dma(2, 0x100, 0x1000 + MEM - 4), 1);
	assert_int_equal(dma(2, 4, UINT64_MAX - 1), 1);
	assert_int_equal(dma(2, 0x8000 + FWCFG_SLACK + 1, 0x2000), 1);
	assert_int_equal(dma(2, 0xffffffff, 0x2000), 1);
	assert_int_equal(dma(0x0000 << 16 | 8 | 2, FWCFG_SLACK + 5, 0x2000),
	    1);
	assert_memory_equal(memory + 16, was + 16, MEM - 16);
	assert_int_equal(dma(0x19 << 16 | 8 | 2, 300, 0x1000 + MEM - 100), 1);
	assert_int_equal(dma(0x19 << 16 | 8 | 2, 300, 0x1000 + MEM - 1), 1);
	/* The most that is possible. */
	assert_int_equal(dma(0x20 << 16 | 8 | 2, 0x8000 + FWCFG_SLACK,
	    0x2000), 0);
	assert_memory_equal(at(0x2000), medium, 0x8000);
	assert_int_equal(*at(0x2000 + 0x8000 + FWCFG_SLACK - 1), 0);
	assert_int_equal(*at(0x2000 + 0x8000 + FWCFG_SLACK), 0xee);
	/* The medium fails. */
	bench.nmedium = 10;
	assert_int_equal(dma(0x20 << 16 | 8 | 2, 100, 0x2000), 1);
	key(0x20);
	bench.nmedium = 0;
	assert_int_equal(in(0x511), 0);
	/* A request that is in no memory is dropped. */
	access(VIODEV_WRITE, VIODEV_PORT, 0x514, 4, swap(0x12345));
	access(VIODEV_WRITE, VIODEV_PORT, 0x518, 4, swap(0x1000));
	access(VIODEV_WRITE, VIODEV_PORT, 0x514, 4, 0);
	access(VIODEV_WRITE, VIODEV_PORT, 0x518, 4, swap(0x10));
}

static void
test_dma_port(void **state)
{
	uint32_t w[4] = { swap(8 | 2), swap(4), 0, swap(0x2000) };

	(void)state;
	on();
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x514, 4, 0) ==
	    le32_get("QEMU"));
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x518, 4, 0) ==
	    le32_get(" CFG"));
	/* The high half is used once; odd widths forget it. */
	memcpy(memory, w, sizeof(w));
	access(VIODEV_WRITE, VIODEV_PORT, 0x514, 4, swap(1));
	access(VIODEV_WRITE, VIODEV_PORT, 0x518, 4, swap(0x1000));
	assert_int_equal(*at(0x2000), 0xee);
	access(VIODEV_WRITE, VIODEV_PORT, 0x518, 4, swap(0x1000));
	assert_memory_equal(at(0x2000), "QEMU", 4);
	memset(at(0x2000), 0xee, 4);
	memcpy(memory, w, sizeof(w));
	access(VIODEV_WRITE, VIODEV_PORT, 0x514, 4, swap(1));
	access(VIODEV_WRITE, VIODEV_PORT, 0x514, 2, 1);
	access(VIODEV_WRITE, VIODEV_PORT, 0x518, 4, swap(0x1000));
	assert_memory_equal(at(0x2000), "QEMU", 4);
}

static void
test_refused_files(void **state)
{
	static const uint8_t bad[] = { 1, 2, 3 };
	struct viodev_msg m = {
		.type = VIODEV_CONFIG, .payload = bad, .len = 3
	};
	char name[8];
	unsigned i;

	(void)state;
	on();
	add("a", 1);
	add("a", 1);
	add("", 1);
	add("big", 1ULL << 32);
	dev_msg(bench.d, &m);
	m.len = 0;
	dev_msg(bench.d, &m);
	assert_int_equal(fwcfg_files(bench.d), 1);
	assert_int_equal(bench.logs, 5);
	for (i = 1; i < FWCFG_MAXFILES; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		add(name, 0xffffffff);
	}
	assert_int_equal(fwcfg_files(bench.d), FWCFG_MAXFILES);
	add("one more", 1);
	assert_int_equal(fwcfg_files(bench.d), FWCFG_MAXFILES);
	key(0x19);
	for (i = 0; i < 4; i++)
		assert_int_equal(in(0x511), i == 3 ? FWCFG_MAXFILES : 0);
}

static void
test_strangers(void **state)
{
	(void)state;
	on();
	key(0);
	assert_int_equal(in(0x510), 0xff);
	assert_int_equal(in(0x512), 0xff);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x510, 2, 0) == 0xffff);
	assert_true(access(VIODEV_READ, VIODEV_PORT, 0x511, 4, 0) ==
	    0xffffffff);
	assert_true(access(VIODEV_READ, VIODEV_ISR, 0x511, 1, 0) == 0xff);
	access(VIODEV_WRITE, VIODEV_PORT, 0x511, 1, 5);
	access(VIODEV_WRITE, VIODEV_ISR, 0x510, 2, 5);
	event(VIODEV_KICK, 0, 0);
	assert_int_equal(in(0x511), 'Q');
}

static void
test_save(void **state)
{
	(void)state;
	on();
	key(0);
	(void)in(0x511);
	access(VIODEV_WRITE, VIODEV_PORT, 0x514, 4, swap(1));
	reload();
	assert_int_equal(in(0x511), 'E');
	hostile_states();
	event(VIODEV_RESET, 0, 0);
	assert_int_equal(in(0x511), 'Q');
	dev_detach(bench.d);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_dma_port),
		cmocka_unit_test(test_refused_files),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
