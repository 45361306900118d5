/*
 * Whether asking again and again is worth it before going to sleep.
 *
 * Where the peer runs on another processor its answer is there before a sleep
 * would have begun.  Where both share one, asking only keeps the peer from
 * answering.  Nobody knows beforehand, so experience decides: what pays is
 * done, what does not is tried once in a while.
 */
#ifndef SPIN_H
#define SPIN_H

#define SPIN_LONG	32000U		/* ns; about two wake-ups */
#define SPIN_CREDIT	16
#define SPIN_RETRY	256		/* waits until the next try */

struct spin {
	unsigned	max;		/* ns; 0: never */
	unsigned	credit;
	unsigned	waits;
};

/* How long to ask before this wait, in ns. */
static inline unsigned
spin_for(struct spin *s)
{
	return s->credit > 0 || ++s->waits % SPIN_RETRY == 0 ? s->max : 0;
}

/* Asking came to something, or to nothing. */
static inline void
spin_learn(struct spin *s, int paid)
{
	if (paid && s->credit < SPIN_CREDIT)
		s->credit++;
	else if (!paid)
		s->credit = s->credit > 2 ? s->credit - 2 : 0;
}

#endif
