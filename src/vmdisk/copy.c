#include "vmdisk.h"

#include <string.h>
#include <unistd.h>

#include "convert.h"
#include "filestore.h"

struct args {
	struct image_opts	in;
	enum disk_format	format;
	struct qcow2_params	p;
	const char		*src, *dst;
	int			force, packed, sync;
};

static const char use[] = "convert [-acsy] [-f format] [-O format] "
    "[-o options] source destination";

static int
get_args(int argc, char **argv, struct args *a)
{
	int c;

	while ((c = getopt(argc, argv, "acf:O:o:sy")) != -1) {
		if (c == 'a')
			a->in.anybase = 1;
		else if (c == 'c')
			a->packed = 1;
		else if (c == 's')
			a->sync = 1;
		else if (c == 'y')
			a->force = 1;
		else if (c == 'f' && parse_format(optarg, &a->in.format) == 0)
			continue;
		else if (c == 'O' && parse_format(optarg, &a->format) == 0)
			continue;
		else if (c != 'o' || parse_options(optarg, &a->p) == -1)
			return -1;
	}
	if (argc - optind != 2)
		return usage(use);
	a->src = argv[optind];
	a->dst = argv[optind + 1];
	if (a->packed && a->format == DISK_RAW)
		return complain(a->dst, "a raw image is never compressed; "
		    "use -O qcow2"), -1;
	return 0;
}

static int
failed(const struct args *a, int rv, uint64_t pos)
{
	return complain(a->dst, "copy stopped after %llu bytes: %s",
	    (unsigned long long)pos, disk_strerror(rv));
}

/* Into qcow2: one thread, for the tables belong together. */
static int
copy(const struct args *a, struct disk *src, struct disk *dst)
{
	struct progress bar;
	struct convert c = { .pos = 0 };
	int rv;

	rv = convert_begin(&c, src, dst, a->packed);
	if (rv == 0) {
		progress_begin(&bar);
		while ((rv = convert_step(&c)) == 1 && stopped() == 0)
			progress_show(&bar, c.pos, c.to);
		progress_end(&bar);
		convert_end(&c);
	}
	if (rv == 0)
		rv = disk_flush(dst);
	if (rv < 0)
		return failed(a, rv, c.pos);
	return rv == 0 ? 0 : -1;
}

static int
copy_raw(const struct args *a, const struct newfile *n, uint64_t size)
{
	uint64_t done;
	int rv;

	if (image_create(a->dst, n->fd, DISK_RAW, &a->p) == -1)
		return -1;
	rv = copy_parallel(a->src, &a->in, n->fd, size, &done);
	return rv < -1 || (rv == -1 && done > 0) ? failed(a, rv, done) : rv;
}

/* The empty image, opened for the copy. */
static int
open_dst(const struct args *a, const struct newfile *n, struct disk **dst)
{
	struct disk_opts o = { .format = a->format, .nobacking = 1 };
	struct disk_why why = { "" };
	struct bstore bs;
	int fd;

	if (image_create(a->dst, n->fd, a->format, &a->p) == -1)
		return -1;
	fd = dup(n->fd);
	if (fd == -1 || filestore_open(&bs, fd, FILESTORE_NOSYNC) != 0)
		return complain(a->dst, "cannot be opened again");
	if (disk_open(&bs, &o, dst, &why) != 0) {
		bs_close(&bs);
		return complain(a->dst, "%s", why.text);
	}
	return 0;
}

int
cmd_convert(int argc, char **argv)
{
	struct args a = { .format = DISK_QCOW2 };
	struct disk *src, *dst = NULL;
	struct newfile n;
	int rv = -1;

	if (get_args(argc, argv, &a) == -1)
		return EXIT_FAILED;
	catch_signals();
	if (image_open(a.src, &a.in, &src) == -1)
		return EXIT_FAILED;
	a.p.size = a.format == DISK_RAW ? src->size :
	    (src->size + 511) / 512 * 512;
	if (newfile_begin(&n, a.dst, a.force) == 0) {
		if (a.format == DISK_RAW)
			rv = copy_raw(&a, &n, src->size);
		else if ((rv = open_dst(&a, &n, &dst)) == 0)
			rv = copy(&a, src, dst);
		disk_close(&dst);
		if (rv == 0 && stopped() == 0)
			rv = newfile_commit(&n, a.sync);
		newfile_abandon(&n);
	}
	disk_close(&src);
	return rv == 0 ? EXIT_FINE : EXIT_FAILED;
}
