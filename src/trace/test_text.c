#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "digest.h"
#include "dev.h"
#include "prng.h"
#include "test_sample.h"
#include "test_text.h"

static uint8_t sample[4096];
static size_t samplelen;
static char text[TEST_TEXT];
static size_t textlen;

static void
put(void *arg, const char *p, size_t len)
{
	(void)arg;
	assert_true(len <= sizeof(text) - textlen);
	memcpy(text + textlen, p, len);
	textlen += len;
}

/* Shows a trace; 0 when a strict reader took all of it. */
static int
show(const uint8_t *p, size_t len)
{
	struct trace_reader t;
	enum trace_result res;
	struct trace_rec r;
	struct text_out o;

	textlen = 0;
	text_init(&o, put, NULL);
	if (trace_open(&t, p, len) == TRACE_BAD)
		return -1;
	while ((res = trace_next(&t, &r)) == TRACE_OK)
		text_rec(&o, &r);
	return res == TRACE_END ? 0 : -1;
}

static void
same_again(const uint8_t *p, size_t len)
{
	struct text_error err;
	size_t n;

	if (show(p, len) == -1)
		return;
	n = build(text, textlen, &err);
	if (err.line != 0)
		print_error("%u:%u: %s\n%.*s", err.line, err.column,
		    err.reason, (int)textlen, text);
	assert_int_equal(n, len);
	assert_memory_equal(built, p, len);
}

static void
test_roundtrip(void **state)
{
	(void)state;
	assert_int_equal(show(sample, samplelen), 0);
	same_again(sample, samplelen);
}

/* Every change of a bit that a strict reader still takes. */
static void
test_roundtrip_bits(void **state)
{
	uint8_t b[4096];
	size_t i;
	unsigned bit;

	(void)state;
	memcpy(b, sample, samplelen);
	for (i = TRACE_HEADER; i < samplelen; i++)
		for (bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1U << bit);
			same_again(b, samplelen);
			b[i] ^= (uint8_t)(1U << bit);
		}
}

/* Records of noise, folded and written so that a strict reader takes them. */
static void
test_roundtrip_noise(void **state)
{
	uint8_t raw[300], b[4096];
	struct trace_reader t;
	struct trace_rec r;
	struct prng rng;
	struct wbuf w;
	size_t i, j;

	(void)state;
	prng_seed(&rng, 5);
	for (i = 0; i < 2000; i++) {
		for (j = 0; j < sizeof(raw); j++)
			raw[j] = prng_below(&rng, 3) ?
			    (uint8_t)prng_below(&rng, 16) :
			    (uint8_t)prng_next(&rng);
		wb_init(&w, b, sizeof(b));
		trace_put_header(&w);
		trace_open_fold(&t, raw, sizeof(raw));
		while (trace_next(&t, &r) == TRACE_OK)
			trace_put_rec(&w, &r);
		assert_false(wb_bad(&w));
		same_again(b, w.len);
	}
}

static void
has(const char *line)
{
	text[textlen] = '\0';
	if (strstr(text, line) == NULL)
		fail_msg("no '%s' in:\n%s", line, text);
}

static void
test_lines(void **state)
{
	(void)state;
	show(sample, samplelen);
	has("conf vioblk version \"0.1 \\x22x\\x22\\x5c\\x0a\" capacity 2048 "
	    "readonly 1 serial \"disk0\"");
	has("mac [02000000 0001]\n");
	has("conf \"\"\n");
	has("map 0x0+0x10000 0x10000+0x1 0xffffffffffffffff+0x1\n");
	has("msg write common driver_feature 4 0x30000000");
	has("msg read common device_status 1 data=0x30000000\n");
	has("msg kick 3\n");
	has("msg input 3 data=0x63 [\n\t");
	has("msg intack\n");
	has("msg line 9 data=0x1\n");
	has("msg command 2 data=0x1  # reboot\n");
	has("answer clock 0 ns=578437695752307201\n");
	has("expect irq 1\n");
	has("expect blk write+durable 512 [01020304 05060708 0900] of=300");
	has("expect blk read 4096 len=");
	has("expect store 0x2000 answered len=");
	has("setup legacy nodrvok qlog=4 layout=2 off=0x80 "
	    "features=0x130000000");
	has("chain 1 kick indirect [00010203 04] r16 w512 "
	    "w1/ring:9 r65535/unmapped/edge/nest/huge/same/ring:255\n");
	has("fault tx skip=1 result=2 cut=3\n");
}

