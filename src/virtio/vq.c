#include "vq.h"

#include <string.h>

#define RING_IDX	2U		/* offset of an index: 2.7.6 */

#define INLINE		inline __attribute__((always_inline))
#define COLD		__attribute__((noinline))

enum walk {
	WALK_OK,
	WALK_BAD,			/* malformed: goes back with length 0 */
	WALK_LOOP			/* the queue is broken */
};

static size_t
avail_bytes(const struct vq *vq)
{
	return VQ_ENTRIES + 2 * (size_t)vq->size + (vq->event_idx ? 2 : 0);
}

static size_t
used_bytes(const struct vq *vq)
{
	return VQ_ENTRIES + VQ_USED_ELEM * (size_t)vq->size +
	    (vq->event_idx ? 2 : 0);
}

void
vq_reset(struct vq *vq, uint16_t max)
{
	memset(vq, 0, sizeof(*vq));
	vq->max = max;
	vq->size = max;
}

int
vq_areas_ok(const struct vq *vq, const struct gmem *gm)
{
	if (vq->size == 0 || (vq->desc & 15) != 0 || (vq->avail & 1) != 0 ||
	    (vq->used & 3) != 0)
		return -1;
	if (vq->desc == 0 || vq->avail == 0 || vq->used == 0)
		return -1;
	if (gm_hva(gm, vq->desc, VRING_DESC_SIZE * (size_t)vq->size) == NULL ||
	    gm_hva(gm, vq->avail, avail_bytes(vq)) == NULL ||
	    gm_hva(gm, vq->used, used_bytes(vq)) == NULL)
		return -1;
	return 0;
}

/*
 * Reads the available index.  The acquire pairs with the driver's release:
 * it wrote ring entries and descriptors first and the index last, so all
 * that this value covers is visible behind this load (2.7.13.3).
 */
static int
read_index(struct vq_work *w)
{
	struct vq *vq = w->vq;
	uint16_t idx;

	idx = gm_load16(w->gm, &w->avail, RING_IDX);
	if ((uint16_t)(idx - vq->last_avail) > vq->size) {
		vq->broken = 1;
		return -1;
	}
	w->limit = idx;
	return 0;
}

/*
 * How far the hot path may go: to the end of what was offered or of what one
 * look takes, whichever comes first; nowhere when somebody listens.
 */
static inline void
set_until(struct vq_work *w)
{
	uint16_t at = w->vq->last_avail;

	if (w->gm->tap != NULL)
		w->until = at;
	else if ((uint16_t)(w->stop - at) < (uint16_t)(w->limit - at))
		w->until = w->stop;
	else
		w->until = w->limit;
}

/* A window, with luck in the range where the last thing was found. */
static inline int
window(struct vq_work *w, uint64_t gpa, size_t len, struct gm_win *win)
{
	uint64_t off = gpa - w->hot.gpa;

	if (VQ_UNLIKELY(off >= w->hot.len ||
	    (uint64_t)len - 1 >= w->hot.len - off))
		return gm_window(w->gm, gpa, len, win);
	win->p = w->hot.hva + off;
	win->gpa = gpa;
	win->len = len;
	return 0;
}

int
vq_begin(struct vq *vq, struct gmem *gm, struct vq_work *w)
{
	const struct gm_range *r;
	size_t len = VRING_DESC_SIZE * (size_t)vq->size;

	if (!vq->enabled || vq->broken)
		return -1;
	w->vq = vq;
	w->gm = gm;
	if ((r = gm_range_of(gm, vq->desc, len)) != NULL)
		w->hot = *r;
	if (r == NULL || window(w, vq->desc, len, &w->desc) == -1 ||
	    window(w, vq->avail, avail_bytes(vq), &w->avail) == -1 ||
	    window(w, vq->used, used_bytes(vq), &w->used) == -1) {
		vq->broken = 1;
		return -1;
	}
	w->published = vq->used_idx;
	w->stop = (uint16_t)(vq->last_avail + vq->size);
	w->armed = 0;
	w->more = 0;
	w->malformed = 0;
	if (read_index(w) == -1)
		return -1;
	set_until(w);
	return 0;
}

