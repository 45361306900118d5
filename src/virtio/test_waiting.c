/* The hint for hosts that look at a ring before they sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_dev.h"

#define PLAIN	VIRTIO_F_VERSION_1
#define KICK	TRACE_CHAIN_KICK

static struct sim *s;
static uint16_t seen;

static int
setup(void **state)
{
	(void)state;
	s = sim_new(&sim_echo);
	sim_start(s, NULL);
	seen = 0;
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

static int
waiting(unsigned q)
{
	return virtio_waiting(sim_virtio(s), q, &seen);
}

static void
msg(unsigned type)
{
	struct viodev_msg m = { .type = (uint8_t)type };

	sim_deliver(s, &m);
}

/* Once for what is new, and not for what a kick has taken. */
static void
test_once(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	assert_int_equal(waiting(0), 0);
	offer_chain(s, 0, 0, 4, 4);
	assert_int_equal(waiting(0), 1);
	assert_int_equal(waiting(0), 0);
	offer_chain(s, 0, 0, 4, 4);
	assert_int_equal(waiting(0), 1);
	assert_int_equal(seen, 2);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(waiting(0), 0);
	assert_int_equal(seen, 3);
}

static int
stale(unsigned type, unsigned q)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .space = VIODEV_NOTIFY, .width = 2
	};

	if (type == VIODEV_WRITE)
		m.data = q;
	else
		m.where = q;
	return virtio_stale(sim_virtio(s), &m);
}

/* Either way to kick, as long as there is nothing to take. */
static void
test_stale(void **state)
{
	struct viodev_msg other = {
		.type = VIODEV_WRITE, .space = VIODEV_COMMON, .width = 1
	};
	struct viodev_msg beside = {
		.type = VIODEV_WRITE, .space = VIODEV_NOTIFY, .width = 2,
		.where = 2
	};
	unsigned n;

	(void)state;
	assert_int_equal(stale(VIODEV_WRITE, 0), 0);
	bring_up(s, PLAIN, 0, 1U << 1);
	n = sim_virtio(s)->nqueues;
	assert_int_equal(stale(VIODEV_WRITE, 0), 1);
	assert_int_equal(stale(VIODEV_KICK, 0), 1);
	assert_int_equal(virtio_stale(sim_virtio(s), &beside), 0);
	assert_int_equal(stale(VIODEV_READ, 0), 0);
	assert_int_equal(stale(VIODEV_INPUT, 0), 0);
	assert_int_equal(virtio_stale(sim_virtio(s), &other), 0);
	/* What is not served is for the device to judge. */
	assert_int_equal(stale(VIODEV_WRITE, 1), 0);
	assert_int_equal(stale(VIODEV_WRITE, n), 0);
	offer_chain(s, 0, 0, 4, 4);
	assert_int_equal(stale(VIODEV_WRITE, 0), 0);
	offer_chain(s, 0, KICK, 4, 4);
	assert_int_equal(stale(VIODEV_WRITE, 0), 1);
	msg(VIODEV_PAUSE);
	assert_int_equal(stale(VIODEV_WRITE, 0), 0);
}

/* What cannot be served waits for nobody. */
static void
test_not_served(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 1U << 1);
	offer_chain(s, 0, 0, 4, 4);
	assert_int_equal(waiting(1), 0);
	assert_int_equal(waiting(sim_virtio(s)->nqueues), 0);
	msg(VIODEV_PAUSE);
	assert_int_equal(waiting(0), 0);
	msg(VIODEV_UNPAUSE);
	offer_chain(s, 0, 0, 4, 4);
	assert_int_equal(waiting(0), 1);
	set_status(s, 0);
	assert_int_equal(waiting(0), 0);
}

/* A queue that the driver broke. */
static void
test_broken(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, KICK | TRACE_CHAIN_BADHEAD, 4, 4);
	offer_chain(s, 0, 0, 4, 4);
	assert_int_equal(waiting(0), 0);
}

/* A ring that is in no memory. */
static void
test_nowhere(void **state)
{
	(void)state;
	bring_up(s, PLAIN, 0, 0);
	offer_chain(s, 0, 0, 4, 4);
	((struct virtio_dev *)(uintptr_t)sim_virtio(s))->vq[0].avail =
	    UINT64_MAX - 64;
	assert_int_equal(waiting(0), 0);
	assert_int_equal(seen, 0);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_once), T(test_stale), T(test_not_served), T(test_broken),
		T(test_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
