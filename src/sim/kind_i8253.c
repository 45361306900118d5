/*
 * The timer, once more, by counting: each tick of each counter is taken one
 * by one.  Where more ticks pass at once than anybody wants to count, the
 * model gives a counter up until it is programmed again.
 */
#include "chipsim.h"
#include "i8253.h"

#define MANY	5000		/* ticks of one step */
#define HZ	1193182ULL

enum op {
	OP_MODE0, OP_MODE1, OP_MODE2, OP_MODE3, OP_MODE4, OP_MODE5, OP_BCD,
	OP_LATCH, OP_STATUS, OP_GATE, OP_TICK, OP_RELOAD
};

static const char *const ops[] = {
	"mode0", "mode1", "mode2", "mode3", "mode4", "mode5", "bcd", "latch",
	"status", "gate", "tick", "new-count", NULL
};

struct counter {
	int		known;		/* the model follows */
	unsigned	mode, rw, bcd;
	unsigned	value;		/* of the counting element */
	unsigned	count;		/* written last; 1 to 65536 */
	unsigned	from;		/* loaded last */
	int		counts;		/* ticks have an effect */
	int		empty;		/* no count since the control word */
	int		waits;		/* a count is to be loaded */
	int		out;
	int		fired;		/* mode 4, 5: the strobe was */
	int		half;		/* mode 3: 0 high, 1 low */
	int		gate;
	int		low_seen;
	unsigned	low;
	int		second_read;
	unsigned	latched;	/* bytes of it left */
	unsigned	latch;
	int		latch_known;
	int		has_status;
	unsigned	status;
};

struct timer {
	struct counter	c[3];
	uint64_t	tick;		/* of the clock, all counted */
	int		paused;
	unsigned	portb;
	int		rose;		/* counter 0, in this step */
};

static unsigned
range(const struct counter *c)
{
	return c->bcd ? 10000 : 65536;
}

static void
load(struct counter *c)
{
	c->value = c->from = c->count;
	c->waits = 0;
	c->half = 0;
	if (c->mode == 3)
		c->value &= ~1U;
}

/* Square wave, by two; an odd count is high for one tick more. */
static int
tick_square(struct counter *c)
{
	unsigned last = c->half || c->from % 2 == 0 ? 2 : 0;

	if (c->from != 1 && c->value != last) {
		c->value -= 2;
		return 0;
	}
	if (c->from != 1 && !c->half) {
		c->half = 1;
		c->value = c->from & ~1U;
		c->out = 0;
		return 0;
	}
	load(c);
	c->out = 1;
	return 1;
}

/* One tick of a counter that counts; 1 when its output rises. */
static int
tick(struct counter *c)
{
	int was = c->out, strobed = c->fired;

	if (c->mode == 3)
		return tick_square(c);
	c->value = (c->value + range(c) - 1) % range(c);
	if (c->mode == 2) {
		c->out = c->value != 1;
		if (c->value != 0)
			return 0;
		load(c);
		c->out = c->from != 1;
		return 1;
	}
	if (c->value != 0) {
		c->out = c->mode > 1 || was;
		return 0;
	}
	/* Modes 4 and 5 are low for this one tick, the first time. */
	c->fired = 1;
	c->out = c->mode < 2 || strobed;
	return c->mode < 2 ? !was : !strobed;
}

static void
run(struct timer *m, unsigned n, uint64_t ticks)
{
	struct counter *c = &m->c[n];
	uint64_t i;
	int rose;

	if (!c->counts || !c->known)
		return;
	if (ticks > MANY) {
		c->known = 0;
		return;
	}
	for (i = 0; i < ticks; i++) {
		rose = tick(c);
		m->rose |= rose && n == 0;
	}
}

static void
count_on(struct chipsim *s, struct timer *m)
{
	uint64_t t = s->now / 1000000000 * HZ +
	    s->now % 1000000000 * HZ / 1000000000;
	unsigned i;

	for (i = 0; i < 3 && !m->paused; i++)
		run(m, i, t - m->tick);
	m->tick = t;
}

static void
idle(struct counter *c)
{
	c->counts = 0;
	c->empty = 1;
	c->waits = 0;
	c->fired = 0;
	c->half = 0;
	c->out = c->mode != 0;
}

