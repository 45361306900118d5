#include "chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filestore.h"

/* The folder of a resolved path. */
static char *
folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? strdup(".") : slash == path ? strdup("/") :
	    strndup(path, (size_t)(slash - path));
}

int
chain_begin(struct chain *c, const char *path)
{
	char *real = realpath(path, NULL);

	memset(c->dir, 0, sizeof(c->dir));
	c->root = NULL;
	if (real == NULL)
		return -1;
	c->root = folder(real);
	c->dir[0] = folder(real);
	free(real);
	if (c->root != NULL && c->dir[0] != NULL)
		return 0;
	chain_end(c);
	errno = ENOMEM;
	return -1;
}

void
chain_end(struct chain *c)
{
	int i;

	for (i = 0; i <= DISK_MAXDEPTH; i++) {
		free(c->dir[i]);
		c->dir[i] = NULL;
	}
	free(c->root);
	c->root = NULL;
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

/* Not blocking: a FIFO must not hold us up before it is refused. */
int
chain_file(const char *path, int oflags)
{
	return open(path, oflags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int
open_real(struct chain *c, const char *real, struct disk_ref *ref,
    struct bstore *bs, struct disk_why *why)
{
	int fd = chain_file(real, O_RDONLY), rv;

	if (fd == -1)
		return disk_refuse(why, filestore_code(errno), "backing file "
		    "\"%.80s\" cannot be opened: %s", ref->name,
		    strerror(errno));
	rv = filestore_open(bs, fd, c->flags);
	if (rv != 0) {
		close(fd);
		return disk_refuse(why, rv, "backing file \"%.80s\" is "
		    "neither a file nor a disk", ref->name);
	}
	if (c->look != NULL && (rv = c->look(c->arg, fd, ref, why)) != 0)
		bs_close(bs);
	return rv;
}

int
chain_open(void *arg, struct disk_ref *ref, struct bstore *bs,
    struct disk_why *why)
{
	struct chain *c = arg;
	char *real;
	int rv;

	if (is_protocol(ref->name))
		return disk_refuse(why, DISK_ENOTSUP, "backing file "
		    "\"%.80s\" is not a file's name", ref->name);
	real = resolve(c, ref);
	if (real == NULL)
		return disk_refuse(why, DISK_EIO, "backing file \"%.80s\" "
		    "cannot be opened: %s", ref->name, strerror(errno));
	if (!c->anybase && !below(real, c->root))
		rv = disk_refuse(why, DISK_EDENIED, "backing file \"%.80s\" "
		    "is outside the image's folder; %s", ref->name,
		    c->permit);
	else
		rv = open_real(c, real, ref, bs, why);
	if (rv == 0 && (c->dir[ref->depth] = folder(real)) == NULL) {
		bs_close(bs);
		rv = disk_refuse(why, DISK_ENOMEM, "out of memory");
	}
	free(real);
	return rv;
}
