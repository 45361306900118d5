#include "gmem.h"

#include <string.h>

int
gm_add(struct gmem *gm, uint64_t gpa, uint64_t len, void *hva)
{
	struct gm_range *r;
	unsigned i;

	if (gm->n == GM_MAXRANGES || len == 0 || gpa + (len - 1) < gpa)
		return -1;
	for (i = 0; i < gm->n; i++) {
		r = &gm->range[i];
		if (gpa <= r->gpa + (r->len - 1) && r->gpa <= gpa + (len - 1))
			return -1;
	}
	r = &gm->range[gm->n++];
	r->gpa = gpa;
	r->len = len;
	r->hva = hva;
	return 0;
}

/* The range that holds gpa and how much of it follows, or NULL. */
static inline const struct gm_range *
range_at(const struct gmem *gm, uint64_t gpa, uint64_t *room)
{
	const struct gm_range *r;
	unsigned i;

	for (i = 0; i < gm->n; i++) {
		r = &gm->range[i];
		if (gpa - r->gpa < r->len) {
			*room = r->len - (gpa - r->gpa);
			return r;
		}
	}
	return NULL;
}

const struct gm_range *
gm_range_of(const struct gmem *gm, uint64_t gpa, size_t len)
{
	const struct gm_range *r;
	uint64_t room;

	r = range_at(gm, gpa, &room);
	return r == NULL || len > room ? NULL : r;
}

uint8_t *
gm_hva(const struct gmem *gm, uint64_t gpa, size_t len)
{
	const struct gm_range *r = gm_range_of(gm, gpa, len);

	return r == NULL ? NULL : r->hva + (gpa - r->gpa);
}

int
gm_gpa(const struct gmem *gm, const void *hva, uint64_t *gpa)
{
	uintptr_t off;
	unsigned i;

	for (i = 0; i < gm->n; i++) {
		off = (uintptr_t)hva - (uintptr_t)gm->range[i].hva;
		if (off < gm->range[i].len) {
			*gpa = gm->range[i].gpa + off;
			return 0;
		}
	}
	return -1;
}

int
gm_borrow(const struct gmem *gm, uint64_t gpa, size_t len, struct iovec *iov,
    int max)
{
	const struct gm_range *r;
	uint64_t room;
	size_t step;
	int n = 0;

	while (len > 0) {
		r = range_at(gm, gpa, &room);
		if (r == NULL || n == max)
			return -1;
		step = len < room ? len : room;
		iov[n].iov_base = r->hva + (gpa - r->gpa);
		iov[n].iov_len = step;
		n++;
		len -= step;
		gpa += step;
		if (gpa == 0 && len > 0)
			return -1;
	}
	return n;
}

void
gm_lend_tapped(struct gmem *gm, const struct iovec *iov, int n)
{
	uint64_t gpa;
	int i;

	for (i = 0; i < n; i++)
		if (iov[i].iov_len > 0 &&
		    gm_gpa(gm, iov[i].iov_base, &gpa) == 0)
			gm->tap->load(gm->taparg, gpa, iov[i].iov_base,
			    iov[i].iov_len);
}

void
gm_return_tapped(struct gmem *gm, const struct iovec *iov, int n, size_t len)
{
	uint64_t gpa;
	size_t step;
	int i;

	for (i = 0; i < n && len > 0; i++) {
		step = iov[i].iov_len < len ? iov[i].iov_len : len;
		if (step > 0 && gm_gpa(gm, iov[i].iov_base, &gpa) == 0)
			gm->tap->store(gm->taparg, gpa, iov[i].iov_base, step);
		len -= step;
	}
}

int
gm_copyin(struct gmem *gm, uint64_t gpa, void *dst, size_t len)
{
	struct iovec iov[GM_MAXRANGES];
	uint8_t *p = dst;
	int i, n;

	n = gm_borrow(gm, gpa, len, iov, GM_MAXRANGES);
	for (i = 0; i < n; i++) {
		memcpy(p, iov[i].iov_base, iov[i].iov_len);
		p += iov[i].iov_len;
	}
	if (n > 0 && gm->tap != NULL)
		gm->tap->load(gm->taparg, gpa, dst, len);
	return n < 0 ? -1 : 0;
}

int
gm_copyout(struct gmem *gm, uint64_t gpa, const void *src, size_t len)
{
	struct iovec iov[GM_MAXRANGES];
	const uint8_t *p = src;
	int i, n;

	n = gm_borrow(gm, gpa, len, iov, GM_MAXRANGES);
	if (n > 0 && gm->tap != NULL)
		gm->tap->store(gm->taparg, gpa, src, len);
	for (i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, p, iov[i].iov_len);
		p += iov[i].iov_len;
	}
	return n < 0 ? -1 : 0;
}

int
gm_window(struct gmem *gm, uint64_t gpa, size_t len, struct gm_win *w)
{
	if (len == 0 || (w->p = gm_hva(gm, gpa, len)) == NULL)
		return -1;
	w->gpa = gpa;
	w->len = len;
	return 0;
}

uint16_t
gm_load16_tapped(struct gmem *gm, uint64_t gpa, uint16_t v)
{
	uint8_t b[2];

	le16_put(b, v);
	gm->tap->load(gm->taparg, gpa, b, sizeof(b));
	return le16_get(b);
}

void
gm_store16_tapped(struct gmem *gm, uint64_t gpa, uint16_t v)
{
	uint8_t b[2];

	le16_put(b, v);
	gm->tap->store(gm->taparg, gpa, b, sizeof(b));
}
