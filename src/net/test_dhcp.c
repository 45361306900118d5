/* Requests that are answered, and every byte of the answers. */
#include "test_client.h"

#include <stdlib.h>

static uint8_t frame[DHCP_FRAME_MAX], reply[DHCP_REPLY_MAX];
static size_t len;

static enum dhcp_result
ask(const struct dhcp_conf *c, const void *options, size_t n)
{
	size_t flen = client_frame(frame, OPTIONS + 64, options, n);

	memset(reply, 0x5a, sizeof(reply));
	return dhcp_answer(c, frame, flen, reply, &len);
}

#define ASK(c, s)	ask((c), (s), sizeof(s) - 1)

/* The bytes of all headers and fixed fields. */
static void
check_frame(const struct dhcp_conf *c, int nak)
{
	static const uint8_t src[] = { 2, 0, 0, 0xaa, 0xbb, 0 };
	static const uint8_t zero[192];
	const uint8_t *m = reply + MSG;

	assert_memory_equal(reply, guest_mac, 6);
	assert_memory_equal(reply + 6, src, 6);
	assert_memory_equal(reply + 12, "\x08\x00\x45\x10", 4);
	assert_int_equal(reply[IP + 2] << 8 | reply[IP + 3], len - IP);
	assert_memory_equal(reply + IP + 4, zero, 4);
	assert_int_equal(reply[IP + 8], 16);
	assert_int_equal(reply[IP + 9], 17);
	assert_int_equal(client_sum(reply + IP, 20, 0), 0xffff);
	assert_memory_equal(reply + IP + 12, "\x64\x40\x01\x02", 4);
	assert_memory_equal(reply + IP + 16, "\x64\x40\x01\x03", 4);
	assert_memory_equal(reply + UDP, "\x00\x43\x00\x44", 4);
	assert_int_equal(reply[UDP + 4] << 8 | reply[UDP + 5], len - UDP);
	assert_int_equal(client_udp_sum(reply), 0xffff);
	assert_memory_equal(m, "\x02\x01\x06\x00\xde\xad\xbe\xef", 8);
	assert_memory_equal(m + 8, zero, 8);
	assert_memory_equal(m + 16, nak ? "\0\0\0\0" : "\x64\x40\x01\x03", 4);
	assert_memory_equal(m + 20, nak ? "\0\0\0\0" : "\x64\x40\x01\x02", 4);
	assert_memory_equal(m + 24, zero, 4);
	assert_memory_equal(m + 28, guest_mac, 6);
	assert_memory_equal(m + 34, zero, 74);
	if (c->netboot && !nak)
		assert_string_equal((const char *)m + 108, "auto_install");
	else
		assert_memory_equal(m + 108, zero, 128);
}

/* The options are these, and nothing but zeros comes behind them. */
static void
check_options(const void *want, size_t n)
{
	size_t i, total = 236 + 4 + n < 300 ? 300 : 236 + 4 + n;

	assert_int_equal(len, MSG + total);
	assert_memory_equal(reply + OPTIONS, "\x63\x82\x53\x63", 4);
	assert_memory_equal(reply + OPTIONS + 4, want, n);
	for (i = OPTIONS + 4 + n; i < len; i++)
		assert_int_equal(reply[i], 0);
}

#define OPTIONS_ARE(s)	check_options((s), sizeof(s) - 1)

#define ADDRESSES							\
	"\x01\x04\xff\xff\xff\xfe" "\x03\x04\x64\x40\x01\x02"		\
	"\x06\x04\x64\x40\x01\x02"
#define LEASE	"\x33\x04\xff\xff\xff\xff" "\x36\x04\x64\x40\x01\x02"
#define OFFER	"\x35\x01\x02" LEASE ADDRESSES "\xff"
#define ACK	"\x35\x01\x05" LEASE ADDRESSES "\xff"
#define NAK	"\x35\x01\x06" "\x36\x04\x64\x40\x01\x02" "\xff"

static void
discover_is_offered(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE(OFFER);
}

