/*
 * Inside the qcow2 format: state shared by the qcow2_*.c files.  Functions
 * answer 0 or a code of bstore.h.
 */
#ifndef QCOW2_INT_H
#define QCOW2_INT_H

#include <stdbool.h>

#include "bebytes.h"
#include "iovcur.h"
#include "qcow2.h"

/* Limits; see disk.h. */
#define Q2_MAXL1	(32u << 20)	/* bytes */
#define Q2_MAXREFT	(8u << 20)	/* bytes */
#define Q2_MAXHEAD	65536u		/* bytes read of the first cluster */
#define Q2_MAXSNAP	65536u
#define Q2_MAXSNAPTAB	(64u << 20)	/* bytes of the snapshot table */
#define Q2_MAXOFF	(1ULL << 56)	/* host offsets are below */
#define Q2_SLICE	4096u
#define Q2_L2SLOTS	4096u
#define Q2_RCSLOTS	512u
#define Q2_NFREES	1024u
#define Q2_IOV		64

/* Header: byte offsets. */
enum {
	Q2H_MAGIC = 0, Q2H_VERSION = 4, Q2H_BACKOFF = 8, Q2H_BACKLEN = 16,
	Q2H_CBITS = 20, Q2H_SIZE = 24, Q2H_CRYPT = 32, Q2H_L1N = 36,
	Q2H_L1OFF = 40, Q2H_REFTOFF = 48, Q2H_REFTCL = 56, Q2H_NSNAP = 60,
	Q2H_SNAPOFF = 64, Q2H_V2LEN = 72, Q2H_INCOMPAT = 72,
	Q2H_COMPAT = 80, Q2H_AUTOCLEAR = 88, Q2H_RCORDER = 96,
	Q2H_HDRLEN = 100, Q2H_V3LEN = 104, Q2H_CTYPE = 104
};

#define Q2_MAGIC	0x514649fbu

#define Q2I_DIRTY	(1ULL << 0)
#define Q2I_CORRUPT	(1ULL << 1)
#define Q2I_DATAFILE	(1ULL << 2)
#define Q2I_CTYPE	(1ULL << 3)
#define Q2I_EXTL2	(1ULL << 4)
#define Q2C_LAZY	(1ULL << 0)
#define Q2A_BITMAPS	(1ULL << 0)

#define Q2X_END		0x00000000u
#define Q2X_BACKFMT	0xe2792acau
#define Q2X_FEATURES	0x6803f857u
#define Q2X_BITMAPS	0x23852875u
#define Q2X_CRYPT	0x0537be77u
#define Q2X_DATAFILE	0x44415441u

/* Table entries. */
#define Q2_COPIED	(1ULL << 63)	/* the count is exactly one */
#define Q2_PACKED	(1ULL << 62)
#define Q2_ZEROFLAG	(1ULL << 0)
#define Q2_OFFMASK	0x00fffffffffffe00ULL
#define Q2_L1RSVD	0x7f000000000001ffULL
#define Q2_L2RSVD	0x3f000000000001feULL
#define Q2_REFTRSVD	0x1ffULL

struct q2_header {
	uint32_t	version;
	uint32_t	cbits;
	uint64_t	size;
	uint32_t	l1n;
	uint64_t	l1off;
	uint64_t	reftoff;
	uint32_t	reftcl;		/* clusters of the refcount table */
	uint32_t	nsnap;
	uint64_t	snapoff;
	uint64_t	incompat, compat, autoclear;
	uint32_t	order;
	uint32_t	len;
	uint32_t	ctype;
	bool		bitmaps;	/* an extension speaks of some */
	char		backing[DISK_NAMEMAX + 1];
	char		backfmt[16];
};

/* A cache of table slices, by offset in the store. */
struct q2_slot {
	uint64_t	 off;
	uint8_t		*data;
	uint32_t	 next;		/* in the bucket; Q2_NONE ends */
	bool		 dirty;
	bool		 used;		/* since the hand came by */
};

#define Q2_NONE		UINT32_MAX

/*
 * Data clusters that lie in the store in the order of the disk, all known
 * from one slice of an L2 table: the way past the tables for most requests.
 */
struct q2_span {
	uint64_t	lo, hi;		/* on the disk; equal: nothing */
	uint64_t	host;		/* of lo */
	bool		copied;
};

#define Q2_SPANS	64u		/* a power of two */

struct q2_cache {
	struct q2_slot	*slot;
	uint32_t	*bucket;	/* as many as cap, a power of two */
	uint32_t	 n, cap, max;
	uint32_t	 hand;
	uint32_t	 ndirty;
	uint32_t	 last;		/* slot of the last hit */
	unsigned	 sbits;		/* log2 of the slice size */
};

