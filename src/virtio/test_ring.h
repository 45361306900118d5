/*
 * A driver's side of one split ring for the tests of vq.c, by hand: every
 * area is a range of its own with exactly the bytes that it needs, so that an
 * address sanitizer sees the first byte too many.
 */
#ifndef TEST_RING_H
#define TEST_RING_H

#include <stdlib.h>
#include <string.h>

#include "vq.h"

#define RING_DESC_GPA	0x10000ULL
#define RING_AVAIL_GPA	0x20000ULL
#define RING_USED_GPA	0x30000ULL
#define RING_DATA_GPA	0x100000ULL	/* two ranges that touch */
#define RING_DATA	0x8000U		/* bytes of each */
#define RING_HUGE_GPA	(1ULL << 40)	/* nobody may touch what is here */
#define RING_HUGE	(1ULL << 34)

#define RING_EVENT	0x1
#define RING_INDIRECT	0x2

#define D_NEXT		VRING_DESC_NEXT
#define D_WRITE		VRING_DESC_WRITE
#define D_INDIRECT	VRING_DESC_INDIRECT

/* One access of the device. */
struct ring_access {
	int		store;
	uint64_t	gpa;
	size_t		len;
};

struct ring {
	struct gmem	 gm;
	struct vq	 vq;
	struct vq_work	 w;
	uint8_t		*desc, *avail, *used, *data;
	uint16_t	 idx;		/* next entry to offer */
	struct ring_access log[8192];
	unsigned	 nlog;
	/* Called behind each access that was written down; or NULL. */
	void		(*hook)(struct ring *, const struct ring_access *);
};

static inline void
ring_note(struct ring *r, int store, uint64_t gpa, size_t len)
{
	struct ring_access a = { store, gpa, len };

	if (r->nlog < 8192)
		r->log[r->nlog++] = a;
	if (r->hook != NULL)
		r->hook(r, &a);
}

static inline void
ring_on_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	(void)data;
	ring_note(arg, 0, gpa, len);
}

static inline void
ring_on_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	(void)data;
	ring_note(arg, 1, gpa, len);
}

static inline uint8_t *
ring_area(struct ring *r, uint64_t gpa, size_t len)
{
	uint8_t *p = malloc(len);

	if (p == NULL || gm_add(&r->gm, gpa, len, p) == -1)
		abort();
	memset(p, 0, len);
	return p;
}

static inline struct ring *
ring_new(unsigned size, unsigned flags)
{
	static const struct gm_tap tap = { ring_on_load, ring_on_store };
	struct ring *r = calloc(1, sizeof(*r));
	size_t ev = (flags & RING_EVENT) != 0 ? 2 : 0;

	if (r == NULL)
		abort();
	r->desc = ring_area(r, RING_DESC_GPA, 16 * (size_t)size);
	r->avail = ring_area(r, RING_AVAIL_GPA, 4 + 2 * (size_t)size + ev);
	r->used = ring_area(r, RING_USED_GPA, 4 + 8 * (size_t)size + ev);
	r->data = ring_area(r, RING_DATA_GPA, 2 * RING_DATA);
	r->gm.range[3].len = RING_DATA;
	if (gm_add(&r->gm, RING_DATA_GPA + RING_DATA, RING_DATA,
	    r->data + RING_DATA) == -1 ||
	    gm_add(&r->gm, RING_HUGE_GPA, RING_HUGE, r->data) == -1)
		abort();
	r->gm.tap = &tap;
	r->gm.taparg = r;
	vq_reset(&r->vq, (uint16_t)size);
	r->vq.desc = RING_DESC_GPA;
	r->vq.avail = RING_AVAIL_GPA;
	r->vq.used = RING_USED_GPA;
	r->vq.enabled = 1;
	r->vq.event_idx = (flags & RING_EVENT) != 0;
	r->vq.indirect = (flags & RING_INDIRECT) != 0;
	return r;
}

