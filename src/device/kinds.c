#include "child.h"

#include "vioblk.h"
#include "vionet.h"
#include "viornd.h"
#include "vioscsi.h"

static const struct dev_ops *const kinds[] = {
	&vioblk_dev, &vionet_dev, &viornd_dev, &vioscsi_dev
};

const struct dev_ops *
child_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}
