#include "setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int
setup_refuse(struct setup_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

static int
on_hello(struct setup *s, const struct frame *f, int fd)
{
	(void)fd;
	return devmsg_get_hello(f->data, f->len, &s->hello);
}

static int
on_conf(struct setup *s, const struct frame *f, int fd)
{
	struct devconf c = { f->data, f->len };
	const char *why;
	size_t off;

	(void)fd;
	if (f->len > sizeof(s->conf) || devconf_check(&c, &off, &why) == -1)
		return -1;
	memcpy(s->conf, f->data, f->len);
	s->conflen = f->len;
	return 0;
}

static int
on_memory(struct setup *s, const struct frame *f, int fd)
{
	struct devmsg_memory m;
	unsigned i;

	s->memory.fd = fd;
	if (devmsg_get_memory(f->data, f->len, &m) == -1)
		return -1;
	s->memory.n = m.n;
	for (i = 0; i < m.n; i++) {
		s->memory.range[i].gpa = m.range[i].gpa;
		s->memory.range[i].len = m.range[i].len;
		s->memory.range[i].off = m.range[i].off;
	}
	return 0;
}

/* Units come one after another. */
static int
on_image(struct setup *s, const struct frame *f, int fd)
{
	struct setup_image *m;
	unsigned next = 0;

	if (s->nimages == DEVMSG_MAXIMAGES) {
		close(fd);
		return -1;
	}
	m = &s->image[s->nimages];
	if (s->nimages > 0)
		next = m[-1].is.unit + 1U;
	m->fd = fd;
	s->nimages++;
	if (devmsg_get_image(f->data, f->len, &m->is) == -1)
		return -1;
	return m->is.unit == next || m->is.unit + 1U == next ? 0 : -1;
}

static int
on_tap(struct setup *s, const struct frame *f, int fd)
{
	s->tap = fd;
	return f->len == 0 ? 0 : -1;
}

static int
on_record(struct setup *s, const struct frame *f, int fd)
{
	s->recfd = fd;
	return devmsg_get_record(f->data, f->len, &s->record);
}

static int
on_slate(struct setup *s, const struct frame *f, int fd)
{
	s->slate = fd;
	return f->len == 0 ? 0 : -1;
}

static int
on_go(struct setup *s, const struct frame *f, int fd)
{
	(void)s;
	(void)fd;
	return f->len == 0 ? 0 : -1;
}

/* By type, in the order in which they come. */
static const struct {
	const char	*name;
	int		 needed, many, fd;
	int		(*take)(struct setup *, const struct frame *, int fd);
} table[] = {
	[DEVMSG_HELLO] = { "hello", 1, 0, 0, on_hello },
	[DEVMSG_CONF] = { "attach values", 1, 0, 0, on_conf },
	[DEVMSG_MEMORY] = { "memory", 1, 0, 1, on_memory },
	[DEVMSG_IMAGE] = { "image", 0, 1, 1, on_image },
	[DEVMSG_TAP] = { "tap", 0, 0, 1, on_tap },
	[DEVMSG_RECORD] = { "recording", 0, 0, 1, on_record },
	[DEVMSG_SLATE] = { "slate", 0, 0, 1, on_slate },
	[DEVMSG_GO] = { "go", 1, 0, 0, on_go },
};

/* Whether a message of this type may follow one of the type before. */
static int
in_order(uint32_t before, uint32_t type)
{
	uint32_t i;

	if (type < DEVMSG_HELLO || type > DEVMSG_GO || type < before)
		return 0;
	if (type == before)
		return table[type].many;
	for (i = before + 1; i < type; i++)
		if (table[i].needed)
			return 0;
	return 1;
}

static int
take(struct setup *s, const struct frame *f, int fd, uint32_t *at,
    struct setup_why *why)
{
	if (!in_order(*at, f->type) || table[f->type].fd != (fd != -1)) {
		if (fd != -1)
			close(fd);
		return setup_refuse(why, "message %u does not belong here",
		    (unsigned)f->type);
	}
	*at = f->type;
	if (table[f->type].take(s, f, fd) == -1)
		return setup_refuse(why, "bad description: %s",
		    table[f->type].name);
	return 0;
}

int
setup_receive(struct setup *s, struct chan *c, int ms, struct setup_why *why)
{
	enum chan_result r;
	struct frame f;
	uint32_t at = 0;
	int fd;

	memset(s, 0, sizeof(*s));
	s->memory.fd = s->tap = s->recfd = s->slate = -1;
	while (at != DEVMSG_GO) {
		r = chan_get(c, &f, &fd, ms, 0);
		if (r == CHAN_AGAIN)
			return setup_refuse(why, "no description came");
		if (r == CHAN_CLOSED)
			return setup_refuse(why, "the vm process is gone");
		if (r != CHAN_OK)
			return setup_refuse(why, "%s", c->why);
		if (take(s, &f, fd, &at, why) == -1)
			return -1;
	}
	return 0;
}

static void
drop(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
setup_close(struct setup *s)
{
	unsigned i;

	for (i = 0; i < s->nimages; i++)
		drop(&s->image[i].fd);
	drop(&s->memory.fd);
	drop(&s->tap);
	drop(&s->recfd);
	drop(&s->slate);
}
