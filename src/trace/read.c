#include "trace.h"

#include "decode.h"

enum trace_result
trace_open(struct trace_reader *t, const void *p, size_t len)
{
	const uint8_t *b = p;

	memset(t, 0, sizeof(*t));
	t->p = p;
	t->len = len;
	t->off = TRACE_HEADER;
	if (len < 8 || memcmp(b, TRACE_MAGIC, 8) != 0)
		t->why = "not a trace: no VMDTRACE at its start";
	else if (len < TRACE_HEADER)
		t->why = "file header is cut short";
	else if (le16_get(b + 8) != TRACE_VERSION) {
		t->why = "trace version is not 1";
		t->bad = 8;
	} else if (le16_get(b + 10) != 0 || le32_get(b + 12) != 0) {
		t->why = "reserved bytes of the file header are not 0";
		t->bad = 10;
	}
	return t->why == NULL ? TRACE_OK : TRACE_BAD;
}

void
trace_open_fold(struct trace_reader *t, const void *p, size_t len)
{
	memset(t, 0, sizeof(*t));
	t->p = p;
	t->len = len;
	t->fold = 1;
	trace_rewind(t);
}

void
trace_rewind(struct trace_reader *t)
{
	t->off = 0;
	if (!t->fold || (t->len >= TRACE_HEADER &&
	    memcmp(t->p, TRACE_MAGIC, 8) == 0))
		t->off = TRACE_HEADER;
	t->number = 0;
	t->bad = 0;
	t->why = NULL;
}

static enum trace_result
next_fold(struct trace_reader *t, struct trace_rec *r)
{
	size_t left = t->len - t->off;
	uint32_t word;

	if (left < 4)
		return TRACE_END;
	word = le32_get(t->p + t->off);
	left -= 4;
	r->len = word >> 8;
	if (r->len > left)
		r->len = left;
	r->off = t->off;
	r->number = ++t->number;
	r->body = t->p + t->off + 4;
	trace_fold_body(r, word & 0xff);
	t->off += 4 + r->len;
	return TRACE_OK;
}

static enum trace_result
cut_off(struct trace_reader *t, const char *why)
{
	t->bad = t->off;
	t->why = why;
	return TRACE_SHORT;
}

/* Fewer bytes than a word are left. */
static enum trace_result
no_word(struct trace_reader *t)
{
	size_t i;

	for (i = t->off; i < t->len; i++)
		if (t->p[i] != 0)
			return cut_off(t,
			    "the last record is cut off in its header");
	return cut_off(t, "the recording was cut off");
}

enum trace_result
trace_next(struct trace_reader *t, struct trace_rec *r)
{
	size_t left = t->len - t->off, bad = 0;
	uint32_t word;

	if (t->fold)
		return next_fold(t, r);
	if (left == 0)
		return TRACE_END;
	if (left < 4)
		return no_word(t);
	word = le32_get(t->p + t->off);
	r->type = word & 0xff;
	r->len = word >> 8;
	if (word == 0)
		return cut_off(t, "the recording was cut off");
	if (r->type == 0 || r->type >= TRACE_NTYPES) {
		t->bad = t->off;
		t->why = "unknown record type";
		return TRACE_BAD;
	}
	if (r->len > left - 4)
		return cut_off(t, "the last record is cut off");
	r->off = t->off;
	r->number = t->number + 1;
	r->body = t->p + t->off + 4;
	if ((t->why = trace_decode_body(r, &bad)) != NULL) {
		t->bad = t->off + bad;
		return TRACE_BAD;
	}
	t->number++;
	t->off += 4 + r->len;
	return TRACE_OK;
}

void
trace_map_range(const struct trace_rec *r, unsigned i, uint64_t *gpa,
    uint64_t *len)
{
	*gpa = le64_get(r->body + (size_t)i * 16);
	*len = le64_get(r->body + (size_t)i * 16 + 8);
}
