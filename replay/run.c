#include "run.h"

#include <sys/mman.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "chipsim.h"
#include "sim.h"
#include "text.h"

#define MEMORY_MAX	(64ULL << 30)	/* of a recorded guest */
#define STATE_MAX	(1U << 20)	/* of a saved device */

static const struct sim_kind *const sims[] = {
	&sim_viornd, &sim_vioblk, &sim_vioscsi, &sim_vionet, &sim_echo,
	&sim_legacy, &sim_vmmci
};
static const struct chipsim_kind *const chips[] = {
	&chip_i8259, &chip_i8253, &chip_mc146818, &chip_ns8250,
	&chip_sysport, &chip_fwcfg, &chip_pci, &chip_board
};
#define NSIMS	(sizeof(sims) / sizeof(sims[0]))
#define NKINDS	(NSIMS + sizeof(chips) / sizeof(chips[0]))

static const struct run_kind *
kind_at(size_t i)
{
	static struct run_kind all[NKINDS];
	struct run_kind *k = &all[i];

	k->sim = i < NSIMS ? sims[i] : NULL;
	k->chip = i < NSIMS ? NULL : chips[i - NSIMS];
	k->dev = i < NSIMS ? k->sim->dev : k->chip->dev;
	return k;
}

const struct run_kind *
run_kind(const char *name)
{
	size_t i;

	for (i = 0; i < NKINDS; i++)
		if (strcmp(kind_at(i)->dev->name, name) == 0)
			return kind_at(i);
	return NULL;
}

const char *
run_kinds(void)
{
	static char list[256];
	size_t i, n = 0;

	for (i = 0; i < NKINDS && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
		    i > 0 ? ", " : "", kind_at(i)->dev->name);
	return list;
}

const struct run_kind *
run_choose(const struct input *in, const char *def)
{
	const char *name = in->dev[0] != '\0' ? in->dev : def;
	const struct run_kind *k;

	if (name == NULL) {
		complain(in->file.name, "names no device; --device says which "
		    "(%s)", run_kinds());
		return NULL;
	}
	if ((k = run_kind(name)) == NULL)
		complain(in->file.name, "no device '%s' (%s)", name,
		    run_kinds());
	return k;
}

/* ------------------------------------------------------- a recording */

/* What the calls of one run share. */
struct run {
	struct run_result	*res;
	int			 verbose;
	jmp_buf			 out;
};

