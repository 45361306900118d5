/* Task management and subscriptions: virtio 1.3, 5.6.6.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now
#define TEST(f)	cmocka_unit_test_setup_teardown(f, t_setup, t_teardown)


/* Puts a command with this id for a unit on the ring, without a kick. */
static void
wait_with(unsigned at, unsigned lun, uint64_t id)
{
	t_lun(t, lun);
	t->id = id;
	t_cdb(t, "28 00 00000000 00 0001");
	t_offer(t, t->q, 2 * at, HEAD_OUT, HEAD_IN);
	t_lun(t, DISK);
}

/* The response of the command at a place. */
static int
response_of(unsigned at)
{
	uint8_t b[HEAD_IN];

	(void)arena_peek(&t->s->arena, T_IN + 0x400 * (uint64_t)at, b,
	    sizeof(b));
	return b[VIOSCSI_RSP_RESPONSE];
}

/*
 * Three commands wait: two of the disk, of ids 1 and 2, one of the CD with id
 * 2.  The function must find them, in the order that the driver relies on.
 */
static void
wait_three(void)
{
	wait_with(0, DISK, 1);
	wait_with(1, DISK, 2);
	wait_with(2, CD, 2);
}

static void
three(unsigned function, uint64_t id, const int *want)
{
	unsigned i, idx = t_used_idx(t, t->q);

	wait_three();
	assert_int_equal(t_tmf(t, function, id), 0);
	assert_int_equal(t_used_idx(t, t->q), (uint16_t)(idx + 3));
	for (i = 0; i < 3; i++)
		assert_int_equal(response_of(i), want[i]);
}

/* req: SCSI-16 SCSI-30 SCSI-33 DRV-160 */
static void
test_abort(void **state)
{
	static const int one[] = { 1, 2, 1 }, set[] = { 2, 2, 1 };

	(void)state;
	three(VIOSCSI_TMF_ABORT_TASK, 2, one);
	three(VIOSCSI_TMF_ABORT_TASK_SET, 77, set);
	three(VIOSCSI_TMF_CLEAR_TASK_SET, 0, set);
	/* One id for two commands of a unit: both end. */
	wait_with(0, DISK, 5);
	wait_with(1, DISK, 5);
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_ABORT_TASK, 5), 0);
	assert_int_equal(response_of(0), VIOSCSI_S_ABORTED);
	assert_int_equal(response_of(1), VIOSCSI_S_ABORTED);
}

/* req: SCSI-18 SCSI-29 */
static void
test_reset(void **state)
{
	static const int unit[] = { 4, 4, 1 }, nexus[] = { 4, 4, 4 };

	(void)state;
	three(VIOSCSI_TMF_UNIT_RESET, 0, unit);
	assert_int_equal(t_cmd(t, "00", 0, 0), 0);
	assert_int_equal(t->sense, T_SENSE(6, 0x29, 3));
	assert_int_equal(t_cmd(t, "00", 0, 0), 0);
	assert_int_equal(t->sense, 0);
	/* The unit in its address means nothing to a nexus. */
	t_lun(t, 9);
	wait_three();
	t_lun(t, 9);
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_NEXUS_RESET, 0), 0);
	assert_int_equal(response_of(0), nexus[0]);
	assert_int_equal(response_of(2), nexus[2]);
	t_lun(t, CD);
	assert_int_equal(t_cmd(t, "00", 0, 0), 0);
	assert_int_equal(t->sense, T_SENSE(6, 0x29, 7));
	t_lun(t, DISK);
	assert_int_equal(t_cmd(t, "00", 0, 0), 0);
	assert_int_equal(t->sense, T_SENSE(6, 0x29, 7));
}

/*
 * Message by message: the function does not complete before each request
 * queue was looked at, whatever the host kicks first.
 */
/* req: SCSI-31 SCSI-32 SCSI-27 */
static void
test_order(void **state)
{
	uint8_t req[VIOSCSI_TMF_SIZE] = { 0, 0, 0, 0, 1 };
	struct wbuf w;

	(void)state;
	sim_stop(t->s);
	wb_init(&w, t->conf, sizeof(t->conf));
	devconf_put_int(&w, DEVCONF_NQUEUES, 2);
	devconf_put_int(&w, DEVCONF_UNIT, DISK);
	devconf_put_int(&w, DEVCONF_CAPACITY, DISK_SECTORS);
	t_start(t, &w);
	t_up(t, 0);
	memcpy(req + 8, t->lun, 8);
	wait_with(0, DISK, 1);
	t->q++;
	wait_with(1, DISK, 2);
	memcpy(t->out, req, sizeof(req));
	t_offer(t, 0, T_CONTROL, sizeof(req), 1);
	sim_kick(t->s, 0);
	assert_int_equal(t_used_idx(t, 0), 0);
	sim_kick(t->s, 0);
	assert_int_equal(t_used_idx(t, 0), 0);
	sim_kick(t->s, 3);
	assert_int_equal(t_used_idx(t, 3), 1);
	assert_int_equal(response_of(1), VIOSCSI_S_ABORTED);
	sim_kick(t->s, 0);
	assert_int_equal(t_used_idx(t, 0), 0);
	sim_kick(t->s, 2);
	assert_int_equal(t_used_idx(t, 2), 1);
	assert_int_equal(response_of(0), VIOSCSI_S_ABORTED);
	assert_int_equal(t_used_idx(t, 0), 0);
	assert_true(t->s->again & 1);
	sim_kick(t->s, 0);
	assert_int_equal(t_used_idx(t, 0), 1);
	sim_settle(t->s);
}

