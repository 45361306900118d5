/* vioblk in the simulator, with its model. */
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
	.flavour = FLAVOUR_BLK,
	.maxlen = 4096,
	.init = init,
	.run = simtarget_run,
	.stat = simtarget_stat,
	.deep = simtarget_deep,
};
