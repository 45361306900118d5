#include "dhcpmodel.h"

#include <string.h>

/* A string of bytes; reading past its end gives zeros and is remembered. */
struct span {
	const uint8_t	*p;
	size_t		 len;
	int		 past;
};

static uint64_t
get(struct span *s, size_t off, unsigned width)
{
	uint64_t v = 0;

	if (off > s->len || s->len - off < width) {
		s->past = 1;
		return 0;
	}
	while (width-- > 0)
		v = v << 8 | s->p[off++];
	return v;
}

/* Bytes off to off + len of s; an empty span when they are not there. */
static struct span
part(struct span *s, size_t off, size_t len)
{
	struct span r = { s->p, 0, 1 };

	if (off <= s->len && s->len - off >= len) {
		r.p = s->p + off;
		r.len = len;
		r.past = 0;
	}
	return r;
}

/* The one's complement sum of RFC 1071, added up wide and folded once. */
static uint64_t
words(const struct span *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < s->len; i += 2)
		sum += (unsigned)s->p[i] * 256U + s->p[i + 1];
	return s->len % 2 == 1 ? sum + s->p[i] * 256U : sum;
}

static int
sum_holds(uint64_t sum)
{
	return sum != 0 && sum % 0xffff == 0;
}

static int
udp_holds(struct span *ip, struct span *udp)
{
	uint64_t sum = 17 + udp->len + words(udp);
	size_t i;

	for (i = 12; i < 20; i += 2)
		sum += get(ip, i, 2);
	return sum_holds(sum);
}

/* The layers of a frame; -1 when lengths contradict one another. */
struct layers {
	struct span	 frame, ip, header, udp, msg;
};

static int
peel(struct layers *l, const uint8_t *p, size_t len)
{
	struct span all = { p, len, 0 }, packet;

	l->frame = all;
	packet = part(&l->frame, 14, len < 14 ? 0 : len - 14);
	if (get(&packet, 0, 1) / 16 != 4)
		return -1;
	l->header = part(&packet, 0, 4 * (get(&packet, 0, 1) % 16));
	l->ip = part(&packet, 0, get(&packet, 2, 2));
	if (l->header.len < 20 || l->ip.len < l->header.len)
		return -1;
	l->udp = part(&l->ip, l->header.len, l->ip.len - l->header.len);
	l->udp = part(&l->udp, 0, get(&l->udp, 4, 2));
	if (l->udp.len < 8)
		return -1;
	l->msg = part(&l->udp, 8, l->udp.len - 8);
	return packet.past || l->ip.past || l->udp.past ? -1 : 0;
}

static int
is(struct span *s, size_t off, const uint8_t *want, size_t n)
{
	return off <= s->len && s->len - off >= n &&
	    memcmp(s->p + off, want, n) == 0;
}

static int
for_us(const struct dhcp_conf *c, struct layers *l)
{
	uint64_t to = get(&l->frame, 0, 6), ip = get(&l->ip, 16, 4);
	static const uint8_t none[6];

	if (!is(&l->frame, 6, c->guest_mac, 6) ||
	    get(&l->frame, 12, 2) != 0x0800)
		return 0;
	if (to != 0xffffffffffffULL && (!is(&l->frame, 0, c->host_mac, 6) ||
	    memcmp(c->host_mac, none, 6) == 0))
		return 0;
	return (ip == 0xffffffffU || ip == c->host) &&
	    get(&l->ip, 9, 1) == 17 && get(&l->ip, 6, 2) % 0x4000 == 0 &&
	    get(&l->udp, 0, 2) == 68 && get(&l->udp, 2, 2) == 67;
}

