/*
 * A byte store in memory with a plan of what goes wrong.
 *
 * Operations are counted from 1; a plan field of 0 means never.  A crash
 * happens in the n-th write: some of its sectors land, then the store is
 * dead (every call answers DISK_EIO) until ms_revive, as a machine that was
 * switched off.  With `lossy` each sector that was written since the last
 * flush is kept or lost by the seed, and so is the growth of the store: an
 * order without a flush is no order.
 */
#ifndef MEMSTORE_H
#define MEMSTORE_H

#include "bstore.h"
#include "prng.h"

struct ms_plan {
	uint64_t	crash_write;	/* the machine stops in this write */
	uint64_t	fail_write;	/* DISK_EIO, half of it written */
	uint64_t	full_write;	/* DISK_ENOSPC from this write on */
	uint64_t	fail_read;
	uint64_t	fail_flush;
	uint64_t	short_every;	/* each n-th transfer is cut */
	int		lossy;
	uint64_t	seed;
};

#define MS_CRASH	1
#define MS_EIO		2
#define MS_FULL		4
#define MS_SHORT	8

struct ms_undo;

struct ms {
	uint8_t		*buf;
	uint64_t	 cap;		/* bytes at most: DISK_ENOSPC */
	uint64_t	 size;
	uint64_t	 stable;	/* size at the last flush */
	uint64_t	 high;		/* no byte at or above was set */
	struct ms_plan	 plan;
	struct prng	 rng;
	uint64_t	 nwrites, nreads, nflushes, ntransfers;
	int		 dead;
	unsigned	 hit;		/* of the plan, MS_*, since reset */
	struct ms_undo	*undo;		/* since the last flush, if lossy */
	size_t		 nundo, capundo;
};

/* Allocates cap bytes of zeros; aborts when there is no memory. */
void		ms_init(struct ms *, uint64_t cap);
void		ms_free(struct ms *);
/* Empty again, without a plan; costs what was used. */
void		ms_reset(struct ms *);
/* Sets the contents. */
void		ms_load(struct ms *, const void *, size_t);
/* The plan counts from now on. */
void		ms_plan(struct ms *, const struct ms_plan *);
/* Power is back: no plan, contents as the crash left them. */
void		ms_revive(struct ms *);
/* The store for the disk layer; closing it does nothing. */
struct bstore	ms_bstore(struct ms *);

#endif
