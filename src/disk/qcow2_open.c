#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>

#include "qcow2_snap.h"

static void
teardown(struct qcow2 *q)
{
	disk_close(&q->backing);
	q2_cache_free(&q->l2c);
	q2_cache_free(&q->rcc);
	q2_zip_free(q);
	free(q->cow);
	free(q->frees);
	free(q->l1);
	free(q->l1dirty);
	free(q->reft);
	free(q);
}

static int
q2_flush(struct disk *d)
{
	int rv;

	rv = q2_sync(q2_of(d));
	if (rv == 0)
		rv = q2_barrier(q2_of(d));
	return rv;
}

static void
q2_close(struct disk *d)
{
	struct qcow2 *q = q2_of(d);

	/* The first sync frees clusters, the second writes their counts. */
	if (!d->readonly && q2_sync(q) == 0 && q2_sync(q) == 0)
		(void)q2_barrier(q);
	bs_close(&q->bs);
	teardown(q);
}

static const struct disk_ops q2_ops = {
	.close = q2_close,
	.readv = q2_readv,
	.writev = q2_writev,
	.flush = q2_flush,
	.discard = q2_discard,
	.zero = q2_zero,
	.grow = q2_grow,
	.extent = q2_extent,
};

uint32_t
q2_table_used(const uint64_t *t, uint32_t n)
{
	static const uint64_t zero[64];

	while (n >= 64 && memcmp(t + n - 64, zero, sizeof(zero)) == 0)
		n -= 64;
	return n;
}

/* A table of n big-endian entries. */
static int
load_table(const struct bstore *bs, uint64_t off, uint32_t n, uint64_t **out)
{
	uint64_t *t;
	uint32_t i;
	int rv;

	t = calloc(n > 0 ? n : 1, 8);
	if (t == NULL)
		return DISK_ENOMEM;
	rv = bs_read(bs, t, (size_t)n * 8, off);
	if (rv != 0) {
		free(t);
		return rv;
	}
	n = q2_table_used(t, n);
	for (i = 0; i < n; i++)
		t[i] = beb64_get(&t[i]);
	*out = t;
	return 0;
}

static int
load_tables(struct qcow2 *q)
{
	int rv;

	q->l1n = q->h.l1n;
	q->l1off = q->h.l1off;
	q->reftn = (uint32_t)((uint64_t)q->h.reftcl << (q->cbits - 3));
	q->reftoff = q->h.reftoff;
	q->reftlo = UINT32_MAX;
	rv = load_table(&q->bs, q->l1off, q->l1n, &q->l1);
	if (rv == 0)
		rv = load_table(&q->bs, q->reftoff, q->reftn, &q->reft);
	if (rv != 0)
		return rv;
	q->l1dirty = calloc(q->l1n / 64 + 1, 1);
	return q->l1dirty == NULL ? DISK_ENOMEM : 0;
}

/* Each refcount block on its own cluster, inside the file. */
static int
check_blocks(struct qcow2 *q, struct disk_why *why)
{
	uint32_t n = q2_table_used(q->reft, q->reftn), i;
	uint64_t off;

	for (i = 0; i < n; i++) {
		off = q->reft[i];
		if (off == 0)
			continue;
		if ((off & (q->csize - 1)) != 0 || off >= q->eof)
			return disk_refuse(why, DISK_ECORRUPT,
			    "refcount block %u at 0x%llx is outside the "
			    "file or not aligned", i,
			    (unsigned long long)off);
		if (q2_reserved(q, off, q->csize))
			return disk_refuse(why, DISK_ECORRUPT,
			    "refcount block %u at 0x%llx lies on another "
			    "table", i, (unsigned long long)off);
	}
	return 0;
}

/* A stretch of the file that belongs to one table. */
struct area {
	uint64_t	off, len;
};

static bool
overlap(const struct area *a, const struct area *b)
{
	return a->len != 0 && b->len != 0 && a->off < b->off + b->len &&
	    b->off < a->off + a->len;
}

/* The tables that are written in place must lie apart. */
static int
check_overlap(struct qcow2 *q, struct disk_why *why)
{
	struct area l1 = { q->l1off, (uint64_t)q->l1n * 8 };
	struct area reft = { q->reftoff, (uint64_t)q->reftn * 8 };
	struct area snap = { q->h.snapoff, (uint64_t)q->h.nsnap * 40 };

	if (overlap(&l1, &reft))
		return disk_refuse(why, DISK_ECORRUPT,
		    "L1 table and refcount table overlap");
	if (overlap(&l1, &snap) || overlap(&reft, &snap))
		return disk_refuse(why, DISK_ECORRUPT,
		    "the snapshot table overlaps another table");
	return check_blocks(q, why);
}

/* So must the tables of snapshots, before we write to any. */
static int
check_snapshots(struct qcow2 *q, struct disk_why *why)
{
	struct q2_snap *s;
	uint64_t bytes;
	uint32_t i;
	int rv;

	rv = q2_snap_load(q, &s, &bytes);
	if (rv != 0)
		return disk_refuse(why, rv, "its snapshot table: %s",
		    disk_strerror(rv));
	for (i = 0; rv == 0 && i < q->h.nsnap; i++)
		if (s[i].l1off >= q->eof || s[i].l1n > Q2_MAXL1 / 8 ||
		    q2_reserved(q, s[i].l1off, (uint64_t)s[i].l1n * 8))
			rv = disk_refuse(why, DISK_ECORRUPT, "the L1 table "
			    "of snapshot %u overlaps another table", i);
	free(s);
	return rv;
}

