#include "shrink.h"

#include <stdlib.h>

#include "decode.h"

/* Longer bodies are cut at their end only: each try is a run. */
#define CUT_INSIDE	128

/* A piece of the trace that is dropped as a whole, or never. */
struct piece {
	size_t	off, len;
	int	fixed;
};

/* Tries the candidate in mem; takes it over when it fails the same way. */
static int
try(struct shrink *s, const struct wbuf *w)
{
	if (w->bad || s->enough(s->arg))
		return 0;
	s->tried++;
	if (!s->fails(s->arg, w->p, w->len))
		return 0;
	memcpy(s->best, w->p, w->len);
	s->len = w->len;
	return 1;
}

/* In a recording a message and what it caused belong together. */
static int
starts_piece(const struct shrink *s, const struct trace_rec *r)
{
	if (!s->recording)
		return 1;
	return r->type == TRACE_CONF || r->type == TRACE_MSG ||
	    r->type == TRACE_MARK || r->type == TRACE_TIME ||
	    r->type == TRACE_POKE;
}

static size_t
split(const struct shrink *s, struct piece *piece)
{
	struct trace_reader t;
	struct trace_rec r;
	size_t n = 0;

	(void)trace_open(&t, s->best, s->len);
	while (trace_next(&t, &r) == TRACE_OK) {
		if (n > 0 && !starts_piece(s, &r)) {
			piece[n - 1].len = t.off - piece[n - 1].off;
			continue;
		}
		piece[n].off = r.off;
		piece[n].len = t.off - r.off;
		piece[n].fixed = r.type == TRACE_CONF;
		n++;
	}
	return n;
}

/* Without the pieces from..from + count; 0 when none of them may go. */
static int
without(struct shrink *s, const struct piece *piece, size_t n, size_t from,
    size_t count, struct wbuf *w)
{
	int dropped = 0;
	size_t i;

	wb_init(w, s->mem, s->cap);
	trace_put_header(w);
	for (i = 0; i < n; i++)
		if (i >= from && i < from + count && !piece[i].fixed)
			dropped = 1;
		else
			wb_bytes(w, s->best + piece[i].off, piece[i].len);
	return dropped;
}

/* Drops pieces: large runs of them first, from the end. */
static int
drop_pieces(struct shrink *s)
{
	struct piece *piece = malloc((s->len / 4 + 1) * sizeof(*piece));
	size_t n, at, step;
	struct wbuf w;
	int better = 0;

	if (piece == NULL)
		return 0;
	n = split(s, piece);
	for (step = (n + 1) / 2; step > 0; step /= 2)
		for (at = n; at > 0; ) {
			at = at > step ? at - step : 0;
			if (!without(s, piece, n, at, step, &w) ||
			    !try(s, &w))
				continue;
			better = 1;
			n = split(s, piece);
			if (at > n)
				at = n;
		}
	free(piece);
	return better;
}

/* The trace with the body of one record replaced, if that is strict. */
static int
with_body(struct shrink *s, const struct trace_rec *r, const uint8_t *body,
    size_t len)
{
	struct trace_rec other = *r;
	size_t bad, end = r->off + 4 + r->len;
	struct wbuf w;

	other.body = body;
	other.len = len;
	if (trace_decode_body(&other, &bad) != NULL)
		return 0;
	wb_init(&w, s->mem, s->cap);
	wb_bytes(&w, s->best, r->off);
	wb_u32(&w, r->type | (uint32_t)len << 8);
	wb_bytes(&w, body, len);
	wb_bytes(&w, s->best + end, s->len - end);
	return try(s, &w);
}

/* Takes n bytes out of the body at a place. */
static int
cut_body(struct shrink *s, const struct trace_rec *r, uint8_t *b, size_t at,
    size_t n)
{
	memcpy(b, r->body, at);
	memcpy(b + at, r->body + at + n, r->len - at - n);
	if (r->type == TRACE_CHAIN && at >= 3 && at < 3U + r->body[2])
		b[2] = (uint8_t)(r->body[2] - n);
	return with_body(s, r, b, r->len - n);
}

