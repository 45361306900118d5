/* Frames and commands of a network card's driver and its host. */
#include "gen_kind.h"

#include <string.h>

#include "devconf.h"
#include "vionet.h"

static const uint8_t card[6] = { 0xfe, 0xe1, 0xbb, 0xd1, 0x02, 0x03 };
static const uint8_t other[6] = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x07 };
static const uint8_t group[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };
static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static const uint8_t *
address(struct prng *r)
{
	static const uint8_t *const macs[] = {
		card, card, card, other, group, all
	};

	return PICK(r, macs);
}

/* Ethernet's header, now and then with a VLAN tag: 18 bytes. */
static void
ether(uint8_t *p, struct prng *r, const uint8_t *dst, const uint8_t *src)
{
	memcpy(p, dst, 6);
	memcpy(p + 6, src, 6);
	p[12] = 0x08;
	p[13] = one_in(r, 4) ? 0x06 : 0;
	if (!one_in(r, 4))
		return;
	p[12] = 0x81;
	p[13] = 0;
	p[14] = (uint8_t)below(r, 16);
	p[15] = (uint8_t)below(r, 4);
}

static unsigned
length(struct prng *r)
{
	static const uint16_t len[] = {
		14, 20, 40, 60, 60, 64, 100, 314, 600, 1514, 1515, 1518, 1519
	};

	return one_in(r, 4) ? below(r, 1600) : PICK(r, len);
}

/* The header in front of a frame, with an odd field now and then. */
static void
header(uint8_t *p, struct prng *r)
{
	memset(p, 0, VIONET_HDR);
	if (one_in(r, 4)) {
		p[VIONET_H_FLAGS] = (uint8_t)below(r, 4);
		le16_put(p + VIONET_H_CSUM_START, (uint16_t)(14 + below(r,
		    one_in(r, 4) ? 2000 : 40)));
		le16_put(p + VIONET_H_CSUM_OFFSET, (uint16_t)below(r, 20));
	}
	if (one_in(r, 16))
		p[below(r, VIONET_HDR)] = (uint8_t)gen_odd(r);
}

