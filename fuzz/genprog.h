/* Mutation of operation programs on disks: see sim/diskprog.h. */
#ifndef GENPROG_H
#define GENPROG_H

#include <stddef.h>
#include <stdint.h>

#include "prng.h"

/* Changes data in place, max bytes at most; the new length. */
size_t	genprog_mutate(uint8_t *data, size_t len, size_t max, struct prng *);

#endif
