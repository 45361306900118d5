/*
 * The engine side that makes a corpus short: many inputs of few records run
 * faster and say more than few inputs of many.
 *
 *	fuzz_T_short OUT KEEP [path ...]
 *
 * For each edge that no file of KEEP reaches and some other file does, it
 * looks for the fewest records that still reach it, and get a request through
 * if they all did, and writes what it found to OUT, unless something shorter
 * reaches all of that, too.  Inputs that get a request through go first.  It
 * is compiled with counters of edges, and no engine is there to read them.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "inputs.h"
#include "shrink.h"
#include "target.h"
#include "trace.h"

#define MODULES	16
#define ROOM	(1U << 16)
#define TRIES	20000		/* runs that one edge is worth */

/* Counters of one compiled module, and its edges that are reached. */
struct module {
	uint8_t	*start, *stop, *have;
};

struct edge {
	unsigned	module;
	size_t		at;
	int		accepted;	/* a request has to get through */
};

static struct module module[MODULES];
static unsigned nmodules;

void	__sanitizer_cov_8bit_counters_init(uint8_t *, uint8_t *);

/* Called before main for each module, maybe more than once. */
void
__sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop)
{
	unsigned i;

	for (i = 0; i < nmodules; i++)
		if (module[i].start == start)
			return;
	if (start == stop || nmodules == MODULES)
		return;
	module[nmodules].start = start;
	module[nmodules++].stop = stop;
}

static void
take_memory(void)
{
	struct module *m;

	for (m = module; m < module + nmodules; m++)
		if ((m->have = calloc(1, (size_t)(m->stop - m->start))) == NULL)
			err(1, NULL);
	if (nmodules == 0)
		errx(1, "compiled without counters of edges");
}

static uint64_t
accepted(void)
{
	struct fuzz_stat st = { 0 };

	fuzz_target.stat(&st);
	return st.accepted;
}

/* Whether a request got through. */
static int
run(const uint8_t *p, size_t len)
{
	uint64_t before = accepted();
	struct module *m;

	for (m = module; m < module + nmodules; m++)
		memset(m->start, 0, (size_t)(m->stop - m->start));
	(void)fuzz_target.run(p, len);
	return accepted() > before;
}

/* Looks from e on for an edge of the last run that nobody had reached. */
static int
news(struct edge *e)
{
	const struct module *m;

	for (; e->module < nmodules; e->module++, e->at = 0) {
		m = &module[e->module];
		for (; e->at < (size_t)(m->stop - m->start); e->at++)
			if (m->start[e->at] != 0 && m->have[e->at] == 0)
				return 1;
	}
	return 0;
}

static void
forget(void)
{
	struct module *m;

	for (m = module; m < module + nmodules; m++)
		memset(m->have, 0, (size_t)(m->stop - m->start));
}

/* The edges of the last run are reached. */
static unsigned
reach(void)
{
	struct edge e = { 0 };
	unsigned n;

	for (n = 0; news(&e); n++)
		module[e.module].have[e.at] = 1;
	return n;
}

static unsigned
reach_all(const struct inputs *all)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < all->n; i++) {
		(void)run(all->in[i].p, all->in[i].len);
		n += reach();
	}
	return n;
}

static int
compare(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	if (x->good != y->good)
		return y->good - x->good;
	return (x->len > y->len) - (x->len < y->len);
}

/* Those that get a request through, then the others; short ones first. */
static void
sort(struct inputs *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		all->in[i].good = run(all->in[i].p, all->in[i].len);
	if (all->n > 0)
		qsort(all->in, all->n, sizeof(*all->in), compare);
}

/* The records of an input as a strict reader takes them. */
static size_t
strict(const struct input *in, uint8_t *to)
{
	struct trace_reader t;
	struct trace_rec r;
	struct wbuf w;

	wb_init(&w, to, ROOM);
	trace_put_header(&w);
	trace_open_fold(&t, in->p, in->len);
	while (trace_next(&t, &r) == TRACE_OK && !wb_bad(&w))
		if (r.type != TRACE_CONF || r.number == 1)
			trace_put_rec(&w, &r);
	return w.len;
}

static int
reaches(void *arg, const uint8_t *p, size_t len)
{
	const struct edge *e = arg;

	return run(p, len) >= e->accepted &&
	    module[e->module].start[e->at] != 0;
}

