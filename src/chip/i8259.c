#include "i8259.h"

#define STATE_VERSION	1

#define CASCADE		0x04		/* input of the first chip */

/* Command port: which of the three words, and their bits. */
#define ICW1		0x10
#define ICW1_IC4	0x01
#define ICW1_SNGL	0x02
#define ICW4_AEOI	0x02
#define ICW4_SFNM	0x10
#define OCW3		0x08
#define OCW3_RIS	0x01
#define OCW3_RR		0x02
#define OCW3_POLL	0x04
#define OCW3_SMM	0x20
#define OCW3_ESMM	0x40

enum init {
	INIT_NONE,
	INIT_ICW2,
	INIT_ICW3,
	INIT_ICW4,
	INIT_NSTATES
};

struct chip {
	uint8_t	lines;		/* levels of the inputs */
	uint8_t	irr;		/* requests; never without their line */
	uint8_t	imr;
	uint8_t	isr;
	uint8_t	elcr;		/* 1: level triggered */
	uint8_t	base;		/* vector of input 0 */
	uint8_t	lowest;		/* input of lowest priority */
	uint8_t	init;		/* which word is expected */
	uint8_t	icw4;		/* the sequence has one */
	uint8_t	single;		/* the sequence has no ICW3 */
	uint8_t	aeoi;
	uint8_t	sfnm;
	uint8_t	rotate;		/* rotate in automatic EOI */
	uint8_t	smm;
	uint8_t	poll;		/* the next read polls */
	uint8_t	read_isr;	/* the command port reads ISR, not IRR */
};

struct i8259 {
	struct dev	dev;
	struct chip	chip[2];
	uint8_t		out;	/* level of INT that the host knows */
};

static const uint8_t elcr_mask[2] = { 0xf8, 0xde };

/* The set input that comes first, 0 the highest priority; 8 when none is. */
static unsigned
first(const struct chip *c, uint8_t set)
{
	unsigned p;

	for (p = 0; p < 8; p++)
		if ((set >> ((c->lowest + 1 + p) & 7) & 1) != 0)
			break;
	return p;
}

/* The input that is requested above all that is busy, or -1. */
static int
resolve(const struct chip *c, uint8_t irr, uint8_t busy)
{
	unsigned p;

	if (c->init != INIT_NONE)
		return -1;
	if (c->smm)
		busy &= (uint8_t)~c->imr;
	p = first(c, irr & (uint8_t)~c->imr);
	if (p >= first(c, busy))
		return -1;
	return (int)((c->lowest + 1 + p) & 7);
}

static int
resolve_second(const struct i8259 *s)
{
	const struct chip *c = &s->chip[1];

	return resolve(c, c->irr, c->isr);
}

static uint8_t
irr_of(const struct i8259 *s, unsigned n)
{
	if (n == 0 && resolve_second(s) >= 0)
		return s->chip[0].irr | CASCADE;
	return s->chip[n].irr;
}

static int
resolve_first(const struct i8259 *s)
{
	const struct chip *c = &s->chip[0];
	uint8_t open = c->sfnm ? CASCADE : 0;

	return resolve(c, irr_of(s, 0), c->isr & (uint8_t)~open);
}

static void
drive(struct i8259 *s)
{
	uint8_t out = resolve_first(s) >= 0;

	if (s->out == out)
		return;
	s->out = out;
	s->dev.host.ops->irq(s->dev.host.arg, out);
}

/* Request n goes into service. */
static void
take(struct chip *c, int n)
{
	uint8_t bit = (uint8_t)(1U << n);

	if (!c->aeoi)
		c->isr |= bit;
	else if (c->rotate)
		c->lowest = (uint8_t)n;
	if ((c->elcr & bit) == 0)
		c->irr &= (uint8_t)~bit;
}

static uint8_t
acknowledge(struct i8259 *s)
{
	struct chip *c = &s->chip[0];
	int n = resolve_first(s), m;

	if (n == -1)
		return c->base + 7;
	if (n != 2) {
		take(c, n);
		return (uint8_t)(c->base + n);
	}
	if ((m = resolve_second(s)) == -1)
		m = 7;		/* cannot be: the cascade was up */
	take(c, 2);
	take(&s->chip[1], m);
	return (uint8_t)(s->chip[1].base + m);
}

