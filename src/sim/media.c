/*
 * Media of the simulator: which part of its memory belongs to which unit of
 * the device, and what a host says about them.
 */
#include "sim.h"

#include <string.h>

/* A kind without units has one medium, whatever else is in its list. */
static unsigned
count_units(const struct sim *s, const struct devconf *c)
{
	struct devconf u;
	unsigned n = 0;

	while (s->kind->units && n <= SIM_UNITS && devconf_unit(c, n, &u) == 0)
		n++;
	return n;
}

/* Sectors that each of n media has room for. */
static unsigned
share(unsigned n)
{
	unsigned each = SIM_SECTORS;

	while (n > 1 && each > SIM_SECTORS / SIM_UNITS) {
		each /= 2;
		n = (n + 1) / 2;
	}
	return each;
}

static uint64_t
fold(uint64_t capacity, unsigned room)
{
	return capacity <= room ? capacity : capacity % room;
}

/* Copies a list, with capacities that there is room for. */
static void
fold_list(const struct devconf *in, unsigned room, struct wbuf *w)
{
	const uint8_t *val;
	struct rbuf r;
	unsigned tag;
	size_t len;

	rb_init(&r, in->p, in->len);
	while (devconf_next(&r, &tag, &val, &len))
		if (tag == DEVCONF_CAPACITY && len == 8)
			devconf_put_int(w, tag, fold(le64_get(val), room));
		else if (tag != DEVCONF_VERSION)
			devconf_put_bytes(w, tag, val, len);
}

void
sim_fold_conf(const struct sim *s, const struct devconf *in, struct wbuf *w)
{
	fold_list(in, share(count_units(s, in)), w);
}

int
sim_section(const struct sim *s, const struct devconf *c, unsigned i,
    struct devconf *u)
{
	if (s->kind->units && devconf_unit(c, i, u) == 0)
		return 0;
	*u = *c;
	return i == 0 && (!s->kind->units || !devconf_has(c, DEVCONF_UNIT)) ?
	    0 : -1;
}

static void
set_medium(struct sim *s, unsigned i, const struct devconf *u)
{
	struct sim_unit *m = &s->unit[i];

	m->base = (uint64_t)i * share(count_units(s, &s->conf)) * 512;
	m->sectors = fold(devconf_int(u, DEVCONF_CAPACITY, 0),
	    share(count_units(s, &s->conf)));
	m->readonly = devconf_int(u, DEVCONF_READONLY, 0) != 0 ||
	    (s->kind->units &&
	    devconf_int(u, DEVCONF_KIND, 0) == DEVCONF_CD);
}

void
sim_media(struct sim *s)
{
	struct devconf u;
	unsigned i;

	memset(s->unit, 0, sizeof(s->unit));
	for (i = 0; i < SIM_UNITS && sim_section(s, &s->conf, i, &u) == 0; i++)
		set_medium(s, i, &u);
}

/* The capacity that a message brings for the unit of a section, or have. */
static uint64_t
news(const struct sim *s, const struct devconf *msg,
    const struct devconf *unit, uint64_t have)
{
	uint64_t address = devconf_int(unit, DEVCONF_UNIT, 0);
	struct devconf u;
	unsigned i;

	if (!s->kind->units)
		return devconf_int(msg, DEVCONF_CAPACITY, have);
	for (i = 0; i < SIM_UNITS && sim_section(s, msg, i, &u) == 0; i++)
		if (devconf_int(&u, DEVCONF_UNIT, 0) == address)
			have = devconf_int(&u, DEVCONF_CAPACITY, have);
	return have;
}

/* What the device would be attached with from now on. */
static void
remember(struct sim *s)
{
	uint8_t list[sizeof(s->confbuf)];
	const uint8_t *val;
	struct wbuf w;
	struct rbuf r;
	unsigned tag, i = 0;
	size_t len;
	int none = !s->kind->units || !devconf_has(&s->conf, DEVCONF_UNIT);

	wb_init(&w, list, sizeof(list));
	rb_init(&r, s->conf.p, s->conf.len);
	if (none)
		devconf_put_int(&w, DEVCONF_CAPACITY, s->unit[0].sectors);
	while (devconf_next(&r, &tag, &val, &len)) {
		if (tag != DEVCONF_CAPACITY)
			devconf_put_bytes(&w, tag, val, len);
		if (none || tag != DEVCONF_UNIT || i == SIM_UNITS)
			continue;
		devconf_put_int(&w, DEVCONF_CAPACITY, s->unit[i++].sectors);
	}
	if (wb_bad(&w))
		return;
	memcpy(s->confbuf, list, w.len);
	s->conf.p = s->confbuf;
	s->conf.len = w.len;
}

void
sim_media_msg(struct sim *s, struct viodev_msg *m, uint8_t *buf, size_t cap)
{
	struct devconf in = { m->payload, m->len }, u;
	struct wbuf w;
	unsigned i;

	if (!devconf_has(&in, DEVCONF_CAPACITY))
		return;
	wb_init(&w, buf, cap);
	fold_list(&in, share(count_units(s, &s->conf)), &w);
	if (wb_bad(&w))
		w.len = 0;
	m->payload = buf;
	m->len = in.len = w.len;
	in.p = buf;
	for (i = 0; i < SIM_UNITS && sim_section(s, &s->conf, i, &u) == 0; i++)
		s->unit[i].sectors = news(s, &in, &u,
		    s->unit[i].sectors);
	remember(s);
}
