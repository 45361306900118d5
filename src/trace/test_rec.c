/*
 * The recorder by itself: what each call becomes, when bytes are not written
 * twice, how much is kept, and when the sink gets it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "rec.h"
#include "test_rec.h"

/* ------------------------------------------------ what becomes of a call */

static void
all_calls(void)
{
	uint8_t b[4] = { 1, 2, 3, 4 };
	struct iovec iov[2] = { { b, 3 }, { b + 3, 1 } };
	struct blk_io io = { .op = BLK_FLUSH, .flags = 1, .unit = 3, .off = 7,
	    .len = 9 };

	ops->irq(arg, 1);
	assert_true(ops->clock(arg, CLOCK_WALL) == 77);
	ops->timer(arg, 4, 5);
	ops->untimer(arg, 6);
	ops->rx_ready(arg, 2, 8);
	ops->rx_ready(arg, 3, 0);
	ops->request(arg, HREQ_TIMESYNC, 10);
	ops->again(arg, 11);
	assert_int_equal(ops->tx(arg, 12, iov, 2, 4), host.result);
	assert_int_equal(ops->entropy(arg, b, 3), host.result);
	assert_int_equal(ops->blk(arg, &io), host.result);
	ops->log(arg, HLOG_WARN, "%s %d", "words", 13);
	ops->irq(arg, 0);
}

static void
test_calls(void **state)
{
	(void)state;
	start(&usual);
	during(all_calls);
	stop();
	assert_string_equal(said,
	    "irq 1\n"
	    "clock 1\n"
	    "timer 4 5\n"
	    "untimer 6\n"
	    "rx_ready 2 8\n"
	    "rx_ready 3 0\n"
	    "request 2 10\n"
	    "again 11\n"
	    "tx 12 2 4\n"
	    "entropy 3\n"
	    "blk 2 1 3 7 9 0\n"
	    "log 2 words 13\n"
	    "irq 0\n");
	assert_string_equal(text(),
	    "msg kick 5\n"
	    "expect irq 1\n"
	    "answer clock 0 ns=77\n"
	    "expect timer 4 5\n"
	    "expect untimer 6\n"
	    "expect rxready 2 1\n"
	    "expect rxready 3 0\n"
	    "expect request 2 10\n"
	    "expect again 11\n"
	    "expect tx 12 [01020304]\n"
	    "answer tx 0\n"
	    "answer entropy 0 [eeeeee]\n"
	    "expect blk flush+durable+unit3 7 len=9\n"
	    "answer blk 0\n"
	    "expect irq 0\n"
	    "time 0\n");
}

/* What fails brings no bytes. */
static void
test_failures(void **state)
{
	(void)state;
	start(&usual);
	host.result = 1;
	during(all_calls);
	stop();
	assert_non_null(strstr(text(), "answer tx 1\nanswer entropy 1\n"
	    "expect blk flush+durable+unit3 7 len=9\n"
	    "answer blk 1\n"));
}

/* Lines for the log are cut, and what a level says stays. */
static void
long_line(void)
{
	ops->log(arg, HLOG_DEBUG, "%0300d", 1);
}

static void
test_log(void **state)
{
	char want[300];

	(void)state;
	start(&usual);
	during(long_line);
	memset(want, '0', sizeof(want));
	memcpy(want, "log 0 ", 6);
	memcpy(want + 6 + 255, "\n", 2);
	assert_string_equal(said, want);
	stop();
	assert_string_equal(text(), "msg kick 5\ntime 0\n");
}

static void
answers(void)
{
	now->data = 0x1234;
}

/* Messages that are answered end with the reply. */
static void
test_replies(void **state)
{
	struct viodev_msg m = { .type = VIODEV_READ, .width = 2 };

	(void)state;
	start(&usual);
	act = answers;
	rec_msg(&r, &dev, &m);
	m.type = VIODEV_TIMER;
	m.width = 0;
	m.where = 3;
	rec_msg(&r, &dev, &m);
	m.type = VIODEV_INTACK;
	rec_msg(&r, &dev, &m);
	stop();
	assert_string_equal(text(),
	    "msg read common device_feature_select 2\n"
	    "expect reply 2 0x1234\n"
	    "msg timer 3 data=0x1234\n"
	    "msg intack where=3 data=0x1234\n"
	    "expect reply 0 0x1234\n"
	    "time 0\n");
}

