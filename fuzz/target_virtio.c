/*
 * The transport: register machine and queues together, on a device that uses
 * everything which the contract offers.  Inputs whose first record names the
 * kind "legacy" run the legacy header.
 */
#include <string.h>

#include "simtarget.h"
#include "trace.h"

static struct sim *modern, *legacy;

static void
init(void)
{
	modern = sim_new(&sim_echo);
	legacy = sim_new(&sim_legacy);
}

static int
wants_legacy(const uint8_t *data, size_t len)
{
	struct trace_reader r;
	struct trace_rec rec;

	trace_open_fold(&r, data, len);
	return trace_next(&r, &rec) == TRACE_OK && rec.type == TRACE_CONF &&
	    rec.u.conf.namelen > 0 && rec.u.conf.name[0] == 'l';
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	return sim_run(wants_legacy(data, len) ? legacy : modern, data, len);
}

static void
stat(struct fuzz_stat *st)
{
	st->inputs = modern->stat.inputs + legacy->stat.inputs;
	st->accepted = modern->stat.accepted + legacy->stat.inputs;
	st->requests = modern->stat.done;
	st->resets = modern->stat.resets;
	st->ops = modern->stat.ops;
	st->opnames = sim_echo.ops;
}

static void
deep(int on)
{
	modern->deep = legacy->deep = on;
}

const struct fuzz_target fuzz_target = {
	.name = "virtio",
	.shape = SHAPE_RECORDS,
	.queues = 3,
	.flavour = FLAVOUR_ECHO,
	.maxlen = 4096,
	.init = init,
	.run = run,
	.stat = stat,
	.deep = deep,
};
