/* Recorder and player together, on a toy device that does everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "digest.h"
#include "play.h"
#include "prng.h"
#include "rec.h"
#include "test_toy.h"

static void
same(void)
{
	int res = play(trace, tracelen, 0);

	if (res != 0)
		print_error("record %u (message %u): want %s, got %s; %s\n",
		    play_diff(player)->number, play_diff(player)->cause,
		    play_diff(player)->want, play_diff(player)->got,
		    play_diff(player)->where);
	assert_int_equal(res, 0);
	assert_int_equal(play_stat(player)->messages, 23);
	assert_int_equal(play_stat(player)->open, 0);
}

static void
test_same(void **state)
{
	struct job j = whole;

	(void)state;
	record(&j);
	same();
	assert_int_equal(play_stat(player)->blind, 0);
	assert_int_equal(play_stat(player)->marks, 23);
	j.fails = 1;
	record(&j);
	same();
	j.fails = 0;
	j.nostate = 1;
	record(&j);
	same();
	assert_int_equal(play_stat(player)->marks, 0);
}

/* With times it says when, and plays as before. */
static void
test_times(void **state)
{
	struct job j = whole;
	struct trace_reader t;
	struct trace_rec rec;

	(void)state;
	j.times = 1;
	record(&j);
	same();
	(void)trace_open(&t, trace, tracelen);
	for (rec.type = 0; rec.type != TRACE_TIME || rec.u.time == 0;)
		assert_int_equal(trace_next(&t, &rec), TRACE_OK);
}

/* Payload cut: the same, and it says how much it could not compare. */
static void
test_cut(void **state)
{
	struct job j = whole;

	(void)state;
	j.keep = 64;
	record(&j);
	same();
	assert_int_equal(play_stat(player)->blind, 2 * (1 + 70 + 1 + 1));
	j.keep = 0;
	j.marks = 0;
	record(&j);
	same();
	assert_int_equal(play_stat(player)->blind, 2 * (1 + 70 + 1 + 1));
	assert_int_equal(play_stat(player)->marks, 0);
}

/* Small buffers and every record by itself give the same trace. */
static void
test_buffers(void **state)
{
	static uint8_t first[TRACE];
	struct job j = whole;
	size_t len;
	unsigned calls;

	(void)state;
	j.keep = 256;
	record(&j);
	len = tracelen;
	calls = sinkcalls;
	memcpy(first, trace, len);
	j.bufcap = REC_BUFMIN;
	record(&j);
	assert_int_equal(tracelen, len);
	assert_memory_equal(trace, first, len);
	assert_true(sinkcalls > calls);
	j.sync = 1;
	record(&j);
	assert_int_equal(tracelen, len);
	assert_memory_equal(trace, first, len);
	assert_true(sinkcalls > 100);
	same();
}

/* Without room it ends after a whole record, and plays up to there. */
static void
test_room(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	struct job j = whole;
	enum trace_result res;
	size_t all, room;
	unsigned open = 0;

	(void)state;
	j.keep = 64;
	record(&j);
	all = tracelen;
	for (room = 0; room < all; room += 13) {
		j.room = room;
		record(&j);
		assert_true(tracelen <= room);
		if (tracelen < TRACE_HEADER)
			continue;
		trace_open(&t, trace, tracelen);
		while ((res = trace_next(&t, &r)) == TRACE_OK)
			;
		assert_int_equal(res, TRACE_END);
		assert_int_equal(play(trace, tracelen, 0), 0);
		open += play_stat(player)->open != 0;
	}
	assert_true(open > 20);
}

/* A sink that fails ends the recording, not the device. */
static void
test_sink_fails(void **state)
{
	size_t all;

	(void)state;
	record(&whole);
	all = tracelen;
	for (sinkmax = 0; sinkmax < all; sinkmax += 97) {
		record(&whole);
		assert_true(tracelen <= sinkmax);
	}
	sinkmax = TRACE;
}

