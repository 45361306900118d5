#include "frame.h"

void
frame_reader_init(struct frame_reader *r, void *buf, size_t cap)
{
	r->buf = buf;
	r->cap = cap;
	r->start = 0;
	r->end = 0;
	r->why = NULL;
}

/*
 * Bytes move to the front only when the end is reached: then at least one
 * frame was taken since the last move, so a byte moves a bounded number of
 * times however small the pieces are that arrive.
 */
uint8_t *
frame_room(struct frame_reader *r, size_t *room)
{
	if (r->why != NULL) {
		*room = 0;
		return r->buf;
	}
	if (r->start == r->end) {
		r->start = 0;
		r->end = 0;
	} else if (r->end == r->cap && r->start > 0) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	*room = r->cap - r->end;
	return r->buf + r->end;
}

void
frame_fed(struct frame_reader *r, size_t n)
{
	if (n > r->cap - r->end)
		r->why = "more bytes than there was room for";
	else
		r->end += n;
}

static enum frame_result
broken(struct frame_reader *r, const char *why)
{
	r->why = why;
	return FRAME_BAD;
}

enum frame_result
frame_next(struct frame_reader *r, struct frame *f)
{
	const uint8_t *p = r->buf + r->start;
	size_t have = r->end - r->start;
	uint32_t word, len;

	if (r->why != NULL)
		return FRAME_BAD;
	if (have < FRAME_HEADER)
		return FRAME_MORE;
	word = le32_get(p + 4);
	len = word & ~FRAME_FDMARK;
	if (len < FRAME_HEADER)
		return broken(r, "frame shorter than its header");
	if (len > FRAME_MAX)
		return broken(r, "frame longer than the limit");
	if (have < len)
		return FRAME_MORE;
	f->type = le32_get(p);
	f->fd = (word & FRAME_FDMARK) != 0;
	f->peer = le32_get(p + 8);
	f->pid = le32_get(p + 12);
	f->data = p + FRAME_HEADER;
	f->len = len - FRAME_HEADER;
	r->start += len;
	return FRAME_OK;
}

void
frame_put(struct wbuf *w, const struct frame *f)
{
	size_t before = w->len;

	if (f->len > FRAME_MAX - FRAME_HEADER ||
	    w->cap - w->len < FRAME_HEADER + f->len)
		w->bad = 1;
	wb_u32(w, f->type);
	wb_u32(w, (uint32_t)(FRAME_HEADER + f->len) |
	    (f->fd ? FRAME_FDMARK : 0));
	wb_u32(w, f->peer);
	wb_u32(w, f->pid);
	wb_bytes(w, f->data, f->len);
	if (w->bad)
		w->len = before;
}
