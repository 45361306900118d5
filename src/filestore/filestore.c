#include "filestore.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define MAXIOV	1024			/* IOV_MAX of the systems we know */

struct filestore {
	int		fd;
	unsigned	flags;
	int		regular;	/* a file, not a device */
};

int
filestore_code(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return DISK_ENOSPC;
	case EROFS:
	case EBADF:
	case EPERM:
		return DISK_EROFS;
	case EOPNOTSUPP:
	case ENOSYS:
	case ENODEV:
		return DISK_ENOTSUP;
	case ENOMEM:
		return DISK_ENOMEM;
	default:
		return DISK_EIO;
	}
}

static int64_t
fs_preadv(void *arg, const struct iovec *iov, int n, uint64_t off)
{
	struct filestore *f = arg;
	ssize_t got;

	if (off > INT64_MAX)
		return DISK_ERANGE;
	/* One vector is the usual case, and cheaper by this call. */
	do
		got = n == 1 ?
		    pread(f->fd, iov->iov_base, iov->iov_len, (off_t)off) :
		    preadv(f->fd, iov, n < MAXIOV ? n : MAXIOV, (off_t)off);
	while (got == -1 && errno == EINTR);
	return got == -1 ? filestore_code(errno) : got;
}

static int64_t
fs_pwritev(void *arg, const struct iovec *iov, int n, uint64_t off)
{
	struct filestore *f = arg;
	ssize_t got;

	if (off > INT64_MAX)
		return DISK_ERANGE;
	do
		got = n == 1 ?
		    pwrite(f->fd, iov->iov_base, iov->iov_len, (off_t)off) :
		    pwritev(f->fd, iov, n < MAXIOV ? n : MAXIOV, (off_t)off);
	while (got == -1 && errno == EINTR);
	return got == -1 ? filestore_code(errno) : got;
}

static int
fs_flush(void *arg)
{
	struct filestore *f = arg;

	if (f->flags & FILESTORE_NOSYNC)
		return 0;
	return fdatasync(f->fd) == -1 ? filestore_code(errno) : 0;
}

/* Not fstat: a device process in its sandbox has lseek only. */
static int
fs_size(void *arg, uint64_t *size)
{
	struct filestore *f = arg;
	off_t end = lseek(f->fd, 0, SEEK_END);

	if (end == -1)
		return filestore_code(errno);
	*size = (uint64_t)end;
	return 0;
}

/* A device has the size that it has: up to there all is well. */
static int
fs_resize(void *arg, uint64_t size)
{
	struct filestore *f = arg;
	uint64_t have = 0;

	if (size > INT64_MAX)
		return DISK_ENOSPC;
	if (!f->regular)
		return fs_size(f, &have) == 0 && size <= have ? 0 :
		    DISK_ENOSPC;
	return ftruncate(f->fd, (off_t)size) == -1 ?
	    filestore_code(errno) : 0;
}

static int
fs_punch(void *arg, uint64_t off, uint64_t len)
{
	struct filestore *f = arg;

	return filestore_punch(f->fd, off, len);
}

static int
fs_extent(void *arg, uint64_t off, uint64_t *len, int *data)
{
	struct filestore *f = arg;

	return filestore_extent(f->fd, off, len, data);
}

static void
fs_close(void *arg)
{
	struct filestore *f = arg;

	close(f->fd);
	free(f);
}

static const struct bstore_ops fs_ops = {
	.preadv = fs_preadv,
	.pwritev = fs_pwritev,
	.flush = fs_flush,
	.resize = fs_resize,
	.punch = fs_punch,
	.size = fs_size,
	.extent = fs_extent,
	.close = fs_close,
};

int
filestore_open(struct bstore *out, int fd, unsigned flags)
{
	struct filestore *f;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return filestore_code(errno);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) &&
	    !S_ISCHR(st.st_mode))
		return DISK_ENOTSUP;
	f = malloc(sizeof(*f));
	if (f == NULL)
		return DISK_ENOMEM;
	f->fd = fd;
	f->flags = flags;
	f->regular = S_ISREG(st.st_mode);
	out->ops = &fs_ops;
	out->arg = f;
	out->id[0] = (uint64_t)st.st_dev;
	out->id[1] = (uint64_t)st.st_ino;
	return 0;
}
