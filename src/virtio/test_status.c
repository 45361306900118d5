/* The status machine and what runs when: virtio 1.3, 2.1, 3.1.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_dev.h"

#define OFFER	(VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC |		\
		 VIRTIO_F_EVENT_IDX | ECHO_F_FIRST | ECHO_F_SECOND |	\
		 ECHO_F_HIGH)
#define PLAIN	VIRTIO_F_VERSION_1
#define KICK	TRACE_CHAIN_KICK

static struct sim *s;

static int
setup(void **state)
{
	(void)state;
	s = sim_new(&sim_echo);
	s->deep = 1;
	sim_start(s, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sim_stop(s);
	sim_free(s);
	return 0;
}

/* req: CORE-12 CORE-09 PCI-23 */
static void
test_sequence(void **state)
{
	static const uint8_t steps[] = { 0x01, 0x03, 0x0b, 0x0f };
	unsigned i;

	(void)state;
	assert_int_equal(status(s), 0);
	for (i = 0; i < 4; i++) {
		if (steps[i] == 0x0b)
			accept_features(s, OFFER);
		set_status(s, steps[i]);
		assert_int_equal(status(s), steps[i]);
	}
	set_status(s, 0x8f);
	assert_int_equal(status(s), 0x8f);
	set_status(s, 0);
	assert_int_equal(status(s), 0);
}

/* req: DRV-02 DRV-04 DRV-13 */
static void
test_any_value(void **state)
{
	unsigned first, second, want;

	(void)state;
	/* 10, 20 and 40 are not the driver's; FEATURES_OK needs VERSION_1. */
	for (first = 1; first < 256; first++)
		for (second = 1; second < 256; second += 7) {
			set_status(s, 0);
			set_status(s, (uint8_t)first);
			want = first & 0x87;
			assert_int_equal(status(s), want);
			set_status(s, (uint8_t)second);
			want |= second & 0x87;
			assert_int_equal(status(s), want);
		}
}

/* req: DRV-01 */
static void
test_wrong_order(void **state)
{
	(void)state;
	bring_up(s, PLAIN, TRACE_SETUP_NODRVOK, 0);
	set_status(s, 0);
	/* DRIVER_OK first, then the features. */
	set_status(s, VIRTIO_S_DRIVER_OK);
	assert_int_equal(status(s), VIRTIO_S_DRIVER_OK);
	accept_features(s, PLAIN);
	wr(s, VIRTIO_QUEUE_SELECT, 2, 0);
	wr(s, VIRTIO_QUEUE_SIZE, 2, 8);
	wr(s, VIRTIO_QUEUE_DESC, 4, s->guest.ring[0].desc);
	wr(s, VIRTIO_QUEUE_DRIVER, 4, s->guest.ring[0].avail);
	wr(s, VIRTIO_QUEUE_DEVICE, 4, s->guest.ring[0].used);
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 1);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 0);
	set_status(s, VIRTIO_S_FEATURES_OK);
	assert_int_equal(status(s), VIRTIO_S_FEATURES_OK |
	    VIRTIO_S_DRIVER_OK);
	/* Now both are there: the queue runs. */
	assert_int_equal(used_idx(s, 0), 1);
}

/* req: DRV-19 DRV-10 CORE-06 */
static void
test_no_version_1(void **state)
{
	(void)state;
	bring_up(s, OFFER, TRACE_SETUP_LEGACY, 0);
	assert_int_equal(status(s), S_DRV | VIRTIO_S_DRIVER_OK);
	offer_chain(s, 0, KICK, 4, 4);
	sim_kick(s, 0);
	assert_int_equal(used_idx(s, 0), 0);
	assert_int_equal(isr(s), 0);
	/* It may try again with a better set. */
	accept_features(s, PLAIN);
	set_status(s, S_LIVE);
	assert_int_equal(status(s), S_LIVE);
	assert_int_equal(used_idx(s, 0), 1);
}

