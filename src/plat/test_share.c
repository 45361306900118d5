/* Guest memory as an object: layout, mapping, refusals. */
#include <sys/types.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem.h"

static const struct plat_conf conf = {
	.name = "test",
	.nranges = 2,
	.range = { { 0, 0x10000 }, { 0x100000, 0x3000 } },
};

static void
layout(void **state)
{
	struct plat_why why;
	struct mem m;

	(void)state;
	assert_int_equal(mem_open(&m, &conf, &why), 0);
	assert_int_equal(m.share.n, 2);
	assert_int_equal(m.share.range[1].off, 0x10000);
	assert_int_equal(m.gm.n, 2);
	assert_int_equal(lseek(m.share.fd, 0, SEEK_END), 0x13000);
	assert_int_equal(fcntl(m.share.fd, F_GETFD), FD_CLOEXEC);
	mem_close(&m);
	assert_int_equal(m.share.fd, -1);
	assert_int_equal(m.gm.n, 0);
}

static void
both_see(void **state)
{
	struct gmem other = { 0 };
	const char *reason = NULL;
	struct plat_why why;
	struct mem m;
	char b[4];

	(void)state;
	assert_int_equal(mem_open(&m, &conf, &why), 0);
	assert_int_equal(share_map(&m.share, &other, &reason), 0);
	assert_int_equal(gm_copyout(&m.gm, 0x102ffc, "abcd", 4), 0);
	assert_int_equal(gm_copyin(&other, 0x102ffc, b, 4), 0);
	assert_memory_equal(b, "abcd", 4);
	assert_int_equal(gm_copyin(&other, 0, b, 4), 0);
	assert_memory_equal(b, "\0\0\0\0", 4);
	share_unmap(&other);
	mem_close(&m);
}

/* A device process cannot pull the memory away under the others. */
static void
sealed(void **state)
{
	struct plat_why why;
	struct mem m;

	(void)state;
	assert_int_equal(mem_open(&m, &conf, &why), 0);
	assert_int_equal(ftruncate(m.share.fd, 4096), -1);
	assert_int_equal(ftruncate(m.share.fd, 1 << 20), -1);
	mem_close(&m);
}

static void
hostile(void **state)
{
	struct share s = { .fd = -1, .n = 1 };
	struct gmem gm = { 0 };
	struct plat_why why;
	struct mem m;
	const char *reason = NULL;

	(void)state;
	assert_int_equal(mem_open(&m, &conf, &why), 0);
	s = m.share;
	s.n = 0;
	assert_int_equal(share_map(&s, &gm, &reason), -1);
	s.n = GM_MAXRANGES + 1;
	assert_int_equal(share_map(&s, &gm, &reason), -1);
	s = m.share;
	s.range[1].gpa = 0x8000;
	assert_int_equal(share_map(&s, &gm, &reason), -1);
	assert_string_equal(reason, "memory ranges overlap");
	s = m.share;
	s.range[1].off = 0x123;
	assert_int_equal(share_map(&s, &gm, &reason), -1);
	s = m.share;
	s.range[0].len = 1ULL << 60;
	assert_int_equal(share_map(&s, &gm, &reason), -1);
	s.range[0].len = 0;
	assert_int_equal(share_map(&s, &gm, &reason), -1);
	s = m.share;
	s.fd = -1;
	assert_int_equal(share_map(&s, &gm, &reason), -1);
	assert_int_equal(gm.n, 0);
	mem_close(&m);
}

static void
too_much(void **state)
{
	struct plat_conf c = conf;
	struct plat_why why;
	struct mem m;

	(void)state;
	c.range[1].len = 1ULL << 50;
	assert_int_equal(mem_open(&m, &c, &why), -1);
	assert_non_null(strstr(why.text, "ask for less"));
	assert_null(strchr(why.text, '\n'));
	c.nranges = 0;
	assert_int_equal(mem_open(&m, &c, &why), -1);
	c.nranges = 1;
	c.range[0].len = 100;
	assert_int_equal(mem_open(&m, &c, &why), -1);
	assert_non_null(strstr(why.text, "whole pages"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(both_see),
		cmocka_unit_test(sealed),
		cmocka_unit_test(hostile),
		cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
