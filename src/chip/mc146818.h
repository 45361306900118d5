/*
 * mc146818: the clock of a PC and its CMOS memory.  Motorola MC146818A data
 * sheet; register map of the PC/AT.
 *
 * Ports, by their numbers: 0x70 index (bit 7, the NMI mask of a PC, is taken
 * and has no effect; reads as ones), 0x71 data.  One byte wide; other widths
 * read as ones and write nothing.  128 bytes.
 *
 * Time is the host's wall clock, UTC, plus what the guest set: when the host's
 * clock is set, the guest's moves along.  BCD and binary, 12 and 24 hours,
 * SET, the divider (an update half a second after its release), UIP (2.2 ms
 * before each update), the alarm with "don't care" and the three interrupts
 * are as in the data sheet.  The century stands at 0x32 and counts.  No
 * daylight saving, no square wave.
 *
 * Attach values: DEVCONF_LOWMEM and DEVCONF_HIGHMEM (bytes of memory below
 * and above 4 GiB), DEVCONF_NCPUS, DEVCONF_BOOTORDER (three nibbles, the first
 * choice lowest: 1 floppy, 2 disk, 3 CD, 4 network) fill the bytes where
 * firmware looks for them.
 *
 * Flags that nobody waits for cost nothing: a timer runs only while an enabled
 * interrupt is still to come, and none while the line is up, so a guest that
 * does not acknowledge is not served at 8 kHz.
 *
 * host irq is line 8.  Timer 0 is the periodic interrupt, timer 1 the next
 * second or alarm.
 */
#ifndef MC146818_H
#define MC146818_H

#include "dev.h"

#define MC146818_UIP_NS	2228000		/* tBUC + tUC at 32768 Hz */

extern const struct dev_ops mc146818_dev;

#endif
