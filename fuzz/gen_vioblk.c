/* Requests of a disk's driver. */
#include "gen_kind.h"

#include "devconf.h"
#include "vioblk.h"

/* The header of a disk request, most of the time a sensible one. */
static void
blk_header(uint8_t *p, uint32_t type, struct prng *r)
{
	uint64_t sector = below(r, 128);

	if (one_in(r, 8))
		sector = one_in(r, 2) ? 120 + below(r, 16) : gen_odd(r);
	le32_put(p, type);
	le32_put(p + 4, one_in(r, 8) ? (uint32_t)prng_next(r) : 0);
	le64_put(p + 8, sector);
}

static unsigned
blk_ranges(uint8_t *p, struct prng *r)
{
	unsigned i, n = one_in(r, 4) ? below(r, 15) : 1 + below(r, 2);

	for (i = 0; i < n; i++, p += 16) {
		le64_put(p, one_in(r, 8) ? gen_odd(r) : below(r, 129));
		le32_put(p + 8, one_in(r, 8) ? (uint32_t)gen_odd(r) :
		    below(r, 16));
		le32_put(p + 12, one_in(r, 6) ? (uint32_t)gen_odd(r) :
		    below(r, 2));
	}
	return 16 * n;
}

/* A disk request as a driver makes it, cut into segments in some way. */
static void
chain(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	static const uint32_t types[] = { 0, 0, 1, 1, 4, 8, 11, 13 };
	uint32_t type = one_in(r, 16) ? (uint32_t)gen_odd(r) :
	    PICK(r, types);
	uint8_t data[256] = { 0 }, segs[64];
	unsigned in = 0, out = 16;
	struct wbuf s;

	blk_header(data, type, r);
	if (type == 0)
		in = 512 * (1 + below(r, 1U << below(r, 4)));
	else if (type == 1)
		out += 512 * (1 + below(r, 1U << below(r, 4)));
	else if (type == 8)
		in = one_in(r, 3) ? below(r, 40) : 20;
	else if (type > 8)
		out += blk_ranges(data + 16, r);
	if (one_in(r, 8))
		in += below(r, 3);
	if (one_in(r, 8))
		out += below(r, 3);
	c->data = data;
	c->ndata = (uint8_t)(type == 1 ? 16 : out < 255 ? out : 255);
	wb_init(&s, segs, sizeof(segs));
	gen_cut(&s, r, out, in + 1);
	c->segs = segs;
	c->nsegs = (unsigned)(s.len / TRACE_SEG_SIZE);
	trace_put_chain(w, c);
}

static void
conf(struct wbuf *c, struct prng *r)
{
	devconf_put_int(c, DEVCONF_CAPACITY, below(r, 129));
	if (one_in(r, 4))
		devconf_put_int(c, DEVCONF_READONLY, below(r, 2));
	if (one_in(r, 4))
		devconf_put_int(c, DEVCONF_NQUEUES, 1 + below(r, 8));
	if (one_in(r, 4))
		devconf_put_bytes(c, DEVCONF_SERIAL,
		    "serial-number-of-this-disk", below(r, 26));
	if (one_in(r, 4))
		devconf_put_int(c, DEVCONF_BLKSIZE, 512U << below(r, 4));
}

static void
msg(struct viodev_msg *m, uint8_t *payload, struct prng *r)
{
	struct wbuf c;

	if (m->type == VIODEV_CONFIG) {
		wb_init(&c, payload, GEN_PAYLOAD);
		devconf_put_int(&c, DEVCONF_CAPACITY, below(r, 129));
		m->payload = payload;
		m->len = c.len;
	} else if (m->space == VIODEV_DEVICE && one_in(r, 2)) {
		m->type = VIODEV_WRITE;
		m->where = VIOBLK_C_WRITEBACK;
		m->width = 1;
		m->data = below(r, 3);
	}
}

const struct gen_kind gen_vioblk = {
	.dev = "vioblk",
	.conf = conf,
	.chain = chain,
	.msg = msg,
};
