/* What chips and devices of the board ask for: their host table. */
#include "board_priv.h"

/* Inputs of the interrupt controllers. */
#define LINE_PIT	0
#define LINE_COM	4
#define LINE_RTC	8

uint64_t
board_tell(struct dev *d, unsigned type, uint32_t where, uint64_t data)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .where = where, .data = data
	};

	dev_msg(d, &m);
	return m.data;
}

void
board_wire(struct board *b, unsigned slot)
{
	struct dev *pci = b->unit[CHIP_PCI].d;
	int line = pci_line(pci, slot);

	if (line != -1)
		board_tell(b->unit[CHIP_PIC].d, VIODEV_LINE, (uint32_t)line,
		    (uint64_t)pci_intx(pci, slot));
}

static void
unit_irq(void *arg, int level)
{
	static const uint8_t line[NCHIPS] = {
		[CHIP_PIT] = LINE_PIT, [CHIP_COM] = LINE_COM,
		[CHIP_RTC] = LINE_RTC
	};
	struct unit *u = arg;
	struct board *b = u->b;

	if (u->n == CHIP_PIC) {
		b->intr = level;
		b->host->intr(b->arg, level);
	} else if (u->n < FIRST_SLOT) {
		board_tell(b->unit[CHIP_PIC].d, VIODEV_LINE, line[u->n],
		    (uint64_t)level);
	} else {
		board_irq(b, u->n - FIRST_SLOT, level);
	}
}

static uint64_t
unit_clock(void *arg, enum host_clock which)
{
	struct unit *u = arg;

	return u->b->host->clock(u->b->arg, which);
}

static void
unit_timer(void *arg, uint32_t id, uint64_t delay)
{
	struct unit *u = arg;

	if (id < UNIT_AGAIN)
		u->b->host->timer(u->b->arg, u->n * UNIT_TIMERS + id, delay);
}

static void
unit_untimer(void *arg, uint32_t id)
{
	struct unit *u = arg;

	if (id < UNIT_AGAIN)
		u->b->host->untimer(u->b->arg, u->n * UNIT_TIMERS + id);
}

/* A piece of one file, at most len bytes: how many, 0 beyond the last. */
static size_t
file_piece(const struct board *b, uint64_t off, uint8_t *dst, size_t len)
{
	const struct board_file *f;
	unsigned i;

	for (i = 0; i < b->nfiles; off -= f->len, i++) {
		f = &b->file[i];
		if (off >= f->len)
			continue;
		if (len > f->len - off)
			len = f->len - (size_t)off;
		memcpy(dst, f->p + off, len);
		return len;
	}
	return 0;
}

/* The files of fw_cfg as a medium, one behind the other. */
static int
unit_blk(void *arg, struct blk_io *io)
{
	struct unit *u = arg;
	uint64_t off = io->off;
	size_t done, n;
	int i;

	if (io->op != BLK_READ)
		return BLK_UNSUPP;
	for (i = 0; i < io->niov; i++)
		for (done = 0; done < io->iov[i].iov_len; done += n) {
			n = file_piece(u->b, off,
			    (uint8_t *)io->iov[i].iov_base + done,
			    io->iov[i].iov_len - done);
			if (n == 0)
				return BLK_IOERR;
			off += n;
		}
	return BLK_OK;
}

static int
unit_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct unit *u = arg;
	struct board *b = u->b;

	(void)q;
	if (n != 1 || len == 0)
		return 0;
	if (u->n == CHIP_COM)
		return b->host->console(b->arg, iov->iov_base, len);
	if (u->n == CHIP_SYS)
		b->host->debug(b->arg, *(const uint8_t *)iov->iov_base);
	return 0;
}

static void
unit_rx_ready(void *arg, uint32_t q, int on)
{
	struct unit *u = arg;

	(void)q;
	if (u->n == CHIP_COM)
		u->b->host->console_ready(u->b->arg, on);
}

static int
unit_entropy(void *arg, void *buf, size_t len)
{
	struct unit *u = arg;

	return u->b->host->entropy(u->b->arg, buf, len);
}

static void
unit_request(void *arg, uint32_t what, uint64_t val)
{
	struct unit *u = arg;

	u->b->host->request(u->b->arg, what, val);
}

static void
unit_again(void *arg, uint32_t q)
{
	struct unit *u = arg;

	if (q < UNIT_TIMERS - UNIT_AGAIN)
		u->b->host->timer(u->b->arg,
		    u->n * UNIT_TIMERS + UNIT_AGAIN + q, 0);
}

static const char *
name_of(const struct unit *u)
{
	return u->d == NULL ? "board" : u->d->ops->name;
}

static void __attribute__((format(printf, 3, 4)))
unit_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct unit *u = arg;
	va_list ap;

	va_start(ap, fmt);
	u->b->host->log(u->b->arg, level, name_of(u), fmt, ap);
	va_end(ap);
}

static void unit_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
unit_panic(void *arg, const char *fmt, ...)
{
	struct unit *u = arg;
	va_list ap;

	va_start(ap, fmt);
	u->b->host->panic(u->b->arg, name_of(u), fmt, ap);
	va_end(ap);
}

const struct host_ops board_unit_ops = {
	.irq = unit_irq,
	.clock = unit_clock,
	.timer = unit_timer,
	.untimer = unit_untimer,
	.blk = unit_blk,
	.tx = unit_tx,
	.rx_ready = unit_rx_ready,
	.entropy = unit_entropy,
	.request = unit_request,
	.again = unit_again,
	.log = unit_log,
	.panic = unit_panic,
};
