/*
 * The host's end of a local interface, for real clients: makes a tap, answers
 * DHCP with the answerer and ARP for the host's address, and tells each frame
 * in words.  The network stack behind the tap plays the guest.
 *
 *	dhcptap [-b] [-n hostname] [-o file] interface
 *
 *	-b	as for a network boot
 *	-n	host name to tell
 *	-o	writes each DHCP frame of the client as a fuzzing input, to
 *		file-1, file-2, ...
 */
#include <sys/ioctl.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bebytes.h"
#include "brief.h"
#include "dhcp.h"

#define MTU	2048
#define INPUT	0x10		/* a fuzzing input: the host MAC is known */

static struct dhcp_conf conf = {
	.guest_mac = { 2, 0, 0, 0xaa, 0xbb, 0xff },
	.host_mac = { 2, 0, 0, 0xcc, 0xdd, 1 },
	.guest = 0x64400103, .host = 0x64400102, .mask = 0xfffffffe
};
static const char *out;

static int
open_tap(const char *name)
{
	struct ifreq ifr;
	int fd;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (strlen(name) >= sizeof(ifr.ifr_name))
		errx(1, "%s: name too long", name);
	memcpy(ifr.ifr_name, name, strlen(name));
	if ((fd = open("/dev/net/tun", O_RDWR)) == -1)
		err(1, "/dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &ifr) == -1)
		err(1, "%s", name);
	return fd;
}

static void
say(const char *dir, const uint8_t *p, size_t len)
{
	char line[BRIEF_MAX];

	printf("%s %s\n", dir, net_brief(line, sizeof(line), p, len));
	fflush(stdout);
}

static void
put(int fd, const uint8_t *p, size_t len)
{
	say("<", p, len);
	if (write(fd, p, len) != (ssize_t)len)
		err(1, "write");
}

/* Who has the host's address: the host. */
static void
arp(int fd, uint8_t *p, size_t len)
{
	if (len < 42 || beb16_get(p + 12) != 0x0806 ||
	    beb16_get(p + 20) != 1 || beb32_get(p + 38) != conf.host)
		return;
	memcpy(p, p + 6, 6);
	memcpy(p + 6, conf.host_mac, 6);
	beb16_put(p + 20, 2);
	memcpy(p + 32, p + 22, 10);
	memcpy(p + 22, conf.host_mac, 6);
	beb32_put(p + 28, conf.host);
	put(fd, p, 42);
}

static void
keep(const uint8_t *p, size_t len)
{
	static unsigned n;
	char path[256];
	FILE *f;

	if (out == NULL)
		return;
	snprintf(path, sizeof(path), "%s-%u", out, ++n);
	if ((f = fopen(path, "wb")) == NULL)
		err(1, "%s", path);
	fputc(INPUT | (conf.netboot ? 7 : 0), f);
	if (fwrite(p, 1, len, f) != len || fclose(f) == EOF)
		err(1, "%s", path);
}

static void
serve(int fd)
{
	uint8_t p[MTU], reply[DHCP_REPLY_MAX];
	enum dhcp_result res;
	size_t rlen;
	ssize_t n;

	while ((n = read(fd, p, sizeof(p))) > 0 || errno == EINTR) {
		if (n <= 0)
			continue;
		say(">", p, (size_t)n);
		res = dhcp_answer(&conf, p, (size_t)n, reply, &rlen);
		if (res != DHCP_OTHER)
			keep(p, (size_t)n);
		if (res == DHCP_ANSWERED)
			put(fd, reply, rlen);
		else if (res != DHCP_OTHER)
			printf("! %s\n", dhcp_result_name(res));
		else
			arp(fd, p, (size_t)n);
	}
	err(1, "read");
}

int
main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "bn:o:")) != -1)
		switch (c) {
		case 'b':
			conf.netboot = 1;
			break;
		case 'n':
			conf.hostname = optarg;
			break;
		case 'o':
			out = optarg;
			break;
		default:
			argc = 0;
		}
	if (argc != optind + 1) {
		fprintf(stderr, "usage: dhcptap [-b] [-n hostname] [-o file] "
		    "interface\n");
		return 2;
	}
	serve(open_tap(argv[optind]));
	return 1;
}
