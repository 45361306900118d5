/* What a network card is and offers, its pairs of queues, its state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dhcp.h"
#include "test_net.h"

#define F(name)		(offered() & VIONET_F_##name) != 0

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

static uint64_t
offered(void)
{
	return sim_virtio(t->s)->offered;
}

static void
start_int(unsigned tag, uint64_t v)
{
	struct wbuf w;

	nt_list(t, &w);
	devconf_put_int(&w, tag, v);
	nt_start(t, &w);
}

static void
test_offer(void **state)
{
	(void)state;
	assert_true(F(MAC) && F(STATUS) && F(MRG_RXBUF) && F(CTRL_VQ));
	assert_true(F(CTRL_RX) && F(CTRL_RX_EXTRA) && F(CTRL_VLAN));
	assert_true(F(GUEST_ANNOUNCE) && F(CTRL_MAC_ADDR));
	assert_false(F(MTU) || F(MQ) || F(CSUM) || F(GUEST_CSUM));
	start_int(DEVCONF_OFFLOAD, 1);
	assert_true(F(CSUM) && F(GUEST_CSUM));
	start_int(DEVCONF_MTU, 1500);
	assert_true(F(MTU));
	start_int(DEVCONF_NQUEUES, 2);
	assert_true(F(MQ));
	start_int(DEVCONF_LOCKED, 1);
	assert_false(F(CTRL_MAC_ADDR));
}

/* req: NET-02 */
static void
test_prerequisites(void **state)
{
	struct wbuf w;
	unsigned i;

	(void)state;
	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_NQUEUES, 2);
	devconf_put_int(&w, DEVCONF_FEATURES, UINT64_MAX & ~VIONET_F_CTRL_VQ);
	nt_start(t, &w);
	assert_false(F(CTRL_RX) || F(CTRL_RX_EXTRA) || F(CTRL_VLAN) ||
	    F(GUEST_ANNOUNCE) || F(CTRL_MAC_ADDR) || F(MQ));
	/* Nor does a driver get one without the other. */
	start_int(DEVCONF_NQUEUES, 2);
	for (i = 18; i <= 23; i++) {
		nt_up(t, 1ULL << i);
		assert_false(nt_accepted(t));
		nt_up(t, 1ULL << i | VIONET_F_CTRL_VQ | VIONET_F_STATUS);
		assert_true(nt_accepted(t));
	}
	nt_up(t, VIONET_F_CTRL_VQ | VIONET_F_GUEST_ANNOUNCE);
	assert_false(nt_accepted(t));
}

/* req: DRV-106 NET-09 */
static void
test_fields(void **state)
{
	unsigned i;

	(void)state;
	start_int(DEVCONF_MTU, 1400);
	nt_up(t, UINT64_MAX);
	for (i = 0; i < 2; i++) {
		assert_int_equal(nt_config(t, VIONET_C_MAC, 4), 0xd1bbe1fe);
		assert_int_equal(nt_config(t, VIONET_C_MAC + 4, 2), 0x0302);
		assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 1);
		assert_int_equal(nt_config(t, VIONET_C_PAIRS, 2), 0);
		assert_int_equal(nt_config(t, VIONET_C_MTU, 2), 1400);
		assert_int_equal(nt_config(t, VIONET_C_SIZE, 4), 0);
		sim_write(t->s, VIODEV_DEVICE, VIONET_C_MAC, 4, 0);
		sim_write(t->s, VIODEV_DEVICE, VIONET_C_STATUS, 2, 0);
		sim_write(t->s, VIODEV_DEVICE, VIONET_C_MTU, 2, 9000);
	}
	start_int(DEVCONF_FEATURES, VIONET_F_MAC);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 0);
}

static void
refused(unsigned tag, uint64_t v)
{
	start_int(tag, v);
	assert_true(t->s->dead);
	assert_non_null(strstr(t->s->logline, "vionet: "));
}

/* req: NET-06 NET-07 */
static void
test_refused(void **state)
{
	static const uint8_t zero[6];
	struct wbuf w;

	(void)state;
	refused(DEVCONF_MTU, 67);
	refused(DEVCONF_MTU, 16385);
	refused(DEVCONF_NQUEUES, 0);
	refused(DEVCONF_NQUEUES, VIONET_MAXPAIRS + 1);
	refused(DEVCONF_QSIZE, 1);
	refused(DEVCONF_QSIZE, 2048);
	refused(DEVCONF_QSIZE, 48);
	refused(DEVCONF_OFFLOAD, 2);
	refused(DEVCONF_GUESTADDR, 1);
	refused(DEVCONF_HOSTADDR, 1);
	wb_init(&w, t->conf, sizeof(t->conf));
	nt_start(t, &w);
	assert_true(t->s->dead);
	devconf_put_bytes(&w, DEVCONF_MAC, nt_group, 6);
	nt_start(t, &w);
	assert_true(t->s->dead);
	wb_init(&w, t->conf, sizeof(t->conf));
	devconf_put_bytes(&w, DEVCONF_MAC, zero, 6);
	nt_start(t, &w);
	assert_true(t->s->dead);
	start_int(DEVCONF_MTU, 68);
	assert_false(t->s->dead);
	start_int(DEVCONF_MTU, 16384);
	assert_false(t->s->dead);
}

