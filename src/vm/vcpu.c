/* The processor's thread: enter the guest, answer, enter again. */
#include "vm.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "log.h"

#define PEEKS	16			/* at the devices per look at a clock */

/*
 * A guest that halts often waits for a device that is about to answer.
 * Asking the devices here for a while costs less than two threads' being
 * woken, one after the other.  With the lock held, but not all the time.
 */
static void
look_out(struct vm *vm)
{
	unsigned ns = spin_for(&vm->spin), news = vm->news;
	uint64_t end;
	int i;

	if (ns == 0)
		return;
	pthread_mutex_unlock(&vm->lock);
	end = vm_clock(vm, CLOCK_MONO) + ns;
	vm_devices_heed(vm, 1);
	do
		for (i = 0; i < PEEKS && vm->news == news; i++)
			vm_devices_peek(vm);
	while (vm->news == news && vm_clock(vm, CLOCK_MONO) < end);
	vm_devices_heed(vm, 0);
	pthread_mutex_lock(&vm->lock);
	spin_learn(&vm->spin, vm->news != news);
}

/*
 * Waits until the guest may run and says what goes in with it; 0 at the end.
 */
static int
prepare(struct vm *vm, struct plat_run *r)
{
	int pending = 0, looked = 0, go;

	pthread_mutex_lock(&vm->lock);
	for (;;) {
		if (vm->park == VM_PARKS) {
			vm->park = VM_PARKED;
			pthread_cond_broadcast(&vm->cond);
		}
		pending = board_intr_pending(vm->board);
		if (pending)
			vm->halted = 0;
		if (vm->ending || (vm->park == VM_RUNS && !vm->halted))
			break;
		if (vm->halted && vm->park == VM_RUNS && !looked) {
			looked = 1;
			look_out(vm);
		} else {
			pthread_cond_wait(&vm->cond, &vm->lock);
		}
	}
	go = !vm->ending;
	if (go && r->ready && pending) {
		r->inject = (int)board_intr_ack(vm->board);
		pending = board_intr_pending(vm->board);
	}
	r->pending = pending;
	vm->in_guest = go;
	pthread_mutex_unlock(&vm->lock);
	return go;
}

/* With the lock held. */
static void
local_access(struct vm *vm, struct vm_exit *e)
{
	if (e->kind == VM_EXIT_IO && e->write)
		board_out(vm->board, (uint16_t)e->where, e->width,
		    (uint32_t)e->data);
	else if (e->kind == VM_EXIT_IO)
		e->data = board_in(vm->board, (uint16_t)e->where, e->width);
	else if (e->write)
		board_mmio_write(vm->board, e->where, e->width, e->data);
	else
		e->data = board_mmio_read(vm->board, e->where, e->width);
}

/* A port or an address: the board's, or a device process's. */
static void
reach(struct vm *vm, struct vm_exit *e)
{
	const struct board_access a = {
		.mmio = e->kind == VM_EXIT_MMIO,
		.write = e->write,
		.where = e->where,
		.width = e->width,
	};
	struct board_target t;
	uint64_t v;
	int remote;

	remote = board_route(vm->board, &a, &t);
	if (!remote) {
		local_access(vm, e);
		return;
	}
	pthread_mutex_unlock(&vm->lock);
	v = vm_remote(vm, &t, e->write, e->data);
	pthread_mutex_lock(&vm->lock);
	if (!e->write)
		e->data = v;
}

static void
clock_step(struct vm *vm, struct vm_exit *e)
{
	uint64_t to = e->data;

	if (to == VM_CLOCK_NEXT)
		to = vm->timers.next == TIMERS_NEVER ? vm->vclock :
		    vm->timers.next;
	else if (!e->write)
		to = to > UINT64_MAX - 1 - vm->vclock ? UINT64_MAX - 1 :
		    vm->vclock + to;
	while (vm->timers.next <= to && !vm->ending) {
		if (vm->timers.next > vm->vclock)
			vm->vclock = vm->timers.next;
		vm_timers(vm, vm->vclock);
	}
	if (to > vm->vclock)
		vm->vclock = to;
	e->data = vm->vclock;
}

static void
halt(struct vm *vm, const struct vm_exit *e)
{
	if (e->data) {
		vm->halted = 1;
		return;
	}
	log_line(LOG_VERBOSE, "the guest halted for good");
	vm_end(vm, 0);
}

static void
leave(struct vm *vm, struct vm_exit *e)
{
	pthread_mutex_lock(&vm->lock);
	vm->in_guest = 0;
	switch (e->kind) {
	case VM_EXIT_IO:
	case VM_EXIT_MMIO:
		reach(vm, e);
		break;
	case VM_EXIT_HALT:
		halt(vm, e);
		break;
	case VM_EXIT_RESET:
		log_line(LOG_VERBOSE, "the guest reset itself (triple "
		    "fault)");
		vm_end(vm, VM_REBOOT);
		break;
	case VM_EXIT_CLOCK:
		clock_step(vm, e);
		break;
	case VM_EXIT_END:
		vm_end(vm, 0);
		break;
	case VM_EXIT_ERROR:
		log_line(LOG_ALWAYS, "%s", e->why);
		vm_end(vm, EIO);
		break;
	case VM_EXIT_NONE:
	case VM_EXIT_WINDOW:
		break;
	}
	pthread_mutex_unlock(&vm->lock);
}

void *
vm_vcpu(void *arg)
{
	struct plat_run r;
	struct vm *vm = arg;

	memset(&r, 0, sizeof(r));
	r.inject = -1;
	while (prepare(vm, &r)) {
		vm->ops->run(vm->plat, &r);
		leave(vm, &r.exit);
	}
	pthread_mutex_lock(&vm->lock);
	vm->vcpu_done = 1;
	pthread_cond_broadcast(&vm->cond);
	pthread_mutex_unlock(&vm->lock);
	ev_wake_up(vm->wake);
	return NULL;
}
