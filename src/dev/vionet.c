#include "vionet_priv.h"

#define CTRL_FEATURES	(VIONET_F_CTRL_RX | VIONET_F_CTRL_VLAN |	\
			 VIONET_F_CTRL_RX_EXTRA | VIONET_F_GUEST_ANNOUNCE | \
			 VIONET_F_MQ | VIONET_F_CTRL_MAC_ADDR)
#define BASE_FEATURES	(VIONET_F_MAC | VIONET_F_MRG_RXBUF |		\
			 VIONET_F_STATUS | VIONET_F_CTRL_VQ |		\
			 VIONET_F_CTRL_RX | VIONET_F_CTRL_VLAN |	\
			 VIONET_F_CTRL_RX_EXTRA | VIONET_F_GUEST_ANNOUNCE)

enum vionet_role
vionet_role(const struct vionet *n, unsigned q)
{
	unsigned pairs = vionet_has(n, VIONET_F_MQ) ? n->maxpairs : 1;

	if (q < 2 * pairs)
		return q % 2 == 0 ? VIONET_RX : VIONET_TX;
	return q == 2 * pairs && vionet_has(n, VIONET_F_CTRL_VQ) ?
	    VIONET_CTRL : VIONET_NONE;
}

void
vionet_rx_set(struct vionet *n, unsigned pair, int on)
{
	struct dev_host *h = &n->v.dev.host;

	if (n->rx_on[pair] == on)
		return;
	n->rx_on[pair] = (uint8_t)on;
	h->ops->rx_ready(h->arg, 2 * pair, on);
}

int
vionet_oversize(const struct vionet *n, const uint8_t *ether, size_t len)
{
	size_t most = n->mtu + VIONET_ETHER;

	if (ether[12] == 0x81 && ether[13] == 0)
		most += VIONET_TAG;
	return vionet_has(n, VIONET_F_MTU) && len > most;
}

/* Pairs that are not in use get nothing and send nothing: 5.1.6.5.5. */
static enum vq_result
vionet_queue(struct virtio_dev *v, unsigned q, struct vq_work *w)
{
	struct vionet *n = (struct vionet *)v;
	enum vionet_role role = vionet_role(n, q);

	if (role == VIONET_CTRL)
		return vionet_ctrl(n, w);
	if (role == VIONET_NONE || q / 2 >= n->pairs)
		return VQ_EMPTY;
	return role == VIONET_RX ? vionet_rx(n, q, w) : vionet_tx(n, q, w);
}

static unsigned
vionet_lane(const struct virtio_dev *v, unsigned q)
{
	enum vionet_role role = vionet_role((const struct vionet *)v, q);

	return role == VIONET_RX || role == VIONET_TX ? q + 1 : 0;
}

static void
vionet_config(const struct virtio_dev *v, uint8_t *img)
{
	const struct vionet *n = (const struct vionet *)v;
	uint16_t status = 0;

	memcpy(img + VIONET_C_MAC, n->mac, VIONET_MAC);
	if ((v->offered & VIONET_F_STATUS) != 0)
		status = (uint16_t)((n->link ? VIONET_S_LINK_UP : 0) |
		    (n->announce ? VIONET_S_ANNOUNCE : 0));
	le16_put(img + VIONET_C_STATUS, status);
	if ((v->offered & VIONET_F_MQ) != 0)
		le16_put(img + VIONET_C_PAIRS, n->maxpairs);
	if ((v->offered & VIONET_F_MTU) != 0)
		le16_put(img + VIONET_C_MTU, n->mtu);
}

static void
vionet_reset(struct virtio_dev *v)
{
	struct vionet *n = (struct vionet *)v;
	unsigned i;

	for (i = 0; i < n->maxpairs; i++) {
		vionet_rx_set(n, i, 0);
		n->answer[i].len = 0;
	}
	memset(&n->filter, 0, sizeof(n->filter));
	memcpy(n->mac, n->fixed, VIONET_MAC);
	memcpy(n->dhcp.guest_mac, n->fixed, VIONET_MAC);
	n->announce = 0;
	n->pairs = 1;
}

/* What needs another bit: 5.1.3.1. */
static uint64_t
vionet_prune(uint64_t f)
{
	if ((f & VIONET_F_CTRL_VQ) == 0)
		f &= ~CTRL_FEATURES;
	if ((f & VIONET_F_STATUS) == 0)
		f &= ~VIONET_F_GUEST_ANNOUNCE;
	return f;
}

static int
vionet_features_ok(const struct virtio_dev *v, uint64_t f)
{
	(void)v;
	return vionet_prune(f) == f ? 0 : -1;
}

