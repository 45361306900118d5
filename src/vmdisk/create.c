#include "vmdisk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct args {
	enum disk_format	format;
	struct qcow2_params	p;
	const char		*file;
	int			force, anybase, sized, opts;
};

static const char use[] = "create [-ay] [-f format] [-b base [-F format]] "
    "[-o options] file [size]";

/* What does not go together. */
static int
check_args(const struct args *a)
{
	if (a->p.backing == NULL && a->p.backing_fmt != NULL)
		return complain(a->file, "-F is the format of a base; "
		    "name one with -b");
	if (a->format != DISK_RAW)
		return 0;
	if (a->p.backing != NULL)
		return complain(a->file, "a raw image has no base; "
		    "use -f qcow2");
	return a->opts ? complain(a->file, "a raw image has no options; "
	    "leave -o out, or use -f qcow2") : 0;
}

static int
get_args(int argc, char **argv, struct args *a)
{
	enum disk_format ignored;
	int c;

	while ((c = getopt(argc, argv, "ab:f:F:o:y")) != -1) {
		if (c == 'a')
			a->anybase = 1;
		else if (c == 'y')
			a->force = 1;
		else if (c == 'b')
			a->p.backing = optarg;
		else if (c == 'F' && parse_format(optarg, &ignored) == 0)
			a->p.backing_fmt = optarg;
		else if (c == 'f' && parse_format(optarg, &a->format) == 0)
			continue;
		else if (c == 'o' && parse_options(optarg, &a->p) == 0)
			a->opts = 1;
		else
			return c == '?' ? usage(use) : -1;
	}
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 2 || (argc == 1 && a->p.backing == NULL))
		return usage(use);
	a->file = argv[0];
	a->sized = argc == 2;
	if (a->sized && parse_size(argv[1], &a->p.size) == -1)
		return complain(NULL, "\"%s\" is not a size: a number and "
		    "perhaps one of K M G T P E", argv[1]);
	return check_args(a);
}

/*
 * The base opens through the new image: so the rules are the same.  Its size
 * is the default for the image, which then is made once more: an image that
 * grows would hide what the base has there.
 */
static int
adopt_base(struct args *a, struct image_new *n, struct disk_why *why)
{
	struct image_opts o = {
		.format = DISK_QCOW2, .write = 1, .anybase = a->anybase,
		.instead = n,
	};
	struct disk *d;

	if (image_open(n->tmp, &o, &d, why) == -1)
		return -1;
	if (!a->sized)
		a->p.size = qcow2_backing(d)->size;
	disk_close(&d);
	if (a->sized)
		return 0;
	if (a->p.size % 512 != 0)
		return disk_refuse(why, -1, "size of the base is not a "
		    "multiple of 512: give a size");
	if (ftruncate(n->fd, 0) == -1)
		return disk_refuse(why, -1, "cannot be written: %s",
		    strerror(errno));
	return image_create(n->fd, DISK_QCOW2, &a->p, why);
}

int
cmd_create(int argc, char **argv)
{
	struct args a = { .format = DISK_QCOW2, .p.stop = stop_asked };
	struct disk_why why;
	struct image_new n;
	int rv;

	if (get_args(argc, argv, &a) == -1)
		return EXIT_FAILED;
	if (a.format == DISK_QCOW2)
		a.p.size = (a.p.size + 511) / 512 * 512;
	catch_signals();
	rv = image_new(&n, a.file, a.force, &why);
	if (rv == 0)
		rv = image_create(n.fd, a.format, &a.p, &why);
	if (rv == 0 && a.p.backing != NULL)
		rv = adopt_base(&a, &n, &why);
	if (rv == 0 && stopped() == 0)
		rv = image_keep(&n, 1, &why);
	image_drop(&n);
	if (stopped() != 0)
		return EXIT_FAILED;
	return rv == 0 ? EXIT_FINE : complain(a.file, "%s", why.text);
}
