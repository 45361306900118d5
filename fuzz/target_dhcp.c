/*
 * The DHCP answerer: one frame, next to a second reading of the RFCs.
 *
 * The first byte sets the answerer up (gendhcp.h), the rest is the frame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brief.h"
#include "dhcp.h"
#include "dhcpmodel.h"
#include "digest.h"
#include "gendhcp.h"
#include "poison.h"
#include "target.h"

static char longest[256], too_long[257];
static const char *const names[8] = {
	NULL, "", "v", "vm-1.example", longest, too_long, "no_name", "a.-b"
};
static uint8_t *reply, blank[DHCP_REPLY_MAX];

enum op {
	OP_BOOTP, OP_OFFER, OP_ACK, OP_NAK, OP_RENEW, OP_NAME, OP_TOLD,
	OP_RESULT
};

static const char *const opnames[] = {
	"bootp", "offer", "ack", "nak", "renew", "name", "told", "answered",
	"other", "length", "checksum", "fragment", "fields", "stranger",
	"ciaddr", "file", "long-name", NULL
};

static struct fuzz_stat st = { .opnames = opnames };

static void
check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "oracle dhcp: %s\n", what);
		abort();
	}
}

static void
init(void)
{
	memset(blank, 0x5a, sizeof(blank));
	memset(longest, 'n', sizeof(longest) - 1);
	memset(too_long, 'n', sizeof(too_long) - 1);
	if ((reply = malloc(DHCP_REPLY_MAX)) == NULL)
		abort();
}

static void
set_up(struct dhcp_conf *c, unsigned how)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->guest_mac, GENDHCP_GUEST, ETHER_ADDRLEN);
	if (how & GENDHCP_HOSTMAC)
		memcpy(c->host_mac, GENDHCP_HOST, ETHER_ADDRLEN);
	c->guest = GENDHCP_GUEST4;
	c->host = GENDHCP_HOST4;
	c->mask = 0xfffffffeU;
	c->netboot = (how & GENDHCP_NETBOOT) != 0;
	c->hostname = names[(how & GENDHCP_NAME) >> 1];
}

static void
tell(const uint8_t *p, size_t len, struct digest *d)
{
	char line[BRIEF_MAX];

	net_brief(line, sizeof(line), p, len);
	check(line[0] != '\0' && strlen(line) < sizeof(line),
	    "a frame without words");
	digest_add(d, line, strlen(line));
	st.ops |= 1U << OP_TOLD;
}

/* What kind of answer that was, for the statistics. */
static void
count(const struct dhcp_conf *c, const uint8_t *f, int owed)
{
	st.ops |= 1U << (owed == 0 ? OP_BOOTP : owed == 2 ? OP_OFFER :
	    owed == 5 ? OP_ACK : OP_NAK);
	if (f[0] != 0xff && owed == 5)
		st.ops |= 1U << OP_RENEW;
	if (c->netboot && c->hostname != NULL && strlen(c->hostname) > 1)
		st.ops |= 1U << OP_NAME;
	st.requests++;
	st.accepted++;
}

static void
silent(int owed)
{
	check(owed == DHCPMODEL_SILENCE, "a request without an answer");
	check(memcmp(reply, blank, DHCP_REPLY_MAX) == 0,
	    "something was written without an answer");
}

static uint64_t
frame(const struct dhcp_conf *c, const uint8_t *f, size_t len, int words)
{
	int owed = dhcpmodel_owed(c, f, len);
	enum dhcp_result res;
	const char *why;
	struct digest d;
	size_t n = 0;

	digest_init(&d);
	memcpy(reply, blank, DHCP_REPLY_MAX);
	poison_value(reply, DHCP_REPLY_MAX);
	res = dhcp_answer(c, f, len, reply, &n);
	check(res < DHCP_NRESULTS, "an unknown result");
	st.ops |= 1U << (OP_RESULT + res);
	if (res == DHCP_ANSWERED) {
		check(owed != DHCPMODEL_SILENCE, "an answer that is not due");
		check(n <= DHCP_REPLY_MAX, "an answer that is too long");
		check_value(reply, n);
		why = dhcpmodel_check(c, f, owed, reply, n);
		check(why == NULL, why);
		digest_add(&d, reply, n);
		count(c, f, owed);
	} else {
		bless_value(reply, DHCP_REPLY_MAX);
		silent(owed);
	}
	digest_u64(&d, res);
	if (words) {
		tell(f, len, &d);
		if (n > 0)
			tell(reply, n, &d);
	}
	return digest_value(&d);
}

/* The frame lies in memory of its size: nobody reads more than there is. */
static uint64_t
run(const uint8_t *data, size_t len)
{
	unsigned how = len > 0 ? data[0] : 0;
	size_t n = len > 0 ? len - 1 : 0;
	struct dhcp_conf c;
	uint64_t v;
	uint8_t *p;

	st.inputs++;
	set_up(&c, how);
	if ((p = malloc(n > 0 ? n : 1)) == NULL)
		abort();
	if (n > 0)
		memcpy(p, data + 1, n);
	v = frame(&c, p, n, (how & GENDHCP_TELL) == 0xa0);
	check(n == 0 || memcmp(p, data + 1, n) == 0, "the frame was changed");
	free(p);
	return v;
}

static void
stat(struct fuzz_stat *out)
{
	*out = st;
}

const struct fuzz_target fuzz_target = {
	.name = "dhcp",
	.shape = SHAPE_DHCP,
	.maxlen = 1600,
	.init = init,
	.run = run,
	.stat = stat,
};
