/*
 * A driver of a disk by hand: requests laid out byte for byte, on the
 * simulator, whose model of a disk judges each of them as well.
 */
#ifndef TEST_BLK_H
#define TEST_BLK_H

#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "vioblk.h"

#define BLK_OUT_GPA	ARENA_SIZE		/* the readable bytes */
#define BLK_IN_GPA	(ARENA_SIZE + 0x2000)	/* the writable ones */
#define BLK_TABLE_GPA	ARENA_HIGH		/* an indirect table */
#define BLK_BYTES	0x2000
#define BLK_NONE	(-1)			/* no room for a status */
#define BLK_CAP		64U			/* sectors */
#define BLK_V1		VIRTIO_F_VERSION_1
#define BLK_ALL		UINT64_MAX
#define BLK_CALLS	64

struct blk_seg {
	unsigned	len;
	int		write;
};

struct blk {
	struct sim	*s;
	struct host_ops	 hops;
	uint8_t		 conf[128];
	struct devconf	 c;
	uint8_t		 out[BLK_BYTES];	/* what the driver says */
	uint8_t		 in[BLK_BYTES];		/* what came back */
	uint32_t	 used;
	int		 indirect;		/* all segments in a table */
	struct blk_io	 call[BLK_CALLS];	/* what the medium was asked */
	unsigned	 ncalls;
};

static struct blk *blk_now;

static inline int
blk_watch(void *arg, struct blk_io *io)
{
	if (blk_now->ncalls < BLK_CALLS)
		blk_now->call[blk_now->ncalls++] = *io;
	return sim_host_ops.blk(arg, io);
}

/* Attached with this list of values; NULL list: BLK_CAP sectors, "serial". */
static inline void
blk_start(struct blk *b, const struct wbuf *w)
{
	struct wbuf mine;

	if (w == NULL) {
		wb_init(&mine, b->conf, sizeof(b->conf));
		devconf_put_int(&mine, DEVCONF_CAPACITY, BLK_CAP);
		devconf_put_bytes(&mine, DEVCONF_SERIAL, "serial", 6);
		w = &mine;
	}
	b->c.p = w->p;
	b->c.len = w->len;
	sim_start(b->s, &b->c);
	b->ncalls = 0;
}

static inline struct blk *
blk_new(void)
{
	struct blk *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	b->s = sim_new(&sim_vioblk);
	b->s->deep = 1;
	b->hops = sim_host_ops;
	b->hops.blk = blk_watch;
	b->s->host.ops = &b->hops;
	blk_now = b;
	return b;
}

static inline void
blk_free(struct blk *b)
{
	sim_free(b->s);
	free(b);
}

/* Brings the driver up with 128 entries a queue, from clean memory. */
static inline void
blk_up(struct blk *b, uint64_t features)
{
	static const uint8_t zero[ARENA_SIZE];
	struct trace_setup set = { 0, 7, 0, 0, features };
	unsigned i;

	sim_write(b->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	for (i = 0; i < ARENA_RANGES; i++)
		(void)arena_poke(&b->s->arena, b->s->arena.gm.range[i].gpa,
		    zero, sizeof(zero));
	sim_setup(b->s, &set);
	b->ncalls = 0;
}

static inline void
blk_header(struct blk *b, uint32_t type, uint64_t sector)
{
	le32_put(b->out, type);
	le32_put(b->out + 4, 0);
	le64_put(b->out + 8, sector);
}

static inline void
blk_desc(struct blk *b, uint64_t table, unsigned i, uint64_t gpa,
    unsigned len, unsigned flags)
{
	uint8_t d[VRING_DESC_SIZE];

	le64_put(d, gpa);
	le32_put(d + 8, len);
	le16_put(d + 12, (uint16_t)flags);
	le16_put(d + 14, (uint16_t)(i + 1));
	(void)arena_poke(&b->s->arena, table + 16 * (uint64_t)i, d,
	    sizeof(d));
}

/* Lays out a chain at the given queue and publishes it. */
static inline void
blk_offer(struct blk *b, unsigned q, const struct blk_seg *sg, unsigned n)
{
	struct guest_ring *r = &b->s->guest.ring[q];
	uint64_t table = b->indirect ? BLK_TABLE_GPA : r->desc;
	uint64_t out = BLK_OUT_GPA, in = BLK_IN_GPA;
	uint8_t two[2];
	unsigned i;

	memset(b->in, 0xee, sizeof(b->in));
	(void)arena_poke(&b->s->arena, BLK_OUT_GPA, b->out, BLK_BYTES);
	(void)arena_poke(&b->s->arena, BLK_IN_GPA, b->in, BLK_BYTES);
	for (i = 0; i < n; i++) {
		blk_desc(b, table, i, sg[i].write ? in : out, sg[i].len,
		    (sg[i].write ? VRING_DESC_WRITE : 0) |
		    (i + 1 < n ? VRING_DESC_NEXT : 0));
		if (sg[i].write)
			in += sg[i].len;
		else
			out += sg[i].len;
	}
	if (b->indirect)
		blk_desc(b, r->desc, 0, table, 16 * n, VRING_DESC_INDIRECT);
	le16_put(two, 0);
	(void)arena_poke(&b->s->arena, r->avail + 4 +
	    2 * (uint64_t)(r->idx % r->size), two, 2);
	le16_put(two, ++r->idx);
	(void)arena_poke(&b->s->arena, r->avail + 2, two, 2);
	b->ncalls = 0;
}

static inline uint16_t
blk_used_idx(struct blk *b, unsigned q)
{
	uint8_t two[2] = { 0 };

	(void)arena_peek(&b->s->arena, b->s->guest.ring[q].used + 2, two, 2);
	return le16_get(two);
}

/*
 * Offers, kicks and takes the answer: the status, BLK_NONE when nothing was
 * stored, -2 when the chain did not come back.
 */
static inline int
blk_send(struct blk *b, unsigned q, const struct blk_seg *sg, unsigned n)
{
	struct guest_ring *r = &b->s->guest.ring[q];
	unsigned i, win = 0;
	uint8_t elem[8];

	blk_offer(b, q, sg, n);
	sim_kick(b->s, q);
	if (blk_used_idx(b, q) != r->idx)
		return -2;
	(void)arena_peek(&b->s->arena, r->used + 4 +
	    8 * (uint64_t)((r->idx - 1U) % r->size), elem, 8);
	b->used = le32_get(elem + 4);
	(void)arena_peek(&b->s->arena, BLK_IN_GPA, b->in, BLK_BYTES);
	for (i = 0; i < n; i++)
		win += sg[i].write ? sg[i].len : 0;
	return b->used == 0 ? BLK_NONE : b->in[win - 1];
}

/* The usual layout: header, data, status. */
static inline int
blk_do(struct blk *b, uint32_t type, uint64_t sector, unsigned out,
    unsigned in)
{
	struct blk_seg sg[4] = { { 16, 0 } };
	unsigned n = 1;

	blk_header(b, type, sector);
	if (out > 0)
		sg[n++] = (struct blk_seg){ out, 0 };
	if (in > 0)
		sg[n++] = (struct blk_seg){ in, 1 };
	sg[n++] = (struct blk_seg){ 1, 1 };
	return blk_send(b, 0, sg, n);
}

/* Data of a request, another pattern for each seed. */
static inline void
blk_pattern(uint8_t *p, size_t len, unsigned seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 31 + i / 256 + seed);
}

#endif
