#include "log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pthread.h>

#define PER_SECOND	20

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *tag = "vmd-vm";
static unsigned level;
static time_t second;
static unsigned written, dropped;

void
log_init(const char *name, unsigned verbose)
{
	tag = name;
	level = verbose;
}

void
log_verbose(unsigned verbose)
{
	pthread_mutex_lock(&lock);
	level = verbose;
	pthread_mutex_unlock(&lock);
}

static void put(const char *, const char *, va_list)
    __attribute__((format(printf, 2, 0)));
static void put_dropped(const char *, ...)
    __attribute__((format(printf, 1, 2)));

static void
put(const char *who, const char *fmt, va_list ap)
{
	char s[512];
	size_t n;
	int k;

	k = snprintf(s, sizeof(s) - 1, "%s: %s%s", tag, who == NULL ? "" :
	    who, who == NULL ? "" : ": ");
	n = (size_t)k < sizeof(s) - 1 ? (size_t)k : sizeof(s) - 2;
	k = vsnprintf(s + n, sizeof(s) - 1 - n, fmt, ap);
	if (k > 0)
		n += (size_t)k < sizeof(s) - 1 - n ? (size_t)k :
		    sizeof(s) - 2 - n;
	s[n++] = '\n';
	/* One call, so that lines of several processes do not mix. */
	if (write(STDERR_FILENO, s, n) == -1)
		return;
}

static void
put_dropped(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(NULL, fmt, ap);
	va_end(ap);
}

/* Whether a line may be written; the clock's seconds are the budget's. */
static int
allowed(enum log_level l)
{
	time_t now = time(NULL);

	if (l == LOG_ALWAYS)
		return 1;
	if ((unsigned)l > level + 1)
		return 0;
	if (now != second) {
		if (dropped > 0)
			put_dropped("%u more lines are not shown", dropped);
		second = now;
		written = dropped = 0;
	}
	if (written >= PER_SECOND) {
		dropped++;
		return 0;
	}
	written++;
	return 1;
}

void
log_part(enum log_level l, const char *who, const char *fmt, va_list ap)
{
	pthread_mutex_lock(&lock);
	if (allowed(l))
		put(who, fmt, ap);
	pthread_mutex_unlock(&lock);
}

void
log_line(enum log_level l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_part(l, NULL, fmt, ap);
	va_end(ap);
}
