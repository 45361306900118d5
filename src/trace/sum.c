#include "sum.h"

#include <string.h>

#include "le.h"

#define K	0x9fb21c651e98df25ULL

/* Two lanes beside each other, as every processor of today has them. */
typedef uint64_t pair __attribute__((vector_size(16)));
typedef uint32_t halves __attribute__((vector_size(16)));

static inline pair
pair_get(const uint8_t *p)
{
	return (pair){ le64_get(p), le64_get(p + 8) };
}

/*
 * A word into each lane.  The addition carries bits up, the swap brings high
 * ones down; each step can be undone, so no word is lost in it.
 */
static inline pair
step(pair lane, pair word)
{
	halves h;

	lane ^= word;
	lane += lane << 9;
	h = (halves)lane;
	return (pair)__builtin_shufflevector(h, h, 1, 0, 3, 2);
}

void
sum_init(struct sum *s)
{
	unsigned i;

	for (i = 0; i < SUM_LANES; i++)
		s->lane[i] = K ^ i;
	s->total = 0;
}

static const uint8_t *
blocks(struct sum *s, const uint8_t *p, size_t n)
{
	pair a, b, c, d;

	memcpy(&a, s->lane, 16);
	memcpy(&b, s->lane + 2, 16);
	memcpy(&c, s->lane + 4, 16);
	memcpy(&d, s->lane + 6, 16);
	for (; n > 0; n--, p += SUM_BLOCK) {
		a = step(a, pair_get(p));
		b = step(b, pair_get(p + 16));
		c = step(c, pair_get(p + 32));
		d = step(d, pair_get(p + 48));
	}
	memcpy(s->lane, &a, 16);
	memcpy(s->lane + 2, &b, 16);
	memcpy(s->lane + 4, &c, 16);
	memcpy(s->lane + 6, &d, 16);
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

static inline uint64_t
mix(uint64_t h, uint64_t word)
{
	h ^= word;
	return (h << 29 | h >> 35) * K;
}

uint64_t
sum_value(const struct sum *s)
{
	size_t fill = s->total % SUM_BLOCK, i;
	uint8_t tail[SUM_BLOCK] = { 0 };
	uint64_t h = s->total * K;

	memcpy(tail, s->block, fill);
	for (i = 0; i < SUM_LANES; i++)
		h = mix(h, s->lane[i]);
	for (i = 0; i < fill; i += 8)
		h = mix(h, le64_get(tail + i));
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
