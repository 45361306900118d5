/*
 * The raw format: the store is the disk.  Any size in bytes; discards and
 * zeroes punch holes where the store can, zeroes are written where not.
 */
#ifndef RAW_H
#define RAW_H

#include "disk.h"

/* Opens any store; fails only for want of memory or when size fails. */
int	raw_open(const struct bstore *, int readonly, struct disk **,
	    struct disk_why *);

#endif
