#include "test_chip.h"

#include "pci.h"
#include "prng.h"

static const struct pci_id sample = {
	.vendor = 0x1af4, .device = 0x1042, .subvendor = 0x0b5d,
	.subdevice = 2, .class = 1, .revision = 1, .wants_line = 1,
	.bar = PCI_BAR_IO, .bar_log = 12
};

/* Two capabilities; the second one is virtio's window. */
static uint8_t caps[44];

static void
make_caps(void)
{
	memset(caps, 0, sizeof(caps));
	caps[0] = 0x09;
	caps[1] = PCI_CAPS + 24;
	caps[2] = 16;
	caps[3] = 1;
	caps[24] = 0x09;
	caps[26] = 20;
	caps[27] = 5;
}

static int
plug(const struct pci_id *id, const uint8_t *c, size_t len)
{
	unsigned n = pci_slots(bench.d);
	uint8_t b[PCI_ID_SIZE], list[256];
	struct viodev_msg m = { .type = VIODEV_CONFIG, .payload = list };
	struct wbuf w;

	pci_id_put(b, id);
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_PCIID, b, sizeof(b));
	if (len > 0)
		devconf_put_bytes(&w, DEVCONF_PCICAPS, c, len);
	m.len = w.len;
	dev_msg(bench.d, &m);
	good();
	return pci_slots(bench.d) == n ? -1 : (int)n;
}

static void
on(void)
{
	bench_on(&pci_dev, NULL);
	make_caps();
}

static uint32_t
rd(unsigned slot, unsigned reg, unsigned width)
{
	return (uint32_t)access(VIODEV_READ, VIODEV_PCICFG, slot << 11 | reg,
	    width, 0);
}

static void
wr(unsigned slot, unsigned reg, unsigned width, uint32_t v)
{
	access(VIODEV_WRITE, VIODEV_PCICFG, slot << 11 | reg, width, v);
}

static void
address(uint32_t v)
{
	access(VIODEV_WRITE, VIODEV_PORT, 0xcf8, 4, v);
}

static uint64_t
data(unsigned port, unsigned width)
{
	return access(VIODEV_READ, VIODEV_PORT, port, width, 0);
}

static void
test_bridge(void **state)
{
	(void)state;
	on();
	assert_int_equal(pci_slots(bench.d), 1);
	assert_true(rd(0, 0, 4) == 0x06660b5d);
	assert_true(rd(0, 8, 4) == 0x06000000);
	assert_true(rd(0, 0x2c, 4) == 0x00000b5d);
	assert_true(rd(0, 0x3c, 4) == 0);
	assert_true(rd(0, 4, 4) == 0);
	assert_int_equal(pci_line(bench.d, 0), -1);
	assert_int_equal(pci_line(bench.d, 1), -1);
	/* It has no BAR: nothing can be sized or set. */
	wr(0, 0x10, 4, 0xffffffff);
	assert_true(rd(0, 0x10, 4) == 0);
}

/* req: PCI-01 */
static void
test_identity(void **state)
{
	(void)state;
	on();
	assert_int_equal(plug(&sample, caps, sizeof(caps)), 1);
	assert_true(rd(1, 0, 4) == 0x10421af4);
	assert_true(rd(1, 0, 2) == 0x1af4);
	assert_true(rd(1, 2, 2) == 0x1042);
	assert_true(rd(1, 3, 1) == 0x10);
	assert_true(rd(1, 4, 4) == 0x00100005);
	assert_true(rd(1, 8, 4) == 0x01000001);
	assert_true(rd(1, 0x0e, 1) == 0);
	assert_true(rd(1, 0x2c, 4) == 0x00020b5d);
	assert_true(rd(1, 0x34, 4) == PCI_CAPS);
	assert_true(rd(1, 0x3c, 4) == 0x0103);
	assert_true(rd(1, PCI_CAPS, 4) == (0x01100009U |
	    (PCI_CAPS + 24) << 8));
	assert_true(rd(1, PCI_CAPS + sizeof(caps), 4) == 0);
	assert_true(rd(1, 0xfc, 4) == 0);
}

