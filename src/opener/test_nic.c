/* A card's end of the wire in a network namespace; needs root for it. */
#include "nic.h"

#include <sys/ioctl.h>

#include <net/if.h>

#include <linux/sockios.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devconf.h"
#include "test_netns.h"

#define HOST	0x64400702U		/* machine 7, card 0 */

static int here;			/* taps are to be had */
static struct nic n;
static struct tap_why why;

static void
must(const struct nic_conf *c)
{
	if (nic_open(&n, c, &why) == -1)
		fail_msg("%s", why.text);
}

/* Refused with a line, and no interface is left of it. */
static void
must_not(const struct nic_conf *c, const char *part)
{
	assert_int_equal(nic_open(&n, c, &why), -1);
	if (strstr(why.text, part) == NULL)
		fail_msg("no '%s' in: %s", part, why.text);
	assert_int_equal(n.tap.fd, -1);
	assert_int_equal(if_nametoindex("t7"), 0);
}

static struct devconf
values(void)
{
	struct devconf v = { n.conf, n.conflen };
	const char *reason;
	size_t off;

	if (devconf_check(&v, &off, &reason) == -1)
		fail_msg("%s", reason);
	return v;
}

static int
get(unsigned long what, const char *name, struct ifreq *r)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rv;

	memset(r, 0, sizeof(*r));
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%s", name);
	rv = ioctl(s, what, r);
	close(s);
	return rv;
}

static void
test_mac(void **state)
{
	static const uint8_t want[6] = { 0xfe, 0xe1, 0xbb, 0xd4, 0xab, 0xcd };
	uint8_t mac[6];

	(void)state;
	nic_mac(mac, 3, 0xabcd);
	assert_memory_equal(mac, want, 6);
}

static void
test_plain(void **state)
{
	const struct nic_conf c = { .tap = "t7", .index = 1 };
	const uint8_t *mac;
	struct devconf v;
	struct ifreq r;
	size_t len;

	(void)state;
	if (!here)
		skip();
	must(&c);
	assert_string_equal(n.tap.name, "t7");
	v = values();
	mac = devconf_bytes(&v, DEVCONF_MAC, &len);
	assert_memory_equal(mac, "\xfe\xe1\xbb\xd2", 4);
	assert_memory_equal(mac, n.mac, 6);
	assert_int_equal(get(SIOCGIFHWADDR, "t7", &r), 0);
	assert_memory_equal(devconf_bytes(&v, DEVCONF_HOSTMAC, &len),
	    r.ifr_hwaddr.sa_data, 6);
	assert_false(devconf_has(&v, DEVCONF_GUESTADDR));
	assert_false(devconf_has(&v, DEVCONF_LOCKED));
	assert_int_equal(get(SIOCGIFFLAGS, "t7", &r), 0);
	assert_true(r.ifr_flags & IFF_UP);
}

static void
test_local(void **state)
{
	const struct nic_conf c = {
		.tap = "t7", .local = 1, .machine = 7, .hostname = "web",
		.locked = 1, .mtu = 1400, .pairs = 2, .qsize = 128,
		.offload = 1, .netboot = 1,
		.mac = { 0xfe, 0xe1, 0xbb, 0xd1, 1, 2 }
	};
	struct nic_conf d = c;
	struct sockaddr_in in;
	struct devconf v;
	struct ifreq r;
	struct nic first;
	size_t len;

	(void)state;
	if (!here)
		skip();
	must(&c);
	v = values();
	assert_int_equal(devconf_int(&v, DEVCONF_HOSTADDR, 0), HOST);
	assert_int_equal(devconf_int(&v, DEVCONF_GUESTADDR, 0), HOST + 1);
	assert_int_equal(devconf_int(&v, DEVCONF_LOCKED, 0), 1);
	assert_int_equal(devconf_int(&v, DEVCONF_MTU, 0), 1400);
	assert_int_equal(devconf_int(&v, DEVCONF_NQUEUES, 0), 2);
	assert_int_equal(devconf_int(&v, DEVCONF_QSIZE, 0), 128);
	assert_int_equal(devconf_int(&v, DEVCONF_OFFLOAD, 0), 1);
	assert_int_equal(devconf_int(&v, DEVCONF_NETBOOT, 0), 1);
	assert_memory_equal(devconf_bytes(&v, DEVCONF_HOSTNAME, &len), "web",
	    3);
	assert_memory_equal(devconf_bytes(&v, DEVCONF_MAC, &len), c.mac, 6);
	assert_int_equal(get(SIOCGIFADDR, "t7", &r), 0);
	memcpy(&in, &r.ifr_addr, sizeof(in));
	assert_int_equal(ntohl(in.sin_addr.s_addr), HOST);
	assert_int_equal(get(SIOCGIFMTU, "t7", &r), 0);
	assert_int_equal(r.ifr_mtu, 1400);
	/* The same address once more, by another name. */
	first = n;
	d.tap = "t8";
	assert_int_equal(nic_open(&n, &d, &why), -1);
	assert_non_null(strstr(why.text, "100.64.7.2: in use by t7"));
	assert_int_equal(if_nametoindex("t8"), 0);
	n = first;
}

static void
test_refused(void **state)
{
	(void)state;
	if (!here)
		skip();
	must_not(&(struct nic_conf){ .tap = "t7", .bridge = "nobody" },
	    "nobody: no such bridge");
	must_not(&(struct nic_conf){ .tap = "t7", .bridge = "b", .local = 1 },
	    "belongs to no bridge");
	must_not(&(struct nic_conf){ .tap = "t7", .local = 1,
	    .machine = 1 << 20 }, "no local addresses");
	must_not(&(struct nic_conf){ .tap = "t7", .mtu = 1U << 30 },
	    "takes no such MTU");
	must_not(&(struct nic_conf){ .tap = "x/y" }, "x/y: no name");
}

static int
teardown(void **state)
{
	(void)state;
	if (here)
		nic_close(&n);
	return if_nametoindex("t7") == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mac),
		cmocka_unit_test_teardown(test_plain, teardown),
		cmocka_unit_test_teardown(test_local, teardown),
		cmocka_unit_test_teardown(test_refused, teardown),
	};

	here = netns_enter();
	if (!here)
		fprintf(stderr, "no network namespace with taps here: %s\n",
		    strerror(errno));
	n.tap.fd = -1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
