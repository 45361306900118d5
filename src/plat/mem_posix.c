/*
 * Guest memory elsewhere: a file without a name.  Nothing seals its size, so
 * only processes of our own may have the descriptor.
 */
#if !defined(__linux__)
#include "mem.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int
mem_object(const char *name, uint64_t len)
{
	char path[] = "/tmp/vm-memory.XXXXXXXXXX";
	int fd, saved;

	(void)name;
	fd = mkstemp(path);
	if (fd == -1)
		return -1;
	unlink(path);
	if (len > INT64_MAX || ftruncate(fd, (off_t)len) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}
#endif