static void
start_pairs(unsigned n, uint64_t features)
{
	start_int(DEVCONF_NQUEUES, n);
	nt_up(t, features);
}

static int
set_pairs(unsigned q, unsigned n)
{
	uint8_t c[4] = { VIONET_CTRL_MQ, VIONET_MQ_PAIRS };

	le16_put(c + 2, (uint16_t)n);
	return nt_command(t, q, c, sizeof(c));
}

/* The control queue is where what was accepted puts it. */
/* req: NET-04 */
static void
test_places(void **state)
{
	static const uint8_t promisc[] = { 0, 0, 1 };
	unsigned q, lane;

	(void)state;
	start_pairs(3, VIONET_F_CTRL_VQ | VIONET_F_CTRL_RX);
	assert_int_equal(sim_read(t->s, VIODEV_COMMON, VIRTIO_NUM_QUEUES, 2),
	    7);
	assert_int_equal(nt_command(t, 2, promisc, 3), VIONET_ACK_OK);
	assert_int_equal(nt_command(t, 6, promisc, 3), NT_NONE);
	start_pairs(3, UINT64_MAX);
	assert_int_equal(nt_config(t, VIONET_C_PAIRS, 2), 3);
	assert_int_equal(nt_command(t, 6, promisc, 3), VIONET_ACK_OK);
	assert_int_equal(nt_command(t, 2, promisc, 3), NT_NONE);
	/* Queues run side by side, the control queue alone. */
	for (q = 0; q < 8; q++) {
		struct viodev_msg m = { .type = VIODEV_KICK, .where = q };

		lane = dev_lane(t->s->dev, &m);
		assert_int_equal(lane, q < 6 ? q + 1 : 0);
	}
}

/* Buffers for queue 2, out of the way of the rings of many queues. */
static void
second(unsigned n)
{
	while (n-- > 0)
		nt_buffer(t, 2, ARENA_HIGH + 0x1000 + 0x800 * n, 512);
}

/* req: NET-116 NET-117 NET-113 DRV-134 */
static void
test_pairs(void **state)
{
	unsigned cut = 12;

	(void)state;
	start_pairs(2, UINT64_MAX & ~(VIONET_F_CTRL_RX | VIONET_F_CTRL_VLAN |
	    VIONET_F_CTRL_RX_EXTRA));
	second(3);
	assert_int_equal(t->s->rx_on, 0);
	nt_fill(t, nt_mac, nt_peer, 60, 1);
	nt_input(t, 2, t->frame + 12, 60);
	assert_int_equal(nt_used(t, 2), 0);
	nt_send_cut(t, 3, 72, &cut, 1);
	assert_int_equal(t->nsent, 0);
	/* In use: what waited goes, and each queue has its own flow. */
	assert_int_equal(set_pairs(4, 2), VIONET_ACK_OK);
	assert_int_equal(t->s->rx_on, 1 << 2);
	assert_int_equal(t->nsent, 1);
	assert_int_equal(t->sentq, 3);
	nt_input(t, 2, t->frame + 12, 60);
	assert_int_equal(nt_used(t, 2), 1);
	assert_int_equal(nt_used(t, 0), 0);
	/* And out of use again. */
	assert_int_equal(set_pairs(4, 1), VIONET_ACK_OK);
	assert_int_equal(t->s->rx_on, 0);
	nt_input(t, 2, t->frame + 12, 60);
	assert_int_equal(nt_used(t, 2), 1);
	assert_int_equal(nt_count(t, 2, VIONET_NOBUF), 2);
	/* A reset goes back to one, too. */
	assert_int_equal(set_pairs(4, 2), VIONET_ACK_OK);
	nt_up(t, UINT64_MAX);
	second(1);
	assert_int_equal(t->s->rx_on, 0);
}

/* req: DRV-125 */
static void
test_dry_queue(void **state)
{
	(void)state;
	start_pairs(2, VIONET_F_CTRL_VQ | VIONET_F_MQ);
	assert_int_equal(set_pairs(4, 2), VIONET_ACK_OK);
	second(1);
	nt_fill(t, nt_mac, nt_peer, 60, 1);
	nt_input(t, 0, t->frame + 12, 60);
	nt_input(t, 2, t->frame + 12, 60);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 1);
	assert_int_equal(nt_count(t, 2, VIONET_PASSED), 1);
}

