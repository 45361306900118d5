/*
 * The virtio transport, once for all kinds: register windows, the status
 * machine, feature negotiation, interrupts, save and load.
 *
 * A kind (viornd, vioblk, ...) gives a struct virtio_ops and a struct dev_ops
 * made by VIRTIO_DEV_OPS; its state starts with struct virtio_dev.
 *
 * Windows of a modern device (virtio 1.3, 4.1.4) at vmd's offsets in its one
 * BAR: common 0x000, notify 0x100, isr 0x200, device 0x300; all queues notify
 * at one address (multiplier 0).  A kind whose class says legacy has the
 * header of virtio 0.9 instead (4.1.4.10) with its own registers behind it,
 * and no queues: vmmci needs that and nothing else does.
 *
 * Where vmd and the specification differ we follow the specification: status
 * bits are only ever added, FEATURES_OK is refused for sets that cannot work,
 * queue registers are frozen once a queue is enabled, queues are served only
 * between DRIVER_OK and the next reset, sizes never exceed the offer, a reset
 * lowers the interrupt line.
 */
#ifndef VIRTIO_DEV_H
#define VIRTIO_DEV_H

#include <stdatomic.h>

#include "dev.h"
#include "virtio.h"
#include "vq.h"

#define VIRTIO_MAXQ		16
#define VIRTIO_MAXCONFIG	64	/* bytes of a device configuration */

/* Windows in the BAR: facts, virtio-devices 1.5. */
#define VIRTIO_BAR_COMMON	0x000
#define VIRTIO_BAR_NOTIFY	0x100
#define VIRTIO_BAR_ISR		0x200
#define VIRTIO_BAR_DEVICE	0x300
#define VIRTIO_BAR_SIZE		0x1000

/*
 * Lanes share three bytes: any of them may ask for a reset or an interrupt.
 * These only go up while lanes run (a set bit, a raised line), so each is
 * changed in one step; all else is a queue's own, or changes in lane 0.
 */
struct virtio_dev {
	struct dev	dev;
	uint64_t	offered;	/* features */
	uint64_t	accepted;
	uint32_t	dev_sel;	/* feature windows */
	uint32_t	drv_sel;
	uint8_t		refused;	/* bit w: window w has unoffered bits */
	_Atomic uint8_t	status;
	_Atomic uint8_t	isr;
	uint8_t		generation;	/* of the configuration */
	uint8_t		changed;	/* bump the generation when read */
	uint8_t		paused;
	_Atomic uint8_t	line;		/* level that the host knows */
	uint16_t	queue_sel;
	uint16_t	nqueues;
	uint32_t	legacy_pfn;	/* stored, used by nothing */
	struct vq	vq[VIRTIO_MAXQ];
};

/* One per kind of device, constant. */
struct virtio_ops {
	uint16_t	 id;		/* VIRTIO_ID_* */
	uint16_t	 config_size;	/* bytes of device configuration */
	uint8_t		 legacy;	/* 0.9 header instead of the windows */

	/* Adds to offered; sets nqueues and each vq[].max: -1 refuses. */
	int	 (*attach)(struct virtio_dev *, const struct devconf *);
	void	 (*detach)(struct virtio_dev *);
	/* Back to what attach made, device part only. */
	void	 (*reset)(struct virtio_dev *);
	/* Takes out the bits whose prerequisites are not offered: 2.2.1. */
	uint64_t (*prune)(uint64_t features);
	/* Whether a subset of the offered bits can work: 0 or -1. */
	int	 (*features_ok)(const struct virtio_dev *, uint64_t features);
	/* After that, when the whole machine starts anew or ends. */
	void	 (*restart)(struct virtio_dev *);
	/* A read of width bytes at off comes: time to look at a clock. */
	void	 (*config_look)(struct virtio_dev *, unsigned off,
		    unsigned width);
	/* Renders config_size bytes. */
	void	 (*config)(const struct virtio_dev *, uint8_t *);
	/*
	 * The lane of queue q (dev_lane).  A kind that has it has a struct
	 * vq_work for each queue, else all share one.
	 */
	unsigned (*lane)(const struct virtio_dev *, unsigned q);
	/* A write of width bytes inside the configuration. */
	void	 (*config_write)(struct virtio_dev *, unsigned off,
		    unsigned width, uint64_t v);
	/* Serves queue q.  VQ_BROKEN when vq_next said so, else VQ_EMPTY. */
	enum vq_result (*queue)(struct virtio_dev *, unsigned q,
		    struct vq_work *);
	/* Messages INPUT, TIMER and CONFIG. */
	void	 (*input)(struct virtio_dev *, struct viodev_msg *);
	void	 (*timer)(struct virtio_dev *, uint32_t id);
	void	 (*reconf)(struct virtio_dev *, const struct devconf *);
	/* Message COMMAND: 0, or -1 refuses. */
	int	 (*command)(struct virtio_dev *, uint32_t what);
	/* The device part; load commits only what is valid: 0 or -1. */
	void	 (*save)(const struct virtio_dev *, struct wbuf *);
	int	 (*load)(struct virtio_dev *, struct rbuf *);
	const char *(*check)(const struct virtio_dev *);
};

