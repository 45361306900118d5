/* A CD drive: MMC-6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now


#define EVENT	"4a 01 0000 10 0000 0008"

static uint32_t
sense_of(const char *cdb, unsigned in)
{
	assert_in_range(t_cmd(t, cdb, 0, in), 0, 1);
	return t->sense;
}

static void
is(const char *cdb, const char *want, unsigned len)
{
	assert_int_equal(sense_of(cdb, 255), 0);
	assert_int_equal(t->used, HEAD_IN + len);
	assert_memory_equal(t->data, want, len);
}

static int
setup(void **state)
{
	t_setup(state);
	t_lun(t, CD);
	return 0;
}

/* Blocks of 2,048 bytes; the last one is filled up with zeros. */
static void
test_read(void **state)
{
	static const uint8_t zero[1024];

	(void)state;
	assert_int_equal(sense_of("25", 8), 0);
	assert_int_equal(be32_get(t->data), 5);
	assert_int_equal(be32_get(t->data + 4), 2048);
	assert_int_equal(sense_of("28 00 00000004 00 0002", 4096), 0);
	assert_int_equal(t->last.off, 8192);
	assert_int_equal(t->last.len, 3072);
	assert_memory_equal(t->data, t->s->fresh + 8192, 3072);
	assert_memory_equal(t->data + 3072, zero, 1024);
	assert_int_equal(t->residual, 0);
	assert_int_equal(sense_of("08 000005 01", 2048), 0);
	assert_int_equal(sense_of("a8 00 00000005 00000001", 2048), 0);
	assert_int_equal(sense_of("88 00 0000000000000005 00000001", 2048),
	    0);
	assert_int_equal(sense_of("28 00 00000006 00 0001", 2048), T_LBA);
	assert_int_equal(sense_of("28 00 00000005 00 0002", 4096), T_LBA);
	assert_int_equal(sense_of("2a 00 00000000 00 0001", 0), T_OPCODE);
	assert_int_equal(sense_of("9e 10 0000000000000000 00000020", 32), 0);
	assert_int_equal(be64_get(t->data), 5);
	assert_int_equal(t->data[14], 0);
}

static void
test_toc(void **state)
{
	(void)state;
	is("43 00 00 000000 00 00ff", "\0\x12\1\1\0\x14\1\0\0\0\0\0"
	    "\0\x14\xaa\0\0\0\0\x06", 20);
	is("43 00 00 000000 01 00ff", "\0\x12\1\1\0\x14\1\0\0\0\0\0"
	    "\0\x14\xaa\0\0\0\0\x06", 20);
	is("43 02 00 000000 aa 00ff", "\0\x0a\1\1\0\x14\xaa\0\0\0\2\x06", 12);
	is("43 02 01 000000 00 00ff", "\0\x0a\1\1\0\x14\1\0\0\0\2\0", 12);
	/* The format where ATAPI had it. */
	is("43 00 00 000000 00 00ff 40", "\0\x0a\1\1\0\x14\1\0\0\0\0\0", 12);
	is("43 00 00 000000 00 0004", "\0\x12\1\1", 4);
	assert_int_equal(sense_of("43 00 00 000000 02 00ff", 255), T_FIELD);
	assert_int_equal(sense_of("43 00 02 000000 00 00ff", 255), T_FIELD);
	assert_int_equal(sense_of("43 00 00 000000 00 00ff 80", 255),
	    T_FIELD);
}

static void
test_configuration(void **state)
{
	(void)state;
	assert_int_equal(sense_of("46 00 0000 000000 00ff", 255), 0);
	assert_int_equal(t->used, HEAD_IN + 76);
	assert_int_equal(be32_get(t->data), 72);
	assert_int_equal(be16_get(t->data + 6), 8);
	/* What is current with a CD in the drive: not reading DVDs. */
	assert_int_equal(sense_of("46 01 0000 000000 00ff", 255), 0);
	assert_int_equal(t->used, HEAD_IN + 68);
	is("46 02 0010 000000 00ff", "\0\0\0\x10\0\0\0\x08"
	    "\0\x10\x01\x08\0\0\x08\0\0\x10\0\0", 20);
	is("46 02 0004 000000 00ff", "\0\0\0\x04\0\0\0\x08", 8);
	is("46 00 001f 000000 00ff", "\0\0\0\x0c\0\0\0\x08"
	    "\0\x1f\x08\x04\0\0\0\0", 16);
	assert_int_equal(sense_of("46 03 0000 000000 00ff", 255), T_FIELD);
	t_config(t, CD, 0);
	is("46 01 0010 000000 00ff", "\0\0\0\x04\0\0\0\0", 8);
}

