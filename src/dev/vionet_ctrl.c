/* The control queue: virtio 1.3, 5.1.6.5. */
#include "vionet_priv.h"

#define HEAD	2		/* class and command */

/* What is left of a command must be exactly this long. */
static int
read_exactly(struct vq_chain *c, void *p, size_t len)
{
	return c->rlen == len && chain_read(c, p, len) == len ? 0 : -1;
}

static int
set_mode(struct vionet *n, struct vq_chain *c, unsigned command)
{
	uint64_t need = command <= VIONET_RX_ALLMULTI ? VIONET_F_CTRL_RX :
	    VIONET_F_CTRL_RX_EXTRA;
	uint8_t on;

	if (command > VIONET_RX_NOBCAST || !vionet_has(n, need) ||
	    read_exactly(c, &on, 1) == -1 || on > 1)
		return -1;
	n->filter.mode &= (uint8_t)~(1U << command);
	n->filter.mode |= (uint8_t)((unsigned)on << command);
	return 0;
}

/* Moves over bytes that nobody wants. */
static void
skip(struct vq_chain *c, size_t len)
{
	uint8_t drain[1024];
	size_t step;

	for (; len > 0; len -= step)
		step = chain_read(c, drain,
		    len < sizeof(drain) ? len : sizeof(drain));
}

/* One table off a command: how many entries, then these. */
static int
read_table(struct vq_chain *c, struct vionet_table *t)
{
	uint8_t count[4];
	uint64_t bytes;

	if (chain_read(c, count, sizeof(count)) != sizeof(count))
		return -1;
	bytes = (uint64_t)le32_get(count) * VIONET_MAC;
	if (bytes > c->rlen)
		return -1;
	memset(t, 0, sizeof(*t));
	if (bytes > sizeof(t->mac)) {
		t->all = 1;
		skip(c, (size_t)bytes);
		return 0;
	}
	t->n = (uint8_t)le32_get(count);
	(void)chain_read(c, t->mac, (size_t)bytes);
	return 0;
}

/* Both tables, or neither. */
static int
set_tables(struct vionet *n, struct vq_chain *c)
{
	struct vionet_table uni, multi;

	if (!vionet_has(n, VIONET_F_CTRL_RX) || read_table(c, &uni) == -1 ||
	    read_table(c, &multi) == -1 || c->rlen != 0)
		return -1;
	n->filter.uni = uni;
	n->filter.multi = multi;
	return 0;
}

static int
set_mac(struct vionet *n, struct vq_chain *c)
{
	uint8_t mac[VIONET_MAC];

	if (!vionet_has(n, VIONET_F_CTRL_MAC_ADDR) ||
	    read_exactly(c, mac, sizeof(mac)) == -1 || vionet_group(mac))
		return -1;
	if (memcmp(mac, n->mac, sizeof(mac)) == 0)
		return 0;
	memcpy(n->mac, mac, sizeof(mac));
	memcpy(n->dhcp.guest_mac, mac, sizeof(mac));
	virtio_config_changed(&n->v);
	return 0;
}

static int
set_vlan(struct vionet *n, struct vq_chain *c, unsigned command)
{
	uint8_t raw[2];
	unsigned id;

	if (command > VIONET_VLAN_DEL || !vionet_has(n, VIONET_F_CTRL_VLAN) ||
	    read_exactly(c, raw, sizeof(raw)) == -1)
		return -1;
	id = le16_get(raw);
	if (id >= VIONET_VLANS)
		return -1;
	if (command == VIONET_VLAN_ADD)
		n->filter.vlan[id / 8] |= (uint8_t)(1U << id % 8);
	else
		n->filter.vlan[id / 8] &= (uint8_t)~(1U << id % 8);
	return 0;
}

/* Queues of pairs that come into use may have waited: they are looked at. */
static int
set_pairs(struct vionet *n, struct vq_chain *c)
{
	struct dev_host *h = &n->v.dev.host;
	uint8_t raw[2];
	unsigned pairs, i;

	if (!vionet_has(n, VIONET_F_MQ) ||
	    read_exactly(c, raw, sizeof(raw)) == -1)
		return -1;
	pairs = le16_get(raw);
	if (pairs == 0 || pairs > n->maxpairs)
		return -1;
	for (i = 0; i < 2 * pairs; i++)
		if (!n->v.vq[i].enabled)
			return -1;
	for (i = pairs; i < n->pairs; i++)
		vionet_rx_set(n, i, 0);
	for (i = 2U * n->pairs; i < 2 * pairs; i++)
		h->ops->again(h->arg, i);
	n->pairs = (uint16_t)pairs;
	return 0;
}

static int
acknowledge(struct vionet *n, const struct vq_chain *c)
{
	if (!vionet_has(n, VIONET_F_GUEST_ANNOUNCE) || c->rlen != 0)
		return -1;
	if (n->announce) {
		n->announce = 0;
		virtio_config_changed(&n->v);
	}
	return 0;
}

static int
command(struct vionet *n, struct vq_chain *c)
{
	uint8_t head[HEAD];

	if (c->rlen > VIONET_MAXCTRL ||
	    chain_read(c, head, sizeof(head)) != sizeof(head))
		return -1;
	switch (head[0]) {
	case VIONET_CTRL_RX:
		return set_mode(n, c, head[1]);
	case VIONET_CTRL_MAC:
		return head[1] == VIONET_MAC_TABLE ? set_tables(n, c) :
		    head[1] == VIONET_MAC_ADDR ? set_mac(n, c) : -1;
	case VIONET_CTRL_VLAN:
		return set_vlan(n, c, head[1]);
	case VIONET_CTRL_ANNOUNCE:
		return head[1] == VIONET_ANNOUNCE_ACK ? acknowledge(n, c) : -1;
	case VIONET_CTRL_MQ:
		return head[1] == VIONET_MQ_PAIRS ? set_pairs(n, c) : -1;
	default:
		return -1;
	}
}

/* Without a byte for the answer nothing is done: 5.1.6.5. */
enum vq_result
vionet_ctrl(struct vionet *n, struct vq_work *w)
{
	enum vq_result r;
	struct vq_chain c;
	uint8_t ack;

	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		if (c.wlen > 0) {
			ack = command(n, &c) == 0 ? VIONET_ACK_OK :
			    VIONET_ACK_ERR;
			(void)chain_write(&c, &ack, 1);
		}
		vq_done(w, &c);
	}
	return r;
}
