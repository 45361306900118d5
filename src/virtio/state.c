/* Save, load and invariants of the transport. */
#include "virtio_dev.h"

#define STATE_VERSION	1

#define KNOWN_BITS	(VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER |	\
			 VIRTIO_S_DRIVER_OK | VIRTIO_S_FEATURES_OK |	\
			 VIRTIO_S_NEEDS_RESET | VIRTIO_S_FAILED)

static void
save_vq(const struct vq *vq, struct wbuf *w)
{
	wb_u64(w, vq->desc);
	wb_u64(w, vq->avail);
	wb_u64(w, vq->used);
	wb_u16(w, vq->size);
	wb_u16(w, vq->last_avail);
	wb_u16(w, vq->used_idx);
	wb_u8(w, vq->enabled);
	wb_u8(w, vq->broken);
}

void
virtio_save(const struct dev *d, struct wbuf *w)
{
	const struct virtio_dev *v = (const struct virtio_dev *)d;
	unsigned q;

	wb_u16(w, STATE_VERSION);
	wb_u16(w, v->nqueues);
	wb_u64(w, v->accepted);
	wb_u32(w, v->dev_sel);
	wb_u32(w, v->drv_sel);
	wb_u8(w, v->refused);
	wb_u8(w, v->status);
	wb_u8(w, v->isr);
	wb_u8(w, v->generation);
	wb_u8(w, v->changed);
	wb_u8(w, v->paused);
	wb_u16(w, v->queue_sel);
	wb_u32(w, v->legacy_pfn);
	for (q = 0; q < v->nqueues; q++)
		save_vq(&v->vq[q], w);
	if (virtio_class(v)->save != NULL)
		virtio_class(v)->save(v, w);
}

static void
load_vq(struct vq *vq, const struct virtio_dev *v, struct rbuf *r)
{
	vq->desc = rb_u64(r);
	vq->avail = rb_u64(r);
	vq->used = rb_u64(r);
	vq->size = rb_u16(r);
	vq->last_avail = rb_u16(r);
	vq->used_idx = rb_u16(r);
	vq->enabled = rb_u8(r);
	vq->broken = rb_u8(r);
	vq->indirect = virtio_live(v) &&
	    (v->accepted & VIRTIO_F_INDIRECT_DESC) != 0;
	vq->event_idx = virtio_live(v) &&
	    (v->accepted & VIRTIO_F_EVENT_IDX) != 0;
}

static const char *
check_vq(const struct virtio_dev *v, const struct vq *vq, int live)
{
	if (vq->size == 0 || (vq->size & (vq->size - 1)) != 0 ||
	    vq->size > vq->max)
		return "queue size is no power of two within the offer";
	if (vq->enabled > 1 || vq->broken > 1)
		return "queue flag is neither 0 nor 1";
	if (!vq->enabled && (vq->last_avail != 0 || vq->used_idx != 0))
		return "queue that is off has moved";
	if (vq->broken && !vq->enabled)
		return "queue that is off is broken";
	if (vq->broken && live)
		return "broken queue without DEVICE_NEEDS_RESET";
	if (vq->enabled && live && vq_areas_ok(vq, v->dev.gm) == -1)
		return "live queue outside guest memory";
	return NULL;
}

static const char *
check_head(const struct virtio_dev *v)
{
	if ((v->accepted & ~v->offered) != 0)
		return "accepted feature that was not offered";
	if ((v->status & ~KNOWN_BITS) != 0)
		return "unknown status bit";
	if ((v->isr & ~(VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG)) != 0)
		return "unknown interrupt status bit";
	if (v->refused > 3 || v->changed > 1 || v->paused > 1)
		return "flag out of range";
	if (!virtio_class(v)->legacy &&
	    (v->status & VIRTIO_S_FEATURES_OK) != 0 &&
	    (v->refused != 0 || (v->accepted & VIRTIO_F_VERSION_1) == 0))
		return "FEATURES_OK for a refused set";
	if (v->isr != 0 && (v->status & VIRTIO_S_DRIVER_OK) == 0)
		return "interrupt before DRIVER_OK";
	return NULL;
}

const char *
virtio_check(const struct dev *d)
{
	const struct virtio_dev *v = (const struct virtio_dev *)d;
	const char *why;
	int live = virtio_live(v);
	unsigned q;

	if ((why = check_head(v)) != NULL)
		return why;
	if (v->line != (v->isr != 0))
		return "interrupt line differs from interrupt status";
	for (q = 0; q < v->nqueues; q++)
		if ((why = check_vq(v, &v->vq[q], live)) != NULL)
			return why;
	if (virtio_class(v)->check != NULL)
		return virtio_class(v)->check(v);
	return NULL;
}

static int
load_head(struct virtio_dev *v, struct rbuf *r)
{
	if (rb_u16(r) != STATE_VERSION || rb_u16(r) != v->nqueues)
		return -1;
	v->accepted = rb_u64(r);
	v->dev_sel = rb_u32(r);
	v->drv_sel = rb_u32(r);
	v->refused = rb_u8(r);
	v->status = rb_u8(r);
	v->isr = rb_u8(r);
	v->generation = rb_u8(r);
	v->changed = rb_u8(r);
	v->paused = rb_u8(r);
	v->queue_sel = rb_u16(r);
	v->legacy_pfn = rb_u32(r);
	return rb_bad(r) || check_head(v) != NULL ? -1 : 0;
}

int
virtio_load(struct dev *d, struct rbuf *r)
{
	struct virtio_dev *v = (struct virtio_dev *)d, tmp = *v;
	const struct virtio_ops *k = virtio_class(v);
	unsigned q;

	if (load_head(&tmp, r) == -1)
		return -1;
	if ((tmp.status & VIRTIO_S_FEATURES_OK) != 0 &&
	    k->features_ok != NULL && k->features_ok(v, tmp.accepted) == -1)
		return -1;
	for (q = 0; q < v->nqueues; q++) {
		load_vq(&tmp.vq[q], &tmp, r);
		if (rb_bad(r) ||
		    check_vq(&tmp, &tmp.vq[q], virtio_live(&tmp)) != NULL)
			return -1;
	}
	if (k->load != NULL ? k->load(v, r) == -1 : !rb_done(r))
		return -1;
	*v = tmp;
	virtio_set_line(v, v->isr != 0);
	return 0;
}
