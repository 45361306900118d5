/* CD drives and disks behind a SCSI adapter, next to a model of them. */
#include "gen_kind.h"
#include "simtarget.h"

static void
init(void)
{
	simtarget_init(&sim_vioscsi);
}

const struct fuzz_target fuzz_target = {
	.name = "vioscsi",
	.shape = SHAPE_RECORDS,
	.queues = 3,
	.gen = &gen_vioscsi,
	.maxlen = 4096,
	.init = init,
	.run = simtarget_run,
	.stat = simtarget_stat,
	.deep = simtarget_deep,
};
