/*
 * A recording as an input: what the driver did, said compactly, so that it
 * fits a simulated guest.
 *
 * The register writes that bring the device up become one SETUP.  The chains
 * that the device walked are read off its loads and become CHAIN records; a
 * notification that only made the device walk them goes into the last of
 * them.  Other messages stay as they are.  Places on a large disk and lengths
 * of buffers are scaled to what the simulator has.
 */
#ifndef RESEED_H
#define RESEED_H

#include "trace.h"

#define RESEED_ROOM(n)	(2 * (n) + 4096)

/* Appends header and records; 0, or -1 when they do not fit. */
int	reseed(struct trace_reader *, struct wbuf *);

#endif
