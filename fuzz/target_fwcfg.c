/* What firmware reads, next to the bytes of each item. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_fwcfg);
}

const struct fuzz_target fuzz_target = {
	.name = "fwcfg",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_fwcfg,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