static void
test_disc(void **state)
{
	(void)state;
	is("51 00 0000000000 0022", "\0\x20\x0e\1\1\1\1\x20\0\0\0\0\0\0\0\0"
	    "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0", 34);
	assert_int_equal(sense_of("51 01 0000000000 0022", 34), T_FIELD);
	is("bd 00 000000000000 0008", "\0\0\0\0\0\0\0\0", 8);
}

/* Lock and eject, and what each of them says: MMC-6, 6.18, 6.42. */
static void
test_tray(void **state)
{
	(void)state;
	is(EVENT, "\0\x06\x04\x10\0\x02\0\0", 8);
	assert_int_equal(sense_of("1e 00 00 00 01", 0), 0);
	assert_int_equal(sense_of("1b 00 00 00 02", 0),
	    T_SENSE(5, 0x53, 2));
	assert_int_equal(sense_of("5a 08 2a 00000000 00ff", 255), 0);
	assert_int_equal(t->data[8 + 6], 0x2b);
	assert_int_equal(sense_of("1e 00 00 00 00", 0), 0);
	assert_int_equal(sense_of("1e 00 00 00 02", 0), T_FIELD);
	assert_int_equal(sense_of("1b 00 00 00 02", 0), 0);
	is(EVENT, "\0\x06\x04\x10\x03\x01\0\0", 8);
	is(EVENT, "\0\x06\x04\x10\0\x01\0\0", 8);
	is("bd 00 000000000000 0008", "\0\x10\0\0\0\0\0\0", 8);
	assert_int_equal(sense_of("28 00 00000000 00 0001", 2048),
	    T_SENSE(2, 0x3a, 2));
	assert_int_equal(sense_of("00", 0), T_SENSE(2, 0x3a, 2));
	assert_int_equal(sense_of("43 00 00 000000 00 00ff", 255),
	    T_SENSE(2, 0x3a, 2));
	assert_int_equal(sense_of("1b 00 00 00 02", 0), 0);
	assert_int_equal(sense_of("1b 00 00 00 03", 0), 0);
	assert_int_equal(sense_of("00", 0), T_SENSE(6, 0x28, 0));
	assert_int_equal(sense_of("00", 0), 0);
	is(EVENT, "\0\x06\x04\x10\x02\x02\0\0", 8);
	/* Stop and start without the tray. */
	assert_int_equal(sense_of("1b 00 00 00 00", 0), 0);
	assert_int_equal(sense_of("1b 00 00 00 01", 0), 0);
	assert_int_equal(sense_of("00", 0), 0);
}

static void
test_events(void **state)
{
	(void)state;
	assert_int_equal(sense_of("4a 00 0000 10 0000 0008", 8), T_FIELD);
	is("4a 01 0000 02 0000 0008", "\0\x02\x80\x10", 4);
	/* Told in part is not told. */
	t_config(t, CD, 8);
	is("4a 01 0000 10 0000 0004", "\0\x06\x04\x10", 4);
	assert_int_equal(t_cmd(t, EVENT, 0, 7), VIOSCSI_S_OVERRUN);
	is(EVENT, "\0\x06\x04\x10\x02\x02\0\0", 8);
}

/* The host takes the medium and brings others, locked or not. */
static void
test_medium(void **state)
{
	(void)state;
	assert_int_equal(sense_of("1e 00 00 00 01", 0), 0);
	t_config(t, CD, 0);
	assert_int_equal(sense_of("00", 0), T_SENSE(2, 0x3a, 2));
	is(EVENT, "\0\x06\x04\x10\x03\x01\0\0", 8);
	/* The tray goes in, and there is nothing on it. */
	assert_int_equal(sense_of("1b 00 00 00 03", 0), 0);
	assert_int_equal(sense_of("00", 0), T_SENSE(2, 0x3a, 0));
	is(EVENT, "\0\x06\x04\x10\0\0\0\0", 8);
	t_config(t, CD, 4);
	is(EVENT, "\0\x06\x04\x10\x02\x02\0\0", 8);
	assert_int_equal(sense_of("25", 8), T_SENSE(6, 0x28, 0));
	assert_int_equal(sense_of("25", 8), 0);
	assert_int_equal(be32_get(t->data), 0);
	/* One for another, at once; then gone before anybody asked. */
	t_config(t, CD, 8);
	assert_int_equal(sense_of("25", 8), T_SENSE(6, 0x28, 0));
	t_config(t, CD, 12);
	t_config(t, CD, 0);
	assert_int_equal(sense_of("00", 0), T_SENSE(2, 0x3a, 2));
}

#define ON_DRIVE(f)	cmocka_unit_test_setup_teardown(f, setup, t_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DRIVE(test_read), ON_DRIVE(test_toc),
		ON_DRIVE(test_configuration), ON_DRIVE(test_disc),
		ON_DRIVE(test_tray), ON_DRIVE(test_events),
		ON_DRIVE(test_medium),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
