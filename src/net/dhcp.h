/*
 * The answerer of a local interface: BOOTP and DHCP requests of the one guest
 * on the other end, a packet in, a packet or nothing out.  RFC 951, 1542,
 * 2131, 2132; the values that it hands out are those of vmd.
 *
 * It has no leases and no state.  There is one address for one guest, for
 * ever (lease time 0xffffffff), so every request finds the same answer.
 *
 * What is no request for it, and what is malformed, is met with silence; the
 * result says why, and the caller counts (struct dhcp_stat).  Silence means
 * that the frame goes its ordinary way.  The request must lie in one piece:
 * frames of DHCP_FRAME_MIN to DHCP_FRAME_MAX bytes are worth a copy, all
 * others get no answer.
 *
 * A request is answered when
 *	it is for all or for the host's address, on Ethernet and in IP;
 *	its sender and its client are the guest;
 *	header and checksums hold, and it is not a fragment;
 *	op, htype, hlen and hops are 1, 1, 6 and 0, and it asks for no file;
 *	ciaddr is 0 or, in a renewal, the guest's address.
 *
 * DISCOVER gets an OFFER; REQUEST without an address or for the guest's gets
 * an ACK; every other DHCP message a NAK; a request without option 53 a BOOTP
 * reply.  Options, in this order: 53, 51, 54 (DHCP only), 1, 3, 6, 12 (host
 * name, for a network boot, DHCP only), 255.  A NAK has 53 and 54 alone
 * and no address: RFC 2131, table 3, forbids the rest, which vmd sends.
 */
#ifndef DHCP_H
#define DHCP_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define DHCP_FRAME_MIN	314
#define DHCP_FRAME_MAX	1514
#define DHCP_OPTIONS_MAX 312	/* that each client must take: RFC 2131, 2 */
#define DHCP_REPLY_MAX	(ETHER_HEADER + IPV4_HEADER + UDP_HEADER +	\
			 BOOTP_OPTIONS + DHCP_OPTIONS_MAX)
#define DHCP_FILE	"auto_install"	/* what a network boot asks for */

/* The layout of a BOOTP message: RFC 951, 3. */
enum bootp_field {
	BOOTP_OP	= 0,
	BOOTP_HTYPE	= 1,
	BOOTP_HLEN	= 2,
	BOOTP_HOPS	= 3,
	BOOTP_XID	= 4,
	BOOTP_SECS	= 8,
	BOOTP_FLAGS	= 10,
	BOOTP_CIADDR	= 12,
	BOOTP_YIADDR	= 16,
	BOOTP_SIADDR	= 20,
	BOOTP_GIADDR	= 24,
	BOOTP_CHADDR	= 28,		/* 16 bytes */
	BOOTP_SNAME	= 44,		/* 64 bytes */
	BOOTP_FILE	= 108,		/* 128 bytes */
	BOOTP_OPTIONS	= 236,
	BOOTP_MIN	= 300,		/* bytes of the shortest message */
};

#define BOOTP_REQUEST	1
#define BOOTP_REPLY	2
#define BOOTP_ETHERNET	1
#define BOOTP_CLIENT	68
#define BOOTP_SERVER	67
#define DHCP_COOKIE	0x63825363U

/* Options and message types: RFC 2132. */
enum dhcp_option {
	DHCP_PAD	= 0,
	DHCP_MASK	= 1,
	DHCP_ROUTER	= 3,
	DHCP_DNS	= 6,
	DHCP_HOSTNAME	= 12,
	DHCP_WANTED	= 50,
	DHCP_LEASE	= 51,
	DHCP_TYPE	= 53,
	DHCP_SERVER	= 54,
	DHCP_END	= 255
};

enum dhcp_type {
	DHCP_NONE,			/* BOOTP */
	DHCP_DISCOVER,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
	DHCP_NTYPES
};

struct dhcp_conf {
	uint8_t		 guest_mac[ETHER_ADDRLEN];
	/* Of the host's end, where unicast renewals go; zeros: unknown. */
	uint8_t		 host_mac[ETHER_ADDRLEN];
	uint32_t	 guest, host, mask;
	int		 netboot;	/* the guest is told DHCP_FILE */
	/* May be NULL; a name that no host can have is left out. */
	const char	*hostname;
};

/* What became of a frame. */
enum dhcp_result {
	DHCP_ANSWERED,
	DHCP_OTHER,		/* no client speaks to a server here */
	DHCP_BAD_LENGTH,	/* of the frame, or one that a header tells */
	DHCP_BAD_SUM,		/* of the IP header or the UDP packet */
	DHCP_FRAGMENT,
	DHCP_BAD_BOOTP,		/* op, htype, hlen, hops */
	DHCP_STRANGER,		/* the client is not the guest */
	DHCP_BAD_CIADDR,
	DHCP_WANTS_FILE,
	DHCP_LONG_NAME,		/* our own host name does not fit */
	DHCP_NRESULTS
};

struct dhcp_stat {
	uint64_t	n[DHCP_NRESULTS];
};

/*
 * Answers one frame.  With DHCP_ANSWERED, reply (DHCP_REPLY_MAX bytes) holds
 * a frame of *replylen bytes, all of them written; else nothing is written.
 */
enum dhcp_result dhcp_answer(const struct dhcp_conf *, const uint8_t *frame,
	    size_t len, uint8_t *reply, size_t *replylen);

/* The name of a result or a message type; NULL for another number. */
const char	*dhcp_result_name(unsigned);
const char	*dhcp_type_name(unsigned);

/* Takes the options of a message apart, for the answerer and for tools. */
struct dhcp_cursor {
	const uint8_t	*p;
	size_t		 left;
};

/*
 * At the options of a BOOTP message, 0; -1 when it has none: shorter than the
 * fixed part, or another cookie.  dhcp_next then gives one option after the
 * other, padding left out: 1, or 0 at the end and at one that is cut short.
 */
int	 dhcp_options(struct dhcp_cursor *, const uint8_t *bootp, size_t len);
int	 dhcp_next(struct dhcp_cursor *, unsigned *code, const uint8_t **val,
	    size_t *len);

#endif
