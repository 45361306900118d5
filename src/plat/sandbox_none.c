/* A system without a sandbox that we know how to enter. */
#include "sandbox.h"

#include <stdio.h>

int
sandbox_enter(enum sandbox_role role, char *why, size_t len)
{
	(void)role;
	(void)why;
	(void)len;
	return 0;
}

int
sandbox_enter_vm(const pid_t *child, unsigned n, char *why, size_t len)
{
	(void)child;
	(void)n;
	return sandbox_enter(SANDBOX_VM, why, len);
}

const char *
sandbox_describe(enum sandbox_role role, char *buf, size_t len)
{
	(void)role;
	snprintf(buf, len, "sandbox: NONE on this system: a process that a "
	    "guest takes over can do what its user can");
	return buf;
}
