/*
 * A SCSI adapter on a host with one large medium, where the simulator has no
 * room: a driver by hand without any model.
 */
#ifndef TEST_BIGHOST_H
#define TEST_BIGHOST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scsi_priv.h"
#include "vioscsi.h"
#include "virtio_dev.h"

#define B_MEM	0x200000U
#define B_RING	0x10000U		/* of each queue */
#define B_OUT	0x80000U
#define B_IN	0x81000U		/* head; data behind it */
#define B_TABLE	0x90000U
#define B_DATA	0x100000U
#define B_FAR	(1ULL << 33)		/* long, the same page again */
#define B_FARLEN (1ULL << 30)
#define B_QSIZE	128U

struct big {
	uint8_t		*mem, *state;
	struct gmem	 gm;
	struct dev	*dev;
	uint16_t	 avail;
	const uint8_t	*medium;	/* what READ brings; NULL: nothing */
	size_t		 size;
	struct blk_io	 last;
	unsigned	 ncalls, again;
	uint64_t	 moved;
	char		 log[160];
};

static struct big big;

static inline int
big_blk(void *arg, struct blk_io *io)
{
	uint64_t off = io->off;
	size_t n;
	int i;

	(void)arg;
	big.last = *io;
	big.ncalls++;
	big.moved += io->len;
	for (i = 0; i < io->niov && io->op == BLK_READ &&
	    big.medium != NULL; i++) {
		n = off < big.size ? big.size - off : 0;
		if (n > io->iov[i].iov_len)
			n = io->iov[i].iov_len;
		memset(io->iov[i].iov_base, 0, io->iov[i].iov_len);
		memcpy(io->iov[i].iov_base, big.medium + off, n);
		off += io->iov[i].iov_len;
	}
	return BLK_OK;
}

static inline void
big_irq(void *arg, int level)
{
	(void)arg;
	(void)level;
}

static inline void
big_again(void *arg, uint32_t q)
{
	(void)arg;
	big.again |= 1U << q;
}

static inline void big_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static inline void
big_log(void *arg, enum host_log level, const char *fmt, ...)
{
	va_list ap;

	(void)arg;
	(void)level;
	va_start(ap, fmt);
	(void)vsnprintf(big.log, sizeof(big.log), fmt, ap);
	va_end(ap);
}

static const struct host_ops big_ops = {
	.irq = big_irq, .blk = big_blk, .again = big_again, .log = big_log
};

static inline struct dev *
big_attach(const struct wbuf *w)
{
	struct dev_host h = { &big_ops, NULL };
	struct devconf c = { w->p, w->len };

	big.log[0] = '\0';
	return dev_attach(&vioscsi_dev, big.state, &h, &big.gm, &c);
}

static inline void
big_reg(unsigned off, unsigned width, uint64_t v)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = (uint8_t)width,
		.space = VIODEV_COMMON, .where = off, .data = v
	};

	dev_msg(big.dev, &m);
}

static inline void
big_new(void)
{
	memset(&big, 0, sizeof(big));
	big.mem = calloc(1, B_MEM);
	big.state = aligned_alloc(64, (vioscsi_dev.size +
	    vioscsi_dev.scratch + 63) / 64 * 64);
	if (big.mem == NULL || big.state == NULL ||
	    gm_add(&big.gm, 0, B_MEM, big.mem) == -1 ||
	    gm_add(&big.gm, B_FAR, B_FARLEN, big.mem) == -1)
		abort();
}

/* Attaches and brings the request queue up, without EVENT_IDX. */
static inline void
big_up(const struct wbuf *w)
{
	unsigned q;

	if ((big.dev = big_attach(w)) == NULL)
		abort();
	big_reg(VIRTIO_DEVICE_STATUS, 1, 3);
	big_reg(VIRTIO_DRIVER_FEATURE, 4, VIRTIO_F_INDIRECT_DESC);
	big_reg(VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	big_reg(VIRTIO_DRIVER_FEATURE, 4, 1);
	big_reg(VIRTIO_DEVICE_STATUS, 1, 11);
	for (q = 0; q < 3; q++) {
		big_reg(VIRTIO_QUEUE_SELECT, 2, q);
		big_reg(VIRTIO_QUEUE_SIZE, 2, B_QSIZE);
		big_reg(VIRTIO_QUEUE_DESC, 4, B_RING * (q + 1));
		big_reg(VIRTIO_QUEUE_DRIVER, 4, B_RING * (q + 1) + 0x4000);
		big_reg(VIRTIO_QUEUE_DEVICE, 4, B_RING * (q + 1) + 0x8000);
		big_reg(VIRTIO_QUEUE_ENABLE, 2, 1);
	}
	big_reg(VIRTIO_DEVICE_STATUS, 1, 15);
	big.avail = 0;
}

static inline void
big_free(void)
{
	if (big.dev != NULL)
		dev_detach(big.dev);
	free(big.mem);
	free(big.state);
}

static inline void
big_desc(uint8_t *at, uint64_t gpa, uint32_t len, unsigned flags,
    unsigned next)
{
	le64_put(at, gpa);
	le32_put(at + 8, len);
	le16_put(at + 12, (uint16_t)flags);
	le16_put(at + 14, (uint16_t)next);
}

static inline uint8_t *
big_cdb(void)
{
	memset(big.mem + B_OUT, 0, 51);
	big.mem[B_OUT] = 1;
	big.mem[B_OUT + 2] = 0x40;
	return big.mem + B_OUT + VIOSCSI_REQ_HEAD;
}

/* Offers what is at B_OUT with n segments of data of len bytes at gpa. */
static inline void
big_offer(unsigned n, uint64_t gpa, uint32_t len, int in)
{
	uint8_t *t = big.mem + B_TABLE, *ring = big.mem + 3 * B_RING;
	unsigned i, k = 1, f = VRING_DESC_NEXT;

	big_desc(t, B_OUT, 51, f, 1);
	for (i = 0; i < n && !in; i++, k++)
		big_desc(t + 16 * k, gpa, len, f, k + 1);
	big_desc(t + 16 * k, B_IN, 108, VRING_DESC_WRITE |
	    (in && n > 0 ? f : 0), k + 1);
	k++;
	for (i = 0; i < n && in; i++, k++)
		big_desc(t + 16 * k, gpa + (uint64_t)i * len, len,
		    VRING_DESC_WRITE | (i + 1 < n ? f : 0), k + 1);
	big_desc(ring, B_TABLE, 16 * k, VRING_DESC_INDIRECT, 0);
	le16_put(ring + 0x4000 + 4 + 2 * (big.avail % B_QSIZE), 0);
	le16_put(ring + 0x4000 + 2, ++big.avail);
}

/* Kicks once; how many requests have come back altogether. */
static inline uint16_t
big_kick(void)
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = 2 };

	big.ncalls = big.again = 0;
	big.moved = 0;
	dev_msg(big.dev, &m);
	return le16_get(big.mem + 3 * B_RING + 0x8000 + 2);
}

/* The sense of the last answer; UINT32_MAX: not OK. */
static inline uint32_t
big_sense(void)
{
	const uint8_t *p = big.mem + B_IN;

	if (p[VIOSCSI_RSP_RESPONSE] != 0)
		return UINT32_MAX;
	return p[VIOSCSI_RSP_STATUS] == 0 ? 0 :
	    (uint32_t)((p[14] & 15) << 16 | p[24] << 8 | p[25]);
}

#endif
