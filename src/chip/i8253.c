#include "i8253.h"

#define STATE_VERSION	1
#define NS_PER_SEC	1000000000ULL
#define REFRESH		18		/* ticks of half a refresh cycle */

/* Access modes of a counter. */
#define RW_LATCH	0
#define RW_LOW		1
#define RW_HIGH		2
#define RW_BOTH		3

#define PORTB_GATE	0x01
#define PORTB_KEPT	0x0f
#define PORTB_REFRESH	0x10
#define PORTB_OUT	0x20

struct counter {
	uint64_t	start;		/* tick at which the count was n */
	uint64_t	held;		/* ticks gone when it was stopped */
	uint32_t	n;		/* count in force, 1 to 65536 */
	uint32_t	next;		/* count written last */
	uint8_t		mode;		/* 0 to 5 */
	uint8_t		rw;		/* RW_LOW, RW_HIGH, RW_BOTH */
	uint8_t		bcd;
	uint8_t		loaded;		/* since the control word */
	uint8_t		running;	/* start is valid, else held */
	uint8_t		pending;	/* next comes into force later */
	uint8_t		done;		/* mode 4: the strobe was given */
	uint8_t		gate;
	uint8_t		low;		/* first byte of a count */
	uint8_t		write_high;	/* the second one is expected */
	uint8_t		read_high;
	uint8_t		nlatch;		/* bytes of it to be read */
	uint8_t		status;
	uint8_t		has_status;	/* latched, to be read */
	uint16_t	latch;
};

struct i8253 {
	struct dev	dev;
	struct counter	c[3];
	uint64_t	stopped;	/* tick of PAUSE */
	uint64_t	second;		/* ns into it, when we last looked */
	uint8_t		paused;
	uint8_t		portb;		/* bits that keep what is written */
	uint8_t		line;
};

static uint64_t
ticks(struct i8253 *s)
{
	uint64_t ns;

	if (s->paused)
		return s->stopped;
	ns = s->dev.host.ops->clock(s->dev.host.arg, CLOCK_MONO);
	s->second = ns % NS_PER_SEC;
	return ns / NS_PER_SEC * I8253_HZ +
	    s->second * I8253_HZ / NS_PER_SEC;
}

/* Whether the count starts over by itself. */
static int
periodic(const struct counter *c)
{
	return c->mode == 2 || c->mode == 3;
}

/* Whether only a rising gate starts it. */
static int
triggered(const struct counter *c)
{
	return c->mode == 1 || c->mode == 5;
}

static uint64_t
elapsed(const struct counter *c, uint64_t now)
{
	return c->running ? now - c->start : c->held;
}

static void
set_line(struct i8253 *s, uint8_t level)
{
	if (s->line == level)
		return;
	s->line = level;
	s->dev.host.ops->irq(s->dev.host.arg, level);
}

/* Brings a counter up to now; 1 when its output rose by itself since. */
static int
advance(struct counter *c, uint64_t now)
{
	uint64_t e = elapsed(c, now);

	if (!c->running || e < c->n)
		return 0;
	if (!periodic(c)) {
		if (c->done)
			return 0;
		c->done = 1;
		return 1;
	}
	c->start += c->n;
	if (c->pending) {
		c->n = c->next;
		c->pending = 0;
	}
	c->start += (now - c->start) / c->n * c->n;
	return 1;
}

/* Asks to be called at the next rise of counter 0. */
static void
arm(struct i8253 *s, uint64_t now)
{
	struct counter *c = &s->c[0];
	struct dev_host *h = &s->dev.host;
	uint64_t e = elapsed(c, now), left;

	if (s->paused || !c->running || (e >= c->n && !periodic(c))) {
		h->ops->untimer(h->arg, 0);
		return;
	}
	left = c->n - e;
	if (periodic(c) && c->n < I8253_MINTICKS)
		left = I8253_MINTICKS;
	/* The first ns of that tick, counted from the full second. */
	left += s->second * I8253_HZ / NS_PER_SEC;
	h->ops->timer(h->arg, 0, (left * NS_PER_SEC + I8253_HZ - 1) /
	    I8253_HZ - s->second);
}

static void
sync(struct i8253 *s, uint64_t now)
{
	int rose;

	rose = advance(&s->c[0], now);
	(void)advance(&s->c[1], now);
	(void)advance(&s->c[2], now);
	if (!rose)
		return;
	if (s->c[0].mode != 0)
		set_line(s, 0);
	set_line(s, 1);
}

