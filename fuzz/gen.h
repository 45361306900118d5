/* Records out of nothing, and records out of records: the mutator's craft. */
#ifndef GEN_H
#define GEN_H

#include "bytes.h"
#include "prng.h"
#include "target.h"
#include "trace.h"

/* One new record of any type that an input may have. */
void	gen_record(const struct fuzz_target *, struct wbuf *, struct prng *);
/* The given record with something changed. */
void	gen_change(const struct fuzz_target *, struct wbuf *,
	    const struct trace_rec *, struct prng *);
/* A SETUP, for an input that lost its own. */
void	gen_setup(const struct fuzz_target *, struct wbuf *, struct prng *);
/* A beginning: a set-up and a chain; each record's place and length. */
void	gen_start(const struct fuzz_target *, struct wbuf *, struct prng *,
	    const uint8_t **p, size_t *len, unsigned *n);

#endif
