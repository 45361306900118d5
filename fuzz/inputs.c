#include "inputs.h"

#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add_file(struct inputs *all, const char *path)
{
	struct input in = { 0 };
	struct stat st;
	FILE *f;

	if ((f = fopen(path, "rb")) == NULL || fstat(fileno(f), &st) == -1)
		err(1, "%s", path);
	in.len = (size_t)st.st_size;
	in.path = strdup(path);
	if (in.path == NULL || (in.p = malloc(in.len + 1)) == NULL)
		err(1, NULL);
	if (fread(in.p, 1, in.len, f) != in.len)
		errx(1, "%s: cannot be read whole", path);
	fclose(f);
	all->in = realloc(all->in, (all->n + 1) * sizeof(*all->in));
	if (all->in == NULL)
		err(1, NULL);
	all->in[all->n++] = in;
}

static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

void
inputs_add(struct inputs *all, const char *path)
{
	struct dirent **list;
	char name[PATH_MAX];
	struct stat st;
	int i, n;

	if (stat(path, &st) == -1)
		err(1, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		add_file(all, path);
		return;
	}
	if ((n = scandir(path, &list, visible, alphasort)) == -1)
		err(1, "%s", path);
	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", path,
		    list[i]->d_name);
		inputs_add(all, name);
		free(list[i]);
	}
	free(list);
}
