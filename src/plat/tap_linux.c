/* Taps on Linux: /dev/net/tun and interface requests on a socket. */
#include "tap.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <net/if.h>
#include <netinet/in.h>

#include <linux/if_tun.h>
#include <linux/sockios.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NODE		"/dev/net/tun"
#define HEADER		12		/* bytes of virtio's header: 5.1.6 */

static int __attribute__((format(printf, 2, 3)))
refuse(struct tap_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

static const char *
advice(int error)
{
	return error == EPERM || error == EACCES ?
	    ": root or CAP_NET_ADMIN is needed" : "";
}

static int
set_name(struct ifreq *r, const char *name, struct tap_why *why)
{
	memset(r, 0, sizeof(*r));
	if (name[0] == '\0' || strlen(name) >= sizeof(r->ifr_name) ||
	    strpbrk(name, "/%: \t") != NULL)
		return refuse(why, "%.40s: no name of an interface", name);
	strcpy(r->ifr_name, name);
	return 0;
}

/* One request about an interface. */
static int
request(unsigned long what, struct ifreq *r, const char *words,
    struct tap_why *why)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), res, error;

	if (s == -1)
		return refuse(why, "socket: %s", strerror(errno));
	res = ioctl(s, what, r);
	error = errno;
	close(s);
	return res == -1 ? refuse(why, "%s: %s: %s%s", r->ifr_name, words,
	    strerror(error), advice(error)) : 0;
}

/*
 * Makes the interface: 1, 0 when somebody else has it, or -1.  EXCL: a tap
 * that is there already, persistent or in use, is not ours to take.
 */
static int
make(struct tap *t, const char *name, int offload, struct tap_why *why)
{
	int size = HEADER;
	struct ifreq r;

	if (set_name(&r, name, why) == -1)
		return -1;
	r.ifr_flags = IFF_TAP | IFF_NO_PI | (short)IFF_TUN_EXCL |
	    (offload ? IFF_VNET_HDR : 0);
	if (ioctl(t->fd, TUNSETIFF, &r) == -1)
		return errno == EBUSY ? 0 : refuse(why, "%s: cannot be made: "
		    "%s%s", name, strerror(errno), advice(errno));
	if (offload && (ioctl(t->fd, TUNSETVNETHDRSZ, &size) == -1 ||
	    ioctl(t->fd, TUNSETOFFLOAD, TUN_F_CSUM) == -1))
		return refuse(why, "%s: no checksum offload: %s", name,
		    strerror(errno));
	memcpy(t->name, r.ifr_name, sizeof(t->name));
	t->name[sizeof(t->name) - 1] = '\0';
	return 1;
}

static int
make_any(struct tap *t, int offload, struct tap_why *why)
{
	char name[TAP_NAMELEN];
	int i, res;

	for (i = 0; i < TAP_UNITS; i++) {
		snprintf(name, sizeof(name), "tap%d", i);
		if ((res = make(t, name, offload, why)) != 0)
			return res;
	}
	return refuse(why, "tap: all of tap0 to tap%d are in use",
	    TAP_UNITS - 1);
}

int
tap_open(struct tap *t, const char *name, int offload, struct tap_why *why)
{
	int res;

	t->fd = open(NODE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd == -1)
		return refuse(why, "%s: %s: %s%s", name, NODE,
		    strerror(errno), advice(errno));
	if (strcmp(name, "tap") == 0)
		res = make_any(t, offload, why);
	else if ((res = make(t, name, offload, why)) == 0)
		res = refuse(why, "%s: in use; another name or \"tap\" for "
		    "any", name);
	if (res == -1)
		tap_close(t);
	return res == 1 ? 0 : -1;
}

void
tap_close(struct tap *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

int
tap_mac(const struct tap *t, uint8_t mac[TAP_MACLEN], struct tap_why *why)
{
	struct ifreq r;

	if (set_name(&r, t->name, why) == -1 ||
	    request(SIOCGIFHWADDR, &r, "no MAC", why) == -1)
		return -1;
	memcpy(mac, r.ifr_hwaddr.sa_data, TAP_MACLEN);
	return 0;
}

int
tap_up(const char *name, int up, struct tap_why *why)
{
	struct ifreq r;

	if (set_name(&r, name, why) == -1 ||
	    request(SIOCGIFFLAGS, &r, "no flags", why) == -1)
		return -1;
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP :
	    r.ifr_flags & ~IFF_UP);
	return request(SIOCSIFFLAGS, &r, up ? "does not go up" :
	    "does not go down", why);
}

static void
set_address(struct ifreq *r, uint32_t v)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(v)
	};

	memcpy(&r->ifr_addr, &in, sizeof(in));
}

int
tap_address(const char *name, uint32_t addr, uint32_t mask,
    struct tap_why *why)
{
	struct ifreq r;

	if (set_name(&r, name, why) == -1)
		return -1;
	set_address(&r, addr);
	if (request(SIOCSIFADDR, &r, "takes no address", why) == -1)
		return -1;
	set_address(&r, mask);
	return request(SIOCSIFNETMASK, &r, "takes no mask", why);
}

int
tap_mtu(const char *name, unsigned mtu, struct tap_why *why)
{
	struct ifreq r;

	if (set_name(&r, name, why) == -1)
		return -1;
	r.ifr_mtu = (int)mtu;
	return request(SIOCSIFMTU, &r, "takes no such MTU", why);
}

int
tap_join(const char *name, const char *bridge, struct tap_why *why)
{
	unsigned index = if_nametoindex(name);
	struct ifreq r;

	if (set_name(&r, bridge, why) == -1)
		return -1;
	if (index == 0)
		return refuse(why, "%.40s: no such interface", name);
	if (if_nametoindex(bridge) == 0)
		return refuse(why, "%s: no such bridge: ip link add %s type "
		    "bridge makes one", bridge, bridge);
	r.ifr_ifindex = (int)index;
	return request(SIOCBRADDIF, &r, "does not take the tap", why);
}
