/* The recorder: bytes that are not written twice, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_rec.h"

#define PIECES	(REC_IOV + 1)

static struct iovec piece[PIECES];
static int npieces;

/* Pieces of guest memory, each of another length. */
static void
cut(int n)
{
	int i;

	npieces = n;
	for (i = 0; i < n; i++) {
		piece[i].iov_base = memory + 200 * i;
		piece[i].iov_len = 10U + (unsigned)i;
	}
}

static void
blk(enum blk_op op, struct iovec *iov, int n)
{
	struct blk_io io = { .op = op, .iov = iov, .niov = n };
	int i;

	for (i = 0; i < n; i++)
		io.len += iov[i].iov_len;
	(void)ops->blk(arg, &io);
}

static void
lend(void)
{
	gm_lend(&gm, piece, npieces);
}

static void
written(void)
{
	blk(BLK_WRITE, piece, npieces);
}

/* Whether the last write says that its bytes are those of loads. */
static int
says_lent(void)
{
	struct trace_reader t;
	struct trace_rec rec;
	int lent = -1;

	assert_int_equal(trace_open(&t, trace, tracelen), TRACE_OK);
	while (trace_next(&t, &rec) == TRACE_OK)
		if (rec.type == TRACE_EXPECT &&
		    rec.u.expect.kind == TRACE_BLK)
			lent = (rec.u.expect.arg & TRACE_LENT) != 0;
	return lent;
}

static int
is_lent(void (*fn)(void))
{
	start(&usual);
	during(fn);
	stop();
	return says_lent();
}

static void
lent_and_written(void)
{
	lend();
	written();
}

/* As many pieces as are remembered, and one more; none are not lent. */
static void
test_lent(void **state)
{
	int n;

	(void)state;
	for (n = 1; n <= PIECES; n++) {
		cut(n);
		assert_int_equal(is_lent(lent_and_written), n < PIECES);
	}
	cut(0);
	assert_int_equal(is_lent(written), 0);
}

static void
written_twice(void)
{
	lent_and_written();
	written();
}

static void
not_lent(void)
{
	struct iovec all = { memory, 10 };

	cut(0);
	gm_lend(&gm, &all, 1);
	cut(1);
	piece[0].iov_base = memory + 1;
	written();
}

static void
shorter(void)
{
	cut(2);
	lend();
	piece[1].iov_len--;
	written();
}

static void
swapped(void)
{
	struct iovec first;

	cut(2);
	piece[1].iov_len = piece[0].iov_len;
	lend();
	first = piece[0];
	piece[0] = piece[1];
	piece[1] = first;
	written();
}

static void
only_last(void)
{
	cut(2);
	lend();
	blk(BLK_WRITE, piece + 1, 1);
}

static void
own_copy(void)
{
	cut(1);
	assert_int_equal(gm_copyin(&gm, MEM, own, 10), 0);
	piece[0].iov_base = own;
	written();
}

/* All of it, in order, once, and in guest memory: else it is written. */
static void
test_not_lent(void **state)
{
	(void)state;
	cut(1);
	assert_int_equal(is_lent(written), 0);
	assert_int_equal(is_lent(written_twice), 0);
	assert_int_equal(is_lent(not_lent), 0);
	assert_int_equal(is_lent(shorter), 0);
	assert_int_equal(is_lent(swapped), 0);
	assert_int_equal(is_lent(only_last), 0);
	assert_int_equal(is_lent(own_copy), 0);
}

static void
after_many_loads(void)
{
	int i;

	for (i = 0; i < 2 * REC_LOADS + 3; i++)
		assert_int_equal(gm_copyin(&gm, MEM, own, 16), 0);
	cut(REC_IOV);
	lent_and_written();
}

/* Loads that are no loan stand in front of it as well as nothing. */
static void
test_lent_after_loads(void **state)
{
	(void)state;
	assert_int_equal(is_lent(after_many_loads), 1);
}

static void
b_irq(void)
{
	ops->irq(arg, 0);
}

static void
b_clock(void)
{
	(void)ops->clock(arg, CLOCK_MONO);
}

static void
b_timer(void)
{
	ops->timer(arg, 0, 0);
}

static void
b_untimer(void)
{
	ops->untimer(arg, 0);
}

static void
b_ready(void)
{
	ops->rx_ready(arg, 0, 0);
}

static void
b_request(void)
{
	ops->request(arg, 0, 0);
}

static void
b_again(void)
{
	ops->again(arg, 0);
}

static void
b_entropy(void)
{
	(void)ops->entropy(arg, own, 1);
}

static void
b_tx(void)
{
	struct iovec iov = { own, 1 };

	(void)ops->tx(arg, 0, &iov, 1, 1);
}

static void
b_flush(void)
{
	blk(BLK_FLUSH, NULL, 0);
}

