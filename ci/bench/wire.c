/*
 * A network card in its process next to a plain loop of readv and writev on
 * the same kind of wire: a socket pair, and a tap in a network namespace where
 * there may be one.  Elapsed time.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <net/if.h>
#include <netinet/in.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "le.h"
#include "rig.h"
#include "test_netns.h"
#include "vionet.h"
#include "virtio.h"

#define BATCH	64U			/* frames, slots of a queue */
#define QSIZE	256U
#define ROOM	2048U
#define RX	0x200000U		/* gpa */
#define TX	0x300000U
#define HDR	VIONET_HDR
#define HOST	0x64400102U
#define GUEST	0x64400103U

/* A wire: the card or the plain loop has one end, the world the other. */
struct end {
	int		 fd;		/* frames of the card's side */
	int		 far;		/* of the other side */
	int		 sink;		/* far has to be emptied */
	size_t		 len;		/* of a frame */
	struct rig	*rig;		/* NULL: the plain loop */
	struct rig_queue q[2];
	pthread_t	 drain;
	unsigned	 sent;
	_Atomic unsigned drained;
};

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
static struct rig rig;
static uint8_t list[32];

static void
make_frame(uint8_t *f, const uint8_t *dst, size_t len)
{
	memset(f, 0x5a, len);
	memcpy(f, dst, 6);
	memcpy(f + 6, mac, 6);
	f[12] = 0x88;
	f[13] = 0xb5;
}

/* ----------------------------------------------------------------- the card */
static void
offer(struct end *e, unsigned slot)
{
	struct rig_seg s = { RX + (uint64_t)slot * ROOM, ROOM, 1 };

	rig_put(&e->q[0], slot, &s, 1);
}

static void
open_card(struct end *e)
{
	struct devproc_conf c;
	struct devproc_why why;
	struct wbuf w;
	unsigned i;

	rig_open(&rig);
	rig_conf(&rig, &c, "vionet");
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_MAC, mac, 6);
	c.conf.p = list;
	c.conf.len = w.len;
	c.tap = e->fd;
	if (rig_start(&rig, &c, &why) == -1)
		bench_die(why.text);
	if (rig_setup(&rig, VIRTIO_F_EVENT_IDX | VIONET_F_MAC, e->q, 2,
	    QSIZE) == 0)
		bench_die("the card is gone");
	e->rig = &rig;
	for (i = 0; i < BATCH; i++)
		offer(e, i);
	(void)rig_go(&e->q[0]);
}

static void
put_frame(struct end *e, unsigned slot, const uint8_t *f)
{
	struct rig_seg s = { TX + (uint64_t)slot * ROOM,
	    HDR + (uint32_t)e->len, 0 };
	uint8_t *p = rig_at(&rig, s.gpa, ROOM);

	memset(p, 0, HDR);
	memcpy(p + HDR, f, e->len);
	rig_put(&e->q[1], slot, &s, 1);
}

static void
come(struct rig_queue *q)
{
	if (rig_come(q, 5000) == -1)
		bench_die("the card is gone, or a frame");
}

static void
card_sends(struct end *e, const uint8_t *f, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		put_frame(e, i, f);
	(void)rig_go(&e->q[1]);
	while (n > 0) {
		come(&e->q[1]);
		while (rig_take(&e->q[1], NULL) != -1)
			n--;
	}
}

static void
card_receives(struct end *e, unsigned n)
{
	int slot;

	while (n > 0) {
		come(&e->q[0]);
		while (n > 0 && (slot = rig_take(&e->q[0], NULL)) != -1) {
			offer(e, (unsigned)slot);
			n--;
		}
		(void)rig_go(&e->q[0]);
	}
}

/* ----------------------------------------------------------- the plain loop */
static void
ready(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	if (poll(&p, 1, 5000) != 1)
		bench_die("nothing moves on the wire");
}

static void
loop_sends(struct end *e, const uint8_t *f, unsigned n)
{
	struct iovec v[2] = {
		{ (void *)(uintptr_t)f, VIONET_ETHER },
		{ (void *)(uintptr_t)(f + VIONET_ETHER), e->len - VIONET_ETHER }
	};

	while (n > 0) {
		if (writev(e->fd, v, 2) == (ssize_t)e->len)
			n--;
		else
			ready(e->fd, POLLOUT);
	}
}

static void
loop_receives(struct end *e, unsigned n)
{
	static uint8_t buf[HDR + ROOM];
	struct iovec v = { buf + HDR, ROOM };

	while (n > 0) {
		if (readv(e->fd, &v, 1) > 0)
			n--;
		else
			ready(e->fd, POLLIN);
	}
}

/* -------------------------------------------------------------------- sides */
static uint64_t
run_send(void *arg)
{
	struct end *e = arg;
	uint8_t f[ROOM];

	make_frame(f, (const uint8_t *)"\2\0\0\0\0\2", e->len);
	(e->rig != NULL ? card_sends : loop_sends)(e, f, BATCH);
	e->sent += BATCH;
	/* One that the wire has no room for is lost: the alarm ends us. */
	alarm(10);
	while (e->sink && e->drained != e->sent)
		sched_yield();
	alarm(0);
	return BATCH;
}

