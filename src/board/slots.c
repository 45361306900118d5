/* Devices on the bus. */
#include "board_priv.h"
#include "caps.h"

#define BAR_LOG		12		/* of all devices: 4096 bytes */

/* facts, virtio-devices 1.2. */
static const struct pci_id ids[BOARD_NKINDS] = {
	[BOARD_RNG] = { 0x1af4, 0x1044, 0x0b5d, 4, 0x08, 0x80, 0, 1, 1,
	    PCI_BAR_IO, BAR_LOG, 0 },
	[BOARD_NET] = { 0x1af4, 0x1041, 0x0b5d, 1, 0x08, 0x80, 0, 1, 1,
	    PCI_BAR_IO, BAR_LOG, 0 },
	[BOARD_BLK] = { 0x1af4, 0x1042, 0x0b5d, 2, 0x01, 0x00, 0, 1, 1,
	    PCI_BAR_IO, BAR_LOG, 0 },
	[BOARD_SCSI] = { 0x1af4, 0x1048, 0x0b5d, 8, 0x01, 0x00, 0, 1, 1,
	    PCI_BAR_IO, BAR_LOG, 0 },
	[BOARD_VMMCI] = { 0x0b5d, 0x0777, 0x0b5d, 0xffff, 0x07, 0x80, 0, 0, 1,
	    PCI_BAR_IO, BAR_LOG, 0 },
};

/* Plugs it in: the slot, or -1. */
static int
plug(struct board *b, const struct board_pci *p)
{
	const struct virtio_ops k = {
		.config_size = (uint16_t)p->config_size,
		.legacy = p->kind == BOARD_VMMCI
	};
	struct dev *pci = b->unit[CHIP_PCI].d;
	uint8_t id[PCI_ID_SIZE], caps[CAPS_SIZE], list[256];
	struct viodev_msg m = { .type = VIODEV_CONFIG, .payload = list };
	unsigned slot = pci_slots(pci), n = virtio_caps(&k, caps);
	struct wbuf w;

	pci_id_put(id, &ids[p->kind]);
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_PCIID, id, sizeof(id));
	if (n > 0)
		devconf_put_bytes(&w, DEVCONF_PCICAPS, caps, n * CAPS_STRIDE);
	m.len = w.len;
	dev_msg(pci, &m);
	return pci_slots(pci) == slot ? -1 : (int)slot;
}

void
board_elcr(struct board *b)
{
	struct dev *pci = b->unit[CHIP_PCI].d;
	unsigned slot, set = 0;
	int line;

	for (slot = 0; slot < pci_slots(pci); slot++)
		if ((line = pci_line(pci, slot)) != -1)
			set |= 1U << line;
	board_out(b, 0x4d0, 2, board_in(b, 0x4d0, 2) | set);
}

int
board_pci_add(struct board *b, const struct board_pci *p)
{
	unsigned slot = pci_slots(b->unit[CHIP_PCI].d);
	struct unit *u;
	struct dev_host h = { &board_unit_ops, NULL };

	if (slot == PCI_SLOTS)
		return plug(b, p);
	u = &b->unit[FIRST_SLOT + slot];
	h.arg = u;
	u->legacy = p->kind == BOARD_VMMCI;
	u->remote = p->remote;
	if (p->ops != NULL) {
		u->d = dev_attach(p->ops, p->mem, &h, b->gm, &p->conf);
		if (u->d == NULL)
			return -1;
	}
	if (plug(b, p) == -1) {
		if (u->d != NULL)
			dev_detach(u->d);
		u->d = NULL;
		return -1;
	}
	board_elcr(b);
	return (int)slot;
}

int
board_pci_line(const struct board *b, unsigned slot)
{
	return pci_line(b->unit[CHIP_PCI].d, slot);
}

void
board_irq(struct board *b, unsigned slot, int level)
{
	board_tell(b->unit[CHIP_PCI].d, VIODEV_LINE, slot, (uint64_t)level);
	board_wire(b, slot);
}

int
board_command(struct board *b, unsigned slot, unsigned what)
{
	struct dev *d;

	if (slot >= PCI_SLOTS)
		return -1;
	d = b->unit[FIRST_SLOT + slot].d;
	if (d == NULL || board_tell(d, VIODEV_COMMAND, what, 0) != 0)
		return -1;
	return 0;
}
