#include "chipsim.h"

#include <stdlib.h>
#include <string.h>

#include "poison.h"
#include "prng.h"

static void *
take(size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	if (p == NULL)
		arena_no_memory();
	return p;
}

struct chipsim *
chipsim_new(const struct chipsim_kind *k)
{
	struct chipsim *s = take(sizeof(*s));
	struct prng r;
	unsigned i;

	prng_seed(&r, 7);
	for (i = 0; i < CHIPSIM_MEDIUM; i++)
		s->medium[i] = (uint8_t)prng_next(&r);
	s->kind = k;
	arena_init(&s->arena);
	s->mem = take(k->dev->size + k->dev->scratch);
	s->mem2 = take(k->dev->size + k->dev->scratch);
	s->model = take(k->model);
	s->host.ops = &chipsim_host_ops;
	s->host.arg = s;
	return s;
}

void
chipsim_free(struct chipsim *s)
{
	arena_free(&s->arena);
	free(s->mem);
	free(s->mem2);
	free(s->model);
	free(s);
}

static void
tap_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	struct chipsim *s = arg;

	(void)gpa;
	(void)data;
	(void)len;
	s->touched = 1;
}

static void
tap_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct chipsim *s = arg;

	check_value(data, len);
	arena_touch(&s->arena, gpa, len);
	s->touched = 1;
}

static const struct gm_tap chipsim_tap = { tap_load, tap_store };

static int
attach(struct chipsim *s, void *mem)
{
	struct dev_host h = s->rec != NULL ? rec_host(s->rec) : s->host;

	s->dev = dev_attach(s->kind->dev, mem, &h, &s->arena.gm, &s->conf);
	return s->dev == NULL ? -1 : 0;
}

static void
judge(struct chipsim *s)
{
	uint64_t passed = s->now - s->began;
	const char *why;

	if ((why = dev_check(s->dev)) != NULL)
		chipsim_fail(s, "invariant", why);
	if (s->fires > passed / CHIPSIM_TICK * s->kind->lanes +
	    2 * s->messages + 16)
		chipsim_fail(s, "timer", "timers keep the host busy");
}

void
chipsim_start(struct chipsim *s, const struct devconf *conf)
{
	struct wbuf w;

	arena_reset(&s->arena);
	s->arena.gm.tap = &chipsim_tap;
	s->arena.gm.taparg = s;
	s->touched = 0;
	chipsim_host_reset(s);
	s->nconfigs = 0;
	s->messages = 0;
	s->ops = 0;
	s->effects = 0;
	s->record = 0;
	s->nreload = 0;
	if (conf == NULL) {
		wb_init(&w, s->confbuf, sizeof(s->confbuf));
		if (s->kind->conf != NULL)
			s->kind->conf(&w);
		s->conf.p = s->confbuf;
		s->conf.len = w.len;
	} else
		s->conf = *conf;
	if (s->rec != NULL)
		rec_start(s->rec, s->kind->dev->name, &s->conf, &s->arena.gm,
		    &s->host);
	memset(s->model, 0, s->kind->model);
	s->modelled = 1;
	s->dead = attach(s, s->mem) == -1;
	if (!s->dead)
		s->kind->start(s);
}

void
chipsim_stop(struct chipsim *s)
{
	unsigned i;

	if (!s->dead) {
		dev_detach(s->dev);
		if (s->line != 0)
			chipsim_fail(s, "detach", "the line is up after "
			    "detach");
		for (i = 0; i < s->kind->timers; i++)
			if (s->due[i] != UINT64_MAX)
				chipsim_fail(s, "detach", "a timer outlives "
				    "the device");
	}
	if (s->rec != NULL)
		rec_stop(s->rec, &s->arena.gm);
	s->stat.inputs++;
	s->stat.ops |= s->ops;
	s->stat.accepted += s->effects != 0;
}

static void
remember(struct chipsim *s, const struct viodev_msg *m)
{
	if (m->type != VIODEV_CONFIG || s->nconfigs == CHIPSIM_CONFIGS)
		return;
	s->config[s->nconfigs].p = m->payload;
	s->config[s->nconfigs++].len = m->len;
}

