/* What the files of vionet share; not for others. */
#ifndef VIONET_PRIV_H
#define VIONET_PRIV_H

#include "dhcp.h"
#include "vionet.h"
#include "virtio_dev.h"

#define VIONET_MAC	6U		/* bytes of an address */
#define VIONET_VLANS	4096U
#define VIONET_TAG	4U		/* bytes of a VLAN tag */

enum vionet_role {
	VIONET_RX,
	VIONET_TX,
	VIONET_CTRL,
	VIONET_NONE			/* behind the control queue */
};

/* A table of addresses; with all set it was too long to keep. */
struct vionet_table {
	uint8_t		all;
	uint8_t		n;
	uint8_t		mac[VIONET_MACS][VIONET_MAC];
};

struct vionet_filter {
	uint8_t			 mode;	/* bit VIONET_RX_*: it is on */
	struct vionet_table	 uni, multi;
	uint8_t			 vlan[VIONET_VLANS / 8];
};

/*
 * A DHCP answer on its way from the lane that sends to the one that
 * receives.  len is the hand-over: 0, the sender may write; else the frame is
 * there and the receiver's.
 */
struct vionet_answer {
	_Atomic uint16_t	len;
	uint8_t			frame[DHCP_REPLY_MAX];
};

struct vionet {
	struct virtio_dev	v;
	/* As attached. */
	uint8_t			locked;
	uint8_t			offload;
	uint8_t			local;
	uint16_t		mtu;		/* 0: none was given */
	uint16_t		maxpairs;
	uint8_t			fixed[VIONET_MAC];
	struct dhcp_conf	dhcp;
	char			hostname[DEVCONF_MAXSTR + 1];
	/* Changed by CONFIG or the guest, in lane 0. */
	uint8_t			link;
	uint8_t			announce;
	uint16_t		pairs;		/* in use */
	uint8_t			mac[VIONET_MAC];
	struct vionet_filter	filter;
	/* One for each pair or queue, of its lane. */
	struct vionet_answer	answer[VIONET_MAXPAIRS];
	uint8_t			rx_on[VIONET_MAXPAIRS];
	struct dhcp_stat	seen[VIONET_MAXPAIRS];
	uint64_t		count[VIONET_MAXQ][VIONET_NFATES];
};

static inline int
vionet_has(const struct vionet *n, uint64_t feature)
{
	return (n->v.accepted & feature) != 0;
}

static inline int
vionet_group(const uint8_t *mac)
{
	return (mac[0] & 1) != 0;
}

/* What queue q is for, by what was accepted: 5.1.2. */
enum vionet_role vionet_role(const struct vionet *, unsigned q);

/* Frames: their ways, vionet_rx.c and vionet_tx.c. */
void		 vionet_input(struct virtio_dev *, struct viodev_msg *);
enum vq_result	 vionet_rx(struct vionet *, unsigned q, struct vq_work *);
enum vq_result	 vionet_tx(struct vionet *, unsigned q, struct vq_work *);
/* Tells the host whether INPUT for a pair is wanted, once. */
void		 vionet_rx_set(struct vionet *, unsigned pair, int on);
/* Longer than the guest's MTU allows: 5.1.4.1. */
int		 vionet_oversize(const struct vionet *, const uint8_t *ether,
		    size_t len);

/* The control queue, vionet_ctrl.c. */
enum vq_result	 vionet_ctrl(struct vionet *, struct vq_work *);

/* Whether a frame is for this guest, vionet_filter.c. */
int		 vionet_wanted(const struct vionet *, const uint8_t *frame,
		    size_t len);

/*
 * Headers, vionet_csum.c.  Each takes the header that came, checks it against
 * a frame of len bytes and puts the one that goes in its place: 0 or -1.
 * The first wants the frame, too: *sum is set when the guest cannot complete
 * a checksum; vionet_sum then gives two bytes that belong at *at.
 */
int		 vionet_rx_header(const struct vionet *, uint8_t *hdr,
		    size_t len, int *sum, size_t *at);
int		 vionet_tx_header(const struct vionet *, uint8_t *hdr,
		    size_t len);
void		 vionet_sum(const uint8_t *frame, size_t len, size_t start,
		    uint8_t *two);

/* The local interface, vionet_local.c. */
void		 vionet_local_init(struct vionet *, const struct devconf *);
int		 vionet_local_asks(const struct vionet *, const uint8_t *ether,
		    size_t len);
enum vionet_fate vionet_local(struct vionet *, unsigned q,
		    const uint8_t *frame, size_t len);

/* Save, load, invariants, vionet_state.c. */
void		 vionet_save(const struct virtio_dev *, struct wbuf *);
int		 vionet_load(struct virtio_dev *, struct rbuf *);
const char	*vionet_check(const struct virtio_dev *);

#endif
