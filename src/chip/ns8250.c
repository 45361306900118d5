#include "ns8250.h"

#define STATE_VERSION	1
#define BASE_BAUD	115200
#define TIMEOUT_BITS	40		/* four characters of ten */

enum reg { R_DATA, R_IER, R_IIR, R_LCR, R_MCR, R_LSR, R_MSR, R_SCRATCH };

#define IER_RX		0x01
#define IER_TX		0x02
#define IER_LINE	0x04
#define IER_MODEM	0x08
#define IIR_MODEM	0x00
#define IIR_NONE	0x01
#define IIR_TX		0x02
#define IIR_RX		0x04
#define IIR_LINE	0x06
#define IIR_TIMEOUT	0x0c
#define IIR_FIFO	0xc0
#define FCR_ON		0x01
#define FCR_CLEAR_RX	0x02
#define FCR_CLEAR_TX	0x04
#define FCR_KEPT	0xc1
#define LCR_DLAB	0x80
#define MCR_LOOP	0x10
#define MCR_KEPT	0x1f
#define LSR_READY	0x01
#define LSR_OVERRUN	0x02
#define LSR_BREAK	0x10
#define LSR_ERRORS	0x1e
#define LSR_TX_EMPTY	0x60
#define LSR_FIFO_ERROR	0x80
#define MSR_RI		0x40
#define MSR_TERI	0x04
#define MSR_OTHER_END	0xb0		/* CTS, DSR, DCD */

struct ns8250 {
	struct dev	dev;
	uint8_t		ier, fcr, lcr, mcr, scratch;
	uint16_t	divisor;
	uint8_t		modem;		/* MSR's lines, when last looked */
	uint8_t		delta;		/* and which of them changed */
	uint8_t		overrun;
	uint8_t		tx_due;		/* THRE interrupt not yet seen */
	uint8_t		timeout;	/* data waits for four characters */
	uint8_t		nrx, ntx;
	uint8_t		rx[NS8250_FIFO];
	uint8_t		error[NS8250_FIFO];	/* LSR bits of each */
	uint8_t		tx[NS8250_FIFO];
	uint8_t		paused;
	uint8_t		ready;		/* what the host knows */
	uint8_t		line;
};

static unsigned
depth(const struct ns8250 *s)
{
	return (s->fcr & FCR_ON) != 0 ? NS8250_FIFO : 1;
}

/* From how many bytes on there is an interrupt. */
static unsigned
trigger(const struct ns8250 *s)
{
	static const uint8_t level[] = { 1, 4, 8, 14 };

	return (s->fcr & FCR_ON) != 0 ? level[s->fcr >> 6] : 1;
}

static uint8_t
line_status(const struct ns8250 *s)
{
	uint8_t v = s->overrun ? LSR_OVERRUN : 0;
	unsigned i;

	if (s->nrx > 0)
		v |= LSR_READY | s->error[0];
	if (s->ntx == 0)
		v |= LSR_TX_EMPTY;
	for (i = 0; (s->fcr & FCR_ON) != 0 && i < s->nrx; i++)
		if (s->error[i] != 0)
			v |= LSR_FIFO_ERROR;
	return v;
}

static uint8_t
cause(const struct ns8250 *s)
{
	if ((s->ier & IER_LINE) != 0 && (line_status(s) & LSR_ERRORS) != 0)
		return IIR_LINE;
	if ((s->ier & IER_RX) != 0 && s->nrx >= trigger(s))
		return IIR_RX;
	if ((s->ier & IER_RX) != 0 && s->timeout)
		return IIR_TIMEOUT;
	if ((s->ier & IER_TX) != 0 && s->tx_due)
		return IIR_TX;
	if ((s->ier & IER_MODEM) != 0 && s->delta != 0)
		return IIR_MODEM;
	return IIR_NONE;
}

static void
drive(struct ns8250 *s)
{
	uint8_t level = cause(s) != IIR_NONE;

	if (s->line == level)
		return;
	s->line = level;
	s->dev.host.ops->irq(s->dev.host.arg, level);
}

/* Room is announced when half of it is free. */
static void
tell_ready(struct ns8250 *s)
{
	int loop = (s->mcr & MCR_LOOP) != 0;
	uint8_t ready = s->ready;

	if (loop || s->nrx >= depth(s))
		ready = 0;
	else if (s->nrx <= depth(s) / 2)
		ready = 1;
	if (s->ready == ready)
		return;
	s->ready = ready;
	s->dev.host.ops->rx_ready(s->dev.host.arg, 0, ready);
}

