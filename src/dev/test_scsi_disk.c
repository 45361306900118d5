/* A disk: SBC-3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now
#define TEST(f)	cmocka_unit_test_setup_teardown(f, t_setup, t_teardown)


#define BASE	(8192 * 4)	/* of the disk in the memory of the simulator */

static uint32_t
sense_of(const char *cdb, unsigned out, unsigned in)
{
	assert_in_range(t_cmd(t, cdb, out, in), 0, 1);
	return t->sense;
}

static void
pattern(unsigned len, unsigned seed)
{
	unsigned i;

	for (i = 0; i < len; i++)
		t->out[HEAD_OUT + i] = (uint8_t)(i * 31 + i / 256 + seed);
}

/* Writes a block at 5 with one command, reads it with another. */
static void
pair(const char *write, const char *read, unsigned seed)
{
	uint8_t want[512];

	pattern(512, seed);
	memcpy(want, t->out + HEAD_OUT, 512);
	assert_int_equal(sense_of(write, 512, 0), 0);
	assert_int_equal(t->ncalls, 1);
	assert_int_equal(t->last.off, 5 * 512);
	assert_int_equal(t->last.unit, 1);
	assert_int_equal(t->residual, 0);
	t->ncalls = 0;
	assert_int_equal(sense_of(read, 0, 512), 0);
	assert_memory_equal(t->data, want, 512);
	assert_int_equal(t->ncalls, 1);
	t->ncalls = 0;
}

static void
test_read_write(void **state)
{
	static const char *const write[] = {
		"0a 000005 01", "2a 00 00000005 00 0001",
		"aa 00 00000005 00000001", "8a 00 0000000000000005 00000001"
	};
	static const char *const read[] = {
		"08 000005 01", "28 00 00000005 00 0001",
		"a8 00 00000005 00000001", "88 00 0000000000000005 00000001"
	};
	unsigned i, k;

	(void)state;
	for (i = 0; i < 4; i++)
		for (k = 0; k < 4; k++)
			pair(write[i], read[k], i * 4 + k);
	/* None at all is no error, except for six bytes, where 0 is 256. */
	assert_int_equal(sense_of("28 00 00000005 00 0000", 0, 0), 0);
	assert_int_equal(sense_of("2a 00 00000005 00 0000", 0, 0), 0);
	assert_int_equal(t->ncalls, 0);
	assert_int_equal(sense_of("08 000000 00", 0, 512), T_LBA);
}

static void
test_range(void **state)
{
	static const struct { const char *cdb; uint32_t sense; } c[] = {
		{ "28 00 0000001f 00 0001", 0 },
		{ "28 00 0000001f 00 0002", T_LBA },
		{ "28 00 00000020 00 0001", T_LBA },
		{ "28 00 ffffffff 00 0001", T_LBA },
		{ "28 00 ffffffff 00 0002", T_LBA },
		{ "a8 00 ffffffff ffffffff", T_LBA },
		{ "88 00 0000000100000000 00000001", T_LBA },
		{ "88 00 ffffffffffffffff 00000001", T_LBA },
		{ "88 00 ffffffffffffffff 00000002", T_LBA },
		{ "88 00 0080000000000000 00000001", T_LBA },
		{ "08 1fffff 01", T_LBA },
		{ "28 20 00000000 00 0001", T_FIELD },
		{ "2f 00 00000020 00 0001", T_LBA },
		{ "35 00 00000021 00 0000", T_LBA },
		{ "91 00 0000000000000020 00000001", T_LBA },
		{ "41 00 00000020 00 0001", T_LBA },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++)
		assert_int_equal(sense_of(c[i].cdb, 0, 512), c[i].sense);
}

