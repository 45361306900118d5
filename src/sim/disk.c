/*
 * Images behind a device.  Faults come from the byte store below the image:
 * what the device is told then is what the disk layer makes of them.  At the
 * end of an input the image is opened again: it must be in order, and read
 * as the model says.
 */
#include <stdlib.h>
#include <string.h>

#include "diskblk.h"
#include "memstore.h"
#include "qcow2.h"
#include "sim.h"

#define NMAKES	4

/* How an image is made; over: its contents come from a base. */
struct make {
	struct qcow2_params	 p;
	const char		*over;		/* "raw", "qcow2", or NULL */
};

static const struct make makes[NMAKES] = {
	{ { .cluster_bits = 9, .refcount_order = 0, .order_given = 1 },
	    "raw" },
	{ { .cluster_bits = 10, .lazy = 1 }, NULL },
	{ { .cluster_bits = 12, .version = 2 }, "qcow2" },
	{ { .cluster_bits = 16 }, "raw" },
};

struct image {
	uint8_t		*bytes;
	size_t		 len;
};

struct medium {
	struct ms		 store;
	struct ms		 raw, qcow2;	/* bases */
	struct image		 image[NMAKES];
	unsigned		 nimages;
	enum disk_format	 format;
	struct disk		*d;		/* NULL: closed */
	int			 changed;
	int			 hurt;		/* a fault struck */
};

static int
open_base(void *arg, struct disk_ref *ref, struct bstore *out,
    struct disk_why *why)
{
	struct medium *m = arg;

	(void)why;
	*out = ms_bstore(strcmp(ref->name, "raw") == 0 ? &m->raw :
	    &m->qcow2);
	return 0;
}

static struct disk *
open_image(struct medium *m, struct ms *store, enum disk_format f)
{
	struct disk_opener op = { open_base, m };
	struct disk_opts o = { .format = f, .opener = &op };
	struct bstore bs = ms_bstore(store);
	struct disk_why why;
	struct disk *d;

	return disk_open(&bs, &o, &d, &why) == 0 ? d : NULL;
}

/* An image in a store, with the bytes of p unless a base has them. */
static void
fill(struct medium *m, struct ms *store, const struct make *k,
    const uint8_t *p)
{
	struct bstore bs = ms_bstore(store);
	enum disk_format f = k == NULL ? DISK_RAW : DISK_QCOW2;
	struct qcow2_params par;
	struct disk_why why;
	struct disk *d = NULL;
	int rv;

	ms_reset(store);
	if (k != NULL) {
		par = k->p;
		par.size = SIM_DISK;
		par.backing = par.backing_fmt = k->over;
		rv = qcow2_create(&bs, &par, &why);
	} else
		rv = bs_resize(&bs, SIM_DISK);
	if (rv == 0)
		d = open_image(m, store, f);
	if (d != NULL && (k == NULL || k->over == NULL))
		rv = disk_write(d, p, SIM_DISK, 0);
	if (d == NULL || rv != 0)
		abort();
	disk_close(&d);
}

static void
keep(struct medium *m)
{
	struct image *im = &m->image[m->nimages++];

	im->len = m->store.size;
	im->bytes = malloc(im->len);
	if (im->bytes == NULL)
		abort();
	memcpy(im->bytes, m->store.buf, im->len);
}

static void
reset(struct sim *s)
{
	struct medium *m = s->mediumarg;

	disk_close(&m->d);
	m->changed = m->hurt = 0;
}

/* Most inputs ask nothing of the medium: it is loaded by those that do. */
static void
begin(struct sim *s, struct medium *m)
{
	const struct image *im = &m->image[s->unit[0].sectors % m->nimages];

	ms_load(&m->store, im->bytes, im->len);
	m->d = open_image(m, &m->store, m->format);
	if (m->d == NULL)
		sim_fail(s, "medium", "the image does not open");
}

