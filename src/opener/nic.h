/*
 * Opens a network card's end of the wire for a device process, which opens
 * nothing: the tap with its address or bridge, and the attach values that go
 * with it (vionet.h).
 *
 * Whoever calls this may make interfaces.  Nothing has to be taken back
 * later: tap, address and the bridge's membership are gone with the tap's
 * last descriptor.
 */
#ifndef NIC_H
#define NIC_H

#include <stddef.h>
#include <stdint.h>

#include "tap.h"

#define NIC_CONF	256		/* bytes of attach values */

/* Zero is a default everywhere but in tap. */
struct nic_conf {
	const char	*tap;		/* a name, or "tap": any that is free */
	const char	*bridge;	/* joins it */
	unsigned	 index;		/* of the card in its machine */
	uint8_t		 mac[TAP_MACLEN];	/* zero: made up */
	int		 locked;	/* and it is the only one */
	unsigned	 mtu;		/* of both ends */
	unsigned	 pairs;		/* of queues */
	unsigned	 qsize;
	int		 offload;	/* checksums may be open */
	/*
	 * A local interface: host and guest by themselves, addresses from
	 * net/local.h, and the card answers DHCP.
	 */
	int		 local;
	uint32_t	 machine;	/* its number, for the addresses */
	const char	*hostname;	/* of the guest, or NULL */
	int		 netboot;
};

struct nic {
	struct tap	 tap;
	uint8_t		 mac[TAP_MACLEN];
	uint32_t	 host, guest;	/* of a local interface, or 0 */
	uint8_t		 conf[NIC_CONF];
	size_t		 conflen;
};

/*
 * 0, or -1 with a line that names the interface, the bridge or the address
 * and says what to do; then nothing is left.  Refused: an address that is
 * some interface's already, a name in use, a bridge that is not there.
 */
int	nic_open(struct nic *, const struct nic_conf *, struct tap_why *);
void	nic_close(struct nic *);

/*
 * The MAC of a card without one: fe:e1:bb:dN and two random bytes, N being
 * the number of the card, from 1.
 */
void	nic_mac(uint8_t mac[TAP_MACLEN], unsigned index, uint16_t random);

#endif
