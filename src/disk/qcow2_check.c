/*
 * The check: counts every reference from the header down and compares with
 * the refcounts.  What is a corruption and what is a leak follows qemu-img
 * check: a count too low, a table or cluster that cannot be, a wrong copied
 * flag are corruptions; a count too high is a leak.
 *
 * Each table is read once, however many entries name it, so a check takes
 * time linear in the length of the file.
 */
#include "qcow2_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "qcow2_snap.h"

#define MAXCLUSTERS	(1ULL << 27)
#define MAXLINES	20u

/* What refers to a cluster: compressed data may share it, all else has it. */
enum kind {
	SHARED = 1,
	WHOLE = 2
};

struct walk {
	struct qcow2		*q;
	struct qcow2_check	*res;
	uint16_t		*refs;		/* references by cluster */
	uint8_t			*kinds;		/* and of what kinds */
	uint16_t		*l2;		/* L2 tables to be walked: by
						   how many entries named */
	uint64_t		 lo, hi;	/* where those are */
	uint64_t		 n;		/* clusters of the file */
	uint64_t		*table;		/* one L2 table */
	unsigned		 lines;
	uint64_t		 twice;		/* a cluster that is used in
						   two ways, or UINT64_MAX */
};

static void say(struct walk *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct walk *w, const char *fmt, ...)
{
	char line[160];
	va_list ap;

	if (w->res->say == NULL || w->lines++ >= MAXLINES)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	w->res->say(w->res->arg, line);
}

static void
corrupt(struct walk *w, const char *what, uint64_t off)
{
	w->res->corruptions++;
	say(w, "%s 0x%llx", what, (unsigned long long)off);
}

static bool
past_end(const struct walk *w, uint64_t off, uint64_t len)
{
	return off > UINT64_MAX - len || off + len > w->n << w->q->cbits;
}

/* Something refers to these bytes, so many times. */
static void
ref_times(struct walk *w, uint64_t off, uint64_t len, uint16_t times,
    enum kind kind)
{
	uint64_t c, end;

	if (len == 0)
		return;
	if (past_end(w, off, len)) {
		corrupt(w, "reference past the end of the file:", off);
		return;
	}
	end = (off + len - 1) >> w->q->cbits;
	for (c = off >> w->q->cbits; c <= end; c++) {
		w->kinds[c] |= (uint8_t)kind;
		if (w->kinds[c] == (SHARED | WHOLE))
			w->twice = c << w->q->cbits;
		if (w->refs[c] > UINT16_MAX - times)
			corrupt(w, "too many references to cluster", c);
		else
			w->refs[c] = (uint16_t)(w->refs[c] + times);
	}
}

static void
ref(struct walk *w, uint64_t off, uint64_t len)
{
	ref_times(w, off, len, 1, WHOLE);
}

static void
walk_packed(struct walk *w, uint64_t entry, uint16_t times, bool active)
{
	uint64_t off, len;

	q2_packed_span(w->q, entry, &off, &len);
	if (entry & Q2_COPIED)
		corrupt(w, "copied flag on the compressed cluster at", off);
	/* The span ends with a sector, which may lie past the last byte. */
	ref_times(w, off, len, times, SHARED);
	if (active) {
		w->res->allocated++;
		w->res->compressed++;
	}
}

static void
walk_entry(struct walk *w, uint64_t entry, uint16_t times, bool active)
{
	uint64_t off = entry & Q2_OFFMASK;

	if (entry & Q2_PACKED) {
		walk_packed(w, entry, times, active);
		return;
	}
	if (entry & Q2_L2RSVD)
		corrupt(w, "reserved bits in the L2 entry", entry);
	if ((entry & Q2_ZEROFLAG) && w->q->h.version < 3)
		corrupt(w, "zero flag in version 2: L2 entry", entry);
	if (off == 0)
		return;
	if ((off & (w->q->csize - 1)) != 0)
		corrupt(w, "unaligned data cluster", off);
	if (q2_reserved(w->q, off, w->q->csize))
		w->twice = off;
	if (active)
		w->res->allocated++;
	ref_times(w, off, w->q->csize, times, WHOLE);
}

static int
walk_l2(struct walk *w, uint64_t off, uint16_t times, bool active)
{
	uint32_t i, n;
	int rv;

	rv = bs_read(&w->q->bs, w->table, w->q->csize, off);
	if (rv != 0)
		return rv;
	n = q2_table_used(w->table, (uint32_t)(w->q->csize / 8));
	for (i = 0; i < n; i++)
		walk_entry(w, beb64_get(&w->table[i]), times, active);
	return 0;
}

