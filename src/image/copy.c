/*
 * A copy by several threads.  A disk belongs to one thread at a time: each
 * has a source of its own, opened once more.  A raw destination is only a
 * file, so each has one of these, too.  The tables of a qcow2 destination
 * belong together: there the threads read and compress side by side and
 * store in the order of the pieces, so the copy is always the same.
 */
#include "image.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "convert.h"
#include "filestore.h"

#define PIECE		(1ULL << 20)
#define MAXWORKERS	4
#define PAUSE		50000000	/* ns between looks at the progress */

struct share {
	pthread_mutex_t	 lock;
	pthread_cond_t	 turn;		/* serving has changed */
	pthread_cond_t	 end;		/* running has changed */
	uint64_t	 size;
	uint64_t	 pos;		/* where the next piece is looked for */
	uint64_t	 done;		/* bytes */
	uint64_t	 ticket;	/* of the next piece */
	uint64_t	 serving;	/* piece that may be stored */
	int		 ordered;
	int		 code;		/* first failure, or DISK_ECANCEL */
	int		 running;
};

struct worker {
	pthread_t	 thread;
	struct share	*share;
	struct disk	*src, *dst;
	struct convert	 c;
};

/* Stores a piece that was fetched; called and returns with the lock. */
static int
store(struct share *s, struct convert *c, uint64_t ticket)
{
	int rv;

	while (s->ordered && s->serving != ticket && s->code == 0)
		pthread_cond_wait(&s->turn, &s->lock);
	if (s->code != 0)
		return s->code;
	pthread_mutex_unlock(&s->lock);
	rv = convert_store(c);
	pthread_mutex_lock(&s->lock);
	s->serving++;
	s->done += c->len;
	pthread_cond_broadcast(&s->turn);
	return rv;
}

