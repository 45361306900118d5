/*
 * A vm without a hypervisor: guest memory, one device process, and a driver
 * that talks to it as a guest would.  For tests and benchmarks.
 *
 * The caller is vcpu and event thread in one.  What does not work is fatal:
 * the program ends with a line and exit code 1.
 */
#ifndef RIG_H
#define RIG_H

#include <stdatomic.h>

#include "devproc.h"
#include "share.h"
#include "spin.h"

#define RIG_MEMORY	(64U << 20)	/* bytes of guest memory, from 0 */
#define RIG_HIGH	(1ULL << 32)	/* where its last quarter lies */

struct rig {
	struct share	 share;
	struct gmem	 gm;
	struct devproc	*dev;
	_Atomic int	 line;		/* of the interrupt */
	_Atomic unsigned irqs;		/* times that it rose */
	int		 dead;		/* died() came */
	char		 epitaph[640];
	struct spin	 spin;		/* before it sleeps, as vmd-vm does
					   when the guest halts; off */
};

void	rig_die(const char *fmt, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));
/* Guest memory, zeros. */
void	rig_open(struct rig *);
/* Stops what runs, too. */
void	rig_close(struct rig *);
/* A description with this memory; RIG_DEVICE or the build's vmd-device. */
void	rig_conf(struct rig *, struct devproc_conf *, const char *kind);
/* Starts it: 0, or -1 with *why. */
int	rig_start(struct rig *, const struct devproc_conf *,
	    struct devproc_why *);

uint64_t rig_read(struct rig *, unsigned space, unsigned off, unsigned width);
void	rig_write(struct rig *, unsigned space, unsigned off, unsigned width,
	    uint64_t);
/* Takes what the device says: 0, -1 when it is gone. */
int	rig_dispatch(struct rig *);
/* Until the line is up: 1; 0 after ms; -1 when the device is gone. */
int	rig_wait(struct rig *, int ms);

/* Host address of guest memory; the span lies in one range. */
uint8_t	*rig_at(struct rig *, uint64_t gpa, size_t len);

/*
 * A driver's queue.  Slot s owns descriptors 3s to 3s + 2 and stands for one
 * request at a time.
 */
struct rig_queue {
	struct rig	*r;
	unsigned	 q, size;
	int		 event_idx;
	uint16_t	 avail, used;	/* next to offer, next to take */
	uint16_t	 told;		/* avail as last published */
	uint64_t	 desc, drv, dev;	/* gpa of the areas */
	uint8_t		*pdesc, *pdrv, *pdev;
};

/*
 * Brings the device up with these features (and VERSION_1) as far as it
 * offers them, with n queues of the given size.  What was accepted; 0 when the
 * device is gone.
 */
uint64_t rig_setup(struct rig *, uint64_t features, struct rig_queue *,
	    unsigned n, unsigned size);

struct rig_seg {
	uint64_t	 gpa;
	uint32_t	 len;
	int		 write;
};

/* Puts a chain of up to three segments on the ring, unpublished. */
void	rig_put(struct rig_queue *, unsigned slot, const struct rig_seg *,
	    unsigned n);
/* Publishes what was put; kicks if the device wants it: whether it did. */
int	rig_go(struct rig_queue *);
/* The next slot that came back and its used length, or -1. */
int	rig_take(struct rig_queue *, uint32_t *len);
/*
 * Waits with the interrupt until rig_take has something: 0, or -1 when the
 * device is gone or nothing came in ms.
 */
int	rig_come(struct rig_queue *, int ms);

/*
 * A disk's driver on top.  Buffers lie apart, bufsize bytes for each slot.
 */
struct rig_blk {
	struct rig_queue q;
	unsigned	 slots;
	size_t		 bufsize;
};

/* 0, or -1 when the device is gone. */
int	rig_blk_open(struct rig *, struct rig_blk *, unsigned slots,
	    size_t bufsize);
/* Offers a request of len bytes; a flush has none. */
void	rig_blk_put(struct rig_blk *, unsigned slot, unsigned type,
	    uint64_t sector, size_t len);
uint8_t	*rig_blk_data(struct rig_blk *, unsigned slot);
uint8_t	rig_blk_status(struct rig_blk *, unsigned slot);
/* One request, alone: its status, or -1 when the device is gone. */
int	rig_blk_do(struct rig_blk *, unsigned type, uint64_t sector,
	    void *data, size_t len);

#endif
