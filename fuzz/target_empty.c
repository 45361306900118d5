/* Does nothing: what an engine costs by itself. */
#include "target.h"

static uint64_t inputs;

static void
init(void)
{
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	(void)data;
	inputs++;
	return len;
}

static void
stat(struct fuzz_stat *st)
{
	st->inputs = st->accepted = inputs;
}

const struct fuzz_target fuzz_target = {
	.name = "empty",
	.shape = SHAPE_BYTES,
	.maxlen = 4096,
	.init = init,
	.run = run,
	.stat = stat,
};
