/*
 * For the tests of recorder and player: a toy device that does everything that
 * a device can do, a host for it, and both of them at work.
 */
#ifndef TEST_TOY_H
#define TEST_TOY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "dev.h"
#include "play.h"
#include "prng.h"
#include "rec.h"

#define TOY_PANIC 0x12345678		/* no single bit away from others */
#define TOY_LENDS_MORE 0x2345678

/* ------------------------------------------------------------- the toy */

struct toy {
	struct dev	dev;
	uint64_t	count;
	int		bug;		/* does something else from now on */
};

static int planted;			/* bug of toys to be attached */

static int
toy_attach(struct dev *d, const struct devconf *c)
{
	struct toy *t = (struct toy *)d;

	t->bug = planted;
	d->host.ops->timer(d->host.arg, 7, devconf_int(c, DEVCONF_MTU, 1));
	t->count = d->host.ops->clock(d->host.arg, CLOCK_MONO) & 0xff;
	return 0;
}

static void
toy_detach(struct dev *d)
{
	d->host.ops->untimer(d->host.arg, 7);
}

static void
toy_copy(struct toy *t)
{
	uint8_t b[16] = { 0 };

	if (gm_copyin(t->dev.gm, 0x100, b, sizeof(b)) == -1)
		return;
	t->count += b[0] + 256U * b[15];
	b[3] ^= (uint8_t)(t->bug == 1);
	(void)gm_copyout(t->dev.gm, 0x200, b, 8);
}

static void
toy_blk(struct toy *t, enum blk_op op, int n)
{
	struct iovec iov[100];
	struct blk_io io = { .op = op, .iov = iov, .niov = n, .off = 512 };
	int i, res;

	for (i = 0; i < n; i++) {
		(void)gm_borrow(t->dev.gm, 0x2200 + 100U * (unsigned)i, 90,
		    &iov[i], 1);
		io.len += 90;
	}
	if (t->bug == 2)
		io.off++;
	if (op == BLK_WRITE)
		gm_lend(t->dev.gm, iov, n);
	res = t->dev.host.ops->blk(t->dev.host.arg, &io);
	t->count += (unsigned)res;
	if (op == BLK_READ && res == BLK_OK)
		gm_return(t->dev.gm, iov, n, io.len);
	if (res == BLK_OK && op == BLK_READ)
		(void)gm_copyout(t->dev.gm, 0x300, "ok", 2);
}

/* Lends two pieces and writes one. */
static void
toy_lends_more(struct toy *t)
{
	struct iovec iov[2];
	struct blk_io io = {
		.op = BLK_WRITE, .iov = iov, .niov = 1, .len = 90
	};

	(void)gm_borrow(t->dev.gm, 0x1000, 90, &iov[0], 1);
	(void)gm_borrow(t->dev.gm, 0x1100, 90, &iov[1], 1);
	gm_lend(t->dev.gm, iov, 2);
	(void)t->dev.host.ops->blk(t->dev.host.arg, &io);
}

/* Writes what it computed, not what the guest lent. */
static void
toy_blk_own(struct toy *t)
{
	uint8_t b[64];
	struct iovec iov = { b, sizeof(b) };
	struct blk_io io = {
		.op = BLK_WRITE, .flags = BLK_F_DURABLE, .iov = &iov,
		.niov = 1, .len = sizeof(b)
	};

	memset(b, (int)t->count, sizeof(b));
	b[40] ^= (uint8_t)(t->bug == 3);
	t->count += (unsigned)t->dev.host.ops->blk(t->dev.host.arg, &io);
}

static void
toy_random(struct toy *t)
{
	uint8_t b[80] = { 0 };

	if (t->dev.host.ops->entropy(t->dev.host.arg, b, sizeof(b)) == 0)
		(void)gm_copyout(t->dev.gm, 0x400, b, sizeof(b));
}

static void
toy_tx(struct toy *t)
{
	struct iovec iov;

	(void)gm_borrow(t->dev.gm, 0x1000, 300, &iov, 1);
	gm_lend(t->dev.gm, &iov, 1);
	t->count += (unsigned)t->dev.host.ops->tx(t->dev.host.arg, 1, &iov, 1,
	    t->bug == 4 ? 299 : 300);
}

static void
toy_calls(struct toy *t)
{
	const struct host_ops *h = t->dev.host.ops;
	void *arg = t->dev.host.arg;

	t->count += h->clock(arg, CLOCK_WALL);
	h->timer(arg, 3, 1000);
	h->untimer(arg, 3);
	h->rx_ready(arg, 2, 1);
	h->request(arg, HREQ_REBOOT, 5);
	if (t->bug != 5)
		h->again(arg, 1);
	h->log(arg, HLOG_INFO, "count %d", 1);
	h->irq(arg, 1);
	if (t->bug == 6)
		h->irq(arg, 0);
}

