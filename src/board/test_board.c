#include "test_board.h"

static void
test_nobody(void **state)
{
	unsigned port;

	(void)state;
	on();
	for (port = 0x100; port < 0x3f8; port++) {
		assert_int_equal(in(port), 0xff);
		out(port, 0x55);
	}
	assert_int_equal(board_in(b, 0x200, 2), 0xffff);
	assert_true(board_in(b, 0x200, 4) == 0xffffffff);
	assert_true(board_in(b, 0xfffe, 4) == 0xffffffff);
	board_out(b, 0xfffe, 4, 0);
	assert_true(board_in(b, 0x1000, 4) == 0xffffffff);
	assert_true(board_mmio_read(b, 0xf0000000, 8) == UINT64_MAX);
	board_mmio_write(b, 0xf0000000, 8, 1);
	/* No keyboard controller. */
	assert_int_equal(in(0x60), 0xff);
	assert_int_equal(in(0x64), 0xff);
	assert_int_equal(logs, 0);
}

/* A chip of one byte under a wider access: bytes of the next ports. */
static void
test_widths(void **state)
{
	(void)state;
	on();
	board_out(b, 0x4d0, 2, 0xffff);
	assert_int_equal(board_in(b, 0x4d0, 2), 0xdef8);
	assert_int_equal(in(0x4d0), 0xf8);
	assert_true(board_in(b, 0x4d0, 4) == 0xffffdef8);
	board_out(b, 0x3fe, 4, 0x11225a00);
	assert_int_equal(in(0x3ff), 0x5a);
	assert_int_equal(board_in(b, 0x3ff, 2), 0xff5a);
	/* The reset port inside the address register. */
	board_out(b, 0xcf8, 4, 0x80000000U);
	assert_int_equal(in(0xcf9), 0);
	assert_int_equal(asked, 0);
	assert_true(board_in(b, 0xcf8, 4) == 0x80000000U);
	assert_true(board_in(b, 0xcf8, 2) == 0xffff);
}

/* From the timer through the interrupt controllers to the vcpu. */
static void
test_tick(void **state)
{
	unsigned i;

	(void)state;
	on();
	pic_init();
	out(0x43, 0x34);
	out(0x40, 0x9b);
	out(0x40, 0x2e);
	for (i = 0; i < 100; i++) {
		while (board_intr_pending(b)) {
			assert_int_equal(board_intr_ack(b), 0x30);
			out(0x20, 0x20);
		}
		assert_int_equal(intr, 0);
		pass(10 * SEC / 1000);
		assert_int_equal(intr, 1);
	}
	/* Masked. */
	out(0x21, 1);
	assert_int_equal(intr, 0);
	/* Nothing there: spurious. */
	assert_int_equal(board_intr_ack(b), 0x37);
}

static void
test_clock_line(void **state)
{
	(void)state;
	on();
	pic_init();
	out(0x70, 0x0a);
	out(0x71, 0x26);
	out(0x70, 0x0c);
	(void)in(0x71);
	out(0x70, 0x0b);
	out(0x71, 0x42);
	pass(SEC / 1000);
	assert_int_equal(board_intr_pending(b), 1);
	assert_int_equal(board_intr_ack(b), 0x38);
	out(0x70, 0x0c);
	assert_int_equal(in(0x71) & 0xc0, 0xc0);
	/* What firmware looks for. */
	out(0x70, 0x34);
	assert_int_equal(in(0x71), (0x8000000 - 0x1000000) >> 16 & 0xff);
	out(0x70, 0x5c);
	assert_int_equal(in(0x71), 0x10);
	out(0x70, 0x3d);
	assert_int_equal(in(0x71), 0x23);
}

