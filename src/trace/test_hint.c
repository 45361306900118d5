/* Texts with their comments, which must come out as they went in. */
#include "test_text.h"

#include <stdio.h>

#include "dev.h"

static char out[65536];
static size_t outlen;

static void
put(void *arg, const char *p, size_t len)
{
	(void)arg;
	assert_true(len < sizeof(out) - outlen);
	memcpy(out + outlen, p, len);
	outlen += len;
	out[outlen] = '\0';
}

static char *
frame_words(char *buf, size_t cap, const uint8_t *p, size_t len)
{
	(void)snprintf(buf, cap, "%02x, %zu bytes", p[0], len);
	return buf;
}

/* A text made a trace, and what shows it. */
static void
begin(const char *in, struct trace_reader *t, struct text_out *o)
{
	struct text_error err;
	size_t n = build(in, strlen(in), &err);

	if (err.line != 0)
		fail_msg("%u:%u: %s", err.line, err.column, err.reason);
	outlen = 0;
	text_init(o, put, NULL);
	assert_int_equal(trace_open(t, built, n), TRACE_OK);
}

static void
same_with(const char *in, char *(*frame)(char *, size_t, const uint8_t *,
    size_t))
{
	struct trace_reader t;
	struct trace_rec r;
	struct text_out o;

	begin(in, &t, &o);
	o.frame = frame;
	while (trace_next(&t, &r) == TRACE_OK)
		text_rec(&o, &r);
	assert_string_equal(out, in);
}

static void
same(const char *in)
{
	same_with(in, frame_words);
}

static const char net[] =
    "conf vionet offload 1\n"
    "setup features=0xffffffffffffffff  # CSUM GUEST_CSUM MTU MAC "
    "MRG_RXBUF STATUS CTRL_VQ CTRL_RX CTRL_VLAN CTRL_RX_EXTRA "
    "GUEST_ANNOUNCE MQ CTRL_MAC_ADDR ANY_LAYOUT INDIRECT_DESC "
    "EVENT_IDX VERSION_1 ACCESS_PLATFORM RING_PACKED IN_ORDER "
    "ORDER_PLATFORM RING_RESET and 0xfffffee0c7007fd4\n"
    "setup features=0x0\n"
    "load 0x9000 [00000000 00000000 00000000]  # header\n"
    "load 0x9000 [01000000 00002200 10000000]  # header, checksum of "
    "34.. at +16\n"
    "load 0x9000 [02000000 00002200 10000100]  # header, checksum valid\n"
    "load 0x9000 [03010000 00000501 06020201]  # header, checksum of "
    "261.. at +518, checksum valid, segmented 1, 258 buffers\n"
    "load 0x9000 [04000000 00000000 00000200]  # header, 2 buffers\n"
    "load 0x9000 [00000000 00000000 0000]\n"
    "load 0x9000 [00000000 00000000 00000000] of=14 "
    "digest=0x0000000000000001\n"
    "expect store 0x9000 [02000000 00000000 00000300]  # header, "
    "checksum valid, 3 buffers\n"
    "expect store 0x9000 [02000000 00000000 0000]\n"
    "load 0x9000 [0000]  # command: promiscuous\n"
    "load 0x9000 [0001]  # command: all multicast\n"
    "load 0x9000 [0002]  # command: all unicast\n"
    "load 0x9000 [0003]  # command: no multicast\n"
    "load 0x9000 [0004]  # command: no unicast\n"
    "load 0x9000 [0005]  # command: no broadcast\n"
    "load 0x9000 [0006]  # command 6 of class 0\n"
    "load 0x9000 [0100]  # command: MAC tables\n"
    "load 0x9000 [0101]  # command: MAC address\n"
    "load 0x9000 [0102]  # command 2 of class 1\n"
    "load 0x9000 [0200]  # command: VLAN add\n"
    "load 0x9000 [0201]  # command: VLAN delete\n"
    "load 0x9000 [0202]  # command 2 of class 2\n"
    "load 0x9000 [0300]  # command: announced\n"
    "load 0x9000 [0301]  # command 1 of class 3\n"
    "load 0x9000 [0400]  # command: queue pairs\n"
    "load 0x9000 [0401]  # command 1 of class 4\n"
    "load 0x9000 [0500]  # command 0 of class 5\n"
    "load 0x9000 [01]\n"
    "load 0x9000 [0000] of=3 digest=0x0000000000000001\n"
    "msg input 0 [00000000 00000000 00000000 aa010203 04050607 "
    "08091011 1213]  # aa, 14 bytes\n"
    "msg input 0 [00000000 00000000 00000000 aa010203 04050607 "
    "08091011 12]\n"
    "expect tx 1 [00000000 00000000 00000000 bb010203 04050607 "
    "08091011 121314]  # bb, 15 bytes\n"
    "expect irq 1\n";

