/*
 * Each alarm of the oracle, set off by hand: the tap is told what a broken
 * device would do.  What a sound device does sets none of them off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#define SIZE	4
#define DESC	0x400
#define AVAIL	0x440
#define USED	0x460
#define RD	0x4000		/* eight readable bytes */
#define WR	0x4100		/* eight writable ones */

static struct arena arena;
static struct oracle *o;
static struct vq vq;
static jmp_buf out;
static const char *kind, *why;

static void failed(void *, const char *, const char *)
    __attribute__((noreturn));

static void
failed(void *arg, const char *k, const char *w)
{
	(void)arg;
	kind = k;
	why = w;
	longjmp(out, 1);
}

static void
put16(uint64_t gpa, uint16_t v)
{
	uint8_t b[2];

	le16_put(b, v);
	assert_int_equal(arena_poke(&arena, gpa, b, 2), 0);
}

static void
put_desc(unsigned i, uint64_t addr, uint32_t len, unsigned flags,
    unsigned next)
{
	uint8_t d[16];

	le64_put(d, addr);
	le32_put(d + 8, len);
	le16_put(d + 12, (uint16_t)flags);
	le16_put(d + 14, (uint16_t)next);
	assert_int_equal(arena_poke(&arena, DESC + 16 * i, d, 16), 0);
}

static void
begin(int event)
{
	arena_reset(&arena);
	oracle_reset(o, &arena);
	vq_reset(&vq, SIZE);
	vq.desc = DESC;
	vq.avail = AVAIL;
	vq.used = USED;
	vq.event_idx = (uint8_t)event;
	vq.enabled = 1;
	put_desc(0, RD, 8, VRING_DESC_NEXT, 1);
	put_desc(1, WR, 8, VRING_DESC_WRITE, 0);
	put16(AVAIL + 2, 1);
	oracle_begin(o, &vq, 1);
}

/* What the device does, one access each. */
static void
ld(uint64_t gpa, size_t len)
{
	uint8_t b[64];

	assert_int_equal(arena_peek(&arena, gpa, b, len), 0);
	oracle_tap.load(o, gpa, b, len);
}

static void
st(uint64_t gpa, size_t len)
{
	static const uint8_t b[64] = { 1, 2, 3 };

	oracle_tap.store(o, gpa, b, len);
}

static void
st16(uint64_t gpa, uint16_t v)
{
	uint8_t b[2];

	le16_put(b, v);
	oracle_tap.store(o, gpa, b, 2);
}

static void
elem(unsigned slot, uint32_t head, uint32_t len)
{
	uint8_t b[8];

	le32_put(b, head);
	le32_put(b + 4, len);
	oracle_tap.store(o, USED + 4 + 8 * slot, b, 8);
}

/* The chain at an entry, walked. */
static void
walk(unsigned slot)
{
	ld(AVAIL + 4 + 2 * slot, 2);
	ld(DESC, 16);
	ld(DESC + 16, 16);
}

static void
take(void)
{
	ld(AVAIL + 2, 2);
	walk(0);
}

static void
serve(void)
{
	take();
	ld(RD, 8);
	st(WR, 8);
	elem(0, 0, 8);
}

static void
publish(void)
{
	serve();
	st16(USED + 2, 1);
}

static void
right(void)
{
	publish();
	ld(AVAIL, 2);
	oracle_end(o, 0, 1, 1);
	oracle_drained(o, 0);
}

static void
right_partly(void)
{
	take();
	ld(RD, 3);
	st(WR, 2);
	st(WR + 2, 1);
	elem(0, 0, 3);
	st16(USED + 2, 1);
	ld(AVAIL, 2);
	oracle_end(o, 0, 1, 1);
}

static void
right_silent(void)
{
	put16(AVAIL, VRING_AVAIL_NO_IRQ);
	publish();
	ld(AVAIL, 2);
	oracle_end(o, 0, 0, 0);
}

static void
right_event(void)
{
	publish();
	st16(USED + 4 + 8 * SIZE, 1);
	ld(AVAIL + 4 + 2 * SIZE, 2);
	oracle_end(o, 0, 1, 1);
}

