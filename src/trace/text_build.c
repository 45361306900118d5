#include "text.h"

#include "decode.h"
#include "dev.h"
#include "text_lex.h"

/* The index of a name in a list that ends with NULL, or -1. */
static int
find_name(const char *const *names, const char *p, size_t n)
{
	int i;

	for (i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == n && memcmp(names[i], p, n) == 0)
			return i;
	return -1;
}

/* Takes a name of a list; its bit, or 0. */
static unsigned
take_flag(struct lex *l, const char *const *names)
{
	int i;

	if (l->kind != LEX_WORD ||
	    (i = find_name(names, l->word, l->len)) == -1)
		return 0;
	lex_next(l);
	return 1U << i;
}

/* How many characters there are up to one of two, or the end. */
static size_t
span(const char *p, const char *end, char a, char b)
{
	size_t n;

	for (n = 0; p + n < end && p[n] != a && p[n] != b; n++)
		;
	return n;
}

/* Bytes if they are there, else none. */
static void
take_bytes(struct lex *l, const uint8_t **p, size_t *len)
{
	*p = l->scratch;
	*len = 0;
	if (l->kind != LEX_BYTES)
		return;
	*p = l->bytes;
	*len = l->len;
	lex_next(l);
}

/* [bytes], [bytes] of=N digest=N, len=N, ns=N or nothing. */
static void
take_blob(struct lex *l, struct trace_blob *b, uint8_t number[8])
{
	uint64_t v;

	memset(b, 0, sizeof(*b));
	if (lex_keyed(l, "len", UINT64_MAX, &v) ||
	    lex_keyed(l, "ns", UINT64_MAX, &v)) {
		le64_put(number, v);
		b->p = number;
		b->total = b->kept = 8;
		return;
	}
	take_bytes(l, &b->p, &b->kept);
	b->total = b->kept;
	if (!lex_keyed(l, "of", TRACE_CUT - 1, &b->total))
		return;
	if (b->total <= b->kept)
		lex_fail(l, "of= is not more than the bytes that are there");
	if (!lex_keyed(l, "digest", UINT64_MAX, &b->digest))
		lex_want(l, "digest= behind of=");
}

static void
conf_value(struct lex *l, struct wbuf *list, unsigned tag)
{
	unsigned width = devconf_width(tag);
	const uint8_t *p;
	size_t len;

	if (width != 0) {
		devconf_put_int(list, tag, lex_number(l, width == 8 ?
		    UINT64_MAX : (1ULL << (8 * width)) - 1,
		    "a number that fits the tag"));
		return;
	}
	if (l->kind != LEX_BYTES)
		lex_want(l, "a string or bytes in brackets");
	take_bytes(l, &p, &len);
	if (len > DEVCONF_MAXBYTES)
		lex_fail(l, "value is longer than %d bytes", DEVCONF_MAXBYTES);
	else
		devconf_put_bytes(list, tag, p, len);
}

static void
build_conf(struct lex *l, struct wbuf *w)
{
	uint8_t mem[DEVCONF_NTAGS * (DEVCONF_MAXBYTES + 4)];
	char name[TRACE_MAXNAME + 1] = { 0 };
	struct wbuf list;

	wb_init(&list, mem, sizeof(mem));
	if (l->kind != LEX_WORD && (l->kind != LEX_BYTES || l->len > 0))
		lex_want(l, "a kind of device, or \"\" for none");
	else if (l->len > TRACE_MAXNAME)
		lex_fail(l, "name of the device is too long");
	else if (l->len > 0)
		memcpy(name, l->word, l->len);
	lex_next(l);
	while (l->kind == LEX_WORD && l->err->line == 0)
		conf_value(l, &list, lex_name(l, devconf_name, DEVCONF_NTAGS,
		    "a tag such as capacity or qsize"));
	if (wb_bad(&list))
		lex_fail(l, "description of the device is too long");
	trace_put_conf(w, name, mem, list.len);
}

