#include "vq.h"

#include <string.h>

/* Drops len bytes, which are there, from the front of a list of vectors. */
static void
advance(struct iovec **iov, ptrdiff_t *n, size_t len)
{
	while (len > 0) {
		if (len < (*iov)->iov_len) {
			(*iov)->iov_base = (char *)(*iov)->iov_base + len;
			(*iov)->iov_len -= len;
			return;
		}
		len -= (*iov)->iov_len;
		(*iov)++;
		(*n)--;
	}
}

size_t
chain_read(struct vq_chain *c, void *dst, size_t len)
{
	struct iovec one;
	uint8_t *p = dst;
	size_t left;

	if (len > c->rlen)
		len = c->rlen;
	for (left = len; left > 0; left -= one.iov_len) {
		one = c->r[0];
		if (one.iov_len > left)
			one.iov_len = left;
		memcpy(p, one.iov_base, one.iov_len);
		if (c->gm->tap != NULL) {
			uint64_t gpa;

			if (gm_gpa(c->gm, one.iov_base, &gpa) == 0)
				c->gm->tap->load(c->gm->taparg, gpa, p,
				    one.iov_len);
		}
		p += one.iov_len;
		advance(&c->r, &c->nr, one.iov_len);
	}
	c->rlen -= (uint32_t)len;
	return len;
}

/* Stores src, or zeros when it is NULL. */
static size_t
store(struct vq_chain *c, const uint8_t *src, size_t len)
{
	struct iovec one;
	size_t left;

	if (len > c->wlen)
		len = c->wlen;
	for (left = len; left > 0; left -= one.iov_len) {
		one = c->w[0];
		if (one.iov_len > left)
			one.iov_len = left;
		if (src != NULL) {
			memcpy(one.iov_base, src, one.iov_len);
			src += one.iov_len;
		} else
			memset(one.iov_base, 0, one.iov_len);
		chain_filled(c, one.iov_len);
	}
	return len;
}

size_t
chain_write(struct vq_chain *c, const void *src, size_t len)
{
	return store(c, src, len);
}

size_t
chain_zero(struct vq_chain *c, size_t len)
{
	return store(c, NULL, len);
}

void
chain_filled(struct vq_chain *c, size_t len)
{
	if (len > c->wlen)
		len = c->wlen;
	gm_return(c->gm, c->w, c->nw, len);
	advance(&c->w, &c->nw, len);
	c->wlen -= (uint32_t)len;
	c->written += (uint32_t)len;
}

int
chain_split_tail(struct vq_chain *c, struct iovec *tail)
{
	struct iovec *last;

	if (c->wlen == 0)
		return -1;
	last = &c->w[c->nw - 1];
	last->iov_len--;
	tail->iov_base = (char *)last->iov_base + last->iov_len;
	tail->iov_len = 1;
	if (last->iov_len == 0)
		c->nw--;
	c->wlen--;
	return 0;
}

void
chain_put_tail(struct vq_chain *c, const struct iovec *tail, uint8_t v)
{
	*(uint8_t *)tail->iov_base = v;
	gm_return(c->gm, tail, 1, 1);
	c->written++;
}

void
chain_split_head(struct vq_chain *c, size_t len, struct chain_head *h)
{
	size_t left = len;

	h->v = c->w;
	h->len = len;
	for (h->n = 0; c->nw > 0 && left >= c->w->iov_len; h->n++) {
		left -= c->w->iov_len;
		c->w++;
		c->nw--;
	}
	h->part.iov_base = left > 0 ? c->w->iov_base : NULL;
	h->part.iov_len = left;
	advance(&c->w, &c->nw, left);
	c->wlen -= (uint32_t)len;
}

static void
put(struct vq_chain *c, const struct iovec *v, const uint8_t *src)
{
	memcpy(v->iov_base, src, v->iov_len);
	gm_return(c->gm, v, 1, v->iov_len);
}

void
chain_put_head(struct vq_chain *c, const struct chain_head *h,
    const void *src)
{
	const uint8_t *p = src;
	int i;

	for (i = 0; i < h->n; i++) {
		put(c, &h->v[i], p);
		p += h->v[i].iov_len;
	}
	if (h->part.iov_len > 0)
		put(c, &h->part, p);
	c->written += (uint32_t)h->len;
}

/* Cuts a list of vectors to len bytes, not more than it has. */
static void
cut(struct iovec *iov, ptrdiff_t *n, size_t len)
{
	ptrdiff_t i;

	for (i = 0; i < *n && len > 0; i++) {
		if (iov[i].iov_len > len)
			iov[i].iov_len = len;
		len -= iov[i].iov_len;
	}
	*n = i;
}

void
chain_limit(struct vq_chain *c, size_t rlen, size_t wlen)
{
	if (rlen < c->rlen) {
		cut(c->r, &c->nr, rlen);
		c->rlen = (uint32_t)rlen;
	}
	if (wlen < c->wlen) {
		cut(c->w, &c->nw, wlen);
		c->wlen = (uint32_t)wlen;
	}
}
