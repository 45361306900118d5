/* Channels for those who wait. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "chan.h"

#define LOOKS	16			/* into a pipe per look at a clock */

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* From when ms count; who waits as long as it takes needs no clock. */
static uint64_t
start_of(int ms)
{
	return ms < 0 ? 0 : now();
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
	/* Room in a pipe is told by a byte. */
	int room = out && c->pout != NULL;
	struct pollfd p = {
		.fd = c->fd, .events = out && !room ? POLLOUT : POLLIN
	};
	uint64_t start = start_of(ms);
	enum chan_result r;
	int n;

	if (c->fd == -1)
		return CHAN_CLOSED;
	do
		n = poll(&p, 1, left(ms, start));
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? CHAN_AGAIN : CHAN_CLOSED;
	r = room ? chan_fill(c) : CHAN_OK;
	return r == CHAN_AGAIN ? CHAN_OK : r;
}

enum chan_result
chan_drain(struct chan *c, int ms)
{
	uint64_t start = start_of(ms);
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
	uint64_t start = start_of(ms);
	enum chan_result r;

	while ((r = chan_send(c, type, data, len, fd)) == CHAN_AGAIN)
		if ((r = chan_wait(c, 1, left(ms, start))) != CHAN_OK)
			return r;
	return r == CHAN_OK && chan_pending(c) ?
	    chan_drain(c, left(ms, start)) : r;
}

/* Asks again and again for about so many ns; a look at a clock costs more. */
static enum chan_result
ask(struct chan *c, unsigned spin)
{
	enum chan_result r = chan_glance(c);
	unsigned looks = c->pin != NULL ? LOOKS : 1, i;
	uint64_t start;

	if (r != CHAN_AGAIN)
		return r;
	start = now();
	do
		for (i = 0; i < looks && r == CHAN_AGAIN; i++)
			r = chan_glance(c);
	while (r == CHAN_AGAIN && now() - start < spin);
	return r;
}

/* Asks for at most spin ns, then sleeps until something came or ms is over. */
static enum chan_result
fill_late(struct chan *c, int ms, unsigned spin)
{
	uint64_t start = start_of(ms);
	enum chan_result r = spin > 0 ? ask(c, spin) : CHAN_AGAIN;

	if (r == CHAN_AGAIN)
		r = chan_fill(c);
	if (r != CHAN_AGAIN)
		return r;
	c->sleeps++;
	r = chan_wait(c, 0, left(ms, start));
	return r == CHAN_OK ? chan_fill(c) : r;
}

enum chan_result
chan_get(struct chan *c, struct frame *f, int *fd, int ms, unsigned spin)
{
	uint64_t start = start_of(ms);
	enum chan_result r;

	while ((r = chan_next(c, f, fd)) == CHAN_AGAIN) {
		if (ms < 0 && spin == 0) {
			c->sleeps++;
			while ((r = chan_fill_wait(c)) == CHAN_AGAIN)
				;
		} else {
			r = fill_late(c, left(ms, start), spin);
			/* Some wake-ups come late and mean nothing. */
			if (r == CHAN_AGAIN && left(ms, start) != 0)
				continue;
		}
		if (r != CHAN_OK)
			break;
	}
	return r;
}