/* Data below the trigger level is signalled after a while. */
static void
arm_timeout(struct ns8250 *s)
{
	struct dev_host *h = &s->dev.host;
	uint64_t divisor = s->divisor != 0 ? s->divisor : 1;

	s->timeout = 0;
	if (s->paused || s->nrx == 0 || s->nrx >= trigger(s))
		h->ops->untimer(h->arg, 1);
	else
		h->ops->timer(h->arg, 1, divisor * TIMEOUT_BITS *
		    1000000000ULL / BASE_BAUD);
}

static void
push(struct ns8250 *s, uint8_t byte, uint8_t error)
{
	if (s->nrx == depth(s)) {
		s->overrun = 1;
		/* Without FIFO the new byte replaces the old one. */
		if (s->nrx > 1)
			return;
		s->nrx = 0;
	}
	s->rx[s->nrx] = byte;
	s->error[s->nrx++] = error;
}

static uint8_t
pop(struct ns8250 *s)
{
	uint8_t byte = s->rx[0];

	if (s->nrx == 0)
		return 0;
	s->nrx--;
	memmove(s->rx, s->rx + 1, s->nrx);
	memmove(s->error, s->error + 1, s->nrx);
	arm_timeout(s);
	return byte;
}

/* Hands over what is to be sent, if the host has room. */
static void
flush(struct ns8250 *s)
{
	struct dev_host *h = &s->dev.host;
	struct iovec iov = { s->tx, s->ntx };

	if (s->ntx == 0 || s->paused)
		return;
	if (h->ops->tx(h->arg, 0, &iov, 1, s->ntx) == -1) {
		h->ops->timer(h->arg, 0, NS8250_RETRY);
		return;
	}
	s->ntx = 0;
	s->tx_due = 1;
}

static void
send(struct ns8250 *s, uint8_t byte)
{
	s->tx_due = 0;
	drive(s);
	if ((s->mcr & MCR_LOOP) != 0) {
		push(s, byte, 0);
		arm_timeout(s);
		s->tx_due = s->ntx == 0;
		return;
	}
	if (s->ntx == depth(s))
		s->ntx--;
	s->tx[s->ntx++] = byte;
	if (s->ntx == 1)
		flush(s);
}

static void
write_ier(struct ns8250 *s, uint8_t v)
{
	v &= IER_RX | IER_TX | IER_LINE | IER_MODEM;
	if (((v ^ s->ier) & IER_TX) != 0)
		s->tx_due = (v & IER_TX) != 0 && s->ntx == 0;
	s->ier = v;
}

static void
write_fcr(struct ns8250 *s, uint8_t v)
{
	int change = ((v ^ s->fcr) & FCR_ON) != 0;

	/* Without FCR_ON the other bits are not programmed. */
	s->fcr = (v & FCR_ON) != 0 ? v & FCR_KEPT : 0;
	if (change || (v & (FCR_ON | FCR_CLEAR_RX)) ==
	    (FCR_ON | FCR_CLEAR_RX)) {
		s->nrx = 0;
		s->overrun = 0;
	}
	if ((change || (v & (FCR_ON | FCR_CLEAR_TX)) ==
	    (FCR_ON | FCR_CLEAR_TX)) && s->ntx > 0) {
		s->ntx = 0;
		s->tx_due = 1;
		s->dev.host.ops->untimer(s->dev.host.arg, 0);
	}
	arm_timeout(s);
}

/* The four lines: of the other end, or our own in the loop. */
static uint8_t
modem_lines(const struct ns8250 *s)
{
	uint8_t m = s->mcr;

	if ((m & MCR_LOOP) == 0)
		return MSR_OTHER_END;
	return (uint8_t)((m & 0x02) << 3 | (m & 0x01) << 5 |
	    (m & 0x0c) << 4);
}

static void
write_mcr(struct ns8250 *s, uint8_t v)
{
	uint8_t lines, diff;

	s->mcr = v & MCR_KEPT;
	lines = modem_lines(s);
	diff = (lines ^ s->modem) >> 4;
	/* Of the ring only its end counts. */
	if ((lines & MSR_RI) != 0)
		diff &= (uint8_t)~MSR_TERI;
	s->delta |= diff;
	s->modem = lines;
}

static void
write_reg(struct ns8250 *s, enum reg reg, uint8_t v)
{
	int dlab = (s->lcr & LCR_DLAB) != 0;

	switch (reg) {
	case R_DATA:
		if (dlab)
			s->divisor = (s->divisor & 0xff00) | v;
		else
			send(s, v);
		break;
	case R_IER:
		if (dlab)
			s->divisor = (uint16_t)((s->divisor & 0xff) | v << 8);
		else
			write_ier(s, v);
		break;
	case R_IIR:
		write_fcr(s, v);
		break;
	case R_LCR:
		s->lcr = v;
		break;
	case R_MCR:
		write_mcr(s, v);
		break;
	case R_SCRATCH:
		s->scratch = v;
		break;
	default:
		break;
	}
}

