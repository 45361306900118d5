/* Frames that arrive: virtio 1.3, 5.1.6.3 and 5.1.6.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_net.h"

static struct nt *t;

static int
setup(void **state)
{
	(void)state;
	t = nt_new();
	nt_start(t, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	nt_free(t);
	return 0;
}

/* What lies in a buffer. */
static uint8_t *
peek(uint64_t gpa, size_t len)
{
	static uint8_t b[0x8000];

	assert_true(len <= sizeof(b));
	assert_int_equal(arena_peek(&t->s->arena, gpa, b, len), 0);
	return b;
}

static void
input(size_t len, unsigned seed)
{
	nt_input(t, 0, nt_fill(t, nt_mac, nt_peer, len, seed), len);
}

/* req: NET-38 NET-42 NET-63 NET-33 */
static void
test_one(void **state)
{
	static const uint8_t want[VIONET_HDR] = { [10] = 1 };

	(void)state;
	nt_up(t, 0);
	assert_int_equal(t->s->rx_on, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	assert_int_equal(t->s->rx_on, 1);
	input(1514, 3);
	assert_int_equal(nt_used(t, 0), 1);
	assert_int_equal(nt_used_len(t, 0, 0), 1526);
	assert_memory_equal(peek(NT_RX_GPA, 12), want, 12);
	assert_memory_equal(peek(NT_RX_GPA + 12, 1514), t->frame + 12, 1514);
	/* No buffer is left, so nothing more is wanted. */
	assert_int_equal(t->s->rx_on, 0);
	assert_int_equal(nt_count(t, 0, VIONET_PASSED), 1);
}

/* Any layout: the frame is where the segments say. */
static void
test_layouts(void **state)
{
	struct nt_seg sg[5];
	unsigned i, n, k;
	uint64_t gpa;
	uint8_t got[600];

	(void)state;
	for (n = 1; n <= 5; n++)
		for (k = 1; k < 40; k++) {
			nt_up(t, 0);
			gpa = NT_RX_GPA;
			for (i = 0; i < n; i++) {
				sg[i] = (struct nt_seg){ gpa, i + 1 < n ? k :
				    400, 1 };
				gpa += 512;
			}
			nt_offer(t, 0, sg, n);
			sim_kick(t->s, 0);
			input(300, k);
			assert_int_equal(nt_used_len(t, 0, 0), 312);
			for (i = 0, gpa = 0; i < n; gpa += sg[i++].len)
				memcpy(got + gpa, peek(sg[i].gpa, sg[i].len),
				    sg[i].len);
			assert_memory_equal(got + 12, t->frame + 12, 300);
		}
}

/* Frames wait for buffers, not buffers for frames: one for one. */
static void
test_back_pressure(void **state)
{
	unsigned i;

	(void)state;
	nt_up(t, VIRTIO_F_EVENT_IDX);
	for (i = 0; i < 3; i++)
		nt_buffer(t, 0, NT_RX_GPA + 0x800 * i, 1526);
	for (i = 0; i < 3; i++) {
		assert_int_equal(t->s->rx_on, 1);
		input(60, i);
	}
	assert_int_equal(t->s->rx_on, 0);
	/* Who does not listen loses it. */
	input(60, 3);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 1);
	assert_int_equal(nt_count(t, 0, VIONET_PASSED), 3);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	assert_int_equal(t->s->rx_on, 1);
	input(60, 4);
	assert_int_equal(nt_used(t, 0), 4);
	assert_memory_equal(peek(NT_RX_GPA + 12, 60), t->frame + 12, 60);
}

/* Neither before DRIVER_OK nor after a reset nor in a pause. */
static void
test_not_live(void **state)
{
	struct viodev_msg pause = { .type = VIODEV_PAUSE };
	struct viodev_msg unpause = { .type = VIODEV_UNPAUSE };

	(void)state;
	input(60, 1);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 1);
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	sim_deliver(t->s, &pause);
	input(60, 1);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 2);
	sim_deliver(t->s, &unpause);
	assert_int_equal(t->s->rx_on, 1);
	input(60, 1);
	assert_int_equal(nt_used(t, 0), 1);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	sim_write(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	assert_int_equal(t->s->rx_on, 0);
	input(60, 1);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 3);
}

/* req: DRV-107 DRV-123 NET-34 */
static void
test_small_buffer(void **state)
{
	(void)state;
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 71);
	nt_buffer(t, 0, NT_RX_GPA + 0x1000, 1526);
	input(60, 1);
	assert_int_equal(nt_used(t, 0), 0);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 1);
	/* The buffer stays, and what fits comes. */
	input(59, 2);
	assert_int_equal(nt_used_len(t, 0, 0), 71);
	assert_int_equal(*peek(NT_RX_GPA + 71, 1), 0);
	input(1514, 3);
	assert_int_equal(nt_used_len(t, 0, 1), 1526);
}

