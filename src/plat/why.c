#include "plat.h"

#include <stdarg.h>
#include <stdio.h>

int
plat_fail(struct plat_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}
