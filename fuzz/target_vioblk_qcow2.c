/* The disk over qcow2 images in a store that fails, next to a model disk. */
#include "gen_kind.h"
#include "simtarget.h"

static void
init(void)
{
	sim_over_qcow2(simtarget_init(&sim_vioblk));
}

const struct fuzz_target fuzz_target = {
	.name = "vioblk_qcow2",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_vioblk,
	.maxlen = 4096,
	.init = init,
	.run = simtarget_run,
	.stat = simtarget_stat,
	.deep = simtarget_deep,
};
