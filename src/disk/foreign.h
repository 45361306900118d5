/* Image formats that are not ours, by what their files begin or end with. */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "bstore.h"

/*
 * *name is that of the format, or NULL where nothing looks like one; 0 or a
 * code.  LUKS is none of them: to us it is a raw disk, and a guest knows
 * what to do with it.
 */
int	foreign_probe(const struct bstore *, const char **name);

#endif
