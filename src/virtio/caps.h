/*
 * The vendor capabilities of a virtio device in PCI configuration space:
 * which windows there are and where in the BAR (virtio 1.3, 4.1.4).
 *
 * In the order of vmd: COMMON, DEVICE (for kinds that have a configuration),
 * ISR, NOTIFY; then PCI_CFG, which vmd does not have and the specification
 * demands.  Each stands at a multiple of CAPS_STRIDE from CAPS_FIRST on, all
 * in BAR 0.  Unlike vmd's, NOTIFY and PCI_CFG are 20 bytes long.
 *
 * The list does not start at 0x40 as vmd's does.  SeaBIOS leaves a $PIR table
 * that names slot 1 as a PIIX router, so Linux without ACPI takes the bytes
 * 0x60 to 0x63 there for interrupt numbers.  From 0x44 on they are fields
 * that are 0: no route, and the number in the interrupt line register holds.
 */
#ifndef CAPS_H
#define CAPS_H

#include <stdint.h>

#include "virtio_dev.h"

#define CAPS_FIRST	0x44		/* offset in configuration space */
#define CAPS_STRIDE	24
#define CAPS_VENDOR	0x09		/* PCI capability id */
#define CAPS_SIZE	(5 * CAPS_STRIDE)

enum virtio_cap {
	VIRTIO_CAP_COMMON	= 1,
	VIRTIO_CAP_NOTIFY	= 2,
	VIRTIO_CAP_ISR		= 3,
	VIRTIO_CAP_DEVICE	= 4,
	VIRTIO_CAP_PCI		= 5
};

/*
 * Writes the list of a modern kind as it stands from CAPS_FIRST on; returns
 * how many capabilities it has (0 for a legacy kind).
 */
unsigned	virtio_caps(const struct virtio_ops *, uint8_t [CAPS_SIZE]);

#endif
