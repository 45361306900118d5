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

int
poison_region(void *p, size_t len)
{
	if (__asan_poison_memory_region != NULL) {
		__asan_poison_memory_region(p, len);
		return 1;
	}
	return 0;
}

void
unpoison_region(void *p, size_t len)
{
	if (__asan_unpoison_memory_region != NULL)
		__asan_unpoison_memory_region(p, len);
}

void
poison_value(void *p, size_t len)
{
	if (__msan_poison != NULL)
		__msan_poison(p, len);
}

void
bless_value(void *p, size_t len)
{
	if (__msan_unpoison != NULL)
		__msan_unpoison(p, len);
}

void
check_value(const void *p, size_t len)
{
	if (__msan_check_mem_is_initialized != NULL)
		__msan_check_mem_is_initialized(p, len);
}
