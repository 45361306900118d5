/*
 * The simulated driver: expands SETUP and CHAIN into what a guest does, the
 * correct way or, where a flag says so, one of the incorrect ways.
 */
#include <string.h>

#include "sim.h"

#define QUEUE_ROOM	0x1000		/* for the rings of one queue */
#define DATA_BASE	ARENA_SIZE	/* buffers: the second range, */
#define HIGH_BASE	(ARENA_HIGH + 0x3000)	/* or the end of the third */
#define HIGH_END	(ARENA_HIGH + ARENA_SIZE)
#define UNMAPPED	0x80000000ULL

/* Bits of trace_setup.layout. */
#define LAYOUT_HIGH	0x01		/* rings above 4 GiB */
#define LAYOUT_END	0x02		/* the used ring ends where memory ends */
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
sim_place(struct sim_ring *r, unsigned q, unsigned layout, unsigned flags)
{
	uint64_t desc = 16 * (uint64_t)r->size;
	uint64_t avail = 6 + 2 * (uint64_t)r->size;
	uint64_t used = 6 + 8 * (uint64_t)r->size;
	uint64_t base = 0x400;

	if ((layout & LAYOUT_HIGH) != 0)
		base += ARENA_HIGH;
	if ((layout & LAYOUT_OVER) == 0)
		base += (uint64_t)q * QUEUE_ROOM;
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
}

static void
wr(struct sim *s, unsigned off, unsigned width, uint64_t v)
{
	sim_write(s, VIODEV_COMMON, off, width, v);
}

static void
wr64(struct sim *s, unsigned off, uint64_t v)
{
	wr(s, off, 4, v & 0xffffffff);
	wr(s, off + 4, 4, v >> 32);
}

static void
setup_queue(struct sim *s, const struct trace_setup *set, unsigned q)
{
	struct sim_ring *r = &s->ring[q];
	uint64_t max;

	memset(r, 0, sizeof(*r));
	wr(s, VIRTIO_QUEUE_SELECT, 2, q);
	max = sim_read(s, VIODEV_COMMON, VIRTIO_QUEUE_SIZE, 2);
	if (max == 0 || max > VRING_MAXSIZE)
		return;
	if (set->qlog != 0 && set->qlog < 16 && 1U << set->qlog <= max) {
		max = 1U << set->qlog;
		wr(s, VIRTIO_QUEUE_SIZE, 2, max);
	}
	r->size = (uint16_t)max;
	sim_place(r, q, set->layout, set->flags);
	wr64(s, VIRTIO_QUEUE_DESC, r->desc);
	wr64(s, VIRTIO_QUEUE_DRIVER, r->avail);
	wr64(s, VIRTIO_QUEUE_DEVICE, r->used);
	if (q < 8 && (set->off & 1U << q) != 0)
		return;
	wr(s, VIRTIO_QUEUE_ENABLE, 2, 1);
}

static void
setup_legacy(struct sim *s, const struct trace_setup *set)
{
	unsigned space = VIODEV_LEGACY;

	sim_write(s, space, VIRTIO_L_DEVICE_STATUS, 1, 0);
	sim_write(s, space, VIRTIO_L_DEVICE_STATUS, 1, VIRTIO_S_ACKNOWLEDGE);
	(void)sim_read(s, space, VIRTIO_L_DEVICE_FEATURES, 4);
	sim_write(s, space, VIRTIO_L_DRIVER_FEATURES, 4, set->features);
	if ((set->flags & TRACE_SETUP_NODRVOK) == 0)
		sim_write(s, space, VIRTIO_L_DEVICE_STATUS, 1,
		    VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER |
		    VIRTIO_S_DRIVER_OK);
}

