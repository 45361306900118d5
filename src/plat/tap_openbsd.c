/* Taps on OpenBSD: tap(4), bridge(4) and veb(4). */
#include "tap.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sockio.h>

#include <net/if.h>
#include <net/if_bridge.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	return error == EPERM || error == EACCES ? ": root is needed" : "";
}

/* One request about an interface. */
static int
request(unsigned long what, void *r, const char *name, const char *words,
    struct tap_why *why)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), res, error;

	if (s == -1)
		return refuse(why, "socket: %s", strerror(errno));
	res = ioctl(s, what, r);
	error = errno;
	close(s);
	return res == -1 ? refuse(why, "%s: %s: %s%s", name, words,
	    strerror(error), advice(error)) : 0;
}

/* The node of one unit: 1, 0 when it is in use, or -1. */
static int
open_unit(struct tap *t, const char *name, struct tap_why *why)
{
	char path[8 + TAP_NAMELEN];

	snprintf(path, sizeof(path), "/dev/%s", name);
	t->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd == -1)
		return errno == EBUSY ? 0 : refuse(why, "%s: %s%s", path,
		    strerror(errno), errno == ENOENT ?
		    ": MAKEDEV makes it" : advice(errno));
	snprintf(t->name, sizeof(t->name), "%s", name);
	return 1;
}

static int
open_any(struct tap *t, struct tap_why *why)
{
	char name[TAP_NAMELEN];
	int i, res;

	for (i = 0; i < TAP_UNITS; i++) {
		snprintf(name, sizeof(name), "tap%d", i);
		if ((res = open_unit(t, name, why)) != 0)
			return res;
	}
	return refuse(why, "tap: all of tap0 to tap%d are in use",
	    TAP_UNITS - 1);
}

int
tap_open(struct tap *t, const char *name, int offload, struct tap_why *why)
{
	int res;

	t->fd = -1;
	if (offload)
		return refuse(why, "%.40s: checksum offload is not supported "
		    "on this system", name);
	if (strcmp(name, "tap") == 0)
		return open_any(t, why) == 1 ? 0 : -1;
	if (strncmp(name, "tap", 3) != 0 || strlen(name) >= sizeof(t->name) ||
	    strspn(name + 3, "0123456789") != strlen(name + 3))
		return refuse(why, "%.40s: no name of a tap", name);
	if ((res = open_unit(t, name, why)) == 0)
		return refuse(why, "%s: in use; another name or \"tap\" for "
		    "any", name);
	return res == 1 ? 0 : -1;
}

void
tap_close(struct tap *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

/* tap(4) writes the six bytes, and nothing else. */
int
tap_mac(const struct tap *t, uint8_t mac[TAP_MACLEN], struct tap_why *why)
{
	if (ioctl(t->fd, SIOCGIFADDR, mac) == -1)
		return refuse(why, "%s: no MAC: %s", t->name,
		    strerror(errno));
	return 0;
}

static int
set_name(char *to, size_t cap, const char *name, struct tap_why *why)
{
	if ((size_t)snprintf(to, cap, "%s", name) >= cap)
		return refuse(why, "%.40s: no name of an interface", name);
	return 0;
}

int
tap_up(const char *name, int up, struct tap_why *why)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	if (set_name(r.ifr_name, sizeof(r.ifr_name), name, why) == -1 ||
	    request(SIOCGIFFLAGS, &r, name, "no flags", why) == -1)
		return -1;
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP :
	    r.ifr_flags & ~IFF_UP);
	return request(SIOCSIFFLAGS, &r, name, up ? "does not go up" :
	    "does not go down", why);
}

static void
set_address(struct sockaddr *to, uint32_t v)
{
	struct sockaddr_in in;

	memset(&in, 0, sizeof(in));
	in.sin_len = sizeof(in);
	in.sin_family = AF_INET;
	in.sin_addr.s_addr = htonl(v);
	memcpy(to, &in, sizeof(in));
}

int
tap_address(const char *name, uint32_t addr, uint32_t mask,
    struct tap_why *why)
{
	struct ifaliasreq r;

	memset(&r, 0, sizeof(r));
	if (set_name(r.ifra_name, sizeof(r.ifra_name), name, why) == -1)
		return -1;
	set_address(&r.ifra_addr, addr);
	set_address(&r.ifra_mask, mask);
	return request(SIOCAIFADDR, &r, name, "takes no address", why);
}

int
tap_mtu(const char *name, unsigned mtu, struct tap_why *why)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	if (set_name(r.ifr_name, sizeof(r.ifr_name), name, why) == -1)
		return -1;
	r.ifr_mtu = (int)mtu;
	return request(SIOCSIFMTU, &r, name, "takes no such MTU", why);
}

int
tap_join(const char *name, const char *bridge, struct tap_why *why)
{
	struct ifbreq r;

	memset(&r, 0, sizeof(r));
	if (set_name(r.ifbr_name, sizeof(r.ifbr_name), bridge, why) == -1 ||
	    set_name(r.ifbr_ifsname, sizeof(r.ifbr_ifsname), name, why) == -1)
		return -1;
	return request(SIOCBRDGADD, &r, bridge, "does not take the tap", why);
}
