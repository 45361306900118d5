#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "digest.h"
#include "prng.h"
#include "sum.h"
#include "test_sample.h"
#include "trace.h"

static uint8_t sample[4096];
static size_t samplelen;

/* Writes again what a reader gives; the result of the last trace_next. */
static enum trace_result
rewrite(struct trace_reader *t, struct wbuf *w, unsigned *n)
{
	enum trace_result res;
	struct trace_rec r;

	trace_put_header(w);
	for (*n = 0; (res = trace_next(t, &r)) == TRACE_OK; (*n)++) {
		assert_int_equal(r.number, *n + 1);
		trace_put_rec(w, &r);
	}
	return res;
}

static void
test_roundtrip(void **state)
{
	struct trace_reader t;
	uint8_t again[4096];
	struct wbuf w;
	unsigned n;

	(void)state;
	assert_int_equal(trace_open(&t, sample, samplelen), TRACE_OK);
	wb_init(&w, again, sizeof(again));
	assert_int_equal(rewrite(&t, &w, &n), TRACE_END);
	assert_false(wb_bad(&w));
	assert_int_equal(n, SAMPLE_RECORDS);
	assert_int_equal(w.len, samplelen);
	assert_memory_equal(again, sample, samplelen);
	trace_rewind(&t);
	wb_init(&w, again, sizeof(again));
	assert_int_equal(rewrite(&t, &w, &n), TRACE_END);
	assert_int_equal(n, SAMPLE_RECORDS);
}

static void
test_fields(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	uint64_t gpa, len;

	(void)state;
	trace_open(&t, sample, samplelen);
	trace_next(&t, &r);
	assert_int_equal(r.type, TRACE_CONF);
	assert_int_equal(r.off, TRACE_HEADER);
	assert_int_equal(r.u.conf.namelen, 6);
	trace_next(&t, &r);
	trace_next(&t, &r);
	assert_int_equal(r.u.map.n, 3);
	trace_map_range(&r, 2, &gpa, &len);
	assert_true(gpa == UINT64_MAX && len == 1);
	while (r.type != TRACE_LOAD)
		trace_next(&t, &r);
	assert_int_equal(r.u.load.gpa, 0x1000);
	assert_int_equal(r.u.load.blob.kept, 16);
	assert_true(r.u.load.blob.digest == sum_of(r.u.load.blob.p, 16));
	trace_next(&t, &r);
	assert_int_equal(r.u.load.blob.total, 300);
	assert_int_equal(r.u.load.blob.kept, 64);
	while (r.type != TRACE_ANSWER)
		trace_next(&t, &r);
	assert_int_equal(r.u.answer.result, -1);
	while (r.type != TRACE_CHAIN)
		trace_next(&t, &r);
	assert_int_equal(r.u.chain.ndata, 5);
	assert_int_equal(r.u.chain.nsegs, 4);
}

/* Zeros at the end are room that nobody came to use. */
static void
test_unused(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	uint8_t b[256] = { 0 };
	struct wbuf w;
	size_t extra;

	(void)state;
	wb_init(&w, b, sizeof(b));
	trace_put_header(&w);
	trace_put_mark(&w, 1);
	for (extra = 1; extra < 100; extra++) {
		assert_int_equal(trace_open(&t, b, w.len + extra), TRACE_OK);
		assert_int_equal(trace_next(&t, &r), TRACE_OK);
		assert_int_equal(trace_next(&t, &r), TRACE_SHORT);
		assert_string_equal(t.why, "the recording was cut off");
		assert_int_equal(t.bad, w.len);
	}
}

/* Killed between a record's body and its first word. */
static void
test_unannounced(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	uint8_t b[256] = { 0 };
	struct wbuf w;
	size_t end;

	(void)state;
	wb_init(&w, b, sizeof(b));
	trace_put_header(&w);
	trace_put_mark(&w, 1);
	end = w.len;
	trace_put_mark(&w, UINT64_MAX);
	memset(b + end, 0, 4);
	assert_int_equal(trace_open(&t, b, sizeof(b)), TRACE_OK);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(trace_next(&t, &r), TRACE_SHORT);
	assert_int_equal(t.bad, end);
}

