/*
 * Disk images as files: by name, with their chains, made, copied.
 *
 * What fails says why in one line without the file's name (struct disk_why)
 * and answers -1; nothing is printed here.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "disk.h"
#include "qcow2.h"

struct image_new;

struct image_opts {
	enum disk_format	format;		/* DISK_AUTO: look */
	int			write;
	int			anybase;	/* bases outside the folder */
	int			nobacking;	/* leave the chain closed */
	int			damaged;	/* see struct disk_opts */
	/* No base may be the file that this one replaces; may be NULL. */
	struct image_new	*instead;
};

/*
 * Opens an image with its chain.  A backing file must be a file in the
 * folder of the image or below it, links resolved; with anybase it may lie
 * anywhere.
 */
int	image_open(const char *file, const struct image_opts *,
	    struct disk **, struct disk_why *);

/*
 * Makes an empty image of a format in an open file, which stays open; of a
 * raw one only p->size counts.
 */
int	image_create(int fd, enum disk_format, const struct qcow2_params *p,
	    struct disk_why *);

/* A file that gets its name when it is complete. */
struct image_new {
	char		*name;		/* links resolved */
	char		*tmp;		/* NULL: none */
	int		 fd;		/* -1: none */
	uint64_t	 old[2];	/* device, number of what it replaces */
};

/*
 * Makes the file, under another name in the same folder, for its owner only.
 * A name that exists is refused unless force is set and it is a regular
 * file, whose owner and mode the new one takes over if it may.
 */
int	image_new(struct image_new *, const char *name, int force,
	    struct disk_why *);
/* Gives it its name, when sync is set not before it is safe on the disk. */
int	image_keep(struct image_new *, int sync, struct disk_why *);
/* Closes it, and removes it when it has no name yet. */
void	image_drop(struct image_new *);

/* A copy of an image in a new file. */
struct image_copy {
	const char		*src;
	struct image_opts	 in;
	int			 fd;		/* empty, open for writing */
	enum disk_format	 format;	/* of the copy */
	struct qcow2_params	 params;	/* its size is set here */
	int			 packed;	/* compressed */
	/*
	 * Called by the calling thread some times a second; a value other
	 * than 0 stops the copy.
	 */
	int			(*progress)(void *, uint64_t done,
				    uint64_t all);
	void			*arg;
};

enum image_result {
	IMAGE_COPIED = 0,
	IMAGE_FAILED = -1,
	IMAGE_NOSOURCE = -2,		/* the reason is about the source */
	IMAGE_STOPPED = -3		/* progress said so; no reason */
};

/*
 * Copies with several threads; the result does not depend on their number.
 * The file is the caller's, also after a failure.
 */
enum image_result image_copy(struct image_copy *, struct disk_why *);

#endif
