/*
 * The byte store: all that a disk format knows of the world.
 *
 * A store is a growing array of bytes: a file, memory with a fault plan, a
 * recording.  Offsets and lengths are bytes and 64 bits wide.  A write past
 * the end grows the store; the bytes skipped read as zeros.  A write of 512
 * bytes at a multiple of 512 is done whole or not at all when the machine
 * stops; nothing else is promised about writes that no flush has followed,
 * not even their order.
 *
 * All calls answer 0 (or a count) or one of the negative codes below.
 */
#ifndef BSTORE_H
#define BSTORE_H

#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

enum disk_code {
	DISK_OK		= 0,
	DISK_EIO	= -1,	/* the store failed */
	DISK_ENOSPC	= -2,	/* the store or the format is full */
	DISK_EROFS	= -3,	/* opened for reading only */
	DISK_ERANGE	= -4,	/* past the end, or a size that wraps */
	DISK_ENOMEM	= -5,
	DISK_ECORRUPT	= -6,	/* the image contradicts itself */
	DISK_ENOTSUP	= -7,	/* valid, but not for us */
	DISK_EINVAL	= -8,	/* a caller's mistake */
	DISK_EDENIED	= -9,	/* the opener said no */
	DISK_ECANCEL	= -10	/* the caller's progress function said stop */
};

/* A few words for a code, without punctuation. */
const char	*disk_strerror(int code);

struct bstore_ops {
	/*
	 * Bytes read or written, or a code.  Fewer than asked is allowed;
	 * a read answers 0 at the end of the store only.
	 */
	int64_t	(*preadv)(void *, const struct iovec *, int, uint64_t off);
	int64_t	(*pwritev)(void *, const struct iovec *, int, uint64_t off);
	/* All writes that were answered before are safe afterwards. */
	int	(*flush)(void *);
	/* Sets the size; new bytes read as zeros. */
	int	(*resize)(void *, uint64_t size);
	/* Gives bytes back: they read as zeros.  DISK_ENOTSUP is normal. */
	int	(*punch)(void *, uint64_t off, uint64_t len);
	int	(*size)(void *, uint64_t *);
	/*
	 * What begins at off: *data 0 for a hole that reads as zeros, and
	 * how far it goes at least.  NULL: the store cannot tell.
	 */
	int	(*extent)(void *, uint64_t off, uint64_t *len, int *data);
	void	(*close)(void *);
};

struct bstore {
	const struct bstore_ops	*ops;
	void			*arg;
	uint64_t		 id[2];	/* same number, same store; 0: none */
};

/*
 * Whole transfers: they go on after a short answer.  A read fills what lies
 * past the end of the store with zeros.
 */
int	bs_readv(const struct bstore *, const struct iovec *, int,
	    uint64_t off);
int	bs_writev(const struct bstore *, const struct iovec *, int,
	    uint64_t off);
int	bs_read(const struct bstore *, void *, size_t, uint64_t off);
int	bs_write(const struct bstore *, const void *, size_t, uint64_t off);
/* Writes zeros; len of any size. */
int	bs_zero(const struct bstore *, uint64_t off, uint64_t len);

static inline int
bs_flush(const struct bstore *s)
{
	return s->ops->flush(s->arg);
}

static inline int
bs_size(const struct bstore *s, uint64_t *size)
{
	return s->ops->size(s->arg, size);
}

static inline int
bs_resize(const struct bstore *s, uint64_t size)
{
	return s->ops->resize(s->arg, size);
}

static inline int
bs_punch(const struct bstore *s, uint64_t off, uint64_t len)
{
	return s->ops->punch(s->arg, off, len);
}

static inline void
bs_close(struct bstore *s)
{
	if (s->ops != NULL)
		s->ops->close(s->arg);
	s->ops = NULL;
}

#endif
