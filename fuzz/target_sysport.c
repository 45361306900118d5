/* The single ports. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_sysport);
}

const struct fuzz_target fuzz_target = {
	.name = "sysport",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_sysport,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
