#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS	8u

int
q2_cache_init(struct q2_cache *c, unsigned sbits, uint32_t max)
{
	memset(c, 0, sizeof(*c));
	c->sbits = sbits;
	c->max = max;
	c->last = Q2_NONE;
	return 0;
}

void
q2_cache_free(struct q2_cache *c)
{
	uint32_t i;

	for (i = 0; i < c->n; i++)
		free(c->slot[i].data);
	free(c->slot);
	free(c->bucket);
	memset(c, 0, sizeof(*c));
}

static uint32_t
hash(const struct q2_cache *c, uint64_t off)
{
	uint64_t h = (off >> c->sbits) * 0x9e3779b97f4a7c15ULL;

	return (uint32_t)(h >> 40) & (c->cap - 1);
}

static void
link_slot(struct q2_cache *c, uint32_t i)
{
	uint32_t *b = &c->bucket[hash(c, c->slot[i].off)];

	c->slot[i].next = *b;
	*b = i;
}

static void
unlink_slot(struct q2_cache *c, uint32_t i)
{
	uint32_t *b = &c->bucket[hash(c, c->slot[i].off)];

	while (*b != i)
		b = &c->slot[*b].next;
	*b = c->slot[i].next;
}

static uint32_t
find(const struct q2_cache *c, uint64_t off)
{
	uint32_t i;

	if (c->cap == 0)
		return Q2_NONE;
	for (i = c->bucket[hash(c, off)]; i != Q2_NONE; i = c->slot[i].next)
		if (c->slot[i].off == off)
			return i;
	return Q2_NONE;
}

/* Doubles the tables; the slices stay where they are. */
static int
widen(struct q2_cache *c)
{
	uint32_t cap = c->cap == 0 ? FIRST_SLOTS : c->cap * 2, i;
	struct q2_slot *slot;
	uint32_t *bucket;

	slot = realloc(c->slot, cap * sizeof(*slot));
	if (slot == NULL)
		return DISK_ENOMEM;
	c->slot = slot;
	bucket = malloc(cap * sizeof(*bucket));
	if (bucket == NULL)
		return DISK_ENOMEM;
	free(c->bucket);
	c->bucket = bucket;
	c->cap = cap;
	memset(bucket, 0xff, cap * sizeof(*bucket));
	for (i = 0; i < c->n; i++)
		link_slot(c, i);
	return 0;
}

static int
new_slot(struct q2_cache *c, uint32_t *out)
{
	int rv;

	if (c->n == c->cap) {
		rv = widen(c);
		if (rv != 0)
			return rv;
	}
	c->slot[c->n].data = malloc((size_t)1 << c->sbits);
	if (c->slot[c->n].data == NULL)
		return DISK_ENOMEM;
	*out = c->n++;
	return 0;
}

/* A slot to reuse: the hand passes over those in use since it came by. */
static int
evict(struct qcow2 *q, struct q2_cache *c, uint32_t *out)
{
	int rv;

	while (c->slot[c->hand].used) {
		c->slot[c->hand].used = false;
		c->hand = (c->hand + 1) % c->n;
	}
	/* Counts may be written at any time, L2 tables only in their turn. */
	if (c->slot[c->hand].dirty) {
		rv = c == &q->rcc ? q2_cache_write(q, c) : q2_sync(q);
		if (rv != 0)
			return rv;
	}
	*out = c->hand;
	c->hand = (c->hand + 1) % c->n;
	unlink_slot(c, *out);
	c->last = Q2_NONE;
	return 0;
}

/* Takes a slot out of its bucket and keeps its memory for later. */
static void
retire(struct q2_cache *c, uint32_t i)
{
	uint32_t end = c->n - 1;

	if (c->slot[i].dirty)
		c->ndirty--;
	unlink_slot(c, i);
	free(c->slot[i].data);
	if (i != end) {
		unlink_slot(c, end);
		c->slot[i] = c->slot[end];
		link_slot(c, i);
	}
	c->n = end;
	c->hand = 0;
	c->last = Q2_NONE;
}

static int
load(struct qcow2 *q, struct q2_cache *c, uint64_t off, uint32_t *out)
{
	uint32_t i;
	int rv;

	rv = c->n < c->max ? new_slot(c, &i) : evict(q, c, &i);
	if (rv != 0)
		return rv;
	c->slot[i].off = off;
	c->slot[i].dirty = false;
	c->slot[i].used = true;
	link_slot(c, i);
	rv = bs_read(&q->bs, c->slot[i].data, (size_t)1 << c->sbits, off);
	if (rv != 0) {
		retire(c, i);
		return rv;
	}
	*out = i;
	return 0;
}

int
q2_cache_get(struct qcow2 *q, struct q2_cache *c, uint64_t off, uint8_t **p)
{
	uint32_t i = c->last;
	int rv;

	if (i == Q2_NONE || c->slot[i].off != off) {
		i = find(c, off);
		if (i == Q2_NONE) {
			rv = load(q, c, off, &i);
			if (rv != 0)
				return rv;
		}
		c->last = i;
	}
	c->slot[i].used = true;
	*p = c->slot[i].data;
	return 0;
}

void
q2_cache_dirty(struct q2_cache *c)
{
	struct q2_slot *s = &c->slot[c->last];

	if (!s->dirty) {
		s->dirty = true;
		c->ndirty++;
	}
}

int
q2_cache_write(struct qcow2 *q, struct q2_cache *c)
{
	uint32_t i;
	int rv;

	for (i = 0; i < c->n && c->ndirty > 0; i++) {
		if (!c->slot[i].dirty)
			continue;
		rv = q2_put(q, c->slot[i].data, (size_t)1 << c->sbits,
		    c->slot[i].off);
		if (rv != 0)
			return rv;
		c->slot[i].dirty = false;
		c->ndirty--;
	}
	return 0;
}

void
q2_cache_drop(struct qcow2 *q, struct q2_cache *c, uint64_t off)
{
	uint64_t end = off + q->csize;
	uint32_t i;

	for (; off < end; off += (uint64_t)1 << c->sbits) {
		i = find(c, off);
		if (i != Q2_NONE)
			retire(c, i);
	}
}
