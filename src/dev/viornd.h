/*
 * viornd: the entropy device.  virtio 1.3, 5.4.
 *
 * One queue, no features of its own, no configuration.  Each buffer that the
 * guest offers is filled with random bytes from the host.
 *
 * Bounds: at most VIORND_MAXBUF bytes go into one buffer (a longer one is
 * returned filled in part, 5.4.6.2 allows that) and about VIORND_MAXKICK
 * bytes into the buffers of one kick; the rest waits for the next turn.
 *
 * When the host has no entropy the buffers stay where they are and a timer
 * tries again: a buffer never comes back empty, unless it had no room.
 */
#ifndef VIORND_H
#define VIORND_H

#include "dev.h"

#define VIORND_QSIZE	64
#define VIORND_MAXBUF	4096
#define VIORND_MAXKICK	65536
#define VIORND_RETRY	100000000ULL	/* ns */

extern const struct dev_ops viornd_dev;

#endif
