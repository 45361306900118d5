#include "opener.h"

#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chain.h"
#include "filestore.h"
#include "image.h"
#include "overlay.h"

/* One opening. */
struct work {
	const struct opener_conf *conf;
	struct opener_image	 *im;
};

static int
lock(int fd, int exclusive, const char *what, struct disk_why *why)
{
	if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return disk_refuse(why, DISK_EDENIED, "%.80s%sin use by "
		    "another VM; stop that one, or give this one a copy or "
		    "an overlay of its own", what, what[0] != '\0' ?
		    " is " : "");
	return disk_refuse(why, DISK_EIO, "%.80s%scannot be locked: %s", what,
	    what[0] != '\0' ? " " : "", strerror(errno));
}

/* A file of the chain: locked, probed, and kept as a copy of ours. */
static int
keep(struct work *w, int fd, enum disk_format f, struct disk_why *why)
{
	struct opener_image *im = w->im;

	im->file[im->n].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (im->file[im->n].fd == -1)
		return disk_refuse(why, DISK_EIO, "no descriptor left: %s",
		    strerror(errno));
	im->file[im->n++].format = f;
	return 0;
}

static int
probe(int fd, enum disk_format *f, struct disk_why *why)
{
	uint8_t magic[4] = { 0 };

	if (*f != DISK_AUTO)
		return 0;
	if (pread(fd, magic, sizeof(magic), 0) == -1)
		return disk_refuse(why, DISK_EIO, "cannot be read: %s",
		    strerror(errno));
	*f = memcmp(magic, "QFI\xfb", 4) == 0 ? DISK_QCOW2 : DISK_RAW;
	return 0;
}

static int
look_at_base(void *arg, int fd, struct disk_ref *ref, struct disk_why *why)
{
	char what[96];
	int rv;

	snprintf(what, sizeof(what), "backing file \"%.60s\"", ref->name);
	rv = lock(fd, 0, what, why);
	if (rv == 0)
		rv = probe(fd, &ref->format, why);
	return rv == 0 ? keep(arg, fd, ref->format, why) : rv;
}

/* What the top is: a file or a disk, of a format that goes with it. */
static int
check_top(int fd, enum disk_format *f, struct disk_why *why)
{
	struct stat st;
	int rv;

	if (fstat(fd, &st) == -1)
		return disk_refuse(why, DISK_EIO, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) &&
	    !S_ISCHR(st.st_mode))
		return disk_refuse(why, DISK_ENOTSUP, "neither a file nor a "
		    "disk");
	if ((rv = probe(fd, f, why)) != 0)
		return rv;
	if (!S_ISREG(st.st_mode) && *f == DISK_QCOW2)
		return disk_refuse(why, DISK_ENOTSUP, "a disk device cannot "
		    "hold a qcow2 image; use format raw, or convert the image "
		    "with vmdisk");
	return 0;
}

/* Opens the chain for reading, with all checks, and closes it again. */
static int
walk(struct work *w, int fd, struct disk_why *why)
{
	struct chain chain = {
		.anybase = w->conf->anybase,
		.permit = "move it there, or permit bases anywhere",
		.look = look_at_base, .arg = w
	};
	struct disk_opener op = { chain_open, &chain };
	struct disk_opts o = {
		.format = w->im->file[0].format, .readonly = 1, .opener = &op
	};
	struct disk *d;
	struct bstore bs;
	int copy, rv;

	if (chain_begin(&chain, w->conf->path) == -1)
		return disk_refuse(why, DISK_EIO, "%s", strerror(errno));
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	rv = copy == -1 ? DISK_EIO : filestore_open(&bs, copy, 0);
	if (rv == 0) {
		rv = disk_open(&bs, &o, &d, why);
		if (rv == 0) {
			w->im->size = d->size;
			disk_close(&d);
		} else {
			bs_close(&bs);
		}
	} else {
		disk_refuse(why, rv, "cannot be opened: %s",
		    disk_strerror(rv));
	}
	chain_end(&chain);
	return rv;
}

/* A file without a name. */
static int
nameless(const struct opener_conf *c)
{
	char *path;
	size_t n;
	int fd;

	if (c->tmpdir == NULL)
		return overlay_memory("overlay");
	n = strlen(c->tmpdir) + sizeof("/vmd.XXXXXXXXXX");
	path = malloc(n);
	if (path == NULL)
		return -1;
	snprintf(path, n, "%s/vmd.XXXXXXXXXX", c->tmpdir);
	fd = mkstemp(path);
	if (fd != -1 && (unlink(path) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)) {
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* Puts an overlay on top, which everything that is written goes to. */
static int
add_overlay(const struct opener_conf *c, struct opener_image *im,
    struct disk_why *why)
{
	struct qcow2_params p = {
		.size = im->size, .backing = "base",
		.backing_fmt = disk_format_name(im->file[0].format)
	};
	int fd;

	if (im->n == DISK_MAXDEPTH)
		return disk_refuse(why, DISK_ENOTSUP, "no room for an "
		    "overlay in a chain of %d images", DISK_MAXDEPTH);
	if (im->size % 512 != 0)
		return disk_refuse(why, DISK_ENOTSUP, "an ephemeral disk "
		    "needs an image of whole sectors");
	fd = nameless(c);
	if (fd == -1)
		return disk_refuse(why, DISK_EIO, "no file for the overlay "
		    "in %.80s: %s", c->tmpdir != NULL ? c->tmpdir : "memory",
		    strerror(errno));
	if (image_create(fd, DISK_QCOW2, &p, why) == -1) {
		close(fd);
		return DISK_EIO;
	}
	memmove(im->file + 1, im->file, im->n * sizeof(im->file[0]));
	im->n++;
	im->file[0].fd = fd;
	im->file[0].format = DISK_QCOW2;
	im->readonly = 0;
	return 0;
}

static int
open_all(struct work *w, int fd, struct disk_why *why)
{
	const struct opener_conf *c = w->conf;
	enum disk_format f = c->format;
	int rv;

	if ((rv = check_top(fd, &f, why)) != 0 ||
	    (rv = lock(fd, !w->im->readonly, "", why)) != 0 ||
	    (rv = keep(w, fd, f, why)) != 0 ||
	    (rv = walk(w, fd, why)) != 0)
		return rv;
	return c->ephemeral ? add_overlay(c, w->im, why) : 0;
}

int
opener_open(struct opener_image *im, const struct opener_conf *c,
    struct disk_why *why)
{
	struct work w = { c, im };
	struct disk_why part = { "" };
	int fd, rv = DISK_EIO;

	memset(im, 0, sizeof(*im));
	im->readonly = c->readonly || c->ephemeral;
	fd = chain_file(c->path, im->readonly ? O_RDONLY : O_RDWR);
	if (fd == -1)
		disk_refuse(&part, rv, "%s%s", strerror(errno), errno ==
		    EACCES || errno == EROFS ? "; change its mode, or attach "
		    "it read-only" : "");
	else
		rv = open_all(&w, fd, &part);
	if (fd != -1)
		close(fd);
	if (rv == 0)
		return 0;
	opener_close(im);
	disk_refuse(why, rv, "%.100s: %s", c->path, part.text);
	return -1;
}

void
opener_close(struct opener_image *im)
{
	while (im->n > 0)
		close(im->file[--im->n].fd);
}
