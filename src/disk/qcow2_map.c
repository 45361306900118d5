#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>

#define LOOK	64u			/* entries, each way */

static unsigned
l1_shift(const struct qcow2 *q)
{
	return q->cbits + q->cbits - 3;
}

/* An L2 table must lie in the file, on a cluster of its own. */
static int
table_ok(const struct qcow2 *q, uint64_t l1e)
{
	uint64_t off = l1e & Q2_OFFMASK;

	return (l1e & Q2_L1RSVD) == 0 && (off & (q->csize - 1)) == 0 &&
	    off < q->eof && !q2_reserved(q, off, q->csize);
}

/* The slice with the L2 entry of off, and the entry's index in it. */
static int
entry_slice(struct qcow2 *q, uint64_t off, uint8_t **p, size_t *i)
{
	uint64_t l1e = q->l1[off >> l1_shift(q)];
	uint64_t nth = off >> q->cbits & (q->csize / 8 - 1);
	unsigned per = q2_slice_bits(q) - 3;		/* log2 */

	if (!table_ok(q, l1e))
		return DISK_ECORRUPT;
	*i = nth & ((1ULL << per) - 1);
	return q2_cache_get(q, &q->l2c, (l1e & Q2_OFFMASK) +
	    ((nth >> per) << q2_slice_bits(q)), p);
}

void
q2_packed_span(const struct qcow2 *q, uint64_t entry, uint64_t *off,
    uint64_t *len)
{
	unsigned x = 62 - (q->cbits - 8);
	uint64_t sectors = (entry & (Q2_PACKED - 1)) >> x;

	*off = entry & ((1ULL << x) - 1);
	*len = (sectors + 1) * 512 - (*off & 511);
}

static int
decode_packed(const struct qcow2 *q, uint64_t entry, struct q2_run *run)
{
	uint64_t off, len;

	q2_packed_span(q, entry, &off, &len);
	if ((entry & Q2_COPIED) || off >= q->eof ||
	    off + len > q->eof + q->csize)
		return DISK_ECORRUPT;
	run->type = Q2_ZIPPED;
	run->copied = false;
	run->host = off;
	return 0;
}

int
q2_decode(const struct qcow2 *q, uint64_t entry, struct q2_run *run)
{
	uint64_t off = entry & Q2_OFFMASK;
	bool zero = (entry & Q2_ZEROFLAG) != 0;

	run->entry = entry;
	if (entry & Q2_PACKED)
		return decode_packed(q, entry, run);
	if ((entry & Q2_L2RSVD) != 0 || (off & (q->csize - 1)) != 0 ||
	    (zero && q->h.version < 3))
		return DISK_ECORRUPT;
	run->host = off;
	run->copied = (entry & Q2_COPIED) != 0;
	if (off == 0) {
		run->type = zero ? Q2_ZERO : Q2_HOLE;
		return 0;
	}
	if (off >= q->eof || q2_reserved(q, off, q->csize))
		return DISK_ECORRUPT;
	run->type = zero ? Q2_ZEROALLOC : Q2_DATA;
	return 0;
}

/* How many entries from i on continue the run of the first. */
static uint64_t
extend(const struct qcow2 *q, const uint8_t *p, size_t i, uint64_t want,
    const struct q2_run *run)
{
	uint64_t step = run->host != 0 ? q->csize : 0, n, left;

	left = (1ULL << (q2_slice_bits(q) - 3)) - i;
	if (want > left)
		want = left;
	if (run->type == Q2_ZIPPED)
		return 1;
	for (n = 1; n < want; n++) {
		if (beb64_get(p + (i + n) * 8) != run->entry + n * step ||
		    run->host + n * step >= q->eof)
			break;
	}
	/* With a table in it, it goes cluster by cluster, up to there. */
	if (run->host != 0 && q2_reserved(q, run->host, n * step))
		return 1;
	return n;
}

/* Nothing mapped for a whole L1 entry, or for several. */
static void
hole(const struct qcow2 *q, uint64_t off, uint64_t len, struct q2_run *run)
{
	uint64_t unit = 1ULL << l1_shift(q);
	uint64_t n = unit - (off & (unit - 1));

	while (n < len && q->l1[(off + n) >> l1_shift(q)] == 0)
		n += unit;
	run->type = Q2_HOLE;
	run->copied = false;
	run->host = 0;
	run->entry = 0;
	run->len = n < len ? n : len;
}

/* The place for what is known of off's slice; some slices share one. */
static struct q2_span *
span_of(struct qcow2 *q, uint64_t off)
{
	unsigned shift = q->cbits + q2_slice_bits(q) - 3;

	return &q->span[(off >> shift) & (Q2_SPANS - 1)];
}

static bool
span_find(struct qcow2 *q, uint64_t off, uint64_t len, struct q2_run *run)
{
	const struct q2_span *s = span_of(q, off);

	if (off < s->lo || off >= s->hi || len > s->hi - off)
		return false;
	run->type = Q2_DATA;
	run->copied = s->copied;
	run->len = len;
	run->host = s->host + (off - s->lo);
	run->entry = (run->host & ~(q->csize - 1)) |
	    (s->copied ? Q2_COPIED : 0);
	return true;
}

