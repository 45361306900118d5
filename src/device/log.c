#include "child.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define BURST	10			/* lines a guest may cause at once */
#define REFILL	1000000000ULL		/* ns for one more */

/* One write per line: several processes share the descriptor. */
static void
emit(struct child *c, const char *text)
{
	char line[512];
	int n;

	n = snprintf(line, sizeof(line), "%s: %s\n", c->name, text);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line);
		line[n - 1] = '\n';
	}
	(void)!write(STDERR_FILENO, line, (size_t)n);
}

static int
wanted(const struct child *c, enum host_log level)
{
	return level == HLOG_WARN || c->verbose > (level == HLOG_DEBUG);
}

void
child_log(struct child *c, enum host_log level, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (!wanted(c, level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(c, text);
}

void
child_log_guest(struct child *c, enum host_log level, const char *line)
{
	uint64_t now = child_now(), n;

	if (!wanted(c, level))
		return;
	n = (now - c->logtime) / REFILL;
	if (n > 0) {
		c->logs = n > BURST - c->logs ? BURST :
		    c->logs + (unsigned)n;
		c->logtime = now;
	}
	if (c->logs == 0) {
		c->unlogged++;
		return;
	}
	c->logs--;
	if (c->unlogged > 0)
		child_log(c, HLOG_WARN, "%u messages left out", c->unlogged);
	c->unlogged = 0;
	emit(c, line);
}
