/* The driver's side of split queues: virtio 1.3, 2.7. */
#include <stdlib.h>
#include <string.h>

#include "le.h"
#include "rig.h"
#include "virtio.h"

#define RINGS		0x10000U	/* gpa of the first queue's areas */
#define RINGROOM	0x10000U	/* for each queue */
#define PER_SLOT	3

static void
wr(struct rig *r, unsigned off, unsigned width, uint64_t v)
{
	rig_write(r, VIODEV_COMMON, off, width, v);
}

static void
wr64(struct rig *r, unsigned off, uint64_t v)
{
	wr(r, off, 4, v & 0xffffffff);
	wr(r, off + 4, 4, v >> 32);
}

static uint64_t
negotiate(struct rig *r, uint64_t want)
{
	uint64_t offer;

	wr(r, VIRTIO_DEVICE_FEATURE_SELECT, 4, 0);
	offer = rig_read(r, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE, 4);
	wr(r, VIRTIO_DEVICE_FEATURE_SELECT, 4, 1);
	offer |= rig_read(r, VIODEV_COMMON, VIRTIO_DEVICE_FEATURE, 4) << 32;
	offer &= want | VIRTIO_F_VERSION_1;
	wr(r, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	wr(r, VIRTIO_DRIVER_FEATURE, 4, offer & 0xffffffff);
	wr(r, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	wr(r, VIRTIO_DRIVER_FEATURE, 4, offer >> 32);
	return offer;
}

static void
setup_queue(struct rig *r, struct rig_queue *q, unsigned i, unsigned size)
{
	unsigned max;

	memset(q, 0, sizeof(*q));
	q->r = r;
	q->q = i;
	wr(r, VIRTIO_QUEUE_SELECT, 2, i);
	max = (unsigned)rig_read(r, VIODEV_COMMON, VIRTIO_QUEUE_SIZE, 2);
	q->size = size < max ? size : max;
	wr(r, VIRTIO_QUEUE_SIZE, 2, q->size);
	q->desc = RINGS + (uint64_t)i * RINGROOM;
	q->drv = q->desc + 16 * q->size;
	q->dev = (q->drv + 6 + 2 * q->size + 3) & ~3ULL;
	q->pdesc = rig_at(r, q->desc, RINGROOM);
	q->pdrv = q->pdesc + (q->drv - q->desc);
	q->pdev = q->pdesc + (q->dev - q->desc);
	memset(q->pdesc, 0, RINGROOM);
	wr64(r, VIRTIO_QUEUE_DESC, q->desc);
	wr64(r, VIRTIO_QUEUE_DRIVER, q->drv);
	wr64(r, VIRTIO_QUEUE_DEVICE, q->dev);
	wr(r, VIRTIO_QUEUE_ENABLE, 2, 1);
}

uint64_t
rig_setup(struct rig *r, uint64_t features, struct rig_queue *q, unsigned n,
    unsigned size)
{
	uint8_t st = VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER;
	uint64_t got, now;
	unsigned i;

	wr(r, VIRTIO_DEVICE_STATUS, 1, 0);
	wr(r, VIRTIO_DEVICE_STATUS, 1, st);
	got = negotiate(r, features);
	st |= VIRTIO_S_FEATURES_OK;
	wr(r, VIRTIO_DEVICE_STATUS, 1, st);
	if (devproc_read(r->dev, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1,
	    &now) == -1)
		return 0;
	if (now != st)
		rig_die("features are refused");
	for (i = 0; i < n; i++) {
		setup_queue(r, &q[i], i, size);
		q[i].event_idx = (got & VIRTIO_F_EVENT_IDX) != 0;
	}
	wr(r, VIRTIO_DEVICE_STATUS, 1, st | VIRTIO_S_DRIVER_OK);
	return got;
}

void
rig_put(struct rig_queue *q, unsigned slot, const struct rig_seg *s,
    unsigned n)
{
	unsigned i, at = slot * PER_SLOT;
	uint8_t *d;

	for (i = 0; i < n; i++) {
		d = q->pdesc + 16 * (at + i);
		le64_put(d, s[i].gpa);
		le32_put(d + 8, s[i].len);
		le16_put(d + 12, (uint16_t)((i + 1 < n ? VRING_DESC_NEXT : 0) |
		    (s[i].write ? VRING_DESC_WRITE : 0)));
		le16_put(d + 14, (uint16_t)(at + i + 1));
	}
	le16_put(q->pdrv + 4 + 2 * (q->avail % q->size), (uint16_t)at);
	q->avail++;
}

static uint16_t
load(const uint8_t *p)
{
	return LE_SWAP16(__atomic_load_n((const uint16_t *)(const void *)p,
	    __ATOMIC_ACQUIRE));
}

static void
store(uint8_t *p, uint16_t v)
{
	__atomic_store_n((uint16_t *)(void *)p, LE_SWAP16(v),
	    __ATOMIC_RELEASE);
}

int
rig_go(struct rig_queue *q)
{
	uint16_t old = q->told, event;

	q->told = q->avail;
	store(q->pdrv + 2, q->avail);
	/* The index is out before we look whether a kick is wanted. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (q->event_idx) {
		event = load(q->pdev + 4 + 8 * q->size);
		if ((uint16_t)(q->avail - event - 1) >=
		    (uint16_t)(q->avail - old))
			return 0;
	} else if ((load(q->pdev) & 1) != 0) {
		return 0;
	}
	rig_write(q->r, VIODEV_NOTIFY, 0, 2, q->q);
	return 1;
}

int
rig_take(struct rig_queue *q, uint32_t *len)
{
	const uint8_t *e;

	if (load(q->pdev + 2) == q->used)
		return -1;
	e = q->pdev + 4 + 8 * (q->used % q->size);
	q->used++;
	if (len != NULL)
		*len = le32_get(e + 4);
	return (int)(le32_get(e) / PER_SLOT);
}

int
rig_come(struct rig_queue *q, int ms)
{
	uint64_t isr;

	for (;;) {
		if (load(q->pdev + 2) != q->used)
			return 0;
		if (q->event_idx) {
			store(q->pdrv + 4 + 2 * q->size, q->used);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			if (load(q->pdev + 2) != q->used)
				return 0;
		}
		if (rig_wait(q->r, ms) != 1)
			return -1;
		/* A line that stays up belongs to a device that is gone. */
		if (devproc_read(q->r->dev, VIODEV_ISR, 0, 1, &isr) == -1) {
			q->r->line = 0;
			(void)rig_wait(q->r, ms);
			return -1;
		}
	}
}
