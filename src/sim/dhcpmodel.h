/*
 * What the answerer of a local interface owes, and whether an answer is one:
 * a second reading of RFC 951, 2131 and 2132 that shares no code with net.
 */
#ifndef DHCPMODEL_H
#define DHCPMODEL_H

#include <stddef.h>
#include <stdint.h>

#include "dhcp.h"

#define DHCPMODEL_SILENCE	(-1)

/*
 * The message type that this frame must be answered with, 0 for a BOOTP
 * reply, or DHCPMODEL_SILENCE.
 */
int		 dhcpmodel_owed(const struct dhcp_conf *, const uint8_t *frame,
		    size_t len);
/*
 * Reads an answer of type owed to the request ask: NULL, or what is wrong
 * with it.
 */
const char	*dhcpmodel_check(const struct dhcp_conf *, const uint8_t *ask,
		    int owed, const uint8_t *frame, size_t len);

#endif
