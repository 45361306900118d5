/* A file in memory, without a name: the system's part of the opener. */
#ifndef OVERLAY_H
#define OVERLAY_H

/* A descriptor of an empty one, or -1 with errno. */
int	overlay_memory(const char *name);

#endif
