/*
 * i8253: the interval timer of a PC (an 8254: it has the read-back command)
 * and system control port B.  Intel 8254 data sheet (231164), 82371SB 2.5.
 *
 * Ports, by their numbers: 0x40 to 0x42 counters, 0x43 control word, 0x61
 * gate of counter 2 (bit 0), speaker (1), NMI enables (2, 3: kept, without
 * effect), refresh (4: toggles each 15 us), output of counter 2 (5).  One
 * byte wide; other widths read as ones and write nothing.  Port 0x43 reads
 * as 0.
 *
 * host irq is the output of counter 0, whose gate is always open.  All six
 * modes, BCD, the three access modes, latches and read-back are as in the
 * data sheet, but for half a handful of things: a count is in force without
 * the one clock it takes to load; a new count of mode 3 waits for the end of
 * the period, not of its half; in modes 2 to 5 the line of counter 0 is
 * high and falls and rises at once where the output rises (nobody sees the
 * low phase of a line that is edge triggered); a guest gets at most one
 * interrupt per I8253_MINTICKS from a periodic mode, although the count runs
 * as told: a period of a microsecond would keep the host busy for nothing.
 * Ticks that the host was too late for are lost, not made up for.
 *
 * Timer 0 is the next rise of the output of counter 0.  Time stands still
 * between PAUSE and UNPAUSE.
 */
#ifndef I8253_H
#define I8253_H

#include "dev.h"

#define I8253_HZ	1193182
#define I8253_MINTICKS	120		/* a tenth of a millisecond */

extern const struct dev_ops i8253_dev;

#endif
