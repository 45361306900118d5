#include "devproc.h"

#include <sys/socket.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "priv.h"

#define LEAVING		5000		/* ms to take the last message */

const char *
devproc_name(const struct devproc *p)
{
	return p->name;
}

pid_t
devproc_pid(const struct devproc *p)
{
	return p->pid;
}

uint64_t
devproc_capacity(const struct devproc *p)
{
	return p->capacity;
}

int
devproc_fd(const struct devproc *p)
{
	return p->async.fd;
}

void
devproc_kill(struct devproc *p)
{
	p->gone = 1;
	pthread_mutex_lock(&p->life);
	if (!p->reaped)
		(void)kill(p->pid, SIGKILL);
	pthread_mutex_unlock(&p->life);
}

/* The newest level wins, whichever way it came. */
static void
set_line(struct devproc *p, const struct devmsg_line *l)
{
	pthread_mutex_lock(&p->linelock);
	if (devmsg_newer(l->number, p->line.number)) {
		if (l->level != p->line.level)
			p->ops.irq(p->arg, l->level);
		p->line = *l;
	}
	pthread_mutex_unlock(&p->linelock);
}

/* A failure here is the process's end; the event thread finds its body. */
static int
sent(struct devproc *p, enum chan_result r)
{
	if (r == CHAN_OK)
		return 0;
	devproc_kill(p);
	return -1;
}

static int
put(struct devproc *p, const struct viodev_msg *m, int ms)
{
	uint8_t buf[MSG_HEADER + 4096];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	msg_encode(&w, m);
	if (wb_bad(&w))
		return -1;
	return sent(p, chan_put(&p->sync, DEVMSG_VIODEV, w.p, w.len, -1, ms));
}

static int
get_reply(struct devproc *p, struct devmsg_reply *m)
{
	unsigned spin = spin_for(&p->spin), sleeps = p->sync.sleeps;
	enum chan_result r;
	struct frame f;
	int fd;

	r = chan_get(&p->sync, &f, &fd, -1, spin);
	if (spin > 0)
		spin_learn(&p->spin, sleeps == p->sync.sleeps);
	if (r == CHAN_OK && f.type == DEVMSG_REPLY &&
	    devmsg_get_reply(f.data, f.len, m) == 0)
		return 0;
	devproc_kill(p);
	return -1;
}

int
devproc_read(struct devproc *p, unsigned space, uint32_t off, unsigned width,
    uint64_t *v)
{
	struct viodev_msg m = {
		.type = VIODEV_READ, .width = (uint8_t)width,
		.space = (uint16_t)space, .where = off
	};
	struct devmsg_reply r;
	int rv = -1;

	*v = UINT64_MAX;
	pthread_mutex_lock(&p->lock);
	if (!p->gone && put(p, &m, -1) == 0 && get_reply(p, &r) == 0)
		rv = 0;
	pthread_mutex_unlock(&p->lock);
	if (rv == -1)
		return -1;
	set_line(p, &r.line);
	*v = r.data;
	return 0;
}

static int
send_msg(struct devproc *p, const struct viodev_msg *m, int ms)
{
	int rv = -1;

	pthread_mutex_lock(&p->lock);
	if (!p->gone)
		rv = put(p, m, ms);
	pthread_mutex_unlock(&p->lock);
	return rv;
}

void
devproc_write(struct devproc *p, unsigned space, uint32_t off, unsigned width,
    uint64_t v)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = (uint8_t)width,
		.space = (uint16_t)space, .where = off, .data = v
	};

	(void)send_msg(p, &m, -1);
}

static int
control(struct devproc *p, unsigned type)
{
	struct viodev_msg m = { .type = (uint8_t)type };

	return send_msg(p, &m, -1);
}

int
devproc_pause(struct devproc *p)
{
	struct devmsg_reply r;
	int rv = -1;

	if (control(p, VIODEV_PAUSE) == -1)
		return -1;
	pthread_mutex_lock(&p->lock);
	if (!p->gone && sent(p, chan_put(&p->sync, DEVMSG_SYNC, NULL, 0, -1,
	    -1)) == 0 && get_reply(p, &r) == 0)
		rv = 0;
	pthread_mutex_unlock(&p->lock);
	if (rv == 0)
		set_line(p, &r.line);
	return rv;
}

