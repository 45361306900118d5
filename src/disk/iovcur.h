/*
 * A cursor over a vector of buffers: cuts requests into pieces without
 * copying.  The vector is not changed and must outlive the cursor.  Nothing
 * here goes past the end of the vector; asking for more is a caller's bug.
 */
#ifndef IOVCUR_H
#define IOVCUR_H

#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

struct iovcur {
	const struct iovec	*iov;	/* current buffer */
	int			 n;	/* buffers left, this one included */
	size_t			 skip;	/* bytes of it already taken */
};

/* The sum of all lengths; SIZE_MAX when it wraps. */
size_t	iov_total(const struct iovec *, int n);

void	iovcur_init(struct iovcur *, const struct iovec *, int n);
/*
 * Cuts off the next want bytes as at most max buffers in dst and returns
 * how many it used; *got is less than want when max was too small.
 */
int	iovcur_take(struct iovcur *, struct iovec *dst, int max, size_t want,
	    size_t *got);
/* The next len bytes: set to zero, or filled from src. */
void	iovcur_zero(struct iovcur *, size_t len);
void	iovcur_fill(struct iovcur *, const void *src, size_t len);

#endif
