/*
 * sysport: the ports of a PC that are a bit each.
 *
 *	0x64	nobody's keyboard controller: reads as ones; 0xfe written to
 *		it pulses the reset line (facts, vmd-daemon 17.4)
 *	0x80	diagnostic code: keeps the byte
 *	0x92	bit 0 resets, bit 1 is A20 (kept; the line is always on)
 *	0x402	debug output of firmware through host tx of queue 0; reads as
 *		0xe9.  Only with DEVCONF_DEBUGPORT, else as ones
 *	0xcf9	reset control: bit 2 resets (82371SB 2.5.4; bit 1 chooses how
 *		hard, and there is one way here)
 *	0xb008	PM1a control, two bytes: reads 1 (SCI_EN); SLP_EN with the sleep
 *		type 5 powers off
 *
 * A reset is HREQ_REBOOT, power off is HREQ_SHUTDOWN.
 */
#ifndef SYSPORT_H
#define SYSPORT_H

#include "dev.h"

#define SYSPORT_PM1	0xb008

extern const struct dev_ops sysport_dev;

#endif