/* A SCSI adapter: what is asked, answered, told. */
static const char scsi[] =
    "conf vioscsi\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 1b 00 00 00 03] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 1b 00 00 00 01] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 1b 00 00 00 00] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 1e 00 00 00 00] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 43 00 01 000000 00 0014] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 9e 11] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 12 00 00 0024] r51 w108\n"
    "chain 2 [01008000] r51 w108\n"
    "chain 2 [01008000 00000000 00000000 00000000 000000 00] r51 w108\n"
    "chain 2 [c1020000 00000000 00000000 00000000 000000 00] r51 w108\n"
    "chain 1 [01004000 00000000 00000000 00000000 000000 00] w16\n"
    "chain 0 [000000] r24 w1\n"
    "chain 0 [00000000 06000000 01004001 00000000 07000000 00000000]"
    " r24 w1\n"
    "chain 0 [00000000 00000000] r24 w1\n"
    "chain 0 [01000000 01004000 00] r16 w5\n"
    "chain 0 [03000000 01004000 00000000 10000000] r16 w5\n"
    "load 0x5000 [00000000 05000000 05004001 00000000 00000000"
    " 00000000]\n"
    "load 0x5000 [02000000 01004001 00000000 10000000 00000000"
    " 00000000]\n"
    "load 0x5000 [00000000 01004001 00000000 10000000]\n"
    "load 0x5000 [05004001 00000000 07000000 00000000 00000000"
    " 00000000 00000000 00000000]\n"
    "load 0x5000 [01004001 00000001 07000000 00000000 00000000"
    " 00000000 00000000 00000000]\n"
    "expect store 0x7000 [63]\n"
    "expect store 0x7000 [10000000 63]\n"
    "expect store 0x7000 [00000000 00000000 0000 08 00]\n"
    "expect store 0x7000 [00000000 00000000 0000 00 63]\n"
    "expect store 0x7000 [ff000000 00000000 0000 02 00]\n"
    "expect store 0x7000 [03000000 01004000 00000000 2a090000]\n"
    "expect store 0x7000 [04000000 01004000 00000000 2a090000]\n"
    "expect store 0x7000 [01020304 0506]\n"
    "msg write common driver_feature 4 4\n"
    "chain 2 [01024005 00000000 07000000 00000000 000000"
    " 2a 08 00000010 00 0003 00] r51 w108\n"
    "chain 2 [c1010000 00000000 00000000 00000000 000000"
    " a0 00 00 000000 00000010] r51 w108\n"
    "chain 2 [0100c101 00000000 00000000 00000000 000000"
    " 12 01 b0 0040 00] r51 w108\n"
    "chain 2 [01000003 00000000 00000000 00000000 000000"
    " 08 1f0001 00 00] r51 w108\n"
    "chain 2 [02000003 00000000 00000000 00000000 000000"
    " ff] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 1b 00 00 00 02] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 1e 00 00 00 01] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 43 02 00 000000 00 0014] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 9e 10 00000000 00000000 00000020] r51 w108\n"
    "chain 2 [01004000 00000000 00000000 00000000 000000"
    " 5a 00 3f 00000000 00ff] r51 w108\n"
    "chain 0 [00000000 01000000 01004001 00000000] r24 w1\n"
    "chain 0 [00000000 00000000 01004001 00000000 09000000 00000000]"
    " r24 w1\n"
    "chain 0 [00000000 09000000 01004001 00000000 09000000 00000000]"
    " r24 w1\n"
    "chain 0 [02000000 01004000 00000000 10000000] r16 w5\n"
    "load 0x5000 [01004001 00000000 07000000 00000000 00000000"
    " 00000000 00000000 00000000]\n"
    "load 0x5000 [00000000 05000000 01004001 00000000 00000000"
    " 00000000]\n"
    "load 0x5000 [01000000 01004001 00000000 10000000]\n"
    "load 0x5000 [01000000 01004001 00000000 10]\n"
    "expect store 0x7000 [00]\n"
    "expect store 0x7000 [0c]\n"
    "expect store 0x7000 [10000000 00]\n"
    "expect store 0x7000 [00000000 00020000 0000 00 01]\n"
    "expect store 0x7000 [00000000 00000000 0000 00 03]\n"
    "expect store 0x7000 [02000080 01004000 00000000 10000000]\n"
    "expect store 0x7000 [00000080 00000000 00000000 00000000]\n"
    "expect store 0x7000 [12000000 00000000 0000 02 00"
    " 70000500 0000000a 00000000 2400 00000000"
    " 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
    " 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
    " 00000000 00000000 00000000 00000000 00000000 0000]\n"
    "expect store 0x7000 [08000000 10000000 0000 02 00"
    " 72062909 00000000"
    " 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
    " 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
    " 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
    " 00000000]\n";

