#include "gen.h"

#include <string.h>

#include "devconf.h"
#include "gen_kind.h"
#include "virtio.h"

void
gen_setup(const struct fuzz_target *t, struct wbuf *w, struct prng *r)
{
	static const uint64_t ring[] = {
		0, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
		VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX
	};
	struct trace_setup s = { 0 };

	s.features = PICK(r, ring) | VIRTIO_F_VERSION_1;
	s.features |= one_in(r, 3) ? prng_next(r) & 0x7e66 :
	    one_in(r, 3) ? 0 : 0xffff;
	s.features |= one_in(r, 4) ? gen_odd(r) << 48 : 0;
	if (t->gen != NULL && t->gen->features != NULL)
		s.features |= t->gen->features(r);
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
		gen_seg(w, flags, arg, seg_len(r));
	}
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
	if (t->gen != NULL && t->gen->chain != NULL && !one_in(r, 6)) {
		t->gen->chain(w, r, &c);
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
	gen_bytes(r, data, sizeof(data));
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
	    m->where >= 0x20 && !one_in(r, 4) ? gen_gpa(r) & ~15ULL :
	    m->where == 0x16 ? below(r, 4) :
	    m->where == 0x1c ? 1 : gen_odd(r);
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
	m->data = gen_odd(r);
	if (m->space == VIODEV_COMMON && !one_in(r, 8))
		common_access(m, r);
	if (m->space == VIODEV_NOTIFY || m->space == VIODEV_ISR)
		m->where = one_in(r, 8) ? m->where : 0;
	if (m->space == VIODEV_NOTIFY && !one_in(r, 4))
		m->data = below(r, t->queues);
	if (m->type == VIODEV_READ)
		m->data = 0;
}

static void
other_msg(struct viodev_msg *m, uint8_t *payload, struct prng *r)
{
	static const uint8_t types[] = {
		VIODEV_KICK, VIODEV_KICK, VIODEV_INPUT, VIODEV_TIMER,
		VIODEV_CONFIG, VIODEV_PAUSE, VIODEV_UNPAUSE, VIODEV_RESET
	};
	struct wbuf c;

	m->type = PICK(r, types);
	m->payload = payload;
	if (m->type == VIODEV_KICK || m->type == VIODEV_INPUT ||
	    m->type == VIODEV_TIMER)
		m->where = one_in(r, 8) ? (uint32_t)gen_odd(r) : below(r, 3);
	if (m->type == VIODEV_INPUT) {
		gen_bytes(r, payload, 64);
		m->len = below(r, 64);
	} else if (m->type == VIODEV_CONFIG) {
		wb_init(&c, payload, GEN_PAYLOAD);
		devconf_put_int(&c, DEVCONF_CAPACITY, below(r, 129));
		m->len = c.len;
	}
}

static void
gen_msg(const struct fuzz_target *t, struct wbuf *w, struct prng *r)
{
	struct viodev_msg m = { 0 };
	uint8_t payload[GEN_PAYLOAD];

	if (one_in(r, 3))
		other_msg(&m, payload, r);
	else
		register_access(t, &m, r);
	if (t->gen != NULL && t->gen->msg != NULL)
		t->gen->msg(&m, payload, r);
	trace_put_msg(w, &m);
}

static void
gen_conf(const struct fuzz_target *t, struct wbuf *w, struct prng *r)
{
	uint8_t list[256];
	struct wbuf c;
	const char *name = t->name;

	wb_init(&c, list, sizeof(list));
	if (t->gen != NULL) {
		name = t->gen->dev;
		if (t->gen->conf != NULL)
			t->gen->conf(&c, r);
	} else if (one_in(r, 4))
		name = "legacy";
	if (one_in(r, 3))
		devconf_put_int(&c, DEVCONF_QSIZE, 1U << below(r, 11));
	if (one_in(r, 3))
		devconf_put_int(&c, DEVCONF_FEATURES, gen_odd(r) |
		    VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
	trace_put_conf(w, name, list, c.len);
}

static void
gen_poke(struct wbuf *w, struct prng *r)
{
	uint8_t b[32];
	size_t n = 1 + below(r, one_in(r, 4) ? 32 : 4);

	gen_bytes(r, b, sizeof(b));
	if (one_in(r, 2))
		le16_put(b, (uint16_t)below(r, 8));
	trace_put_poke(w, one_in(r, 16) ? gen_odd(r) : gen_gpa(r), b, n);
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
	if (t->gen != NULL && t->gen->records != NULL) {
		t->gen->records(w, r);
		return;
	}
	switch (below(r, 16)) {
	case 0:
		gen_setup(t, w, r);
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
		trace_put_time(w, one_in(r, 4) ? gen_odd(r) :
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
	le64_put(v, gen_odd(r));
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
		data[i] = (uint8_t)gen_odd(r);
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
		gen_setup(t, w, r);
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
		if (t->gen != NULL && t->gen->records != NULL)
			t->gen->records(w, r);
		else if (i == 0 && one_in(r, 2))
			gen_conf(t, w, r);
		else if (i == 1)
			gen_setup(t, w, r);
		else if (i == 1 || (i == 0 && one_in(r, 2)))
			continue;
		else
			gen_chain(t, w, r);
		p[k] = w->p + at;
		len[k++] = w->len - at;
	}
	*n = k;
}
