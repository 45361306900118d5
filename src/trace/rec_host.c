/* The recorder's host table: the host's own, with an ear on it. */
#include "rec.h"

#include <stdarg.h>
#include <stdio.h>

#include "sum.h"

#define OVERHEAD	64

static void
forward_irq(void *arg, int level)
{
	struct rec *r = arg;

	rec_event(r, TRACE_IRQ, 0, (uint64_t)level);
	r->host.ops->irq(r->host.arg, level);
}

static void
put_answer(struct rec *r, unsigned call, int32_t result, const void *p,
    size_t len)
{
	if (!rec_open(r))
		return;
	r->nload = 0;
	trace_put_answer(rec_begin(r, OVERHEAD + (len < r->most ? len :
	    r->most)), call, result, p, len, r->most);
	rec_end(r);
}

static uint64_t
forward_clock(void *arg, enum host_clock which)
{
	struct rec *r = arg;
	uint64_t ns = r->host.ops->clock(r->host.arg, which);
	uint8_t b[8];

	le64_put(b, ns);
	put_answer(r, TRACE_CALL_CLOCK, 0, b, sizeof(b));
	return ns;
}

static void
forward_timer(void *arg, uint32_t id, uint64_t delay)
{
	struct rec *r = arg;

	rec_event(r, TRACE_TIMER, id, delay);
	r->host.ops->timer(r->host.arg, id, delay);
}

static void
forward_untimer(void *arg, uint32_t id)
{
	struct rec *r = arg;

	rec_event(r, TRACE_UNTIMER, id, 0);
	r->host.ops->untimer(r->host.arg, id);
}

/*
 * The bytes of vectors as a blob.  What is kept must be in one piece: the
 * second half of the buffer has it.
 */
static void
gather(struct rec *r, const struct iovec *iov, int n, size_t keep,
    struct trace_blob *b)
{
	size_t len = b->total, part, at = 0;
	uint8_t *dst = r->buf + r->bufcap / 2;
	int i;

	b->kept = len < keep ? len : keep;
	b->p = dst;
	for (i = 0; i < n && at < b->kept; i++, at += part) {
		part = b->kept - at;
		if (part > iov[i].iov_len)
			part = iov[i].iov_len;
		if (part > 0)
			memcpy(dst + at, iov[i].iov_base, part);
	}
	b->digest = b->kept < len ? sum_iov(iov, n, len) : 0;
}

/* Whether the load so many before now was of memory that was lent. */
static int
lent(const struct rec *r, unsigned back, const struct rec_load **lp)
{
	const struct rec_load *l = &r->load[(r->nload - back) % REC_LOADS];

	*lp = l;
	return back <= r->nload && gm_hva(r->gm, l->gpa, l->len) == l->data;
}

/* Vectors that are lent for output come one after another, in order. */
static int
is_lent(const struct rec *r, const struct blk_io *io)
{
	const struct rec_load *l;
	unsigned n = (unsigned)io->niov, i;

	if (n == 0 || n > REC_IOV)
		return 0;
	for (i = 0; i < n; i++)
		if (!lent(r, n - i, &l) || l->len != io->iov[i].iov_len ||
		    l->data != io->iov[i].iov_base)
			return 0;
	/* Those that stand together are all that was written. */
	return !lent(r, n + 1, &l);
}

static void
put_blk(struct rec *r, const struct blk_io *io)
{
	uint32_t arg = (uint32_t)io->op | io->flags << 8 | io->unit << 24;
	struct trace_blob b = { .total = io->len };
	uint8_t number[8];

	if (io->op == BLK_WRITE && !is_lent(r, io)) {
		gather(r, io->iov, io->niov, r->most, &b);
	} else {
		if (io->op == BLK_WRITE)
			arg |= TRACE_LENT;
		le64_put(number, io->len);
		b.p = number;
		b.total = b.kept = sizeof(number);
	}
	r->nload = 0;
	trace_put_expect_blob(rec_begin(r, OVERHEAD + b.kept), TRACE_BLK, arg,
	    io->off, &b);
	rec_end(r);
}

