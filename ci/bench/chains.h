/* The memory that both sides of the chain benchmark work on. */
#ifndef CHAINS_H
#define CHAINS_H

#include <stdint.h>

#include "le.h"
#include "virtio.h"

#define QUEUE		256U		/* entries */
#define RAM_GPA		0x100000ULL
#define RAM		(1U << 20)	/* bytes: rings, tables, buffers */
#define DESC		(RAM_GPA + 0x1000)
#define AVAIL		(RAM_GPA + 0x2000)
#define USED		(RAM_GPA + 0x3000)
#define TABLES		(RAM_GPA + 0x10000)
#define BUFFERS		(RAM_GPA + 0x80000)
#define NBUFFERS	256U		/* of one cache line */

/* One queue's worth of chains, offered over and over. */
struct ring {
	uint8_t		*ram;		/* RAM bytes, */
	uint64_t	 gpa;		/* at this address */
	uint64_t	 desc, avail, used;
	uint16_t	 size;		/* of the queue */
	uint16_t	 batch;		/* chains behind one kick */
	uint16_t	 idx;		/* the driver's available index */
	uint16_t	 seen, filled;	/* the unchecked side's indices */
	uint64_t	 sum;		/* of the bytes read */
	uint64_t	 irqs;		/* interrupts that the driver wants */
};

/*
 * The driver's work, the same on both sides and in the time of both: entries
 * and descriptors stay as they are, so offering a batch is one store.
 */
static inline void
ring_offer(struct ring *r)
{
	r->idx += r->batch;
	__atomic_store_n((uint16_t *)(void *)(r->ram + (AVAIL - RAM_GPA) + 2),
	    LE_SWAP16(r->idx), __ATOMIC_RELEASE);
}

/*
 * Serves a batch without a check; the chains served.
 *
 * It is a whole device's side of a queue, only that it believes what is in
 * memory: it follows head, descriptors and next as the driver wrote them,
 * takes guest addresses for offsets into one block, touches a byte of each
 * buffer on the way and fills used elements in order.  What is protocol and
 * no check it has to do as well: look again before it stops, publish the
 * index, then read the driver's wish.  Addresses and size of the queue come
 * from struct ring, as nobody knows them when a device is compiled.  It has
 * no vectors to hand on, no cursors, no tap and no way to take back a chain.
 */
uint64_t flat_serve(struct ring *);

#endif
