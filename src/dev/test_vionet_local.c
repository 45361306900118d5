/* The local interface: DHCP is answered by the card itself. */
#include "test_client.h"
#include "test_net.h"

static struct nt *t;

/*
 * The list of a local interface; the network mask only if it is not 0, a boot
 * from the network only with a name.
 */
static void
start(unsigned pairs, uint32_t mask, const char *name)
{
	struct wbuf w;

	wb_init(&w, t->conf, sizeof(t->conf));
	devconf_put_bytes(&w, DEVCONF_MAC, guest_mac, 6);
	devconf_put_int(&w, DEVCONF_NQUEUES, pairs);
	devconf_put_int(&w, DEVCONF_GUESTADDR, GUEST);
	devconf_put_int(&w, DEVCONF_HOSTADDR, HOST);
	if (mask != 0)
		devconf_put_int(&w, DEVCONF_NETMASK, mask);
	devconf_put_bytes(&w, DEVCONF_HOSTMAC, host_mac, 6);
	if (name != NULL) {
		devconf_put_int(&w, DEVCONF_NETBOOT, 1);
		devconf_put_bytes(&w, DEVCONF_HOSTNAME, name, strlen(name));
	}
	nt_start(t, &w);
}

static int
setup(void **state)
{
	(void)state;
	t = nt_new();
	start(1, 0, "puffy");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	nt_free(t);
	return 0;
}

/* DISCOVER as t->frame; its length. */
static size_t
discover(unsigned xid)
{
	static const uint8_t type[] = { 53, 1, 1 };
	uint8_t *f = t->frame + VIONET_HDR;
	size_t len;

	memset(t->frame, 0, VIONET_HDR);
	len = client_frame(f, 342, type, sizeof(type));
	f[MSG + 4] = (uint8_t)xid;
	client_seal(f, len);
	return len;
}

/* The frame in the i-th buffer. */
static const uint8_t *
got(unsigned i)
{
	static uint8_t b[700];

	(void)arena_peek(&t->s->arena, NT_RX_GPA + 0x800 * i, b, sizeof(b));
	return b + VIONET_HDR;
}

static void
test_answered(void **state)
{
	size_t len;
	const uint8_t *f;

	(void)state;
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	len = discover(0x55);
	nt_send(t, len);
	assert_int_equal(t->nsent, 0);
	assert_int_equal(nt_count(t, 1, VIONET_ANSWERED), 1);
	assert_int_equal(nt_used(t, 1), 1);
	assert_int_equal(nt_used(t, 0), 1);
	f = got(0);
	assert_memory_equal(f, guest_mac, 6);
	assert_int_equal(f[MSG], 2);
	assert_int_equal(f[MSG + 4], 0x55);
	assert_int_equal(f[MSG + 16] << 24 | f[MSG + 17] << 16 |
	    f[MSG + 18] << 8 | f[MSG + 19], GUEST);
	assert_string_equal((const char *)f + MSG + 108, DHCP_FILE);
	assert_int_equal(vionet_dhcp(t->s->dev, 0)->n[DHCP_ANSWERED], 1);
}

/* The value of an option in the answer to a question; its length. */
static size_t
ask(unsigned want, uint8_t val[256])
{
	struct dhcp_cursor c;
	const uint8_t *p;
	unsigned code;
	size_t len;

	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	nt_send(t, discover(1));
	assert_int_equal(nt_used(t, 0), 1);
	len = nt_used_len(t, 0, 0) - VIONET_HDR - MSG;
	assert_int_equal(dhcp_options(&c, got(0) + MSG, len), 0);
	while (dhcp_next(&c, &code, &p, &len))
		if (code == want) {
			memcpy(val, p, len);
			return len;
		}
	return 0;
}

/* What was attached is what the guest is told. */
static void
test_told(void **state)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyz0123456789"
	    "abcdefghijklmnopqrstuvwxyz01";
	uint8_t v[256];

	(void)state;
	assert_int_equal(ask(DHCP_MASK, v), 4);
	assert_memory_equal(v, "\xff\xff\xff\xfe", 4);
	assert_int_equal(ask(DHCP_SERVER, v), 4);
	assert_memory_equal(v, "\x64\x40\x01\x02", 4);
	assert_int_equal(ask(DHCP_ROUTER, v), 4);
	assert_memory_equal(v, "\x64\x40\x01\x02", 4);
	assert_int_equal(ask(DHCP_HOSTNAME, v), 5);
	assert_memory_equal(v, "puffy", 5);
	start(1, 0xffffff00, longest);
	assert_int_equal(ask(DHCP_MASK, v), 4);
	assert_memory_equal(v, "\xff\xff\xff\x00", 4);
	assert_int_equal(ask(DHCP_HOSTNAME, v), DEVCONF_MAXSTR);
	assert_memory_equal(v, longest, DEVCONF_MAXSTR);
	start(1, 0, NULL);
	assert_int_equal(ask(DHCP_HOSTNAME, v), 0);
	assert_int_equal(got(0)[MSG + 108], 0);
}

