/* Commands that are about blocks: SBC-3, 5. */
#include "scsimodel.h"

#include <string.h>

#define MOST	(16U << 20)		/* bytes of one command: VPD page B0 */

struct extent {
	uint64_t	lba, n;
};

static struct extent
extent(const uint8_t *b)
{
	struct extent e = { be_get(b + 2, 4), be_get(b + 7, 2) };

	if (b[0] < 0x20) {
		e.lba = be_get(b + 1, 3) % 0x200000;
		e.n = b[4] > 0 ? b[4] : 256;
	} else if (b[0] >= 0xa0) {
		e.n = be_get(b + 6, 4);
	} else if (b[0] >= 0x80) {
		e.lba = be_get(b + 2, 8);
		e.n = be_get(b + 10, 4);
	}
	return e;
}

static int
beyond(const struct model_unit *u, const struct extent *e)
{
	uint64_t all = model_blocks_of(u);

	return e->lba > all || e->n > all - e->lba;
}

static uint32_t
failed(unsigned op, unsigned result)
{
	if (result == BLK_OK)
		return 0;
	if (op == BLK_READ)
		return SENSE(3, 0x11, 0);
	return result == BLK_IOERR ? SENSE(3, 0x0c, 0) :
	    result == BLK_NOSPACE ? SENSE(7, 0x27, 7) : BAD_OPCODE;
}

/* Protection bits, place and length of reads, writes and verifications. */
static uint32_t
judge(const struct model_cmd *c, const struct extent *e)
{
	if (c->cdb[0] >= 0x20 && c->cdb[1] >> 5 != 0)
		return BAD_FIELD;
	if (beyond(c->u, e))
		return BAD_LBA;
	return e->n * c->u->block > MOST ? BAD_FIELD : 0;
}

static uint64_t
base(const struct model_cmd *c)
{
	return c->s->unit[c->u->number].base;
}

static void
learn(struct model_cmd *c, uint64_t off, uint64_t len, int unknown)
{
	memset(c->s->unknown + (base(c) + off) / 512, unknown, len / 512);
	sim_dirty(c->s, base(c) + off, len);
}

static void
reading(struct model_cmd *c)
{
	struct extent e = extent(c->cdb);
	uint64_t len, left;

	if ((c->sense = judge(c, &e)) != 0 || e.n == 0)
		return;
	len = e.n * c->u->block;
	if (len > c->inlen) {
		c->overrun = 1;
		return;
	}
	c->off = e.lba * c->u->block;
	left = c->u->sectors * 512 - c->off;
	c->real = left < len ? left : len;
	c->sense = failed(BLK_READ, model_ask(c, BLK_READ, 0, c->off,
	    c->real));
	c->reads = 1;
	c->spoilt = c->sense != 0;
	c->moved = len;
}

static void
writing(struct model_cmd *c)
{
	struct extent e = extent(c->cdb);
	unsigned flags = !c->u->cache ||
	    (c->cdb[0] != 0x0a && (c->cdb[1] & 8)) ? BLK_F_DURABLE : 0;
	uint64_t off = e.lba * c->u->block, len = e.n * c->u->block;

	if ((c->sense = judge(c, &e)) != 0 || e.n == 0)
		return;
	if (len > c->outlen) {
		c->overrun = 1;
		return;
	}
	c->sense = failed(BLK_WRITE, model_ask(c, BLK_WRITE, flags, off,
	    len));
	learn(c, off, len, c->sense != 0 || len > c->known);
	if (len <= c->known)
		memcpy(c->s->model + base(c) + off, c->out, len);
	if (c->sense == 0)
		c->moved = len;
}

/* 4 KiB of the medium at a time, against what came. */
static void
verifying(struct model_cmd *c)
{
	struct extent e = extent(c->cdb);
	unsigned check = c->cdb[1] >> 1 & 3;
	uint64_t off, at, step, len = e.n * c->u->block;

	if ((c->sense = judge(c, &e)) != 0)
		return;
	if (check > 1) {
		c->sense = BAD_FIELD;
		return;
	}
	if (check == 0)
		return;
	if (len > c->outlen) {
		c->overrun = 1;
		return;
	}
	off = e.lba * c->u->block;
	for (at = 0; at < len && c->sense == 0; at += step) {
		step = len - at < 4096 ? len - at : 4096;
		c->sense = failed(BLK_READ, model_ask(c, BLK_READ, 0,
		    off + at, step));
		if (c->sense == 0)
			c->moved += step;
		if (c->sense == 0 && at + step <= c->known &&
		    memcmp(c->s->disk + base(c) + off + at,
		    c->out + at, step) != 0)
			c->sense = SENSE(0xe, 0x1d, 0);
	}
}

static void
unmap_ranges(struct model_cmd *c, unsigned n)
{
	const uint8_t *p = c->out + 8;
	struct extent e;
	uint64_t sum = 0;
	unsigned i, result;

	for (i = 0; i < n; i++)
		sum += be_get(p + 16 * i + 8, 4);
	if (sum > 4194304)
		c->sense = BAD_LIST;
	for (i = 0; i < n && c->sense == 0; i++) {
		e = (struct extent){ be_get(p + 16 * i, 8),
		    be_get(p + 16 * i + 8, 4) };
		if (beyond(c->u, &e))
			c->sense = BAD_LBA;
	}
	for (i = 0; i < n && c->sense == 0; i++) {
		e = (struct extent){ be_get(p + 16 * i, 8),
		    be_get(p + 16 * i + 8, 4) };
		if (e.n == 0)
			continue;
		result = model_ask(c, BLK_DISCARD, 0, e.lba * c->u->block,
		    e.n * c->u->block);
		learn(c, e.lba * c->u->block, e.n * c->u->block, 1);
		if (result != BLK_UNSUPP)
			c->sense = failed(BLK_DISCARD, result);
	}
}

