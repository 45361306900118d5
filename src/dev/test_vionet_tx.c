/* Frames that leave: virtio 1.3, 5.1.6.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_net.h"

static struct nt *t;
static uint64_t nlost;			/* so far, of one kind */

static int
setup(void **state)
{
	(void)state;
	t = nt_new();
	nt_start(t, NULL);
	nlost = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	nt_free(t);
	return 0;
}

static void
leaves(size_t len)
{
	assert_int_equal(t->nsent, 1);
	assert_int_equal(t->sentlen, len);
	assert_memory_equal(t->sent, t->frame + VIONET_HDR, len);
	assert_int_equal(t->used, 0);
	t->nsent = 0;
}

/* Lost, and the buffer is back. */
static void
lost(enum vionet_fate fate)
{

	assert_int_equal(t->nsent, 0);
	assert_int_equal(t->used, 0);
	assert_int_equal(nt_used(t, 1), t->s->guest.ring[1].idx);
	assert_true(nt_count(t, 1, fate) == ++nlost);
}

/* req: NET-05 */
static void
test_header_size(void **state)
{
	static const uint64_t sets[] = {
		0, VIONET_F_MRG_RXBUF, VIONET_F_CSUM | VIONET_F_GUEST_CSUM,
		UINT64_MAX
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		nt_up(t, sets[i]);
		nt_fill(t, nt_peer, nt_mac, 100, i);
		nt_send(t, 100);
		leaves(100);
		assert_true(nt_arrives(t, nt_mac, 100));
		assert_int_equal(nt_used_len(t, 0, 0), VIONET_HDR + 100);
	}
}

/* Every place of one cut and of two; the frame is the same. */
static void
test_cuts(void **state)
{
	unsigned cut[2], i, j;

	(void)state;
	nt_up(t, 0);
	nt_fill(t, nt_peer, nt_mac, 64, 1);
	for (i = 1; i < 76; i++)
		for (j = 1; j < 40; j += 3) {
			cut[0] = i;
			cut[1] = j;
			nt_send_cut(t, 1, 76, cut, 2);
			leaves(64);
		}
}

/* More pieces than a host should be bothered with. */
static void
test_many_pieces(void **state)
{
	unsigned cut[15], i, n;

	(void)state;
	for (n = 1; n <= 15; n++) {
		nt_up(t, 0);
		for (i = 0; i < n; i++)
			cut[i] = i == 0 ? 12 : 9;
		nt_fill(t, nt_peer, nt_mac, 400, n);
		nt_send_cut(t, 1, 412, cut, n);
		leaves(400);
		assert_in_range(t->pieces, 1, 17);
	}
}

/* req: DRV-146 DRV-110 */
static void
test_lengths(void **state)
{
	static const unsigned bad[] = { 1, 11, 12, 13, 25 };
	unsigned i;

	(void)state;
	nt_up(t, 0);
	nt_fill(t, nt_peer, nt_mac, 20000, 2);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		nt_send_cut(t, 1, bad[i], NULL, 0);
		lost(VIONET_BAD);
	}
	nt_send(t, 14);
	leaves(14);
	nt_send(t, 16384 + 14);
	leaves(16384 + 14);
	nt_send(t, 16384 + 15);
	lost(VIONET_BAD);
}

/* req: DRV-146 */
static void
test_writable(void **state)
{
	struct nt_seg sg[2] = { { NT_TX_GPA, 76, 0 }, { NT_RX_GPA, 1, 1 } };
	struct nt_seg huge[2] = { { NT_TX_GPA, 0x4000, 0 },
	    { NT_TX_GPA, 0x4f00, 0 } };

	(void)state;
	nt_up(t, 0);
	nt_offer(t, 1, sg, 2);
	nt_offer(t, 1, sg + 1, 1);
	nt_offer(t, 1, huge, 2);
	sim_kick(t->s, 1);
	assert_int_equal(nt_used(t, 1), 3);
	assert_int_equal(t->nsent, 0);
	assert_int_equal(nt_count(t, 1, VIONET_BAD), 3);
}