static void
toy_msg(struct dev *d, struct viodev_msg *m)
{
	struct toy *t = (struct toy *)d;

	if (viodev_answers(m->type))
		m->data = t->count++;
	else if (m->type == VIODEV_INPUT && m->len > 0)
		(void)gm_copyout(d->gm, 0x500, m->payload, m->len);
	if (m->type != VIODEV_KICK)
		return;
	switch (m->where) {
	case 0:
		toy_copy(t);
		break;
	case 1:
		toy_blk(t, BLK_READ, 3);
		break;
	case 2:
		toy_blk(t, BLK_WRITE, 3);
		break;
	case 3:
		toy_blk_own(t);
		break;
	case 4:
		toy_random(t);
		break;
	case 5:
		toy_tx(t);
		break;
	case 6:
		toy_calls(t);
		break;
	case 7:
		toy_blk(t, BLK_READ, 70);
		break;
	case 8:
		toy_blk(t, BLK_WRITE, 70);
		break;
	case 9:
		toy_blk(t, BLK_FLUSH, 0);
		break;
	case TOY_LENDS_MORE:
		toy_lends_more(t);
		break;
	case TOY_PANIC:
		t->dev.host.ops->irq(t->dev.host.arg, 1);
		t->dev.host.ops->panic(t->dev.host.arg, "toy %d", 10);
	}
	t->count += t->bug == 7;
}

static void
toy_save(const struct dev *d, struct wbuf *w)
{
	wb_u64(w, ((const struct toy *)d)->count);
}

static int
toy_load(struct dev *d, struct rbuf *r)
{
	((struct toy *)d)->count = rb_u64(r);
	return rb_done(r) ? 0 : -1;
}

static const char *
toy_check(const struct dev *d)
{
	(void)d;
	return NULL;
}

static const struct dev_ops toy_dev = {
	"toy", sizeof(struct toy), 0, NULL, toy_attach, toy_detach, toy_msg,
	toy_save, toy_load, toy_check, NULL
};

/* ------------------------------------------------------- the real host */

struct real {
	struct prng	rng;
	int		fails;		/* host calls fail */
	unsigned	irqs, logs;
};

static void
real_irq(void *arg, int level)
{
	(void)level;
	((struct real *)arg)->irqs++;
}

static uint64_t
real_clock(void *arg, enum host_clock which)
{
	(void)which;
	return prng_next(&((struct real *)arg)->rng);
}

static void
real_timer(void *arg, uint32_t id, uint64_t ns)
{
	(void)arg, (void)id, (void)ns;
}

static void
real_untimer(void *arg, uint32_t id)
{
	(void)arg, (void)id;
}

static int
real_blk(void *arg, struct blk_io *io)
{
	struct real *h = arg;
	int i;

	if (h->fails)
		return BLK_NOSPACE;
	for (i = 0; io->op == BLK_READ && i < io->niov; i++)
		memset(io->iov[i].iov_base, (int)prng_next(&h->rng),
		    io->iov[i].iov_len);
	return BLK_OK;
}

static int
real_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	(void)q, (void)iov, (void)n, (void)len;
	return ((struct real *)arg)->fails ? -1 : 0;
}

static void
real_rx_ready(void *arg, uint32_t q, int on)
{
	(void)arg, (void)q, (void)on;
}

static int
real_entropy(void *arg, void *buf, size_t len)
{
	struct real *h = arg;

	memset(buf, (int)prng_next(&h->rng), len);
	return h->fails ? -1 : 0;
}

static void
real_request(void *arg, uint32_t what, uint64_t v)
{
	(void)arg, (void)what, (void)v;
}

static void
real_again(void *arg, uint32_t q)
{
	(void)arg, (void)q;
}

static void __attribute__((format(printf, 3, 4)))
real_log(void *arg, enum host_log level, const char *fmt, ...)
{
	(void)level, (void)fmt;
	((struct real *)arg)->logs++;
}

static jmp_buf panicked;
static char lastline[64];

static void real_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
real_panic(void *arg, const char *fmt, ...)
{
	va_list ap;

	(void)arg;
	va_start(ap, fmt);
	vsnprintf(lastline, sizeof(lastline), fmt, ap);
	va_end(ap);
	longjmp(panicked, 1);
}

