/*
 * The whole board as one device, so that recorder, player and simulator take
 * it like others: its messages are what the vm process does to a board.
 *
 *	READ, WRITE	PORT: board_in and board_out; DEVICE: memory-mapped,
 *			where is the address
 *	LINE s		board_irq of slot s
 *	INTACK		board_intr_ack; all ones when nothing is pending
 *	INPUT 0, 1	console input and break
 *	TIMER n		board_timer
 *	PAUSE, UNPAUSE, RESET
 *
 * Slot 1 is a viornd, slot 2 a disk and slot 3 a vmmci elsewhere, which answer
 * with what was written to them last.  host irq is the vcpu's interrupt; com1
 * sends through queue 0, debug output through queue 1.
 */
#ifndef BOARDDEV_H
#define BOARDDEV_H

#include "dev.h"

extern const struct dev_ops boarddev;

#endif