static void
request_is_acknowledged(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	assert_int_equal(ASK(&c, "\x35\x01\x03\xff"), DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE(ACK);
	assert_int_equal(ASK(&c, "\x35\x01\x03\x32\x04\x64\x40\x01\x03\xff"),
	    DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE(ACK);
}

/* A renewal goes to the host's address with the guest's own in ciaddr. */
static void
renewal(void **state)
{
	struct dhcp_conf c = client_conf();
	size_t n = client_frame(frame, 342, "\x35\x01\x03\xff", 4);

	(void)state;
	memcpy(frame, host_mac, 6);
	memcpy(frame + IP + 12, "\x64\x40\x01\x03\x64\x40\x01\x02", 8);
	memcpy(frame + MSG + 12, "\x64\x40\x01\x03", 4);
	client_seal(frame, n);
	assert_int_equal(dhcp_answer(&c, frame, n, reply, &len),
	    DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE(ACK);
}

static void
all_else_is_refused(void **state)
{
	struct dhcp_conf c = client_conf();
	uint8_t opt[] = { 53, 1, 0, 255 };
	unsigned t;

	(void)state;
	for (t = 1; t < 256; t++) {
		opt[2] = (uint8_t)t;
		assert_int_equal(ask(&c, opt, sizeof(opt)), DHCP_ANSWERED);
		if (t == 1 || t == 3)
			continue;
		check_frame(&c, 1);
		OPTIONS_ARE(NAK);
	}
	assert_int_equal(ASK(&c, "\x35\x01\x03\x32\x04\x64\x40\x01\x04\xff"),
	    DHCP_ANSWERED);
	check_frame(&c, 1);
	OPTIONS_ARE(NAK);
}

/* Without a message type, or without options, it is BOOTP. */
static void
bootp(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	c.netboot = 1;
	c.hostname = "vm-name";
	assert_int_equal(ask(&c, "", 0), DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE(ADDRESSES "\xff");
	assert_int_equal(ASK(&c, "\x35\x01\x00\xff"), DHCP_ANSWERED);
	OPTIONS_ARE(ADDRESSES "\xff");
	assert_int_equal(ASK(&c, "\x32\x04\x01\x01\x01\x01\xff"),
	    DHCP_ANSWERED);
	OPTIONS_ARE(ADDRESSES "\xff");
	assert_int_equal(ASK(&c, "\x35\x02\x01\x01\xff"), DHCP_ANSWERED);
	OPTIONS_ARE(ADDRESSES "\xff");
}

static void
last_option_counts(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	assert_int_equal(ASK(&c, "\x35\x01\x01\x35\x01\x03\xff"),
	    DHCP_ANSWERED);
	OPTIONS_ARE(ACK);
	assert_int_equal(ASK(&c, "\x35\x01\x03\x35\x02\x01\x01\xff"),
	    DHCP_ANSWERED);
	OPTIONS_ARE(ACK);
	assert_int_equal(ASK(&c, "\x35\x01\x03\x32\x04\x64\x40\x01\x03"
	    "\x32\x04\1\1\1\1\xff"), DHCP_ANSWERED);
	OPTIONS_ARE(NAK);
	assert_int_equal(ASK(&c, "\x35\x01\x03\x32\x04\x64\x40\x01\x03"
	    "\x32\x03\1\1\1\xff"), DHCP_ANSWERED);
	OPTIONS_ARE(ACK);
}

static void
options_end(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	assert_int_equal(ASK(&c, "\x35\x01\x01\xff\x35\x01\x03"),
	    DHCP_ANSWERED);
	OPTIONS_ARE(OFFER);
	assert_int_equal(ASK(&c, "\0\0\0\x35\x01\x01\0\0\x0c\x03"
	    "abc\x35\x01\x03\0\xff"), DHCP_ANSWERED);
	OPTIONS_ARE(ACK);
	assert_int_equal(ASK(&c, "\x35\x01\x01\x0c\xff\x35\x01\x03"),
	    DHCP_ANSWERED);
	OPTIONS_ARE(OFFER);
}

/* A frame whose last byte is the last of an option, in exact memory. */
static enum dhcp_result
ask_cut(const struct dhcp_conf *c, const char *opt, size_t n, size_t cut)
{
	uint8_t *p;
	enum dhcp_result r;
	size_t flen = OPTIONS + 60 + 4 + n - cut, at;
	uint8_t pad[512] = { 0 };

	memcpy(pad + 60, opt, n);
	at = client_frame(frame, flen, pad, 60 + n - cut);
	p = malloc(at);
	assert_non_null(p);
	memcpy(p, frame, at);
	r = dhcp_answer(c, p, at, reply, &len);
	free(p);
	return r;
}

static void
options_end_with_the_packet(void **state)
{
	struct dhcp_conf c = client_conf();
	size_t cut;

	(void)state;
	assert_int_equal(ask_cut(&c, "\x35\x01\x01", 3, 0), DHCP_ANSWERED);
	OPTIONS_ARE(OFFER);
	for (cut = 1; cut <= 3; cut++) {
		assert_int_equal(ask_cut(&c, "\x35\x01\x01", 3, cut),
		    DHCP_ANSWERED);
		OPTIONS_ARE(ADDRESSES "\xff");
	}
	assert_int_equal(ask_cut(&c, "\x35\x01\x01\x0c\x04xyz", 8, 0),
	    DHCP_ANSWERED);
	OPTIONS_ARE(OFFER);
}

/* The area is looked at from 8 to 1235 bytes. */
static void
option_area(void **state)
{
	struct dhcp_conf c = client_conf();
	size_t n;

	(void)state;
	for (n = 7; n <= 8; n++) {
		client_frame(frame, 342, "\x35\x01\x01\xff", 4);
		client_u16(frame + UDP + 4, (unsigned)(8 + 236 + n));
		client_u16(frame + UDP + 6, 0);
		assert_int_equal(dhcp_answer(&c, frame, 342, reply, &len),
		    DHCP_ANSWERED);
		assert_int_equal(reply[OPTIONS + 4], n == 8 ? 53 : 1);
	}
	for (n = 1235; n <= 1236; n++) {
		client_frame(frame, OPTIONS + n, "\x35\x01\x01\xff", 4);
		assert_int_equal(dhcp_answer(&c, frame, OPTIONS + n, reply,
		    &len), DHCP_ANSWERED);
		assert_int_equal(reply[OPTIONS + 4], n == 1235 ? 53 : 1);
	}
}

static void
net_boot(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	c.netboot = 1;
	assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE(OFFER);
	c.hostname = "a1";
	assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE("\x35\x01\x02" LEASE ADDRESSES "\x0c\x02" "a1\xff");
	assert_int_equal(ASK(&c, "\x35\x01\x08\xff"), DHCP_ANSWERED);
	check_frame(&c, 1);
	OPTIONS_ARE(NAK);
	c.netboot = 0;
	assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_ANSWERED);
	check_frame(&c, 0);
	OPTIONS_ARE(OFFER);
}

static void
host_names(void **state)
{
	static const char *const good[] = {
		"vm", "VM-9", "0a", "a.b", "a--b.c-d.e", "Zz9"
	};
	static const char *const bad[] = {
		"", "x", "-a", "a-", "a b", "a..b", ".a", "a.", "a.-b", "a-.b",
		"a_b", "\xc3\xa4m", "a\x7f", "a@", "a[", "a`", "a{", "a/", "a:"
	};
	struct dhcp_conf c = client_conf();
	size_t i, n;

	(void)state;
	c.netboot = 1;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		c.hostname = good[i];
		n = strlen(good[i]);
		assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_ANSWERED);
		assert_int_equal(reply[OPTIONS + 4 + 33], 12);
		assert_int_equal(reply[OPTIONS + 4 + 34], n);
		assert_memory_equal(reply + OPTIONS + 4 + 35, good[i], n);
		assert_int_equal(reply[OPTIONS + 4 + 35 + n], 255);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c.hostname = bad[i];
		assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_ANSWERED);
		OPTIONS_ARE(OFFER);
	}
}

