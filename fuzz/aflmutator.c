/* The mutator as a shared object for AFL++ (AFL_CUSTOM_MUTATOR_LIBRARY). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"
#include "prng.h"

struct mutator {
	struct prng	r;
	uint8_t		buf[65536];
};

void	*afl_custom_init(void *, unsigned);
size_t	 afl_custom_fuzz(struct mutator *, uint8_t *, size_t, uint8_t **,
	    uint8_t *, size_t, size_t);
void	 afl_custom_deinit(struct mutator *);

void *
afl_custom_init(void *afl, unsigned seed)
{
	struct mutator *m = calloc(1, sizeof(*m));

	(void)afl;
	if (m != NULL)
		prng_seed(&m->r, seed);
	return m;
}

size_t
afl_custom_fuzz(struct mutator *m, uint8_t *buf, size_t len, uint8_t **out,
    uint8_t *add, size_t addlen, size_t max)
{
	if (max > sizeof(m->buf))
		max = sizeof(m->buf);
	*out = m->buf;
	if (add != NULL && prng_below(&m->r, 8) == 0 &&
	    fuzz_target.shape == SHAPE_RECORDS)
		return mutate_cross(&fuzz_target, buf, len, add, addlen,
		    m->buf, max, prng_next(&m->r));
	if (len > max)
		len = max;
	memcpy(m->buf, buf, len);
	return mutate(&fuzz_target, m->buf, len, max, prng_next(&m->r));
}

void
afl_custom_deinit(struct mutator *m)
{
	free(m);
}
