/* A file in memory, without a name: the system's part of the opener. */
#ifndef MEMORY_H
#define MEMORY_H

/* A descriptor of an empty one, or -1 with errno. */
int	opener_memory(const char *name);

#endif
