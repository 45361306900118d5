/*
 * The player: feeds a recording to a device of the same kind and compares.
 *
 * MSG records are delivered in order.  While one is under way, what the
 * device loads from guest memory is served from LOAD records, what it asks
 * the host is answered from ANSWER records, and what it does must be the next
 * EXPECT.  MARK compares the digest of the saved state.  The first difference
 * ends it.  Records that stand before the first MSG belong to attach.
 *
 * What a recording did not keep of a payload the device sees as zeros.  From
 * then to the end of the message payload that can come from there is only
 * compared by its length: what goes to the host after a load of lent memory,
 * what lands in guest memory after a block read, both after all else.
 *
 * A recording that ends inside a message (a crash, no room) is compared up to
 * there.  Any trace at all may be played: a hostile one ends in a difference.
 */
#ifndef PLAY_H
#define PLAY_H

#include "dev.h"
#include "trace.h"

struct play_diff {
	unsigned	 number;	/* record that differs, from 1; 0: none */
	unsigned	 cause;		/* record of the message under way, 0:
					   attach */
	size_t		 off;		/* of the differing record */
	char		 want[160];	/* what the recording says, in words */
	char		 got[160];	/* what the device did */
	char		 where[80];	/* first byte that differs, or empty */
};

struct play_stat {
	unsigned	records, messages, loads, expects, marks;
	unsigned	blind;		/* payloads of which only the length
					   was compared */
	unsigned	open;		/* record of the message in which the
					   recording ends, or 0 */
};

struct play;

/* Bytes of a struct play. */
size_t	play_size(void);
/*
 * Sets up a player in memory of play_size() bytes for a trace that
 * trace_open() accepted, behind its CONF and MAP; scratch is memory for one
 * saved state.
 */
void	play_init(struct play *, const struct trace_reader *,
	    uint8_t *scratch, size_t len);
/* Where the log and a panic of the device go; without it a panic traps. */
void	play_outer(struct play *, const struct dev_host *);
/* The host table and the tap to attach the device with. */
struct dev_host play_host(struct play *);
void	play_tap(struct play *, struct gmem *);
/*
 * Delivers the next message and compares: 1, 0 at the end of the trace, -1
 * at a difference (see play_diff) or a bad record.
 */
int	play_step(struct play *, struct dev *);
const struct play_diff *play_diff(const struct play *);
const struct play_stat *play_stat(const struct play *);

#endif
