/*
 * Bounded cursors over byte strings: rbuf takes apart, wbuf puts together.
 *
 * Both carry an error flag that sticks: after a read past the end or a write
 * past the capacity every further call is harmless (reads give 0, writes do
 * nothing) and rb_bad() or wb_bad() tells it once, at the end.  So a decoder
 * is a list of fields followed by one test.  Neither owns its memory.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "le.h"

struct rbuf {
	const uint8_t	*p;		/* next byte */
	size_t		 left;		/* bytes not yet taken */
	int		 bad;		/* a read went past the end */
};

struct wbuf {
	uint8_t		*p;		/* start of the memory */
	size_t		 len;		/* bytes written */
	size_t		 cap;		/* bytes that fit */
	int		 bad;		/* a write did not fit */
};

static inline void
rb_init(struct rbuf *r, const void *p, size_t len)
{
	r->p = p;
	r->left = len;
	r->bad = 0;
}

/* Takes len bytes; NULL (and the error flag) when fewer are left. */
static inline const uint8_t *
rb_take(struct rbuf *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->left < len) {
		r->bad = 1;
		r->left = 0;
		return NULL;
	}
	if (len == 0)
		return p;
	r->p += len;
	r->left -= len;
	return p;
}

static inline uint8_t
rb_u8(struct rbuf *r)
{
	const uint8_t *p = rb_take(r, 1);

	return p == NULL ? 0 : *p;
}

static inline uint16_t
rb_u16(struct rbuf *r)
{
	const uint8_t *p = rb_take(r, 2);

	return p == NULL ? 0 : le16_get(p);
}

static inline uint32_t
rb_u32(struct rbuf *r)
{
	const uint8_t *p = rb_take(r, 4);

	return p == NULL ? 0 : le32_get(p);
}

static inline uint64_t
rb_u64(struct rbuf *r)
{
	const uint8_t *p = rb_take(r, 8);

	return p == NULL ? 0 : le64_get(p);
}

/* Copies len bytes out; zeros when fewer are left. */
static inline void
rb_copy(struct rbuf *r, void *dst, size_t len)
{
	const uint8_t *p = rb_take(r, len);

	if (p == NULL)
		memset(dst, 0, len);
	else if (len > 0)
		memcpy(dst, p, len);
}

static inline size_t
rb_left(const struct rbuf *r)
{
	return r->left;
}

static inline int
rb_bad(const struct rbuf *r)
{
	return r->bad;
}

/* True when everything was taken and nothing was missing. */
static inline int
rb_done(const struct rbuf *r)
{
	return !r->bad && r->left == 0;
}

static inline void
wb_init(struct wbuf *w, void *p, size_t cap)
{
	w->p = p;
	w->len = 0;
	w->cap = cap;
	w->bad = 0;
}

/* Reserves len bytes; NULL (and the error flag) when they do not fit. */
static inline uint8_t *
wb_room(struct wbuf *w, size_t len)
{
	uint8_t *p;

	if (w->bad || w->cap - w->len < len) {
		w->bad = 1;
		return NULL;
	}
	p = w->p + w->len;
	w->len += len;
	return p;
}

static inline void
wb_u8(struct wbuf *w, uint8_t v)
{
	uint8_t *p = wb_room(w, 1);

	if (p != NULL)
		*p = v;
}

static inline void
wb_u16(struct wbuf *w, uint16_t v)
{
	uint8_t *p = wb_room(w, 2);

	if (p != NULL)
		le16_put(p, v);
}

static inline void
wb_u32(struct wbuf *w, uint32_t v)
{
	uint8_t *p = wb_room(w, 4);

	if (p != NULL)
		le32_put(p, v);
}

static inline void
wb_u64(struct wbuf *w, uint64_t v)
{
	uint8_t *p = wb_room(w, 8);

	if (p != NULL)
		le64_put(p, v);
}

static inline void
wb_bytes(struct wbuf *w, const void *src, size_t len)
{
	uint8_t *p = wb_room(w, len);

	if (p != NULL && len > 0)
		memcpy(p, src, len);
}

static inline int
wb_bad(const struct wbuf *w)
{
	return w->bad;
}

#endif
