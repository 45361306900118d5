#include "decode.h"

#include "devconf.h"
#include "digest.h"
#include "gmem.h"
#include "msg.h"

#define RECORD_HEADER	4

size_t
trace_name_span(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= '0' && p[i] <= '9')))
			break;
	return i;
}

int
trace_range_ok(const struct trace_rec *r, unsigned i)
{
	uint64_t gpa, len, g, l;
	unsigned j;

	trace_map_range(r, i, &gpa, &len);
	if (len == 0 || gpa + (len - 1) < gpa)
		return 0;
	for (j = 0; j < i; j++) {
		trace_map_range(r, j, &g, &l);
		if (gpa <= g + (l - 1) && g <= gpa + (len - 1))
			return 0;
	}
	return 1;
}

static const char *
decode_conf(struct trace_rec *r, size_t *bad)
{
	struct devconf list;
	const char *why = NULL;
	struct rbuf b;
	size_t n;

	rb_init(&b, r->body, r->len);
	n = rb_u8(&b);
	r->u.conf.name = rb_take(&b, n);
	r->u.conf.namelen = n;
	if (rb_bad(&b))
		return "record shorter than its fields";
	if (n > TRACE_MAXNAME)
		return "name of the device is too long";
	if (trace_name_span(r->u.conf.name, n) != n)
		return "name of the device is not lower case and digits";
	list.p = r->u.conf.list = b.p;
	list.len = r->u.conf.listlen = rb_left(&b);
	if (devconf_check(&list, bad, &why) == 0)
		return NULL;
	*bad += RECORD_HEADER + 1 + n;
	return why;
}

static const char *
decode_map(struct trace_rec *r, size_t *bad)
{
	unsigned i;

	if (r->len % 16 != 0)
		return "length is not a multiple of 16";
	if (r->len / 16 > GM_MAXRANGES)
		return "more ranges of memory than there may be";
	r->u.map.n = (unsigned)(r->len / 16);
	for (i = 0; i < r->u.map.n; i++)
		if (!trace_range_ok(r, i)) {
			*bad = RECORD_HEADER + (size_t)i * 16;
			return "range of memory is empty, wraps or overlaps";
		}
	return NULL;
}

static const char *
take_blob(struct rbuf *b, struct trace_blob *o)
{
	uint32_t word = rb_u32(b);
	int cut = (word & TRACE_CUT) != 0;

	o->total = word & ~TRACE_CUT;
	o->digest = cut ? rb_u64(b) : 0;
	if (rb_bad(b))
		return "record shorter than its fields";
	o->kept = rb_left(b);
	o->p = rb_take(b, o->kept);
	if (cut && o->kept >= o->total)
		return "cut payload is not shorter than its total";
	if (!cut && o->kept != o->total)
		return "payload is not as long as it says";
	if (!cut)
		o->digest = digest_of(o->p, o->kept);
	return NULL;
}

static const char *
decode_load(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	r->u.load.gpa = rb_u64(&b);
	return take_blob(&b, &r->u.load.blob);
}

static const char *
decode_poke(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	r->u.poke.gpa = rb_u64(&b);
	r->u.poke.p = b.p;
	r->u.poke.len = rb_left(&b);
	return rb_bad(&b) ? "record shorter than its fields" : NULL;
}

static const char *
decode_answer(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	r->u.answer.call = rb_u8(&b);
	r->u.answer.result = (int32_t)rb_u32(&b);
	if (r->u.answer.call >= TRACE_NCALLS)
		return "unknown host call";
	return take_blob(&b, &r->u.answer.blob);
}

static const char *
decode_expect(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	r->u.expect.kind = rb_u8(&b);
	r->u.expect.arg = rb_u32(&b);
	r->u.expect.val = rb_u64(&b);
	if (r->u.expect.kind >= TRACE_NKINDS)
		return "unknown kind of expectation";
	return take_blob(&b, &r->u.expect.blob);
}

static void
take_setup(struct rbuf *b, struct trace_setup *s)
{
	s->flags = rb_u8(b);
	s->qlog = rb_u8(b);
	s->layout = rb_u8(b);
	s->off = rb_u8(b);
	s->features = rb_u64(b);
}

static const char *
decode_setup(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	take_setup(&b, &r->u.setup);
	if (!rb_done(&b))
		return "record has the wrong length";
	if ((r->u.setup.flags & ~TRACE_SETUP_ALL) != 0)
		return "unknown flags";
	return NULL;
}

/* Takes what there is; less data than announced is all that is left. */
static int
take_chain(struct rbuf *b, struct trace_chain *c)
{
	int whole = 1;

	c->queue = rb_u8(b);
	c->flags = rb_u8(b);
	c->ndata = rb_u8(b);
	if (c->ndata > rb_left(b)) {
		whole = 0;
		c->ndata = (uint8_t)rb_left(b);
	}
	c->data = rb_take(b, c->ndata);
	c->nsegs = (unsigned)(rb_left(b) / TRACE_SEG_SIZE);
	c->segs = rb_take(b, (size_t)c->nsegs * TRACE_SEG_SIZE);
	return whole && rb_done(b);
}