/* Clusters that lose a reference when the tables are on the store. */
struct q2_free {
	uint64_t	cluster;
	uint64_t	n;
	bool		punch;		/* give the bytes back as well */
};

struct q2_zip;

struct qcow2 {
	struct disk	 d;		/* must be first */
	struct bstore	 bs;
	struct disk	*backing;	/* NULL: none, or not opened */
	struct q2_header h;
	bool		 damaged;	/* opened for a check only */
	unsigned	 cbits;
	uint64_t	 csize;
	unsigned	 rbits;		/* log2 of counts per refcount block */
	unsigned	 order;
	uint64_t	*l1;
	uint32_t	 l1n;
	uint64_t	 l1off;
	uint8_t		*l1dirty;	/* a flag for each 64 entries */
	bool		 l1any;
	uint64_t	*reft;
	uint32_t	 reftn;
	uint64_t	 reftoff;
	uint32_t	 reftlo, refthi;/* dirty entries: lo <= i < hi */
	struct q2_cache	 l2c;
	struct q2_cache	 rcc;
	struct q2_free	*frees;
	unsigned	 nfrees, capfrees;
	uint64_t	 fsize;		/* size of the store */
	uint64_t	 eof;		/* nothing was ever at or above */
	uint64_t	 hint;		/* no free cluster is below */
	uint64_t	 need;		/* the store must reach this far */
	bool		 unsafe;	/* written since the last flush */
	bool		 broken;	/* which header is valid is unknown */
	uint8_t		*cow;		/* two clusters, for copies */
	struct q2_zip	*zip;		/* NULL: nothing packed so far */
	uint64_t	 packoff;	/* room for packed data; 0: none */
	struct q2_span	 span[Q2_SPANS];	/* by slice, folded */
};

enum q2_type {
	Q2_HOLE,			/* look into the backing file */
	Q2_ZERO,			/* zeros, no cluster */
	Q2_ZEROALLOC,			/* zeros, with a cluster in reserve */
	Q2_DATA,
	Q2_ZIPPED
};

/* Guest clusters of one type, one after another in the store. */
struct q2_run {
	enum q2_type	type;
	bool		copied;		/* may be written in place */
	uint64_t	len;		/* bytes from the offset asked for */
	uint64_t	host;		/* byte in the store for that offset */
	uint64_t	entry;		/* of the first cluster */
};

static inline struct qcow2 *
q2_of(struct disk *d)
{
	return (struct qcow2 *)(void *)d;
}

static inline uint64_t
q2_roundup(const struct qcow2 *q, uint64_t n)
{
	return (n + q->csize - 1) & ~(q->csize - 1);
}

static inline unsigned
q2_slice_bits(const struct qcow2 *q)
{
	return q->cbits < 12 ? q->cbits : 12;
}

/* qcow2_header.c */
/* Parses and bounds everything that the header says. */
int	q2_header_read(const struct bstore *, uint64_t fsize,
	    struct q2_header *, struct disk_why *);
int	q2_header_admit(const struct q2_header *, const struct disk_opts *,
	    struct disk_why *);
uint64_t q2_l1_need(uint64_t size, unsigned cbits);

/* qcow2_open.c */
/* Entries of a table without the zeros at its end, roughly. */
uint32_t q2_table_used(const uint64_t *, uint32_t n);

/* qcow2_cache.c */
int	q2_cache_init(struct q2_cache *, unsigned sbits, uint32_t max);
void	q2_cache_free(struct q2_cache *);
/*
 * The slice at off (a multiple of the slice size), read when it is not
 * there.  Lent until the next call with the same cache.
 */
int	q2_cache_get(struct qcow2 *, struct q2_cache *, uint64_t off,
	    uint8_t **);
/* The slice that was got last has been changed. */
void	q2_cache_dirty(struct q2_cache *);
int	q2_cache_write(struct qcow2 *, struct q2_cache *);
/* Forgets the slices of a cluster, changed or not. */
void	q2_cache_drop(struct qcow2 *, struct q2_cache *, uint64_t off);

/* qcow2_sync.c */
/* Writes to the image: they count as not yet safe. */
int	q2_put(struct qcow2 *, const void *, size_t, uint64_t off);
int	q2_putv(struct qcow2 *, const struct iovec *, int, uint64_t off);
int	q2_putzero(struct qcow2 *, uint64_t off, uint64_t len);
/* A flush of the store unless nothing was written since the last. */
int	q2_barrier(struct qcow2 *);
int	q2_sync(struct qcow2 *);
void	q2_l1_touch(struct qcow2 *, uint32_t i);
/*
 * Changes bytes of the header, with all that was written before safe before
 * and the change safe after.  When that fails nobody knows which header the
 * store has: nothing is written any more.
 */
