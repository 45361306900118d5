/*
 * An image becomes another one: raw, qcow2, packed qcow2.  The first byte
 * chooses which, the rest is the source (see diskimage.h).  What the copy
 * reads as is what the source reads as.
 */
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "digest.h"
#include "diskimage.h"
#include "qcow2.h"
#include "target.h"

#define MAXCOPY	(64u << 10)

static const char *const opnames[] = { "raw", "qcow2", "packed", "stopped",
    NULL };

static struct ms image, out;
static struct diskimage_base base;
static uint8_t *a, *b;
static struct fuzz_stat count = { .opnames = opnames };

static void
init(void)
{
	ms_init(&image, DISKIMAGE_CAP);
	ms_init(&out, 4 * DISKIMAGE_MAX);
	diskimage_base_init(&base, &image);
	a = malloc(MAXCOPY);
	b = malloc(MAXCOPY);
	diskimage_must(a != NULL && b != NULL, "no memory");
}

static struct disk *
make(unsigned how, uint64_t size)
{
	struct disk_opts o = { .format = how % 3 ? DISK_QCOW2 : DISK_RAW };
	struct qcow2_params p = {
		.size = (size + 511) & ~511ULL,
		.cluster_bits = 9 + how / 3 % 8,
		.ctype = how & 64 ? QCOW2_ZSTD : QCOW2_ZLIB,
	};
	struct bstore bs;
	struct disk_why why;
	struct disk *d;
	int rv;

	ms_reset(&out);
	bs = ms_bstore(&out);
	rv = how % 3 ? qcow2_create(&bs, &p, &why) : bs_resize(&bs, size);
	diskimage_must(rv == 0, "cannot create");
	diskimage_must(disk_open(&bs, &o, &d, &why) == 0, "cannot open");
	return d;
}

static void
compare(struct disk *src, struct disk *dst)
{
	diskimage_must(disk_read(src, a, src->size, 0) == 0 &&
	    disk_read(dst, b, src->size, 0) == 0, "copied, but unreadable");
	diskimage_must(memcmp(a, b, src->size) == 0, "copied wrongly");
}

/* The copy of a damaged source may stop; the target stays in order. */
static int
copy(struct disk *src, struct disk *dst, int packed)
{
	struct qcow2_check res = { 0 };
	struct convert c;
	int rv, n = 0;

	rv = convert_begin(&c, src, dst, packed);
	diskimage_must(rv == 0, "cannot begin");
	while ((rv = convert_step(&c)) == 1)
		diskimage_must(++n < 100000, "no end");
	convert_end(&c);
	if (rv == 0)
		compare(src, dst);
	if (dst->format == DISK_QCOW2)
		diskimage_must(qcow2_check(dst, &res, 0) == 0 &&
		    res.corruptions == 0 && res.leaks == 0,
		    "the copy is not in order");
	return rv;
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	unsigned how = len > 0 ? data[0] : 0;
	struct disk *src, *dst;
	struct digest dg;
	int rv;

	count.inputs++;
	digest_init(&dg);
	diskimage_load(&image, data + (len > 0), len - (len > 0));
	rv = diskimage_open(&base, 1, &src);
	digest_u64(&dg, (uint64_t)rv);
	if (rv != 0)
		return digest_value(&dg);
	if (src->size <= MAXCOPY) {
		dst = make(how, src->size);
		rv = copy(src, dst, how % 3 == 2);
		count.accepted++;
		count.requests++;
		count.ops |= rv == 0 ? 1U << how % 3 : 1U << 3;
		disk_close(&dst);
		digest_add(&dg, out.buf, out.size < 2048 ? out.size : 2048);
	}
	disk_close(&src);
	return digest_value(&dg);
}

static void
stat(struct fuzz_stat *st)
{
	*st = count;
}

const struct fuzz_target fuzz_target = {
	.name = "convert",
	.shape = SHAPE_IMAGE,
	.lead = 2,
	.maxlen = 16384,
	.init = init,
	.run = run,
	.stat = stat,
};
