/* What the targets that run a chip in the simulator share. */
#ifndef CHIPTARGET_H
#define CHIPTARGET_H

#include "chipsim.h"
#include "gen_kind.h"
#include "target.h"

void		chiptarget_init(const struct chipsim_kind *);
uint64_t	chiptarget_run(const uint8_t *, size_t);
void		chiptarget_stat(struct fuzz_stat *);
void		chiptarget_deep(int);

#endif