static const char bare_net[] =
    "conf vionet\n"
    "msg input 0 [aa010203 04050607 08091011 1213]  # aa, 14 bytes\n"
    "msg input 0 [aa010203 04050607 08091011 12]\n"
    "expect tx 1 [bb010203 04050607 08091011 121314]  # bb, 15 bytes\n"
    "msg write common device_feature_select 4 0x0\n";

static const char no_hints[] =
    "conf viornd\n"
    "setup features=0xffffffffffffffff  # ANY_LAYOUT INDIRECT_DESC "
    "EVENT_IDX VERSION_1 ACCESS_PLATFORM RING_PACKED IN_ORDER "
    "ORDER_PLATFORM RING_RESET and 0xfffffee0c7ffffff\n"
    "load 0x9000 [0000]\n"
    "load 0x9000 [00000000 00000000 00000000]\n"
    "load 0x9000 [01000000 00000000 0a000000 00000000]\n"
    "expect store 0x9000 [00]\n"
    "expect store 0x9000 [02000000 00000000 00000300]\n"
    "expect blk read 1024 len=512  # sector 2\n"
    "expect blk flush 1024\n"
    "expect tx 1 [bb010203 04050607 08091011 121314]\n"
    "msg input 0 [aa010203 04050607 08091011 1213]\n"
    "chain 0 [01000000 00000000 0a000000 00000000] r16\n";

static const char blk[] =
    "conf vioblk\n"
    "setup features=0xffffffffffffffff  # SIZE_MAX SEG_MAX GEOMETRY RO "
    "BLK_SIZE FLUSH TOPOLOGY CONFIG_WCE MQ DISCARD WRITE_ZEROES "
    "SECURE_ERASE ANY_LAYOUT INDIRECT_DESC EVENT_IDX VERSION_1 "
    "ACCESS_PLATFORM RING_PACKED IN_ORDER ORDER_PLATFORM RING_RESET "
    "and 0xfffffee0c7fe8189\n"
    "setup features=0x40  # BLK_SIZE\n"
    "setup features=0x10000000000  # RING_RESET\n"
    "chain 0 [00000000 00000000 0a000000 00000000] r16  # IN sector 10\n"
    "chain 0 [00000000 00000000 0a000000 000000] r15\n"
    "chain 0 [01000000 00000000 0a000000 00000000] r16  # OUT sector 10\n"
    "chain 0 [02000000 00000000 0a000000 00000000] r16  # request type "
    "2\n"
    "chain 0 [04000000 00000000 0a000000 00000000] r16  # FLUSH\n"
    "chain 0 [08000000 00000000 0a000000 00000000] r16  # GET_ID\n"
    "chain 0 [0b000000 00000000 0a000000 00000000] r16  # DISCARD\n"
    "chain 0 [0d000000 00000000 0a000000 00000000] r16  # WRITE_ZEROES\n"
    "load 0x9000 [01000000 00000000 0a000000 00000000]  # OUT sector 10\n"
    "load 0x9000 [01000000 00000000 0a000000 000000]\n"
    "load 0x9000 [01000000 00000000 0a000000 00000000] of=17 "
    "digest=0x0000000000000001\n"
    "load 0x9000 [0000]\n"
    "load 0x9000 [00000000 00000000 00000000]\n"
    "expect store 0x9000 [00]  # status OK\n"
    "expect store 0x9000 [01]  # status IOERR\n"
    "expect store 0x9000 [02]  # status UNSUPP\n"
    "expect store 0x9000 [03]\n"
    "expect store 0x9000 [0000]\n"
    "expect blk read 0 len=512  # sector 0\n"
    "expect blk read 511 len=512\n"
    "expect blk write 1536 [00020000 00000000]  # sector 3\n"
    "expect blk flush 0\n"
    "expect blk discard 1024 len=512  # sector 2\n"
    "msg command 1  # shutdown\n"
    "msg command 99\n"
    "msg line 1 data=0x1\n";

