/*
 * For the tests of the recorder: a host that says what it was asked, a device
 * that does what the test wants, and the recording in words.
 */
#ifndef TEST_REC_H
#define TEST_REC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "dev.h"
#include "rec.h"
#include "sum.h"
#include "text.h"

#define MEM	0x1000			/* where guest memory begins */
#define BUFCAP	REC_BUFMIN
#define GUARD	(4 * BUFCAP)
#define PATTERN	0x5a

static uint8_t memory[0x8000], own[1024];
static struct gmem gm;
static struct rec r;
static const struct host_ops *ops;	/* the recorder's */
static void *arg;

/* ------------------------------------------------------------- the host */

static char said[4096];
static struct {
	int		result;		/* of what can fail */
	uint64_t	mono;
} host;

static void __attribute__((format(printf, 1, 2)))
say(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

static void
host_irq(void *h, int level)
{
	assert_ptr_equal(h, &host);
	say("irq %d\n", level);
}

static uint64_t
host_clock(void *h, enum host_clock which)
{
	assert_ptr_equal(h, &host);
	say("clock %d\n", which);
	return which == CLOCK_WALL ? 77 : host.mono;
}

static void
host_timer(void *h, uint32_t id, uint64_t delay)
{
	assert_ptr_equal(h, &host);
	say("timer %u %u\n", id, (unsigned)delay);
}

static void
host_untimer(void *h, uint32_t id)
{
	assert_ptr_equal(h, &host);
	say("untimer %u\n", id);
}

static int
host_blk(void *h, struct blk_io *io)
{
	int i;

	assert_ptr_equal(h, &host);
	say("blk %d %u %u %u %u %d\n", io->op, io->flags, io->unit,
	    (unsigned)io->off, (unsigned)io->len, io->niov);
	for (i = 0; io->op == BLK_READ && i < io->niov; i++)
		if (io->iov[i].iov_len > 0)
			memset(io->iov[i].iov_base, 0xee, io->iov[i].iov_len);
	return host.result;
}

static int
host_tx(void *h, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	assert_ptr_equal(h, &host);
	assert_non_null(iov);
	say("tx %u %d %zu\n", q, n, len);
	return host.result;
}

static void
host_rx_ready(void *h, uint32_t q, int on)
{
	assert_ptr_equal(h, &host);
	say("rx_ready %u %d\n", q, on);
}

static int
host_entropy(void *h, void *buf, size_t len)
{
	assert_ptr_equal(h, &host);
	say("entropy %zu\n", len);
	memset(buf, 0xee, len);
	return host.result;
}

static void
host_request(void *h, uint32_t what, uint64_t v)
{
	assert_ptr_equal(h, &host);
	say("request %u %u\n", what, (unsigned)v);
}

static void
host_again(void *h, uint32_t q)
{
	assert_ptr_equal(h, &host);
	say("again %u\n", q);
}

static void __attribute__((format(printf, 3, 4)))
host_log(void *h, enum host_log level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	assert_ptr_equal(h, &host);
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say("log %d %s\n", level, line);
}

static jmp_buf panicked;

static void host_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
host_panic(void *h, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	assert_ptr_equal(h, &host);
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say("panic %s\n", line);
	longjmp(panicked, 1);
}

static const struct host_ops host_ops = {
	host_irq, host_clock, host_timer, host_untimer, host_blk, host_tx,
	host_rx_ready, host_entropy, host_request, host_again, host_log,
	host_panic
};

/* ----------------------------------------------------------- the device */

static void (*act)(void);		/* what a message makes it do */
static struct viodev_msg *now;		/* the message */

static void
dev_does(struct dev *d, struct viodev_msg *m)
{
	(void)d;
	now = m;
	if (act != NULL)
		act();
}

static unsigned saves;

static void
dev_saves(const struct dev *d, struct wbuf *w)
{
	(void)d;
	saves++;
	wb_u32(w, 1);
}

static const struct dev_ops dev_ops = {
	.name = "it", .msg = dev_does, .save = dev_saves
};
static struct dev dev = { .ops = &dev_ops };

/* -------------------------------------------------------- the recording */

static uint8_t trace[1 << 16];
static size_t tracelen, sinkmax;
static unsigned sinkcalls;

static int
sink(void *a, const void *p, size_t len)
{
	assert_ptr_equal(a, trace);
	assert_true(len > 0);
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
	int		sync, times, dirty;
	unsigned	marks;
	size_t		statecap;
	const struct gm_tap *tap;
};

static const struct job usual = { .keep = 128, .room = sizeof(trace) };

/* The recorder's buffer, and what it must leave alone. */
static uint8_t arena[GUARD + BUFCAP + GUARD];
static uint64_t room;			/* there was */

static inline void
start(const struct job *j)
{
	static const struct dev_host real = { &host_ops, &host };
	static uint8_t state[8], list[128];
	struct devconf conf = { list, 0 };
	struct dev_host h;
	struct wbuf w;

	memset(&host, 0, sizeof(host));
	memset(arena, PATTERN, sizeof(arena));
	memset(memory, 0, sizeof(memory));
	memset(&r, j->dirty ? 1 : 0, sizeof(r));
	said[0] = '\0';
	tracelen = sinkcalls = 0;
	sinkmax = sizeof(trace);
	memset(&gm, 0, sizeof(gm));
	assert_int_equal(gm_add(&gm, MEM, sizeof(memory), memory), 0);
	gm.tap = j->tap;
	gm.taparg = &host;
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_SERIAL,
	    "thirty characters, no one more", 30);
	devconf_put_bytes(&w, DEVCONF_VERSION, "and those of a version", 22);
	devconf_put_bytes(&w, DEVCONF_HOSTNAME,
	    "and of a name, so it is long", 28);
	conf.len = w.len;
	r.load[0] = (struct rec_load){ MEM, memory, 4 };
	r.sink = sink;
	r.sinkarg = trace;
	r.keep = j->keep;
	r.room = room = j->room;
	r.sync = j->sync;
	r.marks = j->marks;
	r.times = j->times;
	r.buf = arena + GUARD;
	r.bufcap = BUFCAP;
	r.state = state;
	r.statecap = j->statecap;
	rec_start(&r, "it", &conf, &gm, &real);
	h = rec_host(&r);
	ops = h.ops;
	arg = h.arg;
}

