/*
 * The engine side without an engine: runs files and folders, and random
 * inputs from the same mutator.
 *
 *	fuzz_T_plain [-deflvx] [-n runs] [-s seed] [-t seconds] [-w file]
 *	    [path ...]
 *
 *	-d	print the digest of all that was run
 *	-e	every file with every fault, one at a time
 *	-f	print how often fields of guest memory were loaded again
 *	-l	list the files that got a request through
 *	-n	after the files, so many mutated inputs
 *	-s	seed of the mutations (1)
 *	-t	run everything again and again for so long; print runs a second
 *	-v	print what was reached
 *	-x	every change of one bit in every file
 *	-w file	before a mutated input or one with a fault runs, write it there
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"
#include "inputs.h"
#include "mutate.h"
#include "prng.h"
#include "sweep.h"
#include "target.h"
#include "watch.h"

static struct inputs all;

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t
run(const struct input *in)
{
	watch_run(in->path);
	return fuzz_target.run(in->p, in->len);
}

/* An input that may not come back. */
static void
keep(const char *save, const uint8_t *p, size_t len)
{
	FILE *f;

	if (save == NULL)
		return;
	if ((f = fopen(save, "wb")) == NULL)
		err(1, "%s", save);
	fwrite(p, 1, len, f);
	fclose(f);
}

static void
run_mutated(unsigned long runs, uint64_t seed, const char *save,
    struct digest *d)
{
	static uint8_t buf[65536];
	struct prng r;
	unsigned long i;
	size_t len, rounds;

	prng_seed(&r, seed);
	for (i = 0; i < runs; i++) {
		len = 0;
		if (all.n > 0 && prng_below(&r, 4) != 0) {
			size_t k = (size_t)prng_below(&r, all.n);

			len = all.in[k].len < sizeof(buf) ? all.in[k].len :
			    sizeof(buf);
			memcpy(buf, all.in[k].p, len);
		}
		for (rounds = 1 + prng_below(&r, 8); rounds > 0; rounds--)
			len = mutate(&fuzz_target, buf, len, sizeof(buf),
			    prng_next(&r));
		keep(save, buf, len);
		watch_run("a mutated input");
		digest_u64(d, fuzz_target.run(buf, len));
	}
}

static void
run_changes(struct digest *d)
{
	unsigned long n = 0;
	size_t i, bit;

	for (i = 0; i < all.n; i++)
		for (bit = 0; bit < 8 * all.in[i].len; bit++, n++) {
			all.in[i].p[bit / 8] ^= (uint8_t)(1U << bit % 8);
			digest_u64(d, run(&all.in[i]));
			all.in[i].p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	printf("%s: %lu changes\n", fuzz_target.name, n);
}

static void
run_faults(const char *save, struct digest *d)
{
	size_t (*sweep)(const uint8_t *, size_t, unsigned, uint8_t *, size_t) =
	    fuzz_target.sweep;
	static uint8_t buf[65536];
	unsigned long n = 0;
	size_t i, len;
	unsigned k;

	if (sweep == NULL && fuzz_target.shape == SHAPE_RECORDS)
		sweep = sweep_records;
	for (i = 0; sweep != NULL && i < all.n; i++)
		for (k = 0; (len = sweep(all.in[i].p, all.in[i].len, k, buf,
		    sizeof(buf))) > 0; k++, n++) {
			watch_run(all.in[i].path);
			keep(save, buf, len);
			digest_u64(d, fuzz_target.run(buf, len));
		}
	printf("%s: %lu faults\n", fuzz_target.name, n);
}

static void
print_stat(void)
{
	struct fuzz_stat st = { 0 };
	const char *const *op;
	unsigned i = 0;

	fuzz_target.stat(&st);
	printf("%s: inputs %llu accepted %llu requests %llu resets %llu ops",
	    fuzz_target.name, (unsigned long long)st.inputs,
	    (unsigned long long)st.accepted, (unsigned long long)st.requests,
	    (unsigned long long)st.resets);
	for (op = st.opnames; op != NULL && *op != NULL; op++, i++)
		if ((st.ops >> i & 1) != 0)
			printf(" %s", *op);
	putchar('\n');
}

/* Kinds as in oracle.h; nothing for a target without guest memory. */
static void
print_fetches(void)
{
	static const char *const kinds[] = {
		"index", "entry", "descriptor", "payload"
	};
	struct fuzz_stat st = { 0 };
	unsigned i;

	fuzz_target.stat(&st);
	for (i = 0; st.loads != NULL && i < 4; i++)
		printf("%s\t%s\t%llu\t%llu\n", fuzz_target.name, kinds[i],
		    (unsigned long long)st.loads[i],
		    (unsigned long long)st.again[i]);
}

static uint64_t
accepted(void)
{
	struct fuzz_stat st = { 0 };

	fuzz_target.stat(&st);
	return st.accepted;
}

static void
time_runs(double limit)
{
	double start = seconds(), now = start;
	unsigned long n = 0;
	size_t i;

	while (all.n > 0 && (now = seconds()) - start < limit)
		for (i = 0; i < all.n; i++, n++)
			(void)run(&all.in[i]);
	printf("%s: %.0f runs/s\n", fuzz_target.name,
	    (double)n / (now - start));
}

static unsigned long
number(const char *s)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0' || *s == '-')
		errx(2, "%s: not a number", s);
	return v;
}

static void
usage(void)
{
	fprintf(stderr, "usage: fuzz_%s_plain [-deflvx] [-n runs] [-s seed] "
	    "[-t seconds] [-w file]\n\t[path ...]\n", fuzz_target.name);
	exit(2);
}

struct options {
	unsigned long	 runs, seed, limit;
	int		 digest, fetches, list, verbose, changes, faults;
	const char	*save;
};

static void
parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "defln:s:t:vw:x")) != -1)
		switch (c) {
		case 'd':
			o->digest = 1;
			break;
		case 'e':
			o->faults = 1;
			break;
		case 'f':
			o->fetches = 1;
			break;
		case 'l':
			o->list = 1;
			break;
		case 'n':
			o->runs = number(optarg);
			break;
		case 's':
			o->seed = number(optarg);
			break;
		case 't':
			o->limit = number(optarg);
			break;
		case 'v':
			o->verbose = 1;
			break;
		case 'w':
			o->save = optarg;
			break;
		case 'x':
			o->changes = 1;
			break;
		default:
			usage();
		}
}

static void
run_files(int list, struct digest *d)
{
	uint64_t before;
	size_t i;

	for (i = 0; i < all.n; i++) {
		before = accepted();
		digest_u64(d, run(&all.in[i]));
		if (list && accepted() > before)
			puts(all.in[i].path);
	}
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1 };
	struct digest d;

	parse(&o, argc, argv);
	for (argv += optind; *argv != NULL; argv++)
		inputs_add(&all, *argv);
	fuzz_target.init();
	if (fuzz_target.deep != NULL && o.limit == 0)
		fuzz_target.deep(1);
	digest_init(&d);
	watch_begin();
	run_files(o.list, &d);
	if (o.changes)
		run_changes(&d);
	if (o.faults)
		run_faults(o.save, &d);
	run_mutated(o.runs, o.seed, o.save, &d);
	if (o.limit > 0)
		time_runs((double)o.limit);
	watch_end();
	if (o.verbose)
		print_stat();
	if (o.fetches)
		print_fetches();
	if (o.digest)
		printf("%s: digest %016llx\n", fuzz_target.name,
		    (unsigned long long)digest_value(&d));
	return 0;
}
