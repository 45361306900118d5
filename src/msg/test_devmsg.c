/* Bodies of the device channel: each survives the way, none is taken wrong. */
#include "devmsg.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint8_t buf[512];
static struct wbuf w;

/* A body that is cut or has something behind it is refused. */
#define WHOLE(get, out) do {						\
	size_t i_;							\
	assert_false(wb_bad(&w));					\
	for (i_ = 0; i_ < w.len; i_++)					\
		assert_int_equal(get(buf, i_, out), -1);		\
	assert_int_equal(get(buf, w.len + 1, out), -1);			\
	assert_int_equal(get(buf, w.len, out), 0);			\
} while (0)

static int
begin(void **state)
{
	(void)state;
	memset(buf, 0, sizeof(buf));
	wb_init(&w, buf, sizeof(buf));
	return 0;
}

static void
test_hello(void **state)
{
	struct devmsg_hello h = { "vioblk", "web-1.example", 3, 2 }, g;

	(void)state;
	devmsg_put_hello(&w, &h);
	WHOLE(devmsg_get_hello, &g);
	assert_string_equal(g.kind, "vioblk");
	assert_string_equal(g.vm, "web-1.example");
	assert_int_equal(g.index, 3);
	assert_int_equal(g.verbose, 2);
	buf[0]++;
	assert_int_equal(devmsg_get_hello(buf, w.len, &g), -1);
	buf[0]--;
	buf[4] = 0;			/* a NUL in the kind */
	assert_int_equal(devmsg_get_hello(buf, w.len, &g), -1);
	buf[4] = '/';
	assert_int_equal(devmsg_get_hello(buf, w.len, &g), -1);
	buf[4] = 'i';
	buf[2] = 255;
	assert_int_equal(devmsg_get_hello(buf, sizeof(buf), &g), -1);
	buf[2] = 6;
	le32_put(buf + w.len - 5, DEVMSG_MAXINDEX + 1);
	assert_int_equal(devmsg_get_hello(buf, w.len, &g), -1);
}

static void
test_names(void **state)
{
	char longest[DEVMSG_MAXVM + 2];

	(void)state;
	assert_true(devmsg_kind_ok("vioblk"));
	assert_false(devmsg_kind_ok(""));
	assert_false(devmsg_kind_ok("Vioblk"));
	assert_false(devmsg_kind_ok("vio blk"));
	assert_true(devmsg_vm_ok("A.b-c_9"));
	assert_false(devmsg_vm_ok("-x"));
	assert_false(devmsg_vm_ok(".."));
	assert_false(devmsg_vm_ok("a/b"));
	memset(longest, 'x', sizeof(longest));
	longest[DEVMSG_MAXVM] = '\0';
	assert_true(devmsg_vm_ok(longest));
	longest[DEVMSG_MAXVM] = 'x';
	longest[DEVMSG_MAXVM + 1] = '\0';
	assert_false(devmsg_vm_ok(longest));
}

static void
test_memory(void **state)
{
	struct devmsg_memory m = {
		2, { { 0, 4096, 0 }, { 1ULL << 32, 8192, 4096 } }
	}, g;

	(void)state;
	devmsg_put_memory(&w, &m);
	assert_int_equal(w.len, 48);
	assert_int_equal(devmsg_get_memory(buf, 0, &g), -1);
	assert_int_equal(devmsg_get_memory(buf, 47, &g), -1);
	assert_int_equal(devmsg_get_memory(buf, 24, &g), 0);
	assert_int_equal(g.n, 1);
	assert_int_equal(devmsg_get_memory(buf, 24 * GM_MAXRANGES, &g), 0);
	assert_int_equal(devmsg_get_memory(buf, 24 * (GM_MAXRANGES + 1), &g),
	    -1);
	assert_int_equal(devmsg_get_memory(buf, 48, &g), 0);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.range[1].gpa, 1ULL << 32);
	assert_int_equal(g.range[1].len, 8192);
	assert_int_equal(g.range[1].off, 4096);
}

static void
test_image(void **state)
{
	struct devmsg_image m = { 7, 2, 1 }, g;

	(void)state;
	devmsg_put_image(&w, &m);
	WHOLE(devmsg_get_image, &g);
	assert_int_equal(g.unit, 7);
	assert_int_equal(g.format, 2);
	assert_int_equal(g.readonly, 1);
	buf[1] = 0;
	assert_int_equal(devmsg_get_image(buf, w.len, &g), -1);
	buf[1] = 3;
	assert_int_equal(devmsg_get_image(buf, w.len, &g), -1);
	buf[1] = 1;
	buf[2] = 2;
	assert_int_equal(devmsg_get_image(buf, w.len, &g), -1);
}

static void
test_record(void **state)
{
	struct devmsg_record m = { 1ULL << 40, UINT64_MAX, 64 }, g;

	(void)state;
	devmsg_put_record(&w, &m);
	WHOLE(devmsg_get_record, &g);
	assert_int_equal(g.room, m.room);
	assert_int_equal(g.keep, m.keep);
	assert_int_equal(g.marks, 64);
}

static void
test_reply(void **state)
{
	struct devmsg_reply m = { 0x1122334455667788ULL, { 77, 1 } }, g;
	struct devmsg_line l;

	(void)state;
	devmsg_put_reply(&w, &m);
	WHOLE(devmsg_get_reply, &g);
	assert_int_equal(g.data, m.data);
	assert_int_equal(g.line.number, 77);
	assert_int_equal(g.line.level, 1);
	buf[12] = 2;
	assert_int_equal(devmsg_get_reply(buf, w.len, &g), -1);
	begin(NULL);
	devmsg_put_line(&w, &m.line);
	WHOLE(devmsg_get_line, &l);
	assert_int_equal(l.number, 77);
}

static void
test_rest(void **state)
{
	struct devmsg_request m = { 2, 99 }, g;
	char text[8], big[DEVMSG_MAXTEXT + 9], out[DEVMSG_MAXTEXT + 9];
	uint64_t u64;
	uint8_t u8;

	(void)state;
	devmsg_put_request(&w, &m);
	WHOLE(devmsg_get_request, &g);
	assert_int_equal(g.what, 2);
	assert_int_equal(g.arg, 99);
	begin(NULL);
	wb_u8(&w, 5);
	WHOLE(devmsg_get_u8, &u8);
	assert_int_equal(u8, 5);
	begin(NULL);
	wb_u64(&w, 1ULL << 60);
	WHOLE(devmsg_get_u64, &u64);
	assert_int_equal(u64, 1ULL << 60);
	devmsg_get_text("a\033b\ncdefghi", 11, text, sizeof(text));
	assert_string_equal(text, "a?b?cde");
	devmsg_get_text("", 0, text, sizeof(text));
	assert_string_equal(text, "");
	memset(big, 'x', sizeof(big));
	devmsg_get_text(big, sizeof(big), out, sizeof(out));
	assert_int_equal(strlen(out), DEVMSG_MAXTEXT);
}

static void
test_newer(void **state)
{
	(void)state;
	assert_true(devmsg_newer(1, 0));
	assert_false(devmsg_newer(0, 0));
	assert_false(devmsg_newer(0, 1));
	assert_true(devmsg_newer(0, UINT32_MAX));
	assert_false(devmsg_newer(UINT32_MAX, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_hello, begin),
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup(test_memory, begin),
		cmocka_unit_test_setup(test_image, begin),
		cmocka_unit_test_setup(test_record, begin),
		cmocka_unit_test_setup(test_reply, begin),
		cmocka_unit_test_setup(test_rest, begin),
		cmocka_unit_test(test_newer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
