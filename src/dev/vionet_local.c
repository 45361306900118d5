/* A local interface answers DHCP itself; the request never leaves. */
#include "vionet_priv.h"

void
vionet_local_init(struct vionet *n, const struct devconf *conf)
{
	const uint8_t *val;
	size_t len;

	n->local = devconf_has(conf, DEVCONF_GUESTADDR) != 0;
	n->dhcp.guest = (uint32_t)devconf_int(conf, DEVCONF_GUESTADDR, 0);
	n->dhcp.host = (uint32_t)devconf_int(conf, DEVCONF_HOSTADDR, 0);
	n->dhcp.mask = (uint32_t)devconf_int(conf, DEVCONF_NETMASK,
	    0xfffffffe);
	n->dhcp.netboot = devconf_int(conf, DEVCONF_NETBOOT, 0) == 1;
	val = devconf_bytes(conf, DEVCONF_HOSTMAC, &len);
	if (val != NULL && len == VIONET_MAC)
		memcpy(n->dhcp.host_mac, val, len);
	val = devconf_bytes(conf, DEVCONF_HOSTNAME, &len);
	if (val != NULL && len > 0 && len < sizeof(n->hostname)) {
		memcpy(n->hostname, val, len);
		n->dhcp.hostname = n->hostname;
	}
}

const struct dhcp_stat *
vionet_dhcp(const struct dev *d, unsigned pair)
{
	const struct vionet *n = (const struct vionet *)d;

	return pair < VIONET_MAXPAIRS ? &n->seen[pair] : NULL;
}

/* Whether a frame is worth a closer look: IPv4, of a length for DHCP. */
int
vionet_local_asks(const struct vionet *n, const uint8_t *ether, size_t len)
{
	return n->local && len >= DHCP_FRAME_MIN && len <= DHCP_FRAME_MAX &&
	    ether[12] == 0x08 && ether[13] == 0x00;
}

/*
 * VIONET_PASSED: not for us, let it go.  The lane that sends owns the answer
 * while its length is 0; the receiver is called through its own queue.
 */
enum vionet_fate
vionet_local(struct vionet *n, unsigned q, const uint8_t *frame, size_t len)
{
	struct vionet_answer *a = &n->answer[q / 2];
	uint8_t reply[DHCP_REPLY_MAX];
	enum dhcp_result r;
	size_t replylen;

	r = dhcp_answer(&n->dhcp, frame, len, reply, &replylen);
	n->seen[q / 2].n[r]++;
	if (r != DHCP_ANSWERED)
		return VIONET_PASSED;
	if (atomic_load_explicit(&a->len, memory_order_acquire) != 0)
		return VIONET_LOST;
	memcpy(a->frame, reply, replylen);
	atomic_store_explicit(&a->len, (uint16_t)replylen,
	    memory_order_release);
	n->v.dev.host.ops->again(n->v.dev.host.arg, q - 1);
	return VIONET_ANSWERED;
}
