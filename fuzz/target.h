/*
 * One fuzz target: a pure function of bytes.  An engine side (libfuzzer.c,
 * plain.c, afl) is written once and linked with one target each.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_stat {
	uint64_t		 inputs;
	uint64_t		 accepted;	/* got a request through */
	uint64_t		 requests;	/* completed, frames, records */
	uint64_t		 resets;	/* ended in NEEDS_RESET */
	uint64_t		 ops;		/* kinds met, a bit each */
	const char *const	*opnames;	/* NULL-terminated */
	/* Loads of guest memory and those of a field seen before, by kind. */
	const uint64_t		*loads, *again;
};

/* What a generated input looks like. */
enum fuzz_shape {
	SHAPE_BYTES,			/* no structure that we know */
	SHAPE_RECORDS,			/* trace records, see trace.h */
	SHAPE_FRAMES,			/* a stream of frames, see frame.h */
	SHAPE_IMAGE,			/* see diskimage.h */
	SHAPE_DHCP,			/* a client's frame, see gendhcp.h */
	SHAPE_COMMANDS,			/* lines, see qtest.h */
	SHAPE_PROGRAM,			/* see diskprog.h */
};

struct gen_kind;

struct fuzz_target {
	const char	*name;
	enum fuzz_shape	 shape;
	unsigned	 queues;	/* of the device, for records */
	unsigned	 flavour;	/* FLAVOUR_* for the mutator */
	/* What the kind's requests look like; NULL: nothing special. */
	const struct gen_kind *gen;
	size_t		 maxlen;	/* of an input */
	size_t		 lead;		/* bytes before an image */
	/* Takes memory, once. */
	void		(*init)(void);
	/*
	 * Runs one input and returns a digest of all that it caused.  Aborts
	 * when an oracle is broken.
	 */
	uint64_t	(*run)(const uint8_t *, size_t);
	void		(*stat)(struct fuzz_stat *);
	/*
	 * The i-th variant of an input with a fault in it: its length, or 0
	 * when there is none.  NULL: sweep.h for records, none for others.
	 */
	size_t		(*sweep)(const uint8_t *, size_t, unsigned i,
			    uint8_t *, size_t max);
	/* Slow checks, too: the plain runner switches them on. */
	void		(*deep)(int on);
};

/* What requests look like: data at the start of a chain, kinds of records. */
#define FLAVOUR_RNG	1		/* writable buffers */
#define FLAVOUR_ECHO	2		/* anything */
#define FLAVOUR_STATE	4		/* STATE records */

extern const struct fuzz_target fuzz_target;

#endif
