/*
 * The hot path of vq.h: direct chains of plain segments, without a tap.
 *
 * It is inlined into the loops of devices, keeps what it found in registers,
 * and leaves for vq.c with what it has read so far: nothing is read twice.
 * It leaves at an entry that needs thought (an end, a lap, a tap), at an
 * indirect descriptor, at one that breaks the order, at a segment that is
 * empty or not, or not all, in the range where the last one was.
 */
#ifndef VQ_HOT_H
#define VQ_HOT_H

#include "vq.h"

#define VQ_ENTRIES	4U		/* offset of ring entries: 2.7.6 */
#define VQ_AVAIL_ELEM	2U
#define VQ_USED_ELEM	8U		/* bytes of a used element: 2.7.8 */

#define VQ_LIKELY(x)	__builtin_expect(!!(x), 1)
#define VQ_UNLIKELY(x)	__builtin_expect(!!(x), 0)
#define VQ_INLINE	inline __attribute__((always_inline))

/* A descriptor, fetched: each field by one load. */
struct vq_desc {
	uint64_t	addr;
	uint64_t	len;
	uint32_t	bits;		/* flags, next */
};

#define VQ_HAS(d, flags)	(((d)->bits & (flags)) != 0)
#define VQ_NEXT(d)		((d)->bits >> 16)
/* A descriptor of that side (0, VRING_DESC_WRITE) and no indirect one. */
#define VQ_SIDE(d, side)						\
	(((d)->bits & (VRING_DESC_WRITE | VRING_DESC_INDIRECT)) == (side))

/*
 * All leave a chain in work->walk: of the next entry; of what a first
 * descriptor, an indirect one, leads to; of d on, which is not taken yet.
 */
enum vq_result vq_next_slow(struct vq_work *);
enum vq_result vq_next_table(struct vq_work *, unsigned head, uint64_t addr,
	    uint64_t len, uint32_t bits);
enum vq_result vq_next_on(struct vq_work *, const struct vq_walk *,
	    const struct vq_desc *);
/* The queue is broken; or this chain goes back, and the next one comes. */
enum vq_result vq_next_bad(struct vq_work *);
enum vq_result vq_next_refused(struct vq_work *, unsigned head);
/* Where the ring ends, or somebody listens. */
void	vq_done_slow(struct vq_work *, unsigned head, uint32_t len);

/* Copies, so that the walk itself can stay in registers. */
static VQ_INLINE enum vq_result
vq_walk_on(struct vq_work *w, struct vq_walk k, struct vq_desc d)
{
	return vq_next_on(w, &k, &d);
}

static VQ_INLINE struct vq_desc
vq_fetch(const uint8_t *p)
{
	struct vq_desc d;

	d.addr = gm_once64(p);
	d.len = gm_once32(p + 8);
	d.bits = gm_once32(p + 12);
	return d;
}

/*
 * Copies, field by field: where accesses are checked a copy of the whole is a
 * call.
 */
static VQ_INLINE void
vq_copy_range(struct gm_range *to, const struct gm_range *from)
{
	to->gpa = from->gpa;
	to->len = from->len;
	to->hva = from->hva;
}

/* Of a walk that is over. */
static VQ_INLINE void
vq_copy_walk(struct vq_walk *to, const struct vq_walk *from)
{
	to->v = from->v;
	to->mid = from->mid;
	to->len = from->len;
	to->rlen = from->rlen;
	to->head = from->head;
}

/* Whether a segment is not empty and all in the range of the last one. */
static VQ_INLINE int
vq_in_range(const struct vq_work *w, uint64_t off, uint64_t len)
{
	uint64_t end = off + len;

	return VQ_LIKELY(end <= w->hot.len) && VQ_LIKELY(end > off);
}

/*
 * Takes descriptors of one side from d on.  1 when the chain ends, 0 when d
 * is not taken: it is of the other side, or not plain, or what it points to
 * breaks a rule.
 */
static VQ_INLINE int
vq_walk_side(struct vq_work *w, const struct vq_table *t, struct vq_walk *k,
    struct vq_desc *d, unsigned side)
{
	uint64_t off = d->addr - w->hot.gpa;

