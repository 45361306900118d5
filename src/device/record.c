#include "record.h"

#include <sys/mman.h>
#include <sys/uio.h>

#include <string.h>
#include <unistd.h>

void
record_open(struct record_file *r, int fd)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
}

static void
unmap(struct record_file *r)
{
	if (r->piece != NULL)
		munmap(r->piece, RECORD_PIECE);
	r->piece = NULL;
}

/* Zeros for the piece at base, in one call: the system likes large ones. */
static int
take_room(struct record_file *r, uint64_t base)
{
	static const uint8_t zeros[16384];
	struct iovec v[RECORD_PIECE / sizeof(zeros)];
	size_t i;

	for (i = 0; i < RECORD_PIECE / sizeof(zeros); i++) {
		v[i].iov_base = (void *)(uintptr_t)zeros;
		v[i].iov_len = sizeof(zeros);
	}
	return pwritev(r->fd, v, RECORD_PIECE / sizeof(zeros),
	    (off_t)base) == (ssize_t)RECORD_PIECE ? 0 : -1;
}

/* Takes room for the piece at base and maps it. */
static int
map_piece(struct record_file *r, uint64_t base)
{
	void *p;

	unmap(r);
	if (base >= r->room && take_room(r, base) == -1)
		return -1;
	p = mmap(NULL, RECORD_PIECE, PROT_READ | PROT_WRITE, MAP_SHARED,
	    r->fd, (off_t)base);
	if (p == MAP_FAILED)
		return -1;
	r->piece = p;
	r->base = base;
	if (base >= r->room)
		r->room = base + RECORD_PIECE;
	return 0;
}

/* Stores bytes from at on, in as many pieces as they lie. */
static int
put(struct record_file *r, uint64_t at, const uint8_t *p, size_t len)
{
	size_t off, part;

	while (len > 0) {
		off = (size_t)(at % RECORD_PIECE);
		if ((r->piece == NULL || at - off != r->base) &&
		    map_piece(r, at - off) == -1)
			return -1;
		part = RECORD_PIECE - off < len ? RECORD_PIECE - off : len;
		memcpy(r->piece + off, p, part);
		at += part;
		p += part;
		len -= part;
	}
	return 0;
}

/*
 * The first word follows the rest: a kill in between leaves a trace that ends
 * in front of it.  The fence keeps the compiler's order.
 */
int
record_sink(void *arg, const void *data, size_t len)
{
	struct record_file *r = arg;
	const uint8_t *p = data;
	size_t first = len < 4 ? len : 4;

	if (r->fd == -1)
		return -1;
	if (put(r, r->len + first, p + first, len - first) == -1)
		goto fail;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (put(r, r->len, p, first) == -1)
		goto fail;
	r->len += len;
	return 0;
fail:
	record_close(r);
	return -1;
}

void
record_close(struct record_file *r)
{
	if (r->fd == -1)
		return;
	unmap(r);
	(void)!ftruncate(r->fd, (off_t)r->len);
	close(r->fd);
	r->fd = -1;
}
