/* A network card under simulation: frames in are frames out, netmodel.h. */
#include "netmodel.h"

#include <string.h>

#include "dhcp.h"

enum {
	OP_SENT		= 1 << 0,
	OP_RECEIVED	= 1 << 1,
	OP_MERGED	= 1 << 2,
	OP_NOBUF	= 1 << 3,
	OP_FILTER	= 1 << 4,
	OP_BAD		= 1 << 5,
	OP_MODE		= 1 << 6,
	OP_TABLE	= 1 << 7,
	OP_ADDRESS	= 1 << 8,
	OP_VLAN		= 1 << 9,
	OP_ACK		= 1 << 10,
	OP_PAIRS	= 1 << 11,
	OP_REFUSED	= 1 << 12,
	OP_LOCKED	= 1 << 13,
	OP_HOST		= 1 << 14,
	OP_ASKED	= 1 << 15,
	OP_ANSWER	= 1 << 16,
	OP_SUM		= 1 << 17,
	OP_CSUM		= 1 << 18,
};

static const char *const ops[] = {
	"sent", "received", "merged", "no-buffer", "filtered", "bad", "mode",
	"table", "address", "vlan", "ack", "pairs", "refused", "locked",
	"host", "asked", "answer", "sum", "csum", NULL
};

static const uint8_t card[NET_MAC] = { 0xfe, 0xe1, 0xbb, 0xd1, 0x02, 0x03 };

static void
conf(struct wbuf *w)
{
	devconf_put_bytes(w, DEVCONF_MAC, card, sizeof(card));
	devconf_put_int(w, DEVCONF_MTU, 1500);
}

static void
attached(struct sim *s, const struct devconf *c)
{
	struct net *m = net_of(s);
	const uint8_t *mac;
	size_t len;

	memset(m, 0, offsetof(struct net, want));
	mac = devconf_bytes(c, DEVCONF_MAC, &len);
	if (mac != NULL && len == NET_MAC)
		memcpy(m->own, mac, NET_MAC);
	m->mtu = (unsigned)devconf_int(c, DEVCONF_MTU, 0);
	m->maxpairs = (unsigned)devconf_int(c, DEVCONF_NQUEUES, 1);
	m->locked = devconf_int(c, DEVCONF_LOCKED, 0) != 0;
	m->offload = devconf_int(c, DEVCONF_OFFLOAD, 0) == 1;
	m->local = devconf_has(c, DEVCONF_GUESTADDR);
	m->guest = (uint32_t)devconf_int(c, DEVCONF_GUESTADDR, 0);
	m->link = devconf_int(c, DEVCONF_LINK, 1) != 0;
	net_reset(m);
}

/* What a loaded state says is true until the next reset; the link longer. */
static void
restored(struct sim *s)
{
	struct virtio_dev *v = sim_virtio(s);
	uint8_t img[VIRTIO_MAXCONFIG] = { 0 };

	net_of(s)->blind = 1;
	virtio_class(v)->config(v, img);
	if ((v->offered & VIONET_F_STATUS) != 0)
		net_of(s)->link = img[VIONET_C_STATUS] & VIONET_S_LINK_UP;
}

static int
resets(const struct viodev_msg *m)
{
	return m->type == VIODEV_RESET || m->type == VIODEV_SHUTDOWN ||
	    (m->type == VIODEV_WRITE && m->space == VIODEV_COMMON &&
	    m->where == VIRTIO_DEVICE_STATUS && m->width == 1 &&
	    (m->data & 0xff) == 0);
}

/* Adds up 16-bit numbers, the way of RFC 1071. */
static unsigned
sum(const uint8_t *p, size_t len)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < len; i++)
		total += (uint64_t)p[i] << (i % 2 == 0 ? 8 : 0);
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return total == 0xffff ? 0xffff : 0xffff - (unsigned)total;
}

/* Checksum fields of a header: whether they point into the frame. */
static int
points_in(const uint8_t *h, size_t len)
{
	size_t start = le16_get(h + 6), off = le16_get(h + 8);

	return start < len && start + off + 2 <= len;
}

