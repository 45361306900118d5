/* Interrupts, the other windows and the messages: virtio 1.3, 4.1.4.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_dev.h"

#define PLAIN	VIRTIO_F_VERSION_1
#define KICK	TRACE_CHAIN_KICK

static struct sim *s;
static struct host_ops hops;
static uint8_t isr_at_irq;	/* when the line went up the last time */
static unsigned ups;

static void
watch_irq(void *arg, int level)
{
	if (level) {
		isr_at_irq = sim_virtio(s)->isr;
		ups++;
	}
	sim_host_ops.irq(arg, level);
}

static int
setup(void **state)
{
	(void)state;
	s = sim_new(&sim_echo);
	s->deep = 1;
	hops = sim_host_ops;
	hops.irq = watch_irq;
	s->host.ops = &hops;
	sim_start(s, NULL);
	ups = 0;
	isr_at_irq = 0;
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

static void
msg(unsigned type, unsigned where)
{
	struct viodev_msg m = { .type = (uint8_t)type, .where = where };

	sim_deliver(s, &m);
}

/* req: PCI-48 PCI-50 */
static void
test_queue_irq(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	assert_int_equal(isr(s), 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(isr_at_irq, VIRTIO_ISR_QUEUE);
	assert_int_equal(s->line, 1);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(ups, 1);
	/* The next byte is not the status and clears nothing. */
	assert_int_equal(sim_read(s, VIODEV_ISR, 1, 1), 0);
	assert_int_equal(s->line, 1);
	assert_int_equal(isr(s), VIRTIO_ISR_QUEUE);
	assert_int_equal(s->line, 0);
	assert_int_equal(isr(s), 0);
	/* Written, it stays what it is. */
	offer_chain(s, 0, KICK, 4, 4);
	sim_write(s, VIODEV_ISR, 0, 1, 0);
	assert_int_equal(s->line, 1);
	assert_int_equal(isr(s), VIRTIO_ISR_QUEUE);
}

/* req: PCI-47 CORE-14 PCI-50 */
static void
test_config_irq(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	sim_write(s, VIODEV_DEVICE, 4, 4, 3);
	assert_int_equal(s->line, 0);
	sim_advance(s, 3000000);
	assert_int_equal(isr_at_irq, VIRTIO_ISR_CONFIG);
	assert_int_equal(sim_read(s, VIODEV_DEVICE, 0, 4), 1);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(isr(s), VIRTIO_ISR_CONFIG | VIRTIO_ISR_QUEUE);
	assert_int_equal(s->line, 0);
}

/* req: CORE-01 */
static void
test_config_before_driver(void **state)
{
	uint8_t g;

	(void)state;
	negotiate(s, PLAIN);
	g = (uint8_t)rd(s, VIRTIO_CONFIG_GENERATION, 1);
	sim_write(s, VIODEV_DEVICE, 4, 4, 3);
	sim_advance(s, 3000000);
	assert_int_equal(sim_read(s, VIODEV_DEVICE, 0, 4), 1);
	assert_int_equal(isr(s), 0);
	assert_int_equal(ups, 0);
	assert_int_not_equal(rd(s, VIRTIO_CONFIG_GENERATION, 1), g);
}

/* A reset takes a pending interrupt with it. */
static void
test_reset_lowers(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(s->line, 1);
	set_status(s, 0);
	assert_int_equal(s->line, 0);
	assert_int_equal(isr(s), 0);
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(s->line, 1);
	msg(VIODEV_RESET, 0);
	assert_int_equal(s->line, 0);
	assert_int_equal(status(s), 0);
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	msg(VIODEV_SHUTDOWN, 0);
	assert_int_equal(s->line, 0);
	assert_int_equal(status(s), 0);
}

/* req: CORE-11 CORE-13 DRV-07 */
static void
test_config_read(void **state)
{
	uint8_t img[ECHO_CONFIG + 8] = { 0 };
	unsigned off, width, i;
	uint64_t want;

	(void)state;
	negotiate(s, PLAIN);
	le32_put(img + 4, 0x44332211);
	le32_put(img + 8, 0x88776655);
	le32_put(img + 12, 0xccbbaa99);
	for (off = 4; off < 16; off += 4)
		sim_write(s, VIODEV_DEVICE, off, 4, le32_get(img + off));
	for (width = 1; width <= 8; width *= 2)
		for (off = 0; off < 20; off++) {
			for (want = 0, i = 0; i < width; i++)
				if (off + i < ECHO_CONFIG)
					want |= (uint64_t)img[off + i] <<
					    (8 * i);
			assert_true(sim_read(s, VIODEV_DEVICE, off, width) ==
			    want);
		}
	assert_int_equal(sim_read(s, VIODEV_DEVICE, UINT32_MAX, 8), 0);
	/* Before any negotiation, too. */
	set_status(s, 0);
	assert_int_equal(sim_read(s, VIODEV_DEVICE, 4, 4), 0);
}

/* req: DRV-08 */
static void
test_config_write_early(void **state)
{
	(void)state;
	sim_write(s, VIODEV_DEVICE, 12, 4, 7);
	set_status(s, S_ACK);
	sim_write(s, VIODEV_DEVICE, 12, 4, 7);
	set_status(s, S_DRV);
	accept_features(s, PLAIN);
	sim_write(s, VIODEV_DEVICE, 12, 4, 7);
	assert_int_equal(sim_read(s, VIODEV_DEVICE, 12, 4), 0);
	set_status(s, S_FEAT);
	sim_write(s, VIODEV_DEVICE, 12, 4, 7);
	assert_int_equal(sim_read(s, VIODEV_DEVICE, 12, 4), 7);
	/* What reaches over the end, or lies behind it, is lost. */
	sim_write(s, VIODEV_DEVICE, 13, 4, UINT32_MAX);
	sim_write(s, VIODEV_DEVICE, 12, 8, UINT64_MAX);
	sim_write(s, VIODEV_DEVICE, 16, 4, UINT32_MAX);
	sim_write(s, VIODEV_DEVICE, UINT32_MAX, 4, UINT32_MAX);
	assert_int_equal(sim_read(s, VIODEV_DEVICE, 12, 4), 7);
}

static void
test_pause(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	msg(VIODEV_PAUSE, 0);
	offer_chain(s, 0, KICK, 4, 4);
	offer_chain(s, 2, 0, 4, 0);
	sim_kick(s, 0);
	assert_int_equal(used_idx(s, 0), 0);
	assert_int_equal(s->line, 0);
	/* Registers can be read meanwhile. */
	assert_int_equal(status(s), S_LIVE);
	msg(VIODEV_UNPAUSE, 0);
	assert_int_equal(used_idx(s, 0), 1);
	assert_int_equal(used_idx(s, 2), 1);
	assert_int_equal(s->line, 1);
}

/* Going live while paused: the queues wait for UNPAUSE. */
static void
test_pause_start(void **state)
{
	(void)state;
	bring_up(s, PLAIN, TRACE_SETUP_NODRVOK, 0);
	offer_chain(s, 0, 0, 4, 4);
	msg(VIODEV_PAUSE, 0);
	set_status(s, S_LIVE);
	assert_int_equal(used_idx(s, 0), 0);
	msg(VIODEV_UNPAUSE, 0);
	assert_int_equal(used_idx(s, 0), 1);
	/* A system reset ends a pause; a reset by the driver does not. */
	msg(VIODEV_PAUSE, 0);
	set_status(s, 0);
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 0);
	msg(VIODEV_RESET, 0);
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 1);
}

