#include "boarddev.h"

#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "viornd.h"

#define BOARDMEM	32768
#define RNDMEM		32768
#define FAR_REGS	64		/* words that a far device remembers */

struct boarddev {
	struct dev	dev;
	struct board	*b;
	uint64_t	far[2][FAR_REGS];
	struct board_range range[3];
	uint64_t	mem[BOARDMEM / 8];
	uint64_t	rnd[RNDMEM / 8];
};

static void
h_intr(void *arg, int on)
{
	struct boarddev *d = arg;

	d->dev.host.ops->irq(d->dev.host.arg, on);
}

static uint64_t
h_clock(void *arg, enum host_clock which)
{
	struct boarddev *d = arg;

	return d->dev.host.ops->clock(d->dev.host.arg, which);
}

static void
h_timer(void *arg, unsigned id, uint64_t delay)
{
	struct boarddev *d = arg;

	d->dev.host.ops->timer(d->dev.host.arg, id, delay);
}

static void
h_untimer(void *arg, unsigned id)
{
	struct boarddev *d = arg;

	d->dev.host.ops->untimer(d->dev.host.arg, id);
}

static int
h_console(void *arg, const void *p, size_t len)
{
	struct boarddev *d = arg;
	uint8_t b[64];
	struct iovec iov = { b, len };

	if (len > sizeof(b))
		return 0;
	memcpy(b, p, len);
	return d->dev.host.ops->tx(d->dev.host.arg, 0, &iov, 1, len);
}

static void
h_ready(void *arg, int on)
{
	struct boarddev *d = arg;

	d->dev.host.ops->rx_ready(d->dev.host.arg, 0, on);
}

static void
h_debug(void *arg, uint8_t byte)
{
	struct boarddev *d = arg;
	struct iovec iov = { &byte, 1 };

	(void)d->dev.host.ops->tx(d->dev.host.arg, 1, &iov, 1, 1);
}

static int
h_entropy(void *arg, void *p, size_t len)
{
	struct boarddev *d = arg;

	return d->dev.host.ops->entropy(d->dev.host.arg, p, len);
}

static void
h_request(void *arg, enum host_request what, uint64_t val)
{
	struct boarddev *d = arg;

	d->dev.host.ops->request(d->dev.host.arg, what, val);
}

static void __attribute__((format(printf, 4, 0)))
h_log(void *arg, enum host_log level, const char *who, const char *fmt,
    va_list ap)
{
	struct boarddev *d = arg;
	char line[200];

	vsnprintf(line, sizeof(line), fmt, ap);
	/* A virtio device says once what its guest broke. */
	if (strcmp(who, "viornd") != 0)
		dev_log(&d->dev, level, "%s: %s", who, line);
}

static void __attribute__((format(printf, 3, 0), noreturn))
h_panic(void *arg, const char *who, const char *fmt, va_list ap)
{
	struct boarddev *d = arg;
	char line[200];

	vsnprintf(line, sizeof(line), fmt, ap);
	d->dev.host.ops->panic(d->dev.host.arg, "%s: %s", who, line);
}

static const struct board_host host = {
	h_intr, h_clock, h_timer, h_untimer, h_console, h_ready, h_debug,
	h_entropy, h_request, h_log, h_panic
};

static uint64_t
far_read(void *arg, uint32_t off, unsigned width)
{
	uint64_t *regs = arg;

	(void)width;
	return regs[off / 8 % FAR_REGS];
}

static void
far_write(void *arg, uint32_t off, unsigned width, uint64_t v)
{
	uint64_t *regs = arg;

	(void)width;
	regs[off / 8 % FAR_REGS] = v;
}

static int
plug(struct boarddev *d)
{
	struct board_pci rnd = {
		.kind = BOARD_RNG, .ops = &viornd_dev, .mem = d->rnd
	};
	struct board_pci blk = {
		.kind = BOARD_BLK, .config_size = 60,
		.remote = { far_read, far_write, d->far[0] }
	};
	struct board_pci mci = {
		.kind = BOARD_VMMCI,
		.remote = { far_read, far_write, d->far[1] }
	};

	return board_pci_add(d->b, &rnd) == 1 &&
	    board_pci_add(d->b, &blk) == 2 &&
	    board_pci_add(d->b, &mci) == 3 ? 0 : -1;
}

