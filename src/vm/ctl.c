/* The daemon's channel, while the machine runs. */
#include "vm.h"

#include <errno.h>
#include <unistd.h>

#include "log.h"

/* The daemon is gone or talks nonsense: nobody could stop us any more. */
static void
lost(struct vm *vm, const char *why)
{
	log_line(LOG_ALWAYS, "the daemon's channel: %s: the machine ends",
	    why);
	ev_io_free(&vm->ctlio);
	pthread_mutex_lock(&vm->lock);
	vm_end(vm, EPIPE);
	pthread_mutex_unlock(&vm->lock);
}

static void
reply(struct vm *vm, uint32_t type)
{
	if (chan_send(vm->ctl, type, NULL, 0, -1) != CHAN_OK)
		lost(vm, "it takes no answer");
}

static void
stop(struct vm *vm, int status)
{
	pthread_mutex_lock(&vm->lock);
	vm_end(vm, status);
	pthread_mutex_unlock(&vm->lock);
}

/* The guest does it, or, when nobody listens there, we do. */
static void
ask(struct vm *vm, unsigned what, int status)
{
	int rv;

	pthread_mutex_lock(&vm->lock);
	rv = vm_command(vm, what);
	pthread_mutex_unlock(&vm->lock);
	if (rv == -1)
		stop(vm, status);
}

static int
handle(struct vm *vm, const struct frame *f)
{
	if (f->len != (f->type == VMMSG_VERBOSE))
		return -1;
	switch (f->type) {
	case VMMSG_PAUSE:
		vm_pause(vm);
		reply(vm, VMMSG_PAUSED);
		return 0;
	case VMMSG_UNPAUSE:
		vm_unpause(vm);
		reply(vm, VMMSG_UNPAUSED);
		return 0;
	case VMMSG_STOP:
		stop(vm, 0);
		return 0;
	case VMMSG_SHUTDOWN:
		ask(vm, VIODEV_CMD_SHUTDOWN, 0);
		return 0;
	case VMMSG_RESTART:
		ask(vm, VIODEV_CMD_REBOOT, VM_REBOOT);
		return 0;
	case VMMSG_VERBOSE:
		vm_verbose(vm, f->data[0]);
		return 0;
	default:
		return -1;
	}
}

static void
readable(void *arg, unsigned what)
{
	struct vm *vm = arg;
	enum chan_result got, r;
	struct frame f;
	int fd;

	(void)what;
	got = chan_fill(vm->ctl);
	while ((r = chan_next(vm->ctl, &f, &fd)) == CHAN_OK) {
		if (fd != -1)
			close(fd);
		if (handle(vm, &f) == -1)
			lost(vm, "a message that has no place here");
		if (vm->ctlio == NULL)
			return;
	}
	if (r == CHAN_BAD || got == CHAN_BAD)
		lost(vm, vm->ctl->why);
	else if (got == CHAN_CLOSED)
		lost(vm, "closed");
}

int
vm_ctl_open(struct vm *vm, struct chan *ctl)
{
	vm->ctl = ctl;
	if (ctl == NULL)
		return 0;
	vm->ctlio = ev_io_new(vm->ev, ctl->fd, readable, vm);
	if (vm->ctlio == NULL || ev_io_want(vm->ctlio, EVF_READ) == -1)
		return -1;
	return 0;
}

void
vm_ctl_ready(struct vm *vm)
{
	if (vm->ctl == NULL)
		return;
	reply(vm, VMMSG_READY);
	/* What came along with the configuration. */
	if (vm->ctlio != NULL)
		readable(vm, EVF_READ);
}

void
vm_ctl_close(struct vm *vm)
{
	ev_io_free(&vm->ctlio);
}
