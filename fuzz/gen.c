#include "gen.h"

#include <string.h>

#include "devconf.h"
#include "vioblk.h"
#include "virtio.h"

/*
 * Draws stand in statements of their own: the order in which arguments and
 * operands are evaluated is the compiler's, and inputs must not depend on it.
 */
#define PICK(r, table)							\
	((table)[prng_below((r), sizeof(table) / sizeof((table)[0]))])

static unsigned
below(struct prng *r, unsigned n)
{
	return (unsigned)prng_below(r, n);
}

static int
one_in(struct prng *r, unsigned n)
{
	return below(r, n) == 0;
}

static uint64_t
odd_number(struct prng *r)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255,
		256, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 0x7fff,
		0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
		0xffffffffffffffff, 0xfffffffffffffff0
	};

	switch (below(r, 4)) {
	case 0:
		return prng_next(r);
	case 1:
		return 1ULL << below(r, 64);
	default:
		return PICK(r, odd);
	}
}

/* An address that somebody uses: rings, buffers, ends of memory. */
static uint64_t
some_gpa(struct prng *r)
{
	static const uint64_t base[] = {
		0x400, 0x400 + 256, 0x400 + 512, 0x400 + 2048, 0x1400, 0x2400,
		0x4000, 0x7c00, 0x8000 - 64, 0x100000000, 0x100000400,
		0x100003000, 0x100004000 - 64
	};

	uint64_t gpa = PICK(r, base);

	return gpa + below(r, 1U << below(r, 9));
}

static void
some_bytes(struct prng *r, uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = one_in(r, 3) ? (uint8_t)odd_number(r) :
		    (uint8_t)prng_next(r);
}

void
gen_setup(struct wbuf *w, struct prng *r)
{
	static const uint64_t ring[] = {
		0, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
		VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX
	};
	struct trace_setup s = { 0 };

	s.features = PICK(r, ring) | VIRTIO_F_VERSION_1;
	s.features |= one_in(r, 3) ? prng_next(r) & 0x7e66 :
	    one_in(r, 3) ? 0 : 0xffff;
	s.features |= one_in(r, 4) ? odd_number(r) << 48 : 0;
	s.qlog = one_in(r, 2) ? 0 : (uint8_t)below(r, 8);
	if (one_in(r, 3))
		s.layout = (uint8_t)below(r, 8);
	if (one_in(r, 16))
		s.layout = (uint8_t)prng_next(r);
	if (one_in(r, 16))
		s.flags = (uint8_t)below(r, 8);
	if (one_in(r, 16))
		s.off = (uint8_t)below(r, 8);
	trace_put_setup(w, &s);
}

static void
put_seg(struct wbuf *w, unsigned flags, unsigned arg, unsigned len)
{
	wb_u8(w, (uint8_t)flags);
	wb_u8(w, (uint8_t)arg);
	wb_u16(w, (uint16_t)len);
}

static unsigned
seg_len(struct prng *r)
{
	static const uint16_t len[] = {
		0, 1, 2, 7, 15, 16, 17, 20, 32, 64, 256, 511, 512, 513, 1024,
		2048, 4096, 8192, 16384
	};

	return one_in(r, 8) ? (uint16_t)prng_next(r) : PICK(r, len);
}

static void
gen_segs(struct wbuf *w, struct prng *r, unsigned rd, unsigned wr)
{
	unsigned i, flags, arg;

	for (i = 0; i < rd + wr; i++) {
		flags = i >= rd ? TRACE_SEG_WRITE : 0;
		arg = below(r, 16);
		if (one_in(r, 24))
			flags ^= 1U << below(r, 7);
		if (one_in(r, 16))
			arg = (unsigned)prng_next(r) & 0xff;
		put_seg(w, flags, arg, seg_len(r));
	}
}

/* The header of a disk request, most of the time a sensible one. */
static void
blk_header(uint8_t *p, uint32_t type, struct prng *r)
{
	uint64_t sector = below(r, 128);

	if (one_in(r, 8))
		sector = one_in(r, 2) ? 120 + below(r, 16) : odd_number(r);
	le32_put(p, type);
	le32_put(p + 4, one_in(r, 8) ? (uint32_t)prng_next(r) : 0);
	le64_put(p + 8, sector);
}

