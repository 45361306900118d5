/* A vmd-device process whose vm has gone mad: any bytes on its channel. */
#include "live.h"

const struct fuzz_target fuzz_target = {
	.name = "live_frame",
	.shape = SHAPE_FRAMES,
	.maxlen = 4096,
	.init = live_frame_init,
	.run = live_frame_run,
	.stat = live_frame_stat,
};