/* req: DRV-124 DRV-147 */
static void
test_useless_buffers(void **state)
{
	struct nt_seg mixed[2] = {
		{ NT_RX_GPA, 500, 0 }, { NT_RX_GPA + 0x800, 100, 1 }
	};
	struct nt_seg none = { NT_RX_GPA, 500, 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		nt_up(t, i == 0 ? 0 : VIONET_F_MRG_RXBUF);
		nt_offer(t, 0, &none, 1);
		nt_buffer(t, 0, NT_RX_GPA, 11);
		nt_offer(t, 0, mixed, 2);
		input(60, 1);
		assert_int_equal(nt_used(t, 0), 3);
		assert_int_equal(nt_used_len(t, 0, 0), 0);
		assert_int_equal(nt_used_len(t, 0, 1), 0);
		assert_int_equal(nt_used_len(t, 0, 2), 72);
		assert_int_equal(*peek(NT_RX_GPA, 1), 0);
		assert_memory_equal(peek(NT_RX_GPA + 0x800 + 12, 60),
		    t->frame + 12, 60);
	}
}

/* req: NET-39 NET-40 NET-41 NET-33 */
static void
test_merged(void **state)
{
	unsigned n, i, size, left;
	uint8_t got[2048];

	(void)state;
	for (n = 2; n <= 12; n++) {
		nt_up(t, VIONET_F_MRG_RXBUF);
		size = (1012 + n - 1) / n;
		for (i = 0; i < n; i++)
			nt_buffer(t, 0, NT_RX_GPA + 0x400 * i, size);
		input(1000, n);
		assert_int_equal(nt_used(t, 0), n);
		for (i = 0, left = 1012; i < n; i++) {
			unsigned len = left < size ? left : size;

			assert_int_equal(nt_used_len(t, 0, i), len);
			memcpy(got + i * size, peek(NT_RX_GPA + 0x400 * i,
			    len), len);
			left -= len;
		}
		assert_int_equal(le16_get(got + 10), n);
		assert_memory_equal(got + 12, t->frame + 12, 1000);
		assert_int_equal(t->s->rx_on, 0);
	}
}

/* Not enough of them: none is touched, and they serve the next frame. */
static void
test_merged_short(void **state)
{
	unsigned i;

	(void)state;
	nt_up(t, VIONET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX);
	for (i = 0; i < 3; i++)
		nt_buffer(t, 0, NT_RX_GPA + 0x400 * i, 100);
	input(289, 1);
	assert_int_equal(nt_used(t, 0), 0);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 1);
	assert_int_equal(*peek(NT_RX_GPA, 1), 0);
	input(288, 2);
	assert_int_equal(nt_used(t, 0), 3);
	assert_int_equal(le16_get(peek(NT_RX_GPA + 10, 2)), 3);
	/* Seventeen buffers are one too many. */
	nt_up(t, VIONET_F_MRG_RXBUF);
	for (i = 0; i < 16; i++)
		nt_buffer(t, 0, NT_RX_GPA + 0x100 * i, 12);
	input(181, 3);
	assert_int_equal(nt_used(t, 0), 0);
	input(180, 4);
	assert_int_equal(nt_used(t, 0), 16);
}

/* A broken chain between two buffers: what was taken goes back, empty. */
static void
test_merged_broken(void **state)
{
	struct nt_seg bad = { 0x80000000ULL, 100, 1 };

	(void)state;
	nt_up(t, VIONET_F_MRG_RXBUF);
	nt_buffer(t, 0, NT_RX_GPA, 100);
	nt_offer(t, 0, &bad, 1);
	nt_buffer(t, 0, NT_RX_GPA + 0x400, 100);
	input(500, 1);
	assert_int_equal(nt_used(t, 0), 3);
	assert_int_equal(nt_used_len(t, 0, 0), 0);
	assert_int_equal(nt_used_len(t, 0, 1), 0);
	assert_int_equal(nt_used_len(t, 0, 2), 0);
	/* If it is no hindrance the frame arrives behind it. */
	nt_buffer(t, 0, NT_RX_GPA, 100);
	nt_offer(t, 0, &bad, 1);
	nt_buffer(t, 0, NT_RX_GPA + 0x400, 100);
	input(150, 1);
	assert_int_equal(nt_used(t, 0), 6);
	assert_int_equal(nt_used_len(t, 0, 3), 0);
	assert_int_equal(nt_used_len(t, 0, 4), 100);
	assert_int_equal(nt_used_len(t, 0, 5), 62);
}