/* Each planted bug shows at the record where it happens. */
static void
test_bugs(void **state)
{
	static const struct {
		const char *want, *got, *where;
	} bugs[] = {
		{ "expect store 0x200 [", "expect store 0x200 [",
		    "byte 3: 0x" },
		{ "expect blk read 512 len=270", "expect blk read 513 len=270",
		    "" },
		{ "expect blk write+durable 0 [", "expect blk write+durable "
		    "0 [", "byte 40: 0x" },
		{ "expect tx 1 [", "expect tx 1 [", "" },
		{ "expect again 1", "expect irq 1", "" },
		{ "mark 0x", "expect irq 0", "" },
		{ "mark 0x", "mark 0x", "" },
	};
	const struct play_diff *d;
	struct trace_reader t;
	struct trace_rec r;
	int i;

	(void)state;
	record(&whole);
	for (i = 0; i < 7; i++) {
		assert_int_equal(play(trace, tracelen, i + 1), -1);
		d = play_diff(player);
		if (strncmp(d->want, bugs[i].want, strlen(bugs[i].want)) ||
		    strncmp(d->got, bugs[i].got, strlen(bugs[i].got)) ||
		    strncmp(d->where, bugs[i].where, strlen(bugs[i].where)))
			fail_msg("%d: %s, %s, %s", i + 1, d->want, d->got,
			    d->where);
		/* The cause is a message, and it stands before. */
		assert_true(d->cause < d->number);
		trace_open(&t, trace, tracelen);
		do
			assert_int_equal(trace_next(&t, &r), TRACE_OK);
		while (r.number != d->cause);
		assert_int_equal(r.type, TRACE_MSG);
		do
			assert_int_equal(trace_next(&t, &r), TRACE_OK);
		while (r.number != d->number);
		assert_int_equal(r.off, d->off);
		assert_int_equal(play_step(player, NULL), -1);
	}
}

/* Cut at any record, it plays without a difference. */
static void
test_truncated(void **state)
{
	struct job j = whole;
	size_t n;

	(void)state;
	j.keep = 32;
	record(&j);
	for (n = TRACE_HEADER; n < tracelen; n++)
		assert_int_equal(play(trace, n, 0), 0);
}

/* Records all of whose bits are compared, whatever was kept of payloads. */
static int
is_plain(const struct trace_rec *r)
{
	return r->type == TRACE_MARK || (r->type == TRACE_EXPECT &&
	    r->u.expect.kind != TRACE_STORE && r->u.expect.kind != TRACE_BLK &&
	    r->u.expect.kind != TRACE_TX);
}

/* Any single bit: never harm, always an end, and found where it can be. */
static void
test_every_bit(void **state)
{
	struct job j = whole;
	struct trace_reader t;
	struct trace_rec r;
	unsigned bit, found = 0;
	size_t i;
	int res, plain;

	(void)state;
	j.keep = 0, j.rounds = 1;
	record(&j);
	trace_open(&t, trace, tracelen);
	while (trace_next(&t, &r) == TRACE_OK) {
		plain = is_plain(&r);
		for (i = r.off; i < t.off; i++)
			for (bit = 0; bit < 8; bit++) {
				trace[i] ^= (uint8_t)(1U << bit);
				res = play(trace, tracelen, 0);
				assert_true(res == 0 || res == -1);
				if (plain && i >= r.off + 4)
					assert_int_equal(res, -1);
				found += res == -1;
				trace[i] ^= (uint8_t)(1U << bit);
			}
	}
	assert_true(found > 1000);
}

static void
put_hostile(struct wbuf *w, struct prng *rng)
{
	static const uint8_t data[64];
	uint32_t where = (uint32_t)prng_below(rng, 10);
	struct viodev_msg m = { .type = VIODEV_KICK, .where = where };

	switch (prng_below(rng, 8)) {
	case 0:
	case 1:
	case 2:
		trace_put_msg(w, &m);
		break;
	case 3:
		trace_put_load(w, 0x100, data, 16, prng_below(rng, 20));
		break;
	case 4:
		trace_put_answer(w, (unsigned)prng_below(rng, TRACE_NCALLS),
		    (int32_t)prng_next(rng) % 6, data, prng_below(rng, 65),
		    prng_below(rng, 65));
		break;
	case 5:
		trace_put_expect(w, (unsigned)prng_below(rng, TRACE_NKINDS),
		    (uint32_t)prng_below(rng, 3), 512, data,
		    prng_below(rng, 65), prng_below(rng, 65));
		break;
	case 6:
		trace_put_poke(w, prng_below(rng, 2 * MEM), data,
		    prng_below(rng, 65));
		break;
	default:
		trace_put_setup(w, &(struct trace_setup){ 0 });
		break;
	}
}

