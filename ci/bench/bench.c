#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS		9
#define SLICE		0.01		/* seconds of each side in a round */

static double
seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Units a second; *calls of run() take about one slice, or are found out. */
static double
measure(const struct bench_row *row, const struct bench_side *s,
    unsigned long *calls)
{
	clockid_t clock = row->elapsed ? CLOCK_MONOTONIC :
	    CLOCK_PROCESS_CPUTIME_ID;
	unsigned long i;
	uint64_t units;
	double start, took;

	for (;;) {
		units = 0;
		if (s->ns != NULL)
			*s->ns = 0;
		start = seconds(clock);
		for (i = 0; i < *calls; i++)
			units += s->run(s->arg);
		took = s->ns != NULL ? (double)*s->ns / 1e9 :
		    seconds(clock) - start;
		if (took > SLICE / 2)
			return (double)units / took;
		*calls = took < SLICE / 64 ? *calls * 16 :
		    (unsigned long)((double)*calls * SLICE / took) + 1;
	}
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which a share of them lies; sorts them. */
static double
quantile(double *v, double share)
{
	qsort(v, ROUNDS, sizeof(*v), ascending);
	return v[(unsigned)(share * (ROUNDS - 1) + 0.5)];
}

void
bench_compare(const struct bench_row *row, const struct bench_side *fig,
    const struct bench_side *peer)
{
	double a[ROUNDS], b[ROUNDS], r[ROUNDS];
	unsigned long na = 1, nb = 1;
	int i;

	(void)measure(row, fig, &na);
	(void)measure(row, peer, &nb);
	for (i = 0; i < ROUNDS; i++) {
		if (i % 2 == 0)
			a[i] = measure(row, fig, &na);
		b[i] = measure(row, peer, &nb);
		if (i % 2 != 0)
			a[i] = measure(row, fig, &na);
		r[i] = a[i] / b[i];
	}
	printf("%s\t%s\t%s\t%.0f\t%s\t%.0f\t%.3f\t%.3f\t%.3f\t%g\n",
	    row->group, row->name, row->unit, quantile(a, 0.5), row->peer,
	    quantile(b, 0.5), quantile(r, 0.5), quantile(r, 0.25),
	    quantile(r, 0.75), row->goal);
	fflush(stdout);
}

void
bench_die(const char *why)
{
	fprintf(stderr, "bench: %s\n", why);
	exit(1);
}