/* The L2 tables that were noted; none is noted afterwards. */
static int
walk_noted(struct walk *w, bool active)
{
	uint16_t times;
	uint64_t c;
	int rv = 0;

	for (c = w->lo; rv == 0 && c < w->hi; c++) {
		times = w->l2[c];
		w->l2[c] = 0;
		if (times != 0)
			rv = walk_l2(w, c << w->q->cbits, times, active);
	}
	w->lo = w->n;
	w->hi = 0;
	return rv;
}

static void
note(struct walk *w, uint64_t off)
{
	uint64_t c = off >> w->q->cbits;

	if (c >= w->n)
		return;
	if (w->l2[c] < UINT16_MAX)
		w->l2[c]++;
	if (c < w->lo)
		w->lo = c;
	if (c >= w->hi)
		w->hi = c + 1;
}

static void
walk_l1_entry(struct walk *w, uint64_t entry)
{
	uint64_t off = entry & Q2_OFFMASK;

	if (entry == 0)
		return;
	if (entry & Q2_L1RSVD)
		corrupt(w, "reserved bits in the L1 entry", entry);
	else if (off == 0)
		corrupt(w, "no table behind the L1 entry", entry);
	if (off == 0)
		return;
	ref(w, off, w->q->csize);
	if ((off & (w->q->csize - 1)) != 0)
		corrupt(w, "unaligned L2 table at", off);
	else
		note(w, off);
	if (q2_reserved(w->q, off, w->q->csize))
		w->twice = off;
}

static int
walk_l1(struct walk *w, uint64_t off, uint32_t n)
{
	uint64_t part[64];
	uint32_t i, k, m;
	int rv;

	ref(w, off, (uint64_t)n * 8);
	for (i = 0; i < n; i += m) {
		m = n - i < 64 ? n - i : 64;
		rv = bs_read(&w->q->bs, part, m * 8, off + (uint64_t)i * 8);
		if (rv != 0)
			return rv;
		for (k = 0; k < m; k++)
			walk_l1_entry(w, beb64_get(&part[k]));
	}
	return 0;
}

/* The L1 table of a snapshot, which must lie where nothing else does. */
static bool
l1_is_alone(const struct walk *w, const struct q2_snap *s)
{
	uint64_t len = (uint64_t)s->l1n * 8, c, end;

	if ((s->l1off & (w->q->csize - 1)) != 0 || s->l1n > Q2_MAXL1 / 8 ||
	    s->l1off >= w->q->eof || past_end(w, s->l1off, len))
		return false;
	end = (s->l1off + len + w->q->csize - 1) >> w->q->cbits;
	for (c = s->l1off >> w->q->cbits; c < end; c++)
		if (w->refs[c] != 0)
			return false;
	return true;
}

static int
walk_snapshots(struct walk *w)
{
	struct qcow2 *q = w->q;
	struct q2_snap *s;
	uint64_t bytes;
	uint32_t i;
	int rv;

	rv = q2_snap_load(q, &s, &bytes);
	if (rv == DISK_ECORRUPT) {
		corrupt(w, "snapshot table is not readable at",
		    q->h.snapoff);
		return 0;
	}
	if (rv != 0)
		return rv;
	for (i = 0; rv == 0 && i < q->h.nsnap; i++) {
		if (l1_is_alone(w, &s[i]))
			rv = walk_l1(w, s[i].l1off, s[i].l1n);
		else
			corrupt(w, "L1 table of a snapshot at", s[i].l1off);
	}
	free(s);
	if (rv == 0)
		rv = walk_noted(w, false);
	ref(w, q->h.snapoff, bytes);
	return rv;
}

static void
walk_blocks(struct walk *w)
{
	struct qcow2 *q = w->q;
	uint32_t n = q2_table_used(q->reft, q->reftn), i;
	uint64_t off;

	ref(w, q->reftoff, (uint64_t)q->reftn * 8);
	for (i = 0; i < n; i++) {
		off = q->reft[i] & ~Q2_REFTRSVD;
		if (q->reft[i] & Q2_REFTRSVD)
			corrupt(w, "reserved bits in refcount table entry",
			    i);
		if (off == 0)
			continue;
		if ((off & (q->csize - 1)) != 0 || off >= q->eof) {
			corrupt(w, "refcount block cannot be at", off);
			q->reft[i] = 0;
			continue;
		}
		ref(w, off, q->csize);
		if (w->refs[off >> q->cbits] != 1)
			corrupt(w, "refcount block is shared at", off);
	}
}

