/*
 * A copy to a raw file by several threads.  A disk belongs to one thread, so
 * each has disks of its own: the source is opened once more for each, and a
 * raw destination is only a file.  They take stretches in turn.
 */
#include "vmdisk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "convert.h"
#include "filestore.h"
#include "raw.h"

#define STRETCH		(16ULL << 20)
#define MAXWORKERS	4

struct share {
	uint64_t		 size;
	atomic_uint_fast64_t	 next;		/* stretch to take */
	atomic_uint_fast64_t	 done;		/* bytes */
	atomic_int		 code;		/* first failure */
	atomic_int		 running;
};

struct worker {
	pthread_t	 thread;
	struct share	*share;
	struct disk	*src, *dst;
};

static int
copy_stretch(struct share *s, struct convert *c, uint64_t from)
{
	int rv;

	c->pos = from;
	c->to = from + STRETCH < s->size ? from + STRETCH : s->size;
	do {
		from = c->pos;
		rv = convert_step(c);
		atomic_fetch_add(&s->done, c->pos - from);
	} while (rv == 1 && stopped() == 0 && atomic_load(&s->code) == 0);
	return rv;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct share *s = w->share;
	struct convert c;
	uint64_t from;
	int rv;

	rv = convert_begin(&c, w->src, w->dst, 0);
	while (rv == 0 && stopped() == 0 && atomic_load(&s->code) == 0) {
		from = atomic_fetch_add(&s->next, STRETCH);
		if (from >= s->size)
			break;
		rv = copy_stretch(s, &c, from);
	}
	if (rv < 0)
		atomic_store(&s->code, rv);
	convert_end(&c);
	atomic_fetch_sub(&s->running, 1);
	return NULL;
}

static int
worker_open(struct worker *w, const char *src, const struct image_opts *o,
    int fd)
{
	struct disk_why why;
	struct bstore bs;

	w->src = w->dst = NULL;
	if (image_open(src, o, &w->src) == -1)
		return -1;
	fd = dup(fd);
	if (fd == -1)
		return -1;
	if (filestore_open(&bs, fd, FILESTORE_NOSYNC) != 0) {
		close(fd);
		return -1;
	}
	if (raw_open(&bs, 0, &w->dst, &why) != 0) {
		bs_close(&bs);
		return -1;
	}
	return 0;
}

static void
watch(struct share *s)
{
	struct timespec pause = { 0, 20000000 };
	struct progress bar;

	progress_begin(&bar);
	while (atomic_load(&s->running) > 0) {
		nanosleep(&pause, NULL);
		progress_show(&bar, atomic_load(&s->done), s->size);
	}
	progress_end(&bar);
}

/* More than processors: while one waits for the disk another unpacks. */
static int
workers_wanted(uint64_t size)
{
	uint64_t n = size / STRETCH;

	return n < 1 ? 1 : n > MAXWORKERS ? MAXWORKERS : (int)n;
}

int
copy_parallel(const char *src, const struct image_opts *o, int fd,
    uint64_t size, uint64_t *done)
{
	struct worker w[MAXWORKERS];
	struct share s = { .size = size };
	int i, n = workers_wanted(size), started = 0, rv = 0;

	for (i = 0; i < n && rv == 0; i++) {
		rv = worker_open(&w[i], src, o, fd);
		w[i].share = &s;
	}
	n = i;
	for (; rv == 0 && started < n; started++) {
		atomic_fetch_add(&s.running, 1);
		if (pthread_create(&w[started].thread, NULL, work,
		    &w[started]) != 0) {
			atomic_fetch_sub(&s.running, 1);
			break;
		}
	}
	/* One thread is enough: it takes all stretches. */
	if (rv == 0 && started == 0)
		rv = DISK_ENOMEM;
	watch(&s);
	for (i = 0; i < started; i++)
		pthread_join(w[i].thread, NULL);
	for (i = 0; i < n; i++) {
		disk_close(&w[i].src);
		disk_close(&w[i].dst);
	}
	*done = atomic_load(&s.done);
	return rv != 0 ? rv : atomic_load(&s.code);
}
