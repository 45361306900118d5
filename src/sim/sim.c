/* A run: records in, messages to the device, oracles after each. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "poison.h"

static void
complete(void *arg, unsigned q, struct oracle_chain *c, uint32_t used)
{
	struct sim *s = arg;

	s->stat.done++;
	if (s->kind->complete != NULL)
		s->kind->complete(s, q, c, used);
	s->ncalls = 0;
	s->nentropy = 0;
}

static void oracle_failed(void *, const char *, const char *)
    __attribute__((noreturn));

static void
oracle_failed(void *arg, const char *kind, const char *why)
{
	sim_fail(arg, kind, why);
}

static void *
take(size_t n)
{
	void *p = aligned_alloc(64, (n + 63) / 64 * 64);

	if (p == NULL)
		arena_no_memory();
	memset(p, 0, n);
	return p;
}

/* What a medium holds before anybody wrote to it. */
static void
make_fresh(uint8_t *p)
{
	struct prng r;
	uint64_t v;
	size_t i;

	prng_seed(&r, 42);
	for (i = 0; i < SIM_DISK; i += 8) {
		v = prng_next(&r);
		le64_put(p + i, v);
	}
}

struct sim *
sim_new(const struct sim_kind *k)
{
	struct sim *s = take(sizeof(*s));
	size_t n = k->dev->size + k->dev->scratch;
	struct wbuf w;

	s->kind = k;
	wb_init(&w, s->own, sizeof(s->own));
	k->conf(&w);
	s->nown = w.len;
	arena_init(&s->arena);
	guest_init(&s->guest);
	s->mem = take(n);
	s->mem2 = take(n);
	s->priv = take(k->priv > 0 ? k->priv : 1);
	s->fresh = take(SIM_DISK);
	s->disk = take(SIM_DISK);
	s->model = take(SIM_DISK);
	make_fresh(s->fresh);
	memcpy(s->disk, s->fresh, SIM_DISK);
	memcpy(s->model, s->fresh, SIM_DISK);
	s->medium = &sim_memory;
	s->host.ops = &sim_host_ops;
	s->host.arg = s;
	s->oracle.fail = oracle_failed;
	s->oracle.failarg = s;
	s->oracle.complete = complete;
	s->oracle.completearg = s;
	s->oracle.most = k->hold;
	return s;
}

void
sim_free(struct sim *s)
{
	arena_free(&s->arena);
	free(s->mem);
	free(s->mem2);
	free(s->priv);
	free(s->fresh);
	free(s->disk);
	free(s->model);
	free(s);
}

static void
reset_disk(struct sim *s)
{
	uint64_t bits;
	size_t off;
	unsigned i;

	for (i = 0; i < 2; i++)
		for (bits = s->dirty[i]; bits != 0; bits &= bits - 1) {
			off = (64 * i + (unsigned)__builtin_ctzll(bits)) * 512;
			memcpy(s->disk + off, s->fresh + off, 512);
			memcpy(s->model + off, s->fresh + off, 512);
		}
	s->dirty[0] = s->dirty[1] = 0;
	memset(s->unknown, 0, sizeof(s->unknown));
}

static int
attach(struct sim *s, void *mem)
{
	const struct dev_ops *ops = s->kind->dev;
	struct dev_host h = s->rec != NULL ? rec_host(s->rec) : s->host;

	poison_value((uint8_t *)mem + ops->size, ops->scratch);
	s->dev = dev_attach(ops, mem, &h, &s->arena.gm, &s->conf);
	return s->dev == NULL ? -1 : 0;
}

void
sim_start(struct sim *s, const struct devconf *conf)
{
	const struct devconf own = { s->own, s->nown };

	arena_reset(&s->arena);
	oracle_reset(&s->oracle, &s->arena);
	sim_host_reset(s);
	reset_disk(s);
	guest_reset(&s->guest, &s->arena);
	s->status = s->isr = 0;
	s->config_may = s->config_must = 0;
	s->ops = 0;
	s->record = 0;
	s->nreload = 0;
	s->served = 0;
	s->conf = conf != NULL ? *conf : own;
	sim_media(s);
	if (s->kind->attached != NULL)
		s->kind->attached(s, &s->conf);
	if (s->medium->reset != NULL)
		s->medium->reset(s);
	s->oracle.off = s->bare != NULL;
	if (s->bare != NULL)
		arena_touch_these(&s->arena, s->bare);
	else {
		s->arena.gm.tap = &oracle_tap;
		s->arena.gm.taparg = &s->oracle;
	}
	if (s->rec != NULL)
		rec_start(s->rec, s->kind->dev->name, &s->conf, &s->arena.gm,
		    &s->host);
	s->dead = attach(s, s->mem) == -1;
	s->untouched = 1;
}

