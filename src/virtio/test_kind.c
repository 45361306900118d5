/* What the transport promises to a kind of device: virtio_dev.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "virtio_dev.h"

#define CONFIG	10U

struct toy {
	struct virtio_dev	v;
	unsigned		writes;
	unsigned		off, width;
	uint64_t		val;
};

static int line, refuse;
static unsigned irqs;

static void
host_irq(void *arg, int level)
{
	(void)arg;
	line = level;
	irqs++;
}

static void host_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	(void)arg;
	(void)level;
	(void)fmt;
}

static const struct host_ops hops = { .irq = host_irq, .log = host_log };

static int
toy_attach(struct virtio_dev *v, const struct devconf *c)
{
	(void)c;
	v->nqueues = 2;
	v->vq[0].max = v->vq[1].max = 4;
	return refuse ? -1 : 0;
}

static void
toy_config(const struct virtio_dev *v, uint8_t *img)
{
	(void)v;
	memset(img, 0x77, CONFIG);
}

static void
toy_config_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	struct toy *t = (struct toy *)v;

	t->writes++;
	t->off = off;
	t->width = width;
	t->val = val;
}

static struct vq_work *work[2];	/* what each queue was given */

static enum vq_result
toy_queue(struct virtio_dev *v, unsigned q, struct vq_work *w)
{
	(void)v;
	work[q] = w;
	return VQ_EMPTY;
}

static const struct virtio_ops full = {
	.id = 60,
	.config_size = CONFIG,
	.attach = toy_attach,
	.config = toy_config,
	.config_write = toy_config_write,
	.queue = toy_queue,
};

/* No call that may be missing is there. */
static const struct virtio_ops bare = {
	.id = 60,
	.attach = toy_attach,
	.queue = toy_queue,
};

static unsigned
toy_lane(const struct virtio_dev *v, unsigned q)
{
	(void)v;
	return q == 1 ? 0 : q + 1;
}

/* Its queues may run at the same time. */
static const struct virtio_ops threaded = {
	.id = 60,
	.lane = toy_lane,
	.attach = toy_attach,
	.queue = toy_queue,
};

static const struct dev_ops threaded_dev =
    VIRTIO_DEV_OPS("toy", struct toy, &threaded, 2);
static const struct dev_ops full_dev =
    VIRTIO_DEV_OPS("toy", struct toy, &full, 1);
static const struct dev_ops bare_dev =
    VIRTIO_DEV_OPS("toy", struct toy, &bare, 1);

static struct gmem gm;

static struct toy *
attach(const struct dev_ops *ops)
{
	static const struct devconf none = { NULL, 0 };
	struct dev_host h = { &hops, NULL };
	void *mem = malloc(ops->size + ops->scratch);
	struct dev *d;

	line = 0;
	irqs = 0;
	d = dev_attach(ops, mem, &h, &gm, &none);
	if (d == NULL)
		free(mem);
	return (struct toy *)d;
}

static uint64_t
access_reg(struct toy *t, unsigned type, unsigned space, unsigned off,
    unsigned width, uint64_t v)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .width = (uint8_t)width,
		.space = (uint16_t)space, .where = off, .data = v
	};

	dev_msg(&t->v.dev, &m);
	return m.data;
}

static void
status(struct toy *t, uint8_t v)
{
	(void)access_reg(t, VIODEV_WRITE, VIODEV_COMMON,
	    VIRTIO_DEVICE_STATUS, 1, v);
}