static uint8_t
read_iir(struct ns8250 *s)
{
	uint8_t v = cause(s);

	if (v == IIR_TX)
		s->tx_due = 0;
	return v | ((s->fcr & FCR_ON) != 0 ? IIR_FIFO : 0);
}

static uint8_t
read_lsr(struct ns8250 *s)
{
	uint8_t v = line_status(s);

	s->overrun = 0;
	if (s->nrx > 0)
		s->error[0] = 0;
	return v;
}

static uint8_t
read_msr(struct ns8250 *s)
{
	uint8_t v = s->modem | s->delta;

	s->delta = 0;
	return v;
}

static uint8_t
read_reg(struct ns8250 *s, enum reg reg)
{
	int dlab = (s->lcr & LCR_DLAB) != 0;

	switch (reg) {
	case R_DATA:
		return dlab ? (uint8_t)s->divisor : pop(s);
	case R_IER:
		return dlab ? (uint8_t)(s->divisor >> 8) : s->ier;
	case R_IIR:
		return read_iir(s);
	case R_LCR:
		return s->lcr;
	case R_MCR:
		return s->mcr;
	case R_LSR:
		return read_lsr(s);
	case R_MSR:
		return read_msr(s);
	default:
		return s->scratch;
	}
}

/* In the loop nothing comes in from outside. */
static void
input(struct ns8250 *s, const struct viodev_msg *m)
{
	size_t i;

	if ((s->mcr & MCR_LOOP) != 0)
		return;
	if (m->where == 1)
		push(s, 0, LSR_BREAK);
	else if (m->where == 0)
		/* More than twice the room is overrun like twice. */
		for (i = 0; i < m->len && i < 2 * NS8250_FIFO; i++)
			push(s, m->payload[i], 0);
	arm_timeout(s);
}

size_t
ns8250_room(const struct dev *d)
{
	const struct ns8250 *s = (const struct ns8250 *)d;

	return s->ready ? depth(s) - s->nrx : 0;
}

static void
power_on(struct ns8250 *s)
{
	struct dev_host *h = &s->dev.host;

	s->ier = s->fcr = s->lcr = s->mcr = s->scratch = 0;
	s->divisor = 1;
	s->modem = MSR_OTHER_END;
	s->delta = s->overrun = s->tx_due = s->timeout = 0;
	s->nrx = s->ntx = 0;
	s->paused = 0;
	h->ops->untimer(h->arg, 0);
	h->ops->untimer(h->arg, 1);
}

static int
ns8250_attach(struct dev *d, const struct devconf *conf)
{
	struct ns8250 *s = (struct ns8250 *)d;

	(void)conf;
	s->ready = 1;
	power_on(s);
	return 0;
}

static void
ns8250_detach(struct dev *d)
{
	power_on((struct ns8250 *)d);
	drive((struct ns8250 *)d);
}

static void
timer(struct ns8250 *s, uint32_t id)
{
	if (id == 0)
		flush(s);
	else if (id == 1 && s->nrx > 0 && s->nrx < trigger(s))
		s->timeout = 1;
}

static void
pause(struct ns8250 *s, int on)
{
	uint8_t timeout = s->timeout;

	s->paused = (uint8_t)on;
	arm_timeout(s);
	s->timeout = timeout;
	if (on)
		s->dev.host.ops->untimer(s->dev.host.arg, 0);
	else
		flush(s);
}

static void
port_access(struct ns8250 *s, struct viodev_msg *m)
{
	int mine = m->space == VIODEV_PORT && m->width == 1;

	if (m->type == VIODEV_READ)
		m->data = mine ? read_reg(s, m->where & 7) :
		    UINT64_MAX >> (64 - 8 * m->width);
	else if (mine)
		write_reg(s, m->where & 7, (uint8_t)m->data);
}

static void
ns8250_msg(struct dev *d, struct viodev_msg *m)
{
	struct ns8250 *s = (struct ns8250 *)d;

	switch (m->type) {
	case VIODEV_READ:
	case VIODEV_WRITE:
		port_access(s, m);
		break;
	case VIODEV_INPUT:
		input(s, m);
		break;
	case VIODEV_TIMER:
		timer(s, m->where);
		break;
	case VIODEV_PAUSE:
	case VIODEV_UNPAUSE:
		pause(s, m->type == VIODEV_PAUSE);
		break;
	case VIODEV_RESET:
		power_on(s);
		break;
	default:
		break;
	}
	drive(s);
	tell_ready(s);
}

