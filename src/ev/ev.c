#include "ev.h"

#include <sys/types.h>
#include <sys/time.h>

#include <event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct ev {
	struct event_base	*base;
};

struct ev_io {
	struct event	 e;
	struct ev	*ev;
	int		 fd;
	unsigned	 want;
	void		(*cb)(void *, unsigned);
	void		*arg;
};

struct ev_timer {
	struct event	 e;
	void		(*cb)(void *);
	void		*arg;
};

struct ev_signal {
	struct event	 e;
	void		(*cb)(void *);
	void		*arg;
};

struct ev_wake {
	struct ev_io	*io;
	int		 fd[2];		/* pipe: loop's end, knocker's end */
	void		(*cb)(void *);
	void		*arg;
};

struct ev *
ev_new(void)
{
	struct ev *ev = calloc(1, sizeof(*ev));

	if (ev == NULL)
		return NULL;
	ev->base = event_base_new();
	if (ev->base == NULL) {
		free(ev);
		return NULL;
	}
	return ev;
}

void
ev_free(struct ev **evp)
{
	if (*evp == NULL)
		return;
	event_base_free((*evp)->base);
	free(*evp);
	*evp = NULL;
}

int
ev_run(struct ev *ev)
{
	return event_base_dispatch(ev->base) == -1 ? -1 : 0;
}

int
ev_step(struct ev *ev, int wait)
{
	return event_base_loop(ev->base,
	    EVLOOP_ONCE | (wait ? 0 : EVLOOP_NONBLOCK)) == -1 ? -1 : 0;
}

void
ev_stop(struct ev *ev)
{
	event_base_loopbreak(ev->base);
}

static void
on_io(int fd, short what, void *arg)
{
	struct ev_io *io = arg;

	(void)fd;
	io->cb(io->arg, ((what & EV_READ) != 0 ? EVF_READ : 0) |
	    ((what & EV_WRITE) != 0 ? EVF_WRITE : 0));
}

struct ev_io *
ev_io_new(struct ev *ev, int fd, void (*cb)(void *, unsigned), void *arg)
{
	struct ev_io *io = calloc(1, sizeof(*io));

	if (io == NULL)
		return NULL;
	io->ev = ev;
	io->fd = fd;
	io->cb = cb;
	io->arg = arg;
	return io;
}

int
ev_io_want(struct ev_io *io, unsigned what)
{
	short flags = EV_PERSIST;

	if (io->want == what)
		return 0;
	if (io->want != 0)
		event_del(&io->e);
	io->want = 0;
	if (what == 0)
		return 0;
	if ((what & EVF_READ) != 0)
		flags |= EV_READ;
	if ((what & EVF_WRITE) != 0)
		flags |= EV_WRITE;
	event_set(&io->e, io->fd, flags, on_io, io);
	event_base_set(io->ev->base, &io->e);
	if (event_add(&io->e, NULL) == -1)
		return -1;
	io->want = what;
	return 0;
}

void
ev_io_free(struct ev_io **iop)
{
	if (*iop == NULL)
		return;
	(void)ev_io_want(*iop, 0);
	free(*iop);
	*iop = NULL;
}

static void
on_timer(int fd, short what, void *arg)
{
	struct ev_timer *t = arg;

	(void)fd;
	(void)what;
	t->cb(t->arg);
}

struct ev_timer *
ev_timer_new(struct ev *ev, void (*cb)(void *), void *arg)
{
	struct ev_timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->cb = cb;
	t->arg = arg;
	evtimer_set(&t->e, on_timer, t);
	event_base_set(ev->base, &t->e);
	return t;
}

void
ev_timer_set(struct ev_timer *t, uint64_t ns)
{
	struct timeval tv;
	uint64_t us = ns / 1000 + (ns % 1000 != 0);

	tv.tv_sec = (time_t)(us / 1000000);
	tv.tv_usec = (suseconds_t)(us % 1000000);
	evtimer_add(&t->e, &tv);
}

void
ev_timer_clear(struct ev_timer *t)
{
	evtimer_del(&t->e);
}

void
ev_timer_free(struct ev_timer **tp)
{
	if (*tp == NULL)
		return;
	ev_timer_clear(*tp);
	free(*tp);
	*tp = NULL;
}

static void
on_signal(int signo, short what, void *arg)
{
	struct ev_signal *s = arg;

	(void)signo;
	(void)what;
	s->cb(s->arg);
}

struct ev_signal *
ev_signal_new(struct ev *ev, int signo, void (*cb)(void *), void *arg)
{
	struct ev_signal *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->cb = cb;
	s->arg = arg;
	signal_set(&s->e, signo, on_signal, s);
	event_base_set(ev->base, &s->e);
	if (signal_add(&s->e, NULL) == -1) {
		free(s);
		return NULL;
	}
	return s;
}

void
ev_signal_free(struct ev_signal **sp)
{
	if (*sp == NULL)
		return;
	signal_del(&(*sp)->e);
	free(*sp);
	*sp = NULL;
}

static void
on_wake(void *arg, unsigned what)
{
	struct ev_wake *w = arg;
	char buf[64];

	(void)what;
	while (read(w->fd[0], buf, sizeof(buf)) == (ssize_t)sizeof(buf))
		;
	w->cb(w->arg);
}

struct ev_wake *
ev_wake_new(struct ev *ev, void (*cb)(void *), void *arg)
{
	struct ev_wake *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->cb = cb;
	w->arg = arg;
	if (pipe2(w->fd, O_NONBLOCK | O_CLOEXEC) == -1) {
		free(w);
		return NULL;
	}
	w->io = ev_io_new(ev, w->fd[0], on_wake, w);
	if (w->io == NULL || ev_io_want(w->io, EVF_READ) == -1)
		ev_wake_free(&w);
	return w;
}

/* A pipe that is full has knocked already. */
void
ev_wake_up(struct ev_wake *w)
{
	ssize_t n = write(w->fd[1], "", 1);

	(void)n;
}

void
ev_wake_free(struct ev_wake **wp)
{
	struct ev_wake *w = *wp;

	if (w == NULL)
		return;
	ev_io_free(&w->io);
	close(w->fd[0]);
	close(w->fd[1]);
	free(w);
	*wp = NULL;
}
