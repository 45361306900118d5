/* A vmd-device process with records of vioblk, next to the device here. */
#include "gen_kind.h"
#include "live.h"

static void
init(void)
{
	live_init(&sim_vioblk);
}

const struct fuzz_target fuzz_target = {
	.name = "live_vioblk",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_vioblk,
	.maxlen = 4096,
	.init = init,
	.run = live_run,
	.stat = live_stat,
	.deep = live_deep,
};
