#include "vmdisk.h"

#include <unistd.h>

struct args {
	struct image_copy	c;
	const char		*dst;
	int			force, sync, opts;
};

static const char use[] = "convert [-acsy] [-f format] [-O format] "
    "[-o options] source destination";

static int
get_args(int argc, char **argv, struct args *a)
{
	int c;

	while ((c = getopt(argc, argv, "acf:O:o:sy")) != -1) {
		if (c == 'a')
			a->c.in.anybase = 1;
		else if (c == 'c')
			a->c.packed = 1;
		else if (c == 's')
			a->sync = 1;
		else if (c == 'y')
			a->force = 1;
		else if (c == 'f' && parse_format(optarg, &a->c.in.format) == 0)
			continue;
		else if (c == 'O' && parse_format(optarg, &a->c.format) == 0)
			continue;
		else if (c == 'o' && parse_options(optarg, &a->c.params) == 0)
			a->opts = 1;
		else
			return c == '?' ? usage(use) : -1;
	}
	if (argc - optind != 2)
		return usage(use);
	a->c.src = argv[optind];
	a->dst = argv[optind + 1];
	if (a->c.packed && a->c.format == DISK_RAW)
		return complain(a->dst, "a raw image is never compressed; "
		    "use -O qcow2");
	if (a->opts && a->c.format == DISK_RAW)
		return complain(a->dst, "a raw image has no options; "
		    "leave -o out, or use -O qcow2");
	return 0;
}

static int
show(void *arg, uint64_t done, uint64_t all)
{
	progress_show(arg, done, all);
	return stopped();
}

int
cmd_convert(int argc, char **argv)
{
	struct args a = {
		.c = { .format = DISK_QCOW2, .params.stop = stop_asked }
	};
	struct disk_why why;
	struct progress bar;
	struct image_new n;
	enum image_result rv;

	if (get_args(argc, argv, &a) == -1)
		return EXIT_FAILED;
	catch_signals();
	if (image_new(&n, a.dst, a.force, &why) == -1)
		return complain(a.dst, "%s", why.text);
	progress_begin(&bar);
	a.c.fd = n.fd;
	a.c.in.instead = &n;
	a.c.progress = show;
	a.c.arg = &bar;
	rv = image_copy(&a.c, &why);
	progress_end(&bar);
	if (rv == IMAGE_COPIED && stopped() == 0 &&
	    image_keep(&n, a.sync, &why) == -1)
		rv = IMAGE_FAILED;
	image_drop(&n);
	if (stopped() != 0 || rv == IMAGE_STOPPED)
		return EXIT_FAILED;
	return rv == IMAGE_COPIED ? EXIT_FINE :
	    complain(rv == IMAGE_NOSOURCE ? a.c.src : a.dst, "%s", why.text);
}
