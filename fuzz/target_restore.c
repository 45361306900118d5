/*
 * Saved states that somebody else wrote, loaded into vioblk.
 *
 * STATE records are loaded, then the device goes on with whatever it took.
 */
#include "devconf.h"
#include "gen_kind.h"
#include "simtarget.h"

static struct sim *sim;
static uint64_t loads;

static void
init(void)
{
	sim = sim_new(&sim_vioblk);
}

/* Bit 63 of ops: a state was accepted. */
static uint64_t
run(const uint8_t *data, size_t len)
{
	uint64_t digest = sim_run(sim, data, len);

	loads += sim->ops >> 63;
	return digest;
}

static const char *const ops[] = {
	"in", "out", "flush", "get-id", "discard", "write-zeroes",
	"no-status", "ioerr", "unsupp", NULL
};

static void
stat(struct fuzz_stat *st)
{
	st->inputs = sim->stat.inputs;
	st->accepted = loads;
	st->requests = sim->stat.done;
	st->resets = sim->stat.resets;
	st->ops = sim->stat.ops;
	st->opnames = ops;
}

static void
deep(int on)
{
	sim->deep = on;
}

/* The disk that saved states are of: gen_state. */
static void
gen_conf(struct wbuf *c, struct prng *r)
{
	(void)r;
	devconf_put_int(c, DEVCONF_CAPACITY, 128);
}

static void
gen_chain(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	gen_vioblk.chain(w, r, c);
}

static const struct gen_kind gen_restored = {
	.dev = "vioblk",
	.conf = gen_conf,
	.chain = gen_chain,
};

const struct fuzz_target fuzz_target = {
	.name = "restore",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.flavour = FLAVOUR_STATE,
	.gen = &gen_restored,
	.maxlen = 4096,
	.init = init,
	.run = run,
	.stat = stat,
	.deep = deep,
};
