#include "dhcp.h"

#include <string.h>

#include "bebytes.h"

#define TTL		16
#define TOS		0x10		/* low delay */
#define FOREVER		0xffffffffU
#define OPTIONS_MIN	8		/* bytes worth a look, with cookie */
#define OPTIONS_MAX	1235
#define MAXNAME		255		/* what an option can hold */

/* Cookie, 53, 51, 54, 1, 3, 6, 12 and 255 fit into what a client must take. */
_Static_assert(4 + 3 + 5 * 6 + 2 + MAXNAME + 1 <= DHCP_OPTIONS_MAX,
    "the longest answer does not fit");

struct request {
	struct ether	 e;
	struct ipv4	 ip;
	struct udp	 u;
	const uint8_t	*m;		/* the BOOTP message */
	size_t		 len;
	unsigned	 type;		/* option 53; DHCP_NONE: BOOTP */
	int		 wants;		/* option 50 is there */
	uint32_t	 wanted;
};

static const char *const result_names[DHCP_NRESULTS] = {
	[DHCP_ANSWERED] = "answered",
	[DHCP_OTHER] = "other",
	[DHCP_BAD_LENGTH] = "length",
	[DHCP_BAD_SUM] = "checksum",
	[DHCP_FRAGMENT] = "fragment",
	[DHCP_BAD_BOOTP] = "bootp",
	[DHCP_STRANGER] = "stranger",
	[DHCP_BAD_CIADDR] = "ciaddr",
	[DHCP_WANTS_FILE] = "file",
	[DHCP_LONG_NAME] = "name",
};

static const char *const type_names[DHCP_NTYPES] = {
	[DHCP_NONE] = "BOOTP",
	[DHCP_DISCOVER] = "DISCOVER",
	[DHCP_OFFER] = "OFFER",
	[DHCP_REQUEST] = "REQUEST",
	[DHCP_DECLINE] = "DECLINE",
	[DHCP_ACK] = "ACK",
	[DHCP_NAK] = "NAK",
	[DHCP_RELEASE] = "RELEASE",
	[DHCP_INFORM] = "INFORM",
};

const char *
dhcp_result_name(unsigned r)
{
	return r < DHCP_NRESULTS ? result_names[r] : NULL;
}

const char *
dhcp_type_name(unsigned t)
{
	return t < DHCP_NTYPES ? type_names[t] : NULL;
}

int
dhcp_options(struct dhcp_cursor *c, const uint8_t *m, size_t len)
{
	if (len < BOOTP_OPTIONS + 4 ||
	    beb32_get(m + BOOTP_OPTIONS) != DHCP_COOKIE)
		return -1;
	c->p = m + BOOTP_OPTIONS + 4;
	c->left = len - BOOTP_OPTIONS - 4;
	return 0;
}

int
dhcp_next(struct dhcp_cursor *c, unsigned *code, const uint8_t **val,
    size_t *len)
{
	while (c->left > 0 && *c->p == DHCP_PAD) {
		c->p++;
		c->left--;
	}
	if (c->left < 2 || c->p[0] == DHCP_END)
		return 0;
	*code = c->p[0];
	*len = c->p[1];
	*val = c->p + 2;
	if (c->left - 2 < *len)
		return 0;
	c->p += 2 + *len;
	c->left -= 2 + *len;
	return 1;
}

/* What the request says in its options; the last one of a kind counts. */
static void
read_options(struct request *r)
{
	struct dhcp_cursor c;
	const uint8_t *val;
	size_t area, len;
	unsigned code;

	area = r->len - BOOTP_OPTIONS;
	if (area < OPTIONS_MIN || area > OPTIONS_MAX ||
	    dhcp_options(&c, r->m, r->len) == -1)
		return;
	while (dhcp_next(&c, &code, &val, &len))
		if (code == DHCP_TYPE && len == 1)
			r->type = *val;
		else if (code == DHCP_WANTED && len == 4) {
			r->wants = 1;
			r->wanted = beb32_get(val);
		}
}

static int
known(const uint8_t *mac)
{
	static const uint8_t zero[ETHER_ADDRLEN];

	return memcmp(mac, zero, ETHER_ADDRLEN) != 0;
}

