#include "brief.h"

#include "bebytes.h"
#include "dhcp.h"

#define ETHER_ARP	0x0806
#define ETHER_IPV6	0x86dd
#define NAME_SHOWN	32		/* bytes of a host name */

struct line {
	char	*p;
	size_t	 n, cap;
};

static void
add_byte(struct line *l, char c)
{
	if (l->n + 1 < l->cap) {
		l->p[l->n++] = c;
		l->p[l->n] = '\0';
	}
}

static void
add(struct line *l, const char *s)
{
	while (*s != '\0')
		add_byte(l, *s++);
}

/* A number with at least so many digits. */
static void
add_number(struct line *l, uint64_t v, unsigned base, unsigned digits)
{
	char d[20];
	unsigned n = 0;

	while (v != 0 || n < digits) {
		d[n++] = "0123456789abcdef"[v % base];
		v /= base;
	}
	while (n > 0)
		add_byte(l, d[--n]);
}

static void
add_dec(struct line *l, const char *what, uint64_t v)
{
	add(l, what);
	add_number(l, v, 10, 1);
}

static void
add_bytes(struct line *l, size_t n)
{
	add_dec(l, ", ", n);
	add(l, " bytes");
}

/* A character of a name, which may be hostile. */
static void
add_char(struct line *l, uint8_t c)
{
	if (c < ' ' || c > '~' || c == '"' || c == '\\') {
		add(l, "\\x");
		add_number(l, c, 16, 2);
	} else
		add_byte(l, (char)c);
}

static void
add_mac(struct line *l, const char *what, const uint8_t *m)
{
	unsigned i;

	add(l, what);
	for (i = 0; i < ETHER_ADDRLEN; i++) {
		if (i > 0)
			add_byte(l, ':');
		add_number(l, m[i], 16, 2);
	}
}

static void
add_ip(struct line *l, const char *what, uint32_t a)
{
	add_dec(l, what, a >> 24);
	add_dec(l, ".", a >> 16 & 255);
	add_dec(l, ".", a >> 8 & 255);
	add_dec(l, ".", a & 255);
}

/* Addresses of a BOOTP message that are set. */
static void
add_address(struct line *l, const char *what, const uint8_t *m)
{
	if (beb32_get(m) != 0)
		add_ip(l, what, beb32_get(m));
}

static void
add_text(struct line *l, const char *what, const uint8_t *p, size_t len)
{
	size_t i;

	add(l, what);
	add_byte(l, '"');
	for (i = 0; i < len && i < NAME_SHOWN && p[i] != '\0'; i++)
		add_char(l, p[i]);
	add(l, i == NAME_SHOWN && i < len ? "...\"" : "\"");
}

static void
add_lease(struct line *l, const uint8_t *p)
{
	uint32_t s = beb32_get(p);

	if (s == 0xffffffffU)
		add(l, " lease forever");
	else {
		add_dec(l, " lease ", s);
		add(l, " s");
	}
}

static void
add_option(struct line *l, unsigned code, const uint8_t *p, size_t len)
{
	if (code == DHCP_HOSTNAME)
		add_text(l, " name ", p, len);
	else if (len < 4)
		return;
	else if (code == DHCP_WANTED)
		add_ip(l, " wants ", beb32_get(p));
	else if (code == DHCP_SERVER)
		add_ip(l, " server ", beb32_get(p));
	else if (code == DHCP_MASK)
		add_ip(l, " mask ", beb32_get(p));
	else if (code == DHCP_ROUTER)
		add_ip(l, " router ", beb32_get(p));
	else if (code == DHCP_DNS)
		add_ip(l, " dns ", beb32_get(p));
	else if (code == DHCP_LEASE)
		add_lease(l, p);
}

/* The last option 53 of the length that it must have. */
static unsigned
message_type(const uint8_t *m, size_t len)
{
	struct dhcp_cursor c;
	const uint8_t *val;
	unsigned code, type = DHCP_NONE;
	size_t n;

	if (dhcp_options(&c, m, len) == 0)
		while (dhcp_next(&c, &code, &val, &n))
			if (code == DHCP_TYPE && n == 1)
				type = *val;
	return type;
}

