/* What happens to a device, message by message. */
#include "child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

void
child_deliver(struct child *c, struct viodev_msg *m)
{
	if (c->lanes != NULL)
		lanes_deliver(c, m);
	else if (c->recording)
		rec_msg(&c->rec, c->dev, m);
	else
		dev_msg(c->dev, m);
}

static void
leave(struct child *c, int status)
{
	c->done = 1;
	c->status = status;
	ev_stop(c->ev);
}

/* The peer is the vm: what it must not do ends us, not it. */
static void
broken(struct child *c, const char *why)
{
	child_log(c, HLOG_WARN, "channel to the vm: %s", why);
	leave(c, 1);
}

static void
reply(struct child *c, uint64_t data)
{
	struct devmsg_reply m = { .data = data };
	uint8_t buf[16];
	struct wbuf w;

	pthread_mutex_lock(&c->lock);
	m.line = c->line;
	c->told = c->line.number;
	c->reading = 0;
	pthread_mutex_unlock(&c->lock);
	wb_init(&w, buf, sizeof(buf));
	devmsg_put_reply(&w, &m);
	if (chan_send(&c->sync, DEVMSG_REPLY, buf, w.len, -1) != CHAN_OK ||
	    chan_pending(&c->sync))
		broken(c, "replies are not taken");
}

void
child_want_frames(struct child *c)
{
	if (c->lanes != NULL)
		lanes_wake(c);
	else if (c->on_tap != NULL)
		(void)ev_io_want(c->on_tap, child_wants_frames(c) ?
		    EVF_READ : 0);
}

/* In a pause frames stay in the tap. */
static void
pause_frames(struct child *c, int paused)
{
	c->paused = paused;
	child_want_frames(c);
}

/* A kick for what was found by looking around is no news. */
static void
on_write(struct child *c, struct viodev_msg *m)
{
	if (c->lanes == NULL &&
	    virtio_stale((const struct virtio_dev *)c->dev, m))
		return;
	child_deliver(c, m);
}

static void
on_viodev(struct child *c, const struct frame *f)
{
	const char *why = "message that is not for a device";
	struct viodev_msg m;

	if (msg_decode(f->data, f->len, &m, &why) == -1) {
		broken(c, why);
		return;
	}
	switch (m.type) {
	case VIODEV_READ:
		pthread_mutex_lock(&c->lock);
		c->reading = 1;
		pthread_mutex_unlock(&c->lock);
		child_deliver(c, &m);
		reply(c, m.data);
		break;
	case VIODEV_SHUTDOWN:
		child_deliver(c, &m);
		leave(c, 0);
		break;
	case VIODEV_PAUSE:
		pause_frames(c, 1);
		child_deliver(c, &m);
		break;
	case VIODEV_UNPAUSE:
		child_deliver(c, &m);
		pause_frames(c, 0);
		break;
	case VIODEV_WRITE:
	case VIODEV_KICK:
		on_write(c, &m);
		break;
	case VIODEV_CONFIG:
	case VIODEV_RESET:
		child_deliver(c, &m);
		break;
	default:
		broken(c, "message that is not for a device");
		break;
	}
}

static void
on_frame(struct child *c, const struct frame *f)
{
	uint8_t level;

	switch (f->type) {
	case DEVMSG_VIODEV:
		on_viodev(c, f);
		break;
	case DEVMSG_SYNC:
		reply(c, 0);
		break;
	case DEVMSG_VERBOSE:
		if (devmsg_get_u8(f->data, f->len, &level) == -1)
			broken(c, "bad verbosity");
		else
			c->verbose = level;
		break;
	default:
		broken(c, "message out of order");
		break;
	}
}

/* Takes what came, r says what; whether there was something. */
static int
take_frames(struct child *c, enum chan_result r)
{
	struct frame f;
	int fd, any = 0;

	while (r == CHAN_OK && !c->done) {
		r = chan_next(&c->sync, &f, &fd);
		if (r == CHAN_OK) {
			on_frame(c, &f);
			any = 1;
		}
	}
	if (r == CHAN_BAD)
		broken(c, c->sync.why);
	else if (r == CHAN_CLOSED && !c->done) {
		child_log(c, HLOG_INFO, "the vm process is gone");
		leave(c, 0);
	}
	return any;
}

/* The same without waiting. */
static int
drain(struct child *c)
{
	return take_frames(c, chan_glance(&c->sync));
}

/* Queues that asked for another turn, or that the driver has filled. */
static int
look_at_rings(struct child *c)
{
	struct viodev_msg m = { .type = VIODEV_KICK };
	const struct virtio_dev *v = (const struct virtio_dev *)c->dev;
	uint32_t again = c->again;
	int any = 0;

	if (c->lanes != NULL)
		return 0;
	c->again = 0;
	for (; m.where < v->nqueues; m.where++)
		if ((again & 1U << m.where) != 0 ||
		    virtio_waiting(v, m.where, &c->seen[m.where])) {
			child_deliver(c, &m);
			any = 1;
		}
	return any;
}

/*
 * The next request often follows the last one at once.  Looking again for a
 * while costs less than going to sleep and being woken: the rings themselves
 * are looked at, too, so a request may be served before its kick arrives.
 */
