/* Configuration space, next to an image of it. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_pci);
}

const struct fuzz_target fuzz_target = {
	.name = "pci",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_pci,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