/* FUA, and a cache that was switched off: SBC-3, 4.15. */
static void
test_durable(void **state)
{
	(void)state;
	assert_int_equal(sense_of("2a 00 00000000 00 0001", 512, 0), 0);
	assert_int_equal(t->last.flags, 0);
	assert_int_equal(sense_of("2a 08 00000000 00 0001", 512, 0), 0);
	assert_int_equal(t->last.flags, BLK_F_DURABLE);
	/* Byte 1 of WRITE(6) is address. */
	assert_int_equal(sense_of("0a 000000 01", 512, 0), 0);
	assert_int_equal(t->last.flags, 0);
	memset(t->out + HEAD_OUT, 0, 24);
	t->out[HEAD_OUT + 4] = 8;
	t->out[HEAD_OUT + 5] = 18;
	assert_int_equal(sense_of("15 10 00 00 18", 24, 0), 0);
	assert_int_equal(t->last.op, BLK_FLUSH);
	assert_int_equal(sense_of("2a 00 00000000 00 0001", 512, 0), 0);
	assert_int_equal(t->last.flags, BLK_F_DURABLE);
	t->ncalls = 0;
	assert_int_equal(sense_of("35", 0, 0), 0);
	assert_int_equal(t->last.op, BLK_FLUSH);
	assert_int_equal(t->ncalls, 1);
	assert_int_equal(sense_of("1b 00 00 00 00", 0, 0), 0);
	assert_int_equal(t->ncalls, 2);
	assert_int_equal(sense_of("1b 00 00 00 01", 0, 0), 0);
	assert_int_equal(sense_of("1b 00 00 00 30", 0, 0), 0);
	assert_int_equal(t->ncalls, 2);
	assert_int_equal(sense_of("1b 00 00 00 02", 0, 0), T_FIELD);
}

static void
test_verify(void **state)
{
	(void)state;
	assert_int_equal(sense_of("2f 00 00000000 00 0020", 0, 0), 0);
	assert_int_equal(t->ncalls, 0);
	memcpy(t->out + HEAD_OUT, t->s->fresh + BASE, 5120);
	assert_int_equal(sense_of("2f 02 00000000 00 000a", 5120, 0), 0);
	assert_int_equal(t->ncalls, 2);
	assert_int_equal(t->residual, 0);
	assert_int_equal(sense_of("af 02 00000000 0000000a", 5120, 0), 0);
	assert_int_equal(sense_of("8f 02 0000000000000000 0000000a", 5120, 0),
	    0);
	t->out[HEAD_OUT + 4096] ^= 1;
	assert_int_equal(sense_of("2f 02 00000000 00 000a", 5120, 0),
	    T_SENSE(0xe, 0x1d, 0));
	t->out[HEAD_OUT] ^= 1;
	assert_int_equal(sense_of("2f 02 00000000 00 000a", 5120, 0),
	    T_SENSE(0xe, 0x1d, 0));
	assert_int_equal(t->residual, 1024);
	assert_int_equal(sense_of("2f 04 00000000 00 0001", 512, 0), T_FIELD);
	assert_int_equal(sense_of("2f 06 00000000 00 0001", 512, 0), T_FIELD);
	assert_int_equal(t_cmd(t, "2f 02 00000000 00 000a", 5119, 0),
	    VIOSCSI_S_OVERRUN);
}

static void
unmap_list(unsigned n, const uint64_t (*rg)[2])
{
	uint8_t *p = t->out + HEAD_OUT;
	unsigned i;

	memset(p, 0, 8 + 16 * n);
	be16_put(p, 6 + 16 * n);
	be16_put(p + 2, 16 * n);
	for (i = 0; i < n; i++) {
		be64_put(p + 8 + 16 * i, rg[i][0]);
		be32_put(p + 16 + 16 * i, (uint32_t)rg[i][1]);
	}
}

