#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "packet.h"

/* A copy that ends where the bytes end, so that ASan sees one too many. */
static uint8_t *
exact(const void *p, size_t len)
{
	uint8_t *q = malloc(len > 0 ? len : 1);

	assert_non_null(q);
	memcpy(q, p, len);
	return q;
}

static void
ether_header(void **state)
{
	static const uint8_t f[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x86, 0xdd, 99
	};
	uint8_t *p = exact(f, sizeof(f)), out[14];
	struct ether e;

	(void)state;
	assert_int_equal(ether_parse(&e, p, sizeof(f)), 0);
	assert_memory_equal(e.dst, f, 6);
	assert_memory_equal(e.src, f + 6, 6);
	assert_int_equal(e.type, 0x86dd);
	assert_ptr_equal(e.body, p + 14);
	assert_int_equal(e.len, 1);
	ether_put(out, &e);
	assert_memory_equal(out, f, 14);
	assert_int_equal(ether_parse(&e, p, 14), 0);
	assert_int_equal(e.len, 0);
	assert_int_equal(ether_parse(&e, p, 13), -1);
	assert_int_equal(ether_parse(&e, p, 0), -1);
	free(p);
}

/* The example that many texts give: its checksum is b861. */
static const uint8_t known_header[] = {
	0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
	0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7
};

static void
ipv4_header(void **state)
{
	uint8_t p[0x73 + 5] = { 0 }, out[20];
	struct ipv4 ip;

	(void)state;
	memcpy(p, known_header, sizeof(known_header));
	assert_int_equal(ipv4_parse(&ip, p, sizeof(p)), 0);
	assert_int_equal(ip.tos, 0);
	assert_int_equal(ip.id, 0);
	assert_int_equal(ip.frag, 0x4000);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.proto, 17);
	assert_int_equal(ip.src, 0xc0a80001U);
	assert_int_equal(ip.dst, 0xc0a800c7U);
	assert_int_equal(ip.hlen, 20);
	assert_ptr_equal(ip.body, p + 20);
	assert_int_equal(ip.len, 0x73 - 20);
	assert_true(ipv4_sum_ok(&ip));
	ipv4_put(out, &ip);
	assert_memory_equal(out, known_header, 20);
	p[15]++;
	assert_false(ipv4_sum_ok(&ip));
}

static void
ipv4_fields(void **state)
{
	struct ipv4 in = {
		.tos = 0x10, .id = 0x1234, .frag = 0x2001, .ttl = 3,
		.proto = 200, .src = 0x01020304, .dst = 0xf1f2f3f4, .len = 7
	};
	uint8_t p[27];
	struct ipv4 ip;

	(void)state;
	ipv4_put(p, &in);
	assert_int_equal(ipv4_parse(&ip, p, sizeof(p)), 0);
	assert_int_equal(ip.tos, 0x10);
	assert_int_equal(ip.id, 0x1234);
	assert_int_equal(ip.frag, 0x2001);
	assert_int_equal(ip.ttl, 3);
	assert_int_equal(ip.proto, 200);
	assert_int_equal(ip.src, 0x01020304);
	assert_int_equal(ip.dst, 0xf1f2f3f4);
	assert_int_equal(ip.len, 7);
	assert_true(ipv4_sum_ok(&ip));
}

static int
lengths(unsigned words, unsigned total, size_t have)
{
	uint8_t p[80] = { 0 };
	struct ipv4 ip;
	uint8_t *q;
	int r;

	p[0] = (uint8_t)(0x40 | words);
	p[3] = (uint8_t)total;
	q = exact(p, have);
	r = ipv4_parse(&ip, q, have);
	if (r == 0) {
		assert_int_equal(ip.hlen, words * 4);
		assert_int_equal(ip.len, total - words * 4);
		assert_ptr_equal(ip.body, q + words * 4);
		(void)ipv4_sum_ok(&ip);
	}
	free(q);
	return r;
}

static void
ipv4_lengths_that_lie(void **state)
{
	uint8_t p[20] = { 0x65 };
	struct ipv4 ip;

	(void)state;
	assert_int_equal(lengths(5, 20, 20), 0);
	assert_int_equal(lengths(5, 20, 80), 0);
	assert_int_equal(lengths(15, 60, 60), 0);
	assert_int_equal(lengths(15, 61, 61), 0);
	assert_int_equal(lengths(5, 20, 19), -1);
	assert_int_equal(lengths(5, 19, 80), -1);
	assert_int_equal(lengths(5, 21, 20), -1);
	assert_int_equal(lengths(4, 20, 20), -1);
	assert_int_equal(lengths(0, 20, 20), -1);
	assert_int_equal(lengths(15, 59, 80), -1);
	assert_int_equal(lengths(15, 60, 59), -1);
	assert_int_equal(lengths(5, 20, 0), -1);
	assert_int_equal(ipv4_parse(&ip, p, sizeof(p)), -1);
}

static void
ipv4_options_are_summed(void **state)
{
	uint8_t p[24] = { 0x46, 0, 0, 24 };
	struct ipv4 ip;

	(void)state;
	p[21] = 7;
	p[10] = 0xb9;
	p[11] = 0xe0;
	assert_int_equal(ipv4_parse(&ip, p, sizeof(p)), 0);
	assert_true(ipv4_sum_ok(&ip));
	p[23] = 1;
	assert_false(ipv4_sum_ok(&ip));
}

