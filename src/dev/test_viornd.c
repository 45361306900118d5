#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim.h"
#include "viornd.h"

#define IN_GPA	ARENA_SIZE		/* where buffers lie */
#define ROOM	0x3000U

static struct sim *s;

static int
setup(void **state)
{
	(void)state;
	s = sim_new(&sim_viornd);
	s->deep = 1;
	sim_start(s, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sim_stop(s);
	sim_free(s);
	return 0;
}

static void
up(uint64_t features)
{
	static const uint8_t zero[ARENA_SIZE];
	struct trace_setup set = { 0, 6, 0, 0, features };
	unsigned i;

	sim_write(s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	for (i = 0; i < ARENA_RANGES; i++)
		(void)arena_poke(&s->arena, s->arena.gm.range[i].gpa, zero,
		    sizeof(zero));
	sim_setup(s, &set);
}

/* A chain of up to two segments, the first one readable when r is set. */
static void
offer(unsigned r, unsigned w1, unsigned w2)
{
	struct guest_ring *g = &s->guest.ring[0];
	unsigned len[3] = { r, w1, w2 }, i, first = g->idx % 16 * 4;
	uint64_t gpa = IN_GPA;
	uint8_t d[16], two[2];

	for (i = 0; i < 3; i++) {
		le64_put(d, gpa);
		le32_put(d + 8, len[i]);
		le16_put(d + 12, (uint16_t)((i < 2 ? VRING_DESC_NEXT : 0) |
		    (i > 0 ? VRING_DESC_WRITE : 0)));
		le16_put(d + 14, (uint16_t)(first + i + 1));
		(void)arena_poke(&s->arena, g->desc + 16 * (first + i), d,
		    16);
		gpa += len[i];
	}
	le16_put(two, (uint16_t)first);
	(void)arena_poke(&s->arena, g->avail + 4 + 2 * (g->idx % g->size),
	    two, 2);
	le16_put(two, ++g->idx);
	(void)arena_poke(&s->arena, g->avail + 2, two, 2);
}

static uint16_t
used_idx(void)
{
	uint8_t two[2] = { 0 };

	(void)arena_peek(&s->arena, s->guest.ring[0].used + 2, two, 2);
	return le16_get(two);
}

static uint32_t
used_len(unsigned i)
{
	uint8_t b[4] = { 0 };

	(void)arena_peek(&s->arena, s->guest.ring[0].used + 8 + 8 * i, b, 4);
	return le32_get(b);
}

static void
fail_next(unsigned skip)
{
	s->fault[0] = (struct sim_fault){ 1, TRACE_CALL_ENTROPY,
	    (uint8_t)skip, 0, 0 };
}

/* req: RND-03 CORE-07 CORE-30 CORE-39 */
static void
test_offer(void **state)
{
	unsigned off;

	(void)state;
	assert_int_equal(sim_read(s, VIODEV_COMMON, VIRTIO_NUM_QUEUES, 2), 1);
	assert_true(sim_read(s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE, 4) ==
	    0x30000000);
	sim_write(s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE_SELECT, 4, 1);
	assert_int_equal(sim_read(s, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE,
	    4), 1);
	for (off = 0; off < 0x100; off++)
		assert_int_equal(sim_read(s, VIODEV_DEVICE, off, 4), 0);
	up(UINT64_MAX);
	sim_write(s, VIODEV_DEVICE, 0, 4, UINT32_MAX);
	assert_int_equal(sim_read(s, VIODEV_DEVICE, 0, 4), 0);
}

/* req: RND-01 CORE-16 */
static void
test_fill(void **state)
{
	uint8_t got[ROOM], want[ROOM];
	unsigned n, cut;

	(void)state;
	for (n = 1; n <= 200; n += 13)
		for (cut = 0; cut <= n; cut += 1 + n / 7) {
			up(UINT64_MAX);
			memset(want, 0xee, sizeof(want));
			(void)arena_poke(&s->arena, IN_GPA, want, ROOM);
			offer(0, cut, n - cut);
			sim_kick(s, 0);
			assert_int_equal(used_idx(), 1);
			assert_int_equal(used_len(0), n);
			/* Bytes of the host, one after another. */
			memcpy(want, s->oracle.c->rsp, n);
			assert_int_equal(arena_peek(&s->arena, IN_GPA, got,
			    ROOM), 0);
			assert_memory_equal(got, want, ROOM);
			assert_int_equal(sim_read(s, VIODEV_ISR, 0, 1),
			    VIRTIO_ISR_QUEUE);
		}
}

/* Two buffers do not hold the same, and it is not just zeros. */
static void
test_random(void **state)
{
	static const uint8_t zero[64];
	uint8_t one[64], two[64];

	(void)state;
	up(UINT64_MAX);
	offer(0, 64, 0);
	sim_kick(s, 0);
	(void)arena_peek(&s->arena, IN_GPA, one, 64);
	offer(0, 64, 0);
	sim_kick(s, 0);
	(void)arena_peek(&s->arena, IN_GPA, two, 64);
	assert_memory_not_equal(one, zero, 64);
	assert_memory_not_equal(one, two, 64);
}

/* req: DRV-164 */
static void
test_readable(void **state)
{
	uint8_t got[64];

	(void)state;
	up(UINT64_MAX);
	memset(got, 0xee, sizeof(got));
	(void)arena_poke(&s->arena, IN_GPA, got, 64);
	offer(20, 10, 6);
	offer(20, 0, 0);
	offer(0, 0, 0);
	sim_kick(s, 0);
	assert_int_equal(used_idx(), 3);
	assert_int_equal(used_len(0), 16);
	assert_int_equal(used_len(1), 0);
	assert_int_equal(used_len(2), 0);
	(void)arena_peek(&s->arena, IN_GPA, got, 64);
	assert_int_equal(got[0], 0xee);
	assert_int_equal(got[19], 0xee);
	assert_int_equal(got[36], 0xee);
}

/* req: DRV-165 */
static void
test_limits(void **state)
{
	unsigned i, turns = 0;

	(void)state;
	up(UINT64_MAX);
	offer(0, VIORND_MAXBUF, 1);
	offer(0, VIORND_MAXBUF - 1, 2);
	offer(0, 0x3000, 0);
	sim_kick(s, 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(used_len(i), VIORND_MAXBUF);
	/* Sixteen full buffers are what one turn gives. */
	up(UINT64_MAX);
	for (i = 0; i < 16; i++)
		offer(0, 0x2000, 0);
	sim_kick(s, 0);
	assert_int_equal(used_idx(), 16);
	assert_int_equal(s->again, 0);
	for (i = 0; i < 40; i++)
		offer(0, 0x2000, 0);
	sim_kick(s, 0);
	assert_int_equal(used_idx(), 32);
	assert_int_equal(s->again, 1);
	for (; s->again != 0; turns++) {
		s->again = 0;
		sim_kick(s, 0);
	}
	assert_int_equal(turns, 2);
	assert_int_equal(used_idx(), 56);
}

/* No entropy: the buffer waits, and so do those behind it. */
static void
test_starved(void **state)
{
	(void)state;
	up(UINT64_MAX);
	offer(0, 8, 0);
	offer(0, 9, 0);
	fail_next(0);
	sim_kick(s, 0);
	assert_int_equal(used_idx(), 0);
	assert_int_equal(s->line, 0);
	assert_true(s->due[0] == s->now + VIORND_RETRY);
	sim_advance(s, VIORND_RETRY - 1);
	assert_int_equal(used_idx(), 0);
	fail_next(1);
	sim_advance(s, 1);		/* one works, the next fails */
	assert_int_equal(used_idx(), 1);
	assert_int_equal(s->line, 1);
	assert_true(s->due[0] == s->now + VIORND_RETRY);
	sim_advance(s, VIORND_RETRY);
	assert_int_equal(used_idx(), 2);
	assert_int_equal(used_len(0), 8);
	assert_int_equal(used_len(1), 9);
	assert_true(s->due[0] == UINT64_MAX);
}

/* Half a buffer is better than none. */
static void
test_starved_half(void **state)
{
	(void)state;
	up(UINT64_MAX);
	offer(0, 8, 9);
	fail_next(1);
	sim_kick(s, 0);
	assert_int_equal(used_idx(), 1);
	assert_int_equal(used_len(0), 8);
	assert_true(s->due[0] == UINT64_MAX);
}

/* A reset forgets the timer, a kick does not wait for it. */
static void
test_starved_reset(void **state)
{
	(void)state;
	up(UINT64_MAX);
	offer(0, 8, 0);
	fail_next(0);
	sim_kick(s, 0);
	assert_true(s->due[0] != UINT64_MAX);
	sim_write(s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	assert_true(s->due[0] == UINT64_MAX);
	up(UINT64_MAX);
	offer(0, 8, 0);
	fail_next(0);
	sim_kick(s, 0);
	sim_kick(s, 0);
	assert_int_equal(used_idx(), 1);
	sim_advance(s, 2 * VIORND_RETRY);
	assert_int_equal(used_idx(), 1);
	/* Timers that nobody set, and queues that are not there. */
	sim_deliver(s, &(struct viodev_msg){ .type = VIODEV_TIMER,
	    .where = 77 });
	assert_int_equal(used_idx(), 1);
}

/* The timer runs out while the guest stands still: nothing is forgotten. */
static void
test_starved_pause(void **state)
{
	(void)state;
	up(UINT64_MAX);
	offer(0, 8, 0);
	fail_next(0);
	sim_kick(s, 0);
	sim_deliver(s, &(struct viodev_msg){ .type = VIODEV_PAUSE });
	sim_advance(s, VIORND_RETRY);
	assert_int_equal(used_idx(), 0);
	sim_deliver(s, &(struct viodev_msg){ .type = VIODEV_UNPAUSE });
	assert_int_equal(used_idx(), 1);
	assert_int_equal(used_len(0), 8);
}

/* A device that goes takes its timer with it. */
static void
test_starved_detach(void **state)
{
	(void)state;
	up(UINT64_MAX);
	offer(0, 8, 0);
	fail_next(0);
	sim_kick(s, 0);
	assert_true(s->due[0] != UINT64_MAX);
	sim_stop(s);
	assert_true(s->due[0] == UINT64_MAX);
	sim_start(s, NULL);
}

static int
attached(uint64_t qsize)
{
	uint8_t buf[16];
	struct devconf c = { buf, 0 };
	struct wbuf w;
	int ok;

	sim_stop(s);
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_QSIZE, qsize);
	c.len = w.len;
	s->logline[0] = '\0';
	sim_start(s, &c);
	ok = !s->dead;
	if (ok) {
		assert_int_equal(sim_read(s, VIODEV_COMMON,
		    VIRTIO_QUEUE_SIZE, 2), qsize);
		assert_string_equal(s->logline, "");
	} else
		assert_non_null(strstr(s->logline, "viornd: queue size"));
	return ok;
}

/* req: PCI-31 */
static void
test_attach(void **state)
{
	unsigned n;

	(void)state;
	for (n = 0; n < 0x10000; n += n < 1100 ? 1 : 373)
		assert_int_equal(attached(n),
		    n != 0 && n <= 1024 && (n & (n - 1)) == 0);
	assert_int_equal(attached(0x8000), 0);
	assert_int_equal(attached(64), 1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_offer),
		T(test_fill),
		T(test_random),
		T(test_readable),
		T(test_limits),
		T(test_starved),
		T(test_starved_half),
		T(test_starved_reset),
		T(test_starved_pause),
		T(test_starved_detach),
		T(test_attach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
