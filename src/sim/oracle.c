#include "oracle.h"

#include <string.h>

#include "poison.h"
#include "prng.h"

#define IDX		2
#define ENTRIES		4
/* Accesses that serving one chain may take: descriptors, bytes both ways. */
#define MAXWORK(vq)	(64U + (vq)->size + 8U * VQ_SEGMAX)

static void fail(struct oracle *, const char *, const char *)
    __attribute__((noreturn));

static void
fail(struct oracle *o, const char *kind, const char *why)
{
	o->fail(o->failarg, kind, why);
}

static void
find_loose(struct oracle *o)
{
	struct oracle_queue *a, *b;
	unsigned i, j;

	areas_none(&o->rings);
	for (i = 0; i < o->nq; i++) {
		a = &o->q[i];
		if (!a->on)
			continue;
		areas_add(&o->rings, a->vq);
		if (areas_overlap(a->vq))
			a->loose = 1;
		for (j = 0; j < i; j++) {
			b = &o->q[j];
			if (b->on && areas_meet(a->vq, b->vq))
				a->loose = b->loose = 1;
		}
	}
}

static void
close_all(struct oracle *o)
{
	o->first = o->last = 0;
	o->c = &o->chain[0];
	o->c->open = o->c->walking = 0;
}

void
oracle_reset(struct oracle *o, struct arena *a)
{
	o->arena = a;
	memset(o->q, 0, sizeof(o->q));
	o->nq = 0;
	o->cur = -1;
	close_all(o);
	o->work = 0;
	o->touched = 0;
	o->any_loose = 0;
	o->race = 0;
	o->racectr = 0;
	memset(&o->stat, 0, sizeof(o->stat));
	o->digest = 0;
}

void
oracle_begin(struct oracle *o, const struct vq *vq, unsigned nq)
{
	struct oracle_queue *q;
	unsigned i;
	int fresh = 0;

	o->nq = nq;
	o->cur = -1;
	o->work = 0;
	for (i = 0; i < nq; i++) {
		q = &o->q[i];
		q->vq = &vq[i];
		if (vq[i].enabled && !q->on) {
			memset(q, 0, sizeof(*q));
			q->vq = &vq[i];
			q->on = 1;
			q->next = q->furthest = vq[i].last_avail;
			q->used = q->told = vq[i].used_idx;
			q->broken = vq[i].broken;
			fresh = 1;
		} else if (!vq[i].enabled)
			q->on = 0;
		q->taken = 0;
		q->looks = 0;
		q->want = 0;
		q->undone = 0;
	}
	/* What made a queue loose ends with the queue. */
	o->any_loose = 0;
	if (fresh)
		find_loose(o);
	for (i = 0; i < nq; i++)
		o->any_loose |= o->q[i].on && o->q[i].loose;
	o->stat.loose += o->any_loose != 0;
}

static struct oracle_queue *
current(struct oracle *o)
{
	return &o->q[o->cur];
}

/* Open chains go back to the ring unserved. */
static void
undo(struct oracle *o)
{
	struct oracle_queue *q = current(o);
	unsigned i;

	if (!o->c->open)
		return;
	for (i = o->first; i < o->last; i++)
		if (o->chain[i].wpos != 0 || o->chain[i].bad ||
		    o->chain[i].stuck)
			fail(o, "lost", "a chain was taken and neither served "
			    "nor left alone");
	q->next -= (uint16_t)(o->last - o->first);
	q->putback = o->chain[o->first].rpos;
	q->undone = 1;
	close_all(o);
}

/* A chain is no longer open; it is the oldest or the newest. */
static void
close_one(struct oracle *o, struct oracle_chain *c)
{
	c->open = 0;
	if (c == &o->chain[o->first])
		o->first++;
	else
		o->last--;
	if (o->first == o->last)
		close_all(o);
	else
		o->c = &o->chain[o->last - 1];
}

/* Whether the device may take another chain now. */
static int
may_take(const struct oracle *o)
{
	if (!o->c->open)
		return 1;
	return o->last - o->first < o->most && o->last < ORACLE_OPEN &&
	    !o->c->walking && !o->c->bad && o->chain[o->first].wpos == 0;
}

static int
one_range(const struct arena *a, uint64_t gpa, uint64_t len)
{
	return arena_at(a, gpa, len) != NULL;
}

static void
fetched(struct oracle *o, enum oracle_fetch what, int again)
{
	o->stat.loads[what]++;
	o->stat.again[what] += again != 0;
}