static void
to_features_ok(struct toy *t)
{
	status(t, 3);
	(void)access_reg(t, VIODEV_WRITE, VIODEV_COMMON,
	    VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	(void)access_reg(t, VIODEV_WRITE, VIODEV_COMMON,
	    VIRTIO_DRIVER_FEATURE, 4, 1);
	status(t, 11);
	assert_int_equal(t->v.status, 11);
}

/* A kind hears of writes that lie inside its configuration, and no others. */
static void
test_config_write(void **state)
{
	struct toy *t = attach(&full_dev);
	unsigned off, width, inside;

	(void)state;
	to_features_ok(t);
	for (off = 0; off < 300; off++)
		for (width = 1; width <= 8; width *= 2) {
			t->writes = 0;
			(void)access_reg(t, VIODEV_WRITE, VIODEV_DEVICE, off,
			    width, 0x1234);
			inside = off + width <= CONFIG;
			assert_int_equal(t->writes, inside);
			if (!inside)
				continue;
			assert_int_equal(t->off, off);
			assert_int_equal(t->width, width);
			assert_true(t->val == 0x1234);
		}
	t->writes = 0;
	(void)access_reg(t, VIODEV_WRITE, VIODEV_DEVICE, UINT32_MAX, 4, 1);
	assert_int_equal(t->writes, 0);
	free(t);
}

/* Bytes behind the configuration are zeros, whatever the kind renders. */
static void
test_config_read(void **state)
{
	struct toy *t = attach(&full_dev);
	unsigned off;

	(void)state;
	for (off = 0; off < 70; off++)
		assert_int_equal(access_reg(t, VIODEV_READ, VIODEV_DEVICE,
		    off, 1, 0), off < CONFIG ? 0x77 : 0);
	free(t);
}

static void
test_refused(void **state)
{
	(void)state;
	refuse = 1;
	assert_null(attach(&full_dev));
	refuse = 0;
}

/* req: CORE-01 */
static void
test_needs_reset_early(void **state)
{
	struct toy *t = attach(&full_dev);

	(void)state;
	to_features_ok(t);
	virtio_needs_reset(&t->v);
	assert_int_equal(t->v.status, 11 | VIRTIO_S_NEEDS_RESET);
	assert_int_equal(t->v.isr, 0);
	assert_int_equal(irqs, 0);
	assert_null(dev_check(&t->v.dev));
	status(t, 15);
	assert_false(virtio_live(&t->v));
	virtio_needs_reset(&t->v);
	assert_int_equal(irqs, 0);
	free(t);
}

/* A kind that has only what it must have gets every message. */
static void
test_bare(void **state)
{
	struct toy *t = attach(&bare_dev);
	uint8_t buf[256];
	struct viodev_msg m = { .payload = buf };
	struct wbuf w;
	struct rbuf r;
	unsigned type;

	(void)state;
	to_features_ok(t);
	status(t, 15);
	for (type = 0; type < 256; type++) {
		m.type = (uint8_t)type;
		dev_msg(&t->v.dev, &m);
		(void)access_reg(t, type & 0xff, VIODEV_DEVICE, 0, 4, 7);
	}
	assert_int_equal(access_reg(t, VIODEV_READ, VIODEV_DEVICE, 0, 4, 7),
	    0);
	wb_init(&w, buf, sizeof(buf));
	dev_save(&t->v.dev, &w);
	assert_false(wb_bad(&w));
	rb_init(&r, buf, w.len);
	assert_int_equal(dev_load(&t->v.dev, &r), 0);
	rb_init(&r, buf, w.len + 1);
	assert_int_equal(dev_load(&t->v.dev, &r), -1);
	rb_init(&r, buf, w.len - 1);
	assert_int_equal(dev_load(&t->v.dev, &r), -1);
	assert_null(dev_check(&t->v.dev));
	dev_detach(&t->v.dev);
	free(t);
}

static void
enable(struct toy *t, unsigned q)
{
	static const unsigned reg[] = {
		VIRTIO_QUEUE_DESC, VIRTIO_QUEUE_DRIVER, VIRTIO_QUEUE_DEVICE
	};
	unsigned i;

	(void)access_reg(t, VIODEV_WRITE, VIODEV_COMMON, VIRTIO_QUEUE_SELECT,
	    2, q);
	for (i = 0; i < 3; i++)
		(void)access_reg(t, VIODEV_WRITE, VIODEV_COMMON, reg[i], 4,
		    0x100 * (1 + i + 3 * q));
	(void)access_reg(t, VIODEV_WRITE, VIODEV_COMMON, VIRTIO_QUEUE_ENABLE,
	    2, 1);
}

/* Scratch behind the state, aligned; one for each queue with lanes. */
static void
test_scratch(void **state)
{
	static uint8_t mem[0x1000] __attribute__((aligned(16)));
	const struct dev_ops *ops[] = { &full_dev, &threaded_dev };
	struct toy *t;
	uint8_t *end;
	unsigned i;

	(void)state;
	memset(&gm, 0, sizeof(gm));
	assert_int_equal(gm_add(&gm, 0, sizeof(mem), mem), 0);
	for (i = 0; i < 2; i++) {
		t = attach(ops[i]);
		to_features_ok(t);
		enable(t, 0);
		enable(t, 1);
		work[0] = work[1] = NULL;
		status(t, 15);
		assert_true((uint8_t *)work[0] >= (uint8_t *)(t + 1));
		assert_int_equal((uintptr_t)work[0] % _Alignof(max_align_t),
		    0);
		assert_ptr_equal(work[1], work[0] + i);
		end = (uint8_t *)t + ops[i]->size + ops[i]->scratch;
		assert_true((uint8_t *)(work[1] + 1) <= end);
		free(t);
	}
}

static unsigned
lane(struct toy *t, unsigned type, unsigned space, uint32_t where,
    uint64_t data)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .space = (uint16_t)space,
		.where = where, .data = data, .width = 2
	};

	return dev_lane(&t->v.dev, &m);
}

