#include "chiptarget.h"

static struct chipsim *sim;

void
chiptarget_init(const struct chipsim_kind *k)
{
	sim = chipsim_new(k);
}

uint64_t
chiptarget_run(const uint8_t *data, size_t len)
{
	return chipsim_run(sim, data, len);
}

void
chiptarget_stat(struct fuzz_stat *st)
{
	st->inputs = sim->stat.inputs;
	st->accepted = sim->stat.accepted;
	st->requests = sim->stat.modelled;
	st->ops = sim->stat.ops;
	st->opnames = sim->kind->ops;
}

void
chiptarget_deep(int on)
{
	sim->deep = on;
}
