#include "test_board.h"

#include "vmmci.h"

/* req: PCI-03 PCI-04 */
static void
test_slots(void **state)
{
	static const uint8_t lines[] = { 3, 5, 6, 7, 9, 10, 11, 12, 14, 15 };
	unsigned i;

	(void)state;
	on();
	assert_true(cfg(0, 0) == 0x06660b5d);
	assert_true(cfg(1, 0) == 0xffffffff);
	assert_int_equal(board_pci_line(b, 0), -1);
	for (i = 0; i < 10; i++) {
		assert_int_equal(board_pci_add(b, &blk_slot), i + 1);
		assert_int_equal(board_pci_line(b, i + 1), lines[i]);
		assert_true(cfg(i + 1, 0) == 0x10421af4);
		assert_true(cfg(i + 1, 0x2c) == 0x00020b5d);
		assert_true(cfg(i + 1, 0x10) == 0x1001 + 0x1000 * i);
		assert_true(cfg(i + 1, 0x3c) == (0x100U | lines[i]));
		assert_true(cfg(i + 1, 0x34) == 0x44);
		/* What Linux takes for a PIIX's routing: none. */
		assert_true(cfg(i + 1, 0x60) == 0);
		assert_int_equal(in(0x4d0 + lines[i] / 8) >> lines[i] % 8 & 1,
		    1);
	}
	/* No line is left; the board goes on. */
	assert_int_equal(board_pci_add(b, &blk_slot), -1);
	assert_string_equal(lastlog, "pci: a device is refused: no interrupt "
	    "line is left");
	assert_int_equal(add_rnd(rndmem), -1);
	assert_true(cfg(11, 0) == 0xffffffff);
	/* A reset keeps the slots, and which lines are level triggered. */
	out(0x4d0, 0);
	out(0x4d1, 0);
	cfg_write(1, 0x10, 0xc000);
	board_reset(b);
	assert_int_equal(in(0x4d0), 0xe8);
	assert_int_equal(in(0x4d1), 0xde);
	assert_true(cfg(1, 0x10) == 0x1001);
}

/* A device of our own: registers through its BAR, interrupts to the vcpu. */
static void
test_local(void **state)
{
	(void)state;
	on();
	pic_init();
	assert_int_equal(add_rnd(rndmem), 1);
	assert_true(cfg(1, 0) == 0x10441af4);
	assert_true(cfg(1, 0x60) == 0);
	assert_int_equal(board_in(b, 0x1012, 2), 1);
	out(0x1014, 1);
	out(0x1014, 3);
	assert_int_equal(in(0x1014), 3);
	assert_int_equal(in(0x13ff), 0xff & virtio_bar_decode(0x3ff,
	    &(struct viodev_msg){ 0 }));
	assert_int_equal(in(0x1fff), 0xff);
	out(0x1fff, 1);
	board_irq(b, 1, 1);
	assert_int_equal(board_intr_ack(b), 0x33);
	out(0x20, 0x20);
	assert_int_equal(intr, 1);
	/* INTx disabled, enabled; the line is up all the time. */
	cfg_write(1, 4, 0x0405);
	assert_int_equal(intr, 0);
	assert_int_equal(cfg(1, 4) >> 16 & 8, 8);
	cfg_write(1, 4, 0x0005);
	assert_int_equal(intr, 1);
	/* Elsewhere, and nowhere. */
	cfg_write(1, 0x10, 0xc000);
	assert_int_equal(in(0xc014), 3);
	assert_int_equal(in(0x1014), 0xff);
	cfg_write(1, 4, 0);
	assert_int_equal(in(0xc014), 0xff);
	board_irq(b, 1, 0);
	assert_int_equal(intr, 0);
	board_irq(b, 31, 1);
	assert_int_equal(intr, 0);
}