/* The header that the guest shall see; the frame may change, too. */
static int
expect_header(struct sim *s, uint8_t *h, uint8_t *f, size_t len)
{
	int guest = net_has(s, VIONET_F_GUEST_CSUM);
	uint8_t old[VIONET_HDR];
	unsigned v;
	size_t at;

	memcpy(old, h, VIONET_HDR);
	memset(h, 0, VIONET_HDR);
	if (old[1] != 0)
		return 0;
	if ((old[0] & 1) == 0) {
		h[0] = guest ? old[0] & 2 : 0;
		return 1;
	}
	if (!points_in(old, len))
		return 0;
	if (guest) {
		h[0] = 1;
		memcpy(h + 6, old + 6, 4);
		s->ops |= OP_CSUM;
		return 1;
	}
	v = sum(f + le16_get(old + 6), len - le16_get(old + 6));
	at = (size_t)le16_get(old + 6) + le16_get(old + 8);
	f[at] = (uint8_t)(v >> 8);
	f[at + 1] = (uint8_t)v;
	s->ops |= OP_SUM;
	return 1;
}

/* What becomes of a frame that the host brings. */
static enum net_fate
expect_input(struct sim *s, const struct viodev_msg *msg)
{
	struct net *m = net_of(s);
	size_t skip = m->offload ? VIONET_HDR : 0, len;
	uint8_t *f = m->want + VIONET_HDR;

	if (msg->where >= sim_virtio(s)->nqueues ||
	    net_place(s, msg->where) != 0)
		return NET_NOTHING;
	if (msg->len < skip + 14 || msg->len > skip + 14 + 16384)
		return NET_BAD;
	len = msg->len - skip;
	memset(m->want, 0, VIONET_HDR);
	memcpy(m->want, msg->payload, skip);
	memcpy(f, msg->payload + skip, len);
	m->wantlen = VIONET_HDR + len;
	if (net_too_long(s, f, len) || !expect_header(s, m->want, f, len))
		return NET_BAD;
	return net_passes(s, msg->payload + skip, len) ? NET_TRY : NET_FILTER;
}

/* The queue that a message is about, or VIONET_MAXQ. */
static unsigned
looked_at(const struct viodev_msg *msg)
{
	uint64_t q = VIONET_MAXQ;

	if (msg->type == VIODEV_INPUT || msg->type == VIODEV_KICK)
		q = msg->where;
	else if (msg->type == VIODEV_WRITE && msg->space == VIODEV_NOTIFY)
		q = msg->data & 0xffff;
	return q < VIONET_MAXQ ? (unsigned)q : VIONET_MAXQ;
}

static void
before(struct sim *s, struct viodev_msg *msg)
{
	struct net *m = net_of(s);
	struct devconf c = { msg->payload, msg->len };
	unsigned i;

	m->q = looked_at(msg);
	for (i = 0; i < VIONET_NFATES && m->q < VIONET_MAXQ; i++)
		m->before[i] = vionet_count(s->dev, m->q, i);
	m->fate = NET_NOTHING;
	m->got = 0;
	m->frames = 0;
	m->small = 0;
	m->answering = 0;
	m->sent = 0;
	if (resets(msg))
		net_reset(m);
	if (msg->type == VIODEV_INPUT)
		m->fate = expect_input(s, msg);
	if (msg->type != VIODEV_CONFIG)
		return;
	m->link = devconf_int(&c, DEVCONF_LINK, (uint64_t)m->link) != 0;
	if (devconf_int(&c, DEVCONF_ANNOUNCE, 0) == 1 &&
	    virtio_live(sim_virtio(s)) &&
	    net_has(s, VIONET_F_GUEST_ANNOUNCE))
		m->announce = 1;
}

static uint64_t
delta(struct sim *s, unsigned fate)
{
	struct net *m = net_of(s);

	return m->q == VIONET_MAXQ ? 0 :
	    vionet_count(s->dev, m->q, fate) - m->before[fate];
}

/* ----------------------------------------------------------- to the guest */

/* An answer that nobody wrote down byte for byte: what must be in it. */
static void
expect_answer(struct sim *s, struct oracle_chain *c, uint32_t used)
{
	struct net *m = net_of(s);
	struct net_asked *a = &m->asked[(unsigned)s->oracle.cur / 2];
	const uint8_t *f = c->rsp + VIONET_HDR, *b = f + 42;

	if (!m->local || (!a->open && !m->blind))
		sim_fail(s, "net", "a frame for the guest out of nothing");
	m->answering = 1;
	m->wantlen = VIONET_HDR + DHCP_REPLY_MAX;
	/* In one piece it can be looked at. */
	if (used >= VIONET_HDR + 42 + 240 && !m->blind &&
	    (memcmp(f, a->mac, NET_MAC) != 0 || net_be16(f + 12) != 0x800 ||
	    net_be16(f + 34) != 67 || net_be16(f + 36) != 68 || b[0] != 2 ||
	    memcmp(b + 4, a->xid, 4) != 0 ||
	    (net_be32(b + 16) != m->guest && net_be32(b + 16) != 0) ||
	    memcmp(b + 28, a->mac, NET_MAC) != 0))
		sim_fail(s, "dhcp", "an answer to another question");
	a->open = 0;
	s->ops |= OP_ANSWER;
}

