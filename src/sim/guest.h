/*
 * The simulated driver's memory work: where rings lie, and chains expanded
 * into descriptors, the correct way or, where a flag says so, one of the
 * incorrect ways (trace.h names them).
 */
#ifndef GUEST_H
#define GUEST_H

#include "arena.h"
#include "trace.h"

#define GUEST_MAXQ	16
#define GUEST_LATE	3		/* queues from here on have less room */
#define GUEST_PATTERN	(ARENA_SIZE + 256)

/* The driver's view of one queue. */
struct guest_ring {
	uint64_t	desc, avail, used;
	uint16_t	size;		/* 0: not set up */
	uint16_t	idx;		/* available index */
	uint16_t	held;		/* entries not published yet */
	uint16_t	free;		/* next descriptor to use */
};

struct guest {
	struct arena		*arena;
	struct guest_ring	 ring[GUEST_MAXQ];
	uint64_t		 bump[2];
	unsigned		 salt;		/* varies what buffers hold */
	uint8_t			 pattern[GUEST_PATTERN];
};

/* Once, in zeroed memory. */
void	guest_init(struct guest *);
void	guest_reset(struct guest *, struct arena *);
/* Places the rings of queue q; ring[q].size is set. */
void	guest_place(struct guest *, unsigned q, unsigned layout,
	    unsigned flags);
/*
 * Builds and offers one chain; the queue that it went to.  Queues that are
 * not set up count as queue 0; without that nothing happens.
 */
unsigned guest_chain(struct guest *, const struct trace_chain *);

#endif
