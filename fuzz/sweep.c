#include "sweep.h"

#include <string.h>

#include "trace.h"

#define RESULTS	3			/* 1 and on: enum blk_result */
#define CUTS	2
#define SKIPS	12			/* calls that succeed before */

/* Where records begin that are not about attaching. */
static size_t
behind_conf(const uint8_t *in, size_t len)
{
	struct trace_reader r;
	struct trace_rec rec;

	trace_open_fold(&r, in, len);
	if (trace_next(&r, &rec) != TRACE_OK || rec.type != TRACE_CONF)
		return 0;
	return r.off < len ? r.off : len;
}

size_t
sweep_records(const uint8_t *in, size_t len, unsigned i, uint8_t *out,
    size_t max)
{
	unsigned call = i % TRACE_NCALLS, result, cut, skip;
	size_t at = behind_conf(in, len);
	struct wbuf w;

	i /= TRACE_NCALLS;
	result = 1 + i % RESULTS;
	i /= RESULTS;
	cut = i % CUTS * 128;
	skip = i / CUTS;
	if (skip >= SKIPS)
		return 0;
	wb_init(&w, out, max);
	wb_bytes(&w, in, at);
	trace_put_fault(&w, call, skip, result, cut);
	wb_bytes(&w, in + at, len - at);
	return wb_bad(&w) ? 0 : w.len;
}
