/* What a driver may do to a ring, one at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_ring.h"

#define SIZE	8U
#define TABLE	(RING_DATA_GPA + 0x4000)	/* an indirect one */

/*
 * Head 0 is the malformed chain under test, head 7 a good one behind it: the
 * first comes back with length 0 and nothing stored, the second is served.
 */
static void
refused(struct ring *r)
{
	static const uint8_t zero[RING_DATA];
	uint16_t at = r->idx;
	int irq;

	ring_desc(r, 7, RING_DATA_GPA + RING_DATA, 9, D_WRITE, 0);
	ring_offer(r, 0);
	ring_offer(r, 7);
	assert_int_equal(ring_serve(r, &irq), 1);
	assert_int_equal(irq, 1);
	assert_int_equal(r->w.malformed, 1);
	assert_int_equal(r->vq.broken, 0);
	assert_int_equal(ring_used_idx(r), (uint16_t)(at + 2));
	assert_int_equal(ring_used_id(r, at), 0);
	assert_int_equal(ring_used_len(r, at), 0);
	assert_int_equal(ring_used_id(r, (uint16_t)(at + 1)), 7);
	assert_int_equal(ring_used_len(r, (uint16_t)(at + 1)), 9);
	assert_memory_equal(r->data, zero, 0x4000);
}

static void
broken(struct ring *r)
{
	uint16_t used = ring_used_idx(r);
	int irq;

	assert_int_equal(ring_serve(r, &irq), -1);
	assert_int_equal(irq, 0);
	assert_int_equal(r->vq.broken, 1);
	assert_int_equal(ring_used_idx(r), used);
	/* And so it stays. */
	r->nlog = 0;
	assert_int_equal(ring_begin(r), -1);
	assert_int_equal(r->nlog, 0);
}

/* req: DRV-25 */
static void
test_wrong_order(void **state)
{
	struct ring *r = ring_new(SIZE, 0);

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 4, D_WRITE | D_NEXT, 1);
	ring_desc(r, 1, RING_DATA_GPA + 4, 4, 0, 0);
	refused(r);
	ring_desc(r, 0, RING_DATA_GPA, 4, D_NEXT, 1);
	ring_desc(r, 1, RING_DATA_GPA, 4, D_WRITE | D_NEXT, 2);
	ring_desc(r, 2, RING_DATA_GPA, 4, D_NEXT, 3);
	ring_desc(r, 3, RING_DATA_GPA, 4, D_WRITE, 0);
	refused(r);
	ring_free(r);
}

/* req: DRV-21 */
static void
test_outside(void **state)
{
	static const struct {
		uint64_t	addr;
		uint32_t	len;
	} bad[] = {
		{ 0, 1 },
		{ RING_DATA_GPA - 1, 1 },
		{ RING_DATA_GPA - 1, 2 },
		{ RING_DATA_GPA + 2 * RING_DATA - 1, 2 },
		{ RING_DATA_GPA + 2 * RING_DATA, 1 },
		{ RING_DATA_GPA, 2 * RING_DATA + 1 },
		{ RING_DATA_GPA, UINT32_MAX },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, UINT32_MAX },
		{ UINT64_MAX - 7, 8 + 16 },	/* around the end */
		{ RING_DESC_GPA + 16 * SIZE - 1, 2 },
	};
	struct ring *r = ring_new(SIZE, 0);
	unsigned i;

	(void)state;
	for (i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		ring_desc(r, 0, RING_DATA_GPA, 8, D_NEXT, 1);
		ring_desc(r, 1, bad[i / 2].addr, bad[i / 2].len,
		    i & 1 ? D_WRITE : 0, 0);
		refused(r);
		ring_desc(r, 0, bad[i / 2].addr, bad[i / 2].len,
		    D_NEXT | (i & 1 ? D_WRITE : 0), 1);
		ring_desc(r, 1, RING_DATA_GPA, 8, D_WRITE, 0);
		refused(r);
	}
	ring_free(r);
}

/* A segment may cross from one range into the next that touches it. */
static void
test_crossing(void **state)
{
	struct ring *r = ring_new(SIZE, 0);
	struct vq_chain c;
	uint8_t buf[4];

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA + RING_DATA - 2, 4, D_NEXT, 1);
	ring_desc(r, 1, RING_DATA_GPA + RING_DATA - 9, 9 + 5, D_WRITE, 0);
	memcpy(r->data + RING_DATA - 2, "wxyz", 4);
	ring_offer(r, 0);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	assert_int_equal(c.nr, 2);
	assert_int_equal(c.nw, 2);
	assert_int_equal(c.rlen, 4);
	assert_int_equal(c.wlen, 14);
	assert_int_equal(chain_read(&c, buf, 4), 4);
	assert_memory_equal(buf, "wxyz", 4);
	(void)vq_end(&r->w);
	ring_free(r);
}

