/*
 * The serial port, once more: two queues of bytes, and registers by name.
 */
#include <string.h>

#include "chipsim.h"
#include "ns8250.h"

enum op {
	OP_SENT, OP_RECEIVED, OP_LOOPED, OP_BREAK, OP_OVERRUN, OP_TIMEOUT,
	OP_TRIGGER, OP_EMPTY, OP_MODEM, OP_FIFO, OP_BUSY, OP_LOST
};

static const char *const ops[] = {
	"sent", "received", "looped", "break", "overrun", "time-out",
	"trigger", "empty", "modem", "fifo", "busy", "lost", NULL
};

struct queue {
	unsigned	n;
	uint8_t		byte[16];
	int		broken[16];
};

struct uart {
	struct queue	in, out;
	unsigned	enable, line_control, modem_control, scratch, divisor;
	int		fifo;
	unsigned	level;		/* of the trigger */
	unsigned	modem;		/* the upper half of MSR */
	unsigned	changes;	/* the lower half */
	int		overrun, empty_due, waited;
};

static unsigned
room(const struct uart *u)
{
	return u->fifo ? 16 : 1;
}

static void
start(struct chipsim *s)
{
	struct uart *u = s->model;

	memset(u, 0, sizeof(*u));
	u->divisor = 1;
	u->level = 1;
	u->modem = 0xb0;
}

static void
receive(struct chipsim *s, struct uart *u, uint8_t byte, int broken)
{
	if (u->in.n == room(u)) {
		chipsim_met(s, OP_OVERRUN);
		u->overrun = 1;
		if (u->fifo)
			return;
		u->in.n = 0;
	}
	u->in.byte[u->in.n] = byte;
	u->in.broken[u->in.n++] = broken;
}

static unsigned
line_status(const struct uart *u)
{
	unsigned v = u->out.n == 0 ? 0x60 : 0, i;

	if (u->overrun)
		v |= 0x02;
	if (u->in.n > 0)
		v |= u->in.broken[0] ? 0x11 : 0x01;
	for (i = 0; u->fifo && i < u->in.n; i++)
		if (u->in.broken[i])
			v |= 0x80;
	return v;
}

/* The cause of highest priority, as the identification register has it. */
static unsigned
cause(const struct uart *u)
{
	if ((u->enable & 4) != 0 && (line_status(u) & 0x1e) != 0)
		return 6;
	if ((u->enable & 1) != 0 && u->in.n >= u->level)
		return 4;
	if ((u->enable & 1) != 0 && u->waited)
		return 12;
	if ((u->enable & 2) != 0 && u->empty_due)
		return 2;
	if ((u->enable & 8) != 0 && u->changes != 0)
		return 0;
	return 1;
}

/*
 * What the host got, next to what the guest sent: all that waited, in order,
 * or nothing.
 */
static void
check_sent(struct chipsim *s, struct uart *u)
{
	if (s->ntx == 0) {
		return;
	}
	if (s->nrefused > 0) {
		chipsim_met(s, OP_BUSY);
		return;
	}
	if (s->nsent != u->out.n ||
	    memcmp(s->sent, u->out.byte, s->nsent) != 0)
		chipsim_fail(s, "tx", "other bytes are sent than written");
	chipsim_met(s, OP_SENT);
	u->out.n = 0;
	u->empty_due = 1;
}

static void
send(struct chipsim *s, struct uart *u, uint8_t byte)
{
	u->empty_due = 0;
	if ((u->modem_control & 0x10) != 0) {
		chipsim_met(s, OP_LOOPED);
		if (s->ntx > 0)
			chipsim_fail(s, "tx", "a byte leaves the loop");
		receive(s, u, byte, 0);
		u->waited = 0;
		u->empty_due = u->out.n == 0;
		return;
	}
	if (u->out.n == room(u)) {
		chipsim_met(s, OP_LOST);
		u->out.n--;
	}
	u->out.byte[u->out.n++] = byte;
	if (u->out.n == 1 && s->ntx == 0)
		chipsim_fail(s, "tx", "a byte is not sent");
	check_sent(s, u);
}

static void
fifo_control(struct uart *u, unsigned v)
{
	static const unsigned levels[] = { 1, 4, 8, 14 };
	int on = v & 1;

	if (on != u->fifo)
		v |= 6;
	else if (!on)
		v = 0;
	u->fifo = on;
	u->level = on ? levels[v >> 6 & 3] : 1;
	if ((v & 2) != 0)
		u->in.n = 0, u->overrun = 0;
	if ((v & 4) != 0 && u->out.n > 0)
		u->out.n = 0, u->empty_due = 1;
	u->waited = 0;
}