/* ---------------------------------------------------- when it is recorded */

static void
one_of_each(void)
{
	uint8_t b[4] = { 0 };
	struct iovec iov = { b, 4 };
	struct blk_io io = { .op = BLK_READ, .iov = &iov, .niov = 1,
	    .len = 4 };

	ops->irq(arg, 1);
	(void)ops->clock(arg, CLOCK_MONO);
	(void)ops->tx(arg, 1, &iov, 1, 4);
	(void)ops->entropy(arg, b, 4);
	(void)ops->blk(arg, &io);
	assert_int_equal(gm_copyin(&gm, MEM, b, 4), 0);
	assert_int_equal(gm_copyout(&gm, MEM, b, 4), 0);
}

/* What attach does, then only messages, and nothing after the end. */
static void
test_open(void **state)
{
	(void)state;
	start(&usual);
	one_of_each();
	assert_int_equal(count(TRACE_EXPECT, TRACE_IRQ), 1);
	assert_int_equal(count(TRACE_ANSWER, TRACE_CALL_BLK), 1);
	during(NULL);
	one_of_each();
	during(one_of_each);
	one_of_each();
	stop();
	one_of_each();
	assert_int_equal(count(TRACE_EXPECT, TRACE_IRQ), 2);
	assert_int_equal(count(TRACE_EXPECT, TRACE_TX), 2);
	assert_int_equal(count(TRACE_EXPECT, TRACE_BLK), 2);
	assert_int_equal(count(TRACE_EXPECT, TRACE_STORE), 2);
	assert_int_equal(count(TRACE_ANSWER, TRACE_CALL_CLOCK), 2);
	assert_int_equal(count(TRACE_ANSWER, TRACE_CALL_TX), 2);
	assert_int_equal(count(TRACE_ANSWER, TRACE_CALL_ENTROPY), 2);
	assert_int_equal(count(TRACE_ANSWER, TRACE_CALL_BLK), 2);
	assert_int_equal(count(TRACE_LOAD, 0), 2);
	assert_int_equal(strlen(said), 5 * strlen("irq 1\nclock 0\n"
	    "tx 1 1 4\nentropy 4\nblk 0 0 0 0 4 1\n"));
}

/* A recorder that was used before starts like a new one. */
static void
test_start(void **state)
{
	struct job j = usual;

	(void)state;
	j.dirty = 1;
	start(&j);
	assert_int_equal(sinkcalls, 1);
	assert_int_equal(r.room + tracelen, j.room);
	lend_and_write();
	stop();
	assert_string_equal(text(), "load 0x1000 [11223344]\n"
	    "expect blk write+lent 0 len=4\nanswer blk 0\ntime 0\n");
}

/* ------------------------------------------------------- times and marks */

static void
tick(uint64_t mono)
{
	host.mono = mono;
	during(NULL);
}

/* The first is since 1970, then how much later it is, if it is. */
static void
test_times(void **state)
{
	struct job j = usual;

	(void)state;
	j.times = 1;
	start(&j);
	tick(1000);
	tick(1300);
	tick(1300);
	tick(1200);
	tick(1201);
	stop();
	assert_string_equal(text(), "time 77\nmsg kick 5\ntime 300\n"
	    "msg kick 5\nmsg kick 5\nmsg kick 5\ntime 1\nmsg kick 5\n"
	    "time 0\n");
}

static void
test_marks(void **state)
{
	struct job j = usual;
	unsigned marks;

	(void)state;
	for (marks = 0; marks < 4; marks++) {
		j.marks = marks;
		j.statecap = 4;
		start(&j);
		during(NULL);
		during(NULL);
		during(NULL);
		stop();
		assert_int_equal(count(TRACE_MARK, 0),
		    marks == 0 ? 0 : 3 / marks);
		assert_string_equal(text() + strlen(text()) - 7, "time 0\n");
		j.statecap = 3;
		start(&j);
		during(NULL);
		during(NULL);
		stop();
		assert_int_equal(count(TRACE_MARK, 0), 0);
	}
	saves = 0;
	during(NULL);
	during(NULL);
	during(NULL);
	assert_int_equal(saves, 0);
}

