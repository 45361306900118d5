#include "qcow2_int.h"

#include <stdlib.h>
#include <string.h>

/* Where everything goes: header, refcount table, blocks, L1 table. */
struct layout {
	struct qcow2_params	p;
	uint64_t		csize;
	unsigned		rbits;
	uint64_t		l1n;
	uint64_t		tclusters;
	uint64_t		nblocks;
	uint64_t		l1clusters;
	uint64_t		total;
};

static int
check_params(struct qcow2_params *p, struct disk_why *why)
{
	if (p->version == 0)
		p->version = 3;
	if (p->cluster_bits == 0)
		p->cluster_bits = 16;
	if (!p->order_given)
		p->refcount_order = 4;
	if (p->version != 2 && p->version != 3)
		return disk_refuse(why, DISK_EINVAL,
		    "version %u is not 2 or 3", p->version);
	if (p->cluster_bits < 9 || p->cluster_bits > 21)
		return disk_refuse(why, DISK_EINVAL,
		    "cluster size is not a power of two in 512 to 2M");
	if (p->refcount_order > 6)
		return disk_refuse(why, DISK_EINVAL,
		    "refcount width is not a power of two in 1 to 64");
	if (p->version == 2 && (p->refcount_order != 4 || p->lazy ||
	    p->ctype != QCOW2_ZLIB))
		return disk_refuse(why, DISK_EINVAL,
		    "version 2 has 16-bit refcounts, zlib and no features");
	if (p->size % 512 != 0 || p->size > INT64_MAX)
		return disk_refuse(why, DISK_EINVAL,
		    "size is not a multiple of 512 below 2^63");
	if (p->prealloc && p->backing != NULL)
		return disk_refuse(why, DISK_EINVAL,
		    "preallocation and a backing file exclude each other");
	return 0;
}

static int
plan(struct layout *l, struct disk_why *why)
{
	unsigned cbits = l->p.cluster_bits;
	uint64_t per;

	l->csize = 1ULL << cbits;
	l->rbits = cbits + 3 - l->p.refcount_order;
	per = 1ULL << l->rbits;
	l->l1n = q2_l1_need(l->p.size, cbits);
	if (l->l1n > Q2_MAXL1 / 8)
		return disk_refuse(why, DISK_EINVAL,
		    "size is too large for clusters of %llu bytes",
		    (unsigned long long)l->csize);
	if (l->l1n == 0)
		l->l1n = 1;
	l->l1clusters = (l->l1n * 8 + l->csize - 1) >> cbits;
	do {
		l->total = 1 + l->tclusters + l->nblocks + l->l1clusters;
		l->nblocks = (l->total + per - 1) >> l->rbits;
		l->tclusters = (l->nblocks * 8 + l->csize - 1) >> cbits;
	} while (l->total != 1 + l->tclusters + l->nblocks + l->l1clusters);
	return 0;
}

static size_t
put_extension(uint8_t *p, size_t off, uint32_t type, const void *data,
    size_t len)
{
	beb32_put(p + off, type);
	beb32_put(p + off + 4, (uint32_t)len);
	memcpy(p + off + 8, data, len);
	return off + 8 + ((len + 7) & ~(size_t)7);
}

/* Names of the features that the image may come to use. */
static size_t
put_features(uint8_t *p, size_t off)
{
	static const struct {
		uint8_t	type, bit;
		char	name[46];
	} feature[] = {
		{ 0, 0, "dirty bit" },
		{ 0, 1, "corrupt bit" },
		{ 0, 3, "compression type" },
		{ 1, 0, "lazy refcounts" },
	};

	return put_extension(p, off, Q2X_FEATURES, feature, sizeof(feature));
}

static int
put_names(const struct layout *l, uint8_t *p, size_t cap, uint32_t hlen,
    struct disk_why *why)
{
	size_t off = hlen, n;

	if (l->p.backing_fmt != NULL && l->p.backing != NULL) {
		if (strlen(l->p.backing_fmt) > 15)
			return disk_refuse(why, DISK_EINVAL,
			    "unknown backing format");
		off = put_extension(p, off, Q2X_BACKFMT, l->p.backing_fmt,
		    strlen(l->p.backing_fmt));
	}
	if (l->p.version >= 3)		/* the smallest cluster has room */
		off = put_features(p, off);
	off += 8;
	if (l->p.backing == NULL)
		return 0;
	n = strlen(l->p.backing);
	if (n == 0 || n > DISK_NAMEMAX || n > cap - off)
		return disk_refuse(why, DISK_EINVAL,
		    "name of the backing file is empty or too long");
	beb64_put(p + Q2H_BACKOFF, off);
	beb32_put(p + Q2H_BACKLEN, (uint32_t)n);
	memcpy(p + off, l->p.backing, n);
	return 0;
}

static int
put_head(const struct layout *l, uint8_t *p, size_t cap,
    struct disk_why *why)
{
	uint64_t l1 = 1 + l->tclusters + l->nblocks;
	uint32_t hlen = Q2H_V2LEN;