/* The initialization sequence of 3.1.1. */
void
sim_setup(struct sim *s, const struct trace_setup *set)
{
	uint8_t st = VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER;
	uint64_t features;
	unsigned q, n;

	if (virtio_class(sim_virtio(s))->legacy) {
		setup_legacy(s, set);
		return;
	}
	wr(s, VIRTIO_DEVICE_STATUS, 1, 0);
	wr(s, VIRTIO_DEVICE_STATUS, 1, VIRTIO_S_ACKNOWLEDGE);
	wr(s, VIRTIO_DEVICE_STATUS, 1, st);
	wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, 0);
	features = sim_read(s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE, 4);
	wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, 1);
	features |= sim_read(s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE, 4) << 32;
	features &= set->features | VIRTIO_F_VERSION_1;
	if ((set->flags & TRACE_SETUP_LEGACY) != 0)
		features &= ~VIRTIO_F_VERSION_1;
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, features & 0xffffffff);
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, features >> 32);
	st |= VIRTIO_S_FEATURES_OK;
	wr(s, VIRTIO_DEVICE_STATUS, 1, st);
	n = (unsigned)sim_read(s, VIODEV_COMMON, VIRTIO_NUM_QUEUES, 2);
	for (q = 0; q < n && q < ORACLE_MAXQ; q++)
		setup_queue(s, set, q);
	if ((set->flags & TRACE_SETUP_NODRVOK) == 0)
		wr(s, VIRTIO_DEVICE_STATUS, 1, st | VIRTIO_S_DRIVER_OK);
}

/* Takes len bytes for a buffer or a table; which: 0 low, 1 high memory. */
static uint64_t
take(struct sim *s, unsigned which, uint64_t len, unsigned align)
{
	uint64_t base = which ? HIGH_BASE : DATA_BASE;
	uint64_t end = which ? HIGH_END : (uint64_t)2 * ARENA_SIZE - 0x400;
	uint64_t gpa = (s->bump[which] + align - 1) / align * align;

	if (gpa < base || gpa > end || len > end - gpa)
		gpa = base;
	s->bump[which] = gpa + (len < end - base ? len : end - base);
	return gpa;
}

struct segment {
	uint64_t	gpa;
	uint32_t	len;
	uint8_t		flags;
};

static struct segment
segment_at(struct sim *s, const struct trace_chain *c, unsigned i,
    const struct segment *before)
{
	const uint8_t *raw = c->segs + i * TRACE_SEG_SIZE;
	const struct sim_ring *r = &s->ring[c->queue];
	struct segment g = { .flags = raw[0], .len = le16_get(raw + 2) };
	uint8_t arg = raw[1];

	if ((g.flags & TRACE_SEG_HUGE) != 0)
		g.len <<= 16;
	if ((g.flags & TRACE_SEG_UNMAPPED) != 0)
		g.gpa = arg < 128 ? UNMAPPED + arg : UINT64_MAX - (arg & 127);
	else if ((g.flags & TRACE_SEG_EDGE) != 0)
		g.gpa = (arg & 1 ? HIGH_END : (uint64_t)2 * ARENA_SIZE) -
		    arg % 64;
	else if ((g.flags & TRACE_SEG_SAME) != 0 && before != NULL)
		g.gpa = before->gpa;
	else if ((g.flags & TRACE_SEG_RING) != 0)
		g.gpa = (arg & 1 ? r->used : arg & 2 ? r->avail : r->desc) +
		    arg / 4;
	else if ((arg & 3) == 3 && g.len <= 0x400)
		g.gpa = ARENA_SIZE - g.len / 2;
	else
		g.gpa = take(s, (arg & 3) == 2, g.len, 1U << (arg >> 2 & 3));
	return g;
}

/* Puts what the driver has to say into the readable segments. */
static void
fill(struct sim *s, const struct trace_chain *c, const struct segment *g,
    size_t *pos)
{
	uint8_t buf[256];
	size_t i, n, done = 0;

	if ((g->flags & TRACE_SEG_WRITE) != 0 || g->len > ARENA_SIZE)
		return;
	for (; done < g->len; done += n) {
		n = g->len - done < sizeof(buf) ? g->len - done : sizeof(buf);
		for (i = 0; i < n; i++, (*pos)++)
			buf[i] = *pos < c->ndata ? c->data[*pos] :
			    (uint8_t)(*pos * 7 + s->record);
		(void)arena_poke(&s->arena, g->gpa + done, buf, n);
	}
}

static void
put_desc(struct sim *s, uint64_t table, unsigned i, const struct segment *g,
    unsigned flags, unsigned next)
{
	uint8_t d[VRING_DESC_SIZE];

	le64_put(d, g->gpa);
	le32_put(d + 8, g->len);
	le16_put(d + 12, (uint16_t)flags);
	le16_put(d + 14, (uint16_t)next);
	(void)arena_poke(&s->arena, table + (uint64_t)i * VRING_DESC_SIZE, d,
	    sizeof(d));
}

