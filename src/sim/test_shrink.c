/* What shrink_trace keeps and what it drops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "shrink.h"
#include "text.h"

#define ROOM	8192

/* Fails when a chain has this byte somewhere, and a message this data. */
struct rule {
	int		byte;		/* -1: no chain is needed */
	int64_t		data;		/* -1: no message is needed */
	unsigned	after;		/* gives up after so many tries */
	unsigned	tried;
	int		plain;
};

static int
has(const struct rule *rule, const struct trace_rec *r)
{
	if (r->type == TRACE_CHAIN && rule->byte >= 0)
		return memchr(r->u.chain.data, rule->byte,
		    r->u.chain.ndata) != NULL;
	if (r->type == TRACE_MSG && rule->data >= 0)
		return r->u.msg.data == (uint64_t)rule->data ? 2 : 0;
	return 0;
}

static int
fails(void *arg, const uint8_t *p, size_t len)
{
	struct rule *rule = arg;
	struct trace_reader t;
	struct trace_rec r;
	int have = (rule->byte < 0) | (rule->data < 0) << 1;

	rule->tried++;
	assert_int_equal(trace_open(&t, p, len), TRACE_OK);
	while (trace_next(&t, &r) == TRACE_OK)
		have |= has(rule, &r);
	/* Candidates are whole traces. */
	assert_int_equal(t.off, len);
	return have == 3;
}

static int
enough(void *arg)
{
	const struct rule *rule = arg;

	return rule->after > 0 && rule->tried >= rule->after;
}

/* What a text shrinks to under a rule must be these records, one a line. */
static void
shrunk(const char *text, struct rule rule, int recording, const char *want)
{
	static uint8_t a[ROOM], b[ROOM];
	struct shrink s = { .fails = fails, .enough = enough, .arg = &rule,
	    .recording = recording, .plain = rule.plain, .best = a,
	    .mem = b, .cap = ROOM };
	char line[512], all[ROOM] = "";
	struct text_error e;
	struct trace_reader t;
	struct trace_rec r;
	struct wbuf w;

	wb_init(&w, a, ROOM);
	if (text_build(text, strlen(text), &w, b, &e) == -1)
		fail_msg("line %u: %s", e.line, e.reason);
	s.len = w.len;
	shrink_trace(&s);
	assert_int_equal(trace_open(&t, s.best, s.len), TRACE_OK);
	while (trace_next(&t, &r) == TRACE_OK) {
		text_brief(line, sizeof(line), &r);
		assert_true(strlen(all) + strlen(line) + 2 < sizeof(all));
		strcat(all, line);
		strcat(all, "\n");
	}
	assert_string_equal(all, want);
}

static void
test_records(void **state)
{
	const struct rule rule = { .byte = 0x77, .data = -1 };

	(void)state;
	shrunk("conf viornd qsize 4\n"
	    "setup features=0xffff\n"
	    "time 5\n"
	    "chain 0 kick [01020304] r4 w5\n"
	    "chain 0 kick [01770304] r4 w5\n"
	    "poke 0x1000 [0102]\n", rule, 0,
	    "conf viornd\n"
	    "chain 0 [77]\n");
}

/* Two that only fail together stay, in their order. */
static void
test_together(void **state)
{
	const struct rule rule = { .byte = 0x77, .data = 6 };

	(void)state;
	shrunk("conf viornd\n"
	    "time 5\n"
	    "msg write common device_status 1 0x6\n"
	    "time 7\n"
	    "chain 0 kick [1111111111771111] r4 w5\n"
	    "time 8\n", rule, 0,
	    "conf viornd\n"
	    "msg write common device_feature_select 1 0x6\n"
	    "chain 0 [77]\n");
}

/* In a recording a message keeps what it caused, byte for byte. */
static void
test_recording(void **state)
{
	const struct rule rule = { .byte = -1, .data = 6 };

	(void)state;
	shrunk("conf viornd qsize 4\n"
	    "map 0x0+0x1000\n"
	    "msg write common device_status 1 0x1\n"
	    "expect irq 1\n"
	    "msg write common device_status 1 0x6\n"
	    "load 0x10 [0102]\n"
	    "expect irq 0\n"
	    "time 5\n", rule, 1,
	    "conf viornd qsize 4\n"
	    "map 0x0+0x1000\n"
	    "msg write common device_status 1 0x6\n"
	    "load 0x10 [0102]\n"
	    "expect irq 0\n");
}

/* Without time nothing changes, and what is left still fails. */
static void
test_enough(void **state)
{
	struct rule rule = { .byte = 0x77, .data = -1, .after = 1 };
	const char *text = "conf viornd\ntime 5\ntime 6\n"
	    "chain 0 kick [77] r4\n";

	(void)state;
	rule.tried = 1;
	shrunk(text, rule, 0, text);
}

/* Numbers stay as they are: flags, width, bits. */
static void
test_plain(void **state)
{
	const struct rule rule = { .byte = 0x77, .data = 6, .plain = 1 };

	(void)state;
	shrunk("conf viornd\n"
	    "time 5\n"
	    "msg write common device_status 1 0x6\n"
	    "chain 0 kick [1111111111771111] r4 w5\n"
	    "time 8\n", rule, 0,
	    "conf viornd\n"
	    "msg write common device_status 1 0x6\n"
	    "chain 0 kick [77]\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_recording),
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