static void
b_read(void)
{
	struct iovec iov = { own, 1 };

	blk(BLK_READ, &iov, 1);
}

static void
b_store(void)
{
	assert_int_equal(gm_copyout(&gm, MEM, own, 1), 0);
}

static void
b_message(void)
{
	during(NULL);
}

static void
b_log(void)
{
	ops->log(arg, HLOG_INFO, "nothing");
}

/* What comes between, and whether a loan, and a read, are still known. */
static const struct {
	void	(*fn)(void);
	int	lent, answered;
} between[] = {
	{ b_log, 1, 1 }, { b_irq, 0, 1 }, { b_clock, 0, 1 },
	{ b_timer, 0, 1 }, { b_untimer, 0, 1 }, { b_ready, 0, 1 },
	{ b_request, 0, 1 }, { b_again, 0, 1 }, { b_entropy, 0, 1 },
	{ b_tx, 0, 1 }, { b_flush, 0, 0 }, { b_read, 0, 0 },
	{ b_store, 0, 1 }, { b_message, 0, 0 },
};
#define NBETWEEN	(sizeof(between) / sizeof(between[0]))

static void
test_lent_between(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NBETWEEN; i++) {
		cut(1);
		start(&usual);
		during(NULL);
		r.inmsg = 1;
		lend();
		between[i].fn();
		r.inmsg = 1;
		written();
		r.inmsg = 0;
		during(NULL);
		stop();
		assert_int_equal(says_lent(), between[i].lent);
	}
}

/* A letter for each store: a when its bytes are those of an answer. */
static const char *
stores(void)
{
	static char out[256];
	struct trace_reader t;
	struct trace_rec rec;
	size_t n = 0;

	assert_int_equal(trace_open(&t, trace, tracelen), TRACE_OK);
	while (trace_next(&t, &rec) == TRACE_OK)
		if (rec.type == TRACE_EXPECT &&
		    rec.u.expect.kind == TRACE_STORE)
			out[n++] = rec.u.expect.arg == 1 ? 'a' : '-';
	out[n] = '\0';
	return out;
}

static const char *
stores_of(void (*fn)(void))
{
	start(&usual);
	during(fn);
	stop();
	return stores();
}

/* The first so many answered, the rest not. */
static void
expect(const char *got, int yes, int no)
{
	char want[256];

	memset(want, 'a', (size_t)yes);
	memset(want + yes, '-', (size_t)no);
	want[yes + no] = '\0';
	assert_string_equal(got, want);
}

static void
give_back(void)
{
	size_t len = 0;
	int i;

	for (i = 0; i < npieces; i++)
		len += piece[i].iov_len;
	gm_return(&gm, piece, npieces, len);
}

static void
read_and_back(void)
{
	blk(BLK_READ, piece, npieces);
	give_back();
}

static void
back_twice(void)
{
	read_and_back();
	give_back();
}

static void
test_answered(void **state)
{
	int n;

	(void)state;
	for (n = 1; n <= PIECES; n++) {
		cut(n);
		if (n < PIECES)
			expect(stores_of(back_twice), n, n);
		else
			expect(stores_of(back_twice), 0, 2 * n);
	}
	cut(1);
	assert_string_equal(stores_of(give_back), "-");
	assert_non_null(strstr(text(), "expect store 0x1000 ["));
	assert_string_equal(stores_of(read_and_back), "a");
	assert_non_null(strstr(text(),
	    "expect store 0x1000 answered len=10\n"));
}

static void
fails(void)
{
	host.result = 1;
	read_and_back();
}

static void
fails_later(void)
{
	blk(BLK_READ, piece, npieces);
	host.result = 1;
	blk(BLK_READ, piece, npieces);
	give_back();
}

static void
again(void)
{
	read_and_back();
	read_and_back();
}

static void
long_one_later(void)
{
	cut(PIECES);
	blk(BLK_READ, piece, 1);
	blk(BLK_READ, piece, PIECES);
	gm_return(&gm, piece, 1, piece[0].iov_len);
}

static void
other_bytes(void)
{
	piece[1].iov_len = piece[0].iov_len;
	blk(BLK_READ, piece, 2);
	gm_return(&gm, piece + 1, 1, piece[1].iov_len);	/* the second */
	gm_return(&gm, piece, 1, piece[0].iov_len - 1);	/* a part */
	gm_return(&gm, piece, 1, piece[0].iov_len);
	gm_return(&gm, piece, 1, piece[0].iov_len);	/* once more */
	gm_return(&gm, piece + 1, 1, piece[1].iov_len);
}

/* In order, each once; a read that failed brought nothing. */
static void
test_not_answered(void **state)
{
	(void)state;
	cut(2);
	assert_string_equal(stores_of(fails), "--");
	assert_string_equal(stores_of(fails_later), "--");
	assert_string_equal(stores_of(other_bytes), "--a-a");
	assert_string_equal(stores_of(again), "aaaa");
	assert_string_equal(stores_of(long_one_later), "-");
}

