#include "virtio_dev.h"

#include <stddef.h>

/* Bits a driver may set; SUSPEND and the undefined bit 5 are dropped. */
#define DRIVER_BITS	(VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER |	\
			 VIRTIO_S_DRIVER_OK | VIRTIO_S_FEATURES_OK |	\
			 VIRTIO_S_FAILED)

static struct virtio_dev *
of_dev(struct dev *d)
{
	return (struct virtio_dev *)d;
}

/* The scratch behind the state, aligned; one per queue with lanes. */
static struct vq_work *
work_of(struct virtio_dev *v, unsigned q)
{
	uintptr_t p = (uintptr_t)v + v->dev.ops->size;
	size_t align = sizeof(max_align_t);

	p = (p + align - 1) / align * align;
	return (struct vq_work *)p + (virtio_class(v)->lane != NULL ? q : 0);
}

void
virtio_set_line(struct virtio_dev *v, int level)
{
	if (atomic_exchange(&v->line, (uint8_t)level) == level)
		return;
	v->dev.host.ops->irq(v->dev.host.arg, level);
}

static void
raise_isr(struct virtio_dev *v, uint8_t bit)
{
	v->isr |= bit;
	virtio_set_line(v, 1);
}

uint8_t
virtio_isr_read(struct virtio_dev *v)
{
	uint8_t isr = v->isr;

	v->isr = 0;
	virtio_set_line(v, 0);
	return isr;
}

void
virtio_needs_reset(struct virtio_dev *v)
{
	uint8_t old = atomic_fetch_or(&v->status, VIRTIO_S_NEEDS_RESET);

	if ((old & VIRTIO_S_NEEDS_RESET) != 0)
		return;
	dev_log(&v->dev, HLOG_WARN, "guest broke the device, reset needed");
	if ((old & VIRTIO_S_DRIVER_OK) != 0)
		raise_isr(v, VIRTIO_ISR_CONFIG);
}

void
virtio_config_changed(struct virtio_dev *v)
{
	v->changed = 1;
	if ((v->status & VIRTIO_S_DRIVER_OK) != 0)
		raise_isr(v, VIRTIO_ISR_CONFIG);
}

struct vq_work *
virtio_look(struct virtio_dev *v, unsigned q)
{
	struct vq_work *w = work_of(v, q);

	if (q >= v->nqueues || !virtio_live(v) || v->paused ||
	    !v->vq[q].enabled)
		return NULL;
	if (vq_begin(&v->vq[q], v->dev.gm, w) == -1) {
		virtio_needs_reset(v);
		return NULL;
	}
	return w;
}

void
virtio_looked(struct virtio_dev *v, unsigned q, struct vq_work *w,
    enum vq_result r)
{
	if (vq_end(w))
		raise_isr(v, VIRTIO_ISR_QUEUE);
	if (r == VQ_BROKEN)
		virtio_needs_reset(v);
	else if (w->more)
		v->dev.host.ops->again(v->dev.host.arg, q);
}

void
virtio_run_queue(struct virtio_dev *v, unsigned q)
{
	struct vq_work *w = virtio_look(v, q);

	if (w != NULL)
		virtio_looked(v, q, w, virtio_class(v)->queue(v, q, w));
}

/* Which queue a message is a look at, or nqueues. */
static unsigned
queue_of(const struct virtio_dev *v, const struct viodev_msg *m)
{
	uint64_t q = v->nqueues;

	if (m->type == VIODEV_KICK || m->type == VIODEV_INPUT)
		q = m->where;
	else if (m->type == VIODEV_WRITE && m->space == VIODEV_NOTIFY &&
	    m->where == 0)
		q = m->data & 0xffff;
	return q < v->nqueues ? (unsigned)q : v->nqueues;
}

unsigned
virtio_lane(const struct dev *d, const struct viodev_msg *m)
{
	const struct virtio_dev *v = (const struct virtio_dev *)d;
	unsigned q = queue_of(v, m);

	if (virtio_class(v)->lane == NULL || q == v->nqueues)
		return 0;
	return virtio_class(v)->lane(v, q);
}

