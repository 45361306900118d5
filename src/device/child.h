/*
 * The host of one device in a process of its own: inside of vmd-device.
 *
 * The order of its life: description (setup.h), memory, sandbox, and only
 * then images, the device, READY, messages until the vm process says SHUTDOWN
 * or is gone.
 */
#ifndef CHILD_H
#define CHILD_H

#include <pthread.h>
#include <stdatomic.h>

#include "chan.h"
#include "dev.h"
#include "disk.h"
#include "ev.h"
#include "rec.h"
#include "record.h"
#include "setup.h"
#include "spin.h"
#include "virtio_dev.h"

#define CHILD_TIMERS	8
#define CHILD_UNITS	DEVMSG_MAXIMAGES
#define CHILD_FRAME	65550		/* bytes of a frame from the tap */
#define CHILD_TURN	64		/* rounds before others have theirs */
#define CHILD_PEEKS	32		/* looks around per look at a clock */

struct child;

struct child_timer {
	struct child	*c;
	struct ev_timer	*t;
	uint32_t	 id;
};

struct lanes;

struct child {
	char			 name[160];	/* vm/web/vioblk0 */
	_Atomic unsigned	 verbose;
	unsigned		 logs;		/* lines left in this while */
	unsigned		 unlogged;
	uint64_t		 logtime;

	struct ev		*ev;
	struct chan		 sync, async;
	struct slate		*slate;		/* NULL: sockets only */
	struct ev_io		*on_sync, *on_async;
	struct spin		 spin;		/* before it sleeps */

	struct gmem		 gm;
	struct bstore		 store[CHILD_UNITS];	/* not yet opened */
	struct disk		*disk[CHILD_UNITS];
	unsigned		 ndisks;
	int			 tap;

	uint8_t			 confbuf[4096 + CHILD_UNITS * 20];
	struct devconf		 conf;
	void			*mem;
	struct dev		*dev;
	struct dev_host		 host;
	struct child_timer	 timer[CHILD_TIMERS];
	uint32_t		 armed;		/* timers */
	uint32_t		 again;		/* queues to kick */
	uint16_t		 seen[VIRTIO_MAXQ];	/* rings, last time */
	_Atomic int		 rx_on;		/* frames are wanted */
	_Atomic int		 paused;	/* but not now */
	_Atomic int		 cut;		/* the tap was taken away */
	uint8_t			*frame;		/* from the tap */
	struct ev_io		*on_tap;

	pthread_mutex_t		 lock;		/* line, async, log */
	struct devmsg_line	 line;		/* as the device wants it */
	uint32_t		 told;		/* number the vm knows */
	int			 reading;	/* the reply will tell */
	struct lanes		*lanes;		/* NULL: one thread */
	struct ev_wake		*nudge;		/* async has something to do */

	struct rec		 rec;
	struct record_file	 recfile;
	int			 recording;
	int			 done;		/* leave the loop */
	int			 status;	/* with this exit code */
};

/* kinds.c: the table of what vmd-device can be; NULL for others. */
const struct dev_ops *child_kind(const char *name);

/* log.c */
void	child_log(struct child *, enum host_log, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* The same about what a guest can cause as often as it likes. */
void	child_log_guest(struct child *, enum host_log, const char *line);

/* host.c: what a device may ask for. */
extern const struct host_ops child_host_ops;
uint64_t child_now(void);
/*
 * The line's newest level goes to the vm unless a reply is about to.  With
 * the lock held.
 */
void	child_tell_line(struct child *);

/* medium.c */
/* Takes the images' descriptors over. */
int	child_take_images(struct child *, struct setup *, struct setup_why *);
/* Opens the images; what they say completes the attach values. */
int	child_open_disks(struct child *, const struct setup *,
	    struct setup_why *);
void	child_close_disks(struct child *);

/* loop.c */
int	child_loop_init(struct child *);
/* Until the end; 0 or an exit code. */
int	child_loop(struct child *);
/* Whether the tap is to be read, by what the device said and the vm. */
void	child_want_frames(struct child *);
static inline int
child_wants_frames(const struct child *c)
{
	return c->tap != -1 && c->rx_on && !c->paused && !c->cut;
}
/* Its next frame, of CHILD_FRAME bytes at most; 0 when there is none. */
size_t	child_frame(struct child *, uint8_t *);
/* One message to the device, recorded when somebody records. */
void	child_deliver(struct child *, struct viodev_msg *);

/*
 * lanes.c: threads for the queues of a device that has lanes (dev.h); main's
 * messages go through child_deliver as before.
 */
/* What needs a system call that the sandbox forbids; n lanes. */
int	lanes_prepare(struct child *, unsigned n);
int	lanes_start(struct child *);
/* Hands a message to its lane, or delivers it alone. */
void	lanes_deliver(struct child *, struct viodev_msg *);
/* Queue q has something to look at; any thread. */
void	lanes_kick(struct child *, unsigned q);
/* Whether frames are wanted may have changed; any thread. */
void	lanes_wake(struct child *);
/* No lane runs any more, for good. */
void	lanes_stop(struct child *);

/* main.c */
int	child_main(int sync, int async);

#endif
