/*
 * A network card on real threads, the way a host runs it: one for each lane,
 * one for the driver, one that resets, pauses and reads registers whenever it
 * likes.  Frames carry numbers; at the end every one of them is accounted
 * for.  Meant for ThreadSanitizer (make tsan-vionet S=seconds).
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "test_client.h"

#include "dev.h"
#include "prng.h"
#include "vionet.h"
#include "virtio.h"

#include <stdatomic.h>
#include <stdlib.h>

#define N		32		/* entries of a queue */
#define ROOM		2048		/* of a buffer */
#define MEMORY		0x80000UL
#define RING(q)		(0x1000 * (1 + (size_t)(q)))
#define AVAIL(q)	(RING(q) + 16 * N)
#define USED(q)		(AVAIL(q) + 0x200)
#define BUFFER(q, i)	(0x10000 + ((size_t)(q) * N + (i)) * ROOM)
#define QUEUES		3

/* The driver's side; only the driver touches it, and who resets. */
struct ring {
	uint16_t	avail, used;
};

static struct {
	struct gmem	 gm;
	uint8_t		*mem;
	struct dev	*dev;
	pthread_rwlock_t lanes;		/* shared: a lane; else alone */
	pthread_mutex_t	 driver;	/* rings and their counters */
	pthread_mutex_t	 mtx;
	pthread_cond_t	 wake;
	atomic_int	 kick[QUEUES], rx_on, line, stop, paused;
	struct ring	 ring[QUEUES];
	int		 event;		/* EVENT_IDX was accepted */
	/* What happened. */
	uint64_t	 input;		/* frames that arrived */
	uint64_t	 received, answers;
	uint64_t	 offered, untaken;
	uint64_t	 sent;
	uint64_t	 lastin, lastout, nextout;
	unsigned	 resets, pauses;
} r;

static void
die(const char *why)
{
	fprintf(stderr, "test_vionet_threads: %s\n", why);
	abort();
}

/* ------------------------------------------------------------- the host */

static void
wake(void)
{
	pthread_mutex_lock(&r.mtx);
	pthread_cond_broadcast(&r.wake);
	pthread_mutex_unlock(&r.mtx);
}

static void
host_irq(void *arg, int level)
{
	(void)arg;
	r.line = level;
	wake();
}

static void
host_rx_ready(void *arg, uint32_t q, int on)
{
	(void)arg;
	if (q != 0)
		die("frames for a queue that receives none");
	r.rx_on = on;
	wake();
}

static void
host_again(void *arg, uint32_t q)
{
	(void)arg;
	r.kick[q] = 1;
	wake();
}

static void
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	(void)arg;
	(void)level;
	(void)fmt;
}

static size_t
length_of(uint64_t n)
{
	return 60 + n * 7919 % 1400;
}

static void
make_frame(uint8_t *f, uint64_t n)
{
	memcpy(f, guest_mac, 6);
	memcpy(f + 6, guest_mac, 6);
	f[12] = 0x88;
	f[13] = 0xb5;
	le64_put(f + 14, n);
	memset(f + 22, (int)(n & 0xff), length_of(n) - 22);
}

/* The number of a whole and unchanged frame. */
static uint64_t
check_frame(const uint8_t *f, size_t len)
{
	uint8_t want[ROOM];
	uint64_t n = le64_get(f + 14);

	make_frame(want, n);
	if (len != length_of(n) || memcmp(f, want, len) != 0)
		die("a frame is damaged");
	return n;
}

static int
host_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	uint8_t f[ROOM];
	uint64_t number;
	size_t at = 0;
	int i;

	(void)arg;
	for (i = 0; i < n; at += iov[i++].iov_len)
		memcpy(f + at, iov[i].iov_base, iov[i].iov_len);
	number = check_frame(f, len);
	if (q != 1 || number <= r.lastout)
		die("a frame left twice or out of order");
	r.lastout = number;
	if (number % 16 == 3)
		return -1;
	r.sent++;
	return 0;
}

static const struct host_ops ops = {
	.irq = host_irq, .tx = host_tx, .rx_ready = host_rx_ready,
	.again = host_again, .log = host_log,
};

