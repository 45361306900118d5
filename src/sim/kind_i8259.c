/*
 * The interrupt controllers, once more, from the data sheet's words: lists of
 * inputs in order of priority instead of bits and rotations.
 */
#include "chipsim.h"
#include "i8259.h"

enum op {
	OP_ACK, OP_SPURIOUS, OP_SECOND, OP_LEVEL, OP_NESTED, OP_ROTATE,
	OP_AEOI, OP_SMM, OP_SFNM, OP_POLL, OP_INIT
};

static const char *const ops[] = {
	"ack", "spurious", "second", "level", "nested", "rotate", "aeoi",
	"smm", "sfnm", "poll", "init", NULL
};

struct input {
	int	up;		/* the line */
	int	asks;		/* a request that was not taken */
	int	masked;
	int	served;
	int	level;		/* triggered */
};

struct pic {
	struct input	in[8];
	unsigned	order[8];	/* first: highest priority */
	unsigned	words;		/* of the sequence still to come */
	int		has3, has4;
	unsigned	base;
	int		auto_end, auto_rotate, special, open_cascade;
	int		polled, reads_served;
};

struct pair {
	struct pic	p[2];
	int		out;
};

static void
usual_order(struct pic *p)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		p->order[i] = i;
}

/* Input n becomes the last one, those behind it the first. */
static void
make_last(struct pic *p, unsigned n)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		p->order[i] = (n + 1 + i) % 8;
}

static void
power_on(struct pair *m)
{
	unsigned c, i;

	for (c = 0; c < 2; c++) {
		struct pic *p = &m->p[c];

		usual_order(p);
		p->words = p->base = 0;
		p->auto_end = p->auto_rotate = p->special = 0;
		p->open_cascade = p->polled = p->reads_served = 0;
		for (i = 0; i < 8; i++) {
			p->in[i].asks = p->in[i].served = 0;
			p->in[i].level = 0;
			p->in[i].masked = 1;
		}
	}
}

/* Who is signalled by one chip: an input, or -1. */
static int
winner(const struct pic *p)
{
	const struct input *in;
	unsigned i, n;

	if (p->words > 0)
		return -1;
	for (i = 0; i < 8; i++) {
		n = p->order[i];
		in = &p->in[n];
		/* In service: nobody from here on, with two exceptions. */
		if (in->served && !(p->special && in->masked) &&
		    !(p->open_cascade && n == 2))
			return -1;
		if (in->asks && !in->masked)
			return (int)n;
	}
	return -1;
}

/* The second chip drives input 2 of the first. */
static void
cascade(struct pair *m)
{
	m->p[0].in[2].asks = winner(&m->p[1]) != -1;
	m->out = winner(&m->p[0]) != -1;
}

static void
serve(struct pair *m, unsigned c, unsigned n)
{
	struct pic *p = &m->p[c];

	if (!p->in[n].level)
		p->in[n].asks = 0;
	if (!p->auto_end)
		p->in[n].served = 1;
	else if (p->auto_rotate)
		make_last(p, n);
}

static unsigned
acknowledge(struct chipsim *s, struct pair *m)
{
	int n = winner(&m->p[0]), k;

	if (n == -1) {
		chipsim_met(s, OP_SPURIOUS);
		return m->p[0].base + 7;
	}
	chipsim_met(s, OP_ACK);
	if (n != 2) {
		if (m->p[0].in[n].level)
			chipsim_met(s, OP_LEVEL);
		serve(m, 0, (unsigned)n);
		return m->p[0].base + (unsigned)n;
	}
	chipsim_met(s, OP_SECOND);
	k = winner(&m->p[1]);
	serve(m, 0, 2);
	serve(m, 1, (unsigned)k);
	return m->p[1].base + (unsigned)k;
}

static void
first_word(struct chipsim *s, struct pic *p, unsigned v)
{
	unsigned i;

	chipsim_met(s, OP_INIT);
	p->has3 = (v & 2) == 0;
	p->has4 = (v & 1) != 0;
	p->words = 1 + (unsigned)p->has3 + (unsigned)p->has4;
	usual_order(p);
	p->auto_end = p->auto_rotate = p->special = 0;
	p->open_cascade = p->polled = p->reads_served = 0;
	for (i = 0; i < 8; i++) {
		p->in[i].masked = p->in[i].served = 0;
		p->in[i].asks = p->in[i].level && p->in[i].up;
	}
}

/* The words behind the first one: vector, wiring, modes. */
static void
next_word(struct pic *p, unsigned v, int first_chip)
{
	unsigned all = 1 + (unsigned)p->has3 + (unsigned)p->has4;

	if (p->words == all) {
		p->base = v / 8 * 8;
	} else if (p->words == 1 && p->has4) {
		p->auto_end = v >> 1 & 1;
		p->open_cascade = first_chip && (v >> 4 & 1) != 0;
	}
	p->words--;
}

/* The highest in service that a non-specific EOI ends, or -1. */
static int
first_served(const struct pic *p)
{
	unsigned i, n;

	for (i = 0; i < 8; i++) {
		n = p->order[i];
		if (p->in[n].served && !(p->special && p->in[n].masked))
			return (int)n;
	}
	return -1;
}