/* The driver's index of a queue that is served: 0, or -1 when none is. */
static int
driver_index(const struct virtio_dev *v, unsigned q, uint16_t *idx)
{
	const struct vq *vq;
	const uint8_t *p;

	if (q >= v->nqueues || !virtio_live(v) || v->paused)
		return -1;
	vq = &v->vq[q];
	if (!vq->enabled || vq->broken)
		return -1;
	p = gm_hva(v->dev.gm, vq->avail + 2, 2);
	if (p == NULL)
		return -1;
	*idx = (uint16_t)gm_once16(p);
	return 0;
}

int
virtio_waiting(const struct virtio_dev *v, unsigned q, uint16_t *seen)
{
	uint16_t idx, before = *seen;

	if (driver_index(v, q, &idx) == -1)
		return 0;
	*seen = idx;
	return idx != v->vq[q].last_avail && idx != before;
}

int
virtio_stale(const struct virtio_dev *v, const struct viodev_msg *m)
{
	unsigned q = queue_of(v, m);
	uint16_t idx;

	return m->type != VIODEV_INPUT && driver_index(v, q, &idx) == 0 &&
	    idx == v->vq[q].last_avail;
}

static void
run_all(struct virtio_dev *v)
{
	unsigned q;

	for (q = 0; q < v->nqueues; q++)
		virtio_run_queue(v, q);
}

/*
 * The device goes live: what was accepted is in force, queues that cannot
 * work show themselves, and kicks that came too early are made up for.
 */
static void
go_live(struct virtio_dev *v)
{
	struct vq *vq;
	unsigned q;

	for (q = 0; q < v->nqueues; q++) {
		vq = &v->vq[q];
		vq->indirect = (v->accepted & VIRTIO_F_INDIRECT_DESC) != 0;
		vq->event_idx = (v->accepted & VIRTIO_F_EVENT_IDX) != 0;
		if (vq->enabled && vq_areas_ok(vq, v->dev.gm) == -1)
			vq->broken = 1;
	}
	for (q = 0; q < v->nqueues; q++)
		if (v->vq[q].broken)
			virtio_needs_reset(v);
	run_all(v);
}

static int
features_ok(const struct virtio_dev *v)
{
	const struct virtio_ops *k = virtio_class(v);

	if (v->refused != 0 || (v->accepted & VIRTIO_F_VERSION_1) == 0)
		return 0;
	return k->features_ok == NULL || k->features_ok(v, v->accepted) == 0;
}

void
virtio_set_status(struct virtio_dev *v, uint8_t val)
{
	uint8_t add = val & DRIVER_BITS & (uint8_t)~v->status;
	int live = virtio_live(v);

	if (val == 0) {
		virtio_reset(v);
		return;
	}
	if (virtio_class(v)->legacy)
		add &= (uint8_t)~VIRTIO_S_FEATURES_OK;
	else if ((add & VIRTIO_S_FEATURES_OK) != 0 && !features_ok(v))
		add &= (uint8_t)~VIRTIO_S_FEATURES_OK;
	v->status |= add;
	if (!live && virtio_live(v))
		go_live(v);
}

void
virtio_reset(struct virtio_dev *v)
{
	unsigned q;

	v->status = 0;
	v->accepted = 0;
	v->refused = 0;
	v->dev_sel = 0;
	v->drv_sel = 0;
	v->queue_sel = 0;
	v->legacy_pfn = 0;
	for (q = 0; q < v->nqueues; q++)
		vq_reset(&v->vq[q], v->vq[q].max);
	if (virtio_class(v)->reset != NULL)
		virtio_class(v)->reset(v);
	v->isr = 0;
	virtio_set_line(v, 0);
}

int
virtio_attach(struct dev *d, const struct devconf *conf)
{
	struct virtio_dev *v = of_dev(d);

	if (!virtio_class(v)->legacy)
		v->offered = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC |
		    VIRTIO_F_EVENT_IDX;
	if (virtio_class(v)->attach(v, conf) == -1)
		return -1;
	v->offered &= devconf_int(conf, DEVCONF_FEATURES, UINT64_MAX) |
	    VIRTIO_F_VERSION_1;
	if (virtio_class(v)->prune != NULL)
		v->offered = virtio_class(v)->prune(v->offered);
	virtio_reset(v);
	return 0;
}