void
sim_stop(struct sim *s)
{
	unsigned i;

	if (s->kind->stopped != NULL)
		s->kind->stopped(s);
	if (s->medium->stop != NULL)
		s->medium->stop(s);
	if (!s->dead) {
		dev_detach(s->dev);
		if (s->line != 0)
			sim_fail(s, "detach", "the line is up after detach");
		for (i = 0; i < SIM_TIMERS; i++)
			if (s->due[i] != UINT64_MAX)
				sim_fail(s, "detach", "a timer outlives the "
				    "device");
	}
	if (s->rec != NULL)
		rec_stop(s->rec, &s->arena.gm);
	if ((s->deep || s->bare != NULL) && !arena_clean(&s->arena))
		sim_fail(s, "write", "memory was written behind the model");
	s->stat.inputs++;
	s->stat.ops |= s->ops;
	s->stat.accepted += s->oracle.stat.done > 0 || s->served > 0;
	s->stat.done += s->served;
	s->stat.refused += s->oracle.stat.refused;
	s->stat.loose += s->oracle.stat.loose;
	for (i = 0; i < ORACLE_NFETCH; i++) {
		s->stat.loads[i] += s->oracle.stat.loads[i];
		s->stat.again[i] += s->oracle.stat.again[i];
	}
	s->stat.resets += (s->status & VIRTIO_S_NEEDS_RESET) != 0;
}

/* A queue area that no queue can live in: a cause for a reset, 2.7. */
static int
bad_area(const struct sim *s, const struct vq *vq)
{
	const struct gmem *gm = &s->arena.gm;
	size_t n = vq->size, ev = vq->event_idx ? 2 : 0;

	return vq->desc % 16 != 0 || vq->avail % 2 != 0 || vq->used % 4 != 0 ||
	    vq->desc == 0 || vq->avail == 0 || vq->used == 0 ||
	    gm_hva(gm, vq->desc, 16 * n) == NULL ||
	    gm_hva(gm, vq->avail, 4 + 2 * n + ev) == NULL ||
	    gm_hva(gm, vq->used, 4 + 8 * n + ev) == NULL;
}

static void
check_reset_cause(struct sim *s, const struct virtio_dev *v)
{
	unsigned q;

	if (oracle_blind(&s->oracle))
		return;
	for (q = 0; q < v->nqueues; q++)
		if (v->vq[q].enabled &&
		    (s->oracle.q[q].broken || bad_area(s, &v->vq[q])))
			return;
	sim_fail(s, "reset", "a reset was asked for without cause");
}

/* The configuration interrupt: 2.1.2, 2.5.1, 4.1.4.5. */
static void
check_config_irq(struct sim *s, const struct virtio_dev *v, int reset)
{
	int bit = (v->isr & VIRTIO_ISR_CONFIG) != 0;
	int fresh = bit && (s->isr & VIRTIO_ISR_CONFIG) == 0;
	int live = (v->status & VIRTIO_S_DRIVER_OK) != 0;

	if ((reset || s->config_must) && live && !bit)
		sim_fail(s, "irq", "a configuration interrupt is missing");
	if (fresh && !reset && !s->config_may)
		sim_fail(s, "irq", "a configuration interrupt without cause");
}

void
sim_check(struct sim *s)
{
	const char *why = dev_check(s->dev);

	if (why != NULL)
		sim_fail(s, "invariant", why);
}

static void
after(struct sim *s)
{
	struct virtio_dev *v = sim_virtio(s);
	int reset = (v->status & ~s->status & VIRTIO_S_NEEDS_RESET) != 0;

	sim_check(s);
	if (s->line != (v->isr != 0))
		sim_fail(s, "irq", "the line differs from the status");
	oracle_end(&s->oracle, !virtio_live(v),
	    (v->isr & VIRTIO_ISR_QUEUE) != 0,
	    (v->isr & ~s->isr & VIRTIO_ISR_QUEUE) != 0);
	if (reset)
		check_reset_cause(s, v);
	check_config_irq(s, v, reset);
	s->status = v->status;
	s->isr = v->isr;
	if (s->oracle.touched) {
		s->oracle.touched = 0;
		arena_move(&s->arena);
	}
}

/* Which queue the message should have drained, or -1. */
static int
drains(struct sim *s, const struct viodev_msg *m)
{
	const struct virtio_dev *v = sim_virtio(s);
	uint64_t q;

	if (m->type == VIODEV_KICK)
		q = m->where;
	else if (m->type == VIODEV_WRITE && m->space == VIODEV_NOTIFY &&
	    m->where == 0 && !virtio_class(v)->legacy)
		q = m->data & 0xffff;
	else
		return -1;
	if (q >= v->nqueues || !virtio_live(v) || v->paused ||
	    (s->kind->lazy != NULL && s->kind->lazy(s, (unsigned)q)))
		return -1;
	return (int)q;
}

void
sim_deliver(struct sim *s, struct viodev_msg *m)
{
	struct virtio_dev *v = sim_virtio(s);
	uint8_t buf[256], changed;
	int q;

	s->stat.messages++;
	s->untouched = 0;
	s->config_may = s->config_must = 0;
	changed = v->changed;
	s->ncalls = 0;
	s->nentropy = 0;
	s->sentlen = 0;
	if (m->type == VIODEV_CONFIG)
		sim_media_msg(s, m, buf, sizeof(buf));
	if (s->kind->before != NULL)
		s->kind->before(s, m);
	oracle_begin(&s->oracle, v->vq, v->nqueues);
	if (s->rec != NULL)
		rec_msg(s->rec, s->dev, m);
	else
		dev_msg(s->dev, m);
	if (m->type == VIODEV_READ)
		sim_mix(s, m->data);
	s->config_may = v->changed;
	s->config_must = v->changed && !changed;
	after(s);
	if ((q = drains(s, m)) >= 0 && (s->again & 1U << q) == 0)
		oracle_drained(&s->oracle, (unsigned)q);
	if (s->kind->after != NULL)
		s->kind->after(s, m);
}

