#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filestore.h"

/* What the opener knows: the folder of each image in the chain. */
struct chain {
	char	*root;			/* of the top, resolved */
	char	*dir[DISK_MAXDEPTH + 1];
	int	 anybase;
};

/* The folder of a resolved path. */
static char *
folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? strdup(".") : slash == path ? strdup("/") :
	    strndup(path, (size_t)(slash - path));
}

static int
below(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (root[n - 1] == '/' ||
	    path[n] == '/' || path[n] == '\0');
}

/* "nbd://host" or "json:{}" would not be a file's name elsewhere. */
static int
is_protocol(const char *name)
{
	const char *colon = strchr(name, ':'), *slash = strchr(name, '/');

	return colon != NULL && (slash == NULL || colon < slash);
}

/* The name, relative to the folder of the image that has it, resolved. */
static char *
resolve(const struct chain *c, const struct disk_ref *ref)
{
	const char *dir = c->dir[ref->depth - 1];
	char *joined, *real;
	size_t n = strlen(dir) + strlen(ref->name) + 2;

	if (ref->name[0] == '/')
		return realpath(ref->name, NULL);
	joined = malloc(n);
	if (joined == NULL)
		return NULL;
	strcpy(joined, dir);
	strcat(joined, "/");
	strcat(joined, ref->name);
	real = realpath(joined, NULL);
	free(joined);
	return real;
}

static int
open_store(const char *path, int oflags, struct bstore *bs)
{
	int fd, rv;

	/* Not blocking: a FIFO must not hold us up before it is refused. */
	fd = open(path, oflags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return filestore_code(errno);
	rv = filestore_open(bs, fd, 0);
	if (rv != 0)
		close(fd);
	return rv;
}

static int
open_base(void *arg, struct disk_ref *ref, struct bstore *bs,
    struct disk_why *why)
{
	struct chain *c = arg;
	char *real;
	int rv = DISK_EDENIED;

	if (is_protocol(ref->name))
		return disk_refuse(why, DISK_ENOTSUP,
		    "backing file \"%.80s\" is not a file's name", ref->name);
	real = resolve(c, ref);
	if (real == NULL)
		return disk_refuse(why, DISK_EIO,
		    "backing file \"%.80s\" cannot be opened: %s", ref->name,
		    strerror(errno));
	if (!c->anybase && !below(real, c->root)) {
		disk_refuse(why, rv, "backing file \"%.80s\" is outside the "
		    "image's folder; -a permits it", ref->name);
	} else {
		rv = open_store(real, O_RDONLY, bs);
		if (rv != 0)
			disk_refuse(why, rv, "backing file \"%.80s\" cannot "
			    "be opened: %s", ref->name, disk_strerror(rv));
	}
	if (rv == 0)
		c->dir[ref->depth] = folder(real);
	free(real);
	return rv;
}

static int
open_top(const char *file, const struct image_opts *o, struct chain *c,
    struct disk **d, struct disk_why *why)
{
	struct disk_opener op = { open_base, c };
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

int
image_open(const char *file, const struct image_opts *o, struct disk **d,
    struct disk_why *why)
{
	struct chain c = { .anybase = o->anybase };
	char *real;
	int i, rv;

	*d = NULL;
	real = realpath(file, NULL);
	if (real == NULL) {
		disk_refuse(why, DISK_EIO, "%s", strerror(errno));
		return -1;
	}
	c.root = folder(real);
	c.dir[0] = folder(real);
	if (c.root == NULL || c.dir[0] == NULL)
		rv = disk_refuse(why, -1, "out of memory");
	else
		rv = open_top(real, o, &c, d, why);
	for (i = 0; i <= DISK_MAXDEPTH; i++)
		free(c.dir[i]);
	free(c.root);
	free(real);
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
