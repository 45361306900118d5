#include "timers.h"

static void
look(struct timers *t)
{
	unsigned i;

	t->next = TIMERS_NEVER;
	for (i = 0; i < BOARD_NTIMERS; i++) {
		if (t->at[i] < t->next)
			t->next = t->at[i];
	}
}

void
timers_init(struct timers *t)
{
	unsigned i;

	for (i = 0; i < BOARD_NTIMERS; i++)
		t->at[i] = TIMERS_NEVER;
	t->next = TIMERS_NEVER;
}

void
timers_set(struct timers *t, unsigned id, uint64_t at)
{
	uint64_t was = t->at[id];

	t->at[id] = at;
	if (at <= t->next)
		t->next = at;
	else if (was == t->next)
		look(t);
}

void
timers_clear(struct timers *t, unsigned id)
{
	timers_set(t, id, TIMERS_NEVER);
}

int
timers_take(struct timers *t, uint64_t now)
{
	unsigned i;

	if (t->next == TIMERS_NEVER || t->next > now)
		return -1;
	for (i = 0; i < BOARD_NTIMERS - 1 && t->at[i] != t->next; i++)
		;
	t->at[i] = TIMERS_NEVER;
	look(t);
	return (int)i;
}