static void
test_remote(void **state)
{
	struct board_access a = { .where = 0x1300, .width = 4 };
	struct board_target t = { 0 };

	(void)state;
	on();
	assert_int_equal(board_route(b, &a, &t), 0);
	assert_int_equal(board_pci_add(b, &blk_slot), 1);
	assert_int_equal(board_route(b, &a, &t), 1);
	assert_int_equal(t.slot, 1);
	assert_int_equal(t.bar, 0);
	assert_int_equal(t.off, 0x300);
	assert_int_equal(t.width, 4);
	a.where = 0x1ffe;
	assert_int_equal(board_route(b, &a, &t), 0);
	a.where = 0x1ffc;
	assert_int_equal(board_route(b, &a, &t), 1);
	a.mmio = 1;
	assert_int_equal(board_route(b, &a, &t), 0);
	memset(&far, 0, sizeof(far));
	far.v = 0x1122334455667788ULL;
	assert_true(board_in(b, 0x1304, 4) == 0x55667788);
	assert_int_equal(board_in(b, 0x1014, 1), 0x88);
	assert_int_equal(far.off, 0x14);
	assert_int_equal(far.width, 1);
	board_out(b, 0x1100, 2, 0x5a5a0007);
	assert_int_equal(far.off, 0x100);
	assert_int_equal(far.width, 2);
	assert_int_equal(far.v, 7);
	assert_int_equal(far.reads, 2);
	assert_int_equal(far.writes, 1);
	/* What is not routed there does not get there, in parts neither. */
	assert_true(board_in(b, 0x0ffe, 4) == 0xffffffff);
	assert_true(board_in(b, 0x1ffe, 4) == 0xffffffff);
	board_out(b, 0x0fff, 2, 0);
	board_out(b, 0x1fff, 4, 0);
	assert_int_equal(far.reads, 2);
	assert_int_equal(far.writes, 1);
	/* A slot of our own is not remote; neither is a chip. */
	assert_int_equal(add_rnd(rndmem), 2);
	a.mmio = 0;
	a.where = 0x2000;
	assert_int_equal(board_route(b, &a, &t), 0);
	a.where = 0x3f8;
	assert_int_equal(board_route(b, &a, &t), 0);
	/* A BAR over a chip: the chip has it; below 0x1000 nobody. */
	cfg_write(1, 0x10, 0xb000);
	assert_int_equal(board_in(b, 0xb008, 2), 1);
	cfg_write(1, 0x10, 0);
	assert_int_equal(in(0x10), 0xff);
	assert_int_equal(far.reads, 2);
}

/* virtio 1.3, 4.1.4.9: registers through configuration space. */
/* req: PCI-60 PCI-61 PCI-62 */
static void
test_window(void **state)
{
	struct board_access a = { .where = 0xcfc, .width = 4 };
	struct board_target t = { 0 };
	unsigned cap;

	(void)state;
	on();
	assert_int_equal(board_pci_add(b, &blk_slot), 1);
	assert_int_equal(add_rnd(rndmem), 2);
	for (cap = 0x44; (cfg(1, cap) >> 24) != 5; cap = cfg(1, cap) >> 8 &
	    0xff)
		assert_true(cap >= 0x44);
	cfg_write(1, cap + 8, 0x12);
	cfg_write(1, cap + 12, 2);
	memset(&far, 0, sizeof(far));
	far.v = 0x77;
	assert_int_equal(cfg(1, cap + 16), 0x77);
	assert_int_equal(far.off, 0x12);
	assert_int_equal(far.width, 2);
	assert_int_equal(board_route(b, &a, &t), 1);
	assert_int_equal(t.off, 0x12);
	assert_int_equal(t.width, 2);
	cfg_write(1, cap + 16, 0x99991234);
	assert_int_equal(far.v, 0x1234);
	assert_int_equal(far.writes, 1);
	/* Lengths, offsets and BARs that there are not. */
	cfg_write(1, cap + 12, 3);
	assert_int_equal(cfg(1, cap + 16), 0);
	cfg_write(1, cap + 12, 4);
	(void)cfg(1, cap + 16);
	cfg_write(1, cap + 8, 0x1000);
	(void)cfg(1, cap + 16);
	cfg_write(1, cap + 8, 0);
	cfg_write(1, cap + 4, 1);
	(void)cfg(1, cap + 16);
	assert_int_equal(far.reads, 1);
	/* The same into a device of our own (no DEVICE capability). */
	cap = 0x44 + 3 * 24;
	assert_int_equal(cfg(2, cap) >> 24, 5);
	cfg_write(2, cap + 8, 0x12);
	cfg_write(2, cap + 12, 2);
	assert_int_equal(cfg(2, cap + 16), 1);
	assert_int_equal(board_route(b, &a, &t), 0);
}

