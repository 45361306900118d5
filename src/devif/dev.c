#include "dev.h"

#include <string.h>

struct dev *
dev_attach(const struct dev_ops *ops, void *mem, const struct dev_host *host,
    struct gmem *gm, const struct devconf *conf)
{
	struct dev *d = mem;

	memset(d, 0, ops->size);
	d->ops = ops;
	d->host = *host;
	d->gm = gm;
	if (ops->attach(d, conf) == -1)
		return NULL;
	return d;
}

void
dev_detach(struct dev *d)
{
	d->ops->detach(d);
}
