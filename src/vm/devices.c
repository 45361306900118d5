/* Devices on the bus: processes of their own, and the small ones in here. */
#include "vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "vioblk.h"
#include "vionet.h"
#include "viornd.h"
#include "vioscsi.h"
#include "virtio_dev.h"
#include "vmmci.h"

#define LAST_WORDS	5000		/* ms for a device to leave */

struct kind {
	const char		*name;
	enum board_kind		 kind;
	unsigned		 config_size;
	const struct dev_ops	*ops;	/* NULL: in a process of its own */
};

static const struct kind kinds[] = {
	{ "viornd", BOARD_RNG, 0, &viornd_dev },
	{ "vionet", BOARD_NET, VIONET_C_SIZE, NULL },
	{ "vioblk", BOARD_BLK, VIOBLK_C_SIZE, NULL },
	{ "vioscsi", BOARD_SCSI, VIOSCSI_C_SIZE, NULL },
	{ "vmmci", BOARD_VMMCI, VMMCI_CONFIG_SIZE, &vmmci_dev },
};

static const struct kind *
kind_of(const struct cfg_device *d)
{
	unsigned i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, d->d.kind) == 0)
			return &kinds[i];
	}
	return NULL;
}

static struct devconf
values(const struct cfg_device *d)
{
	const struct devconf c = { d->d.conf, d->d.conflen };

	return c;
}

/* ------------------------------------------------------- the board's side */
static void
irq(void *arg, int level)
{
	struct vm_device *d = arg;

	pthread_mutex_lock(&d->vm->lock);
	if (d->slot > 0)
		board_irq(d->vm->board, (unsigned)d->slot, level);
	pthread_mutex_unlock(&d->vm->lock);
}

static void
request(void *arg, uint32_t what, uint64_t v)
{
	struct vm_device *d = arg;

	pthread_mutex_lock(&d->vm->lock);
	vm_board_host.request(d->vm, what, v);
	pthread_mutex_unlock(&d->vm->lock);
}

static void
died(void *arg, const char *line)
{
	struct vm_device *d = arg;

	log_line(LOG_ALWAYS, "%s", line);
	pthread_mutex_lock(&d->vm->lock);
	vm_end(d->vm, EIO);
	pthread_mutex_unlock(&d->vm->lock);
}

static const struct devproc_ops ops = {
	.irq = irq,
	.request = request,
	.died = died,
};

/* Through the registers of virtio that the process knows. */
static uint64_t
remote_read(void *arg, uint32_t off, unsigned width)
{
	struct vm_device *d = arg;
	struct viodev_msg m;
	uint64_t v;

	if (virtio_bar_decode(off, &m) == -1)
		return UINT64_MAX;
	devproc_read(d->proc, m.space, m.where, width, &v);
	return v;
}

static void
remote_write(void *arg, uint32_t off, unsigned width, uint64_t v)
{
	struct vm_device *d = arg;
	struct viodev_msg m;

	if (virtio_bar_decode(off, &m) == 0)
		devproc_write(d->proc, m.space, m.where, width, v);
}

uint64_t
vm_remote(struct vm *vm, const struct board_target *t, int write, uint64_t v)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].slot != (int)t->slot)
			continue;
		if (!write)
			return remote_read(&vm->dev[i], t->off, t->width);
		remote_write(&vm->dev[i], t->off, t->width, v);
		return 0;
	}
	return UINT64_MAX;
}

/* ---------------------------------------------------------------- processes */
static int
spawn(struct vm_device *d, const struct share *mem, struct cfg_why *why)
{
	struct devproc_image image[DISK_MAXDEPTH];
	const struct cfg_device *c = d->cfg;
	struct devproc_conf conf;
	struct devproc_why dwhy;
	unsigned i;

	devproc_conf_init(&conf);
	conf.program = d->vm->cfg->vm.program;
	conf.vm = d->vm->cfg->vm.name;
	conf.kind = c->d.kind;
	conf.index = c->index;
	conf.verbose = d->vm->cfg->vm.verbose;
	conf.conf = values(c);
	conf.memory = mem;
	for (i = 0; i < c->nimages; i++) {
		image[i].fd = c->image[i].fd;
		image[i].unit = c->image[i].how.unit;
		image[i].format = (enum disk_format)c->image[i].how.format;
		image[i].readonly = c->image[i].how.readonly;
	}
	conf.image = image;
	conf.nimages = c->nimages;
	conf.tap = c->tap;
	if (c->recordfd != -1) {
		conf.record.fd = c->recordfd;
		conf.record.path = c->record.path;
		conf.record.room = c->record.how.room;
		conf.record.keep = c->record.how.keep;
		conf.record.marks = c->record.how.marks;
	}
	if (devproc_spawn(&d->proc, &conf, &ops, d, &dwhy) == 0)
		return 0;
	snprintf(why->text, sizeof(why->text), "%s", dwhy.text);
	return -1;
}

