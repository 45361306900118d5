/* Requests of a SCSI adapter's driver. */
#include "gen_kind.h"

#include <string.h>

#include "devconf.h"
#include "vioscsi.h"

#define HEAD	(VIOSCSI_REQ_HEAD + VIOSCSI_CDB)

/*
 * Commands: where the address and the count stand, what is moved.  A count
 * of bytes asks for made-up data, one of blocks for those of a medium.
 */
enum what { NONE, MADE, READS, WRITES, LIST };

static const struct {
	uint8_t	op, lbaw, countat, countw, what;
} cmds[] = {
	{ 0x00, 0, 0, 0, NONE }, { 0x03, 0, 4, 1, MADE },
	{ 0x08, 2, 4, 1, READS }, { 0x0a, 2, 4, 1, WRITES },
	{ 0x12, 0, 3, 2, MADE }, { 0x15, 0, 4, 1, LIST },
	{ 0x1a, 0, 4, 1, MADE }, { 0x1b, 0, 0, 0, NONE },
	{ 0x1e, 0, 0, 0, NONE }, { 0x25, 0, 0, 0, MADE },
	{ 0x28, 4, 7, 2, READS }, { 0x28, 4, 7, 2, READS },
	{ 0x2a, 4, 7, 2, WRITES }, { 0x2a, 4, 7, 2, WRITES },
	{ 0x2f, 4, 7, 2, WRITES }, { 0x35, 4, 7, 2, NONE },
	{ 0x41, 4, 7, 2, WRITES }, { 0x42, 0, 7, 2, LIST },
	{ 0x42, 0, 7, 2, LIST }, { 0x43, 0, 7, 2, MADE },
	{ 0x46, 0, 7, 2, MADE }, { 0x4a, 0, 7, 2, MADE },
	{ 0x51, 0, 7, 2, MADE }, { 0x55, 0, 7, 2, LIST },
	{ 0x5a, 0, 7, 2, MADE }, { 0x88, 8, 10, 4, READS },
	{ 0x8a, 8, 10, 4, WRITES }, { 0x8f, 8, 10, 4, WRITES },
	{ 0x91, 8, 10, 4, NONE }, { 0x93, 8, 10, 4, WRITES },
	{ 0x9e, 0, 10, 4, MADE }, { 0xa0, 0, 6, 4, MADE },
	{ 0xa0, 0, 6, 4, MADE }, { 0xa8, 4, 6, 4, READS },
	{ 0xaa, 4, 6, 4, WRITES }, { 0xaf, 4, 6, 4, WRITES },
	{ 0xbd, 0, 8, 2, MADE },
};
#define NCMDS	(sizeof(cmds) / sizeof(cmds[0]))

/* Some byte of n gets another value. */
static void
spoil(uint8_t *p, unsigned n, struct prng *r)
{
	unsigned at = below(r, n);

	p[at] = (uint8_t)gen_odd(r);
}

static void
put_be(uint8_t *p, unsigned n, uint64_t v)
{
	for (; n > 0; v >>= 8)
		p[--n] = (uint8_t)v;
}

/* An address: most of the time one of the units that conf() makes. */
static void
put_address(uint8_t *p, struct prng *r)
{
	static const uint8_t forms[][4] = {
		{ 1, 0, 0x40, 0 }, { 1, 0, 0x40, 1 }, { 1, 0, 0x40, 1 },
		{ 1, 0, 0x40, 1 }, { 1, 0, 0, 0 }, { 1, 0, 0, 1 },
		{ 1, 2, 0x40, 0 }, { 1, 2, 0x41, 0x2c }, { 1, 0, 0xc1, 1 },
		{ 0xc1, 1, 0, 0 }, { 1, 0, 0x40, 7 }, { 1, 9, 0x40, 0 },
	};
	unsigned n = one_in(r, 4) ? sizeof(forms) / sizeof(forms[0]) : 4;

	memset(p, 0, 8);
	memcpy(p, forms[below(r, n)], 4);
	if (one_in(r, 32))
		spoil(p, 8, r);
}

