/*
 * An event loop: descriptors, timers, signals, and a way for other threads
 * to knock.  Stands on libevent's old interface, which OpenBSD's base system
 * has and libevent 2 still offers; ev.c is the only file that sees it.
 *
 * A loop and everything that belongs to it is used by one thread, but for
 * ev_wake_up.  A callback may free any of these things, its own too.
 * Functions that make something return NULL when there is no memory or no
 * descriptor.
 */
#ifndef EV_H
#define EV_H

#include <stdint.h>

#define EVF_READ	0x1U
#define EVF_WRITE	0x2U

struct ev;
struct ev_io;
struct ev_timer;
struct ev_signal;
struct ev_wake;

struct ev	*ev_new(void);
/* After everything that belongs to it. */
void		 ev_free(struct ev **);
/* Until ev_stop, or until nothing is left to wait for: 0, -1 on failure. */
int		 ev_run(struct ev *);
/* Handles what is due; waits for something first when wait is not 0. */
int		 ev_step(struct ev *, int wait);
/* From a callback: ev_run or ev_step returns after it. */
void		 ev_stop(struct ev *);

/* Called with EVF_* as they become true, again and again. */
struct ev_io	*ev_io_new(struct ev *, int fd,
		    void (*cb)(void *, unsigned what), void *arg);
/* What to wait for; 0 for nothing, as it is at first.  0 or -1. */
int		 ev_io_want(struct ev_io *, unsigned what);
/* The descriptor stays open. */
void		 ev_io_free(struct ev_io **);

/* Called once after ns nanoseconds; setting it again replaces that. */
struct ev_timer	*ev_timer_new(struct ev *, void (*cb)(void *), void *arg);
void		 ev_timer_set(struct ev_timer *, uint64_t ns);
void		 ev_timer_clear(struct ev_timer *);
void		 ev_timer_free(struct ev_timer **);

/* Called for each (or several) signals that came; one loop per process. */
struct ev_signal *ev_signal_new(struct ev *, int signo, void (*cb)(void *),
		    void *arg);
void		 ev_signal_free(struct ev_signal **);

/* Called in the loop's thread after one or more ev_wake_up. */
struct ev_wake	*ev_wake_new(struct ev *, void (*cb)(void *), void *arg);
/* From any thread or signal handler. */
void		 ev_wake_up(struct ev_wake *);
void		 ev_wake_free(struct ev_wake **);

#endif