void
chipsim_deliver(struct chipsim *s, struct viodev_msg *m)
{
	int guest = m->type == VIODEV_READ || m->type == VIODEV_WRITE;

	s->messages++;
	s->stat.messages++;
	s->calls = s->logs = s->ntx = s->nrefused = s->asked = 0;
	s->rises = s->falls = 0;
	s->nsent = 0;
	if (m->type == VIODEV_UNPAUSE || m->type == VIODEV_RESET ||
	    m->type == VIODEV_SHUTDOWN)
		s->paused = 0;
	if (s->modelled && s->kind->before != NULL)
		s->kind->before(s, m);
	if (s->rec != NULL)
		rec_msg(s->rec, s->dev, m);
	else
		dev_msg(s->dev, m);
	s->paused = s->paused || m->type == VIODEV_PAUSE;
	remember(s, m);
	if (viodev_answers(m->type)) {
		check_value(&m->data, sizeof(m->data));
		s->digest = (s->digest ^ m->data) * 0xd6e8feb86659fd93ULL;
		s->digest ^= s->digest >> 32;
		if (m->type == VIODEV_READ && m->width < 8 &&
		    m->data >> (8 * m->width) != 0)
			chipsim_fail(s, "width", "an answer is wider than "
			    "asked for");
	}
	if (guest && s->logs > 0)
		chipsim_fail(s, "log", "a guest fills the log");
	judge(s);
	if (s->modelled) {
		s->kind->after(s, m);
		s->stat.modelled++;
	}
}

/* The timer that is due first, or the number of timers when none is. */
static unsigned
next_timer(const struct chipsim *s)
{
	unsigned i, next = s->kind->timers;
	uint64_t first = UINT64_MAX;

	for (i = 0; i < s->kind->timers; i++)
		if (s->due[i] < first) {
			first = s->due[i];
			next = i;
		}
	return next;
}

static void
fire(struct chipsim *s, unsigned id)
{
	struct viodev_msg m = { .type = VIODEV_TIMER, .where = id };

	s->due[id] = UINT64_MAX;
	s->fires++;
	chipsim_deliver(s, &m);
	s->messages--;
}

static void
move_clocks(struct chipsim *s, uint64_t to)
{
	s->wall += to - s->now;
	s->now = to;
}

/* In steps from timer to timer; after many of them in one leap. */
void
chipsim_advance(struct chipsim *s, uint64_t ns)
{
	uint64_t end = ns > CHIPSIM_TIME - s->now ? CHIPSIM_TIME :
	    s->now + ns;
	unsigned n, id;

	for (n = 0; n < CHIPSIM_STEPS; n++) {
		id = next_timer(s);
		if (id == s->kind->timers || s->due[id] > end)
			break;
		if (s->due[id] > s->now)
			move_clocks(s, s->due[id]);
		fire(s, id);
	}
	move_clocks(s, end);
	for (id = 0; n == CHIPSIM_STEPS && id < s->kind->timers; id++)
		if (s->due[id] <= s->now)
			fire(s, id);
}

/* A fresh device that knows what the host had told the old one. */
static void
attach_again(struct chipsim *s, void *mem)
{
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	unsigned i;

	if (attach(s, mem) == -1)
		chipsim_fail(s, "state", "attach refused what it took before");
	for (i = 0; i < s->nconfigs; i++) {
		m.payload = s->config[i].p;
		m.len = s->config[i].len;
		dev_msg(s->dev, &m);
	}
}

static void
reload(struct chipsim *s)
{
	static uint8_t one[CHIPSIM_STATE], two[CHIPSIM_STATE];
	struct chipsim_fault fault[CHIPSIM_FAULTS];
	uint64_t due[CHIPSIM_TIMERS], digest = s->digest;
	int line = s->line, ready = s->ready, paused = s->paused;
	void *mem = s->mem;
	struct wbuf a, b;
	struct rbuf r;

	memcpy(due, s->due, sizeof(due));
	/* Nothing fails meanwhile, and what is to fail stays. */
	memcpy(fault, s->fault, sizeof(fault));
	memset(s->fault, 0, sizeof(fault));
	s->paused = 0;
	s->calls = 0;
	wb_init(&a, one, sizeof(one));
	wb_init(&b, two, sizeof(two));
	dev_save(s->dev, &a);
	check_value(one, a.len);
	s->mem = s->mem2;
	s->mem2 = mem;
	s->line = 0;
	s->ready = 1;
	attach_again(s, s->mem);
	rb_init(&r, one, a.len);
	if (wb_bad(&a) || dev_load(s->dev, &r) == -1)
		chipsim_fail(s, "state", "a saved state was refused");
	dev_save(s->dev, &b);
	if (a.len != b.len || memcmp(one, two, a.len) != 0)
		chipsim_fail(s, "state", "saving what was loaded gives other "
		    "bytes");
	if (s->line != line || s->ready != ready)
		chipsim_fail(s, "state", "a loaded device drives its lines "
		    "otherwise");
	memcpy(s->due, due, sizeof(due));
	memcpy(s->fault, fault, sizeof(fault));
	s->paused = paused;
	s->digest = digest;
	judge(s);
}