static void
modem_control(struct chipsim *s, struct uart *u, unsigned v)
{
	unsigned now = 0xb0, was = u->modem, bit;

	u->modem_control = v & 0x1f;
	if ((v & 0x10) != 0)
		now = (v & 1 ? 0x20 : 0) | (v & 2 ? 0x10 : 0) |
		    (v & 4 ? 0x40 : 0) | (v & 8 ? 0x80 : 0);
	for (bit = 0x10; bit <= 0x80; bit <<= 1) {
		if ((now & bit) == (was & bit) ||
		    (bit == 0x40 && (now & bit) != 0))
			continue;
		chipsim_met(s, OP_MODEM);
		u->changes |= bit >> 4;
	}
	u->modem = now;
}

static void
write_port(struct chipsim *s, struct uart *u, unsigned reg, unsigned v)
{
	int latch = (u->line_control & 0x80) != 0;

	if (reg == 0 && latch) {
		u->divisor = (u->divisor & 0xff00) | v;
	} else if (reg == 0) {
		send(s, u, (uint8_t)v);
	} else if (reg == 1 && latch) {
		u->divisor = (u->divisor & 0xff) | v << 8;
	} else if (reg == 1) {
		if ((v & 2) != (u->enable & 2))
			u->empty_due = (v & 2) != 0 && u->out.n == 0;
		u->enable = v & 15;
	} else if (reg == 2) {
		fifo_control(u, v);
	} else if (reg == 3) {
		u->line_control = v;
	} else if (reg == 4) {
		modem_control(s, u, v);
	} else if (reg == 7) {
		u->scratch = v;
	}
}

static unsigned
take_byte(struct chipsim *s, struct uart *u)
{
	unsigned v = u->in.byte[0];

	if (u->in.n == 0)
		return 0;
	chipsim_met(s, OP_RECEIVED);
	u->in.n--;
	memmove(u->in.byte, u->in.byte + 1, 15);
	memmove(u->in.broken, u->in.broken + 1, 15 * sizeof(int));
	u->waited = 0;
	return v;
}

static unsigned
identify(struct chipsim *s, struct uart *u)
{
	unsigned v = cause(u);

	if (v == 2) {
		chipsim_met(s, OP_EMPTY);
		u->empty_due = 0;
	} else if (v == 4) {
		chipsim_met(s, OP_TRIGGER);
	} else if (v == 12) {
		chipsim_met(s, OP_TIMEOUT);
	}
	if (u->fifo)
		chipsim_met(s, OP_FIFO);
	return v | (u->fifo ? 0xc0 : 0);
}

static unsigned
read_port(struct chipsim *s, struct uart *u, unsigned reg)
{
	int latch = (u->line_control & 0x80) != 0;
	unsigned v;

	switch (reg) {
	case 0:
		return latch ? u->divisor & 0xff : take_byte(s, u);
	case 1:
		return latch ? u->divisor >> 8 : u->enable;
	case 2:
		return identify(s, u);
	case 3:
		return u->line_control;
	case 4:
		return u->modem_control;
	case 5:
		v = line_status(u);
		u->overrun = 0;
		u->in.broken[0] = 0;
		return v;
	case 6:
		v = u->modem | u->changes;
		u->changes = 0;
		return v;
	default:
		return u->scratch;
	}
}

static void
input(struct chipsim *s, struct uart *u, const struct viodev_msg *m)
{
	size_t i;

	if ((u->modem_control & 0x10) != 0)
		return;
	if (m->where == 1) {
		chipsim_met(s, OP_BREAK);
		receive(s, u, 0, 1);
	} else if (m->where == 0) {
		for (i = 0; i < m->len && i < 32; i++)
			receive(s, u, m->payload[i], 0);
	}
	u->waited = 0;
}

static void
check_state(struct chipsim *s, const struct uart *u)
{
	unsigned half = room(u) / 2;

	if (s->line != (cause(u) != 1))
		chipsim_fail(s, "irq", s->line ? "a line without a cause" :
		    "a cause without a line");
	if ((u->modem_control & 0x10) != 0 || u->in.n == room(u)) {
		if (s->ready)
			chipsim_fail(s, "input", "input without room");
	} else if (u->in.n <= half && !s->ready)
		chipsim_fail(s, "input", "room, and input is not wanted");
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	struct uart *u = s->model;

	if (m->type == VIODEV_RESET)
		start(s);
	else if (chipsim_byte(m, VIODEV_WRITE))
		write_port(s, u, m->where & 7, m->data & 0xff);
	else if (chipsim_byte(m, VIODEV_READ)) {
		if (m->data != read_port(s, u, m->where & 7))
			chipsim_fail(s, "answer", "a register reads "
			    "otherwise");
	} else if (m->type == VIODEV_INPUT)
		input(s, u, m);
	else if (m->type == VIODEV_TIMER && m->where == 1) {
		if (u->in.n > 0 && u->in.n < u->level)
			u->waited = 1;
	} else if (m->type == VIODEV_TIMER || m->type == VIODEV_UNPAUSE)
		check_sent(s, u);
	check_state(s, u);
}

const struct chipsim_kind chip_ns8250 = {
	.dev = &ns8250_dev,
	.timers = 2,
	.lanes = 2,
	.model = sizeof(struct uart),
	.start = start,
	.after = after,
	.ops = ops,
};