/* req: NET-10 */
static void
test_lengths(void **state)
{
	struct nt_seg big = { NT_RX_GPA, 0x4000 + 0x400, 1 };
	struct wbuf w;

	(void)state;
	nt_up(t, 0);
	nt_offer(t, 0, &big, 1);
	sim_kick(t->s, 0);
	input(13, 1);
	nt_input(t, 0, NULL, 0);
	input(VIONET_MAXFRAME + 1, 1);
	assert_int_equal(nt_count(t, 0, VIONET_BAD), 3);
	input(VIONET_MAXFRAME, 1);
	assert_int_equal(nt_used_len(t, 0, 0), VIONET_MAXFRAME + 12);
	assert_memory_equal(peek(NT_RX_GPA + 12, VIONET_MAXFRAME),
	    t->frame + 12, VIONET_MAXFRAME);
	nt_buffer(t, 0, NT_RX_GPA, 100);
	input(14, 1);
	assert_int_equal(nt_used_len(t, 0, 1), 26);
	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_MTU, 1280);
	nt_start(t, &w);
	nt_up(t, VIONET_F_MTU);
	nt_buffer(t, 0, NT_RX_GPA, 2048);
	input(1295, 1);
	assert_int_equal(nt_count(t, 0, VIONET_BAD), 1);
	input(1294, 1);
	assert_int_equal(nt_used_len(t, 0, 0), 1306);
}

static void
start_offload(uint64_t features)
{
	struct wbuf w;

	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_OFFLOAD, 1);
	nt_start(t, &w);
	nt_up(t, features);
}

/* A frame with this header of the host; what the guest reads of it. */
static uint8_t *
offloaded(unsigned flags, unsigned type, unsigned start, unsigned off)
{
	nt_buffer(t, 0, NT_RX_GPA, 2048);
	nt_fill(t, nt_mac, nt_peer, 64, 1);
	t->frame[VIONET_H_FLAGS] = (uint8_t)flags;
	t->frame[VIONET_H_GSO_TYPE] = (uint8_t)type;
	le16_put(t->frame + VIONET_H_HDR_LEN, 54);
	le16_put(t->frame + VIONET_H_CSUM_START, (uint16_t)start);
	le16_put(t->frame + VIONET_H_CSUM_OFFSET, (uint16_t)off);
	nt_input(t, 0, t->frame, VIONET_HDR + 64);
	return peek(NT_RX_GPA, VIONET_HDR + 64);
}

/* req: NET-55 NET-56 NET-57 NET-70 NET-48 NET-49 NET-67 */
static void
test_guest_checksum(void **state)
{
	static const uint8_t open[] = { 1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 1, 0 };
	static const uint8_t valid[VIONET_HDR] = { 2, [10] = 1 };
	static const uint8_t none[VIONET_HDR] = { [10] = 1 };

	(void)state;
	start_offload(VIONET_F_GUEST_CSUM);
	assert_memory_equal(offloaded(1, 0, 34, 16), open, 12);
	assert_memory_equal(offloaded(3, 0, 34, 16), open, 12);
	assert_memory_equal(offloaded(2, 0, 34, 16), valid, 12);
	assert_memory_equal(offloaded(0, 0, 34, 16), none, 12);
	assert_memory_equal(offloaded(0xfc, 0, 34, 16), none, 12);
	assert_memory_equal(offloaded(1, 0, 34, 16) + 12, t->frame + 12, 64);
	assert_int_equal(nt_count(t, 0, VIONET_PASSED), 6);
	/* What makes no sense, or is segmented, does not arrive. */
	(void)offloaded(1, 0, 34, 29);
	(void)offloaded(1, 0, 64, 0);
	assert_int_equal(nt_count(t, 0, VIONET_BAD), 2);
	nt_input(t, 0, t->frame, VIONET_HDR + 13);
	nt_input(t, 0, t->frame, VIONET_HDR - 1);
	assert_int_equal(nt_count(t, 0, VIONET_BAD), 4);
}

/* req: NET-44 NET-45 NET-46 NET-47 NET-58 NET-62 NET-63 */
static void
test_segmented(void **state)
{
	static const uint8_t types[] = { 1, 3, 4, 5, 0x20, 0x40, 0x80 };
	unsigned i;

	(void)state;
	start_offload(UINT64_MAX);
	for (i = 0; i < sizeof(types); i++)
		(void)offloaded(1, types[i], 34, 16);
	assert_int_equal(nt_count(t, 0, VIONET_BAD), sizeof(types));
	assert_int_equal(nt_used(t, 0), 0);
}

