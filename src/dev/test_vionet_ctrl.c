/* Control commands and what they do to frames: virtio 1.3, 5.1.6.5. */
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

static int
mode(unsigned which, unsigned on)
{
	uint8_t c[3] = { VIONET_CTRL_RX, (uint8_t)which, (uint8_t)on };

	return nt_command(t, 2, c, sizeof(c));
}

/* MAC_TABLE_SET with one address in each table, or none. */
static int
tables(const uint8_t *uni, const uint8_t *multi)
{
	uint8_t c[22] = { VIONET_CTRL_MAC, VIONET_MAC_TABLE };
	size_t n = 2;

	le32_put(c + n, uni != NULL);
	n += 4;
	if (uni != NULL)
		memcpy(c + n, uni, 6);
	n += uni != NULL ? 6 : 0;
	le32_put(c + n, multi != NULL);
	n += 4;
	if (multi != NULL)
		memcpy(c + n, multi, 6);
	n += multi != NULL ? 6 : 0;
	return nt_command(t, 2, c, n);
}

static int
set_mac(const uint8_t *mac, size_t len)
{
	uint8_t c[16] = { VIONET_CTRL_MAC, VIONET_MAC_ADDR };

	memcpy(c + 2, mac, len < 14 ? len : 14);
	return nt_command(t, 2, c, 2 + len);
}

static int
vlan(unsigned cmd, unsigned id)
{
	uint8_t c[4] = { VIONET_CTRL_VLAN, (uint8_t)cmd };

	le16_put(c + 2, (uint16_t)id);
	return nt_command(t, 2, c, sizeof(c));
}

/* Who arrives: own, other, group, all, a bit each. */
static unsigned
who(void)
{
	unsigned bits = 0;

	bits |= nt_arrives(t, nt_mac, 60) ? 1U : 0;
	bits |= nt_arrives(t, nt_peer, 60) ? 2U : 0;
	bits |= nt_arrives(t, nt_group, 60) ? 4U : 0;
	bits |= nt_arrives(t, nt_all, 60) ? 8U : 0;
	return bits;
}

/* req: NET-88 NET-110 */
static void
test_modes(void **state)
{
	(void)state;
	nt_up(t, 0);
	assert_int_equal(who(), 15);
	nt_up(t, UINT64_MAX);
	assert_int_equal(who(), 1 | 8);
	assert_int_equal(mode(VIONET_RX_PROMISC, 1), VIONET_ACK_OK);
	assert_int_equal(t->used, 1);
	assert_int_equal(who(), 15);
	assert_int_equal(mode(VIONET_RX_PROMISC, 0), VIONET_ACK_OK);
	assert_int_equal(mode(VIONET_RX_ALLMULTI, 1), VIONET_ACK_OK);
	assert_int_equal(who(), 1 | 4 | 8);
	assert_int_equal(mode(VIONET_RX_NOMULTI, 1), VIONET_ACK_OK);
	assert_int_equal(who(), 1 | 8);
	assert_int_equal(mode(VIONET_RX_NOBCAST, 1), VIONET_ACK_OK);
	assert_int_equal(who(), 1);
	assert_int_equal(mode(VIONET_RX_ALLUNI, 1), VIONET_ACK_OK);
	assert_int_equal(who(), 3);
	assert_int_equal(mode(VIONET_RX_NOUNI, 1), VIONET_ACK_OK);
	assert_int_equal(who(), 0);
	assert_int_equal(mode(VIONET_RX_PROMISC, 1), VIONET_ACK_OK);
	assert_int_equal(who(), 15);
	assert_int_equal(mode(VIONET_RX_PROMISC, 2), VIONET_ACK_ERR);
	assert_int_equal(mode(6, 1), VIONET_ACK_ERR);
	assert_int_equal(who(), 15);
}