/* Takes len bytes of the body from at on out in part: 1 when some are gone. */
static int
cut_span(struct shrink *s, const struct trace_rec *r, uint8_t *b, size_t at,
    size_t len)
{
	size_t i, n;

	for (n = len; n > 0; n /= 2)
		if (cut_body(s, r, b, at + len - n, n))
			return 1;
	if (len > CUT_INSIDE)
		return 0;
	for (n = len / 2; n > 0; n /= 2)
		for (i = 0; i + n < len; i += n)
			if (cut_body(s, r, b, at + i, n))
				return 1;
	return 0;
}

/* One step on the record: 1 when it got smaller. */
static int
shorten(struct shrink *s, const struct trace_rec *r, uint8_t *b)
{
	size_t from = 0, n, i, nsegs;

	if (r->type == TRACE_CHAIN) {
		n = r->u.chain.ndata;
		nsegs = r->u.chain.nsegs;
		for (i = nsegs; i > 0; i--)
			if (cut_body(s, r, b, 3 + n +
			    (i - 1) * TRACE_SEG_SIZE, TRACE_SEG_SIZE))
				return 1;
		return cut_span(s, r, b, 3, n);
	}
	if (r->type == TRACE_CONF)
		from = 1 + r->u.conf.namelen;
	else if (r->type == TRACE_MSG)
		from = r->len - r->u.msg.len;
	else if (r->type == TRACE_POKE)
		from = 8;
	else if (r->type != TRACE_STATE)
		return 0;
	return cut_span(s, r, b, from, r->len - from);
}

static int
is_zero(const uint8_t *p, size_t len)
{
	while (len > 0 && p[len - 1] == 0)
		len--;
	return len == 0;
}

/* Makes spans of the body 0, long ones first: 1 when one more is. */
static int
zero(struct shrink *s, const struct trace_rec *r, uint8_t *b)
{
	size_t at, n, from = r->type == TRACE_CONF ? r->len : 0;

	for (n = 64; n > 0; n /= 4)
		for (at = from; at + n <= r->len; at += n) {
			if (is_zero(r->body + at, n))
				continue;
			memcpy(b, r->body, r->len);
			memset(b + at, 0, n);
			if (with_body(s, r, b, r->len))
				return 1;
		}
	return 0;
}

/* Single bits, and lengths of segments towards 0. */
static int
lower(struct shrink *s, const struct trace_rec *r, uint8_t *b)
{
	size_t at, from = r->type == TRACE_CONF ? r->len : 0;
	unsigned bit;

	for (at = r->len; at > from; at--)
		for (bit = 8; bit > 0; bit--) {
			if ((r->body[at - 1] & 1U << (bit - 1)) == 0 ||
			    r->body[at - 1] == 1U << (bit - 1))
				continue;
			memcpy(b, r->body, r->len);
			b[at - 1] ^= (uint8_t)(1U << (bit - 1));
			if (with_body(s, r, b, r->len))
				return 1;
		}
	return 0;
}

/* Works on each record until nothing helps. */
static int
simplify(struct shrink *s, int (*step)(struct shrink *,
    const struct trace_rec *, uint8_t *))
{
	uint8_t *b = malloc(s->len + 1);
	struct trace_reader t;
	struct trace_rec r;
	int better = 0;
	size_t off = TRACE_HEADER;

	if (b == NULL)
		return 0;
	for (;;) {
		(void)trace_open(&t, s->best, s->len);
		t.off = off;
		if (trace_next(&t, &r) != TRACE_OK || s->enough(s->arg))
			break;
		if (r.len <= 4096 && step(s, &r, b))
			better = 1;
		else
			off = t.off;
	}
	free(b);
	return better;
}

void
shrink_trace(struct shrink *s)
{
	int better;

	do {
		better = drop_pieces(s);
		if (s->recording)
			continue;
		better |= simplify(s, shorten);
		if (s->plain)
			continue;
		better |= simplify(s, zero);
		better |= simplify(s, lower);
	} while (better && !s->enough(s->arg));
}