static void
control(struct chipsim *s, struct counter *c, unsigned v)
{
	c->rw = v >> 4 & 3;
	c->mode = v >> 1 & 7;
	if (c->mode > 5)
		c->mode &= 3;
	c->bcd = v & 1;
	chipsim_met(s, OP_MODE0 + c->mode);
	if (c->bcd)
		chipsim_met(s, OP_BCD);
	c->low_seen = c->second_read = c->has_status = 0;
	c->latched = 0;
	c->known = 1;
	idle(c);
}

static unsigned
digits(unsigned v)
{
	return v % 10 + v / 10 % 10 * 16 + v / 100 % 10 * 256 +
	    v / 1000 % 10 * 4096;
}

static unsigned
shown(const struct counter *c)
{
	unsigned v = c->value % range(c);

	return c->bcd ? digits(v) : v;
}

static unsigned
status_of(const struct counter *c)
{
	return (unsigned)c->out << 7 | (unsigned)(c->empty || c->waits) << 6 |
	    c->rw << 4 | c->mode << 1 | c->bcd;
}

static void
take_latch(struct chipsim *s, struct counter *c)
{
	chipsim_met(s, OP_LATCH);
	if (c->latched == 0) {
		c->latch = shown(c);
		c->latch_known = c->known && !c->empty;
		c->latched = c->rw == 3 ? 2 : 1;
	}
}

static void
take_status(struct chipsim *s, struct counter *c)
{
	chipsim_met(s, OP_STATUS);
	if (!c->has_status) {
		c->has_status = 1;
		c->status = status_of(c);
	}
}

/* A whole count was written. */
static void
new_count(struct chipsim *s, struct counter *c, unsigned v)
{
	unsigned was = c->from;
	int first = c->empty;

	c->count = !c->bcd ? v : ((v >> 12) * 1000 + (v >> 8 & 15) * 100 +
	    (v >> 4 & 15) * 10 + (v & 15)) % 10000;
	if (c->count == 0)
		c->count = range(c);
	c->empty = 0;
	if (c->mode == 1 || c->mode == 5) {
		c->waits = 1;
		if (first)
			c->value = c->from = c->count;
		return;
	}
	if ((c->mode == 2 || c->mode == 3) && !first && c->gate) {
		chipsim_met(s, OP_RELOAD);
		c->waits = c->count != was;
		return;
	}
	load(c);
	c->fired = 0;
	c->counts = c->gate;
	c->out = c->mode != 0 && !(c->mode == 2 && c->from == 1 && c->gate);
}

static void
write_count(struct chipsim *s, struct counter *c, unsigned v)
{
	if (c->rw == 1) {
		new_count(s, c, v);
	} else if (c->rw == 2) {
		new_count(s, c, v << 8);
	} else if (c->low_seen) {
		c->low_seen = 0;
		new_count(s, c, v << 8 | c->low);
	} else {
		c->low_seen = 1;
		c->low = v;
		if (c->mode == 0)
			idle(c);
	}
}

static void
set_gate(struct chipsim *s, struct counter *c, int gate)
{
	int rises = gate && !c->gate, falls = !gate && c->gate;

	c->gate = gate;
	if (rises || falls)
		chipsim_met(s, OP_GATE);
	if (c->empty)
		return;
	if (c->mode == 0 || c->mode == 4) {
		c->counts = gate;
	} else if (rises) {
		load(c);
		c->counts = 1;
		c->fired = 0;
		c->out = c->mode != 1 && !(c->mode == 2 && c->from == 1);
	} else if (falls && (c->mode == 2 || c->mode == 3)) {
		c->counts = 0;
		c->out = 1;
	}
}

/* A byte of a counter: as expected, or -1 when nobody knows. */
static int
read_count(struct counter *c)
{
	unsigned v;
	int high, sure = c->known && !c->empty;

	if (c->has_status) {
		c->has_status = 0;
		return c->known ? (int)c->status : -1;
	}
	if (c->latched > 0) {
		high = c->rw == 2 || (c->rw == 3 && c->latched == 1);
		c->latched--;
		v = c->latch;
		sure = c->latch_known;
	} else {
		high = c->rw == 2 || (c->rw == 3 && c->second_read);
		c->second_read = c->rw == 3 && !c->second_read;
		v = shown(c);
	}
	if (!sure)
		return -1;
	return (int)(high ? v >> 8 : v & 0xff);
}

