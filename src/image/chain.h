/*
 * Which file a backing file's name means, and whether it may be opened.
 *
 * A name is relative to the folder of the image that has it.  Unless anybase
 * is set the file must lie in the folder of the top image or below it, so an
 * image from elsewhere cannot name /etc/shadow.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "disk.h"

struct chain {
	int		 anybase;
	const char	*permit;	/* what would permit it, for the line
					   that refuses: "-a permits it" */
	unsigned	 flags;		/* of filestore_open */
	/* Looks at a base that is about to be used; may be NULL.  0 or a code
	   with *why. */
	int		(*look)(void *, int fd, struct disk_ref *,
			    struct disk_why *why);
	void		*arg;
	/* The chain's own. */
	char		*root;			/* folder of the top */
	char		*dir[DISK_MAXDEPTH + 1];	/* of each image */
};

/* The other fields are set; path is the top's.  0, or -1 with errno. */
int	chain_begin(struct chain *, const char *path);
void	chain_end(struct chain *);
/* The function of a struct disk_opener whose arg is the chain. */
int	chain_open(void *, struct disk_ref *, struct bstore *,
	    struct disk_why *);
/*
 * Opens a file by name without waiting for anybody: the descriptor, or -1
 * with errno.
 */
int	chain_file(const char *path, int oflags);

#endif