static void
build_map(struct lex *l, struct wbuf *w)
{
	uint64_t range[GM_MAXRANGES][2];
	const char *plus;
	unsigned n = 0;
	size_t at;

	for (; l->kind == LEX_WORD && l->err->line == 0; lex_next(l), n++) {
		plus = memchr(l->word, '+', l->len);
		at = plus == NULL ? 0 : (size_t)(plus - l->word);
		if (n == GM_MAXRANGES)
			lex_fail(l, "more than %d ranges", GM_MAXRANGES);
		else if (plus == NULL || lex_parse(l->word, at, UINT64_MAX,
		    &range[n][0]) == -1 || lex_parse(plus + 1,
		    l->len - at - 1, UINT64_MAX, &range[n][1]) == -1)
			lex_want(l, "address+length");
	}
	if (l->err->line == 0)
		trace_put_map(w, (const uint64_t (*)[2])range, n);
}

static void
take_register(struct lex *l, struct viodev_msg *m)
{
	uint64_t off;

	m->space = (uint16_t)lex_name(l, viodev_space_name, VIODEV_NSPACES,
	    "a register space such as common or device");
	if (l->kind == LEX_WORD &&
	    reg_find(m->space, l->word, l->len, &off) == 0)
		lex_next(l);
	else
		off = lex_number(l, UINT32_MAX,
		    "a register name such as device_status or an offset");
	m->where = (uint32_t)off;
	m->width = (uint8_t)lex_number(l, 8, "a width of 1, 2, 4 or 8");
}

static void
build_msg(struct lex *l, struct wbuf *w)
{
	struct viodev_msg m = { 0 };
	const char *form;
	uint64_t v;

	m.type = (uint8_t)lex_name(l, viodev_type_name, VIODEV_NTYPES,
	    "a message such as read, write or kick");
	form = text_msg_form(m.type);
	if (m.type == VIODEV_READ || m.type == VIODEV_WRITE)
		take_register(l, &m);
	if (form[0] == 'w')
		m.where = (uint32_t)lex_number(l, UINT32_MAX, "a number");
	else if (lex_keyed(l, "where", UINT32_MAX, &v))
		m.where = (uint32_t)v;
	if (form[0] == 'd')
		m.data = lex_number(l, UINT64_MAX, "a value");
	else if (lex_keyed(l, "data", UINT64_MAX, &v))
		m.data = v;
	take_bytes(l, &m.payload, &m.len);
	trace_put_msg(w, &m);
}

static void
build_load(struct lex *l, struct wbuf *w)
{
	uint64_t gpa = lex_number(l, UINT64_MAX, "an address");
	struct trace_blob b;
	uint8_t number[8];

	take_blob(l, &b, number);
	trace_put_load_blob(w, gpa, &b);
}

static void
build_poke(struct lex *l, struct wbuf *w)
{
	uint64_t gpa = lex_number(l, UINT64_MAX, "an address");
	const uint8_t *p;
	size_t len;

	take_bytes(l, &p, &len);
	trace_put_poke(w, gpa, p, len);
}

static void
build_answer(struct lex *l, struct wbuf *w)
{
	struct trace_blob b;
	uint8_t number[8];
	unsigned call;
	int32_t result;

	call = lex_name(l, trace_call_name, TRACE_NCALLS,
	    "a host call: clock, blk, tx or entropy");
	result = (int32_t)lex_number(l, INT32_MAX, "a result");
	take_blob(l, &b, number);
	trace_put_answer_blob(w, call, result, &b);
}

/* unit1 to unit255 */
static int
parse_unit(const char *p, size_t n, uint32_t *arg)
{
	uint64_t v;

	if (n < 5 || memcmp(p, "unit", 4) != 0 ||
	    lex_parse(p + 4, n - 4, UINT8_MAX, &v) == -1)
		return 0;
	*arg |= (uint32_t)v << 24;
	return 1;
}

/* read, write+durable and so on; -1 for what is none of it. */
static int
parse_blk_arg(const char *p, const char *end, uint32_t *arg)
{
	size_t n = span(p, end, '+', '+');
	int i;

	if ((i = find_name(text_blk_ops, p, n)) == -1)
		return -1;
	*arg = (uint32_t)i;
	for (p += n; p < end; p += n) {
		n = span(++p, end, '+', '+');
		if (n == 4 && memcmp(p, "lent", n) == 0)
			*arg |= TRACE_LENT;
		else if ((i = find_name(text_blk_flags, p, n)) != -1)
			*arg |= 0x100U << i;
		else if (!parse_unit(p, n, arg))
			return -1;
	}
	return 0;
}