static void
right_event_later(void)
{
	put16(AVAIL + 4 + 2 * SIZE, 7);
	publish();
	ld(AVAIL + 4 + 2 * SIZE, 2);
	oracle_end(o, 0, 0, 0);
}

static void
right_undone(void)
{
	take();
	oracle_end(o, 0, 0, 0);
	oracle_drained(o, 0);
	oracle_begin(o, &vq, 1);
	right();
}

static void
right_refusal(void)
{
	put_desc(1, 0x80000000, 8, VRING_DESC_WRITE, 0);
	take();
	elem(0, 0, 0);
	st16(USED + 2, 1);
	ld(AVAIL, 2);
	oracle_end(o, 0, 1, 1);
}

static void
right_reset(void)
{
	put16(AVAIL + 2, SIZE + 1);
	ld(AVAIL + 2, 2);
	oracle_end(o, 1, 0, 0);
}

/* And what broken devices do. */
static void
entry_uncovered(void)
{
	serve();
	walk(1);
}

static void
completed_twice(void)
{
	serve();
	elem(1, 0, 8);
}

static void
completed_in_walk(void)
{
	ld(AVAIL + 2, 2);
	ld(AVAIL + 4, 2);
	elem(0, 0, 0);
}

static void
other_head(void)
{
	take();
	elem(0, 1, 0);
}

static void
length_too_long(void)
{
	take();
	st(WR, 4);
	elem(0, 0, 8);
}

static void
length_too_short(void)
{
	take();
	st(WR, 8);
	elem(0, 0, 4);
}

static void
stored_outside(void)
{
	take();
	st(WR + 8, 1);
}

static void
stored_over_end(void)
{
	take();
	st(WR, 9);
}

static void
stored_out_of_order(void)
{
	take();
	st(WR + 4, 4);
}

static void
stored_twice(void)
{
	take();
	st(WR, 4);
	st(WR, 4);
}

static void
stored_to_readable(void)
{
	take();
	st(RD, 1);
}

static void
stored_without_chain(void)
{
	ld(AVAIL + 2, 2);
	st(WR, 1);
}

static void
stored_without_queue(void)
{
	st(WR, 1);
}

static void
refused_gets_bytes(void)
{
	put_desc(1, 0x80000000, 8, VRING_DESC_WRITE, 0);
	take();
	st(WR, 1);
}

static void
read_twice(void)
{
	take();
	ld(RD, 4);
	ld(RD, 4);
}

static void
read_over_end(void)
{
	take();
	ld(RD, 9);
}

static void
read_writable(void)
{
	take();
	ld(WR, 1);
}

static void
read_without_chain(void)
{
	ld(RD, 8);
}

static void
refused_is_read(void)
{
	put_desc(1, 0x80000000, 8, VRING_DESC_WRITE, 0);
	take();
	ld(RD, 8);
}

static void
walk_jumps(void)
{
	ld(AVAIL + 2, 2);
	ld(AVAIL + 4, 2);
	ld(DESC + 32, 16);
}

static void
walk_left(void)
{
	ld(AVAIL + 2, 2);
	ld(AVAIL + 4, 2);
	ld(DESC, 16);
	oracle_end(o, 0, 0, 0);
}

static void
taken_and_lost(void)
{
	take();
	st(WR, 1);
	oracle_end(o, 0, 0, 0);
}

static void
refused_and_lost(void)
{
	put_desc(1, 0x80000000, 8, VRING_DESC_WRITE, 0);
	take();
	oracle_end(o, 0, 0, 0);
}

static void
left_behind(void)
{
	ld(AVAIL + 2, 2);
	oracle_end(o, 0, 0, 0);
	oracle_drained(o, 0);
}

static void
not_published(void)
{
	serve();
	oracle_end(o, 0, 1, 1);
}

static void
index_wrong(void)
{
	serve();
	st16(USED + 2, 2);
}

static void
wish_not_read(void)
{
	publish();
	oracle_end(o, 0, 1, 1);
}

static void
wish_not_read_again(void)
{
	publish();
	st16(USED + 2, 1);
}

