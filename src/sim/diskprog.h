/*
 * Operation programs for disks: any string of bytes is a configuration and a
 * list of operations, run on a qcow2 image over a memory store, next to a
 * byte array that is the model.
 *
 * Configuration, a byte each: cluster size, refcount width, version and
 * features, size in clusters, base, faults, seed; then operations.  What is
 * not there reads as zero.  After a crash (the store dies in a write) each
 * flushed byte must read back, each byte written once since then must be old
 * or new, and the check must find no corruption.
 */
#ifndef DISKPROG_H
#define DISKPROG_H

#include "bytes.h"
#include "disk.h"
#include "memstore.h"
#include "qcow2.h"

/*
 * Where in the configuration the fault is (its low three bits say which one,
 * 0: none) and the seed; how long it is, then comes the fault's time, if there
 * is one, then operations: kind, flags, offset, length.
 */
#define DP_FAULT	5
#define DP_SEED		6
#define DP_HEAD		7
#define DP_OP		6
#define DP_FAULTS	6		/* kinds; each strikes the n-th time */

enum dp_op {
	DP_WRITE, DP_READ, DP_ZERO, DP_DISCARD, DP_FLUSH, DP_GROW,
	DP_REOPEN, DP_PACK, DP_OUTSIDE, DP_NOPS
};

struct dp_span {
	uint64_t	off, len;	/* bytes of the disk */
	unsigned	flags;
};

struct dp {
	struct ms	 top;
	struct ms	 base;
	struct disk	*d;		/* NULL: closed */
	uint8_t		*model;		/* what the disk should read as */
	uint8_t		*stable;	/* at the last flush */
	uint8_t		*touched;	/* by byte: writes since; 0, 1, 3 */
	uint8_t		*io;		/* transfers */
	uint64_t	 max;		/* bytes of these arrays */
	uint64_t	 size;		/* of the disk */
	uint64_t	 stablesize;
	struct qcow2_params par;
	int		 basekind;	/* 0 none, 1 raw, 2 qcow2 */
	int		 small;		/* for speed: fewer, smaller things */
	int		 faulty;	/* errors are expected */
	int		 hungry;	/* an allocation fails */
	int		 failed;	/* one was seen */
	unsigned	 seq;
	unsigned	 done[DP_NOPS];	/* operations that succeeded */
	char		 why[160];
	/*
	 * Somebody else changes the image: the disk is closed, top holds the
	 * bytes.  NULL: no such operation.  0, or -1 to stop the program.
	 */
	int		(*outside)(struct dp *, unsigned arg);
	/* The nth allocation from now on fails, 0: none; may be NULL. */
	void		(*starve)(struct dp *, uint64_t nth);
	/* Another maker of images; NULL: qcow2_create. */
	int		(*create)(struct dp *);
	/*
	 * Told of each operation that succeeded, so that another program
	 * can do it too: writes are then of one byte value, dp_byte, and
	 * discards become zeroes, whose outcome is the same for all.
	 */
	void		(*did)(struct dp *, unsigned op,
			    const struct dp_span *);
	void		*arg;
};

/* Bytes in front of the operations, of a program of DP_HEAD bytes at least. */
static inline size_t
dp_head_len(const uint8_t *p)
{
	unsigned f = p[DP_FAULT] & 7;

	return DP_HEAD + (f >= 1 && f <= DP_FAULTS);
}

/* Arrays for disks of up to max bytes; aborts without memory. */
void	dp_init(struct dp *, uint64_t max);
void	dp_free(struct dp *);

/*
 * Runs a program; 0, or -1 with why filled in when something is not as it
 * should be.  Afterwards the disk is closed, top has the image and model its
 * contents (after a crash: what was found).
 */
int	dp_run(struct dp *, const uint8_t *, size_t);

/*
 * The i-th variant of a program, with another fault at another time in place
 * of its own: the length of what goes to out, or 0 when there is none.
 */
size_t	dp_fault(const uint8_t *in, size_t len, unsigned i, uint8_t *out,
	    size_t max);

/* The byte of the last write. */
uint8_t	dp_byte(const struct dp *);

/* For the outside: a change of the model. */
void	dp_model_fill(struct dp *, uint64_t off, uint64_t len, int byte);

#endif
