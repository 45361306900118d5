/*
 * vmmci: what host and guest tell one another about the machine as a whole.
 * OpenBSD's own device (vendor 0x0b5d, product 0x0777): the register block of
 * virtio 0.9 (4.1.4.10), no queues, and the five words below behind it.
 *
 * The host's wishes come as VIODEV_COMMAND, which the device answers with 0,
 * or with 1 when there is nobody to tell:
 *
 *	SHUTDOWN, REBOOT	refused before DRIVER_OK.  The driver gets a
 *				configuration interrupt, and VMMCI_SHORT to
 *				acknowledge by writing the same number; then
 *				it has VMMCI_LONG from its first answer on.
 *				When time is up the host is asked to end or
 *				restart the machine (HREQ_SHUTDOWN, _REBOOT).
 *	SYNCRTC			refused unless the driver took that feature,
 *				and while a shutdown or reboot is under way.
 *				The driver writes SYNCRTC once it has done it.
 *
 * A driver that writes SHUTDOWN by itself powers the machine off: the host is
 * asked to end it after VMMCI_SHORT.  A reset of the device by its driver
 * makes the command register NONE but does not take back what is under way;
 * a system reset does.
 *
 * The clock: a read that touches the lowest byte of the seconds samples the
 * host's wall clock, all other reads tell that sample.  So seconds first and
 * microseconds later are of one moment, however they are read.
 */
#ifndef VMMCI_H
#define VMMCI_H

#include "dev.h"

#define VMMCI_F_TIMESYNC	(1ULL << 0)
#define VMMCI_F_ACK		(1ULL << 1)
#define VMMCI_F_SYNCRTC		(1ULL << 2)

/* Registers behind the header, four bytes each. */
#define VMMCI_COMMAND		0
#define VMMCI_SEC		4	/* and its upper half behind it */
#define VMMCI_USEC		12
#define VMMCI_CONFIG_SIZE	20

#define VMMCI_TIMER		0
#define VMMCI_SHORT		3000000000ULL	/* ns */
#define VMMCI_LONG		120000000000ULL

extern const struct dev_ops vmmci_dev;

#endif
