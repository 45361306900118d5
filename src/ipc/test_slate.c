/* Memory between two processes, one of which may be hostile. */
#include "slate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include <sys/mman.h>

#include "prng.h"

static struct slate_pipe pipe0;

/* Any lengths, across the end of the memory and of the counts. */
static void
test_bytes(void **state)
{
	static uint8_t in[SLATE_PIPE + 100], out[sizeof(in)];
	uint32_t start = UINT32_MAX - 3 * SLATE_PIPE - 5;
	uint8_t next = 0, want = 0;
	struct prng r = { 3 };
	unsigned round;
	int i, n, have = 0;
	size_t len;

	(void)state;
	memset(&pipe0, 0, sizeof(pipe0));
	pipe0.put = pipe0.got = start;
	for (round = 0; round < 2000; round++) {
		len = prng_below(&r, round % 3 == 0 ? sizeof(in) : 300);
		for (i = 0; i < (int)len; i++)
			in[i] = (uint8_t)(next + i);
		n = slate_put(&pipe0, in, len);
		assert_int_equal(n, len < SLATE_PIPE - (size_t)have ?
		    (int)len : (int)SLATE_PIPE - have);
		next = (uint8_t)(next + n);
		have += n;
		assert_int_equal(slate_any(&pipe0), have > 0);
		len = prng_below(&r, round % 2 == 0 ? sizeof(out) : 300);
		n = slate_take(&pipe0, out, len);
		assert_int_equal(n, (int)len < have ? (int)len : have);
		for (i = 0; i < n; i++)
			assert_int_equal(out[i], want++);
		have -= n;
	}
	assert_true(pipe0.got < start);
}

static void
test_lies(void **state)
{
	static uint8_t b[2 * SLATE_PIPE];
	uint32_t n;

	(void)state;
	for (n = 1; n != 0; n <<= 1) {
		pipe0.got = n;
		pipe0.put = n + SLATE_PIPE + n;
		assert_int_equal(slate_put(&pipe0, b, sizeof(b)), -1);
		assert_int_equal(slate_take(&pipe0, b, sizeof(b)), -1);
		pipe0.put = n - 1;
		assert_int_equal(slate_put(&pipe0, b, sizeof(b)), -1);
		assert_int_equal(slate_take(&pipe0, b, sizeof(b)), -1);
		/* Who waits shall look, and find out. */
		assert_int_equal(slate_any(&pipe0), 1);
	}
	pipe0.put = pipe0.got + SLATE_PIPE;
	assert_int_equal(slate_put(&pipe0, b, sizeof(b)), 0);
	assert_int_equal(slate_take(&pipe0, b, sizeof(b)), SLATE_PIPE);
}

static void
test_wishes(void **state)
{
	_Atomic uint32_t w = 0;

	(void)state;
	assert_false(slate_wished(&w));
	slate_wish(&w);
	slate_wish(&w);
	assert_true(slate_wished(&w));
	assert_false(slate_wished(&w));
	w = 0x80000000;
	assert_true(slate_wished(&w));
}

/* Both ends see one memory; an object of another size is refused. */
static void
test_map(void **state)
{
	int fd = memfd_create("slate", MFD_CLOEXEC);
	struct slate *a, *b;

	(void)state;
	assert_null(slate_map(fd));
	assert_int_equal(ftruncate(fd, SLATE_SIZE + 1), 0);
	assert_null(slate_map(fd));
	assert_int_equal(ftruncate(fd, SLATE_SIZE), 0);
	a = slate_map(fd);
	b = slate_map(fd);
	close(fd);
	assert_true(a != NULL && b != NULL && a != b);
	a->line = 0x123401;
	assert_int_equal(b->line, 0x123401);
	slate_unmap(a);
	slate_unmap(b);
	slate_unmap(NULL);
	assert_null(slate_map(-1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
