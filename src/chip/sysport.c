#include "sysport.h"

#define STATE_VERSION	1
#define KBD_PULSE	0xfe
#define DEBUG_READS	0xe9
#define A20		0x02
#define RESET_FAST	0x01
#define RESET_CPU	0x04
#define RESET_KEPT	0x0a		/* bits of 0xcf9 that read back */
#define PM1_SCI_EN	0x0001
#define PM1_SLP_EN	0x2000
#define PM1_SLP_TYPE(v)	((v) >> 10 & 7)
#define PM1_OFF		5

struct sysport {
	struct dev	dev;
	uint8_t		debug;
	uint8_t		code;
	uint8_t		fast;
	uint8_t		control;
};

static void
ask(struct sysport *s, enum host_request what)
{
	s->dev.host.ops->request(s->dev.host.arg, what, 0);
}

static void
print(struct sysport *s, uint8_t byte)
{
	struct iovec iov = { &byte, 1 };

	if (s->debug)
		(void)s->dev.host.ops->tx(s->dev.host.arg, 0, &iov, 1, 1);
}

static void
write_byte(struct sysport *s, uint32_t port, uint8_t v)
{
	switch (port) {
	case 0x64:
		if (v == KBD_PULSE)
			ask(s, HREQ_REBOOT);
		break;
	case 0x80:
		s->code = v;
		break;
	case 0x92:
		s->fast = v & A20;
		if ((v & RESET_FAST) != 0)
			ask(s, HREQ_REBOOT);
		break;
	case 0x402:
		print(s, v);
		break;
	case 0xcf9:
		s->control = v & RESET_KEPT;
		if ((v & RESET_CPU) != 0)
			ask(s, HREQ_REBOOT);
		break;
	}
}

static uint8_t
read_byte(const struct sysport *s, uint32_t port)
{
	switch (port) {
	case 0x80:
		return s->code;
	case 0x92:
		return s->fast;
	case 0x402:
		return s->debug ? DEBUG_READS : 0xff;
	case 0xcf9:
		return s->control;
	default:
		return 0xff;
	}
}

static void
write_pm1(struct sysport *s, uint64_t v)
{
	if ((v & PM1_SLP_EN) != 0 && PM1_SLP_TYPE(v) == PM1_OFF)
		ask(s, HREQ_SHUTDOWN);
}

static void
port_access(struct sysport *s, struct viodev_msg *m)
{
	int pm1 = m->where == SYSPORT_PM1 && m->width == 2;

	if (m->type == VIODEV_READ)
		m->data = UINT64_MAX >> (64 - 8 * m->width);
	if (m->space != VIODEV_PORT)
		return;
	if (m->type == VIODEV_WRITE && m->width == 1)
		write_byte(s, m->where, (uint8_t)m->data);
	else if (m->type == VIODEV_WRITE && pm1)
		write_pm1(s, m->data);
	else if (m->type == VIODEV_READ && m->width == 1)
		m->data = read_byte(s, m->where);
	else if (m->type == VIODEV_READ && pm1)
		m->data = PM1_SCI_EN;
}

static int
sysport_attach(struct dev *d, const struct devconf *conf)
{
	struct sysport *s = (struct sysport *)d;

	s->debug = devconf_int(conf, DEVCONF_DEBUGPORT, 0) != 0;
	return 0;
}

static void
sysport_detach(struct dev *d)
{
	(void)d;
}

static void
sysport_msg(struct dev *d, struct viodev_msg *m)
{
	struct sysport *s = (struct sysport *)d;

	if (m->type == VIODEV_READ || m->type == VIODEV_WRITE)
		port_access(s, m);
	else if (m->type == VIODEV_RESET)
		s->code = s->fast = s->control = 0;
}

static void
sysport_save(const struct dev *d, struct wbuf *w)
{
	const struct sysport *s = (const struct sysport *)d;

	wb_u16(w, STATE_VERSION);
	wb_u8(w, s->code);
	wb_u8(w, s->fast);
	wb_u8(w, s->control);
}

static const char *
sysport_check(const struct dev *d)
{
	const struct sysport *s = (const struct sysport *)d;

	if (s->debug > 1 || (s->fast & ~A20) != 0 ||
	    (s->control & ~RESET_KEPT) != 0)
		return "register bit that is not kept";
	return NULL;
}

static int
sysport_load(struct dev *d, struct rbuf *r)
{
	struct sysport *s = (struct sysport *)d, tmp = *s;

	if (rb_u16(r) != STATE_VERSION)
		return -1;
	tmp.code = rb_u8(r);
	tmp.fast = rb_u8(r);
	tmp.control = rb_u8(r);
	if (!rb_done(r) || sysport_check(&tmp.dev) != NULL)
		return -1;
	*s = tmp;
	return 0;
}

const struct dev_ops sysport_dev = {
	.name = "sysport",
	.size = sizeof(struct sysport),
	.attach = sysport_attach,
	.detach = sysport_detach,
	.msg = sysport_msg,
	.save = sysport_save,
	.load = sysport_load,
	.check = sysport_check,
};
