#include "nic.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <netinet/in.h>

#include <errno.h>
#include <ifaddrs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devconf.h"
#include "local.h"

#define DOTTED(a)	(a) >> 24, (a) >> 16 & 255, (a) >> 8 & 255, (a) & 255

static int __attribute__((format(printf, 2, 3)))
refuse(struct tap_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

void
nic_mac(uint8_t mac[TAP_MACLEN], unsigned index, uint16_t random)
{
	mac[0] = 0xfe;
	mac[1] = 0xe1;
	mac[2] = 0xbb;
	mac[3] = (uint8_t)(0xd0 | ((index + 1) & 15));
	mac[4] = (uint8_t)(random >> 8);
	mac[5] = (uint8_t)random;
}

static int
choose_mac(struct nic *n, const struct nic_conf *c, struct tap_why *why)
{
	static const uint8_t none[TAP_MACLEN];
	uint16_t random;

	memcpy(n->mac, c->mac, sizeof(n->mac));
	if (memcmp(n->mac, none, sizeof(none)) != 0)
		return 0;
	if (getentropy(&random, sizeof(random)) == -1)
		return refuse(why, "%s: no random numbers for a MAC: %s",
		    c->tap, strerror(errno));
	nic_mac(n->mac, c->index, random);
	return 0;
}

static int
has_address(const struct ifaddrs *a, uint32_t addr)
{
	struct sockaddr_in in;

	if (a->ifa_addr == NULL || a->ifa_addr->sa_family != AF_INET)
		return 0;
	memcpy(&in, a->ifa_addr, sizeof(in));
	return ntohl(in.sin_addr.s_addr) == addr;
}

/* Two interfaces with one address: one of them would be deaf. */
static int
check_free(uint32_t addr, struct tap_why *why)
{
	struct ifaddrs *all, *a;
	int rv = 0;

	if (getifaddrs(&all) == -1)
		return refuse(why, "addresses of interfaces: %s",
		    strerror(errno));
	for (a = all; a != NULL && rv == 0; a = a->ifa_next) {
		if (has_address(a, addr))
			rv = refuse(why, "%u.%u.%u.%u: in use by %s; another "
			    "number of the machine makes another address",
			    DOTTED(addr), a->ifa_name);
	}
	freeifaddrs(all);
	return rv;
}

/* Before there is a tap. */
static int
choose_addresses(struct nic *n, const struct nic_conf *c,
    struct tap_why *why)
{
	struct local4 a;

	n->host = n->guest = 0;
	if (!c->local)
		return 0;
	if (c->bridge != NULL)
		return refuse(why, "%s: a local interface belongs to no "
		    "bridge: one of both", c->tap);
	if (local4(&a, LOCAL4_PREFIX, LOCAL4_LEN, c->machine, c->index) == -1)
		return refuse(why, "%s: there are no local addresses for "
		    "card %u of machine %lu", c->tap, c->index,
		    (unsigned long)c->machine);
	n->host = a.host;
	n->guest = a.guest;
	return check_free(n->host, why);
}

static int
connect_tap(const struct nic *n, const struct nic_conf *c,
    struct tap_why *why)
{
	const char *name = n->tap.name;

	if (c->mtu != 0 && tap_mtu(name, c->mtu, why) == -1)
		return -1;
	if (c->bridge != NULL && tap_join(name, c->bridge, why) == -1)
		return -1;
	if (c->local && tap_address(name, n->host, LOCAL4_MASK, why) == -1)
		return -1;
	return tap_up(name, 1, why);
}

static void
put_local(struct wbuf *w, const struct nic *n, const struct nic_conf *c)
{
	devconf_put_int(w, DEVCONF_GUESTADDR, n->guest);
	devconf_put_int(w, DEVCONF_HOSTADDR, n->host);
	devconf_put_int(w, DEVCONF_NETMASK, LOCAL4_MASK);
	if (c->hostname != NULL)
		devconf_put_bytes(w, DEVCONF_HOSTNAME, c->hostname,
		    strlen(c->hostname));
	if (c->netboot)
		devconf_put_int(w, DEVCONF_NETBOOT, 1);
}

static int
put_values(struct nic *n, const struct nic_conf *c, struct tap_why *why)
{
	uint8_t host[TAP_MACLEN];
	struct wbuf w;

	if (tap_mac(&n->tap, host, why) == -1)
		return -1;
	wb_init(&w, n->conf, sizeof(n->conf));
	devconf_put_bytes(&w, DEVCONF_MAC, n->mac, sizeof(n->mac));
	devconf_put_bytes(&w, DEVCONF_HOSTMAC, host, sizeof(host));
	if (c->locked)
		devconf_put_int(&w, DEVCONF_LOCKED, 1);
	if (c->mtu != 0)
		devconf_put_int(&w, DEVCONF_MTU, c->mtu);
	if (c->pairs != 0)
		devconf_put_int(&w, DEVCONF_NQUEUES, c->pairs);
	if (c->qsize != 0)
		devconf_put_int(&w, DEVCONF_QSIZE, c->qsize);
	if (c->offload)
		devconf_put_int(&w, DEVCONF_OFFLOAD, 1);
	if (c->local)
		put_local(&w, n, c);
	n->conflen = w.len;
	return 0;
}

int
nic_open(struct nic *n, const struct nic_conf *c, struct tap_why *why)
{
	n->tap.fd = -1;
	if (choose_mac(n, c, why) == -1 ||
	    choose_addresses(n, c, why) == -1 ||
	    tap_open(&n->tap, c->tap, c->offload, why) == -1)
		return -1;
	if (connect_tap(n, c, why) == 0 && put_values(n, c, why) == 0)
		return 0;
	nic_close(n);
	return -1;
}

void
nic_close(struct nic *n)
{
	tap_close(&n->tap);
}