/* From the guest to everybody or to the host. */
static int
addressed(const struct dhcp_conf *c, const struct ether *e)
{
	static const uint8_t all[ETHER_ADDRLEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};

	if (e->type != ETHER_IPV4 ||
	    memcmp(e->src, c->guest_mac, ETHER_ADDRLEN) != 0)
		return 0;
	return memcmp(e->dst, all, ETHER_ADDRLEN) == 0 ||
	    (known(c->host_mac) &&
	    memcmp(e->dst, c->host_mac, ETHER_ADDRLEN) == 0);
}

/*
 * The headers.  Ordinary traffic is told apart first, by as little as that
 * takes: this runs for each frame that the guest sends.
 */
static enum dhcp_result
read_headers(struct request *r, const struct dhcp_conf *c,
    const uint8_t *frame, size_t len)
{
	if (ether_parse(&r->e, frame, len) == -1 || !addressed(c, &r->e))
		return DHCP_OTHER;
	if (ipv4_parse(&r->ip, r->e.body, r->e.len) == -1)
		return DHCP_BAD_LENGTH;
	if (r->ip.proto != IPV4_UDP ||
	    (r->ip.dst != 0xffffffffU && r->ip.dst != c->host))
		return DHCP_OTHER;
	if (ipv4_is_fragment(&r->ip))
		return DHCP_FRAGMENT;
	if (udp_parse(&r->u, r->ip.body, r->ip.len) == -1)
		return DHCP_BAD_LENGTH;
	if (r->u.sport != BOOTP_CLIENT || r->u.dport != BOOTP_SERVER)
		return DHCP_OTHER;
	if (len < DHCP_FRAME_MIN || len > DHCP_FRAME_MAX ||
	    r->u.len < BOOTP_OPTIONS)
		return DHCP_BAD_LENGTH;
	if (!ipv4_sum_ok(&r->ip) || !udp_sum_ok(&r->ip, &r->u))
		return DHCP_BAD_SUM;
	r->m = r->u.body;
	r->len = r->u.len;
	return DHCP_ANSWERED;
}

static enum dhcp_result
read_message(struct request *r, const struct dhcp_conf *c)
{
	const uint8_t *m = r->m;
	uint32_t ciaddr = beb32_get(m + BOOTP_CIADDR);

	if (m[BOOTP_OP] != BOOTP_REQUEST || m[BOOTP_HTYPE] != BOOTP_ETHERNET ||
	    m[BOOTP_HLEN] != ETHER_ADDRLEN || m[BOOTP_HOPS] != 0)
		return DHCP_BAD_BOOTP;
	if (memcmp(m + BOOTP_CHADDR, c->guest_mac, ETHER_ADDRLEN) != 0)
		return DHCP_STRANGER;
	if (ciaddr != 0 && ciaddr != c->guest)
		return DHCP_BAD_CIADDR;
	if (m[BOOTP_FILE] != '\0')
		return DHCP_WANTS_FILE;
	read_options(r);
	return DHCP_ANSWERED;
}

static unsigned
answer_type(const struct dhcp_conf *c, const struct request *r)
{
	if (r->type == DHCP_NONE)
		return DHCP_NONE;
	if (r->type == DHCP_DISCOVER)
		return DHCP_OFFER;
	if (r->type == DHCP_REQUEST && (!r->wants || r->wanted == c->guest))
		return DHCP_ACK;
	return DHCP_NAK;
}

static uint8_t *
put_bytes(uint8_t *p, unsigned code, const void *val, size_t len)
{
	*p++ = (uint8_t)code;
	*p++ = (uint8_t)len;
	memcpy(p, val, len);
	return p + len;
}

static uint8_t *
put_u32(uint8_t *p, unsigned code, uint32_t v)
{
	uint8_t b[4];

	beb32_put(b, v);
	return put_bytes(p, code, b, sizeof(b));
}

static int
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* Letters, digits, hyphens inside, dots between: RFC 1123, 2.1. */
static int
is_hostname(const char *s)
{
	char prev = '.';

	for (; *s != '\0'; prev = *s++)
		if (!letter(*s) && !(*s == '-' && prev != '.') &&
		    !(*s == '.' && letter(prev)))
			return 0;
	return letter(prev);
}

