#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "dev.h"

#define ONE_LINE	32		/* longest payload in the line itself */
#define BRIEF		16

const char *const text_blk_ops[] = {
	[BLK_READ] = "read",
	[BLK_WRITE] = "write",
	[BLK_FLUSH] = "flush",
	[BLK_DISCARD] = "discard",
	[BLK_ZERO] = "zero",
	NULL
};
const char *const text_blk_flags[] = { "durable", "unmap", NULL };
const char *const text_setup_flags[] = { "legacy", "split", "nodrvok", NULL };
const char *const text_chain_flags[] = {
	"kick", "indirect", "mixed", "hold", "loop", "badhead", "badnext",
	"twice", NULL
};
const char *const text_seg_flags[] = {
	"unmapped", "edge", "nest", "huge", "same", "ring", NULL
};

unsigned
text_expect_form(unsigned kind)
{
	switch (kind) {
	case TRACE_IRQ:
	case TRACE_STORE:
		return TEXT_VAL;
	case TRACE_TX:
	case TRACE_UNTIMER:
	case TRACE_AGAIN:
		return TEXT_ARG;
	default:
		return TEXT_ARG | TEXT_VAL;
	}
}

const char *
text_msg_form(unsigned type)
{
	switch (type) {
	case VIODEV_KICK:
	case VIODEV_INPUT:
	case VIODEV_TIMER:
	case VIODEV_LINE:
	case VIODEV_COMMAND:
		return "where";
	case VIODEV_WRITE:
	case VIODEV_ERROR:
	case VIODEV_IRQ:
		return "data";
	default:
		return "";
	}
}

static void __attribute__((format(printf, 2, 3)))
say(struct text_out *o, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		o->put(o->arg, line, (size_t)n < sizeof(line) ? (size_t)n :
		    sizeof(line) - 1);
}

static void
say_hex(struct text_out *o, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char out[80];
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (i > 0 && i % 4 == 0)
			out[n++] = ' ';
		out[n++] = digits[p[i] >> 4];
		out[n++] = digits[p[i] & 15];
	}
	o->put(o->arg, out, n);
}

static void
say_bytes(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t i, n;

	say(o, " [");
	if (len <= ONE_LINE || o->brief) {
		n = o->brief && len > BRIEF ? BRIEF : len;
		say_hex(o, p, n);
		say(o, n < len ? "...]" : "]");
		return;
	}
	for (i = 0; i < len; i += ONE_LINE) {
		say(o, "\n\t");
		say_hex(o, p + i, len - i < ONE_LINE ? len - i : ONE_LINE);
	}
	say(o, "\n]");
}

static void
say_blob(struct text_out *o, const struct trace_blob *b, const char *number)
{
	if (b->kept < b->total) {
		say_bytes(o, b->p, b->kept);
		say(o, " of=%" PRIu64 " digest=0x%016" PRIx64, b->total,
		    b->digest);
	} else if (number != NULL && b->kept == 8) {
		say(o, " %s=%" PRIu64, number, le64_get(b->p));
	} else if (b->kept > 0) {
		say_bytes(o, b->p, b->kept);
	}
}

static void
say_flags(struct text_out *o, const char *const *names, unsigned bits,
    const char *sep)
{
	unsigned i;

	for (i = 0; names[i] != NULL; i++)
		if (bits & 1U << i)
			say(o, "%s%s", sep, names[i]);
}