int	q2_put_header(struct qcow2 *, const void *, size_t, uint64_t off);
/* Drops a reference to n clusters at the next sync. */
int	q2_free_later(struct qcow2 *, uint64_t cluster, uint64_t n,
	    bool punch);
/* The same for whatever an L2 entry refers to. */
int	q2_free_entry(struct qcow2 *, uint64_t entry, bool punch);

/* qcow2_refcount.c */
uint64_t q2_count_load(const uint8_t *, unsigned order, size_t i);
void	q2_count_store(uint8_t *, unsigned order, size_t i, uint64_t v);
uint64_t q2_count_max(unsigned order);
/*
 * The slice that has a cluster's count, as its entry i; *p NULL when there
 * is no refcount block for it.
 */
int	q2_count_slice(struct qcow2 *, uint64_t cluster, uint8_t **p,
	    size_t *i);
/* Counts in a slice. */
uint64_t q2_count_per_slice(const struct qcow2 *);
int	q2_count_get(struct qcow2 *, uint64_t cluster, uint64_t *);
int	q2_count_set(struct qcow2 *, uint64_t cluster, uint64_t v);
int	q2_count_add(struct qcow2 *, uint64_t cluster, uint64_t n);
int	q2_count_sub(struct qcow2 *, uint64_t cluster, uint64_t n);
/* Whether bytes belong to the header, the L1 or the refcount table. */
bool	q2_reserved(const struct qcow2 *, uint64_t off, uint64_t len);

/* qcow2_alloc.c */
/*
 * Takes up to want clusters in a row, counts them once, and tells the first
 * and how many.  *fresh: they lie past all that was ever written, and read
 * as zeros.
 */
struct q2_got {
	uint64_t	cluster;
	uint64_t	n;
	bool		fresh;
};
int	q2_alloc(struct qcow2 *, uint64_t want, struct q2_got *);
/* Exactly want clusters in a row. */
int	q2_alloc_row(struct qcow2 *, uint64_t want, struct q2_got *);
/* Gives back clusters that nothing refers to yet. */
void	q2_unalloc(struct qcow2 *, const struct q2_got *);
int	q2_block_new(struct qcow2 *, uint64_t i);

/* qcow2_map.c */
int	q2_lookup(struct qcow2 *, uint64_t off, uint64_t len,
	    struct q2_run *);
/* Forgets what q2_lookup remembers: tables have moved. */
void	q2_span_forget(struct qcow2 *);
/* Splits an entry; DISK_ECORRUPT when it cannot be. */
int	q2_decode(const struct qcow2 *, uint64_t entry, struct q2_run *);
/* Makes sure of an L2 table of our own for off. */
int	q2_table_own(struct qcow2 *, uint64_t off);
/* Entries of one own table; they get entry, entry + step, ... */
int	q2_entry_get(struct qcow2 *, uint64_t off, uint64_t *);
int	q2_entry_set(struct qcow2 *, uint64_t off, uint64_t entry);
/* Clusters and bytes that a packed entry spans. */
void	q2_packed_span(const struct qcow2 *, uint64_t entry, uint64_t *off,
	    uint64_t *len);

/* qcow2_read.c */
int	q2_readv(struct disk *, const struct iovec *, int, uint64_t off);
/* Bytes of any cluster, also past the end of the disk (zeros there). */
int	q2_read_old(struct qcow2 *, uint8_t *, size_t, uint64_t off);
int	q2_extent(struct disk *, uint64_t off, uint64_t len,
	    struct disk_extent *);
/* Whether a run reads as zeros without looking at any data. */
bool	q2_run_zero(const struct qcow2 *, const struct q2_run *,
	    uint64_t off);

/* qcow2_write.c */
int	q2_writev(struct disk *, const struct iovec *, int, uint64_t off);

/* qcow2_zero.c */
int	q2_zero(struct disk *, uint64_t off, uint64_t len, int unmap);
int	q2_discard(struct disk *, uint64_t off, uint64_t len);

/* qcow2_grow.c */
int	q2_grow(struct disk *, uint64_t size);

/* qcow2_zip.c */
/* Unpacks the cluster of a packed entry; lent until the next call. */
int	q2_unzip(struct qcow2 *, uint64_t entry, const uint8_t **);
/* The store's bytes at off were replaced: forget what was unpacked. */
void	q2_zip_forget(struct qcow2 *);
void	q2_zip_free(struct qcow2 *);

#endif
