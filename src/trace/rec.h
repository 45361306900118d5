/*
 * The recorder: sits between a host and a device and writes down everything
 * that crosses: a host table around the host's own and a tap on guest memory.
 *
 * The host attaches the device with rec_host() in place of its own table and
 * passes each message through rec_msg().  What the recorder writes goes to a
 * sink in whole records; a sink that fails (returns -1) ends the recording,
 * never the device.
 */
#ifndef REC_H
#define REC_H

#include "dev.h"
#include "trace.h"

struct rec {
	struct dev_host		 host;		/* the real one */
	int			(*sink)(void *, const void *, size_t);
	void			*sinkarg;
	size_t			 keep;		/* bytes kept of a payload */
	uint64_t		 room;		/* bytes it may still write */
	int			 off;		/* the recording ended */
	unsigned		 marks;		/* MARK after so many messages */
	unsigned		 count;		/* messages since the last MARK */
	const struct gm_tap	*under;		/* a tap that was there before */
	void			*underarg;
	struct dev		*dev;
	uint8_t			*buf;		/* caller's memory for a record */
	size_t			 bufcap;
	uint8_t			*state;		/* caller's memory for a save */
	size_t			 statecap;
};

/*
 * Fills in all but the memory, sink, keep, room and marks, which the caller
 * set; hooks the tap of gm and writes header, CONF and MAP.
 */
void	rec_start(struct rec *, const char *name, const struct devconf *,
	    struct gmem *, const struct dev_host *real);
/* The host table for dev_attach; lent as long as the recorder lives. */
struct dev_host rec_host(struct rec *);
/* Records a message, delivers it, records the reply and, at times, a MARK. */
void	rec_msg(struct rec *, struct dev *, struct viodev_msg *);
/* Unhooks the tap. */
void	rec_stop(struct rec *, struct gmem *);

#endif