/* OCW3's poll: a read instead of the INTA pulses. */
static uint8_t
poll(struct i8259 *s, unsigned which)
{
	struct chip *c = &s->chip[which];
	int n = which == 0 ? resolve_first(s) : resolve_second(s);

	c->poll = 0;
	if (n == -1)
		return 0;
	take(c, n);
	return (uint8_t)(0x80 | n);
}

static void
start_init(struct chip *c, uint8_t v)
{
	c->init = INIT_ICW2;
	c->icw4 = (v & ICW1_IC4) != 0;
	c->single = (v & ICW1_SNGL) != 0;
	c->irr &= c->elcr;
	c->imr = 0;
	c->isr = 0;
	c->lowest = 7;
	c->aeoi = 0;
	c->sfnm = 0;
	c->rotate = 0;
	c->smm = 0;
	c->poll = 0;
	c->read_isr = 0;
}

/* What is in service and ends next, or -1. */
static int
ending(const struct chip *c)
{
	uint8_t set = c->isr;
	unsigned p;

	if (c->smm)
		set &= (uint8_t)~c->imr;
	p = first(c, set);
	return p == 8 ? -1 : (int)((c->lowest + 1 + p) & 7);
}

/* OCW2: R, SL and EOI in bits 7 to 5, an input below. */
static void
ocw2(struct chip *c, uint8_t v)
{
	int n = (v & 0x40) != 0 ? v & 7 : ending(c);

	switch (v >> 5) {
	case 0:
	case 4:
		c->rotate = v >> 7;
		return;
	case 2:
		return;
	case 6:
		c->lowest = (uint8_t)n;
		return;
	}
	if (n == -1)
		return;
	c->isr &= (uint8_t)~(1U << n);
	if ((v & 0x80) != 0)
		c->lowest = (uint8_t)n;
}

static void
ocw3(struct chip *c, uint8_t v)
{
	if ((v & OCW3_ESMM) != 0)
		c->smm = (v & OCW3_SMM) != 0;
	if ((v & OCW3_POLL) != 0)
		c->poll = 1;
	else if ((v & OCW3_RR) != 0)
		c->read_isr = v & OCW3_RIS;
}

static void
write_command(struct chip *c, uint8_t v)
{
	if ((v & ICW1) != 0)
		start_init(c, v);
	else if ((v & OCW3) != 0)
		ocw3(c, v);
	else
		ocw2(c, v);
}

static void
write_data(struct chip *c, uint8_t v)
{
	switch (c->init) {
	case INIT_ICW2:
		c->base = v & 0xf8;
		c->init = !c->single ? INIT_ICW3 :
		    c->icw4 ? INIT_ICW4 : INIT_NONE;
		break;
	case INIT_ICW3:
		c->init = c->icw4 ? INIT_ICW4 : INIT_NONE;
		break;
	case INIT_ICW4:
		c->aeoi = (v & ICW4_AEOI) != 0;
		c->sfnm = (v & ICW4_SFNM) != 0;
		c->init = INIT_NONE;
		break;
	default:
		c->imr = v;
		break;
	}
}

/* What becomes level triggered requests as long as its line is up. */
static void
write_elcr(struct chip *c, uint8_t v)
{
	c->irr |= v & (uint8_t)~c->elcr & c->lines;
	c->elcr = v;
}

static void
write_port(struct i8259 *s, uint32_t port, uint8_t v)
{
	if (port == 0x20 || port == 0xa0)
		write_command(&s->chip[port >> 7], v);
	else if (port == 0x21 || port == 0xa1)
		write_data(&s->chip[port >> 7], v);
	else if (port == 0x4d0 || port == 0x4d1)
		write_elcr(&s->chip[port & 1], v & elcr_mask[port & 1]);
}

static uint8_t
read_port(struct i8259 *s, uint32_t port)
{
	unsigned n = port >> 7 & 1;
	struct chip *c = &s->chip[n];

	if (port == 0x4d0 || port == 0x4d1)
		return s->chip[port & 1].elcr;
	if (port != 0x20 && port != 0x21 && port != 0xa0 && port != 0xa1)
		return 0xff;
	if (c->poll)
		return poll(s, n);
	if ((port & 1) != 0)
		return c->imr;
	return c->read_isr ? c->isr : irr_of(s, n);
}

