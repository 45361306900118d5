#include "guest.h"

#include <string.h>

#include "virtio.h"

#define QUEUE_ROOM	0x1000		/* for the rings of one queue */
#define LATE_ROOM	0x200		/* the same from GUEST_LATE on */
#define DATA_BASE	ARENA_SIZE	/* buffers: the second range, */
#define HIGH_BASE	(ARENA_HIGH + 0x3000)	/* or the end of the third */
#define HIGH_END	(ARENA_HIGH + ARENA_SIZE)
#define UNMAPPED	0x80000000ULL

/* Bits of trace_setup.layout. */
#define LAYOUT_HIGH	0x01		/* rings above 4 GiB */
#define LAYOUT_END	0x02		/* the used ring ends with memory */
#define LAYOUT_TWISTED	0x04		/* used, avail, desc */
#define LAYOUT_ODD	0x08		/* not aligned */
#define LAYOUT_OUTSIDE	0x10		/* avail ring in no range */
#define LAYOUT_OVER	0x20		/* all queues at one place */

static uint64_t
align16(uint64_t v)
{
	return (v + 15) & ~15ULL;
}

void
guest_init(struct guest *g)
{
	size_t i;

	for (i = 0; i < GUEST_PATTERN; i++)
		g->pattern[i] = (uint8_t)(i * 7 + (i >> 8));
}

void
guest_reset(struct guest *g, struct arena *a)
{
	g->arena = a;
	memset(g->ring, 0, sizeof(g->ring));
	g->bump[0] = g->bump[1] = 0;
	g->salt = 0;
}

/* A driver brings rings that are empty, whatever lay there: 2.7.6, 2.7.8. */
static void
clear_ring(struct guest *g, const struct guest_ring *r)
{
	static const uint8_t none[4];

	(void)arena_poke(g->arena, r->avail, none, 4);
	(void)arena_poke(g->arena, r->avail + 4 + 2 * (uint64_t)r->size, none,
	    2);
	(void)arena_poke(g->arena, r->used, none, 4);
	(void)arena_poke(g->arena, r->used + 4 + 8 * (uint64_t)r->size, none,
	    2);
}

void
guest_place(struct guest *g, unsigned q, unsigned layout, unsigned flags)
{
	struct guest_ring *r = &g->ring[q];
	uint64_t desc = 16 * (uint64_t)r->size;
	uint64_t avail = 6 + 2 * (uint64_t)r->size;
	uint64_t used = 6 + 8 * (uint64_t)r->size;
	uint64_t base = 0x400;

	if ((layout & LAYOUT_HIGH) != 0)
		base += ARENA_HIGH;
	if ((layout & LAYOUT_OVER) == 0)
		base += q < GUEST_LATE ? (uint64_t)q * QUEUE_ROOM :
		    GUEST_LATE * QUEUE_ROOM +
		    (uint64_t)(q - GUEST_LATE) * LATE_ROOM;
	if ((layout & LAYOUT_TWISTED) != 0) {
		r->used = base;
		r->avail = align16(r->used + used + 2);
		r->desc = align16(r->avail + avail);
	} else {
		r->desc = base;
		r->avail = base + desc;
		r->used = align16(r->avail + avail);
	}
	if ((layout & LAYOUT_END) != 0 && q == 0)
		r->used = (((layout & LAYOUT_HIGH) != 0 ? HIGH_END :
		    (uint64_t)2 * ARENA_SIZE) - used) & ~3ULL;
	if ((flags & TRACE_SETUP_SPLIT) != 0)
		r->avail += (layout & LAYOUT_HIGH) != 0 ? -ARENA_HIGH :
		    ARENA_HIGH;
	if ((layout & LAYOUT_ODD) != 0)
		r->desc += 8;
	if ((layout & LAYOUT_OUTSIDE) != 0)
		r->avail = UNMAPPED + q;
	clear_ring(g, r);
}