void
sim_write(struct sim *s, unsigned space, unsigned off, unsigned width,
    uint64_t data)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = (uint8_t)width,
		.space = (uint16_t)space, .where = off, .data = data
	};

	sim_deliver(s, &m);
}

/* Status, interrupts and positions are compared with those before, later. */
void
sim_note(struct sim *s, unsigned off, unsigned width, uint64_t data)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = (uint8_t)width,
		.space = VIODEV_COMMON, .where = off, .data = data
	};

	s->stat.messages++;
	s->untouched = 0;
	dev_msg(s->dev, &m);
	if (s->oracle.touched)
		sim_fail(s, "read", "a register brought memory into use");
}

uint64_t
sim_read(struct sim *s, unsigned space, unsigned off, unsigned width)
{
	struct viodev_msg m = {
		.type = VIODEV_READ, .width = (uint8_t)width,
		.space = (uint16_t)space, .where = off
	};

	sim_deliver(s, &m);
	return m.data;
}

void
sim_kick(struct sim *s, unsigned q)
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = q };

	sim_deliver(s, &m);
}

void
sim_settle(struct sim *s)
{
	unsigned n, q;

	for (n = 0; s->again != 0 && n < 64; n++) {
		q = (unsigned)__builtin_ctz(s->again);
		s->again &= s->again - 1;
		sim_kick(s, q);
	}
}

void
sim_advance(struct sim *s, uint64_t ns)
{
	struct viodev_msg m = { .type = VIODEV_TIMER };
	unsigned i;

	s->now = ns > SIM_TIME - s->now ? SIM_TIME : s->now + ns;
	s->wall += ns;
	for (i = 0; i < SIM_TIMERS; i++)
		if (s->due[i] <= s->now) {
			s->due[i] = UINT64_MAX;
			m.where = i;
			sim_deliver(s, &m);
		}
}

/* Save, attach anew, load: the device that goes on must be the same. */
void
sim_reload(struct sim *s)
{
	static uint8_t one[SIM_STATE], two[SIM_STATE];
	uint64_t due[SIM_TIMERS];
	uint64_t digest = s->digest;
	struct wbuf a, b;
	struct rbuf r;
	void *mem = s->mem;

	memcpy(due, s->due, sizeof(due));
	wb_init(&a, one, sizeof(one));
	wb_init(&b, two, sizeof(two));
	dev_save(s->dev, &a);
	check_value(one, a.len);
	s->mem = s->mem2;
	s->mem2 = mem;
	s->nofault++;
	if (attach(s, s->mem) == -1)
		sim_fail(s, "state", "attach refused what it took before");
	rb_init(&r, one, a.len);
	if (wb_bad(&a) || dev_load(s->dev, &r) == -1)
		sim_fail(s, "state", "a saved state was refused");
	s->nofault--;
	dev_save(s->dev, &b);
	if (a.len != b.len || memcmp(one, two, a.len) != 0)
		sim_fail(s, "state", "saving what was loaded gives other "
		    "bytes");
	memcpy(s->due, due, sizeof(due));
	s->digest = digest;
	oracle_begin(&s->oracle, sim_virtio(s)->vq, sim_virtio(s)->nqueues);
	after(s);
}

void
sim_restore(struct sim *s, const uint8_t *p, size_t len)
{
	static uint8_t fresh[SIM_STATE], after_load[SIM_STATE];
	struct wbuf a, b;
	struct rbuf r;
	unsigned i;

	dev_detach(s->dev);
	s->untouched = 0;
	s->again = 0;
	if (attach(s, s->mem) == -1)
		sim_fail(s, "state", "attach refused what it took before");
	if (s->kind->attached != NULL)
		s->kind->attached(s, &s->conf);
	wb_init(&a, fresh, sizeof(fresh));
	dev_save(s->dev, &a);
	rb_init(&r, p, len);
	if (dev_load(s->dev, &r) == 0)
		s->ops |= 1ULL << 63;
	else {
		wb_init(&b, after_load, sizeof(after_load));
		dev_save(s->dev, &b);
		if (a.len != b.len || memcmp(fresh, after_load, a.len) != 0)
			sim_fail(s, "state", "a refused state left traces");
	}
	if (s->kind->restored != NULL)
		s->kind->restored(s);
	for (i = 0; i < ORACLE_MAXQ; i++)
		s->oracle.q[i].on = 0;
	s->oracle.any_loose = 0;
	s->status = sim_virtio(s)->status;
	s->isr = sim_virtio(s)->isr;
	oracle_begin(&s->oracle, sim_virtio(s)->vq, sim_virtio(s)->nqueues);
	after(s);
}
