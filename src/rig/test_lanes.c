/*
 * A network card in a process of its own: frames both ways at once, on its
 * threads and, when it is recorded, without them.  A datagram socket stands
 * for the tap.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include "le.h"
#include "vionet.h"
#include "virtio.h"

#define SLOTS	32U
#define BUF	2048U
#define RXBUF	0x200000U		/* gpa */
#define TXBUF	0x300000U
#define HDR	VIONET_HDR
#define LEN	1500U

static const uint8_t mac[6] = { 0xfe, 0xe1, 0xba, 0xd0, 1, 2 };
static struct rig rig;
static struct devproc_conf conf;
static struct devproc_why why;
static struct rig_queue q[2];
static uint8_t list[64];
static int wire, taken;			/* our end, the device's */
static char trace[64];

static int
setup(void **state)
{
	struct wbuf w;
	int sv[2], big = 1 << 20;

	(void)state;
	rig_open(&rig);
	rig_conf(&rig, &conf, "vionet");
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_MAC, mac, 6);
	conf.conf.p = list;
	conf.conf.len = w.len;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == -1)
		return -1;
	(void)setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	(void)setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	wire = sv[0];
	conf.tap = taken = sv[1];
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	rig_close(&rig);
	close(wire);
	close(taken);
	return 0;
}

static void
put_rx(unsigned slot)
{
	struct rig_seg s = { RXBUF + (uint64_t)slot * BUF, BUF, 1 };

	rig_put(&q[0], slot, &s, 1);
}

static void
start(void)
{
	unsigned i;

	if (rig_start(&rig, &conf, &why) == -1)
		fail_msg("%s", why.text);
	assert_true(rig_setup(&rig, VIRTIO_F_EVENT_IDX | VIONET_F_MAC, q, 2,
	    128) != 0);
	for (i = 0; i < SLOTS; i++)
		put_rx(i);
	(void)rig_go(&q[0]);
}

static void
make_frame(uint8_t *p, uint32_t number)
{
	memset(p, (int)number, LEN);
	memset(p, 0xff, 6);
	memcpy(p + 6, mac, 6);
	p[12] = 0x88;
	p[13] = 0xb5;
	le32_put(p + 14, number);
}

static void
send_one(unsigned slot, uint32_t number)
{
	uint64_t gpa = TXBUF + (uint64_t)slot * BUF;
	struct rig_seg s = { gpa, HDR + LEN, 0 };
	uint8_t *p = rig_at(&rig, gpa, BUF);

	memset(p, 0, HDR);
	make_frame(p + HDR, number);
	rig_put(&q[1], slot, &s, 1);
	(void)rig_go(&q[1]);
}

static void
expect_frame(const uint8_t *p, size_t len, uint32_t number)
{
	uint8_t want[LEN];

	assert_int_equal(len, LEN);
	make_frame(want, number);
	assert_memory_equal(p, want, LEN);
}

/* The frame on our end of the wire. */
static void
on_wire(uint32_t number)
{
	struct pollfd p = { .fd = wire, .events = POLLIN };
	uint8_t buf[BUF];

	assert_int_equal(poll(&p, 1, 5000), 1);
	expect_frame(buf, (size_t)recv(wire, buf, sizeof(buf), 0), number);
}

static void
to_guest(uint32_t number)
{
	uint8_t buf[LEN];

	make_frame(buf, number);
	assert_int_equal(send(wire, buf, LEN, 0), LEN);
}

static void
in_guest(uint32_t number)
{
	uint32_t len;
	int slot;

	assert_int_equal(rig_come(&q[0], 5000), 0);
	slot = rig_take(&q[0], &len);
	assert_true(slot >= 0);
	expect_frame(rig_at(&rig, RXBUF + (uint64_t)slot * BUF, BUF) + HDR,
	    len - HDR, number);
	put_rx((unsigned)slot);
	(void)rig_go(&q[0]);
}

static void
both_ways(void)
{
	uint32_t i;

	for (i = 0; i < 50; i++) {
		send_one(i % SLOTS, i);
		on_wire(i);
		while (rig_take(&q[1], NULL) != -1)
			;
		to_guest(1000 + i);
		in_guest(1000 + i);
	}
}

static void
test_frames(void **state)
{
	char path[64];
	FILE *f;
	int n = 0;

	(void)state;
	start();
	both_ways();
	/*
	 * Receiving and sending have a thread each beside the main one; a
	 * sanitizer may have one, too.
	 */
	snprintf(path, sizeof(path), "/proc/%d/status",
	    (int)devproc_pid(rig.dev));
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(path, sizeof(path), f) != NULL)
		(void)sscanf(path, "Threads: %d", &n);
	fclose(f);
	assert_in_range(n, 3, 4);
}