static int
output(const struct counter *c, uint64_t now)
{
	uint64_t e = elapsed(c, now);

	if (!c->loaded)
		return c->mode != 0;
	switch (c->mode) {
	case 0:
		return e >= c->n;
	case 1:
		return !c->running || e >= c->n;
	case 2:
		return !c->running || e % c->n != c->n - 1;
	case 3:
		return !c->running || e % c->n < (c->n + 1) / 2;
	default:
		return !c->running || e != c->n;
	}
}

static uint16_t
to_bcd(uint32_t v)
{
	return (uint16_t)(v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 |
	    v / 1000 % 10 << 12);
}

static uint32_t
from_bcd(uint32_t v)
{
	return ((v >> 12) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 +
	    (v & 15)) % 10000;
}

/* What the counting element shows. */
static uint16_t
count(const struct counter *c, uint64_t now)
{
	uint64_t e = elapsed(c, now);
	uint32_t range = c->bcd ? 10000 : 65536, half, v;

	if (c->mode == 3) {
		half = (c->n + 1) / 2;
		e %= c->n;
		v = (c->n & ~1U) - 2 * (uint32_t)(e < half ? e : e - half);
	} else if (c->mode == 2) {
		v = c->n - (uint32_t)(e % c->n);
	} else {
		v = c->n + range - (uint32_t)(e % range);
	}
	return c->bcd ? to_bcd(v % range) : (uint16_t)v;
}

static uint8_t
status(const struct counter *c, uint64_t now)
{
	return (uint8_t)(output(c, now) << 7 |
	    (!c->loaded || c->pending) << 6 |
	    c->rw << 4 | c->mode << 1 | c->bcd);
}

static void
latch_count(struct counter *c, uint64_t now)
{
	if (c->nlatch > 0)
		return;
	c->latch = count(c, now);
	c->nlatch = c->rw == RW_BOTH ? 2 : 1;
}

static void
latch_status(struct counter *c, uint64_t now)
{
	if (c->has_status)
		return;
	c->status = status(c, now);
	c->has_status = 1;
}

static uint8_t
read_counter(struct counter *c, uint64_t now)
{
	uint16_t v;
	int high;

	if (c->has_status) {
		c->has_status = 0;
		return c->status;
	}
	if (c->nlatch > 0) {
		v = c->latch;
		high = c->rw == RW_HIGH ||
		    (c->rw == RW_BOTH && c->nlatch == 1);
		c->nlatch--;
	} else {
		v = count(c, now);
		high = c->rw == RW_HIGH || c->read_high;
		c->read_high = c->rw == RW_BOTH && !c->read_high;
	}
	return (uint8_t)(high ? v >> 8 : v);
}

/* The count written last comes into force now. */
static void
start(struct counter *c, uint64_t now)
{
	c->n = c->next;
	c->pending = 0;
	c->done = 0;
	c->held = 0;
	c->running = c->gate || triggered(c);
	c->start = now;
}

static void
set_count(struct counter *c, uint16_t v, uint64_t now)
{
	c->next = c->bcd ? from_bcd(v) : v;
	if (c->next == 0)
		c->next = c->bcd ? 10000 : 65536;
	if (triggered(c)) {
		/* The next trigger takes it. */
		if (!c->loaded) {
			c->n = c->next;
			c->held = 0;
		}
		c->pending = 1;
	} else if (periodic(c) && c->running) {
		c->pending = c->next != c->n;
	} else {
		start(c, now);
	}
	c->loaded = 1;
}

static void
write_counter(struct counter *c, uint8_t v, uint64_t now)
{
	if (c->rw == RW_LOW) {
		set_count(c, v, now);
	} else if (c->rw == RW_HIGH) {
		set_count(c, (uint16_t)(v << 8), now);
	} else if (c->write_high) {
		c->write_high = 0;
		set_count(c, (uint16_t)(v << 8 | c->low), now);
	} else {
		c->write_high = 1;
		c->low = v;
		if (c->mode != 0)
			return;
		c->held = elapsed(c, now);
		c->running = 0;
		c->loaded = 0;
	}
}

static void
set_mode(struct counter *c, uint8_t v, uint64_t now)
{
	c->held = elapsed(c, now) % c->n;
	c->rw = v >> 4 & 3;
	c->mode = v >> 1 & 7;
	if (c->mode > 5)
		c->mode -= 4;
	c->bcd = v & 1;
	if (c->bcd && c->n > 10000)
		c->n = 10000;
	c->loaded = 0;
	c->running = 0;
	c->pending = 0;
	c->done = 0;
	c->write_high = 0;
	c->read_high = 0;
	c->nlatch = 0;
	c->has_status = 0;
}