/* A renewal goes to the host's address, which was known from the start. */
static void
test_renewal(void **state)
{
	uint8_t *f = t->frame + VIONET_HDR;
	size_t len;

	(void)state;
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	len = discover(1);
	memcpy(f, host_mac, 6);
	nt_send(t, len);
	assert_int_equal(t->nsent, 0);
	assert_int_equal(nt_used(t, 0), 1);
}

static uint64_t
looked_at(unsigned pair)
{
	const struct dhcp_stat *st = vionet_dhcp(t->s->dev, pair);
	uint64_t all = 0;
	unsigned i;

	for (i = 0; i < DHCP_NRESULTS; i++)
		all += st->n[i];
	return all;
}

/* IPv4 of a length for DHCP, on a local interface: nothing else is read. */
static void
test_worth(void **state)
{
	static const size_t lens[] = { DHCP_FRAME_MIN - 1, DHCP_FRAME_MIN,
	    DHCP_FRAME_MAX, DHCP_FRAME_MAX + 1 };
	uint8_t *f = t->frame + VIONET_HDR;
	unsigned i;

	(void)state;
	nt_up(t, 0);
	for (i = 0; i < 4; i++) {
		(void)discover(1);
		memset(f + 342, 0, DHCP_FRAME_MAX + 1 - 342);
		client_seal(f, lens[i]);
		nt_send(t, lens[i]);
		assert_int_equal(looked_at(0), i < 2 ? i : 2);
	}
	f[12] = 0x86;
	nt_send(t, DHCP_FRAME_MIN);
	f[12] = 0x08;
	f[13] = 0x06;
	nt_send(t, DHCP_FRAME_MIN);
	assert_int_equal(looked_at(0), 2);
	nt_start(t, NULL);
	nt_up(t, 0);
	nt_send(t, discover(1));
	assert_int_equal(looked_at(0), 0);
}

/* The guest goes by another address: that one is answered, a reload later. */
static void
test_new_address(void **state)
{
	static const uint8_t set[] = { VIONET_CTRL_MAC, VIONET_MAC_ADDR,
	    2, 7, 7, 7, 7, 7 };
	uint8_t *f = t->frame + VIONET_HDR;
	size_t len;

	(void)state;
	nt_up(t, UINT64_MAX);
	assert_int_equal(nt_command(t, 2, set, sizeof(set)), VIONET_ACK_OK);
	sim_reload(t->s);
	len = discover(1);
	memcpy(f + 6, set + 2, 6);
	memcpy(f + MSG + 28, set + 2, 6);
	client_seal(f, len);
	nt_send(t, len);
	assert_int_equal(nt_count(t, 1, VIONET_ANSWERED), 1);
	nt_send(t, discover(1));
	assert_int_equal(nt_count(t, 1, VIONET_ANSWERED), 1);
	assert_int_equal(t->nsent, 1);
}

/* Each pair has an answer of its own. */
static void
test_third_pair(void **state)
{
	static const uint8_t three[] = { VIONET_CTRL_MQ, 0, 3, 0 };
	size_t len;

	(void)state;
	start(3, 0, "puffy");
	nt_up(t, UINT64_MAX);
	assert_int_equal(nt_command(t, 6, three, 4), VIONET_ACK_OK);
	len = discover(9);
	nt_send_cut(t, 5, VIONET_HDR + len, NULL, 0);
	assert_int_equal(nt_count(t, 5, VIONET_ANSWERED), 1);
	assert_int_equal(looked_at(0), 0);
	assert_int_equal(looked_at(1), 0);
	assert_int_equal(vionet_dhcp(t->s->dev, 2)->n[DHCP_ANSWERED], 1);
	sim_reload(t->s);
	nt_buffer(t, 2, ARENA_HIGH + 0x2800, 1526);
	assert_int_equal(nt_used(t, 2), 0);
	nt_buffer(t, 4, ARENA_HIGH + 0x3000, 1526);
	assert_int_equal(nt_used(t, 4), 1);
}

