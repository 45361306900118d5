#include "gendhcp.h"

#include <string.h>

#include "gen_kind.h"

#define IP	15			/* offsets in an input */
#define UDP	35
#define MSG	43
#define OPTIONS	(MSG + 236)

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static unsigned
sum(const uint8_t *p, size_t len, unsigned v)
{
	size_t i;

	for (i = 0; i < len; i++)
		v += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
	while (v > 0xffff)
		v = (v & 0xffff) + (v >> 16);
	return v;
}

/* Lengths and checksums as they should be. */
static void
seal(uint8_t *f, size_t len)
{
	if (len < MSG)
		return;
	put16(f + IP + 2, len - IP);
	put16(f + UDP + 4, len - UDP);
	put16(f + IP + 10, 0);
	put16(f + IP + 10, 0xffff & ~sum(f + IP, 20, 0));
	put16(f + UDP + 6, 0);
	put16(f + UDP + 6, 0xffff & ~sum(f + IP + 12, 8,
	    sum(f + UDP, len - UDP, 17 + (unsigned)(len - UDP))));
}

static size_t
option(uint8_t *p, struct prng *r)
{
	static const uint8_t codes[] = {
		0, 12, 50, 50, 53, 53, 53, 54, 55, 57, 60, 61, 82, 255
	};
	size_t n;

	p[0] = one_in(r, 16) ? (uint8_t)gen_odd(r) : PICK(r, codes);
	if (p[0] == 0 || p[0] == 255)
		return 1;
	n = p[0] == 53 ? 1 : p[0] == 50 || p[0] == 54 ? 4 : below(r, 9);
	if (one_in(r, 12))
		n = below(r, 9);
	p[1] = (uint8_t)(one_in(r, 16) ? gen_odd(r) : n);
	gen_bytes(r, p + 2, 8);
	if (p[0] == 53 && !one_in(r, 8))
		p[2] = (uint8_t)(1 + below(r, 9));
	if (p[0] == 50 && !one_in(r, 3))
		put32(p + 2, GENDHCP_GUEST4);
	return 2 + n;
}

static size_t
options(uint8_t *p, struct prng *r)
{
	unsigned n = below(r, 6);
	size_t at = 4;

	put32(p, 0x63825363U);
	if (one_in(r, 16))
		gen_bytes(r, p, 4);
	while (n-- > 0)
		at += option(p + at, r);
	if (!one_in(r, 4))
		p[at++] = 255;
	return at;
}

/* A request as a client makes it, broadcast or a renewal. */
static size_t
request(uint8_t *f, struct prng *r)
{
	int unicast = one_in(r, 4);
	size_t len = OPTIONS;

	memset(f, 0, OPTIONS + 64);
	f[0] = (uint8_t)prng_next(r);
	memcpy(f + 1, unicast ? GENDHCP_HOST : "\xff\xff\xff\xff\xff\xff", 6);
	memcpy(f + 7, GENDHCP_GUEST, 6);
	put16(f + 13, 0x0800);
	f[IP] = 0x45;
	f[IP + 8] = 64;
	f[IP + 9] = 17;
	if (unicast)
		put32(f + IP + 12, GENDHCP_GUEST4);
	put32(f + IP + 16, unicast ? GENDHCP_HOST4 : 0xffffffffU);
	put16(f + UDP, 68);
	put16(f + UDP + 2, 67);
	memcpy(f + MSG, "\x01\x01\x06", 4);
	put32(f + MSG + 4, (uint32_t)prng_next(r));
	if (unicast)
		put32(f + MSG + 12, GENDHCP_GUEST4);
	memcpy(f + MSG + 28, GENDHCP_GUEST, 6);
	if (!one_in(r, 8))
		len += options(f + OPTIONS, r);
	if (len < OPTIONS + 64 && !one_in(r, 8))
		len = OPTIONS + 64;
	return len;
}

/* One field that the answerer looks at. */
static void
field(uint8_t *f, size_t len, struct prng *r)
{
	static const uint16_t at[] = {
		0, 1, 7, 12, 13, 14, IP, IP + 2, IP + 3, IP + 6, IP + 7,
		IP + 9, IP + 10, IP + 16, IP + 19, UDP, UDP + 1, UDP + 2,
		UDP + 3, UDP + 4, UDP + 5, UDP + 6, MSG, MSG + 1, MSG + 2,
		MSG + 3, MSG + 4, MSG + 12, MSG + 28, MSG + 33, MSG + 108,
		OPTIONS, OPTIONS + 4, OPTIONS + 5, OPTIONS + 6
	};
	size_t k = PICK(r, at);

	if (k < len)
		f[k] = one_in(r, 2) ? (uint8_t)gen_odd(r) :
		    (uint8_t)(f[k] ^ 1U << below(r, 8));
}

size_t
gendhcp_mutate(uint8_t *data, size_t len, size_t max, struct prng *r)
{
	static uint8_t f[2048];
	size_t n = len < 1600 ? len : 1600;

	memcpy(f, data, n);
	if (n < OPTIONS || one_in(r, 16))
		n = request(f, r);
	switch (below(r, 8)) {
	case 0:
		f[0] = (uint8_t)prng_next(r);
		break;
	case 1:
	case 2:
		field(f, n, r);
		break;
	case 3:
		n = one_in(r, 2) ? below(r, (unsigned)n) + 1 : n + below(r, 32);
		break;
	case 4:
		f[below(r, (unsigned)n)] = (uint8_t)gen_odd(r);
		break;
	case 5:
		n = 1 + 313 + below(r, one_in(r, 2) ? 3 : 1210);
		break;
	default:
		n = OPTIONS + options(f + OPTIONS, r);
		n = n < OPTIONS + 64 ? OPTIONS + 64 : n;
		break;
	}
	if (!one_in(r, 6))
		seal(f, n);
	n = n < max ? n : max;
	memcpy(data, f, n);
	return n;
}
