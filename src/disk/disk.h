/*
 * A disk: an image of some format, open for reads and writes of bytes.
 *
 * A disk is used by one thread at a time and calls back only into its byte
 * stores and, while it is opened, into the opener.  Every request is checked
 * here against the size of the disk before the format sees it, so a format
 * may rely on off + len <= size.  All calls answer 0 or a code of bstore.h.
 *
 * What an image may cost, whatever it claims:
 *   open       reads the header (64 KiB at most), an L1 table of at most
 *              32 MiB and a refcount table of at most 8 MiB, each of which
 *              must lie inside the file, and as much per backing file, of
 *              which there are at most DISK_MAXDEPTH; a dirty image opened
 *              for writing is also checked (see qcow2.h for the cost)
 *   memory     the tables above, two caches of 4 KiB slices (L2: 16 MiB,
 *              refcounts: 2 MiB), at most five buffers of one cluster
 *   request    time linear in the clusters of the request; an allocation
 *              looks at no more than 128 slices of refcounts
 *   check      four bytes per cluster of the file, at most 2^27 clusters, and
 *              time linear in the length of the file
 */
#ifndef DISK_H
#define DISK_H

#include <stddef.h>
#include <stdint.h>

#include "bstore.h"

#define DISK_MAXDEPTH	32		/* images in a chain, top included */
#define DISK_NAMEMAX	1023		/* bytes of a backing file's name */

enum disk_format {
	DISK_AUTO,			/* look: see foreign.h, too */
	DISK_RAW,
	DISK_QCOW2
};

/* Why something was refused: one line, without the file's name. */
struct disk_why {
	char	text[240];
};

enum disk_kind {
	DISK_HOLE,			/* reads as zeros; nothing is stored */
	DISK_ZERO,			/* said to be zero */
	DISK_DATA,
	DISK_PACKED			/* compressed */
};

/* What a stretch of a disk is made of. */
struct disk_extent {
	uint64_t	 off;		/* on the disk */
	uint64_t	 len;
	enum disk_kind	 kind;
	unsigned	 depth;		/* image of the chain, 0: the top */
	int		 hosted;	/* host says where it is stored */
	uint64_t	 host;		/* in that image's byte store */
};

struct disk;

struct disk_ops {
	void	(*close)(struct disk *);
	int	(*readv)(struct disk *, const struct iovec *, int,
		    uint64_t off);
	int	(*writev)(struct disk *, const struct iovec *, int,
		    uint64_t off);
	int	(*flush)(struct disk *);
	int	(*discard)(struct disk *, uint64_t off, uint64_t len);
	int	(*zero)(struct disk *, uint64_t off, uint64_t len, int unmap);
	int	(*grow)(struct disk *, uint64_t size);
	int	(*extent)(struct disk *, uint64_t off, uint64_t len,
		    struct disk_extent *);
};

struct disk {
	const struct disk_ops	*ops;
	uint64_t		 size;		/* bytes */
	uint32_t		 granule;	/* unit of a discard */
	enum disk_format	 format;
	int			 readonly;
};

/*
 * The opener decides which backing file may be opened: the layer opens
 * nothing itself.  It gets the name as the image has it (no NUL inside), the
 * store of the image that names it, and the depth of the new image (1 is the
 * base of the top).  It fills in a store that reads and, when it knows
 * better than the image, the format; or it answers a code and says why.  The
 * layer closes the store.
 */
struct disk_ref {
	const char		*name;
	const struct bstore	*from;
	unsigned		 depth;
	enum disk_format	 format;	/* as the image says */
};

struct disk_opener {
	int	(*open)(void *, struct disk_ref *, struct bstore *,
		    struct disk_why *);
	void	*arg;
};

struct disk_opts {
	enum disk_format	 format;
	int			 readonly;
	int			 nobacking;	/* leave the chain closed */
	int			 damaged;	/* for check: see qcow2.h */
	const struct disk_opener *opener;	/* NULL: no backing files */
};

/*
 * Opens the image in a store, and its chain for reading.  On success the
 * disk owns the store, otherwise it is still the caller's and *why says what
 * is wrong.
 */
int	disk_open(const struct bstore *, const struct disk_opts *,
	    struct disk **, struct disk_why *);
/* Writes back what is cached, closes all stores, sets *d to NULL. */
void	disk_close(struct disk **);

int	disk_readv(struct disk *, const struct iovec *, int, uint64_t off);
int	disk_writev(struct disk *, const struct iovec *, int, uint64_t off);
int	disk_read(struct disk *, void *, size_t, uint64_t off);
int	disk_write(struct disk *, const void *, size_t, uint64_t off);
/* All writes that were answered before survive a crash from now on. */
int	disk_flush(struct disk *);
/*
 * The guest no longer needs these bytes.  Each whole granule of them reads
 * as zeros afterwards or is unchanged; the rest is unchanged.
 */
int	disk_discard(struct disk *, uint64_t off, uint64_t len);
/* They read as zeros; with unmap their space may be given back. */
int	disk_zero(struct disk *, uint64_t off, uint64_t len, int unmap);
/* Makes the disk larger; the new bytes read as zeros.  Never smaller. */
int	disk_grow(struct disk *, uint64_t size);
/* The stretch that begins at off, at most len long, and its origin. */
int	disk_extent(struct disk *, uint64_t off, uint64_t len,
	    struct disk_extent *);

const char	*disk_format_name(enum disk_format);

/* For the formats: formats *why (which may be NULL) and returns code. */
int	disk_refuse(struct disk_why *, int code, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
