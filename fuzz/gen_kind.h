/*
 * What the generators share: draws, odd numbers, addresses, segments; and the
 * part of them that knows a kind of device.
 *
 * Draws stand in statements of their own: the order in which arguments and
 * operands are evaluated is the compiler's, and inputs must not depend on it.
 */
#ifndef GEN_KIND_H
#define GEN_KIND_H

#include "bytes.h"
#include "prng.h"
#include "trace.h"
#include "viodev.h"

#define PICK(r, table)							\
	((table)[prng_below((r), sizeof(table) / sizeof((table)[0]))])

#define GEN_PAYLOAD	4096	/* bytes of a generated payload, at most */

/* What a kind's requests and messages look like; any pointer may be NULL. */
struct gen_kind {
	const char	*dev;		/* name in CONF */
	/* Attach values of this kind. */
	void		(*conf)(struct wbuf *, struct prng *);
	/* Features that a driver of this kind takes, with what they need. */
	uint64_t	(*features)(struct prng *);
	/*
	 * Writes a CHAIN record with a request as a driver makes it; queue
	 * and flags are drawn and may be changed.
	 */
	void		(*chain)(struct wbuf *, struct prng *,
			    struct trace_chain *);
	/*
	 * Turns a drawn message into one that matters to the kind; payload
	 * has room for GEN_PAYLOAD bytes.  Or leaves it as it was drawn.
	 */
	void		(*msg)(struct viodev_msg *, uint8_t *payload,
			    struct prng *);
	/*
	 * Writes some records by itself: for kinds without a queue, whose
	 * inputs have neither SETUP nor CHAIN.
	 */
	void		(*records)(struct wbuf *, struct prng *);
};

extern const struct gen_kind gen_vioblk, gen_vioscsi, gen_vionet, gen_vmmci;
extern const struct gen_kind gen_i8259, gen_i8253, gen_mc146818, gen_ns8250,
    gen_sysport, gen_fwcfg, gen_pci, gen_board;

static inline unsigned
below(struct prng *r, unsigned n)
{
	return (unsigned)prng_below(r, n);
}

static inline int
one_in(struct prng *r, unsigned n)
{
	return below(r, n) == 0;
}

/* A number at some edge, or any. */
uint64_t	gen_odd(struct prng *);
/* An address that somebody uses: rings, buffers, ends of memory. */
uint64_t	gen_gpa(struct prng *);
void		gen_bytes(struct prng *, uint8_t *, size_t);
/* One segment of a CHAIN record. */
void		gen_seg(struct wbuf *, unsigned flags, unsigned arg,
		    unsigned len);
/*
 * Cuts out readable and in writable bytes into segments in some way; 64 bytes
 * of segments at most.
 */
void		gen_cut(struct wbuf *, struct prng *, unsigned out,
		    unsigned in);
/* A STATE record: a saved state of vioblk with at most one field wrong. */
void		gen_state(struct wbuf *, struct prng *);

#endif
