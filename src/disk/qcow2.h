/*
 * qcow2, versions 2 and 3, over a byte store.  Format facts are those of
 * the qcow2 specification in the QEMU source tree (docs/interop/qcow2.txt).
 *
 * Refused by name at open: encryption, external data files, extended L2
 * entries, unknown incompatible features, unknown compression types, sizes
 * and offsets outside the file or the limits in disk.h; for writing also
 * images that are marked corrupt and images with persistent bitmaps in use.
 *
 * The order of writes.  Changes to L2 tables and refcounts gather in two
 * caches and go out together, at a flush of the guest, when a cache is full,
 * and at close:
 *
 *     refcounts -> refcount table -> L2 and L1 tables -> frees
 *
 * with a flush of the store at each arrow that has something on both sides.
 * (What an L1 entry names is then at least a table of zeros or a copy.)
 * Guest data is written before all of these, when the guest sends it.  A
 * cluster that lost its last reference is given out again only when the
 * loss has reached the store.  So whatever a crash leaves behind has each
 * reference counted; it may have counts without reference: leaks.
 */
#ifndef QCOW2_H
#define QCOW2_H

#include "disk.h"

struct zip;

enum qcow2_ctype {
	QCOW2_ZLIB = 0,
	QCOW2_ZSTD = 1
};

/* What create makes; zero fields mean the defaults in brackets. */
struct qcow2_params {
	uint64_t	 size;		/* bytes; a multiple of 512 */
	unsigned	 version;	/* 2 or 3 [3] */
	unsigned	 cluster_bits;	/* 9 to 21 [16] */
	unsigned	 refcount_order;/* 0 to 6 [4]; version 2: 4 */
	int		 order_given;	/* refcount_order holds a value */
	enum qcow2_ctype ctype;		/* version 2: zlib */
	const char	*backing;	/* NULL: none */
	const char	*backing_fmt;	/* "raw", "qcow2", NULL: unsaid */
	int		 prealloc;	/* allocate all clusters, unwritten */
	int		 lazy;		/* set the lazy refcounts feature */
	/* Asked now and then: a value other than 0 ends a preallocation. */
	int		(*stop)(void *);
	void		*arg;
};

struct qcow2_info {
	unsigned	 version;
	unsigned	 cluster_bits;
	unsigned	 refcount_order;
	enum qcow2_ctype ctype;
	int		 lazy, dirty, corrupt;
	uint32_t	 nsnapshots;
	const char	*backing;	/* lent; NULL: none */
	const char	*backing_fmt;	/* lent; NULL: unsaid */
};

/* The findings of a check, counted as qemu-img counts them. */
struct qcow2_check {
	uint64_t	 corruptions;
	uint64_t	 leaks;
	uint64_t	 leaks_fixed;
	uint64_t	 clusters;	/* of the virtual disk */
	uint64_t	 allocated;
	uint64_t	 compressed;
	uint64_t	 end;		/* of the last cluster in use */
	/* Called with a line for each of the first findings; may be NULL. */
	void		(*say)(void *, const char *line);
	void		 *arg;
};

/*
 * The parts of disk_open.  qcow2_open does not look for the backing file;
 * opts->damaged admits images with broken refcount tables or with marks of
 * corruption, for qcow2_check only.  qcow2_ready, once the chain is there,
 * clears unknown autoclear bits and rebuilds the refcounts of an image that
 * was not closed cleanly.  qcow2_abandon closes the chain but not the store
 * of its top, and writes nothing.
 */
int		 qcow2_open(const struct bstore *, const struct disk_opts *,
		    struct disk **, struct disk_why *);
int		 qcow2_ready(struct disk *, struct disk_why *);
void		 qcow2_abandon(struct disk *);
struct disk	*qcow2_backing(struct disk *);
void		 qcow2_set_backing(struct disk *, struct disk *);
/* NULL when the image has none. */
const char	*qcow2_backing_name(struct disk *);
enum disk_format qcow2_backing_format(struct disk *);
const struct bstore *qcow2_store(struct disk *);

/*
 * Writes an empty image into an empty store.  The header comes last, so what
 * is left of a failed attempt is no image; a preallocation comes after it.
 */
int		 qcow2_create(const struct bstore *,
		    const struct qcow2_params *, struct disk_why *);

void		 qcow2_info(struct disk *, struct qcow2_info *);
/*
 * Walks all tables, snapshots included, and compares with the refcounts;
 * with repair it lowers counts that are too high (the image must be open
 * for writing).  Findings are no error; 0 unless the walk itself failed:
 * DISK_ENOTSUP when the file has more than 2^27 clusters.
 */
int		 qcow2_check(struct disk *, struct qcow2_check *, int repair);
/*
 * Sets all counts to what the references say, also those that are too low,
 * and clears the dirty and corrupt marks: the repair of lazy refcounts.
 */
int		 qcow2_rebuild(struct disk *);

/*
 * Writes one whole cluster compressed; p has one cluster of bytes (beyond
 * the end of the disk zeros), off is a multiple of the cluster size.  The
 * cluster is stored plainly when compression does not make it smaller.
 */
int		 qcow2_write_packed(struct disk *, const void *p,
		    uint64_t off);
/*
 * The same in two steps, of which only the second touches the disk: so that
 * several threads can pack what one of them stores.  The packer is the
 * caller's (zip.h); NULL without memory.  What it made of a cluster, len
 * bytes, is what put_packed stores.
 */
struct zip	*qcow2_packer(struct disk *);
int		 qcow2_put_packed(struct disk *, const void *, size_t len,
		    uint64_t off);

#endif
