/*
 * fwcfg: how firmware gets values and files from the outside.  QEMU's
 * docs/specs/fw_cfg, both interfaces.
 *
 * Ports: 0x510 selector (write, 2 bytes), 0x511 data (read, 1 byte), 0x514
 * and 0x518 address of a DMA request (4 bytes each, big-endian; reading them
 * gives "QEMU CFG").  Everything else reads as ones and writes nothing.
 *
 * Numbered items: signature, id (both interfaces), memory size, no graphics,
 * processors, largest number of processors, file directory.  What is not
 * there reads as zeros.  Attach values: DEVCONF_LOWMEM, DEVCONF_HIGHMEM,
 * DEVCONF_NCPUS.
 *
 * A file is added by a CONFIG message with DEVCONF_FILE and DEVCONF_LENGTH.
 * Its bytes are not in here: the files stand one after another, in the order
 * in which they were added, on a medium of the host that is read with blk.
 * What is refused (names twice, too many) goes to the log.
 *
 * Nothing can be written (the DMA request fails), nothing is held that could
 * leak (vmd: one buffer for each look at the directory).  A DMA request may
 * read at most FWCFG_SLACK bytes behind the end of an item, zeros; a longer
 * one fails whole, so its work is bounded by what there is.
 */
#ifndef FWCFG_H
#define FWCFG_H

#include "dev.h"

#define FWCFG_MAXFILES	32
#define FWCFG_NAME	56		/* bytes of a name with its 0 */
#define FWCFG_SLACK	65536

enum fwcfg_key {
	FWCFG_SIGNATURE	= 0x00,
	FWCFG_ID	= 0x01,
	FWCFG_RAM_SIZE	= 0x03,
	FWCFG_NOGRAPHIC	= 0x04,
	FWCFG_NB_CPUS	= 0x05,
	FWCFG_MAX_CPUS	= 0x0f,
	FWCFG_DIRECTORY	= 0x19,
	FWCFG_FIRST_FILE = 0x20
};

extern const struct dev_ops fwcfg_dev;

/* How many files there are. */
unsigned	fwcfg_files(const struct dev *);

#endif
