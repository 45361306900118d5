#include "vq.h"

#include <string.h>

#define RING_IDX	2U		/* offset of an index: 2.7.6 */

#define COLD		__attribute__((noinline))

enum walked {
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

/* Whether a span lies in one range, with luck in r. */
static VQ_INLINE int
lies_in(const struct gmem *gm, const struct gm_range *r, uint64_t gpa,
    size_t len)
{
	uint64_t off = gpa - r->gpa;

	return (off < r->len && len <= r->len - off) ||
	    gm_range_of(gm, gpa, len) != NULL;
}

int
vq_areas_ok(const struct vq *vq, const struct gmem *gm)
{
	const struct gm_range *r;

	if (vq->size == 0 || (vq->desc & 15) != 0 || (vq->avail & 1) != 0 ||
	    (vq->used & 3) != 0)
		return -1;
	if (vq->desc == 0 || vq->avail == 0 || vq->used == 0)
		return -1;
	r = gm_range_of(gm, vq->desc, VRING_DESC_SIZE * (size_t)vq->size);
	return r != NULL && lies_in(gm, r, vq->avail, avail_bytes(vq)) &&
	    lies_in(gm, r, vq->used, used_bytes(vq)) ? 0 : -1;
}

/* ------------------------------------------------------- laps of the rings */

static VQ_INLINE const uint8_t *
first_entry(const struct vq_work *w)
{
	return w->avail.p + VQ_ENTRIES;
}

static VQ_INLINE uint8_t *
first_elem(const struct vq_work *w)
{
	return w->used.p + VQ_ENTRIES;
}

/* The index of the next entry to take. */
static VQ_INLINE unsigned
index_at(const struct vq_work *w)
{
	return w->taken + (unsigned)(w->next - first_entry(w)) / VQ_AVAIL_ELEM;
}

/* The index of the next used element to fill. */
static VQ_INLINE unsigned
index_done(const struct vq_work *w)
{
	return w->filled + (unsigned)(w->fill - first_elem(w)) / VQ_USED_ELEM;
}

static void
begin_laps(struct vq_work *w)
{
	unsigned at = w->vq->last_avail, done = w->vq->used_idx;

	w->next = first_entry(w) + VQ_AVAIL_ELEM * (size_t)(at & w->mask);
	w->taken = at & ~w->mask;
	w->fill = first_elem(w) + VQ_USED_ELEM * (size_t)(done & w->mask);
	w->filled = done & ~w->mask;
}

/*
 * How far the hot path may go: to the end of what was offered, of what one
 * look takes or of the ring, whichever comes first; nowhere when somebody
 * listens or when a walk through the whole table may be more than a chain can
 * have.
 */
static VQ_INLINE void
set_until(struct vq_work *w)
{
	unsigned end = w->stop < w->limit ? w->stop : w->limit;
	unsigned lap = w->taken + w->mask + 1;

	w->until = w->next;
	if (w->tapped || w->mask >= VQ_SEGMAX)
		return;
	w->until = first_entry(w) +
	    VQ_AVAIL_ELEM * (size_t)((end < lap ? end : lap) - w->taken);
}

/* The same for used elements: to the end of the ring. */
static VQ_INLINE void
set_full(struct vq_work *w)
{
	w->full = w->tapped ? w->fill :
	    first_elem(w) + VQ_USED_ELEM * ((size_t)w->mask + 1);
}

/* ------------------------------------------------------------------ looks */

/*
 * Reads the available index.  The load pairs with the driver's release:
 * it wrote ring entries and descriptors first and the index last, so all
 * that this value covers is visible behind this load (2.7.13.3).
 */
static int
read_index(struct vq_work *w)
{
	uint16_t idx = gm_load16(w->gm, &w->avail, RING_IDX), ahead;

	ahead = (uint16_t)(idx - index_at(w));
	if (ahead > w->mask + 1) {
		w->vq->broken = 1;
		return -1;
	}
	w->limit = index_at(w) + ahead;
	return 0;
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
		vq_copy_range(&w->hot, r);
	if (r == NULL || window(w, vq->desc, len, &w->desc) == -1 ||
	    window(w, vq->avail, avail_bytes(vq), &w->avail) == -1 ||
	    window(w, vq->used, used_bytes(vq), &w->used) == -1) {
		vq->broken = 1;
		return -1;
	}
	w->mask = vq->size - 1U;
	w->table.p = w->desc.p;
	w->table.last = w->mask;
	w->table.end = w->iov + w->mask;
	begin_laps(w);
	w->stop = (unsigned)vq->last_avail + vq->size;
	w->published = vq->used_idx;
	w->armed = 0;
	w->tapped = gm->tap != NULL;
	w->more = 0;
	w->malformed = 0;
	if (read_index(w) == -1)
		return -1;
	set_until(w);
	set_full(w);
	return 0;
}

static void
store_event(struct vq_work *w)
{
	w->event = (uint16_t)index_at(w);
	gm_store16(w->gm, &w->used, VQ_ENTRIES +
	    VQ_USED_ELEM * (size_t)w->vq->size, w->event);
}

/*
 * Tells the driver from which entry on it shall kick, then looks again, in
 * this order: else the driver could add an entry, read the old event and not
 * kick, while we read the old index.
 */
static int
rearm(struct vq_work *w)
{
	/* An index that was bad may be good by now: that heals nothing. */
	if (w->vq->broken)
		return -1;
	if (w->vq->event_idx &&
	    !(w->armed && w->event == (uint16_t)index_at(w))) {
		store_event(w);
		w->armed = 1;
	}
	return read_index(w);
}

/*
 * Appends a segment that is not, or not all, in the range of the one before:
 * the place behind it, or NULL when a byte of it is not mapped.
 */
static COLD struct iovec *
borrow_segment(struct vq_work *w, const struct vq_desc *d, struct iovec *v)
{
	const struct gm_range *r;
	int n;

	if (d->len == 0)
		return v;
	n = gm_borrow(w->gm, d->addr, d->len, v,
	    (int)(w->iov + VQ_SEGMAX - v));
	if (n < 0)
		return NULL;
	if ((r = gm_range_of(w->gm, d->addr, 1)) != NULL)
		vq_copy_range(&w->hot, r);
	return v + n;
}

static VQ_INLINE struct iovec *
add_segment(struct vq_work *w, const struct vq_desc *d, struct iovec *v)
{
	uint64_t off = d->addr - w->hot.gpa;

	if (VQ_UNLIKELY(!vq_in_range(w, off, d->len)))
		return borrow_segment(w, d, v);
	if (VQ_UNLIKELY(v == w->iov + VQ_SEGMAX))
		return NULL;
	v->iov_base = w->hot.hva + off;
	v->iov_len = d->len;
	return v + 1;
}

static VQ_INLINE struct vq_desc
fetch_desc(struct vq_work *w, const struct gm_win *table, unsigned i,
    int tapped)
{
	size_t off = (size_t)i * VRING_DESC_SIZE;
	struct vq_desc d = vq_fetch(table->p + off);

	if (tapped) {
		le64_put(w->raw, d.addr);
		le32_put(w->raw + 8, (uint32_t)d.len);
		le32_put(w->raw + 12, d.bits);
		w->gm->tap->load(w->gm->taparg, table->gpa + off, w->raw,
		    VRING_DESC_SIZE);
		d = vq_fetch(w->raw);
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
	if (!w->vq->indirect || VQ_HAS(d, VRING_DESC_NEXT) ||
	    d->len % VRING_DESC_SIZE != 0 ||
	    d->len / VRING_DESC_SIZE > VQ_SEGMAX)
		return -1;
	return window(w, d->addr, d->len, table);
}

static enum walked walk_inner(struct vq_work *, struct vq_walk *,
    const struct vq_desc *, int tapped);

/* The readable side ends here. */
static VQ_INLINE void
walk_turn(struct vq_walk *k)
{
	k->mid = k->v;
	k->rlen = k->len;
}

static VQ_INLINE enum walked
walk_end(struct vq_walk *k)
{
	if (k->side == 0)
		walk_turn(k);
	return WALK_OK;
}

/* One pass over a table from descriptor d on, which is fetched. */
static VQ_INLINE enum walked
walk_table(struct vq_work *w, struct vq_walk *k, const struct gm_win *table,
    struct vq_desc d, int tapped)
{
	const int nested = table != &w->desc;
	unsigned entries = (unsigned)(table->len / VRING_DESC_SIZE);

	for (;; d = fetch_desc(w, table, VQ_NEXT(&d), tapped)) {
		if (!VQ_SIDE(&d, k->side)) {
			if (VQ_HAS(&d, VRING_DESC_INDIRECT))
				return nested ? WALK_BAD :
				    walk_inner(w, k, &d, tapped);
			if (VQ_UNLIKELY(k->side != 0))
				return WALK_BAD;
			k->side = VRING_DESC_WRITE;
			walk_turn(k);
		}
		k->len += d.len;
		k->v = add_segment(w, &d, k->v);
		if (VQ_UNLIKELY(k->v == NULL))
			return WALK_BAD;
		if (!VQ_HAS(&d, VRING_DESC_NEXT))
			return walk_end(k);
		if (VQ_UNLIKELY(VQ_NEXT(&d) >= entries))
			return WALK_BAD;
		if (VQ_UNLIKELY(k->steps-- == 0))
			return WALK_LOOP;
	}
}

static VQ_INLINE enum walked
walk_indirect(struct vq_work *w, struct vq_walk *k, const struct vq_desc *d,
    int tapped)
{
	struct gm_win table;

	if (enter_table(w, d, &table) == -1)
		return WALK_BAD;
	k->steps = (unsigned)(table.len / VRING_DESC_SIZE) - 1;
	return walk_table(w, k, &table, fetch_desc(w, &table, 0, tapped),
	    tapped);
}

static COLD enum walked
walk_inner(struct vq_work *w, struct vq_walk *k, const struct vq_desc *d,
    int tapped)
{
	struct vq_walk copy;		/* in registers */
	enum walked r;

	if (tapped)
		return walk_indirect(w, k, d, 1);
	copy = *k;
	r = walk_indirect(w, &copy, d, 0);
	*k = copy;
	return r;
}

enum vq_result
vq_next_bad(struct vq_work *w)
{
	w->vq->broken = 1;
	return VQ_BROKEN;
}

/* VQ_EMPTY when the chain was malformed and went back. */
static enum vq_result
walk_ended(struct vq_work *w, const struct vq_walk *k, enum walked r)
{
	struct vq_chain none = { .head = (uint16_t)k->head };

	if (r == WALK_LOOP)
		return vq_next_bad(w);
	if (r == WALK_BAD || k->len > UINT32_MAX) {
		w->malformed++;
		vq_done(w, &none);
		return VQ_EMPTY;
	}
	vq_copy_walk(&w->walk, k);
	return VQ_CHAIN;
}

enum vq_result
vq_next_refused(struct vq_work *w, unsigned head)
{
	struct vq_walk k = { .head = head };

	(void)walk_ended(w, &k, WALK_BAD);
	return vq_next_slow(w);
}

/* What the hot path leaves of a chain; each segment was one descriptor. */
static enum walked
walk_rest(struct vq_work *w, struct vq_walk *k, const struct gm_win *table,
    const struct vq_desc *d)
{
	k->side = k->v != k->mid ? VRING_DESC_WRITE : 0;
	k->steps = (unsigned)(table->len / VRING_DESC_SIZE) - 1 -
	    (unsigned)(k->v - w->iov);
	return walk_table(w, k, table, *d, 0);
}

enum vq_result
vq_next_table(struct vq_work *w, unsigned head, uint64_t addr, uint64_t len,
    uint32_t bits)
{
	struct vq_desc d = { addr, len, bits };
	struct vq_table t;
	struct gm_win win;
	struct vq_walk k;
	enum walked r = WALK_OK;
	enum vq_result res;

	if (enter_table(w, &d, &win) == -1)
		return vq_next_refused(w, head);
	t.p = win.p;
	t.last = (unsigned)(win.len / VRING_DESC_SIZE) - 1;
	t.end = w->iov + t.last;
	d = vq_fetch(win.p);
	if (!vq_walk(w, &t, &k, &d))
		r = walk_rest(w, &k, &win, &d);
	k.head = head;
	res = walk_ended(w, &k, r);
	return res == VQ_EMPTY ? vq_next_slow(w) : res;
}

enum vq_result
vq_next_on(struct vq_work *w, const struct vq_walk *so_far,
    const struct vq_desc *d)
{
	struct vq_walk k = *so_far;
	enum vq_result res;

	res = walk_ended(w, &k, walk_rest(w, &k, &w->desc, d));
	return res == VQ_EMPTY ? vq_next_slow(w) : res;
}

/* What the next entry leads to; VQ_EMPTY when that went back. */
static VQ_INLINE enum vq_result
take_entry(struct vq_work *w, int tapped)
{
	struct vq_walk k = { .v = w->iov, .steps = w->mask };
	enum walked r;

	k.head = gm_once16(w->next);
	if (tapped)
		k.head = gm_load16_tapped(w->gm, w->avail.gpa +
		    (size_t)(w->next - w->avail.p), (uint16_t)k.head);
	if (k.head > w->mask)
		return vq_next_bad(w);
	w->next += VQ_AVAIL_ELEM;
	r = walk_table(w, &k, &w->desc,
	    fetch_desc(w, &w->desc, k.head, tapped), tapped);
	return walk_ended(w, &k, r);
}

/* Behind the last entry of the ring comes the first one. */
static void
next_lap(struct vq_work *w)
{
	if (w->next != first_entry(w) + VQ_AVAIL_ELEM * ((size_t)w->mask + 1))
		return;
	w->next = first_entry(w);
	w->taken += w->mask + 1;
}

enum vq_result
vq_next_slow(struct vq_work *w)
{
	enum vq_result res;

	do {
		next_lap(w);
		if (index_at(w) == w->limit) {
			if (rearm(w) == -1)
				return VQ_BROKEN;
			if (index_at(w) == w->limit)
				return VQ_EMPTY;
		}
		if (index_at(w) == w->stop) {
			w->more = 1;
			return VQ_EMPTY;
		}
		res = w->tapped ? take_entry(w, 1) : take_entry(w, 0);
		set_until(w);
	} while (res == VQ_EMPTY);
	return res;
}

void
vq_done_slow(struct vq_work *w, unsigned head, uint32_t len)
{
	if (w->fill == first_elem(w) + VQ_USED_ELEM * ((size_t)w->mask + 1)) {
		w->fill = first_elem(w);
		w->filled += w->mask + 1;
	}
	le32_put(w->raw, head);
	le32_put(w->raw + 4, len);
	gm_put(w->gm, &w->used, (size_t)(w->fill - w->used.p), w->raw,
	    VQ_USED_ELEM);
	w->fill += VQ_USED_ELEM;
	set_full(w);
}

void
vq_undo(struct vq_work *w)
{
	if (w->next == first_entry(w)) {
		w->next += VQ_AVAIL_ELEM * ((size_t)w->mask + 1);
		w->taken -= w->mask + 1;
	}
	w->next -= VQ_AVAIL_ELEM;
	w->until = w->next;
}

int
vq_waiting(struct vq_work *w)
{
	if (w->vq->broken || (index_at(w) == w->limit && rearm(w) == -1))
		return -1;
	return index_at(w) != w->limit;
}

void
vq_stop(struct vq_work *w)
{
	w->more = 1;
	w->stop = index_at(w);
	w->until = w->next;
}

int
vq_yield(struct vq_work *w)
{
	if (vq_waiting(w) != 1)
		return 0;
	vq_stop(w);
	return 1;
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

	vq->last_avail = (uint16_t)index_at(w);
	vq->used_idx = (uint16_t)index_done(w);
	if (vq->event_idx && !vq->broken &&
	    !(w->armed && w->event == vq->last_avail))
		store_event(w);
	if (vq->used_idx == before)
		return 0;
	/* Ordered: the elements are visible before the index covers them. */
	gm_store16(w->gm, &w->used, RING_IDX, vq->used_idx);
	w->published = vq->used_idx;
	/*
	 * The driver writes its wish and then reads our index; we wrote the
	 * index and now read the wish: in this order, or both miss the other.
	 */
	if (!vq->event_idx)
		return (gm_load16(w->gm, &w->avail, 0) &
		    VRING_AVAIL_NO_IRQ) == 0;
	event = gm_load16(w->gm, &w->avail,
	    VQ_ENTRIES + 2 * (size_t)vq->size);
	return crossed(event, vq->used_idx, before);
}
