#include "image.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
failed(struct image_new *n, const char *what, struct disk_why *why)
{
	disk_refuse(why, -1, "cannot be %s: %s", what, strerror(errno));
	image_drop(n);
	return -1;
}

/* What is there may be replaced when it is a file; links lead to it. */
static int
may_replace(struct image_new *n, const struct stat *st, int force,
    struct disk_why *why)
{
	char *real;

	if (!force)
		return disk_refuse(why, -1, "exists already; -y replaces it");
	if (!S_ISREG(st->st_mode))
		return disk_refuse(why, -1, "is not a regular file and "
		    "cannot be replaced");
	real = realpath(n->name, NULL);
	if (real == NULL)
		return failed(n, "found", why);
	free(n->name);
	n->name = real;
	n->old[0] = (uint64_t)st->st_dev;
	n->old[1] = (uint64_t)st->st_ino;
	return 0;
}

/* In the folder of the name, which thus is on the same file system. */
static int
make(struct image_new *n, struct disk_why *why)
{
	size_t len = strlen(n->name) + sizeof(".XXXXXXXX");
	char *tmp;

	tmp = malloc(len);
	if (tmp == NULL)
		return failed(n, "created", why);
	snprintf(tmp, len, "%s.XXXXXXXX", n->name);
	n->fd = mkstemp(tmp);
	if (n->fd == -1) {
		failed(n, "created", why);
		free(tmp);
		return -1;
	}
	n->tmp = tmp;
	return 0;
}

int
image_new(struct image_new *n, const char *name, int force,
    struct disk_why *why)
{
	struct stat st;
	int rv = 0, old;

	memset(n, 0, sizeof(*n));
	n->fd = -1;
	n->name = strdup(name);
	if (n->name == NULL)
		return failed(n, "created", why);
	old = stat(name, &st) == 0;
	if (old)
		rv = may_replace(n, &st, force, why);
	if (rv == 0)
		rv = make(n, why);
	if (rv != 0) {
		image_drop(n);
		return -1;
	}
	/* Who could use the old file can use the new one, if we may say so. */
	if (old && fchown(n->fd, st.st_uid, st.st_gid) == 0)
		(void)fchmod(n->fd, st.st_mode & 0777);
	return 0;
}

int
image_keep(struct image_new *n, int sync, struct disk_why *why)
{
	if ((sync && fsync(n->fd) == -1) || rename(n->tmp, n->name) == -1)
		return failed(n, "completed", why);
	free(n->tmp);
	n->tmp = NULL;
	image_drop(n);
	return 0;
}

void
image_drop(struct image_new *n)
{
	if (n->tmp != NULL)
		unlink(n->tmp);
	if (n->fd != -1)
		close(n->fd);
	free(n->tmp);
	free(n->name);
	n->tmp = n->name = NULL;
	n->fd = -1;
}
