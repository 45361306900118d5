/* Taps, addresses and bridges in a network namespace; needs root for it. */
#include "test_netns.h"

#include <sys/ioctl.h>

#include <net/if.h>

#include <linux/sockios.h>

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define GUEST	0x64400103U
#define HOST	0x64400102U

static int here;			/* taps are to be had */
static struct tap_why why;
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static void
must(int res)
{
	if (res == -1)
		fail_msg("%s", why.text);
}

/* A frame from a tap that passes the test, or 0 when none comes. */
static size_t
frame(int fd, uint8_t *f, size_t cap, int (*is)(const uint8_t *, size_t))
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while (poll(&p, 1, 2000) == 1) {
		n = read(fd, f, cap);
		if (n > 0 && is(f, (size_t)n))
			return (size_t)n;
	}
	return 0;
}

static int
is_arp(const uint8_t *f, size_t len)
{
	return len >= 42 && f[12] == 8 && f[13] == 6;
}

static int
is_ours(const uint8_t *f, size_t len)
{
	return len >= 42 + 5 && memcmp(f + 42, "hello", 5) == 0;
}

static int
is_ours_behind(const uint8_t *f, size_t len)
{
	return len >= 12 && is_ours(f + 12, len - 12);
}

static void
test_names(void **state)
{
	struct tap a, b, c;

	(void)state;
	if (!here)
		skip();
	must(tap_open(&a, "tap", 0, &why));
	assert_string_equal(a.name, "tap0");
	must(tap_open(&b, "tap", 0, &why));
	assert_string_equal(b.name, "tap1");
	assert_int_equal(tap_open(&c, "tap0", 0, &why), -1);
	assert_string_equal(why.text, "tap0: in use; another name or \"tap\" "
	    "for any");
	assert_int_equal(c.fd, -1);
	must(tap_open(&c, "vm7-if0", 0, &why));
	assert_string_equal(c.name, "vm7-if0");
	tap_close(&a);
	must(tap_open(&a, "tap", 0, &why));
	assert_string_equal(a.name, "tap0");
	tap_close(&a);
	tap_close(&b);
	tap_close(&c);
	assert_int_equal(if_nametoindex("tap0"), 0);
}

static void
test_bad_names(void **state)
{
	static const char *const bad[] = {
		"", "a/b", "sixteen-letters-", "tap%d", "a b", "x:1"
	};
	struct tap t;
	unsigned i;

	(void)state;
	if (!here)
		skip();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tap_open(&t, bad[i], 0, &why), -1);
		assert_non_null(strstr(why.text, "no name of an interface"));
	}
	assert_int_equal(tap_up("nobody", 1, &why), -1);
	assert_non_null(strstr(why.text, "nobody: "));
}

static void
open_local(struct tap *t, int offload)
{
	must(tap_open(t, "tap", offload, &why));
	must(tap_address(t->name, HOST, 0xfffffffe, &why));
	must(tap_up(t->name, 1, &why));
}

/* The host asks for the guest's MAC, is told, and sends its datagram. */
static void
test_local(void **state)
{
	uint8_t f[2048], host[6], none[6] = { 0 };
	struct tap t;
	size_t n;

	(void)state;
	if (!here)
		skip();
	open_local(&t, 0);
	must(tap_mac(&t, host, &why));
	assert_memory_not_equal(host, none, 6);
	assert_int_equal(netns_send(GUEST, "hello", 5), 0);
	n = frame(t.fd, f, sizeof(f), is_arp);
	assert_memory_equal(f + 6, host, 6);
	assert_int_equal(netns_arp(f, n, mac, GUEST), 0);
	assert_int_equal(write(t.fd, f, 42), 42);
	n = frame(t.fd, f, sizeof(f), is_ours);
	assert_int_equal(n, 42 + 5);
	assert_memory_equal(f, mac, 6);
	must(tap_up(t.name, 0, &why));
	assert_int_equal(netns_send(GUEST, "hello", 5), -1);
	tap_close(&t);
}

/* With offload there are twelve bytes in front, and a sum to be made. */
static void
test_offload(void **state)
{
	uint8_t f[2048] = { 0 };
	struct tap t;
	size_t n;

	(void)state;
	if (!here)
		skip();
	open_local(&t, 1);
	assert_int_equal(netns_send(GUEST, "hello", 5), 0);
	do
		n = (size_t)read(t.fd, f, sizeof(f));
	while (n == (size_t)-1 || !is_arp(f + 12, n - 12));
	assert_int_equal(netns_arp(f + 12, n - 12, mac, GUEST), 0);
	memset(f, 0, 12);
	assert_int_equal(write(t.fd, f, 54), 54);
	n = frame(t.fd, f, sizeof(f), is_ours_behind);
	assert_int_equal(n, 12 + 42 + 5);
	assert_int_equal(f[0] & 1, 1);		/* NEEDS_CSUM */
	assert_int_equal(f[1], 0);		/* never segmented */
	assert_int_equal(f[6] | f[7] << 8, 34);
	assert_int_equal(f[8] | f[9] << 8, 6);
	tap_close(&t);
}

static void
make_bridge(const char *name)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (ioctl(s, SIOCBRADDBR, name) == -1) {
		close(s);
		skip();			/* a kernel without bridges */
	}
	close(s);
	must(tap_up(name, 1, &why));
}

/* What one member sends the other one gets. */
static void
test_bridge(void **state)
{
	uint8_t f[2048], g[60] = { 0 };
	struct tap a, b;
	int i;

	(void)state;
	if (!here)
		skip();
	must(tap_open(&a, "tap", 0, &why));
	assert_int_equal(tap_join(a.name, "br7", &why), -1);
	assert_non_null(strstr(why.text, "br7: "));
	make_bridge("br7");
	assert_int_equal(tap_join("nobody", "br7", &why), -1);
	must(tap_open(&b, "tap", 0, &why));
	must(tap_join(a.name, "br7", &why));
	must(tap_join(b.name, "br7", &why));
	must(tap_up(a.name, 1, &why));
	must(tap_up(b.name, 1, &why));
	memset(g, 0xff, 6);
	memcpy(g + 6, mac, 6);
	g[12] = 0x88;
	memcpy(g + 42, "hello", 5);
	for (i = 0; i < 50; i++) {
		/* A port is not open at once. */
		assert_int_equal(write(a.fd, g, sizeof(g)), sizeof(g));
		usleep(20000);
		if (read(b.fd, f, sizeof(f)) == 60 && is_ours(f, 60))
			break;
	}
	assert_true(i < 50);
	tap_close(&a);
	tap_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_bridge),
	};

	here = netns_enter();
	if (!here)
		fprintf(stderr, "no network namespace with taps here: %s\n",
		    strerror(errno));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
