#include "rings.h"

/* When nobody said how long a queue is. */
#define GUESS	256

struct rings_queue *
rings_selected(struct rings *g)
{
	return g->qsel < RINGS_MAXQ ? &g->q[g->qsel] : NULL;
}

static void
set_word(uint64_t *reg, uint32_t off, unsigned width, uint64_t v)
{
	unsigned shift = off & 4 ? 32 : 0;

	if (width == 8)
		*reg = v;
	else if (width == 4)
		*reg = (*reg & ~(0xffffffffULL << shift)) |
		    (v & 0xffffffff) << shift;
}

static void
write_queue(struct rings *g, const struct viodev_msg *m)
{
	struct rings_queue *q = rings_selected(g);

	if (q == NULL || q->on)
		return;
	switch (m->where & ~(m->where >= REG_QDESC ? 4U : 0U)) {
	case REG_QSIZE:
		q->size = (uint16_t)m->data;
		break;
	case REG_QENABLE:
		q->on = m->data == 1;
		break;
	case REG_QDESC:
		set_word(&q->desc, m->where, m->width, m->data);
		break;
	case REG_QDRIVER:
		set_word(&q->avail, m->where, m->width, m->data);
		break;
	case REG_QDEVICE:
		set_word(&q->used, m->where, m->width, m->data);
		break;
	}
}

/* After a reset: what is selected has gone as well. */
static void
forget(struct rings *g)
{
	struct viodev_msg last = g->last;

	memset(g, 0, sizeof(*g));
	g->last = last;
}

static void
write_common(struct rings *g, const struct viodev_msg *m)
{
	switch (m->where) {
	case REG_DEV_SELECT:
		g->dev_sel = (uint32_t)m->data;
		break;
	case REG_DRV_SELECT:
		g->drv_sel = (uint32_t)m->data;
		break;
	case REG_DRV_FEATURE:
		if (g->drv_sel < 2)
			set_word(&g->features, 4 * g->drv_sel, 4, m->data);
		break;
	case REG_STATUS:
		if ((uint8_t)m->data == 0)
			forget(g);
		break;
	case REG_QSELECT:
		g->qsel = (uint16_t)m->data;
		break;
	default:
		write_queue(g, m);
		break;
	}
}

void
rings_desc(const uint8_t *p, struct rings_desc *d)
{
	d->addr = le64_get(p);
	d->len = le32_get(p + 8);
	d->flags = le16_get(p + 12);
	d->next = le16_get(p + 14);
}

static void
learn_load(struct rings *g, uint64_t gpa, const struct trace_blob *b)
{
	struct rings_desc d;
	unsigned q, off;

	switch (rings_find(g, gpa, &q, &off)) {
	case AREA_DESC:
		break;
	case AREA_AVAIL:
		/* The next chain: the table of the last one is forgotten. */
		g->tablelen = 0;
		return;
	default:
		return;
	}
	if (b->kept < 16)
		return;
	rings_desc(b->p, &d);
	if ((d.flags & RINGS_INDIRECT) != 0) {
		g->table = d.addr;
		g->tablelen = d.len;
	}
}

void
rings_rec(struct rings *g, const struct trace_rec *r)
{
	const struct viodev_msg *m = &r->u.msg;
	struct rings_queue *q;

	if (r->type == TRACE_MSG) {
		g->last = *m;
		if (m->type == VIODEV_WRITE && m->space == VIODEV_COMMON)
			write_common(g, m);
		if (m->type == VIODEV_RESET || m->type == VIODEV_SHUTDOWN)
			forget(g);
	} else if (r->type == TRACE_LOAD) {
		learn_load(g, r->u.load.gpa, &r->u.load.blob);
	} else if (r->type == TRACE_EXPECT && r->u.expect.kind == TRACE_REPLY &&
	    g->last.space == VIODEV_COMMON && g->last.where == REG_QSIZE) {
		q = rings_selected(g);
		if (q != NULL)
			q->size = (uint16_t)r->u.expect.val;
	}
}

