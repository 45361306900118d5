/* The timer, next to a counter that takes each tick. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_i8253);
}

const struct fuzz_target fuzz_target = {
	.name = "i8253",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_i8253,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
