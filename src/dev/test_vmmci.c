#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim.h"
#include "vmmci.h"

#define CMD	20			/* registers, as a driver has them */
#define SEC	24
#define USEC	32
#define S	1000000000ULL

static struct sim *s;
static struct sim_kind kind;
static unsigned wishes;
static uint32_t wish;

static void
request(struct sim *t, uint32_t what, uint64_t arg)
{
	wishes++;
	wish = what;
	sim_vmmci.request(t, what, arg);
}

static int
setup(void **state)
{
	(void)state;
	kind = sim_vmmci;
	kind.request = request;
	s = sim_new(&kind);
	s->deep = 1;
	sim_start(s, NULL);
	wishes = 0;
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

static uint64_t
rd(unsigned off, unsigned width)
{
	return sim_read(s, VIODEV_LEGACY, off, width);
}

static void
wr(unsigned off, unsigned width, uint64_t v)
{
	sim_write(s, VIODEV_LEGACY, off, width, v);
}

static void
up(uint64_t features)
{
	wr(VIRTIO_L_DEVICE_STATUS, 1, 0);
	wr(VIRTIO_L_DEVICE_STATUS, 1, 3);
	wr(VIRTIO_L_DRIVER_FEATURES, 4, features);
	wr(VIRTIO_L_DEVICE_STATUS, 1, 7);
}

static uint64_t
message(unsigned type, uint32_t where)
{
	struct viodev_msg m = { .type = (uint8_t)type, .where = where,
	    .data = 77 };

	sim_deliver(s, &m);
	return m.data;
}

#define command(c)	message(VIODEV_COMMAND, (c))

/* Nothing is asked for until the last nanosecond, then this. */
static void
expires_after(uint64_t ns, uint32_t what)
{
	sim_advance(s, ns - 1);
	assert_int_equal(wishes, 0);
	sim_advance(s, 1);
	assert_int_equal(wishes, 1);
	assert_int_equal(wish, what);
	sim_advance(s, 1000 * S);
	assert_int_equal(wishes, 1);
	wishes = 0;
}

/* req: LEG-01 LEG-02 LEG-03 */
static void
header(void **state)
{
	(void)state;
	assert_int_equal(rd(VIRTIO_L_DEVICE_FEATURES, 4), 7);
	assert_int_equal(rd(VIRTIO_L_DRIVER_FEATURES, 4), 0);
	wr(VIRTIO_L_DRIVER_FEATURES, 4, 0xffffffff);
	assert_int_equal(rd(VIRTIO_L_DRIVER_FEATURES, 4), 7);
	assert_int_equal(rd(VIRTIO_L_QUEUE_SIZE, 2), 0);
	wr(VIRTIO_L_QUEUE_NOTIFY, 2, 0);
	wr(VIRTIO_L_DEVICE_STATUS, 1, 0x0f);
	assert_int_equal(rd(VIRTIO_L_DEVICE_STATUS, 1), 7);
	assert_int_equal(rd(CMD, 4), 0);
	assert_int_equal(sim_read(s, VIODEV_COMMON, 0, 4), 0xffffffff);
}

/* req: LEG-04 LEG-05 */
static void
shutdown_answered(void **state)
{
	(void)state;
	up(7);
	assert_int_equal(command(VIODEV_CMD_SHUTDOWN), 0);
	assert_int_equal(s->line, 1);
	assert_int_equal(rd(CMD, 4), 1);
	assert_int_equal(rd(VIRTIO_L_ISR, 1), 2);
	assert_int_equal(s->line, 0);
	assert_int_equal(rd(VIRTIO_L_ISR, 1), 0);
	sim_advance(s, 2 * S);
	wr(CMD, 4, 1);
	assert_int_equal(rd(CMD, 4), 1);
	expires_after(120 * S, HREQ_SHUTDOWN);
	assert_int_equal(rd(CMD, 4), 0);
}

static void
reboot_not_answered(void **state)
{
	(void)state;
	up(7);
	assert_int_equal(command(VIODEV_CMD_REBOOT), 0);
	assert_int_equal(rd(CMD, 4), 2);
	wr(CMD, 4, 1);
	wr(CMD, 4, 3);
	wr(CMD, 4, 0);
	wr(CMD, 2, 2);
	wr(CMD + 1, 4, 2);
	expires_after(3 * S, HREQ_REBOOT);
}

/* The long time begins with the first answer and is not made longer. */
static void
answered_again(void **state)
{
	(void)state;
	up(7);
	command(VIODEV_CMD_REBOOT);
	wr(CMD, 4, 2);
	sim_advance(s, 60 * S);
	wr(CMD, 4, 2);
	expires_after(60 * S, HREQ_REBOOT);
}

static void
nobody_there(void **state)
{
	(void)state;
	assert_int_equal(command(VIODEV_CMD_SHUTDOWN), 1);
	wr(VIRTIO_L_DEVICE_STATUS, 1, 3);
	assert_int_equal(command(VIODEV_CMD_REBOOT), 1);
	wr(CMD, 4, 1);
	up(7);
	wr(VIRTIO_L_DEVICE_STATUS, 1, 0x87);
	assert_int_equal(command(VIODEV_CMD_SHUTDOWN), 1);
	assert_int_equal(s->line, 0);
	up(7);
	assert_int_equal(command(VIODEV_CMD_NONE), 1);
	assert_int_equal(command(4), 1);
	assert_int_equal(command(UINT32_MAX), 1);
	assert_int_equal(rd(CMD, 4), 0);
	sim_advance(s, 1000 * S);
	assert_int_equal(wishes, 0);
}

static void
clock_is_set(void **state)
{
	(void)state;
	up(3);
	assert_int_equal(command(VIODEV_CMD_SYNCRTC), 1);
	up(VMMCI_F_SYNCRTC);
	assert_int_equal(command(VIODEV_CMD_SYNCRTC), 0);
	assert_int_equal(rd(CMD, 4), 3);
	assert_int_equal(s->line, 1);
	wr(CMD, 4, 2);
	assert_int_equal(rd(CMD, 4), 3);
	wr(CMD, 4, 3);
	assert_int_equal(rd(CMD, 4), 0);
	sim_advance(s, 1000 * S);
	command(VIODEV_CMD_SHUTDOWN);
	assert_int_equal(command(VIODEV_CMD_SYNCRTC), 1);
	assert_int_equal(rd(CMD, 4), 1);
	expires_after(3 * S, HREQ_SHUTDOWN);
}

static void
power_off(void **state)
{
	(void)state;
	up(7);
	wr(CMD, 4, 2);
	sim_advance(s, 1000 * S);
	assert_int_equal(wishes, 0);
	wr(CMD, 4, 1);
	assert_int_equal(rd(CMD, 4), 0);
	sim_advance(s, S);
	wr(CMD, 4, 1);
	expires_after(2 * S, HREQ_SHUTDOWN);
	command(VIODEV_CMD_SYNCRTC);
	wr(CMD, 4, 1);
	assert_int_equal(rd(CMD, 4), 3);
	expires_after(3 * S, HREQ_SHUTDOWN);
}

static void
host_changes_its_mind(void **state)
{
	(void)state;
	up(7);
	command(VIODEV_CMD_SHUTDOWN);
	wr(CMD, 4, 1);
	command(VIODEV_CMD_REBOOT);
	wr(CMD, 4, 1);
	expires_after(3 * S, HREQ_REBOOT);
	wr(CMD, 4, 1);
	command(VIODEV_CMD_REBOOT);
	expires_after(3 * S, HREQ_REBOOT);
}

static void
driver_resets(void **state)
{
	(void)state;
	up(7);
	command(VIODEV_CMD_REBOOT);
	wr(CMD, 4, 2);
	(void)rd(SEC, 4);
	wr(VIRTIO_L_DEVICE_STATUS, 1, 0);
	assert_int_equal(rd(CMD, 4), 0);
	assert_int_equal(rd(USEC, 4), 0);
	assert_int_equal(s->line, 0);
	up(7);
	wr(CMD, 4, 1);
	expires_after(120 * S, HREQ_REBOOT);
}

static void
machine_resets(void **state)
{
	static const uint8_t types[] = { VIODEV_RESET, VIODEV_SHUTDOWN };
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		up(7);
		command(VIODEV_CMD_SHUTDOWN);
		message(types[i], 0);
		up(7);
		assert_int_equal(rd(CMD, 4), 0);
		sim_advance(s, 1000 * S);
		assert_int_equal(wishes, 0);
	}
}

