/* What the targets that run a device in the simulator share. */
#ifndef SIMTARGET_H
#define SIMTARGET_H

#include "sim.h"
#include "target.h"

/* Makes the simulator; lent. */
struct sim	*simtarget_init(const struct sim_kind *);
uint64_t	simtarget_run(const uint8_t *, size_t);
void		simtarget_stat(struct fuzz_stat *);
void		simtarget_deep(int);

#endif