static void
write_port(struct chipsim *s, struct timer *m, unsigned port, unsigned v)
{
	unsigned i;

	if (port == 0x61) {
		m->portb = v & 15;
		set_gate(s, &m->c[2], v & 1);
	} else if (port != 0x43) {
		write_count(s, &m->c[port & 3], v);
	} else if (v >> 6 != 3 && (v >> 4 & 3) != 0) {
		control(s, &m->c[v >> 6], v);
	} else if (v >> 6 != 3) {
		take_latch(s, &m->c[v >> 6]);
	} else {
		for (i = 0; i < 3; i++) {
			if ((v >> i & 2) == 0)
				continue;
			if ((v & 0x20) == 0)
				take_latch(s, &m->c[i]);
			if ((v & 0x10) == 0)
				take_status(s, &m->c[i]);
		}
	}
}

static void
check_read(struct chipsim *s, struct timer *m, unsigned port, unsigned got)
{
	struct counter *c;
	int want = 0;

	if (port == 0x61) {
		c = &m->c[2];
		if ((got & 0xcf) != m->portb)
			chipsim_fail(s, "answer", "port B reads otherwise");
		if (c->known && (int)(got >> 5 & 1) != c->out)
			chipsim_fail(s, "answer", "output of counter 2");
		return;
	}
	if (port != 0x43)
		want = read_count(&m->c[port & 3]);
	if (want != -1 && want != (int)got)
		chipsim_fail(s, "answer", "a counter reads otherwise");
}

/* The line of counter 0: level in mode 0, high in the others. */
static void
check_line(struct chipsim *s, const struct timer *m)
{
	const struct counter *c = &m->c[0];

	if (m->rose)
		chipsim_met(s, OP_TICK);
	if (c->mode != 0 && !s->line)
		chipsim_fail(s, "irq", "the line is not high");
	if (c->mode == 0 && c->known && s->line != (c->out && !c->empty))
		chipsim_fail(s, "irq", "the line is not the output");
	if (c->known && m->rose && s->rises == 0)
		chipsim_fail(s, "irq", "a tick is missing");
	if (s->rises > 1)
		chipsim_fail(s, "irq", "more ticks than one for a message");
}

static void
power_on(struct timer *m)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		struct counter *c = &m->c[i];

		c->mode = c->bcd = 0;
		c->rw = 3;
		c->gate = i < 2;
		c->known = 1;
		c->low_seen = c->second_read = c->has_status = 0;
		c->latched = 0;
		idle(c);
	}
	m->portb = 0;
	m->paused = 0;
}

static void
before(struct chipsim *s, const struct viodev_msg *m)
{
	struct timer *x = s->model;

	(void)m;
	count_on(s, x);
}

static int
is_mine(uint32_t port)
{
	return (port >= 0x40 && port <= 0x43) || port == 0x61;
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	struct timer *x = s->model;
	int looked = 0;

	if (m->type == VIODEV_RESET) {
		power_on(x);
		x->rose = 0;
		looked = 1;
	} else if (m->type == VIODEV_PAUSE) {
		x->paused = 1;
	} else if (m->type == VIODEV_UNPAUSE) {
		x->paused = 0;
		looked = 1;
	} else if (chipsim_byte(m, VIODEV_WRITE) && is_mine(m->where)) {
		write_port(s, x, m->where, m->data & 0xff);
		looked = 1;
	} else if (chipsim_byte(m, VIODEV_READ) && is_mine(m->where)) {
		check_read(s, x, m->where, (unsigned)m->data);
		looked = 1;
	} else if (m->type == VIODEV_TIMER)
		looked = 1;
	if (!looked)
		return;
	check_line(s, x);
	x->rose = 0;
}

static void
start(struct chipsim *s)
{
	struct timer *x = s->model;

	power_on(x);
	count_on(s, x);
}

const struct chipsim_kind chip_i8253 = {
	.dev = &i8253_dev,
	.timers = 1,
	.lanes = 1,
	.model = sizeof(struct timer),
	.start = start,
	.before = before,
	.after = after,
	.ops = ops,
};
