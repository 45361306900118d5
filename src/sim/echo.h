/*
 * A device for the tests of the transport: it uses everything that the
 * contract offers and does nothing useful with it.
 *
 * Modern kind "echo", three queues:
 *	0  readable bytes come back as writable bytes
 *	1  INPUT payload goes into the next buffer, or is dropped
 *	2  readable bytes leave through tx
 * Configuration, 16 bytes:
 *	0  le32, counts what the timer did; changes by itself
 *	4  le32, written: arms timer 1 after so many ms
 *	8  le32, written: request to the host, its argument the clock
 *	12 le32, queue sizes that are not served in one go (0: all are):
 *	   chains of queue 0 in one message
 * Kind "legacy": the same configuration behind the legacy header, no queues.
 */
#ifndef ECHO_H
#define ECHO_H

#include "dev.h"

#define ECHO_F_FIRST	(1ULL << 0)
#define ECHO_F_SECOND	(1ULL << 1)	/* needs FIRST */
#define ECHO_F_HIGH	(1ULL << 50)
#define ECHO_CONFIG	16

extern const struct dev_ops echo_dev, legacy_dev;

#endif
