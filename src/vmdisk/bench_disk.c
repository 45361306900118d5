/*
 * Random 4 KiB reads and writes through qcow2 next to raw, in one run.
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
#define NOPS	200000u
#define ROUNDS	5

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

/* A disk with all its clusters written. */
static struct disk *
make(const char *dir, const char *name, enum disk_format f, uint64_t size)
{
	struct disk_opts o = { .format = f };
	struct qcow2_params p = { .size = size };
	struct disk_why why = { "" };
	static uint8_t buf[1u << 20];
	struct bstore bs;
	struct disk *d;
	char path[512];
	uint64_t off;
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
	memset(buf, 0x5a, sizeof(buf));
	for (off = 0; rv == 0 && off < size; off += sizeof(buf))
		rv = disk_write(d, buf, sizeof(buf), off);
	if (rv == 0)
		rv = disk_flush(d);
	if (rv != 0)
		die("fill", rv);
	return d;
}

/* Operations per second. */
static double
run(struct disk *d, int write, uint64_t seed)
{
	static uint8_t buf[BLOCK];
	struct prng r;
	double t = now();
	uint64_t off;
	unsigned i;
	int rv = 0;

	prng_seed(&r, seed);
	for (i = 0; rv == 0 && i < NOPS; i++) {
		off = prng_below(&r, d->size / BLOCK) * BLOCK;
		rv = write ? disk_write(d, buf, BLOCK, off) :
		    disk_read(d, buf, BLOCK, off);
	}
	if (rv != 0)
		die(write ? "write" : "read", rv);
	return NOPS / (now() - t);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
compare(struct disk *raw, struct disk *q, int write)
{
	double a[ROUNDS], b[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		a[i] = run(raw, write, (uint64_t)i);
		b[i] = run(q, write, (uint64_t)i);
	}
	qsort(a, ROUNDS, sizeof(a[0]), by_value);
	qsort(b, ROUNDS, sizeof(b[0]), by_value);
	printf("random 4 KiB %s: raw %.0f/s, qcow2 %.0f/s: %.2f\n",
	    write ? "write" : "read", a[ROUNDS / 2], b[ROUNDS / 2],
	    b[ROUNDS / 2] / a[ROUNDS / 2]);
	return b[ROUNDS / 2] / a[ROUNDS / 2];
}

int
main(int argc, char **argv)
{
	uint64_t size = (argc > 2 ? (uint64_t)atoi(argv[2]) : 1024) << 20;
	struct disk *raw, *q;
	int ok;

	if (argc < 2 || size == 0) {
		fprintf(stderr, "usage: bench_disk folder [MiB]\n");
		return 2;
	}
	raw = make(argv[1], "bench.raw", DISK_RAW, size);
	q = make(argv[1], "bench.qcow2", DISK_QCOW2, size);
	ok = compare(raw, q, 0) >= 0.85;
	ok &= compare(raw, q, 1) >= 0.85;
	disk_close(&raw);
	disk_close(&q);
	return ok ? 0 : 1;
}
