#include "trace.h"

#include "digest.h"
#include "msg.h"

/* Starts a record whose length is filled in by record_end. */
static size_t
record_begin(struct wbuf *w, unsigned type)
{
	size_t at = w->len;

	wb_u32(w, type);
	return at;
}

/* A record is whole or not there at all. */
static void
record_end(struct wbuf *w, size_t at)
{
	size_t len;

	if (!wb_bad(w)) {
		len = w->len - at - 4;
		if (len <= TRACE_MAXBODY) {
			le32_put(w->p + at, le32_get(w->p + at) |
			    (uint32_t)len << 8);
			return;
		}
		w->bad = 1;
	}
	w->len = at;
}

static void
put_blob(struct wbuf *w, const struct trace_blob *b)
{
	uint64_t total = b->total;

	if (total >= TRACE_CUT)
		total = TRACE_CUT - 1;
	if (b->kept == b->total) {
		wb_u32(w, (uint32_t)total);
	} else {
		wb_u32(w, (uint32_t)total | TRACE_CUT);
		wb_u64(w, b->digest);
	}
	wb_bytes(w, b->p, b->kept);
}

static void
blob_of(struct trace_blob *b, const void *p, size_t len, size_t keep)
{
	b->total = len;
	b->p = p;
	b->kept = len < keep ? len : keep;
	b->digest = b->kept < len ? digest_of(p, len) : 0;
}

void
trace_put_header(struct wbuf *w)
{
	wb_bytes(w, TRACE_MAGIC, 8);
	wb_u16(w, TRACE_VERSION);
	wb_u16(w, 0);
	wb_u32(w, 0);
}

static void
put_conf(struct wbuf *w, const void *name, size_t n, const void *list,
    size_t len)
{
	size_t at = record_begin(w, TRACE_CONF);

	if (n > TRACE_MAXNAME)
		w->bad = 1;
	wb_u8(w, (uint8_t)n);
	wb_bytes(w, name, n);
	wb_bytes(w, list, len);
	record_end(w, at);
}

void
trace_put_conf(struct wbuf *w, const char *name, const void *list, size_t len)
{
	put_conf(w, name, strlen(name), list, len);
}

void
trace_put_map(struct wbuf *w, const uint64_t (*range)[2], unsigned n)
{
	size_t at = record_begin(w, TRACE_MAP);
	unsigned i;

	for (i = 0; i < n; i++) {
		wb_u64(w, range[i][0]);
		wb_u64(w, range[i][1]);
	}
	record_end(w, at);
}

void
trace_put_msg(struct wbuf *w, const struct viodev_msg *m)
{
	size_t at = record_begin(w, TRACE_MSG);

	msg_encode(w, m);
	record_end(w, at);
}

void
trace_put_load_blob(struct wbuf *w, uint64_t gpa, const struct trace_blob *b)
{
	size_t at = record_begin(w, TRACE_LOAD);

	wb_u64(w, gpa);
	put_blob(w, b);
	record_end(w, at);
}

void
trace_put_load(struct wbuf *w, uint64_t gpa, const void *p, size_t len,
    size_t keep)
{
	struct trace_blob b;

	blob_of(&b, p, len, keep);
	trace_put_load_blob(w, gpa, &b);
}

void
trace_put_poke(struct wbuf *w, uint64_t gpa, const void *p, size_t len)
{
	size_t at = record_begin(w, TRACE_POKE);

	wb_u64(w, gpa);
	wb_bytes(w, p, len);
	record_end(w, at);
}

void
trace_put_answer_blob(struct wbuf *w, unsigned call, int32_t result,
    const struct trace_blob *b)
{
	size_t at = record_begin(w, TRACE_ANSWER);

	wb_u8(w, (uint8_t)call);
	wb_u32(w, (uint32_t)result);
	put_blob(w, b);
	record_end(w, at);
}

void
trace_put_answer(struct wbuf *w, unsigned call, int32_t result, const void *p,
    size_t len, size_t keep)
{
	struct trace_blob b;

	blob_of(&b, p, len, keep);
	trace_put_answer_blob(w, call, result, &b);
}

void
trace_put_expect_blob(struct wbuf *w, unsigned kind, uint32_t arg,
    uint64_t val, const struct trace_blob *b)
{
	size_t at = record_begin(w, TRACE_EXPECT);

	wb_u8(w, (uint8_t)kind);
	wb_u32(w, arg);
	wb_u64(w, val);
	put_blob(w, b);
	record_end(w, at);
}

void
trace_put_expect(struct wbuf *w, unsigned kind, uint32_t arg, uint64_t val,
    const void *p, size_t len, size_t keep)
{
	struct trace_blob b;

	blob_of(&b, p, len, keep);
	trace_put_expect_blob(w, kind, arg, val, &b);
}