static void
paused(void **state)
{
	(void)state;
	up(7);
	command(VIODEV_CMD_SHUTDOWN);
	message(VIODEV_PAUSE, 0);
	sim_advance(s, 3 * S);
	sim_advance(s, 3 * S);
	assert_int_equal(wishes, 0);
	message(VIODEV_UNPAUSE, 0);
	expires_after(3 * S, HREQ_SHUTDOWN);
}

/* The message of a timer that was replaced, or of none, changes nothing. */
static void
stale_timers(void **state)
{
	(void)state;
	up(7);
	message(VIODEV_TIMER, 0);
	assert_int_equal(wishes, 0);
	command(VIODEV_CMD_SHUTDOWN);
	message(VIODEV_TIMER, 0);
	message(VIODEV_TIMER, 1);
	wr(CMD, 4, 1);
	sim_advance(s, 100 * S);
	message(VIODEV_TIMER, 0);
	message(VIODEV_TIMER, 1);
	expires_after(20 * S, HREQ_SHUTDOWN);
}

/* Seconds of more than 32 bits, which vmd loses; the sample stays. */
static void
wall_clock(void **state)
{
	(void)state;
	s->wall = 5000000000 * S + 123456789;
	assert_int_equal(rd(SEC, 4), 5000000000 & 0xffffffff);
	s->wall += 7 * S + 500000000;
	assert_int_equal(rd(SEC + 4, 4), 1);
	assert_int_equal(rd(USEC, 4), 123456);
	assert_int_equal(rd(USEC + 4, 4), 0);
	assert_int_equal(rd(SEC + 1, 1), 5000000000 >> 8 & 0xff);
	assert_int_equal(rd(SEC, 1), 5000000007 & 0xff);
	assert_int_equal(rd(USEC, 4), 623456);
	s->wall += S;
	assert_true(rd(SEC, 8) == 5000000008);
	s->wall += S;
	assert_true(rd(CMD, 8) == (uint64_t)5000000009 << 32);
	s->wall += S;
	(void)rd(CMD, 4);
	(void)rd(19, 8);
	assert_int_equal(rd(SEC + 4, 4), 1);
	assert_int_equal(rd(SEC + 2, 2), 5000000009 >> 16 & 0xffff);
	s->wall = 999;
	assert_int_equal(rd(SEC, 4), 0);
	assert_int_equal(rd(USEC, 4), 0);
	s->wall = 999999999;
	assert_int_equal(rd(SEC, 4), 0);
	assert_int_equal(rd(USEC, 4), 999999);
}

