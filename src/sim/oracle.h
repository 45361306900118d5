/*
 * What is right, watched from outside: a model of each queue that sees every
 * load and store of the device in guest memory and knows nothing of its code.
 *
 * It follows the protocol of a split queue (virtio 1.3, 2.7) from the values
 * that the device saw, so it also holds when guest memory changes under the
 * device.  Rules that it keeps:
 *
 *  - an available entry is read only when an index covers it; each chain is
 *    completed at most once, under the head that was offered;
 *  - stores go to the used ring of the queue or to writable bytes of the
 *    chain that is being served, from the front on; the used length is their
 *    number; a chain that breaks a rule gets no bytes and length 0;
 *  - payload is read inside readable bytes of that chain, each byte once;
 *  - the used index covers what was completed; the interrupt follows what
 *    the device read of the driver's wish, neither missing nor without cause;
 *  - work per message is bounded;
 *  - a request for reset has a cause, and a cause has a request for reset.
 *
 * When buffers overlap the rings of a queue or queues overlap each other,
 * what a byte means is no longer defined; the model then goes loose for that
 * queue (see stats) and only the bounds of memory are kept.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "areas.h"
#include "digest.h"
#include "vq.h"

#define ORACLE_MAXQ	16
#define ORACLE_SEGS	(2 * VQ_SEGMAX)
#define ORACLE_BYTES	65536		/* of a request that are kept */
#define ORACLE_OPEN	16		/* chains taken before one goes back */

/* What a load is for: oracle_stat counts those of the same field. */
enum oracle_fetch {
	ORACLE_INDEX,		/* available index, flags, used_event */
	ORACLE_ENTRY,
	ORACLE_DESC,
	ORACLE_PAYLOAD,
	ORACLE_NFETCH
};

struct oracle_seg {
	uint64_t	gpa;
	uint32_t	len;
};

/* A chain as the device saw it. */
struct oracle_chain {
	int		 open;		/* taken and not given back */
	int		 stuck;		/* a later one went back already */
	int		 bad;		/* breaks a rule: no service */
	int		 walking;	/* descriptors are still being read */
	int		 nested;	/* inside an indirect table */
	int		 wseen;		/* a writable descriptor came by */
	int		 again;		/* it was taken before, and put back */
	uint64_t	 rknown;	/* bytes that were read then */
	uint16_t	 head;
	uint64_t	 table;		/* where the next descriptor is */
	unsigned	 entries;	/* of the table */
	unsigned	 steps;		/* descriptors read in this table */
	unsigned	 next;
	unsigned	 pieces;	/* host vectors it takes */
	unsigned	 nr, nw;	/* segments, empty ones left out */
	uint64_t	 rlen, wlen;
	uint64_t	 rpos, wpos;	/* bytes read, bytes stored so far */
	unsigned	 ri, wi;	/* segment under way */
	uint32_t	 roff, woff;	/* and how far */
	struct oracle_seg r[ORACLE_SEGS], w[ORACLE_SEGS];
	uint8_t		 req[ORACLE_BYTES];	/* readable bytes seen */
	uint8_t		 rsp[ORACLE_BYTES];	/* writable bytes stored */
};

struct oracle_queue {
	const struct vq	*vq;		/* the device's own */
	int		 on;		/* enabled when the message began */
	uint16_t	 next;		/* entry that comes next */
	uint16_t	 limit;		/* index as the device read it */
	uint16_t	 used;		/* next used entry */
	uint16_t	 told;		/* used index as stored */
	uint16_t	 before;	/* told before the last store of it */
	unsigned	 taken;		/* entries read in this message */
	unsigned	 looks;		/* loads of the index in this message */
	uint16_t	 furthest;	/* entry that was never read yet */
	uint64_t	 putback;	/* bytes read of what was put back */
	int		 wish_due;	/* published, wish not read yet */
	int		 want;		/* interrupt wanted in this message */
	int		 broken;	/* must ask for reset */
	int		 loose;
	int		 undone;	/* put a chain back in this message */
};

struct oracle_stat {
	uint64_t	done;		/* chains served */
	uint64_t	refused;	/* chains sent back unserved */
	uint64_t	loads[ORACLE_NFETCH];	/* by what was loaded */
	uint64_t	again[ORACLE_NFETCH];	/* not for the first time */
	uint64_t	loose;		/* messages with a loose queue */
};

struct oracle {
	struct arena		*arena;
	struct oracle_queue	 q[ORACLE_MAXQ];
	unsigned		 nq;
	int			 cur;		/* queue under way, or -1 */
	/*
	 * Open chains, first to last: the newest is being walked, the oldest
	 * is stored into and goes back first.  One at a time unless most says
	 * that the device may hold more.
	 */
	struct oracle_chain	*c;		/* the newest */
	struct oracle_chain	 chain[ORACLE_OPEN];
	unsigned		 first, last;
	unsigned		 most;		/* 0: one */
	unsigned		 work;		/* since the last entry */
	int			 any_loose;
	struct areas		 rings;		/* of all queues */
	int			 off;		/* nobody watches: no tap */
	int			 touched;	/* memory was used */
	uint8_t			 race, raceseed;
	uint64_t		 racectr;
	struct oracle_stat	 stat;
	uint64_t		 digest;	/* of all that was stored */
	/* Told for each completed chain; NULL: nobody. */
	void			(*complete)(void *, unsigned q,
				    struct oracle_chain *, uint32_t used);
	void			*completearg;
	/* Does not return. */
	void			(*fail)(void *, const char *kind,
				    const char *why)
				    __attribute__((noreturn));
	void			*failarg;
};

/* Whether chains are not being followed now. */
static inline int
oracle_blind(const struct oracle *o)
{
	return o->any_loose || o->off;
}

/* The tap for the arena; its argument is the oracle. */
extern const struct gm_tap oracle_tap;

void	oracle_reset(struct oracle *, struct arena *);
/*
 * Before a message: the device's nq queues.  One that was enabled since the
 * last message starts at the positions that it has.
 */
void	oracle_begin(struct oracle *, const struct vq *, unsigned nq);
/*
 * After it.  reset: the device serves nothing any more; isr: the queue
 * interrupt bit is set; fresh: it was not before the message.
 */
void	oracle_end(struct oracle *, int reset, int isr, int fresh);
/*
 * Queue q was to be drained by the message that ended: nothing may be left
 * that the guest offered, unless the device said that it comes back to it.
 */
void	oracle_drained(struct oracle *, unsigned q);

#endif
