/* Where there is no hypervisor that we know. */
#if !defined(__linux__) || !defined(__x86_64__)
#include "plat.h"

#include <stddef.h>

static int
none_open(const struct plat_conf *c, struct plat **pp, struct plat_why *why)
{
	(void)c;
	*pp = NULL;
	return plat_fail(why, "hypervisor: none that this program knows on "
	    "this system: the engine qtest works everywhere");
}

const struct plat_ops plat_native = {
	.name = "none",
	.open = none_open,
};
#endif
