/* The network card, next to a model of what it lets through. */
#include "gen_kind.h"
#include "simtarget.h"

static void
init(void)
{
	simtarget_init(&sim_vionet);
}

const struct fuzz_target fuzz_target = {
	.name = "vionet",
	.shape = SHAPE_RECORDS,
	.queues = 3,
	.gen = &gen_vionet,
	.maxlen = 8192,
	.init = init,
	.run = simtarget_run,
	.stat = simtarget_stat,
	.deep = simtarget_deep,
};