static int
inside(uint64_t gpa, uint64_t from, uint64_t len, unsigned *off)
{
	if (from == 0 || gpa - from >= len)
		return 0;
	*off = (unsigned)(gpa - from);
	return 1;
}

enum rings_area
rings_find(const struct rings *g, uint64_t gpa, unsigned *q, unsigned *off)
{
	const struct rings_queue *p;
	unsigned n;

	if (inside(gpa, g->table, g->tablelen, off))
		return AREA_TABLE;
	for (*q = 0; *q < RINGS_MAXQ; ++*q) {
		p = &g->q[*q];
		if (!p->on)
			continue;
		n = p->size == 0 ? GUESS : p->size;
		if (inside(gpa, p->desc, 16 * n, off))
			return AREA_DESC;
		if (inside(gpa, p->avail, 6 + 2 * n, off))
			return AREA_AVAIL;
		if (inside(gpa, p->used, 6 + 8 * n, off))
			return AREA_USED;
	}
	return AREA_NONE;
}

static const struct {
	uint16_t	 space;
	uint16_t	 off;
	const char	*name;
} regs[] = {
	{ VIODEV_COMMON, 0x00, "device_feature_select" },
	{ VIODEV_COMMON, 0x04, "device_feature" },
	{ VIODEV_COMMON, 0x08, "driver_feature_select" },
	{ VIODEV_COMMON, 0x0c, "driver_feature" },
	{ VIODEV_COMMON, 0x10, "config_msix_vector" },
	{ VIODEV_COMMON, 0x12, "num_queues" },
	{ VIODEV_COMMON, 0x14, "device_status" },
	{ VIODEV_COMMON, 0x15, "config_generation" },
	{ VIODEV_COMMON, 0x16, "queue_select" },
	{ VIODEV_COMMON, 0x18, "queue_size" },
	{ VIODEV_COMMON, 0x1a, "queue_msix_vector" },
	{ VIODEV_COMMON, 0x1c, "queue_enable" },
	{ VIODEV_COMMON, 0x1e, "queue_notify_off" },
	{ VIODEV_COMMON, 0x20, "queue_desc" },
	{ VIODEV_COMMON, 0x24, "queue_desc_hi" },
	{ VIODEV_COMMON, 0x28, "queue_driver" },
	{ VIODEV_COMMON, 0x2c, "queue_driver_hi" },
	{ VIODEV_COMMON, 0x30, "queue_device" },
	{ VIODEV_COMMON, 0x34, "queue_device_hi" },
	{ VIODEV_NOTIFY, 0, "queue" },
	{ VIODEV_ISR, 0, "status" },
	{ VIODEV_LEGACY, 0, "device_features" },
	{ VIODEV_LEGACY, 4, "driver_features" },
	{ VIODEV_LEGACY, 8, "queue_pfn" },
	{ VIODEV_LEGACY, 12, "queue_size" },
	{ VIODEV_LEGACY, 14, "queue_select" },
	{ VIODEV_LEGACY, 16, "queue_notify" },
	{ VIODEV_LEGACY, 18, "device_status" },
	{ VIODEV_LEGACY, 19, "isr" },
};
#define NREGS	(sizeof(regs) / sizeof(regs[0]))

const char *
reg_name(unsigned space, uint32_t off)
{
	size_t i;

	for (i = 0; i < NREGS; i++)
		if (regs[i].space == space && regs[i].off == off)
			return regs[i].name;
	return NULL;
}

int
reg_find(unsigned space, const char *name, size_t len, uint64_t *off)
{
	size_t i;

	for (i = 0; i < NREGS; i++)
		if (regs[i].space == space && strlen(regs[i].name) == len &&
		    memcmp(regs[i].name, name, len) == 0) {
			*off = regs[i].off;
			return 0;
		}
	return -1;
}
