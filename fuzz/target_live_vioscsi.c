/* A vmd-device process with records of vioscsi, next to the device here. */
#include "gen_kind.h"
#include "live.h"

static void
init(void)
{
	live_init(&sim_vioscsi);
}

const struct fuzz_target fuzz_target = {
	.name = "live_vioscsi",
	.shape = SHAPE_RECORDS,
	.queues = 3,
	.gen = &gen_vioscsi,
	.maxlen = 4096,
	.init = init,
	.run = live_run,
	.stat = live_stat,
	.deep = live_deep,
};
