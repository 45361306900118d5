/*
 * A real vmd-device under test, seen from the channel: messages go out many
 * at a time, answers come back in order and are compared, and whatever a
 * device must not do ends the run.
 *
 * Every alarm is one line "oracle live: class: what", on stderr behind the
 * last words of the device, and abort().  Classes: crash (a signal, or an exit
 * that nobody asked for), sandbox (SIGSYS), hang (no answer within
 * LIVE_PATIENCE), fd (descriptors that stay), memory (it grows), answer (it
 * does something else than the same device in-process), start.
 */
#ifndef LIVEPROC_H
#define LIVEPROC_H

#include "devproc.h"
#include "viodev.h"

#define LIVE_PATIENCE	3000		/* ms until silence is a hang */
#define LIVE_WANTED	64		/* answers on their way */
#define LIVE_UNITS	8

struct live_want {
	int		 check;		/* data and level must be these */
	uint64_t	 data;
	int		 level;
};

struct live_disk {
	int		 fd;
	uint8_t		*p;		/* the image, mapped */
	size_t		 len;
};

struct live_proc {
	const char		*kind;
	struct devconf		 conf;
	struct share		 share;
	struct gmem		 gm;
	struct live_disk	 disk[LIVE_UNITS];
	int			 readonly[LIVE_UNITS];
	unsigned		 ndisks;
	int			 tap, devtap;	/* our end and its; -1: none */
	int			 words;		/* where its stderr goes */

	struct devproc		*dev;		/* NULL: none runs */
	unsigned		 starts;
	unsigned		 checks;
	unsigned		 fds;		/* it may have so many */
	size_t			 pages;		/* resident; 0: not warm yet */
	uint8_t			 out[16384];	/* frames to be sent */
	size_t			 nout;
	struct live_want	 want[LIVE_WANTED];
	unsigned		 nwant;
	uint64_t		 answers;
	/* A frame that left the device. */
	void			(*frame)(void *, const uint8_t *, size_t);
	void			*framearg;
};

void	live_fail(struct live_proc *, const char *class, const char *fmt, ...)
	    __attribute__((noreturn, format(printf, 3, 4)));

/* Memory, images, tap: what outlives a process.  Fatal when there is none. */
void	live_memory(struct live_proc *, size_t range, uint64_t high);
void	live_disk(struct live_proc *, size_t len, int readonly);
void	live_tap(struct live_proc *);

/* Starts a process, sandboxed and ready; ends one. */
void	live_start(struct live_proc *);
void	live_stop(struct live_proc *);
/* Starts one that knows nothing yet, for live_raw; the peer leaves. */
void	live_spawn(struct live_proc *);
void	live_leave(struct live_proc *);
/* The process ends by itself: its exit code. */
int	live_ended(struct live_proc *);

/* Queues a message; a READ also what its answer shall be. */
void	live_msg(struct live_proc *, const struct viodev_msg *);
void	live_expect(struct live_proc *, const struct live_want *);
/* Sends what is queued. */
void	live_flush(struct live_proc *);
/* A barrier: everything was done and answered as it shall be. */
void	live_sync(struct live_proc *);
/* The two halves of it. */
void	live_ask(struct live_proc *);
void	live_collect(struct live_proc *);
/* Bytes as they are, with a descriptor or -1: 0, or -1 once it is gone. */
int	live_raw(struct live_proc *, const uint8_t *, size_t, int fd);

/* A frame for the device; all of them are taken. */
void	live_frame(struct live_proc *, const uint8_t *, size_t);
void	live_taken(struct live_proc *);
/* Takes what left the device. */
void	live_drain(struct live_proc *);
/* No frame waits in the tap, whichever way it was going. */
void	live_empty(struct live_proc *);

uint8_t	*live_at(struct live_proc *, uint64_t gpa, size_t len);
/* Descriptors and memory are what they were. */
void	live_check(struct live_proc *);
/* Resident pages now. */
size_t	live_pages(struct live_proc *);

#endif