static const char registers[] =
    "conf vioblk\n"
    "msg write common device_status 1 0x0  # reset\n"
    "msg write common device_status 1 0x1  # ACKNOWLEDGE\n"
    "msg write common device_status 1 0x100\n"
    "msg write common device_status 1 0xff  # ACKNOWLEDGE DRIVER "
    "FEATURES_OK DRIVER_OK NEEDS_RESET FAILED\n"
    "msg write common device_feature_select 4 0x0\n"
    "msg read common device_feature 4\n"
    "expect reply 4 0x20  # RO\n"
    "msg write common device_feature_select 4 0x1\n"
    "msg read common device_feature 4\n"
    "expect reply 4 0x20  # and 0x2000000000\n"
    "msg write common device_feature_select 4 0x2\n"
    "msg read common device_feature 4\n"
    "expect reply 4 0x20\n"
    "msg write common driver_feature_select 4 0x0\n"
    "msg write common driver_feature 4 0x200000020  # RO\n"
    "msg write common queue_select 2 0x1\n"
    "msg write common queue_size 2 0x8  # queue 1\n"
    "msg read common queue_size 2\n"
    "expect reply 2 0x8  # queue 1\n"
    "msg write device 0x18 2 0x8\n"
    "msg read device 0x0 1\n"
    "expect reply 1 0x8\n"
    "msg write device 0x14 1 0x1\n";

static const char rings[] =
    "conf vioblk\n"
    "msg write common queue_select 2 0x1\n"
    "msg write common queue_size 2 0x8  # queue 1\n"
    "msg write common queue_desc 8 0x1000  # queue 1\n"
    "msg write common queue_driver 8 0x2000  # queue 1\n"
    "msg write common queue_device 8 0x3000  # queue 1\n"
    "msg write common queue_enable 2 0x1  # queue 1\n"
    "load 0x2000 [0100]  # queue 1 avail flags 1\n"
    "load 0x2002 [0100]  # queue 1 avail index 1\n"
    "load 0x2004 [0100]  # queue 1 avail entry 0: head 1\n"
    "load 0x2012 [0100]  # queue 1 avail entry 7: head 1\n"
    "load 0x2014 [0100]  # queue 1 used event 1\n"
    "load 0x2014 [01]  # queue 1 used event 0\n"
    "load 0x2016 [0100]\n"
    "load 0x3000 [0100]  # queue 1 used flags 1\n"
    "load 0x3002 [0100]  # queue 1 used index 1\n"
    "load 0x3004 [0100]  # queue 1 used entry 0\n"
    "load 0x3004 [01000000 02000000]  # queue 1 used entry 0: head 1, "
    "2 bytes\n"
    "load 0x303c [01000000 02000000]  # queue 1 used entry 7: head 1, "
    "2 bytes\n"
    "load 0x303c [01000000 020000]  # queue 1 used entry 7\n"
    "load 0x3044 [0200]  # queue 1 avail event 2\n"
    "load 0x3044 [02]  # queue 1 avail event 0\n"
    "load 0x3046 [0200]\n"
    "load 0x1000 [00500000 00000000 10000000 00000300]  # queue 1 "
    "descriptor 0: 16 bytes at 0x5000\n"
    "load 0x1010 [00500000 00000000 10000000 01000300]  # queue 1 "
    "descriptor 1: 16 bytes at 0x5000, next 3\n"
    "load 0x1020 [00500000 00000000 10000000 02000300]  # queue 1 "
    "descriptor 2: 16 bytes at 0x5000, writable\n"
    "load 0x1030 [00500000 00000000 10000000 04000300]  # queue 1 "
    "descriptor 3: 16 bytes at 0x5000, table\n"
    "load 0x1070 [00500000 00000000 10000000 07000300]  # queue 1 "
    "descriptor 7: 16 bytes at 0x5000, writable, table, next 3\n"
    "load 0x1070 [00500000 00000000 10000000 070003]  # queue 1 "
    "descriptor 7\n"
    "load 0x1080 [00500000 00000000 10000000 07000300]  # request type "
    "20480\n"
    "load 0x5000 [00600000 00000000 10000000 01000100]  # table entry "
    "0: 16 bytes at 0x6000, next 1\n"
    "load 0x500f [00600000 00000000 10000000 01000100]  # table entry "
    "0: 16 bytes at 0x6000, next 1\n"
    "expect store 0x3004 [07000000 01020000]  # queue 1 used entry 0: "
    "head 7, 513 bytes\n"
    "expect store 0x3002 [0100]  # queue 1 used index 1\n";

