/*
 * Where the queues of a virtio device lie, as the register writes of a trace
 * say: for texts that name what a load or a store was, and for turning a
 * recording into an input.  It believes everything and checks nothing.
 */
#ifndef RINGS_H
#define RINGS_H

#include <stddef.h>
#include <stdint.h>

#include "trace.h"

#define RINGS_MAXQ	16

/* Registers of the common configuration: virtio 1.3, 4.1.4.3. */
enum rings_reg {
	REG_DEV_SELECT		= 0x00,
	REG_DEV_FEATURE		= 0x04,
	REG_DRV_SELECT		= 0x08,
	REG_DRV_FEATURE		= 0x0c,
	REG_STATUS		= 0x14,
	REG_QSELECT		= 0x16,
	REG_QSIZE		= 0x18,
	REG_QENABLE		= 0x1c,
	REG_QDESC		= 0x20,
	REG_QDRIVER		= 0x28,
	REG_QDEVICE		= 0x30
};

enum rings_area {
	AREA_NONE,
	AREA_DESC,
	AREA_AVAIL,
	AREA_USED,
	AREA_TABLE			/* indirect table seen last */
};

/* One descriptor: 2.7.5. */
struct rings_desc {
	uint64_t	addr;
	uint32_t	len;
	uint16_t	flags;		/* 1 next, 2 write, 4 indirect */
	uint16_t	next;
};
#define RINGS_NEXT	1
#define RINGS_WRITE	2
#define RINGS_INDIRECT	4

struct rings_queue {
	uint64_t	desc, avail, used;
	uint16_t	size;		/* 0 when nobody said it */
	uint8_t		on;
};

struct rings {
	uint32_t		drv_sel, dev_sel;
	uint16_t		qsel;
	uint64_t		features;	/* that the driver took */
	struct viodev_msg	last;	/* message under way */
	uint64_t		table;	/* indirect table seen last */
	uint32_t		tablelen;
	struct rings_queue	q[RINGS_MAXQ];
};

/* Learns from a record; rings start as zeros. */
void		 rings_rec(struct rings *, const struct trace_rec *);

/*
 * In which area gpa lies: its queue (but for AREA_TABLE) and the offset in
 * the area.
 */
enum rings_area	 rings_find(const struct rings *, uint64_t gpa, unsigned *q,
		    unsigned *off);

/* The selected queue, or NULL when there is none of that number. */
struct rings_queue *rings_selected(struct rings *);

void		 rings_desc(const uint8_t *, struct rings_desc *);

/* Names of registers; NULL for an offset without one. */
const char	*reg_name(unsigned space, uint32_t off);
/* 0 with the offset of the name, or -1. */
int		 reg_find(unsigned space, const char *name, size_t len,
		    uint64_t *off);

#endif
