/* A request on its way: sizes, addresses, responses.  virtio 1.3, 5.6.6.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now

/* req: SCSI-12 SCSI-13 SCSI-14 SCSI-28 DRV-152 */
static void
test_ok(void **state)
{
	(void)state;
	/* Straight after DRIVER_OK, without a scan. */
	assert_int_equal(t_cmd(t, "00", 0, 0), VIOSCSI_S_OK);
	assert_int_equal(t->status, SCSI_GOOD);
	assert_int_equal(t->senselen, 0);
	assert_int_equal(t->residual, 0);
	assert_int_equal(t->used, HEAD_IN);
	assert_int_equal(t_cmd(t, "ff", 0, 0), VIOSCSI_S_OK);
	assert_int_equal(t->status, SCSI_CHECK);
	assert_int_equal(t->senselen, 18);
	assert_int_equal(t->sense, T_OPCODE);
	assert_int_equal(t->used, HEAD_IN);
	assert_int_equal(t->in[HEAD_IN], 0xee);
	assert_int_equal(t_cmd(t, "12 00 00 0024", 0, 100), VIOSCSI_S_OK);
	assert_int_equal(t->used, HEAD_IN + 36);
	assert_int_equal(t->residual, 64);
	assert_int_equal(t->in[HEAD_IN + 36], 0xee);
}

/*
 * Each length of a request: what is short gets FAILURE, or nothing where that
 * has no room.
 */
/* req: SCSI-23 DRV-157 DRV-158 */
static void
test_short(void **state)
{
	unsigned n;
	int r;

	(void)state;
	for (n = 1; n <= HEAD_OUT; n++) {
		t_cdb(t, "00");
		r = t_send(t, n, HEAD_IN);
		assert_int_equal(r, n < HEAD_OUT ? VIOSCSI_S_FAILURE :
		    VIOSCSI_S_OK);
		assert_int_equal(t->used, HEAD_IN);
	}
	for (n = 0; n <= HEAD_IN; n++) {
		t_cdb(t, "00");
		r = t_send(t, HEAD_OUT, n);
		assert_int_equal(r, n < 12 ? T_NONE : n < HEAD_IN ?
		    VIOSCSI_S_FAILURE : VIOSCSI_S_OK);
		assert_int_equal(t->used, n < 12 ? 0 : n < HEAD_IN ? 12 : n);
		assert_int_equal(t->in[n], 0xee);
	}
	assert_int_equal(t_send(t, 0, HEAD_IN), VIOSCSI_S_FAILURE);
	assert_int_equal(t->ncalls, 0);
}

/* req: SCSI-24 */
static void
test_both_ways(void **state)
{
	(void)state;
	assert_int_equal(t_cmd(t, "2a 00 00000000 00 0001", 512, 512),
	    VIOSCSI_S_FAILURE);
	assert_int_equal(t->residual, 1024);
	assert_int_equal(t->ncalls, 0);
	assert_int_equal(t_cmd(t, "12 00 00 0024", 1, 36),
	    VIOSCSI_S_FAILURE);
	assert_int_equal(t->residual, 37);
}

static int
address(uint64_t v)
{
	be64_put(t->lun, v);
	return t_cmd(t, "00", 0, 0);
}

/* req: SCSI-17 DRV-156 */
static void
test_bad_target(void **state)
{
	static const uint64_t bad[] = {
		0, 0x0001400000000000, 0x0201400000000000, 0x0101400000000000,
		0x01ff400000000000, 0x0100400000000001, 0x0100400001000000,
		0x0100800000000000, 0x0100c10000000000, 0x0100c10200000000,
		0x0100010000000000, 0x01003f0000000000, 0xc100000000000000,
		0xc102000000000000, 0xc101000000000001, 0xc101010000000000,
		0xc101000100000000, 0xffffffffffffffff
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(address(bad[i]), VIOSCSI_S_BAD_TARGET);
		assert_int_equal(t->used, HEAD_IN);
		assert_int_equal(t->status, 0);
	}
	/* Nothing was executed: data and its place are untouched. */
	t->lun[1] = 3;
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0001", 0, 512),
	    VIOSCSI_S_BAD_TARGET);
	assert_int_equal(t->residual, 512);
	assert_int_equal(t->in[HEAD_IN], 0xee);
	assert_int_equal(t->ncalls, 0);
}

/*
 * Peripheral and flat forms name the same unit: Linux, OpenBSD and SeaBIOS
 * use the flat one.
 */
