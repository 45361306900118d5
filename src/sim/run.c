/* One input from its records. */
#include <string.h>

#include "poison.h"
#include "sim.h"

/*
 * Attach values of an input: those of the input, with a capacity that the
 * medium can hold; the kind's own when the list is not well formed.
 */
static const struct devconf *
input_conf(struct sim *s, const struct trace_rec *rec, struct devconf *c)
{
	struct devconf in = { rec->u.conf.list, rec->u.conf.listlen };
	const char *why;
	struct wbuf w;
	size_t off;

	if (devconf_check(&in, &off, &why) == -1)
		return NULL;
	wb_init(&w, s->confbuf, sizeof(s->confbuf));
	sim_fold_conf(s, &in, &w);
	if (wb_bad(&w))
		return NULL;
	c->p = s->confbuf;
	c->len = w.len;
	return c;
}

static void
add_fault(struct sim *s, const struct trace_rec *rec)
{
	struct sim_fault *f;
	unsigned i;

	for (i = 0; i < SIM_FAULTS; i++) {
		f = &s->fault[i];
		if (f->on)
			continue;
		f->on = 1;
		f->call = rec->u.fault.call % TRACE_NCALLS;
		f->skip = rec->u.fault.skip % 32;
		f->result = rec->u.fault.result;
		f->cut = rec->u.fault.cut;
		return;
	}
}

static void
poke(struct sim *s, uint64_t gpa, const uint8_t *p, size_t len)
{
	if (len > 2 * ARENA_SIZE)
		len = 2 * ARENA_SIZE;
	if (arena_poke(&s->arena, gpa, p, len) == -1 && len <= ARENA_SIZE)
		(void)arena_poke(&s->arena, gpa % (ARENA_SIZE - len + 1), p,
		    len);
}

static void
input_msg(struct sim *s, struct viodev_msg m)
{
	if (m.type >= VIODEV_READY && m.type != VIODEV_COMMAND)
		m.type = VIODEV_KICK;
	if (m.type == VIODEV_INPUT) {
		s->input = m.payload;
		s->inputlen = m.len;
	}
	sim_deliver(s, &m);
}

static void
execute(struct sim *s, const struct trace_rec *rec)
{
	switch (rec->type) {
	case TRACE_MSG:
		input_msg(s, rec->u.msg);
		break;
	case TRACE_POKE:
		poke(s, rec->u.poke.gpa, rec->u.poke.p, rec->u.poke.len);
		break;
	case TRACE_TIME:
		sim_advance(s, rec->u.time);
		break;
	case TRACE_SETUP:
		sim_setup(s, &rec->u.setup);
		break;
	case TRACE_CHAIN:
		sim_chain(s, &rec->u.chain);
		break;
	case TRACE_FAULT:
		add_fault(s, rec);
		break;
	case TRACE_RACE:
		s->oracle.race = rec->u.race.mode % 9;
		s->oracle.raceseed = rec->u.race.seed;
		break;
	case TRACE_STATE:
		sim_restore(s, rec->body, rec->len);
		break;
	case TRACE_RELOAD:
		if (s->nreload++ < SIM_RELOADS && s->reloads)
			sim_reload(s);
		break;
	default:
		break;
	}
	sim_settle(s);
}

static uint64_t
run_once(struct sim *s, const uint8_t *data, size_t len)
{
	struct trace_reader r;
	struct trace_rec rec;
	struct devconf conf;
	const struct devconf *c = NULL;
	int more;

	trace_open_fold(&r, data, len);
	more = trace_next(&r, &rec) == TRACE_OK;
	if (more && rec.type == TRACE_CONF)
		c = input_conf(s, &rec, &conf);
	sim_start(s, c);
	while (more && !s->dead && rec.number <= SIM_RECORDS) {
		s->record = rec.number;
		execute(s, &rec);
		more = trace_next(&r, &rec) == TRACE_OK;
	}
	sim_stop(s);
	return s->digest;
}

/*
 * The same input without a tap, the way a device runs in production: it must
 * do the same and leave the same memory, and nothing anywhere else.
 */
static void
run_bare(struct sim *s, const uint8_t *data, size_t len, uint64_t want)
{
	uint64_t memory, again, used[ARENA_RANGES];
	struct sim_stat stat = s->stat;
	struct oracle_stat seen = s->oracle.stat;
	uint64_t ops = s->ops;

	memcpy(used, s->arena.touched, sizeof(used));
	memory = arena_digest(&s->arena, used);
	s->bare = used;
	again = run_once(s, data, len);
	s->bare = NULL;
	if (again != want || arena_digest(&s->arena, used) != memory)
		sim_fail(s, "bare", "without a tap the device does something "
		    "else");
	s->stat = stat;
	s->oracle.stat = seen;
	s->ops = ops;
}

/* The same input with its RELOADs obeyed: nobody may see a difference. */
static void
run_reloaded(struct sim *s, const uint8_t *data, size_t len, uint64_t want)
{
	struct sim_stat stat = s->stat;
	uint64_t again;

	s->reloads = 1;
	again = run_once(s, data, len);
	s->reloads = 0;
	s->stat = stat;
	if (again != want)
		sim_fail(s, "state", "save, load and continue differs from "
		    "continue");
}

uint64_t
sim_run(struct sim *s, const uint8_t *data, size_t len)
{
	uint64_t host, all;

	s->reloads = 0;
	host = run_once(s, data, len);
	all = host ^ s->oracle.digest;
	if (s->rec != NULL)
		return all;
	/* One in sixteen, by what it does: few inputs differ in length. */
	if ((s->deep || all % 16 == 3) && s->oracle.racectr == 0)
		run_bare(s, data, len, host);
	if (s->nreload > 0)
		run_reloaded(s, data, len, host);
	return all;
}
