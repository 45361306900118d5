/* From a port or an address to whoever is there. */
#include "board_priv.h"
#include "sysport.h"
#include "virtio_dev.h"

/*
 * Who has which ports.  wide: accesses of more than a byte reach the chip
 * whole.  What the chips have comes before the BARs of the bus.
 */
static const struct route {
	uint16_t	first, last;
	uint8_t		chip;
	uint8_t		wide;
} routes[] = {
	{ 0x0020, 0x0021, CHIP_PIC, 0 },
	{ 0x0040, 0x0043, CHIP_PIT, 0 },
	{ 0x0061, 0x0061, CHIP_PIT, 0 },
	{ 0x0064, 0x0064, CHIP_SYS, 0 },
	{ 0x0070, 0x0071, CHIP_RTC, 0 },
	{ 0x0080, 0x0080, CHIP_SYS, 0 },
	{ 0x0092, 0x0092, CHIP_SYS, 0 },
	{ 0x00a0, 0x00a1, CHIP_PIC, 0 },
	{ 0x03f8, 0x03ff, CHIP_COM, 0 },
	{ 0x0402, 0x0402, CHIP_SYS, 0 },
	{ 0x04d0, 0x04d1, CHIP_PIC, 0 },
	{ 0x0510, 0x051b, CHIP_FW, 1 },
	{ 0x0cf8, 0x0cff, CHIP_PCI, 1 },
	{ SYSPORT_PM1, SYSPORT_PM1 + 1, CHIP_SYS, 1 },
};
#define NROUTES		(sizeof(routes) / sizeof(routes[0]))
#define RESET_PORT	0xcf9

static const struct route reset_route = {
	RESET_PORT, RESET_PORT, CHIP_SYS, 0
};

/* Ports below are the main board's, whatever a BAR says. */
#define BUS_FIRST	0x1000

static uint64_t
ones(unsigned width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

static const struct route *
route_of(uint16_t port, unsigned width)
{
	size_t i;

	/* A byte inside the address register of the bus. */
	if (port == RESET_PORT && width == 1)
		return &reset_route;
	for (i = 0; i < NROUTES; i++)
		if (port >= routes[i].first && port <= routes[i].last)
			return &routes[i];
	return NULL;
}

static int
find_port(const struct board *b, uint16_t port, unsigned width,
    struct pci_hit *h)
{
	const struct dev *pci = b->unit[CHIP_PCI].d;

	if (route_of(port, width) != NULL)
		return pci_window(pci, port, width, h);
	return port >= BUS_FIRST && pci_find(pci, PCI_BAR_IO, port, width, h);
}

/* The register message for an offset inside a BAR; -1 for no register. */
static int
locate(const struct unit *u, const struct pci_hit *h, struct viodev_msg *m)
{
	m->width = (uint8_t)h->width;
	if (!u->legacy)
		return virtio_bar_decode(h->off, m);
	m->space = VIODEV_LEGACY;
	m->where = h->off;
	return 0;
}

static uint64_t
read_slot(struct board *b, const struct pci_hit *h)
{
	struct unit *u = &b->unit[FIRST_SLOT + h->slot];
	struct viodev_msg m = { .type = VIODEV_READ };

	if (u->d == NULL)
		return u->remote.read(u->remote.arg, h->off, h->width);
	if (locate(u, h, &m) == -1)
		return ones(h->width);
	dev_msg(u->d, &m);
	return m.data;
}

static void
write_slot(struct board *b, const struct pci_hit *h, uint64_t v)
{
	struct unit *u = &b->unit[FIRST_SLOT + h->slot];
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .data = v & ones(h->width)
	};

	if (u->d == NULL)
		u->remote.write(u->remote.arg, h->off, h->width, m.data);
	else if (locate(u, h, &m) == 0)
		dev_msg(u->d, &m);
}

static uint64_t
access_chip(struct board *b, const struct route *r, struct viodev_msg *m)
{
	unsigned i;

	m->space = VIODEV_PORT;
	dev_msg(b->unit[r->chip].d, m);
	/* A command register may have let an interrupt through, or not. */
	if (r->chip == CHIP_PCI && m->type == VIODEV_WRITE)
		for (i = 1; i < pci_slots(b->unit[CHIP_PCI].d); i++)
			board_wire(b, i);
	return m->data;
}

/*
 * Whether a byte of an access that nobody has whole is a chip's.  A BAR has
 * no part of one: what board_route did not find reaches no remote device.
 */
static int
chip_has(unsigned port)
{
	return port <= UINT16_MAX && route_of((uint16_t)port, 1) != NULL;
}

static uint32_t
in_bytes(struct board *b, uint16_t port, unsigned width)
{
	uint32_t v = 0;
	unsigned i;

	for (i = 0; i < width; i++)
		v |= (chip_has(port + i) ? board_in(b, (uint16_t)(port + i),
		    1) : 0xff) << (8 * i);
	return v;
}

uint32_t
board_in(struct board *b, uint16_t port, unsigned width)
{
	const struct route *r = route_of(port, width);
	struct viodev_msg m = {
		.type = VIODEV_READ, .width = (uint8_t)width, .where = port
	};
	struct pci_hit h;

	if (find_port(b, port, width, &h))
		return (uint32_t)(read_slot(b, &h) & ones(width));
	if (r != NULL && (r->wide || width == 1))
		return (uint32_t)access_chip(b, r, &m);
	return width == 1 ? 0xff : in_bytes(b, port, width);
}

void
board_out(struct board *b, uint16_t port, unsigned width, uint32_t v)
{
	const struct route *r = route_of(port, width);
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = (uint8_t)width,
		.where = port, .data = v & ones(width)
	};
	struct pci_hit h;
	unsigned i;

	if (find_port(b, port, width, &h))
		write_slot(b, &h, v);
	else if (r != NULL && (r->wide || width == 1))
		(void)access_chip(b, r, &m);
	else if (width > 1)
		for (i = 0; i < width; i++)
			if (chip_has(port + i))
				board_out(b, (uint16_t)(port + i), 1,
				    v >> (8 * i) & 0xff);
}

uint64_t
board_mmio_read(struct board *b, uint64_t gpa, unsigned width)
{
	struct pci_hit h;

	if (!pci_find(b->unit[CHIP_PCI].d, PCI_BAR_MEM, gpa, width, &h))
		return ones(width);
	return read_slot(b, &h) & ones(width);
}

void
board_mmio_write(struct board *b, uint64_t gpa, unsigned width, uint64_t v)
{
	struct pci_hit h;

	if (pci_find(b->unit[CHIP_PCI].d, PCI_BAR_MEM, gpa, width, &h))
		write_slot(b, &h, v);
}

int
board_route(const struct board *b, const struct board_access *a,
    struct board_target *t)
{
	struct pci_hit h;

	if (a->mmio ? !pci_find(b->unit[CHIP_PCI].d, PCI_BAR_MEM, a->where,
	    a->width, &h) : !find_port(b, (uint16_t)a->where, a->width, &h))
		return 0;
	if (b->unit[FIRST_SLOT + h.slot].d != NULL)
		return 0;
	t->slot = h.slot;
	t->bar = 0;
	t->off = h.off;
	t->width = h.width;
	return 1;
}