/* A message in its lane, as dev.h says. */
static uint64_t
message(struct viodev_msg m, unsigned lane)
{
	pthread_rwlock_rdlock(&r.lanes);
	if (dev_lane(r.dev, &m) != lane)
		die("a message in another lane");
	if (lane != 0)
		dev_msg(r.dev, &m);
	pthread_rwlock_unlock(&r.lanes);
	if (lane != 0)
		return 0;
	pthread_rwlock_wrlock(&r.lanes);
	dev_msg(r.dev, &m);
	pthread_rwlock_unlock(&r.lanes);
	return m.data;
}

static void
kick(unsigned q)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .space = VIODEV_NOTIFY, .width = 2,
		.data = q
	};

	message(m, q < 2 ? q + 1 : 0);
}

/* The next frame, if one is wanted; now and then one that is not. */
static int
bring_frame(struct prng *p)
{
	struct viodev_msg m = { .type = VIODEV_INPUT };
	uint8_t f[ROOM];

	if (r.paused || (!r.rx_on && prng_below(p, 64) != 0))
		return 0;
	make_frame(f, ++r.input);
	m.payload = f;
	m.len = length_of(r.input);
	message(m, 1);
	return 1;
}

static void
rest(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_mutex_lock(&r.mtx);
	pthread_cond_timedwait(&r.wake, &r.mtx, &t);
	pthread_mutex_unlock(&r.mtx);
}

static void *
rx_lane(void *arg)
{
	struct prng p;
	int busy;

	prng_seed(&p, 1);
	while (!r.stop) {
		busy = atomic_exchange(&r.kick[0], 0);
		if (busy)
			kick(0);
		busy |= bring_frame(&p);
		if (!busy)
			rest();
	}
	return arg;
}

static void *
tx_lane(void *arg)
{
	while (!r.stop)
		if (atomic_exchange(&r.kick[1], 0))
			kick(1);
		else
			rest();
	return arg;
}

/* ----------------------------------------------------------- the driver */

static uint16_t
get16(size_t gpa)
{
	return __atomic_load_n((uint16_t *)(void *)(r.mem + gpa),
	    __ATOMIC_ACQUIRE);
}

static void
put16(size_t gpa, uint16_t v)
{
	__atomic_store_n((uint16_t *)(void *)(r.mem + gpa), v,
	    __ATOMIC_SEQ_CST);
}

static void
offer(unsigned q, unsigned i, size_t len, unsigned flags)
{
	uint8_t *d = r.mem + RING(q) + 16 * (size_t)i;
	struct ring *g = &r.ring[q];

	le64_put(d, BUFFER(q, i));
	le32_put(d + 8, (uint32_t)len);
	le16_put(d + 12, (uint16_t)flags);
	le16_put(r.mem + AVAIL(q) + 4 + 2 * (size_t)(g->avail % N),
	    (uint16_t)i);
	put16(AVAIL(q) + 2, ++g->avail);
}

static void
reg(unsigned off, unsigned width, uint64_t v)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .space = VIODEV_COMMON,
		.width = (uint8_t)width, .where = off, .data = v
	};

	message(m, 0);
}

static uint64_t
look(unsigned space, unsigned off, unsigned width)
{
	struct viodev_msg m = {
		.type = VIODEV_READ, .space = (uint16_t)space,
		.width = (uint8_t)width, .where = off
	};

	return message(m, 0);
}

static void
take_received(uint32_t len, const uint8_t *b)
{
	uint64_t n;

	if (len < VIONET_HDR + 60 || le16_get(b + 10) != 1)
		die("a buffer came back wrong");
	b += VIONET_HDR;
	len -= VIONET_HDR;
	if (b[12] == 0x08) {
		r.answers++;
		return;
	}
	n = check_frame(b, len);
	if (n <= r.lastin)
		die("a frame arrived twice or out of order");
	r.lastin = n;
	r.received++;
}

/* What came back; how many. */
static unsigned
drain(unsigned q)
{
	struct ring *g = &r.ring[q];
	unsigned n = 0, id;
	const uint8_t *e;

	for (; g->used != get16(USED(q) + 2); g->used++, n++) {
		e = r.mem + USED(q) + 4 + 8 * (size_t)(g->used % N);
		id = le32_get(e);
		if (q == 0)
			take_received(le32_get(e + 4), r.mem + BUFFER(q, id));
		else if (le32_get(e + 4) != (q == 2 ? 1U : 0U))
			die("a length that nobody wrote");
		/* Ask for an interrupt for the next one. */
		put16(AVAIL(q) + 4 + 2 * N, (uint16_t)(g->used + 1));
	}
	return n;
}

