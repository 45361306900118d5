#include "sim.h"
#include "viornd.h"

#include <string.h>

static void
conf(struct wbuf *w)
{
	devconf_put_int(w, DEVCONF_QSIZE, VIORND_QSIZE);
}

/* What the guest got is what the host gave, and never nothing. */
static void
complete(struct sim *s, unsigned q, struct oracle_chain *c, uint32_t used)
{
	(void)q;
	s->ops |= c->wlen == 0 ? 1 : 2;
	if (c->wlen == 0)
		return;
	s->ops |= used < c->wlen ? 4 : 0;
	if (used == 0)
		sim_fail(s, "rng", "a buffer came back empty");
	if (used != s->nentropy || memcmp(c->rsp, s->entropy, used) != 0)
		sim_fail(s, "rng", "bytes in the buffer are not the host's");
}

static const char *const ops[] = { "no-room", "fill", "partial", NULL };

const struct sim_kind sim_viornd = {
	.dev = &viornd_dev,
	.conf = conf,
	.complete = complete,
	.ops = ops,
};