/*
 * Tells the driver from which entry on it shall kick, then looks again.  The
 * fence keeps the store before the load: without it the driver could add an
 * entry, read the old event and not kick, while we read the old index.
 */
static int
rearm(struct vq_work *w)
{
	struct vq *vq = w->vq;

	if (vq->event_idx && !(w->armed && w->event == vq->last_avail)) {
		gm_store16(w->gm, &w->used, VQ_ENTRIES +
		    VQ_USED_ELEM * (size_t)vq->size, vq->last_avail);
		w->event = vq->last_avail;
		w->armed = 1;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	return read_index(w);
}

/*
 * Appends a segment that is not, or not all, in the range of the one before:
 * the place behind it, or NULL when a byte of it is not mapped.
 */
static COLD struct iovec *
borrow_segment(struct vq_work *w, uint64_t gpa, uint32_t len,
    struct iovec *v)
{
	const struct gm_range *r;
	int n;

	if (len == 0)
		return v;
	n = gm_borrow(w->gm, gpa, len, v, (int)(w->iov + VQ_SEGMAX - v));
	if (n < 0)
		return NULL;
	if ((r = gm_range_of(w->gm, gpa, 1)) != NULL)
		w->hot = *r;
	return v + n;
}

static INLINE struct iovec *
add_segment(struct vq_work *w, uint64_t gpa, uint32_t len, struct iovec *v)
{
	uint64_t off = gpa - w->hot.gpa;

	if (VQ_UNLIKELY(!vq_in_range(w, off, len)))
		return borrow_segment(w, gpa, len, v);
	if (VQ_UNLIKELY(v == w->iov + VQ_SEGMAX))
		return NULL;
	v->iov_base = w->hot.hva + off;
	v->iov_len = len;
	return v + 1;
}

static INLINE struct vq_desc
fetch_desc(struct vq_work *w, const struct gm_win *table, unsigned i,
    int tapped)
{
	size_t off = (size_t)i * VRING_DESC_SIZE;
	uint8_t raw[VRING_DESC_SIZE];
	struct vq_desc d;

	d.addr = gm_once64(table->p + off);
	d.rest = gm_once64(table->p + off + 8);
	if (tapped) {
		le64_put(raw, d.addr);
		le64_put(raw + 8, d.rest);
		w->gm->tap->load(w->gm->taparg, table->gpa + off, raw,
		    sizeof(raw));
		d.addr = le64_get(raw);
		d.rest = le64_get(raw + 8);
	}
	return d;
}

/*
 * Goes into an indirect table: 2.7.5.3.  One level, nothing behind it, whole
 * descriptors; the WRITE flag here has no meaning.
 */
static inline int
enter_table(struct vq_work *w, const struct vq_desc *d, struct gm_win *table)
{
	uint32_t len = vq_desc_len(d);

	if (!w->vq->indirect || (vq_desc_flags(d) & VRING_DESC_NEXT) != 0 ||
	    len % VRING_DESC_SIZE != 0 || len / VRING_DESC_SIZE > VQ_SEGMAX)
		return -1;
	return window(w, d->addr, len, table);
}

/* How far a walk has come. */
struct walked {
	struct iovec	*v;		/* behind the last segment */
	uint64_t	 len;		/* bytes so far */
	unsigned	 side;		/* VRING_DESC_WRITE behind the middle */
};

static enum walk walk_inner(struct vq_work *, struct vq_chain *,
    struct vq_desc, struct walked *);
static enum walk walk_inner_tapped(struct vq_work *, struct vq_chain *,
    struct vq_desc, struct walked *);

static INLINE enum walk
walk_end(struct vq_work *w, struct vq_chain *c, const struct walked *at)
{
	struct iovec *mid = at->v;

	if (VQ_UNLIKELY(at->len > UINT32_MAX))
		return WALK_BAD;
	if (at->side != 0)
		mid = c->w;
	else {
		c->w = mid;
		c->rlen = (uint32_t)at->len;
	}
	c->wlen = (uint32_t)at->len - c->rlen;
	c->r = w->iov;
	c->nr = (int)(mid - w->iov);
	c->nw = (int)(at->v - mid);
	return WALK_OK;
}

/*
 * One pass over a table from descriptor d on, which is fetched.  Readable
 * segments come first: c->w and c->rlen are set when a writable one comes by.
 */
static INLINE enum walk
walk_table(struct vq_work *w, struct vq_chain *c, const struct gm_win *table,
    struct vq_desc d, struct walked at, int tapped)
{
	const int nested = table != &w->desc;
	unsigned entries = nested ? (unsigned)(table->len / VRING_DESC_SIZE) :
	    w->vq->size;
	unsigned steps = entries, i;

	for (;; d = fetch_desc(w, table, i, tapped)) {
		if ((vq_desc_flags(&d) & (VRING_DESC_WRITE |
		    VRING_DESC_INDIRECT)) != at.side) {
			if (VQ_HAS(d, VRING_DESC_INDIRECT)) {
				struct walked copy = at;

				if (nested)
					return WALK_BAD;
				return tapped ?
				    walk_inner_tapped(w, c, d, &copy) :
				    walk_inner(w, c, d, &copy);
			}
			if (VQ_UNLIKELY(at.side != 0))
				return WALK_BAD;
			at.side = VRING_DESC_WRITE;
			c->w = at.v;
			c->rlen = (uint32_t)at.len;
		}
		at.len += vq_desc_len(&d);
		at.v = add_segment(w, d.addr, vq_desc_len(&d), at.v);
		if (VQ_UNLIKELY(at.v == NULL))
			return WALK_BAD;
		if ((vq_desc_flags(&d) & VRING_DESC_NEXT) == 0)
			return walk_end(w, c, &at);
		i = vq_desc_next(&d);
		if (VQ_UNLIKELY(i >= entries))
			return WALK_BAD;
		if (VQ_UNLIKELY(--steps == 0))
			return WALK_LOOP;
	}
}

static INLINE enum walk
walk_indirect(struct vq_work *w, struct vq_chain *c, struct vq_desc d,
    const struct walked *at, int tapped)
{
	struct gm_win table;

	if (enter_table(w, &d, &table) == -1)
		return WALK_BAD;
	return walk_table(w, c, &table, fetch_desc(w, &table, 0, tapped), *at,
	    tapped);
}

static COLD enum walk
walk_inner(struct vq_work *w, struct vq_chain *c, struct vq_desc d,
    struct walked *at)
{
	return walk_indirect(w, c, d, at, 0);
}

static COLD enum walk
walk_inner_tapped(struct vq_work *w, struct vq_chain *c, struct vq_desc d,
    struct walked *at)
{
	return walk_indirect(w, c, d, at, 1);
}

/* The chain at head; VQ_EMPTY when it was malformed and went back. */
static INLINE enum vq_result
take_chain(struct vq_work *w, struct vq_chain *c, unsigned head,
    struct vq_desc d, int tapped)
{
	const struct walked start = { .v = w->iov };
	enum walk res;

	c->gm = w->gm;
	c->head = (uint16_t)head;
	c->written = 0;
	res = walk_table(w, c, &w->desc, d, start, tapped);
	if (VQ_LIKELY(res == WALK_OK))
		return VQ_CHAIN;
	if (res == WALK_LOOP)
		return vq_next_bad(w);
	w->malformed++;
	vq_done(w, c);
	return VQ_EMPTY;
}

enum vq_result
vq_next_bad(struct vq_work *w)
{
	w->vq->broken = 1;
	return VQ_BROKEN;
}

enum vq_result
vq_next_long(struct vq_work *w, struct vq_chain *c, unsigned head,
    struct vq_desc d)
{
	enum vq_result res = take_chain(w, c, head, d, 0);

	return VQ_UNLIKELY(res == VQ_EMPTY) ? vq_next_slow(w, c) : res;
}

/* What the next entry leads to; VQ_EMPTY when that went back. */
static INLINE enum vq_result
take_entry(struct vq_work *w, struct vq_chain *c, int tapped)
{
	struct vq *vq = w->vq;
	size_t off = VQ_ENTRIES +
	    2 * (size_t)(vq->last_avail & (vq->size - 1U));
	unsigned head;
	uint8_t raw[2];

	le16_put(raw, (uint16_t)gm_once16(w->avail.p + off));
	if (tapped)
		w->gm->tap->load(w->gm->taparg, w->avail.gpa + off, raw, 2);
	head = le16_get(raw);
	if (head >= vq->size)
		return vq_next_bad(w);
	vq->last_avail++;
	return take_chain(w, c, head,
	    fetch_desc(w, &w->desc, head, tapped), tapped);
}

enum vq_result
vq_next_slow(struct vq_work *w, struct vq_chain *c)
{
	struct vq *vq = w->vq;
	enum vq_result res;

	do {
		if (vq->last_avail == w->limit) {
			if (rearm(w) == -1)
				return VQ_BROKEN;
			if (vq->last_avail == w->limit)
				return VQ_EMPTY;
		}
		if (vq->last_avail == w->stop) {
			w->more = 1;
			return VQ_EMPTY;
		}
		if (w->gm->tap == NULL)
			res = take_entry(w, c, 0);
		else
			res = take_entry(w, c, 1);
		set_until(w);
	} while (res == VQ_EMPTY);
	return res;
}

void
vq_done_tapped(struct vq_work *w, const struct vq_chain *c)
{
	struct vq *vq = w->vq;
	uint8_t elem[VQ_USED_ELEM];

	le64_put(elem, c->head | (uint64_t)c->written << 32);
	gm_put(w->gm, &w->used, VQ_ENTRIES +
	    VQ_USED_ELEM * (size_t)(vq->used_idx & (vq->size - 1U)), elem,
	    sizeof(elem));
	vq->used_idx++;
}

void
vq_undo(struct vq_work *w)
{
	w->vq->last_avail--;
	w->until = w->vq->last_avail;
}

int
vq_waiting(struct vq_work *w)
{
	if (w->vq->last_avail == w->limit && rearm(w) == -1)
		return -1;
	return w->vq->last_avail != w->limit;
}

void
vq_stop(struct vq_work *w)
{
	w->more = 1;
	w->stop = w->until = w->vq->last_avail;
}

/* 2.7.10: has the index moved over the event since the last time? */
static int
crossed(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

int
vq_end(struct vq_work *w)
{
	struct vq *vq = w->vq;
	uint16_t before = w->published, event;

	if (vq->event_idx && !vq->broken &&
	    !(w->armed && w->event == vq->last_avail))
		gm_store16(w->gm, &w->used, VQ_ENTRIES +
		    VQ_USED_ELEM * (size_t)vq->size, vq->last_avail);
	if (vq->used_idx == before)
		return 0;
	/* Release: the elements are visible before the index covers them. */
	gm_store16(w->gm, &w->used, RING_IDX, vq->used_idx);
	w->published = vq->used_idx;
	/*
	 * The driver writes its wish and then reads our index; we wrote the
	 * index and now read the wish.  Full fence, or both miss the other.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!vq->event_idx)
		return (gm_load16(w->gm, &w->avail, 0) &
		    VRING_AVAIL_NO_IRQ) == 0;
	event = gm_load16(w->gm, &w->avail,
	    VQ_ENTRIES + 2 * (size_t)vq->size);
	return crossed(event, vq->used_idx, before);
}
