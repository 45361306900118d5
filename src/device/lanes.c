/*
 * Threads for lanes: queues that may be served at the same time.
 *
 * Lane l has thread l - 1; what is beyond their number runs alone.  The lock
 * is shared by lanes and exclusive for all else, as dev.h wants it.  A lane
 * sleeps in poll: a byte in its pipe says that something is to be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"

#define STACK		(256U << 10)
#define BATCH		16		/* frames under one lock */

struct lane {
	struct child	*c;
	unsigned	 number;	/* from 1 */
	pthread_t	 thread;
	int		 pipe[2];
	_Atomic int	 awake;		/* a byte is in the pipe, or was seen */
	_Atomic uint32_t kicks;		/* queues */
	struct spin	 spin;
	uint16_t	 seen[VIRTIO_MAXQ];
	uint8_t		*frame;
};

struct lanes {
	pthread_mutex_t	 gate;		/* who wants to be alone goes first */
	pthread_rwlock_t lock;
	unsigned	 n;
	struct lane	 lane[VIRTIO_MAXQ];
};

static void
enter_shared(struct lanes *ls)
{
	pthread_mutex_lock(&ls->gate);
	pthread_rwlock_rdlock(&ls->lock);
	pthread_mutex_unlock(&ls->gate);
}

static void
enter_alone(struct lanes *ls)
{
	pthread_mutex_lock(&ls->gate);
	pthread_rwlock_wrlock(&ls->lock);
	pthread_mutex_unlock(&ls->gate);
}

static void
leave(struct lanes *ls)
{
	pthread_rwlock_unlock(&ls->lock);
}

static void
wake(struct lane *l)
{
	if (atomic_exchange(&l->awake, 1) == 0)
		(void)!write(l->pipe[1], "", 1);
}

/* The lane of queue q, or NULL; some lock is held. */
static struct lane *
lane_of(struct child *c, unsigned q)
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = q };
	unsigned number = dev_lane(c->dev, &m);

	return number == 0 || number > c->lanes->n ? NULL :
	    &c->lanes->lane[number - 1];
}

void
lanes_kick(struct child *c, unsigned q)
{
	struct lane *l = lane_of(c, q);

	/* Nobody but lanes and whoever is alone gets here. */
	if (l == NULL)
		l = &c->lanes->lane[0];
	atomic_fetch_or(&l->kicks, 1U << q);
	wake(l);
}

void
lanes_wake(struct child *c)
{
	unsigned i;

	for (i = 0; i < c->lanes->n; i++)
		wake(&c->lanes->lane[i]);
}

/* The queue that a message is about, if it has a lane. */
static unsigned
queue_of(const struct viodev_msg *m)
{
	return m->type == VIODEV_KICK ? m->where : m->data & 0xffff;
}

void
lanes_deliver(struct child *c, struct viodev_msg *m)
{
	struct lanes *ls = c->lanes;
	unsigned number;

	enter_shared(ls);
	number = dev_lane(c->dev, m);
	if (number != 0 && number <= ls->n)
		lanes_kick(c, queue_of(m));
	leave(ls);
	if (number != 0 && number <= ls->n)
		return;
	enter_alone(ls);
	dev_msg(c->dev, m);
	leave(ls);
}

/* One message of a lane; what has none any more runs alone. */
static void
lane_msg(struct lane *l, struct viodev_msg *m)
{
	struct child *c = l->c;
	int mine;

	enter_shared(c->lanes);
	mine = dev_lane(c->dev, m) == l->number;
	if (mine)
		dev_msg(c->dev, m);
	leave(c->lanes);
	if (mine)
		return;
	enter_alone(c->lanes);
	dev_msg(c->dev, m);
	leave(c->lanes);
}

static int
run_kicks(struct lane *l)
{
	struct viodev_msg m = { .type = VIODEV_KICK };
	uint32_t kicks = atomic_exchange(&l->kicks, 0);

	for (; m.where < VIRTIO_MAXQ; m.where++)
		if ((kicks & 1U << m.where) != 0)
			lane_msg(l, &m);
	return kicks != 0;
}

