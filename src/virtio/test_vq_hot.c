/*
 * The hot path against the one that is taken with a tap: random rings, most
 * of them with something at the edge of a rule, give the same either way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "prng.h"
#include "test_ring.h"

#define RINGS	20000
#define MAXLOG	64
#define TABLE	(RING_DATA_GPA + 0x4000)
#define ENTRIES	4U			/* of an indirect table */

/* What a device sees of a look, and what it leaves behind. */
struct seen {
	unsigned	 n;		/* chains */
	enum vq_result	 end;
	int		 irq, more, broken;
	uint32_t	 malformed;
	uint16_t	 avail, used;
	struct vq_chain	 chain[MAXLOG];
	uint64_t	 segs[MAXLOG];	/* a sum over the vectors */
	uint8_t		 ring[4 + 8 * 8 + 2];
};

static struct prng rnd;

static unsigned
below(unsigned n)
{
	return (unsigned)prng_below(&rnd, n);
}

static uint64_t
an_address(uint32_t len)
{
	if (len > RING_DATA)
		return RING_HUGE_GPA + below(4);
	switch (below(24)) {
	case 0:
		return RING_DATA_GPA + RING_DATA - len - 1 + below(3);
	case 1:
		return RING_DATA_GPA + 2 * RING_DATA - len - 1 + below(3);
	case 2:
		return below(2) != 0 ? RING_DATA_GPA - below(3) :
		    (uint64_t)0 - below(64);
	default:
		return RING_DATA_GPA + below(64);
	}
}

static uint32_t
a_length(void)
{
	switch (below(24)) {
	case 0:
		return below(3);
	case 1:
	case 2:
		return UINT32_MAX - below(2);
	default:
		return 1 + below(32);
	}
}

/* Entry i of a table of n; writable ones mostly behind readable ones. */
static void
put_entry(uint8_t *p, unsigned i, unsigned n)
{
	unsigned flags = 0, next = i + 1;
	uint32_t len = a_length();
	uint64_t gpa = an_address(len);

	if (i + 1 < n ? below(3) != 0 : below(6) == 0)
		flags = D_NEXT;
	if (below(6) == 0)
		next = below(n + (below(4) == 0 ? 2 : 0));
	if (below(16) == 0 ? below(2) != 0 : i >= n / 2)
		flags |= D_WRITE;
	if (below(12) == 0) {
		flags = (flags & (below(8) != 0 ? D_WRITE : ~0U)) | D_INDIRECT;
		gpa = TABLE;
		len = 16 * (1 + below(ENTRIES)) + (below(16) == 0);
	}
	ring_desc_at(p + 16 * (size_t)i, gpa, len, flags, next);
}

static struct ring *
a_ring(void)
{
	struct ring *r = ring_new(1U << below(4), below(4));
	unsigned i, n = r->vq.size;

	for (i = 0; i < n; i++)
		put_entry(r->desc, i, n);
	for (i = 0; i < ENTRIES; i++)
		put_entry(r->data + 0x4000, i, ENTRIES);
	ring_start_at(r, (uint16_t)(0xfffc + below(8)));
	for (i = 0; i < n; i++)
		ring_offer(r, below(32) == 0 ? n : below(n));
	r->idx = (uint16_t)(r->idx - below(n));
	if (below(40) == 0)
		r->idx++;
	ring_publish(r);
	return r;
}

static uint64_t
sum_of(const struct iovec *v, int n)
{
	uint64_t sum = 0;

	for (; n > 0; n--, v++)
		sum = sum * 31 + (uintptr_t)v->iov_base + 7 * v->iov_len;
	return sum;
}

/* The driver offers a whole queue more, as far as there is room. */
static void
ring_again(struct ring *r)
{
	size_t done = (size_t)(r->w.fill - r->w.used.p - VQ_ENTRIES);

	r->idx = (uint16_t)(r->w.filled + done / VQ_USED_ELEM + r->vq.size);
	ring_publish(r);
}

/*
 * One look; after so many chains it puts one back and stops, or the driver
 * offers more than one look may take.
 */
