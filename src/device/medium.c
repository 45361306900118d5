/* The images of a device, and what they say about it. */
#include "child.h"

#include "filestore.h"

/* One unit: the top first; the disk layer asks for the rest. */
struct chain {
	const struct setup_image *image;
	struct bstore		*store;
	unsigned		 n;
};

int
child_take_images(struct child *c, struct setup *s, struct setup_why *why)
{
	unsigned i;
	int rv;

	for (i = 0; i < s->nimages; i++) {
		rv = filestore_open(&c->store[i], s->image[i].fd, 0);
		if (rv != 0)
			return setup_refuse(why, "image of unit %u: %s",
			    s->image[i].is.unit, disk_strerror(rv));
		s->image[i].fd = -1;
	}
	return 0;
}

/* Names mean nothing here: what was sent is what there is. */
static int
open_base(void *arg, struct disk_ref *ref, struct bstore *bs,
    struct disk_why *why)
{
	struct chain *c = arg;

	if (ref->depth >= c->n)
		return disk_refuse(why, DISK_EDENIED, "rests on \"%.80s\", "
		    "which was not sent", ref->name);
	ref->format = c->image[ref->depth].is.format;
	*bs = c->store[ref->depth];
	c->store[ref->depth].ops = NULL;
	return 0;
}

static int
open_unit(struct child *c, struct chain *chain, struct setup_why *why)
{
	struct disk_opener op = { open_base, chain };
	struct disk_opts o = {
		.format = chain->image[0].is.format,
		.readonly = chain->image[0].is.readonly,
		.opener = &op
	};
	struct disk_why dw = { "" };
	unsigned i;
	int rv;

	rv = disk_open(&chain->store[0], &o, &c->disk[c->ndisks], &dw);
	if (rv != 0)
		return setup_refuse(why, "image of unit %u: %s", c->ndisks,
		    dw.text);
	chain->store[0].ops = NULL;
	c->ndisks++;
	for (i = 1; i < chain->n; i++)
		bs_close(&chain->store[i]);
	return 0;
}

static void
put_medium(struct wbuf *w, const struct disk *d)
{
	devconf_put_int(w, DEVCONF_CAPACITY, d->size / 512);
	devconf_put_int(w, DEVCONF_READONLY, d->readonly != 0);
}

/*
 * The list as it came, with capacity and read-only of each section's disk at
 * the section's end.  Sections begin with UNIT; a list without any is one.
 */
static void
complete(struct child *c, const struct setup *s, struct wbuf *w)
{
	struct rbuf r;
	unsigned tag, unit = 0, units = 0;
	const uint8_t *v;
	size_t len;

	rb_init(&r, s->conf, s->conflen);
	while (devconf_next(&r, &tag, &v, &len)) {
		if (tag == DEVCONF_CAPACITY || tag == DEVCONF_READONLY)
			continue;
		if (tag == DEVCONF_UNIT && units++ > 0 && unit < c->ndisks)
			put_medium(w, c->disk[unit++]);
		devconf_put_bytes(w, tag, v, len);
	}
	if (unit < c->ndisks)
		put_medium(w, c->disk[unit]);
}

static int
open_all(struct child *c, const struct setup *s, struct setup_why *why)
{
	struct chain chain;
	unsigned i, n;

	for (i = 0; i < s->nimages; i += n) {
		for (n = 1; i + n < s->nimages && s->image[i + n].is.unit ==
		    s->image[i].is.unit; n++)
			;
		chain.image = &s->image[i];
		chain.store = &c->store[i];
		chain.n = n;
		if (open_unit(c, &chain, why) == -1)
			return -1;
	}
	return 0;
}

int
child_open_disks(struct child *c, const struct setup *s,
    struct setup_why *why)
{
	struct wbuf w;

	if (open_all(c, s, why) == -1)
		return -1;
	wb_init(&w, c->confbuf, sizeof(c->confbuf));
	complete(c, s, &w);
	if (wb_bad(&w))
		return setup_refuse(why, "too many attach values");
	c->conf.p = c->confbuf;
	c->conf.len = w.len;
	return 0;
}

void
child_close_disks(struct child *c)
{
	while (c->ndisks > 0)
		disk_close(&c->disk[--c->ndisks]);
}