static void
test_pause(void **state)
{
	(void)state;
	start();
	assert_int_equal(devproc_pause(rig.dev), 0);
	to_guest(1);
	send_one(0, 2);
	assert_int_equal(rig_come(&q[0], 100), -1);
	assert_int_equal(recv(wire, trace, 1, MSG_DONTWAIT), -1);
	assert_int_equal(devproc_unpause(rig.dev), 0);
	on_wire(2);
	in_guest(1);
	/* A reset in the middle, and all over again. */
	to_guest(3);
	rig_write(&rig, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	assert_int_equal(rig_read(&rig, VIODEV_COMMON, VIRTIO_DEVICE_STATUS,
	    1), 0);
}

#define MANY	20000U

static _Atomic int drunk;

static void *
feed(void *arg)
{
	uint8_t buf[LEN];
	uint32_t i;

	(void)arg;
	for (i = 0; i < MANY; i++) {
		make_frame(buf, i);
		while (send(wire, buf, LEN, 0) == -1 && errno == ENOBUFS)
			;
	}
	return NULL;
}

static void *
drink(void *arg)
{
	uint32_t i, last = 0, got = 0;
	uint8_t buf[BUF];

	for (;;) {
		if (recv(wire, buf, sizeof(buf), 0) != LEN)
			break;
		i = le32_get(buf + 14);
		if (i == UINT32_MAX)
			break;
		/* In order; one that found the wire full is lost. */
		if (got > 0 && i <= last)
			abort();
		last = i;
		got++;
	}
	*(uint32_t *)arg = got;
	drunk = 1;
	return NULL;
}

/* Both directions flat out: nothing is mixed up, nothing comes twice. */
static void
test_bulk(void **state)
{
	uint32_t i = 0, n = 0, len, got = 0;
	unsigned flying = 0;
	uint8_t *p;
	pthread_t in, out;
	int slot;

	(void)state;
	start();
	pthread_create(&in, NULL, feed, NULL);
	pthread_create(&out, NULL, drink, &got);
	while (n < MANY || i < MANY) {
		for (; i < MANY && flying < SLOTS; i++, flying++)
			send_one(i % SLOTS, i);
		while ((slot = rig_take(&q[1], NULL)) != -1)
			flying--;
		while ((slot = rig_take(&q[0], &len)) != -1) {
			p = rig_at(&rig, RXBUF + (uint64_t)slot * BUF, BUF);
			expect_frame(p + HDR, len - HDR, n++);
			put_rx((unsigned)slot);
			(void)rig_go(&q[0]);
		}
		(void)rig_dispatch(&rig);
		if (rig.line)
			(void)rig_read(&rig, VIODEV_ISR, 0, 1);
	}
	pthread_join(in, NULL);
	while (flying > 0)
		while (rig_take(&q[1], NULL) != -1)
			flying--;
	/* Any of these may find the wire full. */
	while (!drunk) {
		send_one(0, UINT32_MAX);
		assert_int_equal(rig_come(&q[1], 5000), 0);
		assert_int_equal(rig_take(&q[1], NULL), 0);
	}
	pthread_join(out, NULL);
	assert_true(got > MANY / 2);
}

static void
test_recorded(void **state)
{
	char line[256];

	(void)state;
	snprintf(trace, sizeof(trace), "/tmp/rig.trace.XXXXXX");
	conf.record.fd = mkstemp(trace);
	conf.record.path = trace;
	conf.record.room = 64U << 20;
	conf.record.keep = 4096;
	start();
	both_ways();
	assert_int_equal(devproc_pause(rig.dev), 0);
	to_guest(7);
	assert_int_equal(rig_come(&q[0], 50), -1);
	assert_int_equal(devproc_unpause(rig.dev), 0);
	in_guest(7);
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 5000), 0);
	close(conf.record.fd);
	snprintf(line, sizeof(line), "%s replay %s", getenv("VMTRACE"),
	    trace);
	assert_int_equal(system(line), 0);
	unlink(trace);
}

/* Processor time of the device so far, in ticks of 10 ms. */
static unsigned long
ticks(void)
{
	unsigned long user, sys;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat",
	    (int)devproc_pid(rig.dev));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u "
	    "%*u %*u %*u %*u %lu %lu", &user, &sys), 2);
	fclose(f);
	return user + sys;
}

/* Readable for ever, and nothing to read: a tap that was taken away. */
static void
without_tap(void)
{
	unsigned long before;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	close(fd[0]);
	conf.tap = fd[1];
	start();
	(void)rig_read(&rig, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1);
	before = ticks();
	poll(NULL, 0, 1000);
	assert_true(ticks() - before < 10);
	/* The rest of the card goes on. */
	send_one(0, 1);
	assert_int_equal(rig_come(&q[1], 5000), 0);
	close(fd[1]);
}

static void
test_tap_gone(void **state)
{
	(void)state;
	without_tap();
}

static void
test_tap_gone_recorded(void **state)
{
	(void)state;
	snprintf(trace, sizeof(trace), "/tmp/rig.trace.XXXXXX");
	conf.record.fd = mkstemp(trace);
	conf.record.room = 1U << 20;
	unlink(trace);
	without_tap();
	close(conf.record.fd);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_frames), T(test_pause), T(test_bulk),
		T(test_recorded), T(test_tap_gone), T(test_tap_gone_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