/* New values from the host; a list that lacks one leaves it alone. */
static void
vionet_reconf(struct virtio_dev *v, const struct devconf *conf)
{
	struct vionet *n = (struct vionet *)v;
	uint8_t link = devconf_int(conf, DEVCONF_LINK, n->link) != 0;
	const uint8_t *mac;
	size_t len;

	mac = devconf_bytes(conf, DEVCONF_HOSTMAC, &len);
	if (mac != NULL && len == VIONET_MAC)
		memcpy(n->dhcp.host_mac, mac, VIONET_MAC);
	if (link != n->link) {
		n->link = link;
		if ((v->offered & VIONET_F_STATUS) != 0)
			virtio_config_changed(v);
	}
	if (devconf_int(conf, DEVCONF_ANNOUNCE, 0) == 1 && virtio_live(v) &&
	    vionet_has(n, VIONET_F_GUEST_ANNOUNCE)) {
		n->announce = 1;
		virtio_config_changed(v);
	}
}

static const char *
bad_conf(const struct vionet *n, const struct devconf *conf, uint64_t qsize)
{
	static const uint8_t none[VIONET_MAC];
	const uint8_t *mac;
	size_t len;

	mac = devconf_bytes(conf, DEVCONF_MAC, &len);
	if (mac == NULL || len != VIONET_MAC || vionet_group(mac) ||
	    memcmp(mac, none, VIONET_MAC) == 0)
		return "MAC missing, zero or a group address";
	if (devconf_has(conf, DEVCONF_MTU) &&
	    (n->mtu < 68 || n->mtu > VIONET_MAXMTU))
		return "MTU is not 68 to 16384";
	if (n->maxpairs == 0 || n->maxpairs > VIONET_MAXPAIRS)
		return "number of queue pairs is not 1 to 3";
	if (qsize < 2 || qsize > 1024 || (qsize & (qsize - 1)) != 0)
		return "queue size is no power of two from 2 to 1024";
	if (n->offload > 1)
		return "offload is neither 0 nor 1";
	if (devconf_has(conf, DEVCONF_GUESTADDR) !=
	    devconf_has(conf, DEVCONF_HOSTADDR))
		return "one address of a local interface without the other";
	return NULL;
}

static uint64_t
features(const struct vionet *n)
{
	uint64_t f = BASE_FEATURES;

	if (n->mtu != 0)
		f |= VIONET_F_MTU;
	if (n->maxpairs > 1)
		f |= VIONET_F_MQ;
	if (n->offload)
		f |= VIONET_F_CSUM | VIONET_F_GUEST_CSUM;
	if (!n->locked)
		f |= VIONET_F_CTRL_MAC_ADDR;
	return f;
}

static int
vionet_attach(struct virtio_dev *v, const struct devconf *conf)
{
	struct vionet *n = (struct vionet *)v;
	uint64_t qsize = devconf_int(conf, DEVCONF_QSIZE, VIONET_QSIZE);
	const char *why;
	unsigned q;
	size_t len;

	n->mtu = (uint16_t)devconf_int(conf, DEVCONF_MTU, 0);
	n->maxpairs = (uint16_t)devconf_int(conf, DEVCONF_NQUEUES, 1);
	n->locked = devconf_int(conf, DEVCONF_LOCKED, 0) != 0;
	n->offload = (uint8_t)devconf_int(conf, DEVCONF_OFFLOAD, 0);
	n->link = devconf_int(conf, DEVCONF_LINK, 1) != 0;
	if ((why = bad_conf(n, conf, qsize)) != NULL) {
		dev_log(&v->dev, HLOG_WARN, "vionet: %s", why);
		return -1;
	}
	memcpy(n->fixed, devconf_bytes(conf, DEVCONF_MAC, &len), VIONET_MAC);
	vionet_local_init(n, conf);
	v->offered |= features(n);
	v->nqueues = (uint16_t)(2 * n->maxpairs + 1);
	for (q = 0; q < v->nqueues; q++)
		v->vq[q].max = (uint16_t)qsize;
	return 0;
}

static void
vionet_detach(struct virtio_dev *v)
{
	struct vionet *n = (struct vionet *)v;
	unsigned i;

	for (i = 0; i < n->maxpairs; i++)
		vionet_rx_set(n, i, 0);
}

uint64_t
vionet_count(const struct dev *d, unsigned q, enum vionet_fate fate)
{
	const struct vionet *n = (const struct vionet *)d;

	return q < VIONET_MAXQ && fate < VIONET_NFATES ? n->count[q][fate] : 0;
}

const char *
vionet_fate_name(unsigned fate)
{
	static const char *const names[VIONET_NFATES] = {
		"passed", "bad", "filtered", "no buffer", "locked", "host",
		"answered", "lost"
	};

	return fate < VIONET_NFATES ? names[fate] : NULL;
}

static const struct virtio_ops vionet_ops = {
	.id = VIRTIO_ID_NET,
	.config_size = VIONET_C_SIZE,
	.attach = vionet_attach,
	.detach = vionet_detach,
	.reset = vionet_reset,
	.prune = vionet_prune,
	.features_ok = vionet_features_ok,
	.config = vionet_config,
	.lane = vionet_lane,
	.queue = vionet_queue,
	.input = vionet_input,
	.reconf = vionet_reconf,
	.save = vionet_save,
	.load = vionet_load,
	.check = vionet_check,
};

const struct dev_ops vionet_dev =
    VIRTIO_DEV_OPS("vionet", struct vionet, &vionet_ops, VIONET_MAXQ);
