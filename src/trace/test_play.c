/* Recorder and player together, on a toy device that does everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "play.h"
#include "prng.h"
#include "rec.h"

#define MEM	0x4000
#define TRACE	(1 << 20)

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

	if (m->type == VIODEV_READ)
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
	toy_save, toy_load, toy_check
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

static void real_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
real_panic(void *arg, const char *fmt, ...)
{
	(void)arg, (void)fmt;
	abort();
}

static const struct host_ops real_ops = {
	real_irq, real_clock, real_timer, real_untimer, real_blk, real_tx,
	real_rx_ready, real_entropy, real_request, real_again, real_log,
	real_panic
};

/* ------------------------------------------------------ recording, playing */

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
	unsigned	marks;
	int		sync, fails;
	size_t		bufcap;
	const struct gm_tap *tap;
};

static void
kick(struct rec *r, struct dev *d, uint32_t where)
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = where };

	rec_msg(r, d, &m);
}

/* The messages of all tests: each kind of thing, twice. */
static void
record(const struct job *j)
{
	static uint8_t buf[65536], state[64], conf[16];
	struct gmem gm = { 0 };
	struct real real = { { 1 }, j->fails, 0, 0 };
	struct dev_host h = { &real_ops, &real };
	struct rec r = {
		.sink = sink, .keep = j->keep, .room = j->room,
		.marks = j->marks, .sync = j->sync, .buf = buf,
		.bufcap = j->bufcap, .state = state, .statecap = sizeof(state)
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
	for (i = 0; i < 20; i++)
		kick(&r, &toy.dev, i % 10);
	rec_msg(&r, &toy.dev, &m);
	m.type = VIODEV_INPUT;
	m.width = 0;
	m.payload = (const uint8_t *)"hello";
	m.len = 5;
	rec_msg(&r, &toy.dev, &m);
	dev_detach(&toy.dev);
	rec_stop(&r, &gm);
	assert_true(gm.tap == j->tap);
	assert_int_equal(real.irqs, 2);
	assert_int_equal(real.logs, 2);
}

static struct play *player;

/* Plays p; the player stays for questions. */
static int
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
	.keep = 65536, .room = TRACE, .marks = 1, .bufcap = 65536
};

static void
same(void)
{
	int res = play(trace, tracelen, 0);

	if (res != 0)
		print_error("record %u (message %u): want %s, got %s; %s\n",
		    play_diff(player)->number, play_diff(player)->cause,
		    play_diff(player)->want, play_diff(player)->got,
		    play_diff(player)->where);
	assert_int_equal(res, 0);
	assert_int_equal(play_stat(player)->messages, 22);
	assert_int_equal(play_stat(player)->open, 0);
}

static void
test_same(void **state)
{
	struct job j = whole;

	(void)state;
	record(&j);
	same();
	assert_int_equal(play_stat(player)->blind, 0);
	assert_int_equal(play_stat(player)->marks, 22);
	j.fails = 1;
	record(&j);
	same();
}

/* Payload cut: the same, and it says how much it could not compare. */
static void
test_cut(void **state)
{
	struct job j = whole;

	(void)state;
	j.keep = 64;
	record(&j);
	same();
	assert_int_equal(play_stat(player)->blind, 2 * (1 + 70 + 1 + 1));
	j.keep = 0;
	j.marks = 0;
	record(&j);
	same();
	assert_int_equal(play_stat(player)->blind, 2 * (1 + 70 + 1 + 1));
	assert_int_equal(play_stat(player)->marks, 0);
}

/* Small buffers and every record by itself give the same trace. */
static void
test_buffers(void **state)
{
	static uint8_t first[TRACE];
	struct job j = whole;
	size_t len;
	unsigned calls;

	(void)state;
	j.keep = 256;
	record(&j);
	len = tracelen;
	calls = sinkcalls;
	memcpy(first, trace, len);
	j.bufcap = REC_BUFMIN;
	record(&j);
	assert_int_equal(tracelen, len);
	assert_memory_equal(trace, first, len);
	assert_true(sinkcalls > calls);
	j.sync = 1;
	record(&j);
	assert_int_equal(tracelen, len);
	assert_memory_equal(trace, first, len);
	assert_true(sinkcalls > 100);
	same();
}

/* Without room it ends after a whole record, and plays up to there. */
static void
test_room(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	struct job j = whole;
	enum trace_result res;
	size_t all, room;
	unsigned open = 0;

	(void)state;
	j.keep = 64;
	record(&j);
	all = tracelen;
	for (room = 0; room < all; room += 13) {
		j.room = room;
		record(&j);
		assert_true(tracelen <= room);
		if (tracelen < TRACE_HEADER)
			continue;
		trace_open(&t, trace, tracelen);
		while ((res = trace_next(&t, &r)) == TRACE_OK)
			;
		assert_int_equal(res, TRACE_END);
		assert_int_equal(play(trace, tracelen, 0), 0);
		open += play_stat(player)->open != 0;
	}
	assert_true(open > 20);
}