/* req: DRV-05 */
static void
test_not_offered(void **state)
{
	unsigned bit;

	(void)state;
	for (bit = 0; bit < 64; bit++) {
		if ((OFFER >> bit & 1) != 0)
			continue;
		negotiate(s, OFFER | 1ULL << bit);
		assert_int_equal(status(s), S_DRV);
		/* The next set counts alone. */
		accept_features(s, OFFER);
		set_status(s, S_FEAT);
		assert_int_equal(status(s), S_FEAT);
	}
}

/* A window that was corrected does not excuse the other one. */
static void
test_not_offered_windows(void **state)
{
	(void)state;
	negotiate(s, PLAIN | 1ULL << 5 | 1ULL << 60);
	assert_int_equal(status(s), S_DRV);
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, 0);
	set_status(s, S_FEAT);
	assert_int_equal(status(s), S_DRV);
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, 1);
	set_status(s, S_FEAT);
	assert_int_equal(status(s), S_FEAT);
}

/* req: DRV-06 CORE-06 */
static void
test_dependency(void **state)
{
	(void)state;
	negotiate(s, PLAIN | ECHO_F_SECOND);
	assert_int_equal(status(s), S_DRV);
	set_status(s, S_LIVE);
	assert_int_equal(status(s), S_DRV | VIRTIO_S_DRIVER_OK);
	negotiate(s, PLAIN | ECHO_F_SECOND | ECHO_F_FIRST);
	assert_int_equal(status(s), S_FEAT);
	negotiate(s, PLAIN | ECHO_F_FIRST);
	assert_int_equal(status(s), S_FEAT);
}

/* req: CORE-04 */
static void
test_closed_offer(void **state)
{
	uint8_t buf[32];
	struct devconf c = { buf, 0 };
	struct wbuf w;

	(void)state;
	sim_stop(s);
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_FEATURES, ~ECHO_F_FIRST);
	c.len = w.len;
	sim_start(s, &c);
	assert_true(offered(s) == (OFFER & ~(ECHO_F_FIRST | ECHO_F_SECOND)));
	sim_stop(s);
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_FEATURES, 0);
	c.len = w.len;
	sim_start(s, &c);
	/* VERSION_1 cannot be taken away. */
	assert_true(offered(s) == PLAIN);
}

/* req: CORE-01 DRV-11 CORE-15 */
static void
test_early_kick(void **state)
{
	uint64_t before;

	(void)state;
	bring_up(s, PLAIN, TRACE_SETUP_NODRVOK, 0);
	offer_chain(s, 0, 0, 4, 4);
	offer_chain(s, 2, 0, 5, 0);
	before = memory(s);
	offer_chain(s, 0, KICK, 0, 0);
	sim_kick(s, 0);
	sim_kick(s, 2);
	sim_write(s, VIODEV_NOTIFY, 0, 2, 2);
	assert_true(memory(s) == before);
	assert_int_equal(s->line, 0);
	assert_int_equal(isr(s), 0);
	set_status(s, S_LIVE);
	assert_int_equal(used_idx(s, 0), 1);
	assert_int_equal(used_idx(s, 2), 1);
	assert_int_equal(s->line, 1);
	assert_int_equal(isr(s), VIRTIO_ISR_QUEUE);
}

/* req: CORE-10 CORE-15 DRV-79 */
static void
test_silent_after_reset(void **state)
{
	uint64_t before;
	unsigned q;

	(void)state;
	bring_up(s, PLAIN, 0, 0);
	/* One chain per message: two of three are left when reset comes. */
	sim_write(s, VIODEV_DEVICE, 12, 4, 1);
	offer_chain(s, 0, 0, 4, 4);
	offer_chain(s, 0, 0, 4, 4);
	offer_chain(s, 0, 0, 4, 4);
	sim_kick(s, 0);
	assert_int_equal(used_idx(s, 0), 1);
	assert_int_equal(s->again, 1);
	sim_write(s, VIODEV_DEVICE, 4, 4, 5);	/* a timer in 5 ms */
	set_status(s, 0);
	assert_int_equal(status(s), 0);
	assert_int_equal(s->line, 0);
	before = memory(s);
	sim_settle(s);
	sim_advance(s, 1000000000);
	for (q = 0; q < 4; q++) {
		sim_kick(s, q);
		sim_write(s, VIODEV_NOTIFY, 0, 2, q);
	}
	sim_deliver(s, &(struct viodev_msg){ .type = VIODEV_UNPAUSE });
	assert_true(memory(s) == before);
	assert_int_equal(s->line, 0);
	assert_int_equal(isr(s), 0);
	assert_int_equal(status(s), 0);
}

