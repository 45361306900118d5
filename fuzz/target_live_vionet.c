/* A vmd-device process with records of vionet, next to the device here. */
#include "gen_kind.h"
#include "live.h"

static void
init(void)
{
	live_init(&sim_vionet);
}

const struct fuzz_target fuzz_target = {
	.name = "live_vionet",
	.shape = SHAPE_RECORDS,
	.queues = 3,
	.gen = &gen_vionet,
	.maxlen = 4096,
	.init = init,
	.run = live_run,
	.stat = live_stat,
	.deep = live_deep,
};
