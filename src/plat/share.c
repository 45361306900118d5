#include "share.h"

#include <sys/mman.h>

#define PAGE	4096
#define MAXOFF	(1ULL << 46)

static const char *
range_bad(const struct share_range *r)
{
	if (r->len == 0 || (r->gpa | r->len | r->off) % PAGE != 0)
		return "a memory range is not whole pages";
	if (r->gpa > MAXOFF || r->len > MAXOFF || r->off > MAXOFF)
		return "a memory range is too large";
	return NULL;
}

static int
map_one(const struct share *s, unsigned i, struct gmem *gm, const char **why)
{
	const struct share_range *r = &s->range[i];
	void *p;

	*why = range_bad(r);
	if (*why != NULL)
		return -1;
	p = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
	    (off_t)r->off);
	if (p == MAP_FAILED) {
		*why = "guest memory cannot be mapped";
		return -1;
	}
	if (gm_add(gm, r->gpa, r->len, p) == -1) {
		munmap(p, r->len);
		*why = "memory ranges overlap";
		return -1;
	}
	return 0;
}

int
share_map(const struct share *s, struct gmem *gm, const char **why)
{
	unsigned i;

	if (s->n == 0 || s->n > GM_MAXRANGES) {
		*why = "no memory ranges, or too many";
		return -1;
	}
	for (i = 0; i < s->n; i++) {
		if (map_one(s, i, gm, why) == -1) {
			share_unmap(gm);
			return -1;
		}
	}
	return 0;
}

void
share_unmap(struct gmem *gm)
{
	while (gm->n > 0) {
		gm->n--;
		munmap(gm->range[gm->n].hva, gm->range[gm->n].len);
	}
}
