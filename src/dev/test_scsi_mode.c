/* Mode pages: SPC-4, 6.9 to 6.11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now
#define TEST(f)	cmocka_unit_test_setup_teardown(f, t_setup, t_teardown)


static const uint8_t cache[20] = { 8, 18, 4 };
static const uint8_t control[12] = {
	10, 10, 0, 0x10, 0, 0, 0, 0, 0xff, 0xff
};

static uint32_t
sense_of(const char *cdb, unsigned out, unsigned in)
{
	assert_in_range(t_cmd(t, cdb, out, in), 0, 1);
	return t->sense;
}

static void
test_sense_disk(void **state)
{
	(void)state;
	assert_int_equal(sense_of("1a 08 3f 00 ff", 0, 255), 0);
	assert_int_equal(t->used, HEAD_IN + 48);
	assert_memory_equal(t->data, "\x2f\0\x10\0\x01\x0a\0\x05", 8);
	assert_memory_equal(t->data + 16, cache, 20);
	assert_memory_equal(t->data + 36, control, 12);
	/* With the descriptor: blocks and their size. */
	assert_int_equal(sense_of("5a 00 0a 00000000 00ff", 0, 255), 0);
	assert_memory_equal(t->data, "\0\x1a\0\x10\0\0\0\x08", 8);
	assert_int_equal(be32_get(t->data + 8), 32);
	assert_int_equal(be32_get(t->data + 12), 512);
	assert_memory_equal(t->data + 16, control, 12);
	/* What can be changed; as after a reset; what was saved. */
	assert_int_equal(sense_of("1a 08 48 00 ff", 0, 255), 0);
	assert_memory_equal(t->data + 4, "\x08\x12\x04\0", 4);
	assert_int_equal(sense_of("1a 08 88 00 ff", 0, 255), 0);
	assert_memory_equal(t->data + 4, cache, 20);
	assert_int_equal(sense_of("1a 08 c8 00 ff", 0, 255),
	    T_SENSE(5, 0x39, 0));
	assert_int_equal(sense_of("1a 08 2a 00 ff", 0, 255), T_FIELD);
	assert_int_equal(sense_of("1a 08 08 01 ff", 0, 255), T_FIELD);
	assert_int_equal(sense_of("1a 08 3f 01 ff", 0, 255), T_FIELD);
	assert_int_equal(sense_of("1a 08 3f ff ff", 0, 255), 0);
	assert_int_equal(sense_of("1a 08 3f 00 04", 0, 255), 0);
	assert_int_equal(t->used, HEAD_IN + 4);
}

static void
test_sense_cd(void **state)
{
	(void)state;
	t_lun(t, CD);
	assert_int_equal(sense_of("5a 00 3f 00000000 00ff", 0, 255), 0);
	assert_int_equal(t->used, HEAD_IN + 8 + 12 + 12 + 32);
	assert_memory_equal(t->data, "\0\x3e\0\0\0\0\0\0", 8);
	assert_memory_equal(t->data + 32, "\x2a\x1e\x0b\0\0\0\x29", 7);
	assert_int_equal(sense_of("1a 08 08 00 ff", 0, 255), T_FIELD);
	assert_int_equal(sense_of("1a 08 2a 00 ff", 0, 255), 0);
	assert_int_equal(t->used, HEAD_IN + 36);
}

/* A list of header, descriptor and page of len bytes; its length. */
static unsigned
list(unsigned head, const uint8_t *page, unsigned len)
{
	memset(t->out + HEAD_OUT, 0, 64);
	memcpy(t->out + HEAD_OUT + head, page, len);
	return head + len;
}

static uint32_t
select6(unsigned len)
{
	char cdb[32];

	snprintf(cdb, sizeof(cdb), "15 10 00 00 %02x", len);
	return sense_of(cdb, len, 0);
}

static void
test_d_sense(void **state)
{
	uint8_t p[12];

	(void)state;
	memcpy(p, control, 12);
	p[2] = 4;
	assert_int_equal(select6(list(4, p, 12)), 0);
	assert_int_equal(sense_of("ff", 0, 0), T_OPCODE);
	assert_int_equal(t->senselen, 8);
	assert_int_equal(t->in[12], 0x72);
	assert_int_equal(sense_of("1a 08 0a 00 ff", 0, 255), 0);
	assert_int_equal(t->data[6], 4);
	/* The other unit has its own. */
	t_lun(t, CD);
	assert_int_equal(sense_of("ff", 0, 0), T_OPCODE);
	assert_int_equal(t->senselen, 18);
	/* A reset of the unit ends it. */
	t_lun(t, DISK);
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_UNIT_RESET, 0), 0);
	assert_int_equal(sense_of("ff", 0, 0), T_SENSE(6, 0x29, 3));
	assert_int_equal(t->senselen, 18);
}

