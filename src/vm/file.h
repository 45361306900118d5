/*
 * A file as a source of a loader's bytes.  A kernel that is packed with gzip
 * is unpacked into memory.
 */
#ifndef FILE_H
#define FILE_H

#include "load.h"

#define FILE_MAXUNPACKED	(512U << 20)	/* bytes */

struct file {
	struct load_src	 src;
	int		 fd;		/* the caller's */
	uint8_t		*mem;		/* unpacked, or NULL */
};

/*
 * Looks at the descriptor, which stays the caller's and open until
 * file_close.  0, or -1 with a reason that does not name the file.
 */
int	file_open(struct file *, int fd, struct load_why *);
/* The same, but packed files stay as they are: an initrd. */
int	file_raw(struct file *, int fd, struct load_why *);
void	file_close(struct file *);

#endif