static void
say_string(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t i;

	say(o, " \"");
	for (i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\')
			say(o, "\\x%02x", p[i]);
		else
			say(o, "%c", p[i]);
	say(o, "\"");
}

static void
say_conf(struct text_out *o, const struct trace_rec *r)
{
	struct devconf list = { r->u.conf.list, r->u.conf.listlen };
	const uint8_t *val;
	struct rbuf b;
	unsigned tag;
	size_t len;

	if (r->u.conf.namelen > 0)
		say(o, " %.*s", (int)r->u.conf.namelen,
		    (const char *)r->u.conf.name);
	else
		say(o, " \"\"");
	rb_init(&b, list.p, list.len);
	while (devconf_next(&b, &tag, &val, &len) &&
	    devconf_name(tag) != NULL) {
		say(o, " %s", devconf_name(tag));
		if (tag == DEVCONF_FEATURES || tag == DEVCONF_UNIT)
			say(o, " 0x%" PRIx64, devconf_value(val, len));
		else if (devconf_width(tag) != 0)
			say(o, " %" PRIu64, devconf_value(val, len));
		else if (devconf_is_bytes(tag))
			say_bytes(o, val, len);
		else
			say_string(o, val, len);
	}
}

static void
say_map(struct text_out *o, const struct trace_rec *r)
{
	uint64_t gpa, len;
	unsigned i;

	for (i = 0; i < r->u.map.n; i++) {
		trace_map_range(r, i, &gpa, &len);
		say(o, " 0x%" PRIx64 "+0x%" PRIx64, gpa, len);
	}
}

static void
say_msg(struct text_out *o, const struct viodev_msg *m)
{
	const char *form = text_msg_form(m->type), *reg;
	int isreg = m->width != 0;

	say(o, " %s", viodev_type_name(m->type));
	if (isreg) {
		reg = reg_name(m->space, m->where);
		say(o, " %s ", viodev_space_name(m->space));
		if (reg != NULL)
			say(o, "%s", reg);
		else
			say(o, "0x%x", m->where);
		say(o, " %u", m->width);
	}
	if (form[0] == 'w')
		say(o, " %u", m->where);
	else if (!isreg && m->where != 0)
		say(o, " where=%u", m->where);
	if (form[0] == 'd')
		say(o, " 0x%" PRIx64, m->data);
	else if (m->data != 0)
		say(o, " data=0x%" PRIx64, m->data);
	if (m->len > 0)
		say_bytes(o, m->payload, m->len);
}

static void
say_blk_arg(struct text_out *o, uint32_t arg)
{
	unsigned op = arg & 0xff, flags = arg >> 8 & 0xff;

	if (op >= BLK_NOPS || flags > 3 || (arg >> 16 & 0xff) > 1) {
		say(o, " 0x%x", arg);
		return;
	}
	say(o, " %s", text_blk_ops[op]);
	say_flags(o, text_blk_flags, flags, "+");
	if (arg & TRACE_LENT)
		say(o, "+lent");
	if (arg >> 24 != 0)
		say(o, "+unit%u", arg >> 24);
}

static void
say_expect(struct text_out *o, const struct trace_rec *r)
{
	unsigned kind = r->u.expect.kind, form = text_expect_form(kind);
	uint32_t arg = r->u.expect.arg;
	const char *number = NULL;

	say(o, " %s", trace_kind_name(kind));
	if (kind == TRACE_BLK) {
		say_blk_arg(o, arg);
		if ((arg & 0xff) != BLK_WRITE || (arg & TRACE_LENT))
			number = "len";
	} else if (form & TEXT_ARG) {
		say(o, " %u", arg);
	}
	if (kind == TRACE_STORE || kind == TRACE_REPLY)
		say(o, " 0x%" PRIx64, r->u.expect.val);
	else if (form & TEXT_VAL)
		say(o, " %" PRIu64, r->u.expect.val);
	else if (r->u.expect.val != 0)
		say(o, " val=0x%" PRIx64, r->u.expect.val);
	if (kind == TRACE_STORE && arg == 1) {
		say(o, " answered");
		number = "len";
	} else if (!(form & TEXT_ARG) && arg != 0) {
		say(o, " arg=0x%x", arg);
	}
	say_blob(o, &r->u.expect.blob, number);
}

static void
say_chain(struct text_out *o, const struct trace_chain *c)
{
	const uint8_t *s;
	unsigned i;

	say(o, " %u", c->queue);
	say_flags(o, text_chain_flags, c->flags, " ");
	if (c->ndata > 0)
		say_bytes(o, c->data, c->ndata);
	for (i = 0; i < c->nsegs; i++) {
		if (o->brief && i == 8) {
			say(o, " and %u more", c->nsegs - i);
			break;
		}
		s = c->segs + (size_t)i * TRACE_SEG_SIZE;
		say(o, " %c%u", s[0] & TRACE_SEG_WRITE ? 'w' : 'r',
		    le16_get(s + 2));
		say_flags(o, text_seg_flags, s[0] >> 1, "/");
		if (s[1] != 0)
			say(o, ":%u", s[1]);
	}
}

static void
say_setup(struct text_out *o, const struct trace_setup *s)
{
	say_flags(o, text_setup_flags, s->flags, " ");
	if (s->qlog != 0)
		say(o, " qlog=%u", s->qlog);
	if (s->layout != 0)
		say(o, " layout=%u", s->layout);
	if (s->off != 0)
		say(o, " off=0x%x", s->off);
	say(o, " features=0x%" PRIx64, s->features);
}

static void
say_body(struct text_out *o, const struct trace_rec *r)
{
	switch (r->type) {
	case TRACE_CONF:
		say_conf(o, r);
		break;
	case TRACE_MAP:
		say_map(o, r);
		break;
	case TRACE_MSG:
		say_msg(o, &r->u.msg);
		break;
	case TRACE_LOAD:
		say(o, " 0x%" PRIx64, r->u.load.gpa);
		say_blob(o, &r->u.load.blob, NULL);
		break;
	case TRACE_POKE:
		say(o, " 0x%" PRIx64, r->u.poke.gpa);
		say_bytes(o, r->u.poke.p, r->u.poke.len);
		break;
	case TRACE_ANSWER:
		say(o, " %s %d", trace_call_name(r->u.answer.call),
		    r->u.answer.result);
		say_blob(o, &r->u.answer.blob,
		    r->u.answer.call == TRACE_CALL_CLOCK ? "ns" : NULL);
		break;
	case TRACE_EXPECT:
		say_expect(o, r);
		break;
	case TRACE_MARK:
		say(o, " 0x%016" PRIx64, r->u.mark);
		break;
	case TRACE_TIME:
		say(o, " %" PRIu64, r->u.time);
		break;
	case TRACE_SETUP:
		say_setup(o, &r->u.setup);
		break;
	case TRACE_CHAIN:
		say_chain(o, &r->u.chain);
		break;
	case TRACE_FAULT:
		say(o, " %s skip=%u result=%u cut=%u",
		    trace_call_name(r->u.fault.call), r->u.fault.skip,
		    r->u.fault.result, r->u.fault.cut);
		break;
	case TRACE_STATE:
		say_bytes(o, r->body, r->len);
		break;
	case TRACE_RACE:
		say(o, " %u %u", r->u.race.mode, r->u.race.seed);
		break;
	}
}

void
text_init(struct text_out *o, void (*put)(void *, const char *, size_t),
    void *arg)
{
	memset(o, 0, sizeof(*o));
	o->put = put;
	o->arg = arg;
	o->hints = 1;
}

/* What the hints must know of the device. */
static void
take_conf(struct text_out *o, const struct trace_rec *r)
{
	struct devconf c = { r->u.conf.list, r->u.conf.listlen };

	memset(o->kind, 0, sizeof(o->kind));
	memcpy(o->kind, r->u.conf.name, r->u.conf.namelen);
	o->skip = devconf_int(&c, DEVCONF_OFFLOAD, 0) == 1 ? 12 : 0;
}

void
text_rec(struct text_out *o, const struct trace_rec *r)
{
	char hint[256];

	say(o, "%s", trace_type_name(r->type));
	say_body(o, r);
	if (o->hints) {
		if (r->type == TRACE_CONF)
			take_conf(o, r);
		text_hint(hint, sizeof(hint), o, r);
		if (hint[0] != '\0')
			say(o, "  # %s", hint);
		rings_rec(&o->rings, r);
	}
	say(o, "\n");
}

static void
put_line(void *arg, const char *p, size_t len)
{
	struct wbuf *w = arg;

	if (len > w->cap - w->len)
		len = w->cap - w->len;
	wb_bytes(w, p, len);
}

void
text_brief(char *buf, size_t cap, const struct trace_rec *r)
{
	struct text_out o;
	struct wbuf w;

	wb_init(&w, buf, cap - 1);
	text_init(&o, put_line, &w);
	o.brief = 1;
	say(&o, "%s", trace_type_name(r->type));
	say_body(&o, r);
	buf[w.len] = '\0';
}
