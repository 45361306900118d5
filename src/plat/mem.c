#include "mem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define MIB	(1024 * 1024)

/* Lays the ranges out in the object; its size, or 0 for a bad range. */
static uint64_t
layout(struct share *s, const struct plat_conf *c)
{
	const struct plat_range *r;
	uint64_t total = 0;
	unsigned i;

	s->n = c->nranges;
	for (i = 0; i < c->nranges; i++) {
		r = &c->range[i];
		if (r->len > UINT64_MAX - total)
			return 0;
		s->range[i].gpa = r->gpa;
		s->range[i].len = r->len;
		s->range[i].off = total;
		total += r->len;
	}
	return total;
}

/* More than the machine has would end in the kernel's choice of a victim. */
static int
affordable(uint64_t total, struct plat_why *why)
{
	uint64_t have;

	have = (uint64_t)sysconf(_SC_PHYS_PAGES) *
	    (uint64_t)sysconf(_SC_PAGESIZE);
	if (total <= have)
		return 0;
	return plat_fail(why, "guest memory: %" PRIu64 " MiB are more than "
	    "the %" PRIu64 " MiB of this machine: ask for less",
	    total / MIB, have / MIB);
}

int
mem_open(struct mem *m, const struct plat_conf *c, struct plat_why *why)
{
	const char *reason;
	uint64_t total;

	memset(m, 0, sizeof(*m));
	m->share.fd = -1;
	if (c->nranges == 0 || c->nranges > GM_MAXRANGES)
		return plat_fail(why, "guest memory: no ranges, or too many");
	total = layout(&m->share, c);
	if (affordable(total, why) == -1)
		return -1;
	m->share.fd = mem_object(c->name, total);
	if (m->share.fd == -1)
		return plat_fail(why, "guest memory: %" PRIu64 " MiB: %s: "
		    "ask for less, or free some", total / MIB,
		    strerror(errno));
	if (share_map(&m->share, &m->gm, &reason) == -1) {
		plat_fail(why, "guest memory: %" PRIu64 " MiB: %s",
		    total / MIB, reason);
		mem_close(m);
		return -1;
	}
	return 0;
}

void
mem_close(struct mem *m)
{
	share_unmap(&m->gm);
	if (m->share.fd != -1)
		close(m->share.fd);
	m->share.fd = -1;
}