/* ---------------------------------------------------------------------- bus */
static int
plug(struct vm_device *d, const struct kind *k, struct cfg_why *why)
{
	struct board_pci p;

	memset(&p, 0, sizeof(p));
	p.kind = k->kind;
	p.config_size = k->config_size;
	p.ops = k->ops;
	p.conf = values(d->cfg);
	if (k->ops != NULL) {
		d->mem = calloc(1, k->ops->size + k->ops->scratch);
		if (d->mem == NULL) {
			snprintf(why->text, sizeof(why->text), "%s: out of "
			    "memory", k->name);
			return -1;
		}
		p.mem = d->mem;
	} else {
		p.remote.read = remote_read;
		p.remote.write = remote_write;
		p.remote.arg = d;
	}
	d->slot = board_pci_add(d->vm->board, &p);
	if (d->slot != -1)
		return 0;
	snprintf(why->text, sizeof(why->text), "%s%u: no room for it on the "
	    "bus: a machine has at most 10 devices", k->name, d->cfg->index);
	return -1;
}

static int
start_all(struct vm *vm, struct cfg_why *why)
{
	struct plat_why pwhy;
	const struct kind *k;
	struct vm_device *d;
	struct share mem;
	unsigned i;

	if (vm->ops->share(vm->plat, &mem, &pwhy) == -1) {
		snprintf(why->text, sizeof(why->text), "%s", pwhy.text);
		return -1;
	}
	for (i = 0; i < vm->cfg->ndevs; i++) {
		d = &vm->dev[vm->ndevs++];
		d->vm = vm;
		d->cfg = &vm->cfg->dev[i];
		k = kind_of(d->cfg);
		if (k == NULL) {
			snprintf(why->text, sizeof(why->text), "%s: no such "
			    "kind of device", d->cfg->d.kind);
			return -1;
		}
		if (k->ops == NULL && spawn(d, &mem, why) == -1)
			return -1;
	}
	return 0;
}

int
vm_devices_open(struct vm *vm, struct cfg_why *why)
{
	struct devproc_why dwhy;
	struct vm_device *d;
	unsigned i;

	if (start_all(vm, why) == -1)
		return -1;
	for (i = 0; i < vm->ndevs; i++) {
		d = &vm->dev[i];
		if (d->proc != NULL && devproc_ready(d->proc, &dwhy) == -1) {
			snprintf(why->text, sizeof(why->text), "%s",
			    dwhy.text);
			return -1;
		}
		if (plug(d, kind_of(d->cfg), why) == -1)
			return -1;
	}
	return 0;
}

int
vm_command(struct vm *vm, unsigned what)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		if (strcmp(vm->dev[i].cfg->d.kind, "vmmci") == 0)
			return board_command(vm->board,
			    (unsigned)vm->dev[i].slot, what);
	}
	return -1;
}

void
vm_devices_kill(struct vm *vm)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			devproc_kill(vm->dev[i].proc);
	}
}

void
vm_devices_heed(struct vm *vm, int on)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			devproc_watch(vm->dev[i].proc, on);
	}
}

void
vm_devices_peek(struct vm *vm)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			devproc_peek(vm->dev[i].proc);
	}
}

void
vm_devices_stop(struct vm *vm)
{
	struct vm_device *d;
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		if (vm->dev[i].proc != NULL)
			devproc_shutdown(vm->dev[i].proc);
	}
	for (i = 0; i < vm->ndevs; i++) {
		d = &vm->dev[i];
		ev_io_free(&d->io);
		if (d->proc != NULL)
			devproc_stop(&d->proc, LAST_WORDS);
	}
}

void
vm_devices_free(struct vm *vm)
{
	unsigned i;

	for (i = 0; i < vm->ndevs; i++)
		free(vm->dev[i].mem);
	vm->ndevs = 0;
}

/* --------------------------------------------------------------------- loop */
static void
readable(void *arg, unsigned what)
{
	struct vm_device *d = arg;

	(void)what;
	if (devproc_dispatch(d->proc) == -1)
		ev_io_free(&d->io);
}

int
vm_devices_watch(struct vm *vm)
{
	struct vm_device *d;
	unsigned i;

	for (i = 0; i < vm->ndevs; i++) {
		d = &vm->dev[i];
		if (d->proc == NULL)
			continue;
		d->io = ev_io_new(vm->ev, devproc_fd(d->proc), readable, d);
		if (d->io == NULL || ev_io_want(d->io, EVF_READ) == -1)
			return -1;
	}
	return 0;
}
