#include "mutate.h"

#include <string.h>

#include "gen.h"
#include "gen_kind.h"
#include "genbytes.h"
#include "gencmd.h"
#include "gendhcp.h"
#include "genframe.h"
#include "genimage.h"
#include "genprog.h"
#include "prng.h"
#include "trace.h"

#define MAXRECS	256
#define WORK	65536

/* Records by their place in a buffer that does not change meanwhile. */
struct list {
	unsigned	 n;
	const uint8_t	*p[MAXRECS];
	size_t		 len[MAXRECS];
};

static unsigned
flip(struct prng *r, unsigned n)
{
	return (unsigned)prng_below(r, n);
}

/* Every record as canonical bytes, in buf, with its place. */
static void
split(struct list *l, const uint8_t *data, size_t len, struct wbuf *w)
{
	struct trace_reader rd;
	struct trace_rec rec;
	size_t at;

	trace_open_fold(&rd, data, len);
	while (l->n < MAXRECS && trace_next(&rd, &rec) == TRACE_OK) {
		at = w->len;
		trace_put_rec(w, &rec);
		if (wb_bad(w))
			break;
		l->p[l->n] = w->p + at;
		l->len[l->n++] = w->len - at;
	}
}

static void
insert(struct list *l, unsigned at, const uint8_t *p, size_t len)
{
	if (l->n == MAXRECS)
		return;
	memmove(l->p + at + 1, l->p + at, (l->n - at) * sizeof(l->p[0]));
	memmove(l->len + at + 1, l->len + at, (l->n - at) * sizeof(l->len[0]));
	l->p[at] = p;
	l->len[at] = len;
	l->n++;
}

static void
drop(struct list *l, unsigned at)
{
	l->n--;
	memmove(l->p + at, l->p + at + 1, (l->n - at) * sizeof(l->p[0]));
	memmove(l->len + at, l->len + at + 1, (l->n - at) * sizeof(l->len[0]));
}

static int
has(const struct list *l, unsigned type)
{
	unsigned i;

	for (i = 0; i < l->n; i++)
		if (l->p[i][0] == type)
			return 1;
	return 0;
}

/* Without a set-up nothing is served: most of the time there is one. */
static void
keep_setup(const struct fuzz_target *t, struct list *l, struct wbuf *w,
    struct prng *r)
{
	size_t start = w->len;

	if (has(l, TRACE_SETUP) || flip(r, 16) == 0 ||
	    (t->flavour & FLAVOUR_STATE) != 0 ||
	    (t->gen != NULL && t->gen->records != NULL))
		return;
	gen_setup(t, w, r);
	if (!wb_bad(w))
		insert(l, l->n > 0 && l->p[0][0] == TRACE_CONF, w->p + start,
		    w->len - start);
}

static size_t
join(const struct list *l, uint8_t *out, size_t max)
{
	struct wbuf w;
	unsigned i;

	wb_init(&w, out, max);
	trace_put_header(&w);
	for (i = 0; i < l->n; i++)
		if (w.len + l->len[i] <= max)
			wb_bytes(&w, l->p[i], l->len[i]);
	return w.len;
}

static void
add_new(const struct fuzz_target *t, struct list *l, unsigned at,
    struct wbuf *w, struct prng *r)
{
	size_t start = w->len;

	gen_record(t, w, r);
	if (!wb_bad(w))
		insert(l, at, w->p + start, w->len - start);
}

/* A record like this one, a little different. */
static void
change(const struct fuzz_target *t, struct list *l, unsigned at,
    struct wbuf *w, struct prng *r)
{
	struct trace_reader rd;
	struct trace_rec rec;
	size_t start = w->len;

	trace_open_fold(&rd, l->p[at], l->len[at]);
	if (trace_next(&rd, &rec) != TRACE_OK)
		return;
	gen_change(t, w, &rec, r);
	if (wb_bad(w) || w->len == start)
		return;
	l->p[at] = w->p + start;
	l->len[at] = w->len - start;
}