/* What the last descriptor of a chain says. */
static void
end_flags(const struct trace_chain *c, const struct sim_ring *r,
    unsigned first, unsigned *flags, unsigned *next)
{
	if ((c->flags & TRACE_CHAIN_LOOP) != 0) {
		*flags |= VRING_DESC_NEXT;
		*next = first;
	} else if ((c->flags & TRACE_CHAIN_BADNEXT) != 0) {
		*flags |= VRING_DESC_NEXT;
		*next = r->size + c->nsegs;
	}
}

/* Writes the descriptors and returns the head. */
static unsigned
put_chain(struct sim *s, const struct trace_chain *c)
{
	struct sim_ring *r = &s->ring[c->queue];
	int indirect = (c->flags & TRACE_CHAIN_INDIRECT) != 0;
	unsigned i, first = indirect && (c->flags & TRACE_CHAIN_MIXED) != 0;
	unsigned head = r->free, d = head, flags, next, slot;
	struct segment g, before = { 0 }, in;
	uint64_t table = r->desc;
	size_t pos = 0;

	for (i = 0; i < c->nsegs || (indirect && i == 0); i++) {
		if (indirect && i == first) {
			in.len = (c->nsegs - i) * VRING_DESC_SIZE;
			in.gpa = table = take(s, 1, in.len, 16);
			put_desc(s, r->desc, d, &in, VRING_DESC_INDIRECT |
			    (first ? VRING_DESC_WRITE : 0), 0);
			d = (d + 1) & (r->size - 1U);
			if (c->nsegs == 0)
				break;
		}
		g = segment_at(s, c, i, i > 0 ? &before : NULL);
		fill(s, c, &g, &pos);
		before = g;
		flags = (g.flags & TRACE_SEG_WRITE) != 0 ? VRING_DESC_WRITE : 0;
		if ((g.flags & TRACE_SEG_NEST) != 0)
			flags |= VRING_DESC_INDIRECT;
		slot = table == r->desc ? d : i - first;
		next = table == r->desc ? (d + 1) & (r->size - 1U) : slot + 1;
		if (i + 1 < c->nsegs)
			flags |= VRING_DESC_NEXT;
		else
			end_flags(c, r, table == r->desc ? head : 0, &flags,
			    &next);
		put_desc(s, table, slot, &g, flags, next);
		if (table == r->desc)
			d = (d + 1) & (r->size - 1U);
	}
	r->free = (uint16_t)d;
	return head;
}

static void
offer(struct sim *s, struct sim_ring *r, unsigned head)
{
	uint16_t slot = (uint16_t)(r->idx + r->held) & (uint16_t)(r->size - 1);
	uint8_t b[2];

	le16_put(b, (uint16_t)head);
	(void)arena_poke(&s->arena, r->avail + 4 + 2 * (uint64_t)slot, b, 2);
	r->held++;
}

static void
publish(struct sim *s, struct sim_ring *r)
{
	uint8_t b[2];

	r->idx = (uint16_t)(r->idx + r->held);
	r->held = 0;
	le16_put(b, r->idx);
	(void)arena_poke(&s->arena, r->avail + 2, b, 2);
}

void
sim_chain(struct sim *s, const struct trace_chain *in)
{
	struct trace_chain c = *in;
	struct sim_ring *r;
	unsigned head;

	c.queue %= ORACLE_MAXQ;
	r = &s->ring[c.queue];
	if (r->size == 0) {
		c.queue = 0;
		r = &s->ring[0];
	}
	if (r->size != 0 && c.nsegs != 0) {
		head = put_chain(s, &c);
		if ((c.flags & TRACE_CHAIN_BADHEAD) != 0)
			head = r->size + c.nsegs;
		offer(s, r, head);
		if ((c.flags & TRACE_CHAIN_TWICE) != 0)
			offer(s, r, head);
		if ((c.flags & TRACE_CHAIN_HOLD) == 0)
			publish(s, r);
	}
	if ((c.flags & TRACE_CHAIN_KICK) != 0)
		sim_write(s, VIODEV_NOTIFY, 0, 2, c.queue);
}