/* The device may use its vectors up before it says what was filled. */
static void
keep_vectors(struct rec *r, const struct blk_io *io)
{
	r->nread = r->atread = 0;
	if (io->op != BLK_READ || io->niov > REC_IOV)
		return;
	r->nread = (unsigned)io->niov;
	memcpy(r->read, io->iov, r->nread * sizeof(r->read[0]));
}

static void
put_read(struct rec *r, const struct blk_io *io)
{
	struct trace_blob b = { .total = io->len };

	/* Nobody needs these to play it. */
	gather(r, io->iov, io->niov, r->keep < r->most ? r->keep : r->most,
	    &b);
	trace_put_answer_blob(rec_begin(r, OVERHEAD + b.kept), TRACE_CALL_BLK,
	    BLK_OK, &b);
	rec_end(r);
}

static int
forward_blk(void *arg, struct blk_io *io)
{
	struct rec *r = arg;
	int result;

	if (rec_open(r)) {
		put_blk(r, io);
		keep_vectors(r, io);
	}
	result = r->host.ops->blk(r->host.arg, io);
	if (!rec_open(r))
		return result;
	if (io->op == BLK_READ && result == BLK_OK) {
		put_read(r, io);
	} else {
		r->nread = 0;
		put_answer(r, TRACE_CALL_BLK, result, NULL, 0);
	}
	return result;
}

static int
forward_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct rec *r = arg;
	struct trace_blob b = { .total = len };
	int result;

	if (rec_open(r)) {
		gather(r, iov, n, r->most, &b);
		trace_put_expect_blob(rec_begin(r, OVERHEAD + b.kept),
		    TRACE_TX, q, 0, &b);
		rec_end(r);
	}
	result = r->host.ops->tx(r->host.arg, q, iov, n, len);
	put_answer(r, TRACE_CALL_TX, result, NULL, 0);
	return result;
}

static void
forward_rx_ready(void *arg, uint32_t q, int on)
{
	struct rec *r = arg;

	rec_event(r, TRACE_RXREADY, q, on != 0);
	r->host.ops->rx_ready(r->host.arg, q, on);
}

static int
forward_entropy(void *arg, void *buf, size_t len)
{
	struct rec *r = arg;
	int result = r->host.ops->entropy(r->host.arg, buf, len);

	put_answer(r, TRACE_CALL_ENTROPY, result, buf, result == 0 ? len : 0);
	return result;
}

static void
forward_request(void *arg, uint32_t what, uint64_t v)
{
	struct rec *r = arg;

	rec_event(r, TRACE_REQUEST, what, v);
	r->host.ops->request(r->host.arg, what, v);
}

static void
forward_again(void *arg, uint32_t q)
{
	struct rec *r = arg;

	rec_event(r, TRACE_AGAIN, q, 0);
	r->host.ops->again(r->host.arg, q);
}

static void forward_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
forward_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct rec *r = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r->host.ops->log(r->host.arg, level, "%s", line);
}

static void forward_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* What is in the buffer led to this: it goes out first. */
static void
forward_panic(void *arg, const char *fmt, ...)
{
	struct rec *r = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (!r->off && r->w.len > 0)
		(void)r->sink(r->sinkarg, r->w.p, r->w.len);
	r->off = 1;
	r->host.ops->panic(r->host.arg, "%s", line);
}

const struct host_ops rec_ops = {
	.irq = forward_irq,
	.clock = forward_clock,
	.timer = forward_timer,
	.untimer = forward_untimer,
	.blk = forward_blk,
	.tx = forward_tx,
	.rx_ready = forward_rx_ready,
	.entropy = forward_entropy,
	.request = forward_request,
	.again = forward_again,
	.log = forward_log,
	.panic = forward_panic,
};
