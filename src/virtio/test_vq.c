#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_ring.h"

static const unsigned sizes[] = { 1, 2, 128, 1024 };
#define NSIZES	(sizeof(sizes) / sizeof(sizes[0]))

/* A queue that is off or broken is left alone. */
static void
test_off(void **state)
{
	struct ring *r = ring_new(4, 0);

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 4, D_WRITE, 0);
	ring_offer(r, 0);
	r->vq.enabled = 0;
	assert_int_equal(ring_begin(r), -1);
	assert_int_equal(r->vq.broken, 0);
	r->vq.enabled = 1;
	r->vq.broken = 1;
	assert_int_equal(ring_begin(r), -1);
	assert_int_equal(r->nlog, 0);
	ring_free(r);
}

/* req: VQ-25 */
static void
test_nothing_new(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	int i;

	(void)state;
	ring_start_at(r, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(ring_begin(r), 0);
		assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
		assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
		assert_int_equal(vq_end(&r->w), 0);
		assert_int_equal(r->w.more, 0);
	}
	assert_int_equal(ring_count(r, 1, 0, UINT64_MAX), 0);
	assert_int_equal(r->vq.last_avail, 3);
	assert_int_equal(ring_used_idx(r), 3);
	ring_free(r);
}

/* req: CORE-16 VQ-03 VQ-17 */
static void
test_one_chain(void **state)
{
	struct ring *r = ring_new(8, 0);
	struct vq_chain c;
	uint8_t buf[8];

	(void)state;
	ring_desc(r, 5, RING_DATA_GPA + 3, 4, D_NEXT, 2);
	ring_desc(r, 2, RING_DATA_GPA + 0x100, 3, D_NEXT | D_WRITE, 7);
	ring_desc(r, 7, RING_DATA_GPA + 0x200, 6, D_WRITE, 0);
	memcpy(r->data + 3, "\1\2\3\4", 4);
	ring_offer(r, 5);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	assert_int_equal(c.head, 5);
	assert_int_equal(c.rlen, 4);
	assert_int_equal(c.wlen, 9);
	assert_int_equal(c.nr, 1);
	assert_int_equal(c.nw, 2);
	assert_int_equal(chain_read(&c, buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "\1\2\3\4", 4);
	assert_int_equal(chain_write(&c, "abcde", 5), 5);
	vq_done(&r->w, &c);
	/* Nothing of it is public before the end. */
	assert_int_equal(ring_used_idx(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
	assert_int_equal(vq_end(&r->w), 1);
	assert_int_equal(ring_used_idx(r), 1);
	assert_int_equal(ring_used_id(r, 0), 5);
	assert_int_equal(ring_used_len(r, 0), 5);
	assert_memory_equal(r->data, "\0\0\0\1\2\3\4\0", 8);
	assert_memory_equal(r->data + 0x100, "abc\0", 4);
	assert_memory_equal(r->data + 0x200, "de\0\0\0\0\0", 7);
	ring_free(r);
}

/* Chains of all lengths that a queue can hold, for each size. */
static void
test_whole_queue(void **state)
{
	struct vq_chain c;
	struct ring *r;
	unsigned s, n, i;
	int irq;

	(void)state;
	for (s = 0; s < NSIZES; s++) {
		r = ring_new(sizes[s], 0);
		n = sizes[s];
		for (i = 0; i < n; i++)
			ring_desc(r, i, RING_DATA_GPA + i, 1,
			    D_WRITE | (i + 1 < n ? D_NEXT : 0), i + 1);
		ring_offer(r, 0);
		assert_int_equal(ring_begin(r), 0);
		assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
		assert_int_equal(c.wlen, n);
		assert_int_equal(c.nw, n);
		vq_undo(&r->w);
		(void)vq_end(&r->w);
		assert_int_equal(ring_serve(r, &irq), 1);
		assert_int_equal(ring_used_len(r, 0), n);
		ring_free(r);
	}
}

/* req: VQ-19 */
static void
test_wrap(void **state)
{
	struct ring *r;
	unsigned s, batch, i, done;
	uint16_t at;
	int irq;

	(void)state;
	for (s = 0; s < NSIZES; s++) {
		r = ring_new(sizes[s], 0);
		for (i = 0; i < sizes[s]; i++)
			ring_desc(r, i, RING_DATA_GPA + i, 1 + i % 3,
			    D_WRITE, 0);
		for (done = 0; done < 70000; done += batch) {
			batch = 1 + done % sizes[s];
			r->nlog = 0;
			at = (uint16_t)done;
			for (i = 0; i < batch; i++)
				ring_offer(r, (done * 7 + i) % sizes[s]);
			assert_int_equal(ring_serve(r, &irq), batch);
			assert_int_equal(irq, 1);
			assert_int_equal(ring_used_idx(r),
			    (uint16_t)(at + batch));
			for (i = 0; i < batch; i++) {
				unsigned id = (done * 7 + i) % sizes[s];

				assert_int_equal(ring_used_id(r,
				    (uint16_t)(at + i)), id);
				assert_int_equal(ring_used_len(r,
				    (uint16_t)(at + i)), 1 + id % 3);
			}
		}
		ring_free(r);
	}
}

/* req: VQ-16 VQ-17 */
static void
test_order(void **state)
{
	uint64_t elem = RING_USED_GPA + 4, idx = RING_USED_GPA + 2;
	struct ring *r = ring_new(4, 0);
	int irq, e0, e1, p0, p1, i;

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_desc(r, 1, RING_DATA_GPA + 16, 1, D_WRITE, 0);
	ring_offer(r, 0);
	ring_offer(r, 1);
	assert_int_equal(ring_serve(r, &irq), 2);
	p0 = ring_find(r, 1, RING_DATA_GPA, 0);
	p1 = ring_find(r, 1, RING_DATA_GPA + 16, 0);
	e0 = ring_find(r, 1, elem, 0);
	e1 = ring_find(r, 1, elem + 8, 0);
	i = ring_find(r, 1, idx, 0);
	assert_true(p0 >= 0 && p0 < e0);
	assert_true(p1 > e0 && p1 < e1);
	assert_true(e1 < i);
	/* One store of the index for all, and then the driver's wish. */
	assert_int_equal(ring_count(r, 1, idx, 2), 1);
	assert_true(ring_find(r, 0, RING_AVAIL_GPA, 0) > i);
	ring_free(r);
}

/* req: DRV-41 */
static void
test_index_first(void **state)
{
	struct ring *r = ring_new(8, 0);
	unsigned i;
	int irq;

	(void)state;
	for (i = 0; i < 4; i++) {
		ring_desc(r, i, RING_DATA_GPA, 1, D_WRITE, 0);
		ring_offer(r, i);
	}
	r->idx = 3;
	ring_publish(r);
	assert_int_equal(ring_serve(r, &irq), 3);
	/* The index comes first, and no entry that it does not cover. */
	assert_int_equal(r->log[0].gpa, RING_AVAIL_GPA + 2);
	assert_int_equal(r->log[0].store, 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(ring_count(r, 0, RING_AVAIL_GPA + 4 + 2 * i,
		    2), 1);
	assert_int_equal(ring_count(r, 0, RING_AVAIL_GPA + 10, 10), 0);
	ring_free(r);
}

/* req: DRV-38 */
static void
test_used_scribbled(void **state)
{
	struct ring *r = ring_new(2, RING_EVENT);
	uint16_t i;
	int irq;

	(void)state;
	for (i = 0; i < 9; i++) {
		memset(r->used, 0xd0 + i, 4 + 16 + 2);
		ring_desc(r, i % 2, RING_DATA_GPA, i, D_WRITE, 0);
		ring_offer(r, i % 2);
		assert_int_equal(ring_serve(r, &irq), 1);
		assert_int_equal(ring_used_idx(r), i + 1);
		assert_int_equal(ring_used_id(r, i), i % 2);
		assert_int_equal(ring_used_len(r, i), i);
	}
	assert_int_equal(ring_count(r, 0, RING_USED_GPA, 0x1000), 0);
	ring_free(r);
}

/* req: DRV-46 */
static void
test_head_twice(void **state)
{
	struct ring *r = ring_new(4, 0);
	int irq;

	(void)state;
	ring_desc(r, 2, RING_DATA_GPA, 5, D_WRITE, 0);
	ring_offer(r, 2);
	ring_offer(r, 2);
	assert_int_equal(ring_serve(r, &irq), 2);
	assert_int_equal(ring_used_idx(r), 2);
	assert_int_equal(ring_used_id(r, 0), 2);
	assert_int_equal(ring_used_id(r, 1), 2);
	assert_int_equal(ring_used_len(r, 1), 5);
	ring_free(r);
}

/* req: DRV-45 */
static void
test_empty_segments(void **state)
{
	struct ring *r = ring_new(8, 0);
	struct vq_chain c;
	unsigned i;

	(void)state;
	for (i = 0; i < 8; i++)		/* addresses of nothing do not matter */
		ring_desc(r, i, UINT64_MAX, 0, (i < 4 ? 0 : D_WRITE) |
		    (i < 7 ? D_NEXT : 0), i + 1);
	ring_desc(r, 2, RING_DATA_GPA, 3, D_NEXT, 3);
	ring_desc(r, 6, RING_DATA_GPA, 7, D_WRITE | D_NEXT, 7);
	ring_offer(r, 0);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	assert_int_equal(c.nr, 1);
	assert_int_equal(c.nw, 1);
	assert_int_equal(c.rlen, 3);
	assert_int_equal(c.wlen, 7);
	vq_done(&r->w, &c);
	/* They count as steps: a ring of them is a loop. */
	ring_desc(r, 7, 0, 0, D_WRITE | D_NEXT, 4);
	ring_offer(r, 4);
	assert_int_equal(vq_next(&r->w, &c), VQ_BROKEN);
	assert_int_equal(r->vq.broken, 1);
	(void)vq_end(&r->w);
	ring_free(r);
}

/* An empty readable descriptor behind a writable one is out of order, too. */
static void
test_empty_in_wrong_order(void **state)
{
	struct ring *r = ring_new(4, 0);
	int irq;

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 3, D_WRITE | D_NEXT, 1);
	ring_desc(r, 1, 0, 0, 0, 0);
	ring_desc(r, 2, 0, 0, D_WRITE | D_NEXT, 3);
	ring_desc(r, 3, RING_DATA_GPA, 3, 0, 0);
	ring_offer(r, 0);
	ring_offer(r, 2);
	assert_int_equal(ring_serve(r, &irq), 0);
	assert_int_equal(ring_used_idx(r), 2);
	assert_int_equal(r->w.malformed, 2);
	ring_free(r);
}

static void
test_undo(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	unsigned i;
	int irq;

	(void)state;
	for (i = 0; i < 3; i++) {
		ring_desc(r, i, RING_DATA_GPA, 1, D_WRITE, 0);
		ring_offer(r, i);
	}
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	vq_done(&r->w, &c);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	assert_int_equal(c.head, 1);
	vq_undo(&r->w);
	vq_stop(&r->w);
	assert_int_equal(vq_end(&r->w), 1);
	assert_int_equal(r->w.more, 1);
	assert_int_equal(ring_used_idx(r), 1);
	assert_int_equal(r->vq.last_avail, 1);
	assert_int_equal(ring_serve(r, &irq), 2);
	assert_int_equal(ring_used_id(r, 1), 1);
	assert_int_equal(ring_used_id(r, 2), 2);
	assert_int_equal(r->w.more, 0);
	ring_free(r);
}

/* Asking takes nothing, and finds what was offered since. */
static void
test_waiting(void **state)
{
	struct ring *r = ring_new(4, RING_EVENT);
	struct vq_chain c;

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_desc(r, 1, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_offer(r, 0);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_waiting(&r->w), 1);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	vq_done(&r->w, &c);
	assert_int_equal(vq_waiting(&r->w), 0);
	assert_int_equal(ring_avail_event(r), 1);
	ring_offer(r, 1);
	assert_int_equal(vq_waiting(&r->w), 1);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	assert_int_equal(c.head, 1);
	vq_done(&r->w, &c);
	r->idx = 100;
	ring_publish(r);
	assert_int_equal(vq_waiting(&r->w), -1);
	assert_int_equal(r->vq.broken, 1);
	/* It stays broken, whatever the guest writes now. */
	r->idx = 2;
	ring_publish(r);
	assert_int_equal(vq_waiting(&r->w), -1);
	(void)vq_end(&r->w);
	assert_int_equal(ring_used_idx(r), 2);
	ring_free(r);
}

/* Who did enough leaves the rest alone; where there is none, nothing stops. */
static void
test_yield(void **state)
{
	struct ring *r = ring_new(4, RING_EVENT);
	struct vq_chain c;

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_offer(r, 0);
	ring_offer(r, 0);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	vq_done(&r->w, &c);
	assert_int_equal(vq_yield(&r->w), 1);
	assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
	(void)vq_end(&r->w);
	assert_int_equal(r->w.more, 1);
	assert_int_equal(r->vq.last_avail, 1);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	vq_done(&r->w, &c);
	assert_int_equal(vq_yield(&r->w), 0);
	assert_int_equal(r->w.more, 0);
	/* A bad index that was seen stays seen, whatever is there later. */
	r->idx = 100;
	ring_publish(r);
	assert_int_equal(vq_yield(&r->w), 0);
	r->idx = 2;
	ring_publish(r);
	assert_int_equal(vq_next(&r->w, &c), VQ_BROKEN);
	(void)vq_end(&r->w);
	ring_free(r);
}

/*
 * Several that were taken go back one by one and come again in order, also
 * over the end of the ring, and behind a look that found no more.
 */
static void
undo_several(uint16_t first, int more)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	unsigned i;
	int irq;

	ring_start_at(r, first);
	for (i = 0; i < 3; i++) {
		ring_desc(r, i, RING_DATA_GPA, 1, D_WRITE, 0);
		ring_offer(r, i);
	}
	assert_int_equal(ring_begin(r), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	if (more)
		assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
	for (i = 0; i < 3; i++)
		vq_undo(&r->w);
	assert_int_equal(vq_end(&r->w), 0);
	assert_int_equal(r->vq.last_avail, first);
	assert_int_equal(ring_serve(r, &irq), 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(ring_used_id(r, (uint16_t)(first + i)), i);
	ring_free(r);
}

static void
test_undo_several(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 16; i++)
		undo_several((uint16_t)(i / 2 - 4), i % 2);
}

/* What was taken back can be taken again in the same look. */
static void
test_undo_retake(void **state)
{
	struct ring *r = ring_new(2, 0);
	struct vq_chain c;
	int i;

	(void)state;
	ring_desc(r, 1, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_offer(r, 1);
	ring_offer(r, 1);
	assert_int_equal(ring_begin(r), 0);
	for (i = 0; i < 5; i++) {
		assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
		vq_undo(&r->w);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
		vq_done(&r->w, &c);
	}
	assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
	assert_int_equal(r->w.more, 0);
	(void)vq_end(&r->w);
	assert_int_equal(ring_used_idx(r), 2);
	ring_free(r);
}

/* req: DRV-39 */
static void
test_budget(void **state)
{
	struct ring *r;
	struct vq_chain c;
	unsigned s, n;

	(void)state;
	for (s = 0; s < NSIZES; s++) {
		r = ring_new(sizes[s], 0);
		ring_desc(r, 0, RING_DATA_GPA, 1, D_WRITE, 0);
		ring_offer(r, 0);
		assert_int_equal(ring_begin(r), 0);
		/* The driver offers a new one whenever one was taken. */
		for (n = 0; vq_next(&r->w, &c) == VQ_CHAIN; n++) {
			vq_done(&r->w, &c);
			ring_offer(r, 0);
			assert_true(n < sizes[s]);
		}
		assert_int_equal(n, sizes[s]);
		assert_int_equal(r->w.more, 1);
		assert_int_equal(r->vq.broken, 0);
		assert_int_equal(vq_end(&r->w), 1);
		assert_int_equal(ring_used_idx(r), n);
		/* The one that is left is for the next look. */
		assert_int_equal(ring_begin(r), 0);
		assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
		vq_done(&r->w, &c);
		(void)vq_end(&r->w);
		ring_free(r);
	}
}

/* Malformed chains count against the budget, too. */
static void
test_budget_malformed(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;

	(void)state;
	ring_desc(r, 0, 1, 1, D_WRITE, 0);
	ring_desc(r, 1, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_offer(r, 0);
	ring_offer(r, 0);
	ring_offer(r, 0);
	ring_offer(r, 1);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	vq_done(&r->w, &c);
	assert_int_equal(r->w.malformed, 3);
	ring_offer(r, 1);
	assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
	assert_int_equal(r->w.more, 1);
	(void)vq_end(&r->w);
	ring_free(r);
}

static void
offer_late(struct ring *r, const struct ring_access *a)
{
	/* Just after the device looked at the index. */
	if (a->gpa == RING_AVAIL_GPA + 2 && r->idx < 1)
		ring_offer(r, 0);
}

/* req: DRV-40 */
static void
test_forgotten_kick(void **state)
{
	struct ring *r = ring_new(4, 0);
	int irq;

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 1, D_WRITE, 0);
	r->hook = offer_late;
	assert_int_equal(ring_serve(r, &irq), 1);
	assert_int_equal(ring_used_idx(r), 1);
	ring_free(r);
}

/* The guest spoils each descriptor as soon as it was read. */
static void
spoil(struct ring *r, const struct ring_access *a)
{
	size_t off = a->gpa - RING_DESC_GPA;

	if (a->store || off >= 64)
		return;
	memset(r->desc + off, 0xff, 16);
}

/* req: DRV-12 */
static void
test_one_fetch(void **state)
{
	struct ring *r = ring_new(4, 0);
	unsigned i;
	int irq;

	(void)state;
	ring_desc(r, 0, RING_DATA_GPA, 8, D_NEXT, 3);
	ring_desc(r, 3, RING_DATA_GPA + 8, 4, D_NEXT | D_WRITE, 1);
	ring_desc(r, 1, RING_DATA_GPA + 64, 2, D_WRITE, 0);
	ring_offer(r, 0);
	r->hook = spoil;
	assert_int_equal(ring_serve(r, &irq), 1);
	assert_int_equal(ring_used_len(r, 0), 6);
	assert_int_equal(r->data[11], 0x5a);
	assert_int_equal(r->data[65], 0x5a);
	for (i = 0; i < 4; i++)
		assert_int_equal(ring_count(r, 0, RING_DESC_GPA + 16 * i, 16),
		    i != 2);
	assert_int_equal(ring_count(r, 0, RING_AVAIL_GPA + 4, 2), 1);
	ring_free(r);
}

/* After a reset nothing is left but the largest size. */
static void
test_reset(void **state)
{
	static const struct vq zero;
	struct vq vq, want = zero;

	(void)state;
	memset(&vq, 0xff, sizeof(vq));
	memset(&want, 0, sizeof(want));
	vq_reset(&vq, 256);
	want.max = want.size = 256;
	assert_memory_equal(&vq, &want, sizeof(vq));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_nothing_new),
		cmocka_unit_test(test_one_chain),
		cmocka_unit_test(test_whole_queue),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_index_first),
		cmocka_unit_test(test_used_scribbled),
		cmocka_unit_test(test_head_twice),
		cmocka_unit_test(test_empty_segments),
		cmocka_unit_test(test_empty_in_wrong_order),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_undo_retake),
		cmocka_unit_test(test_undo_several),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_malformed),
		cmocka_unit_test(test_forgotten_kick),
		cmocka_unit_test(test_one_fetch),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
