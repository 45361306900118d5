/*
 * Guest memory of the simulator: three ranges of 16 KiB, two of them
 * touching, one above 4 GiB.
 *
 * Each range exists two times on the host side.  arena_move() copies what was
 * used to the other side and poisons the ranges in use on the side that was
 * left, so a host pointer that outlives its message is found at once (by the
 * address sanitizer where there is one, else by nonsense bytes).  Only pieces
 * that were touched are copied and cleared: an arena is as good as new after
 * arena_reset() at the price of what the last run used.
 */
#ifndef ARENA_H
#define ARENA_H

#include "gmem.h"

#define ARENA_RANGES	3
#define ARENA_SIZE	16384		/* bytes of a range */
#define ARENA_PIECE	256		/* granule of bookkeeping */
#define ARENA_HIGH	0x100000000ULL	/* gpa of the third range */

struct arena {
	struct gmem	 gm;
	uint8_t		*mem[2];	/* all ranges, one after another */
	uint64_t	 touched[ARENA_RANGES];	/* bit per piece */
	int		 side;		/* the one in use */
	uint8_t		 poisoned[ARENA_RANGES];	/* of the other side */
	/* Told of what the guest stores, before it does; may be NULL. */
	void		(*poked)(void *, uint64_t gpa, const void *, size_t);
	void		*pokedarg;
};

/* Memory is taken once and kept; without it the program ends, exit 1. */
void	arena_no_memory(void) __attribute__((noreturn));
void	arena_init(struct arena *);
void	arena_free(struct arena *);
/* All zero, no tap. */
void	arena_reset(struct arena *);
void	arena_move(struct arena *);
/* The guest's own accesses: -1 when a byte is not mapped. */
int	arena_poke(struct arena *, uint64_t gpa, const void *, size_t);
int	arena_peek(const struct arena *, uint64_t gpa, void *, size_t);
/* Somebody is about to change these bytes. */
void	arena_touch(struct arena *, uint64_t gpa, size_t len);
/* Nobody will tell what is used: these pieces are, a bit each as in touched. */
void	arena_touch_these(struct arena *, const uint64_t *marked);
/* Of the pieces that are marked, a bit each as in touched. */
uint64_t arena_digest(const struct arena *, const uint64_t *marked);
/*
 * The address of a span inside one range, or NULL; the harness' own gm_hva,
 * without the instrumentation of the layers below.
 */
uint8_t	*arena_at(const struct arena *, uint64_t gpa, uint64_t len);
/* 1 when every byte that nobody touched is still 0. */
int	arena_clean(const struct arena *);

#endif