static void
linger(struct child *c, unsigned ns)
{
	uint64_t end = child_now() + ns;
	unsigned turn = 0, i;
	int any;

	while (!c->done && turn < CHILD_TURN) {
		any = 0;
		for (i = 0; i < CHILD_PEEKS && !any && !c->done; i++)
			any = drain(c) || look_at_rings(c);
		if (any) {
			turn++;
			end = child_now() + ns;
		} else if (child_now() >= end)
			break;
	}
	spin_learn(&c->spin, turn > 0);
}

static void
on_messages(struct child *c, enum chan_result r)
{
	unsigned ns;

	(void)take_frames(c, r);
	ns = spin_for(&c->spin);
	if (ns > 0)
		linger(c, ns);
}

static void
on_sync(void *arg, unsigned what)
{
	struct child *c = arg;

	(void)what;
	on_messages(c, chan_fill(&c->sync));
}

/* Sends what waits, and waits for room as long as something does. */
static void
flush_async(void *arg)
{
	struct child *c = arg;
	int more;

	pthread_mutex_lock(&c->lock);
	if (chan_flush(&c->async) == CHAN_OK)
		child_tell_line(c);
	more = chan_pending(&c->async);
	pthread_mutex_unlock(&c->lock);
	(void)ev_io_want(c->on_async, EVF_READ | (more ? EVF_WRITE : 0));
}

static void
on_async(void *arg, unsigned what)
{
	struct child *c = arg;
	struct frame f;
	int fd;

	if ((what & EVF_WRITE) != 0)
		flush_async(c);
	if ((what & EVF_READ) == 0)
		return;
	/* Nothing is ever said to us here; the end is what comes. */
	if (chan_fill(&c->async) == CHAN_OK &&
	    chan_next(&c->async, &f, &fd) == CHAN_AGAIN)
		return;
	if (!c->done)
		leave(c, 0);
}

static void
on_timer(void *arg)
{
	struct child_timer *t = arg;
	struct viodev_msg m = { .type = VIODEV_TIMER, .where = t->id };

	t->c->armed &= ~(1U << t->id);
	child_deliver(t->c, &m);
}

/* A tap that was taken away stays readable, with an error: asked once. */
size_t
child_frame(struct child *c, uint8_t *p)
{
	ssize_t n = read(c->tap, p, CHILD_FRAME);

	if (n >= 0)
		return (size_t)n;
	if (errno != EAGAIN && errno != EINTR &&
	    atomic_exchange(&c->cut, 1) == 0)
		child_log(c, HLOG_WARN, "the tap is gone: %s",
		    strerror(errno));
	return 0;
}

static void
on_tap(void *arg, unsigned what)
{
	struct child *c = arg;
	struct viodev_msg m = { .type = VIODEV_INPUT, .payload = c->frame };
	unsigned i;

	(void)what;
	for (i = 0; i < CHILD_TURN && child_wants_frames(c) &&
	    (m.len = child_frame(c, c->frame)) > 0; i++)
		child_deliver(c, &m);
	if (c->cut)
		child_want_frames(c);
}

static int
init_tap(struct child *c)
{
	if (c->tap == -1 || c->lanes != NULL)
		return 0;
	c->frame = malloc(CHILD_FRAME);
	c->on_tap = ev_io_new(c->ev, c->tap, on_tap, c);
	return c->frame == NULL || c->on_tap == NULL ? -1 : 0;
}

int
child_loop_init(struct child *c)
{
	uint32_t i;

	for (i = 0; i < CHILD_TIMERS; i++) {
		c->timer[i].c = c;
		c->timer[i].id = i;
		c->timer[i].t = ev_timer_new(c->ev, on_timer, &c->timer[i]);
		if (c->timer[i].t == NULL)
			return -1;
	}
	c->nudge = ev_wake_new(c->ev, flush_async, c);
	c->on_sync = ev_io_new(c->ev, c->sync.fd, on_sync, c);
	c->on_async = ev_io_new(c->ev, c->async.fd, on_async, c);
	if (c->nudge == NULL || c->on_sync == NULL || c->on_async == NULL ||
	    init_tap(c) == -1 ||
	    ev_io_want(c->on_sync, EVF_READ) == -1 ||
	    ev_io_want(c->on_async, EVF_READ) == -1)
		return -1;
	return 0;
}

/*
 * With nothing to wait for but the next message, the socket itself is the
 * place to wait: one system call less than an event loop for each.  The end
 * of the vm ends both channels.  Lanes may nudge at any time.
 */
static int
only_messages(const struct child *c)
{
	return c->lanes == NULL && c->again == 0 && c->armed == 0 &&
	    c->tap == -1 && !chan_pending(&c->async);
}

int
child_loop(struct child *c)
{
	int any;

	/* What came together with the description. */
	(void)take_frames(c, CHAN_OK);
	while (!c->done) {
		if (only_messages(c)) {
			on_messages(c, chan_fill_wait(&c->sync));
			continue;
		}
		/* What is here already wakes nobody. */
		any = take_frames(c, chan_fill(&c->sync));
		if (ev_step(c->ev, !any && c->again == 0) == -1) {
			child_log(c, HLOG_WARN, "the event loop failed");
			return 1;
		}
		if (c->again != 0)
			(void)look_at_rings(c);
	}
	return c->status;
}