static void
test_console(void **state)
{
	(void)state;
	on();
	pic_init();
	out(0x3f8, 'h');
	out(0x3f8, 'i');
	assert_int_equal(ncon, 2);
	assert_memory_equal(con, "hi", 2);
	con_busy = 1;
	out(0x3f8, '!');
	assert_int_equal(in(0x3fd) & 0x20, 0);
	con_busy = 0;
	pass(SEC);
	assert_memory_equal(con, "hi!", 3);
	/* Input, with flow control: one byte, or sixteen. */
	out(0x3f9, 1);
	assert_int_equal(board_console_input(b, "abc", 3), 1);
	assert_int_equal(con_ready, 0);
	assert_int_equal(board_console_input(b, "bc", 2), 0);
	assert_int_equal(board_intr_ack(b), 0x34);
	assert_int_equal(in(0x3f8), 'a');
	assert_int_equal(con_ready, 1);
	out(0x3fa, 1);
	assert_int_equal(board_console_input(b, "0123456789abcdefgh", 18),
	    16);
	assert_int_equal(in(0x3f8), '0');
	out(0x3fa, 3);
	board_console_break(b);
	assert_int_equal(in(0x3fd) & 0x11, 0x11);
}

static void
test_requests(void **state)
{
	(void)state;
	on();
	out(0x64, 0xfe);
	assert_int_equal(asked, 1);
	assert_int_equal(what, HREQ_REBOOT);
	out(0xcf9, 0x06);
	out(0x92, 0x03);
	assert_int_equal(asked, 3);
	assert_int_equal(in(0x92), 2);
	out(0x64, 0xd1);
	out(0x60, 0xfe);
	out(0xcf9, 0x02);
	out(0x80, 0x42);
	assert_int_equal(asked, 3);
	assert_int_equal(in(0x80), 0x42);
	assert_int_equal(in(0xcf9), 2);
	board_out(b, 0xb008, 2, 0x2000 | 4 << 10);
	assert_int_equal(asked, 3);
	board_out(b, 0xb008, 2, 0x2000 | 5 << 10);
	assert_int_equal(asked, 4);
	assert_int_equal(what, HREQ_SHUTDOWN);
	assert_int_equal(board_in(b, 0xb008, 2), 1);
	assert_int_equal(in(0x402), 0xe9);
	out(0x402, 'X');
	assert_int_equal(ndbg, 1);
	assert_int_equal(dbg[0], 'X');
}

static unsigned
file_key(const char *name, unsigned *len)
{
	uint8_t e[64];
	unsigned n, i, j;

	board_out(b, 0x510, 2, 0x19);
	for (n = i = 0; i < 4; i++)
		n = n << 8 | in(0x511);
	for (i = 0; i < n; i++) {
		for (j = 0; j < 64; j++)
			e[j] = (uint8_t)in(0x511);
		if (strcmp((char *)e + 8, name) != 0)
			continue;
		*len = (unsigned)(e[0] << 24 | e[1] << 16 | e[2] << 8 | e[3]);
		return (unsigned)(e[4] << 8 | e[5]);
	}
	return 0;
}

static void
test_files(void **state)
{
	static char names[64][16];
	static const char text[] = "/pci@i0cf8/*@2\nHALT";
	unsigned key, len, i;
	uint8_t e[100];

	(void)state;
	on();
	assert_int_equal(board_fwcfg_add(b, "bootorder", text, sizeof(text)),
	    0);
	key = file_key("bootorder", &len);
	assert_int_equal(len, sizeof(text));
	board_out(b, 0x510, 2, key);
	for (i = 0; i < len; i++)
		assert_int_equal(in(0x511), text[i]);
	assert_int_equal(in(0x511), 0);
	key = file_key("etc/screen-and-debug", &len);
	assert_int_equal(len, 4);
	key = file_key("etc/e820", &len);
	assert_int_equal(len, 100);
	board_out(b, 0x510, 2, key);
	for (i = 0; i < len; i++)
		e[i] = (uint8_t)in(0x511);
	for (i = 0; i < 5; i++) {
		assert_true(le64_get(e + 20 * i) == ranges[i].gpa);
		assert_true(le64_get(e + 20 * i + 8) == ranges[i].len);
		assert_true(le32_get(e + 20 * i + 16) == ranges[i].type);
	}
	/* Refused: taken, too long, too many. */
	assert_int_equal(board_fwcfg_add(b, "bootorder", text, 1), -1);
	assert_string_equal(lastlog, "fwcfg: a file is refused: the name is "
	    "taken");
	assert_int_equal(board_fwcfg_add(b, "a name of more than fifty-five "
	    "bytes, which is much too long", text, 1), -1);
	assert_int_equal(board_fwcfg_add(b, "", text, 1), -1);
	assert_int_equal(board_fwcfg_add(b, "big", text, 1ULL << 32), -1);
	for (i = 0; i < BOARD_MAXFILES - 3; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		assert_int_equal(board_fwcfg_add(b, names[i], text, i), 0);
	}
	assert_int_equal(board_fwcfg_add(b, "more", text, 1), -1);
	assert_int_not_equal(file_key("f28", &len), 0);
	assert_int_equal(len, 28);
}

