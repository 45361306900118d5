#include "qcow2_snap.h"

#include <stdlib.h>

#include "qcow2_int.h"

#define FIXED	40u

/* One entry at off; *len is how far the next one is. */
static int
load_one(struct qcow2 *q, uint64_t off, struct q2_snap *s, uint64_t *len)
{
	uint8_t b[FIXED];
	int rv;

	if (off + FIXED > q->eof)
		return DISK_ECORRUPT;
	rv = bs_read(&q->bs, b, sizeof(b), off);
	if (rv != 0)
		return rv;
	s->l1off = beb64_get(b);
	s->l1n = beb32_get(b + 8);
	*len = FIXED + (uint64_t)beb16_get(b + 12) + beb16_get(b + 14) +
	    beb32_get(b + 36);
	return 0;
}

int
q2_snap_load(struct qcow2 *q, struct q2_snap **out, uint64_t *bytes)
{
	struct q2_snap *s;
	uint64_t len;
	uint32_t i;
	int rv = 0;

	*bytes = 0;
	s = calloc(q->h.nsnap > 0 ? q->h.nsnap : 1, sizeof(*s));
	if (s == NULL)
		return DISK_ENOMEM;
	for (i = 0; rv == 0 && i < q->h.nsnap; i++) {
		*bytes = (*bytes + 7) & ~7ULL;
		rv = load_one(q, q->h.snapoff + *bytes, &s[i], &len);
		if (rv == 0 && len > Q2_MAXSNAPTAB - *bytes)
			rv = DISK_ECORRUPT;
		if (rv == 0)
			*bytes += len;
	}
	if (rv != 0) {
		free(s);
		return rv;
	}
	*out = s;
	return 0;
}