static void
ns8250_save(const struct dev *d, struct wbuf *w)
{
	const struct ns8250 *s = (const struct ns8250 *)d;

	wb_u16(w, STATE_VERSION);
	wb_u8(w, s->ier);
	wb_u8(w, s->fcr);
	wb_u8(w, s->lcr);
	wb_u8(w, s->mcr);
	wb_u8(w, s->scratch);
	wb_u16(w, s->divisor);
	wb_u8(w, s->delta);
	wb_u8(w, s->overrun);
	wb_u8(w, s->tx_due);
	wb_u8(w, s->timeout);
	wb_u8(w, s->paused);
	wb_u8(w, s->ready);
	wb_u8(w, s->nrx);
	wb_bytes(w, s->rx, s->nrx);
	wb_bytes(w, s->error, s->nrx);
	wb_u8(w, s->ntx);
	wb_bytes(w, s->tx, s->ntx);
}

static const char *
check_registers(const struct ns8250 *s)
{
	unsigned i;

	if (s->ier > 0x0f || (s->fcr & ~FCR_KEPT) != 0 ||
	    ((s->fcr & FCR_ON) == 0 && s->fcr != 0) ||
	    (s->mcr & ~MCR_KEPT) != 0 || s->delta > 0x0f)
		return "register bit that does not exist";
	if (s->overrun > 1 || s->tx_due > 1 || s->timeout > 1 ||
	    s->paused > 1 || s->ready > 1)
		return "flag is neither 0 nor 1";
	if (s->nrx > depth(s) || s->ntx > depth(s))
		return "more bytes than a FIFO holds";
	for (i = 0; i < s->nrx; i++)
		if ((s->error[i] & ~LSR_BREAK) != 0)
			return "error that cannot happen";
	if (s->timeout && (s->nrx == 0 || s->nrx >= trigger(s)))
		return "time-out without a cause";
	if (s->tx_due && s->ntx > 0)
		return "transmitter is empty and is not";
	if (s->ready && (s->nrx == depth(s) || (s->mcr & MCR_LOOP) != 0))
		return "ready without room";
	return NULL;
}

static const char *
ns8250_check(const struct dev *d)
{
	const struct ns8250 *s = (const struct ns8250 *)d;
	const char *why = check_registers(s);

	if (why == NULL && s->line != (cause(s) != IIR_NONE))
		why = "line differs from the cause";
	if (why == NULL && s->modem != modem_lines(s))
		why = "modem lines differ from their wires";
	return why;
}

static int
load_fifos(struct ns8250 *s, struct rbuf *r)
{
	s->nrx = rb_u8(r);
	if (s->nrx > NS8250_FIFO)
		return -1;
	rb_copy(r, s->rx, s->nrx);
	rb_copy(r, s->error, s->nrx);
	s->ntx = rb_u8(r);
	if (s->ntx > NS8250_FIFO)
		return -1;
	rb_copy(r, s->tx, s->ntx);
	return rb_done(r) ? 0 : -1;
}

static int
ns8250_load(struct dev *d, struct rbuf *r)
{
	struct ns8250 *s = (struct ns8250 *)d, tmp = *s;

	if (rb_u16(r) != STATE_VERSION)
		return -1;
	tmp.ier = rb_u8(r);
	tmp.fcr = rb_u8(r);
	tmp.lcr = rb_u8(r);
	tmp.mcr = rb_u8(r);
	tmp.scratch = rb_u8(r);
	tmp.divisor = rb_u16(r);
	tmp.delta = rb_u8(r);
	tmp.overrun = rb_u8(r);
	tmp.tx_due = rb_u8(r);
	tmp.timeout = rb_u8(r);
	tmp.paused = rb_u8(r);
	tmp.ready = rb_u8(r);
	if (load_fifos(&tmp, r) == -1 || check_registers(&tmp) != NULL)
		return -1;
	tmp.modem = modem_lines(&tmp);
	*s = tmp;
	s->dev.host.ops->rx_ready(s->dev.host.arg, 0, s->ready);
	drive(s);
	return 0;
}

const struct dev_ops ns8250_dev = {
	.name = "ns8250",
	.size = sizeof(struct ns8250),
	.attach = ns8250_attach,
	.detach = ns8250_detach,
	.msg = ns8250_msg,
	.save = ns8250_save,
	.load = ns8250_load,
	.check = ns8250_check,
};
