/*
 * Split virtqueues, the device's side: virtio 1.3, 2.7.
 *
 * A queue is looked at in one go per message:
 *
 *	if (vq_begin(vq, gm, work) == 0) {
 *		while (vq_next(work, &chain) == VQ_CHAIN) {
 *			chain_read(...), chain_write(...);
 *			vq_done(work, &chain);
 *		}
 *		irq = vq_end(work);
 *	}
 *
 * All that the guest controls is read once, checked, and used from the copy
 * (2.7.13).  A chain that breaks a rule but whose head is sound goes back
 * with length 0; the device never sees it.  What leaves no way to go on (an
 * available index too far ahead, a head outside the table, a loop) breaks the
 * queue, and the transport asks for a reset.
 *
 * Bounds: a kick hands out at most one queue's worth of chains, a chain has
 * at most VQ_SEGMAX segments and less than 2^32 bytes, a walk at most as many
 * steps as its table has entries.
 */
#ifndef VQ_H
#define VQ_H

#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

#include "gmem.h"
#include "virtio.h"

/* Segments of one chain; IOV_MAX on every system that we know. */
#define VQ_SEGMAX	1024

struct vq {
	uint64_t	desc;		/* descriptor table, gpa */
	uint64_t	avail;		/* driver area */
	uint64_t	used;		/* device area */
	uint16_t	max;		/* largest size; a power of two */
	uint16_t	size;		/* present size; a power of two */
	/* Next entries to take and to fill, between looks. */
	uint16_t	last_avail;
	uint16_t	used_idx;
	uint8_t		enabled;	/* registers are frozen */
	uint8_t		broken;		/* until reset */
	uint8_t		indirect;	/* INDIRECT_DESC was accepted */
	uint8_t		event_idx;	/* EVENT_IDX was accepted */
};

enum vq_result {
	VQ_CHAIN,			/* one chain taken */
	VQ_EMPTY,			/* nothing to do */
	VQ_BROKEN			/* the guest broke the queue */
};

/* A table of descriptors, the queue's or an indirect one. */
struct vq_table {
	const uint8_t	*p;
	unsigned	 last;		/* entry */
	struct iovec	*end;		/* vector of the last step */
};

/* A walk along a chain: how far it came, and what it found. */
struct vq_walk {
	struct iovec	*v;		/* behind the last segment */
	struct iovec	*mid;		/* behind the last readable one */
	uint64_t	 len;		/* bytes so far */
	uint64_t	 rlen;		/* of them, readable ones */
	unsigned	 side;		/* VRING_DESC_WRITE behind the middle */
	unsigned	 steps;		/* descriptors left in the table */
	unsigned	 head;
};

/*
 * One look at a queue.  Scratch: it lives from vq_begin to vq_end inside one
 * message and holds host pointers.
 */
struct vq_work {
	struct vq	*vq;
	struct gmem	*gm;
	struct gm_win	 desc, avail, used;
	struct vq_table	 table;
	struct gm_range	 hot;		/* range of the last segment */
	unsigned	 mask;		/* queue size less one */
	/*
	 * Where the next entry is and the next used element goes, and how far
	 * either goes without a thought: at most to the end of its ring.
	 */
	const uint8_t	*next, *until;
	uint8_t		*fill, *full;
	/* Indices of this look count on where those of the ring wrap. */
	unsigned	 taken;		/* of the first entry, this lap */
	unsigned	 filled;	/* of the first used element */
	unsigned	 limit;		/* available index as last read */
	unsigned	 stop;		/* entry that this look may not take */
	struct vq_walk	 walk;		/* chain that vq.c found */
	uint8_t		 raw[16];	/* what a tap is shown */
	uint16_t	 published;	/* used index as the guest knows it */
	uint16_t	 event;		/* avail_event as last stored */
	uint8_t		 armed;		/* event was stored in this look */
	uint8_t		 tapped;	/* somebody listens */
	uint8_t		 more;		/* stopped with work left */
	uint32_t	 malformed;	/* chains sent back unserved */
	struct iovec	 iov[VQ_SEGMAX];
};

/*
 * A chain on loan: readable segments, then writable ones, as host vectors.
 * Empty segments are left out.  The cursors below eat from the front of
 * either side; segments that are left can be handed on as they are (with
 * gm_lend and gm_return around the transfer).
 */
