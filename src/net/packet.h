/*
 * Ethernet, IPv4 and UDP headers: taken apart with bounds, put together with
 * checksums.  RFC 894, 791, 768, 1071.
 *
 * Parsers copy what they tell and keep no pointer but the one to what is
 * inside; that points into the caller's bytes.  Nothing is ever changed in
 * what is parsed.  Addresses are numbers of the host's byte order.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stddef.h>
#include <stdint.h>

#define ETHER_ADDRLEN	6
#define ETHER_HEADER	14
#define ETHER_IPV4	0x0800
#define IPV4_HEADER	20		/* without options */
#define IPV4_UDP	17
#define UDP_HEADER	8

struct ether {
	uint8_t		 dst[ETHER_ADDRLEN];
	uint8_t		 src[ETHER_ADDRLEN];
	uint16_t	 type;
	const uint8_t	*body;
	size_t		 len;		/* bytes of the body */
};

struct ipv4 {
	uint8_t		 tos;
	uint16_t	 id;
	uint16_t	 frag;		/* flags and offset, as on the wire */
	uint8_t		 ttl;
	uint8_t		 proto;
	uint32_t	 src, dst;
	const uint8_t	*header;
	size_t		 hlen;		/* of the header, with options */
	const uint8_t	*body;
	size_t		 len;		/* as the header says, not padding */
};

struct udp {
	uint16_t	 sport, dport;
	uint16_t	 sum;		/* 0: the sender made none */
	const uint8_t	*header;
	const uint8_t	*body;
	size_t		 len;		/* of the body, as the header says */
};

/* 0, or -1 when the frame is shorter than its header. */
int	 ether_parse(struct ether *, const uint8_t *frame, size_t len);
/*
 * 0, or -1 when this is no IPv4, or a length of the header contradicts
 * another or the bytes that are there.  The checksum is not looked at.
 */
int	 ipv4_parse(struct ipv4 *, const uint8_t *, size_t len);
/* The same for what is inside; UDP that is longer than its IP is refused. */
int	 udp_parse(struct udp *, const uint8_t *, size_t len);

/* Whether this is a part of a packet: RFC 791, 2.3. */
static inline int
ipv4_is_fragment(const struct ipv4 *ip)
{
	return (ip->frag & 0x3fff) != 0;
}

/* Whether the header's checksum holds. */
int	 ipv4_sum_ok(const struct ipv4 *);
/* Whether the checksum holds, or there is none: RFC 768. */
int	 udp_sum_ok(const struct ipv4 *, const struct udp *);

/*
 * The sum of RFC 1071 so far, continued with more bytes, up to 4 GiB; each
 * call but the last needs an even number.  inet_fold makes the checksum of it.
 */
uint32_t inet_sum(uint32_t sum, const uint8_t *, size_t len);
uint16_t inet_fold(uint32_t sum);

/*
 * Writes ETHER_HEADER bytes, IPV4_HEADER bytes and UDP_HEADER bytes.  The IP
 * header is made from tos, ttl, proto, src, dst and len (of the body); id and
 * frag are written as they are.  The UDP header is made for the body that
 * stands right behind it in memory, checksum included.
 */
void	 ether_put(uint8_t *, const struct ether *);
void	 ipv4_put(uint8_t *, const struct ipv4 *);
void	 udp_put(uint8_t *, const struct ipv4 *, const struct udp *);

#endif
