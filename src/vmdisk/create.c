#include "vmdisk.h"

#include <unistd.h>

struct args {
	enum disk_format	format;
	struct qcow2_params	p;
	const char		*file;
	int			force, anybase, sized;
};

static const char use[] = "create [-ay] [-f format] [-b base [-F format]] "
    "[-o options] file [size]";

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
		else if (c != 'o' || parse_options(optarg, &a->p) == -1)
			return -1;
	}
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 2 || (argc == 1 && a->p.backing == NULL))
		return usage(use);
	a->file = argv[0];
	a->sized = argc == 2;
	if (a->sized && parse_size(argv[1], &a->p.size) == -1)
		return complain(NULL, "%s is not a size: a number and "
		    "perhaps one of K M G T P E", argv[1]);
	if (a->p.backing != NULL && a->format == DISK_RAW)
		return complain(a->file, "a raw image has no base; "
		    "use -f qcow2"), -1;
	return 0;
}

/* The base opens through the new image: so the rules are the same. */
static int
adopt_base(const struct args *a, const char *tmp, struct disk_why *why)
{
	struct image_opts o = {
		.format = DISK_QCOW2, .write = 1, .anybase = a->anybase,
	};
	struct disk *d, *base;
	int rv = 0;

	if (image_open(tmp, &o, &d, why) == -1)
		return -1;
	base = qcow2_backing(d);
	if (!a->sized && base->size % 512 != 0)
		rv = disk_refuse(why, -1, "size of the base is not a "
		    "multiple of 512: give a size");
	else if (!a->sized && (disk_grow(d, base->size) != 0 ||
	    disk_flush(d) != 0))
		rv = disk_refuse(why, -1, "cannot be written");
	disk_close(&d);
	return rv;
}

int
cmd_create(int argc, char **argv)
{
	struct args a = { .format = DISK_QCOW2 };
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
		rv = adopt_base(&a, n.tmp, &why);
	if (rv == 0 && stopped() == 0)
		rv = image_keep(&n, 1, &why);
	image_drop(&n);
	if (rv != 0)
		return complain(a.file, "%s", why.text);
	return stopped() == 0 ? EXIT_FINE : EXIT_FAILED;
}
