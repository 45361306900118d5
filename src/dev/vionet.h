/*
 * vionet: a network card.  virtio 1.3, 5.1.
 *
 * Queues: 2k receives, 2k + 1 transmits, for each pair k; the control queue
 * is behind them: number 2, or twice the offered pairs once MQ is accepted.
 * The header in front of a frame has VIONET_HDR bytes whatever was accepted.
 *
 * Transmission: one chain is one frame, cut in any way.  It leaves through
 * the host's tx at once.  The Ethernet header is copied before it is looked
 * at and leaves as that copy, so no guest changes a frame that was checked;
 * the rest leaves from guest memory, or as a copy when it lies in many
 * pieces.  The used length is 0.
 *
 * Reception: INPUT with a frame as payload for queue 2k.  One copy, into one
 * buffer or with MRG_RXBUF into up to VIONET_MAXMERGE of them.  The host is
 * asked for frames (rx_ready) while a buffer is offered, so a frame waits in
 * the tap and not here.  Why a copy and not a call that fills vectors: filters,
 * the length for merging and the recording need the frame first, and beside
 * the read from a tap the copy is small.
 *
 * Frames that are lost, each counted (vionet_count):
 *	received: shorter than 14 or longer than VIONET_MAXFRAME bytes, beyond
 *	the MTU if that was accepted, or with a header of the host that makes
 *	no sense (BAD); not for this guest (FILTER); no room in what the guest
 *	offers (NOBUF): the buffers stay with us.  A buffer in which not even
 *	the header fits goes back with length 0;
 *	sent: bad lengths, writable parts, segmentation, which is not offered,
 *	a checksum outside the frame, beyond the MTU (BAD); another source
 *	than the locked MAC (LOCKED); not taken by the host (HOST).
 *
 * Filters: a locked card sees group addresses and its own MAC, whatever the
 * guest wants.  With CTRL_RX the guest's modes and tables hold; without them
 * it gets its MAC and broadcasts.  With CTRL_VLAN tagged frames come only from
 * the networks it added; number 0 is a priority and no network.
 *
 * Checksums: with OFFLOAD 1 every frame from and to the host carries the
 * header of VIONET_HDR bytes, too (virtio's own layout, num_buffers unused),
 * and CSUM and GUEST_CSUM are offered.  Headers are checked both ways and
 * written anew; a frame that comes with an open checksum for a guest without
 * GUEST_CSUM is completed here.
 *
 * Local interface: with GUESTADDR and HOSTADDR the card answers DHCP itself
 * (net/dhcp.h).  A request is consumed, its answer is the next frame that is
 * received; at most one answer per pair waits for a buffer, further requests
 * in the meantime are lost (LOST).
 *
 * Lanes: each queue has its own, but the control queue, which is alone.
 *
 * Attach values: MAC (required, no group address), MTU (68 to 16384),
 * NQUEUES (pairs, 1 to VIONET_MAXPAIRS), QSIZE, LOCKED, OFFLOAD, LINK,
 * HOSTMAC, GUESTADDR, HOSTADDR, NETMASK, NETBOOT, HOSTNAME.  CONFIG may bring
 * HOSTMAC, LINK and ANNOUNCE: the guest is asked to make itself known, for
 * instance when it was moved.
 */
#ifndef VIONET_H
#define VIONET_H

#include "dev.h"

#define VIONET_QSIZE	256
#define VIONET_MAXPAIRS	3
#define VIONET_MAXQ	(2 * VIONET_MAXPAIRS + 1)
#define VIONET_HDR	12U		/* bytes of the header: 5.1.6 */
#define VIONET_ETHER	14U		/* shortest frame: Ethernet's header */
#define VIONET_MAXMTU	16384U
#define VIONET_MAXFRAME	(VIONET_MAXMTU + VIONET_ETHER)
#define VIONET_MAXMERGE	16U		/* buffers of one received frame */
#define VIONET_MAXKICK	(1U << 20)	/* bytes sent per kick, about */
#define VIONET_MACS	64U		/* of a filter table */
#define VIONET_MAXCTRL	65536U		/* bytes of a control command */