static void
irq_missing(void)
{
	publish();
	ld(AVAIL, 2);
	oracle_end(o, 0, 0, 0);
}

static void
irq_missing_event(void)
{
	publish();
	ld(AVAIL + 4 + 2 * SIZE, 2);
	oracle_end(o, 0, 0, 0);
}

static void
irq_unwanted(void)
{
	put16(AVAIL, VRING_AVAIL_NO_IRQ);
	publish();
	ld(AVAIL, 2);
	oracle_end(o, 0, 1, 1);
}

static void
irq_without_cause(void)
{
	oracle_end(o, 0, 1, 1);
}

static void
event_wrong(void)
{
	serve();
	st16(USED + 4 + 8 * SIZE, 2);
}

static void
no_reset_index(void)
{
	put16(AVAIL + 2, SIZE + 1);
	ld(AVAIL + 2, 2);
	oracle_end(o, 0, 0, 0);
}

static void
no_reset_head(void)
{
	put16(AVAIL + 4, SIZE);
	ld(AVAIL + 2, 2);
	ld(AVAIL + 4, 2);
	oracle_end(o, 0, 0, 0);
}

static void
no_reset_loop(void)
{
	put_desc(0, RD, 1, VRING_DESC_NEXT, 0);
	ld(AVAIL + 2, 2);
	ld(AVAIL + 4, 2);
	ld(DESC, 16);
	ld(DESC, 16);
	ld(DESC, 16);
	ld(DESC, 16);
	oracle_end(o, 0, 0, 0);
}

static void
too_much_work(void)
{
	unsigned i;

	take();
	for (i = 0; i < 10000; i++)
		ld(RD, 0);
}

static void
too_many_chains(void)
{
	unsigned i;

	for (i = 0; i <= SIZE; i++) {
		put16(AVAIL + 2, (uint16_t)(i + 1));
		ld(AVAIL + 2, 2);
		walk(i % SIZE);
		elem(i % SIZE, 0, 0);
	}
}

static const struct {
	void		(*act)(void);
	const char	*kind, *why;	/* NULL: no alarm */
	int		 event;
} acts[] = {
	{ right, NULL, NULL, 0 },
	{ right_partly, NULL, NULL, 0 },
	{ right_silent, NULL, NULL, 0 },
	{ right_event, NULL, NULL, 1 },
	{ right_event_later, NULL, NULL, 1 },
	{ right_undone, NULL, NULL, 0 },
	{ right_refusal, NULL, NULL, 0 },
	{ right_reset, NULL, NULL, 0 },
	{ entry_uncovered, "entry", "no index covers", 0 },
	{ completed_twice, "used", "was not taken", 0 },
	{ completed_in_walk, "used", "was not taken", 0 },
	{ other_head, "used", "another head", 0 },
	{ length_too_long, "length", "used length", 0 },
	{ length_too_short, "length", "used length", 0 },
	{ stored_outside, "write", "stored twice", 0 },
	{ stored_over_end, "write", "stored twice", 0 },
	{ stored_out_of_order, "write", "stored twice", 0 },
	{ stored_twice, "write", "stored twice", 0 },
	{ stored_to_readable, "write", "stored twice", 0 },
	{ stored_without_chain, "write", "no chain", 0 },
	{ stored_without_queue, "write", "no queue", 0 },
	{ refused_gets_bytes, "write", "no chain", 0 },
	{ read_twice, "read", "read twice", 0 },
	{ read_over_end, "read", "read twice", 0 },
	{ read_writable, "read", "read twice", 0 },
	{ read_without_chain, "read", "no chain", 0 },
	{ refused_is_read, "read", "no chain", 0 },
	{ walk_jumps, "walk", "not the next descriptor", 0 },
	{ walk_left, "walk", "left in the middle", 0 },
	{ taken_and_lost, "lost", "neither served", 0 },
	{ refused_and_lost, "lost", "neither served", 0 },
	{ left_behind, "lost", "left behind", 0 },
	{ not_published, "used", "not published", 0 },
	{ index_wrong, "used", "does not cover", 0 },
	{ wish_not_read, "irq", "without a look", 0 },
	{ wish_not_read_again, "irq", "published again", 0 },
	{ irq_missing, "irq", "is missing", 0 },
	{ irq_missing_event, "irq", "is missing", 1 },
	{ irq_unwanted, "irq", "without cause", 0 },
	{ irq_without_cause, "irq", "without cause", 0 },
	{ event_wrong, "event", "avail_event", 1 },
	{ no_reset_index, "reset", "did not ask", 0 },
	{ no_reset_head, "reset", "did not ask", 0 },
	{ no_reset_loop, "reset", "did not ask", 0 },
	{ too_much_work, "work", "too many accesses", 0 },
	{ too_many_chains, "work", "more chains", 0 },
};