static void
first_part(struct sim *s, struct oracle_chain *c, uint32_t used)
{
	struct net *m = net_of(s);

	if (used < VIONET_HDR)
		sim_fail(s, "net", "a buffer with a part of a header");
	if (m->fate != NET_TRY || m->frames > 0)
		expect_answer(s, c, used);
	m->parts = le16_get(c->rsp + 10);
	m->seen = 0;
	m->told = s->oracle.q[s->oracle.cur].told;
	if (m->parts == 0 ||
	    (m->parts > 1 && !net_has(s, VIONET_F_MRG_RXBUF)))
		sim_fail(s, "net", "wrong number of buffers in a header");
	le16_put(m->want + 10, (uint16_t)m->parts);
	s->ops |= m->parts > 1 ? OP_MERGED : 0;
}

static void
part(struct sim *s, struct oracle_chain *c, uint32_t used)
{
	struct net *m = net_of(s);
	int last;

	if (m->got == 0)
		first_part(s, c, used);
	last = ++m->seen == m->parts;
	if (!last && used != c->wlen)
		sim_fail(s, "net", "a merged buffer that is not full");
	if (m->told != s->oracle.q[s->oracle.cur].told)
		sim_fail(s, "net", "parts of a frame were published one by "
		    "one");
	if (used > m->wantlen - m->got || (!m->answering &&
	    memcmp(c->rsp, m->want + m->got, used) != 0))
		sim_fail(s, "net", "the guest got another frame");
	m->got += used;
	if (!last)
		return;
	if (!m->answering && m->got != m->wantlen)
		sim_fail(s, "net", "the guest got a part of a frame");
	m->got = 0;
	m->frames += !m->answering;
	m->answering = 0;
	s->ops |= OP_RECEIVED;
}

static void
received(struct sim *s, struct oracle_chain *c, uint32_t used)
{
	if (used != 0 || net_of(s)->got > 0) {
		part(s, c, used);
		return;
	}
	if (c->wlen >= VIONET_HDR && !c->stuck)
		sim_fail(s, "net", "a buffer came back empty");
	net_of(s)->small = 1;
}

/* -------------------------------------------------------- from the guest */

static int
tx(struct sim *s, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct net *m = net_of(s);
	size_t at = 0;
	int i;

	if (net_place(s, q) != 1 || q / 2 >= m->maxpairs)
		sim_fail(s, "net", "a frame from a queue that sends nothing");
	if (m->sent)
		sim_fail(s, "net", "a frame was sent twice");
	for (i = 0; i < n; at += iov[i++].iov_len) {
		if (iov[i].iov_len > sizeof(m->out) - at)
			sim_fail(s, "net", "a frame beyond the longest");
		memcpy(m->out + at, iov[i].iov_base, iov[i].iov_len);
	}
	if (at != len)
		sim_fail(s, "host", "vectors and length differ");
	m->outlen = len;
	m->sent = !oracle_blind(&s->oracle);
	sim_mix(s, digest_of(m->out, len));
	return 0;
}

/* Whether the chain is a frame that may leave. */
static int
may_leave(struct sim *s, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	const uint8_t *f = c->req + VIONET_HDR;
	size_t len = c->rlen - VIONET_HDR;

	if (c->wlen > 0 || c->rlen < 12 + 14 || c->rlen > 12 + 14 + 16384)
		return 0;
	if (c->rpos < 12 + 14)
		sim_fail(s, "net", "a frame was dropped unseen");
	if (c->req[1] != 0 || net_too_long(s, f, len))
		return 0;
	if ((c->req[0] & 1) != 0 && net_has(s, VIONET_F_CSUM) &&
	    !points_in(c->req, len))
		return 0;
	if (m->locked && memcmp(f + 6, m->own, NET_MAC) != 0) {
		s->ops |= OP_LOCKED;
		return 0;
	}
	return 1;
}

