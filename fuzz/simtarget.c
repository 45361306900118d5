#include "simtarget.h"

static struct sim *sim;

struct sim *
simtarget_init(const struct sim_kind *k)
{
	sim = sim_new(k);
	return sim;
}

uint64_t
simtarget_run(const uint8_t *data, size_t len)
{
	return sim_run(sim, data, len);
}

void
simtarget_stat(struct fuzz_stat *st)
{
	st->inputs = sim->stat.inputs;
	st->accepted = sim->stat.accepted;
	st->requests = sim->stat.done;
	st->resets = sim->stat.resets;
	st->ops = sim->stat.ops;
	st->opnames = sim->kind->ops;
	st->loads = sim->stat.loads;
	st->again = sim->stat.again;
}

void
simtarget_deep(int on)
{
	sim->deep = on;
}