/* req: NET-11 DRV-108 */
static void
test_mtu(void **state)
{
	struct wbuf w;

	(void)state;
	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_MTU, 1400);
	nt_start(t, &w);
	nt_up(t, VIONET_F_MTU);
	nt_fill(t, nt_peer, nt_mac, 3000, 3);
	nt_send(t, 1414);
	leaves(1414);
	nt_send(t, 1415);
	lost(VIONET_BAD);
	/* A tag is not counted. */
	t->frame[VIONET_HDR + 12] = 0x81;
	t->frame[VIONET_HDR + 13] = 0;
	nt_send(t, 1418);
	leaves(1418);
	nt_send(t, 1419);
	lost(VIONET_BAD);
	/* Nobody promised anything. */
	nt_up(t, 0);
	nt_send(t, 3000);
	leaves(3000);
}

/* req: NET-20 DRV-111 DRV-121 DRV-112 NET-21 NET-31 */
static void
test_ignored_fields(void **state)
{
	unsigned i;

	(void)state;
	nt_up(t, 0);
	for (i = 0; i < 256; i++) {
		nt_fill(t, nt_peer, nt_mac, 60, i);
		t->frame[VIONET_H_FLAGS] = (uint8_t)i;
		le16_put(t->frame + VIONET_H_HDR_LEN, 0xffff);
		le16_put(t->frame + VIONET_H_GSO_SIZE, 0xffff);
		le16_put(t->frame + VIONET_H_CSUM_START, 0xffff);
		le16_put(t->frame + VIONET_H_CSUM_OFFSET, 0xffff);
		le16_put(t->frame + VIONET_H_NUM_BUFFERS, (uint16_t)i);
		nt_send(t, 60);
		leaves(60);
	}
}

/* req: DRV-113 DRV-114 */
static void
test_segmentation(void **state)
{
	static const uint8_t types[] = { 1, 3, 4, 5, 0x20, 0x40, 0x80, 0x81 };
	unsigned i;

	(void)state;
	nt_up(t, UINT64_MAX);
	for (i = 0; i < sizeof(types); i++) {
		nt_fill(t, nt_peer, nt_mac, 60, i);
		t->frame[VIONET_H_GSO_TYPE] = types[i];
		nt_send(t, 60);
		lost(VIONET_BAD);
	}
}

static void
start_offload(void)
{
	struct wbuf w;

	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_OFFLOAD, 1);
	nt_start(t, &w);
}

static void
sends_header(unsigned flags, unsigned start, unsigned off, int good)
{
	static const uint8_t zero[VIONET_HDR];

	nt_fill(t, nt_peer, nt_mac, 60, 5);
	t->frame[VIONET_H_FLAGS] = (uint8_t)flags;
	le16_put(t->frame + VIONET_H_HDR_LEN, 99);
	le16_put(t->frame + VIONET_H_CSUM_START, (uint16_t)start);
	le16_put(t->frame + VIONET_H_CSUM_OFFSET, (uint16_t)off);
	nt_send(t, 60);
	if (!good) {
		lost(VIONET_BAD);
		return;
	}
	assert_int_equal(t->sentlen, VIONET_HDR + 60);
	assert_memory_equal(t->sent + VIONET_HDR, t->frame + VIONET_HDR, 60);
	if ((flags & 1) != 0 && good == 1) {
		assert_int_equal(t->sent[0], 1);
		assert_int_equal(le16_get(t->sent + 6), start);
		assert_int_equal(le16_get(t->sent + 8), off);
		assert_memory_equal(t->sent + 1, zero, 5);
	} else {
		assert_memory_equal(t->sent, zero, VIONET_HDR);
	}
	t->nsent = 0;
}

