#include "rig.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PEEKS	16			/* per look at a clock */

void
rig_die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "rig: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void
rig_open(struct rig *r)
{
	const char *why;

	memset(r, 0, sizeof(*r));
	r->share.fd = mem_object("rig", RIG_MEMORY);
	if (r->share.fd == -1)
		rig_die("no guest memory");
	r->share.n = 2;
	r->share.range[0].len = RIG_MEMORY / 4 * 3;
	r->share.range[1].gpa = RIG_HIGH;
	r->share.range[1].off = RIG_MEMORY / 4 * 3;
	r->share.range[1].len = RIG_MEMORY / 4;
	if (share_map(&r->share, &r->gm, &why) == -1)
		rig_die("%s", why);
}

void
rig_close(struct rig *r)
{
	if (r->dev != NULL) {
		devproc_shutdown(r->dev);
		(void)devproc_stop(&r->dev, 5000);
	}
	share_unmap(&r->gm);
	close(r->share.fd);
}

void
rig_conf(struct rig *r, struct devproc_conf *c, const char *kind)
{
	devproc_conf_init(c);
	c->program = getenv("RIG_DEVICE");
	if (c->program == NULL)
		rig_die("RIG_DEVICE does not name vmd-device");
	c->vm = "rig";
	c->kind = kind;
	c->memory = &r->share;
}

static void
on_irq(void *arg, int level)
{
	struct rig *r = arg;

	r->line = level;
	r->irqs += level != 0;
}

static void
on_died(void *arg, const char *line)
{
	struct rig *r = arg;

	r->dead++;
	snprintf(r->epitaph, sizeof(r->epitaph), "%s", line);
}

static const struct devproc_ops ops = { .irq = on_irq, .died = on_died };

int
rig_start(struct rig *r, const struct devproc_conf *c,
    struct devproc_why *why)
{
	r->line = r->dead = 0;
	return devproc_start(&r->dev, c, &ops, r, why);
}

uint64_t
rig_read(struct rig *r, unsigned space, unsigned off, unsigned width)
{
	uint64_t v;

	(void)devproc_read(r->dev, space, off, width, &v);
	return v;
}

void
rig_write(struct rig *r, unsigned space, unsigned off, unsigned width,
    uint64_t v)
{
	devproc_write(r->dev, space, off, width, v);
}

int
rig_dispatch(struct rig *r)
{
	return devproc_dispatch(r->dev);
}

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int
rig_wait(struct rig *r, int ms)
{
	struct pollfd p = { .fd = devproc_fd(r->dev), .events = POLLIN };
	unsigned ns = spin_for(&r->spin);
	uint64_t start = now(), gone;
	unsigned i;

	if (ns > 0 && !r->line) {
		devproc_watch(r->dev, 1);
		while (!r->line && now() - start < ns)
			for (i = 0; i < PEEKS && !r->line; i++)
				devproc_peek(r->dev);
		devproc_watch(r->dev, 0);
		spin_learn(&r->spin, r->line);
	}
	while (!r->line) {
		gone = now() - start;
		if (gone >= (uint64_t)ms * 1000000)
			return 0;
		(void)poll(&p, 1, ms - (int)(gone / 1000000));
		if (devproc_dispatch(r->dev) == -1)
			return -1;
	}
	return 1;
}

uint8_t *
rig_at(struct rig *r, uint64_t gpa, size_t len)
{
	uint8_t *p = gm_hva(&r->gm, gpa, len);

	if (p == NULL)
		rig_die("%#llx is no guest memory", (unsigned long long)gpa);
	return p;
}