static void
test_input(void **state)
{
	static const uint8_t pay[] = "payload";
	struct viodev_msg m = {
		.type = VIODEV_INPUT, .where = 1, .payload = pay, .len = 8
	};

	(void)state;
	s->input = pay;
	s->inputlen = 8;
	bring_up(s, PLAIN, 0, 0);
	sim_deliver(s, &m);		/* no buffer: dropped */
	offer_chain(s, 1, 0, 0, 5);
	offer_chain(s, 1, 0, 0, 20);
	sim_deliver(s, &m);
	assert_int_equal(used_idx(s, 1), 1);
	sim_deliver(s, &m);
	assert_int_equal(used_idx(s, 1), 2);
	assert_int_equal(isr(s), VIRTIO_ISR_QUEUE);
	m.where = 0;
	sim_deliver(s, &m);
	assert_int_equal(used_idx(s, 1), 2);
}

/* Messages and spaces that fit nothing are dropped. */
static void
test_dropped(void **state)
{
	struct viodev_msg m = { 0 };
	uint64_t before;
	unsigned i;

	(void)state;
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, 0, 4, 4);
	before = memory(s);
	for (i = VIODEV_READY; i < 256; i++)
		msg(i, 0);
	msg(VIODEV_INVALID, 0);
	m.type = VIODEV_CONFIG;
	sim_deliver(s, &m);
	for (i = VIODEV_LEGACY; i < 10; i++) {
		sim_write(s, i, 18, 1, 0);
		sim_write(s, i, 0x14, 1, 0);
		assert_int_equal(sim_read(s, i, 0, 1), 0xff);
		assert_int_equal(sim_read(s, i, 0, 2), 0xffff);
		assert_true(sim_read(s, i, 0, 4) == 0xffffffff);
		assert_true(sim_read(s, i, 0, 8) == UINT64_MAX);
	}
	sim_deliver(s, &(struct viodev_msg){ .type = VIODEV_TIMER,
	    .where = 3 });
	assert_true(memory(s) == before);
	assert_int_equal(status(s), S_LIVE);
	assert_int_equal(isr(s), 0);
}

/* req: DRV-47 */
static void
test_overlap(void **state)
{
	struct trace_setup set = { 0, 3, 0, 0, UINT64_MAX };
	unsigned layout, q;

	(void)state;
	/* All three queues in one place, and buffers inside the rings. */
	for (layout = 0x20; layout < 0x28; layout++) {
		set.layout = (uint8_t)layout;
		sim_setup(s, &set);
		for (q = 0; q < 3; q++)
			offer_chain(s, q, KICK, 8, 8);
		sim_settle(s);
		assert_int_equal(status(s) & S_LIVE, S_LIVE);
		assert_null(dev_check(s->dev));
	}
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(used_idx(s, 0), 1);
}

/* Work that is left comes back by itself, a part at a time. */
static void
test_again(void **state)
{
	unsigned i;

	(void)state;
	bring_up(s, PLAIN, 0, 0);
	sim_write(s, VIODEV_DEVICE, 12, 4, 2);
	for (i = 0; i < 4; i++)
		offer_chain(s, 0, 0, 4, 4);
	sim_kick(s, 0);
	assert_int_equal(used_idx(s, 0), 2);
	assert_int_equal(s->again, 1);
	sim_settle(s);
	assert_int_equal(used_idx(s, 0), 4);
	assert_int_equal(s->again, 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_queue_irq),
		T(test_config_irq),
		T(test_config_before_driver),
		T(test_reset_lowers),
		T(test_config_read),
		T(test_config_write_early),
		T(test_pause),
		T(test_pause_start),
		T(test_input),
		T(test_dropped),
		T(test_overlap),
		T(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