static void
refill(unsigned q)
{
	struct ring *g = &r.ring[q];

	while ((uint16_t)(g->avail - g->used) < N)
		offer(q, g->avail % N, ROOM, VRING_DESC_WRITE);
	r.kick[q] = 1;
}

/* Frames with numbers, and a question for the local interface at times. */
static void
send_some(unsigned n)
{
	static const uint8_t type[] = { 53, 1, 1 };
	struct ring *g = &r.ring[1];
	uint8_t *b;
	size_t len;

	while (n-- > 0 && (uint16_t)(g->avail - g->used) < N) {
		b = r.mem + BUFFER(1, g->avail % N);
		memset(b, 0, VIONET_HDR);
		if (++r.nextout % 50 == 0)
			len = client_frame(b + VIONET_HDR, 342, type,
			    sizeof(type));
		else {
			make_frame(b + VIONET_HDR, r.nextout);
			len = length_of(r.nextout);
		}
		offer(1, g->avail % N, VIONET_HDR + len, 0);
		r.offered++;
	}
	r.kick[1] = 1;
}

/* An interrupt that is late by seconds is lost. */
static void
wait_for_line(void)
{
	unsigned i;

	for (i = 0; i < 20000 && !r.line && !r.stop; i++)
		usleep(1000);
	if (i == 20000)
		die("an interrupt was lost");
}

static void *
driver(void *arg)
{
	struct prng p;
	int behind;

	prng_seed(&p, 2);
	while (!r.stop) {
		pthread_mutex_lock(&r.driver);
		if (r.line)
			(void)look(VIODEV_ISR, 0, 1);
		drain(1);
		drain(0);
		refill(0);
		send_some((unsigned)prng_below(&p, 12));
		pthread_mutex_unlock(&r.driver);
		wake();
		if (!r.line)
			rest();
		pthread_mutex_lock(&r.driver);
		behind = !r.line && !r.paused &&
		    (r.ring[0].used != get16(USED(0) + 2) ||
		    r.ring[1].used != get16(USED(1) + 2));
		pthread_mutex_unlock(&r.driver);
		if (behind)
			wait_for_line();
	}
	return arg;
}

/* --------------------------------------------------------------- control */

static void
set_up(struct prng *p)
{
	uint64_t f = VIONET_F_CTRL_VQ | VIONET_F_CTRL_RX |
	    (prng_below(p, 2) ? VIRTIO_F_EVENT_IDX : 0) |
	    (prng_below(p, 2) ? VIONET_F_MRG_RXBUF : 0);
	unsigned q;

	reg(VIRTIO_DEVICE_STATUS, 1, 3);
	reg(VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	reg(VIRTIO_DRIVER_FEATURE, 4, f & 0xffffffff);
	reg(VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	reg(VIRTIO_DRIVER_FEATURE, 4, 1);
	reg(VIRTIO_DEVICE_STATUS, 1, 11);
	for (q = 0; q < QUEUES; q++) {
		memset(r.mem + RING(q), 0, 0x1000);
		r.ring[q] = (struct ring){ 0, 0 };
		reg(VIRTIO_QUEUE_SELECT, 2, q);
		reg(VIRTIO_QUEUE_SIZE, 2, N);
		reg(VIRTIO_QUEUE_DESC, 4, RING(q));
		reg(VIRTIO_QUEUE_DRIVER, 4, AVAIL(q));
		reg(VIRTIO_QUEUE_DEVICE, 4, USED(q));
		reg(VIRTIO_QUEUE_ENABLE, 2, 1);
	}
	reg(VIRTIO_DEVICE_STATUS, 1, 15);
	if (look(VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1) != 15)
		die("the card does not come up");
}

/* The lanes go on meanwhile; what was under way is counted. */
static void
reset(struct prng *p)
{
	reg(VIRTIO_DEVICE_STATUS, 1, 0);
	drain(0);
	drain(1);
	r.untaken += (uint16_t)(r.ring[1].avail - r.ring[1].used);
	r.resets++;
	set_up(p);
}

static void
pause_it(struct prng *p)
{
	struct viodev_msg m = { .type = VIODEV_PAUSE };

	pthread_mutex_lock(&r.driver);
	message(m, 0);
	r.paused = 1;
	pthread_mutex_unlock(&r.driver);
	usleep((unsigned)prng_below(p, 2000));
	pthread_mutex_lock(&r.driver);
	r.paused = 0;
	m.type = VIODEV_UNPAUSE;
	message(m, 0);
	r.pauses++;
	pthread_mutex_unlock(&r.driver);
}

/* A mode that lets everything pass is switched on or off. */
static void
command(struct prng *p)
{
	uint8_t *b = r.mem + BUFFER(2, 0);
	struct ring *g = &r.ring[2];

	b[0] = VIONET_CTRL_RX;
	b[1] = VIONET_RX_ALLUNI - 1;
	b[2] = (uint8_t)prng_below(p, 2);
	le64_put(r.mem + RING(2) + 16, BUFFER(2, 1));
	le32_put(r.mem + RING(2) + 24, 1);
	le16_put(r.mem + RING(2) + 28, VRING_DESC_WRITE);
	le16_put(r.mem + RING(2) + 14, 1);
	offer(2, 0, 3, VRING_DESC_NEXT);
	kick(2);
	if (drain(2) != 1 || g->used != g->avail || r.mem[BUFFER(2, 1)] != 0)
		die("a command was not answered");
}

static void *
control(void *arg)
{
	struct prng p;

	prng_seed(&p, 3);
	while (!r.stop) {
		switch (prng_below(&p, 8)) {
		case 0:
			pause_it(&p);
			break;
		case 1:
		case 2:
			pthread_mutex_lock(&r.driver);
			if (prng_below(&p, 4) == 0)
				reset(&p);
			else
				command(&p);
			pthread_mutex_unlock(&r.driver);
			break;
		default:
			(void)look(VIODEV_COMMON, 0x14, 2);
			(void)look(VIODEV_DEVICE, 0, 8);
			break;
		}
		usleep((unsigned)prng_below(&p, 3000));
	}
	return arg;
}

static uint64_t
total(unsigned q)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < VIONET_NFATES; i++)
		n += vionet_count(r.dev, q, i);
	return n;
}

