/* OpenBSD: pledge; a process without file promises needs no unveil. */
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * "stdio" covers threads that share the process; a vm has its processor
 * ("vmm"), its terminal ("tty") and devices to kill ("proc").
 */
static const char *
promises(enum sandbox_role role)
{
	return role == SANDBOX_VM ? "stdio proc tty vmm" : "stdio";
}

int
sandbox_enter(enum sandbox_role role, char *why, size_t len)
{
	if (pledge(promises(role), NULL) == -1) {
		snprintf(why, len, "pledge: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* The kernel has no list of processes for "proc". */
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
	snprintf(buf, len, "sandbox: pledge \"%s\"", promises(role));
	return buf;
}