static void
test_cache(void **state)
{
	uint8_t p[20];

	(void)state;
	memcpy(p, cache, 20);
	p[2] = 0;
	list(8, p, 20);
	assert_int_equal(sense_of("55 10 0000000000 001c", 28, 0), 0);
	assert_int_equal(t->last.op, BLK_FLUSH);
	assert_int_equal(sense_of("1a 08 08 00 ff", 0, 255), 0);
	assert_int_equal(t->data[6], 0);
	p[2] = 4;
	t->ncalls = 0;
	assert_int_equal(select6(list(4, p, 20)), 0);
	assert_int_equal(t->ncalls, 0);
	/* The flush fails: the cache stays on. */
	t->s->fault[0] = (struct sim_fault){ .on = 1, .call = TRACE_CALL_BLK };
	p[2] = 0;
	assert_int_equal(select6(list(4, p, 20)), T_SENSE(3, 0x0c, 0));
	assert_int_equal(sense_of("1a 08 08 00 ff", 0, 255), 0);
	assert_int_equal(t->data[6], 4);
}

/* A page in which nothing can be changed is taken as it is. */
static void
test_unchanged(void **state)
{
	static const uint8_t errors[12] = { 1, 10, 0, 5 };

	(void)state;
	assert_int_equal(select6(list(4, errors, 12)), 0);
	assert_int_equal(t->residual, 0);
	t_lun(t, CD);
	assert_int_equal(select6(list(4, errors, 12)), 0);
}

/* Nothing changes unless all is right: each wrong byte of a page in turn. */
static void
test_wrong_bytes(void **state)
{
	uint8_t p[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 20; i++) {
		memcpy(p, cache, 20);
		memcpy(p + 20, control, 12);
		p[22] = 4;
		p[i] ^= 0x20;
		assert_int_equal(select6(list(4, p, 32)),
		    T_SENSE(5, 0x26, 0));
	}
	assert_int_equal(sense_of("ff", 0, 0), T_OPCODE);
	assert_int_equal(t->senselen, 18);
}

static void
test_wrong_lists(void **state)
{
	static const uint8_t none[12];
	unsigned i;

	(void)state;
	assert_int_equal(select6(0), 0);
	for (i = 1; i < 4; i++)
		assert_int_equal(select6(i), T_SENSE(5, 0x1a, 0));
	assert_int_equal(select6(list(4, none, 0)), 0);
	for (i = 1; i < 20; i++)
		assert_int_equal(select6(list(4, cache, i)),
		    T_SENSE(5, 0x1a, 0));
	list(4, cache, 20);
	assert_int_equal(sense_of("15 11 00 00 18", 24, 0), T_FIELD);
	assert_int_equal(sense_of("15 00 00 00 18", 24, 0), T_FIELD);
	assert_int_equal(t_cmd(t, "15 10 00 00 18", 23, 0),
	    VIOSCSI_S_OVERRUN);
	assert_int_equal(sense_of("55 10 0000000000 0101", 300, 0),
	    T_SENSE(5, 0x1a, 0));
	/* Block descriptors: the size that is, no other, none of a CD. */
	list(4, none, 8);
	t->out[HEAD_OUT + 3] = 8;
	t->out[HEAD_OUT + 10] = 2;
	assert_int_equal(select6(12), 0);
	t->out[HEAD_OUT + 7] = 32;
	assert_int_equal(select6(12), 0);
	t->out[HEAD_OUT + 7] = 31;
	assert_int_equal(select6(12), T_SENSE(5, 0x26, 0));
	t->out[HEAD_OUT + 7] = 0;
	t->out[HEAD_OUT + 10] = 4;
	assert_int_equal(select6(12), T_SENSE(5, 0x26, 0));
	assert_int_equal(select6(11), T_SENSE(5, 0x1a, 0));
	t->out[HEAD_OUT + 3] = 16;
	assert_int_equal(select6(20), T_SENSE(5, 0x26, 0));
	t->out[HEAD_OUT + 3] = 8;
	t->out[HEAD_OUT + 10] = 8;
	t_lun(t, CD);
	assert_int_equal(select6(12), T_SENSE(5, 0x26, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sense_disk), TEST(test_sense_cd),
		TEST(test_d_sense), TEST(test_cache), TEST(test_unchanged),
		TEST(test_wrong_bytes), TEST(test_wrong_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