/* In one piece or in many: it does not get by. */
static void
test_cuts(void **state)
{
	unsigned cut[15], i, n;
	size_t len;

	(void)state;
	for (n = 1; n <= 15; n++) {
		nt_up(t, 0);
		nt_buffer(t, 0, NT_RX_GPA, 1526);
		for (i = 0; i < n; i++)
			cut[i] = 1 + 3 * n % 20;
		len = discover(n);
		nt_send_cut(t, 1, VIONET_HDR + len, cut, n);
		assert_int_equal(t->nsent, 0);
		assert_int_equal(got(0)[MSG + 4], n);
	}
}

/* One answer waits; a second question is lost, no more is kept. */
static void
test_waits(void **state)
{
	size_t len;

	(void)state;
	nt_up(t, 0);
	len = discover(1);
	nt_send(t, len);
	len = discover(2);
	nt_send(t, len);
	assert_int_equal(nt_count(t, 1, VIONET_ANSWERED), 1);
	assert_int_equal(nt_count(t, 1, VIONET_LOST), 1);
	assert_int_equal(t->nsent, 0);
	sim_reload(t->s);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	assert_int_equal(nt_used(t, 0), 1);
	assert_int_equal(got(0)[MSG + 4], 1);
	nt_buffer(t, 0, NT_RX_GPA + 0x800, 1526);
	assert_int_equal(nt_used(t, 0), 1);
	len = discover(3);
	nt_send(t, len);
	assert_int_equal(got(1)[MSG + 4], 3);
	/* A reset forgets it. */
	len = discover(4);
	nt_send(t, len);
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	assert_int_equal(nt_used(t, 0), 0);
}

/* A buffer that is too small for it ends the waiting. */
static void
test_too_small(void **state)
{
	(void)state;
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 100);
	nt_send(t, discover(1));
	assert_int_equal(nt_used(t, 0), 0);
	assert_int_equal(nt_count(t, 0, VIONET_NOBUF), 1);
	nt_up(t, VIONET_F_MRG_RXBUF);
	nt_buffer(t, 0, NT_RX_GPA, 200);
	nt_buffer(t, 0, NT_RX_GPA + 200, 200);
	nt_send(t, discover(2));
	assert_int_equal(nt_used(t, 0), 2);
	assert_int_equal(got(0)[MSG + 4], 2);
}

/* What is no request goes out as it is, and is counted. */
static void
test_others(void **state)
{
	uint8_t *f = t->frame + VIONET_HDR;
	size_t len;

	(void)state;
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	len = discover(1);
	f[UDP + 3] = 68;
	client_seal(f, len);
	nt_send(t, len);
	assert_int_equal(t->nsent, 1);
	assert_memory_equal(t->sent, f, len);
	len = discover(1);
	f[100] ^= 1;			/* its checksum */
	nt_send(t, len);
	assert_int_equal(t->nsent, 2);
	assert_int_equal(vionet_dhcp(t->s->dev, 0)->n[DHCP_BAD_SUM], 1);
	len = discover(1);
	f[13] = 6;
	nt_send(t, len);
	assert_int_equal(t->nsent, 3);
	assert_int_equal(nt_used(t, 0), 0);
	/* A broken card somewhere else has no such service. */
	nt_start(t, NULL);
	nt_up(t, 0);
	nt_send(t, discover(1));
	assert_int_equal(t->nsent, 1);
}

/* The host's MAC may come late: unicast renewals go there. */
static void
test_hostmac(void **state)
{
	static const uint8_t late[6] = { 2, 9, 9, 9, 9, 9 };
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	uint8_t list[16], *f = t->frame + VIONET_HDR;
	struct wbuf w;
	size_t len;

	(void)state;
	nt_up(t, 0);
	nt_buffer(t, 0, NT_RX_GPA, 1526);
	len = discover(1);
	memcpy(f, late, 6);
	nt_send(t, len);
	assert_int_equal(t->nsent, 1);
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_HOSTMAC, late, 6);
	m.payload = list;
	m.len = w.len;
	sim_deliver(t->s, &m);
	nt_send(t, len);
	assert_int_equal(t->nsent, 1);
	assert_int_equal(nt_used(t, 0), 1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_answered),
		T(test_told),
		T(test_renewal),
		T(test_worth),
		T(test_new_address),
		T(test_third_pair),
		T(test_cuts),
		T(test_waits),
		T(test_too_small),
		T(test_others),
		T(test_hostmac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
