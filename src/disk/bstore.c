#include "bstore.h"

#include <string.h>

#define ZERO_CHUNK	65536

static const uint8_t zeros[ZERO_CHUNK];

const char *
disk_strerror(int code)
{
	static const char *const text[] = {
		"no error", "input/output error", "no space left",
		"opened for reading only", "outside the disk",
		"out of memory", "image is corrupt", "not supported",
		"invalid argument", "not permitted", "cancelled",
	};

	if (code > 0 || -code >= (int)(sizeof(text) / sizeof(text[0])))
		return "unknown error";
	return text[-code];
}

/* One buffer from its byte `done` on; past the end of the store zeros. */
static int
read_rest(const struct bstore *s, const struct iovec *v, size_t done,
    uint64_t off)
{
	struct iovec one;
	int64_t n;

	while (done < v->iov_len) {
		one.iov_base = (uint8_t *)v->iov_base + done;
		one.iov_len = v->iov_len - done;
		n = s->ops->preadv(s->arg, &one, 1, off + done);
		if (n < 0)
			return (int)n;
		if (n == 0) {
			memset(one.iov_base, 0, one.iov_len);
			return 0;
		}
		done += (size_t)n;
	}
	return 0;
}

static int
write_rest(const struct bstore *s, const struct iovec *v, size_t done,
    uint64_t off)
{
	struct iovec one;
	int64_t n;

	while (done < v->iov_len) {
		one.iov_base = (uint8_t *)v->iov_base + done;
		one.iov_len = v->iov_len - done;
		n = s->ops->pwritev(s->arg, &one, 1, off + done);
		if (n <= 0)
			return n < 0 ? (int)n : DISK_EIO;
		done += (size_t)n;
	}
	return 0;
}

typedef int rest_fn(const struct bstore *, const struct iovec *, size_t,
    uint64_t);

/* What is left of a vector after its first `done` bytes, piece by piece. */
static int
finish(const struct bstore *s, const struct iovec *iov, int n, uint64_t off,
    size_t done, rest_fn *rest)
{
	int i, rv;

	for (i = 0; i < n; i++) {
		if (done < iov[i].iov_len) {
			rv = rest(s, &iov[i], done, off);
			if (rv != 0)
				return rv;
			done = 0;
		} else
			done -= iov[i].iov_len;
		off += iov[i].iov_len;
	}
	return 0;
}

static size_t
total(const struct iovec *iov, int n)
{
	size_t sum = 0;
	int i;

	for (i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

int
bs_readv(const struct bstore *s, const struct iovec *iov, int n, uint64_t off)
{
	int64_t got;

	got = s->ops->preadv(s->arg, iov, n, off);
	if (got < 0)
		return (int)got;
	if ((size_t)got == total(iov, n))
		return 0;
	return finish(s, iov, n, off, (size_t)got, read_rest);
}

int
bs_writev(const struct bstore *s, const struct iovec *iov, int n,
    uint64_t off)
{
	int64_t got;

	got = s->ops->pwritev(s->arg, iov, n, off);
	if (got < 0)
		return (int)got;
	if ((size_t)got == total(iov, n))
		return 0;
	return finish(s, iov, n, off, (size_t)got, write_rest);
}

int
bs_read(const struct bstore *s, void *p, size_t len, uint64_t off)
{
	struct iovec v = { p, len };

	return bs_readv(s, &v, 1, off);
}

int
bs_write(const struct bstore *s, const void *p, size_t len, uint64_t off)
{
	union { const void *c; void *v; } u = { p };
	struct iovec v = { u.v, len };

	return bs_writev(s, &v, 1, off);
}

int
bs_zero(const struct bstore *s, uint64_t off, uint64_t len)
{
	size_t n;
	int rv;

	for (; len > 0; off += n, len -= n) {
		n = len < ZERO_CHUNK ? (size_t)len : ZERO_CHUNK;
		rv = bs_write(s, zeros, n, off);
		if (rv != 0)
			return rv;
	}
	return 0;
}
