#include "memory.h"

#include <sys/mman.h>

int
opener_memory(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}
