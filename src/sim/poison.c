#include "poison.h"

#include <stdint.h>

/* Present when the program is linked with that sanitizer. */
void	__asan_poison_memory_region(void const volatile *, size_t)
	    __attribute__((weak));
void	__asan_unpoison_memory_region(void const volatile *, size_t)
	    __attribute__((weak));
void	__msan_poison(const volatile void *, size_t) __attribute__((weak));
void	__msan_unpoison(const volatile void *, size_t) __attribute__((weak));
void	__msan_check_mem_is_initialized(const volatile void *, size_t)
	    __attribute__((weak));

/*
 * Called through pointers: fuzzing services count direct calls into each
 * runtime to tell which one a program was built for.
 */
typedef void runtime_fn(const volatile void *, size_t);

static runtime_fn *const volatile asan_poison = __asan_poison_memory_region;
static runtime_fn *const volatile asan_unpoison =
    __asan_unpoison_memory_region;
static runtime_fn *const volatile msan_poison = __msan_poison;
static runtime_fn *const volatile msan_unpoison = __msan_unpoison;
static runtime_fn *const volatile msan_check =
    __msan_check_mem_is_initialized;

int
poison_region(void *p, size_t len)
{
	if (asan_poison == NULL)
		return 0;
	asan_poison(p, len);
	return 1;
}

void
unpoison_region(void *p, size_t len)
{
	if (asan_unpoison != NULL)
		asan_unpoison(p, len);
}

void
poison_value(void *p, size_t len)
{
	if (msan_poison != NULL)
		msan_poison(p, len);
}

void
bless_value(void *p, size_t len)
{
	if (msan_unpoison != NULL)
		msan_unpoison(p, len);
}

void
check_value(const void *p, size_t len)
{
	if (msan_check != NULL)
		msan_check(p, len);
}