/* A BOOTP request, up to its file name: 192 bytes behind the header. */
static void
bootp(uint8_t *p, struct prng *r, unsigned len)
{
	uint32_t sum = 0;
	unsigned i;

	memcpy(p, one_in(r, 4) ? other : all, 6);
	memcpy(p + 6, card, 6);
	memset(p + 12, 0, 192 - 12);
	p[12] = 0x08;
	p[14] = 0x45;
	p[16] = (uint8_t)((len - 14) >> 8);
	p[17] = (uint8_t)(len - 14);
	p[22] = 64;
	p[23] = 17;
	memset(p + 30, 0xff, 4);
	for (i = 14; i < 34; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	p[24] = (uint8_t)(sum >> 8);
	p[25] = (uint8_t)sum;
	p[35] = 68;
	p[37] = 67;
	p[38] = (uint8_t)((len - 34) >> 8);
	p[39] = (uint8_t)(len - 34);
	p[42] = p[43] = 1;
	p[44] = 6;
	p[46] = (uint8_t)prng_next(r);
	memcpy(p + 70, card, 6);
	if (one_in(r, 4))
		p[below(r, 192)] ^= 1;
}

static unsigned
frame(uint8_t *data, struct prng *r)
{
	unsigned len = length(r);

	header(data, r);
	if (one_in(r, 5)) {
		len = 314 + below(r, 300);
		bootp(data + VIONET_HDR, r, len);
	} else {
		const uint8_t *dst = address(r);

		ether(data + VIONET_HDR, r, dst,
		    one_in(r, 6) ? other : card);
	}
	if (one_in(r, 24))
		len = 16380 + below(r, 40);
	return VIONET_HDR + len;
}

static unsigned
tables(uint8_t *p, struct prng *r)
{
	static const uint32_t wraps[] = {
		0x2aaaaaab, 0x55555556, 0x80000000, 0xffffffff
	};
	unsigned i, j, n, len = 0;

	for (i = 0; i < 2; i++) {
		n = below(r, one_in(r, 8) ? 70 : 4);
		le32_put(p + len, n);
		if (one_in(r, 8)) {
			le32_put(p + len, PICK(r, wraps));
			n = 0;
		}
		len += 4;
		for (j = 0; j < n; j++, len += 6)
			if (len < 200)
				memcpy(p + len, address(r), 6);
	}
	return len;
}

/* Class, command and data: how many bytes. */
static unsigned
command(uint8_t *p, struct prng *r)
{
	unsigned len = 1, class = below(r, one_in(r, 16) ? 8 : 5);
	unsigned cmd = class == 0 ? below(r, 7) : class <= 2 ? below(r, 2) :
	    0;

	p[0] = (uint8_t)class;
	p[1] = (uint8_t)(one_in(r, 24) ? gen_odd(r) : cmd);
	le16_put(p + 2, (uint16_t)below(r, 4));
	if (class == 0) {
		p[2] = (uint8_t)below(r, one_in(r, 8) ? 4 : 2);
	} else if (class == 1 && cmd == 0) {
		len = tables(p + 2, r);
	} else if (class == 1) {
		memcpy(p + 2, address(r), 6);
		len = 6;
	} else {
		len = class == 3 ? 0 : 2;
	}
	if (one_in(r, 12))
		len += below(r, 3);
	return 2 + len;
}

static unsigned
buffer(struct prng *r)
{
	static const uint16_t len[] = {
		1526, 1530, 2048, 2048, 4096, 512, 256, 128, 64, 48, 40, 32,
		26, 20, 16, 12, 11, 1
	};

	return one_in(r, 8) ? below(r, 3000) : PICK(r, len);
}

static void
chain(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	uint8_t data[512] = { 0 }, segs[64];
	unsigned in = 0, out = 0;
	struct wbuf s;

	if (one_in(r, 6))
		c->queue = (uint8_t)below(r, VIONET_MAXQ);
	if (c->queue == 2 || c->queue == VIONET_MAXQ - 1) {
		out = command(data, r);
		in = 1;
	} else if (c->queue % 2 == 0) {
		in = buffer(r);
	} else {
		out = frame(data, r);
	}
	if (one_in(r, 24))
		in = below(r, 3);
	if (one_in(r, 24))
		out = below(r, 40);
	c->data = data;
	c->ndata = (uint8_t)(out < 204 ? out : 204);
	wb_init(&s, segs, sizeof(segs));
	gen_cut(&s, r, out, in);
	c->segs = segs;
	c->nsegs = (unsigned)(s.len / TRACE_SEG_SIZE);
	trace_put_chain(w, c);
}

static void
conf(struct wbuf *c, struct prng *r)
{
	devconf_put_bytes(c, DEVCONF_MAC, card, sizeof(card));
	if (one_in(r, 2))
		devconf_put_int(c, DEVCONF_MTU, one_in(r, 2) ? 1500 :
		    68 + below(r, 2000));
	if (one_in(r, 3))
		devconf_put_int(c, DEVCONF_LOCKED, 1);
	if (one_in(r, 3))
		devconf_put_int(c, DEVCONF_OFFLOAD, 1);
	if (one_in(r, 3))
		devconf_put_int(c, DEVCONF_NQUEUES, 1 + below(r, 3));
	if (!one_in(r, 3))
		return;
	devconf_put_int(c, DEVCONF_GUESTADDR, 0x64400103);
	devconf_put_int(c, DEVCONF_HOSTADDR, 0x64400102);
	devconf_put_bytes(c, DEVCONF_HOSTMAC, other, sizeof(other));
	devconf_put_int(c, DEVCONF_NETBOOT, below(r, 2));
	devconf_put_bytes(c, DEVCONF_HOSTNAME, "puffy", 5);
}

static void
arrival(struct viodev_msg *m, uint8_t *payload, struct prng *r)
{
	unsigned len = length(r), at = 0;
	const uint8_t *dst;

	m->type = VIODEV_INPUT;
	m->where = one_in(r, 6) ? below(r, VIONET_MAXQ) : 0;
	memset(payload, (int)below(r, 256), 2048);
	if (one_in(r, 3)) {
		header(payload, r);
		at = VIONET_HDR;
	}
	dst = address(r);
	ether(payload + at, r, dst, other);
	m->payload = payload;
	m->len = at + len;
}

static void
news(struct viodev_msg *m, uint8_t *payload, struct prng *r)
{
	struct wbuf c;

	wb_init(&c, payload, GEN_PAYLOAD);
	if (one_in(r, 2))
		devconf_put_int(&c, DEVCONF_LINK, below(r, 2));
	if (one_in(r, 2))
		devconf_put_int(&c, DEVCONF_ANNOUNCE, 1);
	if (one_in(r, 2))
		devconf_put_bytes(&c, DEVCONF_HOSTMAC, other, 6);
	m->payload = payload;
	m->len = c.len;
}

static void
msg(struct viodev_msg *m, uint8_t *payload, struct prng *r)
{
	if (m->type == VIODEV_CONFIG)
		news(m, payload, r);
	else if (m->type == VIODEV_INPUT || one_in(r, 2))
		arrival(m, payload, r);
}

static uint64_t
features(struct prng *r)
{
	const uint64_t most = VIONET_F_CSUM | VIONET_F_GUEST_CSUM |
	    VIONET_F_MTU | VIONET_F_MAC | VIONET_F_MRG_RXBUF;
	uint64_t ctrl = 0x7fULL << 17, f;

	switch (below(r, 3)) {
	case 0:
		return 0;
	case 1:
		return most | ctrl | VIONET_F_STATUS;
	default:
		f = prng_next(r) & (most | ctrl);
		return f | VIONET_F_CTRL_VQ | VIONET_F_STATUS;
	}
}

const struct gen_kind gen_vionet = {
	.dev = "vionet",
	.features = features,
	.conf = conf,
	.chain = chain,
	.msg = msg,
};
