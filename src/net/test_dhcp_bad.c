/* What is met with silence, and the reason that is told. */
#include "test_client.h"

#include <stdlib.h>

static uint8_t frame[DHCP_FRAME_MAX + 1];
static struct dhcp_conf conf;

/* A request that would be answered, of so many bytes. */
static void
fresh(size_t len)
{
	conf = client_conf();
	client_frame(frame, len, "\x35\x01\x01\xff", 4);
}

/* The answer, from an exact copy; silence must leave no trace. */
static enum dhcp_result
try(size_t len)
{
	uint8_t reply[DHCP_REPLY_MAX], *p = malloc(len > 0 ? len : 1);
	enum dhcp_result r;
	size_t n = 12345, i;

	assert_non_null(p);
	memcpy(p, frame, len);
	memset(reply, 0x5a, sizeof(reply));
	r = dhcp_answer(&conf, p, len, reply, &n);
	assert_memory_equal(p, frame, len);
	free(p);
	if (r != DHCP_ANSWERED) {
		assert_int_equal(n, 12345);
		for (i = 0; i < sizeof(reply); i++)
			assert_int_equal(reply[i], 0x5a);
	}
	return r;
}

/* One byte of the frame is another, checksums are made right again. */
static enum dhcp_result
with(size_t at, unsigned v)
{
	fresh(342);
	frame[at] = (uint8_t)v;
	if (at != IP + 10 && at != UDP + 6)
		client_seal(frame, 342);
	return try(342);
}

static void
frame_lengths(void **state)
{
	size_t n;

	(void)state;
	for (n = 0; n < 342; n++) {
		fresh(342);
		assert_int_equal(try(n), n < 14 ? DHCP_OTHER :
		    DHCP_BAD_LENGTH);
	}
	assert_int_equal(try(342), DHCP_ANSWERED);
	for (n = 278; n <= 314; n++) {
		fresh(n);
		assert_int_equal(try(n), n < 314 ? DHCP_BAD_LENGTH :
		    DHCP_ANSWERED);
	}
	fresh(1514);
	assert_int_equal(try(1514), DHCP_ANSWERED);
	fresh(1515);
	assert_int_equal(try(1515), DHCP_BAD_LENGTH);
}

static void
ethernet(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 14; i++)
		assert_int_equal(with(i, 0x77), DHCP_OTHER);
	fresh(342);
	memcpy(frame, host_mac, 6);
	assert_int_equal(try(342), DHCP_ANSWERED);
	for (i = 0; i < 6; i++) {
		fresh(342);
		memcpy(frame, host_mac, 6);
		frame[i] ^= 4;
		assert_int_equal(try(342), DHCP_OTHER);
	}
	fresh(342);
	memset(frame, 0, 6);
	assert_int_equal(try(342), DHCP_OTHER);
	memset(conf.host_mac, 0, 6);
	assert_int_equal(try(342), DHCP_OTHER);
}

static void
ip_header(void **state)
{
	(void)state;
	assert_int_equal(with(IP, 0x65), DHCP_BAD_LENGTH);
	assert_int_equal(with(IP, 0x44), DHCP_BAD_LENGTH);
	assert_int_equal(with(IP + 9, 6), DHCP_OTHER);
	assert_int_equal(with(IP + 6, 0x20), DHCP_FRAGMENT);
	assert_int_equal(with(IP + 7, 1), DHCP_FRAGMENT);
	assert_int_equal(with(IP + 6, 0x40), DHCP_ANSWERED);
	assert_int_equal(with(IP + 16, 0xfe), DHCP_OTHER);
	assert_int_equal(with(IP + 10, 0), DHCP_BAD_SUM);
	fresh(342);
	client_u16(frame + IP + 2, 342 - IP + 1);
	assert_int_equal(try(342), DHCP_BAD_LENGTH);
	fresh(342);
	memcpy(frame + IP + 16, "\x64\x40\x01\x02", 4);
	client_seal(frame, 342);
	assert_int_equal(try(342), DHCP_ANSWERED);
	frame[IP + 19] = 3;
	client_seal(frame, 342);
	assert_int_equal(try(342), DHCP_OTHER);
}

