#include "genprog.h"

#include <string.h>

#include "diskprog.h"
#include "gen_kind.h"
#include "genbytes.h"
#include "le.h"

static unsigned
nops(const uint8_t *p, size_t len)
{
	size_t head = dp_head_len(p);

	return len > head ? (unsigned)((len - head) / DP_OP) : 0;
}

static uint8_t *
op_at(uint8_t *p, unsigned i)
{
	return p + dp_head_len(p) + (size_t)i * DP_OP;
}

static uint16_t
draw16(struct prng *r)
{
	return (uint16_t)(one_in(r, 4) ? gen_odd(r) : below(r, 96));
}

/* An operation; like as not at a place where another one has been. */
static void
draw_op(uint8_t *o, uint8_t *p, unsigned n, struct prng *r)
{
	static const uint8_t ops[] = {
		DP_WRITE, DP_WRITE, DP_WRITE, DP_READ, DP_ZERO, DP_DISCARD,
		DP_DISCARD, DP_FLUSH, DP_FLUSH, DP_GROW, DP_REOPEN, DP_PACK
	};

	o[0] = PICK(r, ops);
	o[1] = (uint8_t)prng_next(r);
	le16_put(o + 2, draw16(r));
	le16_put(o + 4, one_in(r, 2) ? (uint16_t)below(r, 4) : draw16(r));
	if (n > 0 && one_in(r, 2))
		memcpy(o + 1, op_at(p, below(r, n)) + 1, 3);
}

/* Room for one operation more in front of the i-th; the new length. */
static size_t
insert(uint8_t *p, size_t len, size_t max, unsigned i, const uint8_t o[DP_OP])
{
	uint8_t *at = op_at(p, i);

	if (len + DP_OP > max)
		return len;
	memmove(at + DP_OP, at, len - (size_t)(at - p));
	memcpy(at, o, DP_OP);
	return len + DP_OP;
}

static size_t
drop(uint8_t *p, size_t len, unsigned i)
{
	uint8_t *at = op_at(p, i);

	memmove(at, at + DP_OP, len - (size_t)(at + DP_OP - p));
	return len - DP_OP;
}

static void
swap(uint8_t *a, uint8_t *b)
{
	uint8_t was[DP_OP];

	memcpy(was, a, DP_OP);
	memmove(a, b, DP_OP);
	memcpy(b, was, DP_OP);
}

static void
change_op(uint8_t *o, struct prng *r)
{
	switch (below(r, 4)) {
	case 0:
		o[0] = (uint8_t)below(r, DP_OUTSIDE);
		break;
	case 1:
		o[1] ^= (uint8_t)(1U << below(r, 8));
		break;
	case 2:
		le16_put(o + 2, draw16(r));
		break;
	default:
		le16_put(o + 4, draw16(r));
		break;
	}
}

/* When the fault strikes: early, or close to where it did. */
static void
change_time(uint8_t *p, struct prng *r)
{
	if (dp_head_len(p) == DP_HEAD)
		return;
	if (one_in(r, 2))
		p[DP_HEAD] = (uint8_t)(p[DP_HEAD] + below(r, 9) - 4);
	else
		p[DP_HEAD] = (uint8_t)(one_in(r, 4) ? prng_next(r) :
		    below(r, 40));
}

/* Another fault, with its argument or without; the new length. */
static size_t
change_fault(uint8_t *p, size_t len, size_t max, struct prng *r)
{
	static const uint8_t kinds[] = { 0, 1, 1, 1, 2, 3, 4, 5, 6 };
	size_t was = dp_head_len(p), now;
	uint8_t old = p[DP_FAULT];

	p[DP_FAULT] = PICK(r, kinds);
	p[DP_FAULT] |= one_in(r, 2) ? 8 : 0;
	p[DP_FAULT] |= (uint8_t)(one_in(r, 4) ? below(r, 16) << 4 : 0);
	now = dp_head_len(p);
	if (len + now - was > max) {
		p[DP_FAULT] = old;
		return len;
	}
	memmove(p + now, p + was, len - was);
	change_time(p, r);
	return len + now - was;
}

/* A part of the configuration. */
static size_t
change_head(uint8_t *p, size_t len, size_t max, struct prng *r)
{
	unsigned i = below(r, DP_HEAD);

	switch (below(r, 4)) {
	case 0:
		return change_fault(p, len, max, r);
	case 1:
		change_time(p, r);
		return len;
	case 2:
		p[DP_SEED] = (uint8_t)prng_next(r);
		return len;
	default:
		if (i != DP_FAULT)
			p[i] = (uint8_t)(one_in(r, 2) ? prng_next(r) :
			    below(r, 16));
		return len;
	}
}

static size_t
step(uint8_t *p, size_t len, size_t max, struct prng *r)
{
	unsigned n = nops(p, len), i = n > 0 ? below(r, n) : 0;
	uint8_t o[DP_OP];

	switch (n > 0 ? below(r, 12) : below(r, 4)) {
	case 0:
	case 1:
		draw_op(o, p, n, r);
		return insert(p, len, max, below(r, n + 1), o);
	case 2:
	case 3:
		return change_head(p, len, max, r);
	case 4:
		return drop(p, len, i);
	case 5:
		memcpy(o, op_at(p, i), DP_OP);
		return insert(p, len, max, below(r, n + 1), o);
	case 6:
		swap(op_at(p, i), op_at(p, below(r, n)));
		return len;
	default:
		change_op(op_at(p, i), r);
		return len;
	}
}

size_t
genprog_mutate(uint8_t *data, size_t len, size_t max, struct prng *r)
{
	unsigned n = 1 + below(r, 4);

	if (max < DP_HEAD + 1 || one_in(r, 16))
		return genbytes_mutate(data, len, max, r);
	if (len < DP_HEAD + 1) {
		memset(data + len, 0, DP_HEAD + 1 - len);
		len = dp_head_len(data);
	}
	while (n-- > 0)
		len = step(data, len, max, r);
	return len;
}
