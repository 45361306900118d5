/* Mutation of commands of device tests, one a line: see qtest.h. */
#ifndef GENCMD_H
#define GENCMD_H

#include <stddef.h>
#include <stdint.h>

#include "prng.h"

/* Changes data in place, max bytes at most; the new length. */
size_t	gencmd_mutate(uint8_t *data, size_t len, size_t max, struct prng *);

#endif