static void
restore(struct chipsim *s, const uint8_t *p, size_t len)
{
	static uint8_t fresh[CHIPSIM_STATE], then[CHIPSIM_STATE];
	struct chipsim_fault fault[CHIPSIM_FAULTS];
	struct wbuf a, b;
	struct rbuf r;

	memcpy(fault, s->fault, sizeof(fault));
	memset(s->fault, 0, sizeof(fault));
	s->calls = 0;
	dev_detach(s->dev);
	s->paused = 0;
	s->ready = 1;
	attach_again(s, s->mem);
	wb_init(&a, fresh, sizeof(fresh));
	dev_save(s->dev, &a);
	rb_init(&r, p, len);
	if (dev_load(s->dev, &r) == 0) {
		s->ops |= 1ULL << 62;
	} else {
		wb_init(&b, then, sizeof(then));
		dev_save(s->dev, &b);
		if (a.len != b.len || memcmp(fresh, then, a.len) != 0)
			chipsim_fail(s, "state", "a refused state left "
			    "traces");
	}
	memcpy(s->fault, fault, sizeof(fault));
	s->modelled = 0;
	judge(s);
}

static void
add_fault(struct chipsim *s, const struct trace_rec *rec)
{
	struct chipsim_fault *f;
	unsigned i;

	for (i = 0; i < CHIPSIM_FAULTS; i++) {
		f = &s->fault[i];
		if (f->on)
			continue;
		f->on = 1;
		f->call = rec->u.fault.call;
		f->skip = rec->u.fault.skip % 16;
		f->result = rec->u.fault.result;
		return;
	}
}

static void
input_msg(struct chipsim *s, struct viodev_msg m)
{
	/* What a device says is not said to it. */
	if (m.type >= VIODEV_READY && m.type <= VIODEV_IRQ)
		m.type = VIODEV_UNPAUSE;
	/* A pause is not the time for accesses of a guest. */
	if (s->paused && m.type != VIODEV_RESET && m.type != VIODEV_READ)
		m.type = VIODEV_UNPAUSE;
	if (!viodev_answers(m.type) && m.type != VIODEV_WRITE)
		m.width = 0;
	chipsim_deliver(s, &m);
}

static void
poke(struct chipsim *s, uint64_t gpa, const uint8_t *p, size_t len)
{
	if (len > ARENA_SIZE)
		len = ARENA_SIZE;
	if (arena_poke(&s->arena, gpa, p, len) == -1)
		(void)arena_poke(&s->arena, gpa % (ARENA_SIZE - len + 1), p,
		    len);
}

static void
execute(struct chipsim *s, const struct trace_rec *rec)
{
	switch (rec->type) {
	case TRACE_MSG:
		input_msg(s, rec->u.msg);
		break;
	case TRACE_POKE:
		poke(s, rec->u.poke.gpa, rec->u.poke.p, rec->u.poke.len);
		break;
	case TRACE_TIME:
		chipsim_advance(s, rec->u.time);
		break;
	case TRACE_FAULT:
		add_fault(s, rec);
		break;
	case TRACE_STATE:
		restore(s, rec->body, rec->len);
		break;
	case TRACE_RELOAD:
		if (s->nreload++ < CHIPSIM_RELOADS && s->reloads)
			reload(s);
		break;
	default:
		break;
	}
	if (s->touched)
		arena_move(&s->arena);
	s->touched = 0;
}

/* Attach values of an input, when they are well formed. */
static const struct devconf *
input_conf(const struct trace_rec *rec, struct devconf *c)
{
	const char *why;
	size_t off;

	c->p = rec->u.conf.list;
	c->len = rec->u.conf.listlen;
	if (c->len == 0 || devconf_check(c, &off, &why) == -1)
		return NULL;
	return c;
}

static uint64_t
run_once(struct chipsim *s, const uint8_t *data, size_t len)
{
	const struct devconf *c = NULL;
	struct trace_reader r;
	struct trace_rec rec;
	struct devconf conf;
	int more;

	trace_open_fold(&r, data, len);
	more = trace_next(&r, &rec) == TRACE_OK;
	if (more && rec.type == TRACE_CONF)
		c = input_conf(&rec, &conf);
	chipsim_start(s, c);
	while (more && !s->dead && rec.number <= CHIPSIM_RECORDS) {
		s->record = rec.number;
		execute(s, &rec);
		more = trace_next(&r, &rec) == TRACE_OK;
	}
	chipsim_stop(s);
	return s->digest;
}

uint64_t
chipsim_run(struct chipsim *s, const uint8_t *data, size_t len)
{
	struct chipsim_stat stat;
	uint64_t digest, again;

	s->reloads = 0;
	digest = run_once(s, data, len);
	if (s->rec != NULL || s->nreload == 0)
		return digest;
	stat = s->stat;
	s->reloads = 1;
	again = run_once(s, data, len);
	s->stat = stat;
	if (again != digest)
		chipsim_fail(s, "state", "save, load and continue differs "
		    "from continue");
	return digest;
}
