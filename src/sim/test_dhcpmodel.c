/* The model of the answerer notices every byte that is not as it should be. */
#include "dhcpmodel.h"

#include "test_client.h"

static uint8_t ask[342], reply[DHCP_REPLY_MAX], bad[DHCP_REPLY_MAX + 8];
static size_t len;

static int
owed(struct dhcp_conf *c, const char *opt, size_t n)
{
	client_frame(ask, sizeof(ask), opt, n);
	return dhcpmodel_owed(c, ask, sizeof(ask));
}

static void
what_is_owed(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	assert_int_equal(owed(&c, "", 0), 0);
	assert_int_equal(owed(&c, "\x35\x01\x01\xff", 4), DHCP_OFFER);
	assert_int_equal(owed(&c, "\x35\x01\x03\xff", 4), DHCP_ACK);
	assert_int_equal(owed(&c, "\x35\x01\x08\xff", 4), DHCP_NAK);
	assert_int_equal(owed(&c, "\x35\x01\x03\x32\x04\1\1\1\1\xff", 10),
	    DHCP_NAK);
	ask[MSG] = 2;
	client_seal(ask, sizeof(ask));
	assert_int_equal(dhcpmodel_owed(&c, ask, sizeof(ask)),
	    DHCPMODEL_SILENCE);
	assert_int_equal(dhcpmodel_owed(&c, ask, 0), DHCPMODEL_SILENCE);
}

static const char *
check(struct dhcp_conf *c, int type, const uint8_t *p, size_t n)
{
	return dhcpmodel_check(c, ask, type, p, n);
}

/* Each byte of the answer, changed with right checksums and without. */
static void
each_byte(struct dhcp_conf *c, const char *opt, size_t n)
{
	int type = owed(c, opt, n);
	size_t i;

	assert_int_equal(dhcp_answer(c, ask, sizeof(ask), reply, &len),
	    DHCP_ANSWERED);
	assert_null(check(c, type, reply, len));
	for (i = 0; i < len; i++) {
		memcpy(bad, reply, len);
		bad[i] ^= 0x41;
		assert_non_null(check(c, type, bad, len));
		if (i < IP + 10 || (i > IP + 11 && i < UDP + 6) || i >= MSG) {
			client_seal(bad, len);
			if (i != IP + 2 && i != IP + 3 && i != UDP + 4 &&
			    i != UDP + 5)
				assert_non_null(check(c, type, bad, len));
		}
	}
	for (i = 0; i < 14; i++)
		if ((int)i != type)
			assert_non_null(check(c, (int)i, reply, len));
}

static void
every_byte_counts(void **state)
{
	struct dhcp_conf c = client_conf();

	(void)state;
	each_byte(&c, "", 0);
	each_byte(&c, "\x35\x01\x01\xff", 4);
	each_byte(&c, "\x35\x01\x03\xff", 4);
	each_byte(&c, "\x35\x01\x07\xff", 4);
	c.netboot = 1;
	each_byte(&c, "", 0);
	c.hostname = "name";
	each_byte(&c, "\x35\x01\x01\xff", 4);
	each_byte(&c, "\x35\x01\x07\xff", 4);
}

static void
lengths(void **state)
{
	struct dhcp_conf c = client_conf();
	size_t n;

	(void)state;
	owed(&c, "\x35\x01\x01\xff", 4);
	assert_int_equal(dhcp_answer(&c, ask, sizeof(ask), reply, &len),
	    DHCP_ANSWERED);
	for (n = 0; n < len; n++)
		assert_non_null(check(&c, DHCP_OFFER, reply, n));
	memset(bad, 0, sizeof(bad));
	memcpy(bad, reply, len);
	assert_non_null(check(&c, DHCP_OFFER, bad, len + 1));
	client_seal(bad, len - 1);
	assert_non_null(check(&c, DHCP_OFFER, bad, len - 1));
	memcpy(bad, reply, len);
	client_u16(bad + UDP + 6, 0);
	assert_non_null(check(&c, DHCP_OFFER, bad, len));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_owed),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