static void
load_index(struct oracle *o, unsigned i, uint16_t idx)
{
	struct oracle_queue *q;

	/* Who may hold several looks for more while it holds some. */
	if (o->cur >= 0 && o->c->open && (o->most == 0 || o->cur != (int)i))
		undo(o);
	o->cur = (int)i;
	o->work = 0;
	q = current(o);
	fetched(o, ORACLE_INDEX, q->looks++ > 0);
	q->limit = idx;
	if ((uint16_t)(idx - q->next) > q->vq->size)
		q->broken = 1;
}

static void
load_entry(struct oracle *o, uint16_t head)
{
	struct oracle_queue *q = current(o);
	int again = q->next != q->furthest;
	struct oracle_chain *c;

	if (q->next == q->limit)
		fail(o, "entry", "an available entry was read that no index "
		    "covers");
	if (++q->taken > q->vq->size)
		fail(o, "work", "more chains in one message than the queue "
		    "holds");
	o->work = 0;
	q->next++;
	q->furthest += !again;
	fetched(o, ORACLE_ENTRY, again);
	if (head >= q->vq->size) {
		q->broken = 1;
		return;
	}
	c = o->c = &o->chain[o->last++];
	memset(c, 0, offsetof(struct oracle_chain, r));
	c->stuck = c != &o->chain[o->first] && c[-1].stuck;
	c->open = 1;
	c->again = again;
	c->rknown = again ? q->putback : 0;
	q->putback = 0;
	c->walking = 1;
	c->head = head;
	c->table = q->vq->desc;
	c->entries = q->vq->size;
	c->next = head;
}

static void
end_walk(struct oracle_chain *c, int bad)
{
	c->walking = 0;
	c->bad = bad || c->rlen + c->wlen > UINT32_MAX;
}

/*
 * Memory of a chain that lies in the rings, of whatever queue: what is read
 * and written there may be this or that.
 */
static void
note_memory(struct oracle *o, uint64_t gpa, uint64_t end)
{
	unsigned i;

	if (!areas_near(&o->rings, gpa, end))
		return;
	for (i = 0; i < o->nq; i++)
		if (o->q[i].on && areas_hold(o->q[i].vq, gpa, end))
			o->q[i].loose = current(o)->loose = o->any_loose = 1;
}

static void
load_indirect(struct oracle *o, uint64_t addr, uint32_t len, unsigned flags)
{
	struct oracle_chain *c = o->c;

	if (c->nested || !current(o)->vq->indirect ||
	    (flags & VRING_DESC_NEXT) != 0 || len == 0 || len % 16 != 0 ||
	    len / 16 > VQ_SEGMAX || !one_range(o->arena, addr, len)) {
		end_walk(c, 1);
		return;
	}
	note_memory(o, addr, addr + len);
	c->nested = 1;
	c->table = addr;
	c->entries = len / 16;
	c->steps = 0;
	c->next = 0;
}

/* Notes a segment; 0 when it breaks a rule. */
static int
note_segment(struct oracle *o, uint64_t addr, uint32_t len, int writable)
{
	struct oracle_chain *c = o->c;
	struct iovec iov[ARENA_RANGES];
	int n;

	if (writable)
		c->wseen = 1;
	else if (c->wseen)
		return 0;
	if (writable)
		c->wlen += len;
	else
		c->rlen += len;
	if (len == 0)
		return 1;
	n = arena_at(o->arena, addr, len) != NULL ? 1 :
	    gm_borrow(&o->arena->gm, addr, len, iov, ARENA_RANGES);
	if (n < 0 || (c->pieces += (unsigned)n) > VQ_SEGMAX)
		return 0;
	note_memory(o, addr, addr + len);
	if (writable)
		c->w[c->nw++] = (struct oracle_seg){ addr, len };
	else
		c->r[c->nr++] = (struct oracle_seg){ addr, len };
	return 1;
}

static void
load_desc(struct oracle *o, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct oracle_chain *c = o->c;
	unsigned flags;

	if (len != 16 || gpa != c->table + 16 * (uint64_t)c->next)
		fail(o, "walk", "a load that is not the next descriptor");
	c->steps++;
	fetched(o, ORACLE_DESC, c->again);
	flags = le16_get(data + 12);
	if ((flags & VRING_DESC_INDIRECT) != 0) {
		load_indirect(o, le64_get(data), le32_get(data + 8), flags);
		return;
	}
	if (!note_segment(o, le64_get(data), le32_get(data + 8),
	    (flags & VRING_DESC_WRITE) != 0)) {
		end_walk(c, 1);
		return;
	}
	c->next = le16_get(data + 14);
	if ((flags & VRING_DESC_NEXT) == 0)
		end_walk(c, 0);
	else if (c->next >= c->entries)
		end_walk(c, 1);
	else if (c->steps == c->entries) {
		c->walking = 0;
		close_one(o, c);
		current(o)->broken = 1;
	}
}