static unsigned
blk_ranges(uint8_t *p, struct prng *r)
{
	unsigned i, n = one_in(r, 4) ? below(r, 15) : 1 + below(r, 2);

	for (i = 0; i < n; i++, p += 16) {
		le64_put(p, one_in(r, 8) ? odd_number(r) : below(r, 129));
		le32_put(p + 8, one_in(r, 8) ? (uint32_t)odd_number(r) :
		    below(r, 16));
		le32_put(p + 12, one_in(r, 6) ? (uint32_t)odd_number(r) :
		    below(r, 2));
	}
	return 16 * n;
}

/* A disk request as a driver makes it, cut into segments in some way. */
static void
gen_blk(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	static const uint32_t types[] = { 0, 0, 1, 1, 4, 8, 11, 13 };
	uint32_t type = one_in(r, 16) ? (uint32_t)odd_number(r) :
	    PICK(r, types);
	uint8_t data[256], segs[64];
	unsigned in = 0, out = 16, step;
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
	for (in += 1; out > 0 && s.len < 32; out -= step) {
		step = one_in(r, 2) || s.len == 28 ? out : 1 + below(r, out);
		put_seg(&s, 0, below(r, 16), step);
	}
	for (; in > 0 && s.len < 64; in -= step) {
		step = one_in(r, 2) || s.len == 60 ? in : 1 + below(r, in);
		put_seg(&s, TRACE_SEG_WRITE, below(r, 16), step);
	}
	c->segs = segs;
	c->nsegs = (unsigned)(s.len / TRACE_SEG_SIZE);
	trace_put_chain(w, c);
}

static void
gen_chain(const struct fuzz_target *t, struct wbuf *w, struct prng *r)
{
	struct trace_chain c = { 0 };
	uint8_t data[32], segs[1024];
	unsigned rd, wr;
	struct wbuf s;

	c.queue = (uint8_t)below(r, t->queues);
	c.flags = one_in(r, 4) ? 0 : TRACE_CHAIN_KICK;
	if (one_in(r, 3))
		c.flags |= TRACE_CHAIN_INDIRECT;
	if (one_in(r, 8))
		c.flags |= TRACE_CHAIN_MIXED;
	if (one_in(r, 8))
		c.flags |= TRACE_CHAIN_HOLD;
	if (one_in(r, 24))
		c.flags |= (uint8_t)(0x10U << below(r, 4));
	if ((t->flavour & FLAVOUR_BLK) != 0 && !one_in(r, 6)) {
		gen_blk(w, r, &c);
		return;
	}
	rd = below(r, one_in(r, 8) ? 40 : 4);
	wr = below(r, one_in(r, 8) ? 40 : 4);
	if ((t->flavour & FLAVOUR_RNG) != 0 && !one_in(r, 8))
		rd = 0;
	if (rd + wr == 0)
		wr = 1;
	wb_init(&s, segs, sizeof(segs));
	gen_segs(&s, r, rd, wr);
	some_bytes(r, data, sizeof(data));
	c.data = data;
	c.ndata = (uint8_t)below(r, sizeof(data));
	c.segs = segs;
	c.nsegs = (unsigned)(s.len / TRACE_SEG_SIZE);
	trace_put_chain(w, &c);
}

static void
common_access(struct viodev_msg *m, struct prng *r)
{
	static const struct { uint8_t off, width; } regs[] = {
		{ 0x00, 4 }, { 0x04, 4 }, { 0x08, 4 }, { 0x0c, 4 },
		{ 0x10, 2 }, { 0x12, 2 }, { 0x14, 1 }, { 0x15, 1 },
		{ 0x16, 2 }, { 0x18, 2 }, { 0x1a, 2 }, { 0x1c, 2 },
		{ 0x1e, 2 }, { 0x20, 4 }, { 0x24, 4 }, { 0x28, 4 },
		{ 0x2c, 4 }, { 0x30, 4 }, { 0x34, 4 },
	};
	static const uint8_t status[] = { 0, 1, 3, 11, 15, 0x80, 0x40, 0x10 };
	unsigned i = below(r, sizeof(regs) / sizeof(regs[0]));

	m->where = regs[i].off;
	m->width = regs[i].width;
	m->data = m->where == 0x14 && !one_in(r, 4) ? PICK(r, status) :
	    m->where >= 0x20 && !one_in(r, 4) ? some_gpa(r) & ~15ULL :
	    m->where == 0x16 ? below(r, 4) :
	    m->where == 0x1c ? 1 : odd_number(r);
}

