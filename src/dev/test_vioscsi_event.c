/* Events, and what media do: virtio 1.3, 5.6.6.3; MMC-6, 4.1.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"

#define t	t_now


static unsigned buffers;		/* offered to the event queue */

static void
buffer(unsigned len)
{
	t_offer(t, VIOSCSI_Q_EVENT, buffers % 8, 0, len);
	buffers++;
	sim_kick(t->s, VIOSCSI_Q_EVENT);
	sim_settle(t->s);
}

static unsigned
events(void)
{
	return t_used_idx(t, VIOSCSI_Q_EVENT);
}

/* The n-th event must be this one. */
static void
event_is(unsigned n, uint32_t event, unsigned lun, uint32_t reason)
{
	uint8_t b[VIOSCSI_EVENT_SIZE];
	unsigned at = t_entry(t, VIOSCSI_Q_EVENT, n);

	assert_int_equal(t->used, VIOSCSI_EVENT_SIZE);
	(void)arena_peek(&t->s->arena, T_IN + 0x200 * (uint64_t)at, b,
	    sizeof(b));
	assert_int_equal(le32_get(b), event);
	if ((event & ~VIOSCSI_E_MISSED) != 0) {
		assert_int_equal(b[4], 1);
		assert_int_equal(b[6], 0x40);
		assert_int_equal(b[7], lun);
	}
	assert_int_equal(le32_get(b + 12), reason);
}

static int
fresh(void **state)
{
	buffers = 0;
	return t_setup(state);
}

/* req: SCSI-41 SCSI-42 */
static void
test_media(void **state)
{
	(void)state;
	buffer(16);
	buffer(16);
	buffer(16);
	/* Nobody has subscribed. */
	t_config(t, CD, 0);
	t_config(t, CD, CD_SECTORS);
	assert_int_equal(events(), 0);
	t_lun(t, CD);
	assert_int_equal(t_an(t, VIOSCSI_T_AN_SUBSCRIBE, 0x10), 0);
	t_config(t, CD, 0);
	assert_int_equal(events(), 1);
	event_is(0, VIOSCSI_E_ASYNC, CD, VIOSCSI_AN_MEDIA);
	t_config(t, CD, 0);
	assert_int_equal(events(), 1);
	t_config(t, CD, 8);
	assert_int_equal(events(), 2);
	event_is(1, VIOSCSI_E_ASYNC, CD, VIOSCSI_AN_MEDIA);
	/* The guest's own eject, too. */
	(void)t_cmd(t, "00", 0, 0);
	assert_int_equal(t_cmd(t, "1b 00 00 00 02", 0, 0), 0);
	assert_int_equal(t->status, SCSI_GOOD);
	assert_int_equal(events(), 3);
	assert_int_equal(t_an(t, VIOSCSI_T_AN_SUBSCRIBE, 0), 0);
	t_config(t, CD, 12);
	assert_int_equal(events(), 3);
}

/* A disk of another size: event and attention agree (5.6.6.3). */
static void
test_resize(void **state)
{
	(void)state;
	buffer(16);
	t_config(t, DISK, DISK_SECTORS);
	assert_int_equal(events(), 0);
	t_config(t, DISK, 20);
	assert_int_equal(events(), 1);
	event_is(0, VIOSCSI_E_PARAM, DISK, 0x092a);
	assert_int_equal(t_cmd(t, "25", 0, 8), 0);
	assert_int_equal(t->sense, T_SENSE(6, 0x2a, 9));
	assert_int_equal(t_cmd(t, "25", 0, 8), 0);
	assert_int_equal(be32_get(t->data), 19);
	/* Without CHANGE there is the attention alone. */
	t_up(t, 0);
	t_clear(t);
	buffers = 0;
	buffer(16);
	t_config(t, DISK, 24);
	assert_int_equal(events(), 0);
	assert_int_equal(t_cmd(t, "00", 0, 0), 0);
	assert_int_equal(t->sense, T_SENSE(6, 0x2a, 9));
}

/* req: SCSI-39 DRV-151 */
static void
test_missed(void **state)
{
	(void)state;
	t_config(t, DISK, 20);
	t_config(t, DISK, 21);
	buffer(16);
	assert_int_equal(events(), 1);
	event_is(0, VIOSCSI_E_NONE | VIOSCSI_E_MISSED, 0, 0);
	buffer(16);
	assert_int_equal(events(), 1);
	t_config(t, DISK, 22);
	assert_int_equal(events(), 2);
	event_is(1, VIOSCSI_E_PARAM, DISK, 0x092a);
	/* One that is there when the loss is known carries the flag itself. */
	t_config(t, DISK, 23);
	buffer(16);
	event_is(2, VIOSCSI_E_NONE | VIOSCSI_E_MISSED, 0, 0);
}

/* While the vcpus stand still events pile up, as far as there is room. */
static void
test_pile(void **state)
{
	struct viodev_msg m = { .type = VIODEV_PAUSE };
	unsigned i;

	(void)state;
	for (i = 0; i < VIOSCSI_EVENTS + 2; i++)
		buffer(16);
	sim_deliver(t->s, &m);
	for (i = 0; i < VIOSCSI_EVENTS + 3; i++)
		t_config(t, DISK, 10 + i);
	assert_int_equal(events(), 0);
	m.type = VIODEV_UNPAUSE;
	sim_deliver(t->s, &m);
	assert_int_equal(events(), VIOSCSI_EVENTS);
	event_is(0, VIOSCSI_E_PARAM | VIOSCSI_E_MISSED, DISK, 0x092a);
}

/* A queue that was never set up loses events and hurts nobody. */
static void
test_no_queue(void **state)
{
	struct trace_setup set = { .off = 2, .features = UINT64_MAX };
	unsigned i;

	(void)state;
	sim_setup(t->s, &set);
	for (i = 0; i < 20; i++)
		t_config(t, DISK, 10 + i % 2);
	t_lun(t, DISK);
	assert_int_equal(t_cmd(t, "00", 0, 0), 0);
}

/* req: DRV-154 DRV-155 */
static void
test_bad_buffers(void **state)
{
	unsigned n;

	(void)state;
	for (n = 1; n < 16; n += 7) {
		t_config(t, DISK, 10 + n);
		buffer(n);
	}
	t_offer(t, VIOSCSI_Q_EVENT, 7, 64, 0);
	buffer(40);
	/* Short ones came back with nothing, the good one with 16 bytes. */
	for (n = 0; n < 4; n++) {
		(void)t_entry(t, VIOSCSI_Q_EVENT, n);
		assert_int_equal(t->used, 0);
	}
	event_is(4, VIOSCSI_E_NONE | VIOSCSI_E_MISSED, 0, 0);
}

/* Events that wait live through save and load. */
static void
test_reload(void **state)
{
	struct viodev_msg m = { .type = VIODEV_PAUSE };

	(void)state;
	buffer(16);
	sim_deliver(t->s, &m);
	t_config(t, DISK, 20);
	sim_reload(t->s);
	m.type = VIODEV_UNPAUSE;
	sim_deliver(t->s, &m);
	event_is(0, VIOSCSI_E_PARAM, DISK, 0x092a);
}

#define EVENT(f)	cmocka_unit_test_setup_teardown(f, fresh, t_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EVENT(test_media), EVENT(test_resize), EVENT(test_missed),
		EVENT(test_pile), EVENT(test_no_queue),
		EVENT(test_bad_buffers), EVENT(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