/* req: DRV-03 */
static void
test_failed(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	set_status(s, VIRTIO_S_FAILED);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_FAILED);
	offer_chain(s, 0, KICK, 4, 4);
	sim_kick(s, 0);
	assert_int_equal(used_idx(s, 0), 0);
	set_status(s, S_LIVE);
	sim_kick(s, 0);
	assert_int_equal(used_idx(s, 0), 0);
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 1);
}

static void
break_queue(void)
{
	offer_chain(s, 0, KICK | TRACE_CHAIN_BADHEAD, 4, 4);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_NEEDS_RESET);
}

/* req: CORE-03 DRV-42 DRV-02 */
static void
test_needs_reset(void **state)
{
	uint64_t before;

	(void)state;
	bring_up(s, PLAIN, 0, 0);
	break_queue();
	assert_int_equal(s->line, 1);
	assert_int_equal(isr(s), VIRTIO_ISR_CONFIG);
	/* No queue is served, and no status write takes the bit away. */
	before = memory(s);
	offer_chain(s, 2, 0, 3, 0);
	before = memory(s);
	sim_kick(s, 2);
	sim_kick(s, 0);
	set_status(s, S_LIVE);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_NEEDS_RESET);
	assert_true(memory(s) == before);
	assert_int_equal(isr(s), 0);
	bring_up(s, PLAIN, 0, 0);
	assert_int_equal(status(s), S_LIVE);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 1);
}

/* req: DRV-27 DRV-34 */
static void
test_broken_asks_for_reset(void **state)
{
	uint8_t b[2];

	(void)state;
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK | TRACE_CHAIN_LOOP, 4, 0);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_NEEDS_RESET);
	bring_up(s, PLAIN, 0, 0);
	le16_put(b, 9);
	assert_int_equal(arena_poke(&s->arena, s->guest.ring[0].avail + 2, b,
	    2), 0);
	sim_kick(s, 0);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_NEEDS_RESET);
	bring_up(s, PLAIN, 0, 0);
	le16_put(b, 0xffff);			/* one behind us */
	assert_int_equal(arena_poke(&s->arena, s->guest.ring[0].avail + 2, b,
	    2), 0);
	sim_kick(s, 0);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_NEEDS_RESET);
}

/* A queue at addresses where it cannot live. */
static void
bad_place(unsigned reg, uint64_t gpa)
{
	bring_up(s, PLAIN, TRACE_SETUP_NODRVOK, 1);
	wr(s, VIRTIO_QUEUE_SELECT, 2, 0);
	wr(s, reg, 4, gpa & 0xffffffff);
	wr(s, reg + 4, 4, gpa >> 32);
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 1);
	/* Nobody is told before DRIVER_OK. */
	assert_int_equal(status(s), S_FEAT);
	set_status(s, S_LIVE);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_NEEDS_RESET);
	assert_int_equal(isr(s), VIRTIO_ISR_CONFIG);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 0);
}

/* req: DRV-24 DRV-67 */
static void
test_bad_place(void **state)
{
	static const unsigned reg[] = {
		VIRTIO_QUEUE_DESC, VIRTIO_QUEUE_DRIVER, VIRTIO_QUEUE_DEVICE
	};
	static const unsigned odd[] = { 8, 1, 2 };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		bad_place(reg[i], 0);
		bad_place(reg[i], 0x1000 + odd[i]);
		bad_place(reg[i], 0x80000000);
		bad_place(reg[i], ARENA_HIGH + ARENA_SIZE - 16);
		bad_place(reg[i], ARENA_SIZE - 16);	/* crosses */
		bad_place(reg[i], UINT64_MAX - 15);
	}
	bring_up(s, PLAIN, 0, 0);
	assert_int_equal(status(s), S_LIVE);
}

