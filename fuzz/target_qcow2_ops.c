/*
 * Operation programs on a qcow2 image over a store that fails and crashes,
 * next to a byte array: see sim/diskprog.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "digest.h"
#include "diskprog.h"
#include "nomemory.h"
#include "target.h"

#define MAXDISK	(64u << 10)
#define NO_MEMORY (MS_SHORT << 1)	/* next to what struct ms counts */
#define LOOK	2048u		/* bytes that the digest covers */

static const char *const opnames[] = { "write", "read", "zero", "discard",
    "flush", "grow", "reopen", "pack", "crash", "eio", "full", "short",
    "no-memory", NULL };

static struct dp prog;
static uint64_t inputs, accepted, hits;

static void
starve(struct dp *p, uint64_t nth)
{
	(void)p;
	nomemory_arm(nth);
}

static void
init(void)
{
	dp_init(&prog, MAXDISK);
	prog.small = 1;
	prog.starve = starve;
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	unsigned before = prog.done[DP_WRITE] + prog.done[DP_READ];
	struct digest d;

	inputs++;
	if (dp_run(&prog, data, len) != 0) {
		fprintf(stderr, "oracle disk: %s\n", prog.why);
		abort();
	}
	hits |= prog.top.hit | (nomemory_failures() > 0 ? NO_MEMORY : 0);
	accepted += prog.done[DP_WRITE] + prog.done[DP_READ] != before;
	digest_init(&d);
	digest_u64(&d, prog.top.size);
	digest_add(&d, prog.top.buf, LOOK);
	digest_add(&d, prog.model, prog.size < LOOK ? prog.size : LOOK);
	return digest_value(&d);
}

static void
stat(struct fuzz_stat *st)
{
	unsigned i;

	st->inputs = inputs;
	st->accepted = accepted;
	st->requests = st->ops = 0;
	for (i = 0; i < DP_OUTSIDE; i++) {
		st->requests += prog.done[i];
		st->ops |= (uint64_t)(prog.done[i] != 0) << i;
	}
	/* Behind the operations, as their names are. */
	st->ops |= hits << DP_OUTSIDE;
	st->opnames = opnames;
}

const struct fuzz_target fuzz_target = {
	.name = "qcow2_ops",
	.shape = SHAPE_PROGRAM,
	.maxlen = 128,
	.init = init,
	.run = run,
	.stat = stat,
	.sweep = dp_fault,
};