/* vmmci: no capabilities, the block of virtio 0.9 at offset 0. */
static void
test_legacy_slot(void **state)
{
	struct board_pci p = {
		.kind = BOARD_VMMCI, .remote = { far_read, far_write, &far }
	};

	(void)state;
	on();
	assert_int_equal(board_pci_add(b, &p), 1);
	assert_true(cfg(1, 0) == 0x07770b5d);
	assert_true(cfg(1, 8) == 0x07800000);
	assert_true(cfg(1, 0x34) == 0);
	assert_true((cfg(1, 4) >> 16 & 0x10) == 0);
	memset(&far, 0, sizeof(far));
	(void)in(0x1014);
	assert_int_equal(far.off, 0x14);
	/* Who is elsewhere, or nowhere, is not asked. */
	assert_int_equal(board_command(b, 1, VIODEV_CMD_SHUTDOWN), -1);
	assert_int_equal(board_command(b, 2, VIODEV_CMD_SHUTDOWN), -1);
	assert_int_equal(board_command(b, 99, VIODEV_CMD_SHUTDOWN), -1);
}

/* What the host wants reaches the driver, once there is one. */
static void
test_command(void **state)
{
	struct board_pci p = {
		.kind = BOARD_VMMCI, .config_size = VMMCI_CONFIG_SIZE,
		.ops = &vmmci_dev,
		.mem = calloc(1, vmmci_dev.size + vmmci_dev.scratch)
	};

	(void)state;
	assert_non_null(p.mem);
	on();
	assert_int_equal(board_pci_add(b, &p), 1);
	assert_int_equal(board_command(b, 1, VIODEV_CMD_SHUTDOWN), -1);
	board_out(b, 0x1000 + 18, 1, 7);
	assert_int_equal(board_command(b, 0, VIODEV_CMD_SHUTDOWN), -1);
	assert_int_equal(board_command(b, 2, VIODEV_CMD_SHUTDOWN), -1);
	assert_int_equal(board_command(b, 32, VIODEV_CMD_SHUTDOWN), -1);
	assert_int_equal(in(0x1014), VIODEV_CMD_NONE);
	assert_int_equal(board_command(b, 1, VIODEV_CMD_SHUTDOWN), 0);
	assert_int_equal(in(0x1014), VIODEV_CMD_SHUTDOWN);
	board_detach(b);
	free(p.mem);
	on();
}

/* A device that refuses its values takes no slot. */
static void
test_refused(void **state)
{
	struct board_pci p = rnd_slot;
	uint8_t list[16];
	struct wbuf w;

	(void)state;
	on();
	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_QSIZE, 3);
	p.mem = rndmem;
	p.conf.p = list;
	p.conf.len = w.len;
	assert_int_equal(board_pci_add(b, &p), -1);
	assert_int_equal(add_rnd(rndmem), 1);
}

/* A queue of the entropy device, set up and served through ports. */
static void
test_device_life(void **state)
{
	static const struct { uint16_t off; uint8_t w; uint32_t v; } prog[] = {
		{ 0x14, 1, 1 }, { 0x14, 1, 3 }, { 0x08, 4, 1 },
		{ 0x0c, 4, 1 }, { 0x14, 1, 11 }, { 0x16, 2, 0 },
		{ 0x18, 2, 8 }, { 0x20, 4, 0x1000 }, { 0x28, 4, 0x2000 },
		{ 0x30, 4, 0x3000 }, { 0x1c, 2, 1 }, { 0x14, 1, 15 },
	};
	unsigned i;

	(void)state;
	on();
	pic_init();
	assert_int_equal(add_rnd(rndmem), 1);
	for (i = 0; i < sizeof(prog) / sizeof(prog[0]); i++)
		board_out(b, (uint16_t)(0x1000 + prog[i].off), prog[i].w,
		    prog[i].v);
	assert_int_equal(in(0x1014), 15);
	le64_put(memory + 0x1000, 0x8000);
	le32_put(memory + 0x1008, 64);
	le16_put(memory + 0x100c, 2);
	le16_put(memory + 0x2002, 1);
	board_out(b, 0x1100, 2, 0);
	assert_int_equal(memory[0x803f], 0x5a);
	assert_int_equal(le16_get(memory + 0x3002), 1);
	assert_int_equal(board_intr_ack(b), 0x33);
	assert_int_equal(in(0x1200), 1);
	out(0x20, 0x20);
	assert_int_equal(intr, 0);
	/* A kick again, as the device asks for it. */
	le16_put(memory + 0x2002, 2);
	due[(8 + 1) * 8 + 4] = now;
	pass(1);
	assert_int_equal(le16_get(memory + 0x3002), 2);
	board_timer(b, BOARD_NTIMERS);
	board_timer(b, 8 * 39);
	board_reset(b);
	assert_int_equal(in(0x1014), 0);
	assert_int_equal(intr, 0);
}