static uint32_t
take_blk_arg(struct lex *l)
{
	uint32_t arg;

	if (l->kind == LEX_WORD &&
	    parse_blk_arg(l->word, l->word + l->len, &arg) == 0) {
		lex_next(l);
		return arg;
	}
	return (uint32_t)lex_number(l, UINT32_MAX,
	    "a block operation such as read or write+durable");
}

static void
build_expect(struct lex *l, struct wbuf *w)
{
	uint64_t arg = 0, val = 0;
	struct trace_blob b;
	uint8_t number[8];
	unsigned kind, form;

	kind = lex_name(l, trace_kind_name, TRACE_NKINDS,
	    "what is expected, such as irq, reply or blk");
	form = text_expect_form(kind);
	if (kind == TRACE_BLK)
		arg = take_blk_arg(l);
	else if (form & TEXT_ARG)
		arg = lex_number(l, UINT32_MAX, "a number");
	if (form & TEXT_VAL)
		val = lex_number(l, UINT64_MAX, "a value");
	if (kind == TRACE_STORE && lex_take(l, "answered"))
		arg = 1;
	if (!(form & TEXT_VAL))
		lex_keyed(l, "val", UINT64_MAX, &val);
	if (!(form & TEXT_ARG))
		lex_keyed(l, "arg", UINT32_MAX, &arg);
	take_blob(l, &b, number);
	trace_put_expect_blob(w, kind, (uint32_t)arg, val, &b);
}

static void
build_mark(struct lex *l, struct wbuf *w)
{
	trace_put_mark(w, lex_number(l, UINT64_MAX, "a digest"));
}

static void
build_time(struct lex *l, struct wbuf *w)
{
	trace_put_time(w, lex_number(l, UINT64_MAX, "nanoseconds"));
}

static void
build_setup(struct lex *l, struct wbuf *w)
{
	struct trace_setup s = { 0 };
	unsigned flag;
	uint64_t v;

	while ((flag = take_flag(l, text_setup_flags)) != 0)
		s.flags |= (uint8_t)flag;
	if (lex_keyed(l, "qlog", UINT8_MAX, &v))
		s.qlog = (uint8_t)v;
	if (lex_keyed(l, "layout", UINT8_MAX, &v))
		s.layout = (uint8_t)v;
	if (lex_keyed(l, "off", UINT8_MAX, &v))
		s.off = (uint8_t)v;
	if (lex_keyed(l, "features", UINT64_MAX, &v))
		s.features = v;
	trace_put_setup(w, &s);
}

/* w512/unmapped:3 */
static int
parse_segment(const char *p, const char *end, uint8_t seg[4])
{
	size_t n = span(p + 1, end, '/', ':');
	uint64_t v;
	int i;

	if ((*p != 'r' && *p != 'w') ||
	    lex_parse(p + 1, n, UINT16_MAX, &v) == -1)
		return -1;
	seg[0] = *p == 'w' ? TRACE_SEG_WRITE : 0;
	seg[1] = 0;
	le16_put(seg + 2, (uint16_t)v);
	for (p += 1 + n; p < end && *p == '/'; p += n) {
		n = span(++p, end, '/', ':');
		if ((i = find_name(text_seg_flags, p, n)) == -1)
			return -1;
		seg[0] |= (uint8_t)(2U << i);
	}
	if (p == end)
		return 0;
	if (lex_parse(p + 1, (size_t)(end - p - 1), UINT8_MAX, &v) == -1)
		return -1;
	seg[1] = (uint8_t)v;
	return 0;
}

/* The segments go to the scratch, behind the data. */
static void
build_chain(struct lex *l, struct wbuf *w)
{
	struct trace_chain c = { 0 };
	uint8_t seg[TRACE_SEG_SIZE];
	struct wbuf segs;
	unsigned flag;
	size_t len;

	c.queue = (uint8_t)lex_number(l, UINT8_MAX, "a queue");
	while ((flag = take_flag(l, text_chain_flags)) != 0)
		c.flags |= (uint8_t)flag;
	take_bytes(l, &c.data, &len);
	if (len > UINT8_MAX)
		lex_fail(l, "data of a chain is longer than 255 bytes");
	c.ndata = (uint8_t)len;
	wb_init(&segs, l->scratch + l->used, l->cap - l->used);
	for (; l->kind == LEX_WORD && l->err->line == 0; lex_next(l)) {
		if (parse_segment(l->word, l->word + l->len, seg) == -1)
			lex_want(l, "a segment such as r16 or w512/edge:3");
		wb_bytes(&segs, seg, sizeof(seg));
	}
	c.segs = segs.p;
	c.nsegs = (unsigned)(segs.len / TRACE_SEG_SIZE);
	trace_put_chain(w, &c);
}

