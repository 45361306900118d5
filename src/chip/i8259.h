/*
 * i8259: the pair of interrupt controllers of a PC, with the edge/level
 * control registers (ELCR) of its south bridge.  Intel 8259A data sheet
 * (231468), 82371SB 2.5.
 *
 * Ports, by their numbers: 0x20, 0x21 first chip; 0xa0, 0xa1 second chip,
 * whose INT drives input 2 of the first; 0x4d0, 0x4d1 ELCR.  One byte wide;
 * other widths read as ones and write nothing.
 *
 * LINE n (0 to 15) is the level of input n; input 2 is the cascade and takes
 * none.  host irq is INT of the first chip.  INTACK is the pair of INTA
 * pulses: it answers the vector and moves the request into service.
 *
 * As in the data sheet, and unlike vmd: priorities block (a request is only
 * signalled above what is in service), rotation, special mask, special fully
 * nested and poll mode work, a request dies with its line, and whoever
 * acknowledges too late gets input 7 of the chip without an in-service bit.
 *
 * Not as in the data sheet: a chip is always in 8086 mode; SNGL, LTIM, ADI,
 * the buffered modes and the values of ICW3 are taken and have no effect, as
 * the wiring of a PC leaves no choice; inputs are masked until somebody
 * initialises the chip.
 */
#ifndef I8259_H
#define I8259_H

#include "dev.h"

extern const struct dev_ops i8259_dev;

#endif