static void
dhcp(struct line *l, const uint8_t *m, size_t len)
{
	unsigned code, type = message_type(m, len);
	struct dhcp_cursor c;
	const uint8_t *val;
	size_t n;

	if (type == DHCP_NONE)
		add(l, m[BOOTP_OP] == BOOTP_REQUEST ? "bootp request" :
		    m[BOOTP_OP] == BOOTP_REPLY ? "bootp reply" :
		    "bootp message");
	else if (dhcp_type_name(type) != NULL) {
		add(l, "dhcp ");
		add(l, dhcp_type_name(type));
	} else
		add_dec(l, "dhcp type ", type);
	add(l, " xid 0x");
	add_number(l, beb32_get(m + BOOTP_XID), 16, 8);
	add_mac(l, m[BOOTP_OP] == BOOTP_REPLY ? " to " : " from ",
	    m + BOOTP_CHADDR);
	add_address(l, " has ", m + BOOTP_CIADDR);
	add_address(l, " gets ", m + BOOTP_YIADDR);
	add_address(l, " next ", m + BOOTP_SIADDR);
	if (m[BOOTP_FILE] != '\0')
		add_text(l, " file ", m + BOOTP_FILE, 128);
	if (dhcp_options(&c, m, len) == 0)
		while (dhcp_next(&c, &code, &val, &n))
			add_option(l, code, val, n);
}

static int
is_dhcp(const struct udp *u)
{
	return ((u->sport == BOOTP_CLIENT && u->dport == BOOTP_SERVER) ||
	    (u->sport == BOOTP_SERVER && u->dport == BOOTP_CLIENT)) &&
	    u->len >= BOOTP_OPTIONS;
}

static void
ports(struct line *l, const char *what, const struct ipv4 *ip)
{
	add(l, what);
	if (ipv4_is_fragment(ip) || ip->len < 4) {
		add_ip(l, "fragment ", ip->src);
		add_ip(l, " > ", ip->dst);
	} else {
		add_ip(l, "", ip->src);
		add_dec(l, ":", beb16_get(ip->body));
		add_ip(l, " > ", ip->dst);
		add_dec(l, ":", beb16_get(ip->body + 2));
	}
	add_bytes(l, ip->len);
}

static void
ipv4(struct line *l, const uint8_t *p, size_t len)
{
	struct ipv4 ip;
	struct udp u;

	if (ipv4_parse(&ip, p, len) == -1) {
		add(l, "ipv4 with a broken header");
		add_bytes(l, len);
		return;
	}
	if (ip.proto == IPV4_UDP && !ipv4_is_fragment(&ip) &&
	    udp_parse(&u, ip.body, ip.len) == 0 && is_dhcp(&u)) {
		dhcp(l, u.body, u.len);
		return;
	}
	if (ip.proto == IPV4_UDP || ip.proto == 6) {
		ports(l, ip.proto == 6 ? "tcp " : "udp ", &ip);
		return;
	}
	if (ip.proto == 1)
		add(l, "icmp");
	else
		add_dec(l, "ipv4 protocol ", ip.proto);
	add_ip(l, " ", ip.src);
	add_ip(l, " > ", ip.dst);
	add_bytes(l, ip.len);
}

/* RFC 826, for IPv4 on Ethernet. */
static void
arp(struct line *l, const uint8_t *p, size_t len)
{
	unsigned op;

	if (len < 28 || beb16_get(p + 2) != ETHER_IPV4 || p[4] != 6 ||
	    p[5] != 4) {
		add(l, "arp of another kind");
		add_bytes(l, len);
		return;
	}
	op = beb16_get(p + 6);
	if (op == 1) {
		add_ip(l, "arp who has ", beb32_get(p + 24));
		add_ip(l, " tell ", beb32_get(p + 14));
	} else if (op == 2) {
		add_ip(l, "arp ", beb32_get(p + 14));
		add_mac(l, " is at ", p + 8);
	} else
		add_dec(l, "arp operation ", op);
}

static void
other(struct line *l, const struct ether *e)
{
	if (e->type == ETHER_IPV6)
		add(l, "ipv6");
	else {
		add(l, "type 0x");
		add_number(l, e->type, 16, 4);
	}
	add_mac(l, " ", e->src);
	add_mac(l, " > ", e->dst);
	add_bytes(l, e->len);
}

char *
net_brief(char *buf, size_t cap, const uint8_t *frame, size_t len)
{
	struct line l = { buf, 0, cap };
	struct ether e;

	if (cap == 0)
		return buf;
	*buf = '\0';
	if (ether_parse(&e, frame, len) == -1) {
		add(&l, "no frame");
		add_bytes(&l, len);
	} else if (e.type == ETHER_IPV4)
		ipv4(&l, e.body, e.len);
	else if (e.type == ETHER_ARP)
		arp(&l, e.body, e.len);
	else
		other(&l, &e);
	return buf;
}
