/* Mutation of one frame to a DHCP answerer: a byte of set-up, the frame. */
#ifndef GENDHCP_H
#define GENDHCP_H

#include <stddef.h>
#include <stdint.h>

#include "prng.h"

/* What the first byte chooses. */
#define GENDHCP_NETBOOT	0x01
#define GENDHCP_NAME	0x0e		/* one of eight host names */
#define GENDHCP_HOSTMAC	0x10		/* the host's end is known */
#define GENDHCP_TELL	0xe0		/* 0xa0: tell the frames in words */

/* The guest and the host of all inputs. */
#define GENDHCP_GUEST	"\x02\x00\x00\xaa\xbb\xff"
#define GENDHCP_HOST	"\x02\x00\x00\xcc\xdd\x01"
#define GENDHCP_GUEST4	0x64400103U
#define GENDHCP_HOST4	0x64400102U

size_t	gendhcp_mutate(uint8_t *data, size_t len, size_t max, struct prng *);

#endif
