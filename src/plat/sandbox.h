/*
 * What a process may still do once it is set up.
 *
 * OpenBSD: pledge and unveil.  Linux: no new privileges, no capabilities, a
 * landlock ruleset without rules, a seccomp filter that kills.  Elsewhere
 * nothing, and the description says so: whoever starts logs it.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <sys/types.h>

#include <stddef.h>

enum sandbox_role {
	SANDBOX_DEVICE,		/* descriptors it has, memory, clocks */
	SANDBOX_DEVICE_THREADS,	/* the same, and threads of its own */
	SANDBOX_VM,		/* the same, its processor, its terminal */
	SANDBOX_NROLES
};

/*
 * Gives up everything that the role does not need, for good.  0, or -1 with
 * a reason in why; a process that got -1 must not go on.
 */
int	sandbox_enter(enum sandbox_role, char *why, size_t len);
/*
 * The same for SANDBOX_VM with processes that it started: it may wait for
 * its children, and kill these.
 */
int	sandbox_enter_vm(const pid_t *child, unsigned n, char *why, size_t len);

/*
 * One line about what holds a process of this role here, into buf; to be
 * called before sandbox_enter.  Returns buf.
 */
const char *sandbox_describe(enum sandbox_role, char *buf, size_t len);

#endif
