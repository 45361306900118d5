#include "child.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "diskblk.h"

uint64_t
child_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/*
 * Writes the level where the vm may look; whether it is looking.  One that
 * stops looking looks once more behind that.
 */
static int
on_slate(struct child *c)
{
	if (c->slate == NULL)
		return 0;
	atomic_store(&c->slate->line, (uint64_t)c->line.number << 8 |
	    c->line.level);
	return atomic_load(&c->slate->watched) != 0;
}

/*
 * Only the newest level counts, so none is queued behind another: while one
 * waits for room in the socket the next ones wait in c->line.
 */
void
child_tell_line(struct child *c)
{
	uint8_t buf[8];
	struct wbuf w;

	if (c->reading || c->told == c->line.number)
		return;
	if (on_slate(c)) {
		c->told = c->line.number;
		return;
	}
	if (chan_pending(&c->async))
		return;
	wb_init(&w, buf, sizeof(buf));
	devmsg_put_line(&w, &c->line);
	if (chan_send(&c->async, DEVMSG_IRQ, buf, w.len, -1) == CHAN_OK)
		c->told = c->line.number;
	if (chan_pending(&c->async))
		ev_wake_up(c->nudge);
}

static void
host_irq(void *arg, int level)
{
	struct child *c = arg;

	pthread_mutex_lock(&c->lock);
	if (c->line.level != level) {
		c->line.level = (uint8_t)level;
		c->line.number++;
		child_tell_line(c);
	}
	pthread_mutex_unlock(&c->lock);
}

static uint64_t
host_clock(void *arg, enum host_clock which)
{
	struct timespec ts;

	(void)arg;
	if (which == CLOCK_MONO)
		return child_now();
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
host_timer(void *arg, uint32_t id, uint64_t delay)
{
	struct child *c = arg;

	if (id >= CHILD_TIMERS)
		return;
	c->armed |= 1U << id;
	ev_timer_set(c->timer[id].t, delay);
}

static void
host_untimer(void *arg, uint32_t id)
{
	struct child *c = arg;

	if (id >= CHILD_TIMERS)
		return;
	c->armed &= ~(1U << id);
	ev_timer_clear(c->timer[id].t);
}

static int
host_blk(void *arg, struct blk_io *io)
{
	struct child *c = arg;

	if (io->unit >= c->ndisks)
		return BLK_IOERR;
	return diskblk(c->disk[io->unit], io);
}

/* A frame that the tap does not take at once is lost, as on a wire. */
static int
host_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct child *c = arg;

	(void)q;
	return c->tap != -1 && writev(c->tap, iov, n) == (ssize_t)len ?
	    0 : -1;
}

static void
host_rx_ready(void *arg, uint32_t q, int on)
{
	struct child *c = arg;

	/* There is one tap, for the first pair of queues. */
	if (q != 0)
		return;
	c->rx_on = on;
	child_want_frames(c);
}

static int
host_entropy(void *arg, void *buf, size_t len)
{
	uint8_t *p = buf;
	size_t part;

	(void)arg;
	for (; len > 0; p += part, len -= part) {
		part = len < 256 ? len : 256;
		if (getentropy(p, part) == -1)
			return -1;
	}
	return 0;
}

static void
host_request(void *arg, uint32_t what, uint64_t v)
{
	struct child *c = arg;
	struct devmsg_request m = { what, v };
	uint8_t buf[16];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	devmsg_put_request(&w, &m);
	pthread_mutex_lock(&c->lock);
	if (chan_send(&c->async, DEVMSG_REQUEST, buf, w.len, -1) != CHAN_OK)
		child_log(c, HLOG_WARN, "a request to the vm got lost");
	if (chan_pending(&c->async))
		ev_wake_up(c->nudge);
	pthread_mutex_unlock(&c->lock);
}

static void
host_again(void *arg, uint32_t q)
{
	struct child *c = arg;

	if (c->lanes != NULL)
		lanes_kick(c, q);
	else
		c->again |= 1U << (q & 31);
}

static void host_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct child *c = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&c->lock);
	child_log_guest(c, level, line);
	pthread_mutex_unlock(&c->lock);
}

static void host_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* Our own state is wrong: nothing is written back that it could spoil. */
static void
host_panic(void *arg, const char *fmt, ...)
{
	struct child *c = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	child_log(c, HLOG_WARN, "panic: %s", line);
	(void)chan_send(&c->async, DEVMSG_ERROR, line, strlen(line), -1);
	if (c->recording)
		record_close(&c->recfile);
	_exit(70);
}

const struct host_ops child_host_ops = {
	.irq = host_irq,
	.clock = host_clock,
	.timer = host_timer,
	.untimer = host_untimer,
	.blk = host_blk,
	.tx = host_tx,
	.rx_ready = host_rx_ready,
	.entropy = host_entropy,
	.request = host_request,
	.again = host_again,
	.log = host_log,
	.panic = host_panic,
};
