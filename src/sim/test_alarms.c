/*
 * Alarms of the host and of the kinds, set off by devices that are sound but
 * for one thing; and runs that do not depend on what ran before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "sim.h"
#include "vioblk.h"
#include "viornd.h"

static jmp_buf out;
static const char *kind, *why;
static void (*evil)(struct virtio_dev *);

static void
failed(void *arg, const char *k, const char *w)
{
	(void)arg;
	kind = k;
	why = w;
	longjmp(out, 1);
}

/* A device that does one thing more after a KICK of queue 0. */
static void
evil_msg(struct dev *d, struct viodev_msg *m)
{
	virtio_msg(d, m);
	if (m->type == VIODEV_KICK && m->where == 0)
		evil((struct virtio_dev *)d);
}

static int
medium(struct virtio_dev *v, struct blk_io io)
{
	return v->dev.host.ops->blk(v->dev.host.arg, &io);
}

static void
reset_uncaused(struct virtio_dev *v)
{
	virtio_needs_reset(v);
}

static void
line_differs(struct virtio_dev *v)
{
	v->dev.host.ops->irq(v->dev.host.arg, 1);
}

static void
status_unknown(struct virtio_dev *v)
{
	v->status |= 0x20;
}

static void
config_irq_uncaused(struct virtio_dev *v)
{
	v->isr |= VIRTIO_ISR_CONFIG;
	virtio_set_line(v, 1);
}

static void
config_irq_missing(struct virtio_dev *v)
{
	v->changed = 1;
}

static void
beyond(struct virtio_dev *v)
{
	(void)medium(v, (struct blk_io){ .op = BLK_FLUSH, .off = 1 << 20 });
}

static void
too_long(struct virtio_dev *v)
{
	(void)medium(v, (struct blk_io){ .op = BLK_ZERO, .len = 1 << 20 });
}

static void
vectors_differ(struct virtio_dev *v)
{
	(void)medium(v, (struct blk_io){ .op = BLK_READ, .len = 512 });
}

static void
unknown_op(struct virtio_dev *v)
{
	(void)medium(v, (struct blk_io){ .op = BLK_NOPS });
}

static void
too_often(struct virtio_dev *v)
{
	unsigned i;

	for (i = 0; i < 100; i++)
		(void)medium(v, (struct blk_io){ .op = BLK_FLUSH });
}

static void
timer_nowhere(struct virtio_dev *v)
{
	v->dev.host.ops->timer(v->dev.host.arg, SIM_TIMERS, 1);
}

static void
untimer_nowhere(struct virtio_dev *v)
{
	v->dev.host.ops->untimer(v->dev.host.arg, SIM_TIMERS);
}

static void
again_nowhere(struct virtio_dev *v)
{
	v->dev.host.ops->again(v->dev.host.arg, 32);
}

static void
rx_nowhere(struct virtio_dev *v)
{
	v->dev.host.ops->rx_ready(v->dev.host.arg, 32, 1);
}

static void
too_thirsty(struct virtio_dev *v)
{
	static uint8_t b[SIM_ENTROPY + 8];

	(void)v->dev.host.ops->entropy(v->dev.host.arg, b, sizeof(b));
}

static void
panics(struct virtio_dev *v)
{
	v->dev.host.ops->panic(v->dev.host.arg, "a bug: %d", 7);
}

static void
timer_left(struct virtio_dev *v)
{
	v->dev.host.ops->timer(v->dev.host.arg, 3, 1000);
}

static void
behind_the_model(struct virtio_dev *v)
{
	*(uint8_t *)gm_hva(v->dev.gm, 0x3f00, 1) = 1;
}

static void
harmless(struct virtio_dev *v)
{
	(void)v;
}

static const struct {
	void		(*evil)(struct virtio_dev *);
	const char	*kind, *why;
} acts[] = {
	{ harmless, NULL, NULL },
	{ reset_uncaused, "reset", "without cause" },
	{ line_differs, "irq", "line differs" },
	{ status_unknown, "invariant", "unknown status bit" },
	{ config_irq_uncaused, "irq", "configuration interrupt without" },
	{ config_irq_missing, "irq", "configuration interrupt is missing" },
	{ beyond, "bounds", "beyond the medium" },
	{ too_long, "bounds", "beyond the medium" },
	{ vectors_differ, "host", "vectors and length" },
	{ unknown_op, "host", "unknown block" },
	{ too_often, "work", "too many block calls" },
	{ timer_nowhere, "host", "timer number" },
	{ untimer_nowhere, "host", "timer number" },
	{ again_nowhere, "host", "queue number" },
	{ rx_nowhere, "host", "queue number" },
	{ too_thirsty, "work", "too much entropy" },
	{ panics, "panic", "a bug: 7" },
	{ timer_left, "detach", "timer outlives" },
	{ behind_the_model, "write", "behind the model" },
};

static void
act(struct sim *s)
{
	const struct trace_setup set = { .features = 0 };

	s->deep = 1;
	sim_start(s, NULL);
	sim_setup(s, &set);
	sim_kick(s, 0);
	sim_stop(s);
}

static void
test_alarms(void **state)
{
	struct dev_ops ops = vioblk_dev;
	struct sim_kind k = sim_vioblk;
	volatile size_t i;
	struct sim *volatile s;

	(void)state;
	ops.msg = evil_msg;
	k.dev = &ops;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		evil = acts[i].evil;
		kind = why = NULL;
		s = sim_new(&k);
		s->fail = failed;
		if (setjmp(out) == 0)
			act(s);
		if ((kind == NULL) != (acts[i].kind == NULL))
			fail_msg("act %zu: alarm %s", i, kind == NULL ?
			    "missing" : kind);
		if (kind != NULL) {
			assert_string_equal(kind, acts[i].kind);
			if (strstr(why, acts[i].why) == NULL)
				fail_msg("act %zu: %s", i, why);
		}
		sim_free(s);
	}
}