/* The last type and the last wanted address; *wanted is ours for none. */
static unsigned
asked(struct span *opt, uint64_t ours, uint64_t *wanted)
{
	unsigned type = 0, code;
	size_t at = 4, n;

	*wanted = ours;
	if (opt->len <= 7 || opt->len >= 1236 || get(opt, 0, 4) != 0x63825363)
		return 0;
	while (at < opt->len && (code = opt->p[at]) != 255) {
		if (code == 0) {
			at++;
			continue;
		}
		n = get(opt, at + 1, 1);
		if (opt->past || opt->len - (at + 2) < n)
			break;
		if (code == 53 && n == 1)
			type = opt->p[at + 2];
		if (code == 50 && n == 4)
			*wanted = get(opt, at + 2, 4);
		at += 2 + n;
	}
	return type;
}

/* The bytes of the host name that an offer tells; 0 for none. */
static size_t
host_name(const struct dhcp_conf *c)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	const char *s = c->hostname;
	size_t n = s == NULL || !c->netboot ? 0 : strlen(s);

	if (n < 2 || strspn(s, allowed) != n ||
	    strchr("-.", s[0]) != NULL || strchr("-.", s[n - 1]) != NULL ||
	    strstr(s, "..") != NULL || strstr(s, ".-") != NULL ||
	    strstr(s, "-.") != NULL)
		return 0;
	return n;
}

int
dhcpmodel_owed(const struct dhcp_conf *c, const uint8_t *p, size_t len)
{
	uint64_t wanted, ciaddr;
	struct layers l;
	struct span opt;
	unsigned type;

	if (len < 314 || len > 1514 || peel(&l, p, len) == -1 ||
	    !for_us(c, &l) || l.msg.len < 236)
		return DHCPMODEL_SILENCE;
	if (!sum_holds(words(&l.header)) ||
	    (get(&l.udp, 6, 2) != 0 && !udp_holds(&l.ip, &l.udp)))
		return DHCPMODEL_SILENCE;
	ciaddr = get(&l.msg, 12, 4);
	if (get(&l.msg, 0, 4) != 0x01010600 || host_name(c) > 255 ||
	    !is(&l.msg, 28, c->guest_mac, 6) || get(&l.msg, 108, 1) != 0 ||
	    (ciaddr != 0 && ciaddr != c->guest))
		return DHCPMODEL_SILENCE;
	opt = part(&l.msg, 236, l.msg.len - 236);
	type = asked(&opt, c->guest, &wanted);
	return type == 0 ? 0 : type == 1 ? 2 :
	    type == 3 && wanted == c->guest ? 5 : 6;
}

/* ------------------------------------------------------------ answers */

static const char *
check_headers(const struct dhcp_conf *c, struct layers *l)
{
	uint8_t src[6];

	memcpy(src, c->guest_mac, 6);
	src[5] = (uint8_t)(src[5] + 1);
	if (!is(&l->frame, 0, c->guest_mac, 6))
		return "the frame is not for the guest";
	if (!is(&l->frame, 6, src, 6) || get(&l->frame, 12, 2) != 0x0800)
		return "the frame comes from somewhere else";
	if (l->header.len != 20 || l->ip.len != l->frame.len - 14 ||
	    l->udp.len != l->ip.len - 20)
		return "bytes before or behind the packet";
	if (get(&l->ip, 1, 1) != 0x10 || get(&l->ip, 4, 4) != 0 ||
	    get(&l->ip, 8, 2) != 0x1011)
		return "an IP header with other values";
	if (get(&l->ip, 12, 4) != c->host || get(&l->ip, 16, 4) != c->guest)
		return "other IP addresses";
	if (get(&l->udp, 0, 4) != 67 * 65536 + 68)
		return "other ports";
	if (!sum_holds(words(&l->header)) || get(&l->udp, 6, 2) == 0 ||
	    !udp_holds(&l->ip, &l->udp))
		return "a checksum is wrong";
	return NULL;
}

static int
zeros(struct span *s, size_t off, size_t end)
{
	for (; off < end; off++)
		if (get(s, off, 1) != 0)
			return 0;
	return !s->past;
}