static unsigned tries;

static int
enough(void *arg)
{
	(void)arg;
	return tries++ > TRIES;
}

static void
keep(struct inputs *out, const uint8_t *p, size_t len)
{
	struct input *in;

	out->in = realloc(out->in, (out->n + 1) * sizeof(*out->in));
	if (out->in == NULL)
		err(1, NULL);
	in = &out->in[out->n++];
	memset(in, 0, sizeof(*in));
	if ((in->p = malloc(len)) == NULL)
		err(1, NULL);
	memcpy(in->p, p, len);
	in->len = len;
}

static void
deep(int on)
{
	if (fuzz_target.deep != NULL)
		fuzz_target.deep(on);
}

/* What only inputs of some lengths reach: a write to memory changes length. */
static size_t
pad(struct edge *e, uint8_t *p, size_t len)
{
	static const uint8_t none[16];
	struct wbuf w;
	size_t n;

	for (n = 0; n < sizeof(none); n++) {
		wb_init(&w, p + len, ROOM - len);
		trace_put_poke(&w, 0, none, n);
		if (!wb_bad(&w) && reaches(e, p, len + w.len))
			return len + w.len;
	}
	return len;
}

/*
 * Few records of an input that reach an edge.  Meanwhile what is run for some
 * lengths only is run for all, or each length would be tied to its edges.
 */
static void
shorten(struct inputs *out, const struct input *in, struct edge *e)
{
	static uint8_t best[ROOM], mem[ROOM];
	struct shrink s = {
		.fails = reaches, .enough = enough, .arg = e, .plain = 1,
		.best = best, .mem = mem, .cap = sizeof(mem)
	};

	tries = 0;
	s.len = strict(in, best);
	deep(1);
	if (reaches(e, best, s.len))
		shrink_trace(&s);
	deep(0);
	if (!reaches(e, best, s.len))
		s.len = pad(e, best, s.len);
	if (!reaches(e, best, s.len))
		memcpy(best, in->p, s.len = in->len);
	keep(out, best, s.len);
	(void)run(best, s.len);
	(void)reach();
	module[e->module].have[e->at] = 1;
}

static void
shorten_all(struct inputs *out, const struct inputs *all)
{
	struct edge e;
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (all->in[i].len > ROOM)
			continue;
		for (;;) {
			e = (struct edge){ 0 };
			e.accepted = run(all->in[i].p, all->in[i].len);
			if (!news(&e))
				break;
			shorten(out, &all->in[i], &e);
		}
	}
}

static void
save(const char *folder, const struct input *in)
{
	char name[4096];
	FILE *f;

	(void)snprintf(name, sizeof(name), "%s/%016llx", folder,
	    (unsigned long long)digest_of(in->p, in->len));
	if ((f = fopen(name, "wb")) == NULL ||
	    fwrite(in->p, 1, in->len, f) != in->len || fclose(f) != 0)
		err(1, "%s", name);
}

/* In their order, each only for what those before it do not reach. */
static unsigned
save_all(const char *folder, const struct inputs *all, unsigned *edges)
{
	unsigned files = 0, more;
	size_t i;

	for (i = 0; i < all->n; i++) {
		(void)run(all->in[i].p, all->in[i].len);
		if ((more = reach()) == 0)
			continue;
		*edges += more;
		save(folder, &all->in[i]);
		files++;
	}
	return files;
}

int
main(int argc, char **argv)
{
	static struct inputs kept, others, out;
	unsigned edges, files;
	int i;

	if (argc < 3)
		errx(2, "usage: fuzz_%s_short OUT KEEP [path ...]",
		    fuzz_target.name);
	if (fuzz_target.shape != SHAPE_RECORDS)
		errx(1, "%s takes no records", fuzz_target.name);
	take_memory();
	fuzz_target.init();
	inputs_add(&kept, argv[2]);
	for (i = 3; i < argc; i++)
		inputs_add(&others, argv[i]);
	sort(&others);
	(void)reach_all(&kept);
	shorten_all(&out, &others);
	forget();
	edges = reach_all(&kept);
	sort(&out);
	files = save_all(argv[1], &out, &edges);
	printf("%s: %zu files kept, %u written, %u edges\n", fuzz_target.name,
	    kept.n, files, edges);
	return 0;
}