void
q2_span_forget(struct qcow2 *q)
{
	memset(q->span, 0, sizeof(q->span));
}

/* Entries before i that the run of entry i continues, looking at few. */
static uint64_t
precede(const struct qcow2 *q, const uint8_t *p, size_t i,
    const struct q2_run *run)
{
	uint64_t n = 0;

	while (n < i && n < LOOK && run->host > (n + 1) * q->csize &&
	    beb64_get(p + (i - n - 1) * 8) == run->entry - (n + 1) * q->csize)
		n++;
	return q2_reserved(q, run->host - n * q->csize, n * q->csize) ? 0 : n;
}

/* Remembers the data cluster at off, entry i, and those around it. */
static void
span_keep(struct qcow2 *q, uint64_t off, const uint8_t *p, size_t i,
    const struct q2_run *run)
{
	uint64_t back = precede(q, p, i, run) << q->cbits;
	struct q2_span *s = span_of(q, off), new = {
		.lo = off - back,
		.hi = off + (extend(q, p, i, LOOK, run) << q->cbits),
		.host = run->host - back,
		.copied = run->copied,
	};

	if (s->copied == new.copied && s->host - s->lo == new.host - new.lo &&
	    s->lo <= new.hi && new.lo <= s->hi) {
		if (s->lo < new.lo) {
			new.lo = s->lo;
			new.host = s->host;
		}
		if (s->hi > new.hi)
			new.hi = s->hi;
	}
	*s = new;
}

int
q2_lookup(struct qcow2 *q, uint64_t off, uint64_t len, struct q2_run *run)
{
	uint64_t in = off & (q->csize - 1), n;
	uint8_t *p;
	size_t i;
	int rv;

	if (span_find(q, off, len, run))
		return 0;
	if (q->l1[off >> l1_shift(q)] == 0) {
		hole(q, off, len, run);
		return 0;
	}
	rv = entry_slice(q, off, &p, &i);
	if (rv == 0)
		rv = q2_decode(q, beb64_get(p + i * 8), run);
	if (rv != 0)
		return rv;
	n = extend(q, p, i, (in + len + q->csize - 1) >> q->cbits, run);
	if (run->type == Q2_DATA)
		span_keep(q, off - in, p, i, run);
	run->len = (n << q->cbits) - in;
	if (run->len > len)
		run->len = len;
	if (run->type == Q2_DATA || run->type == Q2_ZEROALLOC)
		run->host += in;
	return 0;
}

/* The table that is to be ours: a copy of old, or zeros when old is 0. */
static int
fill_table(struct qcow2 *q, const struct q2_got *got, uint64_t old)
{
	uint64_t off = got->cluster << q->cbits;
	uint8_t *buf;
	int rv;

	q2_cache_drop(q, &q->l2c, off);
	if (off + q->csize > q->need)
		q->need = off + q->csize;
	if (old == 0)
		return got->fresh ? 0 : q2_putzero(q, off, q->csize);
	buf = malloc(q->csize);
	if (buf == NULL)
		return DISK_ENOMEM;
	rv = bs_read(&q->bs, buf, q->csize, old);
	if (rv == 0)
		rv = q2_put(q, buf, q->csize, off);
	free(buf);
	return rv;
}

int
q2_table_own(struct qcow2 *q, uint64_t off)
{
	uint32_t i = (uint32_t)(off >> l1_shift(q));
	uint64_t l1e = q->l1[i];
	struct q2_got got;
	int rv;

	if (l1e != 0 && !table_ok(q, l1e))
		return DISK_ECORRUPT;
	if (l1e & Q2_COPIED)
		return 0;
	rv = q2_alloc(q, 1, &got);
	if (rv != 0)
		return rv;
	rv = fill_table(q, &got, l1e & Q2_OFFMASK);
	if (rv != 0) {
		q2_unalloc(q, &got);
		return rv;
	}
	q->l1[i] = got.cluster << q->cbits | Q2_COPIED;
	q2_l1_touch(q, i);
	return q2_free_entry(q, l1e & Q2_OFFMASK, false);
}

int
q2_entry_get(struct qcow2 *q, uint64_t off, uint64_t *entry)
{
	uint8_t *p;
	size_t i;
	int rv;

	rv = entry_slice(q, off, &p, &i);
	if (rv == 0)
		*entry = beb64_get(p + i * 8);
	return rv;
}

int
q2_entry_set(struct qcow2 *q, uint64_t off, uint64_t entry)
{
	struct q2_span *s;
	uint8_t *p;
	size_t i;
	int rv;

	rv = entry_slice(q, off, &p, &i);
	if (rv != 0)
		return rv;
	beb64_put(p + i * 8, entry);
	q2_cache_dirty(&q->l2c);
	s = span_of(q, off);
	if (off >= s->lo && off < s->hi)
		s->hi = s->lo;
	return 0;
}
