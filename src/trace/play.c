#include "play_priv.h"

#include <stdio.h>

#include "digest.h"
#include "sum.h"
#include "text.h"

#define SHOWN	24			/* bytes of a payload in words */

size_t
play_size(void)
{
	return sizeof(struct play);
}

/* A difference at the next record, or at the end of the trace. */
static void
differ(struct play *p, const char *got)
{
	p->failed = 1;
	p->diff.number = p->have ? p->rec.number : p->t.number + 1;
	p->diff.off = p->have ? p->rec.off : p->t.off;
	p->diff.cause = p->cause;
	snprintf(p->diff.got, sizeof(p->diff.got), "%s", got);
	if (p->have)
		text_brief(p->diff.want, sizeof(p->diff.want), &p->rec);
	else
		snprintf(p->diff.want, sizeof(p->diff.want),
		    "a record that can be read");
}

void
play_differ(struct play *p, const char *got)
{
	if (!p->failed)
		differ(p, got);
}

void
play_differ_rec(struct play *p, const struct trace_rec *got)
{
	char line[160];

	text_brief(line, sizeof(line), got);
	play_differ(p, line);
}

struct trace_rec *
play_peek(struct play *p)
{
	if (p->failed || p->ended)
		return NULL;
	if (p->have)
		return &p->rec;
	switch (trace_next(&p->t, &p->rec)) {
	case TRACE_OK:
		p->have = 1;
		return &p->rec;
	case TRACE_BAD:
		differ(p, p->t.why);
		return NULL;
	default:
		p->ended = 1;
		return NULL;
	}
}

void
play_take(struct play *p)
{
	p->have = 0;
	p->stat.records++;
}

int
play_on(struct play *p)
{
	if (play_peek(p) != NULL)
		return 1;
	if (!p->failed && p->cause != 0)
		p->stat.open = p->cause;
	return 0;
}

/* The first byte that differs from what was kept, in words. */
static void
say_where(struct play *p, const struct trace_blob *b,
    const struct play_event *e)
{
	const uint8_t *q;
	size_t at = 0, j;
	int i;

	for (i = 0; i < e->n; i++) {
		q = e->iov[i].iov_base;
		for (j = 0; j < e->iov[i].iov_len && at < b->kept; j++, at++)
			if (q[j] != b->p[at]) {
				snprintf(p->diff.where,
				    sizeof(p->diff.where),
				    "byte %zu: 0x%02x, not 0x%02x", at, q[j],
				    b->p[at]);
				return;
			}
	}
	if (b->kept < b->total)
		snprintf(p->diff.where, sizeof(p->diff.where),
		    "behind byte %zu, which the recording did not keep", at);
}

/* What the device did, as the record that it would have been. */
static void
event_differs(struct play *p, const struct play_event *e)
{
	struct trace_rec got = { .type = TRACE_EXPECT };
	uint8_t shown[SHOWN];
	size_t n, at = 0;
	int i;

	for (i = 0; i < e->n && at < sizeof(shown); i++) {
		n = e->iov[i].iov_len;
		if (n > sizeof(shown) - at)
			n = sizeof(shown) - at;
		if (n > 0)
			memcpy(shown + at, e->iov[i].iov_base, n);
		at += n;
	}
	got.u.expect.kind = e->kind;
	got.u.expect.arg = e->arg;
	got.u.expect.val = e->val;
	got.u.expect.blob.total = e->len;
	got.u.expect.blob.p = shown;
	got.u.expect.blob.kept = at < e->len ? at : e->len;
	got.u.expect.blob.digest = sum_iov(e->iov, e->n, e->len);
	play_differ_rec(p, &got);
}

int
play_expect(struct play *p, const struct play_event *e)
{
	struct trace_rec *r = play_peek(p);
	const struct trace_blob *b;

	if (r == NULL)
		return -1;
	if (r->type != TRACE_EXPECT || r->u.expect.kind != e->kind ||
	    r->u.expect.arg != e->arg || r->u.expect.val != e->val ||
	    r->u.expect.blob.total != play_total(e->len)) {
		event_differs(p, e);
		return -1;
	}
	b = &r->u.expect.blob;
	if (e->len > 0 && sum_iov(e->iov, e->n, e->len) != b->digest) {
		if (!e->blind) {
			say_where(p, b, e);
			event_differs(p, e);
			return -1;
		}
		p->stat.blind++;
	}
	p->stat.expects++;
	play_take(p);
	return 0;
}

const struct trace_rec *
play_answer(struct play *p, unsigned call)
{
	struct trace_rec *r;
	char line[64];

	if (!play_on(p))
		return NULL;
	r = &p->rec;
	if (r->type != TRACE_ANSWER || r->u.answer.call != call) {
		snprintf(line, sizeof(line), "a call of %s",
		    trace_call_name(call));
		play_differ(p, line);
		return NULL;
	}
	return r;
}

static void
load_differs(struct play *p, uint64_t gpa, size_t len)
{
	char line[80];

	snprintf(line, sizeof(line), "load of %zu bytes at 0x%llx", len,
	    (unsigned long long)gpa);
	play_differ(p, line);
}