static void
test_unmap(void **state)
{
	static const uint64_t good[2][2] = { { 2, 3 }, { 9, 0 } };
	static const uint64_t past[2][2] = { { 2, 3 }, { 31, 2 } };
	static const uint64_t wrap[1][2] = { { UINT64_MAX, 2 } };
	static const uint64_t many[2][2] = { { 0, 1 << 22 }, { 0, 1 } };
	uint64_t full[17][2];
	unsigned i;

	(void)state;
	for (i = 0; i < 17; i++)
		full[i][0] = full[i][1] = i < 16 ? 1 : 0;
	unmap_list(2, good);
	assert_int_equal(sense_of("42 00 00000000 00 0028", 40, 0), 0);
	assert_int_equal(t->ncalls, 1);
	assert_int_equal(t->last.op, BLK_DISCARD);
	assert_int_equal(t->last.off, 1024);
	assert_int_equal(t->last.len, 1536);
	/* One that is wrong, and none is carried out. */
	unmap_list(2, past);
	assert_int_equal(sense_of("42 00 00000000 00 0028", 40, 0), T_LBA);
	unmap_list(1, wrap);
	assert_int_equal(sense_of("42 00 00000000 00 0018", 24, 0), T_LBA);
	unmap_list(2, many);
	assert_int_equal(sense_of("42 00 00000000 00 0028", 40, 0),
	    T_SENSE(5, 0x26, 0));
	assert_int_equal(t->ncalls, 1);
	unmap_list(17, full);
	assert_int_equal(sense_of("42 00 00000000 00 0118", 280, 0),
	    T_SENSE(5, 0x26, 0));
	unmap_list(16, full);
	assert_int_equal(sense_of("42 00 00000000 00 0108", 264, 0), 0);
	assert_int_equal(t->ncalls, 17);
	/* Lengths that lie. */
	assert_int_equal(sense_of("42 00 00000000 00 0018", 24, 0),
	    T_SENSE(5, 0x1a, 0));
	assert_int_equal(sense_of("42 00 00000000 00 0007", 24, 0),
	    T_SENSE(5, 0x1a, 0));
	assert_int_equal(sense_of("42 00 00000000 00 0000", 0, 0), 0);
	assert_int_equal(sense_of("42 01 00000000 00 0018", 24, 0), T_FIELD);
	assert_int_equal(t_cmd(t, "42 00 00000000 00 0108", 263, 0),
	    VIOSCSI_S_OVERRUN);
	/* A hint that the medium does not take is no error. */
	t->s->fault[0] = (struct sim_fault){ .on = 1, .call = TRACE_CALL_BLK,
	    .result = 2 };
	unmap_list(1, good);
	assert_int_equal(sense_of("42 00 00000000 00 0018", 24, 0), 0);
}

static void
test_write_same(void **state)
{
	static const uint8_t zero[1024];
	unsigned i;

	(void)state;
	pattern(512, 3);
	assert_int_equal(sense_of("41 00 00000004 00 0003", 512, 0), 0);
	assert_int_equal(t->ncalls, 1);
	for (i = 4; i < 7; i++)
		assert_memory_equal(t->s->disk + BASE + 512 * i,
		    t->out + HEAD_OUT, 512);
	memset(t->out + HEAD_OUT, 0, 512);
	assert_int_equal(sense_of("41 00 00000005 00 0001", 512, 0), 0);
	assert_int_equal(t->last.op, BLK_ZERO);
	assert_int_equal(t->last.flags, 0);
	assert_int_equal(sense_of("93 09 0000000000000004 00000002", 0, 0),
	    0);
	assert_int_equal(t->last.op, BLK_ZERO);
	assert_int_equal(t->last.flags, BLK_F_UNMAP);
	assert_memory_equal(t->s->disk + BASE + 2048, zero, 1024);
	/* A medium that cannot do it gets the zeros one by one. */
	t->s->fault[0] = (struct sim_fault){ .on = 1, .call = TRACE_CALL_BLK,
	    .result = 2 };
	assert_int_equal(sense_of("93 01 0000000000000006 00000001", 0, 0),
	    0);
	assert_int_equal(t->last.op, BLK_WRITE);
	assert_memory_equal(t->s->disk + BASE + 3072, zero, 512);
	assert_int_equal(sense_of("41 00 00000004 00 0000", 512, 0), T_FIELD);
	assert_int_equal(sense_of("41 10 00000004 00 0001", 512, 0), T_FIELD);
	assert_int_equal(sense_of("41 01 00000004 00 0001", 512, 0), 0);
	assert_int_equal(t_cmd(t, "41 00 00000004 00 0001", 511, 0),
	    VIOSCSI_S_OVERRUN);
}