static int
setup(struct qcow2 *q, const struct disk_opts *o, struct disk_why *why)
{
	int rv;

	rv = bs_size(&q->bs, &q->fsize);
	if (rv != 0)
		return disk_refuse(why, rv, "cannot tell its size");
	rv = q2_header_read(&q->bs, q->fsize, &q->h, why);
	if (rv == 0)
		rv = q2_header_admit(&q->h, o, why);
	if (rv != 0)
		return rv;
	q->cbits = q->h.cbits;
	q->csize = 1ULL << q->cbits;
	q->order = q->h.order;
	q->rbits = q->cbits + 3 - q->order;
	q->eof = q2_roundup(q, q->fsize);
	q2_cache_init(&q->l2c, q2_slice_bits(q), Q2_L2SLOTS);
	q2_cache_init(&q->rcc, q2_slice_bits(q), Q2_RCSLOTS);
	q->d.size = q->h.size;
	q->d.granule = (uint32_t)q->csize;
	rv = load_tables(q);
	if (rv != 0)
		return disk_refuse(why, rv, "its tables: %s",
		    disk_strerror(rv));
	return o->damaged ? 0 : check_overlap(q, why);
}

int
qcow2_open(const struct bstore *bs, const struct disk_opts *o,
    struct disk **out, struct disk_why *why)
{
	struct qcow2 *q;
	int rv;

	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return disk_refuse(why, DISK_ENOMEM, "out of memory");
	q->d.ops = &q2_ops;
	q->d.format = DISK_QCOW2;
	q->d.readonly = o->readonly;
	q->bs = *bs;
	q->damaged = o->damaged;
	rv = setup(q, o, why);
	if (rv != 0) {
		teardown(q);
		return rv;
	}
	*out = &q->d;
	return 0;
}

/* Bits that only other programs keep true must go before we write. */
static int
clear_autoclear(struct qcow2 *q)
{
	uint8_t zero[8] = { 0 };

	if (q->h.version < 3 || q->h.autoclear == 0)
		return 0;
	q->h.autoclear = 0;
	return q2_put_header(q, zero, sizeof(zero), Q2H_AUTOCLEAR);
}

int
qcow2_ready(struct disk *d, struct disk_why *why)
{
	struct qcow2_check res = { 0 };
	struct qcow2 *q = q2_of(d);
	int rv;

	if (d->readonly)
		return 0;
	rv = check_snapshots(q, why);
	if (rv != 0)
		return rv;
	rv = clear_autoclear(q);
	if (rv == 0 && (q->h.incompat & Q2I_DIRTY)) {
		rv = qcow2_rebuild(d);
		if (rv == 0)
			rv = qcow2_check(d, &res, 0);
		if (rv == 0 && res.corruptions > 0)
			rv = DISK_ECORRUPT;
	}
	if (rv != 0)
		return disk_refuse(why, rv, "cannot be repaired: %s",
		    disk_strerror(rv));
	return 0;
}

void
qcow2_abandon(struct disk *d)
{
	teardown(q2_of(d));
}

struct disk *
qcow2_backing(struct disk *d)
{
	return q2_of(d)->backing;
}

void
qcow2_set_backing(struct disk *d, struct disk *base)
{
	q2_of(d)->backing = base;
}

const char *
qcow2_backing_name(struct disk *d)
{
	const char *name = q2_of(d)->h.backing;

	return name[0] == '\0' ? NULL : name;
}

enum disk_format
qcow2_backing_format(struct disk *d)
{
	const char *f = q2_of(d)->h.backfmt;

	if (strcmp(f, "raw") == 0 || strcmp(f, "file") == 0 ||
	    strcmp(f, "host_device") == 0)
		return DISK_RAW;
	return strcmp(f, "qcow2") == 0 ? DISK_QCOW2 : DISK_AUTO;
}

const struct bstore *
qcow2_store(struct disk *d)
{
	return &q2_of(d)->bs;
}

void
qcow2_info(struct disk *d, struct qcow2_info *i)
{
	struct qcow2 *q = q2_of(d);

	memset(i, 0, sizeof(*i));
	i->version = q->h.version;
	i->cluster_bits = q->cbits;
	i->refcount_order = q->order;
	i->ctype = q->h.ctype == QCOW2_ZSTD ? QCOW2_ZSTD : QCOW2_ZLIB;
	i->lazy = (q->h.compat & Q2C_LAZY) != 0;
	i->dirty = (q->h.incompat & Q2I_DIRTY) != 0;
	i->corrupt = (q->h.incompat & Q2I_CORRUPT) != 0;
	i->nsnapshots = q->h.nsnap;
	i->backing = qcow2_backing_name(d);
	i->backing_fmt = q->h.backfmt[0] == '\0' ? NULL : q->h.backfmt;
}
