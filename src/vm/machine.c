#include "vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static int
refuse(struct cfg_why *why, const char *text)
{
	snprintf(why->text, sizeof(why->text), "%s", text);
	return -1;
}

static int
make_plat(struct vm *vm, struct cfg_why *why)
{
	const struct cfg *c = vm->cfg;
	struct memmap_range r[MEMMAP_MAX];
	struct plat_conf conf = {
		.name = c->vm.name, .fd = c->node,
		.chan = c->vm.commands[0] == '\0' ? NULL : c->vm.commands,
	};
	struct plat_why pwhy;
	unsigned i;

	if (memmap_layout(&vm->map, c->vm.size) == -1)
		return refuse(why, "memory: a machine has 8 MiB to 1 TiB, in "
		    "whole MiB");
	conf.nranges = memmap_backed(&vm->map, r);
	for (i = 0; i < conf.nranges; i++) {
		conf.range[i].gpa = r[i].gpa;
		conf.range[i].len = r[i].len;
	}
	vm->ops = c->vm.engine == VMMSG_QTEST ? &plat_qtest : &plat_native;
	if (vm->ops->open(&conf, &vm->plat, &pwhy) == -1)
		return refuse(why, pwhy.text);
	log_line(LOG_VERBOSE, "engine %s, %llu MiB", vm->ops->name,
	    (unsigned long long)(c->vm.size >> 20));
	return 0;
}

static int
make_board(struct vm *vm, struct cfg_why *why)
{
	struct board_range r[MEMMAP_MAX];
	const struct board_conf conf = {
		.gm = vm->ops->map(vm->plat),
		.range = r,
		.nranges = vm->map.n,
		.ncpus = 1,
		.debug = vm->cfg->vm.debug,
	};
	unsigned i;

	for (i = 0; i < vm->map.n; i++)
		r[i] = (struct board_range){ vm->map.range[i].gpa,
		    vm->map.range[i].len, vm->map.range[i].type };
	vm->boardmem = calloc(1, board_size());
	if (vm->boardmem == NULL)
		return refuse(why, "the board: out of memory");
	vm->board = board_attach(vm->boardmem, &vm_board_host, vm, &conf);
	if (vm->board == NULL)
		return refuse(why, "the board does not take the memory map");
	return 0;
}

/* The slot of the first disk, or of the first CD, or -1. */
static int
slot_of(const struct vm *vm, unsigned want)
{
	const struct cfg_device *c;
	struct devconf conf;
	unsigned i, kind;

	for (i = 0; i < vm->ndevs; i++) {
		c = vm->dev[i].cfg;
		conf = (struct devconf){ c->d.conf, c->d.conflen };
		kind = (unsigned)devconf_int(&conf, DEVCONF_KIND,
		    DEVCONF_DISK);
		if (c->nimages > 0 && kind == want)
			return vm->dev[i].slot;
	}
	return -1;
}

/* What firmware shall boot: facts, vmd-daemon 21.10. */
static int
make_order(struct vm *vm, struct cfg_why *why)
{
	int disk = slot_of(vm, DEVCONF_DISK), cd = slot_of(vm, DEVCONF_CD);

	switch (vm->cfg->vm.order) {
	case VMMSG_DISK:
		if (disk == -1)
			return refuse(why, "no disk to boot from");
		snprintf(vm->order, sizeof(vm->order),
		    "/pci@i0cf8/*@%x\n/pci@i0cf8/*@%x/*@0/*@0,0\nHALT",
		    (unsigned)disk, (unsigned)disk);
		return 0;
	case VMMSG_CD:
		if (cd == -1)
			return refuse(why, "no CD to boot from");
		/* As SeaBIOS says it, and as OpenBSD's build of it does. */
		snprintf(vm->order, sizeof(vm->order),
		    "/pci@i0cf8/*@%x/*@0/*@0,0\n"
		    "/pci@i0cf8/*@%x/*@0/*@0,40000100\nHALT", (unsigned)cd,
		    (unsigned)cd);
		return 0;
	case VMMSG_NET:
		snprintf(vm->order, sizeof(vm->order), "HALT");
		return 0;
	default:
		return 0;
	}
}

int
vm_open(struct vm *vm, const struct cfg *c, struct cfg_why *why)
{
	memset(vm, 0, sizeof(*vm));
	vm->cfg = c;
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->cond, NULL);
	timers_init(&vm->timers);
	console_none(&vm->con);
	vm->spin.max = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN_LONG : 0;
	if (make_plat(vm, why) == -1 || make_board(vm, why) == -1 ||
	    vm_devices_open(vm, why) == -1 || make_order(vm, why) == -1 ||
	    vm_load(vm, why) == -1) {
		vm_close(vm);
		return -1;
	}
	return 0;
}

void
vm_close(struct vm *vm)
{
	vm_devices_stop(vm);
	if (vm->board != NULL)
		board_detach(vm->board);
	vm_devices_free(vm);
	free(vm->boardmem);
	if (vm->plat != NULL)
		vm->ops->close(&vm->plat);
	console_close(&vm->con);
	pthread_cond_destroy(&vm->cond);
	pthread_mutex_destroy(&vm->lock);
	vm->board = NULL;
	vm->boardmem = NULL;
}

void
vm_nudge(struct vm *vm)
{
	vm->news++;
	pthread_cond_broadcast(&vm->cond);
	if (vm->in_guest)
		vm->ops->kick(vm->plat);
}

void
vm_end(struct vm *vm, int status)
{
	if (!vm->ending || status == VM_REBOOT)
		vm->status = status;
	vm->ending = 1;
	vm_nudge(vm);
	if (vm->wake != NULL)
		ev_wake_up(vm->wake);
}

void
vm_shutdown(struct vm *vm)
{
	if (vm->asked || vm_command(vm, VIODEV_CMD_SHUTDOWN) == -1) {
		vm_end(vm, 0);
		return;
	}
	vm->asked = 1;
	log_line(LOG_VERBOSE, "the guest is asked to power off");
}

void
vm_pause(struct vm *vm)
{
	unsigned i;

	pthread_mutex_lock(&vm->lock);
	if (vm->park == VM_RUNS) {
		vm->park = VM_PARKS;
		vm_nudge(vm);
		while (vm->park == VM_PARKS && !vm->vcpu_done)
			pthread_cond_wait(&vm->cond, &vm->lock);
		board_pause(vm->board);
	}
	pthread_mutex_unlock(&vm->lock);
	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			devproc_pause(vm->dev[i].proc);
	}
}

void
vm_unpause(struct vm *vm)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			devproc_unpause(vm->dev[i].proc);
	}
	pthread_mutex_lock(&vm->lock);
	if (vm->park != VM_RUNS) {
		board_unpause(vm->board);
		vm->park = VM_RUNS;
		vm_command(vm, VIODEV_CMD_SYNCRTC);
		vm_nudge(vm);
	}
	pthread_mutex_unlock(&vm->lock);
}

void
vm_verbose(struct vm *vm, unsigned level)
{
	unsigned i;

	log_verbose(level);
	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			devproc_verbose(vm->dev[i].proc, level);
	}
}

uint64_t
vm_timers(struct vm *vm, uint64_t now)
{
	int id;

	while ((id = timers_take(&vm->timers, now)) != -1)
		board_timer(vm->board, (unsigned)id);
	return vm->timers.next;
}