	while (VQ_SIDE(d, side) && vq_in_range(w, off, d->len)) {
		k->v->iov_base = w->hot.hva + off;
		k->v->iov_len = d->len;
		if (!VQ_HAS(d, VRING_DESC_NEXT)) {
			k->v++;
			k->len += d->len;
			return 1;
		}
		if (VQ_UNLIKELY(VQ_NEXT(d) > t->last) ||
		    VQ_UNLIKELY(k->v == t->end))
			break;
		k->v++;
		k->len += d->len;
		*d = vq_fetch(t->p + VRING_DESC_SIZE * (size_t)VQ_NEXT(d));
		off = d->addr - w->hot.gpa;
	}
	return 0;
}

/* Takes a chain from its first segment d on; likewise. */
static VQ_INLINE int
vq_walk(struct vq_work *w, const struct vq_table *t, struct vq_walk *k,
    struct vq_desc *d)
{
	int done;

	k->v = w->iov;
	k->len = 0;
	done = vq_walk_side(w, t, k, d, 0);
	k->mid = k->v;
	k->rlen = k->len;
	return done || vq_walk_side(w, t, k, d, VRING_DESC_WRITE);
}

/* The chain of several segments, or not a plain one, that begins with d. */
static VQ_INLINE enum vq_result
vq_take_long(struct vq_work *w, struct vq_walk *k, struct vq_desc d)
{
	enum vq_result r;

	if (VQ_HAS(&d, VRING_DESC_INDIRECT))
		r = vq_next_table(w, k->head, d.addr, d.len, d.bits);
	else if (VQ_UNLIKELY(!vq_walk(w, &w->table, k, &d)))
		r = vq_walk_on(w, *k, d);
	else if (VQ_UNLIKELY(k->len > UINT32_MAX))
		r = vq_next_refused(w, k->head);
	else
		return VQ_CHAIN;
	vq_copy_walk(k, &w->walk);
	return r;
}

/* The chain of the one segment d. */
static VQ_INLINE void
vq_walk_one(struct vq_work *w, struct vq_walk *k, const struct vq_desc *d,
    uint64_t off)
{
	w->iov[0].iov_base = w->hot.hva + off;
	w->iov[0].iov_len = d->len;
	k->v = w->iov + 1;
	k->len = d->len;
	if (VQ_LIKELY(VQ_HAS(d, VRING_DESC_WRITE))) {
		k->mid = w->iov;
		k->rlen = 0;
	} else {
		k->mid = k->v;
		k->rlen = d->len;
	}
}

static VQ_INLINE enum vq_result
vq_take(struct vq_work *w, struct vq_walk *k)
{
	const uint8_t *entry = w->next;
	struct vq_desc d;
	uint64_t off;
	enum vq_result r;

	if (VQ_UNLIKELY(entry == w->until)) {
		r = vq_next_slow(w);
		vq_copy_walk(k, &w->walk);
		return r;
	}
	k->head = gm_once16(entry);
	if (VQ_UNLIKELY(k->head > w->mask))
		return vq_next_bad(w);
	w->next = entry + VQ_AVAIL_ELEM;
	d = vq_fetch(w->table.p + VRING_DESC_SIZE * (size_t)k->head);
	off = d.addr - w->hot.gpa;
	if (VQ_HAS(&d, VRING_DESC_NEXT | VRING_DESC_INDIRECT) ||
	    !vq_in_range(w, off, d.len))
		return vq_take_long(w, k, d);
	vq_walk_one(w, k, &d, off);
	return VQ_CHAIN;
}

static inline enum vq_result
vq_next(struct vq_work *w, struct vq_chain *c)
{
	struct vq_walk k;
	enum vq_result r;

	if ((r = vq_take(w, &k)) != VQ_CHAIN)
		return r;
	c->gm = w->gm;
	c->r = w->iov;
	c->w = k.mid;
	c->nr = k.mid - w->iov;
	c->nw = k.v - k.mid;
	c->rlen = (uint32_t)k.rlen;
	c->wlen = (uint32_t)(k.len - k.rlen);
	c->written = 0;
	c->head = (uint16_t)k.head;
	return VQ_CHAIN;
}

static inline void
vq_done(struct vq_work *w, const struct vq_chain *c)
{
	uint8_t *p = w->fill;

	if (VQ_UNLIKELY(p == w->full)) {
		vq_done_slow(w, c->head, c->written);
		return;
	}
	le32_put(p, c->head);
	le32_put(p + 4, c->written);
	w->fill = p + VQ_USED_ELEM;
}

#endif
