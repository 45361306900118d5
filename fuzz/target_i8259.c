/* The interrupt controllers, next to lists of priorities. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_i8259);
}

const struct fuzz_target fuzz_target = {
	.name = "i8259",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_i8259,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