/* Bytes one and two of a command, where its options are. */
static void
put_options(uint8_t *cdb, struct prng *r)
{
	static const uint8_t vpd[] = { 0, 0x80, 0x83, 0xb0, 0xb1, 0xb2 };
	static const uint8_t modes[] = { 1, 8, 10, 0x2a, 0x3f, 0x3f };
	unsigned op = cdb[0];

	if (op == 0x12 && one_in(r, 2)) {
		cdb[1] = 1;
		cdb[2] = PICK(r, vpd);
	} else if (op == 0x1a || op == 0x5a) {
		cdb[1] = (uint8_t)(8 * below(r, 2));
		cdb[2] = PICK(r, modes);
		cdb[2] |= one_in(r, 2) ? (uint8_t)(below(r, 4) << 6) : 0;
	} else if (op == 0x15 || op == 0x55) {
		cdb[1] = 0x10;
	} else if (op == 0x9e) {
		cdb[1] = 0x10;
	} else if (op == 0xa0) {
		cdb[2] = (uint8_t)below(r, 3);
	} else if (op == 0x1b || op == 0x1e) {
		cdb[4] = (uint8_t)below(r, 4);
	} else if (op == 0x43) {
		cdb[1] = (uint8_t)(2 * below(r, 2));
		cdb[2] = (uint8_t)below(r, 2);
	} else if (op == 0x4a) {
		cdb[1] = 1;
		cdb[4] = 0x10;
	} else if (op == 0x2f || op == 0xaf || op == 0x8f) {
		cdb[1] = (uint8_t)(2 * below(r, 2));
	} else if (op == 0x41 || op == 0x93) {
		cdb[1] = (uint8_t)(8 * below(r, 2));
		cdb[1] |= (uint8_t)one_in(r, 3);
	} else if (cdb[0] == 0x2a && one_in(r, 3)) {
		cdb[1] = 8;
	}
	if (one_in(r, 16))
		spoil(cdb + 1, 9, r);
}

/* A parameter list; its length. */
static unsigned
put_list(uint8_t *p, const uint8_t *cdb, struct prng *r)
{
	static const uint8_t cache[20] = { 8, 18 }, control[12] = { 10, 10, 0,
	    16, 0, 0, 0, 0, 255, 255 };
	unsigned head = cdb[0] == 0x15 ? 4 : 8, n, i;

	memset(p, 0, 200);
	if (cdb[0] == 0x42) {
		n = one_in(r, 4) ? below(r, 40) : below(r, 4);
		put_be(p, 2, 16 * n + 6);
		put_be(p + 2, 2, one_in(r, 8) ? gen_odd(r) : 16 * n);
		for (i = 0; i < n && i < 12; i++) {
			put_be(p + 8 + 16 * i, 8, one_in(r, 8) ? gen_odd(r) :
			    below(r, 32));
			put_be(p + 16 + 16 * i, 4, one_in(r, 8) ? gen_odd(r) :
			    below(r, 5));
		}
		return 8 + 16 * n;
	}
	n = below(r, 2) ? sizeof(control) : sizeof(cache);
	memcpy(p + head, n == 12 ? control : cache, n);
	if (n == 20 || one_in(r, 2))
		p[head + 2] = (uint8_t)(4 * below(r, 2));
	if (one_in(r, 8))
		spoil(p + head, n, r);
	return head + n;
}

/* Addresses at the ends of what counts can reach, too. */
static uint64_t
draw_lba(struct prng *r)
{
	static const uint64_t ends[] = {
		0xffffffff, 0xfffffffe, 0x100000000, 0x1ffffffff,
		UINT64_MAX, UINT64_MAX - 1, 0x1fffff, 32
	};

	if (one_in(r, 12))
		return PICK(r, ends);
	if (one_in(r, 16))
		return gen_odd(r);
	return one_in(r, 4) ? below(r, 40) : below(r, 8);
}

/* The count of a command and the bytes that its buffers should have. */
static void
put_count(uint8_t *cdb, unsigned i, struct prng *r, unsigned *in,
    unsigned *out)
{
	unsigned n = below(r, 4), block = one_in(r, 3) ? 2048 : 512;

	if (cmds[i].what == MADE) {
		n = one_in(r, 3) ? below(r, 64) : 255;
		*in = n;
	} else if (cmds[i].what == READS) {
		*in = n * block;
	} else if (cmds[i].what == WRITES) {
		*out = (cdb[0] == 0x41 || cdb[0] == 0x93 ? 1 : n) * block;
	} else if (cmds[i].what == LIST) {
		n = *out;
	}
	if (cmds[i].countw > 0)
		put_be(cdb + cmds[i].countat, cmds[i].countw,
		    one_in(r, 16) ? gen_odd(r) : n);
	if (one_in(r, 8))
		*in += below(r, 9);
	if (one_in(r, 16))
		*out = below(r, *out + 1);
}

static void
put(struct wbuf *w, struct prng *r, struct trace_chain *c, unsigned out,
    unsigned in)
{
	uint8_t segs[64];
	struct wbuf s;

	wb_init(&s, segs, sizeof(segs));
	gen_cut(&s, r, out, in);
	c->segs = segs;
	c->nsegs = (unsigned)(s.len / TRACE_SEG_SIZE);
	trace_put_chain(w, c);
}