/* req: DRV-43 */
static void
test_next_outside(void **state)
{
	static const unsigned next[] = { SIZE, SIZE + 1, 0x7fff, 0xffff };
	struct ring *r = ring_new(SIZE, 0);
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		ring_desc(r, 0, RING_DATA_GPA, 4, D_WRITE | D_NEXT, next[i]);
		refused(r);
	}
	/* Without NEXT the field means nothing. */
	ring_desc(r, 0, RING_DATA_GPA + 0x4000, 4, D_WRITE, 0xffff);
	ring_offer(r, 0);
	assert_int_equal(ring_serve(r, (int[1]){ 0 }), 1);
	assert_int_equal(r->w.malformed, 0);
	ring_free(r);
}

/* req: DRV-27 */
static void
test_loops(void **state)
{
	static const unsigned to[] = { 0, 1, 2, 3 };
	struct ring *r;
	unsigned i, w;

	(void)state;
	for (w = 0; w < 2; w++)
		for (i = 0; i < 4; i++) {
			r = ring_new(4, 0);
			ring_desc(r, 0, RING_DATA_GPA, 1, D_NEXT, 1);
			ring_desc(r, 1, RING_DATA_GPA, 1, D_NEXT, 2);
			ring_desc(r, 2, RING_DATA_GPA, 1, D_NEXT, 3);
			ring_desc(r, 3, RING_DATA_GPA, 1,
			    D_NEXT | (w ? D_WRITE : 0), to[w ? 3 : i]);
			ring_offer(r, 0);
			broken(r);
			ring_free(r);
		}
}

/* The walk takes as many steps as the queue is long. */
static void
test_loop_steps(void **state)
{
	static const unsigned sizes[] = { 1, 2, 128, 1024 };
	struct ring *r;
	unsigned s;

	(void)state;
	for (s = 0; s < 4; s++) {
		r = ring_new(sizes[s], 0);
		ring_desc(r, sizes[s] - 1, RING_DATA_GPA, 1, D_NEXT,
		    sizes[s] - 1);
		ring_offer(r, sizes[s] - 1);
		assert_int_equal(ring_begin(r), 0);
		assert_int_equal(vq_next(&r->w, &(struct vq_chain){ 0 }),
		    VQ_BROKEN);
		assert_int_equal(ring_count(r, 0, RING_DESC_GPA,
		    16 * sizes[s]), sizes[s]);
		(void)vq_end(&r->w);
		ring_free(r);
	}
}

/* req: DRV-42 */
static void
test_head(void **state)
{
	static const unsigned bad[] = { SIZE, SIZE + 1, 0x8000, 0xffff };
	struct ring *r;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		r = ring_new(SIZE, 0);
		ring_offer(r, bad[i]);
		broken(r);
		assert_int_equal(ring_count(r, -1, RING_DESC_GPA, 0x1000), 0);
		ring_free(r);
	}
}

/* req: DRV-34 */
static void
test_index_jump(void **state)
{
	static const uint16_t start[] = { 0, 5, 0x7fff, 0xfffc, 0xffff };
	struct ring *r;
	unsigned i, jump;
	int irq;

	(void)state;
	for (i = 0; i < 5; i++)
		for (jump = 0; jump < 0x10000; jump += jump < 20 ? 1 : 97) {
			r = ring_new(SIZE, 0);
			ring_start_at(r, start[i]);
			r->idx = (uint16_t)(start[i] + jump);
			ring_publish(r);
			if (jump <= SIZE)
				assert_int_equal(ring_serve(r, &irq), jump);
			else
				broken(r);
			ring_free(r);
		}
}

static void
jump_later(struct ring *r, const struct ring_access *a)
{
	if (a->store || a->gpa != RING_AVAIL_GPA + 4)
		return;
	r->idx = (uint16_t)(r->idx + SIZE + 1);
	ring_publish(r);
}

