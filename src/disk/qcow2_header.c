#include "qcow2_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
incompat_name(unsigned bit)
{
	switch (bit) {
	case 2:
		return "an external data file";
	case 4:
		return "extended L2 entries";
	default:
		return NULL;
	}
}

uint64_t
q2_l1_need(uint64_t size, unsigned cbits)
{
	unsigned shift = cbits + cbits - 3;

	return (size >> shift) + ((size & ((1ULL << shift) - 1)) != 0);
}

static void
parse_fields(const uint8_t *p, struct q2_header *h)
{
	h->version = beb32_get(p + Q2H_VERSION);
	h->cbits = beb32_get(p + Q2H_CBITS);
	h->size = beb64_get(p + Q2H_SIZE);
	h->l1n = beb32_get(p + Q2H_L1N);
	h->l1off = beb64_get(p + Q2H_L1OFF);
	h->reftoff = beb64_get(p + Q2H_REFTOFF);
	h->reftcl = beb32_get(p + Q2H_REFTCL);
	h->nsnap = beb32_get(p + Q2H_NSNAP);
	h->snapoff = beb64_get(p + Q2H_SNAPOFF);
	h->order = 4;
	h->len = Q2H_V2LEN;
	if (h->version >= 3) {
		h->incompat = beb64_get(p + Q2H_INCOMPAT);
		h->compat = beb64_get(p + Q2H_COMPAT);
		h->autoclear = beb64_get(p + Q2H_AUTOCLEAR);
		h->order = beb32_get(p + Q2H_RCORDER);
		h->len = beb32_get(p + Q2H_HDRLEN);
	}
}

static int
check_features(const struct q2_header *h, struct disk_why *why)
{
	uint64_t odd;
	unsigned bit;

	odd = h->incompat & ~(Q2I_DIRTY | Q2I_CORRUPT | Q2I_CTYPE);
	if (odd == 0)
		return 0;
	bit = (unsigned)__builtin_ctzll(odd);
	if (incompat_name(bit) != NULL)
		return disk_refuse(why, DISK_ENOTSUP,
		    "uses %s, which is not supported", incompat_name(bit));
	return disk_refuse(why, DISK_ENOTSUP,
	    "uses unknown incompatible feature %u", bit);
}

/* The compression type is in the header when the header is long enough. */
static int
check_ctype(const uint8_t *p, struct q2_header *h, struct disk_why *why)
{
	if (h->len > Q2H_CTYPE)
		h->ctype = p[Q2H_CTYPE];
	if (h->ctype != QCOW2_ZLIB && h->ctype != QCOW2_ZSTD)
		return disk_refuse(why, DISK_ENOTSUP,
		    "uses unknown compression type %u", h->ctype);
	if ((h->ctype != QCOW2_ZLIB) != ((h->incompat & Q2I_CTYPE) != 0))
		return disk_refuse(why, DISK_ECORRUPT,
		    "compression type and its feature bit disagree");
	return 0;
}

static int
check_shape(const uint8_t *p, struct q2_header *h, struct disk_why *why)
{
	if (h->version != 2 && h->version != 3)
		return disk_refuse(why, DISK_ENOTSUP,
		    "qcow2 version %u is not supported", h->version);
	if (h->cbits < 9 || h->cbits > 21)
		return disk_refuse(why, DISK_ECORRUPT,
		    "cluster size 2^%u is not in 2^9 to 2^21", h->cbits);
	if (beb32_get(p + Q2H_CRYPT) != 0)
		return disk_refuse(why, DISK_ENOTSUP,
		    "is encrypted, which is not supported");
	if (h->version >= 3 && (h->len < Q2H_V3LEN || h->len % 8 != 0 ||
	    h->len > (1u << h->cbits) || h->len > Q2_MAXHEAD))
		return disk_refuse(why, DISK_ECORRUPT,
		    "header length %u is not valid", h->len);
	if (h->order > 6)
		return disk_refuse(why, DISK_ECORRUPT,
		    "refcount order %u is more than 6", h->order);
	if (h->size > INT64_MAX)
		return disk_refuse(why, DISK_ECORRUPT,
		    "virtual size %llu is too large",
		    (unsigned long long)h->size);
	return check_features(h, why);
}

/* A table of `bytes` at off: aligned, and inside the file. */
static int
check_table(const struct q2_header *h, uint64_t off, uint64_t bytes,
    uint64_t fsize, const char *what, struct disk_why *why)
{
	uint64_t mask = (1ULL << h->cbits) - 1;
	uint64_t end = fsize > UINT64_MAX - mask ? fsize :
	    (fsize + mask) & ~mask;

	if ((off & mask) != 0 || off == 0)
		return disk_refuse(why, DISK_ECORRUPT,
		    "%s at offset 0x%llx, which no table can have", what,
		    (unsigned long long)off);
	if (off > end || bytes > end - off)
		return disk_refuse(why, DISK_ECORRUPT,
		    "%s of %llu bytes lies outside the file", what,
		    (unsigned long long)bytes);
	return 0;
}

static int
check_l1(const struct q2_header *h, uint64_t fsize, struct disk_why *why)
{
	uint64_t need = q2_l1_need(h->size, h->cbits);

	if (h->l1n > Q2_MAXL1 / 8)
		return disk_refuse(why, DISK_ECORRUPT,
		    "L1 table of %u entries is too large", h->l1n);
	if (h->l1n < need)
		return disk_refuse(why, DISK_ECORRUPT,
		    "claims %llu bytes, for which its L1 table is too small",
		    (unsigned long long)h->size);
	if (h->l1n == 0)
		return 0;
	return check_table(h, h->l1off, (uint64_t)h->l1n * 8, fsize,
	    "L1 table", why);
}