/* Every bit of every dword: what changes is what may. */
/* req: DRV-59 */
static void
test_read_only(void **state)
{
	static const struct { unsigned reg; uint32_t mask; } may[] = {
		{ 0x04, 0x547 }, { 0x0c, 0xffff }, { 0x10, 0xfffff000 },
		{ PCI_CAPS + 24 + 4, 0xff },
		{ PCI_CAPS + 24 + 8, 0xffffffff },
		{ PCI_CAPS + 24 + 12, 0xffffffff },
	};
	uint32_t was, mask;
	unsigned reg, i;

	(void)state;
	on();
	assert_int_equal(plug(&sample, caps, sizeof(caps)), 1);
	for (reg = 0; reg < 256; reg += 4) {
		for (mask = i = 0; i < sizeof(may) / sizeof(may[0]); i++)
			if (may[i].reg == reg)
				mask = may[i].mask;
		was = rd(1, reg, 4);
		wr(1, reg, 4, 0xffffffff);
		assert_true(rd(1, reg, 4) == (was | mask));
		wr(1, reg, 4, 0);
		assert_true(rd(1, reg, 4) == (was & ~mask));
		/* By bytes and words, each for itself. */
		for (i = 0; i < 4; i++) {
			wr(1, reg, 4, 0);
			wr(1, reg + i, 1, 0xff);
			assert_true(rd(1, reg, 4) == ((was & ~mask) |
			    (mask & 0xffU << 8 * i)));
		}
		wr(1, reg, 4, 0);
		wr(1, reg + 2, 2, 0xffff);
		assert_true(rd(1, reg, 4) == ((was & ~mask) |
		    (mask & 0xffff0000)));
	}
}

static void
test_mechanism(void **state)
{
	(void)state;
	on();
	assert_int_equal(plug(&sample, NULL, 0), 1);
	address(0x80000800);
	assert_true(data(0xcf8, 4) == 0x80000800);
	assert_true(data(0xcfc, 4) == 0x10421af4);
	assert_true(data(0xcfc, 2) == 0x1af4);
	assert_true(data(0xcfe, 2) == 0x1042);
	assert_true(data(0xcff, 1) == 0x10);
	/* Across the dword; an address of 64 bits. */
	assert_true(data(0xcfe, 4) == 0xffffffff);
	assert_true(data(0xcff, 2) == 0xffff);
	assert_true(data(0xcfc, 8) == UINT64_MAX);
	/* Bits that the address register does not have. */
	address(0xffffffff);
	assert_true(data(0xcf8, 4) == 0x80fffffc);
	/* Not enabled, other buses, functions, empty slots. */
	address(0x00000800);
	assert_true(data(0xcfc, 4) == 0xffffffff);
	address(0x80010800);
	assert_true(data(0xcfc, 4) == 0xffffffff);
	address(0x80000900);
	assert_true(data(0xcfc, 4) == 0xffffffff);
	address(0x80001000);
	assert_true(data(0xcfc, 1) == 0xff);
	access(VIODEV_WRITE, VIODEV_PORT, 0xcfc, 4, 0);
	/* The address takes four bytes and no others. */
	address(0x80000804);
	access(VIODEV_WRITE, VIODEV_PORT, 0xcf8, 2, 0);
	access(VIODEV_WRITE, VIODEV_PORT, 0xcfa, 1, 0);
	assert_true(data(0xcf8, 2) == 0xffff);
	assert_true(data(0xcfd, 1) == 0);
	assert_true(data(0xcf8, 4) == 0x80000804);
	access(VIODEV_WRITE, VIODEV_PORT, 0xcfc, 1, 0);
	assert_true(data(0xcfc, 2) == 0);
	assert_true(access(VIODEV_READ, VIODEV_ISR, 0xcfc, 4, 0) ==
	    0xffffffff);
	access(VIODEV_WRITE, VIODEV_ISR, 0xcfc, 4, 7);
	assert_true(data(0xcfc, 2) == 0);
	/* Every address beyond the bus, by message. */
	assert_true(rd(1, 0x100, 4) == 0xffffffff);
	assert_true(rd(32, 0, 4) == 0xffffffff);
	assert_true(rd(1, 0xff, 2) == 0xffff);
}