static void
check_sent(struct sim *s, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	size_t skip = m->offload ? VIONET_HDR : 0;
	uint8_t h[VIONET_HDR] = { 0 };

	if ((c->req[0] & 1) != 0 && net_has(s, VIONET_F_CSUM)) {
		h[0] = 1;
		memcpy(h + 6, c->req + 6, 4);
	}
	if (m->outlen != skip + c->rlen - VIONET_HDR ||
	    memcmp(m->out, h, skip) != 0)
		sim_fail(s, "net", "a frame left with a wrong header");
	if (c->rpos != c->rlen || memcmp(m->out + skip, c->req + VIONET_HDR,
	    c->rlen - VIONET_HDR) != 0)
		sim_fail(s, "net", "another frame left");
	s->ops |= OP_SENT;
}

/* The card swallowed a frame: it must be a request of its own guest. */
static void
check_asked(struct sim *s, unsigned q, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	struct net_asked *a = &m->asked[q / 2];
	const uint8_t *f = c->req + VIONET_HDR, *b;

	if (!m->local || c->rpos != c->rlen || c->rlen < VIONET_HDR + 314 ||
	    net_be16(f + 12) != 0x800 || f[23] != 17)
		sim_fail(s, "net", "a frame was swallowed");
	b = f + 14 + 4 * (f[14] & 15U) + 8;
	if (net_be16(b - 6) != 67 || b[0] != 1 ||
	    (!m->blind && memcmp(b + 28, m->mac, NET_MAC) != 0))
		sim_fail(s, "net", "a frame was swallowed");
	s->ops |= OP_ASKED;
	if (a->open)
		return;
	a->open = 1;
	memcpy(a->xid, b + 4, 4);
	memcpy(a->mac, b + 28, NET_MAC);
}

static void
left(struct sim *s, unsigned q, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	int sent = m->sent, may = may_leave(s, c);

	m->sent = 0;
	if (sent && !may)
		sim_fail(s, "net", "a frame left that must not");
	if (sent)
		check_sent(s, c);
	else if (may)
		check_asked(s, q, c);
	else
		s->ops |= OP_BAD;
}

/* ------------------------------------------------------ the control queue */

static void
controlled(struct sim *s, const struct oracle_chain *c, uint32_t used)
{
	static const uint64_t kinds[] = {
		OP_MODE, OP_TABLE, OP_VLAN, OP_ACK, OP_PAIRS
	};
	int want;

	if (used != (c->wlen > 0))
		sim_fail(s, "net", "a command without its answer");
	if (c->wlen == 0)
		return;
	want = net_control(s, c);
	if (want == -1)
		sim_fail(s, "net", "a command was answered unread");
	if (c->rsp[0] != want)
		sim_fail(s, "net", "a command was answered wrong");
	if (want == 0)
		s->ops |= c->req[0] == 1 && c->req[1] == 1 ? OP_ADDRESS :
		    kinds[c->req[0]];
	else
		s->ops |= OP_REFUSED;
}

static void
complete(struct sim *s, unsigned q, struct oracle_chain *c, uint32_t used)
{
	switch (net_place(s, q)) {
	case 0:
		received(s, c, used);
		break;
	case 1:
		left(s, q, c);
		break;
	case 2:
		controlled(s, c, used);
		break;
	default:
		sim_fail(s, "net", "a queue was served that is none");
	}
}

/* ------------------------------------------------------- after a message */

/* One frame in, one count up. */
static void
check_counts(struct sim *s)
{
	static const unsigned fates[] = {
		[NET_BAD] = VIONET_BAD, [NET_FILTER] = VIONET_FILTER
	};
	struct net *m = net_of(s);
	uint64_t passed, nobuf;
	unsigned i, n = 0;

	if (m->fate == NET_NOTHING)
		return;
	for (i = 0; i < VIONET_NFATES; i++)
		n += delta(s, i) != 0;
	passed = delta(s, VIONET_PASSED);
	nobuf = delta(s, VIONET_NOBUF);
	if (n != 1 || (m->blind ? 0 : m->fate == NET_TRY ?
	    passed + nobuf != 1 : delta(s, fates[m->fate]) != 1))
		sim_fail(s, "net", "a frame was counted wrong");
	s->ops |= m->fate == NET_BAD ? OP_BAD : m->fate == NET_FILTER ?
	    OP_FILTER : nobuf ? OP_NOBUF : 0;
	if (!oracle_blind(&s->oracle) && m->frames != passed)
		sim_fail(s, "net", "a frame was counted and did not arrive");
}