/* A message with a payload waits for nothing. */
static void
test_payload_of_message(void **state)
{
	struct viodev_msg m = { .type = VIODEV_INPUT, .payload = own,
	    .len = 100 };
	struct job j = usual;

	(void)state;
	j.times = 1;
	start(&j);
	act = NULL;
	rec_msg(&r, &dev, &m);
	assert_int_equal(sinkcalls, 2);
	stop();
}

/* ----------------------------------------------------------------- memory */

static void
heard_load(void *h, uint64_t gpa, uint8_t *data, size_t len)
{
	assert_ptr_equal(h, &host);
	say("load %u %zu\n", (unsigned)gpa, len);
	data[0] = 0x99;
}

static void
heard_store(void *h, uint64_t gpa, const uint8_t *data, size_t len)
{
	assert_ptr_equal(h, &host);
	say("store %u %zu %u\n", (unsigned)gpa, len, data[0]);
}

static void
load_and_store(void)
{
	assert_int_equal(gm_copyin(&gm, MEM + 1, own, 2), 0);
	assert_int_equal(gm_copyout(&gm, MEM, own, 1), 0);
}

/* Who listened before is told first, and what he makes of it is written. */
static void
test_tap(void **state)
{
	static const struct gm_tap tap = { heard_load, heard_store };
	struct job j = usual;

	(void)state;
	j.tap = &tap;
	start(&j);
	during(load_and_store);
	stop();
	assert_ptr_equal(gm.tap, &tap);
	assert_string_equal(said, "load 4097 2\nstore 4096 1 153\n");
	assert_string_equal(text(), "msg kick 5\nload 0x1001 [9900]\n"
	    "expect store 0x1000 [99]\ntime 0\n");
}

/* All ranges, as many as there can be. */
static void
test_map(void **state)
{
	static const struct devconf none;
	struct dev_host real = { &host_ops, &host };
	struct trace_reader t;
	struct trace_rec rec;
	uint64_t gpa, len;
	unsigned i;

	(void)state;
	start(&usual);
	stop();
	for (i = 1; i < GM_MAXRANGES; i++)
		assert_int_equal(gm_add(&gm, 0x10000 * i, i, memory), 0);
	tracelen = 0;
	r.room = room;
	rec_start(&r, "it", &none, &gm, &real);
	stop();
	assert_int_equal(trace_open(&t, trace, tracelen), TRACE_OK);
	assert_int_equal(trace_next(&t, &rec), TRACE_OK);
	assert_int_equal(trace_next(&t, &rec), TRACE_OK);
	assert_int_equal(rec.type, TRACE_MAP);
	assert_int_equal(rec.u.map.n, GM_MAXRANGES);
	for (i = 0; i < GM_MAXRANGES; i++) {
		trace_map_range(&rec, i, &gpa, &len);
		assert_int_equal(gpa, i == 0 ? MEM : 0x10000 * i);
		assert_int_equal(len, i == 0 ? sizeof(memory) : i);
	}
}

/* ---------------------------------------------------------- how much of it */

static void
test_keep_limits(void **state)
{
	static const size_t t[][2] = { { 0, 64 }, { 63, 64 }, { 64, 64 },
	    { 65, 65 }, { 447, 447 }, { 448, 448 }, { 449, 448 },
	    { SIZE_MAX, 448 } };
	struct job j = usual;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		j.keep = t[i][0];
		start(&j);
		assert_int_equal(r.most, t[i][1]);
		assert_int_equal(r.w.cap, BUFCAP / 2);
		stop();
	}
}

static size_t paylen;

