/*
 * Records of a device target against a real, sandboxed vmd-device: one
 * process for many inputs, reset exactly between them, and the same device in
 * the simulator, which says what every answer, the line, each byte of guest
 * memory and of the images, and each frame shall be.
 *
 * Most inputs run like that: guest memory changes in a pause only, because a
 * device may look at its rings whenever it likes.  One in eight runs free:
 * nobody waits, memory changes under the running device, more than the input
 * says, and all that counts is that the process lives, answers, and keeps
 * its descriptors and its size.  The input's bytes decide which.
 *
 * LIVE_DEVICE names the program; without it the one beside us is taken.
 */
#ifndef LIVE_H
#define LIVE_H

#include "sim.h"
#include "target.h"

void		live_init(const struct sim_kind *);
uint64_t	live_run(const uint8_t *, size_t);
void		live_stat(struct fuzz_stat *);
void		live_deep(int);

/*
 * Any bytes on the channel, in pieces of any size, with a descriptor now and
 * then; the first byte says which.  What the device has to say to them is
 * known: so many answers, and then it lives on or ends, with an exit code of
 * its own.  One in eight meets a process that waits for its description; what
 * comes before the input is as it shall be.
 */
void		live_frame_init(void);
uint64_t	live_frame_run(const uint8_t *, size_t);
void		live_frame_stat(struct fuzz_stat *);

#endif
