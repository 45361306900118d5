/*
 * Units and media of the simulator: what a list of attach values says about
 * them, and which part of the medium's memory belongs to which unit.  Lists
 * are read here, once, without the instrumented code of devconf.
 */
#include "sim.h"

#include <string.h>

struct entry {
	unsigned	 tag;
	const uint8_t	*val;
	size_t		 len;
};

static int
next(struct rbuf *r, struct entry *e)
{
	if (rb_left(r) == 0)
		return 0;
	e->tag = rb_u16(r);
	e->len = rb_u16(r);
	e->val = rb_take(r, e->len);
	return !rb_bad(r);
}

static uint64_t
number(const struct entry *e)
{
	uint64_t v = 0;
	size_t i;

	for (i = e->len; i > 0; i--)
		v = v << 8 | e->val[i - 1];
	return v;
}

static size_t
width(unsigned tag)
{
	return tag == DEVCONF_CAPACITY ? 8 : tag == DEVCONF_BLKSIZE ||
	    tag == DEVCONF_UNIT ? 4 : 1;
}

/* Takes a value in: the first of its kind counts, if it is good. */
static void
take(struct sim_unit *u, const struct entry *e)
{
	uint64_t bit = e->tag < 64 ? 1ULL << e->tag : 0;

	if ((u->seen & bit) != 0)
		return;
	u->seen |= bit;
	if (e->tag == DEVCONF_SERIAL) {
		u->nserial = (uint8_t)(e->len < 30 ? e->len : 30);
		memcpy(u->serial, e->val, u->nserial);
	}
	if (e->len != width(e->tag))
		return;
	u->given |= bit;
	if (e->tag == DEVCONF_CAPACITY)
		u->sectors = number(e);
	else if (e->tag == DEVCONF_READONLY)
		u->readonly = e->val[0] != 0;
	else if (e->tag == DEVCONF_KIND)
		u->kind = e->val[0];
	else if (e->tag == DEVCONF_PHYSEXP)
		u->physexp = e->val[0];
	else if (e->tag == DEVCONF_BLKSIZE)
		u->block = (uint32_t)number(e);
}

unsigned
sim_units(const struct sim *s, const struct devconf *c, struct sim_unit *u)
{
	unsigned n = 0;
	struct entry e;
	struct rbuf r;

	memset(&u[0], 0, sizeof(u[0]));
	rb_init(&r, c->p, c->len);
	while (next(&r, &e)) {
		if (s->kind->units && e.tag == DEVCONF_UNIT) {
			if (n == SIM_UNITS)
				return n;
			memset(&u[n], 0, sizeof(u[n]));
			if (e.len == width(e.tag))
				u[n].address = (uint32_t)number(&e);
			n++;
		} else
			take(&u[n > 0 ? n - 1 : 0], &e);
	}
	return n > 0 ? n : 1;
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
	struct entry e;
	struct rbuf r;

	rb_init(&r, in->p, in->len);
	while (next(&r, &e))
		if (e.tag == DEVCONF_CAPACITY && e.len == 8)
			devconf_put_int(w, e.tag, fold(le64_get(e.val), room));
		else if (e.tag != DEVCONF_VERSION)
			devconf_put_bytes(w, e.tag, e.val, e.len);
}

void
sim_fold_conf(const struct sim *s, const struct devconf *in, struct wbuf *w)
{
	struct sim_unit u[SIM_UNITS];

	fold_list(in, share(sim_units(s, in, u)), w);
}

void
sim_media(struct sim *s)
{
	unsigned i, room;

	s->nunits = sim_units(s, &s->conf, s->unit);
	room = share(s->nunits);
	for (i = 0; i < SIM_UNITS; i++) {
		if (i >= s->nunits)
			s->unit[i].sectors = 0;
		s->unit[i].base = (uint64_t)i * room * 512;
		s->unit[i].sectors = fold(s->unit[i].sectors, room);
		s->unit[i].readonly |= s->kind->units &&
		    s->unit[i].kind == DEVCONF_CD;
	}
}

/* What the device would be attached with from now on. */
static void
remember(struct sim *s)
{
	uint8_t list[sizeof(s->confbuf)];
	struct entry e;
	struct wbuf w;
	struct rbuf r;
	unsigned i = 0;
	int none = !s->kind->units || !devconf_has(&s->conf, DEVCONF_UNIT);

	wb_init(&w, list, sizeof(list));
	rb_init(&r, s->conf.p, s->conf.len);
	if (none)
		devconf_put_int(&w, DEVCONF_CAPACITY, s->unit[0].sectors);
	while (next(&r, &e)) {
		if (e.tag != DEVCONF_CAPACITY)
			devconf_put_bytes(&w, e.tag, e.val, e.len);
		if (none || e.tag != DEVCONF_UNIT || i == SIM_UNITS)
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
	struct devconf in = { m->payload, m->len };
	struct sim_unit news[SIM_UNITS];
	unsigned i, k, n;
	struct wbuf w;

	if (!devconf_has(&in, DEVCONF_CAPACITY))
		return;
	wb_init(&w, buf, cap);
	fold_list(&in, share(s->nunits), &w);
	if (wb_bad(&w))
		w.len = 0;
	m->payload = buf;
	m->len = in.len = w.len;
	in.p = buf;
	n = sim_units(s, &in, news);
	for (i = 0; i < n; i++)
		for (k = 0; k < s->nunits; k++)
			if (SIM_GIVEN(&news[i], DEVCONF_CAPACITY) &&
			    (!s->kind->units ||
			    news[i].address == s->unit[k].address))
				s->unit[k].sectors = news[i].sectors;
	remember(s);
}