static void
test_hostile(void **state)
{
	struct prng rng;
	struct wbuf w;
	int i, j;

	(void)state;
	prng_seed(&rng, 4);
	for (i = 0; i < 20000; i++) {
		wb_init(&w, trace, sizeof(trace));
		trace_put_header(&w);
		trace_put_expect(&w, TRACE_TIMER, 7, 1500, NULL, 0, 0);
		trace_put_answer(&w, TRACE_CALL_CLOCK, 0, "12345678", 8, 8);
		for (j = (int)prng_below(&rng, 12); j > 0; j--)
			put_hostile(&w, &rng);
		assert_true(play(trace, w.len, 0) <= 0);
	}
}

static void
differs(struct wbuf *w, const char *want, const char *got)
{
	assert_int_equal(play(trace, w->len, 0), -1);
	assert_string_equal(play_diff(player)->want, want);
	assert_string_equal(play_diff(player)->got, got);
}

static void
begin(struct wbuf *w)
{
	wb_init(w, trace, sizeof(trace));
	trace_put_header(w);
	trace_put_expect(w, TRACE_TIMER, 7, 1500, NULL, 0, 0);
	trace_put_answer(w, TRACE_CALL_CLOCK, 0, "12345678", 8, 8);
}

/* A load from another place, or of another length. */
static void
test_wrong_load(void **state)
{
	struct viodev_msg loads = { .type = VIODEV_KICK, .where = 0 };
	uint8_t zero[16] = { 0 };
	struct wbuf w;

	(void)state;
	begin(&w);
	trace_put_msg(&w, &loads);
	trace_put_load(&w, 0x101, zero, 8, 8);
	differs(&w, "load 0x101 [00000000 00000000]",
	    "load of 16 bytes at 0x100");
	begin(&w);
	trace_put_msg(&w, &loads);
	trace_put_load(&w, 0x101, zero, 16, 16);
	differs(&w, "load 0x101 [00000000 00000000 00000000 00000000]",
	    "load of 16 bytes at 0x100");
}

/* Answers that cannot be the answers to what the device asks. */
static void
test_wrong_answers(void **state)
{
	struct viodev_msg flush = { .type = VIODEV_KICK, .where = 9 };
	struct viodev_msg random = { .type = VIODEV_KICK, .where = 4 };
	struct viodev_msg reads = { .type = VIODEV_KICK, .where = 1 };
	struct viodev_msg calls = { .type = VIODEV_KICK, .where = 6 };
	uint8_t zero[8] = { 0 }, number[8];
	struct wbuf w;
	char line[64];

	(void)state;
	begin(&w);
	trace_put_msg(&w, &flush);
	trace_put_expect(&w, TRACE_BLK, BLK_FLUSH, 512, zero, 8, 8);
	trace_put_answer(&w, TRACE_CALL_BLK, BLK_NRESULTS, NULL, 0, 0);
	differs(&w, "answer blk 4", "a block call, which cannot end like "
	    "that");
	assert_int_equal(play_diff(player)->cause, 3);
	assert_int_equal(play_diff(player)->number, 5);
	begin(&w);
	trace_put_msg(&w, &random);
	trace_put_answer(&w, TRACE_CALL_ENTROPY, 0, zero, 8, 8);
	differs(&w, "answer entropy 0 [00000000 00000000]",
	    "a wish for another number of random bytes");
	begin(&w);
	trace_put_msg(&w, &random);
	trace_put_answer(&w, TRACE_CALL_TX, 0, NULL, 0, 0);
	differs(&w, "answer tx 0", "a call of entropy");
	begin(&w);
	trace_put_msg(&w, &random);
	trace_put_answer(&w, TRACE_CALL_ENTROPY, -1, NULL, 0, 0);
	trace_put_mark(&w, 0);
	le64_put(number, '1');		/* what attach made of the clock */
	snprintf(line, sizeof(line), "mark 0x%016llx",
	    (unsigned long long)digest_of(number, sizeof(number)));
	differs(&w, "mark 0x0000000000000000", line);
	le64_put(number, 270);
	begin(&w);
	trace_put_msg(&w, &reads);
	trace_put_expect(&w, TRACE_BLK, BLK_READ, 512, number, 8, 8);
	trace_put_answer(&w, TRACE_CALL_BLK, BLK_OK, zero, 8, 8);
	differs(&w, "answer blk 0 [00000000 00000000]",
	    "a block read of another length");
	begin(&w);
	trace_put_msg(&w, &calls);
	trace_put_answer(&w, TRACE_CALL_CLOCK, 0, zero, 4, 4);
	differs(&w, "answer clock 0 [00000000]",
	    "a call of clock, whose answer has 8 bytes");
	begin(&w);
	trace_put_msg(&w, &random);
	wb_u32(&w, 0xff);
	differs(&w, "a record that can be read", "unknown record type");
}

