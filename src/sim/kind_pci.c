/*
 * Configuration space, once more: an image of each slot and, for each byte,
 * which bits a guest may change.
 */
#include <string.h>

#include "chipsim.h"
#include "pci.h"

enum op {
	OP_PLUG, OP_REFUSED, OP_READ, OP_WRITE, OP_ONES, OP_BAR, OP_COMMAND,
	OP_WINDOW, OP_LINE, OP_HIT
};

static const char *const ops[] = {
	"plug", "refused", "read", "write", "ones", "bar", "command",
	"window", "line", "hit", NULL
};

struct slot {
	uint8_t		img[256];
	uint8_t		mask[256];	/* bits that may change */
	uint8_t		start[256];	/* the image after a reset */
	int		wired;
	unsigned	window;
};

struct bus {
	uint32_t	address;
	unsigned	n;
	struct slot	slot[PCI_SLOTS];
};

/* Looks at the whole of a slot that was plugged in, and marks what may vary. */
static void
take_slot(struct chipsim *s, struct slot *x, unsigned n, size_t ncaps)
{
	unsigned i, at, hops;
	struct viodev_msg m = {
		.type = VIODEV_READ, .width = 4, .space = VIODEV_PCICFG
	};

	memset(x, 0, sizeof(*x));
	for (i = 0; i < 256; i += 4) {
		m.where = n << 11 | i;
		dev_msg(s->dev, &m);
		le32_put(x->img + i, (uint32_t)m.data);
	}
	x->mask[4] = 0x47;
	x->mask[5] = 0x05;
	x->mask[12] = x->mask[13] = 0xff;
	x->wired = x->img[0x3c] != 0;
	for (at = x->img[0x34], hops = 0; at >= PCI_CAPS && hops < 32 &&
	    (at & 3) == 0 && at - PCI_CAPS + 20 <= ncaps;
	    at = x->img[at + 1], hops++) {
		if (x->img[at] != 0x09 || x->img[at + 3] != 5)
			continue;
		x->window = at;
		x->mask[at + 4] = 0xff;
		memset(x->mask + at + 8, 0xff, 8);
		break;
	}
	memcpy(x->start, x->img, 256);
	if (x->window != 0) {
		x->start[x->window + 4] = 0;
		memset(x->start + x->window + 8, 0, 8);
	}
}

/* The size of a BAR is in the identity that it was plugged in with. */
static void
bar_mask(struct slot *x, const struct devconf *c)
{
	const uint8_t *id;
	uint32_t mask;
	size_t len;

	id = devconf_bytes(c, DEVCONF_PCIID, &len);
	if (id == NULL || id[13] == 0)
		return;
	mask = ~((1U << id[14]) - 1);
	le32_put(x->mask + 0x10, mask);
}

static void
config(struct chipsim *s, struct bus *b, const struct viodev_msg *m)
{
	struct devconf c = { m->payload, m->len };
	unsigned n = pci_slots(s->dev);
	size_t ncaps = 0;

	if (n == b->n) {
		chipsim_met(s, OP_REFUSED);
		if (s->logs != 1)
			chipsim_fail(s, "log", "a refusal without a line");
		return;
	}
	chipsim_met(s, OP_PLUG);
	if (n != b->n + 1 || n > PCI_SLOTS)
		chipsim_fail(s, "answer", "more than one slot for a device");
	(void)devconf_bytes(&c, DEVCONF_PCICAPS, &ncaps);
	if (!devconf_has(&c, DEVCONF_PCICAPS))
		ncaps = 0;
	take_slot(s, &b->slot[b->n], b->n, ncaps);
	bar_mask(&b->slot[b->n], &c);
	b->n = n;
	s->effects = 1;
}

/* The slot and register of an access, or NULL. */
static struct slot *
target(struct bus *b, const struct viodev_msg *m, unsigned *reg)
{
	uint32_t a = m->where;

	if (m->space == VIODEV_PORT) {
		if (m->where < 0xcfc || m->where > 0xcff ||
		    b->address < 0x80000000)
			return NULL;
		a = (b->address & 0x7fffffff) | (m->where & 3);
	} else if (m->space != VIODEV_PCICFG)
		return NULL;
	*reg = a & 255;
	if (a > 0xffff || (a & 0x700) != 0 || a / 2048 % 32 >= b->n ||
	    m->width > 4 || a % 4 + m->width > 4)
		return NULL;
	return &b->slot[a / 2048 % 32];
}

static void
on_write(struct chipsim *s, struct bus *b, const struct viodev_msg *m)
{
	struct slot *x;
	unsigned reg, i;
	uint8_t v, k;

	if (m->space == VIODEV_PORT && m->where == 0xcf8) {
		if (m->width == 4)
			b->address = (uint32_t)m->data & 0x80fffffc;
		return;
	}
	if ((x = target(b, m, &reg)) == NULL)
		return;
	chipsim_met(s, OP_WRITE);
	if (reg / 4 == 4)
		chipsim_met(s, OP_BAR);
	if (reg / 4 == 1)
		chipsim_met(s, OP_COMMAND);
	for (i = 0; i < m->width; i++) {
		v = (uint8_t)(m->data >> (8 * i));
		k = x->mask[reg + i];
		x->img[reg + i] = (uint8_t)((x->img[reg + i] & ~k) | (v & k));
	}
}

