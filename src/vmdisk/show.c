/* The commands that only look: info, check, map. */
#include "vmdisk.h"

#include <sys/stat.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

struct args {
	struct image_opts	o;
	const char		*file;
	int			json, repair;
};

static int
get_args(int argc, char **argv, struct args *a, const char *known,
    const char *use)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "repair", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, known, longs, NULL)) != -1) {
		if (strchr(known, c) == NULL)
			return usage(use);
		if (c == 'a')
			a->o.anybase = 1;
		else if (c == 'j')
			a->json = 1;
		else if (c == 'r')
			a->repair = 1;
		else if (parse_format(optarg, &a->o.format) != 0)
			return -1;
	}
	if (argc - optind != 1)
		return usage(use);
	a->file = argv[optind];
	return 0;
}

static int
print_json(json_t *j)
{
	if (j == NULL)
		return complain(NULL, "out of memory");
	json_dumpf(j, stdout, JSON_INDENT(4) | JSON_PRESERVE_ORDER);
	printf("\n");
	json_decref(j);
	return EXIT_FINE;
}

/* A name, whose bytes may be no UTF-8: then without what is not ASCII. */
static json_t *
json_name(const char *s)
{
	json_t *j = s == NULL ? json_null() : json_string(s);
	char *copy, *p;

	if (j != NULL || (copy = strdup(s)) == NULL)
		return j;
	for (p = copy; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	j = json_string(copy);
	free(copy);
	return j;
}

static uint64_t
disk_usage(const char *file)
{
	struct stat st;

	return stat(file, &st) == -1 ? 0 : (uint64_t)st.st_blocks * 512;
}

static json_t *
qcow2_json(const struct qcow2_info *i)
{
	return json_pack("{s:i,s:I,s:i,s:s,s:b,s:b,s:b,s:i,s:o,s:o}",
	    "version", (int)i->version,
	    "cluster-size", (json_int_t)1 << i->cluster_bits,
	    "refcount-bits", 1 << i->refcount_order,
	    "compression", i->ctype == QCOW2_ZSTD ? "zstd" : "zlib",
	    "lazy-refcounts", i->lazy, "dirty", i->dirty,
	    "corrupt", i->corrupt, "snapshots", (int)i->nsnapshots,
	    "backing", json_name(i->backing),
	    "backing-format", json_name(i->backing_fmt));
}

static int
info_json(struct disk *d, const char *file)
{
	struct qcow2_info i;
	json_t *j;

	j = json_pack("{s:o,s:s,s:I,s:I}", "file", json_name(file),
	    "format", disk_format_name(d->format),
	    "virtual-size", (json_int_t)d->size,
	    "disk-usage", (json_int_t)disk_usage(file));
	if (d->format == DISK_QCOW2) {
		qcow2_info(d, &i);
		json_object_set_new(j, "qcow2", qcow2_json(&i));
	}
	return print_json(j);
}

static void
info_qcow2(struct disk *d)
{
	struct qcow2_info i;

	qcow2_info(d, &i);
	printf("version:      %u\n", i.version);
	printf("cluster size: %u\n", 1u << i.cluster_bits);
	printf("refcounts:    %u bits\n", 1u << i.refcount_order);
	printf("compression:  %s\n",
	    i.ctype == QCOW2_ZSTD ? "zstd" : "zlib");
	if (i.backing != NULL)
		printf("base:         %s (%s)\n", i.backing,
		    i.backing_fmt == NULL ? "format unsaid" : i.backing_fmt);
	if (i.nsnapshots > 0)
		printf("snapshots:    %u\n", i.nsnapshots);
	if (i.lazy || i.dirty || i.corrupt)
		printf("marks:       %s%s%s\n", i.lazy ? " lazy" : "",
		    i.dirty ? " dirty" : "", i.corrupt ? " corrupt" : "");
}

int
cmd_info(int argc, char **argv)
{
	struct args a = { .o = { .nobacking = 1 } };
	char b1[16], b2[16];
	struct disk *d;
	int rv = EXIT_FINE;

	if (get_args(argc, argv, &a, "f:j",
	    "info [-j] [-f format] file") == -1 ||
	    open_image(a.file, &a.o, &d) == -1)
		return EXIT_FAILED;
	if (a.json) {
		rv = info_json(d, a.file);
	} else {
		printf("file:         %s\n", a.file);
		printf("format:       %s\n", disk_format_name(d->format));
		printf("virtual size: %s (%" PRIu64 " bytes)\n",
		    human_size(d->size, b1), d->size);
		printf("disk usage:   %s\n",
		    human_size(disk_usage(a.file), b2));
		if (d->format == DISK_QCOW2)
			info_qcow2(d);
	}
	disk_close(&d);
	return rv;
}

static void
say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static int
report(const struct args *a, const struct qcow2_check *c)
{
	uint64_t leaks = c->leaks - c->leaks_fixed;

	if (a->json) {
		print_json(json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		    "file", json_name(a->file),
		    "corruptions", (json_int_t)c->corruptions,
		    "leaks", (json_int_t)c->leaks,
		    "leaks-fixed", (json_int_t)c->leaks_fixed,
		    "total-clusters", (json_int_t)c->clusters,
		    "allocated-clusters", (json_int_t)c->allocated,
		    "compressed-clusters", (json_int_t)c->compressed,
		    "image-end-offset", (json_int_t)c->end));
	} else {
		printf("%" PRIu64 " corruptions, %" PRIu64 " leaks",
		    c->corruptions, c->leaks);
		if (a->repair)
			printf(", %" PRIu64 " leaks repaired",
			    c->leaks_fixed);
		printf("\n%" PRIu64 " of %" PRIu64 " clusters allocated, "
		    "%" PRIu64 " compressed\n", c->allocated, c->clusters,
		    c->compressed);
	}
	return c->corruptions > 0 ? EXIT_CORRUPT : leaks > 0 ? EXIT_LEAKS :
	    EXIT_FINE;
}