/* req: DRV-127 DRV-128 DRV-129 */
static void
test_not_accepted(void **state)
{
	unsigned i;

	(void)state;
	nt_up(t, VIONET_F_CTRL_VQ);
	for (i = 0; i < 6; i++)
		assert_int_equal(mode(i, 1), VIONET_ACK_ERR);
	assert_int_equal(tables(nt_peer, NULL), VIONET_ACK_ERR);
	assert_int_equal(set_mac(nt_peer, 6), VIONET_ACK_ERR);
	assert_int_equal(vlan(0, 1), VIONET_ACK_ERR);
	nt_up(t, VIONET_F_CTRL_VQ | VIONET_F_CTRL_RX);
	for (i = 0; i < 6; i++)
		assert_int_equal(mode(i, 1), i < 2 ? VIONET_ACK_OK :
		    VIONET_ACK_ERR);
	nt_up(t, VIONET_F_CTRL_VQ | VIONET_F_CTRL_MAC_ADDR);
	assert_int_equal(set_mac(nt_peer, 6), VIONET_ACK_OK);
}

/* req: NET-102 NET-101 */
static void
test_tables(void **state)
{
	(void)state;
	nt_up(t, UINT64_MAX);
	assert_int_equal(tables(nt_peer, nt_group), VIONET_ACK_OK);
	assert_int_equal(who(), 15);
	assert_int_equal(tables(nt_peer, NULL), VIONET_ACK_OK);
	assert_int_equal(who(), 1 | 2 | 8);
	assert_int_equal(tables(NULL, nt_group), VIONET_ACK_OK);
	assert_int_equal(who(), 1 | 4 | 8);
	/* A reset empties them, and the modes. */
	assert_int_equal(tables(nt_peer, nt_group), VIONET_ACK_OK);
	assert_int_equal(mode(VIONET_RX_ALLMULTI, 1), VIONET_ACK_OK);
	nt_up(t, UINT64_MAX);
	assert_int_equal(who(), 1 | 8);
}

static size_t
counts(uint8_t *c, uint32_t a, uint32_t b)
{
	memset(c, 0, 2 + 8 + 6 * 300);
	c[0] = VIONET_CTRL_MAC;
	le32_put(c + 2, a);
	if (a < 200)
		le32_put(c + 6 + 6 * a, b);
	return 2 + 8 + 6 * (size_t)((a < 200 ? a : 0) + (b < 100 ? b : 0));
}

/* req: DRV-130 */
static void
test_table_counts(void **state)
{
	static uint8_t c[2048];
	size_t len;

	(void)state;
	nt_up(t, UINT64_MAX);
	assert_int_equal(tables(nt_peer, NULL), VIONET_ACK_OK);
	len = counts(c, 0x2aaaaaab, 0);		/* 6 times it is 2 */
	assert_int_equal(nt_command(t, 2, c, len), VIONET_ACK_ERR);
	len = counts(c, 0xffffffff, 0);
	assert_int_equal(nt_command(t, 2, c, len), VIONET_ACK_ERR);
	len = counts(c, 1, 0x2aaaaaab);
	assert_int_equal(nt_command(t, 2, c, len), VIONET_ACK_ERR);
	len = counts(c, 2, 1);
	assert_int_equal(nt_command(t, 2, c, len - 1), VIONET_ACK_ERR);
	assert_int_equal(nt_command(t, 2, c, len + 1), VIONET_ACK_ERR);
	assert_int_equal(nt_command(t, 2, c, 5), VIONET_ACK_ERR);
	assert_int_equal(nt_command(t, 2, c, 2 + 4 + 12 + 3), VIONET_ACK_ERR);
	assert_int_equal(who(), 1 | 2 | 8);	/* the old ones */
	/* More than we keep: all of that kind. */
	len = counts(c, 64, 0);
	assert_int_equal(nt_command(t, 2, c, len), VIONET_ACK_OK);
	assert_int_equal(who(), 1 | 8);
	len = counts(c, 65, 0);
	assert_int_equal(nt_command(t, 2, c, len), VIONET_ACK_OK);
	assert_int_equal(who(), 1 | 2 | 8);
	len = counts(c, 0, 70);
	assert_int_equal(nt_command(t, 2, c, len), VIONET_ACK_OK);
	assert_int_equal(who(), 1 | 4 | 8);
}

