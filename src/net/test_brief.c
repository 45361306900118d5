#include "test_client.h"

#include "brief.h"

static char line[BRIEF_MAX];

static const char *
brief(const void *p, size_t len)
{
	memset(line, 'x', sizeof(line));
	return net_brief(line, sizeof(line), p, len);
}

static void
requests(void **state)
{
	uint8_t f[342];
	static const char opt[] = "\x35\x01\x03\x32\x04\x64\x40\x01\x03"
	    "\x36\x04\x64\x40\x01\x02\x0c\x04" "a\"\x01\\\xff";

	(void)state;
	client_frame(f, 342, opt, sizeof(opt) - 1);
	assert_string_equal(brief(f, 342), "dhcp REQUEST xid 0xdeadbeef from "
	    "02:00:00:aa:bb:ff wants 100.64.1.3 server 100.64.1.2 name "
	    "\"a\\x22\\x01\\x5c\"");
	memcpy(f + MSG + 12, "\x0a\x00\x00\x09", 4);
	assert_string_equal(brief(f, 342), "dhcp REQUEST xid 0xdeadbeef from "
	    "02:00:00:aa:bb:ff has 10.0.0.9 wants 100.64.1.3 server "
	    "100.64.1.2 name \"a\\x22\\x01\\x5c\"");
	client_frame(f, 342, "", 0);
	assert_string_equal(brief(f, 342), "bootp request xid 0xdeadbeef from "
	    "02:00:00:aa:bb:ff");
	f[MSG] = 9;
	assert_string_equal(brief(f, 342), "bootp message xid 0xdeadbeef from "
	    "02:00:00:aa:bb:ff");
	client_frame(f, 342, "\x35\x01\x63\x33\x04\0\0\x0e\x10\xff", 10);
	assert_string_equal(brief(f, 342), "dhcp type 99 xid 0xdeadbeef from "
	    "02:00:00:aa:bb:ff lease 3600 s");
}

static void
answers(void **state)
{
	struct dhcp_conf c = client_conf();
	uint8_t f[342], r[DHCP_REPLY_MAX];
	size_t n;

	(void)state;
	c.netboot = 1;
	c.hostname = "puffy";
	client_frame(f, 342, "\x35\x01\x01\xff", 4);
	assert_int_equal(dhcp_answer(&c, f, 342, r, &n), DHCP_ANSWERED);
	assert_string_equal(brief(r, n), "dhcp OFFER xid 0xdeadbeef to "
	    "02:00:00:aa:bb:ff gets 100.64.1.3 next 100.64.1.2 file "
	    "\"auto_install\" lease forever server 100.64.1.2 mask "
	    "255.255.255.254 router 100.64.1.2 dns 100.64.1.2 name "
	    "\"puffy\"");
	client_frame(f, 342, "", 0);
	c.netboot = 0;
	assert_int_equal(dhcp_answer(&c, f, 342, r, &n), DHCP_ANSWERED);
	assert_string_equal(brief(r, n), "bootp reply xid 0xdeadbeef to "
	    "02:00:00:aa:bb:ff gets 100.64.1.3 next 100.64.1.2 mask "
	    "255.255.255.254 router 100.64.1.2 dns 100.64.1.2");
}

/* A name of 32 characters is shown whole, of 33 in part. */
static void
long_names(void **state)
{
	uint8_t f[342], opt[2 + 33];

	(void)state;
	memset(opt, 'n', sizeof(opt));
	opt[0] = 12;
	opt[1] = 32;
	client_frame(f, 342, opt, 2 + 32);
	assert_string_equal(brief(f, 342), "bootp request xid 0xdeadbeef from "
	    "02:00:00:aa:bb:ff name \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\"");
	opt[1] = 33;
	client_frame(f, 342, opt, sizeof(opt));
	assert_string_equal(brief(f, 342), "bootp request xid 0xdeadbeef from "
	    "02:00:00:aa:bb:ff name \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...\"");
}