/* req: DRV-82 */
static void
test_bar(void **state)
{
	struct pci_id mem = sample;
	struct pci_hit h;

	(void)state;
	on();
	mem.bar = PCI_BAR_MEM;
	assert_int_equal(plug(&sample, NULL, 0), 1);
	assert_int_equal(plug(&mem, NULL, 0), 2);
	assert_int_equal(plug(&sample, NULL, 0), 3);
	assert_int_equal(plug(&mem, NULL, 0), 4);
	assert_true(rd(1, 0x10, 4) == 0x1001);
	assert_true(rd(2, 0x10, 4) == 0xf0000000);
	assert_true(rd(2, 4, 2) == 6);
	assert_true(rd(3, 0x10, 4) == 0x2001);
	assert_true(rd(4, 0x10, 4) == 0xf0010000);
	wr(1, 0x10, 4, 0xffffffff);
	assert_true(rd(1, 0x10, 4) == 0xfffff001);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xfff0, 1, &h), 0);
	wr(1, 0x10, 4, 0xc123);
	assert_true(rd(1, 0x10, 4) == 0xc001);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xbfff, 1, &h), 0);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xc000, 4, &h), 1);
	assert_int_equal(h.slot, 1);
	assert_int_equal(h.off, 0);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xcffd, 4, &h), 0);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xcffc, 4, &h), 1);
	assert_int_equal(h.off, 0xffc);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xd000, 1, &h), 0);
	assert_int_equal(pci_find(bench.d, PCI_BAR_MEM, 0xc000, 1, &h), 0);
	assert_int_equal(pci_find(bench.d, PCI_BAR_MEM, 0xf0010008, 8, &h),
	    1);
	assert_int_equal(h.slot, 4);
	assert_int_equal(h.off, 8);
	assert_int_equal(h.width, 8);
	/* Two at the same place: the first one has it, while it decodes. */
	wr(3, 0x10, 4, 0xc000);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xc800, 1, &h), 1);
	assert_int_equal(h.slot, 1);
	wr(1, 4, 2, 2);
	assert_int_equal(pci_find(bench.d, PCI_BAR_IO, 0xc800, 1, &h), 1);
	assert_int_equal(h.slot, 3);
	wr(4, 4, 2, 1);
	assert_int_equal(pci_find(bench.d, PCI_BAR_MEM, 0xf0010008, 8, &h),
	    0);
	event(VIODEV_RESET, 0, 0);
	assert_true(rd(3, 0x10, 4) == 0x2001);
	assert_true(rd(1, 4, 2) == 5);
}

static void
test_sizes(void **state)
{
	struct pci_id id = sample;
	unsigned log;

	(void)state;
	for (log = 0; log < 256; log++) {
		on();
		id.bar_log = (uint8_t)log;
		id.bar = PCI_BAR_IO;
		assert_int_equal(plug(&id, NULL, 0), log >= 4 && log <= 12 ?
		    1 : -1);
		id.bar = PCI_BAR_MEM;
		if (log < 4 || log > 20) {
			assert_int_equal(plug(&id, NULL, 0), -1);
			continue;
		}
		assert_int_not_equal(plug(&sample, NULL, 0), -1);
		assert_int_not_equal(plug(&id, NULL, 0), -1);
		wr(pci_slots(bench.d) - 1, 0x10, 4, 0xffffffff);
		assert_true(rd(pci_slots(bench.d) - 1, 0x10, 4) ==
		    ~((1U << log) - 1));
	}
}

