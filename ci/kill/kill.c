/*
 * Kills device processes at random moments under load, and looks at the disks
 * from outside: what was acknowledged and flushed must be there.
 *
 *	kill [-s seed] kills
 *
 * The images live on from kill to kill: a raw one, a qcow2 one, and an
 * overlay over a raw base.  A second VM runs beside and must not notice.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "image.h"
#include "opener.h"
#include "prng.h"
#include "rig.h"
#include "vioblk.h"

#define BLOCK		4096U
#define BLOCKS		512U
#define SLOTS		8U
#define NDISKS		3U

/* One image, and what must and may be in each of its blocks. */
struct victim {
	char		 path[128];
	uint64_t	 durable[BLOCKS];	/* flushed: must be there */
	uint64_t	 acked[BLOCKS];
	uint64_t	 asked[BLOCKS];		/* may be there */
	uint64_t	 snapshot[BLOCKS];	/* acked when the flush left */
};

struct killer {
	pid_t		 pid;
	unsigned	 us;
};

static struct victim victims[NDISKS];
static struct prng rng;
static uint64_t serial;
static char dir[64];
static uint64_t acks, flushes;

static void
make(const char *name, enum disk_format f, const char *base)
{
	struct qcow2_params p = {
		.size = (uint64_t)BLOCK * BLOCKS, .backing = base
	};
	struct disk_why why;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -1 || image_create(fd, f, &p, &why) == -1)
		err(1, "%s", path);
	close(fd);
}

/* Every 512 bytes of a block say which block and which write it was. */
static void
fill(uint8_t *p, unsigned block, uint64_t number)
{
	unsigned i;

	memset(p, (int)number, BLOCK);
	for (i = 0; i < BLOCK; i += 512) {
		le64_put(p + i, number);
		le64_put(p + i + 8, number == 0 ? 0 : block + 1);
	}
}

static void
check_block(struct victim *v, unsigned b, const uint8_t *p)
{
	uint64_t n, newest = 0, oldest = UINT64_MAX;
	unsigned i;

	for (i = 0; i < BLOCK; i += 512) {
		n = le64_get(p + i);
		if (n < v->durable[b] || n > v->asked[b] ||
		    (n != 0 && le64_get(p + i + 8) != b + 1))
			errx(1, "%s: block %u + %u has write %llu, flushed "
			    "was %llu, asked for %llu", v->path, b, i,
			    (unsigned long long)n,
			    (unsigned long long)v->durable[b],
			    (unsigned long long)v->asked[b]);
		newest = n > newest ? n : newest;
		oldest = n < oldest ? n : oldest;
	}
	/* What a file holds the death of a process does not take away. */
	v->acked[b] = v->durable[b] = oldest;
	v->asked[b] = newest;
}

/* The image from outside: no corruption, and the right bytes. */
static void
read_back(struct victim *v)
{
	struct image_opts o = { .write = 1 };
	struct qcow2_check c = { 0 };
	uint8_t buf[BLOCK];
	struct disk_why why;
	struct disk *d;
	unsigned b;

	if (image_open(v->path, &o, &d, &why) == -1)
		errx(1, "%s: %s", v->path, why.text);
	if (d->format == DISK_QCOW2 && (qcow2_check(d, &c, 1) != 0 ||
	    c.corruptions != 0))
		errx(1, "%s: %llu corruptions", v->path,
		    (unsigned long long)c.corruptions);
	for (b = 0; b < BLOCKS; b++) {
		if (disk_read(d, buf, BLOCK, (uint64_t)b * BLOCK) != 0)
			errx(1, "%s: block %u cannot be read", v->path, b);
		check_block(v, b, buf);
	}
	disk_close(&d);
}

static void *
kill_later(void *arg)
{
	struct killer *k = arg;

	usleep(k->us);
	if (kill(k->pid, SIGKILL) == -1)
		err(1, "kill");
	return NULL;
}

static void
start(struct rig *r, const char *path, const char *vm)
{
	struct devproc_image di[DISK_MAXDEPTH];
	struct opener_conf oc = { .path = path };
	struct opener_image im;
	struct devproc_conf c;
	struct devproc_why why;
	struct disk_why dw;
	unsigned i;

	if (opener_open(&im, &oc, &dw) == -1)
		errx(1, "%s", dw.text);
	memset(di, 0, sizeof(di));
	for (i = 0; i < im.n; i++) {
		di[i].fd = im.file[i].fd;
		di[i].format = im.file[i].format;
		di[i].readonly = i > 0;
	}
	rig_conf(r, &c, "vioblk");
	c.vm = vm;
	c.image = di;
	c.nimages = im.n;
	if (rig_start(r, &c, &why) == -1)
		errx(1, "%s", why.text);
	opener_close(&im);
}

/* Slots in flight: the block that is written, or the flush. */
#define IDLE	UINT32_MAX
#define FLUSH	(UINT32_MAX - 1)

struct load {
	struct victim	*v;
	struct rig_blk	 blk;
	uint32_t	 slot[SLOTS];
	uint8_t		 busy[BLOCKS];
	int		 flushing;
};

