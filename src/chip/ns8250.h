/*
 * ns8250: a serial port, in fact a 16550A with working FIFOs.  National
 * PC16550D data sheet.
 *
 * Eight ports of one byte; the lowest three bits of the port choose the
 * register, so it works at any base.  Other widths read as ones and write
 * nothing.
 *
 * Bytes that the guest sends leave through host tx of queue 0 at once.  When
 * the host has no room they stay in the transmitter (16 bytes, or 1 without
 * FIFO; the line status shows it), and timer 0 tries again.  INPUT 0 brings
 * bytes; rx_ready says when there is room, ns8250_room how much, and what
 * comes beyond that is an overrun.  INPUT 1 is a break.
 *
 * Interrupts, their priorities, the trigger levels and the time-out of four
 * characters (timer 1; by the divisor, as nothing else depends on it), the
 * loop and the modem status are as in the data sheet.  The other end always
 * has DCD, DSR and CTS up.  OUT2 does not gate the interrupt; a break that
 * the guest sends and parity go nowhere.
 */
#ifndef NS8250_H
#define NS8250_H

#include "dev.h"

#define NS8250_FIFO	16
#define NS8250_RETRY	10000000ULL	/* ns */

extern const struct dev_ops ns8250_dev;

/* How many bytes of INPUT the receiver has room for. */
size_t	ns8250_room(const struct dev *);

#endif
