#include "iovcur.h"

#include <string.h>

size_t
iov_total(const struct iovec *iov, int n)
{
	size_t sum = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (iov[i].iov_len > SIZE_MAX - sum)
			return SIZE_MAX;
		sum += iov[i].iov_len;
	}
	return sum;
}

void
iovcur_init(struct iovcur *c, const struct iovec *iov, int n)
{
	c->iov = iov;
	c->n = n;
	c->skip = 0;
}

/* The next piece of at most want bytes, within one buffer. */
static uint8_t *
next(struct iovcur *c, size_t want, size_t *len)
{
	uint8_t *p;

	while (c->n > 0 && c->skip == c->iov->iov_len) {
		c->iov++;
		c->n--;
		c->skip = 0;
	}
	if (c->n == 0) {
		*len = 0;
		return NULL;
	}
	p = (uint8_t *)c->iov->iov_base + c->skip;
	*len = c->iov->iov_len - c->skip;
	if (*len > want)
		*len = want;
	c->skip += *len;
	return p;
}

int
iovcur_take(struct iovcur *c, struct iovec *dst, int max, size_t want,
    size_t *got)
{
	size_t len;
	int i;

	*got = 0;
	for (i = 0; i < max && *got < want; i++) {
		dst[i].iov_base = next(c, want - *got, &len);
		if (len == 0)
			break;
		dst[i].iov_len = len;
		*got += len;
	}
	return i;
}

void
iovcur_zero(struct iovcur *c, size_t len)
{
	uint8_t *p;
	size_t n;

	for (; len > 0 && (p = next(c, len, &n)) != NULL; len -= n)
		memset(p, 0, n);
}

void
iovcur_fill(struct iovcur *c, const void *src, size_t len)
{
	const uint8_t *s = src;
	uint8_t *p;
	size_t n;

	for (; len > 0 && (p = next(c, len, &n)) != NULL; len -= n, s += n)
		memcpy(p, s, n);
}