/* A sink that fails ends the recording, not the device. */
static void
test_sink_fails(void **state)
{
	size_t all;

	(void)state;
	record(&whole);
	all = tracelen;
	for (sinkmax = 0; sinkmax < all; sinkmax += 97) {
		record(&whole);
		assert_true(tracelen <= sinkmax);
	}
	sinkmax = TRACE;
}

/* Each planted bug shows at the record where it happens. */
static void
test_bugs(void **state)
{
	static const struct {
		const char *want, *got, *where;
	} bugs[] = {
		{ "expect store 0x200 [", "expect store 0x200 [",
		    "byte 3: 0x" },
		{ "expect blk read 512 len=270", "expect blk read 513 len=270",
		    "" },
		{ "expect blk write+durable 0 [", "expect blk write+durable "
		    "0 [", "byte 40: 0x" },
		{ "expect tx 1 [", "expect tx 1 [", "" },
		{ "expect again 1", "expect irq 1", "" },
		{ "mark 0x", "expect irq 0", "" },
		{ "mark 0x", "mark 0x", "" },
	};
	const struct play_diff *d;
	struct trace_reader t;
	struct trace_rec r;
	int i;

	(void)state;
	record(&whole);
	for (i = 0; i < 7; i++) {
		assert_int_equal(play(trace, tracelen, i + 1), -1);
		d = play_diff(player);
		if (strncmp(d->want, bugs[i].want, strlen(bugs[i].want)) ||
		    strncmp(d->got, bugs[i].got, strlen(bugs[i].got)) ||
		    strncmp(d->where, bugs[i].where, strlen(bugs[i].where)))
			fail_msg("%d: %s, %s, %s", i + 1, d->want, d->got,
			    d->where);
		/* The cause is a message, and it stands before. */
		assert_true(d->cause < d->number);
		trace_open(&t, trace, tracelen);
		do
			assert_int_equal(trace_next(&t, &r), TRACE_OK);
		while (r.number != d->cause);
		assert_int_equal(r.type, TRACE_MSG);
		do
			assert_int_equal(trace_next(&t, &r), TRACE_OK);
		while (r.number != d->number);
		assert_int_equal(r.off, d->off);
		assert_int_equal(play_step(player, NULL), -1);
	}
}

/* Cut at any record, it plays without a difference. */
static void
test_truncated(void **state)
{
	struct job j = whole;
	size_t n;

	(void)state;
	j.keep = 32;
	record(&j);
	for (n = TRACE_HEADER; n < tracelen; n++)
		assert_int_equal(play(trace, n, 0), 0);
}

/* Records all of whose bits are compared, whatever was kept of payloads. */
static int
is_plain(const struct trace_rec *r)
{
	return r->type == TRACE_MARK || (r->type == TRACE_EXPECT &&
	    r->u.expect.kind != TRACE_STORE && r->u.expect.kind != TRACE_BLK &&
	    r->u.expect.kind != TRACE_TX);
}

/* Any single bit: never harm, always an end, and found where it can be. */
static void
test_every_bit(void **state)
{
	struct job j = whole;
	struct trace_reader t;
	struct trace_rec r;
	unsigned bit, found = 0;
	size_t i;
	int res, plain;

	(void)state;
	j.keep = 0;
	record(&j);
	trace_open(&t, trace, tracelen);
	while (trace_next(&t, &r) == TRACE_OK) {
		plain = is_plain(&r);
		for (i = r.off; i < t.off; i++)
			for (bit = 0; bit < 8; bit++) {
				trace[i] ^= (uint8_t)(1U << bit);
				res = play(trace, tracelen, 0);
				assert_true(res == 0 || res == -1);
				if (plain && i >= r.off + 4)
					assert_int_equal(res, -1);
				found += res == -1;
				trace[i] ^= (uint8_t)(1U << bit);
			}
	}
	assert_true(found > 1000);
}

static void
put_hostile(struct wbuf *w, struct prng *rng)
{
	static const uint8_t data[64];
	uint32_t where = (uint32_t)prng_below(rng, 10);
	struct viodev_msg m = { .type = VIODEV_KICK, .where = where };

	switch (prng_below(rng, 8)) {
	case 0:
	case 1:
	case 2:
		trace_put_msg(w, &m);
		break;
	case 3:
		trace_put_load(w, 0x100, data, 16, prng_below(rng, 20));
		break;
	case 4:
		trace_put_answer(w, (unsigned)prng_below(rng, TRACE_NCALLS),
		    (int32_t)prng_next(rng) % 6, data, prng_below(rng, 65),
		    prng_below(rng, 65));
		break;
	case 5:
		trace_put_expect(w, (unsigned)prng_below(rng, TRACE_NKINDS),
		    (uint32_t)prng_below(rng, 3), 512, data,
		    prng_below(rng, 65), prng_below(rng, 65));
		break;
	case 6:
		trace_put_poke(w, prng_below(rng, 2 * MEM), data,
		    prng_below(rng, 65));
		break;
	default:
		trace_put_setup(w, &(struct trace_setup){ 0 });
		break;
	}
}

