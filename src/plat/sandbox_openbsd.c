/* OpenBSD: pledge; a process without file promises needs no unveil. */
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Both roles: "stdio" covers threads that share the process. */
int
sandbox_enter(enum sandbox_role role, char *why, size_t len)
{
	(void)role;
	if (pledge("stdio", NULL) == -1) {
		snprintf(why, len, "pledge: %s", strerror(errno));
		return -1;
	}
	return 0;
}

const char *
sandbox_describe(enum sandbox_role role, char *buf, size_t len)
{
	(void)role;
	snprintf(buf, len, "sandbox: pledge \"stdio\"");
	return buf;
}
