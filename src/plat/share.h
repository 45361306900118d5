/*
 * Guest memory in another process: what the vm process says about it and how
 * a device process maps it.  share_map has nothing of a hypervisor in it.
 */
#ifndef SHARE_H
#define SHARE_H

#include <stdint.h>

#include "gmem.h"

struct share_range {
	uint64_t	 gpa;
	uint64_t	 len;
	uint64_t	 off;		/* in the descriptor, where it counts */
};

struct share {
	int			 fd;
	unsigned		 n;
	struct share_range	 range[GM_MAXRANGES];
};

/*
 * Maps all of it, readable and writable, and adds the ranges to the table.
 * The values may come from a hostile peer: they are checked.  The descriptor
 * stays the caller's and may be closed at once.  0, or -1 with *why a reason
 * without punctuation and nothing mapped.
 */
int	share_map(const struct share *, struct gmem *, const char **why);
/* Takes back what share_map added; the table is empty afterwards. */
void	share_unmap(struct gmem *);

/*
 * Memory without a name that other processes can map: a descriptor of len
 * bytes of zeros, or -1.  Where the system can, nobody changes its size.
 */
int	mem_object(const char *name, uint64_t len);

#endif