/* Masked features: no clock, no SYNCRTC. */
static void
fewer_features(void **state)
{
	uint8_t list[16];
	struct devconf c = { list, 0 };
	struct wbuf w;

	(void)state;
	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_FEATURES, VMMCI_F_ACK);
	c.len = w.len;
	sim_stop(s);
	sim_start(s, &c);
	assert_int_equal(rd(VIRTIO_L_DEVICE_FEATURES, 4), 2);
	up(7);
	assert_int_equal(rd(SEC, 4), 0);
	assert_int_equal(rd(USEC, 4), 0);
	assert_int_equal(command(VIODEV_CMD_SYNCRTC), 1);
	assert_int_equal(command(VIODEV_CMD_SHUTDOWN), 0);
	sim_advance(s, 3 * S);
	assert_int_equal(wishes, 1);
}

static void
saved_and_loaded(void **state)
{
	(void)state;
	up(7);
	sim_reload(s);
	(void)rd(SEC, 4);
	command(VIODEV_CMD_REBOOT);
	sim_reload(s);
	assert_int_equal(rd(CMD, 4), 2);
	sim_advance(s, S);
	wr(CMD, 4, 2);
	sim_reload(s);
	expires_after(120 * S, HREQ_REBOOT);
	sim_reload(s);
}

