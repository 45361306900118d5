#include "digest.h"

#include "le.h"

#define K1	0x9e3779b97f4a7c15ULL
#define K2	0xd6e8feb86659fd93ULL

static inline uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * K2;
	return h ^ (h >> 32);
}

void
digest_init(struct digest *d)
{
	d->h = K1;
	d->word = 0;
	d->total = 0;
}

void
digest_add(struct digest *d, const void *src, size_t len)
{
	const uint8_t *p = src;
	unsigned fill = d->total & 7;

	d->total += len;
	for (; fill != 0 && len > 0; len--) {
		d->word |= (uint64_t)*p++ << (8 * fill);
		fill = (fill + 1) & 7;
		if (fill == 0) {
			d->h = mix(d->h, d->word);
			d->word = 0;
		}
	}
	for (; len >= 8; p += 8, len -= 8)
		d->h = mix(d->h, le64_get(p));
	for (; len > 0; len--)
		d->word |= (uint64_t)*p++ << (8 * fill++);
}

void
digest_u64(struct digest *d, uint64_t v)
{
	uint8_t b[8];

	le64_put(b, v);
	digest_add(d, b, sizeof(b));
}

uint64_t
digest_value(const struct digest *d)
{
	uint64_t h = mix(mix(d->h, d->word), d->total);

	h *= K1;
	return h ^ (h >> 29);
}

uint64_t
digest_of(const void *p, size_t len)
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, p, len);
	return digest_value(&d);
}
