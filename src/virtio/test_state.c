/* A device saved, loaded and gone on with; hostile states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test_dev.h"

#define MAX	4096

struct saved {
	uint8_t		b[MAX];
	size_t		len;
};

static const struct sim_kind *const kinds[] = {
	&sim_echo, &sim_legacy, &sim_viornd, &sim_vioblk
};
#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

static void
save(const struct dev *d, struct saved *to)
{
	struct wbuf w;

	wb_init(&w, to->b, sizeof(to->b));
	dev_save(d, &w);
	assert_false(wb_bad(&w));
	to->len = w.len;
}

static void
msg(struct sim *s, unsigned type)
{
	struct viodev_msg m = { .type = (uint8_t)type };

	sim_deliver(s, &m);
}

/* Devices in different stages of their life; 0 when there are no more. */
static int
stage(struct sim *s, unsigned n)
{
	uint64_t v1 = VIRTIO_F_VERSION_1;

	switch (n) {
	case 0:
		return 1;
	case 1:
		negotiate(s, v1 | VIRTIO_F_EVENT_IDX);
		return 1;
	case 2:
		negotiate(s, v1 | 1ULL << 60);		/* refused */
		return 1;
	case 3:
		bring_up(s, UINT64_MAX, TRACE_SETUP_NODRVOK, 2);
		return 1;
	case 4:
		bring_up(s, UINT64_MAX, 0, 0);
		offer_chain(s, 0, TRACE_CHAIN_KICK, 20, 4);
		offer_chain(s, 0, TRACE_CHAIN_KICK, 20, 4);
		return 1;
	case 5:
		bring_up(s, v1, TRACE_SETUP_SPLIT, 2);
		offer_chain(s, 0, TRACE_CHAIN_KICK, 20, 1);
		(void)isr(s);
		msg(s, VIODEV_PAUSE);
		offer_chain(s, 0, TRACE_CHAIN_KICK, 20, 1);
		return 1;
	case 6:
		bring_up(s, UINT64_MAX, 0, 0);
		offer_chain(s, 0, TRACE_CHAIN_KICK | TRACE_CHAIN_BADHEAD, 9,
		    1);
		return 1;
	case 7:
		bring_up(s, UINT64_MAX, 0, 0);
		virtio_config_changed(sim_virtio(s));
		s->isr = sim_virtio(s)->isr;
		wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0xdeadbeef);
		wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, 7);
		wr(s, VIRTIO_QUEUE_SELECT, 2, 0x1234);
		return 1;
	default:
		return 0;
	}
}

static struct dev *
fresh(struct sim *s, void *mem)
{
	struct dev *d;

	memset(mem, 0xa5, s->kind->dev->size);
	d = dev_attach(s->kind->dev, mem, &s->host, &s->arena.gm, &s->conf);
	assert_non_null(d);
	return d;
}

/* The whole state goes over, and the line follows the interrupt status. */
static void
test_round_trip(void **state)
{
	struct saved one, two;
	struct rbuf r;
	struct sim *s;
	struct dev *d;
	unsigned k, n;
	void *mem;

	(void)state;
	for (k = 0; k < NKINDS; k++) {
		s = sim_new(kinds[k]);
		mem = malloc(s->kind->dev->size + s->kind->dev->scratch);
		for (n = 0;; n++) {
			sim_start(s, NULL);
			if (!stage(s, n))
				break;
			save(s->dev, &one);
			d = fresh(s, mem);
			s->line = 0;
			rb_init(&r, one.b, one.len);
			assert_int_equal(dev_load(d, &r), 0);
			assert_null(dev_check(d));
			assert_int_equal(s->line,
			    ((struct virtio_dev *)d)->isr != 0);
			save(d, &two);
			assert_int_equal(two.len, one.len);
			assert_memory_equal(two.b, one.b, one.len);
		}
		assert_int_equal(n, 8);
		free(mem);
		sim_free(s);
	}
}