static void
tap_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	struct play *p = arg;
	const struct trace_blob *b;
	struct trace_rec *r;

	if (!play_on(p))
		return;
	r = &p->rec;
	b = &r->u.load.blob;
	if (r->type != TRACE_LOAD || r->u.load.gpa != gpa ||
	    b->total != play_total(len)) {
		load_differs(p, gpa, len);
		return;
	}
	if (b->kept > 0)
		memcpy(data, b->p, b->kept);
	if (b->kept < len) {
		memset(data + b->kept, 0, len - b->kept);
		if (gm_hva(p->gm, gpa, len) == data)
			p->blind_out = 1;
		else
			p->blind = 1;
	}
	p->stat.loads++;
	play_take(p);
}

/* Bytes of the ANSWER before: only place and number are compared. */
static void
store_answered(struct play *p, uint64_t gpa, size_t len)
{
	uint8_t b[8];
	struct iovec iov = { b, sizeof(b) };
	struct play_event e = {
		.kind = TRACE_STORE, .arg = 1, .val = gpa, .iov = &iov, .n = 1,
		.len = sizeof(b)
	};

	le64_put(b, len);
	play_expect(p, &e);
}

static void
tap_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct play *p = arg;
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct play_event e = {
		.kind = TRACE_STORE, .val = gpa, .iov = &iov, .n = 1,
		.len = len
	};

	if (!play_on(p))
		return;
	if (p->rec.type == TRACE_EXPECT && p->rec.u.expect.kind ==
	    TRACE_STORE && p->rec.u.expect.arg == 1) {
		store_answered(p, gpa, len);
		return;
	}
	e.blind = p->blind ||
	    (p->blind_in && gm_hva(p->gm, gpa, len) == data);
	play_expect(p, &e);
}

static const struct gm_tap play_tap_ops = { tap_load, tap_store };

void
play_init(struct play *p, const struct trace_reader *t, uint8_t *scratch,
    size_t len)
{
	const struct trace_rec *r;

	memset(p, 0, sizeof(*p));
	p->t = *t;
	trace_rewind(&p->t);
	p->scratch = scratch;
	p->scratchlen = len;
	if ((r = play_peek(p)) != NULL && r->type == TRACE_CONF)
		play_take(p);
	if ((r = play_peek(p)) != NULL && r->type == TRACE_MAP)
		play_take(p);
}

void
play_outer(struct play *p, const struct dev_host *h)
{
	p->outer = *h;
}

struct dev_host
play_host(struct play *p)
{
	struct dev_host h = { &play_ops, p };

	return h;
}

void
play_tap(struct play *p, struct gmem *gm)
{
	p->gm = gm;
	gm->tap = &play_tap_ops;
	gm->taparg = p;
}

static void
deliver(struct play *p, struct dev *d)
{
	struct viodev_msg m = p->rec.u.msg;
	struct play_event e = { .kind = TRACE_REPLY };

	p->cause = p->rec.number;
	p->blind = p->blind_out = p->blind_in = 0;
	play_take(p);
	p->stat.messages++;
	dev_msg(d, &m);
	if (!viodev_answers(m.type) || !play_on(p))
		return;
	e.arg = m.width;
	e.val = m.data;
	play_expect(p, &e);
}

static void
compare_mark(struct play *p, const struct dev *d)
{
	struct trace_rec got = { .type = TRACE_MARK };
	struct wbuf w;

	wb_init(&w, p->scratch, p->scratchlen);
	dev_save(d, &w);
	if (wb_bad(&w)) {
		play_differ(p, "a saved state that is too long");
		return;
	}
	got.u.mark = digest_of(w.p, w.len);
	if (got.u.mark != p->rec.u.mark) {
		play_differ_rec(p, &got);
		return;
	}
	p->stat.marks++;
	play_take(p);
}

/* The guest wrote: no tap, nobody loads here. */
static void
poke(struct play *p)
{
	struct iovec iov[GM_MAXRANGES];
	const uint8_t *src = p->rec.u.poke.p;
	int i, n;

	n = gm_borrow(p->gm, p->rec.u.poke.gpa, p->rec.u.poke.len, iov,
	    GM_MAXRANGES);
	if (n < 0) {
		play_differ(p, "no guest memory at that place");
		return;
	}
	for (i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, src, iov[i].iov_len);
		src += iov[i].iov_len;
	}
	play_take(p);
}

/* One record that stands between messages. */
static void
between(struct play *p, struct dev *d)
{
	switch (p->rec.type) {
	case TRACE_MARK:
		compare_mark(p, d);
		break;
	case TRACE_POKE:
		poke(p);
		break;
	case TRACE_TIME:
		play_take(p);
		break;
	case TRACE_LOAD:
	case TRACE_ANSWER:
	case TRACE_EXPECT:
		play_differ(p, "nothing more");
		break;
	default:
		play_differ(p, "a record that belongs into no recording");
		break;
	}
}

int
play_step(struct play *p, struct dev *d)
{
	const struct trace_rec *r;

	while ((r = play_peek(p)) != NULL && r->type != TRACE_MSG)
		between(p, d);
	if (r == NULL)
		return p->failed ? -1 : 0;
	deliver(p, d);
	while ((r = play_peek(p)) != NULL && r->type != TRACE_MSG)
		between(p, d);
	return p->failed ? -1 : 1;
}

const struct play_diff *
play_diff(const struct play *p)
{
	return &p->diff;
}

const struct play_stat *
play_stat(const struct play *p)
{
	return &p->stat;
}