/* Switched on after DRIVER_OK: it works, or shows at once that it cannot. */
static void
test_late_enable(void **state)
{
	(void)state;
	bring_up(s, OFFER, 0, 1);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 0);
	wr(s, VIRTIO_QUEUE_SELECT, 2, 0);
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 1);
	sim_kick(s, 0);
	assert_int_equal(used_idx(s, 0), 1);
	offer_chain(s, 0, KICK | TRACE_CHAIN_INDIRECT, 4, 4);
	assert_int_equal(used_idx(s, 0), 2);
	bring_up(s, OFFER, 0, 1);
	wr(s, VIRTIO_QUEUE_SELECT, 2, 0);
	wr(s, VIRTIO_QUEUE_DEVICE, 4, 2);
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 1);
	assert_int_equal(status(s), S_LIVE | VIRTIO_S_NEEDS_RESET);
	assert_int_equal(isr(s), VIRTIO_ISR_CONFIG);
}

/* req: DRV-80 DRV-75 */
static void
test_queues_left_off(void **state)
{
	uint64_t before;
	unsigned q;

	(void)state;
	bring_up(s, PLAIN, 0, 0x04);
	offer_chain(s, 2, 0, 4, 0);
	before = memory(s);
	for (q = 1; q < 40; q++) {
		sim_kick(s, q);
		sim_write(s, VIODEV_NOTIFY, 0, 2, q);
	}
	sim_kick(s, UINT32_MAX);
	sim_write(s, VIODEV_NOTIFY, 0, 2, 0xffff);
	assert_true(memory(s) == before);
	assert_int_equal(status(s), S_LIVE);
	assert_int_equal(isr(s), 0);
	wr(s, VIRTIO_QUEUE_SELECT, 2, 2);
	assert_int_equal(rd(s, VIRTIO_QUEUE_ENABLE, 2), 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 1);
}

/* req: DRV-74 */
static void
test_kick_widths(void **state)
{
	static const struct {
		unsigned	off, width;
		uint64_t	data;
		int		served;
	} kicks[] = {
		{ 0, 2, 2, 1 }, { 0, 1, 2, 1 }, { 0, 4, 2, 1 },
		{ 0, 8, 0xdeadbeef00000002ULL, 1 },
		{ 0, 4, 0x12340002, 1 }, { 0, 2, 0x102, 0 },
		{ 1, 2, 2, 0 }, { 2, 2, 2, 0 }, { 4, 4, 2, 0 },
		{ 0xff, 1, 2, 0 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(kicks) / sizeof(kicks[0]); i++) {
		bring_up(s, PLAIN, 0, 0);
		offer_chain(s, 2, 0, 4, 0);
		sim_write(s, VIODEV_NOTIFY, kicks[i].off, kicks[i].width,
		    kicks[i].data);
		assert_int_equal(used_idx(s, 2), kicks[i].served);
		assert_int_equal(sim_read(s, VIODEV_NOTIFY, kicks[i].off,
		    kicks[i].width), 0);
	}
}

/* req: DRV-64 */
static void
test_reset_again(void **state)
{
	unsigned off, width;

	(void)state;
	/* A reset is over when the write is; whatever comes then is new. */
	for (off = 0; off < 0x38; off++)
		for (width = 1; width <= 4; width *= 2) {
			bring_up(s, PLAIN, 0, 0);
			set_status(s, 0);
			if (off == VIRTIO_DEVICE_STATUS)
				continue;
			wr(s, off, width, 0);
			assert_int_equal(status(s), 0);
		}
	set_status(s, 0);
	set_status(s, 0);
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sequence),
		T(test_any_value),
		T(test_wrong_order),
		T(test_no_version_1),
		T(test_not_offered),
		T(test_not_offered_windows),
		T(test_dependency),
		T(test_closed_offer),
		T(test_early_kick),
		T(test_silent_after_reset),
		T(test_failed),
		T(test_needs_reset),
		T(test_broken_asks_for_reset),
		T(test_bad_place),
		T(test_late_enable),
		T(test_queues_left_off),
		T(test_kick_widths),
		T(test_reset_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