static void
test_scsi_hints(void **state)
{
	struct text_error err;
	uint8_t copy[4096];
	size_t n;

	(void)state;
	n = build(scsi, sizeof(scsi) - 1, &err);
	assert_int_equal(err.line, 0);
	memcpy(copy, built, n);
	show(copy, n);
	has("# 0:0 START STOP UNIT load\n");
	has("# 0:0 START STOP UNIT start\n");
	has("# 0:0 START STOP UNIT stop\n");
	has("# 0:0 PREVENT ALLOW MEDIUM REMOVAL allow\n");
	has("# 0:0 READ TOC format 1, 20 bytes\n");
	has("# 0:0 SERVICE ACTION IN(16), 0 bytes\n");
	has("# 0:0 INQUIRY, 36 bytes\n");
	has("# no address: TEST UNIT READY\n");
	has("# 0:1 QUERY TASK id 7\n");
	has("# 0:1 subscribe to events 0x10\n");
	has("# OK other status\n");
	has("# OK CHECK CONDITION\n");
	has("# 0:0 parameters changed 0x92a\n");
	has("[63]\n");
	has("# CHANGE\n");
	has("# 2:5 WRITE(10) lba 16, 3 blocks, id 7\n");
	has("# all:w REPORT LUNS, 16 bytes\n");
	has("# 0:w INQUIRY page b0, 64 bytes\n");
	has("# 0:3 READ(6) lba 2031617, 0 blocks\n");
	has("# no address: command ff\n");
	has("# 0:0 START STOP UNIT eject\n");
	has("# 0:0 PREVENT ALLOW MEDIUM REMOVAL prevent\n");
	has("# 0:0 READ TOC format 0 MSF, 20 bytes\n");
	has("# 0:0 SERVICE ACTION IN(16) READ CAPACITY(16), 32 bytes\n");
	has("# 0:0 MODE SENSE(10) page 3f, 255 bytes\n");
	has("# 0:1 ABORT TASK id 9\n");
	has("# 0:1 function 9\n");
	has("# 0:0 subscribe to events 0x10\n");
	has("# 0:1 TEST UNIT READY, id 7\n");
	has("# 0:1 LOGICAL UNIT RESET\n");
	has("# 0:1 query events 0x10\n");
	has("[00]  # OK\n");
	has("[0c]  # INCORRECT_LUN\n");
	has("# OK events 0x10\n");
	has("# OVERRUN, residual 512\n");
	has("# BAD_TARGET\n");
	has("# 0:0 asynchronous event 0x10, some were missed\n");
	has("# no event, some were missed\n");
	has("# OK CHECK CONDITION: ILLEGAL REQUEST 24/00 invalid field in "
	    "CDB\n");
	has("# OK CHECK CONDITION: UNIT ATTENTION 29/09, residual 16\n");
}

static void
test_hints(void **state)
{
	static const char in[] =
	    "conf vioblk\n"
	    "msg write common device_status 1 0\n"
	    "msg write common driver_feature_select 4 1\n"
	    "msg write common driver_feature 4 1\n"
	    "msg write common driver_feature_select 4 0\n"
	    "msg write common driver_feature 4 0x10000240\n"
	    "msg write common queue_select 2 1\n"
	    "msg write common queue_size 2 8\n"
	    "msg write common queue_desc 4 0x1000\n"
	    "msg write common queue_driver 4 0x2000\n"
	    "msg write common queue_device 4 0x3000\n"
	    "msg write common queue_enable 2 1\n"
	    "msg write common device_status 1 15\n"
	    "msg read common device_status 1\n"
	    "expect reply 1 0x4f\n"
	    "load 0x2002 [0100]\n"
	    "load 0x2006 [0700]\n"
	    "load 0x1070 [00500000 00000000 10000000 01000200]\n"
	    "load 0x1020 [00600000 00000000 20000000 04000000]\n"
	    "load 0x6010 [00700000 00000000 01000000 02000000]\n"
	    "load 0x5000 [01000000 00000000 0a000000 00000000]\n"
	    "load 0x2008 [0100]\n"
	    "load 0x6010 [01000000 00000000 0b000000 00000000]\n"
	    "expect store 0x7000 [01]\n"
	    "expect store 0x3004 [07000000 01020000]\n"
	    "expect store 0x3044 [0100]\n"
	    "chain 0 [04000000 00000000 00000000 00000000] r16 w1\n";
	struct text_error err;
	uint8_t copy[4096];
	size_t n;

	(void)state;
	n = build(in, sizeof(in) - 1, &err);
	assert_int_equal(err.line, 0);
	memcpy(copy, built, n);
	show(copy, n);
	has("device_status 1 0x0  # reset\n");
	has("driver_feature 4 0x1  # VERSION_1\n");
	has("0x10000240  # BLK_SIZE FLUSH INDIRECT_DESC\n");
	has("# ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK\n");
	has("expect reply 1 0x4f  # ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK "
	    "NEEDS_RESET\n");
	has("# queue 1 avail index 1\n");
	has("# queue 1 avail entry 1: head 7\n");
	has("# queue 1 descriptor 7: 16 bytes at 0x5000, next 2\n");
	has("# queue 1 descriptor 2: 32 bytes at 0x6000, table\n");
	has("# table entry 1: 1 bytes at 0x7000, writable\n");
	has("# OUT sector 10\n");
	has("# OUT sector 11\n");	/* where a table was before */
	has("# status IOERR\n");
	has("# queue 1 used entry 0: head 7, 513 bytes\n");
	has("# queue 1 avail event 1\n");
	has("r16 w1  # FLUSH\n");
}