static void
read_back(struct i8253 *s, uint8_t v, uint64_t now)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		if ((v >> (i + 1) & 1) == 0)
			continue;
		if ((v & 0x20) == 0)
			latch_count(&s->c[i], now);
		if ((v & 0x10) == 0)
			latch_status(&s->c[i], now);
	}
}

static void
control(struct i8253 *s, uint8_t v, uint64_t now)
{
	struct counter *c;

	if (v >> 6 == 3) {
		read_back(s, v, now);
		return;
	}
	c = &s->c[v >> 6];
	if ((v >> 4 & 3) == RW_LATCH)
		latch_count(c, now);
	else
		set_mode(c, v, now);
}

static void
set_gate(struct counter *c, uint8_t gate, uint64_t now)
{
	if (c->gate == gate)
		return;
	c->gate = gate;
	if (!c->loaded)
		return;
	if (triggered(c) || periodic(c)) {
		if (gate) {
			start(c, now);
		} else if (periodic(c)) {
			c->held = elapsed(c, now) % c->n;
			c->running = 0;
		}
		return;
	}
	if (gate)
		c->start = now - c->held;
	else
		c->held = elapsed(c, now);
	c->running = gate;
}

static void
write_port(struct i8253 *s, uint32_t port, uint8_t v)
{
	uint64_t now = ticks(s);

	sync(s, now);
	if (port == 0x61) {
		s->portb = v & PORTB_KEPT;
		set_gate(&s->c[2], v & PORTB_GATE, now);
		return;
	}
	if (port == 0x43)
		control(s, v, now);
	else
		write_counter(&s->c[port & 3], v, now);
	set_line(s, s->c[0].mode != 0 || output(&s->c[0], now));
	arm(s, now);
}

static uint8_t
read_port(struct i8253 *s, uint32_t port)
{
	uint64_t now = ticks(s);

	sync(s, now);
	if (port == 0x43)
		return 0;
	if (port != 0x61)
		return read_counter(&s->c[port & 3], now);
	return (uint8_t)(s->portb |
	    (now / REFRESH % 2 != 0 ? PORTB_REFRESH : 0) |
	    (output(&s->c[2], now) ? PORTB_OUT : 0));
}

static void
power_on(struct i8253 *s)
{
	struct counter *c;
	unsigned i;

	for (i = 0; i < 3; i++) {
		c = &s->c[i];
		memset(c, 0, sizeof(*c));
		c->n = c->next = 65536;
		c->rw = RW_BOTH;
		c->gate = i < 2;
	}
	s->portb = 0;
	s->dev.host.ops->untimer(s->dev.host.arg, 0);
	set_line(s, 0);
}

static int
i8253_attach(struct dev *d, const struct devconf *conf)
{
	(void)conf;
	power_on((struct i8253 *)d);
	return 0;
}

static void
i8253_detach(struct dev *d)
{
	power_on((struct i8253 *)d);
}

static void
pause(struct i8253 *s)
{
	s->stopped = ticks(s);
	s->paused = 1;
	s->dev.host.ops->untimer(s->dev.host.arg, 0);
}

/* The clock may be another one; what was left is left. */
static void
unpause(struct i8253 *s)
{
	uint64_t was = s->stopped, now;
	unsigned i, moved = s->paused;

	s->paused = 0;
	now = ticks(s);
	for (i = 0; moved && i < 3; i++)
		s->c[i].start += now - was;
	sync(s, now);
	arm(s, now);
}

static void
due(struct i8253 *s)
{
	uint64_t now = ticks(s);

	sync(s, now);
	arm(s, now);
}

static void
i8253_msg(struct dev *d, struct viodev_msg *m)
{
	struct i8253 *s = (struct i8253 *)d;
	int mine = m->space == VIODEV_PORT && m->width == 1 &&
	    ((m->where & ~3U) == 0x40 || m->where == 0x61);

	switch (m->type) {
	case VIODEV_READ:
		m->data = mine ? read_port(s, m->where) :
		    UINT64_MAX >> (64 - 8 * m->width);
		break;
	case VIODEV_WRITE:
		if (mine)
			write_port(s, m->where, (uint8_t)m->data);
		break;
	case VIODEV_TIMER:
		due(s);
		break;
	case VIODEV_PAUSE:
		pause(s);
		break;
	case VIODEV_UNPAUSE:
		unpause(s);
		break;
	case VIODEV_RESET:
		s->paused = 0;
		power_on(s);
		break;
	default:
		break;
	}
}

