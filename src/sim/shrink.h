/*
 * Makes a trace smaller and keeps what it does, its failure most of all:
 * drops records, then segments and payload, then makes numbers 0, and begins
 * again while that helps.
 */
#ifndef SHRINK_H
#define SHRINK_H

#include "trace.h"

struct shrink {
	/* Whether these bytes fail in the same way. */
	int		(*fails)(void *, const uint8_t *, size_t);
	/* Whether to stop early. */
	int		(*enough)(void *);
	void		*arg;
	int		 recording;	/* drop whole messages, nothing else */
	int		 plain;		/* leave numbers as they are */
	uint8_t		*best;		/* the smallest one so far */
	size_t		 len;
	uint8_t		*mem;		/* for candidates, SHRINK_ROOM(len) */
	size_t		 cap;
	uint64_t	 tried;
};

#define SHRINK_ROOM(n)	((n) + 256)

/* best and len are a trace that a strict reader takes. */
void	shrink_trace(struct shrink *);

#endif
