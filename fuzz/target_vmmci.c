/* The control device, with a model of commands, deadlines and the clock. */
#include "gen_kind.h"
#include "simtarget.h"

static void
init(void)
{
	simtarget_init(&sim_vmmci);
}

const struct fuzz_target fuzz_target = {
	.name = "vmmci",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_vmmci,
	.maxlen = 4096,
	.init = init,
	.run = simtarget_run,
	.stat = simtarget_stat,
	.deep = simtarget_deep,
};
