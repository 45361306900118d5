#include "caps.h"

struct window {
	uint8_t		type;
	uint16_t	off;
	uint16_t	len;
};

/* One capability: 4.1.4.  The extra word is notify_off_multiplier or the
 * window of PCI_CFG; both start as 0. */
static void
put_cap(uint8_t *p, const struct window *w, unsigned next)
{
	int extra = w->type == VIRTIO_CAP_NOTIFY || w->type == VIRTIO_CAP_PCI;

	p[0] = CAPS_VENDOR;
	p[1] = (uint8_t)next;
	p[2] = extra ? 20 : 16;
	p[3] = w->type;
	le32_put(p + 8, w->off);
	le32_put(p + 12, w->len);
}

unsigned
virtio_caps(const struct virtio_ops *k, uint8_t list[CAPS_SIZE])
{
	const struct window all[] = {
		{ VIRTIO_CAP_COMMON, VIRTIO_BAR_COMMON, VIRTIO_COMMON_SIZE },
		{ VIRTIO_CAP_DEVICE, VIRTIO_BAR_DEVICE, k->config_size },
		{ VIRTIO_CAP_ISR, VIRTIO_BAR_ISR, 1 },
		{ VIRTIO_CAP_NOTIFY, VIRTIO_BAR_NOTIFY, 2 },
		{ VIRTIO_CAP_PCI, 0, 0 },
	};
	unsigned i, n = 0, last = sizeof(all) / sizeof(all[0]) - 1;

	memset(list, 0, CAPS_SIZE);
	if (k->legacy)
		return 0;
	for (i = 0; i <= last; i++) {
		if (all[i].type == VIRTIO_CAP_DEVICE && all[i].len == 0)
			continue;
		put_cap(list + n * CAPS_STRIDE, &all[i], i == last ? 0 :
		    CAPS_FIRST + (n + 1) * CAPS_STRIDE);
		n++;
	}
	return n;
}