static const char *
check_message(const struct dhcp_conf *c, struct span *ask, struct span *m,
    int owed)
{
	static const char file[] = "auto_install";
	int nak = owed == 6;
	size_t end = 108;

	if (m->len < 300 || m->len > 236 + 312)
		return "a message of another size";
	if (get(m, 0, 4) != 0x02010600 || get(m, 4, 4) != get(ask, 4, 4))
		return "not a reply to this request";
	if (!zeros(m, 8, 16) || !zeros(m, 24, 28) || !zeros(m, 34, 108))
		return "something stands in secs, flags, ciaddr, giaddr, "
		    "chaddr or sname";
	if (get(m, 16, 4) != (nak ? 0 : c->guest) ||
	    get(m, 20, 4) != (nak ? 0 : c->host))
		return "other addresses in yiaddr or siaddr";
	if (!is(m, 28, c->guest_mac, 6))
		return "another client";
	if (c->netboot && !nak) {
		if (!is(m, 108, (const uint8_t *)file, sizeof(file)))
			return "another file";
		end = 108 + sizeof(file);
	}
	return zeros(m, end, 236) ? NULL : "something stands in file";
}

/* Where an option may stand: RFC 2131, table 3; RFC 951 knows no DHCP. */
#define IN_BOOTP	1
#define IN_LEASE	2		/* OFFER and ACK */
#define IN_NAK		4

static const struct option {
	uint8_t	code, len, where;	/* len 0: any from 1 on */
} table[] = {
	{ 53, 1, IN_LEASE | IN_NAK }, { 51, 4, IN_LEASE },
	{ 54, 4, IN_LEASE | IN_NAK }, { 1, 4, IN_LEASE | IN_BOOTP },
	{ 3, 4, IN_LEASE | IN_BOOTP }, { 6, 4, IN_LEASE | IN_BOOTP },
	{ 12, 0, IN_LEASE },
};
#define NTABLE	(sizeof(table) / sizeof(table[0]))

static int
value_ok(const struct dhcp_conf *c, int owed, unsigned code, struct span *v)
{
	switch (code) {
	case 53:
		return get(v, 0, 1) == (uint64_t)owed;
	case 51:
		return get(v, 0, 4) == 0xffffffffU;
	case 1:
		return get(v, 0, 4) == c->mask;
	case 12:
		return v->len == host_name(c) &&
		    memcmp(v->p, c->hostname, v->len) == 0;
	default:
		return get(v, 0, 4) == c->host;
	}
}

/* All that is due, each once, in its order, and only zeros at the end. */
static const char *
check_options(const struct dhcp_conf *c, struct span *m, int owed)
{
	unsigned where = owed == 0 ? IN_BOOTP : owed == 6 ? IN_NAK : IN_LEASE;
	size_t at = 240, i, n;
	struct span v;

	if (get(m, 236, 4) != 0x63825363)
		return "no cookie";
	for (i = 0; i < NTABLE; i++) {
		if ((table[i].where & where) == 0 ||
		    (table[i].code == 12 && host_name(c) == 0))
			continue;
		if (get(m, at, 1) != table[i].code)
			return "an option is missing or has no place here";
		n = get(m, at + 1, 1);
		v = part(m, at + 2, n);
		if (n == 0 || (table[i].len != 0 && n != table[i].len) ||
		    v.past)
			return "an option of another length";
		if (!value_ok(c, owed, table[i].code, &v))
			return "an option of another value";
		at += 2 + n;
	}
	if (get(m, at, 1) != 255 || !zeros(m, at + 1, m->len))
		return "options do not end where they should";
	return NULL;
}

const char *
dhcpmodel_check(const struct dhcp_conf *c, const uint8_t *ask, int owed,
    const uint8_t *p, size_t len)
{
	struct layers l, q;
	const char *why;

	if (peel(&q, ask, DHCP_FRAME_MAX) == -1)
		return "an answer to what is no request";
	if (peel(&l, p, len) == -1)
		return "lengths that contradict one another";
	if ((why = check_headers(c, &l)) != NULL ||
	    (why = check_message(c, &q.msg, &l.msg, owed)) != NULL)
		return why;
	return check_options(c, &l.msg, owed);
}