/* Moves a cursor over a span that must be what comes next. */
static int
advance(const struct oracle_seg *s, unsigned n, unsigned *i, uint32_t *off,
    uint64_t gpa, size_t len)
{
	if (*i < n && *off == s[*i].len) {
		(*i)++;
		*off = 0;
	}
	if (*i >= n || gpa != s[*i].gpa + *off || len > s[*i].len - *off)
		return 0;
	*off += (uint32_t)len;
	return 1;
}

static void
keep(uint8_t *to, uint64_t pos, const uint8_t *from, size_t len)
{
	if (pos < ORACLE_BYTES)
		memcpy(to + pos, from,
		    len < ORACLE_BYTES - pos ? len : ORACLE_BYTES - pos);
}

static void
load_payload(struct oracle *o, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct oracle_chain *c = o->c;

	if (!c->open || c->bad)
		fail(o, "read", "memory was read that belongs to no chain "
		    "under way");
	if (!advance(c->r, c->nr, &c->ri, &c->roff, gpa, len))
		fail(o, "read", "readable bytes were read twice, out of order "
		    "or beyond their end");
	fetched(o, ORACLE_PAYLOAD, c->rpos < c->rknown);
	keep(c->req, c->rpos, data, len);
	c->rpos += len;
}

/* The driver's wish is read after the used index was published. */
static int
load_wish(struct oracle_queue *q, uint64_t gpa, uint16_t v)
{
	const struct vq *vq = q->vq;

	if (!q->wish_due)
		return 0;
	if (vq->event_idx) {
		if (gpa != vq->avail + ENTRIES + 2 * (uint64_t)vq->size)
			return 0;
		q->want |= (uint16_t)(q->told - v - 1) <
		    (uint16_t)(q->told - q->before);
	} else {
		if (gpa != vq->avail)
			return 0;
		q->want |= (v & VRING_AVAIL_NO_IRQ) == 0;
	}
	q->wish_due = 0;
	return 1;
}

static uint64_t
entry_at(const struct vq *vq, uint16_t i)
{
	return vq->avail + ENTRIES + 2 * (uint64_t)(i & (vq->size - 1));
}

static int
load_ring(struct oracle *o, uint64_t gpa, const uint8_t *data)
{
	const struct vq *vq;
	unsigned i;

	for (i = 0; i < o->nq; i++)
		if (o->q[i].on && gpa == o->q[i].vq->avail + IDX) {
			load_index(o, i, le16_get(data));
			return 1;
		}
	if (o->cur < 0)
		return 0;
	if (load_wish(current(o), gpa, le16_get(data)))
		return 1;
	vq = current(o)->vq;
	if (may_take(o) && gpa == entry_at(vq, current(o)->next)) {
		load_entry(o, le16_get(data));
		return 1;
	}
	if (o->most > 0 && o->c->open && gpa == entry_at(vq,
	    (uint16_t)(current(o)->next - (o->last - o->first)))) {
		undo(o);
		load_entry(o, le16_get(data));
		return 1;
	}
	return 0;
}

/* The guest changes its mind about bytes that were just read. */
static void
race(struct oracle *o, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct prng r = { o->racectr++ * 0x10001 + o->raceseed };
	uint64_t v = prng_next(&r);
	uint8_t *p;

	p = gm_hva(&o->arena->gm, gpa, len);
	if (p == NULL || p == data || v % 8 >= o->race)
		return;
	arena_touch(o->arena, gpa, len);
	p[(v >> 8) % len] ^= (uint8_t)(v >> 32 | 1);
}

static void
count_work(struct oracle *o)
{
	o->touched = 1;
	if (o->cur >= 0 && ++o->work > MAXWORK(current(o)->vq))
		fail(o, "work", "too many accesses for one chain");
}

static void
on_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	struct oracle *o = arg;

	count_work(o);
	if (!o->any_loose) {
		if (o->c->open && o->c->walking)
			load_desc(o, gpa, data, len);
		else if (len != 2 || !load_ring(o, gpa, data))
			load_payload(o, gpa, data, len);
	}
	if (o->race != 0)
		race(o, gpa, data, len);
}

static void
store_elem(struct oracle *o, const uint8_t *data)
{
	struct oracle_queue *q = current(o);
	struct oracle_chain *c = o->c->bad ? o->c : &o->chain[o->first];
	uint32_t used = le32_get(data + 4);
	unsigned i;

	if (!c->open || c->walking)
		fail(o, "used", "a chain was completed that was not taken");
	if (le32_get(data) != c->head)
		fail(o, "used", "completed under another head than offered");
	if (used != c->wpos)
		fail(o, "length", "used length is not the number of bytes "
		    "stored");
	close_one(o, c);
	q->used++;
	if (c->bad) {
		/* Those before it cannot be left alone any more. */
		for (i = o->first; i < o->last; i++)
			o->chain[i].stuck = 1;
		o->stat.refused++;
		return;
	}
	o->stat.done++;
	if (o->complete != NULL)
		o->complete(o->completearg, (unsigned)o->cur, c, used);
}

