#include "netmodel.h"

#include <string.h>

void
net_reset(struct net *m)
{
	m->blind = 0;
	memcpy(m->mac, m->own, NET_MAC);
	m->promisc = m->allmulti = m->alluni = 0;
	m->nomulti = m->nouni = m->nobcast = 0;
	m->uni.n = m->multi.n = 0;
	m->uni.all = m->multi.all = 0;
	memset(m->vlan, 0, sizeof(m->vlan));
	memset(m->asked, 0, sizeof(m->asked));
	m->pairs = 1;
	m->announce = 0;
}

int
net_place(struct sim *s, unsigned q)
{
	unsigned n = net_has(s, VIONET_F_MQ) ? net_of(s)->maxpairs : 1;

	if (q == 2 * n && net_has(s, VIONET_F_CTRL_VQ))
		return 2;
	return q < 2 * n ? (int)(q & 1) : 3;
}

/* The one byte of a command that switches something. */
static int
flag(struct sim *s, const struct oracle_chain *c, uint64_t feature, int *what)
{
	if (!net_has(s, feature) || c->rlen != 3)
		return 1;
	if (c->rpos < 3)
		return -1;
	if (c->req[2] > 1)
		return 1;
	*what = c->req[2];
	return 0;
}

static int
receive_mode(struct sim *s, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	int *what[] = {
		&m->promisc, &m->allmulti, &m->alluni, &m->nomulti, &m->nouni,
		&m->nobcast
	};

	if (c->req[1] > 5)
		return 1;
	return flag(s, c, c->req[1] < 2 ? VIONET_F_CTRL_RX :
	    VIONET_F_CTRL_RX_EXTRA, what[c->req[1]]);
}

/* A table at p: the bytes that it takes, or 0 when they are not there. */
static size_t
list(struct net_list *l, const uint8_t *p, size_t len)
{
	uint64_t n;

	memset(l, 0, sizeof(*l));
	if (len < 4 || (n = le32_get(p)) > (len - 4) / NET_MAC)
		return 0;
	l->all = n > VIONET_MACS;
	l->n = l->all ? 0 : (unsigned)n;
	memcpy(l->mac, p + 4, (size_t)l->n * NET_MAC);
	return (size_t)(4 + n * NET_MAC);
}

static int
tables(struct sim *s, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	struct net_list uni, multi;
	size_t a, b;

	if (!net_has(s, VIONET_F_CTRL_RX) || c->rlen < 2 + 8)
		return 1;
	if (c->rpos < 6)
		return -1;
	/* The first count may promise more than there is. */
	a = list(&uni, c->req + 2, c->rlen - 2);
	if (a == 0 || a + 2 + 4 > c->rlen)
		return 1;
	if (c->rpos < 2 + a + 4)
		return -1;
	b = list(&multi, c->req + 2 + a, c->rlen - 2 - a);
	if (b == 0 || 2 + a + b != c->rlen)
		return 1;
	if (c->rpos < c->rlen)
		return -1;
	m->uni = uni;
	m->multi = multi;
	return 0;
}

static int
address(struct sim *s, const struct oracle_chain *c)
{
	if (!net_has(s, VIONET_F_CTRL_MAC_ADDR) || c->rlen != 8)
		return 1;
	if (c->rpos < 8)
		return -1;
	if (c->req[2] & 1)
		return 1;
	memcpy(net_of(s)->mac, c->req + 2, NET_MAC);
	return 0;
}

static int
vlan(struct sim *s, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	unsigned id;

	if (!net_has(s, VIONET_F_CTRL_VLAN) || c->rlen != 4 || c->req[1] > 1)
		return 1;
	if (c->rpos < 4)
		return -1;
	if (c->req[3] > 15)
		return 1;
	id = le16_get(c->req + 2);
	m->vlan[id / 64] &= ~(1ULL << id % 64);
	m->vlan[id / 64] |= (uint64_t)(c->req[1] == 0) << id % 64;
	return 0;
}

static int
pairs(struct sim *s, const struct oracle_chain *c)
{
	struct net *m = net_of(s);
	unsigned n, i;

	if (!net_has(s, VIONET_F_MQ) || c->rlen != 4 || c->req[1] != 0)
		return 1;
	if (c->rpos < 4)
		return -1;
	n = le16_get(c->req + 2);
	if (n < 1 || n > m->maxpairs)
		return 1;
	for (i = 0; i < 2 * n; i++)
		if (!sim_virtio(s)->vq[i].enabled)
			return 1;
	m->pairs = n;
	return 0;
}

static int
seen(struct sim *s, const struct oracle_chain *c)
{
	if (!net_has(s, VIONET_F_GUEST_ANNOUNCE) || c->rlen != 2 ||
	    c->req[1] != 0)
		return 1;
	net_of(s)->announce = 0;
	return 0;
}

int
net_control(struct sim *s, const struct oracle_chain *c)
{
	if (c->rlen < 2 || c->rlen > VIONET_MAXCTRL)
		return 1;
	if (c->rpos < 2)
		return -1;
	switch (c->req[0]) {
	case 0:
		return receive_mode(s, c);
	case 1:
		return c->req[1] == 0 ? tables(s, c) :
		    c->req[1] == 1 ? address(s, c) : 1;
	case 2:
		return vlan(s, c);
	case 3:
		return seen(s, c);
	case 4:
		return pairs(s, c);
	default:
		return 1;
	}
}

static int
known(const struct net_list *l, const uint8_t *mac)
{
	unsigned i;

	for (i = 0; i < l->n; i++)
		if (memcmp(l->mac[i], mac, NET_MAC) == 0)
			return 1;
	return l->all;
}

static int
mac_passes(const struct net *m, const uint8_t *dst)
{
	int mine = memcmp(dst, m->mac, NET_MAC) == 0;

	if (memcmp(dst, "\xff\xff\xff\xff\xff\xff", NET_MAC) == 0)
		return !m->nobcast;
	if (dst[0] & 1)
		return m->nomulti ? 0 : m->allmulti || known(&m->multi, dst);
	return m->nouni ? 0 : m->alluni || mine || known(&m->uni, dst);
}

int
net_passes(struct sim *s, const uint8_t *f, size_t len)
{
	struct net *m = net_of(s);
	unsigned id;

	if (m->locked && !(f[0] & 1) && memcmp(f, m->own, NET_MAC) != 0)
		return 0;
	if (net_has(s, VIONET_F_CTRL_RX) && m->promisc)
		return 1;
	if (net_has(s, VIONET_F_CTRL_RX) && !mac_passes(m, f))
		return 0;
	if (!net_has(s, VIONET_F_CTRL_VLAN) || net_be16(f + 12) != 0x8100)
		return 1;
	if (len < 18)
		return 0;
	id = net_be16(f + 14) % 4096;
	return id == 0 || (m->vlan[id / 64] >> id % 64 & 1) != 0;
}

int
net_too_long(struct sim *s, const uint8_t *f, size_t len)
{
	size_t most = net_of(s)->mtu + 14;

	most += net_be16(f + 12) == 0x8100 ? 4 : 0;
	return net_has(s, VIONET_F_MTU) && len > most;
}