static void
fragments(void **state)
{
	struct ipv4 ip = { .frag = 0 };

	(void)state;
	assert_false(ipv4_is_fragment(&ip));
	ip.frag = 0x4000;
	assert_false(ipv4_is_fragment(&ip));
	ip.frag = 0x2000;
	assert_true(ipv4_is_fragment(&ip));
	ip.frag = 1;
	assert_true(ipv4_is_fragment(&ip));
	ip.frag = 0x1000;
	assert_true(ipv4_is_fragment(&ip));
}

static int
udp_lengths(unsigned total, size_t have)
{
	uint8_t p[32] = { 0x11, 0x22, 0x33, 0x44, 0, 0, 0x55, 0x66 };
	struct udp u;
	uint8_t *q;
	int r;

	p[4] = (uint8_t)(total >> 8);
	p[5] = (uint8_t)total;
	q = exact(p, have);
	r = udp_parse(&u, q, have);
	if (r == 0) {
		assert_int_equal(u.sport, 0x1122);
		assert_int_equal(u.dport, 0x3344);
		assert_int_equal(u.sum, 0x5566);
		assert_ptr_equal(u.header, q);
		assert_ptr_equal(u.body, q + 8);
		assert_int_equal(u.len, total - 8);
	}
	free(q);
	return r;
}

static void
udp_lengths_that_lie(void **state)
{
	(void)state;
	assert_int_equal(udp_lengths(8, 8), 0);
	assert_int_equal(udp_lengths(9, 32), 0);
	assert_int_equal(udp_lengths(32, 32), 0);
	assert_int_equal(udp_lengths(33, 32), -1);
	assert_int_equal(udp_lengths(0x108, 32), -1);
	assert_int_equal(udp_lengths(7, 8), -1);
	assert_int_equal(udp_lengths(0, 8), -1);
	assert_int_equal(udp_lengths(8, 7), -1);
	assert_int_equal(udp_lengths(8, 0), -1);
}

/* Sums of a whole and of its parts, of an odd length, with many carries. */
static void
sums(void **state)
{
	uint8_t ff[1001];

	(void)state;
	memset(ff, 0xff, sizeof(ff));
	assert_int_equal(inet_fold(inet_sum(0, (const uint8_t *)
	    "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8)), 0x220d);
	assert_int_equal(inet_fold(inet_sum(inet_sum(0, (const uint8_t *)
	    "\x00\x01\xf2\x03", 4), (const uint8_t *)"\xf4\xf5\xf6\xf7", 4)),
	    0x220d);
	assert_int_equal(inet_fold(inet_sum(0, (const uint8_t *)"\x12", 1)),
	    0xedff);
	assert_int_equal(inet_fold(inet_sum(0, ff, 0)), 0xffff);
	assert_int_equal(inet_fold(inet_sum(0, ff, 1000)), 0);
	assert_int_equal(inet_fold(inet_sum(0, ff, 1001)), 0xff);
	assert_int_equal(inet_fold(0x1fffe), 0);
	assert_int_equal(inet_fold(0xffffffff), 0);
	assert_int_equal(inet_fold(0xffff0001), 0xfffe);
}

static void
udp_sums(void **state)
{
	struct ipv4 ip = { .src = 0x0a000001, .dst = 0x0a000002 };
	uint8_t p[11] = { 0 };
	struct udp in = { .sport = 1000, .dport = 2000, .len = 3 }, u;

	(void)state;
	memcpy(p + 8, "abc", 3);
	udp_put(p, &ip, &in);
	assert_int_equal(udp_parse(&u, p, sizeof(p)), 0);
	assert_int_equal(u.len, 3);
	/* 0a00 0001 0a00 0002 0011 000b 03e8 07d0 000b 6162 6300, by hand. */
	assert_int_equal(u.sum, 0x1bbb);
	assert_true(udp_sum_ok(&ip, &u));
	ip.src++;
	assert_false(udp_sum_ok(&ip, &u));
	u.sum = 0;
	assert_true(udp_sum_ok(&ip, &u));
}

/* A sum of 0 is sent as ffff, for 0 says that there is none: RFC 768. */
static void
udp_sum_of_zero(void **state)
{
	struct ipv4 ip = { .src = 0, .dst = 0 };
	struct udp in = { .sport = 0, .dport = 0xffff - 17 - 10 - 10,
	    .len = 2 }, u;
	uint8_t p[10] = { 0 };

	(void)state;
	udp_put(p, &ip, &in);
	assert_int_equal(udp_parse(&u, p, sizeof(p)), 0);
	assert_int_equal(u.sum, 0xffff);
	assert_true(udp_sum_ok(&ip, &u));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ether_header),
		cmocka_unit_test(ipv4_header),
		cmocka_unit_test(ipv4_fields),
		cmocka_unit_test(ipv4_lengths_that_lie),
		cmocka_unit_test(ipv4_options_are_summed),
		cmocka_unit_test(fragments),
		cmocka_unit_test(udp_lengths_that_lie),
		cmocka_unit_test(sums),
		cmocka_unit_test(udp_sums),
		cmocka_unit_test(udp_sum_of_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