/* req: DRV-116 NET-21 */
static void
test_checksum(void **state)
{
	(void)state;
	start_offload();
	nt_up(t, VIONET_F_CSUM);
	sends_header(1, 34, 16, 1);
	sends_header(3, 34, 16, 1);
	sends_header(1, 0, 0, 1);
	sends_header(1, 34, 24, 1);
	sends_header(1, 34, 25, 0);
	sends_header(1, 59, 0, 0);
	sends_header(1, 60, 0, 0);
	sends_header(1, 0xffff, 0xffff, 0);
	sends_header(0, 0xffff, 0xffff, 1);
	sends_header(2, 34, 16, 1);
}

/* req: DRV-112 */
static void
test_no_checksum(void **state)
{
	(void)state;
	start_offload();
	nt_up(t, 0);
	sends_header(1, 34, 16, 2);
	sends_header(1, 0xffff, 0xffff, 2);
}

/* However a frame is cut: only the locked source leaves. */
static void
test_locked(void **state)
{
	unsigned cut[2], i, j;
	struct wbuf w;

	(void)state;
	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_LOCKED, 1);
	nt_start(t, &w);
	nt_up(t, UINT64_MAX);
	for (i = 1; i < 30; i++)
		for (j = 1; j < 14; j++) {
			cut[0] = i;
			cut[1] = j;
			nt_fill(t, nt_peer, nt_mac, 60, i);
			nt_send_cut(t, 1, 72, cut, 2);
			leaves(60);
			t->frame[VIONET_HDR + 6 + (i + j) % 6] ^= 1;
			nt_send_cut(t, 1, 72, cut, 2);
			lost(VIONET_LOCKED);
		}
}

/* A host that is full costs the frame, not the card. */
static void
test_host(void **state)
{
	(void)state;
	nt_up(t, 0);
	nt_fill(t, nt_peer, nt_mac, 60, 1);
	t->refuse = 1;
	nt_send(t, 60);
	assert_int_equal(t->nsent, 1);
	assert_int_equal(nt_count(t, 1, VIONET_HOST), 1);
	assert_int_equal(t->used, 0);
	t->refuse = 0;
	t->nsent = 0;
	nt_send(t, 60);
	leaves(60);
	assert_int_equal(nt_count(t, 1, VIONET_PASSED), 1);
}

/* A frame behind one that was lost is a frame of its own. */
static void
test_after_lost(void **state)
{
	struct nt_seg bad = { NT_TX_GPA, 20, 0 }, good = { NT_TX_GPA, 72, 0 };

	(void)state;
	nt_up(t, 0);
	nt_fill(t, nt_peer, nt_mac, 60, 9);
	(void)arena_poke(&t->s->arena, NT_TX_GPA, t->frame, 72);
	nt_offer(t, 1, &bad, 1);
	nt_offer(t, 1, &good, 1);
	nt_offer(t, 1, &bad, 1);
	nt_offer(t, 1, &good, 1);
	sim_kick(t->s, 1);
	assert_int_equal(t->nsent, 2);
	assert_memory_equal(t->sent, t->frame + VIONET_HDR, 60);
	assert_int_equal(nt_used(t, 1), 4);
	assert_int_equal(nt_count(t, 1, VIONET_BAD), 2);
}

/* Much at once: the rest waits for its turn, and nothing is lost. */
static void
test_turns(void **state)
{
	struct trace_setup set = { 0, 7, 0, 0, 0 };
	struct nt_seg sg = { NT_TX_GPA + 0x400, 12 + 14 + 16384, 0 };
	unsigned i;

	(void)state;
	nt_up(t, 0);
	sim_write(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	sim_setup(t->s, &set);
	t->free[1] = 0;
	for (i = 0; i < 100; i++)
		nt_offer(t, 1, &sg, 1);
	sim_kick(t->s, 1);
	assert_int_equal(t->nsent, 64);
	sim_settle(t->s);
	assert_int_equal(t->nsent, 100);
	assert_int_equal(nt_used(t, 1), 100);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_header_size),
		T(test_cuts),
		T(test_many_pieces),
		T(test_lengths),
		T(test_writable),
		T(test_mtu),
		T(test_ignored_fields),
		T(test_segmentation),
		T(test_checksum),
		T(test_no_checksum),
		T(test_locked),
		T(test_host),
		T(test_after_lost),
		T(test_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