static void
put_u64(struct wbuf *w, unsigned type, uint64_t v)
{
	size_t at = record_begin(w, type);

	wb_u64(w, v);
	record_end(w, at);
}

void
trace_put_mark(struct wbuf *w, uint64_t digest)
{
	put_u64(w, TRACE_MARK, digest);
}

void
trace_put_time(struct wbuf *w, uint64_t ns)
{
	put_u64(w, TRACE_TIME, ns);
}

void
trace_put_setup(struct wbuf *w, const struct trace_setup *s)
{
	size_t at = record_begin(w, TRACE_SETUP);

	wb_u8(w, s->flags & TRACE_SETUP_ALL);
	wb_u8(w, s->qlog);
	wb_u8(w, s->layout);
	wb_u8(w, s->off);
	wb_u64(w, s->features);
	record_end(w, at);
}

void
trace_put_chain(struct wbuf *w, const struct trace_chain *c)
{
	size_t at = record_begin(w, TRACE_CHAIN);
	const uint8_t *s;
	unsigned i;

	wb_u8(w, c->queue);
	wb_u8(w, c->flags);
	wb_u8(w, c->ndata);
	wb_bytes(w, c->data, c->ndata);
	for (i = 0; i < c->nsegs; i++) {
		s = c->segs + (size_t)i * TRACE_SEG_SIZE;
		wb_u8(w, s[0] & TRACE_SEG_ALL);
		wb_bytes(w, s + 1, TRACE_SEG_SIZE - 1);
	}
	record_end(w, at);
}

void
trace_put_fault(struct wbuf *w, unsigned call, unsigned skip, unsigned result,
    unsigned cut)
{
	size_t at = record_begin(w, TRACE_FAULT);

	wb_u8(w, (uint8_t)call);
	wb_u8(w, (uint8_t)skip);
	wb_u8(w, (uint8_t)result);
	wb_u8(w, (uint8_t)cut);
	record_end(w, at);
}

void
trace_put_race(struct wbuf *w, unsigned mode, unsigned seed)
{
	size_t at = record_begin(w, TRACE_RACE);

	wb_u8(w, (uint8_t)mode);
	wb_u8(w, (uint8_t)seed);
	record_end(w, at);
}

void
trace_put_reload(struct wbuf *w)
{
	record_end(w, record_begin(w, TRACE_RELOAD));
}

void
trace_put_state(struct wbuf *w, const void *p, size_t len)
{
	size_t at = record_begin(w, TRACE_STATE);

	wb_bytes(w, p, len);
	record_end(w, at);
}

static void
put_ranges(struct wbuf *w, const struct trace_rec *r)
{
	size_t at = record_begin(w, TRACE_MAP);

	wb_bytes(w, r->body, (size_t)r->u.map.n * 16);
	record_end(w, at);
}

void
trace_put_rec(struct wbuf *w, const struct trace_rec *r)
{
	switch (r->type) {
	case TRACE_CONF:
		put_conf(w, r->u.conf.name, r->u.conf.namelen,
		    r->u.conf.list, r->u.conf.listlen);
		break;
	case TRACE_MAP:
		put_ranges(w, r);
		break;
	case TRACE_MSG:
		trace_put_msg(w, &r->u.msg);
		break;
	case TRACE_LOAD:
		trace_put_load_blob(w, r->u.load.gpa, &r->u.load.blob);
		break;
	case TRACE_POKE:
		trace_put_poke(w, r->u.poke.gpa, r->u.poke.p, r->u.poke.len);
		break;
	case TRACE_ANSWER:
		trace_put_answer_blob(w, r->u.answer.call, r->u.answer.result,
		    &r->u.answer.blob);
		break;
	case TRACE_EXPECT:
		trace_put_expect_blob(w, r->u.expect.kind, r->u.expect.arg,
		    r->u.expect.val, &r->u.expect.blob);
		break;
	case TRACE_MARK:
		trace_put_mark(w, r->u.mark);
		break;
	case TRACE_TIME:
		trace_put_time(w, r->u.time);
		break;
	case TRACE_SETUP:
		trace_put_setup(w, &r->u.setup);
		break;
	case TRACE_CHAIN:
		trace_put_chain(w, &r->u.chain);
		break;
	case TRACE_FAULT:
		trace_put_fault(w, r->u.fault.call, r->u.fault.skip,
		    r->u.fault.result, r->u.fault.cut);
		break;
	case TRACE_RACE:
		trace_put_race(w, r->u.race.mode, r->u.race.seed);
		break;
	case TRACE_RELOAD:
		trace_put_reload(w);
		break;
	case TRACE_STATE:
		trace_put_state(w, r->body, r->len);
		break;
	}
}
