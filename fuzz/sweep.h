/*
 * The same input again and again, each time with another fault: of each call
 * of the host table the first twelve fail in turn, in each way there is.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include <stddef.h>
#include <stdint.h>

/* Writes the i-th variant of an input: its length, or 0 when there is none. */
size_t	sweep_records(const uint8_t *in, size_t len, unsigned i, uint8_t *out,
	    size_t max);

#endif