struct vq_chain {
	struct gmem	*gm;
	struct iovec	*r, *w;		/* what is left of each side */
	/*
	 * How many segments these are.  vq_next has pointers to where each
	 * side ends and stores differences; a loop up to r + nr gets such a
	 * pointer back for nothing, unless an int in between cut it short.
	 */
	ptrdiff_t	 nr, nw;
	uint32_t	 rlen, wlen;	/* bytes left of each side */
	uint32_t	 written;	/* bytes stored: the used length */
	uint16_t	 head;
};

/* Queue state as after a reset, with max as the largest size. */
void	vq_reset(struct vq *, uint16_t max);

/*
 * Whether the three areas are where a queue can live: aligned (2.7), not at
 * address 0, each inside one range of guest memory.  0 or -1.
 */
int	vq_areas_ok(const struct vq *, const struct gmem *);

/*
 * Begins a look.  -1 when the queue is broken or off, or breaks now; the
 * caller tells the cases apart by vq->broken.
 */
int	vq_begin(struct vq *, struct gmem *, struct vq_work *);

/*
 * Takes the next chain.  When it finds the ring empty it re-arms the guest's
 * kick and looks once more, so no kick is lost (2.7.10).
 */
static inline enum vq_result vq_next(struct vq_work *, struct vq_chain *);

/* Gives the chain last taken back, with chain->written as used length. */
static inline void vq_done(struct vq_work *, const struct vq_chain *);

/*
 * Puts the chain last taken back on the ring as if it had not been seen;
 * only before vq_done.  For devices that wait for something to put into it.
 * Who took several and has given none back puts them back in as many calls,
 * if work->malformed is still what it was.
 */
void	vq_undo(struct vq_work *);

/*
 * Whether there is a chain to take: 1, 0 with the guest's kick re-armed, or
 * -1 when the queue broke.  For devices that must know before they have
 * something to put into it.
 */
int	vq_waiting(struct vq_work *);

/* Stops early: the rest is for a later message.  vq_next gives VQ_EMPTY. */
void	vq_stop(struct vq_work *);

/*
 * Stops if there is a rest, between chains and without a look at the next
 * one: 1, or 0 when vq_next has nothing more to give anyway.  For devices that
 * did enough for one message.
 */
int	vq_yield(struct vq_work *);

/*
 * Publishes what was done.  1 when the guest wants an interrupt for it
 * (2.7.7.2), else 0.  work->more tells that chains are waiting.
 */
int	vq_end(struct vq_work *);

/* Copies up to len bytes from the readable side; the number copied. */
size_t	chain_read(struct vq_chain *, void *dst, size_t len);
/* Stores up to len bytes into the writable side; the number stored. */
size_t	chain_write(struct vq_chain *, const void *src, size_t len);
/* Stores zeros likewise. */
size_t	chain_zero(struct vq_chain *, size_t len);
/*
 * Says that somebody filled the first len bytes of the writable vectors;
 * moves the cursor over them.
 */
void	chain_filled(struct vq_chain *, size_t len);
/*
 * Cuts the last writable byte off and hands it out: the status byte of a
 * request lives there, wherever the segments end (2.7.4.1).  0, or -1 when
 * nothing is writable.  chain_put_tail stores it and counts it.
 */
int	chain_split_tail(struct vq_chain *, struct iovec *tail);
void	chain_put_tail(struct vq_chain *, const struct iovec *tail,
	    uint8_t v);

/*
 * Cuts the first len writable bytes off, len not above chain->wlen: an answer
 * that stands in front of the data and is known only after it (5.6.6.1).
 * chain_put_head stores len bytes there and counts them; the cursor for what
 * is behind them is not used before that.
 */
struct chain_head {
	const struct iovec *v;		/* whole segments, */
	int		 n;
	struct iovec	 part;		/* and the front of one more */
	size_t		 len;
};
void	chain_split_head(struct vq_chain *, size_t len, struct chain_head *);
void	chain_put_head(struct vq_chain *, const struct chain_head *,
	    const void *src);
/* Forgets what is behind the first rlen and wlen bytes of the two sides. */
void	chain_limit(struct vq_chain *, size_t rlen, size_t wlen);

#include "vq_hot.h"

#endif
