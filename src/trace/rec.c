#include "rec.h"

#include "digest.h"

#define OVERHEAD	64		/* of a record beside its payload */

/* The buffer's first half has records, the second a gathered payload. */
static size_t
most_kept(const struct rec *r)
{
	size_t most = r->bufcap / 2 - OVERHEAD;

	if (r->keep < REC_KEEPMIN)
		return REC_KEEPMIN;
	return r->keep < most ? r->keep : most;
}

int
rec_open(const struct rec *r)
{
	return !r->off && (r->inmsg || r->messages == 0);
}

static void
flush(struct rec *r)
{
	if (r->w.len > 0 && !r->off &&
	    r->sink(r->sinkarg, r->w.p, r->w.len) == -1)
		r->off = 1;
	r->w.len = 0;
}

struct wbuf *
rec_begin(struct rec *r, size_t bytes)
{
	if (r->w.cap - r->w.len < bytes)
		flush(r);
	r->from = r->w.len;
	return &r->w;
}

void
rec_end(struct rec *r)
{
	size_t n = r->w.len - r->from;

	if (r->w.bad || n > r->room) {
		r->w.len = r->from;
		flush(r);
		r->off = 1;
		return;
	}
	r->room -= n;
	if (r->sync)
		flush(r);
}

void
rec_event(struct rec *r, unsigned kind, uint32_t arg, uint64_t val)
{
	if (!rec_open(r))
		return;
	r->nload = 0;
	trace_put_expect(rec_begin(r, OVERHEAD), kind, arg, val, NULL, 0, 0);
	rec_end(r);
}

static void
tap_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	struct rec *r = arg;
	struct rec_load *l = &r->load[r->nload % REC_LOADS];

	if (r->under != NULL)
		r->under->load(r->underarg, gpa, data, len);
	if (!rec_open(r))
		return;
	l->gpa = gpa;
	l->data = data;
	l->len = len;
	r->nload++;
	trace_put_load(rec_begin(r, OVERHEAD + (len < r->most ? len :
	    r->most)), gpa, data, len, r->most);
	rec_end(r);
}

/* Whether these are the bytes that the read before it filled, in order. */
static int
answered(struct rec *r, const uint8_t *data, size_t len)
{
	const struct iovec *v = &r->read[r->atread];

	if (r->atread == r->nread || v->iov_base != (const void *)data ||
	    v->iov_len != len)
		return 0;
	r->atread++;
	return 1;
}

static void
tap_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct rec *r = arg;
	uint8_t b[8];

	if (r->under != NULL)
		r->under->store(r->underarg, gpa, data, len);
	if (!rec_open(r))
		return;
	r->nload = 0;
	if (answered(r, data, len)) {
		le64_put(b, len);
		trace_put_expect(rec_begin(r, OVERHEAD), TRACE_STORE, 1, gpa,
		    b, 8, 8);
	} else {
		trace_put_expect(rec_begin(r, OVERHEAD + (len < r->most ?
		    len : r->most)), TRACE_STORE, 0, gpa, data, len,
		    r->most);
	}
	rec_end(r);
}

static const struct gm_tap rec_tap = { tap_load, tap_store };

static void
put_map(struct rec *r, const struct gmem *gm)
{
	uint64_t range[GM_MAXRANGES][2];
	unsigned i;

	for (i = 0; i < gm->n; i++) {
		range[i][0] = gm->range[i].gpa;
		range[i][1] = gm->range[i].len;
	}
	trace_put_map(rec_begin(r, OVERHEAD + sizeof(range)),
	    (const uint64_t (*)[2])range, gm->n);
	rec_end(r);
}

void
rec_start(struct rec *r, const char *name, const struct devconf *conf,
    struct gmem *gm, const struct dev_host *real)
{
	r->host = *real;
	r->gm = gm;
	r->off = r->inmsg = 0;
	r->messages = 0;
	r->nread = r->atread = r->nload = 0;
	r->most = most_kept(r);
	wb_init(&r->w, r->buf, r->bufcap / 2);
	r->under = gm->tap;
	r->underarg = gm->taparg;
	gm->tap = &rec_tap;
	gm->taparg = r;
	trace_put_header(rec_begin(r, TRACE_HEADER));
	rec_end(r);
	trace_put_conf(rec_begin(r, OVERHEAD + conf->len), name, conf->p,
	    conf->len);
	rec_end(r);
	put_map(r, gm);
	flush(r);
}

struct dev_host
rec_host(struct rec *r)
{
	struct dev_host h = { &rec_ops, r };

	return h;
}

static void
mark(struct rec *r, const struct dev *d)
{
	struct wbuf w;

	wb_init(&w, r->state, r->statecap);
	dev_save(d, &w);
	if (wb_bad(&w))
		return;
	trace_put_mark(rec_begin(r, OVERHEAD), digest_of(w.p, w.len));
	rec_end(r);
}

/* How much later it is than at the last message. */
static void
put_time(struct rec *r)
{
	uint64_t now = r->host.ops->clock(r->host.arg, CLOCK_MONO);
	uint64_t delta = now > r->now ? now - r->now : 0;

	if (r->messages == 0)
		delta = r->host.ops->clock(r->host.arg, CLOCK_WALL);
	r->now = now;
	if (delta == 0)
		return;
	trace_put_time(rec_begin(r, OVERHEAD), delta);
	rec_end(r);
}

void
rec_msg(struct rec *r, struct dev *d, struct viodev_msg *m)
{
	int answers = viodev_answers(m->type);

	if (!r->off && r->times)
		put_time(r);
	if (!r->off) {
		trace_put_msg(rec_begin(r, OVERHEAD + m->len), m);
		rec_end(r);
		flush(r);
	}
	r->messages++;
	r->inmsg = 1;
	r->nread = r->atread = r->nload = 0;
	dev_msg(d, m);
	if (answers)
		rec_event(r, TRACE_REPLY, m->width, m->data);
	r->inmsg = 0;
	if (r->off)
		return;
	if (r->marks != 0 && r->messages % r->marks == 0)
		mark(r, d);
	flush(r);
}

void
rec_stop(struct rec *r, struct gmem *gm)
{
	gm->tap = r->under;
	gm->taparg = r->underarg;
	if (r->off)
		return;
	trace_put_time(rec_begin(r, OVERHEAD), 0);
	rec_end(r);
	flush(r);
	r->off = 1;
}