static void __attribute__((format(printf, 3, 4)))
run_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct run *r = arg;
	va_list ap;

	(void)level;
	if (!r->verbose)
		return;
	fprintf(stderr, "device: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void run_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
run_panic(void *arg, const char *fmt, ...)
{
	struct run *r = arg;
	char line[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	snprintf(r->res->key, sizeof(r->res->key), "panic");
	snprintf(r->res->line, sizeof(r->res->line), "the device panics: %s",
	    line);
	longjmp(r->out, 1);
}

static const struct host_ops outer_ops = {
	.log = run_log,
	.panic = run_panic,
};

struct guest_memory {
	struct gmem	 gm;
	void		*p[GM_MAXRANGES];
};

static void
memory_free(struct guest_memory *m)
{
	unsigned i;

	for (i = 0; i < m->gm.n; i++)
		munmap(m->p[i], m->gm.range[i].len);
}

/* Guest memory as MAP says; untouched pages cost nothing. */
static int
memory_get(struct guest_memory *m, const struct trace_rec *r, const char *name)
{
	uint64_t gpa, len, sum = 0;
	unsigned i;

	for (i = 0; i < r->u.map.n; i++) {
		trace_map_range(r, i, &gpa, &len);
		sum += len;
		if (len > MEMORY_MAX || sum > MEMORY_MAX) {
			complain(name, "offset %zu: guest memory of more than "
			    "64 GiB", r->off);
			return -1;
		}
		m->p[i] = mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANON, -1, 0);
		if (m->p[i] == MAP_FAILED) {
			complain(name, "offset %zu: %" PRIu64 " bytes of guest "
			    "memory are not to be had", r->off, len);
			return -1;
		}
		if (gm_add(&m->gm, gpa, len, m->p[i]) == -1)
			return -1;
	}
	return 0;
}

static void
describe(const struct input *in, const struct play_diff *d,
    struct run_result *res)
{
	struct trace_reader t = in->t;
	struct trace_rec r;
	char cause[200] = "attach";

	snprintf(res->key, sizeof(res->key), "%s, now %s", d->want, d->got);
	trace_rewind(&t);
	while (d->cause != 0 && trace_next(&t, &r) == TRACE_OK)
		if (r.number == d->cause) {
			snprintf(cause, sizeof(cause), "record %u, ",
			    d->cause);
			text_brief(cause + strlen(cause), 150, &r);
			break;
		}
	snprintf(res->line, sizeof(res->line), "offset %zu: record %u "
	    "differs: recorded %s, now %s%s%s%s (caused by %s)", d->off,
	    d->number, d->want, d->got, d->where[0] != '\0' ? " (" : "",
	    d->where, d->where[0] != '\0' ? ")" : "", cause);
}

/* CONF and MAP, where they stand. */
static int
find_start(const struct input *in, struct devconf *conf,
    struct guest_memory *m)
{
	struct trace_reader t = in->t;
	struct trace_rec r;

	trace_rewind(&t);
	while (trace_next(&t, &r) == TRACE_OK)
		if (r.type == TRACE_CONF) {
			conf->p = r.u.conf.list;
			conf->len = r.u.conf.listlen;
		} else if (r.type == TRACE_MAP) {
			return memory_get(m, &r, in->file.name);
		} else {
			break;
		}
	return 0;
}

static void
play_all(const struct input *in, struct play *p, struct dev *d)
{
	unsigned n = 0;

	while (play_step(p, d) == 1)
		if ((++n & 63) == 0)
			progress("bytes", in->t.off, in->t.len);
	progress_end();
}

static int
run_recording(const struct input *in, const struct run_kind *k, struct run *r)
{
	size_t n = k->dev->size + k->dev->scratch;
	struct play *p = need(play_size());
	uint8_t *scratch = need(STATE_MAX);
	struct guest_memory m;
	struct devconf conf = { NULL, 0 };
	struct dev_host h = { &outer_ops, r };
	void *mem = need(n);
	struct dev *d;
	int res;

	memset(&m, 0, sizeof(m));
	if ((res = find_start(in, &conf, &m)) == 0) {
		play_init(p, &in->t, scratch, STATE_MAX);
		play_outer(p, &h);
		play_tap(p, &m.gm);
		h = play_host(p);
		if (setjmp(r->out) == 0) {
			d = dev_attach(k->dev, mem, &h, &m.gm, &conf);
			if (d != NULL)
				play_all(in, p, d);
			else if (play_diff(p)->number == 0)
				res = complain(in->file.name, "the device "
				    "refuses these attach values");
			if (play_diff(p)->number != 0)
				describe(in, play_diff(p), r->res);
		}
		r->res->play = *play_stat(p);
	}
	memory_free(&m);
	free(mem);
	free(scratch);
	free(p);
	return res == 0 ? 0 : -1;
}

/* ---------------------------------------------------------- an input */

static void
on_fail(void *arg, const char *kind, const char *why)
{
	struct run *r = arg;

	snprintf(r->res->key, sizeof(r->res->key), "oracle %s: %s", kind,
	    strcmp(kind, "panic") == 0 ? "" : why);
	snprintf(r->res->line, sizeof(r->res->line), "oracle %s: %s", kind,
	    why);
	longjmp(r->out, 1);
}

/* The words of a failure get the record in front. */
static void
place(struct run *r, unsigned record)
{
	char words[160];

	snprintf(words, sizeof(words), "%.150s", r->res->line);
	snprintf(r->res->line, sizeof(r->res->line), "record %u: %s", record,
	    words);
}

static void
run_virtio(const struct input *in, const struct sim_kind *k, struct rec *rec,
    struct run *r)
{
	struct sim *s = sim_new(k);

	s->fail = on_fail;
	s->failarg = r;
	s->deep = 1;
	s->rec = rec;
	if (setjmp(r->out) == 0)
		r->res->digest = sim_run(s, in->file.p, in->file.len);
	else
		place(r, s->record);
	r->res->messages = s->stat.messages;
	r->res->done = s->stat.done;
	/* After a failure nothing in it is to be trusted. */
	if (r->res->key[0] == '\0')
		sim_free(s);
}

static void
run_chip(const struct input *in, const struct chipsim_kind *k,
    struct rec *rec, struct run *r)
{
	struct chipsim *s = chipsim_new(k);

	s->fail = on_fail;
	s->failarg = r;
	s->rec = rec;
	if (setjmp(r->out) == 0)
		r->res->digest = chipsim_run(s, in->file.p, in->file.len);
	else
		place(r, s->record);
	r->res->messages = s->stat.messages;
	r->res->done = s->stat.modelled;
	if (r->res->key[0] == '\0')
		chipsim_free(s);
}

int
run_trace(const struct input *in, const struct run_kind *k, int verbose,
    struct rec *rec, struct run_result *res)
{
	struct run r = { .res = res, .verbose = verbose };

	memset(res, 0, sizeof(*res));
	if (in->kind == INPUT_RECORDING)
		return run_recording(in, k, &r);
	if (k->chip != NULL)
		run_chip(in, k->chip, rec, &r);
	else
		run_virtio(in, k->sim, rec, &r);
	return 0;
}
