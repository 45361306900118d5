/*
 * The simulated driver's register work: SETUP as the messages of a driver
 * that initializes its device (virtio 1.3, 3.1.1).  What a driver would read
 * (offered features, the number and sizes of queues) it knows already, what is
 * 0 after a reset it does not write, a device that nobody touched since it was
 * attached it does not reset, and the first status bits come in one write: a
 * message costs more than a request.  Who reads a recording does not know as
 * much, so when it is recorded the driver resets and reads sizes.
 */
#include <string.h>

#include "sim.h"

/* Entries of a queue that has neighbours, unless the input says; a late one. */
#define SIDE	128
#define LATE	16

static void
wr(struct sim *s, unsigned off, unsigned width, uint64_t v)
{
	sim_write(s, VIODEV_COMMON, off, width, v);
}

/*
 * A register that the device only notes.  Unless there is time the oracles
 * wait for the next message: until then nothing may have come of it.
 */
static void
note(struct sim *s, unsigned off, unsigned width, uint64_t v)
{
	if (!s->deep && s->rec == NULL)
		sim_note(s, off, width, v);
	else
		wr(s, off, width, v);
}

/* A register that is 0 after the reset, so a high half of 0 is not written. */
static void
wr64(struct sim *s, unsigned off, uint64_t v)
{
	note(s, off, 4, v & 0xffffffff);
	if (v >> 32 != 0)
		note(s, off + 4, 4, v >> 32);
}

/* Rings of several queues stand side by side: guest_place. */
static uint64_t
most(struct sim *s, const struct trace_setup *set, unsigned q)
{
	if (q >= GUEST_LATE)
		return LATE;
	return set->qlog == 0 && sim_virtio(s)->nqueues > 1 ? SIDE : 0x8000;
}

static void
setup_queue(struct sim *s, const struct trace_setup *set, unsigned q)
{
	struct guest_ring *r = &s->guest.ring[q];
	uint64_t max, size;

	memset(r, 0, sizeof(*r));
	if (q > 0)
		note(s, VIRTIO_QUEUE_SELECT, 2, q);
	max = size = s->rec == NULL ? sim_virtio(s)->vq[q].size :
	    sim_read(s, VIODEV_COMMON, VIRTIO_QUEUE_SIZE, 2);
	if (set->qlog != 0 && set->qlog < 16 && 1U << set->qlog <= max)
		size = 1U << set->qlog;
	if (size > most(s, set, q))
		size = most(s, set, q);
	if (size != max)
		note(s, VIRTIO_QUEUE_SIZE, 2, size);
	r->size = (uint16_t)size;
	guest_place(&s->guest, q, set->layout, set->flags);
	wr64(s, VIRTIO_QUEUE_DESC, r->desc);
	wr64(s, VIRTIO_QUEUE_DRIVER, r->avail);
	wr64(s, VIRTIO_QUEUE_DEVICE, r->used);
	if (q < 8 && (set->off & 1U << q) != 0)
		return;
	note(s, VIRTIO_QUEUE_ENABLE, 2, 1);
}

static void
setup_legacy(struct sim *s, const struct trace_setup *set)
{
	unsigned space = VIODEV_LEGACY;

	sim_write(s, space, VIRTIO_L_DEVICE_STATUS, 1, 0);
	sim_write(s, space, VIRTIO_L_DEVICE_STATUS, 1, VIRTIO_S_ACKNOWLEDGE);
	(void)sim_read(s, space, VIRTIO_L_DEVICE_FEATURES, 4);
	sim_write(s, space, VIRTIO_L_DRIVER_FEATURES, 4, set->features);
	if ((set->flags & TRACE_SETUP_NODRVOK) == 0)
		sim_write(s, space, VIRTIO_L_DEVICE_STATUS, 1,
		    VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER |
		    VIRTIO_S_DRIVER_OK);
}

static void
setup_modern(struct sim *s, const struct trace_setup *set)
{
	uint8_t st = VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER |
	    VIRTIO_S_FEATURES_OK;
	uint64_t features = sim_virtio(s)->offered;
	unsigned q, n = sim_virtio(s)->nqueues;

	if (!s->untouched || s->rec != NULL)
		wr(s, VIRTIO_DEVICE_STATUS, 1, 0);
	features &= set->features | VIRTIO_F_VERSION_1;
	if ((set->flags & TRACE_SETUP_LEGACY) != 0)
		features &= ~VIRTIO_F_VERSION_1;
	note(s, VIRTIO_DRIVER_FEATURE, 4, features & 0xffffffff);
	note(s, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	note(s, VIRTIO_DRIVER_FEATURE, 4, features >> 32);
	wr(s, VIRTIO_DEVICE_STATUS, 1, st);
	for (q = 0; q < n && q < ORACLE_MAXQ; q++)
		setup_queue(s, set, q);
	if ((set->flags & TRACE_SETUP_NODRVOK) == 0)
		wr(s, VIRTIO_DEVICE_STATUS, 1, st | VIRTIO_S_DRIVER_OK);
	else
		sim_check(s);
}

void
sim_setup(struct sim *s, const struct trace_setup *set)
{
	if (virtio_class(sim_virtio(s))->legacy)
		setup_legacy(s, set);
	else
		setup_modern(s, set);
}

void
sim_chain(struct sim *s, const struct trace_chain *c)
{
	unsigned q;

	s->guest.salt = s->record;
	q = guest_chain(&s->guest, c);
	if ((c->flags & TRACE_CHAIN_KICK) != 0)
		sim_write(s, VIODEV_NOTIFY, 0, 2, q);
}