/* What was served before the queue broke is the guest's. */
static void
test_done_before_broken(void **state)
{
	struct ring *r = ring_new(SIZE, RING_EVENT);
	struct vq_chain c;

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_offer(r, 0);
	r->hook = jump_later;
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	chain_write(&c, "x", 1);
	vq_done(&r->w, &c);
	assert_int_equal(vq_next(&r->w, &c), VQ_BROKEN);
	assert_int_equal(r->vq.broken, 1);
	assert_int_equal(vq_end(&r->w), 1);
	assert_int_equal(ring_used_idx(r), 1);
	assert_int_equal(ring_used_len(r, 0), 1);
	ring_free(r);
}

/* req: DRV-28 */
static void
test_four_gigabytes(void **state)
{
	static const struct {
		uint32_t	len[3];
		int		ok;
	} cases[] = {
		{ { UINT32_MAX, 0, 0 }, 1 },
		{ { 0x80000000, 0x7fffffff, 0 }, 1 },
		{ { 0x80000000, 0x7ffffff0, 15 }, 1 },
		{ { UINT32_MAX, 1, 0 }, 0 },
		{ { 0x80000000, 0x80000000, 0 }, 0 },
		{ { 0x80000000, 0x80000000, 5 }, 0 },
		{ { UINT32_MAX, UINT32_MAX, UINT32_MAX }, 0 },
	};
	struct ring *r;
	struct vq_chain c;
	unsigned i, w, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (w = 0; w < 4; w++) {	/* the first writable one */
			r = ring_new(SIZE, 0);
			for (k = 0; k < 3; k++)
				ring_desc(r, k, RING_HUGE_GPA,
				    cases[i].len[k], (k >= w ? D_WRITE : 0) |
				    (k < 2 ? D_NEXT : 0), k + 1);
			ring_offer(r, 0);
			assert_int_equal(ring_begin(r), 0);
			if (!cases[i].ok) {
				assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
				assert_int_equal(r->w.malformed, 1);
				assert_int_equal(ring_used_len(r, 0), 0);
			} else {
				assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
				assert_true((uint64_t)c.rlen + c.wlen ==
				    (uint64_t)cases[i].len[0] +
				    cases[i].len[1] + cases[i].len[2]);
			}
			(void)vq_end(&r->w);
			ring_free(r);
		}
}

static void
table_entry(struct ring *r, unsigned i, unsigned n, uint64_t addr,
    uint32_t len)
{
	ring_desc_at(r->data + (TABLE - RING_DATA_GPA) + 16 * i, addr, len,
	    D_WRITE | (i + 1 < n ? D_NEXT : 0), i + 1);
}

/* req: DRV-26 */
static void
test_many_segments(void **state)
{
	uint64_t edge = RING_DATA_GPA + RING_DATA - 1;
	struct ring *r;
	struct vq_chain c;
	unsigned n, cross, i;

	(void)state;
	for (n = VQ_SEGMAX - 1; n <= VQ_SEGMAX; n++)
		for (cross = 0; cross < 2; cross++) {
			r = ring_new(SIZE, RING_INDIRECT);
			for (i = 0; i < n; i++)
				table_entry(r, i, n, RING_DATA_GPA + i, 1);
			if (cross)
				table_entry(r, n - 1, n, edge, 2);
			ring_desc(r, 0, TABLE, 16 * n, D_INDIRECT, 0);
			ring_offer(r, 0);
			assert_int_equal(ring_begin(r), 0);
			if (n + cross > VQ_SEGMAX) {
				assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
				assert_int_equal(r->w.malformed, 1);
			} else {
				assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
				assert_int_equal(c.nw, n + cross);
				assert_int_equal(c.wlen, n + cross);
			}
			(void)vq_end(&r->w);
			ring_free(r);
		}
}

/* req: DRV-32 */
static void
test_more_than_queue(void **state)
{
	struct ring *r = ring_new(2, RING_INDIRECT);
	struct vq_chain c;
	unsigned i;

	(void)state;
	/* A table longer than the queue is bounded by what a chain may be. */
	for (i = 0; i < 100; i++)
		table_entry(r, i, 100, RING_DATA_GPA + i, 1);
	ring_desc(r, 0, TABLE, 1600, D_INDIRECT, 0);
	ring_offer(r, 0);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	assert_int_equal(c.wlen, 100);
	vq_done(&r->w, &c);
	(void)vq_end(&r->w);
	/* 1023 direct segments and a table of 2: one too many. */
	ring_free(r);
	r = ring_new(1024, RING_INDIRECT);
	for (i = 0; i < 1023; i++)
		ring_desc(r, i, RING_DATA_GPA, 1, D_NEXT, i + 1);
	table_entry(r, 0, 2, RING_DATA_GPA, 1);
	table_entry(r, 1, 2, RING_DATA_GPA, 1);
	ring_desc(r, 1023, TABLE, 32, D_INDIRECT, 0);
	ring_offer(r, 0);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
	assert_int_equal(r->w.malformed, 1);
	(void)vq_end(&r->w);
	ring_free(r);
}