int
devproc_unpause(struct devproc *p)
{
	return control(p, VIODEV_UNPAUSE);
}

int
devproc_reset(struct devproc *p)
{
	return control(p, VIODEV_RESET);
}

int
devproc_verbose(struct devproc *p, unsigned level)
{
	uint8_t b = level < 255 ? (uint8_t)level : 255;
	int rv = -1;

	pthread_mutex_lock(&p->lock);
	if (!p->gone)
		rv = sent(p, chan_put(&p->sync, DEVMSG_VERBOSE, &b, 1, -1,
		    -1));
	pthread_mutex_unlock(&p->lock);
	return rv;
}

int
devproc_config(struct devproc *p, const struct devconf *c)
{
	struct viodev_msg m = {
		.type = VIODEV_CONFIG, .payload = c->p, .len = c->len
	};

	return send_msg(p, &m, -1);
}

/* One that is not ready does not listen yet, but sees that we have ended. */
void
devproc_shutdown(struct devproc *p)
{
	struct viodev_msg m = { .type = VIODEV_SHUTDOWN };

	p->leaving = 1;
	if (p->sync.pout == NULL)
		(void)shutdown(p->sync.fd, SHUT_WR);
	else
		(void)send_msg(p, &m, LEAVING);
}

/* ------------------------------------------------------ what it tells us */

/* 0, or -1 for what a device does not say. */
static int
on_frame(struct devproc *p, const struct frame *f)
{
	struct devmsg_request q;
	struct devmsg_line l;
	uint64_t v;

	switch (f->type) {
	case DEVMSG_READY:
		return devmsg_get_u64(f->data, f->len, &v);
	case DEVMSG_IRQ:
		if (devmsg_get_line(f->data, f->len, &l) == -1)
			return -1;
		set_line(p, &l);
		return 0;
	case DEVMSG_REQUEST:
		if (devmsg_get_request(f->data, f->len, &q) == -1)
			return -1;
		if (p->ops.request != NULL)
			p->ops.request(p->arg, q.what, q.arg);
		return 0;
	case DEVMSG_ERROR:
		devmsg_get_text(f->data, f->len, p->last, sizeof(p->last));
		return 0;
	default:
		return -1;
	}
}

/* What is there now, and no more: the rest wakes us again. */
static enum chan_result
take_frames(struct devproc *p)
{
	enum chan_result r = chan_fill(&p->async);
	struct frame f;
	int fd;

	if (r != CHAN_OK)
		return r;
	while ((r = chan_next(&p->async, &f, &fd)) == CHAN_OK) {
		if (fd == -1 && on_frame(p, &f) == 0)
			continue;
		if (fd != -1)
			close(fd);
		return CHAN_BAD;
	}
	return r;
}

int
devproc_dispatch(struct devproc *p)
{
	enum chan_result r;

	if (p->buried)
		return -1;
	pthread_mutex_lock(&p->asynclock);
	r = take_frames(p);
	pthread_mutex_unlock(&p->asynclock);
	if (r == CHAN_OK || r == CHAN_AGAIN)
		return 0;
	if (r == CHAN_BAD && p->last[0] == '\0')
		strcpy(p->last, "it broke the protocol");
	devproc_bury(p, r == CHAN_BAD);
	return -1;
}

/* Nobody is called twice for a line that stays as it is. */
void
devproc_peek(struct devproc *p)
{
	uint64_t v = atomic_load(&p->slate->line);
	struct devmsg_line l = {
		.number = (uint32_t)(v >> 8), .level = v & 1
	};

	if (v == atomic_load_explicit(&p->peeked, memory_order_relaxed))
		return;
	atomic_store_explicit(&p->peeked, v, memory_order_relaxed);
	set_line(p, &l);
}

void
devproc_watch(struct devproc *p, int on)
{
	atomic_store(&p->slate->watched, on != 0);
	devproc_peek(p);
}
