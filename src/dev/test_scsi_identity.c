/* Who units are: INQUIRY, its pages, REPORT LUNS, REQUEST SENSE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now
#define TEST(f)	cmocka_unit_test_setup_teardown(f, t_setup, t_teardown)


static void
good(const char *cdb, unsigned in, unsigned len)
{
	assert_int_equal(t_cmd(t, cdb, 0, in), VIOSCSI_S_OK);
	assert_int_equal(t->status, SCSI_GOOD);
	assert_int_equal(t->used, HEAD_IN + len);
	assert_int_equal(t->residual, in - len);
}

static void
test_standard(void **state)
{
	(void)state;
	t_lun(t, CD);
	good("12 00 00 00ff", 255, 36);
	assert_memory_equal(t->data, "\x05\x80\x06\x12\x1f\0\0\x02"
	    "OpenBSD VMM CD-ROM      001 ", 36);
	t_lun(t, DISK);
	good("12 00 00 0024", 36, 36);
	assert_memory_equal(t->data, "\x00\x00\x06\x12\x1f\0\0\x02"
	    "OpenBSD VMM DISK        001 ", 36);
	good("12 00 00 0005", 36, 5);
	good("12 00 00 0000", 36, 0);
	be64_put(t->lun, 0xc101000000000000);
	good("12 00 00 0024", 36, 36);
	assert_int_equal(t->data[0], 0x1e);
	be64_put(t->lun, 0x0100c10100000000);
	good("12 00 00 0024", 36, 36);
	assert_int_equal(t->data[0], 0x1e);
}

static void
test_pages(void **state)
{
	(void)state;
	good("12 01 00 00ff", 255, 10);
	assert_memory_equal(t->data, "\0\0\0\x06\0\x80\x83\xb0\xb1\xb2", 10);
	good("12 01 80 00ff", 255, 15);
	assert_memory_equal(t->data, "\0\x80\0\x0b" "disk-serial", 15);
	good("12 01 83 00ff", 255, 4 + 28 + 11);
	assert_memory_equal(t->data, "\0\x83\0\x27\x02\x01\0\x23OpenBSD "
	    "VMM DISK        disk-serial", 43);
	good("12 01 b0 00ff", 255, 64);
	assert_int_equal(be16_get(t->data + 2), 60);
	assert_int_equal(be32_get(t->data + 8), 32768);
	assert_int_equal(be32_get(t->data + 20), SCSI_UNMAP_BLOCKS);
	assert_int_equal(be32_get(t->data + 24), SCSI_UNMAP_DESCS);
	assert_int_equal(be64_get(t->data + 36), 32768);
	good("12 01 b1 00ff", 255, 64);
	assert_int_equal(be16_get(t->data + 4), 1);
	good("12 01 b2 00ff", 255, 8);
	assert_int_equal(t->data[5], 0xe0);
	t_lun(t, CD);
	good("12 01 00 00ff", 255, 7);
	/* No serial number: nothing to tell apart. */
	good("12 01 80 00ff", 255, 4);
	good("12 01 83 00ff", 255, 4);
	assert_int_equal(t_cmd(t, "12 01 b0 00ff", 0, 255), 0);
	assert_int_equal(t->sense, T_FIELD);
	assert_int_equal(t_cmd(t, "12 00 80 00ff", 0, 255), 0);
	assert_int_equal(t->sense, T_FIELD);
}

/* A serial number of 30 bytes is the longest and is kept whole. */
static void
test_serial(void **state)
{
	struct wbuf w;

	(void)state;
	sim_stop(t->s);
	wb_init(&w, t->conf, sizeof(t->conf));
	devconf_put_int(&w, DEVCONF_UNIT, DISK);
	devconf_put_int(&w, DEVCONF_CAPACITY, 8);
	devconf_put_int(&w, DEVCONF_READONLY, 1);
	devconf_put_bytes(&w, DEVCONF_SERIAL,
	    "012345678901234567890123456789", 30);
	t_start(t, &w);
	t_up(t, 0);
	good("12 01 80 00ff", 255, 34);
	assert_memory_equal(t->data + 4, "012345678901234567890123456789",
	    30);
	/* Read-only: no limits for what cannot be done. */
	good("12 01 b0 00ff", 255, 64);
	assert_int_equal(be32_get(t->data + 20), 0);
	good("12 01 b2 00ff", 255, 8);
	assert_int_equal(t->data[5], 0);
}

static void
luns(const char *cdb, unsigned n, const uint64_t *want)
{
	unsigned i;

	good(cdb, 255, 8 + 8 * n);
	assert_int_equal(be32_get(t->data), 8 * n);
	assert_int_equal(be32_get(t->data + 4), 0);
	for (i = 0; i < n; i++)
		assert_true(be64_get(t->data + 8 + 8 * i) == want[i]);
}

