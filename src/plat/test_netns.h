/* A network of one's own for a test: gone with the process. */
#ifndef TEST_NETNS_H
#define TEST_NETNS_H

#include <sys/socket.h>
#include <sys/syscall.h>

#include <netinet/in.h>

#include <linux/sched.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

/* 1 when this process is now in a network namespace that can have taps. */
static inline int
netns_enter(void)
{
	int fd;

	if (syscall(SYS_unshare, CLONE_NEWNET) == -1)
		return 0;
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return 0;
	close(fd);
	return 1;
}

/* The host sends a datagram of len bytes to port 7 of an address. */
static inline int
netns_send(uint32_t addr, const void *p, size_t len)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(7),
		.sin_addr.s_addr = htonl(addr)
	};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	n = sendto(s, p, len, 0, (struct sockaddr *)&to, sizeof(to));
	close(s);
	return n == (ssize_t)len ? 0 : -1;
}

/* Makes the answer to an ARP request in place: 42 bytes; -1 if it is none. */
static inline int
netns_arp(uint8_t *f, size_t len, const uint8_t *mac, uint32_t addr)
{
	uint32_t be = htonl(addr);

	if (len < 42 || f[12] != 8 || f[13] != 6 || f[21] != 1 ||
	    memcmp(f + 38, &be, 4) != 0)
		return -1;
	memcpy(f, f + 6, 6);
	memcpy(f + 6, mac, 6);
	memcpy(f + 32, f + 22, 10);
	memcpy(f + 22, mac, 6);
	memcpy(f + 28, &be, 4);
	f[21] = 2;
	return 0;
}

#endif
