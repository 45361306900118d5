#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "poison.h"

#define TOTAL	((size_t)ARENA_RANGES * ARENA_SIZE)
#define NONSENSE	0xdb
#define NOCHECK		__attribute__((no_sanitize("address")))

_Static_assert(ARENA_SIZE / ARENA_PIECE == 64, "one word of bits per range");

/* A range on one of its sides. */
static inline uint8_t *
range_mem(const struct arena *a, int side, unsigned r)
{
	return a->mem[side] + (size_t)r * ARENA_SIZE;
}

void
arena_no_memory(void)
{
	fprintf(stderr, "no memory for the simulator\n");
	exit(1);
}

void
arena_init(struct arena *a)
{
	static const uint64_t base[ARENA_RANGES] = {
		0, ARENA_SIZE, ARENA_HIGH
	};
	unsigned i;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < 2; i++)
		if ((a->mem[i] = aligned_alloc(4096, TOTAL)) == NULL)
			arena_no_memory();
	memset(a->mem[0], 0, TOTAL);
	memset(a->mem[1], 0, TOTAL);
	for (i = 0; i < ARENA_RANGES; i++)
		if (gm_add(&a->gm, base[i], ARENA_SIZE,
		    a->mem[0] + (size_t)i * ARENA_SIZE) == -1)
			abort();
}

void
arena_free(struct arena *a)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		unpoison_region(a->mem[i], TOTAL);
		free(a->mem[i]);
		a->mem[i] = NULL;
	}
}

/*
 * One piece, without a call and whatever side is poisoned: the sanitizers' own
 * copies check both sides, which is wasted on memory that is ours.
 */
static inline NOCHECK void
copy_piece(uint8_t *to, const uint8_t *from)
{
	unsigned i;

	for (i = 0; i < ARENA_PIECE; i += 32)
		__builtin_memcpy(to + i, from + i, 32);
}

static inline NOCHECK void
fill_piece(uint8_t *to, int v)
{
	unsigned i;

	for (i = 0; i < ARENA_PIECE; i += 32)
		__builtin_memset(to + i, v, 32);
}

/* What rings are made of, without the sanitizers' copy; else that one. */
static inline void
put_bytes(uint8_t *to, const void *from, size_t len)
{
	if (len == 2)
		__builtin_memcpy(to, from, 2);
	else if (len == 4)
		__builtin_memcpy(to, from, 4);
	else if (len == 16)
		__builtin_memcpy(to, from, 16);
	else
		memcpy(to, from, len);
}

/* Runs over the touched pieces: copies (from not NULL) or fills them. */
static void
each_touched(struct arena *a, uint8_t *to, const uint8_t *from, int fill)
{
	uint64_t bits;
	size_t off;
	unsigned i;

	for (i = 0; i < ARENA_RANGES; i++)
		for (bits = a->touched[i]; bits != 0; bits &= bits - 1) {
			off = (size_t)i * ARENA_SIZE + (size_t)ARENA_PIECE *
			    (unsigned)__builtin_ctzll(bits);
			if (from != NULL)
				copy_piece(to + off, from + off);
			else
				fill_piece(to + off, fill);
		}
}

void
arena_reset(struct arena *a)
{
	each_touched(a, a->mem[0], NULL, 0);
	each_touched(a, a->mem[1], NULL, 0);
	memset(a->touched, 0, sizeof(a->touched));
	a->gm.tap = NULL;
}

/*
 * What nobody touched is zero on both sides: who still looks there sees what
 * is true, so only ranges in use are worth the poison.
 */
void
arena_move(struct arena *a)
{
	int from = a->side, to = !from, poisons = 0;
	unsigned i;

	for (i = 0; i < ARENA_RANGES; i++) {
		if (a->poisoned[i])
			unpoison_region(range_mem(a, to, i), ARENA_SIZE);
		a->poisoned[i] = a->touched[i] != 0;
	}
	each_touched(a, a->mem[to], a->mem[from], 0);
	for (i = 0; i < ARENA_RANGES; i++) {
		if (a->poisoned[i])
			poisons = poison_region(range_mem(a, from, i),
			    ARENA_SIZE);
		a->gm.range[i].hva = range_mem(a, to, i);
	}
	if (!poisons)
		each_touched(a, a->mem[from], NULL, NONSENSE);
	a->side = to;
}

static unsigned
range_of(uint64_t gpa)
{
	return gpa >= ARENA_HIGH ? 2 : gpa >= ARENA_SIZE;
}

