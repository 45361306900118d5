/*
 * Where the rings of queues lie: whether memory of a guest is part of them.
 * Spans are guest physical, from the first byte to the one behind the last.
 */
#ifndef AREAS_H
#define AREAS_H

#include <stdint.h>

#include "vq.h"

/* What the rings of several queues lie between. */
struct areas {
	uint64_t	from, end;
};

/* Whether a span touches any ring of the queue. */
int	areas_hold(const struct vq *, uint64_t gpa, uint64_t end);
/* Whether rings of the two touch; whether those of one touch each other. */
int	areas_meet(const struct vq *, const struct vq *);
int	areas_overlap(const struct vq *);

static inline void
areas_none(struct areas *a)
{
	a->from = UINT64_MAX;
	a->end = 0;
}

void	areas_add(struct areas *, const struct vq *);

/* 0: no queue that was added holds a byte of the span. */
static inline int
areas_near(const struct areas *a, uint64_t gpa, uint64_t end)
{
	return gpa < a->end && a->from < end;
}

#endif
