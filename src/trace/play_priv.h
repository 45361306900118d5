/* The player's inside, for its two files. */
#ifndef PLAY_PRIV_H
#define PLAY_PRIV_H

#include "play.h"

struct play {
	struct trace_reader	 t;
	struct trace_rec	 rec;		/* the next record */
	int			 have;		/* it is there */
	int			 ended;		/* nothing is left */
	int			 failed;
	struct gmem		*gm;
	struct dev_host		 outer;
	uint8_t			*scratch;
	size_t			 scratchlen;
	unsigned		 cause;
	/* Bytes that the recording did not keep went ... */
	int			 blind;		/* into the device */
	int			 blind_out;	/* into lent memory */
	int			 blind_in;	/* into memory that was read */
	struct play_diff	 diff;
	struct play_stat	 stat;
};

/* The next record, or NULL: the end, or a difference already. */
struct trace_rec *play_peek(struct play *);
void	 play_take(struct play *);
/*
 * For what the device does: whether to compare.  0 when there was a
 * difference or the recording ended in this message.
 */
int	 play_on(struct play *);
/* The difference: got in words, against the next record. */
void	 play_differ(struct play *, const char *got);
void	 play_differ_rec(struct play *, const struct trace_rec *got);

/*
 * The device did this, with the payload in vectors: it must be the next
 * record, which is taken.  0, or -1 at a difference.
 */
struct play_event {
	unsigned		 kind;
	uint32_t		 arg;
	uint64_t		 val;
	const struct iovec	*iov;
	int			 n;
	size_t			 len;
	int			 blind;		/* compare the length only when
						   the digests differ */
};
int	 play_expect(struct play *, const struct play_event *);
/* The ANSWER to a call, which is not taken yet, or NULL. */
const struct trace_rec *play_answer(struct play *, unsigned call);

/* The total that a blob of so many bytes says. */
static inline uint64_t
play_total(uint64_t len)
{
	return len < TRACE_CUT ? len : TRACE_CUT - 1;
}

extern const struct host_ops play_ops;

#endif
