/* Steps that the tests of the transport share: a driver by hand. */
#ifndef TEST_DEV_H
#define TEST_DEV_H

#include <string.h>

#include "echo.h"
#include "sim.h"

#define S_ACK		VIRTIO_S_ACKNOWLEDGE
#define S_DRV		(S_ACK | VIRTIO_S_DRIVER)
#define S_FEAT		(S_DRV | VIRTIO_S_FEATURES_OK)
#define S_LIVE		(S_FEAT | VIRTIO_S_DRIVER_OK)

static inline uint64_t
rd(struct sim *s, unsigned off, unsigned width)
{
	return sim_read(s, VIODEV_COMMON, off, width);
}

static inline void
wr(struct sim *s, unsigned off, unsigned width, uint64_t v)
{
	sim_write(s, VIODEV_COMMON, off, width, v);
}

static inline uint8_t
status(struct sim *s)
{
	return (uint8_t)rd(s, VIRTIO_DEVICE_STATUS, 1);
}

static inline void
set_status(struct sim *s, uint8_t v)
{
	wr(s, VIRTIO_DEVICE_STATUS, 1, v);
}

static inline uint64_t
offered(struct sim *s)
{
	uint64_t v;

	wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, 0);
	v = rd(s, VIRTIO_DEVICE_FEATURE, 4);
	wr(s, VIRTIO_DEVICE_FEATURE_SELECT, 4, 1);
	return v | rd(s, VIRTIO_DEVICE_FEATURE, 4) << 32;
}

static inline void
accept_features(struct sim *s, uint64_t v)
{
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, v & 0xffffffff);
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	wr(s, VIRTIO_DRIVER_FEATURE, 4, v >> 32);
}

static inline uint64_t
accepted(struct sim *s)
{
	uint64_t v;

	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 0);
	v = rd(s, VIRTIO_DRIVER_FEATURE, 4);
	wr(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	return v | rd(s, VIRTIO_DRIVER_FEATURE, 4) << 32;
}

/* Up to FEATURES_OK with these features. */
static inline void
negotiate(struct sim *s, uint64_t features)
{
	set_status(s, 0);
	set_status(s, S_ACK);
	set_status(s, S_DRV);
	accept_features(s, features);
	set_status(s, S_FEAT);
}

/*
 * The whole start, from memory that is zero: rings of 8 entries for all
 * queues but those in off.
 */
static inline void
bring_up(struct sim *s, uint64_t features, unsigned flags, unsigned off)
{
	static const uint8_t zero[ARENA_SIZE];
	struct trace_setup set = { (uint8_t)flags, 3, 0, (uint8_t)off,
	    features };
	unsigned i;

	set_status(s, 0);
	for (i = 0; i < s->arena.gm.n; i++)
		(void)arena_poke(&s->arena, s->arena.gm.range[i].gpa, zero,
		    sizeof(zero));
	sim_setup(s, &set);
}

/* One chain on queue q: n readable bytes of data, then w writable ones. */
static inline void
offer_chain(struct sim *s, unsigned q, unsigned flags, unsigned n, unsigned w)
{
	static const uint8_t data[16] = "transport tests";
	uint8_t segs[2 * TRACE_SEG_SIZE] = { 0 };
	struct trace_chain c = { (uint8_t)q, (uint8_t)flags, 16, data, segs,
	    0 };

	if (n > 0)
		le16_put(segs + TRACE_SEG_SIZE * c.nsegs++ + 2, (uint16_t)n);
	if (w > 0) {
		segs[TRACE_SEG_SIZE * c.nsegs] = TRACE_SEG_WRITE;
		le16_put(segs + TRACE_SEG_SIZE * c.nsegs++ + 2, (uint16_t)w);
	}
	sim_chain(s, &c);
}

static inline uint16_t
used_idx(struct sim *s, unsigned q)
{
	uint8_t b[2] = { 0 };

	(void)arena_peek(&s->arena, s->guest.ring[q].used + 2, b, 2);
	return le16_get(b);
}

/* Digest of all guest memory. */
static inline uint64_t
memory(struct sim *s)
{
	struct digest d;
	unsigned i;

	digest_init(&d);
	for (i = 0; i < s->arena.gm.n; i++)
		digest_add(&d, s->arena.gm.range[i].hva,
		    s->arena.gm.range[i].len);
	return digest_value(&d);
}

static inline uint8_t
isr(struct sim *s)
{
	return (uint8_t)sim_read(s, VIODEV_ISR, 0, 1);
}

#endif
