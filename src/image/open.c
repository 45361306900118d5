#include "image.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "chain.h"
#include "filestore.h"

static int
open_store(const char *path, int oflags, struct bstore *bs)
{
	int fd, rv;

	fd = chain_file(path, oflags);
	if (fd == -1)
		return filestore_code(errno);
	rv = filestore_open(bs, fd, 0);
	if (rv != 0)
		close(fd);
	return rv;
}

static int
open_top(const char *file, const struct image_opts *o, struct chain *c,
    struct disk **d, struct disk_why *why)
{
	struct disk_opener op = { chain_open, c };
	struct disk_opts dopts = {
		.format = o->format,
		.readonly = !o->write,
		.nobacking = o->nobacking,
		.damaged = o->damaged,
		.opener = &op,
	};
	struct bstore bs;
	int rv;

	rv = open_store(file, o->write ? O_RDWR : O_RDONLY, &bs);
	if (rv != 0) {
		disk_refuse(why, rv, "cannot be opened: %s",
		    rv == DISK_ENOTSUP ? "neither a file nor a disk" :
		    strerror(errno));
		return -1;
	}
	if (disk_open(&bs, &dopts, d, why) != 0) {
		bs_close(&bs);
		return -1;
	}
	return 0;
}

/* A base that is about to be replaced would be lost. */
static int
not_replaced(void *arg, int fd, struct disk_ref *ref, struct disk_why *why)
{
	const struct image_new *n = arg;
	struct stat st;

	if (fstat(fd, &st) == 0 && (uint64_t)st.st_dev == n->old[0] &&
	    (uint64_t)st.st_ino == n->old[1])
		return disk_refuse(why, DISK_EINVAL, "backing file "
		    "\"%.80s\" is the file that would be replaced",
		    ref->name);
	return 0;
}

int
image_open(const char *file, const struct image_opts *o, struct disk **d,
    struct disk_why *why)
{
	struct chain c = {
		.anybase = o->anybase, .permit = "-a permits it",
		.look = o->instead != NULL ? not_replaced : NULL,
		.arg = o->instead,
	};
	int rv;

	*d = NULL;
	if (chain_begin(&c, file) == -1) {
		disk_refuse(why, DISK_EIO, "%s", strerror(errno));
		return -1;
	}
	rv = open_top(file, o, &c, d, why);
	chain_end(&c);
	return rv;
}

int
image_create(int fd, enum disk_format f, const struct qcow2_params *p,
    struct disk_why *why)
{
	struct bstore bs;
	int rv, copy;

	copy = dup(fd);
	if (copy == -1 || filestore_open(&bs, copy, FILESTORE_NOSYNC) != 0) {
		disk_refuse(why, DISK_EIO, "cannot be opened again: %s",
		    strerror(errno));
		if (copy != -1)
			close(copy);
		return -1;
	}
	if (f == DISK_QCOW2) {
		rv = qcow2_create(&bs, p, why);
	} else {
		rv = bs_resize(&bs, p->size);
		if (rv != 0)
			disk_refuse(why, rv, "cannot be written: %s",
			    disk_strerror(rv));
	}
	bs_close(&bs);
	return rv == 0 ? 0 : -1;
}