/* What was not kept whole, what belongs to another, odd values. */
static const char halves[] =
    "conf vionet\n"
    "load 0x9000 [00000000 00000000 0000] of=12 "
    "digest=0x0000000000000001\n"
    "load 0x9000 [00] of=2 digest=0x0000000000000001\n"
    "msg write common device_feature_select 4 0x0\n"
    "msg read common device_feature 4\n"
    "expect reply 4 0x1  # CSUM\n"
    "conf vioblk\n"
    "load 0x9000 [01000000 00000000 0a000000 000000] of=16 "
    "digest=0x0000000000000001\n"
    "setup features=0x1  # and 0x1\n"
    "setup features=0x3  # SIZE_MAX and 0x1\n"
    "msg write common device_status 1 0x1  # ACKNOWLEDGE\n"
    "expect reply 1 0x1\n"
    "msg read device 0x14 1\n"
    "expect reply 1 0x1\n"
    "expect irq 512\n"
    "expect blk read 523264 len=512  # sector 1022\n";

/* A queue of no known size; a table of sixteen. */
static const char tables[] =
    "conf vioblk\n"
    "msg write common queue_desc 8 0x10000  # queue 0\n"
    "msg write common queue_driver 8 0x20000  # queue 0\n"
    "msg write common queue_device 8 0x30000  # queue 0\n"
    "msg write common queue_enable 2 0x1  # queue 0\n"
    "load 0x20005 [0100]  # queue 0 avail entry 0: head 1\n"
    "load 0x20202 [0100]  # queue 0 avail entry 255: head 1\n"
    "load 0x20204 [0100]  # queue 0 used event 1\n"
    "load 0x3000b [00]  # queue 0 used entry 0\n"
    "load 0x307fc [00]  # queue 0 used entry 255\n"
    "load 0x30804 [0100]  # queue 0 avail event 1\n"
    "load 0x10ff0 [00500000 00000000 00010000 04000300]  # queue 0 "
    "descriptor 255: 256 bytes at 0x5000, table\n"
    "load 0x50f0 [00600000 00000000 10000000 00000000]  # table entry "
    "15: 16 bytes at 0x6000\n";

static void
test_net(void **state)
{
	(void)state;
	same(net);
}

static void
test_bare_net(void **state)
{
	(void)state;
	same(bare_net);
}

static void
test_no_hints(void **state)
{
	(void)state;
	same(no_hints);
}

static void
test_blk(void **state)
{
	(void)state;
	same(blk);
}

static void
test_registers(void **state)
{
	(void)state;
	same(registers);
}

static void
test_rings(void **state)
{
	(void)state;
	same(rings);
}

static void
test_halves(void **state)
{
	(void)state;
	same(halves);
	same_with("conf vionet\n"
	    "msg input 0 [aa010203 04050607 08091011 1213]\n", NULL);
}

static void
test_tables(void **state)
{
	(void)state;
	same(tables);
}

/* A hint that has no room ends early, with its zero. */
static void
test_room(void **state)
{
	char whole[256], buf[256];
	struct trace_reader t;
	struct trace_rec r;
	struct text_out o;
	size_t cap;

	(void)state;
	begin(net, &t, &o);
	while (trace_next(&t, &r) == TRACE_OK) {
		text_rec(&o, &r);
		text_hint(whole, sizeof(whole), &o, &r);
		for (cap = 1; cap < sizeof(buf); cap++) {
			memset(buf, 'x', sizeof(buf));
			text_hint(buf, cap, &o, &r);
			assert_int_equal(strlen(buf), strlen(whole) < cap ?
			    strlen(whole) : cap - 1);
			assert_memory_equal(buf, whole, strlen(buf));
			assert_int_equal(buf[cap], 'x');
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_net),
		cmocka_unit_test(test_bare_net),
		cmocka_unit_test(test_no_hints),
		cmocka_unit_test(test_blk),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
