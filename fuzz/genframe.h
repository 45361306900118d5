/* Mutation of a stream of frames: one byte of cut, then the stream. */
#ifndef GENFRAME_H
#define GENFRAME_H

#include <stddef.h>
#include <stdint.h>

#include "prng.h"

size_t	genframe_mutate(uint8_t *data, size_t len, size_t max, struct prng *);

#endif
