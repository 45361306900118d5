/* The serial port, next to two queues. */
#include "chiptarget.h"

static void
init(void)
{
	chiptarget_init(&chip_ns8250);
}

const struct fuzz_target fuzz_target = {
	.name = "ns8250",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.gen = &gen_ns8250,
	.maxlen = 4096,
	.init = init,
	.run = chiptarget_run,
	.stat = chiptarget_stat,
	.deep = chiptarget_deep,
};