/* All references of the image. */
static int
walk_all(struct walk *w)
{
	struct qcow2 *q = w->q;
	int rv;

	ref(w, 0, q->csize);
	rv = walk_l1(w, q->l1off, q->l1n);
	if (rv == 0)
		rv = walk_noted(w, true);
	if (rv == 0)
		rv = walk_snapshots(w);
	if (rv == 0)
		walk_blocks(w);
	return rv;
}

static void
leak(struct walk *w, uint64_t c, uint64_t have, int *fix)
{
	w->res->leaks++;
	say(w, "leaked cluster %llu: count %llu, references %u",
	    (unsigned long long)c, (unsigned long long)have, w->refs[c]);
	if (*fix && q2_count_set(w->q, c, w->refs[c]) == 0)
		w->res->leaks_fixed++;
}

static void
compare_one(struct walk *w, uint64_t c, uint64_t have, int *fix)
{
	w->res->end = (c + 1) << w->q->cbits;
	if (have > w->refs[c]) {
		leak(w, c, have, fix);
	} else if (have < w->refs[c]) {
		w->res->corruptions++;
		say(w, "cluster %llu: count %llu, references %u",
		    (unsigned long long)c, (unsigned long long)have,
		    w->refs[c]);
	}
}

/* Slice by slice: a repair stays within the slice that is at hand. */
static int
compare(struct walk *w, int repair)
{
	uint64_t c, end, have, per = q2_count_per_slice(w->q);
	uint8_t *p;
	size_t i;
	int rv;

	for (c = 0; c < w->n; c = end) {
		rv = q2_count_slice(w->q, c, &p, &i);
		if (rv != 0)
			return rv;
		end = c + per < w->n ? c + per : w->n;
		for (; c < end; c++, i++) {
			have = p == NULL ? 0 :
			    q2_count_load(p, w->q->order, i);
			if ((have | w->refs[c]) != 0)
				compare_one(w, c, have, &repair);
		}
	}
	return 0;
}

/* The copied flag of an active entry says that the count is one. */
static int
check_flag(struct walk *w, uint64_t entry)
{
	uint64_t have;
	int rv;

	if ((entry & Q2_OFFMASK) == 0)
		return 0;
	rv = q2_count_get(w->q, (entry & Q2_OFFMASK) >> w->q->cbits, &have);
	if (rv == 0 && (have == 1) != ((entry & Q2_COPIED) != 0))
		corrupt(w, "wrong copied flag for", entry & Q2_OFFMASK);
	return rv;
}

static int
check_l2_flags(struct walk *w, uint64_t off)
{
	uint32_t i, n;
	uint64_t e;
	int rv;

	rv = bs_read(&w->q->bs, w->table, w->q->csize, off);
	n = rv != 0 ? 0 :
	    q2_table_used(w->table, (uint32_t)(w->q->csize / 8));
	for (i = 0; rv == 0 && i < n; i++) {
		e = beb64_get(&w->table[i]);
		if (!(e & Q2_PACKED))
			rv = check_flag(w, e);
	}
	return rv;
}

static int
check_flags(struct walk *w)
{
	uint64_t off, c;
	uint32_t i;
	int rv = 0;

	for (i = 0; rv == 0 && i < w->q->l1n; i++) {
		rv = check_flag(w, w->q->l1[i]);
		off = w->q->l1[i] & Q2_OFFMASK;
		if (off != 0 && (off & (w->q->csize - 1)) == 0)
			note(w, off);
	}
	for (c = w->lo; rv == 0 && c < w->hi; c++)
		if (w->l2[c] != 0)
			rv = check_l2_flags(w, c << w->q->cbits);
	return rv;
}

static int
walk_begin(struct walk *w, struct qcow2 *q, struct qcow2_check *res)
{
	int rv;

	w->q = q;
	w->res = res;
	w->lines = 0;
	w->twice = UINT64_MAX;
	w->refs = w->l2 = NULL;
	w->kinds = NULL;
	w->table = NULL;
	/* The tables are read from the store: it must have them. */
	rv = q->d.readonly ? 0 : q2_sync(q);
	if (rv == 0 && !q->d.readonly)
		rv = q2_sync(q);
	w->n = q->eof >> q->cbits;
	if (rv == 0 && w->n > MAXCLUSTERS)
		rv = DISK_ENOTSUP;
	if (rv != 0)
		return rv;
	w->lo = w->n;
	w->hi = 0;
	w->refs = calloc(w->n, sizeof(*w->refs));
	w->kinds = calloc(w->n, sizeof(*w->kinds));
	w->l2 = calloc(w->n, sizeof(*w->l2));
	w->table = malloc(q->csize);
	return w->refs == NULL || w->kinds == NULL || w->l2 == NULL ||
	    w->table == NULL ? DISK_ENOMEM : 0;
}

