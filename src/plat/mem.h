/*
 * Guest memory that other processes can map: one object without a name, the
 * ranges of a machine after one another.
 */
#ifndef MEM_H
#define MEM_H

#include "plat.h"

struct mem {
	struct share	 share;		/* fd is ours */
	struct gmem	 gm;
};

/*
 * Takes the memory of all ranges and maps it; it reads as zeros, and whoever
 * gets the descriptor cannot change its size.
 */
int	mem_open(struct mem *, const struct plat_conf *, struct plat_why *);
void	mem_close(struct mem *);

#endif