/* As each kind of payload that there is, in pieces that lie apart. */
static void
payloads(void)
{
	struct iovec iov[4] = { { own, 60 }, { NULL, 0 }, { own + 200, 1 },
	    { own + 400, paylen - 61 } };
	struct blk_io io = { .op = BLK_WRITE, .iov = iov, .niov = 4,
	    .len = paylen };

	assert_int_equal(gm_copyin(&gm, MEM, own, paylen), 0);
	assert_int_equal(gm_copyout(&gm, MEM, own, paylen), 0);
	(void)ops->entropy(arg, own, paylen);
	memcpy(own, memory, 60);
	own[200] = memory[60];
	memcpy(own + 400, memory + 61, paylen - 61);
	(void)ops->tx(arg, 0, iov, 4, paylen);
	(void)ops->blk(arg, &io);
	io.op = BLK_READ;
	(void)ops->blk(arg, &io);
}

static const struct trace_blob *
blob_of(const struct trace_rec *t)
{
	if (t->type == TRACE_LOAD)
		return &t->u.load.blob;
	if (t->type == TRACE_ANSWER && (t->u.answer.call ==
	    TRACE_CALL_ENTROPY || (t->u.answer.call == TRACE_CALL_BLK &&
	    t->u.answer.blob.total > 0)))
		return &t->u.answer.blob;
	if (t->type == TRACE_EXPECT && (t->u.expect.kind == TRACE_TX ||
	    t->u.expect.kind == TRACE_STORE || (t->u.expect.kind ==
	    TRACE_BLK && (t->u.expect.arg & 0xff) == BLK_WRITE)))
		return &t->u.expect.blob;
	return NULL;
}

/* Up to what is kept it is all there, and beyond it says of what. */
static void
test_kept(void **state)
{
	const struct trace_blob *b;
	struct trace_reader t;
	struct trace_rec rec;
	struct job j = usual;
	uint8_t random[101], *want;
	unsigned n;

	(void)state;
	j.keep = 100;
	memset(random, 0xee, sizeof(random));
	for (paylen = 99; paylen <= 101; paylen++) {
		start(&j);
		for (n = 0; n < paylen; n++)
			memory[n] = (uint8_t)(n * 7);
		during(payloads);
		stop();
		assert_int_equal(trace_open(&t, trace, tracelen), TRACE_OK);
		for (n = 0; trace_next(&t, &rec) == TRACE_OK;) {
			if ((b = blob_of(&rec)) == NULL)
				continue;
			n++;
			want = n == 3 || n == 6 ? random : memory;
			assert_int_equal(b->total, paylen);
			assert_int_equal(b->kept, paylen < 100 ? paylen : 100);
			assert_memory_equal(b->p, want, b->kept);
			assert_true(b->digest == sum_of(want, paylen));
		}
		assert_int_equal(n, 6);
	}
}

static void
long_frame(void)
{
	struct iovec iov[3] = { { own, 200 }, { own, 200 }, { own, 1000 } };

	(void)ops->tx(arg, 0, iov, 3, 1400);
}

/* What is gathered stays in the buffer, long as it is. */
static void
test_long_frame(void **state)
{
	struct job j = usual;

	(void)state;
	j.keep = SIZE_MAX;
	start(&j);
	during(long_frame);
	stop();
	assert_non_null(strstr(text(), "...] of=1400"));
}

static void
read_hundred(void)
{
	struct iovec iov = { own, 100 };
	struct blk_io io = { .op = BLK_READ, .iov = &iov, .niov = 1,
	    .len = 100 };

	(void)ops->blk(arg, &io);
}

/* Nobody needs what a read brought to play it: there keep is keep. */
static void
test_kept_of_reads(void **state)
{
	struct job j = usual;

	(void)state;
	for (j.keep = 9; j.keep <= 100; j.keep += 91) {
		start(&j);
		during(read_hundred);
		stop();
		assert_int_equal(strstr(text(), "of=100") != NULL,
		    j.keep < 100);
		assert_int_equal(strstr(text(), "[eeeeeeee eeeeeeee ee] of=")
		    != NULL, j.keep == 9);
	}
}

/* ----------------------------------------------------- when it goes out */