/* Looks at a queue run in its lane, everything else alone. */
static void
test_lanes(void **state)
{
	static const uint32_t none[] = { 1, 2, 3, 0x10000, UINT32_MAX };
	struct toy *t = attach(&threaded_dev), *alone = attach(&full_dev);
	unsigned i;

	(void)state;
	assert_int_equal(lane(t, VIODEV_KICK, 0, 0, 0), 1);
	assert_int_equal(lane(t, VIODEV_INPUT, 0, 0, 0), 1);
	assert_int_equal(lane(t, VIODEV_WRITE, VIODEV_NOTIFY, 0, 0), 1);
	assert_int_equal(lane(t, VIODEV_WRITE, VIODEV_NOTIFY, 0, 0x10000), 1);
	assert_int_equal(lane(t, VIODEV_WRITE, VIODEV_NOTIFY, 2, 0), 0);
	assert_int_equal(lane(t, VIODEV_READ, VIODEV_NOTIFY, 0, 0), 0);
	assert_int_equal(lane(t, VIODEV_WRITE, VIODEV_COMMON, 0, 0), 0);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(lane(t, VIODEV_KICK, 0, none[i], 0), 0);
		assert_int_equal(lane(t, VIODEV_INPUT, 0, none[i], 0), 0);
	}
	for (i = 0; i < VIODEV_NTYPES; i++) {
		if (i != VIODEV_KICK && i != VIODEV_INPUT)
			assert_int_equal(lane(t, i, 0, 0, 0), 0);
		assert_int_equal(lane(alone, i, VIODEV_NOTIFY, 0, 0), 0);
	}
	free(t);
	free(alone);
}

/* The host hears of changes of the line, not of repetitions. */
static void
test_line(void **state)
{
	struct toy *t = attach(&full_dev);

	(void)state;
	to_features_ok(t);
	status(t, 15);
	virtio_config_changed(&t->v);
	virtio_config_changed(&t->v);
	assert_int_equal(irqs, 1);
	assert_int_equal(line, 1);
	assert_int_equal(virtio_isr_read(&t->v), VIRTIO_ISR_CONFIG);
	assert_int_equal(virtio_isr_read(&t->v), 0);
	assert_int_equal(irqs, 2);
	assert_int_equal(line, 0);
	virtio_config_changed(&t->v);
	dev_detach(&t->v.dev);
	assert_int_equal(line, 0);
	free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_write),
		cmocka_unit_test(test_config_read),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_needs_reset_early),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_scratch),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
