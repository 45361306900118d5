#include "sum.h"

#include <string.h>

#include "le.h"

#define K	0x9fb21c651e98df25ULL

static inline uint64_t
rotate(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

/*
 * One word into a lane.  The rotation brings high bits down before the
 * multiplication, which only carries them up.
 */
static inline uint64_t
step(uint64_t lane, uint64_t word)
{
	return rotate(lane ^ word, 29) * K;
}

void
sum_init(struct sum *s)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		s->lane[i] = K ^ i;
	s->total = 0;
}

static const uint8_t *
blocks(struct sum *s, const uint8_t *p, size_t n)
{
	uint64_t a = s->lane[0], b = s->lane[1];
	uint64_t c = s->lane[2], d = s->lane[3];

	for (; n > 0; n--, p += SUM_BLOCK) {
		a = step(a, le64_get(p));
		b = step(b, le64_get(p + 8));
		c = step(c, le64_get(p + 16));
		d = step(d, le64_get(p + 24));
	}
	s->lane[0] = a;
	s->lane[1] = b;
	s->lane[2] = c;
	s->lane[3] = d;
	return p;
}

void
sum_add(struct sum *s, const void *src, size_t len)
{
	size_t fill = s->total % SUM_BLOCK, n;
	const uint8_t *p = src;

	if (len == 0)
		return;
	s->total += len;
	if (fill > 0) {
		n = SUM_BLOCK - fill < len ? SUM_BLOCK - fill : len;
		memcpy(s->block + fill, p, n);
		p += n;
		len -= n;
		if (fill + n < SUM_BLOCK)
			return;
		blocks(s, s->block, 1);
	}
	p = blocks(s, p, len / SUM_BLOCK);
	memcpy(s->block, p, len % SUM_BLOCK);
}

uint64_t
sum_value(const struct sum *s)
{
	size_t fill = s->total % SUM_BLOCK, i;
	uint8_t tail[SUM_BLOCK] = { 0 };
	uint64_t h = s->total * K;

	memcpy(tail, s->block, fill);
	for (i = 0; i < 4; i++)
		h = step(step(h, s->lane[i]), le64_get(tail + 8 * i));
	h ^= h >> 32;
	h *= K;
	return h ^ h >> 29;
}

uint64_t
sum_of(const void *p, size_t len)
{
	struct sum s;

	sum_init(&s);
	sum_add(&s, p, len);
	return sum_value(&s);
}

uint64_t
sum_iov(const struct iovec *iov, int n, size_t len)
{
	struct sum s;
	size_t part;
	int i;

	sum_init(&s);
	for (i = 0; i < n && len > 0; i++) {
		part = iov[i].iov_len < len ? iov[i].iov_len : len;
		sum_add(&s, iov[i].iov_base, part);
		len -= part;
	}
	return sum_value(&s);
}
