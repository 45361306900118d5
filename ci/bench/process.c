/*
 * Device processes next to what they could cost at best: a bare socket pair,
 * a plain preadv loop on the same file, fork and exec.  Elapsed time.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "le.h"
#include "prng.h"
#include "rig.h"
#include "vioblk.h"

#define SIZE	(256ULL << 20)		/* of the disk, all of it cached */
#define LIMIT	6144			/* KiB of a device process */

struct reads {
	unsigned	depth;
	size_t		len;
	int		random;
	uint64_t	next;		/* offset of a sequential read */
};

/* A device, its driver, what it is asked for. */
struct device {
	struct rig	rig;
	struct rig_blk	blk;
	struct reads	r;
};

static struct device one, two;
static int image, sv[2];
static pid_t echo;
static struct prng rng;
static uint64_t spent;			/* from kick to interrupt, ns */
static const char *only = "";		/* part of the rows' names */

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* --------------------------------------------------------------- the peers */

static void
start_echo(void)
{
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1 ||
	    (echo = fork()) == -1)
		bench_die("no socket pair");
	if (echo != 0) {
		close(sv[1]);
		return;
	}
	close(sv[0]);
	while (read(sv[1], &c, 1) == 1 && write(sv[1], &c, 1) == 1)
		;
	_exit(0);
}

static uint64_t
run_pingpong(void *arg)
{
	char c = 0;

	(void)arg;
	if (write(sv[0], &c, 1) != 1 || read(sv[0], &c, 1) != 1)
		bench_die("the echo is gone");
	return 1;
}

static uint64_t
pick(struct reads *r)
{
	uint64_t off = r->next;

	if (r->random)
		return prng_below(&rng, SIZE / r->len) * r->len;
	r->next = (off + r->len) % SIZE;
	return off;
}

static uint64_t
run_preadv(void *arg)
{
	struct device *d = arg;
	struct reads *r = &d->r;
	struct iovec v;
	unsigned i;

	for (i = 0; i < r->depth; i++) {
		v.iov_base = rig_blk_data(&d->blk, i);
		v.iov_len = r->len;
		if (preadv(image, &v, 1, (off_t)pick(r)) != (ssize_t)r->len)
			bench_die("preadv");
	}
	return r->depth;
}

static uint64_t
run_true(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return 1;
}

/* --------------------------------------------------------------- the disk */

static void
start_disk(struct device *d, int fd)
{
	struct devproc_image im = { .fd = image, .format = DISK_RAW };
	struct devproc_conf c;
	struct devproc_why why;

	rig_open(&d->rig);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		d->rig.spin.max = SPIN_LONG;
	rig_conf(&d->rig, &c, "vioblk");
	c.image = &im;
	c.nimages = 1;
	c.record.fd = fd;
	c.record.room = 1ULL << 40;
	if (rig_start(&d->rig, &c, &why) == -1)
		bench_die(why.text);
}

static void
open_disk(struct device *d, const struct reads *r, int fd)
{
	d->r = *r;
	start_disk(d, fd);
	if (rig_blk_open(&d->rig, &d->blk, r->depth, r->len) == -1)
		bench_die("the device is gone");
}

/* A request that moves nothing: the disk's name. */
static uint64_t
run_noop(void *arg)
{
	struct device *d = arg;
	struct rig_queue *q = &d->blk.q;
	uint64_t start;

	le16_put(q->pdrv + 4 + 2 * q->size, q->used);
	rig_blk_put(&d->blk, 0, VIOBLK_T_GET_ID, 0, 20);
	start = now();
	(void)rig_go(q);
	if (rig_wait(&d->rig, 5000) != 1)
		bench_die("no interrupt");
	spent += now() - start;
	(void)rig_read(&d->rig, VIODEV_ISR, 0, 1);
	if (rig_take(q, NULL) != 0)
		bench_die("a request got lost");
	return 1;
}

static void
offer_read(struct device *d, unsigned slot)
{
	rig_blk_put(&d->blk, slot, VIOBLK_T_IN, pick(&d->r) / 512, d->r.len);
}

/* As many requests as the depth under way, until so many have come back. */
static uint64_t
run_reads(void *arg)
{
	struct device *d = arg;
	unsigned depth = d->r.depth, todo = depth * 4, flying, done = 0, i;
	int slot;

	for (i = 0; i < depth; i++)
		offer_read(d, i);
	flying = depth;
	while (flying > 0) {
		(void)rig_go(&d->blk.q);
		if (rig_come(&d->blk.q, 5000) == -1)
			bench_die("the device is gone");
		while ((slot = rig_take(&d->blk.q, NULL)) != -1) {
			flying--;
			if (++done + flying < todo) {
				offer_read(d, (unsigned)slot);
				flying++;
			}
		}
	}
	return done;
}

static uint64_t
run_start(void *arg)
{
	struct device *d = arg;

	start_disk(d, -1);
	rig_close(&d->rig);
	return 1;
}

/* ------------------------------------------------------------------ tables */