static void
test_forms(void **state)
{
	(void)state;
	assert_int_equal(address(0x0100400100000000), VIOSCSI_S_OK);
	assert_int_equal(t->status, SCSI_GOOD);
	assert_int_equal(address(0x0100000100000000), VIOSCSI_S_OK);
	assert_int_equal(t->status, SCSI_GOOD);
	/* A target that is there, a LUN that is not: SPC-4, 6.6.1. */
	assert_int_equal(address(0x0100400500000000), VIOSCSI_S_OK);
	assert_int_equal(t->sense, T_SENSE(5, 0x25, 0));
	assert_int_equal(t_cmd(t, "12 00 00 0024", 0, 36), VIOSCSI_S_OK);
	assert_int_equal(t->status, SCSI_GOOD);
	assert_int_equal(t->data[0], 0x7f);
	assert_int_equal(t_cmd(t, "03 00 0000 12", 0, 18), VIOSCSI_S_OK);
	assert_int_equal(t->data[2], 5);
	assert_int_equal(t->data[12], 0x25);
	assert_int_equal(t_cmd(t, "12 01 00 0024", 0, 36), VIOSCSI_S_OK);
	assert_int_equal(t->sense, T_FIELD);
}

/* Odd attributes, priorities and reference numbers. */
/* req: DRV-153 */
static void
test_attributes(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 256; i++) {
		t_cdb(t, "28 00 00000002 00 0001");
		t->out[16] = (uint8_t)i;
		t->out[17] = (uint8_t)(i * 7);
		t->out[18] = (uint8_t)~i;
		assert_int_equal(t_send(t, HEAD_OUT, HEAD_IN + 512),
		    VIOSCSI_S_OK);
		assert_int_equal(t->status, SCSI_GOOD);
		assert_memory_equal(t->data, t->s->fresh + 8192 * 4 + 1024,
		    512);
	}
}

/* req: SCSI-15 DRV-159 */
static void
test_overrun(void **state)
{
	(void)state;
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0002", 0, 1023),
	    VIOSCSI_S_OVERRUN);
	assert_int_equal(t->residual, 1023);
	assert_int_equal(t->used, HEAD_IN);
	assert_int_equal(t_cmd(t, "2a 00 00000000 00 0002", 1023, 0),
	    VIOSCSI_S_OVERRUN);
	assert_int_equal(t->residual, 1023);
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0001", 512, 0),
	    VIOSCSI_S_OVERRUN);
	assert_int_equal(t->ncalls, 0);
	/* Made-up data: what fits; an allocation length alone is no demand. */
	assert_int_equal(t_cmd(t, "12 00 00 0024", 0, 10),
	    VIOSCSI_S_OVERRUN);
	assert_int_equal(t->residual, 0);
	assert_int_equal(t->used, HEAD_IN + 10);
	assert_int_equal(t_cmd(t, "12 00 00 00ff", 0, 36), VIOSCSI_S_OK);
	/* Room that is too big is left over. */
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0001", 0, 700),
	    VIOSCSI_S_OK);
	assert_int_equal(t->residual, 188);
	assert_int_equal(t_cmd(t, "2a 00 00000000 00 0001", 700, 0),
	    VIOSCSI_S_OK);
	assert_int_equal(t->residual, 188);
	assert_int_equal(t_cmd(t, "00", 100, 0), VIOSCSI_S_OK);
	assert_int_equal(t->residual, 100);
}

/*
 * What the medium says is sense data, never one of the responses that tell of
 * a broken path or a broken target: there is none that could break.
 */
/* req: SCSI-19 SCSI-20 SCSI-21 SCSI-22 */
static void
test_medium_fails(void **state)
{
	static const uint32_t write[] = {
		T_SENSE(3, 0x0c, 0), T_SENSE(7, 0x27, 7), T_OPCODE
	};
	struct sim_fault f = { .on = 1, .call = TRACE_CALL_BLK };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		f.result = (uint8_t)i;
		t->s->fault[0] = f;
		assert_int_equal(t_cmd(t, "28 00 00000000 00 0002", 0, 1024),
		    VIOSCSI_S_OK);
		assert_int_equal(t->sense, T_SENSE(3, 0x11, 0));
		assert_int_equal(t->residual, 1024);
		/* Nobody knows what lies there: it was cleared, and counts. */
		assert_int_equal(t->used, HEAD_IN + 1024);
		assert_int_equal(t->data[0] | t->data[1023], 0);
		t->s->fault[0] = f;
		assert_int_equal(t_cmd(t, "2a 00 00000000 00 0001", 512, 0),
		    VIOSCSI_S_OK);
		assert_int_equal(t->sense, write[i]);
		assert_int_equal(t->residual, 512);
	}
}

static void
set_size(unsigned field, uint64_t v, unsigned width)
{
	sim_write(t->s, VIODEV_DEVICE, field, width, v);
}

static uint32_t
size_of(unsigned field)
{
	return (uint32_t)sim_read(t->s, VIODEV_DEVICE, field, 4);
}

