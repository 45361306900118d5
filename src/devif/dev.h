/*
 * The device contract: one entry into a device, one table out of it.
 *
 * A device is a pure state machine.  It owns no descriptor, clock, thread,
 * allocation or global; its whole state is the memory that the host hands to
 * attach.  All calls into one device are exclusive, with one exception:
 * lanes, see dev_lane.
 *
 * A guest can make a device do no more than break itself: there is no
 * message, register value or memory content that ends the process, loops
 * without bound or grows memory.
 */
#ifndef DEV_H
#define DEV_H

#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "devconf.h"
#include "gmem.h"
#include "viodev.h"

enum host_clock {
	CLOCK_MONO,		/* ns since some fixed point; never goes back */
	CLOCK_WALL,		/* ns since 1970; may leap */
};

enum host_log {
	HLOG_DEBUG,
	HLOG_INFO,
	HLOG_WARN,
};

enum host_request {
	HREQ_SHUTDOWN,		/* the guest powers itself off */
	HREQ_REBOOT,
	HREQ_TIMESYNC,
};

enum blk_op {
	BLK_READ,		/* fill the vectors */
	BLK_WRITE,		/* store the vectors */
	BLK_FLUSH,		/* make completed writes durable */
	BLK_DISCARD,		/* contents no longer needed */
	BLK_ZERO,		/* reads as zeros afterwards */
	BLK_NOPS
};

enum blk_result {
	BLK_OK,
	BLK_IOERR,		/* the medium failed */
	BLK_NOSPACE,		/* no room to store */
	BLK_UNSUPP,		/* this medium cannot do it */
	BLK_NRESULTS
};

#define BLK_F_DURABLE	0x1	/* WRITE, ZERO: durable before it returns */
#define BLK_F_UNMAP	0x2	/* ZERO: may free the space */

struct blk_io {
	enum blk_op	 op;
	unsigned	 flags;		/* BLK_F_* */
	unsigned	 unit;		/* which medium, from 0; below 256 */
	uint64_t	 off;		/* bytes from the start of the medium */
	uint64_t	 len;		/* bytes; sum of the vectors if any */
	const struct iovec *iov;	/* guest memory, or the device's own */
	int		 niov;
};

/*
 * What a device may ask for.  The first argument is the host's own.  A host
 * that has no use for a call still has the function.
 */
struct host_ops {
	/* The level of the interrupt line; repeated levels are harmless. */
	void	 (*irq)(void *, int level);
	/* Nanoseconds. */
	uint64_t (*clock)(void *, enum host_clock);
	/* Sends TIMER id after delay ns; a new delay replaces the old. */
	void	 (*timer)(void *, uint32_t id, uint64_t delay);
	void	 (*untimer)(void *, uint32_t id);
	/* Block I/O, done when it returns: an enum blk_result. */
	int	 (*blk)(void *, struct blk_io *);
	/* A frame of len bytes leaves from queue q: 0, or -1. */
	int	 (*tx)(void *, uint32_t q, const struct iovec *, int n,
		    size_t len);
	/*
	 * Whether INPUT for queue q is wanted; off until the device says on.
	 * What arrives while it is off, or between PAUSE and UNPAUSE, waits
	 * where it is: INPUT that comes nevertheless may be lost.
	 */
	void	 (*rx_ready)(void *, uint32_t q, int on);
	/* Fills buf with random bytes: 0, or -1 when there are none. */
	int	 (*entropy)(void *, void *buf, size_t len);
	/* A wish beyond the device: enum host_request. */
	void	 (*request)(void *, uint32_t what, uint64_t arg);
	/* Work is left in queue q: send KICK q once others had their turn. */
	void	 (*again)(void *, uint32_t q);
	void	 (*log)(void *, enum host_log, const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
	/* A fact about our own state does not hold; does not return. */
	void	 (*panic)(void *, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3), noreturn));
};

struct dev_host {
	const struct host_ops	*ops;
	void			*arg;
};

struct dev;

/* One per kind of device, constant. */
struct dev_ops {
	const char	*name;		/* "viornd" */
	size_t		 size;		/* bytes of state, from struct dev on */
	size_t		 scratch;	/* bytes behind it, never initialised */
	const void	*class;		/* the kind's own table, or NULL */

	/*
	 * Fresh state from zeroed memory.  0, or -1 when a value cannot be
	 * honoured; the reason went to the host's log.
	 */
	int	 (*attach)(struct dev *, const struct devconf *);
	/* Takes back timers and lowers the line; memory stays the host's. */
	void	 (*detach)(struct dev *);
	/*
	 * READ and INTACK answer in msg->data; a message that fits nothing
	 * is dropped.
	 */
	void	 (*msg)(struct dev *, struct viodev_msg *);
	/*
	 * The whole state, field by field, with a version.  Timers are the
	 * host's: who moves a device sends PAUSE, saves, loads, and sends
	 * UNPAUSE, which makes the device look at everything again.
	 */
	void	 (*save)(const struct dev *, struct wbuf *);
	/*
	 * Into freshly attached state.  The bytes may be hostile: 0, or -1
	 * with the state as attached.
	 */
	int	 (*load)(struct dev *, struct rbuf *);
	/* NULL when every invariant holds, else the one that does not. */
	const char *(*check)(const struct dev *);
	/* See dev_lane; NULL when every message is alone. */
	unsigned (*lane)(const struct dev *, const struct viodev_msg *);
};

/* The head of every device's state. */
struct dev {
	const struct dev_ops	*ops;
	struct dev_host		 host;
	struct gmem		*gm;
};

/*
 * Turns memory of ops->size + ops->scratch bytes, aligned for any type, into
 * an attached device.  The scratch part holds nothing from one message to the
 * next.  NULL when attach refused.
 */
struct dev	*dev_attach(const struct dev_ops *, void *mem,
		    const struct dev_host *, struct gmem *,
		    const struct devconf *);
void		 dev_detach(struct dev *);

static inline void
dev_msg(struct dev *d, struct viodev_msg *m)
{
	d->ops->msg(d, m);
}

static inline void
dev_save(const struct dev *d, struct wbuf *w)
{
	d->ops->save(d, w);
}

static inline int
dev_load(struct dev *d, struct rbuf *r)
{
	return d->ops->load(d, r);
}

static inline const char *
dev_check(const struct dev *d)
{
	return d->ops->check(d);
}

/*
 * Threads.  Lane 0 is alone: such a message runs while no other does.  Those
 * of another lane come one after another, but lanes run at the same time if
 * the host likes.  It then has one thread per lane and a lock that is shared
 * by lanes and exclusive for lane 0; the answer is good while either is held:
 *
 *	rdlock; if (dev_lane(d, m) != 0) dev_msg(d, m); unlock
 *	wrlock; dev_msg(d, m); unlock		when it was 0
 *
 * irq, tx, rx_ready, again, clock and log are then called by several threads
 * at once; attach, detach, save, load and check are as good as lane 0.  A
 * recording wants one lane only: rec.h.
 */
static inline unsigned
dev_lane(const struct dev *d, const struct viodev_msg *m)
{
	return d->ops->lane == NULL ? 0 : d->ops->lane(d, m);
}

#define dev_log(d, level, ...)						\
	((d)->host.ops->log((d)->host.arg, (level), __VA_ARGS__))

#endif
