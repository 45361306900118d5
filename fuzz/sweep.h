/*
 * The same input again and again, each time with another fault: every call of
 * the host table that it makes fails in turn.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <stddef.h>
#include <stdint.h>

/* Writes the i-th variant of an input: its length, or 0 when there is none. */
size_t	sweep_records(const uint8_t *in, size_t len, unsigned i, uint8_t *out,
	    size_t max);

#endif
