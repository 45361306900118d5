/*
 * The timers of a board: for each number a time, or none.  Times are
 * nanoseconds of whatever clock the caller has.  Not locked.
 */
#ifndef TIMERS_H
#define TIMERS_H

#include <stdint.h>

#include "board.h"

#define TIMERS_NEVER	UINT64_MAX

struct timers {
	uint64_t	 at[BOARD_NTIMERS];	/* TIMERS_NEVER: not set */
	uint64_t	 next;			/* the earliest of them */
};

void	timers_init(struct timers *);
/* Replaces the time of a number. */
void	timers_set(struct timers *, unsigned id, uint64_t at);
void	timers_clear(struct timers *, unsigned id);
/*
 * Takes the earliest timer that is due at a time and returns its number, -1
 * when none is.  Of several at the same time the lowest number comes first.
 */
int	timers_take(struct timers *, uint64_t now);

#endif
