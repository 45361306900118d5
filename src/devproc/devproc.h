/*
 * A device process as the vm process sees it: one vmd-device per disk, NIC
 * and CD, forked and exec'ed, told what it is field by field, sandboxed
 * before it looks at an image or at the guest's memory.
 *
 *	devproc_conf_init(&conf);  ...  devproc_start(&p, &conf, &ops, arg)
 *	vcpu threads:	devproc_read, devproc_write
 *	event thread:	devproc_dispatch when devproc_fd is readable
 *	any thread:	devproc_peek; one at a time: devproc_watch
 *	one thread:	devproc_pause ... devproc_stop
 *
 * Two channels (src/msg/devmsg.h): on one the vm speaks and the device
 * answers reads, in order, so a read is a barrier behind earlier writes; on
 * the other the device speaks: interrupts, wishes, its last words.  What is
 * frequent goes through shared memory while both are awake (slate.h).
 *
 * Threads.  A vcpu thread never touches an event loop: its reads block on
 * the socket, its writes only when the socket holds hundreds of messages that
 * the device has not taken.  Interrupt levels arrive on both channels with a
 * running number; irq() is called in that order, never for an outdated level,
 * with a lock held: it must not call devproc.  The line is lowered inline by
 * the read that lowered it, on the reader's thread.
 *
 * A device process that dies, breaks the protocol or stops answering is
 * reaped; died() is called once, with a line that says which, how, and where
 * its recording is.  What to do about it is the caller's business: a VM
 * without one of its devices is stopped in order.  Reads then give all ones,
 * writes go nowhere, nothing blocks.
 */
#ifndef DEVPROC_H
#define DEVPROC_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "dev.h"
#include "devconf.h"
#include "disk.h"
#include "share.h"

struct devproc;

/*
 * One image file; the top comes first, then what it rests on, unit after
 * unit from 0 on.  A disk is one unit; a unit of vioscsi is a UNIT section of
 * the attach values.
 */
struct devproc_image {
	int			 fd;
	unsigned		 unit;
	enum disk_format	 format;	/* not DISK_AUTO */
	int			 readonly;	/* of the top */
};

/* A recording goes to fd, which is empty and open for reading and writing. */
struct devproc_record {
	int		 fd;		/* -1: no recording */
	const char	*path;		/* for messages; may be NULL */
	uint64_t	 room;		/* it ends at so many bytes */
	uint64_t	 keep;		/* bytes kept of each payload: 0 keeps
					   digests, UINT64_MAX everything */
	unsigned	 marks;		/* digest of the state after so many
					   messages; 0: never */
};

/* Everything is lent for the call; descriptors stay the caller's. */
struct devproc_conf {
	const char		*program;	/* path of vmd-device */
	const char		*vm;		/* the VM's name */
	const char		*kind;		/* "vioblk", "vionet", ... */
	unsigned		 index;		/* among devices of a kind */
	unsigned		 verbose;
	unsigned		 patience;	/* ms until READY is overdue */
	struct devconf		 conf;		/* attach values; capacity and
						   read-only of a disk are what
						   its images say */
	const struct share	*memory;	/* the guest's */
	const struct devproc_image *image;	/* of a disk */
	unsigned		 nimages;
	int			 tap;		/* of a NIC; -1: none */
	struct devproc_record	 record;
};

struct devproc_ops {
	/* The level of the interrupt line changed.  See above for threads. */
	void	(*irq)(void *, int level);
	/* enum host_request; from devproc_dispatch.  May be NULL. */
	void	(*request)(void *, uint32_t what, uint64_t arg);
	/*
	 * The process is gone, and nobody asked for it; event thread, from
	 * devproc_dispatch.
	 */
	void	(*died)(void *, const char *line);
};

struct devproc_why {
	char	text[640];
};

/* No recording, no tap, no images, patience for half a minute. */
void	devproc_conf_init(struct devproc_conf *);

/*
 * Starts a process, tells it what it is and waits until it is ready.  0, or
 * -1 with *why a line that names the device; then nothing is left of it.
 * In two steps, so that several devices can start at the same time:
 * devproc_spawn returns once the description is on its way, devproc_ready
 * waits.  When devproc_ready fails, devproc_stop cleans up.
 */
int	devproc_start(struct devproc **, const struct devproc_conf *,
	    const struct devproc_ops *, void *arg, struct devproc_why *);
int	devproc_spawn(struct devproc **, const struct devproc_conf *,
	    const struct devproc_ops *, void *arg, struct devproc_why *);
int	devproc_ready(struct devproc *, struct devproc_why *);

/* "vioblk0" */
const char *devproc_name(const struct devproc *);
pid_t	devproc_pid(const struct devproc *);
/* Of a disk (unit 0), as found by the device: bytes.  After READY. */
uint64_t devproc_capacity(const struct devproc *);

/*
 * Register access (virtio_bar_decode gives space and offset).  0, or -1 with
 * *v all ones when the process is gone.
 */
int	devproc_read(struct devproc *, unsigned space, uint32_t off,
	    unsigned width, uint64_t *v);
void	devproc_write(struct devproc *, unsigned space, uint32_t off,
	    unsigned width, uint64_t v);

/*
 * Watch devproc_fd for reading; devproc_dispatch then takes what is there.
 * -1 when the process is gone: died() was called, unless the process was told
 * to shut down; do not watch any more.
 */
int	devproc_fd(const struct devproc *);
int	devproc_dispatch(struct devproc *);
/*
 * Whether the interrupt line changed, without a system call.  Everything else
 * stays for devproc_dispatch.
 *
 * Who is going to peek again and again says so: the device then sends no
 * message for what the peeking finds.  devproc_watch peeks, too, so nothing
 * is lost between the last time and the end.
 */
void	devproc_peek(struct devproc *);
void	devproc_watch(struct devproc *, int on);

/*
 * Control, in order with register accesses.  devproc_pause returns when the
 * device has stopped touching guest memory: 0, or -1 when it is gone.
 */
int	devproc_pause(struct devproc *);
int	devproc_unpause(struct devproc *);
int	devproc_reset(struct devproc *);
int	devproc_verbose(struct devproc *, unsigned level);
/* Attach values that change: VIODEV_CONFIG. */
int	devproc_config(struct devproc *, const struct devconf *);

/*
 * The end.  devproc_shutdown tells the device and returns: it finishes what
 * is under way, writes back, leaves; one that has not even room for the
 * message within a few seconds is killed.  devproc_stop waits so many
 * milliseconds for that, kills what is still there, reaps it, frees
 * everything and sets the pointer to NULL.  0 when the process left as it
 * should, -1 when it had to be killed or had died before.  No vcpu may be in
 * a call any more when devproc_stop frees; a call that waits for the process
 * returns when the process is gone: devproc_kill sees to that, from any
 * thread.
 */
void	devproc_shutdown(struct devproc *);
void	devproc_kill(struct devproc *);
int	devproc_stop(struct devproc **, unsigned ms);

#endif
