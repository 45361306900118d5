/*
 * A 64-bit digest of byte strings, used to compare a run with a recording.
 *
 * It tells accidental differences apart; it is no protection against somebody
 * who looks for collisions.  The value is part of the trace format, so the
 * function does not change without a new format version.  Feeding a string in
 * pieces gives the same digest as feeding it whole.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest {
	uint64_t	h;		/* state */
	uint64_t	word;		/* bytes that do not fill a word yet */
	uint64_t	total;		/* bytes so far */
};

void		digest_init(struct digest *);
void		digest_add(struct digest *, const void *, size_t);
void		digest_u64(struct digest *, uint64_t);
/* The digest of all bytes so far; the state may be fed further. */
uint64_t	digest_value(const struct digest *);
/* The digest of one string. */
uint64_t	digest_of(const void *, size_t);

#endif