static void
register_access(const struct fuzz_target *t, struct viodev_msg *m,
    struct prng *r)
{
	static const uint8_t widths[] = { 1, 2, 4, 4, 8 };

	m->type = one_in(r, 2) ? VIODEV_READ : VIODEV_WRITE;
	m->space = (uint16_t)below(r, VIODEV_PORT);
	m->width = PICK(r, widths);
	m->where = below(r, 64);
	m->data = odd_number(r);
	if (m->space == VIODEV_COMMON && !one_in(r, 8))
		common_access(m, r);
	if (m->space == VIODEV_NOTIFY || m->space == VIODEV_ISR)
		m->where = one_in(r, 8) ? m->where : 0;
	if (m->space == VIODEV_NOTIFY && !one_in(r, 4))
		m->data = below(r, t->queues);
	if (m->space == VIODEV_DEVICE && (t->flavour & FLAVOUR_BLK) != 0 &&
	    one_in(r, 2)) {
		m->type = VIODEV_WRITE;
		m->where = VIOBLK_C_WRITEBACK;
		m->width = 1;
		m->data = below(r, 3);
	}
	if (m->type == VIODEV_READ)
		m->data = 0;
}

static void
gen_msg(const struct fuzz_target *t, struct wbuf *w, struct prng *r)
{
	static const uint8_t types[] = {
		VIODEV_KICK, VIODEV_KICK, VIODEV_INPUT, VIODEV_TIMER,
		VIODEV_CONFIG, VIODEV_PAUSE, VIODEV_UNPAUSE, VIODEV_RESET
	};
	struct viodev_msg m = { 0 };
	uint8_t payload[64];
	struct wbuf c;

	m.payload = payload;
	if (!one_in(r, 3)) {
		register_access(t, &m, r);
		trace_put_msg(w, &m);
		return;
	}
	m.type = PICK(r, types);
	if (m.type == VIODEV_KICK || m.type == VIODEV_INPUT ||
	    m.type == VIODEV_TIMER)
		m.where = one_in(r, 8) ? (uint32_t)odd_number(r) : below(r, 3);
	if (m.type == VIODEV_INPUT) {
		some_bytes(r, payload, sizeof(payload));
		m.len = below(r, sizeof(payload));
	} else if (m.type == VIODEV_CONFIG) {
		wb_init(&c, payload, sizeof(payload));
		devconf_put_int(&c, DEVCONF_CAPACITY, below(r, 129));
		m.len = c.len;
	}
	trace_put_msg(w, &m);
}

