/*
 * A channel: frames (src/msg/frame.h) over a stream socket, with descriptors
 * riding along.
 *
 * No call blocks unless it says so; whoever owns the channel waits for it,
 * with an event loop or with the calls at the end.  The peer may be hostile:
 * a broken frame, a descriptor that no frame announces, a frame whose
 * descriptor is missing end the channel, and nothing that a peer sends makes
 * it grow.  A channel is used by one thread at a time.
 *
 * A channel can move to pipes in shared memory (slate.h) at a point where
 * nothing is under way.  Nothing changes for its users, except that they pay
 * for no system call while both ends are awake, and that no descriptor rides
 * along any more.
 */
#ifndef CHAN_H
#define CHAN_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "slate.h"

#define CHAN_MAXFDS	4		/* on their way, in each direction */

enum chan_result {
	CHAN_OK,
	CHAN_AGAIN,			/* not now */
	CHAN_CLOSED,			/* the peer is gone */
	CHAN_BAD			/* a rule is broken: chan->why */
};

struct chan {
	int			 fd;		/* -1: closed */
	int			 passing;	/* descriptors may come */
	const char		*why;
	struct frame_reader	 in;
	uint8_t			*out;
	size_t			 outcap;
	size_t			 start, end;	/* what waits in out */
	uint64_t		 sent;		/* bytes before start */
	struct {
		uint64_t	 at;		/* of its frame */
		int		 fd;
	} outfd[CHAN_MAXFDS];
	unsigned		 noutfd;
	int			 infd[CHAN_MAXFDS];
	unsigned		 ninfd;
	unsigned		 sleeps;	/* of chan_get */
	struct slate_pipe	*pin, *pout;	/* NULL: the socket */
};

/*
 * Takes the descriptor over; maxout bounds what is queued, FRAME_MAX at
 * least.  0, or -1 without memory: then the descriptor is still the caller's.
 */
int	chan_init(struct chan *, int fd, size_t maxout);
void	chan_close(struct chan *);
/* From now on descriptors that arrive are dropped by the system. */
void	chan_no_passing(struct chan *);
/* From now on bytes go and come through these; lent until chan_close. */
void	chan_share(struct chan *, struct slate_pipe *in,
	    struct slate_pipe *out);

/*
 * Queues one frame and tries to send it; fd is -1 or a descriptor, lent.
 * CHAN_OK also when it is only queued (chan_pending), CHAN_AGAIN when there
 * is no room for it.
 */
enum chan_result chan_send(struct chan *, uint32_t type, const void *data,
	    size_t len, int fd);
/* Sends what waits: CHAN_OK when nothing does any more. */
enum chan_result chan_flush(struct chan *);
static inline int
chan_pending(const struct chan *c)
{
	return c->end != c->start;
}

/*
 * Reads once: CHAN_OK when something came.  After CHAN_AGAIN the descriptor
 * becomes readable when something comes.
 */
enum chan_result chan_fill(struct chan *);
/*
 * The same for those who ask again and again: costs nothing where there are
 * pipes, but whoever then wants to sleep calls chan_fill first, and the end
 * of the peer is for chan_fill, too.
 */
enum chan_result chan_glance(struct chan *);
/* The same, and waits for it; CHAN_AGAIN when a signal came. */
enum chan_result chan_fill_wait(struct chan *);
/*
 * The next frame that is whole; its data is lent until chan_fill.  *fd is
 * its descriptor, the caller's from now on, or -1.
 */
enum chan_result chan_next(struct chan *, struct frame *, int *fd);

/* The same for those who wait, ms at most; -1 waits as long as it takes. */
enum chan_result chan_wait(struct chan *, int out, int ms);
/* Queued and on its way. */
enum chan_result chan_put(struct chan *, uint32_t type, const void *data,
	    size_t len, int fd, int ms);
/* Everything queued is on its way. */
enum chan_result chan_drain(struct chan *, int ms);
/*
 * The next frame.  The first spin nanoseconds are spent asking again and
 * again: an answer that is already being made costs no sleep.
 */
enum chan_result chan_get(struct chan *, struct frame *, int *fd, int ms,
	    unsigned spin);

#endif