/* A cut payload says the digest of all of it. */
static void
test_cut_digest(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	uint8_t b[1024], data[300];
	struct wbuf w;

	(void)state;
	memset(data, 0x5a, sizeof(data));
	wb_init(&w, b, sizeof(b));
	trace_put_header(&w);
	trace_put_load(&w, 1, data, sizeof(data), 7);
	trace_put_load(&w, 1, data, sizeof(data), sizeof(data));
	trace_open(&t, b, w.len);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(r.u.load.blob.kept, 7);
	assert_true(r.u.load.blob.digest == sum_of(data, sizeof(data)));
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_true(r.u.load.blob.digest == sum_of(data, sizeof(data)));
}

/* Cut at any byte, it is readable up to its last whole record. */
static void
test_truncated(void **state)
{
	size_t starts[SAMPLE_RECORDS + 1], n;
	struct trace_reader t;
	enum trace_result res;
	struct trace_rec r;
	unsigned i, whole;

	(void)state;
	trace_open(&t, sample, samplelen);
	for (i = 0; trace_next(&t, &r) == TRACE_OK; i++)
		starts[i] = r.off;
	starts[i] = samplelen;
	for (n = 0; n < TRACE_HEADER; n++) {
		assert_int_equal(trace_open(&t, sample, n), TRACE_BAD);
		assert_non_null(t.why);
	}
	for (whole = 0; n <= samplelen; n++) {
		if (whole < SAMPLE_RECORDS && n == starts[whole + 1])
			whole++;
		assert_int_equal(trace_open(&t, sample, n), TRACE_OK);
		for (i = 0; (res = trace_next(&t, &r)) == TRACE_OK; i++)
			;
		assert_int_equal(i, whole);
		if (n == starts[whole]) {
			assert_int_equal(res, TRACE_END);
		} else {
			assert_int_equal(res, TRACE_SHORT);
			assert_int_equal(t.bad, starts[whole]);
			assert_non_null(t.why);
		}
	}
}

/* Strict and fold of the same bytes; touches all that a record points to. */
static uint64_t
survey(const uint8_t *p, size_t len, int fold)
{
	uint8_t out[3 * 4096];
	struct trace_reader t;
	enum trace_result res;
	struct wbuf w;
	unsigned n;

	if (fold)
		trace_open_fold(&t, p, len);
	else if (trace_open(&t, p, len) == TRACE_BAD)
		return 0;
	wb_init(&w, out, sizeof(out));
	res = rewrite(&t, &w, &n);
	assert_int_equal(res == TRACE_BAD || res == TRACE_SHORT,
	    t.why != NULL);
	assert_true(n <= len / 4);
	return digest_of(out, w.len);
}

static void
test_every_bit(void **state)
{
	uint8_t b[4096];
	size_t i;
	unsigned bit;
	uint64_t sum = 0;

	(void)state;
	memcpy(b, sample, samplelen);
	for (i = 0; i < samplelen; i++)
		for (bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1U << bit);
			sum += survey(b, samplelen, 0);
			sum += survey(b, samplelen, 1);
			b[i] ^= (uint8_t)(1U << bit);
		}
	assert_true(sum != 0);
}

