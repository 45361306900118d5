/* A host for one chip: what the tests of chips share. */
#ifndef TEST_CHIP_H
#define TEST_CHIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "dev.h"

#define SEC		1000000000ULL
#define NTIMERS		4

static struct bench {
	uint64_t	mem[1024];		/* state of the chip */
	uint64_t	spare[1024];		/* of its successor */
	uint64_t	conf[64];
	struct dev	*d;
	struct devconf	 list;
	uint8_t		 listbytes[256];
	struct gmem	 gm;
	int		 line;
	unsigned	 rises, falls;		/* of the line */
	uint64_t	 now, wall;
	uint64_t	 due[NTIMERS];		/* UINT64_MAX: off */
	uint8_t		 sent[4096];
	size_t		 nsent;
	int		 busy;			/* tx has no room */
	int		 ready;			/* input is wanted */
	unsigned	 asked;			/* requests, and the last */
	uint32_t	 what;
	unsigned	 logs;
	const uint8_t	*medium;		/* for blk */
	size_t		 nmedium;
} bench;

static void
bench_irq(void *arg, int level)
{
	struct bench *b = arg;

	if (level > b->line)
		b->rises++;
	if (level < b->line)
		b->falls++;
	b->line = level;
}

static uint64_t
bench_clock(void *arg, enum host_clock which)
{
	struct bench *b = arg;

	return which == CLOCK_MONO ? b->now : b->wall;
}

static void
bench_timer(void *arg, uint32_t id, uint64_t delay)
{
	struct bench *b = arg;

	assert_true(id < NTIMERS);
	b->due[id] = b->now + delay;
}

static void
bench_untimer(void *arg, uint32_t id)
{
	struct bench *b = arg;

	assert_true(id < NTIMERS);
	b->due[id] = UINT64_MAX;
}

static int
bench_blk(void *arg, struct blk_io *io)
{
	struct bench *b = arg;
	uint64_t off = io->off;
	int i;

	assert_int_equal(io->op, BLK_READ);
	for (i = 0; i < io->niov; off += io->iov[i++].iov_len) {
		if (off + io->iov[i].iov_len > b->nmedium)
			return BLK_IOERR;
		memcpy(io->iov[i].iov_base, b->medium + off,
		    io->iov[i].iov_len);
	}
	return BLK_OK;
}

static int
bench_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct bench *b = arg;
	int i;

	assert_int_equal(q, 0);
	if (b->busy)
		return -1;
	assert_true(b->nsent + len <= sizeof(b->sent));
	for (i = 0; i < n; i++) {
		memcpy(b->sent + b->nsent, iov[i].iov_base, iov[i].iov_len);
		b->nsent += iov[i].iov_len;
	}
	return 0;
}

static void
bench_rx_ready(void *arg, uint32_t q, int on)
{
	struct bench *b = arg;

	assert_int_equal(q, 0);
	b->ready = on;
}

static void
bench_request(void *arg, uint32_t what, uint64_t val)
{
	struct bench *b = arg;

	(void)val;
	b->asked++;
	b->what = what;
}

static void __attribute__((format(printf, 3, 4)))
bench_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct bench *b = arg;
	char line[256];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	assert_in_range(vsnprintf(line, sizeof(line), fmt, ap), 1, 200);
	va_end(ap);
	b->logs++;
}

static const struct host_ops bench_ops = {
	.irq = bench_irq,
	.clock = bench_clock,
	.timer = bench_timer,
	.untimer = bench_untimer,
	.blk = bench_blk,
	.tx = bench_tx,
	.rx_ready = bench_rx_ready,
	.request = bench_request,
	.log = bench_log,
};

static inline struct dev *
bench_put(const struct dev_ops *ops, void *mem)
{
	struct dev_host h = { &bench_ops, &bench };

	return dev_attach(ops, mem, &h, &bench.gm, &bench.list);
}

/* A chip after power-on, with the attach values in conf if there are any. */
static inline void
bench_on(const struct dev_ops *ops, const struct wbuf *conf)
{
	unsigned i;

	memset(&bench, 0, sizeof(bench));
	for (i = 0; i < NTIMERS; i++)
		bench.due[i] = UINT64_MAX;
	bench.now = 5 * SEC;
	bench.wall = 1000000000 * SEC;
	bench.ready = 1;
	if (conf != NULL) {
		assert_true(conf->len <= sizeof(bench.listbytes));
		memcpy(bench.listbytes, conf->p, conf->len);
		bench.list.p = bench.listbytes;
		bench.list.len = conf->len;
	}
	assert_true(ops->size + ops->scratch <= sizeof(bench.mem));
	bench.d = bench_put(ops, bench.mem);
	assert_non_null(bench.d);
}

