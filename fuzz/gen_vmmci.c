/* What host and driver of the control device say. */
#include "gen_kind.h"

#include "virtio.h"
#include "vmmci.h"

static void
command(struct viodev_msg *m, struct prng *r)
{
	m->type = VIODEV_COMMAND;
	m->where = one_in(r, 8) ? (uint32_t)gen_odd(r) : 1 + below(r, 3);
}

/* A register access: the driver's answer, or the clock. */
static void
access(struct viodev_msg *m, struct prng *r)
{
	static const uint8_t regs[] = {
		0, 4, 8, 12, 14, 16, 18, 18, 19, 20, 20, 20, 24, 28, 32, 36
	};

	m->space = VIODEV_LEGACY;
	m->type = one_in(r, 2) ? VIODEV_READ : VIODEV_WRITE;
	m->where = PICK(r, regs);
	m->width = m->where == 18 || m->where == 19 ? 1 :
	    m->where >= 12 && m->where < 18 ? 2 : 4;
	m->data = m->where == 20 ? 1 + below(r, 3) :
	    m->where == 18 ? below(r, 8) : gen_odd(r);
	if (one_in(r, 6))
		m->where += below(r, 4);
	if (one_in(r, 6))
		m->width = (uint8_t)(1U << below(r, 4));
	if (one_in(r, 16))
		m->data = gen_odd(r);
	if (m->type == VIODEV_READ)
		m->data = 0;
}

static void
msg(struct viodev_msg *m, uint8_t *payload, struct prng *r)
{
	unsigned kind = below(r, 4);

	(void)payload;
	if (kind == 0)
		return;
	m->width = 0;
	m->space = 0;
	m->where = 0;
	m->data = 0;
	m->len = 0;
	if (kind == 1)
		command(m, r);
	else
		access(m, r);
}

/* There are no queues: what others send in chains comes in messages. */
static void
chain(struct wbuf *w, struct prng *r, struct trace_chain *c)
{
	struct viodev_msg m = { 0 };

	(void)c;
	if (one_in(r, 3))
		command(&m, r);
	else
		access(&m, r);
	trace_put_msg(w, &m);
}

const struct gen_kind gen_vmmci = {
	.dev = "vmmci",
	.chain = chain,
	.msg = msg,
};
