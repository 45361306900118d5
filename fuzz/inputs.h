/* Inputs out of files and folders, for programs without an engine. */
#ifndef INPUTS_H
#define INPUTS_H

#include <stddef.h>
#include <stdint.h>

struct input {
	char	*path;
	uint8_t	*p;
	size_t	 len;
	int	 good;		/* for whoever added it */
};

struct inputs {
	struct input	*in;
	size_t		 n;
};

/*
 * Adds a file, or all files below a folder in the order of their names,
 * without those whose name begins with a dot.  Ends the program, with one
 * line that says why, when something cannot be read.
 */
void	inputs_add(struct inputs *, const char *path);

#endif
