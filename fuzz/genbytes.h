/* Changes of inputs whose bytes have no structure that the engine knows. */
#ifndef GENBYTES_H
#define GENBYTES_H

#include <stddef.h>
#include <stdint.h>

#include "prng.h"

/* Changes data in place, max bytes at most; the new length. */
size_t	genbytes_mutate(uint8_t *data, size_t len, size_t max, struct prng *);

#endif
