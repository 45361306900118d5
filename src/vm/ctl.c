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

static int
handle(struct vm *vm, const struct frame *f)
{
	switch (f->type) {
	case VMMSG_PAUSE:
		if (f->len != 0)
			return -1;
		vm_pause(vm);
		reply(vm, VMMSG_PAUSED);
		return 0;
	case VMMSG_UNPAUSE:
		if (f->len != 0)
			return -1;
		vm_unpause(vm);
		reply(vm, VMMSG_UNPAUSED);
		return 0;
	case VMMSG_STOP:
		if (f->len != 0)
			return -1;
		pthread_mutex_lock(&vm->lock);
		vm_end(vm, 0);
		pthread_mutex_unlock(&vm->lock);
		return 0;
	case VMMSG_VERBOSE:
		if (f->len != 1)
			return -1;
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
	/* What came along with the configuration. */
	readable(vm, EVF_READ);
	return 0;
}

void
vm_ctl_close(struct vm *vm)
{
	ev_io_free(&vm->ctlio);
}
