/* Where files have no holes that a program can make or find. */
#include "filestore.h"

int
filestore_punch(int fd, uint64_t off, uint64_t len)
{
	(void)fd;
	(void)off;
	(void)len;
	return DISK_ENOTSUP;
}

int
filestore_extent(int fd, uint64_t off, uint64_t *len, int *data)
{
	(void)fd;
	(void)off;
	(void)len;
	*data = 1;
	return 0;
}
