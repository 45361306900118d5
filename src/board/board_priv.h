/* For the files of this layer alone. */
#ifndef BOARD_PRIV_H
#define BOARD_PRIV_H

#include "board.h"
#include "fwcfg.h"
#include "pci.h"

enum chip {
	CHIP_PIC, CHIP_PIT, CHIP_RTC, CHIP_COM, CHIP_FW, CHIP_PCI, CHIP_SYS,
	NCHIPS
};

/* Whoever has a host table of ours: the chips, then the slots. */
#define FIRST_SLOT	8
#define NUNITS		(FIRST_SLOT + PCI_SLOTS)
/* Timer numbers of a unit: its own ones, then queues to look at again. */
#define UNIT_TIMERS	8
#define UNIT_AGAIN	4

struct unit {
	struct board		*b;
	struct dev		*d;	/* NULL: nobody, or remote */
	unsigned		 n;
	int			 legacy;	/* register block at BAR 0 */
	struct board_remote	 remote;
};

struct board_file {
	const uint8_t	*p;
	size_t		 len;
};

struct board {
	const struct board_host	*host;
	void			*arg;
	struct gmem		*gm;
	int			 intr;
	struct unit		 unit[NUNITS];
	struct board_file	 file[FWCFG_MAXFILES];
	unsigned		 nfiles;
	uint8_t			 e820[BOARD_MAXRANGES * BOARD_E820_SIZE];
};

extern const struct host_ops board_unit_ops;

/* A message without a payload; the answer. */
uint64_t	board_tell(struct dev *, unsigned type, uint32_t where,
		    uint64_t data);
/* The wire of a slot to the interrupt controller follows the slot. */
void		board_wire(struct board *, unsigned slot);
/* Level triggered for all lines of the bus. */
void		board_elcr(struct board *);

#endif