static void
compare(const char *name, const char *unit, const char *peer, double goal,
    const struct bench_side *a, const struct bench_side *b)
{
	struct bench_row row = {
		.group = "device process", .name = name, .unit = unit,
		.peer = peer, .goal = goal, .elapsed = 1
	};

	bench_compare(&row, a, b);
}

static void
round_trips(void)
{
	struct bench_side noop = { run_noop, &one, &spent };
	struct bench_side acked = { run_noop, &one, NULL };
	struct bench_side ping = { run_pingpong, NULL, NULL };

	if (strstr("kick to interrupt", only) == NULL)
		return;
	open_disk(&one, &(struct reads){ 1, 4096, 1, 0 }, -1);
	compare("kick to interrupt", "1/s", "socket pair", 1 / 1.5, &noop,
	    &ping);
	compare("and its acknowledgement", "1/s", "socket pair", 0, &acked,
	    &ping);
	rig_close(&one.rig);
}

static void
reads(const char *name, const struct reads *r, double goal)
{
	struct bench_side side = { run_reads, &one, NULL };
	struct bench_side peer = { run_preadv, &one, NULL };

	if (strstr(name, only) == NULL)
		return;
	open_disk(&one, r, -1);
	compare(name, "reads/s", "preadv", goal, &side, &peer);
	rig_close(&one.rig);
}

/* Two devices in turn; one is recorded. */
static void
recorded(const char *name, const struct reads *r, double goal)
{
	char path[] = "/tmp/vmd.bench.XXXXXX";
	struct bench_side side = { run_reads, &one, NULL };
	struct bench_side peer = { run_reads, &two, NULL };
	int fd;

	if (strstr(name, only) == NULL)
		return;
	fd = mkstemp(path);
	unlink(path);
	open_disk(&one, r, fd);
	open_disk(&two, r, -1);
	compare(name, "reads/s", "not recorded", goal, &side, &peer);
	rig_close(&one.rig);
	rig_close(&two.rig);
	close(fd);
}

/* What a process has resident that is not the guest's, in KiB. */
static unsigned
resident(pid_t pid)
{
	char path[64], line[512];
	unsigned sum = 0, n;
	int guest = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strchr(line, '-') != NULL && strstr(line, "kB") == NULL)
			guest = strstr(line, "memfd:rig") != NULL;
		if (sscanf(line, "Rss: %u kB", &n) == 1 && !guest)
			sum += n;
	}
	fclose(f);
	return sum;
}

static void
memory(void)
{
	unsigned kib, i;

	if (strstr("resident", only) == NULL)
		return;
	open_disk(&one, &(struct reads){ 32, 4096, 1, 0 }, -1);
	for (i = 0; i < 100; i++)
		(void)run_reads(&one);
	kib = resident(devproc_pid(one.rig.dev));
	rig_close(&one.rig);
	printf("device process\tresident, without the guest's\tKiB\t%u\tlimit"
	    "\t%d\t%.3f\t%.3f\t%.3f\t0.999\n", kib, LIMIT,
	    (double)LIMIT / kib, (double)LIMIT / kib, (double)LIMIT / kib);
}

static void
starts(void)
{
	struct bench_side side = { run_start, &one, NULL };
	struct bench_side peer = { run_true, NULL, NULL };

	if (strstr("start to READY", only) == NULL)
		return;
	compare("start to READY, and the end", "1/s", "fork, exec true", 0,
	    &side, &peer);
}

static void
make_image(void)
{
	static uint8_t buf[1 << 20];
	char path[] = "/tmp/vmd.bench.XXXXXX";
	uint64_t off;

	image = mkstemp(path);
	if (image == -1)
		bench_die("no file in /tmp");
	unlink(path);
	memset(buf, 0x5a, sizeof(buf));
	for (off = 0; off < SIZE; off += sizeof(buf))
		if (write(image, buf, sizeof(buf)) != sizeof(buf))
			bench_die("no room in /tmp");
}

/* usage: bench_process [part of a name] */
int
main(int argc, char **argv)
{
	if (argc > 1)
		only = argv[1];
	make_image();
	start_echo();
	round_trips();
	reads("4 KiB random, depth 1", &(struct reads){ 1, 4096, 1, 0 },
	    0.15);
	reads("4 KiB random, depth 32", &(struct reads){ 32, 4096, 1, 0 },
	    0.6);
	reads("1 MiB sequential, depth 2",
	    &(struct reads){ 2, 1 << 20, 0, 0 }, 0.95);
	recorded("4 KiB, depth 1, digests recorded",
	    &(struct reads){ 1, 4096, 1, 0 }, 0.9);
	recorded("4 KiB, depth 32, digests recorded",
	    &(struct reads){ 32, 4096, 1, 0 }, 0.9);
	recorded("1 MiB, depth 2, digests recorded",
	    &(struct reads){ 2, 1 << 20, 0, 0 }, 0.9);
	memory();
	starts();
	close(sv[0]);
	waitpid(echo, NULL, 0);
	return 0;
}