static const char more[] =
    "conf vioblk\n"
    "setup features=0x8000000000000001\n"
    "msg read common device_feature 4\n"
    "expect reply 4 0x200\n"
    "msg write common device_feature_select 4 1\n"
    "msg read common device_feature 4\n"
    "expect reply 4 0x4\n"
    "msg write common device_feature_select 4 2\n"
    "msg read common device_feature 4\n"
    "expect reply 4 0x4\n"
    "msg write common driver_feature_select 4 2\n"
    "msg write common driver_feature 4 1\n"
    "msg write common queue_select 2 99\n"
    "msg write common queue_size 2 8\n"
    "msg read common queue_size 2\n"
    "expect reply 2 8\n"
    "msg write common queue_select 2 0\n"
    "msg read common queue_size 2\n"
    "expect reply 2 4\n"
    "msg write common queue_desc 8 0x100001000\n"
    "msg write common queue_driver 4 0x2000\n"
    "msg write common queue_driver_hi 4 1\n"
    "msg write common queue_device 2 1\n"
    "msg write common queue_device 4 0x3000\n"
    "msg write common queue_enable 2 1\n"
    "msg write common queue_size 2 128\n"
    "msg write notify queue 2 0\n"
    "load 0x100002000 [0100]\n"
    "load 0x10000200c [0300]\n"
    "expect store 0x3000 [0000]\n"
    "expect store 0x3002 [0500]\n"
    "expect store 0x3024 [0600]\n"
    "load 0x100001000 [00]\n"
    "load 0x9000 [00000000 00000000 01000000 00000000]\n"
    "load 0x9000 [08000000 00000000 01000000 00000000]\n"
    "load 0x9000 [0b000000 00000000 01000000 00000000]\n"
    "load 0x9000 [0d000000 00000000 01000000 00000000]\n"
    "load 0x9000 [63000000 00000000 01000000 00000000]\n"
    "expect store 0x7000 [00]\n"
    "expect store 0x7000 [02]\n"
    "expect store 0x7000 [03]\n"
    "expect blk read 1024 len=512\n"
    "expect blk read 1000 len=512\n"
    "expect blk read+unit3 1000 len=512\n"
    "expect blk write+durable+lent+unit255 512\n"
    "msg reset\n"
    "load 0x100002000 [0100]\n";

/* Requests, features and rings in all their kinds. */
static void
test_more_hints(void **state)
{
	struct text_error err;
	uint8_t copy[4096];
	size_t n;

	(void)state;
	n = build(more, sizeof(more) - 1, &err);
	assert_int_equal(err.line, 0);
	memcpy(copy, built, n);
	show(copy, n);
	has("features=0x8000000000000001  # and 0x8000000000000001\n");
	has("expect reply 4 0x200  # FLUSH\n");
	has("expect reply 4 0x4  # RING_PACKED\n");
	has("expect reply 4 0x4\n");
	has("driver_feature 4 0x1\n");
	has("queue_size 2 0x8  # queue 99\n");
	has("[0100]  # queue 0 avail flags 1\n");
	has("[0300]  # queue 0 used event 3\n");
	has("[0000]  # queue 0 used flags 0\n");
	has("[0500]  # queue 0 used index 5\n");
	has("[0600]  # queue 0 avail event 6\n");
	has("[00]  # queue 0 descriptor 0\n");
	has("# IN sector 1\n");
	has("# GET_ID\n");
	has("# DISCARD\n");
	has("# WRITE_ZEROES\n");
	has("# request type 99\n");
	has("[00]  # status OK\n");
	has("[02]  # status UNSUPP\n");
	has("[03]\n");
	has("len=512  # sector 2\n");
	has("1000 len=512\n");
	has("msg reset\nload 0x100002000 [0100]\n");
}

