/* Which frames a guest gets to see: virtio 1.3, 5.1.6.5.1 to 5.1.6.5.3. */
#include "vionet_priv.h"

static int
mode(const struct vionet *n, unsigned which)
{
	return (n->filter.mode & 1U << which) != 0;
}

static int
listed(const struct vionet_table *t, const uint8_t *mac)
{
	unsigned i;

	if (t->all)
		return 1;
	for (i = 0; i < t->n; i++)
		if (memcmp(t->mac[i], mac, VIONET_MAC) == 0)
			return 1;
	return 0;
}

/* Where two modes contradict each other the narrower one holds. */
static int
mac_wanted(const struct vionet *n, const uint8_t *dst)
{
	static const uint8_t all[VIONET_MAC] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};

	if (memcmp(dst, all, VIONET_MAC) == 0)
		return !mode(n, VIONET_RX_NOBCAST);
	if (vionet_group(dst))
		return !mode(n, VIONET_RX_NOMULTI) &&
		    (mode(n, VIONET_RX_ALLMULTI) ||
		    listed(&n->filter.multi, dst));
	return !mode(n, VIONET_RX_NOUNI) && (mode(n, VIONET_RX_ALLUNI) ||
	    memcmp(dst, n->mac, VIONET_MAC) == 0 ||
	    listed(&n->filter.uni, dst));
}

static int
vlan_wanted(const struct vionet *n, const uint8_t *frame, size_t len)
{
	unsigned id;

	if (frame[12] != 0x81 || frame[13] != 0)
		return 1;
	/* A tag that is cut off is of no network. */
	if (len < VIONET_ETHER + VIONET_TAG)
		return 0;
	id = (frame[14] & 0x0fU) << 8 | frame[15];
	return id == 0 || (n->filter.vlan[id / 8] & 1U << id % 8) != 0;
}

int
vionet_wanted(const struct vionet *n, const uint8_t *frame, size_t len)
{
	if (n->locked && !vionet_group(frame) &&
	    memcmp(frame, n->fixed, VIONET_MAC) != 0)
		return 0;
	if (vionet_has(n, VIONET_F_CTRL_RX)) {
		if (mode(n, VIONET_RX_PROMISC))
			return 1;
		if (!mac_wanted(n, frame))
			return 0;
	}
	return !vionet_has(n, VIONET_F_CTRL_VLAN) || vlan_wanted(n, frame, len);
}
