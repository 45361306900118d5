/*
 * The device contract: one entry into a device, one table out of it.
 *
 * A device is a pure state machine.  It owns no descriptor, clock, thread,
 * allocation or global; its whole state is the memory that the host hands to
 * attach.  All calls into one device are exclusive, with one exception: a
 * host may run KICK and INPUT messages of different queues at the same time
 * when the device's kind says that it allows this.
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
	uint64_t	 off;		/* bytes from the start of the medium */
	uint64_t	 len;		/* bytes; sum of the vectors if any */
	const struct iovec *iov;	/* into guest memory */
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
	/* A frame of len bytes leaves from queue q: 0, or -1 when it could not. */
	int	 (*tx)(void *, uint32_t q, const struct iovec *, int n,
		    size_t len);
	/* Whether INPUT for queue q is wanted. */
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
	/* READ answers in msg->data; a message that fits nothing is dropped. */
	void	 (*msg)(struct dev *, struct viodev_msg *);
	/* The whole state, field by field, with a version. */
	void	 (*save)(const struct dev *, struct wbuf *);
	/*
	 * Into freshly attached state.  The bytes may be hostile: 0, or -1
	 * with the state as attached.
	 */
	int	 (*load)(struct dev *, struct rbuf *);
	/* NULL when every invariant holds, else the one that does not. */
	const char *(*check)(const struct dev *);
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

#define dev_log(d, level, ...)						\
	((d)->host.ops->log((d)->host.arg, (level), __VA_ARGS__))

#endif
