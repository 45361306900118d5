#include "plat.h"

#include <stddef.h>
#include <string.h>

const struct plat_ops *
plat_engine(const char *name)
{
	const struct plat_ops *all[] = { &plat_native, &plat_qtest };
	unsigned i;

	if (strcmp(name, "native") == 0)
		return &plat_native;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(name, all[i]->name) == 0)
			return all[i];
	}
	return NULL;
}
