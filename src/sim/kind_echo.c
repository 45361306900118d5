#include "echo.h"
#include "sim.h"

#include <string.h>

static void
conf(struct wbuf *w)
{
	devconf_put_int(w, DEVCONF_QSIZE, 16);
}

static void
complete(struct sim *s, unsigned q, struct oracle_chain *c, uint32_t used)
{
	uint64_t n;

	s->ops |= 1U << q;
	if (q == 0) {
		n = c->rlen < c->wlen ? c->rlen : c->wlen;
		if (used != n && n <= 4096)
			sim_fail(s, "echo", "not all that fits came back");
		if (memcmp(c->req, c->rsp, used) != 0)
			sim_fail(s, "echo", "other bytes came back");
	} else if (q == 1) {
		n = s->inputlen < c->wlen ? s->inputlen : c->wlen;
		if (used != n ||
		    (n > 0 && memcmp(c->rsp, s->input, n) != 0))
			sim_fail(s, "echo", "the buffer is not the input");
	} else {
		n = c->rlen < sizeof(s->sent) ? c->rlen : sizeof(s->sent);
		if (used != 0)
			sim_fail(s, "echo", "length for a buffer to send");
		if (s->sentlen != n || memcmp(c->req, s->sent, n) != 0)
			if (s->sentlen != 0)
				sim_fail(s, "echo", "other bytes were sent");
		s->sentlen = 0;
	}
}

/* Buffers for input wait until there is some. */
static int
lazy(struct sim *s, unsigned q)
{
	(void)s;
	return q == 1;
}

static const char *const ops[] = { "echo", "input", "output", NULL };

const struct sim_kind sim_echo = {
	.dev = &echo_dev,
	.conf = conf,
	.complete = complete,
	.ops = ops,
	.lazy = lazy,
};

const struct sim_kind sim_legacy = {
	.dev = &legacy_dev,
	.conf = conf,
};
