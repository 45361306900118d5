/* Runs a trace: a recording in the player, an input in the simulator. */
#ifndef RUN_H
#define RUN_H

#include "play.h"
#include "rec.h"
#include "vmtrace.h"

struct run_result {
	char	key[360];		/* the same for the same failure; empty
					   when there was none */
	char	line[768];		/* the failure in words */
	struct play_stat play;		/* of a recording */
	uint64_t messages, done;	/* of an input */
	uint64_t digest;
};

struct dev_ops;
struct sim_kind;
struct chipsim_kind;

/* A kind of device and who simulates it: one of the two, the other NULL. */
struct run_kind {
	const struct dev_ops		*dev;
	const struct sim_kind		*sim;
	const struct chipsim_kind	*chip;
};

/* The kind of device of that name, or NULL. */
const struct run_kind *run_kind(const char *name);
/* Their names, for complaints. */
const char *run_kinds(void);

/*
 * Runs it.  0 when it ran, well or not; -1 with a line when it could not be
 * run at all.  rec may be NULL, else an input is recorded.
 */
int	run_trace(const struct input *, const struct run_kind *, int verbose,
	    struct rec *, struct run_result *);
/* The device that an input asks for, or def; NULL with a complaint. */
const struct run_kind *run_choose(const struct input *, const char *def);

#endif