static inline void
good(void)
{
	const char *why = dev_check(bench.d);

	if (why != NULL)
		fail_msg("%s", why);
}

static inline uint64_t
access(unsigned type, unsigned space, uint32_t where, unsigned width,
    uint64_t v)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .width = (uint8_t)width,
		.space = (uint16_t)space, .where = where, .data = v
	};

	dev_msg(bench.d, &m);
	good();
	return m.data;
}

static inline void
out(uint32_t port, unsigned v)
{
	access(VIODEV_WRITE, VIODEV_PORT, port, 1, v);
}

static inline unsigned
in(uint32_t port)
{
	uint64_t v = access(VIODEV_READ, VIODEV_PORT, port, 1, 0);

	assert_in_range(v, 0, 255);
	return (unsigned)v;
}

static inline uint64_t
event(unsigned type, uint32_t where, uint64_t v)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .where = where, .data = v
	};

	dev_msg(bench.d, &m);
	good();
	return m.data;
}

/* Time passes; timers run when they are due. */
static inline void
pass(uint64_t ns)
{
	uint64_t end = bench.now + ns, step;
	unsigned i, next;

	for (;;) {
		next = 0;
		for (i = 1; i < NTIMERS; i++)
			if (bench.due[i] < bench.due[next])
				next = i;
		if (bench.due[next] > end)
			break;
		step = bench.due[next] - bench.now;
		bench.due[next] = UINT64_MAX;
		bench.now += step;
		bench.wall += step;
		event(VIODEV_TIMER, next, 0);
	}
	bench.wall += end - bench.now;
	bench.now = end;
}

/* Saved, attached anew, loaded: bytes and timers are the same. */
static inline void
reload(void)
{
	static uint8_t one[4096], two[4096];
	uint64_t due[NTIMERS];
	struct wbuf a, b;
	struct rbuf r;

	memcpy(due, bench.due, sizeof(due));
	wb_init(&a, one, sizeof(one));
	dev_save(bench.d, &a);
	assert_false(wb_bad(&a));
	bench.d = bench_put(bench.d->ops, bench.d == (void *)bench.mem ?
	    bench.spare : bench.mem);
	rb_init(&r, one, a.len);
	assert_int_equal(dev_load(bench.d, &r), 0);
	memcpy(bench.due, due, sizeof(due));
	wb_init(&b, two, sizeof(two));
	dev_save(bench.d, &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(one, two, a.len);
	good();
}

/*
 * Hostile states: cut at every byte, every bit changed.  What is refused
 * leaves the chip as attached, what is taken is good.
 */
static inline void
hostile_states(void)
{
	static uint8_t one[4096], fresh[4096], now[4096];
	const struct dev_ops *ops = bench.d->ops;
	struct wbuf a, f, n;
	struct rbuf r;
	size_t i;

	wb_init(&a, one, sizeof(one));
	dev_save(bench.d, &a);
	bench.d = bench_put(ops, bench.spare);
	wb_init(&f, fresh, sizeof(fresh));
	dev_save(bench.d, &f);
	for (i = 0; i < a.len; i++) {
		rb_init(&r, one, i);
		assert_int_equal(dev_load(bench.d, &r), -1);
	}
	rb_init(&r, one, a.len + 1);
	assert_int_equal(dev_load(bench.d, &r), -1);
	for (i = 0; i < 8 * a.len; i++) {
		one[i / 8] ^= (uint8_t)(1U << i % 8);
		rb_init(&r, one, a.len);
		if (dev_load(bench.d, &r) == 0) {
			good();
			dev_detach(bench.d);
			bench.d = bench_put(ops, bench.spare);
		} else {
			wb_init(&n, now, sizeof(now));
			dev_save(bench.d, &n);
			assert_int_equal(n.len, f.len);
			assert_memory_equal(now, fresh, f.len);
		}
		one[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	assert_true(i >= 16);
	rb_init(&r, one, a.len);
	assert_int_equal(dev_load(bench.d, &r), 0);
}

#endif
