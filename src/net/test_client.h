/*
 * A client's packets for tests, put together byte by byte: the offsets are
 * those of the RFCs, none of them comes from what is tested.
 */
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dhcp.h"

#define IP	14		/* where headers and fields stand in a frame */
#define UDP	34
#define MSG	42
#define OPTIONS	(MSG + 236)
#define GUEST	0x64400103U	/* 100.64.1.3 */
#define HOST	0x64400102U

static const uint8_t guest_mac[6] = { 2, 0, 0, 0xaa, 0xbb, 0xff };
static const uint8_t host_mac[6] = { 2, 0, 0, 0xcc, 0xdd, 1 };

static inline struct dhcp_conf
client_conf(void)
{
	struct dhcp_conf c = { .guest = GUEST, .host = HOST,
	    .mask = 0xfffffffeU };

	memcpy(c.guest_mac, guest_mac, 6);
	memcpy(c.host_mac, host_mac, 6);
	return c;
}

static inline void
client_u16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline unsigned
client_sum(const uint8_t *p, size_t len, unsigned sum)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 == 0 ? (unsigned)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The checksum over the packet as its lengths tell; 0xffff when it holds. */
static inline unsigned
client_udp_sum(const uint8_t *f)
{
	size_t len = (size_t)(f[UDP + 4] << 8 | f[UDP + 5]);
	unsigned sum = client_sum(f + IP + 12, 8, 17 + (unsigned)len);

	return client_sum(f + UDP, len, sum);
}

/* Makes lengths and checksums of a frame of len bytes right. */
static inline void
client_seal(uint8_t *f, size_t len)
{
	client_u16(f + IP + 2, (unsigned)len - IP);
	client_u16(f + UDP + 4, (unsigned)len - UDP);
	client_u16(f + IP + 10, 0);
	client_u16(f + IP + 10, 0xffff & ~client_sum(f + IP, 20, 0));
	client_u16(f + UDP + 6, 0);
	client_u16(f + UDP + 6, 0xffff & ~client_udp_sum(f));
}

/* A broadcast request of len bytes with these options behind the cookie. */
static inline size_t
client_frame(uint8_t *f, size_t len, const void *options, size_t n)
{
	memset(f, 0, len);
	memset(f, 0xff, 6);
	memcpy(f + 6, guest_mac, 6);
	client_u16(f + 12, 0x0800);
	f[IP] = 0x45;
	f[IP + 8] = 64;
	f[IP + 9] = 17;
	memset(f + IP + 16, 0xff, 4);
	client_u16(f + UDP, 68);
	client_u16(f + UDP + 2, 67);
	f[MSG] = 1;
	f[MSG + 1] = 1;
	f[MSG + 2] = 6;
	memcpy(f + MSG + 4, "\xde\xad\xbe\xef", 4);
	memcpy(f + MSG + 28, guest_mac, 6);
	if (n > 0) {
		memcpy(f + OPTIONS, "\x63\x82\x53\x63", 4);
		memcpy(f + OPTIONS + 4, options, n);
	}
	client_seal(f, len);
	return len;
}

#endif