static void
test_refused(void **state)
{
	static const uint8_t pool[] = { 3, 5, 6, 7, 9, 10, 11, 12, 14, 15 };
	struct viodev_msg m = {
		.type = VIODEV_CONFIG, .payload = (const uint8_t *)"abc",
		.len = 3
	};
	struct pci_id id = sample;
	unsigned i;

	(void)state;
	on();
	dev_msg(bench.d, &m);
	m.len = 0;
	dev_msg(bench.d, &m);
	assert_int_equal(bench.logs, 2);
	id.bar = PCI_NBARS;
	assert_int_equal(plug(&id, NULL, 0), -1);
	id = sample;
	id.wants_line = 2;
	assert_int_equal(plug(&id, NULL, 0), -1);
	id = sample;
	id.reserved = 1;
	assert_int_equal(plug(&id, NULL, 0), -1);
	for (i = 0; i < 10; i++) {
		assert_int_equal(plug(&sample, NULL, 0), i + 1);
		assert_int_equal(pci_line(bench.d, i + 1), pool[i]);
	}
	assert_int_equal(plug(&sample, NULL, 0), -1);
	/* Without a line there is room for five more BARs of 4 KiB. */
	id = sample;
	id.wants_line = 0;
	for (i = 0; i < 5; i++)
		assert_int_equal(plug(&id, NULL, 0), i + 11);
	assert_int_equal(plug(&id, NULL, 0), -1);
	id.bar = PCI_BAR_NONE;
	for (i = 16; i < 32; i++) {
		assert_int_equal(plug(&id, NULL, 0), i);
		assert_int_equal(pci_line(bench.d, i), -1);
		assert_true(rd(i, 4, 4) == 0);
	}
	assert_int_equal(plug(&id, NULL, 0), -1);
	assert_true(rd(31, 0, 4) == 0x10421af4);
}

/* req: PCI-49 */
static void
test_intx(void **state)
{
	(void)state;
	on();
	assert_int_equal(plug(&sample, NULL, 0), 1);
	assert_int_equal(pci_intx(bench.d, 1), 0);
	event(VIODEV_LINE, 1, 1);
	assert_int_equal(pci_intx(bench.d, 1), 1);
	assert_true(rd(1, 6, 2) == 8);
	wr(1, 4, 2, 0x400);
	assert_int_equal(pci_intx(bench.d, 1), 0);
	assert_true(rd(1, 6, 2) == 8);
	wr(1, 4, 2, 0);
	assert_int_equal(pci_intx(bench.d, 1), 1);
	event(VIODEV_LINE, 1, 0);
	assert_int_equal(pci_intx(bench.d, 1), 0);
	/* Slots without a line, or that there are not. */
	event(VIODEV_LINE, 0, 1);
	event(VIODEV_LINE, 2, 1);
	event(VIODEV_LINE, 0xffffffff, 1);
	assert_int_equal(pci_intx(bench.d, 0), 0);
	assert_int_equal(pci_intx(bench.d, 2), 0);
	assert_int_equal(pci_intx(bench.d, 0xffffffff), 0);
}

static void
window(unsigned bar, uint32_t off, uint32_t len)
{
	wr(1, PCI_CAPS + 24 + 4, 1, bar);
	wr(1, PCI_CAPS + 24 + 8, 4, off);
	wr(1, PCI_CAPS + 24 + 12, 4, len);
}

/* req: DRV-71 DRV-72 */
static void
test_window(void **state)
{
	struct pci_hit h;
	unsigned len;

	(void)state;
	on();
	assert_int_equal(plug(&sample, caps, sizeof(caps)), 1);
	assert_int_equal(plug(&sample, NULL, 0), 2);
	address(0x80000800 + PCI_CAPS + 24 + 16);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	for (len = 0; len < 10; len++) {
		window(0, 8, len);
		assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h),
		    len == 1 || len == 2 || len == 4);
	}
	window(0, 0xffc, 4);
	assert_int_equal(pci_window(bench.d, 0xcfc, 1, &h), 1);
	assert_int_equal(h.slot, 1);
	assert_int_equal(h.off, 0xffc);
	assert_int_equal(h.width, 4);
	window(0, 0xffe, 4);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	access(VIODEV_WRITE, VIODEV_PORT, 0xcfc, 4, 0x12345678);
	assert_true(data(0xcfc, 4) == 0);
	window(0, 0x1000, 1);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	window(0, 0xffffffff, 1);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	window(1, 0, 1);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	access(VIODEV_WRITE, VIODEV_PORT, 0xcfc, 4, 0x12345678);
	assert_true(data(0xcfc, 4) == 0);
	window(0, 0, 1);
	/* The data dword's first byte, on the enabled address of a slot. */
	assert_int_equal(pci_window(bench.d, 0xcfd, 1, &h), 0);
	assert_int_equal(pci_window(bench.d, 0xcf8, 4, &h), 0);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 1);
	address(0x80000800 + PCI_CAPS + 24 + 12);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	address(0x00000800 + PCI_CAPS + 24 + 16);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	address(0x80001000 + PCI_CAPS + 24 + 16);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	address(0x80001800 + PCI_CAPS + 24 + 16);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	address(0x80000900 + PCI_CAPS + 24 + 16);
	assert_int_equal(pci_window(bench.d, 0xcfc, 4, &h), 0);
	event(VIODEV_RESET, 0, 0);
	assert_true(rd(1, PCI_CAPS + 24 + 12, 4) == 0);
}

