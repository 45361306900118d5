/*
 * The board as a whole.  There is no second board to compare with; what is
 * watched is where accesses end: ports that nobody has, devices elsewhere by
 * their own memory of what was written, the vcpu's interrupt by its vectors.
 */
#include <string.h>

#include "boarddev.h"
#include "chipsim.h"

enum op {
	OP_NOBODY, OP_VECTOR, OP_SPURIOUS, OP_SENT, OP_DEBUG, OP_REQUEST,
	OP_SLOT_LINE, OP_BUS, OP_FIRMWARE, OP_BAR, OP_MOVED, OP_TICK
};

static const char *const ops[] = {
	"nobody", "vector", "spurious", "sent", "debug", "request",
	"slot-line", "bus", "firmware", "bar", "moved", "tick", NULL
};

struct watch {
	int		pending;	/* before the message */
};

/* Ports below the bus that no chip has. */
static int
nobody(uint32_t port)
{
	static const uint16_t has[][2] = {
		{ 0x20, 0x21 }, { 0x40, 0x43 }, { 0x61, 0x61 },
		{ 0x70, 0x71 }, { 0x80, 0x80 }, { 0x92, 0x92 },
		{ 0xa0, 0xa1 }, { 0x3f8, 0x3ff }, { 0x402, 0x402 },
		{ 0x4d0, 0x4d1 }, { 0x510, 0x51b }, { 0xcf8, 0xcff }
	};
	unsigned i;

	for (i = 0; i < sizeof(has) / sizeof(has[0]); i++)
		if (port >= has[i][0] && port <= has[i][1])
			return 0;
	return port < 0x1000;
}

static void
on_read(struct chipsim *s, const struct viodev_msg *m)
{
	uint32_t port = m->where & 0xffff;
	unsigned i, width = m->width > 4 ? 4 : m->width;

	if (m->space == VIODEV_DEVICE)
		return;
	for (i = 0; i < width; i++)
		if (!nobody(port + i))
			break;
	if (i == width) {
		chipsim_met(s, OP_NOBODY);
		if (m->data != (0xffffffffULL >> (32 - 8 * width)))
			chipsim_fail(s, "answer", "somebody answers where "
			    "nobody is");
	}
	if (port >= 0x1000 && m->data != (0xffffffffULL >> (32 - 8 * width)))
		chipsim_met(s, port >= 0x1000 && port < 0x4000 ? OP_BAR :
		    OP_MOVED);
}

/* A vector comes from one of the two chips, and only when one is due. */
static void
on_intack(struct chipsim *s, const struct watch *w, uint64_t v)
{
	if (!w->pending) {
		chipsim_met(s, OP_SPURIOUS);
		if (v != UINT64_MAX)
			chipsim_fail(s, "answer", "a vector without a "
			    "request");
		return;
	}
	chipsim_met(s, OP_VECTOR);
	if (v > 255)
		chipsim_fail(s, "answer", "a vector beyond 255");
}

static void
before(struct chipsim *s, const struct viodev_msg *m)
{
	struct watch *w = s->model;

	(void)m;
	w->pending = s->line;
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	uint32_t port = m->where;

	if (s->nsent > 0)
		chipsim_met(s, port == 0x402 ? OP_DEBUG : OP_SENT);
	if (s->asked > 0)
		chipsim_met(s, OP_REQUEST);
	switch (m->type) {
	case VIODEV_READ:
		on_read(s, m);
		/* FALLTHROUGH */
	case VIODEV_WRITE:
		if (m->space != VIODEV_DEVICE && port >= 0xcf8 &&
		    port <= 0xcff)
			chipsim_met(s, OP_BUS);
		if (m->space != VIODEV_DEVICE && port >= 0x510 &&
		    port <= 0x518)
			chipsim_met(s, OP_FIRMWARE);
		break;
	case VIODEV_INTACK:
		on_intack(s, s->model, m->data);
		break;
	case VIODEV_LINE:
		if (s->rises > 0)
			chipsim_met(s, OP_SLOT_LINE);
		break;
	case VIODEV_TIMER:
		if (s->rises > 0)
			chipsim_met(s, OP_TICK);
		break;
	default:
		break;
	}
}

static void
start(struct chipsim *s)
{
	(void)s;
}

const struct chipsim_kind chip_board = {
	.dev = &boarddev,
	.timers = CHIPSIM_TIMERS,
	.lanes = 4,
	.model = sizeof(struct watch),
	.start = start,
	.before = before,
	.after = after,
	.ops = ops,
};
