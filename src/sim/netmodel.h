/*
 * The model of a network card: what its control commands answer and which
 * frames reach the guest.  Written from the specification (virtio 1.3,
 * 5.1.6), not from the device.
 */
#ifndef NETMODEL_H
#define NETMODEL_H

#include "sim.h"
#include "vionet.h"

#define NET_MAC		6
#define NET_LIST	128		/* addresses that a table may have */

/* Addresses that the guest listed; all: too many to remember. */
struct net_list {
	int		all;
	unsigned	n;
	uint8_t		mac[NET_LIST][NET_MAC];
};

/* A DHCP request that was swallowed. */
struct net_asked {
	int		open;
	uint8_t		xid[4];
	uint8_t		mac[NET_MAC];
};

/* What a frame is in for. */
enum net_fate {
	NET_NOTHING,			/* not looked at */
	NET_BAD,
	NET_FILTER,
	NET_TRY				/* the guest, if there is room */
};

struct net {
	/* as attached */
	uint8_t		 own[NET_MAC];
	unsigned	 mtu, maxpairs;
	int		 locked, offload, local;
	uint32_t	 guest;
	/* since the last reset */
	int		 blind;		/* a state was loaded: nothing known */
	uint8_t		 mac[NET_MAC];
	int		 promisc, allmulti, alluni, nomulti, nouni, nobcast;
	uint64_t	 vlan[64];	/* a bit each */
	unsigned	 pairs;
	int		 link, announce;
	struct net_asked asked[VIONET_MAXPAIRS];
	/* the message under way */
	enum net_fate	 fate;
	unsigned	 q;
	uint64_t	 before[VIONET_NFATES];
	uint8_t		 want[VIONET_HDR + VIONET_MAXFRAME];
	size_t		 wantlen, got;
	unsigned	 parts, seen;	/* buffers of the frame under way */
	unsigned	 frames;	/* that arrived whole */
	uint16_t	 told;
	int		 small;		/* a buffer went back empty */
	int		 answering;	/* what arrives is an answer */
	/* the frame that left */
	int		 sent;
	uint8_t		 out[VIONET_HDR + VIONET_MAXFRAME];
	size_t		 outlen;
	struct net_list	 uni, multi;	/* since the last reset, too */
};

static inline struct net *
net_of(struct sim *s)
{
	return s->priv;
}

static inline int
net_has(struct sim *s, uint64_t feature)
{
	return (sim_virtio(s)->accepted & feature) != 0;
}

static inline unsigned
net_be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t
net_be32(const uint8_t *p)
{
	return (uint32_t)net_be16(p) << 16 | net_be16(p + 2);
}

void	net_reset(struct net *);
/* The queue's place: 0 receives, 1 sends, 2 controls, 3 nothing. */
int	net_place(struct sim *, unsigned q);
/* The answer to a control command, obeyed: 0, 1, or -1: it was not read. */
int	net_control(struct sim *, const struct oracle_chain *);
int	net_passes(struct sim *, const uint8_t *frame, size_t len);
int	net_too_long(struct sim *, const uint8_t *frame, size_t len);

#endif