/* With options in the IP header all behind it moves. */
static void
ip_options(void **state)
{
	(void)state;
	fresh(346);
	memmove(frame + UDP + 4, frame + UDP, 346 - UDP - 4);
	memset(frame + UDP, 1, 4);
	frame[IP] = 0x46;
	client_u16(frame + UDP + 4 + 4, 346 - UDP - 4);
	client_u16(frame + UDP + 4 + 6, 0);
	client_u16(frame + IP + 10, 0);
	client_u16(frame + IP + 10, 0xffff & ~client_sum(frame + IP, 24, 0));
	assert_int_equal(try(346), DHCP_ANSWERED);
}

static void
udp_header(void **state)
{
	(void)state;
	assert_int_equal(with(UDP, 1), DHCP_OTHER);
	assert_int_equal(with(UDP + 1, 67), DHCP_OTHER);
	assert_int_equal(with(UDP + 2, 1), DHCP_OTHER);
	assert_int_equal(with(UDP + 3, 68), DHCP_OTHER);
	fresh(342);
	frame[UDP + 6] ^= 1;
	assert_int_equal(try(342), DHCP_BAD_SUM);
	fresh(342);
	client_u16(frame + UDP + 6, 0);
	assert_int_equal(try(342), DHCP_ANSWERED);
	fresh(342);
	client_u16(frame + UDP + 4, 342 - UDP + 1);
	assert_int_equal(try(342), DHCP_BAD_LENGTH);
	client_u16(frame + UDP + 4, 7);
	assert_int_equal(try(342), DHCP_BAD_LENGTH);
	client_u16(frame + UDP + 6, 0);
	client_u16(frame + UDP + 4, 8 + 235);
	assert_int_equal(try(342), DHCP_BAD_LENGTH);
	client_u16(frame + UDP + 4, 8 + 236);
	assert_int_equal(try(342), DHCP_ANSWERED);
}

static void
bootp_fields(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(with(MSG, 0), DHCP_BAD_BOOTP);
	assert_int_equal(with(MSG, 2), DHCP_BAD_BOOTP);
	assert_int_equal(with(MSG + 1, 6), DHCP_BAD_BOOTP);
	assert_int_equal(with(MSG + 2, 7), DHCP_BAD_BOOTP);
	assert_int_equal(with(MSG + 3, 1), DHCP_BAD_BOOTP);
	for (i = 0; i < 6; i++)
		assert_int_equal(with(MSG + 28 + i, 0x11), DHCP_STRANGER);
	assert_int_equal(with(MSG + 34, 0x11), DHCP_ANSWERED);
	for (i = 0; i < 4; i++)
		assert_int_equal(with(MSG + 12 + i, 3), DHCP_BAD_CIADDR);
	assert_int_equal(with(MSG + 108, 'x'), DHCP_WANTS_FILE);
	assert_int_equal(with(MSG + 109, 'x'), DHCP_ANSWERED);
	for (i = 4; i < 12; i++)
		assert_int_equal(with(MSG + i, 0x99), DHCP_ANSWERED);
	for (i = 16; i < 28; i++)
		assert_int_equal(with(MSG + i, 0x99), DHCP_ANSWERED);
}

static void
names(void **state)
{
	unsigned i, k;

	(void)state;
	for (i = 0; i < DHCP_NRESULTS; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(dhcp_result_name(i),
			    dhcp_result_name(k));
	assert_null(dhcp_result_name(DHCP_NRESULTS));
	for (i = 0; i < DHCP_NTYPES; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(dhcp_type_name(i),
			    dhcp_type_name(k));
	assert_null(dhcp_type_name(DHCP_NTYPES));
	assert_string_equal(dhcp_type_name(5), "ACK");
	assert_string_equal(dhcp_type_name(8), "INFORM");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_lengths),
		cmocka_unit_test(ethernet),
		cmocka_unit_test(ip_header),
		cmocka_unit_test(ip_options),
		cmocka_unit_test(udp_header),
		cmocka_unit_test(bootp_fields),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
