#include "memstore.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR	512u

struct ms_undo {
	uint64_t	off;
	uint8_t		old[SECTOR];
};

void
ms_init(struct ms *m, uint64_t cap)
{
	memset(m, 0, sizeof(*m));
	m->buf = calloc(1, cap + SECTOR);
	if (m->buf == NULL)
		abort();
	m->cap = cap;
}

void
ms_free(struct ms *m)
{
	free(m->buf);
	free(m->undo);
	memset(m, 0, sizeof(*m));
}

void
ms_reset(struct ms *m)
{
	memset(m->buf, 0, m->high);
	m->high = m->size = 0;
	ms_revive(m);
}

void
ms_load(struct ms *m, const void *p, size_t len)
{
	ms_reset(m);
	if (len > m->cap)
		len = m->cap;
	if (len > 0)
		memcpy(m->buf, p, len);
	m->size = m->high = len;
}

void
ms_plan(struct ms *m, const struct ms_plan *p)
{
	m->plan = *p;
	prng_seed(&m->rng, p->seed);
	m->nwrites = m->nreads = m->nflushes = m->ntransfers = 0;
	m->nundo = 0;
	m->stable = m->size;
	m->dead = 0;
}

void
ms_revive(struct ms *m)
{
	static const struct ms_plan none;

	ms_plan(m, &none);
}

/* Remembers the sectors that a write is about to change. */
static void
remember(struct ms *m, uint64_t off, uint64_t len)
{
	uint64_t s, end = off + len;
	struct ms_undo *u;

	for (s = off & ~(uint64_t)(SECTOR - 1); s < end; s += SECTOR) {
		if (m->nundo == m->capundo) {
			m->capundo = m->capundo ? m->capundo * 2 : 64;
			m->undo = realloc(m->undo,
			    m->capundo * sizeof(*m->undo));
			if (m->undo == NULL)
				abort();
		}
		u = &m->undo[m->nundo++];
		u->off = s;
		memcpy(u->old, m->buf + s, SECTOR);
	}
}

static int
is_lost(const struct ms *m, uint64_t off)
{
	struct prng r;

	/* Not the stream that says how much of the last write lands. */
	prng_seed(&r, (m->plan.seed + 1) * 0x9e3779b97f4a7c15ULL ^ off);
	return (int)(prng_next(&r) >> 32 & 1);
}

/* The size after a crash: growth may be lost, but not below what landed. */
static uint64_t
landed(const struct ms *m)
{
	uint64_t end = is_lost(m, UINT64_MAX) ? m->stable : m->size, k;
	size_t i;

	for (i = 0; i < m->nundo; i++) {
		k = m->undo[i].off + SECTOR;
		if (k > end && !is_lost(m, m->undo[i].off))
			end = k;
	}
	return end < m->size ? end : m->size;
}

static void
die(struct ms *m)
{
	uint64_t end = m->plan.lossy ? landed(m) : m->size;

	m->dead = 1;
	m->hit |= MS_CRASH;
	while (m->nundo > 0) {
		m->nundo--;
		if (is_lost(m, m->undo[m->nundo].off))
			memcpy(m->buf + m->undo[m->nundo].off,
			    m->undo[m->nundo].old, SECTOR);
	}
	memset(m->buf + end, 0, m->size - end);
	m->size = end;
}

/* How much of a transfer of len bytes takes place. */
static size_t
cut(struct ms *m, size_t len)
{
	m->ntransfers++;
	if (m->plan.short_every == 0 || len < 2 ||
	    m->ntransfers % m->plan.short_every != 0)
		return len;
	m->hit |= MS_SHORT;
	return 1 + prng_below(&m->rng, len - 1);
}

static int
hit(struct ms *m, unsigned what, int error)
{
	m->hit |= what;
	return error;
}

static size_t
length(const struct iovec *iov, int n)
{
	size_t sum = 0;

	while (n-- > 0)
		sum += iov++->iov_len;
	return sum;
}

