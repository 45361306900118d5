#include "packet.h"

#include <string.h>

#include "bebytes.h"

/* Words of 32 bits add up to the same, for 2^16 is 1 modulo 2^16 - 1. */
uint32_t
inet_sum(uint32_t start, const uint8_t *p, size_t len)
{
	uint64_t sum = start;

	for (; len > 3; p += 4, len -= 4)
		sum += beb32_get(p);
	if (len > 1) {
		sum += beb16_get(p);
		p += 2;
		len -= 2;
	}
	if (len > 0)
		sum += (uint32_t)*p << 8;
	sum = (sum & 0xffffffffU) + (sum >> 32);
	return (uint32_t)((sum & 0xffffffffU) + (sum >> 32));
}

uint16_t
inet_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~((sum & 0xffff) + (sum >> 16));
}

int
ether_parse(struct ether *e, const uint8_t *p, size_t len)
{
	if (len < ETHER_HEADER)
		return -1;
	memcpy(e->dst, p, ETHER_ADDRLEN);
	memcpy(e->src, p + 6, ETHER_ADDRLEN);
	e->type = beb16_get(p + 12);
	e->body = p + ETHER_HEADER;
	e->len = len - ETHER_HEADER;
	return 0;
}

int
ipv4_parse(struct ipv4 *ip, const uint8_t *p, size_t len)
{
	size_t total;

	if (len < IPV4_HEADER || p[0] >> 4 != 4)
		return -1;
	ip->header = p;
	ip->hlen = (size_t)(p[0] & 15) * 4;
	total = beb16_get(p + 2);
	if (ip->hlen < IPV4_HEADER || total < ip->hlen || total > len)
		return -1;
	ip->tos = p[1];
	ip->id = beb16_get(p + 4);
	ip->frag = beb16_get(p + 6);
	ip->ttl = p[8];
	ip->proto = p[9];
	ip->src = beb32_get(p + 12);
	ip->dst = beb32_get(p + 16);
	ip->body = p + ip->hlen;
	ip->len = total - ip->hlen;
	return 0;
}

int
udp_parse(struct udp *u, const uint8_t *p, size_t len)
{
	size_t total;

	if (len < UDP_HEADER)
		return -1;
	total = beb16_get(p + 4);
	if (total < UDP_HEADER || total > len)
		return -1;
	u->sport = beb16_get(p);
	u->dport = beb16_get(p + 2);
	u->sum = beb16_get(p + 6);
	u->header = p;
	u->body = p + UDP_HEADER;
	u->len = total - UDP_HEADER;
	return 0;
}

int
ipv4_sum_ok(const struct ipv4 *ip)
{
	return inet_fold(inet_sum(0, ip->header, ip->hlen)) == 0;
}

/* The header that is summed but not sent: RFC 768. */
static uint32_t
pseudo_sum(const struct ipv4 *ip, size_t len)
{
	uint8_t p[12] = { 0 };

	beb32_put(p, ip->src);
	beb32_put(p + 4, ip->dst);
	p[9] = IPV4_UDP;
	beb16_put(p + 10, (uint16_t)len);
	return inet_sum(0, p, sizeof(p));
}

int
udp_sum_ok(const struct ipv4 *ip, const struct udp *u)
{
	size_t len = UDP_HEADER + u->len;

	return u->sum == 0 ||
	    inet_fold(inet_sum(pseudo_sum(ip, len), u->header, len)) == 0;
}

void
ether_put(uint8_t *p, const struct ether *e)
{
	memcpy(p, e->dst, ETHER_ADDRLEN);
	memcpy(p + 6, e->src, ETHER_ADDRLEN);
	beb16_put(p + 12, e->type);
}

void
ipv4_put(uint8_t *p, const struct ipv4 *ip)
{
	p[0] = 4 << 4 | IPV4_HEADER / 4;
	p[1] = ip->tos;
	beb16_put(p + 2, (uint16_t)(IPV4_HEADER + ip->len));
	beb16_put(p + 4, ip->id);
	beb16_put(p + 6, ip->frag);
	p[8] = ip->ttl;
	p[9] = ip->proto;
	beb16_put(p + 10, 0);
	beb32_put(p + 12, ip->src);
	beb32_put(p + 16, ip->dst);
	beb16_put(p + 10, inet_fold(inet_sum(0, p, IPV4_HEADER)));
}

void
udp_put(uint8_t *p, const struct ipv4 *ip, const struct udp *u)
{
	size_t len = UDP_HEADER + u->len;
	uint16_t sum;

	beb16_put(p, u->sport);
	beb16_put(p + 2, u->dport);
	beb16_put(p + 4, (uint16_t)len);
	beb16_put(p + 6, 0);
	sum = inet_fold(inet_sum(pseudo_sum(ip, len), p, len));
	beb16_put(p + 6, sum == 0 ? 0xffff : sum);
}