static void
store_index(struct oracle *o, uint16_t v)
{
	struct oracle_queue *q = current(o);

	if (v != q->used)
		fail(o, "used", "used index does not cover what was "
		    "completed");
	if (q->wish_due)
		fail(o, "irq", "published again without a look at the wish");
	q->before = q->told;
	q->told = v;
	q->wish_due = 1;
}

static void
store_event(struct oracle *o, uint16_t v)
{
	struct oracle_queue *q = current(o);

	if (o->c->open && v == (uint16_t)(q->next - (o->last - o->first)))
		undo(o);
	if (!q->broken && v != q->next)
		fail(o, "event", "avail_event is not the next entry");
}

static void
store_payload(struct oracle *o, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct oracle_chain *c = &o->chain[o->first];

	if (!c->open || c->bad || c->walking)
		fail(o, "write", "memory was written that belongs to no chain "
		    "under way");
	if (!advance(c->w, c->nw, &c->wi, &c->woff, gpa, len))
		fail(o, "write", "bytes were stored twice, out of order or "
		    "beyond the writable ones");
	keep(c->rsp, c->wpos, data, len);
	c->wpos += len;
}

/* Mixes a store into the digest of the run. */
static void
remember(struct oracle *o, uint64_t gpa, const uint8_t *data, size_t len)
{
	uint64_t v = 0;

	if (len == 8)
		v = le64_get(data);
	else if (len == 2)
		v = le16_get(data);
	else if (len < 8) {
		memcpy(&v, data, len);
		v = LE_SWAP64(v);
	} else
		v = LE_SWAP64(digest_of(data, len));
	v ^= gpa << 24 | len;
	o->digest = (o->digest ^ v) * 0x9e3779b97f4a7c15ULL;
	o->digest ^= o->digest >> 29;
}

static void
on_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct oracle *o = arg;
	const struct vq *vq;

	count_work(o);
	check_value(data, len);
	arena_touch(o->arena, gpa, len);
	remember(o, gpa, data, len);
	if (o->any_loose)
		return;
	if (o->cur < 0)
		fail(o, "write", "memory was written while no queue was "
		    "looked at");
	vq = current(o)->vq;
	if (gpa == vq->used + ENTRIES +
	    8 * (uint64_t)(current(o)->used & (vq->size - 1)) && len == 8)
		store_elem(o, data);
	else if (gpa == vq->used + IDX && len == 2)
		store_index(o, le16_get(data));
	else if (vq->event_idx && len == 2 &&
	    gpa == vq->used + ENTRIES + 8 * (uint64_t)vq->size)
		store_event(o, le16_get(data));
	else
		store_payload(o, gpa, data, len);
}

const struct gm_tap oracle_tap = { on_load, on_store };

static void
end_queue(struct oracle *o, struct oracle_queue *q, int reset)
{
	if (q->used != q->told && q->on)
		fail(o, "used", "completed chains were not published");
	if (q->wish_due)
		fail(o, "irq", "published without a look at the wish");
	if (q->broken && q->on && !reset)
		fail(o, "reset", "a broken queue did not ask for a reset");
}

void
oracle_end(struct oracle *o, int reset, int isr, int fresh)
{
	unsigned i;
	int want = 0;

	if (oracle_blind(o)) {
		close_all(o);
		return;
	}
	if (o->c->open && (o->c->walking || o->cur < 0))
		fail(o, "walk", "the walk of a chain was left in the middle");
	if (o->cur >= 0)
		undo(o);
	for (i = 0; i < o->nq; i++) {
		o->q[i].on &= o->q[i].vq->enabled;
		end_queue(o, &o->q[i], reset);
		want |= o->q[i].want;
	}
	if (want && !isr)
		fail(o, "irq", "an interrupt is missing");
	if (!want && fresh)
		fail(o, "irq", "an interrupt without cause");
}

void
oracle_drained(struct oracle *o, unsigned i)
{
	struct oracle_queue *q = &o->q[i];
	uint8_t b[2];

	if (oracle_blind(o) || o->race != 0 || !q->on || q->broken || q->undone)
		return;
	if (arena_peek(o->arena, q->vq->avail + IDX, b, 2) == -1)
		return;
	if (le16_get(b) != q->next)
		fail(o, "lost", "chains were left behind");
}