static void
other_ip(void **state)
{
	uint8_t f[MSG + 64] = { 0 };

	(void)state;
	client_frame(f, 64, "", 0);
	assert_string_equal(brief(f, 64), "udp 0.0.0.0:68 > "
	    "255.255.255.255:67, 30 bytes");
	f[UDP + 1] = 53;
	memcpy(f + IP + 12, "\x0a\x01\x02\x03", 4);
	assert_string_equal(brief(f, 64), "udp 10.1.2.3:53 > "
	    "255.255.255.255:67, 30 bytes");
	f[IP + 9] = 6;
	assert_string_equal(brief(f, 64), "tcp 10.1.2.3:53 > "
	    "255.255.255.255:67, 30 bytes");
	f[IP + 7] = 9;
	assert_string_equal(brief(f, 64), "tcp fragment 10.1.2.3 > "
	    "255.255.255.255, 30 bytes");
	f[IP + 7] = 0;
	f[IP + 3] = 23;
	assert_string_equal(brief(f, 64), "tcp fragment 10.1.2.3 > "
	    "255.255.255.255, 3 bytes");
	f[IP + 9] = 1;
	assert_string_equal(brief(f, 64), "icmp 10.1.2.3 > "
	    "255.255.255.255, 3 bytes");
	f[IP + 9] = 89;
	assert_string_equal(brief(f, 64), "ipv4 protocol 89 10.1.2.3 > "
	    "255.255.255.255, 3 bytes");
	f[IP] = 0x44;
	assert_string_equal(brief(f, 64), "ipv4 with a broken header, 50 "
	    "bytes");
}

static void
not_ip(void **state)
{
	uint8_t f[42] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x06,
	    0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2,
	    0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };

	(void)state;
	assert_string_equal(brief(f, 42), "arp who has 10.0.0.1 tell "
	    "10.0.0.2");
	f[21] = 2;
	assert_string_equal(brief(f, 42), "arp 10.0.0.2 is at "
	    "02:00:00:00:00:02");
	f[21] = 3;
	assert_string_equal(brief(f, 42), "arp operation 3");
	f[18] = 8;
	assert_string_equal(brief(f, 42), "arp of another kind, 28 bytes");
	f[18] = 6;
	assert_string_equal(brief(f, 41), "arp of another kind, 27 bytes");
	f[19] = 16;
	assert_string_equal(brief(f, 42), "arp of another kind, 28 bytes");
	f[19] = 4;
	f[16] = 9;
	assert_string_equal(brief(f, 42), "arp of another kind, 28 bytes");
	f[12] = 0x86;
	f[13] = 0xdd;
	assert_string_equal(brief(f, 42), "ipv6 02:00:00:00:00:02 > "
	    "02:00:00:00:00:01, 28 bytes");
	f[12] = 0x12;
	assert_string_equal(brief(f, 42), "type 0x12dd 02:00:00:00:00:02 > "
	    "02:00:00:00:00:01, 28 bytes");
	assert_string_equal(brief(f, 13), "no frame, 13 bytes");
}

/* No buffer is too small, and nothing is written behind its end. */
static void
small_buffers(void **state)
{
	uint8_t f[342];
	char b[64];
	size_t cap, i;

	(void)state;
	client_frame(f, 342, "\x35\x01\x01\xff", 4);
	brief(f, 342);
	for (cap = 0; cap < sizeof(b); cap++) {
		memset(b, 'x', sizeof(b));
		assert_ptr_equal(net_brief(b, cap, f, 342), b);
		if (cap > 0) {
			assert_int_equal(strlen(b), cap - 1 < strlen(line) ?
			    cap - 1 : strlen(line));
			assert_memory_equal(b, line, strlen(b));
		}
		for (i = cap; i < sizeof(b); i++)
			assert_int_equal(b[i], 'x');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(answers),
		cmocka_unit_test(long_names),
		cmocka_unit_test(other_ip),
		cmocka_unit_test(not_ip),
		cmocka_unit_test(small_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
