#include "nomemory.h"

#include <stdlib.h>

void	*faulty_malloc(size_t);
void	*faulty_calloc(size_t, size_t);
void	*faulty_realloc(void *, size_t);

static uint64_t left;			/* until it fails; 0: never */
static uint64_t failures;

void
nomemory_arm(uint64_t nth)
{
	left = nth;
}

uint64_t
nomemory_failures(void)
{
	return failures;
}

static int
fails(void)
{
	if (left == 0 || --left > 0)
		return 0;
	failures++;
	return 1;
}

void *
faulty_malloc(size_t n)
{
	return fails() ? NULL : malloc(n);
}

void *
faulty_calloc(size_t n, size_t size)
{
	return fails() ? NULL : calloc(n, size);
}

void *
faulty_realloc(void *p, size_t n)
{
	return fails() ? NULL : realloc(p, n);
}
