/* The engine side for libFuzzer, and for AFL++ through its driver archive. */
#include <stdint.h>
#include <string.h>

#include "mutate.h"
#include "target.h"

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);
size_t	LLVMFuzzerCustomMutator(uint8_t *, size_t, size_t, unsigned);
size_t	LLVMFuzzerCustomCrossOver(const uint8_t *, size_t, const uint8_t *,
	    size_t, uint8_t *, size_t, unsigned);
size_t	LLVMFuzzerMutate(uint8_t *, size_t, size_t) __attribute__((weak));

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_target.init();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	(void)fuzz_target.run(data, len);
	return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed)
{
	/* Now and then the engine's own way, which knows compared values. */
	if (LLVMFuzzerMutate != NULL && (seed % 8 == 0 ||
	    (fuzz_target.shape == SHAPE_BYTES && seed % 4 != 1) ||
	    (fuzz_target.shape == SHAPE_IMAGE && seed % 2 == 0)))
		return LLVMFuzzerMutate(data, len, max);
	return mutate(&fuzz_target, data, len, max, seed);
}

size_t
LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t alen, const uint8_t *b,
    size_t blen, uint8_t *out, size_t max, unsigned seed)
{
	size_t n;

	if (fuzz_target.shape == SHAPE_RECORDS)
		return mutate_cross(&fuzz_target, a, alen, b, blen, out, max,
		    seed);
	n = alen / 2 < max ? alen / 2 : max;
	memcpy(out, a, n);
	blen = blen / 2 < max - n ? blen / 2 : max - n;
	memcpy(out + n, b, blen);
	return n + blen;
}