static void
on_read(struct chipsim *s, struct bus *b, const struct viodev_msg *m)
{
	uint64_t want = UINT64_MAX >> (64 - 8 * m->width);
	struct slot *x;
	unsigned reg, i;

	if (m->space == VIODEV_PORT && m->where == 0xcf8 && m->width == 4) {
		want = b->address;
	} else if ((x = target(b, m, &reg)) != NULL) {
		chipsim_met(s, OP_READ);
		for (want = i = 0; i < m->width; i++)
			want |= (uint64_t)x->img[reg + i] << (8 * i);
	} else
		chipsim_met(s, OP_ONES);
	if (m->data != want)
		chipsim_fail(s, "answer", "a register reads otherwise");
}

static void
set_line(struct chipsim *s, struct bus *b, uint32_t n, int up)
{
	if (n >= b->n || !b->slot[n].wired)
		return;
	chipsim_met(s, OP_LINE);
	b->slot[n].img[6] = (uint8_t)((b->slot[n].img[6] & ~8) | up << 3);
}

/* Who answers at a place, by asking everybody. */
static int
owner(const struct bus *b, uint64_t where, unsigned width, int io)
{
	const struct slot *x;
	uint64_t base, size;
	unsigned i;

	for (i = 1; i < b->n; i++) {
		x = &b->slot[i];
		size = (uint32_t)(~le32_get(x->mask + 0x10) + 1);
		base = le32_get(x->img + 0x10);
		if (size == 0 || (int)(base & 1) != io ||
		    (x->img[4] & (io ? 1 : 2)) == 0)
			continue;
		base &= ~15ULL;
		if (where >= base && where + width <= base + size)
			return (int)i;
	}
	return -1;
}

static void
check_owner(struct chipsim *s, const struct bus *b, uint64_t where,
    unsigned width)
{
	struct pci_hit h;
	int io, want, got;

	for (io = 0; io < 2; io++) {
		want = owner(b, where, width, io);
		got = pci_find(s->dev, io ? PCI_BAR_IO : PCI_BAR_MEM, where,
		    width, &h) ? (int)h.slot : -1;
		if (got != want)
			chipsim_fail(s, "answer", "another BAR answers");
		if (got == -1)
			continue;
		chipsim_met(s, OP_HIT);
		if (h.width != width || h.off >= 1U << 20)
			chipsim_fail(s, "answer", "an offset outside the "
			    "BAR");
	}
}

/* Addresses at the ends of each BAR. */
static void
check_bars(struct chipsim *s, const struct bus *b)
{
	uint32_t base, size;
	struct pci_hit h;
	unsigned i;

	for (i = 1; i < b->n; i++) {
		if (pci_intx(s->dev, i) != ((b->slot[i].img[6] & 8) != 0 &&
		    (b->slot[i].img[5] & 4) == 0))
			chipsim_fail(s, "irq", "a line differs from its slot");
		base = le32_get(b->slot[i].img + 0x10) & ~15U;
		size = ~le32_get(b->slot[i].mask + 0x10) + 1;
		if (size == 0)
			continue;
		check_owner(s, b, base, 4);
		check_owner(s, b, (uint64_t)base + size - 1, 1);
		check_owner(s, b, (uint64_t)base + size - 1, 2);
	}
	if (pci_window(s->dev, 0xcfc, 4, &h)) {
		chipsim_met(s, OP_WINDOW);
		size = ~le32_get(b->slot[h.slot].mask + 0x10) + 1;
		if (h.slot >= b->n || b->slot[h.slot].window == 0 ||
		    h.off > size || h.width > size - h.off)
			chipsim_fail(s, "answer", "a window outside the BAR");
	}
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	struct bus *b = s->model;
	unsigned i;

	switch (m->type) {
	case VIODEV_CONFIG:
		config(s, b, m);
		break;
	case VIODEV_READ:
		on_read(s, b, m);
		break;
	case VIODEV_WRITE:
		on_write(s, b, m);
		break;
	case VIODEV_LINE:
		set_line(s, b, m->where, m->data != 0);
		break;
	case VIODEV_RESET:
		b->address = 0;
		for (i = 0; i < b->n; i++) {
			b->slot[i].start[6] = b->slot[i].img[6];
			memcpy(b->slot[i].img, b->slot[i].start, 256);
		}
		break;
	default:
		break;
	}
	if (m->type != VIODEV_READ)
		check_bars(s, b);
}

static void
start(struct chipsim *s)
{
	struct bus *b = s->model;

	take_slot(s, &b->slot[0], 0, 0);
	b->slot[0].mask[4] = 0x47;
	b->n = 1;
}

const struct chipsim_kind chip_pci = {
	.dev = &pci_dev,
	.timers = 1,
	.lanes = 1,
	.model = sizeof(struct bus),
	.start = start,
	.after = after,
	.ops = ops,
};