static void
end_word(struct chipsim *s, struct pic *p, unsigned v)
{
	unsigned rotate = v >> 7, specific = v >> 6 & 1, ends = v >> 5 & 1;
	int n = specific ? (int)(v & 7) : first_served(p);

	if (!ends) {
		if (!specific)
			p->auto_rotate = (int)rotate;
		else if (rotate)
			make_last(p, (unsigned)n);
		return;
	}
	if (n == -1)
		return;
	p->in[n].served = 0;
	if (rotate) {
		chipsim_met(s, OP_ROTATE);
		make_last(p, (unsigned)n);
	}
}

static void
write_port(struct chipsim *s, struct pair *m, unsigned port, unsigned v)
{
	struct pic *p = &m->p[port >= 0xa0];
	unsigned i;

	if ((port & 1) != 0 && p->words > 0) {
		next_word(p, v, port < 0xa0);
	} else if ((port & 1) != 0) {
		for (i = 0; i < 8; i++)
			p->in[i].masked = v >> i & 1;
	} else if ((v & 0x10) != 0) {
		first_word(s, p, v);
	} else if ((v & 0x08) == 0) {
		end_word(s, p, v);
	} else {
		if ((v & 0x40) != 0)
			p->special = v >> 5 & 1;
		if ((v & 0x04) != 0)
			p->polled = 1;
		else if ((v & 0x02) != 0)
			p->reads_served = v & 1;
	}
}

static void
write_elcr(struct pair *m, unsigned c, unsigned v)
{
	unsigned i, n;
	struct input *in;

	for (i = 0; i < 8; i++) {
		n = 8 * c + i;
		in = &m->p[c].in[i];
		if (n == 0 || n == 1 || n == 2 || n == 8 || n == 13)
			continue;
		in->level = v >> i & 1;
		if (in->level && in->up)
			in->asks = 1;
	}
}

static unsigned
bits(const struct pic *p, int what)
{
	unsigned i, v = 0;

	for (i = 0; i < 8; i++)
		v |= (unsigned)(what == 0 ? p->in[i].asks :
		    what == 1 ? p->in[i].served : what == 2 ?
		    p->in[i].masked : p->in[i].level) << i;
	return v;
}

static unsigned
read_port(struct chipsim *s, struct pair *m, unsigned port)
{
	unsigned c = port >= 0xa0;
	struct pic *p = &m->p[c];
	int n;

	if (p->polled) {
		chipsim_met(s, OP_POLL);
		p->polled = 0;
		if ((n = winner(p)) == -1)
			return 0;
		serve(m, c, (unsigned)n);
		return 0x80 + (unsigned)n;
	}
	return bits(p, (port & 1) != 0 ? 2 : p->reads_served);
}

static void
line(struct pair *m, uint32_t n, int up)
{
	struct input *in;

	if (n > 15 || n == 2)
		return;
	in = &m->p[n / 8].in[n % 8];
	if (up && !in->up)
		in->asks = 1;
	if (!up)
		in->asks = 0;
	in->up = up;
}

static int
is_pic(uint32_t port)
{
	return port == 0x20 || port == 0x21 || port == 0xa0 || port == 0xa1;
}

static void
expect(struct chipsim *s, uint64_t got, uint64_t want, const char *why)
{
	if (got != want)
		chipsim_fail(s, "answer", why);
}

static void
note_modes(struct chipsim *s, const struct pair *m)
{
	const struct pic *p = m->p;

	if (bits(&p[0], 1) != 0 && winner(&p[0]) != -1)
		chipsim_met(s, OP_NESTED);
	if (p[0].auto_end)
		chipsim_met(s, OP_AEOI);
	if (p[0].special || p[1].special)
		chipsim_met(s, OP_SMM);
	if (p[0].open_cascade)
		chipsim_met(s, OP_SFNM);
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	struct pair *x = s->model;
	uint32_t port = m->where;

	if (m->type == VIODEV_LINE)
		line(x, port, m->data != 0);
	else if (m->type == VIODEV_RESET)
		power_on(x);
	else if (m->type == VIODEV_INTACK)
		expect(s, m->data, acknowledge(s, x), "the wrong vector");
	else if (chipsim_byte(m, VIODEV_WRITE) && is_pic(port))
		write_port(s, x, port, m->data & 0xff);
	else if (chipsim_byte(m, VIODEV_WRITE) && port >> 1 == 0x4d0 / 2)
		write_elcr(x, port & 1, m->data & 0xff);
	else if (chipsim_byte(m, VIODEV_READ) && is_pic(port))
		expect(s, m->data, read_port(s, x, port),
		    "a register reads otherwise");
	else if (chipsim_byte(m, VIODEV_READ) && port >> 1 == 0x4d0 / 2)
		expect(s, m->data, bits(&x->p[port & 1], 3), "ELCR reads "
		    "otherwise");
	cascade(x);
	note_modes(s, x);
	if (s->line != x->out)
		chipsim_fail(s, "irq", x->out ? "INT is missing" :
		    "INT without a request that may pass");
}

static void
start(struct chipsim *s)
{
	power_on(s->model);
}

const struct chipsim_kind chip_i8259 = {
	.dev = &i8259_dev,
	.timers = 1,
	.lanes = 1,
	.model = sizeof(struct pair),
	.start = start,
	.after = after,
	.ops = ops,
};