/* Feature bits: 5.1.3. */
#define VIONET_F_CSUM		(1ULL << 0)
#define VIONET_F_GUEST_CSUM	(1ULL << 1)
#define VIONET_F_MTU		(1ULL << 3)
#define VIONET_F_MAC		(1ULL << 5)
#define VIONET_F_MRG_RXBUF	(1ULL << 15)
#define VIONET_F_STATUS		(1ULL << 16)
#define VIONET_F_CTRL_VQ	(1ULL << 17)
#define VIONET_F_CTRL_RX	(1ULL << 18)
#define VIONET_F_CTRL_VLAN	(1ULL << 19)
#define VIONET_F_CTRL_RX_EXTRA	(1ULL << 20)
#define VIONET_F_GUEST_ANNOUNCE	(1ULL << 21)
#define VIONET_F_MQ		(1ULL << 22)
#define VIONET_F_CTRL_MAC_ADDR	(1ULL << 23)

/* Device configuration: 5.1.4. */
enum vionet_config {
	VIONET_C_MAC		= 0,
	VIONET_C_STATUS		= 6,
	VIONET_C_PAIRS		= 8,
	VIONET_C_MTU		= 10,
	VIONET_C_SIZE		= 12
};
#define VIONET_S_LINK_UP	1
#define VIONET_S_ANNOUNCE	2

/* The header in front of a frame: 5.1.6. */
enum vionet_header {
	VIONET_H_FLAGS		= 0,
	VIONET_H_GSO_TYPE	= 1,
	VIONET_H_HDR_LEN	= 2,
	VIONET_H_GSO_SIZE	= 4,
	VIONET_H_CSUM_START	= 6,
	VIONET_H_CSUM_OFFSET	= 8,
	VIONET_H_NUM_BUFFERS	= 10
};
#define VIONET_H_NEEDS_CSUM	1
#define VIONET_H_DATA_VALID	2

/* Control commands: 5.1.6.5. */
enum vionet_class {
	VIONET_CTRL_RX,
	VIONET_CTRL_MAC,
	VIONET_CTRL_VLAN,
	VIONET_CTRL_ANNOUNCE,
	VIONET_CTRL_MQ
};
enum vionet_command {
	VIONET_RX_PROMISC	= 0,
	VIONET_RX_ALLMULTI	= 1,
	VIONET_RX_ALLUNI	= 2,
	VIONET_RX_NOMULTI	= 3,
	VIONET_RX_NOUNI		= 4,
	VIONET_RX_NOBCAST	= 5,
	VIONET_MAC_TABLE	= 0,
	VIONET_MAC_ADDR		= 1,
	VIONET_VLAN_ADD		= 0,
	VIONET_VLAN_DEL		= 1,
	VIONET_ANNOUNCE_ACK	= 0,
	VIONET_MQ_PAIRS		= 0
};
#define VIONET_ACK_OK	0
#define VIONET_ACK_ERR	1

/* What became of frames, per queue, since attach. */
enum vionet_fate {
	VIONET_PASSED,			/* received or sent */
	VIONET_BAD,
	VIONET_FILTER,
	VIONET_NOBUF,
	VIONET_LOCKED,
	VIONET_HOST,
	VIONET_ANSWERED,		/* a DHCP request, consumed */
	VIONET_LOST,			/* the same while an answer waits */
	VIONET_NFATES
};

struct dhcp_stat;

extern const struct dev_ops vionet_dev;

uint64_t	 vionet_count(const struct dev *, unsigned q,
		    enum vionet_fate);
/* What the local interface made of frames that looked like requests. */
const struct dhcp_stat *vionet_dhcp(const struct dev *, unsigned pair);
/* The name of a fate, NULL for a number without one. */
const char	*vionet_fate_name(unsigned);

#endif