static void
build_fault(struct lex *l, struct wbuf *w)
{
	uint64_t skip = 0, result = 0, cut = 0;
	unsigned call;

	call = lex_name(l, trace_call_name, TRACE_NCALLS,
	    "a host call: clock, blk, tx or entropy");
	lex_keyed(l, "skip", UINT8_MAX, &skip);
	lex_keyed(l, "result", UINT8_MAX, &result);
	lex_keyed(l, "cut", UINT8_MAX, &cut);
	trace_put_fault(w, call, (unsigned)skip, (unsigned)result,
	    (unsigned)cut);
}

static void
build_race(struct lex *l, struct wbuf *w)
{
	unsigned mode, seed;

	mode = (unsigned)lex_number(l, UINT8_MAX, "a mode");
	seed = (unsigned)lex_number(l, UINT8_MAX, "a seed");
	trace_put_race(w, mode, seed);
}

static void
build_reload(struct lex *l, struct wbuf *w)
{
	(void)l;
	trace_put_reload(w);
}

static void
build_state(struct lex *l, struct wbuf *w)
{
	const uint8_t *p;
	size_t len;

	take_bytes(l, &p, &len);
	trace_put_state(w, p, len);
}

static void (*const builders[TRACE_NTYPES])(struct lex *, struct wbuf *) = {
	[TRACE_CONF] = build_conf,
	[TRACE_MAP] = build_map,
	[TRACE_MSG] = build_msg,
	[TRACE_LOAD] = build_load,
	[TRACE_POKE] = build_poke,
	[TRACE_ANSWER] = build_answer,
	[TRACE_EXPECT] = build_expect,
	[TRACE_MARK] = build_mark,
	[TRACE_TIME] = build_time,
	[TRACE_SETUP] = build_setup,
	[TRACE_CHAIN] = build_chain,
	[TRACE_FAULT] = build_fault,
	[TRACE_RACE] = build_race,
	[TRACE_RELOAD] = build_reload,
	[TRACE_STATE] = build_state,
};

/* A record that a strict reader would refuse is an error of its line. */
static void
check_record(struct lex *l, const struct wbuf *w, size_t from)
{
	struct trace_rec r;
	const char *why;
	size_t bad;

	if (wb_bad(w)) {
		lex_fail(l, "record is too long");
		return;
	}
	r.type = w->p[from];
	r.body = w->p + from + 4;
	r.len = w->len - from - 4;
	if ((why = trace_decode_body(&r, &bad)) != NULL)
		lex_fail(l, "%s", why);
}

static void
build_line(struct lex *l, struct wbuf *w)
{
	unsigned line = l->tokline, column = l->tokcol, type;
	size_t from = w->len;

	type = lex_name(l, trace_type_name, TRACE_NTYPES,
	    "a record such as conf, msg or chain");
	if (l->err->line == 0)
		builders[type](l, w);
	if (l->kind != LEX_EOL && l->kind != LEX_END)
		lex_want(l, "the end of the line");
	if (l->err->line != 0)
		return;
	l->tokline = line;
	l->tokcol = column;
	check_record(l, w, from);
}

int
text_build(const char *text, size_t len, struct wbuf *w, uint8_t *scratch,
    struct text_error *err)
{
	struct lex l;

	lex_init(&l, text, len, scratch, err);
	trace_put_header(w);
	for (lex_next(&l); l.kind != LEX_END; lex_next(&l)) {
		lex_drop(&l);
		if (l.kind != LEX_EOL)
			build_line(&l, w);
		if (l.kind == LEX_END || err->line != 0)
			break;
	}
	return err->line == 0 ? 0 : -1;
}
