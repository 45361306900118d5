/*
 * Mutation by records, for any engine: the core of the two adapters.
 *
 * An input is taken apart (any bytes are some records), one or a few records
 * change in ways that make sense for their type, and the whole is put
 * together again with a header in front, so every input is a trace that can
 * be shown.  Numbers and addresses come from what the guest of the simulator
 * uses, most of the time; one change in eight is a wild one.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "target.h"

/* Changes data in place; returns its new length, at most max. */
size_t	mutate(const struct fuzz_target *, uint8_t *data, size_t len,
	    size_t max, uint64_t seed);
/* Mixes records of two inputs into out. */
size_t	mutate_cross(const struct fuzz_target *, const uint8_t *a, size_t alen,
	    const uint8_t *b, size_t blen, uint8_t *out, size_t max,
	    uint64_t seed);

#endif