/* req: DRV-133 DRV-132 */
static void
test_pairs_refused(void **state)
{
	struct trace_setup set = { 0, NT_QLOG, 0, 1 << 3, UINT64_MAX };

	(void)state;
	start_pairs(2, UINT64_MAX);
	assert_int_equal(set_pairs(4, 0), VIONET_ACK_ERR);
	assert_int_equal(set_pairs(4, 3), VIONET_ACK_ERR);
	assert_int_equal(set_pairs(4, 0x8000), VIONET_ACK_ERR);
	second(1);
	assert_int_equal(t->s->rx_on, 0);
	/* Transmit queue 3 is off. */
	start_pairs(2, 0);
	sim_setup(t->s, &set);
	memset(t->free, 0, sizeof(t->free));
	assert_int_equal(set_pairs(4, 2), VIONET_ACK_ERR);
	assert_int_equal(set_pairs(4, 1), VIONET_ACK_OK);
	/* Without MQ there is nothing to choose. */
	start_pairs(1, UINT64_MAX);
	assert_int_equal(set_pairs(2, 1), VIONET_ACK_ERR);
}

static size_t
saved(uint8_t *buf, size_t cap)
{
	struct wbuf w;

	wb_init(&w, buf, cap);
	dev_save(t->s->dev, &w);
	assert_false(wb_bad(&w));
	return w.len;
}

/* Saved and loaded it goes on: filters, wish for frames, counters. */
static void
test_state(void **state)
{
	static const uint8_t multi[] = { 0, 1, 1 };
	struct wbuf w;

	(void)state;
	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_NQUEUES, 2);
	nt_start(t, &w);
	nt_up(t, UINT64_MAX);
	assert_int_equal(set_pairs(4, 2), VIONET_ACK_OK);
	assert_int_equal(nt_command(t, 4, multi, 3), VIONET_ACK_OK);
	second(2);
	nt_buffer(t, 0, ARENA_HIGH + 0x3000, 512);
	assert_int_equal(t->s->rx_on, 5);
	t->s->rx_on = 0;
	sim_reload(t->s);
	assert_int_equal(t->s->rx_on, 5);
	nt_input(t, 0, nt_fill(t, nt_group, nt_peer, 60, 3), 60);
	assert_int_equal(nt_count(t, 0, VIONET_PASSED), 1);
	sim_reload(t->s);
	assert_int_equal(nt_count(t, 0, VIONET_PASSED), 1);
	assert_int_equal(t->s->rx_on, 4);
}

/* Each single-bit change of a state is taken whole or leaves no trace. */
static void
test_hostile_state(void **state)
{
	static uint8_t good[8192], bad[8192];
	size_t len, i;
	unsigned taken = 0;

	(void)state;
	nt_up(t, UINT64_MAX);
	nt_buffer(t, 0, NT_RX_GPA, 512);
	len = saved(good, sizeof(good));
	for (i = 0; i < len * 8; i += i < 400 * 8 ? 1 : 37) {
		memcpy(bad, good, len);
		bad[i / 8] ^= (uint8_t)(1U << i % 8);
		t->s->ops = 0;
		sim_restore(t->s, bad, len);
		taken += (t->s->ops >> 63) != 0;
	}
	assert_true(taken > 0);
	sim_restore(t->s, good, len - 1);
	assert_int_equal(sim_virtio(t->s)->status, 0);
}

/* An answer where nobody answers; frames for a pair that is not in use. */
static void
test_odd_state(void **state)
{
	static uint8_t good[8192], bad[8192];
	size_t len, tail = 3 * 8 * VIONET_NFATES + 8 * DHCP_NRESULTS, at;

	(void)state;
	nt_up(t, UINT64_MAX);
	len = saved(good, sizeof(good));
	at = len - tail - 2;
	memcpy(bad, good, at);
	le16_put(bad + at, 4);
	memset(bad + at + 2, 0, 4);
	memcpy(bad + at + 6, good + at + 2, tail);
	sim_restore(t->s, bad, len + 4);
	assert_int_equal(sim_virtio(t->s)->status, 0);
	start_pairs(2, UINT64_MAX);
	len = saved(good, sizeof(good));
	tail = 5 * 8 * VIONET_NFATES + 8 * DHCP_NRESULTS;
	assert_int_equal(good[len - tail - 3], 0);
	good[len - tail - 3] = 1;
	sim_restore(t->s, good, len);
	assert_int_equal(sim_virtio(t->s)->status, 0);
}

static void
test_names(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < VIONET_NFATES; i++)
		assert_non_null(vionet_fate_name(i));
	assert_null(vionet_fate_name(i));
	assert_int_equal(vionet_count(t->s->dev, VIONET_MAXQ, 0), 0);
	assert_int_equal(vionet_count(t->s->dev, 0, VIONET_NFATES), 0);
	assert_null(vionet_dhcp(t->s->dev, VIONET_MAXPAIRS));
	assert_non_null(vionet_dhcp(t->s->dev, 0));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_offer),
		T(test_prerequisites),
		T(test_fields),
		T(test_refused),
		T(test_places),
		T(test_pairs),
		T(test_dry_queue),
		T(test_pairs_refused),
		T(test_state),
		T(test_hostile_state),
		T(test_odd_state),
		T(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
