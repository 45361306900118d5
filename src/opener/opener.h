/*
 * Opens the images of a disk for a device process, which opens nothing: the
 * file itself, what it rests on, and the overlay of an ephemeral disk.
 *
 * Whoever calls this has the right to open files.  Each image is locked
 * (flock) as long as any copy of its descriptor is open in any process: the
 * top exclusively when it is written, everything else shared.  So a disk that
 * another VM writes is refused, and several VMs may rest on one base.
 */
#ifndef OPENER_H
#define OPENER_H

#include "disk.h"

struct opener_conf {
	const char		*path;
	enum disk_format	 format;	/* DISK_AUTO: as it looks */
	int			 readonly;	/* a CD is raw and read-only */
	int			 ephemeral;	/* changes vanish with the VM */
	const char		*tmpdir;	/* for the overlay; NULL keeps
						   it in memory */
	int			 anybase;	/* bases outside the folder of
						   the image are all right */
};

struct opener_file {
	int			 fd;
	enum disk_format	 format;
};

/* The top first, then what it rests on. */
struct opener_image {
	struct opener_file	 file[DISK_MAXDEPTH];
	unsigned		 n;
	int			 readonly;
	uint64_t		 size;		/* of the disk, in bytes */
};

/*
 * 0, or -1 with *why a line that begins with the file's name and says what
 * to do about it; then nothing is open.  Refused: what is neither a file nor
 * a disk, a disk device that claims to be qcow2, a damaged image, a base
 * outside the image's folder, an image in use.
 */
int	opener_open(struct opener_image *, const struct opener_conf *,
	    struct disk_why *why);
void	opener_close(struct opener_image *);

#endif
