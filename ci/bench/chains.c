/*
 * Chains through the virtqueue next to the same memory touched without any
 * check, for the usual shapes of chains.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "chains.h"
#include "vq.h"

struct shape {
	const char	*name;
	unsigned	 readable, writable;
	int		 indirect;
	uint16_t	 batch;
	double		 goal;
};

static const struct shape shapes[] = {
	{ "1 descriptor", 0, 1, 0, 64, 0.4 },
	{ "3 descriptors", 1, 2, 0, 64, 0.4 },
	{ "16 descriptors", 8, 8, 0, 16, 0.4 },
	{ "16 indirect", 8, 8, 1, 64, 0.4 },
	{ "1 descriptor, 1 per kick", 0, 1, 0, 1, 0 },
	{ "3 descriptors, 1 per kick", 1, 2, 0, 1, 0 },
};

struct queue {
	struct ring	 ring;
	struct gmem	 gm;
	struct vq	 vq;
	struct vq_work	 work;
};

static uint8_t *
at(struct ring *r, uint64_t gpa)
{
	return r->ram + (gpa - RAM_GPA);
}

static void
put_desc(uint8_t *p, uint64_t addr, uint32_t len, unsigned flags,
    unsigned next)
{
	le64_put(p, addr);
	le32_put(p + 8, len);
	le16_put(p + 12, (uint16_t)flags);
	le16_put(p + 14, (uint16_t)next);
}

/* Lays chain k out; its head. */
static unsigned
put_chain(struct ring *r, const struct shape *s, unsigned k)
{
	unsigned i, n = s->readable + s->writable, head = k * n, first = head;
	unsigned flags;
	uint64_t table = DESC, gpa;

	if (s->indirect) {
		head = k;
		first = 0;
		table = TABLES + (uint64_t)k * n * VRING_DESC_SIZE;
		put_desc(at(r, DESC) + head * VRING_DESC_SIZE, table,
		    n * VRING_DESC_SIZE, VRING_DESC_INDIRECT, 0);
	}
	for (i = 0; i < n; i++) {
		flags = i >= s->readable ? VRING_DESC_WRITE : 0;
		if (i + 1 < n)
			flags |= VRING_DESC_NEXT;
		gpa = BUFFERS + (k * n + i) % NBUFFERS * 64;
		put_desc(at(r, table) + (first + i) * VRING_DESC_SIZE, gpa,
		    64, flags, first + i + 1);
	}
	return head;
}

static void
make_queue(struct queue *q, const struct shape *s)
{
	unsigned i, head;

	memset(q, 0, sizeof(*q));
	q->ring.gpa = RAM_GPA;
	q->ring.desc = DESC;
	q->ring.avail = AVAIL;
	q->ring.used = USED;
	q->ring.size = QUEUE;
	q->ring.batch = s->batch;
	if ((q->ring.ram = aligned_alloc(4096, RAM)) == NULL)
		bench_die("no memory");
	memset(q->ring.ram, 0, RAM);
	for (i = 0; i < QUEUE; i++) {
		head = put_chain(&q->ring, s, i % s->batch);
		le16_put(at(&q->ring, AVAIL) + 4 + 2 * i, (uint16_t)head);
	}
}

/* Guest memory as on a real board: below 640 K, above 1 M, above 4 G. */
static void
make_checked(struct queue *q, int indirect)
{
	static uint8_t low[640 * 1024], high[1 << 20];

	if (gm_add(&q->gm, 0, sizeof(low), low) == -1 ||
	    gm_add(&q->gm, RAM_GPA, RAM, q->ring.ram) == -1 ||
	    gm_add(&q->gm, 1ULL << 32, sizeof(high), high) == -1)
		bench_die("memory does not fit");
	vq_reset(&q->vq, QUEUE);
	q->vq.desc = DESC;
	q->vq.avail = AVAIL;
	q->vq.used = USED;
	q->vq.indirect = (uint8_t)indirect;
	if (vq_areas_ok(&q->vq, &q->gm) == -1)
		bench_die("the queue does not fit");
	q->vq.enabled = 1;
}

static uint64_t
run_flat(void *arg)
{
	struct queue *q = arg;

	ring_offer(&q->ring);
	return flat_serve(&q->ring);
}

/* What a device does with a chain here; the sum of the bytes read. */
static inline uint64_t
touch(const struct vq_chain *c)
{
	const struct iovec *v, *mid = c->r + c->nr, *end = c->w + c->nw;
	uint64_t sum = 0;

	for (v = c->r; v < mid; v++)
		sum += *(uint8_t *)v->iov_base;
	for (v = c->w; v < end; v++)
		*(uint8_t *)v->iov_base = 1;
	return sum;
}

static uint64_t
run_checked(void *arg)
{
	struct queue *q = arg;
	struct vq_chain c;
	uint64_t n = 0, sum = 0;

	ring_offer(&q->ring);
	if (vq_begin(&q->vq, &q->gm, &q->work) == -1)
		bench_die("the queue broke");
	for (; vq_next(&q->work, &c) == VQ_CHAIN; n++) {
		c.written = c.wlen;
		sum += touch(&c);
		vq_done(&q->work, &c);
	}
	q->ring.irqs += (uint64_t)vq_end(&q->work);
	q->ring.sum += sum;
	if (n != q->ring.batch)
		bench_die("chains got lost");
	return n;
}

/* Both sides must have left the same memory behind. */
static void
compare(struct queue *a, struct queue *b)
{
	unsigned i;

	for (i = 0; i < QUEUE; i++) {
		(void)run_checked(a);
		(void)run_flat(b);
	}
	if (memcmp(a->ring.ram, b->ring.ram, RAM) != 0 ||
	    a->ring.sum != b->ring.sum || a->ring.irqs != b->ring.irqs)
		bench_die("the two sides do different work");
}

/* usage: bench_chains [part of a name] */
int
main(int argc, char **argv)
{
	static struct queue checked, flat;
	struct bench_side fig = { run_checked, &checked, NULL };
	struct bench_side peer = { run_flat, &flat, NULL };
	struct bench_row row = { .unit = "chains/s", .peer = "unchecked" };
	size_t i;

	row.group = "virtqueue, " CC_NAME;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (argc > 1 && strstr(shapes[i].name, argv[1]) == NULL)
			continue;
		make_queue(&checked, &shapes[i]);
		make_queue(&flat, &shapes[i]);
		make_checked(&checked, shapes[i].indirect);
		compare(&checked, &flat);
		row.name = shapes[i].name;
		row.goal = shapes[i].goal;
		bench_compare(&row, &fig, &peer);
		free(checked.ring.ram);
		free(flat.ring.ram);
	}
	return 0;
}