static void
walk_end(struct walk *w)
{
	free(w->refs);
	free(w->kinds);
	free(w->l2);
	free(w->table);
}

/*
 * Counts may hold where a table or compressed data lies over a cluster of
 * something else; what is freed or written there is lost to the other.
 */
static void
check_twice(struct walk *w)
{
	if (w->twice != UINT64_MAX && w->res->corruptions == 0)
		corrupt(w, "used in two ways: the cluster at", w->twice);
}

int
qcow2_check(struct disk *d, struct qcow2_check *res, int repair)
{
	struct qcow2 *q = q2_of(d);
	struct walk w;
	int rv;

	if (repair && d->readonly)
		return DISK_EROFS;
	if (q->h.bitmaps)
		return DISK_ENOTSUP;
	res->clusters = (d->size >> q->cbits) +
	    ((d->size & (q->csize - 1)) != 0);
	rv = walk_begin(&w, q, res);
	if (rv == 0)
		rv = walk_all(&w);
	if (rv == 0)
		rv = compare(&w, repair);
	if (rv == 0)
		rv = check_flags(&w);
	check_twice(&w);
	if (rv == 0 && repair)
		rv = d->ops->flush(d);
	walk_end(&w);
	return rv;
}

static bool
has_block(const struct qcow2 *q, uint64_t i)
{
	return i < q->reftn && q->reft[i] != 0;
}

/*
 * A block for stretch i, whose own clusters may all be in use: it goes to
 * the end of the file, and first comes the block that counts that place.
 */
static int
place_block(struct qcow2 *q, uint64_t i)
{
	uint64_t c = q->eof >> q->cbits, j = c >> q->rbits;
	int rv;

	if (i >= q->reftn || j >= q->reftn)
		return DISK_ECORRUPT;
	if (j != i && !has_block(q, j)) {
		q->reft[j] = c << q->cbits;
		q->eof += q->csize;
		rv = q2_putzero(q, c << q->cbits, q->csize);
		if (rv == 0)
			rv = q2_count_set(q, c, 1);
		return rv != 0 ? rv : place_block(q, i);
	}
	q->reft[i] = c << q->cbits;
	rv = q2_putzero(q, c << q->cbits, q->csize);
	if (rv == 0)
		rv = q2_count_set(q, c, 1);
	q->reftlo = 0;
	q->refthi = q->reftn;
	return rv;
}

static int
set_counts(struct walk *w)
{
	struct qcow2 *q = w->q;
	uint64_t c, have;
	int rv;

	for (c = 0; c < w->n; c++) {
		rv = q2_count_get(q, c, &have);
		if (rv == 0 && have == w->refs[c])
			continue;
		if (rv == 0 && !has_block(q, c >> q->rbits))
			rv = place_block(q, c >> q->rbits);
		if (rv == 0 && w->refs[c] > q2_count_max(q->order))
			rv = DISK_ECORRUPT;
		if (rv == 0)
			rv = q2_count_set(q, c, w->refs[c]);
		if (rv != 0)
			return rv;
	}
	return 0;
}

static int
clear_marks(struct qcow2 *q)
{
	uint64_t left = q->h.incompat & ~(Q2I_DIRTY | Q2I_CORRUPT);
	uint8_t b[8];
	int rv;

	if (left == q->h.incompat)
		return 0;
	beb64_put(b, left);
	rv = q2_put_header(q, b, sizeof(b), Q2H_INCOMPAT);
	if (rv == 0)
		q->h.incompat = left;
	return rv;
}

int
qcow2_rebuild(struct disk *d)
{
	struct qcow2_check res = { 0 };
	struct qcow2 *q = q2_of(d);
	struct walk w;
	int rv;

	if (d->readonly)
		return DISK_EROFS;
	if (q->h.bitmaps)
		return DISK_ENOTSUP;
	rv = walk_begin(&w, q, &res);
	if (rv == 0)
		rv = walk_all(&w);
	check_twice(&w);
	if (rv == 0 && res.corruptions > 0)
		rv = DISK_ECORRUPT;
	if (rv == 0)
		rv = set_counts(&w);
	if (rv == 0)
		rv = q2_sync(q);
	if (rv == 0)
		rv = clear_marks(q);
	walk_end(&w);
	return rv;
}
