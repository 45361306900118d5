#include "areas.h"

#define RINGS	3
#define ENTRIES	4		/* where they begin in the last two */

/* The descriptors, the avail and the used ring, with the events' words. */
static void
rings_of(const struct vq *vq, struct areas *r)
{
	uint64_t n = vq->size;

	r[0] = (struct areas){ vq->desc, vq->desc + 16 * n };
	r[1] = (struct areas){ vq->avail, vq->avail + ENTRIES + 2 * n + 2 };
	r[2] = (struct areas){ vq->used, vq->used + ENTRIES + 8 * n + 2 };
}

int
areas_hold(const struct vq *vq, uint64_t gpa, uint64_t end)
{
	struct areas r[RINGS];
	unsigned i;
	int held = 0;

	rings_of(vq, r);
	for (i = 0; i < RINGS; i++)
		held |= areas_near(&r[i], gpa, end);
	return held;
}

int
areas_meet(const struct vq *a, const struct vq *b)
{
	struct areas r[RINGS];
	unsigned i;
	int held = 0;

	rings_of(a, r);
	for (i = 0; i < RINGS; i++)
		held |= areas_hold(b, r[i].from, r[i].end);
	return held;
}

int
areas_overlap(const struct vq *vq)
{
	struct areas r[RINGS];

	rings_of(vq, r);
	return areas_near(&r[0], r[1].from, r[1].end) ||
	    areas_near(&r[0], r[2].from, r[2].end) ||
	    areas_near(&r[1], r[2].from, r[2].end);
}

void
areas_add(struct areas *all, const struct vq *vq)
{
	struct areas r[RINGS];
	unsigned i;

	rings_of(vq, r);
	for (i = 0; i < RINGS; i++) {
		if (r[i].from < all->from)
			all->from = r[i].from;
		if (r[i].end > all->end)
			all->end = r[i].end;
	}
}