static void
test_liberties(void **state)
{
	static const char in[] =
	    "  # nothing here\r\n\n"
	    "\tload 4096 [ 00 01\n  # inside\n 02 ]   # behind\n"
	    "load 0x1000 \"\\x00\\x01\\x02\"\n"
	    "expect blk 0x10001 512\n"
	    "expect blk write+lent 512\n"
	    "reload";
	struct trace_reader t;
	struct trace_rec r;
	struct text_error err;
	uint64_t digest;
	size_t n;

	(void)state;
	n = build(in, sizeof(in) - 1, &err);
	assert_int_equal(err.line, 0);
	trace_open(&t, built, n);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(r.u.load.blob.total, 3);
	digest = digest_of(r.body, r.len);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_true(digest == digest_of(r.body, r.len));
	trace_next(&t, &r);
	digest = digest_of(r.body, r.len);
	trace_next(&t, &r);
	assert_true(digest == digest_of(r.body, r.len));
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	assert_int_equal(r.type, TRACE_RELOAD);
	assert_int_equal(trace_next(&t, &r), TRACE_END);
}

/* A line for people names eight segments and counts the others. */
static void
test_brief_chain(void **state)
{
	uint8_t segs[12 * TRACE_SEG_SIZE] = { 0 }, b[256];
	struct trace_chain c = { .segs = segs, .nsegs = 12 };
	struct trace_reader t;
	struct trace_rec r;
	char line[160];
	struct wbuf w;

	(void)state;
	wb_init(&w, b, sizeof(b));
	trace_put_header(&w);
	trace_put_chain(&w, &c);
	trace_open(&t, b, w.len);
	assert_int_equal(trace_next(&t, &r), TRACE_OK);
	text_brief(line, sizeof(line), &r);
	assert_string_equal(line,
	    "chain 0 r0 r0 r0 r0 r0 r0 r0 r0 and 4 more");
}

/* No text, however mangled, does harm; what builds is strict. */
static void
test_mangled(void **state)
{
	struct trace_reader t;
	struct text_error err;
	struct trace_rec r;
	struct prng rng;
	char *copy;
	size_t i, j, n, len, good = 0;

	(void)state;
	show(sample, samplelen);
	len = textlen;
	copy = malloc(len);
	prng_seed(&rng, 9);
	for (i = 0; i < 4000; i++) {
		memcpy(copy, text, len);
		for (j = prng_below(&rng, 4); j > 0; j--)
			copy[prng_below(&rng, len)] = prng_below(&rng, 2) ?
			    (char)prng_next(&rng) :
			    text[prng_below(&rng, len)];
		n = build(copy, prng_below(&rng, len + 1), &err);
		if (err.line != 0)
			continue;
		good++;
		assert_int_equal(trace_open(&t, built, n), TRACE_OK);
		while ((j = trace_next(&t, &r)) == TRACE_OK)
			;
		assert_int_equal(j, TRACE_END);
	}
	free(copy);
	assert_true(good > 100);
}

static void
test_brief(void **state)
{
	struct trace_reader t;
	struct trace_rec r;
	char line[160], small[10];

	(void)state;
	trace_open(&t, sample, samplelen);
	while (trace_next(&t, &r) == TRACE_OK) {
		text_brief(line, sizeof(line), &r);
		assert_null(strchr(line, '\n'));
		assert_true(strlen(line) < sizeof(line));
		text_brief(small, sizeof(small), &r);
		assert_true(strncmp(line, small, strlen(small)) == 0);
	}
	trace_rewind(&t);
	while (trace_next(&t, &r) == TRACE_OK && r.type != TRACE_LOAD)
		;
	trace_next(&t, &r);
	text_brief(line, sizeof(line), &r);
	assert_true(strncmp(line, "load 0xffffffffffffffff [01020304 "
	    "05060708 09000000 00000000...] of=300 digest=0x", 80) == 0);
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
		cmocka_unit_test(test_roundtrip_bits),
		cmocka_unit_test(test_roundtrip_noise),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_scsi_hints),
		cmocka_unit_test(test_more_hints),
		cmocka_unit_test(test_liberties),
		cmocka_unit_test(test_brief_chain),
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_brief),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