static uint64_t
run_receive(void *arg)
{
	struct end *e = arg;
	uint8_t f[ROOM];
	unsigned i;

	make_frame(f, mac, e->len);
	for (i = 0; i < BATCH; i++) {
		while (send(e->far, f, e->len, 0) == -1) {
			if (errno != ENOBUFS && errno != EAGAIN)
				bench_die("the other end does not send");
			ready(e->far, POLLOUT);
		}
	}
	(e->rig != NULL ? card_receives : loop_receives)(e, BATCH);
	return BATCH;
}

/* Who has the host's address?  The kernel answers at once. */
static uint64_t
run_ask(void *arg)
{
	static const uint8_t arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	struct end *e = arg;
	uint8_t f[60] = { 0 };
	uint32_t be;

	memset(f, 0xff, 6);
	memcpy(f + 6, mac, 6);
	memcpy(f + 12, arp, sizeof(arp));
	memcpy(f + 22, mac, 6);
	be = htonl(GUEST);
	memcpy(f + 28, &be, 4);
	be = htonl(HOST);
	memcpy(f + 38, &be, 4);
	(e->rig != NULL ? card_sends : loop_sends)(e, f, 1);
	if (e->rig != NULL)
		card_receives(e, 1);
	else
		loop_receives(e, 1);
	return 1;
}

/* -------------------------------------------------------------------- wires */
/* Takes what comes until the other end is closed. */
static void *
drain(void *arg)
{
	struct end *e = arg;
	uint8_t buf[ROOM];

	for (;;) {
		ssize_t n = recv(e->far, buf, sizeof(buf), 0);

		if (n == 0)
			return NULL;
		if (n == -1)
			ready(e->far, POLLIN);
		else
			atomic_fetch_add(&e->drained, 1);
	}
}

static void
open_socket(struct end *e, int sink)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == -1)
		bench_die("no socket pair");
	e->fd = sv[0];
	e->far = sv[1];
	e->sink = sink;
	(void)fcntl(e->fd, F_SETFL, O_NONBLOCK);
	if (sink && pthread_create(&e->drain, NULL, drain, e) != 0)
		bench_die("no thread");
}

static void
open_tap(struct end *e, int index)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	struct tap_why why;
	char name[TAP_NAMELEN];
	struct tap t;

	snprintf(name, sizeof(name), "bench%d", index);
	if (tap_open(&t, name, 0, &why) == -1 ||
	    tap_address(name, HOST, 0xfffffffe, &why) == -1 ||
	    tap_up(name, 1, &why) == -1)
		bench_die(why.text);
	e->fd = t.fd;
	e->sink = 0;
	e->far = socket(AF_PACKET, SOCK_RAW, 0);
	to.sll_ifindex = (int)if_nametoindex(name);
	if (e->far == -1 || bind(e->far, (struct sockaddr *)&to,
	    sizeof(to)) == -1)
		bench_die("no packet socket");
}

static void
shut(struct end *e)
{
	if (e->rig != NULL)
		rig_close(e->rig);
	close(e->fd);
	if (e->sink)
		pthread_join(e->drain, NULL);
	close(e->far);
}

struct shape {
	const char	*group, *name, *unit;
	uint64_t	(*run)(void *);
	size_t		 len;
	int		 tap, sink;
};

static void
compare(const struct shape *s)
{
	static struct end card, loop;
	struct bench_side a = { .run = s->run, .arg = &card };
	struct bench_side b = { .run = s->run, .arg = &loop };
	struct bench_row row = {
		.group = s->group, .name = s->name, .unit = s->unit,
		.peer = "plain loop", .elapsed = 1
	};

	memset(&card, 0, sizeof(card));
	memset(&loop, 0, sizeof(loop));
	card.len = loop.len = s->len;
	if (s->tap) {
		open_tap(&card, 0);
		open_card(&card);
		/* One address at a time, or the kernel answers elsewhere. */
		open_tap(&loop, 1);
	} else {
		open_socket(&card, s->sink);
		open_card(&card);
		open_socket(&loop, s->sink);
	}
	bench_compare(&row, &a, &b);
	shut(&card);
	shut(&loop);
}

int
main(void)
{
	static const struct shape shapes[] = {
		{ "vionet process, socket pair", "send 60", "frames/s",
		    run_send, 60, 0, 1 },
		{ "vionet process, socket pair", "send 1500", "frames/s",
		    run_send, 1500, 0, 1 },
		{ "vionet process, socket pair", "receive 60", "frames/s",
		    run_receive, 60, 0, 0 },
		{ "vionet process, socket pair", "receive 1500", "frames/s",
		    run_receive, 1500, 0, 0 },
		{ "vionet process, tap", "send 60", "frames/s", run_send, 60,
		    1, 0 },
		{ "vionet process, tap", "send 1500", "frames/s", run_send,
		    1500, 1, 0 },
		{ "vionet process, tap", "receive 60", "frames/s",
		    run_receive, 60, 1, 0 },
		{ "vionet process, tap", "receive 1500", "frames/s",
		    run_receive, 1500, 1, 0 },
		{ "vionet process, tap", "ARP, there and back", "1/s",
		    run_ask, 60, 1, 0 },
	};
	unsigned i, n = sizeof(shapes) / sizeof(shapes[0]);
	int taps = netns_enter();

	for (i = 0; i < n; i++)
		if (taps || !shapes[i].tap)
			compare(&shapes[i]);
	return 0;
}
