#include "vmdisk.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE	2.0		/* seconds without a bar */
#define REFRESH		0.2
#define WIDTH		50

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
progress_begin(struct progress *p)
{
	p->start = p->last = now();
	p->shown = 0;
	p->wanted = isatty(STDERR_FILENO);
}

void
progress_show(struct progress *p, uint64_t done, uint64_t all)
{
	char bar[WIDTH + 1];
	double t, part = all == 0 ? 1 : (double)done / (double)all;
	int i;

	if (!p->wanted)
		return;
	t = now();
	if (t - p->start < PATIENCE || t - p->last < REFRESH)
		return;
	p->last = t;
	p->shown = 1;
	for (i = 0; i < WIDTH; i++)
		bar[i] = i < part * WIDTH ? '=' : ' ';
	bar[WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3.0f%%", bar, part * 100);
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r%*s\r", WIDTH + 8, "");
}