static const struct host_ops real_ops = {
	real_irq, real_clock, real_timer, real_untimer, real_blk, real_tx,
	real_rx_ready, real_entropy, real_request, real_again, real_log,
	real_panic
};

/* ------------------------------------------------------ record and play */

#define MEM	0x4000
#define TRACE	(1 << 20)

static uint8_t memory[MEM] __attribute__((aligned(16)));
static uint8_t trace[TRACE];
static size_t tracelen;
static unsigned sinkcalls;
static size_t sinkmax;

static int
sink(void *arg, const void *p, size_t len)
{
	(void)arg;
	sinkcalls++;
	if (len > sinkmax - tracelen)
		return -1;
	memcpy(trace + tracelen, p, len);
	tracelen += len;
	return 0;
}

struct job {
	size_t		keep;
	uint64_t	room;
	unsigned	marks, rounds;
	int		sync, fails, nostate, times;
	size_t		bufcap;
	const struct gm_tap *tap;
};

static inline void
kick(struct rec *r, struct dev *d, uint32_t where)
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = where };

	rec_msg(r, d, &m);
}

/* The messages of all tests: each kind of thing, twice. */
static inline void
record(const struct job *j)
{
	static uint8_t buf[65536], state[64], conf[16];
	struct gmem gm = { 0 };
	struct real real = { { 1 }, j->fails, 0, 0 };
	struct dev_host h = { &real_ops, &real };
	struct rec r = {
		.sink = sink, .keep = j->keep, .room = j->room,
		.marks = j->marks, .sync = j->sync, .times = j->times,
		.buf = buf,
		.bufcap = j->bufcap, .state = state,
		.statecap = j->nostate ? 1 : sizeof(state)
	};
	struct viodev_msg m = { .type = VIODEV_READ, .width = 4 };
	struct toy toy;
	struct devconf dc;
	struct wbuf w;
	unsigned i;

	tracelen = sinkcalls = 0;
	for (i = 0; i < MEM; i++)
		memory[i] = (uint8_t)(i * 7 + i / 256);
	gm_add(&gm, 0x100, MEM / 2, memory);
	gm_add(&gm, 0x100 + MEM / 2, MEM / 2, memory + MEM / 2);
	wb_init(&w, conf, sizeof(conf));
	devconf_put_int(&w, DEVCONF_MTU, 1500);
	dc.p = conf;
	dc.len = w.len;
	gm.tap = j->tap;
	rec_start(&r, "toy", &dc, &gm, &h);
	h = rec_host(&r);
	assert_non_null(dev_attach(&toy_dev, &toy, &h, &gm, &dc));
	for (i = 0; i < 10 * j->rounds; i++)
		kick(&r, &toy.dev, i % 10);
	rec_msg(&r, &toy.dev, &m);
	m.type = VIODEV_INTACK;
	m.width = 0;
	rec_msg(&r, &toy.dev, &m);
	m.type = VIODEV_INPUT;
	m.payload = (const uint8_t *)"hello";
	m.len = 5;
	rec_msg(&r, &toy.dev, &m);
	dev_detach(&toy.dev);
	rec_stop(&r, &gm);
	assert_true(gm.tap == j->tap);
	assert_int_equal(real.irqs, j->rounds);
	assert_int_equal(real.logs, j->rounds);
}

static struct play *player;

/* Plays p; the player stays for questions. */
static inline int
play(const uint8_t *p, size_t len, int bug)
{
	static uint8_t scratch[64], conf[16];
	struct trace_reader t;
	struct gmem gm = { 0 };
	struct dev_host h;
	struct toy toy;
	struct devconf dc;
	struct wbuf w;
	int res;

	if (trace_open(&t, p, len) == TRACE_BAD)
		return 2;
	memset(memory, 0, sizeof(memory));
	gm_add(&gm, 0x100, MEM / 2, memory);
	gm_add(&gm, 0x100 + MEM / 2, MEM / 2, memory + MEM / 2);
	wb_init(&w, conf, sizeof(conf));
	devconf_put_int(&w, DEVCONF_MTU, 1500);
	dc.p = conf;
	dc.len = w.len;
	play_init(player, &t, scratch, sizeof(scratch));
	play_tap(player, &gm);
	h = play_host(player);
	planted = bug;
	(void)dev_attach(&toy_dev, &toy, &h, &gm, &dc);
	planted = 0;
	while ((res = play_step(player, &toy.dev)) == 1)
		;
	assert_int_equal(res == -1, play_diff(player)->number != 0);
	return res;
}

static const struct job whole = {
	.keep = 65536, .room = TRACE, .marks = 1, .rounds = 2,
	.bufcap = 65536
};

#endif