/* What follows is what would have followed. */
static void
test_go_on(void **state)
{
	struct sim *s = sim_new(&sim_echo);
	unsigned i, reload;
	uint64_t sum[2];
	uint8_t img[4];

	(void)state;
	for (reload = 0; reload < 2; reload++) {
		sim_start(s, NULL);
		bring_up(s, UINT64_MAX, 0, 0);
		sim_write(s, VIODEV_DEVICE, 12, 4, 2);
		sim_write(s, VIODEV_DEVICE, 4, 4, 7);
		for (i = 0; i < 40; i++) {
			offer_chain(s, 0, 0, 5, 5);
			offer_chain(s, 0, TRACE_CHAIN_KICK |
			    (i % 2 ? TRACE_CHAIN_INDIRECT : 0), 8, 5);
			offer_chain(s, 2, TRACE_CHAIN_KICK, 5, 0);
			if (reload)
				sim_reload(s);
			sim_settle(s);
			sim_advance(s, 1000000);
			if (i % 5 == 0)
				(void)isr(s);
		}
		assert_int_equal(used_idx(s, 0), 80);
		assert_int_equal(used_idx(s, 2), 40);
		le32_put(img, (uint32_t)sim_read(s, VIODEV_DEVICE, 0, 4));
		assert_int_equal(le32_get(img), 1);
		sum[reload] = memory(s) ^ digest_value(&s->oracle.digest);
		sim_stop(s);
	}
	assert_true(sum[0] == sum[1]);
	sim_free(s);
}

/*
 * Bytes that are no state of this device: refused and nothing changed, or
 * taken, and then they are what a device of this kind can be.
 */
static int
offer_state(struct sim *s, struct dev *d, const struct saved *was,
    const uint8_t *p, size_t len)
{
	struct saved now;
	struct rbuf r;

	rb_init(&r, p, len);
	if (dev_load(d, &r) == -1) {
		save(d, &now);
		assert_int_equal(now.len, was->len);
		assert_memory_equal(now.b, was->b, was->len);
		assert_null(dev_check(d));
		return 0;
	}
	assert_null(dev_check(d));
	save(d, &now);
	assert_int_equal(now.len, len);
	assert_memory_equal(now.b, p, len);
	dev_detach(d);
	(void)fresh(s, d);
	return 1;
}