/* One piece; the same. */
static int
piece(struct share *s, struct convert *c)
{
	uint64_t ticket;
	int rv;

	rv = convert_next(c, &s->pos, s->size);
	if (rv != 1)
		return rv;
	if (c->len == 0) {
		s->done += s->pos - c->off;
		return 1;
	}
	ticket = s->ticket++;
	pthread_mutex_unlock(&s->lock);
	rv = convert_fetch(c);
	pthread_mutex_lock(&s->lock);
	if (rv == 0)
		rv = store(s, c, ticket);
	return rv != 0 ? rv : 1;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct share *s = w->share;
	int rv = 1;

	pthread_mutex_lock(&s->lock);
	while (rv == 1 && s->code == 0)
		rv = piece(s, &w->c);
	if (rv < 0 && s->code == 0)
		s->code = rv;
	s->running--;
	pthread_cond_broadcast(&s->turn);
	pthread_cond_signal(&s->end);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* A look at the progress now and then, until all threads have ended. */
static void
watch(const struct image_copy *o, struct share *s)
{
	struct timespec t;
	uint64_t done;
	int stop;

	pthread_mutex_lock(&s->lock);
	while (s->running > 0) {
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += PAUSE;
		if (t.tv_nsec >= 1000000000) {
			t.tv_nsec -= 1000000000;
			t.tv_sec++;
		}
		pthread_cond_timedwait(&s->end, &s->lock, &t);
		done = s->done;
		pthread_mutex_unlock(&s->lock);
		stop = o->progress != NULL &&
		    o->progress(o->arg, done, s->size) != 0;
		pthread_mutex_lock(&s->lock);
		if (stop && s->code == 0)
			s->code = DISK_ECANCEL;
	}
	pthread_mutex_unlock(&s->lock);
}

/* The new image, opened for the copy. */
static int
open_dst(const struct image_copy *o, struct disk **d, struct disk_why *why)
{
	struct disk_opts opts = { .format = o->format, .nobacking = 1 };
	struct bstore bs;
	int fd;

	fd = dup(o->fd);
	if (fd == -1 || filestore_open(&bs, fd, FILESTORE_NOSYNC) != 0) {
		disk_refuse(why, DISK_EIO, "cannot be opened again: %s",
		    strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (disk_open(&bs, &opts, d, why) != 0) {
		bs_close(&bs);
		return -1;
	}
	return 0;
}

/* Only the first has opened its source already. */
static enum image_result
worker_open(struct worker *w, struct worker *first,
    const struct image_copy *o, struct disk_why *why)
{
	if (w != first && image_open(o->src, &o->in, &w->src, why) != 0)
		return IMAGE_NOSOURCE;
	if (w->src->size != first->src->size) {
		disk_refuse(why, -1, "changed while it was opened");
		return IMAGE_NOSOURCE;
	}
	if (w != first && o->format == DISK_QCOW2)
		w->dst = first->dst;
	else if (open_dst(o, &w->dst, why) != 0)
		return IMAGE_FAILED;
	if (convert_begin(&w->c, w->src, w->dst, o->packed) != 0) {
		disk_refuse(why, -1, "out of memory");
		return IMAGE_FAILED;
	}
	return IMAGE_COPIED;
}

static void
workers_close(struct worker *w, int n)
{
	int i;

	for (i = n - 1; i >= 0; i--) {
		convert_end(&w[i].c);
		disk_close(&w[i].src);
		if (i == 0 || w[i].dst != w[0].dst)
			disk_close(&w[i].dst);
	}
}

/* One thread is enough: it takes all pieces. */
static int
run(const struct image_copy *o, struct share *s, struct worker *w, int n)
{
	int i, started = 0;

	s->running = n;
	for (; started < n; started++)
		if (pthread_create(&w[started].thread, NULL, work,
		    &w[started]) != 0)
			break;
	pthread_mutex_lock(&s->lock);
	s->running -= n - started;
	pthread_mutex_unlock(&s->lock);
	watch(o, s);
	for (i = 0; i < started; i++)
		pthread_join(w[i].thread, NULL);
	return started == 0 ? DISK_ENOMEM : s->code;
}

static enum image_result
copy_all(const struct image_copy *o, struct worker *w, int n,
    struct disk_why *why)
{
	struct share s = { .size = w[0].src->size };
	int i, rv;

	s.ordered = o->format == DISK_QCOW2;
	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.turn, NULL);
	pthread_cond_init(&s.end, NULL);
	for (i = 0; i < n; i++)
		w[i].share = &s;
	rv = run(o, &s, w, n);
	if (rv == 0)
		rv = disk_flush(w[0].dst);
	if (rv != 0)
		disk_refuse(why, rv, "copy stopped after %llu bytes: %s",
		    (unsigned long long)s.done, disk_strerror(rv));
	pthread_cond_destroy(&s.end);
	pthread_cond_destroy(&s.turn);
	pthread_mutex_destroy(&s.lock);
	return rv == 0 ? IMAGE_COPIED : rv == DISK_ECANCEL ? IMAGE_STOPPED :
	    IMAGE_FAILED;
}

/* More than processors: while one waits for the disk another unpacks. */
static int
workers_wanted(uint64_t size)
{
	uint64_t n = size / PIECE;

	return n < 1 ? 1 : n > MAXWORKERS ? MAXWORKERS : (int)n;
}

enum image_result
image_copy(struct image_copy *o, struct disk_why *why)
{
	enum image_result rv = IMAGE_COPIED;
	struct worker w[MAXWORKERS];
	int i, n;

	memset(w, 0, sizeof(w));
	if (image_open(o->src, &o->in, &w[0].src, why) != 0)
		return IMAGE_NOSOURCE;
	o->params.size = w[0].src->size;
	if (o->format == DISK_QCOW2)
		o->params.size = (o->params.size + 511) / 512 * 512;
	n = workers_wanted(o->params.size);
	if (image_create(o->fd, o->format, &o->params, why) != 0)
		rv = IMAGE_FAILED;
	for (i = 0; i < n && rv == IMAGE_COPIED; i++)
		rv = worker_open(&w[i], &w[0], o, why);
	if (rv == IMAGE_COPIED)
		rv = copy_all(o, w, n, why);
	workers_close(w, i > 0 ? i : 1);
	return rv;
}