static void
line(struct i8259 *s, uint32_t n, int level)
{
	struct chip *c = &s->chip[n >> 3 & 1];
	uint8_t bit = (uint8_t)(1U << (n & 7));

	if (n > 15 || n == 2)
		return;
	if (level && (c->lines & bit) == 0) {
		c->irr |= bit;
		c->lines |= bit;
	} else if (!level) {
		c->irr &= (uint8_t)~bit;
		c->lines &= (uint8_t)~bit;
	}
}

/* After power-on; the inputs are somebody else's. */
static void
power_on(struct i8259 *s)
{
	unsigned i;
	uint8_t lines;

	for (i = 0; i < 2; i++) {
		lines = s->chip[i].lines;
		memset(&s->chip[i], 0, sizeof(s->chip[i]));
		s->chip[i].lines = lines;
		s->chip[i].imr = 0xff;
		s->chip[i].lowest = 7;
	}
}

static int
i8259_attach(struct dev *d, const struct devconf *conf)
{
	(void)conf;
	power_on((struct i8259 *)d);
	return 0;
}

static void
i8259_detach(struct dev *d)
{
	struct i8259 *s = (struct i8259 *)d;

	power_on(s);
	drive(s);
}

static void
i8259_msg(struct dev *d, struct viodev_msg *m)
{
	struct i8259 *s = (struct i8259 *)d;
	int byte = m->space == VIODEV_PORT && m->width == 1;

	switch (m->type) {
	case VIODEV_READ:
		m->data = byte ? read_port(s, m->where) :
		    UINT64_MAX >> (64 - 8 * m->width);
		break;
	case VIODEV_WRITE:
		if (byte)
			write_port(s, m->where, (uint8_t)m->data);
		break;
	case VIODEV_LINE:
		line(s, m->where, m->data != 0);
		break;
	case VIODEV_INTACK:
		m->data = acknowledge(s);
		break;
	case VIODEV_RESET:
		power_on(s);
		break;
	default:
		break;
	}
	drive(s);
}

static void
i8259_save(const struct dev *d, struct wbuf *w)
{
	const struct i8259 *s = (const struct i8259 *)d;
	unsigned i;

	wb_u16(w, STATE_VERSION);
	for (i = 0; i < 2; i++)
		wb_bytes(w, &s->chip[i], sizeof(s->chip[i]));
}

static const char *
check_chip(const struct chip *c, uint8_t may_elcr)
{
	if ((c->irr & ~c->lines) != 0)
		return "request without its line";
	if ((c->lines & c->elcr & ~c->irr) != 0)
		return "level triggered line without a request";
	if ((c->elcr & ~may_elcr) != 0)
		return "edge triggered input in the ELCR";
	if ((c->base & 7) != 0 || c->lowest > 7 || c->init >= INIT_NSTATES)
		return "register out of range";
	if (c->icw4 > 1 || c->single > 1 || c->aeoi > 1 || c->sfnm > 1 ||
	    c->rotate > 1 || c->smm > 1 || c->poll > 1 || c->read_isr > 1)
		return "flag is neither 0 nor 1";
	return NULL;
}

static const char *
check_pair(const struct i8259 *s)
{
	const char *why;
	unsigned i;

	for (i = 0; i < 2; i++)
		if ((why = check_chip(&s->chip[i], elcr_mask[i])) != NULL)
			return why;
	return (s->chip[0].lines & CASCADE) != 0 ? "the cascade has a line" :
	    NULL;
}

static const char *
i8259_check(const struct dev *d)
{
	const struct i8259 *s = (const struct i8259 *)d;
	const char *why = check_pair(s);

	if (why == NULL && s->out != (resolve_first(s) >= 0))
		why = "INT differs from what is requested";
	return why;
}

static int
i8259_load(struct dev *d, struct rbuf *r)
{
	struct i8259 *s = (struct i8259 *)d, tmp = *s;
	unsigned i;

	if (rb_u16(r) != STATE_VERSION)
		return -1;
	for (i = 0; i < 2; i++)
		rb_copy(r, &tmp.chip[i], sizeof(tmp.chip[i]));
	if (!rb_done(r) || check_pair(&tmp) != NULL)
		return -1;
	*s = tmp;
	drive(s);
	return 0;
}

const struct dev_ops i8259_dev = {
	.name = "i8259",
	.size = sizeof(struct i8259),
	.attach = i8259_attach,
	.detach = i8259_detach,
	.msg = i8259_msg,
	.save = i8259_save,
	.load = i8259_load,
	.check = i8259_check,
};