static void
swap(struct list *l, unsigned a, unsigned b)
{
	const uint8_t *p = l->p[a];
	size_t len = l->len[a];

	l->p[a] = l->p[b];
	l->len[a] = l->len[b];
	l->p[b] = p;
	l->len[b] = len;
}

static void
step(const struct fuzz_target *t, struct list *l, struct wbuf *w,
    struct prng *r)
{
	unsigned at = l->n > 0 ? flip(r, l->n) : 0;

	if (l->n == 0) {
		gen_start(t, w, r, l->p, l->len, &l->n);
		return;
	}
	switch (flip(r, 12)) {
	case 0:
	case 1:
	case 2:
		add_new(t, l, flip(r, l->n + 1), w, r);
		break;
	case 3:
		add_new(t, l, l->n, w, r);
		break;
	case 4:
		drop(l, at);
		break;
	case 5:
		insert(l, flip(r, l->n + 1), l->p[at], l->len[at]);
		break;
	case 6:
		swap(l, at, flip(r, l->n));
		break;
	default:
		change(t, l, at, w, r);
		break;
	}
}

/* A full input takes nothing new: it gives up some of what it has. */
static void
make_room(struct list *l, size_t len, size_t max, struct prng *r)
{
	unsigned at;

	while (l->n > 1 && len > max - max / 3) {
		at = flip(r, l->n);
		len -= l->len[at];
		drop(l, at);
	}
}

static size_t
mutate_records(const struct fuzz_target *t, uint8_t *data, size_t len,
    size_t max, struct prng *r)
{
	static uint8_t buf[WORK], out[WORK];
	struct list l = { 0 };
	struct wbuf w;
	unsigned n;

	wb_init(&w, buf, sizeof(buf));
	split(&l, data, len, &w);
	if (flip(r, 4) == 0)
		make_room(&l, w.len, max, r);
	n = flip(r, 4);
	for (n = flip(r, 2) == 0 ? 1 : 1 + n; n > 0; n--)
		step(t, &l, &w, r);
	keep_setup(t, &l, &w, r);
	len = join(&l, out, max);
	memcpy(data, out, len);
	return len;
}

size_t
mutate(const struct fuzz_target *t, uint8_t *data, size_t len, size_t max,
    uint64_t seed)
{
	struct prng r;

	if (max > t->maxlen)
		max = t->maxlen;
	len = len < max ? len : max;
	if (max < TRACE_HEADER + 8)
		return len;
	prng_seed(&r, seed);
	switch (t->shape) {
	case SHAPE_IMAGE:
		return genimage_mutate(data, len, max, t->lead, &r);
	case SHAPE_BYTES:
		return genbytes_mutate(data, len, max, &r);
	case SHAPE_FRAMES:
		return genframe_mutate(data, len, max, &r);
	case SHAPE_DHCP:
		return gendhcp_mutate(data, len, max, &r);
	case SHAPE_COMMANDS:
		return gencmd_mutate(data, len, max, &r);
	case SHAPE_PROGRAM:
		return genprog_mutate(data, len, max, &r);
	default:
		return mutate_records(t, data, len, max, &r);
	}
}

size_t
mutate_cross(const struct fuzz_target *t, const uint8_t *a, size_t alen,
    const uint8_t *b, size_t blen, uint8_t *out, size_t max, uint64_t seed)
{
	static uint8_t buf[WORK];
	struct list la = { 0 }, lb = { 0 };
	struct prng r;
	struct wbuf w;
	unsigned i, from, n, at;

	if (max > t->maxlen)
		max = t->maxlen;
	prng_seed(&r, seed);
	wb_init(&w, buf, sizeof(buf));
	split(&la, a, alen, &w);
	split(&lb, b, blen, &w);
	if (lb.n > 0 && max >= TRACE_HEADER) {
		from = flip(&r, lb.n);
		n = 1 + flip(&r, lb.n - from);
		at = flip(&r, la.n + 1);
		for (i = 0; i < n; i++)
			insert(&la, at + i < la.n ? at + i : la.n,
			    lb.p[from + i], lb.len[from + i]);
	}
	keep_setup(t, &la, &w, &r);
	return max < TRACE_HEADER ? 0 : join(&la, out, max);
}