static inline void
ring_free(struct ring *r)
{
	free(r->desc);
	free(r->avail);
	free(r->used);
	free(r->data);
	free(r);
}

/* A descriptor at a host address: of the ring's table or another one. */
static inline void
ring_desc_at(uint8_t *p, uint64_t addr, uint32_t len, unsigned flags,
    unsigned next)
{
	le64_put(p, addr);
	le32_put(p + 8, len);
	le16_put(p + 12, (uint16_t)flags);
	le16_put(p + 14, (uint16_t)next);
}

static inline void
ring_desc(struct ring *r, unsigned i, uint64_t addr, uint32_t len,
    unsigned flags, unsigned next)
{
	ring_desc_at(r->desc + 16 * (size_t)i, addr, len, flags, next);
}

static inline void
ring_publish(struct ring *r)
{
	__atomic_store_n((uint16_t *)(void *)(r->avail + 2),
	    LE_SWAP16(r->idx), __ATOMIC_RELEASE);
}

static inline void
ring_offer(struct ring *r, unsigned head)
{
	le16_put(r->avail + 4 + 2 * (size_t)(r->idx % r->vq.size),
	    (uint16_t)head);
	r->idx++;
	ring_publish(r);
}

/* Both sides start at this index. */
static inline void
ring_start_at(struct ring *r, uint16_t idx)
{
	r->idx = r->vq.last_avail = r->vq.used_idx = idx;
	le16_put(r->used + 2, idx);
	ring_publish(r);
}

static inline int
ring_begin(struct ring *r)
{
	return vq_begin(&r->vq, &r->gm, &r->w);
}

static inline uint16_t
ring_used_idx(const struct ring *r)
{
	return le16_get(r->used + 2);
}

static inline uint32_t
ring_used_id(const struct ring *r, uint16_t i)
{
	return le32_get(r->used + 4 + 8 * (size_t)(i % r->vq.size));
}

static inline uint32_t
ring_used_len(const struct ring *r, uint16_t i)
{
	return le32_get(r->used + 8 + 8 * (size_t)(i % r->vq.size));
}

static inline uint16_t
ring_avail_event(const struct ring *r)
{
	return le16_get(r->used + 4 + 8 * (size_t)r->vq.size);
}

static inline void
ring_used_event(struct ring *r, uint16_t v)
{
	le16_put(r->avail + 4 + 2 * (size_t)r->vq.size, v);
}

/* Accesses to [gpa, gpa + len) of one kind (store: 0, 1, or -1 for both). */
static inline unsigned
ring_count(const struct ring *r, int store, uint64_t gpa, uint64_t len)
{
	unsigned i, n = 0;

	for (i = 0; i < r->nlog; i++)
		if ((store < 0 || r->log[i].store == store) &&
		    r->log[i].gpa < gpa + len &&
		    gpa < r->log[i].gpa + r->log[i].len)
			n++;
	return n;
}

/* Where in the log the i-th access of that kind to gpa is, or -1. */
static inline int
ring_find(const struct ring *r, int store, uint64_t gpa, unsigned i)
{
	unsigned k;

	for (k = 0; k < r->nlog; k++)
		if (r->log[k].store == store && r->log[k].gpa == gpa &&
		    i-- == 0)
			return (int)k;
	return -1;
}

/*
 * Takes all there is, fills what is writable with a byte and gives it back;
 * the number of chains, or -1 when the queue is broken.  *irq as told.
 */
static inline int
ring_serve(struct ring *r, int *irq)
{
	enum vq_result res = VQ_BROKEN;
	struct vq_chain c;
	uint8_t b = 0x5a;
	int n = 0;

	*irq = 0;
	if (ring_begin(r) == -1)
		return -1;
	while ((res = vq_next(&r->w, &c)) == VQ_CHAIN) {
		while (c.wlen > 0)
			chain_write(&c, &b, 1);
		vq_done(&r->w, &c);
		n++;
	}
	*irq = vq_end(&r->w);
	return res == VQ_BROKEN ? -1 : n;
}

#endif
