/* When a driver is interrupted and when it shall kick: virtio 1.3, 2.7.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_ring.h"

#define SIZE	8U

static struct ring *
ring_with(unsigned flags, uint16_t start)
{
	struct ring *r = ring_new(SIZE, flags);
	unsigned i;

	for (i = 0; i < SIZE; i++)
		ring_desc(r, i, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_start_at(r, start);
	return r;
}

static int
serve(struct ring *r, unsigned n)
{
	unsigned i;
	int irq;

	for (i = 0; i < n; i++)
		ring_offer(r, i);
	assert_int_equal(ring_serve(r, &irq), n);
	return irq;
}

/* req: VQ-12 DRV-35 */
static void
test_flags(void **state)
{
	struct ring *r = ring_with(0, 0);
	unsigned flags;

	(void)state;
	for (flags = 0; flags < 0x10000; flags += flags < 16 ? 1 : 371) {
		le16_put(r->avail, (uint16_t)flags);
		r->nlog = 0;
		assert_int_equal(serve(r, 1 + flags % SIZE), !(flags & 1));
		/* Nothing was served: there is nothing to tell. */
		assert_int_equal(serve(r, 0), 0);
	}
	ring_free(r);
}

/* req: VQ-10 */
static void
test_no_event_word(void **state)
{
	/* Areas with the two bytes at their ends, and the feature off. */
	struct ring *r = ring_with(RING_EVENT, 0);
	unsigned i;

	(void)state;
	r->vq.event_idx = 0;
	for (i = 0; i < 100; i++) {
		ring_used_event(r, (uint16_t)(i * 331));
		assert_int_equal(serve(r, 1), 1);
	}
	assert_int_equal(ring_count(r, -1, RING_AVAIL_GPA + 4 + 2 * SIZE, 2),
	    0);
	assert_int_equal(ring_count(r, -1, RING_USED_GPA + 4 + 8 * SIZE, 2),
	    0);
	assert_int_equal(ring_avail_event(r), 0);
	ring_free(r);
}

/* req: VQ-13 DRV-36 */
static void
test_event_without_flags(void **state)
{
	struct ring *r = ring_with(RING_EVENT, 0);
	uint16_t i;

	(void)state;
	for (i = 0; i < 200; i++) {
		le16_put(r->avail, (uint16_t)(i * 331));
		ring_used_event(r, (uint16_t)(i + i % 2));
		assert_int_equal(serve(r, 1), i % 2 == 0);
	}
	assert_int_equal(ring_count(r, -1, RING_AVAIL_GPA, 2), 0);
	ring_free(r);
}

/* req: VQ-14 DRV-37 */
static void
test_event(void **state)
{
	static const uint16_t starts[] = {
		0, 1, 100, 0x7ffc, 0x8000, 0xfff6, 0xfff8, 0xfffc, 0xfffe,
		0xffff
	};
	struct ring *r;
	unsigned s, n, back, due;
	uint16_t event;

	(void)state;
	for (s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
		for (n = 1; n <= SIZE; n++) {
			r = ring_with(RING_EVENT, starts[s]);
			for (back = 0; back < 0x10000;
			    back += back < 20 || back > 0xffe0 ? 1 : 1021) {
				/* Entries from .. from + n - 1 get used. */
				event = (uint16_t)(r->idx + back);
				due = back < n;
				ring_used_event(r, event);
				r->nlog = 0;
				assert_int_equal(serve(r, n), due);
			}
			ring_free(r);
		}
}

/* The event is looked at once the used index is public, not before. */
static void
test_event_after_index(void **state)
{
	struct ring *r = ring_with(RING_EVENT, 0);
	int idx, event;

	(void)state;
	assert_int_equal(serve(r, 1), 1);
	idx = ring_find(r, 1, RING_USED_GPA + 2, 0);
	event = ring_find(r, 0, RING_AVAIL_GPA + 4 + 2 * SIZE, 0);
	assert_true(idx >= 0);
	assert_true(event > idx);
	assert_int_equal(ring_find(r, 0, RING_AVAIL_GPA + 4 + 2 * SIZE, 1),
	    -1);
	ring_free(r);
}

/* Where the next kick is wanted: at the entry that comes next. */
static void
test_avail_event(void **state)
{
	struct ring *r = ring_with(RING_EVENT, 0xfffa);
	uint16_t i;
	int armed, idx;

	(void)state;
	for (i = 0; i < 20; i++) {
		r->nlog = 0;
		(void)serve(r, i % 3);
		assert_int_equal(ring_avail_event(r), r->idx);
		/* Armed, then looked at the index once more. */
		armed = ring_find(r, 1, RING_USED_GPA + 4 + 8 * SIZE, 0);
		idx = ring_find(r, 0, RING_AVAIL_GPA + 2, 1);
		assert_true(armed >= 0);
		assert_true(idx > armed);
	}
	ring_free(r);
}

static void
offer_late(struct ring *r, const struct ring_access *a)
{
	/* Between the last look at the index and the new event. */
	if (a->store && a->gpa == RING_USED_GPA + 4 + 8 * SIZE && r->idx < 3)
		ring_offer(r, r->idx);
}

/* req: DRV-40 */
static void
test_late(void **state)
{
	struct ring *r = ring_with(RING_EVENT, 0);
	int irq;

	(void)state;
	r->hook = offer_late;
	assert_int_equal(ring_serve(r, &irq), 3);
	assert_int_equal(ring_used_idx(r), 3);
	assert_int_equal(ring_avail_event(r), 3);
	ring_free(r);
}

/* A look that ends early says from where on it wants to be kicked. */
static void
test_stopped(void **state)
{
	struct ring *r = ring_with(RING_EVENT, 0);
	struct vq_chain c;

	(void)state;
	ring_offer(r, 0);
	ring_offer(r, 1);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	vq_done(&r->w, &c);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	vq_undo(&r->w);
	vq_stop(&r->w);
	assert_int_equal(vq_end(&r->w), 1);
	assert_int_equal(ring_avail_event(r), 1);
	assert_int_equal(r->w.more, 1);
	ring_free(r);
}

/* req: VQ-21 VQ-23 */
static void
test_used_flags(void **state)
{
	struct ring *r;
	unsigned ev, i;

	(void)state;
	for (ev = 0; ev < 2; ev++) {
		r = ring_with(ev ? RING_EVENT : 0, 0);
		for (i = 0; i < 40; i++) {
			(void)serve(r, i % SIZE);
			assert_int_equal(le16_get(r->used), 0);
		}
		assert_int_equal(ring_count(r, -1, RING_USED_GPA, 2), 0);
		ring_free(r);
	}
}

/* One interrupt for all that one look did. */
static void
test_one_irq(void **state)
{
	struct ring *r = ring_with(0, 0xfffe);

	(void)state;
	assert_int_equal(serve(r, SIZE), 1);
	assert_int_equal(ring_count(r, 1, RING_USED_GPA + 2, 2), 1);
	assert_int_equal(ring_count(r, 0, RING_AVAIL_GPA, 2), 1);
	assert_int_equal(ring_used_idx(r), 6);
	ring_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_no_event_word),
		cmocka_unit_test(test_event_without_flags),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_event_after_index),
		cmocka_unit_test(test_avail_event),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_used_flags),
		cmocka_unit_test(test_one_irq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
