#include "genbytes.h"

#include <string.h>

static size_t
below(struct prng *r, size_t n)
{
	return (size_t)prng_below(r, n);
}

/* Numbers at which checks break: small, around powers of two, odd. */
static uint64_t
number(struct prng *r)
{
	uint64_t one = 1;

	switch (below(r, 4)) {
	case 0:
		return below(r, 20);
	case 1:
		return (one << below(r, 64)) - 1 + below(r, 3);
	case 2:
		return (uint64_t)below(r, 4096) << 9;
	default:
		return prng_next(r);
	}
}

/* A number of 1, 2, 4 or 8 bytes, the high one first, where it may stand. */
static void
put_number(uint8_t *data, size_t len, struct prng *r)
{
	size_t n = (size_t)1 << below(r, 4), at, i;
	uint64_t v = number(r);

	if (n > len)
		n = len;
	at = below(r, len - n + 1);
	if (below(r, 2) == 0)
		at -= at % n;
	for (i = 0; i < n; i++)
		data[at + i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

/* Bytes from elsewhere in the input, or new ones, are put in between. */
static size_t
insert(uint8_t *data, size_t len, size_t max, struct prng *r)
{
	uint8_t piece[32];
	size_t n = 1 + below(r, sizeof(piece)), at = below(r, len + 1), i;
	size_t from = len > 0 ? below(r, len) : 0;

	if (n > max - len)
		n = max - len;
	for (i = 0; i < n; i++)
		piece[i] = below(r, 2) == 0 && from + i < len ?
		    data[from + i] : (uint8_t)prng_next(r);
	memmove(data + at + n, data + at, len - at);
	memcpy(data + at, piece, n);
	return len + n;
}

static size_t
cut(uint8_t *data, size_t len, struct prng *r)
{
	size_t n = 1 + below(r, len < 32 ? len : 32);
	size_t at = below(r, len - n + 1);

	memmove(data + at, data + at + n, len - at - n);
	return len - n;
}

static void
copy(uint8_t *data, size_t len, struct prng *r)
{
	size_t n = 1 + below(r, len < 64 ? len : 64);
	size_t from = below(r, len - n + 1), to = below(r, len - n + 1);

	memmove(data + to, data + from, n);
}

size_t
genbytes_mutate(uint8_t *data, size_t len, size_t max, struct prng *r)
{
	size_t n, bit;

	for (n = 1 + below(r, 4); n > 0; n--)
		switch (len == 0 ? 0 : below(r, 16)) {
		case 0:
			len = insert(data, len, max, r);
			break;
		case 1:
			len = cut(data, len, r);
			break;
		case 2:
		case 3:
			copy(data, len, r);
			break;
		case 4:
		case 5:
		case 6:
			bit = below(r, 8 * len);
			data[bit / 8] ^= (uint8_t)(1U << bit % 8);
			break;
		default:
			put_number(data, len, r);
			break;
		}
	return len;
}
