/* Channels for those who wait. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "chan.h"

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* What is left of ms, counted from start. */
static int
left(int ms, uint64_t start)
{
	uint64_t gone;

	if (ms < 0)
		return -1;
	gone = (now() - start) / 1000000;
	return gone < (uint64_t)ms ? ms - (int)gone : 0;
}

enum chan_result
chan_wait(struct chan *c, int out, int ms)
{
	struct pollfd p = { .fd = c->fd, .events = out ? POLLOUT : POLLIN };
	uint64_t start = now();
	int n;

	if (c->fd == -1)
		return CHAN_CLOSED;
	do
		n = poll(&p, 1, left(ms, start));
	while (n == -1 && errno == EINTR);
	return n == 0 ? CHAN_AGAIN : n == -1 ? CHAN_CLOSED : CHAN_OK;
}

enum chan_result
chan_drain(struct chan *c, int ms)
{
	uint64_t start = now();
	enum chan_result r;

	while ((r = chan_flush(c)) == CHAN_AGAIN)
		if ((r = chan_wait(c, 1, left(ms, start))) != CHAN_OK)
			break;
	return r;
}

enum chan_result
chan_put(struct chan *c, uint32_t type, const void *data, size_t len, int fd,
    int ms)
{
	uint64_t start = now();
	enum chan_result r;

	while ((r = chan_send(c, type, data, len, fd)) == CHAN_AGAIN)
		if ((r = chan_wait(c, 1, left(ms, start))) != CHAN_OK)
			return r;
	return r == CHAN_OK && chan_pending(c) ?
	    chan_drain(c, left(ms, start)) : r;
}

/* Asks for at most spin ns, then sleeps until something came or ms is over. */
static enum chan_result
fill_late(struct chan *c, int ms, unsigned spin)
{
	uint64_t start = now();
	enum chan_result r;

	do
		r = chan_fill(c);
	while (r == CHAN_AGAIN && now() - start < spin);
	if (r != CHAN_AGAIN)
		return r;
	c->sleeps++;
	r = chan_wait(c, 0, left(ms, start));
	return r == CHAN_OK ? chan_fill(c) : r;
}

enum chan_result
chan_get(struct chan *c, struct frame *f, int *fd, int ms, unsigned spin)
{
	uint64_t start = ms < 0 ? 0 : now();
	enum chan_result r;

	while ((r = chan_next(c, f, fd)) == CHAN_AGAIN) {
		if (ms < 0 && spin == 0) {
			c->sleeps++;
			while ((r = chan_fill_wait(c)) == CHAN_AGAIN)
				;
		} else {
			r = fill_late(c, left(ms, start), spin);
			if (r == CHAN_AGAIN && ms < 0)
				continue;
		}
		if (r != CHAN_OK)
			break;
	}
	return r;
}