static void
longest_host_name(void **state)
{
	struct dhcp_conf c = client_conf();
	char name[258];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	c.netboot = 1;
	c.hostname = name;
	assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_ANSWERED);
	assert_int_equal(len, MSG + 236 + 4 + 33 + 257 + 1);
	assert_int_equal(reply[OPTIONS + 4 + 34], 255);
	assert_memory_equal(reply + OPTIONS + 4 + 35, name, 255);
	assert_int_equal(reply[len - 1], 255);
	check_frame(&c, 0);
	memcpy(name + 255, "n", 2);
	assert_int_equal(ASK(&c, "\x35\x01\x01\xff"), DHCP_LONG_NAME);
}

/* The cursor by itself: where options begin, each way in which they end. */
static void
cursor(void **state)
{
	static const uint8_t tail[] = {
		99, 130, 83, 99, 0, 7, 2, 8, 9, 0, 12, 0
	};
	uint8_t m[236 + sizeof(tail)] = { 0 };
	const uint8_t *val;
	struct dhcp_cursor c;
	unsigned code;
	size_t n;

	(void)state;
	memcpy(m + 236, tail, sizeof(tail));
	assert_int_equal(dhcp_options(&c, m, 239), -1);
	assert_int_equal(dhcp_options(&c, m, 240), 0);
	assert_int_equal(dhcp_next(&c, &code, &val, &n), 0);
	assert_int_equal(dhcp_options(&c, m, sizeof(m)), 0);
	assert_int_equal(dhcp_next(&c, &code, &val, &n), 1);
	assert_int_equal(code, 7);
	assert_int_equal(n, 2);
	assert_ptr_equal(val, m + 243);
	assert_int_equal(dhcp_next(&c, &code, &val, &n), 1);
	assert_int_equal(code, 12);
	assert_int_equal(n, 0);
	assert_int_equal(c.left, 0);
	assert_int_equal(dhcp_next(&c, &code, &val, &n), 0);
	m[241] = 255;
	assert_int_equal(dhcp_options(&c, m, sizeof(m)), 0);
	assert_int_equal(dhcp_next(&c, &code, &val, &n), 0);
	m[239]++;
	assert_int_equal(dhcp_options(&c, m, sizeof(m)), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discover_is_offered),
		cmocka_unit_test(request_is_acknowledged),
		cmocka_unit_test(renewal),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(bootp),
		cmocka_unit_test(last_option_counts),
		cmocka_unit_test(options_end),
		cmocka_unit_test(options_end_with_the_packet),
		cmocka_unit_test(option_area),
		cmocka_unit_test(net_boot),
		cmocka_unit_test(host_names),
		cmocka_unit_test(longest_host_name),
		cmocka_unit_test(cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