static void
arm(struct ms *store, int fault, unsigned cut)
{
	struct ms_plan p = { .seed = cut };
	uint64_t nth = 1 + cut % 5;

	if (fault == BLK_IOERR && cut / 5 % 3 == 0)
		p.fail_flush = nth;
	else if (fault == BLK_IOERR && cut / 5 % 3 == 1)
		p.fail_write = nth;
	else if (fault == BLK_IOERR)
		p.fail_read = nth;
	else if (fault == BLK_NOSPACE)
		p.full_write = nth;
	else
		p.short_every = nth;
	ms_plan(store, &p);
}

static int
disk_io(struct sim *s, const struct blk_io *io, int fault, unsigned cut)
{
	struct medium *m = s->mediumarg;
	int rv;

	if (m->d == NULL)
		begin(s, m);
	if (fault != BLK_OK)
		arm(&m->store, fault, cut);
	/* Short transfers are nobody's fault. */
	m->hurt |= fault == BLK_IOERR || fault == BLK_NOSPACE;
	m->changed |= io->op != BLK_READ;
	rv = diskblk(m->d, io);
	if (fault != BLK_OK)
		ms_revive(&m->store);
	if (rv != BLK_OK && !m->hurt)
		sim_fail(s, "medium", "a request failed without a fault");
	return rv;
}

/* What the model knows must have reached the image. */
static void
compare(struct sim *s, struct medium *m)
{
	static uint8_t b[SIM_DISK];
	uint64_t i;

	if (disk_read(m->d, b, s->unit[0].sectors * 512, 0) != 0)
		sim_fail(s, "medium", "the image cannot be read");
	for (i = 0; i < s->unit[0].sectors; i++)
		if (!s->unknown[i] &&
		    memcmp(b + i * 512, s->model + i * 512, 512) != 0)
			sim_fail(s, "medium", "bytes did not reach the image");
}

static void
check(struct sim *s, struct medium *m)
{
	struct qcow2_check res = { 0 };

	if (qcow2_check(m->d, &res, 0) != 0 || res.corruptions != 0)
		sim_fail(s, "medium", "the image is corrupt");
	if (res.leaks != 0 && !m->hurt)
		sim_fail(s, "medium", "the image leaks");
}

static void
stop(struct sim *s)
{
	struct medium *m = s->mediumarg;

	if (m->d != NULL && m->changed) {
		disk_close(&m->d);
		m->d = open_image(m, &m->store, m->format);
		if (m->d == NULL)
			sim_fail(s, "medium", "the image does not open again");
		if (m->format == DISK_QCOW2)
			check(s, m);
		if (!m->hurt)
			compare(s, m);
	}
	disk_close(&m->d);
}

static const struct sim_medium ops = {
	.reset = reset,
	.io = disk_io,
	.stop = stop,
};

static struct medium *
new_medium(struct sim *s, enum disk_format f)
{
	struct ms_plan no_writes = { .full_write = 1 };
	static const struct make base = { { .cluster_bits = 11 }, NULL };
	struct medium *m;

	m = calloc(1, sizeof(*m));
	if (m == NULL)
		abort();
	m->format = f;
	ms_init(&m->store, 1u << 20);
	ms_init(&m->raw, SIM_DISK);
	ms_init(&m->qcow2, 1u << 20);
	fill(m, &m->raw, NULL, s->fresh);
	fill(m, &m->qcow2, &base, s->fresh);
	ms_plan(&m->raw, &no_writes);
	ms_plan(&m->qcow2, &no_writes);
	s->medium = &ops;
	s->mediumarg = m;
	return m;
}

void
sim_over_raw(struct sim *s)
{
	struct medium *m = new_medium(s, DISK_RAW);

	fill(m, &m->store, NULL, s->fresh);
	keep(m);
}

void
sim_over_qcow2(struct sim *s)
{
	struct medium *m = new_medium(s, DISK_QCOW2);
	unsigned i;

	for (i = 0; i < NMAKES; i++) {
		fill(m, &m->store, &makes[i], s->fresh);
		keep(m);
	}
}
