/* The disk over a raw image in a store that fails, next to a model disk. */
#include "gen_kind.h"
#include "simtarget.h"

static void
init(void)
{
	sim_over_raw(simtarget_init(&sim_vioblk));
}

const struct fuzz_target fuzz_target = {
	.name = "vioblk_raw",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_vioblk,
	.maxlen = 4096,
	.init = init,
	.run = simtarget_run,
	.stat = simtarget_stat,
	.deep = simtarget_deep,
};