/*
 * A frame may be lost for room only when the device saw none.  With a guest
 * that offers more in the same moment nobody can tell.
 */
static void
check_room(struct sim *s)
{
	struct net *m = net_of(s);
	struct oracle_queue *q = &s->oracle.q[m->q];
	struct virtio_dev *v = sim_virtio(s);

	if (m->fate != NET_TRY || m->blind || s->oracle.race != 0 ||
	    oracle_blind(&s->oracle) ||
	    delta(s, VIONET_NOBUF) == 0 || !virtio_live(v) ||
	    v->paused || !v->vq[m->q].enabled || m->q / 2 >= m->pairs)
		return;
	if (!q->undone && !m->small && q->limit != q->next &&
	    q->taken < v->vq[m->q].size)
		sim_fail(s, "net", "a frame was lost although there is room");
}

/* The host is asked for frames as long as the last look found a buffer. */
static void
check_ready(struct sim *s, const struct viodev_msg *msg)
{
	struct net *m = net_of(s);
	struct virtio_dev *v = sim_virtio(s);
	struct oracle_queue *oq;
	unsigned i, on;

	for (i = 0; i < m->maxpairs; i++) {
		on = s->rx_on >> (2 * i) & 1;
		oq = &s->oracle.q[2 * i];
		if (on && ((v->status & VIRTIO_S_DRIVER_OK) == 0 ||
		    (!m->blind && i >= m->pairs)))
			sim_fail(s, "net", "frames are wanted for a queue "
			    "that is off");
		if (msg->type == VIODEV_KICK && msg->where == 2 * i &&
		    net_place(s, 2 * i) == 0 && i < m->pairs &&
		    virtio_live(v) && !v->paused && oq->on &&
		    !m->blind && !oracle_blind(&s->oracle) &&
		    on != (oq->limit != oq->next))
			sim_fail(s, "net", "frames are wanted without a "
			    "buffer, or not wanted with one");
	}
}

static void
check_config(struct sim *s)
{
	struct net *m = net_of(s);
	struct virtio_dev *v = sim_virtio(s);
	uint8_t img[VIRTIO_MAXCONFIG] = { 0 };
	unsigned status = (unsigned)(m->link | m->announce << 1);

	virtio_class(v)->config(v, img);
	if (m->blind)
		return;
	if (memcmp(img, m->mac, NET_MAC) != 0 || le16_get(img + 6) !=
	    ((v->offered & VIONET_F_STATUS) != 0 ? status : 0) ||
	    le16_get(img + 8) !=
	    ((v->offered & VIONET_F_MQ) != 0 ? m->maxpairs : 0) ||
	    le16_get(img + 10) !=
	    ((v->offered & VIONET_F_MTU) != 0 ? m->mtu : 0))
		sim_fail(s, "net", "the configuration shows other values");
}

static void
after(struct sim *s, const struct viodev_msg *msg)
{
	struct net *m = net_of(s);

	/* Commands that nobody follows may have changed anything. */
	if (oracle_blind(&s->oracle))
		m->blind = 1;
	if (m->got != 0)
		sim_fail(s, "net", "a frame ends in the middle");
	check_counts(s);
	check_room(s);
	check_ready(s, msg);
	check_config(s);
	/* An answer found a buffer that was too small for it. */
	if (msg->type != VIODEV_INPUT && delta(s, VIONET_NOBUF) > 0)
		m->asked[m->q / 2].open = 0;
	if (delta(s, VIONET_HOST) > 0)
		s->ops |= OP_HOST;
}

static void
stopped(struct sim *s)
{
	if (!s->dead)
		check_config(s);
}

static int
lazy(struct sim *s, unsigned q)
{
	int place = net_place(s, q);

	return place == 0 || place == 3 ||
	    (place == 1 && q / 2 >= net_of(s)->pairs);
}

const struct sim_kind sim_vionet = {
	.dev = &vionet_dev,
	.conf = conf,
	.attached = attached,
	.complete = complete,
	.before = before,
	.after = after,
	.stopped = stopped,
	.tx = tx,
	.priv = sizeof(struct net),
	.hold = VIONET_MAXMERGE,
	.restored = restored,
	.lazy = lazy,
	.ops = ops,
};