/* The kind's own part of a state is its last bytes. */
#define OWN	33

static int
loads(size_t at, uint64_t v, unsigned width)
{
	uint8_t state[256];
	struct wbuf w;

	sim_stop(s);
	sim_start(s, NULL);
	up(7);
	command(VIODEV_CMD_REBOOT);
	wb_init(&w, state, sizeof(state));
	dev_save(s->dev, &w);
	assert_false(wb_bad(&w));
	while (width-- > 0)
		state[w.len - OWN + at + width] = (uint8_t)(v >> 8 * width);
	s->ops &= ~(1ULL << 63);
	sim_restore(s, state, w.len);
	return (s->ops >> 63 & 1) != 0;
}

static void
hostile_states(void **state)
{
	(void)state;
	assert_true(loads(0, 2, 4));
	assert_false(loads(0, 4, 4));
	assert_false(loads(0, 1, 4));
	assert_true(loads(0, 0, 4));
	assert_true(loads(0, 3, 4));
	assert_false(loads(4, 0, 4));
	assert_false(loads(4, 3, 4));
	assert_true(loads(8, 2, 1));
	assert_false(loads(8, 0, 1));
	assert_false(loads(8, 3, 1));
	assert_true(loads(25, 999999, 8));
	assert_false(loads(25, 1000000, 8));
}

/* From a machine whose clock is ahead, or far behind. */
static void
other_clocks(void **state)
{
	(void)state;
	assert_true(loads(9, UINT64_MAX, 8));
	assert_int_equal(s->due[0], s->now + 3 * S);
	assert_true(loads(9, 1, 8));
	assert_int_equal(s->due[0], s->now);
	assert_true(loads(9, s->now + S, 8));
	assert_int_equal(s->due[0], s->now + S);
}

/* Nothing may be left over, and nothing may be missing. */
static void
states_of_other_lengths(void **state)
{
	uint8_t st[256] = { 0 };
	struct wbuf w;
	size_t n;

	(void)state;
	wb_init(&w, st, sizeof(st));
	dev_save(s->dev, &w);
	for (n = 0; n <= w.len + 1; n++) {
		s->ops &= ~(1ULL << 63);
		sim_restore(s, st, n);
		assert_int_equal(s->ops >> 63 & 1, n == w.len);
	}
}

/* A message that is under way when time is up ends it, and the timer, too. */
static void
message_before_timer(void **state)
{
	(void)state;
	up(7);
	assert_int_equal(command(VIODEV_CMD_REBOOT), 0);
	s->now += 3 * S;
	message(VIODEV_TIMER, VMMCI_TIMER);
	assert_int_equal(wishes, 1);
	assert_int_equal(wish, HREQ_REBOOT);
	sim_advance(s, 1000 * S);
	assert_int_equal(wishes, 1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(header), T(shutdown_answered), T(reboot_not_answered),
		T(answered_again), T(nobody_there), T(clock_is_set),
		T(power_off), T(host_changes_its_mind), T(driver_resets),
		T(machine_resets), T(paused), T(stale_timers), T(wall_clock),
		T(fewer_features), T(saved_and_loaded), T(hostile_states),
		T(other_clocks), T(states_of_other_lengths),
		T(message_before_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
