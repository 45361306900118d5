/* What the board wants from outside.  All are called with the lock held. */
#include "vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define NSEC	1000000000ULL

static uint64_t
system_clock(enum host_clock which)
{
	struct timespec ts;

	clock_gettime(which == CLOCK_WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC,
	    &ts);
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

uint64_t
vm_clock(struct vm *vm, enum host_clock which)
{
	if (vm->ops == &plat_qtest)
		return vm->vclock;
	return system_clock(which);
}

static void
hook_intr(void *arg, int pending)
{
	struct vm *vm = arg;

	if (pending)
		vm_nudge(vm);
}

static uint64_t
hook_clock(void *arg, enum host_clock which)
{
	return vm_clock(arg, which);
}

static void
hook_timer(void *arg, unsigned id, uint64_t delay)
{
	struct vm *vm = arg;
	uint64_t was = vm->timers.next, now = vm_clock(vm, CLOCK_MONO);

	timers_set(&vm->timers, id, delay > UINT64_MAX - 1 - now ?
	    UINT64_MAX - 1 : now + delay);
	if (vm->timers.next < was && vm->wake != NULL)
		ev_wake_up(vm->wake);
}

static void
hook_untimer(void *arg, unsigned id)
{
	struct vm *vm = arg;

	timers_clear(&vm->timers, id);
}

static int
hook_console(void *arg, const void *p, size_t len)
{
	struct vm *vm = arg;

	return console_write(&vm->con, p, len);
}

static void
hook_console_ready(void *arg, int on)
{
	struct vm *vm = arg;

	if (on && vm->wake != NULL)
		ev_wake_up(vm->wake);
}

static void
hook_debug(void *arg, uint8_t byte)
{
	struct vm *vm = arg;

	if (byte != '\n' && byte >= ' ' && byte <= '~')
		vm->debug[vm->debuglen++] = (char)byte;
	if (byte != '\n' && vm->debuglen < sizeof(vm->debug) - 1)
		return;
	vm->debug[vm->debuglen] = '\0';
	vm->debuglen = 0;
	log_line(LOG_ALWAYS, "firmware: %s", vm->debug);
}

static int
hook_entropy(void *arg, void *p, size_t len)
{
	uint8_t *b = p;
	size_t n;

	(void)arg;
	for (; len > 0; b += n, len -= n) {
		n = len < 256 ? len : 256;
		if (getentropy(b, n) == -1)
			return -1;
	}
	return 0;
}

static void
hook_request(void *arg, enum host_request what, uint64_t v)
{
	struct vm *vm = arg;

	(void)v;
	if (what == HREQ_REBOOT)
		vm_end(vm, VM_REBOOT);
	else if (what == HREQ_SHUTDOWN)
		vm_end(vm, 0);
}

static void hook_log(void *, enum host_log, const char *, const char *,
    va_list) __attribute__((format(printf, 4, 0)));

static void
hook_log(void *arg, enum host_log level, const char *who, const char *fmt,
    va_list ap)
{
	(void)arg;
	log_part(level == HLOG_WARN ? LOG_NORMAL : level == HLOG_INFO ?
	    LOG_VERBOSE : LOG_CHATTY, who, fmt, ap);
}

static void hook_panic(void *, const char *, const char *, va_list)
    __attribute__((noreturn, format(printf, 3, 0)));

static void
hook_panic(void *arg, const char *who, const char *fmt, va_list ap)
{
	struct vm *vm = arg;

	log_part(LOG_ALWAYS, who, fmt, ap);
	console_close(&vm->con);
	abort();
}

const struct board_host vm_board_host = {
	.intr = hook_intr,
	.clock = hook_clock,
	.timer = hook_timer,
	.untimer = hook_untimer,
	.console = hook_console,
	.console_ready = hook_console_ready,
	.debug = hook_debug,
	.entropy = hook_entropy,
	.request = hook_request,
	.log = hook_log,
	.panic = hook_panic,
};
