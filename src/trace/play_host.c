/* The player's host table: answers come from the recording. */
#include "play_priv.h"

#include <stdarg.h>
#include <stdio.h>

static void
event(struct play *p, unsigned kind, uint32_t arg, uint64_t val)
{
	struct play_event e = { .kind = kind, .arg = arg, .val = val };

	if (play_on(p))
		play_expect(p, &e);
}

static void
play_irq(void *arg, int level)
{
	event(arg, TRACE_IRQ, 0, (uint64_t)level);
}

static uint64_t
play_clock(void *arg, enum host_clock which)
{
	struct play *p = arg;
	const struct trace_rec *r = play_answer(p, TRACE_CALL_CLOCK);

	(void)which;
	if (r == NULL)
		return 0;
	if (r->u.answer.blob.kept != 8) {
		play_differ(p, "a call of clock, whose answer has 8 bytes");
		return 0;
	}
	play_take(p);
	return le64_get(r->u.answer.blob.p);
}

static void
play_timer(void *arg, uint32_t id, uint64_t delay)
{
	event(arg, TRACE_TIMER, id, delay);
}

static void
play_untimer(void *arg, uint32_t id)
{
	event(arg, TRACE_UNTIMER, id, 0);
}

/* Fills vectors with len bytes: those that were kept, then zeros. */
static void
fill(const struct iovec *iov, int n, const struct trace_blob *b)
{
	size_t at = 0, len, have;
	int i;

	for (i = 0; i < n; i++, at += len) {
		len = iov[i].iov_len;
		if (len == 0)
			continue;
		have = at < b->kept ? b->kept - at : 0;
		if (have > len)
			have = len;
		if (have > 0)
			memcpy(iov[i].iov_base, b->p + at, have);
		memset((uint8_t *)iov[i].iov_base + have, 0, len - have);
	}
}

/* The block call itself: 0 when it is the one that was recorded. */
static int
expect_blk(struct play *p, const struct blk_io *io)
{
	const struct trace_rec *r = &p->rec;
	uint8_t b[8];
	struct iovec number = { b, sizeof(b) };
	struct play_event e = {
		.kind = TRACE_BLK, .val = io->off, .iov = &number, .n = 1,
		.len = sizeof(b)
	};

	le64_put(b, io->len);
	e.arg = (uint32_t)io->op | io->flags << 8 | io->unit << 24;
	if (io->op == BLK_WRITE) {
		if (r->type == TRACE_EXPECT && r->u.expect.kind == TRACE_BLK &&
		    (r->u.expect.arg & TRACE_LENT) != 0) {
			e.arg |= TRACE_LENT;
		} else {
			e.iov = io->iov;
			e.n = io->niov;
			e.len = io->len;
			e.blind = p->blind || p->blind_out;
		}
	}
	return play_expect(p, &e);
}

/* NULL, or why this cannot be the answer to that call. */
static const char *
blk_fault(const struct blk_io *io, const struct trace_rec *r)
{
	int32_t result = r->u.answer.result;

	if (result < 0 || result >= BLK_NRESULTS)
		return "a block call, which cannot end like that";
	if (io->op == BLK_READ && result == BLK_OK &&
	    r->u.answer.blob.total != play_total(io->len))
		return "a block read of another length";
	return NULL;
}

static int
play_blk(void *arg, struct blk_io *io)
{
	struct play *p = arg;
	const struct trace_rec *r;
	const char *why;

	if (!play_on(p) || expect_blk(p, io) == -1 ||
	    (r = play_answer(p, TRACE_CALL_BLK)) == NULL)
		return BLK_IOERR;
	if ((why = blk_fault(io, r)) != NULL) {
		play_differ(p, why);
		return BLK_IOERR;
	}
	play_take(p);
	if (io->op == BLK_READ && r->u.answer.result == BLK_OK) {
		fill(io->iov, io->niov, &r->u.answer.blob);
		if (r->u.answer.blob.kept < r->u.answer.blob.total)
			p->blind_in = 1;
	}
	return r->u.answer.result;
}

static int
play_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct play *p = arg;
	struct play_event e = {
		.kind = TRACE_TX, .arg = q, .iov = iov, .n = n, .len = len,
		.blind = p->blind || p->blind_out
	};
	const struct trace_rec *r;

	if (!play_on(p) || play_expect(p, &e) == -1 ||
	    (r = play_answer(p, TRACE_CALL_TX)) == NULL)
		return -1;
	play_take(p);
	return r->u.answer.result == 0 ? 0 : -1;
}

static void
play_rx_ready(void *arg, uint32_t q, int on)
{
	event(arg, TRACE_RXREADY, q, on != 0);
}

static int
play_entropy(void *arg, void *buf, size_t len)
{
	struct play *p = arg;
	const struct trace_rec *r = play_answer(p, TRACE_CALL_ENTROPY);
	struct iovec iov = { buf, len };

	if (r == NULL)
		return -1;
	if (r->u.answer.result == 0 &&
	    r->u.answer.blob.total != play_total(len)) {
		play_differ(p, "a wish for another number of random bytes");
		return -1;
	}
	play_take(p);
	if (r->u.answer.result != 0)
		return -1;
	fill(&iov, 1, &r->u.answer.blob);
	if (r->u.answer.blob.kept < len)
		p->blind = 1;
	return 0;
}

static void
play_request(void *arg, uint32_t what, uint64_t v)
{
	event(arg, TRACE_REQUEST, what, v);
}

static void
play_again(void *arg, uint32_t q)
{
	event(arg, TRACE_AGAIN, q, 0);
}

static void play_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
play_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct play *p = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (p->outer.ops != NULL)
		p->outer.ops->log(p->outer.arg, level, "%s", line);
}

static void play_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
play_panic(void *arg, const char *fmt, ...)
{
	struct play *p = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (p->outer.ops != NULL)
		p->outer.ops->panic(p->outer.arg, "%s", line);
	__builtin_trap();
}

const struct host_ops play_ops = {
	.irq = play_irq,
	.clock = play_clock,
	.timer = play_timer,
	.untimer = play_untimer,
	.blk = play_blk,
	.tx = play_tx,
	.rx_ready = play_rx_ready,
	.entropy = play_entropy,
	.request = play_request,
	.again = play_again,
	.log = play_log,
	.panic = play_panic,
};