/* Any pointer of virtio_ops but attach, and queue with queues, may be NULL. */

int	 virtio_attach(struct dev *, const struct devconf *);
void	 virtio_detach(struct dev *);
void	 virtio_msg(struct dev *, struct viodev_msg *);
void	 virtio_save(const struct dev *, struct wbuf *);
int	 virtio_load(struct dev *, struct rbuf *);
const char *virtio_check(const struct dev *);
unsigned virtio_lane(const struct dev *, const struct viodev_msg *);

#define VIRTIO_DEV_OPS(kind, type, vops, nwork) {			\
	.name = (kind),							\
	.size = sizeof(type),						\
	.scratch = (nwork) * sizeof(struct vq_work) + sizeof(max_align_t), \
	.class = (vops),						\
	.attach = virtio_attach,					\
	.detach = virtio_detach,					\
	.msg = virtio_msg,						\
	.save = virtio_save,						\
	.load = virtio_load,						\
	.check = virtio_check,						\
	.lane = virtio_lane,						\
}

static inline const struct virtio_ops *
virtio_class(const struct virtio_dev *v)
{
	return v->dev.ops->class;
}

/* Whether queues are served: between DRIVER_OK and reset, and not broken. */
static inline int
virtio_live(const struct virtio_dev *v)
{
	uint8_t need = VIRTIO_S_DRIVER_OK |
	    (virtio_class(v)->legacy ? 0 : VIRTIO_S_FEATURES_OK);

	return (v->status & (need | VIRTIO_S_NEEDS_RESET | VIRTIO_S_FAILED)) ==
	    need;
}

/*
 * For hosts that look before they sleep: whether the driver has added to
 * queue q since the device last took from it and since the last call with the
 * same seen.  Only a hint: no tap hears of it, and a KICK must follow.  To be
 * called where a KICK of this queue could be delivered.
 */
int	 virtio_waiting(const struct virtio_dev *, unsigned q,
	    uint16_t *seen);
/*
 * The other way round, for a driver's notification that comes when the host
 * has already looked: whether it is one and its queue, which is served, has
 * nothing that the device has not taken.  The device needs not hear of it.
 */
int	 virtio_stale(const struct virtio_dev *, const struct viodev_msg *);
/* Serves queue q now, if it is live; raises the interrupt it earned. */
void	 virtio_run_queue(struct virtio_dev *, unsigned q);
/*
 * The same in two halves, for work that an INPUT brings: a look at queue q,
 * or NULL when it is not served now, and its end with the last result.
 */
struct vq_work *virtio_look(struct virtio_dev *, unsigned q);
void	 virtio_looked(struct virtio_dev *, unsigned q, struct vq_work *,
	    enum vq_result);
/* The configuration changed by itself: 2.5, 4.1.4.5. */
void	 virtio_config_changed(struct virtio_dev *);
/* Only a reset can help: 2.1.2. */
void	 virtio_needs_reset(struct virtio_dev *);

/*
 * Which window a BAR offset lies in: fills space and where of a register
 * message.  -1 for an offset that belongs to no window.
 */
int	 virtio_bar_decode(unsigned off, struct viodev_msg *);

/* For the other files of this layer. */
void	 virtio_set_line(struct virtio_dev *, int level);
void	 virtio_reset(struct virtio_dev *);
void	 virtio_set_status(struct virtio_dev *, uint8_t);
uint64_t virtio_common_read(struct virtio_dev *, unsigned off, unsigned width);
void	 virtio_common_write(struct virtio_dev *, unsigned off, unsigned width,
	    uint64_t);
uint64_t virtio_legacy_read(struct virtio_dev *, unsigned off, unsigned width);
void	 virtio_legacy_write(struct virtio_dev *, unsigned off, unsigned width,
	    uint64_t);
uint64_t virtio_config_read(struct virtio_dev *, unsigned off, unsigned width);
void	 virtio_config_write(struct virtio_dev *, unsigned off, unsigned width,
	    uint64_t);
uint8_t	 virtio_isr_read(struct virtio_dev *);
/* width bytes at off of an image; bytes past its end are 0. */
uint64_t virtio_slice(const uint8_t *img, size_t len, unsigned off,
	    unsigned width);

#endif