static int64_t
ms_preadv(void *arg, const struct iovec *iov, int n, uint64_t off)
{
	struct ms *m = arg;
	size_t len = length(iov, n), left, k;

	if (m->dead)
		return DISK_EIO;
	if (m->plan.fail_read != 0 && ++m->nreads == m->plan.fail_read)
		return hit(m, MS_EIO, DISK_EIO);
	if (off >= m->size)
		return 0;
	if (len > m->size - off)
		len = m->size - off;
	len = cut(m, len);
	for (left = len; left > 0; left -= k, off += k, iov++) {
		k = iov->iov_len < left ? iov->iov_len : left;
		memcpy(iov->iov_base, m->buf + off, k);
	}
	return (int64_t)len;
}

static void
store(struct ms *m, const struct iovec *iov, uint64_t off, size_t len)
{
	size_t k;

	if (m->plan.lossy)
		remember(m, off, len);
	if (off + len > m->size)
		m->size = off + len;
	if (m->size > m->high)
		m->high = m->size;
	for (; len > 0; len -= k, off += k, iov++) {
		k = iov->iov_len < len ? iov->iov_len : len;
		memcpy(m->buf + off, iov->iov_base, k);
	}
}

/* The bytes of a last write that land: whole sectors. */
static size_t
torn(struct ms *m, uint64_t off, size_t len)
{
	uint64_t sectors = (off % SECTOR + len + SECTOR - 1) / SECTOR;
	uint64_t n = prng_below(&m->rng, sectors + 1);

	if (n == sectors)
		return len;
	return n == 0 ? 0 : (size_t)(n * SECTOR - off % SECTOR);
}

static int64_t
ms_pwritev(void *arg, const struct iovec *iov, int n, uint64_t off)
{
	struct ms *m = arg;
	size_t len = length(iov, n), part;

	if (m->dead)
		return DISK_EIO;
	m->nwrites++;
	if (off > m->cap || len > m->cap - off || (m->plan.full_write != 0 &&
	    m->nwrites >= m->plan.full_write))
		return hit(m, MS_FULL, DISK_ENOSPC);
	if (m->nwrites == m->plan.crash_write) {
		store(m, iov, off, torn(m, off, len));
		die(m);
		return DISK_EIO;
	}
	if (m->nwrites == m->plan.fail_write) {
		store(m, iov, off, torn(m, off, len));
		return hit(m, MS_EIO, DISK_EIO);
	}
	/* A sector is written whole, also when the rest is cut. */
	part = cut(m, len);
	if (part < len)
		part -= (off + part) % SECTOR;
	if (part > 0 && part < len)
		len = part;
	store(m, iov, off, len);
	return (int64_t)len;
}

static int
ms_flush(void *arg)
{
	struct ms *m = arg;

	if (m->dead)
		return DISK_EIO;
	if (++m->nflushes == m->plan.fail_flush)
		return hit(m, MS_EIO, DISK_EIO);
	m->nundo = 0;
	m->stable = m->size;
	return 0;
}

static int
ms_resize(void *arg, uint64_t size)
{
	struct ms *m = arg;

	if (m->dead)
		return DISK_EIO;
	if (size > m->cap)
		return DISK_ENOSPC;
	if (size < m->size)
		memset(m->buf + size, 0, m->size - size);
	m->size = size;
	if (size > m->high)
		m->high = size;
	return 0;
}

/* Counts as a write: a crash may come here as well. */
static int
ms_punch(void *arg, uint64_t off, uint64_t len)
{
	struct ms *m = arg;

	if (m->dead)
		return DISK_EIO;
	if (++m->nwrites == m->plan.crash_write) {
		die(m);
		return DISK_EIO;
	}
	if (off >= m->size)
		return 0;
	if (len > m->size - off)
		len = m->size - off;
	if (m->plan.lossy)
		remember(m, off, len);
	memset(m->buf + off, 0, len);
	return 0;
}

static int
ms_size(void *arg, uint64_t *size)
{
	struct ms *m = arg;

	*size = m->size;
	return m->dead ? DISK_EIO : 0;
}

static void
ms_close(void *arg)
{
	(void)arg;
}

struct bstore
ms_bstore(struct ms *m)
{
	static const struct bstore_ops ops = {
		.preadv = ms_preadv,
		.pwritev = ms_pwritev,
		.flush = ms_flush,
		.resize = ms_resize,
		.punch = ms_punch,
		.size = ms_size,
		.close = ms_close,
	};
	struct bstore s = { &ops, m, { (uint64_t)(uintptr_t)m, 1 } };

	return s;
}