static void
gen_conf(const struct fuzz_target *t, struct wbuf *w, struct prng *r)
{
	uint8_t list[128];
	struct wbuf c;
	const char *name = t->name;

	wb_init(&c, list, sizeof(list));
	if ((t->flavour & FLAVOUR_BLK) != 0) {
		name = "vioblk";
		devconf_put_int(&c, DEVCONF_CAPACITY,
		    (t->flavour & FLAVOUR_STATE) != 0 ? 128 : below(r, 129));
		if (one_in(r, 4))
			devconf_put_int(&c, DEVCONF_READONLY, below(r, 2));
		if (one_in(r, 4))
			devconf_put_int(&c, DEVCONF_NQUEUES, 1 + below(r, 8));
		if (one_in(r, 4))
			devconf_put_bytes(&c, DEVCONF_SERIAL,
			    "serial-number-of-this-disk", below(r, 26));
		if (one_in(r, 4))
			devconf_put_int(&c, DEVCONF_BLKSIZE,
			    512U << below(r, 4));
	} else if (one_in(r, 4))
		name = "legacy";
	if (one_in(r, 3))
		devconf_put_int(&c, DEVCONF_QSIZE, 1U << below(r, 11));
	if (one_in(r, 3))
		devconf_put_int(&c, DEVCONF_FEATURES, odd_number(r) |
		    VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
	trace_put_conf(w, name, list, c.len);
}

static void
gen_poke(struct wbuf *w, struct prng *r)
{
	uint8_t b[32];
	size_t n = 1 + below(r, one_in(r, 4) ? 32 : 4);

	some_bytes(r, b, sizeof(b));
	if (one_in(r, 2))
		le16_put(b, (uint16_t)below(r, 8));
	trace_put_poke(w, one_in(r, 16) ? odd_number(r) : some_gpa(r), b, n);
}

/* A field of a state: what fits, or a wild value when it is its turn. */
static uint64_t
field(struct prng *r, unsigned *turn, uint64_t fits)
{
	return (*turn)-- == 0 ? odd_number(r) : fits;
}

/* A saved state of vioblk with one queue, at most one field wrong: state.c. */
static void
gen_state(struct wbuf *w, struct prng *r)
{
	unsigned turn = one_in(r, 3) ? below(r, 20) : 99;
	int live = !one_in(r, 4);
	uint8_t b[128];
	struct wbuf s;

	wb_init(&s, b, sizeof(b));
	wb_u16(&s, (uint16_t)field(r, &turn, 1));
	wb_u16(&s, (uint16_t)field(r, &turn, 1));
	wb_u64(&s, field(r, &turn, VIRTIO_F_VERSION_1 |
	    (prng_next(r) & 0x30007e46)));
	wb_u32(&s, (uint32_t)field(r, &turn, below(r, 3)));
	wb_u32(&s, (uint32_t)field(r, &turn, below(r, 3)));
	wb_u8(&s, (uint8_t)field(r, &turn, 0));
	wb_u8(&s, (uint8_t)field(r, &turn, live ? 15 : 11));
	wb_u8(&s, (uint8_t)field(r, &turn, live ? below(r, 4) : 0));
	wb_u8(&s, (uint8_t)prng_next(r));
	wb_u8(&s, (uint8_t)field(r, &turn, below(r, 2)));
	wb_u8(&s, (uint8_t)field(r, &turn, one_in(r, 4)));
	wb_u16(&s, (uint16_t)field(r, &turn, below(r, 3)));
	wb_u32(&s, 0);
	wb_u64(&s, field(r, &turn, one_in(r, 4) ? some_gpa(r) & ~15ULL :
	    0x400));
	wb_u64(&s, field(r, &turn, one_in(r, 4) ? some_gpa(r) & ~1ULL :
	    0x2400));
	wb_u64(&s, field(r, &turn, one_in(r, 4) ? some_gpa(r) & ~3ULL :
	    0x3000));
	wb_u16(&s, (uint16_t)field(r, &turn, 1U << below(r, 8)));
	wb_u16(&s, (uint16_t)(live ? prng_next(r) : 0));
	wb_u16(&s, (uint16_t)(live ? prng_next(r) : 0));
	wb_u8(&s, (uint8_t)field(r, &turn, (uint64_t)live));
	wb_u8(&s, (uint8_t)field(r, &turn, 0));
	wb_u64(&s, field(r, &turn, 128));
	wb_u8(&s, (uint8_t)field(r, &turn, below(r, 3)));
	trace_put_state(w, b, one_in(r, 16) ? below(r, (unsigned)s.len) :
	    s.len);
}

static void
gen_fault(struct wbuf *w, struct prng *r)
{
	unsigned call = below(r, TRACE_NCALLS);
	unsigned skip = below(r, 4);
	unsigned result = below(r, 4);

	trace_put_fault(w, call, skip, result, below(r, 256));
}

static void
gen_race(struct wbuf *w, struct prng *r)
{
	unsigned mode = below(r, 9);

	trace_put_race(w, mode, below(r, 256));
}

void
gen_record(const struct fuzz_target *t, struct wbuf *w, struct prng *r)
{
	if ((t->flavour & FLAVOUR_STATE) != 0 && one_in(r, 3)) {
		gen_state(w, r);
		return;
	}
	switch (below(r, 16)) {
	case 0:
		gen_setup(w, r);
		break;
	case 1:
	case 2:
	case 3:
		gen_msg(t, w, r);
		break;
	case 4:
	case 5:
		gen_poke(w, r);
		break;
	case 6:
		trace_put_time(w, one_in(r, 4) ? odd_number(r) :
		    100000000ULL * below(r, 8));
		break;
	case 7:
		gen_fault(w, r);
		break;
	case 8:
		if (one_in(r, 2))
			gen_race(w, r);
		else
			trace_put_reload(w);
		break;
	default:
		gen_chain(t, w, r);
		break;
	}
}

/* Some byte, some two or some four of the body get another value. */
static void
wild_change(struct wbuf *w, const struct trace_rec *rec, struct prng *r)
{
	uint8_t body[4096];
	size_t n = rec->len < sizeof(body) ? rec->len : sizeof(body), at;
	uint8_t v[8];
	size_t width = 1U << below(r, 4);

	memcpy(body, rec->body, n);
	le64_put(v, odd_number(r));
	if (n >= width) {
		at = below(r, (unsigned)(n - width + 1));
		memcpy(body + at, v, width);
	} else if (n < sizeof(body))
		body[n++] = v[0];
	wb_u32(w, (uint32_t)n << 8 | rec->type);
	wb_bytes(w, body, n);
}

static void
change_chain(const struct fuzz_target *t, struct wbuf *w,
    const struct trace_rec *rec, struct prng *r)
{
	struct trace_chain c = rec->u.chain;
	uint8_t segs[1024], data[256];
	unsigned n = c.nsegs < 200 ? c.nsegs : 200, i;

	memcpy(segs, c.segs, (size_t)n * TRACE_SEG_SIZE);
	memcpy(data, c.data, c.ndata);
	c.segs = segs;
	c.data = data;
	i = n > 0 ? below(r, n) * TRACE_SEG_SIZE : 0;
	switch (below(r, 8)) {
	case 0:
		c.queue = (uint8_t)below(r, t->queues);
		break;
	case 1:
		c.flags ^= (uint8_t)(1U << below(r, 8));
		break;
	case 2:
		segs[i] ^= (uint8_t)(1U << below(r, 7));
		break;
	case 3:
		le16_put(segs + i + 2, (uint16_t)seg_len(r));
		break;
	case 4:
		segs[i + 1] = (uint8_t)prng_next(r);
		break;
	case 5:
		n = n > 0 && one_in(r, 2) ? n - 1 : n;
		if (one_in(r, 2)) {
			memcpy(segs + (size_t)n * 4, segs + i, 4);
			n++;
		}
		break;
	case 6:
		le16_put(segs + i + 2, (uint16_t)(le16_get(segs + i + 2) +
		    below(r, 5) - 2));
		break;
	default:
		if (c.ndata == 0)
			break;
		i = below(r, c.ndata);
		data[i] = (uint8_t)odd_number(r);
		break;
	}
	c.nsegs = n;
	trace_put_chain(w, &c);
}

void
gen_change(const struct fuzz_target *t, struct wbuf *w,
    const struct trace_rec *rec, struct prng *r)
{
	if (one_in(r, 8))
		wild_change(w, rec, r);
	else if (rec->type == TRACE_CHAIN && rec->u.chain.nsegs > 0)
		change_chain(t, w, rec, r);
	else if (rec->type == TRACE_SETUP)
		gen_setup(w, r);
	else if (rec->type == TRACE_CONF)
		gen_conf(t, w, r);
	else
		wild_change(w, rec, r);
}

void
gen_start(const struct fuzz_target *t, struct wbuf *w, struct prng *r,
    const uint8_t **p, size_t *len, unsigned *n)
{
	unsigned i, k = 0;
	size_t at;

	for (i = 0; i < 4; i++) {
		at = w->len;
		if (i == 0 && one_in(r, 2))
			gen_conf(t, w, r);
		else if (i == 1)
			gen_setup(w, r);
		else if (i == 1 || (i == 0 && one_in(r, 2)))
			continue;
		else
			gen_chain(t, w, r);
		p[k] = w->p + at;
		len[k++] = w->len - at;
	}
	*n = k;
}