	beb32_put(p + Q2H_MAGIC, Q2_MAGIC);
	beb32_put(p + Q2H_VERSION, l->p.version);
	beb32_put(p + Q2H_CBITS, l->p.cluster_bits);
	beb64_put(p + Q2H_SIZE, l->p.size);
	beb32_put(p + Q2H_L1N, (uint32_t)l->l1n);
	beb64_put(p + Q2H_L1OFF, l1 * l->csize);
	beb64_put(p + Q2H_REFTOFF, l->csize);
	beb32_put(p + Q2H_REFTCL, (uint32_t)l->tclusters);
	if (l->p.version >= 3) {
		hlen = Q2H_V3LEN + 8;
		beb64_put(p + Q2H_INCOMPAT,
		    l->p.ctype == QCOW2_ZSTD ? Q2I_CTYPE : 0);
		beb64_put(p + Q2H_COMPAT, l->p.lazy ? Q2C_LAZY : 0);
		beb32_put(p + Q2H_RCORDER, l->p.refcount_order);
		beb32_put(p + Q2H_HDRLEN, hlen);
		p[Q2H_CTYPE] = (uint8_t)l->p.ctype;
	}
	return put_names(l, p, cap, hlen, why);
}

/* Refcount table and blocks: each cluster of the layout counts one. */
static int
put_counts(const struct bstore *bs, const struct layout *l, uint8_t *buf)
{
	uint64_t per = 1ULL << l->rbits, left = l->total, b, i, k;
	uint64_t n = l->csize / 8;
	int rv = 0;

	for (b = 0; rv == 0 && b < l->nblocks; b++) {
		memset(buf, 0, l->csize);
		for (i = 0; i < per && left > 0; i++, left--)
			q2_count_store(buf, l->p.refcount_order, i, 1);
		rv = bs_write(bs, buf, l->csize,
		    (1 + l->tclusters + b) * l->csize);
	}
	for (b = k = 0; rv == 0 && b < l->tclusters; b++) {
		memset(buf, 0, l->csize);
		for (i = 0; i < n && k < l->nblocks; i++, k++)
			beb64_put(buf + i * 8,
			    (1 + l->tclusters + k) * l->csize);
		rv = bs_write(bs, buf, l->csize, (1 + b) * l->csize);
	}
	return rv;
}

static int
put_all(const struct bstore *bs, const struct layout *l, struct disk_why *why)
{
	uint8_t *buf;
	int rv;

	buf = malloc(l->csize);
	if (buf == NULL)
		return disk_refuse(why, DISK_ENOMEM, "out of memory");
	rv = bs_resize(bs, l->total * l->csize);
	if (rv == 0)
		rv = put_counts(bs, l, buf);
	if (rv == 0)
		rv = bs_flush(bs);
	if (rv != 0)
		disk_refuse(why, rv, "cannot be written: %s",
		    disk_strerror(rv));
	memset(buf, 0, l->csize);
	if (rv == 0)
		rv = put_head(l, buf, l->csize, why);
	if (rv == 0) {
		rv = bs_write(bs, buf, l->csize, 0);
		if (rv != 0)
			disk_refuse(why, rv, "cannot be written: %s",
			    disk_strerror(rv));
	}
	free(buf);
	return rv;
}

/* Gives every guest cluster a cluster that is a hole in the file. */
static int
allocate_all(struct qcow2 *q, const struct qcow2_params *p)
{
	uint64_t off = 0, i, want;
	struct q2_got got;
	int rv = 0;

	while (rv == 0 && off < q->d.size) {
		rv = p->stop != NULL && p->stop(p->arg) != 0 ? DISK_ECANCEL :
		    q2_table_own(q, off);
		want = (q->d.size - off + q->csize - 1) >> q->cbits;
		if (rv == 0)
			rv = q2_alloc(q, want, &got);
		for (i = 0; rv == 0 && i < got.n; i++) {
			rv = q2_table_own(q, off);
			if (rv == 0)
				rv = q2_entry_set(q, off, Q2_COPIED |
				    (got.cluster + i) << q->cbits);
			off += q->csize;
		}
	}
	q->need = q->eof;
	return rv;
}

static int
preallocate(const struct bstore *bs, const struct qcow2_params *p,
    struct disk_why *why)
{
	struct disk_opts o = { .format = DISK_QCOW2, .nobacking = 1 };
	struct disk *d;
	int rv;

	rv = qcow2_open(bs, &o, &d, why);
	if (rv != 0)
		return rv;
	rv = allocate_all(q2_of(d), p);
	if (rv == 0)
		rv = disk_flush(d);
	if (rv != 0)
		disk_refuse(why, rv, "cannot be preallocated: %s",
		    disk_strerror(rv));
	qcow2_abandon(d);
	return rv;
}

int
qcow2_create(const struct bstore *bs, const struct qcow2_params *params,
    struct disk_why *why)
{
	struct layout l = { .p = *params };
	int rv;

	rv = check_params(&l.p, why);
	if (rv == 0)
		rv = plan(&l, why);
	if (rv == 0)
		rv = put_all(bs, &l, why);
	if (rv == 0 && l.p.prealloc)
		rv = preallocate(bs, &l.p, why);
	return rv;
}