static inline void
stop(void)
{
	int was_off = r.off;
	uint64_t left = r.room;
	size_t i;

	rec_stop(&r, &gm);
	assert_ptr_equal(gm.taparg, &host);
	assert_int_equal(r.room, was_off ? left : room - tracelen);
	for (i = 0; i < GUARD; i++) {
		assert_int_equal(arena[i], PATTERN);
		assert_int_equal(arena[GUARD + BUFCAP + i], PATTERN);
	}
}

/* A message that makes the device do this. */
static inline void
during(void (*fn)(void))
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = 5 };

	act = fn;
	rec_msg(&r, &dev, &m);
}

/* Everything behind CONF and MAP, and of what was not sent so far. */
static inline const char *
text(void)
{
	static char out[1 << 16];
	struct trace_reader t;
	struct trace_rec rec;
	size_t n = 0;

	out[0] = '\0';
	assert_int_equal(trace_open(&t, trace, tracelen), TRACE_OK);
	while (trace_next(&t, &rec) == TRACE_OK) {
		if (rec.type == TRACE_CONF || rec.type == TRACE_MAP)
			continue;
		text_brief(out + n, sizeof(out) - n - 1, &rec);
		n += strlen(out + n);
		out[n++] = '\n';
		out[n] = '\0';
	}
	return out;
}

/* Records of a type and, where there is one, of a kind or a call. */
static inline unsigned
count(unsigned type, unsigned kind)
{
	struct trace_reader t;
	struct trace_rec rec;
	unsigned n = 0;

	memcpy(trace + tracelen, r.w.p, r.w.len);
	assert_int_equal(trace_open(&t, trace, tracelen + r.w.len), TRACE_OK);
	while (trace_next(&t, &rec) == TRACE_OK)
		n += rec.type == type &&
		    (type != TRACE_EXPECT || rec.u.expect.kind == kind) &&
		    (type != TRACE_ANSWER || rec.u.answer.call == kind);
	return n;
}

/* Four bytes of the guest go to the disk as they are. */
static inline void
lend_and_write(void)
{
	struct iovec iov = { memory, 4 };
	struct blk_io io = { .op = BLK_WRITE, .iov = &iov, .niov = 1,
	    .len = 4 };

	memcpy(memory, "\x11\x22\x33\x44", 4);
	gm_lend(&gm, &iov, 1);
	(void)ops->blk(arg, &io);
}

#endif