void
virtio_detach(struct dev *d)
{
	struct virtio_dev *v = of_dev(d);

	if (virtio_class(v)->detach != NULL)
		virtio_class(v)->detach(v);
	virtio_set_line(v, 0);
}

static void
reg_read(struct virtio_dev *v, struct viodev_msg *m)
{
	int legacy = virtio_class(v)->legacy;
	uint64_t val = UINT64_MAX;

	if (m->space == VIODEV_COMMON && !legacy)
		val = virtio_common_read(v, m->where, m->width);
	else if (m->space == VIODEV_NOTIFY && !legacy)
		val = 0;
	else if (m->space == VIODEV_ISR && !legacy)
		val = m->where == 0 ? virtio_isr_read(v) : 0;
	else if (m->space == VIODEV_DEVICE && !legacy)
		val = virtio_config_read(v, m->where, m->width);
	else if (m->space == VIODEV_LEGACY && legacy)
		val = virtio_legacy_read(v, m->where, m->width);
	if (m->width < 8)
		val &= (1ULL << (8 * m->width)) - 1;
	m->data = val;
}

static void
reg_write(struct virtio_dev *v, const struct viodev_msg *m)
{
	if (virtio_class(v)->legacy) {
		if (m->space == VIODEV_LEGACY)
			virtio_legacy_write(v, m->where, m->width, m->data);
		return;
	}
	if (m->space == VIODEV_COMMON)
		virtio_common_write(v, m->where, m->width, m->data);
	else if (m->space == VIODEV_NOTIFY && m->where == 0)
		virtio_run_queue(v, m->data & 0xffff);
	else if (m->space == VIODEV_DEVICE &&
	    (v->status & VIRTIO_S_FEATURES_OK) != 0)
		virtio_config_write(v, m->where, m->width, m->data);
}

static void
system_reset(struct virtio_dev *v)
{
	virtio_reset(v);
	v->generation = 0;
	v->changed = 0;
	v->paused = 0;
	if (virtio_class(v)->restart != NULL)
		virtio_class(v)->restart(v);
}

void
virtio_msg(struct dev *d, struct viodev_msg *m)
{
	struct virtio_dev *v = of_dev(d);
	const struct virtio_ops *k = virtio_class(v);
	struct devconf conf = { m->payload, m->len };

	switch (m->type) {
	case VIODEV_READ:
		reg_read(v, m);
		break;
	case VIODEV_WRITE:
		reg_write(v, m);
		break;
	case VIODEV_KICK:
		virtio_run_queue(v, m->where);
		break;
	case VIODEV_INPUT:
		if (k->input != NULL)
			k->input(v, m);
		break;
	case VIODEV_TIMER:
		if (k->timer != NULL)
			k->timer(v, m->where);
		break;
	case VIODEV_CONFIG:
		if (k->reconf != NULL)
			k->reconf(v, &conf);
		break;
	case VIODEV_COMMAND:
		m->data = k->command == NULL || k->command(v, m->where) == -1;
		break;
	case VIODEV_PAUSE:
		v->paused = 1;
		break;
	case VIODEV_UNPAUSE:
		v->paused = 0;
		run_all(v);
		break;
	case VIODEV_RESET:
		system_reset(v);
		break;
	case VIODEV_SHUTDOWN:
		system_reset(v);
		break;
	default:
		break;
	}
}

int
virtio_bar_decode(unsigned off, struct viodev_msg *m)
{
	static const uint16_t space[] = {
		VIODEV_COMMON, VIODEV_NOTIFY, VIODEV_ISR, VIODEV_DEVICE
	};

	if (off >= VIRTIO_BAR_DEVICE + 0x100)
		return -1;
	m->space = space[off >> 8];
	m->where = off & 0xff;
	return 0;
}
