/*
 * pci: configuration space of one bus, and configuration mechanism #1.  PCI
 * Local Bus Specification 3.0; facts, virtio-devices 1.
 *
 * PORT 0xcf8 (4 bytes) is the address, 0xcfc to 0xcff the data (1, 2 or 4
 * bytes inside one dword).  PCICFG messages reach configuration space
 * directly.  Where nothing is, reads give ones: another bus, another
 * function, an empty slot, the enable bit off, an access across a dword.
 *
 * Slot 0 is the host bridge (0b5d:0666, class 06/00).  A CONFIG message with
 * DEVCONF_PCIID, and DEVCONF_PCICAPS when it has capabilities, plugs a device
 * into the next slot; what is refused goes to the log.  BARs (one per device,
 * number 0) get their addresses in order, I/O from 0x1000 and memory from
 * 0xf0000000 on; interrupt lines come from the pool 3, 5, 6, 7, 9, 10, 11,
 * 12, 14, 15 and are never shared.
 *
 * Unlike vmd's, registers that the specification makes read-only are: a guest
 * changes the command register, cache line, latency, the address in the BAR,
 * and the window of virtio's PCI_CFG capability (virtio 1.3, 4.1.4.9).  The
 * interrupt line register is read-only, too: firmware that does not know this
 * board would write a wrong number there (SeaBIOS writes 0).  I/O decoding is
 * on from the start, as a kernel that was loaded without firmware finds it.
 * A BAR answers only while the command register lets it; where two overlap,
 * the lower slot has it.
 *
 * LINE n is the INTx level of the device in slot n: it shows in the status
 * register, and pci_intx tells what the board's wire carries.
 */
#ifndef PCI_H
#define PCI_H

#include "dev.h"

#define PCI_SLOTS	32
#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc
#define PCI_CAPS	0x44		/* first capability */

#define PCI_IO_FIRST	0x1000
#define PCI_IO_STEP	0x1000
#define PCI_MEM_FIRST	0xf0000000U
#define PCI_MEM_STEP	0x10000

/* Value of DEVCONF_PCIID. */
struct pci_id {
	uint16_t	vendor, device, subvendor, subdevice;
	uint8_t		class, subclass, interface, revision;
	uint8_t		wants_line;	/* 1: needs an interrupt line */
	uint8_t		bar;		/* enum pci_bar */
	uint8_t		bar_log;	/* log2 of its size */
	uint8_t		reserved;	/* 0 */
};
enum pci_bar { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM, PCI_NBARS };
#define PCI_ID_SIZE	16

extern const struct dev_ops pci_dev;

void	pci_id_put(uint8_t [PCI_ID_SIZE], const struct pci_id *);

/* Slots in use, the bridge included: they are 0 to that less 1. */
unsigned pci_slots(const struct dev *);
/* The interrupt line of a slot, or -1. */
int	pci_line(const struct dev *, unsigned slot);
/* The level on that line: the device's, unless the guest disabled INTx. */
int	pci_intx(const struct dev *, unsigned slot);

/* Where an access ends up. */
struct pci_hit {
	unsigned	slot;
	uint32_t	off;		/* inside the BAR */
	unsigned	width;
};
/* The BAR that covers all of an access: 1, or 0. */
int	pci_find(const struct dev *, enum pci_bar, uint64_t where,
	    unsigned width, struct pci_hit *);
/*
 * Whether an access to the data port goes through a PCI_CFG capability into
 * a BAR: 1, or 0 (also when the window is out of bounds).
 */
int	pci_window(const struct dev *, uint32_t port, unsigned width,
	    struct pci_hit *);

#endif