/* req: SCSI-02 SCSI-03 SCSI-07 DRV-149 */
static void
test_sizes(void **state)
{
	static const struct { uint32_t in, sense, cdb; } v[] = {
		{ 0, 0, 1 }, { 1, 1, 1 }, { 18, 18, 18 }, { 252, 252, 252 },
		{ 253, 252, 253 }, { 255, 252, 255 }, { 256, 252, 255 },
		{ 0xffffffff, 252, 255 }
	};
	unsigned i;

	(void)state;
	assert_int_equal(size_of(VIOSCSI_C_SENSE_SIZE), 96);
	assert_int_equal(size_of(VIOSCSI_C_CDB_SIZE), 32);
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		set_size(VIOSCSI_C_SENSE_SIZE, v[i].in, 4);
		set_size(VIOSCSI_C_CDB_SIZE, v[i].in, 4);
		assert_int_equal(size_of(VIOSCSI_C_SENSE_SIZE), v[i].sense);
		assert_int_equal(size_of(VIOSCSI_C_CDB_SIZE), v[i].cdb);
		t_cdb(t, "ff");
		assert_int_equal(t_send(t, 19 + v[i].cdb, 12 + v[i].sense),
		    VIOSCSI_S_OK);
		assert_int_equal(t->used, 12 + v[i].sense);
		assert_int_equal(t->senselen, v[i].sense < 18 ? v[i].sense :
		    18);
		assert_int_equal(t->in[12 + v[i].sense], 0xee);
	}
	/* Other widths change nothing. */
	set_size(VIOSCSI_C_SENSE_SIZE, 7, 2);
	set_size(VIOSCSI_C_SENSE_SIZE, 7, 1);
	set_size(VIOSCSI_C_SENSE_SIZE, 7, 8);
	assert_int_equal(size_of(VIOSCSI_C_SENSE_SIZE), 252);
	t_up(t, 0);
	assert_int_equal(size_of(VIOSCSI_C_SENSE_SIZE), 96);
	assert_int_equal(size_of(VIOSCSI_C_CDB_SIZE), 32);
}

/* A command that cdb_size cuts off is refused, not guessed. */
static void
test_cut_command(void **state)
{
	(void)state;
	set_size(VIOSCSI_C_CDB_SIZE, 6, 4);
	t_cdb(t, "28 00 00000000 00 0001");
	assert_int_equal(t_send(t, 25, HEAD_IN + 512), VIOSCSI_S_OK);
	assert_int_equal(t->sense, T_FIELD);
	t_cdb(t, "08 000000 01");
	assert_int_equal(t_send(t, 25, HEAD_IN + 512), VIOSCSI_S_OK);
	assert_int_equal(t->status, SCSI_GOOD);
}

/* Answers are the same wherever segments begin and end. */
static void
test_segments(void **state)
{
	static const unsigned cuts[] = { 1, 11, 12, 13, 107, 108, 109, 300 };
	struct guest_ring *r;
	uint8_t first[HEAD_IN + 512];
	unsigned i;

	(void)state;
	assert_int_equal(t_cmd(t, "28 00 00000003 00 0001", 0, 512), 0);
	memcpy(first, t->in, sizeof(first));
	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		t_offer(t, t->q, 0, HEAD_OUT, HEAD_IN + 512);
		r = &t->s->guest.ring[t->q];
		t_desc(t, t->q, 0, T_OUT, 19, VRING_DESC_NEXT);
		t_desc(t, t->q, 1, T_OUT + 19, 32, VRING_DESC_NEXT);
		t_desc(t, t->q, 2, T_IN, cuts[i], VRING_DESC_NEXT |
		    VRING_DESC_WRITE);
		t_desc(t, t->q, 3, T_IN + cuts[i], HEAD_IN + 512 - cuts[i],
		    VRING_DESC_WRITE);
		assert_int_equal(t_take(t, t->q, 0), 0);
		assert_memory_equal(t->in, first, sizeof(first));
		assert_int_equal(t_used_idx(t, t->q), r->idx);
	}
}

/* More commands than cmd_per_lun, at once: each is served. */
/* req: DRV-150 SCSI-25 */
static void
test_many(void **state)
{
	unsigned i, n = t->s->guest.ring[t->q].size;

	(void)state;
	for (i = 0; i < n; i++) {
		t_cdb(t, "28 00 00000000 00 0000");
		t_offer(t, t->q, 0, HEAD_OUT, HEAD_IN);
	}
	assert_int_equal(t_take(t, t->q, 0), 0);
	assert_int_equal(t_used_idx(t, t->q), t->s->guest.ring[t->q].idx);
	/* Nothing is in flight, so a reset has nothing to wait for. */
	sim_write(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	assert_int_equal(sim_read(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS,
	    1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ok, t_setup, t_teardown),
		cmocka_unit_test_setup_teardown(test_short, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_both_ways, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_bad_target, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_forms, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_attributes, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_overrun, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_medium_fails, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_sizes, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_cut_command, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_segments, t_setup,
		    t_teardown),
		cmocka_unit_test_setup_teardown(test_many, t_setup,
		    t_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
