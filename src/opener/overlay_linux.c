#include "overlay.h"

#include <sys/mman.h>

int
overlay_memory(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC);
}
