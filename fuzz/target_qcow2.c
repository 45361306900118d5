/*
 * The bytes of a qcow2 image.  Whatever they are, open and all requests
 * answer.  An image that the check finds in order takes writes, reads them
 * back, and is in order afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "diskimage.h"
#include "prng.h"
#include "qcow2.h"
#include "target.h"

enum op { OP_OPEN, OP_READ, OP_CHECK, OP_CLEAN, OP_WRITE, OP_ZERO,
    OP_DISCARD, OP_GROW, OP_REPAIR };

static const char *const opnames[] = { "open", "read", "check", "clean",
    "write", "zero", "discard", "grow", "repair", NULL };

static struct ms image;
static struct diskimage_base base;
static uint8_t *was, *now;
static uint64_t seen;			/* bytes of `was` */
static struct fuzz_stat count = { .opnames = opnames };

static void
init(void)
{
	ms_init(&image, DISKIMAGE_CAP);
	diskimage_base_init(&base, &image);
	was = malloc(DISKIMAGE_MAX);
	now = malloc(DISKIMAGE_MAX);
	diskimage_must(was != NULL && now != NULL, "no memory");
}

static void
did(enum op op)
{
	count.ops |= 1U << op;
	count.requests++;
}

/* Reads all that is looked at; the code of the first failure. */
static int
look(struct disk *d, uint8_t *to, struct digest *dg)
{
	uint64_t n = diskimage_span(d), off;
	struct disk_extent e;
	int i, rv;

	rv = disk_read(d, to, n, 0);
	digest_u64(dg, (uint64_t)rv);
	if (rv == 0) {
		did(OP_READ);
		digest_add(dg, to, n < 512 ? n : 512);
	}
	for (off = 0, i = 0; off < d->size && i < 32; off += e.len, i++) {
		if (disk_extent(d, off, d->size - off, &e) != 0)
			break;
		diskimage_must(e.len > 0 && e.len <= d->size - off,
		    "an extent of impossible length");
		digest_u64(dg, e.len * 8 + e.kind);
	}
	return rv;
}

/* 1: in order. */
static int
clean(struct disk *d, struct digest *dg, uint64_t *leaks)
{
	struct qcow2_check res = { 0 };
	int rv;

	rv = qcow2_check(d, &res, 0);
	digest_u64(dg, res.corruptions * 8 + (uint64_t)rv);
	*leaks = res.leaks;
	if (rv == 0)
		did(OP_CHECK);
	return rv == 0 && res.corruptions == 0;
}

/* A few requests; the model is `was`, when there is one. */
static int
change(struct disk *d, struct prng *r, unsigned how, int strict)
{
	uint64_t n = diskimage_span(d), off, len, i;
	static uint8_t b[3000];
	int rv = 0, k;

	for (k = 0; k < 5 && rv == 0 && n > 0; k++) {
		off = prng_below(r, n);
		len = 1 + prng_below(r, n - off < 3000 ? n - off : 3000);
		switch (prng_below(r, 4)) {
		case 0:
			rv = disk_zero(d, off, len, k & 1);
			memset(was + off, 0, len);
			did(OP_ZERO);
			break;
		case 1:
			rv = disk_discard(d, off, len);
			if (rv == 0 && strict)
				rv = disk_read(d, was + off, len, off);
			did(OP_DISCARD);
			break;
		default:
			for (i = 0; i < len; i++)
				b[i] = (uint8_t)(off + i * 3 + (uint64_t)k);
			rv = disk_write(d, b, len, off);
			memcpy(was + off, b, len);
			did(OP_WRITE);
			break;
		}
	}
	if (rv == 0 && (how & 32) != 0 && d->size < 1u << 20) {
		rv = disk_grow(d, d->size + 65536);
		did(OP_GROW);
	}
	return rv == 0 ? disk_flush(d) : rv;
}

/* What is in order must stay so. */
static void
check_after(int rv, uint64_t size, uint64_t leaks, struct digest *dg)
{
	uint64_t after, span;
	struct disk *d;

	diskimage_must(rv == 0 || rv == DISK_ENOSPC,
	    "a sound image refuses a request");
	diskimage_must(diskimage_open(&base, 1, &d) == 0,
	    "a sound image does not open again");
	diskimage_must(clean(d, dg, &after), "a sound image is corrupt");
	if (rv == 0) {
		/* Counts past the old end of the file come to light. */
		diskimage_must(after <= leaks || image.size > size,
		    "requests leak");
		span = diskimage_span(d);
		if (span > seen)
			span = seen;
		diskimage_must(disk_read(d, now, span, 0) == 0 &&
		    memcmp(now, was, span) == 0, "reads back otherwise");
	}
	disk_close(&d);
}

/* What a flawed image got written does not cost it its tables. */
static void
still_opens(void)
{
	struct disk *d;

	diskimage_must(diskimage_open(&base, 1, &d) == 0,
	    "requests made an image that does not open");
	disk_close(&d);
}

/* Whether a flawed image does harm only to itself. */
static void
repair(struct digest *dg)
{
	struct disk_opts o = {
		.format = DISK_QCOW2, .damaged = 1, .nobacking = 1,
	};
	struct qcow2_check res = { 0 };
	struct bstore bs = ms_bstore(&image);
	struct disk_why why;
	struct disk *d;

	if (disk_open(&bs, &o, &d, &why) != 0)
		return;
	if (qcow2_check(d, &res, 1) == 0)
		did(OP_REPAIR);
	digest_u64(dg, res.corruptions + res.leaks_fixed);
	disk_close(&d);
}

/* Looks at the disk; 1 when all is in order and readable. */
static int
examine(struct disk *d, struct digest *dg, uint64_t *leaks)
{
	int sound;

	sound = look(d, was, dg) == 0;
	sound &= clean(d, dg, leaks);
	if (sound)
		did(OP_CLEAN);
	return sound;
}

/* The first byte: 8 for reading only, 16 for no change. */
static uint64_t
run(const uint8_t *data, size_t len)
{
	unsigned how = len > 0 ? data[0] : 0;
	uint64_t leaks = 0, size;
	struct digest dg;
	struct prng r;
	struct disk *d;
	int sound, rv;

	count.inputs++;
	digest_init(&dg);
	diskimage_load(&image, data, len);
	prng_seed(&r, how);
	rv = diskimage_open(&base, how & 8, &d);
	digest_u64(&dg, (uint64_t)rv);
	if (rv != 0) {
		repair(&dg);
		return digest_value(&dg);
	}
	count.accepted++;
	did(OP_OPEN);
	sound = examine(d, &dg, &leaks);
	seen = diskimage_span(d);
	size = image.size;
	if ((how & 24) == 0)
		rv = change(d, &r, how, sound);
	digest_u64(&dg, (uint64_t)rv);
	disk_close(&d);
	if (!sound && (how & 24) == 0)
		still_opens();
	if (!sound)
		repair(&dg);
	else if ((how & 24) == 0)
		check_after(rv, size, leaks, &dg);
	return digest_value(&dg);
}

static void
stat(struct fuzz_stat *st)
{
	*st = count;
}

const struct fuzz_target fuzz_target = {
	.name = "qcow2",
	.shape = SHAPE_IMAGE,
	.lead = 1,
	.maxlen = 16384,
	.init = init,
	.run = run,
	.stat = stat,
};
