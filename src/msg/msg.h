/*
 * struct viodev_msg as bytes: the body of a frame on a device channel and of
 * a MSG record in a trace.
 *
 *	0  type u8    1 width u8    2 space le16    4 where le32
 *	8  data le64  16 payload, to the end
 */
#ifndef MSG_H
#define MSG_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "viodev.h"

#define MSG_HEADER	16

void	msg_encode(struct wbuf *, const struct viodev_msg *);

/*
 * Takes a body apart; the payload points into it.  0, or -1 with *why a
 * reason without punctuation: too short, an unknown type or space, a register
 * access whose width is not 1, 2, 4 or 8, a width or a space where the type
 * has none (they are 0 then).
 */
int	msg_decode(const uint8_t *p, size_t len, struct viodev_msg *,
	    const char **why);

/*
 * The same for fuzzing: any bytes are some message.  Missing header bytes
 * count as 0, unknown numbers are folded into known ones.
 */
void	msg_fold(const uint8_t *p, size_t len, struct viodev_msg *);

#endif
