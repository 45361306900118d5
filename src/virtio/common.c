/* The register windows of a modern device: virtio 1.3, 4.1.4.3. */
#include "virtio_dev.h"

uint64_t
virtio_slice(const uint8_t *img, size_t len, unsigned off, unsigned width)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < width && i < 8; i++)
		if (off < len && i < len - off)
			v |= (uint64_t)img[off + i] << (8 * i);
	return v;
}

uint64_t
virtio_config_read(struct virtio_dev *v, unsigned off, unsigned width)
{
	const struct virtio_ops *k = virtio_class(v);
	uint8_t img[VIRTIO_MAXCONFIG] = { 0 };

	if (k->config_look != NULL)
		k->config_look(v, off, width);
	if (k->config != NULL)
		k->config(v, img);
	return virtio_slice(img, k->config_size, off, width);
}

void
virtio_config_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	const struct virtio_ops *k = virtio_class(v);

	if (k->config_write != NULL && off < k->config_size &&
	    width <= k->config_size - off)
		k->config_write(v, off, width, val);
}

static struct vq *
selected(struct virtio_dev *v)
{
	return v->queue_sel < v->nqueues ? &v->vq[v->queue_sel] : NULL;
}

/* One 32-bit window of a feature word; windows past the second are empty. */
static uint32_t
window(uint64_t features, uint32_t sel)
{
	return sel > 1 ? 0 : (uint32_t)(features >> (32 * sel));
}

/* All registers as they stand, so that any access is a slice of them. */
static void
common_image(struct virtio_dev *v, uint8_t *img)
{
	const struct vq *vq = selected(v);

	memset(img, 0, VIRTIO_COMMON_SIZE);
	le32_put(img + VIRTIO_DEVICE_FEATURE_SELECT, v->dev_sel);
	le32_put(img + VIRTIO_DEVICE_FEATURE, window(v->offered, v->dev_sel));
	le32_put(img + VIRTIO_DRIVER_FEATURE_SELECT, v->drv_sel);
	le32_put(img + VIRTIO_DRIVER_FEATURE, window(v->accepted, v->drv_sel));
	le16_put(img + VIRTIO_CONFIG_MSIX_VECTOR, VIRTIO_NO_VECTOR);
	le16_put(img + VIRTIO_NUM_QUEUES, v->nqueues);
	img[VIRTIO_DEVICE_STATUS] = v->status;
	img[VIRTIO_CONFIG_GENERATION] = v->generation;
	le16_put(img + VIRTIO_QUEUE_SELECT, v->queue_sel);
	le16_put(img + VIRTIO_QUEUE_MSIX_VECTOR, VIRTIO_NO_VECTOR);
	if (vq == NULL)
		return;
	le16_put(img + VIRTIO_QUEUE_SIZE, vq->size);
	le16_put(img + VIRTIO_QUEUE_ENABLE, vq->enabled);
	le64_put(img + VIRTIO_QUEUE_DESC, vq->desc);
	le64_put(img + VIRTIO_QUEUE_DRIVER, vq->avail);
	le64_put(img + VIRTIO_QUEUE_DEVICE, vq->used);
}

uint64_t
virtio_common_read(struct virtio_dev *v, unsigned off, unsigned width)
{
	uint8_t img[VIRTIO_COMMON_SIZE];

	if (off >= VIRTIO_COMMON_SIZE)
		return 0;
	/* A change shows as a new generation when somebody looks: 2.5.1. */
	if (v->changed && off <= VIRTIO_CONFIG_GENERATION &&
	    off + width > VIRTIO_CONFIG_GENERATION) {
		v->changed = 0;
		v->generation++;
	}
	common_image(v, img);
	return virtio_slice(img, sizeof(img), off, width);
}

static void
set_features(struct virtio_dev *v, uint32_t val)
{
	unsigned shift;
	uint64_t bits;

	if (v->drv_sel > 1 || (v->status & VIRTIO_S_FEATURES_OK) != 0)
		return;
	shift = 32 * v->drv_sel;
	bits = (uint64_t)val << shift;
	v->accepted &= ~(0xffffffffULL << shift);
	v->accepted |= bits & v->offered;
	v->refused &= (uint8_t)~(1U << v->drv_sel);
	if ((bits & ~v->offered) != 0)
		v->refused |= (uint8_t)(1U << v->drv_sel);
}

static void
set_half(uint64_t *reg, unsigned high, uint32_t val)
{
	if (high)
		*reg = (*reg & 0xffffffffULL) | (uint64_t)val << 32;
	else
		*reg = (*reg & ~0xffffffffULL) | val;
}

static void
set_size(struct vq *vq, uint16_t n)
{
	if (n != 0 && (n & (n - 1)) == 0 && n <= vq->max)
		vq->size = n;
}

/*
 * Enabling freezes the registers.  After DRIVER_OK the queue is looked at at
 * once, before that when the device goes live.
 */
static void
enable_queue(struct virtio_dev *v, struct vq *vq)
{
	vq->enabled = 1;
	if (!virtio_live(v))
		return;
	vq->indirect = (v->accepted & VIRTIO_F_INDIRECT_DESC) != 0;
	vq->event_idx = (v->accepted & VIRTIO_F_EVENT_IDX) != 0;
	if (vq_areas_ok(vq, v->dev.gm) == -1) {
		vq->broken = 1;
		virtio_needs_reset(v);
	}
}

static void
queue_write(struct virtio_dev *v, unsigned off, unsigned width, uint64_t val)
{
	struct vq *vq = selected(v);

	if (vq == NULL || vq->enabled)
		return;
	if (width == 2 && off == VIRTIO_QUEUE_SIZE)
		set_size(vq, (uint16_t)val);
	else if (width == 2 && off == VIRTIO_QUEUE_ENABLE) {
		if ((uint16_t)val == 1)
			enable_queue(v, vq);
	} else if (width == 4 && (off & ~4U) == VIRTIO_QUEUE_DESC)
		set_half(&vq->desc, off & 4, (uint32_t)val);
	else if (width == 4 && (off & ~4U) == VIRTIO_QUEUE_DRIVER)
		set_half(&vq->avail, off & 4, (uint32_t)val);
	else if (width == 4 && (off & ~4U) == VIRTIO_QUEUE_DEVICE)
		set_half(&vq->used, off & 4, (uint32_t)val);
}

void
virtio_common_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	if (width == 4 && off == VIRTIO_DEVICE_FEATURE_SELECT)
		v->dev_sel = (uint32_t)val;
	else if (width == 4 && off == VIRTIO_DRIVER_FEATURE_SELECT)
		v->drv_sel = (uint32_t)val;
	else if (width == 4 && off == VIRTIO_DRIVER_FEATURE)
		set_features(v, (uint32_t)val);
	else if (width == 1 && off == VIRTIO_DEVICE_STATUS)
		virtio_set_status(v, (uint8_t)val);
	else if (width == 2 && off == VIRTIO_QUEUE_SELECT)
		v->queue_sel = (uint16_t)val;
	else
		queue_write(v, off, width, val);
}