/* Takes len bytes for a buffer or a table; which: 0 low, 1 high memory. */
static uint64_t
take(struct guest *g, unsigned which, uint64_t len, unsigned align)
{
	uint64_t base = which ? HIGH_BASE : DATA_BASE;
	uint64_t end = which ? HIGH_END : (uint64_t)2 * ARENA_SIZE - 0x400;
	uint64_t gpa = (g->bump[which] + align - 1) / align * align;

	if (gpa < base || gpa > end || len > end - gpa)
		gpa = base;
	g->bump[which] = gpa + (len < end - base ? len : end - base);
	return gpa;
}

struct segment {
	uint64_t	gpa;
	uint32_t	len;
	uint8_t		flags;
};

/* The i-th segment of a chain, with memory of the guest behind it. */
static struct segment
segment_at(struct guest *g, const struct trace_chain *c, unsigned i,
    const struct segment *before)
{
	const uint8_t *raw = c->segs + i * TRACE_SEG_SIZE;
	const struct guest_ring *r = &g->ring[c->queue];
	struct segment sg = { .flags = raw[0], .len = le16_get(raw + 2) };
	uint8_t arg = raw[1];

	if ((sg.flags & TRACE_SEG_HUGE) != 0)
		sg.len <<= 16;
	if ((sg.flags & TRACE_SEG_UNMAPPED) != 0)
		sg.gpa = arg < 128 ? UNMAPPED + arg : UINT64_MAX - (arg & 127);
	else if ((sg.flags & TRACE_SEG_EDGE) != 0)
		sg.gpa = (arg & 1 ? HIGH_END : (uint64_t)2 * ARENA_SIZE) -
		    arg % 64;
	else if ((sg.flags & TRACE_SEG_SAME) != 0 && i > 0)
		sg.gpa = before->gpa;
	else if ((sg.flags & TRACE_SEG_RING) != 0)
		sg.gpa = (arg & 1 ? r->used : arg & 2 ? r->avail : r->desc) +
		    arg / 4;
	else if ((arg & 3) == 3 && sg.len <= 0x400)
		sg.gpa = ARENA_SIZE - sg.len / 2;
	else
		sg.gpa = take(g, (arg & 3) == 2, sg.len,
		    1U << (arg >> 2 & 3));
	return sg;
}

/*
 * Puts what the driver has to say into a readable segment, and behind it a
 * pattern that differs from record to record.
 */
static void
fill(struct guest *g, const struct trace_chain *c, const struct segment *sg,
    size_t *pos)
{
	size_t n = 0;

	if ((sg->flags & TRACE_SEG_WRITE) != 0 || sg->len > ARENA_SIZE)
		return;
	if (*pos < c->ndata) {
		n = c->ndata - *pos < sg->len ? c->ndata - *pos : sg->len;
		(void)arena_poke(g->arena, sg->gpa, c->data + *pos, n);
	}
	if (n < sg->len)
		(void)arena_poke(g->arena, sg->gpa + n, g->pattern +
		    ((*pos + n + 7 * g->salt) & 255), sg->len - n);
	*pos += sg->len;
}

static void
put_desc(struct guest *g, uint64_t gpa, const struct segment *sg,
    unsigned flags, unsigned next)
{
	uint8_t d[VRING_DESC_SIZE];

	le64_put(d, sg->gpa);
	le32_put(d + 8, sg->len);
	le16_put(d + 12, (uint16_t)flags);
	le16_put(d + 14, (uint16_t)next);
	(void)arena_poke(g->arena, gpa, d, sizeof(d));
}

/* Where the next descriptor goes: the ring's table or an indirect one. */
struct place {
	uint64_t	table;
	unsigned	at;
	unsigned	first;		/* of this chain in this table */
	unsigned	mask;		/* the ring's table is round */
};

static uint64_t
here(const struct place *p)
{
	return p->table + (uint64_t)p->at * VRING_DESC_SIZE;
}

