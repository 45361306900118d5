/* Opening an image and, one after another, the images that it rests on. */
#include "disk.h"

#include <string.h>

#include "foreign.h"
#include "qcow2.h"
#include "raw.h"

static const uint8_t magic[4] = { 'Q', 'F', 'I', 0xfb };

/* What the first bytes show; raw only when nothing else claims them. */
static int
choose(const struct bstore *bs, enum disk_format *f, struct disk_why *why)
{
	const char *name = NULL;
	uint8_t head[4];
	int rv;

	rv = bs_read(bs, head, sizeof(head), 0);
	*f = DISK_QCOW2;
	if (rv == 0 && memcmp(head, magic, sizeof(magic)) == 0)
		return 0;
	*f = DISK_RAW;
	if (rv == 0)
		rv = foreign_probe(bs, &name);
	if (rv != 0)
		return disk_refuse(why, DISK_EIO, "cannot be read");
	if (name == NULL)
		return 0;
	return disk_refuse(why, DISK_ENOTSUP, "is a %s image: convert it "
	    "to qcow2 with its own tools, or say that it is raw", name);
}

/* One image without its backing file. */
static int
open_one(const struct bstore *bs, const struct disk_opts *o,
    struct disk **out, struct disk_why *why)
{
	enum disk_format f = o->format;
	int rv;

	rv = f == DISK_AUTO ? choose(bs, &f, why) : 0;
	if (rv != 0)
		return rv;
	if (f == DISK_RAW)
		return raw_open(bs, o->readonly, out, why);
	return qcow2_open(bs, o, out, why);
}

static int
same_store(const struct bstore *a, const struct bstore *b)
{
	return (a->id[0] | a->id[1]) != 0 && a->id[0] == b->id[0] &&
	    a->id[1] == b->id[1];
}

/* Whether a store is one of those that the chain has already. */
static int
in_chain(struct disk *top, const struct bstore *bs)
{
	for (; top != NULL && top->format == DISK_QCOW2;
	    top = qcow2_backing(top))
		if (same_store(qcow2_store(top), bs))
			return 1;
	return 0;
}

/* Asks the opener for the image below d and opens it. */
static int
open_base(struct disk *top, struct disk *d, const struct disk_opts *o,
    unsigned depth, struct disk_why *why)
{
	struct disk_ref ref = {
		.name = qcow2_backing_name(d),
		.from = qcow2_store(d),
		.depth = depth,
		.format = qcow2_backing_format(d),
	};
	struct disk_opts bo = { .readonly = 1, .nobacking = 1 };
	struct bstore bs = { NULL, NULL, { 0, 0 } };
	struct disk_why part = { "" };
	struct disk *base;
	int rv;

	if (depth >= DISK_MAXDEPTH)
		return disk_refuse(why, DISK_ENOTSUP,
		    "chain of more than %d images", DISK_MAXDEPTH);
	if (o->opener == NULL)
		return disk_refuse(why, DISK_EDENIED,
		    "needs the backing file \"%.80s\"", ref.name);
	rv = o->opener->open(o->opener->arg, &ref, &bs, why);
	if (rv != 0)
		return rv;
	bo.format = ref.format;
	if (in_chain(top, &bs))
		rv = disk_refuse(&part, DISK_ECORRUPT, "is a loop");
	else
		rv = open_one(&bs, &bo, &base, &part);
	if (rv != 0) {
		bs_close(&bs);
		return disk_refuse(why, rv, "backing file \"%.80s\": %s",
		    ref.name, part.text);
	}
	qcow2_set_backing(d, base);
	return 0;
}

int
disk_open(const struct bstore *bs, const struct disk_opts *o,
    struct disk **out, struct disk_why *why)
{
	struct disk *top, *d;
	unsigned depth = 1;
	int rv;

	*out = NULL;
	rv = open_one(bs, o, &top, why);
	if (rv != 0)
		return rv;
	for (d = top; !o->nobacking && d->format == DISK_QCOW2 &&
	    qcow2_backing_name(d) != NULL; d = qcow2_backing(d)) {
		rv = open_base(top, d, o, depth++, why);
		if (rv != 0) {
			qcow2_abandon(top);
			return rv;
		}
	}
	if (top->format == DISK_QCOW2 && !o->damaged) {
		rv = qcow2_ready(top, why);
		if (rv != 0) {
			qcow2_abandon(top);
			return rv;
		}
	}
	*out = top;
	return 0;
}