/* A run is a function of its input, whatever ran before it. */
static size_t
sample(uint8_t *p, size_t cap, unsigned n)
{
	struct trace_chain c = { .flags = TRACE_CHAIN_KICK };
	const struct trace_setup set = { .features = n % 2 ? 0 : 0x30000000 };
	const uint8_t segs[] = { 1, 0, 32, 0, 1, 2, 200, 0 };
	struct wbuf w;
	unsigned i;

	wb_init(&w, p, cap);
	trace_put_setup(&w, &set);
	c.segs = segs;
	c.nsegs = 2;
	for (i = 0; i <= n; i++) {
		trace_put_chain(&w, &c);
		if (i == 2)
			trace_put_fault(&w, TRACE_CALL_ENTROPY, n, 0, 0);
		if (i == 3)
			trace_put_reload(&w);
		if (i == 4)
			trace_put_race(&w, 4, n);
	}
	trace_put_time(&w, 100000000);
	assert_int_equal(wb_bad(&w), 0);
	return w.len;
}

static void
test_no_leaks(void **state)
{
	struct sim *s = sim_new(&sim_viornd), *t;
	uint64_t first[12];
	uint8_t buf[2048];
	unsigned i, j;
	size_t len;

	(void)state;
	for (i = 0; i < 12; i++) {
		t = sim_new(&sim_viornd);
		len = sample(buf, sizeof(buf), i);
		first[i] = sim_run(t, buf, len);
		assert_int_equal(t->stat.accepted, 1);
		sim_free(t);
	}
	assert_true(first[0] != first[1]);
	for (j = 0; j < 3; j++)
		for (i = 0; i < 12; i++) {
			len = sample(buf, sizeof(buf), (i * 5 + j) % 12);
			assert_true(sim_run(s, buf, len) ==
			    first[(i * 5 + j) % 12]);
		}
	sim_free(s);
}

/* A device that forgets something when it is saved is found by RELOAD. */
static void
forgetful_save(const struct dev *d, struct wbuf *w)
{
	struct virtio_dev *v = (struct virtio_dev *)(uintptr_t)d;
	uint8_t generation = v->generation;

	v->generation = 0;
	virtio_save(d, w);
	v->generation = generation;
}

static size_t
reload_sample(uint8_t *p, size_t cap)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = 4, .space = VIODEV_DEVICE,
		.where = 4, .data = 1
	};
	const struct trace_setup set = { .features = 0 };
	struct wbuf w;

	wb_init(&w, p, cap);
	trace_put_setup(&w, &set);
	trace_put_msg(&w, &m);
	trace_put_time(&w, 1000000);
	m.type = VIODEV_READ;
	m.width = 1;
	m.space = VIODEV_COMMON;
	m.where = VIRTIO_CONFIG_GENERATION;
	trace_put_msg(&w, &m);
	trace_put_reload(&w);
	trace_put_msg(&w, &m);
	return w.len;
}

static void
test_reload(void **state)
{
	struct dev_ops ops = echo_dev;
	struct sim_kind k = sim_echo;
	struct sim *volatile s;
	uint8_t buf[256];

	(void)state;
	s = sim_new(&k);
	s->fail = failed;
	kind = NULL;
	if (setjmp(out) == 0)
		(void)sim_run(s, buf, reload_sample(buf, sizeof(buf)));
	assert_null(kind);
	sim_free(s);
	ops.save = forgetful_save;
	k.dev = &ops;
	s = sim_new(&k);
	s->fail = failed;
	if (setjmp(out) == 0)
		(void)sim_run(s, buf, reload_sample(buf, sizeof(buf)));
	assert_non_null(kind);
	assert_string_equal(kind, "state");
	sim_free(s);
}

/* What a device does only while nobody listens. */
static void
stray_alone(struct virtio_dev *v)
{
	if (v->dev.gm->tap == NULL)
		behind_the_model(v);
}

static void
other_alone(struct virtio_dev *v)
{
	if (v->dev.gm->tap == NULL)
		v->dev.host.ops->request(v->dev.host.arg, 1, 2);
}

static void
test_bare(void **state)
{
	static const struct {
		void		(*evil)(struct virtio_dev *);
		const char	*kind;
	} alone[] = {
		{ harmless, NULL },
		{ stray_alone, "write" },
		{ other_alone, "bare" },
	};
	const struct trace_setup set = { .features = 0 };
	const struct viodev_msg kick = { .type = VIODEV_KICK };
	struct dev_ops ops = viornd_dev;
	struct sim_kind k = sim_viornd;
	struct sim *volatile s;
	volatile size_t i;
	uint8_t buf[256];
	struct wbuf w;

	(void)state;
	ops.msg = evil_msg;
	k.dev = &ops;
	wb_init(&w, buf, sizeof(buf));
	trace_put_setup(&w, &set);
	trace_put_msg(&w, &kick);
	for (i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		evil = alone[i].evil;
		kind = NULL;
		s = sim_new(&k);
		s->fail = failed;
		s->deep = 1;
		if (setjmp(out) == 0)
			(void)sim_run(s, buf, w.len);
		if (alone[i].kind == NULL)
			assert_null(kind);
		else
			assert_string_equal(kind, alone[i].kind);
		sim_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alarms),
		cmocka_unit_test(test_no_leaks),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
