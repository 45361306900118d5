/*
 * Taps and what they are connected to: the host's end of a guest's wire.
 *
 * Everything here needs privilege (root or CAP_NET_ADMIN) and belongs to the
 * process that has it; a device process gets the descriptor and nothing else.
 * A tap is not persistent: it is gone with its last descriptor.
 *
 * Every function answers 0 or -1 with a line in why that names the interface
 * and what to do.  On a system without taps each of them says so.
 */
#ifndef TAP_H
#define TAP_H

#include <stddef.h>
#include <stdint.h>

#define TAP_NAMELEN	16		/* with the NUL */
#define TAP_UNITS	256		/* tap0 to tap255 are tried */
#define TAP_MACLEN	6

struct tap {
	int	fd;			/* frames, one per read or write */
	char	name[TAP_NAMELEN];
};

struct tap_why {
	char	text[200];
};

/*
 * Opens the tap of that name, or the first of tap0 to tap255 that is free
 * when the name is "tap".  Non-blocking, close-on-exec.  offload: frames
 * carry a virtio header of 12 bytes both ways, and checksums may be open
 * (vionet's OFFLOAD).
 */
int	tap_open(struct tap *, const char *name, int offload,
	    struct tap_why *);
void	tap_close(struct tap *);

/* MAC of the host's end: VIODEV_CONFIG's HOSTMAC. */
int	tap_mac(const struct tap *, uint8_t mac[TAP_MACLEN],
	    struct tap_why *);
/* The interface goes up or down. */
int	tap_up(const char *name, int up, struct tap_why *);
/* Address and mask of the host's end of a local interface, host order. */
int	tap_address(const char *name, uint32_t addr, uint32_t mask,
	    struct tap_why *);
/* The longest packet of the interface. */
int	tap_mtu(const char *name, unsigned mtu, struct tap_why *);
/* Joins a bridge that is there. */
int	tap_join(const char *name, const char *bridge, struct tap_why *);

#endif