/* req: NET-103 DRV-145 */
static void
test_address(void **state)
{
	static const uint8_t new[8] = { 2, 1, 2, 3, 4, 5 };
	uint64_t gen, now;

	(void)state;
	nt_up(t, UINT64_MAX);
	gen = sim_read(t->s, VIODEV_COMMON, VIRTIO_CONFIG_GENERATION, 1);
	assert_int_equal(set_mac(new, 5), VIONET_ACK_ERR);
	assert_int_equal(set_mac(new, 7), VIONET_ACK_ERR);
	assert_int_equal(set_mac(nt_group, 6), VIONET_ACK_ERR);
	assert_int_equal(set_mac(nt_mac, 6), VIONET_ACK_OK);
	assert_int_equal(sim_read(t->s, VIODEV_COMMON,
	    VIRTIO_CONFIG_GENERATION, 1), gen);
	assert_int_equal(set_mac(new, 6), VIONET_ACK_OK);
	now = sim_read(t->s, VIODEV_COMMON, VIRTIO_CONFIG_GENERATION, 1);
	assert_true(now != gen);
	assert_int_equal(nt_config(t, VIONET_C_MAC, 4), 0x03020102);
	assert_int_equal(nt_config(t, VIONET_C_MAC + 4, 2), 0x0504);
	assert_true(nt_arrives(t, new, 60));
	assert_false(nt_arrives(t, nt_mac, 60));
	nt_up(t, UINT64_MAX);
	assert_int_equal(nt_config(t, VIONET_C_MAC, 1), 0xfe);
	assert_false(nt_arrives(t, new, 60));
}

/* A locked card does not even offer to change. */
static void
test_locked(void **state)
{
	struct wbuf w;

	(void)state;
	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_LOCKED, 1);
	nt_start(t, &w);
	nt_up(t, UINT64_MAX);
	assert_int_equal(set_mac(nt_peer, 6), VIONET_ACK_ERR);
	assert_int_equal(sim_virtio(t->s)->offered & VIONET_F_CTRL_MAC_ADDR,
	    0);
}

/* A frame of that network, with priority bits. */
static int
tagged(unsigned id, size_t len)
{
	uint64_t before = nt_count(t, 0, VIONET_PASSED);
	uint8_t *f = nt_fill(t, nt_mac, nt_peer, 64, id);

	f[12] = 0x81;
	f[13] = 0;
	f[14] = (uint8_t)(0xe0 | id >> 8);
	f[15] = (uint8_t)id;
	nt_buffer(t, 0, NT_RX_GPA, 2048);
	nt_input(t, 0, f, len);
	return nt_count(t, 0, VIONET_PASSED) != before;
}

/* req: NET-105 */
static void
test_vlan(void **state)
{
	(void)state;
	nt_up(t, UINT64_MAX & ~VIONET_F_CTRL_VLAN);
	assert_true(tagged(5, 60));
	assert_true(tagged(4095, 60));
	nt_up(t, UINT64_MAX);
	assert_false(tagged(5, 60));
	assert_true(tagged(0, 60));
	assert_int_equal(vlan(VIONET_VLAN_ADD, 5), VIONET_ACK_OK);
	assert_int_equal(vlan(VIONET_VLAN_ADD, 4095), VIONET_ACK_OK);
	assert_int_equal(vlan(VIONET_VLAN_ADD, 4096), VIONET_ACK_ERR);
	assert_int_equal(vlan(2, 5), VIONET_ACK_ERR);
	assert_true(tagged(5, 60));
	assert_true(tagged(4095, 60));
	assert_false(tagged(6, 60));
	assert_int_equal(vlan(VIONET_VLAN_DEL, 5), VIONET_ACK_OK);
	assert_false(tagged(5, 60));
	assert_true(tagged(4095, 60));
	/* A tag that is cut off, in memory of exactly its length. */
	for (size_t len = 14; len < 18; len++) {
		uint8_t *p = malloc(len);

		memcpy(p, nt_fill(t, nt_mac, nt_peer, 64, 1), len);
		p[12] = 0x81;
		p[13] = 0;
		nt_input(t, 0, p, len);
		free(p);
	}
	assert_true(tagged(4095, 18));
	nt_up(t, UINT64_MAX);
	assert_false(tagged(4095, 60));
	assert_int_equal(mode(VIONET_RX_PROMISC, 1), VIONET_ACK_OK);
	assert_true(tagged(9, 60));
}

