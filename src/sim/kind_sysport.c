/* The single ports, once more. */
#include "chipsim.h"
#include "sysport.h"

enum op { OP_REBOOT, OP_OFF, OP_DEBUG, OP_KEPT };

static const char *const ops[] = {
	"reboot", "off", "debug", "kept", NULL
};

struct ports {
	unsigned	debug, code, fast, control;
};

static void
on_write(struct chipsim *s, struct ports *p, const struct viodev_msg *m)
{
	unsigned v = m->data & 0xff, asks = 0, sends = 0;
	uint32_t what = HREQ_REBOOT;

	if (m->width == 2 && m->where == 0xb008) {
		asks = (m->data & 0x3c00) == 0x3400;
		what = HREQ_SHUTDOWN;
	} else if (m->width == 1) {
		asks = (m->where == 0x64 && v == 0xfe) ||
		    (m->where == 0x92 && (v & 1) != 0) ||
		    (m->where == 0xcf9 && (v & 4) != 0);
		sends = m->where == 0x402 && p->debug;
		if (m->where == 0x80)
			p->code = v;
		if (m->where == 0x92)
			p->fast = v & 2;
		if (m->where == 0xcf9)
			p->control = v & 10;
	}
	if (s->asked != asks || (asks && s->what != what))
		chipsim_fail(s, "request", "the wrong request");
	if (s->ntx != sends || (sends && s->nsent > 0 && s->sent[0] != v))
		chipsim_fail(s, "tx", "the wrong debug output");
	if (asks)
		chipsim_met(s, what == HREQ_REBOOT ? OP_REBOOT : OP_OFF);
	if (sends)
		chipsim_met(s, OP_DEBUG);
}

static void
on_read(struct chipsim *s, struct ports *p, const struct viodev_msg *m)
{
	uint64_t want = UINT64_MAX >> (64 - 8 * m->width);

	if (m->space != VIODEV_PORT)
		;
	else if (m->width == 2 && m->where == 0xb008)
		want = 1;
	else if (m->width == 1 && m->where == 0x80)
		want = p->code;
	else if (m->width == 1 && m->where == 0x92)
		want = p->fast;
	else if (m->width == 1 && m->where == 0xcf9)
		want = p->control;
	else if (m->width == 1 && m->where == 0x402 && p->debug)
		want = 0xe9;
	if (m->data != want)
		chipsim_fail(s, "answer", "a port reads otherwise");
	if (want != 0 && want < 0xe9)
		chipsim_met(s, OP_KEPT);
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	struct ports *p = s->model;

	if (m->type == VIODEV_RESET)
		p->code = p->fast = p->control = 0;
	else if (m->type == VIODEV_READ)
		on_read(s, p, m);
	else if (m->type == VIODEV_WRITE && m->space == VIODEV_PORT)
		on_write(s, p, m);
	else if (s->asked != 0)
		chipsim_fail(s, "request", "a request without a write");
}

static void
start(struct chipsim *s)
{
	struct ports *p = s->model;

	p->debug = devconf_int(&s->conf, DEVCONF_DEBUGPORT, 0) != 0;
}

static void
conf(struct wbuf *w)
{
	devconf_put_int(w, DEVCONF_DEBUGPORT, 1);
}

const struct chipsim_kind chip_sysport = {
	.dev = &sysport_dev,
	.timers = 1,
	.lanes = 1,
	.model = sizeof(struct ports),
	.conf = conf,
	.start = start,
	.after = after,
	.ops = ops,
};
