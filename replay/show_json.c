#include "show_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "devconf.h"
#include "viodev.h"

static void
put_int(json_t *o, const char *key, uint64_t v)
{
	char text[24];

	/* What JSON readers lose beyond 2^53 goes as a string. */
	if (v < 1ULL << 53) {
		json_object_set_new(o, key, json_integer((json_int_t)v));
		return;
	}
	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	json_object_set_new(o, key, json_string(text));
}

static void
put_name(json_t *o, const char *key, const char *name)
{
	json_object_set_new(o, key, json_string(name));
}

static void
put_hex(json_t *o, const char *key, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * len + 1);
	size_t i;

	if (text == NULL)
		return;
	for (i = 0; i < len; i++) {
		text[2 * i] = digits[p[i] >> 4];
		text[2 * i + 1] = digits[p[i] & 15];
	}
	json_object_set_new(o, key, json_stringn(text, 2 * len));
	free(text);
}

static void
put_blob(json_t *o, const struct trace_blob *b)
{
	put_int(o, "length", b->total);
	put_hex(o, "bytes", b->p, b->kept);
	if (b->kept < b->total)
		put_int(o, "digest", b->digest);
}

static void
put_conf(json_t *o, const struct trace_rec *r)
{
	struct devconf list = { r->u.conf.list, r->u.conf.listlen };
	json_t *values = json_object();
	const uint8_t *val;
	struct rbuf b;
	unsigned tag;
	size_t len;

	json_object_set_new(o, "device", json_stringn(
	    (const char *)r->u.conf.name, r->u.conf.namelen));
	rb_init(&b, list.p, list.len);
	while (devconf_next(&b, &tag, &val, &len))
		if (devconf_width(tag) != 0)
			put_int(values, devconf_name(tag),
			    devconf_value(val, len));
		else if (tag == DEVCONF_MAC || json_object_set_new(values,
		    devconf_name(tag), json_stringn((const char *)val, len)))
			put_hex(values, devconf_name(tag), val, len);
	json_object_set_new(o, "values", values);
}

static void
put_map(json_t *o, const struct trace_rec *r)
{
	json_t *list = json_array(), *e;
	uint64_t gpa, len;
	unsigned i;

	for (i = 0; i < r->u.map.n; i++) {
		trace_map_range(r, i, &gpa, &len);
		e = json_object();
		put_int(e, "address", gpa);
		put_int(e, "length", len);
		json_array_append_new(list, e);
	}
	json_object_set_new(o, "ranges", list);
}

static void
put_msg(json_t *o, const struct viodev_msg *m)
{
	put_name(o, "message", viodev_type_name(m->type));
	if (m->width != 0) {
		put_name(o, "space", viodev_space_name(m->space));
		put_int(o, "width", m->width);
	}
	put_int(o, "where", m->where);
	put_int(o, "data", m->data);
	if (m->len > 0)
		put_hex(o, "payload", m->payload, m->len);
}

static void
put_chain(json_t *o, const struct trace_chain *c)
{
	json_t *list = json_array(), *e;
	const uint8_t *s;
	unsigned i;

	put_int(o, "queue", c->queue);
	put_int(o, "flags", c->flags);
	put_hex(o, "bytes", c->data, c->ndata);
	for (i = 0; i < c->nsegs; i++) {
		s = c->segs + (size_t)i * TRACE_SEG_SIZE;
		e = json_object();
		put_int(e, "flags", s[0]);
		put_int(e, "arg", s[1]);
		put_int(e, "length", le16_get(s + 2));
		json_array_append_new(list, e);
	}
	json_object_set_new(o, "segments", list);
}

static void
put_setup(json_t *o, const struct trace_setup *s)
{
	put_int(o, "flags", s->flags);
	put_int(o, "qlog", s->qlog);
	put_int(o, "layout", s->layout);
	put_int(o, "off", s->off);
	put_int(o, "features", s->features);
}

static void
put_expect(json_t *o, const struct trace_rec *r)
{
	put_name(o, "kind", trace_kind_name(r->u.expect.kind));
	put_int(o, "arg", r->u.expect.arg);
	put_int(o, "value", r->u.expect.val);
	put_blob(o, &r->u.expect.blob);
}

static void
put_answer(json_t *o, const struct trace_rec *r)
{
	put_name(o, "call", trace_call_name(r->u.answer.call));
	json_object_set_new(o, "result", json_integer(r->u.answer.result));
	put_blob(o, &r->u.answer.blob);
}

static void
put_fault(json_t *o, const struct trace_rec *r)
{
	put_name(o, "call", trace_call_name(r->u.fault.call));
	put_int(o, "skip", r->u.fault.skip);
	put_int(o, "result", r->u.fault.result);
	put_int(o, "cut", r->u.fault.cut);
}

static void
put_body(json_t *o, const struct trace_rec *r)
{
	switch (r->type) {
	case TRACE_CONF:
		put_conf(o, r);
		break;
	case TRACE_MAP:
		put_map(o, r);
		break;
	case TRACE_MSG:
		put_msg(o, &r->u.msg);
		break;
	case TRACE_LOAD:
		put_int(o, "address", r->u.load.gpa);
		put_blob(o, &r->u.load.blob);
		break;
	case TRACE_POKE:
		put_int(o, "address", r->u.poke.gpa);
		put_hex(o, "bytes", r->u.poke.p, r->u.poke.len);
		break;
	case TRACE_ANSWER:
		put_answer(o, r);
		break;
	case TRACE_EXPECT:
		put_expect(o, r);
		break;
	case TRACE_MARK:
		put_int(o, "digest", r->u.mark);
		break;
	case TRACE_TIME:
		put_int(o, "ns", r->u.time);
		break;
	case TRACE_SETUP:
		put_setup(o, &r->u.setup);
		break;
	case TRACE_CHAIN:
		put_chain(o, &r->u.chain);
		break;
	case TRACE_FAULT:
		put_fault(o, r);
		break;
	case TRACE_RACE:
		put_int(o, "mode", r->u.race.mode);
		put_int(o, "seed", r->u.race.seed);
		break;
	case TRACE_STATE:
		put_hex(o, "bytes", r->body, r->len);
		break;
	}
}

int
show_json(FILE *f, const struct trace_rec *r)
{
	json_t *o = json_object();

	if (o == NULL)
		return -1;
	put_int(o, "record", r->number);
	put_int(o, "offset", r->off);
	put_name(o, "type", trace_type_name(r->type));
	put_body(o, r);
	json_dumpf(o, f, JSON_COMPACT);
	fputc('\n', f);
	json_decref(o);
	return 0;
}
