#include "trace.h"

#include "msg.h"
#include "sum.h"

/*
 * Room for a record with a body of len bytes: where the body goes, or NULL
 * with the error flag and nothing changed.  So a record is whole or not there.
 */
static uint8_t *
record(struct wbuf *w, unsigned type, size_t len)
{
	uint8_t *p;

	if (len > TRACE_MAXBODY) {
		w->bad = 1;
		return NULL;
	}
	if ((p = wb_room(w, 4 + len)) == NULL)
		return NULL;
	le32_put(p, type | (uint32_t)len << 8);
	return p + 4;
}

static void
copy(uint8_t *dst, const void *src, size_t len)
{
	if (len > 0)
		memcpy(dst, src, len);
}

static size_t
blob_size(const struct trace_blob *b)
{
	return (b->kept == b->total ? 4 : 12) + b->kept;
}

static void
put_blob(uint8_t *p, const struct trace_blob *b)
{
	uint32_t total = b->total < TRACE_CUT ? (uint32_t)b->total :
	    TRACE_CUT - 1;

	if (b->kept == b->total) {
		le32_put(p, total);
		copy(p + 4, b->p, b->kept);
	} else {
		le32_put(p, total | TRACE_CUT);
		le64_put(p + 4, b->digest);
		copy(p + 12, b->p, b->kept);
	}
}

static void
blob_of(struct trace_blob *b, const void *p, size_t len, size_t keep)
{
	b->total = len;
	b->p = p;
	b->kept = len < keep ? len : keep;
	b->digest = b->kept < len ? sum_of(p, len) : 0;
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
	uint8_t *p;

	if (n > TRACE_MAXNAME)
		w->bad = 1;
	if (w->bad || (p = record(w, TRACE_CONF, 1 + n + len)) == NULL)
		return;
	*p = (uint8_t)n;
	copy(p + 1, name, n);
	copy(p + 1 + n, list, len);
}

void
trace_put_conf(struct wbuf *w, const char *name, const void *list, size_t len)
{
	put_conf(w, name, strlen(name), list, len);
}

void
trace_put_map(struct wbuf *w, const uint64_t (*range)[2], unsigned n)
{
	uint8_t *p = record(w, TRACE_MAP, (size_t)n * 16);
	unsigned i;

	for (i = 0; p != NULL && i < n; i++, p += 16) {
		le64_put(p, range[i][0]);
		le64_put(p + 8, range[i][1]);
	}
}

void
trace_put_msg(struct wbuf *w, const struct viodev_msg *m)
{
	uint8_t *p = record(w, TRACE_MSG, MSG_HEADER + m->len);
	struct wbuf body;

	if (p == NULL)
		return;
	wb_init(&body, p, MSG_HEADER + m->len);
	msg_encode(&body, m);
}

void
trace_put_load_blob(struct wbuf *w, uint64_t gpa, const struct trace_blob *b)
{
	uint8_t *p = record(w, TRACE_LOAD, 8 + blob_size(b));

	if (p == NULL)
		return;
	le64_put(p, gpa);
	put_blob(p + 8, b);
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
trace_put_poke(struct wbuf *w, uint64_t gpa, const void *src, size_t len)
{
	uint8_t *p = record(w, TRACE_POKE, 8 + len);

	if (p == NULL)
		return;
	le64_put(p, gpa);
	copy(p + 8, src, len);
}

void
trace_put_answer_blob(struct wbuf *w, unsigned call, int32_t result,
    const struct trace_blob *b)
{
	uint8_t *p = record(w, TRACE_ANSWER, 5 + blob_size(b));

	if (p == NULL)
		return;
	*p = (uint8_t)call;
	le32_put(p + 1, (uint32_t)result);
	put_blob(p + 5, b);
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
	uint8_t *p = record(w, TRACE_EXPECT, 13 + blob_size(b));

	if (p == NULL)
		return;
	*p = (uint8_t)kind;
	le32_put(p + 1, arg);
	le64_put(p + 5, val);
	put_blob(p + 13, b);
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
	uint8_t *p = record(w, type, 8);

	if (p != NULL)
		le64_put(p, v);
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
	uint8_t *p = record(w, TRACE_SETUP, 12);

	if (p == NULL)
		return;
	p[0] = s->flags & TRACE_SETUP_ALL;
	p[1] = s->qlog;
	p[2] = s->layout;
	p[3] = s->off;
	le64_put(p + 4, s->features);
}

void
trace_put_chain(struct wbuf *w, const struct trace_chain *c)
{
	size_t segs = (size_t)c->nsegs * TRACE_SEG_SIZE, i;
	uint8_t *p = record(w, TRACE_CHAIN, 3 + c->ndata + segs);

	if (p == NULL)
		return;
	p[0] = c->queue;
	p[1] = c->flags;
	p[2] = c->ndata;
	copy(p + 3, c->data, c->ndata);
	p += 3 + c->ndata;
	copy(p, c->segs, segs);
	for (i = 0; i < segs; i += TRACE_SEG_SIZE)
		p[i] &= TRACE_SEG_ALL;
}

void
trace_put_fault(struct wbuf *w, unsigned call, unsigned skip, unsigned result,
    unsigned cut)
{
	uint8_t *p = record(w, TRACE_FAULT, 4);

	if (p == NULL)
		return;
	p[0] = (uint8_t)call;
	p[1] = (uint8_t)skip;
	p[2] = (uint8_t)result;
	p[3] = (uint8_t)cut;
}

void
trace_put_race(struct wbuf *w, unsigned mode, unsigned seed)
{
	uint8_t *p = record(w, TRACE_RACE, 2);

	if (p == NULL)
		return;
	p[0] = (uint8_t)mode;
	p[1] = (uint8_t)seed;
}

void
trace_put_reload(struct wbuf *w)
{
	(void)record(w, TRACE_RELOAD, 0);
}

static void
put_body(struct wbuf *w, unsigned type, const void *src, size_t len)
{
	uint8_t *p = record(w, type, len);

	if (p != NULL)
		copy(p, src, len);
}

void
trace_put_state(struct wbuf *w, const void *p, size_t len)
{
	put_body(w, TRACE_STATE, p, len);
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
		put_body(w, TRACE_MAP, r->body, (size_t)r->u.map.n * 16);
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
