/*
 * Guest memory as a device sees it: a table of ranges, every access with a
 * length, every address checked.
 *
 * Addresses are guest physical (gpa), lengths are bytes.  A span is valid
 * when each of its bytes lies in a range; ranges that touch may be crossed by
 * gm_copyin and gm_copyout and by gm_borrow, never by a window or an atomic
 * load.  An address or a length that wraps is invalid, not an error of ours:
 * all calls answer -1 and touch nothing.
 *
 * Host pointers (windows, borrowed vectors) are lent for the present message
 * only.  The memory may be somewhere else when the next message arrives.
 *
 * The guest runs while we look: whoever reads the same bytes twice may see
 * two values.  So a device copies what it is going to check, once
 * (virtio 1.3, 2.7.13; facts: time-of-check bugs in rings).
 *
 * The tap, when there is one, is called after each load with the bytes that
 * the device is about to see (it may replace them: that is how a recording
 * is played) and before bytes that the device stored become the guest's.
 * NULL in production unless somebody records.
 */
#ifndef GMEM_H
#define GMEM_H

#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

#include "le.h"

#define GM_MAXRANGES	8
#define GM_LIKELY(x)	__builtin_expect(!!(x), 1)

struct gm_range {
	uint64_t	 gpa;		/* first address */
	uint64_t	 len;		/* bytes; not 0 */
	uint8_t		*hva;		/* where the host has it mapped */
};

struct gm_tap {
	/* The device loaded len bytes at gpa; data is what it will see. */
	void	(*load)(void *, uint64_t gpa, uint8_t *data, size_t len);
	/* The device stores these bytes at gpa. */
	void	(*store)(void *, uint64_t gpa, const uint8_t *data,
		    size_t len);
};

struct gmem {
	const struct gm_tap	*tap;		/* NULL: nobody listens */
	void			*taparg;
	unsigned		 n;		/* ranges in use */
	struct gm_range		 range[GM_MAXRANGES];
};

/* A span inside one range; lent for the present message. */
struct gm_win {
	uint8_t		*p;
	uint64_t	 gpa;
	size_t		 len;
};

/*
 * Adds a range.  -1 when the table is full, the length is 0, the addresses
 * wrap or the range overlaps one that is there.
 */
int	gm_add(struct gmem *, uint64_t gpa, uint64_t len, void *hva);

/* The range that a span lies in, whole, or NULL. */
const struct gm_range *gm_range_of(const struct gmem *, uint64_t gpa,
	    size_t len);
/* The host address of a span inside one range, or NULL.  No tap. */
uint8_t	*gm_hva(const struct gmem *, uint64_t gpa, size_t len);
/* The way back; 0 with *gpa set, -1 when the pointer is not in a range. */
int	gm_gpa(const struct gmem *, const void *hva, uint64_t *gpa);

/* Copies whole spans; -1 without any effect when a byte is not mapped. */
int	gm_copyin(struct gmem *, uint64_t gpa, void *dst, size_t len);
int	gm_copyout(struct gmem *, uint64_t gpa, const void *src, size_t len);

/*
 * Takes a window on a span; a length of 0 is refused, so is a span that
 * does not lie in one range.
 */
int	gm_window(struct gmem *, uint64_t gpa, size_t len, struct gm_win *);

/*
 * Payload without a copy.  gm_borrow appends the host addresses of a span to
 * iov and returns how many entries it used (0 for an empty span), or -1 when
 * a byte is not mapped or more than max entries would be needed; it calls no
 * tap.  Whoever then lets bytes flow says so: gm_lend before the bytes are
 * read from the vectors, gm_return after the first len bytes of them were
 * written.
 */
int	gm_borrow(const struct gmem *, uint64_t gpa, size_t len,
	    struct iovec *iov, int max);
void	gm_lend_tapped(struct gmem *, const struct iovec *, int n);
void	gm_return_tapped(struct gmem *, const struct iovec *, int n,
	    size_t len);

static inline void
gm_lend(struct gmem *gm, const struct iovec *iov, int n)
{
	if (!GM_LIKELY(gm->tap == NULL))
		gm_lend_tapped(gm, iov, n);
}

static inline void
gm_return(struct gmem *gm, const struct iovec *iov, int n, size_t len)
{
	if (!GM_LIKELY(gm->tap == NULL))
		gm_return_tapped(gm, iov, n, len);
}

/*
 * Loads that the compiler must not repeat: what was checked is what is used.
 * Any alignment; volatile is what makes it one load.
 */
struct gm_word16 {
	uint16_t	v;
} __attribute__((packed, may_alias));

struct gm_word32 {
	uint32_t	v;
} __attribute__((packed, may_alias));

struct gm_word64 {
	uint64_t	v;
} __attribute__((packed, may_alias));

static inline unsigned
gm_once16(const uint8_t *p)
{
	return LE_SWAP16(((const volatile struct gm_word16 *)p)->v);
}

static inline uint32_t
gm_once32(const uint8_t *p)
{
	return LE_SWAP32(((const volatile struct gm_word32 *)p)->v);
}

static inline uint64_t
gm_once64(const uint8_t *p)
{
	return LE_SWAP64(((const volatile struct gm_word64 *)p)->v);
}

/*
 * Accesses through a window.  The caller has bounded off (off + width is at
 * most win->len) and the addresses are aligned to the width: ring indices.
 *
 * The load orders an index before the entries that it covers; the store
 * orders entries before the index that publishes them, and its own value
 * before all that gm_load16 looks at later: who stores what the other side
 * shall see and then looks whether it has seen it needs that.
 */
uint16_t gm_load16_tapped(struct gmem *, uint64_t gpa, uint16_t v);
void	gm_store16_tapped(struct gmem *, uint64_t gpa, uint16_t v);

static inline uint16_t
gm_load16(struct gmem *gm, const struct gm_win *w, size_t off)
{
	uint16_t v = LE_SWAP16(__atomic_load_n(
	    (uint16_t *)(void *)(w->p + off), __ATOMIC_SEQ_CST));

	return GM_LIKELY(gm->tap == NULL) ? v :
	    gm_load16_tapped(gm, w->gpa + off, v);
}

static inline void
gm_store16(struct gmem *gm, const struct gm_win *w, size_t off, uint16_t v)
{
	if (!GM_LIKELY(gm->tap == NULL))
		gm_store16_tapped(gm, w->gpa + off, v);
	__atomic_store_n((uint16_t *)(void *)(w->p + off), LE_SWAP16(v),
	    __ATOMIC_SEQ_CST);
}

/* One entry of a table: len bytes, copied once. */
static inline void
gm_fetch(struct gmem *gm, const struct gm_win *w, size_t off, void *dst,
    size_t len)
{
	memcpy(dst, w->p + off, len);
	if (!GM_LIKELY(gm->tap == NULL))
		gm->tap->load(gm->taparg, w->gpa + off, dst, len);
}

static inline void
gm_put(struct gmem *gm, const struct gm_win *w, size_t off, const void *src,
    size_t len)
{
	if (!GM_LIKELY(gm->tap == NULL))
		gm->tap->store(gm->taparg, w->gpa + off, src, len);
	memcpy(w->p + off, src, len);
}

#endif