static void
test_answered_between(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NBETWEEN; i++) {
		cut(1);
		start(&usual);
		during(NULL);
		r.inmsg = 1;
		blk(BLK_READ, piece, 1);
		between[i].fn();
		r.inmsg = 1;
		give_back();
		r.inmsg = 0;
		during(NULL);
		stop();
		assert_int_equal(strchr(stores(), 'a') != NULL,
		    between[i].answered);
	}
}

/* -------------------------------------------------------------- the end */

static void
two_irqs(void)
{
	b_irq();
	b_irq();
}

/* Room for whole records only; what does not fit is the end. */
static void
test_room(void **state)
{
	struct job j = usual;
	size_t begun, one;

	(void)state;
	start(&j);
	begun = tracelen;
	during(b_irq);
	one = tracelen - begun;
	for (j.room = begun + one - 1; j.room <= begun + one + 1; j.room++) {
		start(&j);
		during(b_irq);
		assert_int_equal(tracelen, j.room < begun + one ?
		    begun + 20 : begun + one);
		assert_int_equal(r.off, j.room < begun + one);
		during(b_irq);
		assert_int_equal(r.off, 1);
		stop();
		assert_int_equal(tracelen, j.room < begun + one ?
		    begun + 20 : begun + one);
		assert_string_equal(said, "irq 0\nirq 0\n");
	}
	/* What was before it goes out. */
	j.room = begun + one;
	start(&j);
	during(two_irqs);
	assert_int_equal(tracelen, begun + one);
	assert_int_equal(r.off, 1);
}

/* Nothing follows what had no room, small as it may be. */
static void
test_no_room_at_all(void **state)
{
	struct job j = usual;
	size_t map, begun;

	(void)state;
	start(&j);
	begun = tracelen;
	map = begun - 20;		/* where it stands */
	for (j.room = 0; j.room < begun; j.room++) {
		start(&j);
		assert_int_equal(r.off, 1);
		during(b_irq);
		stop();
		assert_int_equal(tracelen, j.room < TRACE_HEADER ? 0 :
		    j.room < map ? TRACE_HEADER : map);
		assert_int_equal(sinkcalls, tracelen > 0);
	}
}

/* A sink that failed once is left alone. */
static void
test_sink_fails(void **state)
{
	struct job j = usual;

	(void)state;
	for (j.times = 0; j.times < 2; j.times++) {
		start(&j);
		sinkmax = tracelen;
		sinkcalls = 0;
		during(b_irq);
		assert_int_equal(r.off, 1);
		sinkmax = sizeof(trace);
		during(b_irq);
		stop();
		assert_int_equal(sinkcalls, 1);
		assert_int_equal(r.w.len, 0);
	}
	assert_string_equal(said, "clock 0\nclock 1\nirq 0\nirq 0\n");
}

static void
record_too_long(void)
{
	cut(1);
	r.most = BUFCAP;
	assert_int_equal(gm_copyin(&gm, MEM, own, BUFCAP), 0);
	b_irq();
}

/* What no buffer holds ends it, too; what was before it goes out. */
static void
test_long_record(void **state)
{
	(void)state;
	start(&usual);
	during(record_too_long);
	assert_int_equal(r.off, 1);
	stop();
	assert_string_equal(text(), "msg kick 5\n");
}

static void
panics(void)
{
	ops->panic(arg, "%s %d", "at", 10);
}

static void
irq_and_panic(void)
{
	b_irq();
	panics();
}

static void
panic_during(void (*fn)(void))
{
	sinkcalls = 0;
	if (setjmp(panicked) == 0) {
		during(fn);
		fail();
	}
	assert_non_null(strstr(said, "panic at 10\n"));
	assert_int_equal(r.off, 1);
}

/* What is in the buffer goes out before, when there is something. */
static void
test_panic(void **state)
{
	(void)state;
	start(&usual);
	panic_during(irq_and_panic);
	assert_int_equal(sinkcalls, 2);
	stop();
	assert_string_equal(text(), "msg kick 5\nexpect irq 0\n");
	start(&usual);
	panic_during(panics);
	assert_int_equal(sinkcalls, 1);
	start(&usual);
	stop();
	panic_during(irq_and_panic);
	assert_int_equal(sinkcalls, 0);
	start(&usual);
	r.off = 1;
	r.w.len = 9;
	panic_during(panics);
	assert_int_equal(sinkcalls, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_not_lent),
		cmocka_unit_test(test_lent_after_loads),
		cmocka_unit_test(test_lent_between),
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_not_answered),
		cmocka_unit_test(test_answered_between),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_no_room_at_all),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_long_record),
		cmocka_unit_test(test_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