static struct vq
good_queue(unsigned flags)
{
	struct vq vq = {
		.desc = RING_DESC_GPA, .avail = RING_AVAIL_GPA,
		.used = RING_USED_GPA, .size = SIZE, .max = SIZE,
		.event_idx = (flags & RING_EVENT) != 0
	};

	return vq;
}

/* req: DRV-24 DRV-67 */
static void
test_areas(void **state)
{
	struct ring *r = ring_new(SIZE, 0);
	struct vq vq;
	unsigned i;

	(void)state;
	vq = good_queue(0);
	assert_int_equal(vq_areas_ok(&vq, &r->gm), 0);
	/* The two bytes of the event are missing in all areas of this ring. */
	vq = good_queue(RING_EVENT);
	assert_int_equal(vq_areas_ok(&vq, &r->gm), -1);
	vq = good_queue(0);
	vq.size = 0;
	assert_int_equal(vq_areas_ok(&vq, &r->gm), -1);
	for (i = 0; i < 33; i++) {
		vq = good_queue(0);
		vq.desc = RING_DATA_GPA + i;
		assert_int_equal(vq_areas_ok(&vq, &r->gm), i % 16 ? -1 : 0);
		vq = good_queue(0);
		vq.avail = RING_DATA_GPA + i;
		assert_int_equal(vq_areas_ok(&vq, &r->gm), i % 2 ? -1 : 0);
		vq = good_queue(0);
		vq.used = RING_DATA_GPA + i;
		assert_int_equal(vq_areas_ok(&vq, &r->gm), i % 4 ? -1 : 0);
	}
	ring_free(r);
}

static void
set_area(struct vq *vq, unsigned which, uint64_t gpa)
{
	if (which == 0)
		vq->desc = gpa;
	else if (which == 1)
		vq->avail = gpa;
	else
		vq->used = gpa;
}

/* req: DRV-67 */
static void
test_areas_outside(void **state)
{
	static uint8_t low[0x1000];
	static const unsigned bytes[3] = { 16 * SIZE, 4 + 2 * SIZE + 2,
	    4 + 8 * SIZE + 2 };
	struct ring *r = ring_new(SIZE, RING_EVENT);
	uint64_t end = RING_DATA_GPA + RING_DATA;	/* of a range */
	struct vq vq;
	unsigned i, off;

	(void)state;
	assert_int_equal(gm_add(&r->gm, 0, sizeof(low), low), 0);
	for (i = 0; i < 3; i++) {
		vq = good_queue(RING_EVENT);
		set_area(&vq, i, 0);		/* mapped, and still no place */
		assert_int_equal(vq_areas_ok(&vq, &r->gm), -1);
		set_area(&vq, i, 16);
		assert_int_equal(vq_areas_ok(&vq, &r->gm), 0);
		set_area(&vq, i, 0x8000);
		assert_int_equal(vq_areas_ok(&vq, &r->gm), -1);
		set_area(&vq, i, UINT64_MAX - 15);
		assert_int_equal(vq_areas_ok(&vq, &r->gm), -1);
		/* It does not cross into another range. */
		for (off = 16; off <= 256; off += 16) {
			set_area(&vq, i, end - off);
			assert_int_equal(vq_areas_ok(&vq, &r->gm),
			    off < bytes[i] ? -1 : 0);
		}
	}
	ring_free(r);
}

/* Memory that is gone when the queue is looked at breaks the queue. */
static void
test_begin_without_memory(void **state)
{
	struct ring *r;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		r = ring_new(SIZE, 0);
		set_area(&r->vq, i, 0x8000);
		assert_int_equal(ring_begin(r), -1);
		assert_int_equal(r->vq.broken, 1);
		assert_int_equal(r->nlog, 0);
		ring_free(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_order),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_crossing),
		cmocka_unit_test(test_next_outside),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_loop_steps),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_index_jump),
		cmocka_unit_test(test_done_before_broken),
		cmocka_unit_test(test_four_gigabytes),
		cmocka_unit_test(test_many_segments),
		cmocka_unit_test(test_more_than_queue),
		cmocka_unit_test(test_areas),
		cmocka_unit_test(test_areas_outside),
		cmocka_unit_test(test_begin_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
