/*
 * Random 4 KiB reads and writes through qcow2 next to raw, in one run: on
 * images that were filled from front to back and in random order.  Both are
 * filled by the same requests: what the page cache has of a file, and so its
 * speed, depends on how it was written.  Short turns alternate, so that both
 * meet the same writeback.
 * usage: bench_disk folder [MiB]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"
#include "filestore.h"
#include "prng.h"
#include "qcow2.h"

#define BLOCK	4096u
#define CLUSTER	65536u
#define TURN	2000u			/* requests */
#define TURNS	200
#define GOAL	0.85

struct pair {
	struct disk	*raw, *qcow2;
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
die(const char *what, int rv)
{
	fprintf(stderr, "bench_disk: %s: %s\n", what, disk_strerror(rv));
	exit(1);
}

static struct disk *
make(const char *dir, const char *name, enum disk_format f, uint64_t size)
{
	struct disk_opts o = { .format = f };
	struct qcow2_params p = { .size = size };
	struct disk_why why = { "" };
	struct bstore bs;
	struct disk *d = NULL;
	char path[512];
	int fd, rv;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || filestore_open(&bs, fd, 0) != 0)
		die(path, DISK_EIO);
	unlink(path);
	rv = f == DISK_RAW ? bs_resize(&bs, size) :
	    qcow2_create(&bs, &p, &why);
	if (rv == 0)
		rv = disk_open(&bs, &o, &d, &why);
	if (rv != 0)
		die(why.text, rv);
	return d;
}

/* The order in which the clusters are written. */
static uint32_t *
order(uint32_t n, int shuffled)
{
	uint32_t *v = malloc(n * sizeof(*v)), i, k, t;
	struct prng r;

	if (v == NULL)
		die("fill", DISK_ENOMEM);
	prng_seed(&r, 1);
	for (i = 0; i < n; i++)
		v[i] = i;
	for (i = n - 1; shuffled && i > 0; i--) {
		k = (uint32_t)prng_below(&r, i + 1);
		t = v[i];
		v[i] = v[k];
		v[k] = t;
	}
	return v;
}

static void
fill(struct disk *d, const uint32_t *v, uint32_t n)
{
	static uint8_t buf[CLUSTER];
	uint32_t i;
	int rv = 0;

	memset(buf, 0x5a, sizeof(buf));
	for (i = 0; rv == 0 && i < n; i++)
		rv = disk_write(d, buf, CLUSTER, (uint64_t)v[i] * CLUSTER);
	if (rv == 0)
		rv = disk_flush(d);
	if (rv != 0)
		die("fill", rv);
}

/* Seconds for one turn. */
static double
turn(struct disk *d, int write, uint64_t seed)
{
	static uint8_t buf[BLOCK];
	struct prng r;
	double t = now();
	uint64_t off;
	unsigned i;
	int rv = 0;

	prng_seed(&r, seed);
	for (i = 0; rv == 0 && i < TURN; i++) {
		off = prng_below(&r, d->size / BLOCK) * BLOCK;
		rv = write ? disk_write(d, buf, BLOCK, off) :
		    disk_read(d, buf, BLOCK, off);
	}
	if (rv != 0)
		die(write ? "write" : "read", rv);
	return now() - t;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* 1 when qcow2 is fast enough, by the medians. */
static int
compare(struct pair *p, int write, const char *how)
{
	static double a[TURNS], b[TURNS];
	double x, y;
	int i;

	for (i = 0; i < TURNS; i++) {
		/* Who comes first must not matter. */
		if (i % 2)
			b[i] = turn(p->qcow2, write, (uint64_t)i);
		a[i] = turn(p->raw, write, (uint64_t)i);
		if (i % 2 == 0)
			b[i] = turn(p->qcow2, write, (uint64_t)i);
	}
	qsort(a, TURNS, sizeof(a[0]), by_value);
	qsort(b, TURNS, sizeof(b[0]), by_value);
	x = TURN / a[TURNS / 2];
	y = TURN / b[TURNS / 2];
	printf("random 4 KiB %s, filled %s: raw %.0f/s, qcow2 %.0f/s: "
	    "%.2f\n", write ? "write" : "read", how, x, y, y / x);
	return y / x >= GOAL;
}

static int
both(const char *dir, uint64_t size, int shuffled)
{
	const char *how = shuffled ? "at random" : "in order";
	uint32_t n = (uint32_t)(size / CLUSTER), *v = order(n, shuffled);
	struct pair p;
	int ok;

	p.raw = make(dir, "bench.raw", DISK_RAW, size);
	p.qcow2 = make(dir, "bench.qcow2", DISK_QCOW2, size);
	fill(p.raw, v, n);
	fill(p.qcow2, v, n);
	ok = compare(&p, 0, how);
	ok &= compare(&p, 1, how);
	disk_close(&p.raw);
	disk_close(&p.qcow2);
	free(v);
	return ok;
}

int
main(int argc, char **argv)
{
	uint64_t size = (argc > 2 ? (uint64_t)atoi(argv[2]) : 1024) << 20;
	int ok;

	if (argc < 2 || size == 0) {
		fprintf(stderr, "usage: bench_disk folder [MiB]\n");
		return 2;
	}
	ok = both(argv[1], size, 0);
	ok &= both(argv[1], size, 1);
	return ok ? 0 : 1;
}