/* Lists that are none: loops, odd places, cut ones. */
static void
test_bad_caps(void **state)
{
	uint8_t c[DEVCONF_MAXBYTES];
	struct prng r;
	unsigned i, j, n;

	(void)state;
	prng_seed(&r, 1);
	for (i = 0; i < 20000; i++) {
		on();
		n = 1 + (unsigned)prng_below(&r, sizeof(c));
		for (j = 0; j < n; j++)
			c[j] = (uint8_t)(prng_below(&r, 3) == 0 ?
			    9 : prng_below(&r, 2) ? PCI_CAPS +
			    4 * prng_below(&r, 40) : prng_below(&r, 8));
		assert_int_equal(plug(&sample, c, n), 1);
		for (j = 0; j < 256; j += 4)
			wr(1, j, 4, 0xffffffff);
	}
	make_caps();
	caps[1] = PCI_CAPS;
	on();
	assert_int_equal(plug(&sample, caps, 20), 1);
}

static void
test_save(void **state)
{
	(void)state;
	on();
	address(0x80000810);
	wr(0, 0x0c, 2, 0x1122);
	reload();
	assert_true(data(0xcf8, 4) == 0x80000810);
	assert_true(rd(0, 0x0c, 2) == 0x1122);
	hostile_states();
	dev_detach(bench.d);
}

/* The slots are plugged in again by whoever has them, then comes the load. */
static void
test_move(void **state)
{
	static uint8_t one[4096];
	struct wbuf w;
	struct rbuf r;
	size_t i;

	(void)state;
	on();
	assert_int_equal(plug(&sample, caps, sizeof(caps)), 1);
	address(0x80000810);
	wr(1, 0x10, 4, 0xd000);
	wr(1, 0x0c, 2, 0x1122);
	window(0, 8, 2);
	event(VIODEV_LINE, 1, 1);
	wb_init(&w, one, sizeof(one));
	dev_save(bench.d, &w);
	on();
	rb_init(&r, one, w.len);
	assert_int_equal(dev_load(bench.d, &r), -1);
	assert_int_equal(plug(&sample, caps, sizeof(caps)), 1);
	for (i = 0; i < w.len; i++) {
		rb_init(&r, one, i);
		assert_int_equal(dev_load(bench.d, &r), -1);
	}
	for (i = 0; i < 8 * w.len; i++) {
		one[i / 8] ^= (uint8_t)(1U << i % 8);
		rb_init(&r, one, w.len);
		(void)dev_load(bench.d, &r);
		good();
		one[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	rb_init(&r, one, w.len);
	assert_int_equal(dev_load(bench.d, &r), 0);
	assert_true(data(0xcfc, 4) == 0xd001);
	assert_true(rd(1, 0x0c, 4) == 0x1122);
	assert_true(rd(1, PCI_CAPS + 24 + 12, 4) == 2);
	assert_int_equal(pci_intx(bench.d, 1), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_mechanism),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_intx),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_bad_caps),
		cmocka_unit_test(test_save),
		cmocka_unit_test(test_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
