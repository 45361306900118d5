/*
 * The recorder: sits between a host and a device and writes down everything
 * that crosses: a host table around the host's own and a tap on guest memory.
 *
 * The host attaches the device with rec_host() in place of its own table and
 * passes each message through rec_msg().  What attach asks of the host is
 * recorded, too; what happens between messages later (detach) is not.
 *
 * What the recorder writes goes to a sink in whole records, once before a
 * message is delivered and once behind it, and more often when the buffer is
 * full.  A sink that fails (returns -1), or a record without room, ends the
 * recording, never the device.
 *
 * Payload is written once: bytes that a block read brought, or that were
 * lent for a write, are not repeated when they are stored or sent
 * (TRACE_STORE, TRACE_LENT).  A device whose queues run on threads of their
 * own needs one recorder at a time: the host serialises its messages.
 */
#ifndef REC_H
#define REC_H

#include "dev.h"
#include "trace.h"

#define REC_IOV		64		/* vectors not repeated */
#define REC_LOADS	(2 * REC_IOV)	/* a power of two */
#define REC_BUFMIN	1024		/* of bufcap */
#define REC_KEEPMIN	64		/* descriptors, headers, rings: without
					   them nothing can be played.  Of what
					   a block read brings keep counts */

struct rec_load {
	uint64_t	 gpa;
	const uint8_t	*data;		/* as the device sees them */
	size_t		 len;
};

struct rec {
	/* Set by the caller. */
	int			(*sink)(void *, const void *, size_t);
	void			*sinkarg;
	size_t			 keep;		/* bytes kept of a payload: not
						   less than REC_KEEPMIN, nor
						   more than half of bufcap */
	uint64_t		 room;		/* bytes it may still write */
	int			 sync;		/* each record goes at once:
						   for devices that crash */
	unsigned		 marks;		/* MARK after so many messages;
						   0: never */
	int			 times;		/* TIME before messages: the
						   first is the time since
						   1970, so sums are dates */
	uint8_t			*buf;		/* for records, REC_BUFMIN */
	size_t			 bufcap;	/* or more */
	uint8_t			*state;		/* for a save, for MARK */
	size_t			 statecap;

	/* The recorder's own. */
	struct dev_host		 host;		/* the real one */
	struct gmem		*gm;
	const struct gm_tap	*under;		/* the tap before */
	void			*underarg;
	int			 off;		/* the recording ended */
	int			 inmsg;		/* a message is under way */
	unsigned		 messages;
	uint64_t		 now;		/* with times: mono, ns */
	struct wbuf		 w;		/* records for the sink */
	size_t			 from;		/* of the record under way */
	struct iovec		 read[REC_IOV];	/* that a block read filled */
	unsigned		 nread, atread;
	size_t			 most;		/* kept of a payload */
	struct rec_load		 load[REC_LOADS];	/* the last ones, */
	unsigned		 nload;		/* one after another */
};

/*
 * Hooks the tap of gm (a tap that is there is called first, so the recorder
 * sees what the device will see) and writes header, CONF and MAP.
 */
void	rec_start(struct rec *, const char *name, const struct devconf *,
	    struct gmem *, const struct dev_host *real);
/* The host table for dev_attach; lent as long as the recorder lives. */
struct dev_host rec_host(struct rec *);
/* Records a message, delivers it, records the reply and, at times, a MARK. */
void	rec_msg(struct rec *, struct dev *, struct viodev_msg *);
/*
 * Unhooks the tap and closes the recording with a TIME of 0, so that a player
 * knows that the last message is whole.
 */
void	rec_stop(struct rec *, struct gmem *);

/*
 * For the recorder's files: whether what happens now is recorded; the buffer
 * for a record of so many bytes; the record is there.
 */
int	rec_open(const struct rec *);
struct wbuf *rec_begin(struct rec *, size_t bytes);
void	rec_end(struct rec *);
/* An event without a payload. */
void	rec_event(struct rec *, unsigned kind, uint32_t arg, uint64_t val);
extern const struct host_ops rec_ops;

#endif