static void
test_hostile(void **state)
{
	struct prng rng;
	struct wbuf w;
	int i, j;

	(void)state;
	prng_seed(&rng, 4);
	for (i = 0; i < 20000; i++) {
		wb_init(&w, trace, sizeof(trace));
		trace_put_header(&w);
		trace_put_expect(&w, TRACE_TIMER, 7, 1500, NULL, 0, 0);
		trace_put_answer(&w, TRACE_CALL_CLOCK, 0, "12345678", 8, 8);
		for (j = (int)prng_below(&rng, 12); j > 0; j--)
			put_hostile(&w, &rng);
		assert_true(play(trace, w.len, 0) <= 0);
	}
}

static void
differs(struct wbuf *w, const char *want, const char *got)
{
	assert_int_equal(play(trace, w->len, 0), -1);
	assert_string_equal(play_diff(player)->want, want);
	assert_string_equal(play_diff(player)->got, got);
}

static void
begin(struct wbuf *w)
{
	wb_init(w, trace, sizeof(trace));
	trace_put_header(w);
	trace_put_expect(w, TRACE_TIMER, 7, 1500, NULL, 0, 0);
	trace_put_answer(w, TRACE_CALL_CLOCK, 0, "12345678", 8, 8);
}

static void
test_wrong_records(void **state)
{
	struct viodev_msg flush = { .type = VIODEV_KICK, .where = 9 };
	struct viodev_msg random = { .type = VIODEV_KICK, .where = 4 };
	struct wbuf w;
	uint8_t zero[8] = { 0 };

	(void)state;
	begin(&w);
	trace_put_reload(&w);
	differs(&w, "reload", "a record that belongs into no recording");
	begin(&w);
	trace_put_poke(&w, 0, zero, 8);
	differs(&w, "poke 0x0 [00000000 00000000]",
	    "no guest memory at that place");
	begin(&w);
	trace_put_expect(&w, TRACE_IRQ, 0, 1, NULL, 0, 0);
	differs(&w, "expect irq 1", "nothing more");
	assert_int_equal(play_diff(player)->cause, 0);
	begin(&w);
	trace_put_msg(&w, &flush);
	trace_put_expect(&w, TRACE_BLK, BLK_FLUSH, 512, zero, 8, 8);
	trace_put_answer(&w, TRACE_CALL_BLK, BLK_NRESULTS, NULL, 0, 0);
	differs(&w, "answer blk 4", "a block call, which cannot end like "
	    "that");
	assert_int_equal(play_diff(player)->cause, 3);
	assert_int_equal(play_diff(player)->number, 5);
	begin(&w);
	trace_put_msg(&w, &random);
	trace_put_answer(&w, TRACE_CALL_ENTROPY, 0, zero, 8, 8);
	differs(&w, "answer entropy 0 [00000000 00000000]",
	    "a wish for another number of random bytes");
	begin(&w);
	trace_put_msg(&w, &random);
	wb_u32(&w, 0xff);
	differs(&w, "a record that can be read", "unknown record type");
	wb_init(&w, trace, sizeof(trace));
	trace_put_header(&w);
	trace_put_mark(&w, 1);
	differs(&w, "mark 0x0000000000000001", "expect timer 7 1500");
}

/* A tap that was there sees loads first and may change them. */
static unsigned underloads, understores;

static void
under_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	(void)arg, (void)gpa, (void)len;
	underloads++;
	data[0] ^= 0xff;
}

static void
under_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	(void)arg, (void)gpa, (void)data, (void)len;
	understores++;
}

static void
test_tap_below(void **state)
{
	static const struct gm_tap tap = { under_load, under_store };
	struct job j = whole;

	(void)state;
	j.tap = &tap;
	record(&j);
	assert_true(underloads > 10 && understores > 10);
	same();
}

/* What was lent or answered is written once. */
static void
test_once(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	unsigned lent = 0, again = 0;

	(void)state;
	record(&whole);
	trace_open(&t, trace, tracelen);
	while (trace_next(&t, &r) == TRACE_OK) {
		if (r.type != TRACE_EXPECT)
			continue;
		lent += r.u.expect.kind == TRACE_BLK &&
		    (r.u.expect.arg & TRACE_LENT) != 0;
		again += r.u.expect.kind == TRACE_STORE &&
		    r.u.expect.arg == 1;
	}
	assert_int_equal(lent, 2);
	assert_int_equal(again, 6);
}

static int
setup(void **state)
{
	(void)state;
	sinkmax = TRACE;
	player = malloc(play_size());
	return player == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(player);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_bugs),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_wrong_records),
		cmocka_unit_test(test_tap_below),
		cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
