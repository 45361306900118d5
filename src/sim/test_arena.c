/* Guest memory of the simulator: what a move keeps and what it spoils. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arena.h"

static struct arena arena;

/* Moving keeps bytes, poisons what was left; reset clears. */
static void
test_move(void **state)
{
	uint8_t b[4] = { 1, 2, 3, 4 }, got[4];
	uint8_t *before, *after;

	(void)state;
	arena_reset(&arena);
	assert_int_equal(arena_poke(&arena, ARENA_SIZE - 2, b, 4), 0);
	assert_int_equal(arena_poke(&arena, 2 * ARENA_SIZE - 2, b, 4), -1);
	before = gm_hva(&arena.gm, ARENA_SIZE, 1);
	arena_move(&arena);
	after = gm_hva(&arena.gm, ARENA_SIZE, 1);
	assert_ptr_not_equal(before, after);
	assert_int_equal(arena_peek(&arena, ARENA_SIZE - 2, got, 4), 0);
	assert_memory_equal(got, b, 4);
	assert_int_equal(arena_clean(&arena), 1);
	*(uint8_t *)gm_hva(&arena.gm, 0x3000, 1) = 1;
	assert_int_equal(arena_clean(&arena), 0);
	*(uint8_t *)gm_hva(&arena.gm, 0x3000, 1) = 0;
	after = gm_hva(&arena.gm, 0x3000, 1);
	*after = 1;
	arena_move(&arena);
	assert_int_equal(arena_clean(&arena), 0);
	arena_move(&arena);
	*after = 0;
	assert_int_equal(arena_clean(&arena), 1);
	arena_reset(&arena);
	assert_int_equal(arena_peek(&arena, ARENA_SIZE - 2, got, 4), 0);
	assert_memory_equal(got, "\0\0\0\0", 4);
}

/* Linked where there is such a sanitizer. */
void	*__asan_region_is_poisoned(void *, size_t) __attribute__((weak));

static void
all_bare(uint8_t *p, size_t len)
{
	if (__asan_region_is_poisoned != NULL)
		assert_null(__asan_region_is_poisoned(p, len));
}

static void
stale(uint8_t *p)
{
	if (__asan_region_is_poisoned != NULL)
		assert_ptr_equal(__asan_region_is_poisoned(p, 1), p);
	else
		assert_int_equal(*p, 0xdb);
}

/* Whatever ranges are in use: what is left is spoiled, what is used is not. */
static void
test_sides(void **state)
{
	static const uint64_t base[ARENA_RANGES] = {
		0, ARENA_SIZE, ARENA_HIGH
	};
	uint8_t *before[ARENA_RANGES], one = 1;
	unsigned run, i, step;

	(void)state;
	for (run = 0; run < 64; run++) {
		arena_reset(&arena);
		for (step = 0; step < 4; step++) {
			for (i = 0; i < ARENA_RANGES; i++) {
				if (step > 0 && run >> (i + step - 1) & 1)
					arena_poke(&arena, base[i] + step, &one,
					    1);
				before[i] = gm_hva(&arena.gm, base[i], 1);
				all_bare(before[i], ARENA_SIZE);
			}
			arena_move(&arena);
			for (i = 0; i < ARENA_RANGES; i++)
				if (arena.touched[i] != 0)
					stale(before[i]);
		}
		assert_int_equal(arena_clean(&arena), 1);
		for (i = 0; i < ARENA_RANGES; i++)
			if (arena.touched[i] != 0)
				stale(before[i]);
	}
	arena_reset(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_sides),
	};
	int res;

	arena_init(&arena);
	res = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return res;
}
