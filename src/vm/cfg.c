#include "cfg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int refuse(struct cfg_why *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct cfg_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

void
cfg_init(struct cfg *c)
{
	memset(c, 0, sizeof(*c));
	c->node = c->console = c->boot.fd = c->initrd.fd = -1;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
cfg_forget(struct cfg *c)
{
	struct cfg_device *d;
	unsigned i, k;

	shut(&c->node);
	shut(&c->boot.fd);
	shut(&c->initrd.fd);
	for (i = 0; i < c->ndevs; i++) {
		d = &c->dev[i];
		shut(&d->tap);
		shut(&d->recordfd);
		for (k = 0; k < d->nimages; k++)
			shut(&d->image[k].fd);
	}
}

void
cfg_close(struct cfg *c)
{
	shut(&c->console);
	cfg_forget(c);
}

/* A descriptor may come once. */
static int
keep(int *to, int fd, uint32_t type, struct cfg_why *why)
{
	if (*to != -1)
		return refuse(why, "%s came twice", vmmsg_name(type));
	*to = fd;
	return 0;
}

static int
take_file(struct cfg_file *f, uint32_t type, const void *p, size_t len,
    int fd, struct cfg_why *why)
{
	if (vmmsg_get_text(p, len, f->path, sizeof(f->path)) == -1)
		return refuse(why, "%s is not as it should be",
		    vmmsg_name(type));
	return keep(&f->fd, fd, type, why);
}

static int
take_device(struct cfg *c, const void *p, size_t len, struct cfg_why *why)
{
	struct cfg_device *d = &c->dev[c->ndevs];
	unsigned i;

	if (c->ndevs == VMMSG_MAXDEVS)
		return refuse(why, "more than %d devices", VMMSG_MAXDEVS);
	if (vmmsg_get_device(p, len, &d->d) == -1)
		return refuse(why, "DEVICE is not as it should be");
	d->tap = d->recordfd = -1;
	d->index = d->nimages = 0;
	for (i = 0; i < c->ndevs; i++)
		d->index += strcmp(c->dev[i].d.kind, d->d.kind) == 0;
	c->ndevs++;
	return 0;
}

static int
take_image(struct cfg_device *d, const void *p, size_t len, int fd,
    struct cfg_why *why)
{
	if (d->nimages == DISK_MAXDEPTH)
		return refuse(why, "a disk of more than %d images",
		    DISK_MAXDEPTH);
	if (devmsg_get_image(p, len, &d->image[d->nimages].how) == -1)
		return refuse(why, "IMAGE is not as it should be");
	d->image[d->nimages++].fd = fd;
	return 0;
}

/* What belongs to the device that came last. */
static int
take_part(struct cfg *c, uint32_t type, const void *p, size_t len, int fd,
    struct cfg_why *why)
{
	struct cfg_device *d;

	if (c->ndevs == 0)
		return refuse(why, "%s without a device", vmmsg_name(type));
	d = &c->dev[c->ndevs - 1];
	if (type == VMMSG_IMAGE)
		return take_image(d, p, len, fd, why);
	if (type == VMMSG_TAP)
		return keep(&d->tap, fd, type, why);
	if (vmmsg_get_record(p, len, &d->record) == -1)
		return refuse(why, "RECORD is not as it should be");
	return keep(&d->recordfd, fd, type, why);
}

static int
take_go(struct cfg *c, struct cfg_why *why)
{
	if (!c->have_vm)
		return refuse(why, "GO before VM");
	if (c->boot.fd == -1 && c->vm.engine != VMMSG_QTEST)
		return refuse(why, "nothing to start: no firmware and no "
		    "kernel");
	c->done = 1;
	return 0;
}

static int
take_vm(struct cfg *c, const void *p, size_t len, struct cfg_why *why)
{
	if (c->have_vm)
		return refuse(why, "VM came twice");
	if (vmmsg_get_vm(p, len, &c->vm) == -1)
		return refuse(why, "VM is not as it should be");
	c->have_vm = 1;
	return 0;
}

static int
wants_fd(uint32_t type)
{
	switch (type) {
	case VMMSG_NODE:
	case VMMSG_BOOT:
	case VMMSG_INITRD:
	case VMMSG_CONSOLE:
	case VMMSG_IMAGE:
	case VMMSG_TAP:
	case VMMSG_RECORD:
		return 1;
	default:
		return 0;
	}
}

static int
take(struct cfg *c, uint32_t type, const void *p, size_t len, int fd,
    struct cfg_why *why)
{
	switch (type) {
	case VMMSG_VM:
		return take_vm(c, p, len, why);
	case VMMSG_NODE:
		return keep(&c->node, fd, type, why);
	case VMMSG_BOOT:
		return take_file(&c->boot, type, p, len, fd, why);
	case VMMSG_INITRD:
		return take_file(&c->initrd, type, p, len, fd, why);
	case VMMSG_CMDLINE:
		if (vmmsg_get_text(p, len, c->cmdline,
		    sizeof(c->cmdline)) == -1)
			return refuse(why, "CMDLINE is not as it should be");
		return 0;
	case VMMSG_CONSOLE:
		return keep(&c->console, fd, type, why);
	case VMMSG_DEVICE:
		return take_device(c, p, len, why);
	case VMMSG_IMAGE:
	case VMMSG_TAP:
	case VMMSG_RECORD:
		return take_part(c, type, p, len, fd, why);
	case VMMSG_GO:
		return take_go(c, why);
	default:
		return refuse(why, "message %u does not belong into a "
		    "configuration", type);
	}
}

/* Whether the configuration holds the descriptor now. */
static int
kept(const struct cfg *c, int fd)
{
	const struct cfg_device *d;
	unsigned i, k;

	if (fd == c->node || fd == c->console || fd == c->boot.fd ||
	    fd == c->initrd.fd)
		return 1;
	for (i = 0; i < c->ndevs; i++) {
		d = &c->dev[i];
		if (fd == d->tap || fd == d->recordfd)
			return 1;
		for (k = 0; k < d->nimages; k++) {
			if (fd == d->image[k].fd)
				return 1;
		}
	}
	return 0;
}

int
cfg_take(struct cfg *c, uint32_t type, const void *body, size_t len, int fd,
    struct cfg_why *why)
{
	int rv;

	if ((fd != -1) != wants_fd(type))
		rv = refuse(why, "message %u %s descriptor", type,
		    fd == -1 ? "without its" : "with a");
	else
		rv = take(c, type, body, len, fd, why);
	if (fd != -1 && !kept(c, fd))
		close(fd);
	return rv;
}