static void
mangle(struct sim *s, unsigned *taken, unsigned *refused)
{
	struct saved one, zero;
	struct dev *d;
	uint8_t *p;
	size_t i;
	void *mem = malloc(s->kind->dev->size + s->kind->dev->scratch);

	save(s->dev, &one);
	d = fresh(s, mem);
	save(d, &zero);
	for (i = 0; i < one.len; i++) {
		p = malloc(i == 0 ? 1 : i);
		memcpy(p, one.b, i);
		assert_int_equal(offer_state(s, d, &zero, p, i), 0);
		free(p);
	}
	p = malloc(one.len + 1);
	memcpy(p, one.b, one.len);
	p[one.len] = 0;
	assert_int_equal(offer_state(s, d, &zero, p, one.len + 1), 0);
	for (i = 0; i < one.len * 8; i++) {
		p[i / 8] ^= (uint8_t)(1U << i % 8);
		if (offer_state(s, d, &zero, p, one.len))
			(*taken)++;
		else
			(*refused)++;
		p[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	assert_int_equal(offer_state(s, d, &zero, p, one.len), 1);
	free(p);
	free(mem);
}

static void
test_mangled(void **state)
{
	unsigned k, n, taken, refused;
	struct sim *s;

	(void)state;
	for (k = 0; k < NKINDS; k++) {
		s = sim_new(kinds[k]);
		for (n = 0;; n++) {
			sim_start(s, NULL);
			if (!stage(s, n))
				break;
			taken = refused = 0;
			mangle(s, &taken, &refused);
			/* Some of both, or this is no test. */
			assert_true(taken > 50);
			assert_true(refused > 50);
		}
		sim_free(s);
	}
}

static size_t
live_state(struct sim *s, struct saved *to)
{
	sim_start(s, NULL);
	bring_up(s, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX, 0, 6);
	save(s->dev, to);
	return to->len;
}

#define HEAD	32U		/* bytes before the first queue */

static int
load_changed(const struct saved *from, size_t at, uint64_t v, unsigned width)
{
	struct sim *s = sim_new(&sim_echo);
	struct saved st = *from;
	struct rbuf r;
	int res;

	while (width-- > 0) {
		st.b[at++] = (uint8_t)v;
		v >>= 8;
	}
	sim_start(s, NULL);
	rb_init(&r, st.b, st.len);
	res = dev_load(s->dev, &r);
	sim_free(s);
	return res;
}

/* Fields that can be wrong each in its way. */
static void
test_fields(void **state)
{
	struct sim *s = sim_new(&sim_echo);
	struct saved st;

	(void)state;
	assert_int_equal(live_state(s, &st), HEAD + 3 * 32 + ECHO_CONFIG);
	assert_int_equal(load_changed(&st, 0, 1, 2), 0);
	assert_int_equal(load_changed(&st, 0, 2, 2), -1);	/* version */
	assert_int_equal(load_changed(&st, 2, 2, 2), -1);	/* queues */
	/* Accepted: not offered; without VERSION_1; what does not fit. */
	assert_int_equal(load_changed(&st, 4, 1ULL << 32 | 1U << 9, 8), -1);
	assert_int_equal(load_changed(&st, 4, 1U << 28, 8), -1);
	assert_int_equal(load_changed(&st, 4, 1ULL << 32 | 2, 8), -1);
	assert_int_equal(load_changed(&st, 4, 1ULL << 32 | 3, 8), 0);
	assert_int_equal(load_changed(&st, 20, 1, 1), -1);	/* refused */
	assert_int_equal(load_changed(&st, 20, 4, 1), -1);
	assert_int_equal(load_changed(&st, 21, 0x1f, 1), -1);	/* status */
	assert_int_equal(load_changed(&st, 21, 0x4f, 1), 0);
	assert_int_equal(load_changed(&st, 22, 4, 1), -1);	/* isr */
	assert_int_equal(load_changed(&st, 22, 3, 1), 0);
	assert_int_equal(load_changed(&st, 24, 2, 1), -1);	/* changed */
	assert_int_equal(load_changed(&st, 25, 2, 1), -1);	/* paused */
	/* Queue 0: places, size, flags. */
	assert_int_equal(load_changed(&st, HEAD, 0x408, 8), -1);
	assert_int_equal(load_changed(&st, HEAD, 1ULL << 40, 8), -1);
	assert_int_equal(load_changed(&st, HEAD + 8, 0, 8), -1);
	assert_int_equal(load_changed(&st, HEAD + 16, 0x4002, 8), -1);
	assert_int_equal(load_changed(&st, HEAD + 24, 0, 2), -1);
	assert_int_equal(load_changed(&st, HEAD + 24, 3, 2), -1);
	assert_int_equal(load_changed(&st, HEAD + 24, 32, 2), -1);
	assert_int_equal(load_changed(&st, HEAD + 24, 16, 2), 0);
	assert_int_equal(load_changed(&st, HEAD + 26, 0xffff, 4), 0);
	assert_int_equal(load_changed(&st, HEAD + 30, 2, 1), -1);
	assert_int_equal(load_changed(&st, HEAD + 31, 1, 1), -1);
	/* Queue 1 is off: it has not moved and cannot be broken. */
	assert_int_equal(load_changed(&st, HEAD + 32 + 26, 1, 2), -1);
	assert_int_equal(load_changed(&st, HEAD + 32 + 28, 1, 2), -1);
	assert_int_equal(load_changed(&st, HEAD + 32 + 31, 1, 1), -1);
	sim_stop(s);
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_go_on),
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
