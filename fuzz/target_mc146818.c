/* The clock, next to a calendar. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_mc146818);
}

const struct fuzz_target fuzz_target = {
	.name = "mc146818",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_mc146818,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