/* What a folded record is written as, a strict reader takes, unchanged. */
static void
fold_is_canonical(const uint8_t *p, size_t len)
{
	uint8_t once[8192], twice[8192];
	struct trace_reader t;
	struct wbuf a, b;
	unsigned n, m;

	trace_open_fold(&t, p, len);
	wb_init(&a, once, sizeof(once));
	assert_int_equal(rewrite(&t, &a, &n), TRACE_END);
	assert_false(wb_bad(&a));
	assert_int_equal(trace_open(&t, once, a.len), TRACE_OK);
	wb_init(&b, twice, sizeof(twice));
	assert_int_equal(rewrite(&t, &b, &m), TRACE_END);
	assert_int_equal(n, m);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(once, twice, a.len);
	trace_open_fold(&t, once, a.len);
	wb_init(&b, twice, sizeof(twice));
	assert_int_equal(rewrite(&t, &b, &m), TRACE_END);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(once, twice, a.len);
}

static void
test_fold_canonical(void **state)
{
	uint8_t b[4096];
	struct prng rng;
	size_t i, j, n;

	(void)state;
	fold_is_canonical(NULL, 0);
	fold_is_canonical(sample, samplelen);
	prng_seed(&rng, 7);
	for (i = 0; i < 3000; i++) {
		memcpy(b, sample, samplelen);
		for (j = prng_below(&rng, 20); j > 0; j--)
			b[prng_below(&rng, samplelen)] =
			    (uint8_t)prng_next(&rng);
		fold_is_canonical(b, prng_below(&rng, samplelen + 1));
		n = prng_below(&rng, 400);
		for (j = 0; j < n; j++)
			b[j] = prng_below(&rng, 2) ? 0 :
			    (uint8_t)prng_next(&rng);
		fold_is_canonical(b, n);
	}
}

/* A record with the given body behind a header; expects its refusal. */
static void
refused(unsigned type, const void *body, size_t len, size_t at,
    const char *reason)
{
	struct trace_reader t;
	struct trace_rec r;
	uint8_t b[512];
	struct wbuf w;

	wb_init(&w, b, sizeof(b));
	trace_put_header(&w);
	trace_put_time(&w, 1);
	wb_u32(&w, type | (uint32_t)len << 8);
	wb_bytes(&w, body, len);
	assert_int_equal(trace_open(&t, b, w.len), TRACE_OK);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(trace_next(&t, &r), TRACE_BAD);
	assert_string_equal(t.why, reason);
	assert_int_equal(t.bad, TRACE_HEADER + 12 + at);
	/* It does not go away. */
	assert_int_equal(trace_next(&t, &r), TRACE_BAD);
	assert_int_equal(t.number, 1);
}

static void
test_header_refused(void **state)
{
	struct trace_reader t;
	uint8_t b[TRACE_HEADER];
	size_t i;

	(void)state;
	for (i = 0; i < TRACE_HEADER; i++) {
		memcpy(b, sample, sizeof(b));
		b[i] ^= 1;
		assert_int_equal(trace_open(&t, b, sizeof(b)), TRACE_BAD);
		assert_non_null(t.why);
		assert_int_equal(t.bad, i < 8 ? 0 : i < 10 ? 8 : 10);
	}
}

static void
test_types_refused(void **state)
{
	(void)state;
	refused(0, "x", 1, 0, "unknown record type");
	refused(TRACE_NTYPES, "", 0, 0, "unknown record type");
	refused(255, "", 0, 0, "unknown record type");
	refused(TRACE_MSG, "\1", 1, 0, "message shorter than its header");
	refused(TRACE_MSG, "\3\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 0,
	    "width in a message that has none");
}

static void
test_conf_refused(void **state)
{
	uint8_t b[40] = { 32 };

	(void)state;
	refused(TRACE_CONF, "", 0, 0, "record shorter than its fields");
	refused(TRACE_CONF, "\3ab", 3, 0, "record shorter than its fields");
	refused(TRACE_CONF, "\3aB1", 4, 0,
	    "name of the device is not lower case and digits");
	memset(b + 1, 'a', 32);
	refused(TRACE_CONF, b, 33, 0, "name of the device is too long");
	refused(TRACE_CONF, "\1a\2\0\1\0x", 7, 6, "wrong length");
	refused(TRACE_CONF, "\1a\3\0\1\0\1\3\0\1\0\1", 12, 11,
	    "tag given twice");
	refused(TRACE_CONF, "\1a\3\0\2\0x", 7, 6, "cut short");
	refused(TRACE_CONF, "\1a\x77\0\0\0", 6, 6, "unknown tag");
}