static void
test_luns(void **state)
{
	static const uint64_t here[] = { 0, 0x0001000000000000 };
	static const uint64_t well[] = { 0xc101000000000000 };
	static const uint64_t both[] = {
		0, 0x0001000000000000, 0xc101000000000000
	};
	static const uint64_t far[] = { 0x412c000000000000 };
	struct wbuf w;

	(void)state;
	wb_init(&w, t->conf, sizeof(t->conf));
	w.len = t->c.len;
	devconf_put_int(&w, DEVCONF_UNIT, 0x2012c);
	sim_stop(t->s);
	t_start(t, &w);
	t_up(t, 0);
	luns("a0 00 00 000000 000000ff 00", 2, here);
	luns("a0 00 01 000000 000000ff 00", 1, well);
	luns("a0 00 02 000000 000000ff 00", 3, both);
	/* From a LUN that is not there, and from the well-known unit. */
	t_lun(t, 40);
	luns("a0 00 00 000000 000000ff 00", 2, here);
	be64_put(t->lun, 0x0100c10100000000);
	luns("a0 00 00 000000 000000ff 00", 2, here);
	be64_put(t->lun, 0x0102400000000000);
	luns("a0 00 00 000000 000000ff 00", 1, far);
	assert_int_equal(t_cmd(t, "a0 00 00 000000 0000000f 00", 0, 255), 0);
	assert_int_equal(t->sense, T_FIELD);
	assert_int_equal(t_cmd(t, "a0 00 03 000000 000000ff 00", 0, 255), 0);
	assert_int_equal(t->sense, T_FIELD);
	good("a0 00 00 000000 00000010 00", 16, 16);
}

/* The unit of the whole port: SHOULD of 5.6.6.1. */
static void
test_port_luns(void **state)
{
	static const uint64_t all[] = {
		0x0100400000000000, 0x0100400100000000
	};

	(void)state;
	be64_put(t->lun, 0xc101000000000000);
	luns("a0 00 00 000000 000000ff 00", 2, all);
	assert_int_equal(t_cmd(t, "00", 0, 0), 0);
	assert_int_equal(t->sense, 0);
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0001", 0, 512), 0);
	assert_int_equal(t->sense, T_OPCODE);
	good("03 00 0000 12", 18, 18);
	assert_int_equal(t->data[2], 0);
}

/* The most important attention first, each of them once: SPC-4, 5.14. */
static void
test_attention_order(void **state)
{
	static const uint32_t want[] = {
		T_SENSE(6, 0x29, 3), T_SENSE(6, 0x29, 7), T_SENSE(6, 0x2a, 9),
		0
	};
	unsigned i;

	(void)state;
	t_config(t, DISK, 20);
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_NEXUS_RESET, 0), 0);
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_UNIT_RESET, 0), 0);
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_UNIT_RESET, 0), 0);
	for (i = 0; i < 4; i++) {
		/* INQUIRY and REPORT LUNS do not care. */
		good("12 00 00 0024", 36, 36);
		good("a0 00 00 000000 000000ff 00", 255, 24);
		assert_int_equal(t_cmd(t, "00", 0, 0), 0);
		assert_int_equal(t->sense, want[i]);
	}
	/* Power on replaces all others; REQUEST SENSE takes it, too. */
	t_config(t, DISK, 21);
	t_up(t, 0);
	good("03 00 0000 12", 18, 18);
	assert_memory_equal(t->data, "\x70\0\x06\0\0\0\0\x0a"
	    "\0\0\0\0\x29\0", 14);
	good("03 01 0000 ff", 255, 8);
	assert_memory_equal(t->data, "\x72\0\0\0\0\0\0\0", 8);
	good("03 00 0000 04", 18, 4);
}

/* NACA is not supported: SAM-5, 5.2. */
static void
test_control_byte(void **state)
{
	(void)state;
	assert_int_equal(t_cmd(t, "00 00 00 00 00 04", 0, 0), 0);
	assert_int_equal(t->sense, T_FIELD);
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0001 04", 0, 512), 0);
	assert_int_equal(t->sense, T_FIELD);
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0001 c3", 0, 512), 0);
	assert_int_equal(t->sense, 0);
}

/* Every operation code and service action has an answer. */
static void
test_every_code(void **state)
{
	unsigned op, sa, lun, known = 0;
	char cdb[16];

	(void)state;
	for (op = 0; op < 256; op++)
		for (sa = 0; sa < 32; sa += op == 0x9e ? 1 : 31)
			for (lun = 0; lun < 3; lun++) {
				t_lun(t, lun);
				snprintf(cdb, sizeof(cdb), "%02x%02x", op, sa);
				assert_int_not_equal(t_cmd(t, cdb, 0, 255),
				    T_NONE);
				if (t->sense != T_OPCODE && lun < 2)
					known++;
			}
	assert_in_range(known, 60, 140);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_standard), TEST(test_pages), TEST(test_serial),
		TEST(test_luns), TEST(test_port_luns),
		TEST(test_attention_order), TEST(test_control_byte),
		TEST(test_every_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