void
arena_touch(struct arena *a, uint64_t gpa, size_t len)
{
	unsigned r = range_of(gpa), first, last;
	size_t off = gpa - a->gm.range[r].gpa, here;

	if (len == 0)
		return;
	here = len < ARENA_SIZE - off ? len : ARENA_SIZE - off;
	first = (unsigned)(off / ARENA_PIECE);
	last = (unsigned)((off + here - 1) / ARENA_PIECE);
	a->touched[r] |= (~0ULL << first) & (~0ULL >> (63 - last));
	if (here < len)
		arena_touch(a, gpa + here, len - here);
}

void
arena_touch_these(struct arena *a, const uint64_t *marked)
{
	memcpy(a->touched, marked, sizeof(a->touched));
}

uint64_t
arena_digest(const struct arena *a, const uint64_t *marked)
{
	struct digest d;
	uint64_t bits;
	unsigned i;

	digest_init(&d);
	for (i = 0; i < ARENA_RANGES; i++)
		for (bits = marked[i]; bits != 0; bits &= bits - 1)
			digest_add(&d, a->mem[a->side] +
			    (size_t)i * ARENA_SIZE + (size_t)ARENA_PIECE *
			    (unsigned)__builtin_ctzll(bits), ARENA_PIECE);
	return digest_value(&d);
}

uint8_t *
arena_at(const struct arena *a, uint64_t gpa, uint64_t len)
{
	unsigned r = range_of(gpa);
	uint64_t off = gpa - a->gm.range[r].gpa;

	if (off >= ARENA_SIZE || len > ARENA_SIZE - off)
		return NULL;
	return a->mem[a->side] + (size_t)r * ARENA_SIZE + off;
}

int
arena_poke(struct arena *a, uint64_t gpa, const void *p, size_t len)
{
	struct iovec iov[ARENA_RANGES];
	const uint8_t *src = p;
	uint8_t *one;
	int i, n;

	if ((one = arena_at(a, gpa, len)) != NULL) {
		if (a->poked != NULL)
			a->poked(a->pokedarg, gpa, p, len);
		arena_touch(a, gpa, len);
		put_bytes(one, p, len);
		return 0;
	}
	n = gm_borrow(&a->gm, gpa, len, iov, ARENA_RANGES);
	if (n < 0)
		return -1;
	if (a->poked != NULL)
		a->poked(a->pokedarg, gpa, p, len);
	arena_touch(a, gpa, len);
	for (i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, src, iov[i].iov_len);
		src += iov[i].iov_len;
	}
	return 0;
}

int
arena_peek(const struct arena *a, uint64_t gpa, void *p, size_t len)
{
	struct iovec iov[ARENA_RANGES];
	uint8_t *dst = p;
	int i, n;

	n = gm_borrow(&a->gm, gpa, len, iov, ARENA_RANGES);
	for (i = 0; i < n; i++) {
		memcpy(dst, iov[i].iov_base, iov[i].iov_len);
		dst += iov[i].iov_len;
	}
	return n < 0 ? -1 : 0;
}

static inline NOCHECK uint64_t
bits_of_piece(const uint8_t *p)
{
	uint64_t v, bits = 0;
	unsigned i;

	for (i = 0; i < ARENA_PIECE; i += sizeof(v)) {
		__builtin_memcpy(&v, p + i, sizeof(v));
		bits |= v;
	}
	return bits;
}

static int
side_clean(const struct arena *a, int side)
{
	uint64_t rest, bits = 0;
	unsigned i;

	for (i = 0; i < ARENA_RANGES; i++)
		for (rest = ~a->touched[i]; rest != 0; rest &= rest - 1)
			bits |= bits_of_piece(a->mem[side] +
			    (size_t)i * ARENA_SIZE + (size_t)ARENA_PIECE *
			    (unsigned)__builtin_ctzll(rest));
	return bits == 0;
}

/* What was stored before the last move lies on the other side. */
int
arena_clean(const struct arena *a)
{
	int other;
	unsigned i;

	for (i = 0; i < ARENA_RANGES; i++)
		unpoison_region(range_mem(a, !a->side, i), ARENA_SIZE);
	other = side_clean(a, !a->side);
	for (i = 0; i < ARENA_RANGES; i++)
		if (a->poisoned[i])
			(void)poison_region(range_mem(a, !a->side, i),
			    ARENA_SIZE);
	return other && side_clean(a, a->side);
}