static void
look(struct ring *r, unsigned stop, int undo, struct seen *s)
{
	struct vq_chain c;

	memset(s, 0, sizeof(*s));
	s->end = VQ_BROKEN;
	if (ring_begin(r) == 0) {
		while ((s->end = vq_next(&r->w, &c)) == VQ_CHAIN) {
			assert_true(s->n < MAXLOG);
			s->segs[s->n] = sum_of(c.r, c.nr) +
			    13 * sum_of(c.w, c.nw);
			c.written = c.wlen;
			s->chain[s->n++] = c;
			if (s->n == stop && undo)
				vq_undo(&r->w);
			else
				vq_done(&r->w, &c);
			if (s->n == stop && undo)
				vq_stop(&r->w);
			else if (s->n == stop)
				ring_again(r);
		}
		s->irq = vq_end(&r->w);
		s->more = r->w.more;
		s->malformed = r->w.malformed;
	}
	s->broken = r->vq.broken;
	s->avail = r->vq.last_avail;
	s->used = r->vq.used_idx;
	memcpy(s->ring, r->used, 4 + 8 * (size_t)r->vq.size);
}

static void
same(const struct seen *a, const struct seen *b)
{
	unsigned i;

	assert_int_equal(a->end, b->end);
	assert_int_equal(a->n, b->n);
	for (i = 0; i < a->n; i++) {
		assert_int_equal(a->chain[i].head, b->chain[i].head);
		assert_int_equal(a->chain[i].nr, b->chain[i].nr);
		assert_int_equal(a->chain[i].nw, b->chain[i].nw);
		assert_int_equal(a->chain[i].rlen, b->chain[i].rlen);
		assert_int_equal(a->chain[i].wlen, b->chain[i].wlen);
		assert_int_equal(a->segs[i], b->segs[i]);
	}
	assert_int_equal(a->irq, b->irq);
	assert_int_equal(a->more, b->more);
	assert_int_equal(a->broken, b->broken);
	assert_int_equal(a->malformed, b->malformed);
	assert_int_equal(a->avail, b->avail);
	assert_int_equal(a->used, b->used);
	assert_memory_equal(a->ring, b->ring, sizeof(a->ring));
}

/* The same look twice, tapped first; what came out is in both. */
static void
both(struct ring *r, unsigned stop, int undo, struct seen s[2])
{
	const struct gm_tap *tap = r->gm.tap;
	struct vq before = r->vq;
	uint8_t used[sizeof(s->ring)];
	uint16_t idx = r->idx;
	size_t len = 4 + 8 * (size_t)r->vq.size;

	memcpy(used, r->used, len);
	r->nlog = 0;
	look(r, stop, undo, &s[0]);
	memcpy(r->used, used, len);
	r->vq = before;
	r->idx = idx;
	ring_publish(r);
	r->gm.tap = NULL;
	look(r, stop, undo, &s[1]);
	r->gm.tap = tap;
}

static void
test_random(void **state)
{
	unsigned i, k, chains = 0, malformed = 0, broken = 0, stop;
	struct seen s[2];
	struct ring *r;

	(void)state;
	for (i = 0; i < RINGS; i++) {
		prng_seed(&rnd, i);
		r = a_ring();
		stop = below(3) == 0 ? 1 + below(8) : 0;
		for (k = 0; k < 2 && !r->vq.broken; k++, stop = 0) {
			both(r, stop, below(2) != 0, s);
			same(&s[0], &s[1]);
			chains += s[1].n;
			malformed += s[1].malformed;
			broken += (unsigned)s[1].broken;
		}
		ring_free(r);
	}
	/* It is no test when nothing or only nonsense happens. */
	print_message("%u chains, %u malformed, %u rings broken\n", chains,
	    malformed, broken);
	assert_true(chains > RINGS / 2);
	assert_true(malformed > RINGS / 4);
	assert_true(broken > RINGS / 20);
}

/* A loop through a whole table takes no more vectors than there are. */
static void
test_loop(void **state)
{
	unsigned sizes[] = { 1, 2, 64, VQ_SEGMAX }, i, k;
	struct vq_chain c;
	struct ring *r;
	uint8_t *desc;

	(void)state;
	for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		r = ring_new(sizes[k], 0);
		r->gm.tap = NULL;
		desc = r->desc;
		for (i = 0; i < sizes[k]; i++)
			ring_desc(r, i, RING_DATA_GPA + i, 1, D_NEXT | D_WRITE,
			    (i + 1) % sizes[k]);
		ring_offer(r, 0);
		assert_int_equal(ring_begin(r), 0);
		r->w.hot = r->gm.range[3];
		assert_int_equal(vq_next(&r->w, &c), VQ_BROKEN);
		assert_ptr_equal(r->desc, desc);
		ring_free(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
