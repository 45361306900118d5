/*
 * What a vm process tells its operator: lines on the standard error, or in
 * the system's log when the daemon started it there.  A guest can cause
 * lines; more than a few a second are counted, not written.
 */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>

enum log_level {
	LOG_ALWAYS,		/* errors; never dropped */
	LOG_NORMAL,
	LOG_VERBOSE,
	LOG_CHATTY
};

/* name stands in front of each line and is not copied. */
void	log_init(const char *name, unsigned verbose);
void	log_verbose(unsigned verbose);
void	log_line(enum log_level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* The same for a part of the machine. */
void	log_part(enum log_level, const char *who, const char *fmt, va_list)
	    __attribute__((format(printf, 3, 0)));

#endif