static const char *
decode_chain(struct trace_rec *r, size_t *bad)
{
	struct trace_chain *c = &r->u.chain;
	struct rbuf b;
	unsigned i;

	rb_init(&b, r->body, r->len);
	if (!take_chain(&b, c))
		return "record has the wrong length";
	for (i = 0; i < c->nsegs; i++)
		if ((c->segs[i * TRACE_SEG_SIZE] & ~TRACE_SEG_ALL) != 0) {
			*bad = RECORD_HEADER + 3 + c->ndata +
			    (size_t)i * TRACE_SEG_SIZE;
			return "unknown flags of a segment";
		}
	return NULL;
}

static void
take_fault(struct rbuf *b, struct trace_rec *r)
{
	r->u.fault.call = rb_u8(b);
	r->u.fault.skip = rb_u8(b);
	r->u.fault.result = rb_u8(b);
	r->u.fault.cut = rb_u8(b);
}

/* The records of fixed length. */
static const char *
decode_fixed(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	switch (r->type) {
	case TRACE_STATE:
		return NULL;
	case TRACE_MARK:
		r->u.mark = rb_u64(&b);
		break;
	case TRACE_TIME:
		r->u.time = rb_u64(&b);
		break;
	case TRACE_FAULT:
		take_fault(&b, r);
		if (r->u.fault.call >= TRACE_NCALLS)
			return "unknown host call";
		break;
	case TRACE_RACE:
		r->u.race.mode = rb_u8(&b);
		r->u.race.seed = rb_u8(&b);
		break;
	}
	return rb_done(&b) ? NULL : "record has the wrong length";
}

const char *
trace_decode_body(struct trace_rec *r, size_t *bad)
{
	const char *why = NULL;

	*bad = 0;
	switch (r->type) {
	case TRACE_CONF:
		return decode_conf(r, bad);
	case TRACE_MAP:
		return decode_map(r, bad);
	case TRACE_MSG:
		msg_decode(r->body, r->len, &r->u.msg, &why);
		return why;
	case TRACE_LOAD:
		return decode_load(r);
	case TRACE_POKE:
		return decode_poke(r);
	case TRACE_ANSWER:
		return decode_answer(r);
	case TRACE_EXPECT:
		return decode_expect(r);
	case TRACE_SETUP:
		return decode_setup(r);
	case TRACE_CHAIN:
		return decode_chain(r, bad);
	default:
		return decode_fixed(r);
	}
}

static void
fold_conf(struct trace_rec *r)
{
	struct devconf list;
	const char *why;
	struct rbuf b;
	size_t n, off;

	rb_init(&b, r->body, r->len);
	n = rb_u8(&b);
	n = n < rb_left(&b) ? n : rb_left(&b);
	r->u.conf.name = rb_take(&b, n);
	n = n < TRACE_MAXNAME ? n : TRACE_MAXNAME;
	r->u.conf.namelen = trace_name_span(r->u.conf.name, n);
	list.p = b.p;
	list.len = rb_left(&b);
	r->u.conf.list = list.p;
	r->u.conf.listlen = list.len;
	if (devconf_check(&list, &off, &why) == -1)
		r->u.conf.listlen = off;
}

static void
fold_map(struct trace_rec *r)
{
	unsigned max = (unsigned)(r->len / 16);

	if (max > GM_MAXRANGES)
		max = GM_MAXRANGES;
	r->u.map.n = 0;
	while (r->u.map.n < max && trace_range_ok(r, r->u.map.n))
		r->u.map.n++;
}

static void
fold_fault(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	take_fault(&b, r);
	r->u.fault.call %= TRACE_NCALLS;
}

static void
fold_setup(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	take_setup(&b, &r->u.setup);
	r->u.setup.flags &= TRACE_SETUP_ALL;
}

static void
fold_chain(struct trace_rec *r)
{
	struct rbuf b;

	rb_init(&b, r->body, r->len);
	take_chain(&b, &r->u.chain);
}

static unsigned
fold_type(unsigned type)
{
	static const uint8_t inputs[] = {
		TRACE_CHAIN, TRACE_MSG, TRACE_SETUP, TRACE_CONF, TRACE_MAP,
		TRACE_POKE, TRACE_TIME, TRACE_FAULT, TRACE_RACE, TRACE_RELOAD,
		TRACE_STATE
	};

	if ((type >= TRACE_CONF && type <= TRACE_MSG) || type == TRACE_POKE ||
	    (type >= TRACE_TIME && type < TRACE_NTYPES))
		return type;
	return inputs[type % sizeof(inputs)];
}

void
trace_fold_body(struct trace_rec *r, unsigned type)
{
	r->type = fold_type(type);
	switch (r->type) {
	case TRACE_CONF:
		fold_conf(r);
		break;
	case TRACE_MAP:
		fold_map(r);
		break;
	case TRACE_MSG:
		msg_fold(r->body, r->len, &r->u.msg);
		break;
	case TRACE_POKE:
		decode_poke(r);
		break;
	case TRACE_SETUP:
		fold_setup(r);
		break;
	case TRACE_CHAIN:
		fold_chain(r);
		break;
	case TRACE_FAULT:
		fold_fault(r);
		break;
	default:
		decode_fixed(r);
		break;
	}
}
