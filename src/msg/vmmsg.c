#include "vmmsg.h"

#include <string.h>

static const char *const names[VMMSG_NTYPES] = {
	NULL, "VM", "NODE", "BOOT", "INITRD", "CMDLINE", "CONSOLE", "DEVICE",
	"IMAGE", "TAP", "RECORD", "GO", "PAUSE", "UNPAUSE", "STOP",
	"SHUTDOWN", "RESTART", "VERBOSE",
	"READY", "ERROR", "PAUSED", "UNPAUSED",
};

const char *
vmmsg_name(uint32_t type)
{
	return type < VMMSG_NTYPES ? names[type] : NULL;
}

static void
put_text(struct wbuf *w, const char *s)
{
	size_t n = strlen(s);

	wb_u16(w, (uint16_t)n);
	wb_bytes(w, s, n);
}

static void
take_text(struct rbuf *r, char *buf, size_t cap)
{
	size_t n = rb_u16(r);
	const uint8_t *p;

	buf[0] = '\0';
	p = rb_take(r, n);
	if (p != NULL && vmmsg_get_text(p, n, buf, cap) == -1)
		r->bad = 1;
}

int
vmmsg_get_text(const void *p, size_t len, char *buf, size_t cap)
{
	if (len >= cap || (len > 0 && memchr(p, '\0', len) != NULL))
		return -1;
	if (len > 0)
		memcpy(buf, p, len);
	buf[len] = '\0';
	return 0;
}

void
vmmsg_put_vm(struct wbuf *w, const struct vmmsg_vm *v)
{
	wb_u16(w, VMMSG_VERSION);
	put_text(w, v->name);
	wb_u64(w, v->size);
	wb_u8(w, v->engine);
	wb_u8(w, v->order);
	wb_u8(w, v->verbose);
	wb_u8(w, v->debug);
	put_text(w, v->program);
	put_text(w, v->commands);
}

int
vmmsg_get_vm(const void *p, size_t len, struct vmmsg_vm *v)
{
	struct rbuf r;
	int version;

	memset(v, 0, sizeof(*v));
	rb_init(&r, p, len);
	version = rb_u16(&r);
	take_text(&r, v->name, sizeof(v->name));
	v->size = rb_u64(&r);
	v->engine = rb_u8(&r);
	v->order = rb_u8(&r);
	v->verbose = rb_u8(&r);
	v->debug = rb_u8(&r);
	take_text(&r, v->program, sizeof(v->program));
	take_text(&r, v->commands, sizeof(v->commands));
	return rb_done(&r) && version == VMMSG_VERSION &&
	    devmsg_vm_ok(v->name) && v->engine <= VMMSG_QTEST &&
	    v->order <= VMMSG_NET && v->debug <= 1 ? 0 : -1;
}

void
vmmsg_put_device(struct wbuf *w, const struct vmmsg_device *d)
{
	put_text(w, d->kind);
	wb_u16(w, (uint16_t)d->conflen);
	wb_bytes(w, d->conf, d->conflen);
}

int
vmmsg_get_device(const void *p, size_t len, struct vmmsg_device *d)
{
	struct devconf c;
	const char *why;
	struct rbuf r;
	size_t off;

	memset(d, 0, sizeof(*d));
	rb_init(&r, p, len);
	take_text(&r, d->kind, sizeof(d->kind));
	d->conflen = rb_u16(&r);
	if (d->conflen > sizeof(d->conf))
		return -1;
	rb_copy(&r, d->conf, d->conflen);
	c.p = d->conf;
	c.len = d->conflen;
	return rb_done(&r) && devmsg_kind_ok(d->kind) &&
	    devconf_check(&c, &off, &why) == 0 ? 0 : -1;
}

void
vmmsg_put_record(struct wbuf *w, const struct vmmsg_record *m)
{
	devmsg_put_record(w, &m->how);
	wb_bytes(w, m->path, strlen(m->path));
}

int
vmmsg_get_record(const void *p, size_t len, struct vmmsg_record *m)
{
	const uint8_t *b = p;
	size_t head = 20;

	memset(m, 0, sizeof(*m));
	if (len < head || devmsg_get_record(b, head, &m->how) == -1)
		return -1;
	return vmmsg_get_text(b + head, len - head, m->path,
	    sizeof(m->path));
}