static void
test_wrong_records(void **state)
{
	uint8_t zero[8] = { 0 };
	struct wbuf w;

	(void)state;
	begin(&w);
	trace_put_reload(&w);
	differs(&w, "reload", "a record that belongs into no recording");
	begin(&w);
	trace_put_poke(&w, 0, zero, 8);
	differs(&w, "poke 0x0 [00000000 00000000]",
	    "no guest memory at that place");
	begin(&w);
	trace_put_expect(&w, TRACE_IRQ, 0, 1, NULL, 0, 0);
	differs(&w, "expect irq 1", "nothing more");
	assert_int_equal(play_diff(player)->cause, 0);
	wb_init(&w, trace, sizeof(trace));
	trace_put_header(&w);
	trace_put_mark(&w, 1);
	differs(&w, "mark 0x0000000000000001", "expect timer 7 1500");
}

/* A tap that was there sees loads first and may change them. */
static unsigned underloads, understores;

static void
under_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	(void)arg, (void)gpa, (void)len;
	underloads++;
	data[0] ^= 0xff;
}

static void
under_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	(void)arg, (void)gpa, (void)data, (void)len;
	understores++;
}

static void
test_tap_below(void **state)
{
	static const struct gm_tap tap = { under_load, under_store };
	struct job j = whole;

	(void)state;
	j.tap = &tap;
	record(&j);
	assert_true(underloads > 10 && understores > 10);
	same();
}

/* What was lent or answered is written once. */
static void
test_once(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	unsigned lent = 0, again = 0;

	(void)state;
	record(&whole);
	trace_open(&t, trace, tracelen);
	while (trace_next(&t, &r) == TRACE_OK) {
		if (r.type != TRACE_EXPECT)
			continue;
		lent += r.u.expect.kind == TRACE_BLK &&
		    (r.u.expect.arg & TRACE_LENT) != 0;
		again += r.u.expect.kind == TRACE_STORE &&
		    r.u.expect.arg == 1;
	}
	assert_int_equal(lent, 2);
	assert_int_equal(again, 6);
}

/* The type of the last record. */
static unsigned
last_type(void)
{
	struct trace_reader t;
	struct trace_rec r = { 0 };

	trace_open(&t, trace, tracelen);
	while (trace_next(&t, &r) == TRACE_OK)
		;
	return r.type;
}

/* Only a write of all that was lent, and of nothing else, goes without. */
static void
test_lends_more(void **state)
{
	static uint8_t buf[REC_BUFMIN], mem[MEM];
	struct gmem gm = { 0 };
	struct real real = { { 1 }, 0, 0, 0 };
	struct dev_host real_host = { &real_ops, &real }, h;
	struct rec r = {
		.sink = sink, .room = TRACE, .buf = buf, .bufcap = sizeof(buf)
	};
	struct devconf dc = { NULL, 0 };
	struct trace_reader t;
	struct trace_rec rec;
	struct toy toy;
	unsigned writes = 0;

	(void)state;
	tracelen = 0;
	gm_add(&gm, 0x100, sizeof(mem), mem);
	rec_start(&r, "toy", &dc, &gm, &real_host);
	h = rec_host(&r);
	assert_non_null(dev_attach(&toy_dev, &toy, &h, &gm, &dc));
	kick(&r, &toy.dev, TOY_LENDS_MORE);
	rec_stop(&r, &gm);
	trace_open(&t, trace, tracelen);
	while (trace_next(&t, &rec) == TRACE_OK)
		if (rec.type == TRACE_EXPECT &&
		    rec.u.expect.kind == TRACE_BLK) {
			writes++;
			assert_int_equal(rec.u.expect.arg, BLK_WRITE);
			assert_int_equal(rec.u.expect.blob.total, 90);
		}
	assert_int_equal(writes, 1);
}

