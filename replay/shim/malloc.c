/*
 * Preloaded by test_malloc.sh: allocation number FAIL_AT (from 1) of the
 * program fails, the others do not.  When it happened, the file FAIL_MARK is
 * made.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned long count;

static int
fails(void)
{
	const char *at = getenv("FAIL_AT"), *mark = getenv("FAIL_MARK");
	int fd;

	if (at == NULL || ++count != strtoul(at, NULL, 10))
		return 0;
	if (mark != NULL && (fd = open(mark, O_CREAT | O_WRONLY, 0600)) != -1)
		close(fd);
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	static void *(*real)(size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "malloc");
	return fails() ? NULL : real(n);
}

void *
realloc(void *p, size_t n)
{
	static void *(*real)(void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "realloc");
	return fails() ? NULL : real(p, n);
}

void *
aligned_alloc(size_t align, size_t n)
{
	static void *(*real)(size_t, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "aligned_alloc");
	return fails() ? NULL : real(align, n);
}

void *
calloc(size_t k, size_t n)
{
	void *p;
	size_t i;

	if (n != 0 && k > (size_t)-1 / n)
		return NULL;
	if ((p = malloc(k * n)) != NULL)
		for (i = 0; i < k * n; i++)
			((char *)p)[i] = 0;
	return p;
}
