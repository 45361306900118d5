/*
 * Images of format qcow2 as inputs of the disk targets (see diskimage.h):
 * small ones, most of them in order, and changes in the right places.
 */
#ifndef GENIMAGE_H
#define GENIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "prng.h"

/*
 * Changes an input in place, max bytes at most; the new length.  lead: bytes
 * before the first stretch of the image.
 */
size_t	genimage_mutate(uint8_t *data, size_t len, size_t max, size_t lead,
	    struct prng *);

#endif
