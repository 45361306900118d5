/*
 * The register block of virtio 0.9 over PCI (virtio 1.3, 4.1.4.10) for a
 * device without queues: the queue registers exist and lead nowhere.
 */
#include "virtio_dev.h"

uint64_t
virtio_legacy_read(struct virtio_dev *v, unsigned off, unsigned width)
{
	uint8_t img[VIRTIO_L_CONFIG] = { 0 };

	if (off >= VIRTIO_L_CONFIG)
		return virtio_config_read(v, off - VIRTIO_L_CONFIG, width);
	le32_put(img + VIRTIO_L_DEVICE_FEATURES, (uint32_t)v->offered);
	le32_put(img + VIRTIO_L_DRIVER_FEATURES, (uint32_t)v->accepted);
	le32_put(img + VIRTIO_L_QUEUE_PFN, v->legacy_pfn);
	le16_put(img + VIRTIO_L_QUEUE_SELECT, v->queue_sel);
	img[VIRTIO_L_DEVICE_STATUS] = v->status;
	if (off <= VIRTIO_L_ISR && off + width > VIRTIO_L_ISR)
		img[VIRTIO_L_ISR] = virtio_isr_read(v);
	return virtio_slice(img, sizeof(img), off, width);
}

void
virtio_legacy_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	if (off >= VIRTIO_L_CONFIG)
		virtio_config_write(v, off - VIRTIO_L_CONFIG, width, val);
	else if (width == 4 && off == VIRTIO_L_DRIVER_FEATURES)
		v->accepted = (uint32_t)val & v->offered;
	else if (width == 4 && off == VIRTIO_L_QUEUE_PFN)
		v->legacy_pfn = (uint32_t)val;
	else if (width == 2 && off == VIRTIO_L_QUEUE_SELECT)
		v->queue_sel = (uint16_t)val;
	else if (width == 1 && off == VIRTIO_L_DEVICE_STATUS)
		virtio_set_status(v, (uint8_t)val);
}
