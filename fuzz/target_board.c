/* The board as a whole, through its ports. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_board);
}

const struct fuzz_target fuzz_target = {
	.name = "board",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_board,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