static void
save_counter(const struct counter *c, struct wbuf *w)
{
	wb_u64(w, c->start);
	wb_u64(w, c->held);
	wb_u32(w, c->n);
	wb_u32(w, c->next);
	wb_u8(w, c->mode);
	wb_u8(w, c->rw);
	wb_u8(w, c->bcd);
	wb_u8(w, c->loaded);
	wb_u8(w, c->running);
	wb_u8(w, c->pending);
	wb_u8(w, c->done);
	wb_u8(w, c->gate);
	wb_u8(w, c->low);
	wb_u8(w, c->write_high);
	wb_u8(w, c->read_high);
	wb_u8(w, c->nlatch);
	wb_u8(w, c->status);
	wb_u8(w, c->has_status);
	wb_u16(w, c->latch);
}

static void
load_counter(struct counter *c, struct rbuf *r)
{
	c->start = rb_u64(r);
	c->held = rb_u64(r);
	c->n = rb_u32(r);
	c->next = rb_u32(r);
	c->mode = rb_u8(r);
	c->rw = rb_u8(r);
	c->bcd = rb_u8(r);
	c->loaded = rb_u8(r);
	c->running = rb_u8(r);
	c->pending = rb_u8(r);
	c->done = rb_u8(r);
	c->gate = rb_u8(r);
	c->low = rb_u8(r);
	c->write_high = rb_u8(r);
	c->read_high = rb_u8(r);
	c->nlatch = rb_u8(r);
	c->status = rb_u8(r);
	c->has_status = rb_u8(r);
	c->latch = rb_u16(r);
}

static void
i8253_save(const struct dev *d, struct wbuf *w)
{
	const struct i8253 *s = (const struct i8253 *)d;
	unsigned i;

	wb_u16(w, STATE_VERSION);
	for (i = 0; i < 3; i++)
		save_counter(&s->c[i], w);
	wb_u64(w, s->stopped);
	wb_u8(w, s->paused);
	wb_u8(w, s->portb);
	wb_u8(w, s->line);
}

static const char *
check_counter(const struct counter *c)
{
	uint32_t most = c->bcd ? 10000 : 65536;

	if (c->mode > 5 || c->rw < RW_LOW || c->rw > RW_BOTH || c->bcd > 1)
		return "mode out of range";
	if (c->n == 0 || c->n > most || c->next == 0 || c->next > 65536)
		return "count out of range";
	if (c->loaded > 1 || c->running > 1 || c->pending > 1 ||
	    c->done > 1 || c->gate > 1 || c->write_high > 1 ||
	    c->read_high > 1 || c->has_status > 1)
		return "flag is neither 0 nor 1";
	if (c->nlatch > (c->rw == RW_BOTH ? 2 : 1))
		return "more is latched than there is";
	if ((c->running || c->pending) && !c->loaded)
		return "counts without a count";
	if (c->pending && c->next > most)
		return "count out of range";
	if (c->running && !c->gate && !triggered(c))
		return "counts through a closed gate";
	return NULL;
}

static const char *
i8253_check(const struct dev *d)
{
	const struct i8253 *s = (const struct i8253 *)d;
	const struct counter *c = s->c;
	const char *why;
	unsigned i;

	for (i = 0; i < 3; i++)
		if ((why = check_counter(&c[i])) != NULL)
			return why;
	if (!c[0].gate || !c[1].gate ||
	    c[2].gate != (s->portb & PORTB_GATE))
		return "gate differs from its wire";
	if ((s->portb & ~PORTB_KEPT) != 0 || s->paused > 1)
		return "register out of range";
	if (s->line != (c[0].mode != 0 || (c[0].loaded && c[0].done)))
		return "line differs from the output";
	return NULL;
}

static int
i8253_load(struct dev *d, struct rbuf *r)
{
	struct i8253 *s = (struct i8253 *)d, tmp = *s;
	unsigned i;

	if (rb_u16(r) != STATE_VERSION)
		return -1;
	for (i = 0; i < 3; i++)
		load_counter(&tmp.c[i], r);
	tmp.stopped = rb_u64(r);
	tmp.paused = rb_u8(r);
	tmp.portb = rb_u8(r);
	tmp.line = rb_u8(r);
	if (!rb_done(r) || i8253_check(&tmp.dev) != NULL)
		return -1;
	*s = tmp;
	s->dev.host.ops->irq(s->dev.host.arg, s->line);
	return 0;
}

const struct dev_ops i8253_dev = {
	.name = "i8253",
	.size = sizeof(struct i8253),
	.attach = i8253_attach,
	.detach = i8253_detach,
	.msg = i8253_msg,
	.save = i8253_save,
	.load = i8253_load,
	.check = i8253_check,
};