/*
 * A repair begins with opening the image as for use: that rebuilds what was
 * not closed cleanly.  What does not open so is looked at as it is.
 */
static int
open_checked(struct args *a, struct disk **d)
{
	struct image_opts use = { .nobacking = 1, .write = 1 };
	struct disk_why why;

	if (a->repair && image_open(a->file, &use, d, &why) == 0)
		return 0;
	a->o.write = a->repair;
	return open_image(a->file, &a->o, d);
}

int
cmd_check(int argc, char **argv)
{
	struct args a = { .o = { .nobacking = 1, .damaged = 1 } };
	struct qcow2_check c = { .say = say };
	struct disk *d;
	int rv;

	if (get_args(argc, argv, &a, "jr", "check [-jr] file") == -1)
		return EXIT_FAILED;
	if (open_checked(&a, &d) == -1)
		return EXIT_FAILED;
	if (d->format != DISK_QCOW2) {
		complain(a.file, "a raw image has nothing to check");
		disk_close(&d);
		return EXIT_FAILED;
	}
	rv = qcow2_check(d, &c, a.repair);
	disk_close(&d);
	if (rv != 0)
		return complain(a.file, "cannot be checked: %s",
		    disk_strerror(rv));
	return report(&a, &c);
}

static const char *
kind_name(enum disk_kind k)
{
	static const char *const name[] = { "hole", "zero", "data",
	    "compressed" };

	return name[k];
}

/* One line for each stretch. */
static void
emit_json(const struct disk_extent *e)
{
	json_t *j;

	j = json_pack("{s:I,s:I,s:i,s:s}", "start", (json_int_t)e->off,
	    "length", (json_int_t)e->len, "depth", (int)e->depth,
	    "kind", kind_name(e->kind));
	if (e->hosted)
		json_object_set_new(j, "offset",
		    json_integer((json_int_t)e->host));
	json_dumpf(j, stdout, JSON_PRESERVE_ORDER);
	json_decref(j);
}

/* Whether b goes on where a ends. */
static int
continues(const struct disk_extent *a, const struct disk_extent *b)
{
	return a->kind == b->kind && a->depth == b->depth &&
	    a->hosted == b->hosted &&
	    (!a->hosted || a->host + a->len == b->host);
}

static void
emit_text(const struct disk_extent *e)
{
	printf("%16" PRIu64 " %16" PRIu64 " %3u ", e->off, e->len, e->depth);
	if (e->hosted)
		printf("%-10s %16" PRIu64 "\n", kind_name(e->kind), e->host);
	else
		printf("%s\n", kind_name(e->kind));
}

/* Printed as it is found: what an image claims costs no memory. */
static void
emit(const struct disk_extent *e, int json, int first)
{
	if (json) {
		printf(first ? "\n    " : ",\n    ");
		emit_json(e);
	} else {
		emit_text(e);
	}
}

static int
walk(struct disk *d, int json)
{
	struct disk_extent e, last = { .len = 0 };
	uint64_t off;
	int rv, first = 1;

	for (off = 0; off < d->size && !ferror(stdout); off += e.len) {
		rv = disk_extent(d, off, d->size - off, &e);
		if (rv != 0)
			return rv;
		if (last.len > 0 && continues(&last, &e)) {
			last.len += e.len;
			continue;
		}
		if (last.len > 0) {
			emit(&last, json, first);
			first = 0;
		}
		last = e;
	}
	if (last.len > 0)
		emit(&last, json, first);
	return 0;
}

int
cmd_map(int argc, char **argv)
{
	struct args a = { .json = 0 };
	struct disk *d;
	int rv;

	if (get_args(argc, argv, &a, "af:j",
	    "map [-aj] [-f format] file") == -1 ||
	    open_image(a.file, &a.o, &d) == -1)
		return EXIT_FAILED;
	if (a.json)
		printf("[");
	else
		printf("%16s %16s %3s %-10s %16s\n", "start", "length",
		    "img", "kind", "offset");
	rv = walk(d, a.json);
	disk_close(&d);
	if (rv != 0)
		return complain(a.file, "cannot be read: %s",
		    disk_strerror(rv));
	if (a.json)
		printf("\n]\n");
	return EXIT_FINE;
}
