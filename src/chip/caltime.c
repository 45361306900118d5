#include "caltime.h"

#define DAY		86400
#define ERA_DAYS	146097		/* of 400 years */

/*
 * Years are counted from March, so that the day that is not always there is
 * the last one; 0000-03-01 is 719468 days before 1970.
 */
#define EPOCH		719468

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days of a year that starts in March before its month m, 0 to 11. */
static int
days_before(int m)
{
	return (153 * m + 2) / 5;
}

void
caltime_split(int64_t sec, struct caltime *t)
{
	int64_t days = floor_div(sec, DAY), era, yoe;
	int s = (int)(sec - days * DAY), doe, doy, m;

	t->hour = s / 3600;
	t->min = s / 60 % 60;
	t->sec = s % 60;
	t->wday = (int)(days + 4 - floor_div(days + 4, 7) * 7);
	days += EPOCH;
	era = floor_div(days, ERA_DAYS);
	doe = (int)(days - era * ERA_DAYS);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / (ERA_DAYS - 1)) / 365;
	doy = doe - (int)(365 * yoe + yoe / 4 - yoe / 100);
	m = (5 * doy + 2) / 153;
	t->day = doy - days_before(m) + 1;
	t->month = m < 10 ? m + 3 : m - 9;
	t->year = era * 400 + yoe + (t->month <= 2);
}

int64_t
caltime_join(const struct caltime *t)
{
	int m = (t->month % 12 + 11) % 12 + 1;
	int64_t y = t->year - (m <= 2), era = floor_div(y, 400), days;
	int64_t yoe = y - era * 400;

	days = era * ERA_DAYS + 365 * yoe + yoe / 4 - yoe / 100 +
	    days_before(m > 2 ? m - 3 : m + 9) + t->day - 1 - EPOCH;
	return days * DAY + t->hour * 3600 + t->min * 60 + t->sec;
}
