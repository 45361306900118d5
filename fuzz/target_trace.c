/*
 * Traces: readers, strict and folding, writers and text.
 *
 * A record that
 * a strict reader takes must be written to the same bytes again, and the text
 * of a trace must build the same trace; a folded record must be a valid one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "target.h"
#include "text.h"
#include "trace.h"

#define MAXLEN	2048
#define MAXTEXT	(64 * MAXLEN)

static uint8_t *again, *scratch;
static char *text;
static size_t textlen;

static const char *const opnames[] = {
	"refused", "conf", "map", "msg", "load", "poke", "answer", "expect",
	"mark", "time", "setup", "chain", "fault", "race", "reload", "state",
	"cut-off", NULL
};

static struct fuzz_stat st = { .opnames = opnames };

static void
check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "oracle trace: %s\n", what);
		abort();
	}
}

static void
init(void)
{
	again = malloc(TEXT_ROOM(MAXTEXT));
	scratch = malloc(TEXT_SCRATCH(MAXTEXT));
	text = malloc(MAXTEXT);
	if (again == NULL || scratch == NULL || text == NULL)
		abort();
}

static void
put(void *arg, const char *p, size_t len)
{
	(void)arg;
	check(len <= MAXTEXT - textlen, "the text is out of proportion");
	memcpy(text + textlen, p, len);
	textlen += len;
}

static void
check_text(const uint8_t *data, size_t len)
{
	struct text_error err;
	struct wbuf w;

	wb_init(&w, again, TEXT_ROOM(MAXTEXT));
	if (text_build(text, textlen, &w, scratch, &err) == -1) {
		fprintf(stderr, "line %u column %u: %s\n", err.line,
		    err.column, err.reason);
		check(0, "the text of a trace was refused");
	}
	check(!wb_bad(&w) && w.len == len && memcmp(again, data, len) == 0,
	    "the text of a trace builds another trace");
}

static void
strict(const uint8_t *data, size_t len, struct digest *d)
{
	enum trace_result res;
	struct trace_reader r;
	struct trace_rec rec;
	struct text_out out;
	struct wbuf w;
	size_t end = TRACE_HEADER;

	res = trace_open(&r, data, len);
	textlen = 0;
	text_init(&out, put, NULL);
	while (res == TRACE_OK &&
	    (res = trace_next(&r, &rec)) == TRACE_OK) {
		wb_init(&w, again, TEXT_ROOM(MAXTEXT));
		trace_put_rec(&w, &rec);
		check(!wb_bad(&w) && w.len == rec.len + 4 &&
		    memcmp(again, data + rec.off, w.len) == 0,
		    "a record is written to other bytes");
		text_rec(&out, &rec);
		st.ops |= 1U << rec.type;
		end = rec.off + w.len;
		st.requests++;
	}
	if (res == TRACE_BAD) {
		check(r.why != NULL && r.bad <= len, "a refusal without place");
		st.resets++;
		st.ops |= 1;
	} else {
		st.accepted += end > TRACE_HEADER;
		if (res == TRACE_SHORT)
			st.ops |= 1U << TRACE_NTYPES;
		check_text(data, end);
	}
	digest_add(d, text, textlen);
}

/* Any bytes are records, and each is one that a strict reader takes. */
static void
folded(const uint8_t *data, size_t len, struct digest *d)
{
	struct trace_reader r, one;
	struct trace_rec rec, rec2;
	struct wbuf w;

	trace_open_fold(&r, data, len);
	while (trace_next(&r, &rec) == TRACE_OK) {
		wb_init(&w, again, TEXT_ROOM(MAXTEXT));
		trace_put_header(&w);
		trace_put_rec(&w, &rec);
		check(!wb_bad(&w), "a folded record does not fit");
		digest_add(d, again, w.len);
		check(trace_open(&one, again, w.len) == TRACE_OK &&
		    trace_next(&one, &rec2) == TRACE_OK &&
		    rec2.type == rec.type &&
		    trace_next(&one, &rec2) == TRACE_END,
		    "a folded record is not valid");
	}
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	struct digest d;

	digest_init(&d);
	if (len > MAXLEN)
		len = MAXLEN;
	strict(data, len, &d);
	folded(data, len, &d);
	st.inputs++;
	return digest_value(&d);
}

static void
stat(struct fuzz_stat *out)
{
	*out = st;
}

const struct fuzz_target fuzz_target = {
	.name = "trace",
	.shape = SHAPE_RECORDS,
	.queues = 3,
	.flavour = FLAVOUR_ECHO | FLAVOUR_STATE,
	.maxlen = MAXLEN,
	.init = init,
	.run = run,
	.stat = stat,
};
