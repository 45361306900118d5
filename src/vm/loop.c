/* The main thread's part of a run: timers, terminal, signals. */
#include "vm.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "log.h"
#include "sandbox.h"

#define GRACE		5000000000ULL	/* ns for a processor to stop */
#define LISTENER	200000000ULL	/* ns between looks at a pty */

static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

/* ------------------------------------------------------------------- timers */
static void
arm(struct vm *vm, uint64_t next)
{
	uint64_t now = vm_clock(vm, CLOCK_MONO);

	if (vm->ops == &plat_qtest)
		return;			/* its clock is the script's */
	if (next == TIMERS_NEVER)
		ev_timer_clear(vm->timer);
	else
		ev_timer_set(vm->timer, next > now ? next - now : 0);
}

static void
on_timer(void *arg)
{
	struct vm *vm = arg;
	uint64_t next;

	pthread_mutex_lock(&vm->lock);
	next = vm_timers(vm, vm_clock(vm, CLOCK_MONO));
	pthread_mutex_unlock(&vm->lock);
	arm(vm, next);
}

/* ----------------------------------------------------------------- terminal */
/* A key of the terminal's prefix. */
static void
key(struct vm *vm, enum console_event e)
{
	if (e == CONSOLE_QUIT)
		vm_end(vm, 0);
	else if (e == CONSOLE_RESET)
		vm_end(vm, VM_REBOOT);
	else if (e == CONSOLE_BREAK)
		board_console_break(vm->board);
}

/* Offers the chip what there is, and reads on when there is room. */
static void
offer(struct vm *vm)
{
	struct console *c = &vm->con;
	size_t n;

	for (;;) {
		if (c->file && c->len == 0 &&
		    console_read(c) == CONSOLE_EOF)
			c->file = 0;
		if (c->len == 0)
			break;
		n = board_console_input(vm->board, c->buf, c->len);
		if (n == 0)
			break;
		console_taken(c, n);
	}
	if (vm->conio != NULL)
		ev_io_want(vm->conio, c->len < sizeof(c->buf) ? EVF_READ : 0);
}

static void
on_console(void *arg, unsigned what)
{
	enum console_event e;
	struct vm *vm = arg;

	(void)what;
	pthread_mutex_lock(&vm->lock);
	e = console_read(&vm->con);
	key(vm, e);
	offer(vm);
	if (e == CONSOLE_EOF && !vm->con.pty)
		ev_io_free(&vm->conio);
	else if (e == CONSOLE_EOF) {
		/* Nobody is there; somebody may come. */
		ev_io_want(vm->conio, 0);
		ev_timer_set(vm->contimer, LISTENER);
	}
	pthread_mutex_unlock(&vm->lock);
}

static void
on_contimer(void *arg)
{
	struct vm *vm = arg;

	if (vm->conio != NULL)
		ev_io_want(vm->conio, EVF_READ);
}

/* --------------------------------------------------------------------- ends */
static void
on_wake(void *arg)
{
	struct vm *vm = arg;
	uint64_t next;
	int done, ending;

	pthread_mutex_lock(&vm->lock);
	offer(vm);
	next = vm->timers.next;
	done = vm->vcpu_done;
	ending = vm->ending;
	pthread_mutex_unlock(&vm->lock);
	arm(vm, next);
	if (done)
		ev_stop(vm->ev);
	else if (ending && !vm->graced) {
		/* Wakes go on until then: they grant nothing more. */
		vm->graced = 1;
		ev_timer_set(vm->grace, GRACE);
	}
}

/* A device that does not answer holds the processor up. */
static void
on_grace(void *arg)
{
	struct vm *vm = arg;

	log_line(LOG_NORMAL, "a device does not answer: killing them");
	vm_devices_kill(vm);
}

static void
on_signal(void *arg)
{
	struct vm *vm = arg;

	pthread_mutex_lock(&vm->lock);
	vm_shutdown(vm);
	pthread_mutex_unlock(&vm->lock);
}

/* --------------------------------------------------------------------- open */
static int
open_console(struct vm *vm)
{
	if (vm->con.in == -1 || vm->con.file)
		return 0;
	vm->conio = ev_io_new(vm->ev, vm->con.in, on_console, vm);
	vm->contimer = ev_timer_new(vm->ev, on_contimer, vm);
	if (vm->conio == NULL || vm->contimer == NULL)
		return -1;
	return ev_io_want(vm->conio, EVF_READ);
}

int
vm_loop_open(struct vm *vm)
{
	unsigned i;

	vm->ev = ev_new();
	if (vm->ev == NULL)
		return -1;
	vm->wake = ev_wake_new(vm->ev, on_wake, vm);
	vm->timer = ev_timer_new(vm->ev, on_timer, vm);
	vm->grace = ev_timer_new(vm->ev, on_grace, vm);
	if (vm->wake == NULL || vm->timer == NULL || vm->grace == NULL)
		return -1;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		vm->sig[i] = ev_signal_new(vm->ev, signals[i], on_signal, vm);
		if (vm->sig[i] == NULL)
			return -1;
	}
	if (vm_devices_watch(vm) == -1)
		return -1;
	return open_console(vm);
}

void
vm_loop_close(struct vm *vm)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++)
		ev_io_free(&vm->dev[i].io);
	ev_io_free(&vm->conio);
	ev_timer_free(&vm->contimer);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		ev_signal_free(&vm->sig[i]);
	ev_timer_free(&vm->grace);
	ev_timer_free(&vm->timer);
	ev_wake_free(&vm->wake);
	ev_free(&vm->ev);
}

/* From here on there is only what is open. */
static int
confine(struct vm *vm)
{
	pid_t child[VMMSG_MAXDEVS];
	unsigned i, n = 0;
	char text[160];

	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			child[n++] = devproc_pid(vm->dev[i].proc);
	}
	log_line(LOG_VERBOSE, "%s", sandbox_describe(SANDBOX_VM, text,
	    sizeof(text)));
	if (sandbox_enter_vm(child, n, text, sizeof(text)) == 0)
		return 0;
	log_line(LOG_ALWAYS, "sandbox: %s", text);
	return -1;
}

int
vm_run(struct vm *vm, struct chan *ctl)
{
	sigset_t all, old;
	int rv = -1;

	if (vm_loop_open(vm) == -1) {
		log_line(LOG_ALWAYS, "no event loop: %s", strerror(errno));
		vm_loop_close(vm);
		return ENOMEM;
	}
	if (confine(vm) == -1) {
		vm_loop_close(vm);
		return EPERM;
	}
	/* Signals are the main thread's. */
	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	if (vm_ctl_open(vm, ctl) == 0)
		rv = pthread_create(&vm->thread, NULL, vm_vcpu, vm);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rv == 0) {
		vm_ctl_ready(vm);
		on_timer(vm);
		ev_run(vm->ev);
		pthread_join(vm->thread, NULL);
	} else {
		log_line(LOG_ALWAYS, "the processor's thread: %s",
		    strerror(rv == -1 ? errno : rv));
		vm->status = ENOMEM;
	}
	vm_ctl_close(vm);
	vm_loop_close(vm);
	return vm->status;
}