static void
test_map_refused(void **state)
{
	static const uint64_t over[][2] = { { 0, 16 }, { 15, 1 } };
	static const uint64_t wrap[][2] = { { UINT64_MAX, 2 } };
	uint8_t b[9 * 16] = { 0 };

	(void)state;
	refused(TRACE_MAP, b, 15, 0, "length is not a multiple of 16");
	refused(TRACE_MAP, b, sizeof(b), 0,
	    "more ranges of memory than there may be");
	refused(TRACE_MAP, b, 16, 4,
	    "range of memory is empty, wraps or overlaps");
	le64_put(b, over[0][0]);
	le64_put(b + 8, over[0][1]);
	le64_put(b + 16, over[1][0]);
	le64_put(b + 24, over[1][1]);
	refused(TRACE_MAP, b, 32, 20,
	    "range of memory is empty, wraps or overlaps");
	le64_put(b, wrap[0][0]);
	le64_put(b + 8, wrap[0][1]);
	refused(TRACE_MAP, b, 16, 4,
	    "range of memory is empty, wraps or overlaps");
}

static void
test_blob_refused(void **state)
{
	uint8_t b[64] = { 0 };

	(void)state;
	refused(TRACE_LOAD, b, 11, 0, "record shorter than its fields");
	refused(TRACE_LOAD, b, 13, 0, "payload is not as long as it says");
	le32_put(b + 8, 2);
	refused(TRACE_LOAD, b, 13, 0, "payload is not as long as it says");
	le32_put(b + 8, 2 | TRACE_CUT);
	refused(TRACE_LOAD, b, 19, 0, "record shorter than its fields");
	refused(TRACE_LOAD, b, 22, 0,
	    "cut payload is not shorter than its total");
	memset(b, 0, sizeof(b));
	b[0] = TRACE_NCALLS;
	refused(TRACE_ANSWER, b, 9, 0, "unknown host call");
	refused(TRACE_FAULT, b, 4, 0, "unknown host call");
	b[0] = TRACE_NKINDS;
	refused(TRACE_EXPECT, b, 17, 0, "unknown kind of expectation");
	refused(TRACE_POKE, b, 7, 0, "record shorter than its fields");
}

static void
test_inputs_refused(void **state)
{
	uint8_t b[64] = { 0 };

	(void)state;
	refused(TRACE_MARK, b, 7, 0, "record has the wrong length");
	refused(TRACE_TIME, b, 9, 0, "record has the wrong length");
	refused(TRACE_FAULT, b, 5, 0, "record has the wrong length");
	refused(TRACE_RACE, b, 1, 0, "record has the wrong length");
	refused(TRACE_RELOAD, b, 1, 0, "record has the wrong length");
	refused(TRACE_SETUP, b, 11, 0, "record has the wrong length");
	refused(TRACE_CHAIN, b, 2, 0, "record has the wrong length");
	refused(TRACE_CHAIN, b, 5, 0, "record has the wrong length");
	b[2] = 5;
	refused(TRACE_CHAIN, b, 7, 0, "record has the wrong length");
	b[2] = 1;
	b[8] = 0x80;
	refused(TRACE_CHAIN, b, 12, 12, "unknown flags of a segment");
	b[0] = 8;
	refused(TRACE_SETUP, b, 12, 0, "unknown flags");
}

