#include "vmdisk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
newfile_begin(struct newfile *n, const char *name, int force)
{
	size_t len = strlen(name) + sizeof(".XXXXXXXX");

	n->name = name;
	n->fd = -1;
	n->tmp = NULL;
	if (!force && access(name, F_OK) == 0)
		return complain(name, "exists already; -y replaces it"), -1;
	n->tmp = malloc(len);
	if (n->tmp == NULL)
		return complain(name, "out of memory");
	snprintf(n->tmp, len, "%s.XXXXXXXX", name);
	n->fd = mkstemp(n->tmp);
	if (n->fd == -1) {
		complain(name, "cannot be created: %s", strerror(errno));
		free(n->tmp);
		n->tmp = NULL;
		return -1;
	}
	return 0;
}

int
newfile_commit(struct newfile *n, int sync)
{
	if ((sync && fsync(n->fd) == -1) || rename(n->tmp, n->name) == -1) {
		complain(n->name, "cannot be completed: %s",
		    strerror(errno));
		newfile_abandon(n);
		return -1;
	}
	free(n->tmp);
	n->tmp = NULL;
	newfile_abandon(n);
	return 0;
}

void
newfile_abandon(struct newfile *n)
{
	if (n->tmp != NULL)
		unlink(n->tmp);
	if (n->fd != -1)
		close(n->fd);
	free(n->tmp);
	n->tmp = NULL;
	n->fd = -1;
}