static void
load16(void)
{
	assert_int_equal(gm_copyin(&gm, MEM, own, 16), 0);
}

static void
load200(void)
{
	assert_int_equal(gm_copyin(&gm, MEM, own, 200), 0);
}

static void
store16(void)
{
	assert_int_equal(gm_copyout(&gm, MEM, own, 16), 0);
}

static void
store200(void)
{
	assert_int_equal(gm_copyout(&gm, MEM, own, 200), 0);
}

static void
entropy16(void)
{
	(void)ops->entropy(arg, own, 16);
}

static void
entropy200(void)
{
	(void)ops->entropy(arg, own, 200);
}

static void
tx_of(size_t len)
{
	struct iovec iov = { own, len };

	(void)ops->tx(arg, 0, &iov, 1, len);
}

static void
tx16(void)
{
	tx_of(16);
}

static void
tx200(void)
{
	tx_of(200);
}

static void
write16(void)
{
	struct iovec iov = { own, 16 };
	struct blk_io io = { .op = BLK_WRITE, .iov = &iov, .niov = 1,
	    .len = 16 };

	(void)ops->blk(arg, &io);
}

static void
irq(void)
{
	ops->irq(arg, 1);
}

static void
clock_wall(void)
{
	(void)ops->clock(arg, CLOCK_WALL);
}

static void
answered_store(void)
{
	struct iovec iov = { memory, 100 };
	struct blk_io io = { .op = BLK_READ, .iov = &iov, .niov = 1,
	    .len = 100 };

	(void)ops->blk(arg, &io);
	r.w.len = r.w.cap - 64;
	sinkcalls = 0;
	gm_return(&gm, &iov, 1, 100);
}

/*
 * A record waits in the buffer while there is room for it, 64 bytes and what
 * is kept of its payload, and not when one byte is missing.  In front of it
 * are so many bytes of others.
 */
static void
test_buffer(void **state)
{
	static const struct {
		void	(*fn)(void);
		size_t	front, room;
	} t[] = {
		{ irq, 0, 64 }, { clock_wall, 0, 72 },
		{ load16, 0, 80 }, { load200, 0, 164 },
		{ store16, 0, 80 }, { store200, 0, 164 },
		{ entropy16, 0, 80 }, { entropy200, 0, 164 },
		{ tx16, 0, 80 }, { tx200, 0, 164 }, { tx16, 37, 64 },
		{ write16, 0, 80 }, { write16, 37, 64 },
		{ read_hundred, 0, 72 }, { read_hundred, 29, 164 },
	};
	struct job j = usual;
	size_t i, from;

	(void)state;
	j.keep = 100;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		start(&j);
		sinkcalls = 0;
		from = r.w.len = r.w.cap - t[i].room - t[i].front;
		tracelen = 0;
		t[i].fn();
		assert_true(sinkcalls == 0 || tracelen > from + t[i].front);
		sinkcalls = 0;
		r.w.len = ++from;
		tracelen = 0;
		t[i].fn();
		assert_int_equal(sinkcalls, 1);
		assert_int_equal(tracelen, from + t[i].front);
	}
	start(&j);
	answered_store();
	assert_int_equal(sinkcalls, 0);
}

/* Before a message and behind it, and with sync each record by itself. */
static void
looks(void)
{
	assert_int_equal(sinkcalls, 1);
	all_calls();
	assert_int_equal(sinkcalls, r.sync ? 15 : 1);
}

static void
test_sink(void **state)
{
	struct job j = usual;

	(void)state;
	for (j.sync = 0; j.sync < 2; j.sync++) {
		start(&j);
		assert_int_equal(sinkcalls, j.sync ? 3 : 1);
		sinkcalls = 0;
		during(looks);
		assert_int_equal(sinkcalls, j.sync ? 15 : 2);
		stop();
		assert_int_equal(sinkcalls, j.sync ? 16 : 3);
		assert_int_equal(r.room + tracelen, j.room);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_payload_of_message),
		cmocka_unit_test(test_tap),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_keep_limits),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_long_frame),
		cmocka_unit_test(test_kept_of_reads),
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
