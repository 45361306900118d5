/*
 * A frame in one line of text, for people who read traces.
 *
 *	dhcp REQUEST xid 0x12345678 from 02:00:00:00:00:01 wants 100.64.1.3
 *	arp who has 100.64.1.2 tell 100.64.1.3
 *	udp 10.0.0.1:53 > 10.0.0.2:4000, 80 bytes
 *
 * DHCP and BOOTP are told whole: type, transaction, addresses, options by
 * name.  A frame that contradicts itself is told as far as it makes sense.
 */
#ifndef BRIEF_H
#define BRIEF_H

#include <stddef.h>
#include <stdint.h>

#define BRIEF_MAX	320		/* bytes that hold what makes sense */

/* At most cap bytes with the NUL, longer lines are cut off; gives buf. */
char		*net_brief(char *buf, size_t cap, const uint8_t *frame,
		    size_t len);

#endif
