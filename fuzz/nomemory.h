/*
 * Allocations of the disk layer that fail: the objects that are shipped, with
 * calls of malloc, calloc and realloc renamed when a target is linked
 * (libfaulty-disk.a).  Nobody else's memory is touched.
 */
#ifndef NOMEMORY_H
#define NOMEMORY_H

#include <stdint.h>

/* The nth allocation from now on fails, once; 0: none does. */
void		nomemory_arm(uint64_t nth);
/* How many failed so far. */
uint64_t	nomemory_failures(void);

#endif