static void
test_ranges(void **state)
{
	static struct board_range many[BOARD_MAXRANGES + 1];
	struct board_conf c = conf;

	(void)state;
	on();
	board_detach(b);
	c.range = many;
	c.nranges = BOARD_MAXRANGES + 1;
	assert_null(board_attach(bmem, &host, &now, &c));
	assert_string_equal(lastlog, "board: 17 ranges of memory are more "
	    "than 16");
	c.nranges = BOARD_MAXRANGES;
	assert_non_null(board_attach(bmem, &host, &now, &c));
}

static void
save_and_load(void)
{
	static uint8_t one[32768], two[32768];
	struct wbuf w, v;
	struct rbuf r;
	size_t i;

	wb_init(&w, one, sizeof(one));
	board_save(b, &w);
	assert_false(wb_bad(&w));
	intr = 0;
	b = board_attach(spare, &host, &now, &conf);
	assert_int_equal(add_rnd(sparernd), 1);
	assert_int_equal(board_pci_add(b, &blk_slot), 2);
	rb_init(&r, one, w.len);
	assert_int_equal(board_load(b, &r), 0);
	wb_init(&v, two, sizeof(two));
	board_save(b, &v);
	assert_int_equal(v.len, w.len);
	assert_memory_equal(one, two, w.len);
	assert_null(board_check(b));
	/* Cut anywhere it is refused; a small buffer is noticed. */
	for (i = 0; i < w.len; i += 7) {
		rb_init(&r, one, i);
		assert_int_equal(board_load(b, &r), -1);
		wb_init(&v, two, i);
		board_save(b, &v);
		assert_true(wb_bad(&v));
	}
	one[0] ^= 1;
	rb_init(&r, one, w.len);
	assert_int_equal(board_load(b, &r), -1);
	one[0] ^= 1;
	rb_init(&r, one, w.len);
	assert_int_equal(board_load(b, &r), 0);
}

static void
test_save(void **state)
{
	(void)state;
	on();
	pic_init();
	assert_int_equal(add_rnd(rndmem), 1);
	assert_int_equal(board_pci_add(b, &blk_slot), 2);
	out(0x1014, 1);
	out(0x1014, 3);
	board_irq(b, 2, 1);
	out(0x43, 0x34);
	out(0x40, 0x9b);
	out(0x40, 0x2e);
	board_pause(b);
	assert_int_equal(intr, 1);
	save_and_load();
	assert_int_equal(intr, 1);
	board_unpause(b);
	assert_int_equal(in(0x1014), 3);
	assert_int_equal(board_intr_ack(b), 0x30);
	out(0x20, 0x20);
	assert_int_equal(board_intr_ack(b), 0x35);
	board_irq(b, 2, 0);
	out(0x20, 0x20);
	assert_int_equal(intr, 0);
	pass(SEC / 50);
	assert_int_equal(intr, 1);
	board_detach(b);
	assert_int_equal(intr, 0);
}

static void
test_chips_by_name(void **state)
{
	static const char *const names[] = {
		"i8259", "i8253", "mc146818", "ns8250", "fwcfg", "pci",
		"sysport"
	};
	unsigned i;

	(void)state;
	on();
	for (i = 0; i < 7; i++)
		assert_string_equal(board_chip(b, names[i])->ops->name,
		    names[i]);
	assert_null(board_chip(b, "hpet"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_clock_line),
		cmocka_unit_test(test_console),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_save),
		cmocka_unit_test(test_chips_by_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