/* req: DRV-143 */
static void
test_unknown(void **state)
{
	uint8_t c[70000] = { 0 };
	unsigned class, cmd;

	(void)state;
	nt_up(t, UINT64_MAX);
	for (class = 0; class < 256; class += class < 12 ? 1 : 17)
		for (cmd = 0; cmd < 8; cmd++) {
			c[0] = (uint8_t)class;
			c[1] = (uint8_t)cmd;
			/* Too much for every command, or an unknown one. */
			assert_int_equal(nt_command(t, 2, c, 11),
			    VIONET_ACK_ERR);
			assert_int_equal(nt_command(t, 2, c, 1),
			    VIONET_ACK_ERR);
			assert_int_equal(t->used, 1);
		}
	/* Beyond what anybody reads. */
	struct nt_seg sg[6] = { { NT_CTRL_GPA, 0x4000, 0 },
	    { NT_CTRL_GPA, 0x4000, 0 }, { NT_CTRL_GPA, 0x4000, 0 },
	    { NT_CTRL_GPA, 0x4000, 0 }, { NT_CTRL_GPA, 1, 0 },
	    { NT_RX_GPA, 1, 1 } };
	nt_offer(t, 2, sg, 6);
	sim_kick(t->s, 2);
	assert_int_equal(nt_used_len(t, 2, (unsigned)(nt_used(t, 2) - 1)), 1);
}

/* req: DRV-144 */
static void
test_no_answer(void **state)
{
	static const uint8_t c[3] = { VIONET_CTRL_RX, VIONET_RX_PROMISC, 1 };
	struct nt_seg sg = { NT_CTRL_GPA, 3, 0 };

	(void)state;
	nt_up(t, UINT64_MAX);
	(void)arena_poke(&t->s->arena, NT_CTRL_GPA, c, 3);
	nt_offer(t, 2, &sg, 1);
	sim_kick(t->s, 2);
	assert_int_equal(nt_used(t, 2), 1);
	assert_int_equal(nt_used_len(t, 2, 0), 0);
	assert_false(nt_arrives(t, nt_peer, 60));
}

static void
reconf(unsigned tag, unsigned v)
{
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	uint8_t list[16];
	struct wbuf w;

	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, tag, v);
	m.payload = list;
	m.len = w.len;
	sim_deliver(t->s, &m);
}

/* The host wants the guest to be heard: 5.1.6.5.4. */
static void
test_announce(void **state)
{
	static const uint8_t ack[] = { VIONET_CTRL_ANNOUNCE, 0 };
	static const uint8_t odd[] = { VIONET_CTRL_ANNOUNCE, 1 };

	(void)state;
	reconf(DEVCONF_ANNOUNCE, 1);
	nt_up(t, UINT64_MAX);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 1);
	reconf(DEVCONF_ANNOUNCE, 1);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 3);
	assert_int_equal(sim_read(t->s, VIODEV_ISR, 0, 1),
	    VIRTIO_ISR_CONFIG);
	assert_int_equal(nt_command(t, 2, odd, 2), VIONET_ACK_ERR);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 3);
	assert_int_equal(nt_command(t, 2, ack, 2), VIONET_ACK_OK);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 1);
	assert_int_equal(nt_command(t, 2, ack, 2), VIONET_ACK_OK);
	reconf(DEVCONF_ANNOUNCE, 1);
	nt_up(t, VIONET_F_STATUS);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 1);
	reconf(DEVCONF_ANNOUNCE, 1);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 1);
}

static void
test_link(void **state)
{
	(void)state;
	nt_up(t, UINT64_MAX);
	reconf(DEVCONF_LINK, 0);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 0);
	assert_int_equal(sim_read(t->s, VIODEV_ISR, 0, 1), VIRTIO_ISR_CONFIG);
	reconf(DEVCONF_LINK, 0);
	assert_int_equal(sim_read(t->s, VIODEV_ISR, 0, 1), 0);
	reconf(DEVCONF_LINK, 1);
	assert_int_equal(nt_config(t, VIONET_C_STATUS, 2), 1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_modes),
		T(test_not_accepted),
		T(test_tables),
		T(test_table_counts),
		T(test_address),
		T(test_locked),
		T(test_vlan),
		T(test_unknown),
		T(test_no_answer),
		T(test_announce),
		T(test_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