static void
command(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	unsigned i = below(r, NCMDS), in = 0, out = 0, n = HEAD;
	uint8_t data[512] = { 0 };
	uint8_t *cdb = data + VIOSCSI_REQ_HEAD;

	put_address(data, r);
	data[8] = (uint8_t)below(r, 4);
	if (one_in(r, 16))
		gen_bytes(r, data + 9, 10);
	cdb[0] = one_in(r, 32) ? (uint8_t)prng_next(r) : cmds[i].op;
	put_options(cdb, r);
	if (cmds[i].lbaw > 0)
		put_be(cdb + 2, cmds[i].lbaw, draw_lba(r));
	if (cmds[i].what == LIST) {
		out = put_list(data + HEAD, cdb, r);
		n += out;
	} else if ((cdb[0] == 0x41 || cdb[0] == 0x93) && one_in(r, 2))
		n = 255;
	put_count(cdb, i, r, &in, &out);
	c->data = data;
	c->ndata = (uint8_t)(n < 255 ? n : 255);
	if (one_in(r, 24))
		out = below(r, 60);
	else
		out += HEAD;
	in += one_in(r, 24) ? below(r, 120) :
	    VIOSCSI_RSP_HEAD + VIOSCSI_SENSE;
	put(w, r, c, out, in);
}

static void
control(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	uint8_t data[32] = { 0 };
	unsigned type = below(r, 4), out = 24, in = 1;

	if (type < 2) {
		data[4] = (uint8_t)below(r, 9);
		put_address(data + 8, r);
		data[16] = (uint8_t)below(r, 4);
	} else {
		data[0] = (uint8_t)(type - 1);
		put_address(data + 4, r);
		data[12] = one_in(r, 4) ? (uint8_t)prng_next(r) : 0x10;
		out = 16;
		in = 5;
	}
	if (one_in(r, 16))
		spoil(data, 24, r);
	if (one_in(r, 8))
		out = below(r, 28);
	if (one_in(r, 8))
		in = below(r, 8);
	c->data = data;
	c->ndata = (uint8_t)out;
	put(w, r, c, out, in);
}

static void
chain(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	static const uint8_t queues[] = { 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2 };

	if (!one_in(r, 16))
		c->queue = PICK(r, queues);
	if (c->queue == 0)
		control(w, r, c);
	else if (c->queue == 1)
		put(w, r, c, 0, one_in(r, 8) ? below(r, 32) : 16);
	else
		command(w, r, c);
}

static void
unit(struct wbuf *c, struct prng *r, unsigned address, int cd)
{
	devconf_put_int(c, DEVCONF_UNIT, address);
	if (cd)
		devconf_put_int(c, DEVCONF_KIND, DEVCONF_CD);
	if (!one_in(r, 8))
		devconf_put_int(c, DEVCONF_CAPACITY, below(r, 64));
	if (one_in(r, 8))
		devconf_put_int(c, DEVCONF_READONLY, below(r, 2));
	if (one_in(r, 4))
		devconf_put_bytes(c, DEVCONF_SERIAL,
		    "serial-number-of-this-unit-here", below(r, 31));
	if (!cd && one_in(r, 4))
		devconf_put_int(c, DEVCONF_BLKSIZE, 512U << below(r, 4));
	if (!cd && one_in(r, 8))
		devconf_put_int(c, DEVCONF_PHYSEXP, below(r, 9));
}

static void
conf(struct wbuf *c, struct prng *r)
{
	unsigned i, n = one_in(r, 4) ? below(r, 7) : 0;

	if (one_in(r, 4))
		devconf_put_int(c, DEVCONF_NQUEUES, 1 + below(r, 8));
	unit(c, r, 0, 1);
	unit(c, r, 1, one_in(r, 8));
	if (one_in(r, 4))
		unit(c, r, one_in(r, 2) ? 0x20000 : 0x2012c, 0);
	for (i = 0; i < n && c->len < 200; i++)
		devconf_put_int(c, DEVCONF_UNIT, 2 + i);
}

static void
msg(struct viodev_msg *m, uint8_t *payload, struct prng *r)
{
	struct wbuf c;
	unsigned i, n = 1 + below(r, 2);

	if (m->type == VIODEV_CONFIG) {
		wb_init(&c, payload, GEN_PAYLOAD);
		for (i = 0; i < n; i++) {
			devconf_put_int(&c, DEVCONF_UNIT, below(r, 3));
			devconf_put_int(&c, DEVCONF_CAPACITY,
			    one_in(r, 3) ? 0 : below(r, 64));
		}
		m->payload = payload;
		m->len = c.len;
	} else if ((m->type == VIODEV_READ || m->type == VIODEV_WRITE) &&
	    one_in(r, m->space == VIODEV_DEVICE ? 2 : 6)) {
		m->space = VIODEV_DEVICE;
		m->type = VIODEV_WRITE;
		m->where = one_in(r, 4) ? VIOSCSI_C_CDB_SIZE :
		    VIOSCSI_C_SENSE_SIZE;
		m->width = 4;
		m->data = one_in(r, 4) ? gen_odd(r) : below(r, 33);
	}
}

const struct gen_kind gen_vioscsi = {
	.dev = "vioscsi",
	.conf = conf,
	.chain = chain,
	.msg = msg,
};