static int
bd_attach(struct dev *dev, const struct devconf *c)
{
	static const char order[] = "/pci@i0cf8/*@2\nHALT";
	struct boarddev *d = (struct boarddev *)dev;
	const struct board_conf conf = {
		.gm = dev->gm, .range = d->range, .nranges = 3, .ncpus = 1,
		.debug = 1
	};

	(void)c;
	if (board_size() > sizeof(d->mem) ||
	    viornd_dev.size + viornd_dev.scratch > sizeof(d->rnd))
		abort();
	d->range[0] = (struct board_range){ 0, 0x90000, BOARD_RAM };
	d->range[1] = (struct board_range){ 0x90000, 0x70000,
	    BOARD_RESERVED };
	d->range[2] = (struct board_range){ 0x100000, 0x3f00000, BOARD_RAM };
	d->b = board_attach(d->mem, &host, d, &conf);
	if (d->b == NULL || plug(d) == -1)
		return -1;
	return board_fwcfg_add(d->b, "bootorder", order, sizeof(order));
}

static void
bd_detach(struct dev *dev)
{
	board_detach(((struct boarddev *)dev)->b);
}

static void
bd_access(struct boarddev *d, struct viodev_msg *m)
{
	unsigned width = m->width > 4 ? 4 : m->width;

	if (m->space == VIODEV_DEVICE) {
		if (m->type == VIODEV_READ)
			m->data = board_mmio_read(d->b, m->where, m->width);
		else
			board_mmio_write(d->b, m->where, m->width, m->data);
	} else if (m->type == VIODEV_READ)
		m->data = board_in(d->b, (uint16_t)m->where, width);
	else
		board_out(d->b, (uint16_t)m->where, width, (uint32_t)m->data);
}

static void
bd_msg(struct dev *dev, struct viodev_msg *m)
{
	struct boarddev *d = (struct boarddev *)dev;

	switch (m->type) {
	case VIODEV_READ:
	case VIODEV_WRITE:
		bd_access(d, m);
		break;
	case VIODEV_LINE:
		if (m->where == 2 || m->where == 3)
			board_irq(d->b, m->where, m->data != 0);
		break;
	case VIODEV_INTACK:
		m->data = board_intr_pending(d->b) ? board_intr_ack(d->b) :
		    UINT64_MAX;
		break;
	case VIODEV_INPUT:
		if (m->where == 1)
			board_console_break(d->b);
		else
			(void)board_console_input(d->b, m->payload, m->len);
		break;
	case VIODEV_TIMER:
		board_timer(d->b, m->where);
		break;
	case VIODEV_PAUSE:
		board_pause(d->b);
		break;
	case VIODEV_UNPAUSE:
		board_unpause(d->b);
		break;
	case VIODEV_RESET:
		board_reset(d->b);
		break;
	default:
		break;
	}
}

static void
bd_save(const struct dev *dev, struct wbuf *w)
{
	const struct boarddev *d = (const struct boarddev *)dev;
	unsigned i;

	for (i = 0; i < 2 * FAR_REGS; i++)
		wb_u64(w, d->far[i / FAR_REGS][i % FAR_REGS]);
	board_save(d->b, w);
}

/* What is refused leaves a board that is as after power-on. */
static int
bd_load(struct dev *dev, struct rbuf *r)
{
	struct boarddev *d = (struct boarddev *)dev;
	struct devconf none = { NULL, 0 };
	unsigned i;

	for (i = 0; i < 2 * FAR_REGS; i++)
		d->far[i / FAR_REGS][i % FAR_REGS] = rb_u64(r);
	if (board_load(d->b, r) == 0)
		return 0;
	board_detach(d->b);
	memset(d->far, 0, sizeof(d->far));
	(void)bd_attach(dev, &none);
	return -1;
}

static const char *
bd_check(const struct dev *dev)
{
	return board_check(((const struct boarddev *)dev)->b);
}

const struct dev_ops boarddev = {
	.name = "board",
	.size = sizeof(struct boarddev),
	.attach = bd_attach,
	.detach = bd_detach,
	.msg = bd_msg,
	.save = bd_save,
	.load = bd_load,
	.check = bd_check,
};
