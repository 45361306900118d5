#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gmem.h"

#define SIZE	32
#define BASE	0x100

static uint8_t mem[2][SIZE];

struct event {
	char		what;
	uint64_t	gpa;
	size_t		len;
	uint8_t		data[2 * SIZE];
	uint8_t		before;		/* byte in memory at that moment */
};

static struct event seen[8];
static unsigned nseen;
static int replace;

static void
note(char what, uint64_t gpa, const uint8_t *data, size_t len)
{
	struct event *e = &seen[nseen++];

	assert_true(nseen <= 8);
	e->what = what;
	e->gpa = gpa;
	e->len = len;
	memcpy(e->data, data, len);
	e->before = gpa < BASE + SIZE ? mem[0][gpa - BASE] :
	    mem[1][gpa - BASE - SIZE];
}

static void
on_load(void *arg, uint64_t gpa, uint8_t *data, size_t len)
{
	assert_ptr_equal(arg, &nseen);
	note('l', gpa, data, len);
	if (replace)
		memset(data, 0xcc, len);
}

static void
on_store(void *arg, uint64_t gpa, const uint8_t *data, size_t len)
{
	assert_ptr_equal(arg, &nseen);
	note('s', gpa, data, len);
}

static const struct gm_tap tap = { on_load, on_store };

static void
init(struct gmem *gm)
{
	unsigned i;

	memset(gm, 0, sizeof(*gm));
	for (i = 0; i < SIZE; i++) {
		mem[0][i] = (uint8_t)i;
		mem[1][i] = (uint8_t)(SIZE + i);
	}
	assert_int_equal(gm_add(gm, BASE, SIZE, mem[0]), 0);
	assert_int_equal(gm_add(gm, BASE + SIZE, SIZE, mem[1]), 0);
	gm->tap = &tap;
	gm->taparg = &nseen;
	nseen = 0;
	replace = 0;
}

static void
expect(unsigned i, char what, uint64_t gpa, const void *data, size_t len)
{
	assert_true(i < nseen);
	assert_int_equal(seen[i].what, what);
	assert_true(seen[i].gpa == gpa);
	assert_int_equal(seen[i].len, len);
	assert_memory_equal(seen[i].data, data, len);
}

/* One event for a copy, wherever the ranges end; what it says is seen. */
static void
test_copyin(void **state)
{
	uint8_t buf[8], want[8];
	struct gmem gm;

	(void)state;
	init(&gm);
	assert_int_equal(gm_copyin(&gm, BASE + SIZE - 4, buf, 8), 0);
	assert_int_equal(nseen, 1);
	expect(0, 'l', BASE + SIZE - 4, buf, 8);
	assert_int_equal(buf[0], SIZE - 4);
	assert_int_equal(buf[7], SIZE + 3);
	replace = 1;
	memset(want, 0xcc, sizeof(want));
	assert_int_equal(gm_copyin(&gm, BASE, buf, 8), 0);
	assert_memory_equal(buf, want, 8);
	assert_int_equal(mem[0][0], 0);
}

static void
test_copyout(void **state)
{
	static const uint8_t src[8] = { 90, 91, 92, 93, 94, 95, 96, 97 };
	struct gmem gm;

	(void)state;
	init(&gm);
	assert_int_equal(gm_copyout(&gm, BASE + SIZE - 4, src, 8), 0);
	assert_int_equal(nseen, 1);
	expect(0, 's', BASE + SIZE - 4, src, 8);
	/* The tap comes first. */
	assert_int_equal(seen[0].before, SIZE - 4);
	assert_int_equal(mem[0][SIZE - 4], 90);
	assert_int_equal(mem[1][3], 97);
}

/* What is refused and what is empty is no event. */
static void
test_silent(void **state)
{
	struct iovec v[4];
	struct gm_win w;
	struct gmem gm;
	uint8_t buf[8];

	(void)state;
	init(&gm);
	assert_int_equal(gm_copyin(&gm, BASE + 2 * SIZE - 4, buf, 8), -1);
	assert_int_equal(gm_copyout(&gm, BASE - 1, buf, 8), -1);
	assert_int_equal(gm_copyin(&gm, BASE, buf, 0), 0);
	assert_int_equal(gm_copyout(&gm, BASE, buf, 0), 0);
	assert_non_null(gm_hva(&gm, BASE, SIZE));
	assert_int_equal(gm_window(&gm, BASE, SIZE, &w), 0);
	assert_int_equal(gm_borrow(&gm, BASE, 2 * SIZE, v, 4), 2);
	gm_lend(&gm, v, 0);
	gm_return(&gm, v, 2, 0);
	assert_int_equal(nseen, 0);
}

static void
test_window(void **state)
{
	static const uint8_t elem[3] = { 70, 71, 72 };
	static const uint8_t stored[2] = { 0x34, 0x12 };
	static const uint8_t loaded[2] = { 4, 5 };
	struct gm_win w;
	struct gmem gm;
	uint8_t buf[3];

	(void)state;
	init(&gm);
	assert_int_equal(gm_window(&gm, BASE + 2, 16, &w), 0);
	assert_int_equal(gm_load16(&gm, &w, 2), 0x0504);
	expect(0, 'l', BASE + 4, loaded, 2);
	gm_store16(&gm, &w, 4, 0x1234);
	expect(1, 's', BASE + 6, stored, 2);
	assert_int_equal(seen[1].before, 6);
	gm_fetch(&gm, &w, 0, buf, 3);
	expect(2, 'l', BASE + 2, mem[0] + 2, 3);
	gm_put(&gm, &w, 8, elem, 3);
	expect(3, 's', BASE + 10, elem, 3);
	assert_int_equal(seen[3].before, 10);
	assert_int_equal(nseen, 4);
	replace = 1;
	assert_int_equal(gm_load16(&gm, &w, 0), 0xcccc);
	gm_fetch(&gm, &w, 0, buf, 3);
	assert_int_equal(buf[2], 0xcc);
}

/* Lent vectors are loads of themselves, in order. */
static void
test_lend(void **state)
{
	struct iovec v[4];
	struct gmem gm;
	int n;

	(void)state;
	init(&gm);
	n = gm_borrow(&gm, BASE + 30, 6, v, 4);
	assert_int_equal(n, 2);
	v[2].iov_base = mem[0];
	v[2].iov_len = 0;
	gm_lend(&gm, v, 3);
	assert_int_equal(nseen, 2);
	expect(0, 'l', BASE + 30, mem[0] + 30, 2);
	expect(1, 'l', BASE + 32, mem[1], 4);
	replace = 1;
	gm_lend(&gm, v, 1);
	assert_int_equal(mem[0][30], 0xcc);
}

/* Returned vectors are stores of the part that was filled. */
static void
test_return(void **state)
{
	struct iovec v[4];
	struct gmem gm;
	size_t len;

	(void)state;
	for (len = 1; len <= 7; len++) {
		init(&gm);
		assert_int_equal(gm_borrow(&gm, BASE + 30, 6, v, 4), 2);
		gm_return(&gm, v, 2, len);
		expect(0, 's', BASE + 30, mem[0] + 30, len < 2 ? len : 2);
		assert_int_equal(nseen, len <= 2 ? 1 : 2);
		if (len > 2)
			expect(1, 's', BASE + 32, mem[1],
			    len < 6 ? len - 2 : 4);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copyin),
		cmocka_unit_test(test_copyout),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_lend),
		cmocka_unit_test(test_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
