/*
 * A network card in a process of its own.  The other end of the wire is a
 * socket pair that keeps frames apart, which needs no privilege; at the end,
 * if there may be one, a tap in a network namespace.
 */
#include "rig.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_netns.h"
#include "virtio.h"

#define HDR	12
#define ROOM	2048U
#define SLOTS	16
#define TX	0x100000U
#define RX	0x200000U

static struct rig rig;
static struct devproc_conf conf;
static struct devproc_why why;
static struct rig_queue q[3];
static uint8_t list[128];
static int wire[2];			/* ours, the card's */

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t peer[6] = { 2, 0, 0, 0, 0, 2 };

static void
start(int tap)
{
	conf.tap = tap;
	if (rig_start(&rig, &conf, &why) == -1)
		fail_msg("%s", why.text);
	(void)rig_setup(&rig, VIRTIO_F_EVENT_IDX, q, 2, 64);
}

static void
describe(void)
{
	struct wbuf w;

	rig_open(&rig);
	rig_conf(&rig, &conf, "vionet");
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_MAC, mac, 6);
	devconf_put_int(&w, DEVCONF_LOCKED, 1);
	conf.conf.p = list;
	conf.conf.len = w.len;
}

static int
setup(void **state)
{
	(void)state;
	describe();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, wire), 0);
	start(wire[1]);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(wire[0]);
	close(wire[1]);
	rig_close(&rig);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static size_t
make(uint8_t *f, const uint8_t *dst, const uint8_t *src, unsigned n)
{
	size_t len = 60 + 37 * n % 1400;

	memset(f, (int)n, len);
	memcpy(f, dst, 6);
	memcpy(f + 6, src, 6);
	f[12] = 0x88;
	f[13] = 0xb5;
	return len;
}

static void
send_frame(unsigned n, const uint8_t *src)
{
	uint64_t at = TX + ROOM * (n % SLOTS);
	struct rig_seg s[2] = { { at, HDR, 0 }, { at + HDR, 0, 0 } };
	uint8_t *b = rig_at(&rig, at, ROOM);

	memset(b, 0, HDR);
	s[1].len = (uint32_t)make(b + HDR, peer, src, n);
	rig_put(&q[1], n % SLOTS, s, 2);
	(void)rig_go(&q[1]);
}

static void
offer(unsigned slot)
{
	struct rig_seg s = { RX + ROOM * slot, ROOM, 1 };

	rig_put(&q[0], slot, &s, 1);
	(void)rig_go(&q[0]);
}

/* The next frame on our end of the wire, or 0 when there is none for ms. */
static size_t
on_wire(uint8_t *f, int ms)
{
	struct pollfd p = { .fd = wire[0], .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, ms) != 1)
		return 0;
	n = recv(wire[0], f, ROOM, 0);
	assert_true(n > 0);
	return (size_t)n;
}

static void
test_leave(void **state)
{
	uint8_t want[ROOM], got[ROOM];
	unsigned n;
	uint32_t used;
	size_t len;

	(void)state;
	for (n = 0; n < 200; n++) {
		send_frame(n, mac);
		len = make(want, peer, mac, n);
		assert_int_equal(on_wire(got, 5000), len);
		assert_memory_equal(got, want, len);
		assert_int_equal(rig_come(&q[1], 5000), 0);
		assert_int_equal(rig_take(&q[1], &used), n % SLOTS);
		assert_int_equal(used, 0);
	}
	/* Not ours: it goes nowhere. */
	send_frame(n, peer);
	assert_int_equal(rig_come(&q[1], 5000), 0);
	assert_int_equal(on_wire(got, 50), 0);
}

static void
arrives(unsigned n)
{
	uint8_t want[ROOM];
	size_t len = make(want, mac, peer, n);
	uint32_t used;
	int slot;

	assert_int_equal(send(wire[0], want, len, 0), len);
	assert_int_equal(rig_come(&q[0], 5000), 0);
	slot = rig_take(&q[0], &used);
	assert_in_range(slot, 0, SLOTS - 1);
	assert_int_equal(used, HDR + len);
	assert_memory_equal(rig_at(&rig, RX + ROOM * (unsigned)slot + HDR,
	    len), want, len);
	offer((unsigned)slot);
}

static void
test_arrive(void **state)
{
	unsigned n;

	(void)state;
	for (n = 0; n < 4; n++)
		offer(n);
	for (n = 0; n < 200; n++)
		arrives(n);
}

/* Without buffers and in a pause frames wait in the wire: none is lost. */
static void
test_waits(void **state)
{
	uint8_t f[ROOM];
	uint32_t used;
	unsigned n;

	(void)state;
	for (n = 0; n < 3; n++)
		assert_true(send(wire[0], f, make(f, mac, peer, n), 0) > 0);
	usleep(20000);
	for (n = 0; n < 2; n++) {
		offer(n);
		assert_int_equal(rig_come(&q[0], 5000), 0);
		assert_int_equal(rig_take(&q[0], &used), n);
		assert_int_equal(used, HDR + make(f, mac, peer, n));
	}
	assert_int_equal(devproc_pause(rig.dev), 0);
	offer(2);
	assert_int_equal(rig_come(&q[0], 50), -1);
	assert_int_equal(devproc_unpause(rig.dev), 0);
	assert_int_equal(rig_come(&q[0], 5000), 0);
	assert_int_equal(rig_take(&q[0], &used), 2);
	assert_int_equal(used, HDR + make(f, mac, peer, 2));
}

/* The next frame that passes as ARP (8, 6) or as IPv4 (8, 0); its length. */
static size_t
received(uint8_t *f, unsigned type)
{
	uint32_t used;
	int slot, i;

	for (i = 0; i < 20; i++) {
		if (rig_come(&q[0], 5000) == -1)
			return 0;
		slot = rig_take(&q[0], &used);
		memcpy(f, rig_at(&rig, RX + ROOM * (unsigned)slot + HDR,
		    used - HDR), used - HDR);
		offer((unsigned)slot);
		if (f[12] == 8 && f[13] == type)
			return used - HDR;
	}
	return 0;
}

/* The kernel's own stack at the other end: ARP, then a datagram. */
static void
test_tap(void **state)
{
	const uint32_t guest = 0x64400103, host = 0x64400102;
	uint64_t at = TX;
	struct rig_seg s = { at, HDR + 42, 0 };
	struct tap_why no;
	uint8_t f[ROOM];
	struct tap t;
	unsigned n;

	(void)state;
	if (!netns_enter())
		skip();
	describe();
	assert_int_equal(tap_open(&t, "tap", 0, &no), 0);
	assert_int_equal(tap_address(t.name, host, 0xfffffffe, &no), 0);
	assert_int_equal(tap_up(t.name, 1, &no), 0);
	start(t.fd);
	for (n = 0; n < SLOTS; n++)
		offer(n);
	assert_int_equal(netns_send(guest, "hello", 5), 0);
	n = (unsigned)received(f, 6);
	assert_int_equal(netns_arp(f, n, mac, guest), 0);
	memset(rig_at(&rig, at, HDR), 0, HDR);
	memcpy(rig_at(&rig, at + HDR, 42), f, 42);
	rig_put(&q[1], 0, &s, 1);
	(void)rig_go(&q[1]);
	assert_int_equal(received(f, 0), 42 + 5);
	assert_memory_equal(f + 42, "hello", 5);
	tap_close(&t);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits, setup, teardown),
		cmocka_unit_test(test_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
