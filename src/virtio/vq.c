#include "vq.h"

#include <string.h>

/* Offsets in the rings: 2.7.6, 2.7.8. */
#define RING_IDX	2
#define RING_ENTRIES	4
#define USED_ELEM	8

#define LIKELY(x)	__builtin_expect(!!(x), 1)
#define UNLIKELY(x)	__builtin_expect(!!(x), 0)

enum walk {
	WALK_OK,
	WALK_BAD,			/* malformed: goes back with length 0 */
	WALK_LOOP			/* the queue is broken */
};

static size_t
avail_bytes(const struct vq *vq)
{
	return RING_ENTRIES + 2 * (size_t)vq->size + (vq->event_idx ? 2 : 0);
}

static size_t
used_bytes(const struct vq *vq)
{
	return RING_ENTRIES + USED_ELEM * (size_t)vq->size +
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

int
vq_begin(struct vq *vq, struct gmem *gm, struct vq_work *w)
{
	if (!vq->enabled || vq->broken)
		return -1;
	w->vq = vq;
	w->gm = gm;
	if (gm_window(gm, vq->desc, VRING_DESC_SIZE * (size_t)vq->size,
	    &w->desc) == -1 ||
	    gm_window(gm, vq->avail, avail_bytes(vq), &w->avail) == -1 ||
	    gm_window(gm, vq->used, used_bytes(vq), &w->used) == -1) {
		vq->broken = 1;
		return -1;
	}
	w->hot = gm->range[0];
	w->published = vq->used_idx;
	w->budget = vq->size;
	w->armed = 0;
	w->more = 0;
	w->malformed = 0;
	return read_index(w);
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
		gm_store16(w->gm, &w->used, RING_ENTRIES +
		    USED_ELEM * (size_t)vq->size, vq->last_avail);
		w->event = vq->last_avail;
		w->armed = 1;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	return read_index(w);
}

/* Appends a segment as host vectors; -1 when a byte of it is not mapped. */
static int
add_segment(struct vq_work *w, uint64_t gpa, uint32_t len, int *n)
{
	uint64_t off = gpa - w->hot.gpa;
	unsigned i;
	int k;

	if (UNLIKELY(off >= w->hot.len || len > w->hot.len - off)) {
		k = gm_borrow(w->gm, gpa, len, w->iov + *n, VQ_SEGMAX - *n);
		if (k < 0)
			return -1;
		*n += k;
		for (i = 0; i < w->gm->n; i++)
			if (gpa - w->gm->range[i].gpa < w->gm->range[i].len)
				w->hot = w->gm->range[i];
		return 0;
	}
	if (*n == VQ_SEGMAX)
		return -1;
	w->iov[*n].iov_base = w->hot.hva + off;
	w->iov[*n].iov_len = len;
	*n += 1;
	return 0;
}

struct desc {
	uint64_t	addr;
	uint32_t	len;
	uint16_t	flags;
	uint16_t	next;
};

static inline void
fetch_desc(struct vq_work *w, const struct gm_win *table, unsigned i,
    struct desc *d)
{
	uint8_t raw[VRING_DESC_SIZE];
	uint64_t tail;

	gm_fetch(w->gm, table, (size_t)i * VRING_DESC_SIZE, raw, sizeof(raw));
	d->addr = le64_get(raw);
	tail = le64_get(raw + 8);
	d->len = (uint32_t)tail;
	d->flags = (uint16_t)(tail >> 32);
	d->next = (uint16_t)(tail >> 48);
}

/*
 * Goes into an indirect table: 2.7.5.3.  One level, nothing behind it, whole
 * descriptors; the WRITE flag here has no meaning.
 */
static int
enter_table(struct vq_work *w, const struct desc *d, struct gm_win *table)
{
	if (!w->vq->indirect || (d->flags & VRING_DESC_NEXT) != 0 ||
	    d->len % VRING_DESC_SIZE != 0 ||
	    d->len / VRING_DESC_SIZE > VQ_SEGMAX)
		return -1;
	return gm_window(w->gm, d->addr, d->len, table);
}

static enum walk
walk_chain(struct vq_work *w, unsigned i, struct vq_chain *c)
{
	const struct gm_win *table = &w->desc;
	unsigned entries = w->vq->size, steps = entries;
	uint64_t rlen = 0, wlen = 0;
	struct gm_win inner;
	int n = 0, nr = -1;
	struct desc d;

	for (;;) {
		if (UNLIKELY(steps-- == 0))
			return WALK_LOOP;
		fetch_desc(w, table, i, &d);
		if (UNLIKELY((d.flags & VRING_DESC_INDIRECT) != 0)) {
			if (table == &inner || enter_table(w, &d, &inner) == -1)
				return WALK_BAD;
			table = &inner;
			entries = steps = d.len / VRING_DESC_SIZE;
			i = 0;
			continue;
		}
		if ((d.flags & VRING_DESC_WRITE) != 0) {
			if (nr < 0)
				nr = n;
			wlen += d.len;
		} else {
			if (UNLIKELY(nr >= 0))
				return WALK_BAD;
			rlen += d.len;
		}
		if (LIKELY(d.len != 0) &&
		    UNLIKELY(add_segment(w, d.addr, d.len, &n) == -1))
			return WALK_BAD;
		if ((d.flags & VRING_DESC_NEXT) == 0)
			break;
		i = d.next;
		if (UNLIKELY(i >= entries))
			return WALK_BAD;
	}
	if (UNLIKELY(rlen + wlen > UINT32_MAX))
		return WALK_BAD;
	if (nr < 0)
		nr = n;
	c->r = w->iov;
	c->nr = nr;
	c->w = w->iov + nr;
	c->nw = n - nr;
	c->rlen = (uint32_t)rlen;
	c->wlen = (uint32_t)wlen;
	return WALK_OK;
}

enum vq_result
vq_next(struct vq_work *w, struct vq_chain *c)
{
	struct vq *vq = w->vq;
	unsigned mask = vq->size - 1U;
	uint8_t raw[2];
	uint16_t head;

	for (;;) {
		if (vq->last_avail == w->limit) {
			if (rearm(w) == -1)
				return VQ_BROKEN;
			if (vq->last_avail == w->limit)
				return VQ_EMPTY;
		}
		if (UNLIKELY(w->budget == 0)) {
			w->more = 1;
			return VQ_EMPTY;
		}
		w->budget--;
		gm_fetch(w->gm, &w->avail,
		    RING_ENTRIES + 2 * (size_t)(vq->last_avail & mask), raw, 2);
		head = le16_get(raw);
		if (UNLIKELY(head >= vq->size)) {
			vq->broken = 1;
			return VQ_BROKEN;
		}
		c->gm = w->gm;
		c->head = head;
		c->written = 0;
		vq->last_avail++;
		switch (walk_chain(w, head, c)) {
		case WALK_OK:
			return VQ_CHAIN;
		case WALK_LOOP:
			vq->broken = 1;
			return VQ_BROKEN;
		case WALK_BAD:
			w->malformed++;
			vq_done(w, c);
			break;
		}
	}
}

void
vq_done(struct vq_work *w, const struct vq_chain *c)
{
	struct vq *vq = w->vq;
	uint8_t elem[USED_ELEM];

	le32_put(elem, c->head);
	le32_put(elem + 4, c->written);
	gm_put(w->gm, &w->used, RING_ENTRIES +
	    USED_ELEM * (size_t)(vq->used_idx & (vq->size - 1U)), elem,
	    sizeof(elem));
	vq->used_idx++;
}

void
vq_undo(struct vq_work *w)
{
	w->vq->last_avail--;
	w->budget++;
}

void
vq_stop(struct vq_work *w)
{
	w->more = 1;
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
		gm_store16(w->gm, &w->used, RING_ENTRIES +
		    USED_ELEM * (size_t)vq->size, vq->last_avail);
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
	    RING_ENTRIES + 2 * (size_t)vq->size);
	return crossed(event, vq->used_idx, before);
}
