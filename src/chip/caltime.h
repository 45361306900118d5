/*
 * Seconds since 1970 and the fields of a calendar, Gregorian for all years.
 */
#ifndef CALTIME_H
#define CALTIME_H

#include <stdint.h>

struct caltime {
	int64_t	year;
	int	month;		/* 1 to 12 */
	int	day;		/* 1 to 31 */
	int	wday;		/* 0 to 6, Sunday first */
	int	hour, min, sec;
};

/* The fields of a point in time; any number is one. */
void	caltime_split(int64_t sec, struct caltime *);
/*
 * The way back.  Fields beyond their range carry over, months are folded into
 * a year, wday is not looked at.
 */
int64_t	caltime_join(const struct caltime *);

#endif