static void
test_alarms(void **state)
{
	volatile size_t i;

	(void)state;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		kind = why = NULL;
		if (setjmp(out) == 0) {
			begin(acts[i].event);
			acts[i].act();
		}
		if (acts[i].kind == NULL && kind != NULL)
			fail_msg("act %zu: alarm %s: %s", i, kind, why);
		if (acts[i].kind == NULL)
			continue;
		if (kind == NULL)
			fail_msg("act %zu: no alarm %s: %s", i, acts[i].kind,
			    acts[i].why);
		assert_string_equal(kind, acts[i].kind);
		if (strstr(why, acts[i].why) == NULL)
			fail_msg("act %zu: %s", i, why);
	}
}

/* Where bytes of buffers lie in the rings nothing is said, and only there. */
static void
test_loose(void **state)
{
	(void)state;
	if (setjmp(out) != 0)
		fail_msg("alarm %s: %s", kind, why);
	begin(0);
	put_desc(1, USED, 8, VRING_DESC_WRITE, 0);
	take();
	assert_int_equal(o->any_loose, 1);
	st(0x7000, 4);
	oracle_end(o, 0, 0, 0);
	/* The queue goes off and on: the model is strict again. */
	vq.enabled = 0;
	oracle_begin(o, &vq, 1);
	assert_int_equal(o->any_loose, 0);
	oracle_end(o, 0, 0, 0);
	begin(0);
	right();
	assert_int_equal(o->stat.done, 1);
}

/* The rings may be those of another queue: its index is a payload, too. */
static void
test_loose_pair(void **state)
{
	struct vq pair[2];

	(void)state;
	if (setjmp(out) != 0)
		fail_msg("alarm %s: %s", kind, why);
	begin(0);
	pair[0] = pair[1] = vq;
	pair[1].desc = 0x1400;
	pair[1].avail = 0x1440;
	pair[1].used = 0x1460;
	put_desc(0, pair[1].avail + 2, 2, VRING_DESC_NEXT, 1);
	oracle_begin(o, pair, 2);
	take();
	assert_int_equal(o->any_loose, 1);
	ld(pair[1].avail + 2, 2);
	st(WR, 8);
	oracle_end(o, 0, 0, 0);
	pair[0].enabled = 0;
	oracle_begin(o, pair, 2);
	assert_int_equal(o->any_loose, 1);
	pair[1].enabled = 0;
	oracle_begin(o, pair, 2);
	assert_int_equal(o->any_loose, 0);
	oracle_end(o, 0, 0, 0);
}

/* Loads are counted by what they are for, and those that come again. */
static void
test_fetches(void **state)
{
	static const uint64_t loads[] = { 2, 2, 4, 2 };
	static const uint64_t again[] = { 1, 1, 2, 1 };
	unsigned i;

	(void)state;
	begin(0);
	take();
	ld(RD, 8);
	take();
	ld(RD, 8);
	for (i = 0; i < ORACLE_NFETCH; i++) {
		assert_int_equal(o->stat.loads[i], loads[i]);
		assert_int_equal(o->stat.again[i], again[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alarms),
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_loose_pair),
		cmocka_unit_test(test_fetches),
	};
	int res;

	arena_init(&arena);
	if ((o = calloc(1, sizeof(*o))) == NULL)
		abort();
	o->fail = failed;
	res = cmocka_run_group_tests(tests, NULL, NULL);
	free(o);
	arena_free(&arena);
	return res;
}
