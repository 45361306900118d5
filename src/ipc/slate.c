#include "slate.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <string.h>

_Static_assert((SLATE_PIPE & (SLATE_PIPE - 1)) == 0, "a power of two");

struct slate *
slate_map(int fd)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) == -1 || st.st_size != SLATE_SIZE)
		return NULL;
	p = mmap(NULL, SLATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

void
slate_unmap(struct slate *s)
{
	if (s != NULL)
		munmap(s, SLATE_SIZE);
}

/* Our own count is read here, too, and the peer can spoil that as well. */
static int
in_it(const struct slate_pipe *p, uint32_t *put, uint32_t *got)
{
	uint32_t n;

	*put = atomic_load(&p->put);
	*got = atomic_load(&p->got);
	n = *put - *got;
	return n <= SLATE_PIPE ? (int)n : -1;
}

int
slate_put(struct slate_pipe *p, const void *src, size_t len)
{
	uint32_t put, got, at, first;
	int n = in_it(p, &put, &got);

	if (n == -1)
		return -1;
	if (len > SLATE_PIPE - (size_t)n)
		len = SLATE_PIPE - (size_t)n;
	if (len == 0)
		return 0;
	at = put & (SLATE_PIPE - 1);
	first = SLATE_PIPE - at < len ? SLATE_PIPE - at : (uint32_t)len;
	memcpy(p->data + at, src, first);
	memcpy(p->data, (const uint8_t *)src + first, len - first);
	atomic_store(&p->put, put + (uint32_t)len);
	return (int)len;
}

int
slate_take(struct slate_pipe *p, void *dst, size_t len)
{
	uint32_t put, got, at, first;
	int n = in_it(p, &put, &got);

	if (n <= 0)
		return n;
	if (len > (size_t)n)
		len = (size_t)n;
	at = got & (SLATE_PIPE - 1);
	first = SLATE_PIPE - at < len ? SLATE_PIPE - at : (uint32_t)len;
	memcpy(dst, p->data + at, first);
	memcpy((uint8_t *)dst + first, p->data, len - first);
	atomic_store(&p->got, got + (uint32_t)len);
	return (int)len;
}

int
slate_any(const struct slate_pipe *p)
{
	uint32_t put, got;

	return in_it(p, &put, &got) != 0;
}