/* Saved in the middle and loaded, a function still waits for its queues. */
static void
test_order_reload(void **state)
{
	(void)state;
	wait_with(0, DISK, 1);
	memset(t->out, 0, 24);
	t->out[4] = VIOSCSI_TMF_ABORT_TASK_SET;
	memcpy(t->out + 8, t->lun, 8);
	t_offer(t, 0, T_CONTROL, 24, 1);
	sim_kick(t->s, 0);
	sim_reload(t->s);
	sim_kick(t->s, 2);
	assert_int_equal(response_of(0), VIOSCSI_S_ABORTED);
	sim_reload(t->s);
	sim_settle(t->s);
	assert_int_equal(t_used_idx(t, 0), 1);
}

/* A reset of the device forgets a function that waits. */
static void
test_forgotten(void **state)
{
	(void)state;
	memset(t->out, 0, 24);
	t->out[4] = VIOSCSI_TMF_ABORT_TASK_SET;
	memcpy(t->out + 8, t->lun, 8);
	t_offer(t, 0, T_CONTROL, 24, 1);
	sim_kick(t->s, 0);
	t_up(t, 0);
	t_clear(t);
	assert_int_equal(t_cmd(t, "28 00 00000000 00 0001", 0, 512), 0);
	assert_int_equal(t->status, SCSI_GOOD);
}

/* Nothing is ever in flight, so queries find nothing; no command suffers. */
static void
test_query(void **state)
{
	static const int all[] = { 1, 1, 1 };

	(void)state;
	three(VIOSCSI_TMF_QUERY_TASK, 1, all);
	three(VIOSCSI_TMF_QUERY_TASK_SET, 1, all);
}

/* req: DRV-162 */
static void
test_wrong(void **state)
{
	uint8_t req[VIOSCSI_TMF_SIZE] = { 0 };
	unsigned i;

	(void)state;
	assert_int_equal(t_tmf(t, VIOSCSI_NTMF, 0), VIOSCSI_S_REJECTED);
	assert_int_equal(t_tmf(t, UINT32_MAX, 0), VIOSCSI_S_REJECTED);
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_CLEAR_ACA, 0),
	    VIOSCSI_S_REJECTED);
	t_lun(t, 9);
	for (i = 0; i < VIOSCSI_NTMF; i++)
		if (i != VIOSCSI_TMF_CLEAR_ACA && i != VIOSCSI_TMF_NEXUS_RESET)
			assert_int_equal(t_tmf(t, i, 0),
			    VIOSCSI_S_INCORRECT_LUN);
	t->lun[1] = 1;
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_NEXUS_RESET, 0),
	    VIOSCSI_S_BAD_TARGET);
	t->lun[0] = 2;
	assert_int_equal(t_tmf(t, VIOSCSI_TMF_UNIT_RESET, 0),
	    VIOSCSI_S_BAD_TARGET);
	for (i = 3; i < 300; i += 99) {
		le32_put(req, i);
		assert_int_equal(t_control(t, req, 24, 1), VIOSCSI_S_FAILURE);
	}
	le32_put(req, 0);
	for (i = 1; i < 24; i++)
		assert_int_equal(t_control(t, req, i, 1), T_NONE);
	assert_int_equal(t_control(t, req, 24, 0), T_NONE);
	for (i = 1; i < 3; i++) {
		le32_put(req, i);
		assert_int_equal(t_control(t, req, 15, 5), T_NONE);
		assert_int_equal(t_control(t, req, 16, 4), T_NONE);
	}
}

/* req: SCSI-34 DRV-163 */
static void
test_notify(void **state)
{
	unsigned type;

	(void)state;
	for (type = 1; type < 3; type++) {
		t_lun(t, CD);
		assert_int_equal(t_an(t, type, 0xffffffff), 0);
		assert_int_equal(le32_get(t->in), VIOSCSI_AN_MEDIA);
		assert_int_equal(t_an(t, type, 0x2e), 0);
		assert_int_equal(le32_get(t->in), 0);
		t_lun(t, DISK);
		assert_int_equal(t_an(t, type, 0xffffffff), 0);
		assert_int_equal(le32_get(t->in), 0);
		t_lun(t, 9);
		assert_int_equal(t_an(t, type, 0x10),
		    VIOSCSI_S_INCORRECT_LUN);
		t->lun[1] = 7;
		assert_int_equal(t_an(t, type, 0x10), VIOSCSI_S_BAD_TARGET);
		be64_put(t->lun, 0xc101000000000000);
		assert_int_equal(t_an(t, type, 0x10),
		    VIOSCSI_S_INCORRECT_LUN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_abort), TEST(test_reset), TEST(test_order),
		TEST(test_order_reload), TEST(test_forgotten),
		TEST(test_query), TEST(test_wrong), TEST(test_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
