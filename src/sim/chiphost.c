/* The host table of the simulator of chips. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chipsim.h"
#include "poison.h"

#define MAXCALLS	400	/* of one message */

void
chipsim_fail(struct chipsim *s, const char *kind, const char *why)
{
	if (s->fail != NULL)
		s->fail(s->failarg, kind, why);
	fprintf(stderr, "oracle %s: %s (record %u)\n", kind, why, s->record);
	abort();
}

static void
note(struct chipsim *s, unsigned kind, uint64_t a, uint64_t b)
{
	s->digest = (s->digest ^ (kind ^ a << 8)) * 0xd6e8feb86659fd93ULL;
	s->digest = (s->digest ^ b) * 0xd6e8feb86659fd93ULL;
	s->digest ^= s->digest >> 32;
	if (++s->calls > MAXCALLS)
		chipsim_fail(s, "work", "too many host calls for one message");
}

static int
fault(struct chipsim *s, unsigned call, uint8_t *result)
{
	struct chipsim_fault *f;
	unsigned i;

	for (i = 0; i < CHIPSIM_FAULTS; i++) {
		f = &s->fault[i];
		if (!f->on || f->call != call)
			continue;
		if (f->skip > 0) {
			f->skip--;
			continue;
		}
		f->on = 0;
		*result = f->result;
		return 1;
	}
	return 0;
}

static void
host_irq(void *arg, int level)
{
	struct chipsim *s = arg;

	if (level != 0 && level != 1)
		chipsim_fail(s, "irq", "a level is neither 0 nor 1");
	s->rises += level > s->line;
	s->falls += level < s->line;
	s->effects |= level != s->line;
	/* A repeated level is nothing that anybody could notice. */
	if (level != s->line)
		note(s, 1, (uint64_t)level, 0);
	s->line = level;
}

/* A fault of the clock is a leap of the wall clock, either way. */
static uint64_t
host_clock(void *arg, enum host_clock which)
{
	struct chipsim *s = arg;
	uint8_t result;

	if (which == CLOCK_MONO)
		return s->now;
	if (fault(s, TRACE_CALL_CLOCK, &result))
		s->wall += result < 128 ? (uint64_t)result << 36 :
		    -((uint64_t)(result - 127) << 34);
	return s->wall;
}

static void
host_timer(void *arg, uint32_t id, uint64_t delay)
{
	struct chipsim *s = arg;

	if (id >= s->kind->timers)
		chipsim_fail(s, "host", "timer number out of range");
	if (s->paused)
		chipsim_fail(s, "timer", "a timer is armed while paused");
	note(s, 2, id, delay);
	s->due[id] = s->now + delay < s->now ? UINT64_MAX - 1 :
	    s->now + delay;
}

static void
host_untimer(void *arg, uint32_t id)
{
	struct chipsim *s = arg;

	if (id >= s->kind->timers)
		chipsim_fail(s, "host", "timer number out of range");
	s->due[id] = UINT64_MAX;
}

static int
host_blk(void *arg, struct blk_io *io)
{
	struct chipsim *s = arg;
	uint64_t off = io->off, sum = 0;
	uint8_t result;
	int i;

	note(s, 4, io->off, io->len);
	if (io->op != BLK_READ)
		chipsim_fail(s, "medium", "something other than a read");
	for (i = 0; i < io->niov; i++)
		sum += io->iov[i].iov_len;
	if (sum != io->len)
		chipsim_fail(s, "medium", "length differs from the vectors");
	if (io->off > CHIPSIM_MEDIUM || io->len > CHIPSIM_MEDIUM - io->off)
		return BLK_IOERR;
	if (fault(s, TRACE_CALL_BLK, &result))
		return BLK_IOERR;
	for (i = 0; i < io->niov; off += io->iov[i++].iov_len)
		memcpy(io->iov[i].iov_base, s->medium + off,
		    io->iov[i].iov_len);
	return BLK_OK;
}

static int
host_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct chipsim *s = arg;
	uint8_t result;
	size_t sum = 0;
	int i;

	note(s, 5, q, len);
	s->ntx++;
	for (i = 0; i < n; i++) {
		check_value(iov[i].iov_base, iov[i].iov_len);
		sum += iov[i].iov_len;
	}
	if (sum != len || len == 0)
		chipsim_fail(s, "tx", "length differs from the vectors");
	if (fault(s, TRACE_CALL_TX, &result)) {
		s->nrefused++;
		return -1;
	}
	if (len > CHIPSIM_SENT - s->nsent)
		chipsim_fail(s, "tx", "more than one message may send");
	for (i = 0; i < n; i++) {
		memcpy(s->sent + s->nsent, iov[i].iov_base, iov[i].iov_len);
		s->nsent += iov[i].iov_len;
	}
	s->effects = 1;
	note(s, 6, s->sent[s->nsent - 1], s->nsent);
	return 0;
}

static void
host_rx_ready(void *arg, uint32_t q, int on)
{
	struct chipsim *s = arg;

	(void)q;
	if (on != s->ready)
		note(s, 7, q, (uint64_t)on);
	s->ready = on;
}

static int
host_entropy(void *arg, void *buf, size_t len)
{
	struct chipsim *s = arg;
	uint8_t result;

	note(s, 8, 0, len);
	s->calls--;		/* the queue bounds them */
	if (fault(s, TRACE_CALL_ENTROPY, &result))
		return -1;
	memset(buf, 0x5a, len);
	return 0;
}

static void
host_request(void *arg, uint32_t what, uint64_t val)
{
	struct chipsim *s = arg;

	note(s, 9, what, val);
	s->effects = 1;
	s->asked++;
	s->what = what;
}

static void
host_again(void *arg, uint32_t q)
{
	struct chipsim *s = arg;

	(void)q;
	chipsim_fail(s, "host", "a chip has no queues");
}

static void __attribute__((format(printf, 3, 4)))
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct chipsim *s = arg;
	char line[256];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->logs++;
}

static void host_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
host_panic(void *arg, const char *fmt, ...)
{
	struct chipsim *s = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	chipsim_fail(s, "panic", line);
}

void
chipsim_host_reset(struct chipsim *s)
{
	unsigned i;

	s->line = 0;
	s->ready = 1;
	s->now = s->began = 5000000000ULL;
	s->wall = 1000000000ULL * 1000000000ULL;
	s->fires = 0;
	s->paused = 0;
	s->digest = 0;
	for (i = 0; i < s->kind->timers; i++)
		s->due[i] = UINT64_MAX;
	memset(s->fault, 0, sizeof(s->fault));
}

const struct host_ops chipsim_host_ops = {
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