static void
attach(void)
{
	struct dev_host h = { &ops, NULL };
	struct devconf c;
	uint8_t list[128];
	struct wbuf w;

	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_MAC, guest_mac, 6);
	devconf_put_int(&w, DEVCONF_GUESTADDR, GUEST);
	devconf_put_int(&w, DEVCONF_HOSTADDR, HOST);
	c.p = list;
	c.len = w.len;
	r.mem = calloc(1, MEMORY);
	assert_non_null(r.mem);
	assert_int_equal(gm_add(&r.gm, 0, MEMORY, r.mem), 0);
	pthread_rwlock_init(&r.lanes, NULL);
	pthread_mutex_init(&r.driver, NULL);
	pthread_mutex_init(&r.mtx, NULL);
	pthread_cond_init(&r.wake, NULL);
	r.dev = dev_attach(&vionet_dev, malloc(vionet_dev.size +
	    vionet_dev.scratch), &h, &r.gm, &c);
	assert_non_null(r.dev);
}

/* Whatever happened in between: no frame is lost uncounted, none doubled. */
static void
test_threads(void **state)
{
	void *(*const run[])(void *) = { rx_lane, tx_lane, driver, control };
	const char *s = getenv("SECONDS_OF_THREADS");
	pthread_t t[4];
	struct prng p;
	unsigned i;

	(void)state;
	attach();
	prng_seed(&p, 4);
	set_up(&p);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, run[i], NULL),
		    0);
	sleep(s != NULL ? (unsigned)atoi(s) : 1);
	r.stop = 1;
	wake();
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	drain(0);
	drain(1);
	r.untaken += (uint16_t)(r.ring[1].avail - r.ring[1].used);
	printf("%llu in, %llu received, %llu answers, %llu offered, %llu "
	    "sent, %u resets, %u pauses\n", (unsigned long long)r.input,
	    (unsigned long long)r.received, (unsigned long long)r.answers,
	    (unsigned long long)r.offered, (unsigned long long)r.sent,
	    r.resets, r.pauses);
	assert_true(r.received + r.answers ==
	    vionet_count(r.dev, 0, VIONET_PASSED));
	/* An answer that no buffer had room for has a fate, too. */
	assert_in_range(total(0), r.input + r.answers,
	    r.input + vionet_count(r.dev, 1, VIONET_ANSWERED));
	assert_true(r.offered - r.untaken == total(1));
	assert_true(r.sent == vionet_count(r.dev, 1, VIONET_PASSED));
	assert_true(r.received > 0 && r.sent > 0 && r.answers > 0);
	assert_null(dev_check(r.dev));
	dev_detach(r.dev);
	free(r.dev);
	free(r.mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