static void
unmapping(struct model_cmd *c)
{
	uint64_t len = be_get(c->cdb + 7, 2), n;

	if (c->cdb[1] & 1)
		c->sense = BAD_FIELD;
	else if (len > 0 && len < 8)
		c->sense = BAD_LENGTH;
	else if (len > c->outlen)
		c->overrun = 1;
	if (c->sense != 0 || c->overrun || len == 0)
		return;
	c->moved = 8;
	n = be_get(c->out + 2, 2);
	if (n + 8 > len)
		c->sense = BAD_LENGTH;
	else if (n / 16 > 16)
		c->sense = BAD_LIST;
	else {
		c->moved += n / 16 * 16;
		unmap_ranges(c, (unsigned)(n / 16));
	}
}

/* The block again and again, in writes of at most 64 of them. */
static void
same_pattern(struct model_cmd *c, const struct extent *e, const uint8_t *p)
{
	uint64_t done, n, size = c->u->block, i, off;
	unsigned flags = c->u->cache ? 0 : BLK_F_DURABLE;

	for (done = 0; done < e->n && c->sense == 0; done += n) {
		n = e->n - done < 64 ? e->n - done : 64;
		off = (e->lba + done) * size;
		c->sense = failed(BLK_WRITE, model_ask(c, BLK_WRITE, flags,
		    off, n * size));
		learn(c, off, n * size, c->sense != 0);
		for (i = 0; i < n; i++)
			memcpy(c->s->model + base(c) + off + i * size, p,
			    size);
	}
}

static void
same_zero(struct model_cmd *c, const struct extent *e, const uint8_t *p)
{
	uint64_t off = e->lba * c->u->block, len = e->n * c->u->block;
	unsigned result, flags = c->u->cache ? 0 : BLK_F_DURABLE;

	if (c->cdb[1] & 8)
		flags |= BLK_F_UNMAP;
	result = model_ask(c, BLK_ZERO, flags, off, len);
	if (result == BLK_UNSUPP) {
		same_pattern(c, e, p);
		return;
	}
	c->sense = failed(BLK_ZERO, result);
	learn(c, off, len, c->sense != 0);
	memset(c->s->model + base(c) + off, 0, len);
}

static void
same(struct model_cmd *c)
{
	static const uint8_t zeros[4096];
	struct extent e = extent(c->cdb);
	int none = c->cdb[0] == 0x93 && (c->cdb[1] & 1);
	const uint8_t *p = none ? zeros : c->out;

	if ((c->cdb[1] & ~9) != 0 || e.n == 0)
		c->sense = BAD_FIELD;
	else if (beyond(c->u, &e))
		c->sense = BAD_LBA;
	else if (e.n * c->u->block > MOST)
		c->sense = BAD_FIELD;
	else if (!none && c->u->block > c->outlen)
		c->overrun = 1;
	if (c->sense != 0 || c->overrun)
		return;
	c->moved = none ? 0 : c->u->block;
	if (memcmp(p, zeros, c->u->block) == 0)
		same_zero(c, &e, p);
	else
		same_pattern(c, &e, p);
}

static void
capacity(struct model_cmd *c)
{
	uint64_t last = model_blocks_of(c->u) - 1, most;
	uint8_t p[32] = { 0 };

	if (c->cdb[0] == 0x25) {
		if (!(c->cdb[8] & 1) && be_get(c->cdb + 2, 4) != 0)
			c->sense = BAD_FIELD;
		be_put(p, 4, last < 0xffffffff ? last : 0xffffffff);
		be_put(p + 4, 4, c->u->block);
		c->len = most = 8;
	} else {
		if (!(c->cdb[14] & 1) && be_get(c->cdb + 2, 8) != 0)
			c->sense = BAD_FIELD;
		be_put(p, 8, last);
		be_put(p + 8, 4, c->u->block);
		if (!c->u->cd) {
			p[13] = (uint8_t)c->u->physexp;
			p[14] = c->u->readonly ? 0 : 0x80;
		}
		c->len = 32;
		most = be_get(c->cdb + 10, 4);
	}
	memcpy(c->data, p, 32);
	if (c->len > most)
		c->len = most;
	if (c->sense == 0 && c->len > c->inlen) {
		c->overrun = 1;
		c->len = c->inlen;
	}
}

void
model_blocks(struct model_cmd *c)
{
	struct extent e = extent(c->cdb);

	switch (c->cdb[0] & 0x1f) {
	case 0x05:
	case 0x1e:
		capacity(c);
		break;
	case 0x08:
		reading(c);
		break;
	case 0x0a:
		writing(c);
		break;
	case 0x0f:
		verifying(c);
		break;
	case 0x02:
		unmapping(c);
		break;
	case 0x15:
	case 0x11:
		if (beyond(c->u, &e))
			c->sense = BAD_LBA;
		else
			c->sense = failed(BLK_FLUSH, model_ask(c, BLK_FLUSH,
			    0, 0, 0));
		break;
	default:
		same(c);
		break;
	}
}
