/* The disk, next to a model disk. */
#include "gen_kind.h"
#include "simtarget.h"

static void
init(void)
{
	simtarget_init(&sim_vioblk);
}

const struct fuzz_target fuzz_target = {
	.name = "vioblk",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_vioblk,
	.maxlen = 4096,
	.init = init,
	.run = simtarget_run,
	.stat = simtarget_stat,
	.deep = simtarget_deep,
};
