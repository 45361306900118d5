/* Opens a trace and finds out what kind of trace it is. */
#include "vmtrace.h"

#include <string.h>

static int
has_header(const struct file *f)
{
	return f->len >= 8 && memcmp(f->p, TRACE_MAGIC, 8) == 0;
}

static void
look_at(struct input *in, const struct trace_rec *r, unsigned *groups)
{
	switch (r->type) {
	case TRACE_CONF:
		if (in->dev[0] == '\0' && r->u.conf.namelen > 0)
			memcpy(in->dev, r->u.conf.name, r->u.conf.namelen);
		break;
	case TRACE_LOAD:
	case TRACE_ANSWER:
	case TRACE_EXPECT:
	case TRACE_MARK:
		*groups |= 1;
		break;
	case TRACE_SETUP:
	case TRACE_CHAIN:
	case TRACE_FAULT:
	case TRACE_RACE:
	case TRACE_RELOAD:
	case TRACE_STATE:
		*groups |= 2;
		break;
	}
}

/* Reads all records once, so that later passes find nothing wrong. */
static int
survey(struct input *in)
{
	unsigned groups = 0;
	enum trace_result res;
	struct trace_rec r;

	while ((res = trace_next(&in->t, &r)) == TRACE_OK)
		look_at(in, &r, &groups);
	if (res == TRACE_BAD)
		return complain(in->file.name, "offset %zu: %s (for a fuzzing "
		    "input say --fold)", in->t.bad, in->t.why);
	in->cut = res == TRACE_SHORT;
	if (groups == 3)
		return complain(in->file.name, "has records of a recording "
		    "and of an input");
	in->kind = groups == 1 ? INPUT_RECORDING : INPUT_INPUT;
	trace_rewind(&in->t);
	return 0;
}

int
input_open(struct input *in, const char *path, int fold)
{
	memset(in, 0, sizeof(*in));
	if (file_read(&in->file, path) == -1)
		return -1;
	if (fold || !has_header(&in->file))
		trace_open_fold(&in->t, in->file.p, in->file.len);
	else if (trace_open(&in->t, in->file.p, in->file.len) == TRACE_BAD) {
		complain(in->file.name, "offset %zu: %s", in->t.bad,
		    in->t.why);
		file_free(&in->file);
		return -1;
	}
	if (survey(in) != 0) {
		file_free(&in->file);
		return -1;
	}
	return 0;
}

void
input_close(struct input *in)
{
	file_free(&in->file);
}
