/*
 * Frames on a byte stream, without the stream: bytes in, frames out.
 *
 * The header is imsg's: type le32, len le32, peer le32, pid le32, where len
 * counts the header and the data and its top bit says that a descriptor rides
 * along.  Our channels connect processes of one machine and one build, but
 * the peer may be a process that a guest took over: every field is checked
 * and a stream that broke a rule once stays broken.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

#define FRAME_HEADER	16
#define FRAME_MAX	16384		/* header and data */
#define FRAME_FDMARK	0x80000000U	/* in the length word */

struct frame {
	uint32_t	 type;
	uint32_t	 peer;
	uint32_t	 pid;
	int		 fd;		/* 1: a descriptor rides along */
	const uint8_t	*data;		/* lent until the next frame_room */
	size_t		 len;
};

enum frame_result {
	FRAME_OK,			/* one frame taken */
	FRAME_MORE,			/* not whole yet */
	FRAME_BAD			/* the stream is broken, for good */
};

/* Memory is the caller's: FRAME_MAX bytes or more, so a frame always fits. */
struct frame_reader {
	uint8_t		*buf;
	size_t		 cap;
	size_t		 start;		/* first byte not taken */
	size_t		 end;		/* behind the last byte fed */
	const char	*why;		/* NULL, or why it is broken */
};

void	frame_reader_init(struct frame_reader *, void *buf, size_t cap);
/*
 * Where to put new bytes and how many fit; 0 only when a whole frame waits or
 * the stream is broken.
 */
uint8_t	*frame_room(struct frame_reader *, size_t *room);
/* n bytes were put there; more than fit break the stream. */
void	frame_fed(struct frame_reader *, size_t n);
/* The next frame, without waiting for more than the header to refuse it. */
enum frame_result frame_next(struct frame_reader *, struct frame *);

/*
 * Appends one frame; the error flag of the buffer is set, and nothing
 * appended, when it does not fit or is longer than FRAME_MAX.
 */
void	frame_put(struct wbuf *, const struct frame *);

#endif
