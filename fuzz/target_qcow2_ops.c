/*
 * Operation programs on a qcow2 image over a store that fails and crashes,
 * next to a byte array: see sim/diskprog.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "diskprog.h"
#include "nomemory.h"
#include "target.h"

#define MAXDISK	(64u << 10)
#define FAULTS	6			/* kinds in a program's head */
#define TIMES	16			/* each strikes the n-th time */
#define HEAD	7			/* bytes until a fault's argument */
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
	hits |= prog.top.hit | (nomemory_failures() > 0 ? 16 : 0);
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
	st->ops |= hits << DP_OUTSIDE;
	st->opnames = opnames;
}

/* The program without its own fault, and then with each. */
static size_t
sweep(const uint8_t *in, size_t len, unsigned i, uint8_t *out, size_t max)
{
	size_t skip = HEAD, n;

	if (i >= FAULTS * TIMES || len < HEAD || len >= max)
		return 0;
	if ((in[5] & 7) >= 1 && (in[5] & 7) <= FAULTS && len > HEAD)
		skip++;
	n = len - skip;
	memcpy(out, in, HEAD);
	out[5] = (uint8_t)((in[5] & ~7U) | (1 + i % FAULTS));
	out[HEAD] = (uint8_t)(i / FAULTS);
	memcpy(out + HEAD + 1, in + skip, n);
	return HEAD + 1 + n;
}

const struct fuzz_target fuzz_target = {
	.name = "qcow2_ops",
	.shape = SHAPE_BYTES,
	.maxlen = 128,
	.init = init,
	.run = run,
	.stat = stat,
	.sweep = sweep,
};