/* What descriptor i of a chain says beside address and length. */
static unsigned
chain_flags(const struct guest_ring *r, const struct trace_chain *c,
    unsigned i, const struct place *p, unsigned *next)
{
	uint8_t sf = c->segs[i * TRACE_SEG_SIZE];
	unsigned flags = 0;

	if ((sf & TRACE_SEG_WRITE) != 0)
		flags |= VRING_DESC_WRITE;
	if ((sf & TRACE_SEG_NEST) != 0)
		flags |= VRING_DESC_INDIRECT;
	*next = (p->at + 1) & p->mask;
	if (i + 1 < c->nsegs)
		return flags | VRING_DESC_NEXT;
	if ((c->flags & TRACE_CHAIN_LOOP) != 0) {
		flags |= VRING_DESC_NEXT;
		*next = p->first;
	} else if ((c->flags & TRACE_CHAIN_BADNEXT) != 0) {
		flags |= VRING_DESC_NEXT;
		*next = r->size + c->nsegs;
	}
	return flags;
}

/* A descriptor that points to a table for segments i and on. */
static void
go_indirect(struct guest *g, const struct trace_chain *c, unsigned i,
    struct place *p, struct guest_ring *r)
{
	struct segment t = { .len = (c->nsegs - i) * VRING_DESC_SIZE };

	t.gpa = take(g, 1, t.len, 16);
	put_desc(g, here(p), &t, VRING_DESC_INDIRECT |
	    (i & 1 ? VRING_DESC_WRITE : 0), 0);
	r->free = (uint16_t)((p->at + 1) & p->mask);
	*p = (struct place){ t.gpa, 0, 0, 0xffff };
}

/* Writes the descriptors and returns the head. */
static unsigned
put_chain(struct guest *g, const struct trace_chain *c)
{
	struct guest_ring *r = &g->ring[c->queue];
	struct place p = { r->desc, r->free, r->free, r->size - 1U };
	unsigned i, flags, next, head = r->free, turn = c->nsegs;
	struct segment sg = { 0 };
	size_t pos = 0;

	if ((c->flags & TRACE_CHAIN_INDIRECT) != 0)
		turn = (c->flags & TRACE_CHAIN_MIXED) != 0;
	for (i = 0; i < c->nsegs; i++) {
		if (i == turn)
			go_indirect(g, c, i, &p, r);
		sg = segment_at(g, c, i, &sg);
		fill(g, c, &sg, &pos);
		flags = chain_flags(r, c, i, &p, &next);
		put_desc(g, here(&p), &sg, flags, next);
		p.at = (p.at + 1) & p.mask;
	}
	if (p.table == r->desc)
		r->free = (uint16_t)p.at;
	return head;
}

static void
offer(struct guest *g, struct guest_ring *r, unsigned head)
{
	uint16_t slot = (uint16_t)(r->idx + r->held) & (uint16_t)(r->size - 1);
	uint8_t b[2];

	le16_put(b, (uint16_t)head);
	(void)arena_poke(g->arena, r->avail + 4 + 2 * (uint64_t)slot, b, 2);
	r->held++;
}

static void
publish(struct guest *g, struct guest_ring *r)
{
	uint8_t b[2];

	r->idx = (uint16_t)(r->idx + r->held);
	r->held = 0;
	le16_put(b, r->idx);
	(void)arena_poke(g->arena, r->avail + 2, b, 2);
}

unsigned
guest_chain(struct guest *g, const struct trace_chain *in)
{
	struct trace_chain c = *in;
	struct guest_ring *r;
	unsigned head;

	c.queue %= GUEST_MAXQ;
	if (g->ring[c.queue].size == 0)
		c.queue = 0;
	r = &g->ring[c.queue];
	if (r->size == 0 || c.nsegs == 0)
		return c.queue;
	head = put_chain(g, &c);
	if ((c.flags & TRACE_CHAIN_BADHEAD) != 0)
		head = r->size + c.nsegs;
	offer(g, r, head);
	if ((c.flags & TRACE_CHAIN_TWICE) != 0)
		offer(g, r, head);
	if ((c.flags & TRACE_CHAIN_HOLD) == 0)
		publish(g, r);
	return c.queue;
}
