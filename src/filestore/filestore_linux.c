/* Holes on Linux: fallocate(2) makes them, lseek(2) finds them. */
#define _GNU_SOURCE
#include "filestore.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
filestore_punch(int fd, uint64_t off, uint64_t len)
{
	if (off > INT64_MAX || len > INT64_MAX - off)
		return DISK_ERANGE;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    (off_t)off, (off_t)len) == -1)
		return filestore_code(errno);
	return 0;
}

int
filestore_extent(int fd, uint64_t off, uint64_t *len, int *data)
{
	off_t next;

	*data = 1;
	next = lseek(fd, (off_t)off, SEEK_DATA);
	if (next == -1) {
		/* ENXIO: nothing but a hole up to the end. */
		*data = errno != ENXIO;
		return 0;
	}
	if ((uint64_t)next > off) {
		*data = 0;
	} else {
		next = lseek(fd, (off_t)off, SEEK_HOLE);
		if (next == -1)
			return 0;
	}
	*len = (uint64_t)next - off;
	return 0;
}