/* A device that asks for what no device of ours asks for. */
struct odd {
	struct dev	dev;
	unsigned	kicks, timers;
};

static int
odd_attach(struct dev *d, const struct devconf *c)
{
	(void)d;
	(void)c;
	return 0;
}

static void
odd_detach(struct dev *d)
{
	(void)d;
}

static void
odd_blk(struct dev *d)
{
	uint8_t buf[8];
	struct iovec iov = { buf, sizeof(buf) };
	struct blk_io io = {
		.op = BLK_WRITE, .len = sizeof(buf), .iov = &iov, .niov = 1
	};
	struct dev_host *h = &d->host;

	assert_int_equal(h->ops->blk(h->arg, &io), BLK_UNSUPP);
	io.op = BLK_READ;
	assert_int_equal(h->ops->blk(h->arg, &io), BLK_OK);
	io.off = 1U << 20;
	assert_int_equal(h->ops->blk(h->arg, &io), BLK_IOERR);
	/* From one file into the next, and over the end of the last. */
	io.off = 100 - 4;
	assert_int_equal(h->ops->blk(h->arg, &io), BLK_OK);
	assert_memory_equal(buf + 4, "\0\0\0\0", 4);
	io.off = 104 - 4;
	assert_int_equal(h->ops->blk(h->arg, &io), BLK_IOERR);
	assert_int_equal(h->ops->tx(h->arg, 0, &iov, 1, 8), 0);
	assert_int_equal(h->ops->tx(h->arg, 0, &iov, 0, 0), 0);
	h->ops->rx_ready(h->arg, 0, 1);
}

static void
odd_msg(struct dev *d, struct viodev_msg *m)
{
	struct odd *o = (struct odd *)d;
	struct dev_host *h = &d->host;

	if (m->type == VIODEV_KICK)
		o->kicks++;
	if (m->type == VIODEV_TIMER)
		o->timers++;
	if (m->type != VIODEV_WRITE)
		return;
	odd_blk(d);
	h->ops->timer(h->arg, 3, 5);
	h->ops->timer(h->arg, 4, 5);
	h->ops->untimer(h->arg, 4);
	h->ops->again(h->arg, 3);
	h->ops->again(h->arg, 4);
	h->ops->request(h->arg, HREQ_TIMESYNC, 0);
	h->ops->panic(h->arg, "no %s", "way");
}

static const struct dev_ops odd_dev = {
	.name = "odd", .size = sizeof(struct odd), .attach = odd_attach,
	.detach = odd_detach, .msg = odd_msg
};

/* Whatever a device asks for, the board answers or passes it on. */
static void
test_host_table(void **state)
{
	struct odd odd;
	struct board_pci p = {
		.kind = BOARD_VMMCI, .ops = &odd_dev, .mem = &odd
	};

	(void)state;
	on();
	assert_int_equal(board_pci_add(b, &p), 1);
	if (setjmp(panicked) == 0) {
		out(0x1000, 1);
		fail();
	}
	assert_string_equal(lastlog, "odd: no way");
	assert_int_equal(asked, 1);
	assert_int_equal(what, HREQ_TIMESYNC);
	assert_int_equal(ncon, 0);
	assert_int_equal(odd.kicks + odd.timers, 0);
	board_timer(b, (8 + 1) * 8 + 3);
	board_timer(b, (8 + 1) * 8 + 7);
	assert_int_equal(odd.timers, 1);
	assert_int_equal(odd.kicks, 1);
	assert_int_equal(due[(8 + 1) * 8 + 3], now + 5);
	assert_int_equal(due[(8 + 1) * 8 + 7], now);
	/* No thirty-third slot. */
	while (board_pci_add(b, &blk_slot) != -1)
		;
	board_detach(b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_remote),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_legacy_slot),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_device_life),
		cmocka_unit_test(test_host_table),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