static void
test_capacity(void **state)
{
	(void)state;
	assert_int_equal(sense_of("25", 0, 8), 0);
	assert_int_equal(be32_get(t->data), 31);
	assert_int_equal(be32_get(t->data + 4), 512);
	assert_int_equal(sense_of("9e 10 0000000000000000 00000020", 0, 32),
	    0);
	assert_int_equal(be64_get(t->data), 31);
	assert_int_equal(be32_get(t->data + 8), 512);
	assert_int_equal(t->data[13], 3);
	assert_int_equal(t->data[14], 0x80);
	assert_int_equal(sense_of("9e 10 0000000000000000 0000000c", 0, 32),
	    0);
	assert_int_equal(t->used, HEAD_IN + 12);
	assert_int_equal(sense_of("25 00 00000001", 0, 8), T_FIELD);
	assert_int_equal(sense_of("25 00 00000001 0000 01", 0, 8), 0);
	assert_int_equal(sense_of("9e 10 0000000000000001 00000020", 0, 32),
	    T_FIELD);
	assert_int_equal(sense_of("9e 10 0000000000000001 00000020 01", 0, 32),
	    0);
	assert_int_equal(sense_of("9e 11 0000000000000000 00000020", 0, 32),
	    T_OPCODE);
}

static void
test_read_only(void **state)
{
	static const char *const cdb[] = {
		"0a 000005 01", "2a 00 00000005 00 0001",
		"aa 00 00000005 00000001", "8a 00 0000000000000005 00000001",
		"41 00 00000005 00 0001", "93 00 0000000000000005 00000001",
		"42 00 00000000 00 0018"
	};
	struct wbuf w;
	unsigned i;

	(void)state;
	sim_stop(t->s);
	wb_init(&w, t->conf, sizeof(t->conf));
	devconf_put_int(&w, DEVCONF_UNIT, DISK);
	devconf_put_int(&w, DEVCONF_CAPACITY, 20);
	devconf_put_int(&w, DEVCONF_READONLY, 1);
	t_start(t, &w);
	t_up(t, 0);
	(void)t_cmd(t, "00", 0, 0);
	for (i = 0; i < sizeof(cdb) / sizeof(cdb[0]); i++)
		assert_int_equal(sense_of(cdb[i], 512, 0),
		    T_SENSE(7, 0x27, 0));
	assert_int_equal(sense_of("1a 08 3f 00 ff", 0, 255), 0);
	assert_int_equal(t->data[2], 0x90);
}

/* A capacity that is no multiple of the block: the rest is not there. */
static void
test_blocks(void **state)
{
	struct wbuf w;

	(void)state;
	sim_stop(t->s);
	wb_init(&w, t->conf, sizeof(t->conf));
	devconf_put_int(&w, DEVCONF_UNIT, DISK);
	devconf_put_int(&w, DEVCONF_CAPACITY, 23);
	devconf_put_int(&w, DEVCONF_BLKSIZE, 4096);
	t_start(t, &w);
	t_up(t, 0);
	(void)t_cmd(t, "00", 0, 0);
	assert_int_equal(sense_of("25", 0, 8), 0);
	assert_int_equal(be32_get(t->data), 1);
	assert_int_equal(be32_get(t->data + 4), 4096);
	assert_int_equal(sense_of("28 00 00000001 00 0001", 0, 4096), 0);
	assert_memory_equal(t->data, t->s->fresh + 4096, 4096);
	assert_int_equal(sense_of("28 00 00000002 00 0001", 0, 4096), T_LBA);
	t_config(t, DISK, 7);
	(void)t_cmd(t, "00", 0, 0);
	assert_int_equal(sense_of("28 00 00000000 00 0001", 0, 4096),
	    T_SENSE(2, 0x3a, 0));
	assert_int_equal(sense_of("00", 0, 0), T_SENSE(2, 0x3a, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_write), TEST(test_range), TEST(test_durable),
		TEST(test_verify), TEST(test_unmap), TEST(test_write_same),
		TEST(test_capacity), TEST(test_read_only), TEST(test_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