/* A guest that cannot complete a checksum gets a complete one. */
static void
test_completed(void **state)
{
	static const uint8_t none[VIONET_HDR] = { [10] = 1 };
	uint32_t sum = 0;
	uint8_t *p;
	unsigned i;

	(void)state;
	start_offload(0);
	p = offloaded(1, 0, 34, 16);
	assert_memory_equal(p, none, 12);
	assert_memory_equal(p + 12, t->frame + 12, 50);
	assert_memory_equal(p + 12 + 52, t->frame + 12 + 52, 12);
	/* RFC 1071: with the old field's part the sum must be -0. */
	for (i = 34; i < 64; i += 2)
		sum += (uint32_t)t->frame[12 + i] << 8 | t->frame[13 + i];
	sum += (uint32_t)p[12 + 50] << 8 | p[13 + 50];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
	/* At the first and at the last place of a frame. */
	(void)offloaded(1, 0, 0, 0);
	p = offloaded(1, 0, 62, 0);
	assert_memory_equal(p + 12, t->frame + 12, 62);
	assert_int_equal(nt_count(t, 0, VIONET_PASSED), 3);
}

/* A sum of 0 is written as the other 0. */
static void
test_completed_zero(void **state)
{
	uint8_t *f;

	(void)state;
	start_offload(0);
	nt_buffer(t, 0, NT_RX_GPA, 2048);
	f = nt_fill(t, nt_mac, nt_peer, 64, 1);
	t->frame[VIONET_H_FLAGS] = 1;
	le16_put(t->frame + VIONET_H_CSUM_START, 62);
	f[62] = f[63] = 0xff;
	nt_input(t, 0, t->frame, VIONET_HDR + 64);
	assert_int_equal(le16_get(peek(NT_RX_GPA + 12 + 62, 2)), 0xffff);
}

/* Two buffers of a byte a piece, 1,024 each: more pieces than we take. */
static void
test_merged_pieces(void **state)
{
	struct guest_ring *g = &t->s->guest.ring[0];
	uint8_t d[VRING_DESC_SIZE];
	unsigned i;

	(void)state;
	nt_up(t, VIONET_F_MRG_RXBUF | VIRTIO_F_INDIRECT_DESC);
	for (i = 0; i < 1024; i++) {
		le64_put(d, NT_RX_GPA + i);
		le32_put(d + 8, 1);
		le16_put(d + 12, VRING_DESC_WRITE |
		    (i < 1023 ? VRING_DESC_NEXT : 0));
		le16_put(d + 14, (uint16_t)(i + 1));
		(void)arena_poke(&t->s->arena, ARENA_HIGH + 16 * i, d, 16);
	}
	for (i = 0; i < 3; i++)
		nt_buffer(t, 0, ARENA_HIGH, 0x4000);
	for (i = 0; i < 3; i++) {
		le16_put(d, VRING_DESC_INDIRECT);
		(void)arena_poke(&t->s->arena, g->desc + 16 * i + 12, d, 2);
	}
	input(2100, 1);
	assert_int_equal(nt_used(t, 0), 0);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 1);
	input(2000, 1);
	assert_int_equal(nt_used(t, 0), 2);
}

/* Only what the lock allows arrives, whatever the guest wants. */
static void
test_locked(void **state)
{
	static const uint8_t promisc[] = { 0, 0, 1 };
	struct wbuf w;

	(void)state;
	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_LOCKED, 1);
	nt_start(t, &w);
	nt_up(t, UINT64_MAX);
	assert_int_equal(nt_command(t, 2, promisc, 3), 0);
	assert_true(nt_arrives(t, nt_mac, 60));
	assert_true(nt_arrives(t, nt_all, 60));
	assert_true(nt_arrives(t, nt_group, 60));
	assert_false(nt_arrives(t, nt_peer, 60));
	assert_int_equal(nt_count(t, 0, VIONET_FILTER), 1);
	nt_up(t, 0);
	assert_false(nt_arrives(t, nt_peer, 60));
}

/* The queue breaks while a frame is on its way. */
static void
test_broken(void **state)
{
	uint8_t two[2];

	(void)state;
	nt_up(t, VIONET_F_MRG_RXBUF);
	nt_buffer(t, 0, NT_RX_GPA, 50);
	le16_put(two, 99);
	(void)arena_poke(&t->s->arena, t->s->guest.ring[0].avail + 6, two, 2);
	le16_put(two, 2);
	(void)arena_poke(&t->s->arena, t->s->guest.ring[0].avail + 2, two, 2);
	input(60, 1);
	assert_int_equal(sim_read(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS,
	    1) & VIRTIO_S_NEEDS_RESET, VIRTIO_S_NEEDS_RESET);
	assert_int_equal(t->s->rx_on, 0);
	assert_int_equal(nt_used(t, 0), 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_one),
		T(test_layouts),
		T(test_back_pressure),
		T(test_not_live),
		T(test_small_buffer),
		T(test_useless_buffers),
		T(test_merged),
		T(test_merged_short),
		T(test_merged_broken),
		T(test_lengths),
		T(test_guest_checksum),
		T(test_segmented),
		T(test_completed),
		T(test_completed_zero),
		T(test_merged_pieces),
		T(test_locked),
		T(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
