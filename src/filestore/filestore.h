/*
 * The byte store that is a file or a block device, by descriptor.
 *
 * Errors of the system become codes of bstore.h: ENOSPC, EDQUOT and EFBIG
 * DISK_ENOSPC; EROFS, EBADF and EPERM DISK_EROFS; what the file system
 * cannot do DISK_ENOTSUP; all others DISK_EIO.
 */
#ifndef FILESTORE_H
#define FILESTORE_H

#include "bstore.h"

#define FILESTORE_NOSYNC	0x1	/* flush does nothing */

/*
 * Takes the descriptor over: closing the store closes it.  The store's
 * identity is the file's device and number.  0, or DISK_ENOTSUP for what is
 * neither a regular file nor a disk, DISK_ENOMEM; then the descriptor is
 * still the caller's.
 */
int	filestore_open(struct bstore *, int fd, unsigned flags);

/* The code for errno. */
int	filestore_code(int error);

/* The platform's part, chosen by the Makefile; codes of bstore.h. */
int	filestore_punch(int fd, uint64_t off, uint64_t len);
/* What begins at off and how far it goes; see bstore_ops. */
int	filestore_extent(int fd, uint64_t off, uint64_t *len, int *data);

#endif
