/*
 * Two pieces of work measured against each other.
 *
 * Figures of one run on a shared machine mean little, ratios mean more: the
 * two sides run in turn, round after round, in processor time, and what is
 * reported is the median of the rounds' ratios with its quartiles.  Where a
 * stack happens to lie is part of it: ci/bench/run starts a program several
 * times and takes the run in the middle.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

struct bench_side {
	/* Does some work, at most a few milliseconds; the units done. */
	uint64_t	(*run)(void *);
	void		*arg;
	uint64_t	*ns;		/* NULL, or only this time counts:
					   run adds to it */
};

struct bench_row {
	const char	*group;
	const char	*name;		/* of the figure */
	const char	*unit;
	const char	*peer;		/* what it is measured against */
	double		 goal;		/* of the ratio; 0: none */
	int		 elapsed;	/* not processor time */
};

/*
 * Measures and prints a row for the table: group, name, unit, median figure,
 * peer's name, median of the peer, median ratio, lower and upper quartile,
 * goal, with tabs in between.
 */
void	bench_compare(const struct bench_row *, const struct bench_side *fig,
	    const struct bench_side *peer);
/* Ends the program: something does not work. */
void	bench_die(const char *why) __attribute__((noreturn));

#endif