static void
offer(struct load *l, unsigned s)
{
	unsigned b = (unsigned)prng_below(&rng, BLOCKS);

	if (!l->flushing && prng_below(&rng, 40) == 0) {
		memcpy(l->v->snapshot, l->v->acked, sizeof(l->v->acked));
		l->flushing = 1;
		l->slot[s] = FLUSH;
		rig_blk_put(&l->blk, s, VIOBLK_T_FLUSH, 0, 0);
		return;
	}
	while (l->busy[b])
		b = (b + 1) % BLOCKS;
	l->busy[b] = 1;
	l->slot[s] = b;
	l->v->asked[b] = ++serial;
	fill(rig_blk_data(&l->blk, s), b, serial);
	rig_blk_put(&l->blk, s, VIOBLK_T_OUT, (uint64_t)b * (BLOCK / 512),
	    BLOCK);
}

static void
complete(struct load *l, unsigned s)
{
	uint32_t b = l->slot[s];
	unsigned i;

	l->slot[s] = IDLE;
	if (rig_blk_status(&l->blk, s) != VIOBLK_S_OK)
		errx(1, "%s: a request failed", l->v->path);
	if (b == FLUSH) {
		for (i = 0; i < BLOCKS; i++)
			l->v->durable[i] = l->v->snapshot[i];
		l->flushing = 0;
		flushes++;
		return;
	}
	l->busy[b] = 0;
	l->v->acked[b] = l->v->asked[b];
	acks++;
}

/* Load until the device is gone. */
static void
load(struct rig *r, struct victim *v)
{
	static struct load l;
	unsigned s;
	int t;

	memset(&l, 0, sizeof(l));
	l.v = v;
	for (s = 0; s < SLOTS; s++)
		l.slot[s] = IDLE;
	if (rig_blk_open(r, &l.blk, SLOTS, BLOCK) == -1) {
		(void)rig_wait(r, 5000);
		return;
	}
	do {
		while ((t = rig_take(&l.blk.q, NULL)) != -1)
			complete(&l, (unsigned)t);
		for (s = 0; s < SLOTS; s++)
			if (l.slot[s] == IDLE)
				offer(&l, s);
		(void)rig_go(&l.blk.q);
	} while (rig_come(&l.blk.q, 30000) == 0);
	/* What it completed before it died counts as well. */
	while ((t = rig_take(&l.blk.q, NULL)) != -1)
		complete(&l, (unsigned)t);
}

static void
one(struct rig_blk *other, unsigned i)
{
	struct victim *v = &victims[i % NDISKS];
	struct killer k;
	struct rig r;
	uint8_t buf[BLOCK];
	pthread_t t;

	rig_open(&r);
	start(&r, v->path, "victim");
	k.pid = devproc_pid(r.dev);
	k.us = (unsigned)prng_below(&rng, i % 5 == 0 ? 2000 : 40000);
	if (pthread_create(&t, NULL, kill_later, &k) != 0)
		errx(1, "no thread");
	load(&r, v);
	pthread_join(t, NULL);
	if (!r.dead)
		errx(1, "nobody noticed the death");
	if (strstr(r.epitaph, "victim: vioblk0: ") != r.epitaph ||
	    strstr(r.epitaph, "killed by signal 9") == NULL)
		errx(1, "wrong words: %s", r.epitaph);
	(void)devproc_stop(&r.dev, 0);
	rig_close(&r);
	read_back(v);
	fill(buf, i % BLOCKS, i + 1);
	if (rig_blk_do(other, VIOBLK_T_OUT, i % BLOCKS * 8, buf, BLOCK) != 0)
		errx(1, "the other VM noticed");
}

static unsigned
open_fds(void)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < 256; i++)
		n += fcntl(i, F_GETFD) != -1;
	return n;
}

static void
prepare(void)
{
	static const char *const names[NDISKS] = { "raw", "qcow2", "over" };
	unsigned i;

	snprintf(dir, sizeof(dir), "/tmp/vmd.kill.XXXXXX");
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	make("raw", DISK_RAW, NULL);
	make("qcow2", DISK_QCOW2, NULL);
	make("base", DISK_RAW, NULL);
	make("over", DISK_QCOW2, "base");
	make("other", DISK_RAW, NULL);
	for (i = 0; i < NDISKS; i++)
		snprintf(victims[i].path, sizeof(victims[i].path), "%s/%s",
		    dir, names[i]);
}

static void
clean_up(void)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", dir);
	(void)!system(line);
}

int
main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL);
	unsigned i, n, before;
	struct rig_blk blk;
	struct rig other;
	char path[128];
	int c;

	while ((c = getopt(argc, argv, "s:")) != -1)
		if (c == 's')
			seed = strtoull(optarg, NULL, 0);
	if (optind + 1 != argc || (n = (unsigned)atoi(argv[optind])) == 0)
		errx(2, "usage: kill [-s seed] kills");
	printf("seed %llu\n", (unsigned long long)seed);
	prng_seed(&rng, seed);
	prepare();
	atexit(clean_up);
	before = open_fds();
	rig_open(&other);
	snprintf(path, sizeof(path), "%s/other", dir);
	start(&other, path, "other");
	if (rig_blk_open(&other, &blk, 4, BLOCK) == -1)
		errx(1, "the other VM does not start");
	for (i = 0; i < n; i++)
		one(&blk, i);
	devproc_shutdown(other.dev);
	if (devproc_stop(&other.dev, 10000) != 0 || other.dead)
		errx(1, "the other VM noticed");
	rig_close(&other);
	if (open_fds() != before)
		errx(1, "descriptors are left");
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		errx(1, "processes are left");
	printf("%u kills, %llu writes acknowledged, %llu flushes: nothing "
	    "flushed is lost, nothing is left\n", n,
	    (unsigned long long)acks, (unsigned long long)flushes);
	return 0;
}