/* What was not kept the device sees as zeros. */
static void
test_zeros(void **state)
{
	uint8_t got[80], zero[80] = { 0 };
	struct trace_reader t;
	struct dev_host h;
	struct wbuf w;

	(void)state;
	memset(got, 0xee, sizeof(got));
	wb_init(&w, trace, sizeof(trace));
	trace_put_header(&w);
	trace_put_answer(&w, TRACE_CALL_ENTROPY, 0, got, sizeof(got), 4);
	trace_open(&t, trace, w.len);
	play_init(player, &t, NULL, 0);
	h = play_host(player);
	assert_int_equal(h.ops->entropy(h.arg, got, sizeof(got)), 0);
	assert_int_equal(got[3], 0xee);
	assert_memory_equal(got + 4, zero, sizeof(got) - 4);
}

/* A panic: what led to it is in the recording, and it plays to the same. */
static void
test_panic(void **state)
{
	static uint8_t buf[REC_BUFMIN], scratch[8];
	struct gmem gm = { 0 };
	struct real real = { { 1 }, 0, 0, 0 };
	struct dev_host real_host = { &real_ops, &real }, h;
	struct rec r = {
		.sink = sink, .room = TRACE, .buf = buf, .bufcap = sizeof(buf)
	};
	struct devconf dc = { NULL, 0 };
	struct trace_reader t;
	struct toy toy;
	volatile int seen = 0;

	(void)state;
	tracelen = 0;
	rec_start(&r, "toy", &dc, &gm, &real_host);
	h = rec_host(&r);
	assert_non_null(dev_attach(&toy_dev, &toy, &h, &gm, &dc));
	if (setjmp(panicked) == 0)
		kick(&r, &toy.dev, TOY_PANIC);
	else
		seen++;
	assert_string_equal(lastline, "toy 10");
	assert_true(r.off);
	rec_stop(&r, &gm);
	assert_int_equal(last_type(), TRACE_EXPECT);
	lastline[0] = '\0';
	assert_int_equal(trace_open(&t, trace, tracelen), TRACE_OK);
	play_init(player, &t, scratch, sizeof(scratch));
	play_outer(player, &real_host);
	play_tap(player, &gm);
	h = play_host(player);
	assert_non_null(dev_attach(&toy_dev, &toy, &h, &gm, &dc));
	if (setjmp(panicked) == 0)
		play_step(player, &toy.dev);
	else
		seen++;
	assert_int_equal(seen, 2);
	assert_string_equal(lastline, "toy 10");
}

/* The log of a played device goes to the outer host. */
static void
test_log(void **state)
{
	struct real real = { { 1 }, 0, 0, 0 };
	struct dev_host outer = { &real_ops, &real };
	struct dev_host h;
	struct trace_reader t;

	(void)state;
	record(&whole);
	trace_open(&t, trace, tracelen);
	play_init(player, &t, NULL, 0);
	h = play_host(player);
	h.ops->log(h.arg, HLOG_WARN, "nobody %d", 1);
	play_outer(player, &outer);
	h.ops->log(h.arg, HLOG_WARN, "somebody %d", 1);
	assert_int_equal(real.logs, 1);
}

/* A state that does not fit is no MARK, and no match for one. */
static void
test_state_too_long(void **state)
{
	static uint8_t scratch[4];
	struct trace_reader t;
	struct gmem gm = { 0 };
	struct dev_host h;
	struct devconf dc = { NULL, 0 };
	struct toy toy;
	struct wbuf w;

	(void)state;
	wb_init(&w, trace, sizeof(trace));
	trace_put_header(&w);
	trace_put_expect(&w, TRACE_TIMER, 7, 1, NULL, 0, 0);
	trace_put_answer(&w, TRACE_CALL_CLOCK, 0, "12345678", 8, 8);
	trace_put_mark(&w, 0);
	trace_open(&t, trace, w.len);
	play_init(player, &t, scratch, sizeof(scratch));
	play_tap(player, &gm);
	h = play_host(player);
	(void)dev_attach(&toy_dev, &toy, &h, &gm, &dc);
	assert_int_equal(play_step(player, &toy.dev), -1);
	assert_string_equal(play_diff(player)->got,
	    "a saved state that is too long");
}

static int
setup(void **state)
{
	(void)state;
	sinkmax = TRACE;
	player = malloc(play_size());
	return player == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(player);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_bugs),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_wrong_records),
		cmocka_unit_test(test_wrong_load),
		cmocka_unit_test(test_wrong_answers),
		cmocka_unit_test(test_tap_below),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_lends_more),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_panic),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_state_too_long),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