/* Fold: short bodies read as zeros, lengths bend, types fold. */
static void
test_fold_rules(void **state)
{
	static const uint8_t raw[] = {
		TRACE_CHAIN, 1, 0, 0, 7,		/* queue 7 only */
		TRACE_SETUP, 0, 0, 0,
		0x80 + 6, 0, 0, 0,			/* some input type */
		TRACE_MSG, 0xff, 0xff, 0xff, VIODEV_KICK, 0, 0, 0, 9
	};
	struct trace_reader t;
	struct trace_rec r;

	(void)state;
	trace_open_fold(&t, raw, sizeof(raw));
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(r.type, TRACE_CHAIN);
	assert_int_equal(r.u.chain.queue, 7);
	assert_int_equal(r.u.chain.nsegs, 0);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(r.u.setup.features, 0);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_true(r.type != TRACE_LOAD && r.type < TRACE_NTYPES);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(r.type, TRACE_MSG);
	assert_int_equal(r.len, 5);
	assert_int_equal(r.u.msg.where, 9);
	assert_int_equal(trace_next(&t, &r), TRACE_END);
}

/* Every byte as a type gives one of the types of inputs. */
static void
test_fold_types(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	uint8_t raw[4] = { 0 };
	unsigned i, seen = 0;

	(void)state;
	for (i = 0; i < 256; i++) {
		raw[0] = (uint8_t)i;
		trace_open_fold(&t, raw, sizeof(raw));
		assert_int_equal(trace_next(&t, &r), TRACE_OK);
		assert_non_null(trace_type_name(r.type));
		assert_true(r.type != TRACE_LOAD && r.type != TRACE_ANSWER &&
		    r.type != TRACE_EXPECT && r.type != TRACE_MARK);
		if (i >= TRACE_TIME && i < TRACE_NTYPES)
			assert_int_equal(r.type, i);
		seen |= 1U << r.type;
	}
	assert_int_equal(__builtin_popcount(seen), 11);
}

/* A writer without room writes nothing and says so. */
static void
test_writers_full(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	uint8_t b[1024];
	struct wbuf w;
	size_t cap;

	(void)state;
	trace_open(&t, sample, samplelen);
	while (trace_next(&t, &r) == TRACE_OK)
		for (cap = 0; cap < 4 + r.len; cap++) {
			memset(b, 0xee, sizeof(b));
			wb_init(&w, b, cap);
			trace_put_rec(&w, &r);
			assert_true(wb_bad(&w));
			assert_int_equal(w.len, 0);
			assert_int_equal(b[cap], 0xee);
		}
	wb_init(&w, b, sizeof(b));
	trace_put_conf(&w, "abcdefghijklmnopqrstuvwxyz012345", NULL, 0);
	assert_true(wb_bad(&w));
}

static void
test_names(void **state)
{
	unsigned i;

	(void)state;
	assert_null(trace_type_name(0));
	for (i = 1; i < TRACE_NTYPES; i++)
		assert_non_null(trace_type_name(i));
	assert_null(trace_type_name(TRACE_NTYPES));
	for (i = 0; i < TRACE_NCALLS; i++)
		assert_non_null(trace_call_name(i));
	assert_null(trace_call_name(TRACE_NCALLS));
	for (i = 0; i < TRACE_NKINDS; i++)
		assert_non_null(trace_kind_name(i));
	assert_null(trace_kind_name(TRACE_NKINDS));
}

static int
setup(void **state)
{
	(void)state;
	samplelen = sample_trace(sample, sizeof(sample));
	return samplelen == 0 ? -1 : 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roundtrip),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_unannounced),
		cmocka_unit_test(test_cut_digest),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_fold_canonical),
		cmocka_unit_test(test_header_refused),
		cmocka_unit_test(test_types_refused),
		cmocka_unit_test(test_conf_refused),
		cmocka_unit_test(test_map_refused),
		cmocka_unit_test(test_blob_refused),
		cmocka_unit_test(test_inputs_refused),
		cmocka_unit_test(test_fold_rules),
		cmocka_unit_test(test_fold_types),
		cmocka_unit_test(test_writers_full),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