static int
check_tables(const struct q2_header *h, uint64_t fsize, struct disk_why *why)
{
	int rv;

	rv = check_l1(h, fsize, why);
	if (rv != 0)
		return rv;
	if (h->reftcl == 0 || h->reftcl > Q2_MAXREFT >> h->cbits)
		return disk_refuse(why, DISK_ECORRUPT,
		    "refcount table of %u clusters is not valid", h->reftcl);
	rv = check_table(h, h->reftoff, (uint64_t)h->reftcl << h->cbits,
	    fsize, "refcount table", why);
	if (rv != 0)
		return rv;
	if (h->nsnap > Q2_MAXSNAP)
		return disk_refuse(why, DISK_ECORRUPT,
		    "%u snapshots are too many", h->nsnap);
	if (h->nsnap == 0)
		return 0;
	return check_table(h, h->snapoff, (uint64_t)h->nsnap * 40, fsize,
	    "snapshot table", why);
}

/* The text of an extension or a name; control characters are refused. */
static int
take_text(char *dst, size_t cap, const uint8_t *p, size_t len)
{
	size_t i;

	if (len >= cap)
		return -1;
	for (i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return -1;
	memcpy(dst, p, len);
	dst[len] = '\0';
	return 0;
}

static int
one_extension(struct q2_header *h, uint32_t type, const uint8_t *p,
    uint32_t len)
{
	if (type == Q2X_BACKFMT)
		return take_text(h->backfmt, sizeof(h->backfmt), p, len);
	if (type == Q2X_BITMAPS)
		h->bitmaps = true;
	return 0;
}

/* Extensions fill the space from the header to the backing file's name. */
static int
parse_extensions(const uint8_t *p, size_t end, struct q2_header *h,
    struct disk_why *why)
{
	size_t off = h->len;
	uint32_t type, len;

	while (off + 8 <= end) {
		type = beb32_get(p + off);
		len = beb32_get(p + off + 4);
		off += 8;
		if (len > end - off)
			return disk_refuse(why, DISK_ECORRUPT,
			    "header extension 0x%08x is too long", type);
		if (type == Q2X_END)
			break;
		if (one_extension(h, type, p + off, len) != 0)
			return disk_refuse(why, DISK_ECORRUPT,
			    "header extension 0x%08x is not valid", type);
		off += len;
		off = (off + 7) & ~(size_t)7;
	}
	return 0;
}

/* p has n bytes: the first cluster, or as much of it as we look at. */
static int
parse_names(const uint8_t *p, size_t n, struct q2_header *h,
    struct disk_why *why)
{
	uint64_t boff = beb64_get(p + Q2H_BACKOFF);
	uint32_t blen = beb32_get(p + Q2H_BACKLEN);

	if (boff == 0)
		return parse_extensions(p, n, h, why);
	if (boff < h->len || boff > n || blen > n - boff)
		return disk_refuse(why, DISK_ECORRUPT,
		    "backing file name lies outside the header cluster");
	if (blen == 0 ||
	    take_text(h->backing, sizeof(h->backing), p + boff, blen) != 0)
		return disk_refuse(why, DISK_ECORRUPT,
		    "backing file name is not valid");
	return parse_extensions(p, (size_t)boff, h, why);
}

static int
parse(const uint8_t *p, size_t n, uint64_t fsize, struct q2_header *h,
    struct disk_why *why)
{
	int rv;

	parse_fields(p, h);
	rv = check_shape(p, h, why);
	if (rv == 0)
		rv = check_ctype(p, h, why);
	if (rv == 0)
		rv = check_tables(h, fsize, why);
	return rv != 0 ? rv : parse_names(p, n, h, why);
}

int
q2_header_read(const struct bstore *bs, uint64_t fsize, struct q2_header *h,
    struct disk_why *why)
{
	uint8_t head[Q2H_V3LEN];
	uint8_t *p;
	uint32_t cbits;
	size_t n;
	int rv;

	memset(h, 0, sizeof(*h));
	if (bs_read(bs, head, sizeof(head), 0) != 0)
		return disk_refuse(why, DISK_EIO, "cannot be read");
	if (fsize < Q2H_V2LEN || beb32_get(head) != Q2_MAGIC)
		return disk_refuse(why, DISK_ECORRUPT,
		    "is not a qcow2 image");
	cbits = beb32_get(head + Q2H_CBITS);
	n = cbits < 9 ? 512 : cbits > 16 ? Q2_MAXHEAD : 1u << cbits;
	p = malloc(n);
	if (p == NULL)
		return disk_refuse(why, DISK_ENOMEM, "out of memory");
	rv = bs_read(bs, p, n, 0);
	if (rv == 0)
		rv = parse(p, n, fsize, h, why);
	else
		disk_refuse(why, rv, "cannot be read");
	free(p);
	return rv;
}

int
q2_header_admit(const struct q2_header *h, const struct disk_opts *o,
    struct disk_why *why)
{
	if (o->readonly || o->damaged)
		return 0;
	if (h->incompat & Q2I_CORRUPT)
		return disk_refuse(why, DISK_ECORRUPT,
		    "is marked corrupt; repair it or open it read-only");
	if (h->bitmaps && (h->autoclear & Q2A_BITMAPS))
		return disk_refuse(why, DISK_ENOTSUP,
		    "has persistent bitmaps in use; only reading works");
	return 0;
}