/* Queues of this lane that the driver has added to. */
static int
look_at_rings(struct lane *l)
{
	struct child *c = l->c;
	const struct virtio_dev *v = (const struct virtio_dev *)c->dev;
	unsigned q;
	int any = 0;

	enter_shared(c->lanes);
	for (q = 0; q < v->nqueues; q++)
		if (lane_of(c, q) == l &&
		    virtio_waiting(v, q, &l->seen[q])) {
			atomic_fetch_or(&l->kicks, 1U << q);
			any = 1;
		}
	leave(c->lanes);
	return any;
}

/* The tap is for queue 0. */
static int
wants_frames(struct lane *l)
{
	struct child *c = l->c;
	int yes;

	if (!child_wants_frames(c))
		return 0;
	enter_shared(c->lanes);
	yes = lane_of(c, 0) == l;
	leave(c->lanes);
	return yes;
}

/* Frames, as many as one holding of the lock allows. */
static int
run_tap(struct lane *l)
{
	struct viodev_msg m = { .type = VIODEV_INPUT, .payload = l->frame };
	struct child *c = l->c;
	unsigned i;

	enter_shared(c->lanes);
	for (i = 0; i < BATCH && child_wants_frames(c) &&
	    dev_lane(c->dev, &m) == l->number &&
	    (m.len = child_frame(c, l->frame)) > 0; i++)
		dev_msg(c->dev, &m);
	leave(c->lanes);
	return i > 0;
}

static void
lane_sleep(struct lane *l)
{
	struct pollfd p[2] = {
		{ .fd = l->pipe[0], .events = POLLIN },
		{ .fd = l->c->tap, .events = POLLIN }
	};
	char c;

	(void)poll(p, wants_frames(l) ? 2 : 1, -1);
	if (p[0].revents != 0 && read(l->pipe[0], &c, 1) == 1)
		atomic_store(&l->awake, 0);
}

/* Everything that there is to do now; whether there was something. */
static int
lane_work(struct lane *l)
{
	int any = run_kicks(l);

	if (wants_frames(l))
		any |= run_tap(l);
	return any;
}

/* Looks again for a while, as the main loop does. */
static int
lane_linger(struct lane *l)
{
	unsigned ns = spin_for(&l->spin), i;
	uint64_t end;
	int any = 0;

	if (ns == 0)
		return 0;
	end = child_now() + ns;
	do {
		for (i = 0; i < CHILD_PEEKS && !any; i++)
			any = look_at_rings(l);
		any |= lane_work(l);
	} while (!any && child_now() < end);
	spin_learn(&l->spin, any);
	return any;
}

static void *
lane_run(void *arg)
{
	struct lane *l = arg;

	for (;;)
		if (!lane_work(l) && !lane_linger(l))
			lane_sleep(l);
	return NULL;
}

int
lanes_prepare(struct child *c, unsigned n)
{
	struct lanes *ls = calloc(1, sizeof(*ls));
	struct lane *l;

	if (ls == NULL)
		return -1;
	pthread_mutex_init(&ls->gate, NULL);
	pthread_rwlock_init(&ls->lock, NULL);
	for (; ls->n < n && ls->n < VIRTIO_MAXQ; ls->n++) {
		l = &ls->lane[ls->n];
		l->c = c;
		l->number = ls->n + 1;
		l->frame = malloc(CHILD_FRAME);
		if (l->frame == NULL ||
		    pipe2(l->pipe, O_NONBLOCK | O_CLOEXEC) == -1)
			return -1;
	}
	c->lanes = ls;
	return 0;
}

int
lanes_start(struct child *c)
{
	pthread_attr_t at;
	unsigned i;
	int error = 0;

	if (pthread_attr_init(&at) != 0 ||
	    pthread_attr_setstacksize(&at, STACK) != 0)
		return -1;
	for (i = 0; i < c->lanes->n && error == 0; i++) {
		c->lanes->lane[i].spin = c->spin;
		error = pthread_create(&c->lanes->lane[i].thread, &at,
		    lane_run, &c->lanes->lane[i]);
	}
	pthread_attr_destroy(&at);
	return error == 0 ? 0 : -1;
}

void
lanes_stop(struct child *c)
{
	enter_alone(c->lanes);
}
