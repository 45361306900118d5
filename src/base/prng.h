/*
 * A small deterministic generator (splitmix64) for tests and simulations.
 * The same seed gives the same numbers on every machine.  Not for secrets.
 */
#ifndef PRNG_H
#define PRNG_H

#include <stdint.h>

struct prng {
	uint64_t	s;
};

static inline void
prng_seed(struct prng *r, uint64_t seed)
{
	r->s = seed;
}

static inline uint64_t
prng_next(struct prng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number below n; n is not 0. */
static inline uint64_t
prng_below(struct prng *r, uint64_t n)
{
	return prng_next(r) % n;
}

#endif