/* Bytes of the host name to tell, 0 when there is nothing to tell. */
static size_t
name_len(const struct dhcp_conf *c)
{
	size_t n;

	if (!c->netboot || c->hostname == NULL || !is_hostname(c->hostname))
		return 0;
	n = strlen(c->hostname);
	return n > 1 ? n : 0;
}

/* Options of an answer of this type; the bytes they take. */
static size_t
put_options(uint8_t *start, const struct dhcp_conf *c, unsigned type)
{
	uint8_t b = (uint8_t)type, *p = start;
	size_t n = name_len(c);

	beb32_put(p, DHCP_COOKIE);
	p += 4;
	if (type != DHCP_NONE) {
		p = put_bytes(p, DHCP_TYPE, &b, 1);
		if (type != DHCP_NAK)
			p = put_u32(p, DHCP_LEASE, FOREVER);
		p = put_u32(p, DHCP_SERVER, c->host);
	}
	if (type != DHCP_NAK) {
		p = put_u32(p, DHCP_MASK, c->mask);
		p = put_u32(p, DHCP_ROUTER, c->host);
		p = put_u32(p, DHCP_DNS, c->host);
		if (n > 0 && type != DHCP_NONE)
			p = put_bytes(p, DHCP_HOSTNAME, c->hostname, n);
	}
	*p++ = DHCP_END;
	return (size_t)(p - start);
}

/* The message; its length. */
static size_t
put_message(uint8_t *m, const struct dhcp_conf *c, const struct request *r,
    unsigned type)
{
	size_t n;

	m[BOOTP_OP] = BOOTP_REPLY;
	m[BOOTP_HTYPE] = r->m[BOOTP_HTYPE];
	m[BOOTP_HLEN] = r->m[BOOTP_HLEN];
	memcpy(m + BOOTP_XID, r->m + BOOTP_XID, 4);
	memcpy(m + BOOTP_CHADDR, c->guest_mac, ETHER_ADDRLEN);
	if (type != DHCP_NAK) {
		beb32_put(m + BOOTP_YIADDR, c->guest);
		beb32_put(m + BOOTP_SIADDR, c->host);
		if (c->netboot)
			memcpy(m + BOOTP_FILE, DHCP_FILE, sizeof(DHCP_FILE));
	}
	n = BOOTP_OPTIONS + put_options(m + BOOTP_OPTIONS, c, type);
	return n < BOOTP_MIN ? BOOTP_MIN : n;
}

static size_t
put_frame(uint8_t *out, const struct dhcp_conf *c, const struct request *r)
{
	struct ipv4 ip = {
		.tos = TOS, .ttl = TTL, .proto = IPV4_UDP,
		.src = c->host, .dst = c->guest
	};
	struct udp u = { .sport = BOOTP_SERVER, .dport = BOOTP_CLIENT };
	uint8_t *at = out + ETHER_HEADER + IPV4_HEADER;
	struct ether e = { .type = ETHER_IPV4 };

	memset(out, 0, DHCP_REPLY_MAX);
	u.len = put_message(at + UDP_HEADER, c, r, answer_type(c, r));
	memcpy(e.dst, c->guest_mac, ETHER_ADDRLEN);
	memcpy(e.src, c->guest_mac, ETHER_ADDRLEN);
	e.src[5]++;
	ether_put(out, &e);
	ip.len = UDP_HEADER + u.len;
	ipv4_put(out + ETHER_HEADER, &ip);
	udp_put(at, &ip, &u);
	return ETHER_HEADER + IPV4_HEADER + UDP_HEADER + u.len;
}

enum dhcp_result
dhcp_answer(const struct dhcp_conf *c, const uint8_t *frame, size_t len,
    uint8_t *reply, size_t *replylen)
{
	enum dhcp_result res;
	struct request r = { .type = DHCP_NONE };

	if ((res = read_headers(&r, c, frame, len)) != DHCP_ANSWERED ||
	    (res = read_message(&r, c)) != DHCP_ANSWERED)
		return res;
	if (name_len(c) > MAXNAME)
		return DHCP_LONG_NAME;
	*replylen = put_frame(reply, c, &r);
	return DHCP_ANSWERED;
}
