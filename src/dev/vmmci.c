#include "vmmci.h"

#include "virtio_dev.h"

/* What runs: a deadline of one of these lengths, or none. */
enum deadline {
	NO_DEADLINE,
	SHORT_DEADLINE,
	LONG_DEADLINE,
	NDEADLINES
};

struct vmmci {
	struct virtio_dev	v;
	uint32_t		command;	/* what the register tells */
	uint32_t		goal;		/* what the deadline leads to */
	uint8_t			deadline;
	uint64_t		due;		/* on CLOCK_MONO */
	uint64_t		sec, usec;	/* the sample */
};

static struct vmmci *
of_virtio(struct virtio_dev *v)
{
	return (struct vmmci *)v;
}

static uint64_t
length_of(unsigned d)
{
	return d == LONG_DEADLINE ? VMMCI_LONG : VMMCI_SHORT;
}

static void
set_deadline(struct vmmci *m, enum deadline d)
{
	struct dev_host *h = &m->v.dev.host;

	m->deadline = d;
	m->due = 0;
	if (d == NO_DEADLINE) {
		h->ops->untimer(h->arg, VMMCI_TIMER);
		return;
	}
	m->due = h->ops->clock(h->arg, CLOCK_MONO) + length_of(d);
	h->ops->timer(h->arg, VMMCI_TIMER, length_of(d));
}

static int
ends_machine(uint32_t command)
{
	return command == VIODEV_CMD_SHUTDOWN || command == VIODEV_CMD_REBOOT;
}

static int
vmmci_attach(struct virtio_dev *v, const struct devconf *conf)
{
	(void)conf;
	v->offered = VMMCI_F_TIMESYNC | VMMCI_F_ACK | VMMCI_F_SYNCRTC;
	return 0;
}

static void
vmmci_untimer(struct virtio_dev *v)
{
	set_deadline(of_virtio(v), NO_DEADLINE);
}

static void
vmmci_reset(struct virtio_dev *v)
{
	struct vmmci *m = of_virtio(v);

	m->command = VIODEV_CMD_NONE;
	m->sec = m->usec = 0;
}

/* The machine starts anew: nothing is left to be waited for. */
static void
vmmci_restart(struct virtio_dev *v)
{
	struct vmmci *m = of_virtio(v);

	m->goal = VIODEV_CMD_NONE;
	set_deadline(m, NO_DEADLINE);
}

static int
vmmci_command(struct virtio_dev *v, uint32_t what)
{
	struct vmmci *m = of_virtio(v);

	if (!virtio_live(v))
		return -1;
	if (ends_machine(what)) {
		m->goal = what;
		set_deadline(m, SHORT_DEADLINE);
	} else if (what != VIODEV_CMD_SYNCRTC || ends_machine(m->command) ||
	    (v->accepted & VMMCI_F_SYNCRTC) == 0)
		return -1;
	m->command = what;
	virtio_config_changed(v);
	return 0;
}

/* The driver answers a command, or has a wish of its own. */
static void
vmmci_config_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	struct vmmci *m = of_virtio(v);

	if (off != VMMCI_COMMAND || width != 4 || !virtio_live(v))
		return;
	if (ends_machine(m->command)) {
		if (val == m->command && m->deadline == SHORT_DEADLINE)
			set_deadline(m, LONG_DEADLINE);
	} else if (val == VIODEV_CMD_SHUTDOWN) {
		if (m->deadline != NO_DEADLINE)
			return;
		m->goal = VIODEV_CMD_SHUTDOWN;
		set_deadline(m, SHORT_DEADLINE);
	} else if (val == VIODEV_CMD_SYNCRTC && val == m->command)
		m->command = VIODEV_CMD_NONE;
}

/*
 * The message of a timer that was replaced meanwhile may still be under way.
 * A guest that stands still cannot answer: its time runs when it goes on.
 */
static void
vmmci_timer(struct virtio_dev *v, uint32_t id)
{
	struct dev_host *h = &v->dev.host;
	struct vmmci *m = of_virtio(v);
	uint32_t goal = m->goal;
	uint64_t now;

	if (id != VMMCI_TIMER || m->deadline == NO_DEADLINE)
		return;
	now = h->ops->clock(h->arg, CLOCK_MONO);
	if (now < m->due) {
		h->ops->timer(h->arg, VMMCI_TIMER, m->due - now);
		return;
	}
	if (v->paused) {
		set_deadline(m, m->deadline);
		return;
	}
	m->goal = m->command = VIODEV_CMD_NONE;
	/* The message may have been there before this deadline's own. */
	set_deadline(m, NO_DEADLINE);
	h->ops->request(h->arg, goal == VIODEV_CMD_REBOOT ? HREQ_REBOOT :
	    HREQ_SHUTDOWN, 0);
}

static void
vmmci_config_look(struct virtio_dev *v, unsigned off, unsigned width)
{
	struct dev_host *h = &v->dev.host;
	struct vmmci *m = of_virtio(v);
	uint64_t now;

	if ((v->offered & VMMCI_F_TIMESYNC) == 0 || off > VMMCI_SEC ||
	    off + width <= VMMCI_SEC)
		return;
	now = h->ops->clock(h->arg, CLOCK_WALL);
	m->sec = now / 1000000000;
	m->usec = now % 1000000000 / 1000;
}

static void
vmmci_config(const struct virtio_dev *v, uint8_t *img)
{
	const struct vmmci *m = (const struct vmmci *)v;

	le32_put(img + VMMCI_COMMAND, m->command);
	le64_put(img + VMMCI_SEC, m->sec);
	le64_put(img + VMMCI_USEC, m->usec);
}

static void
vmmci_save(const struct virtio_dev *v, struct wbuf *w)
{
	const struct vmmci *m = (const struct vmmci *)v;

	wb_u32(w, m->command);
	wb_u32(w, m->goal);
	wb_u8(w, m->deadline);
	wb_u64(w, m->due);
	wb_u64(w, m->sec);
	wb_u64(w, m->usec);
}

static const char *
vmmci_check(const struct virtio_dev *v)
{
	const struct vmmci *m = (const struct vmmci *)v;

	if (m->command > VIODEV_CMD_SYNCRTC || m->deadline >= NDEADLINES)
		return "no such command or deadline";
	if (m->goal != VIODEV_CMD_NONE && !ends_machine(m->goal))
		return "a goal that no deadline leads to";
	if ((m->goal != VIODEV_CMD_NONE) != (m->deadline != NO_DEADLINE))
		return "a deadline without a goal, or the other way round";
	if (ends_machine(m->command) && m->command != m->goal)
		return "the driver is told one thing and another one is done";
	if (m->deadline == NO_DEADLINE && m->due != 0)
		return "a time without a deadline";
	if (m->usec >= 1000000)
		return "more microseconds than a second has";
	return NULL;
}

/*
 * On another machine the clock is another one: no deadline is farther away
 * than when it was set.
 */
static void
resume_deadline(struct vmmci *m)
{
	struct dev_host *h = &m->v.dev.host;
	uint64_t left, now;

	if (m->deadline == NO_DEADLINE)
		return;
	now = h->ops->clock(h->arg, CLOCK_MONO);
	left = m->due > now ? m->due - now : 0;
	if (left > length_of(m->deadline))
		left = length_of(m->deadline);
	m->due = now + left;
	h->ops->timer(h->arg, VMMCI_TIMER, left);
}

static int
vmmci_load(struct virtio_dev *v, struct rbuf *r)
{
	struct vmmci *m = of_virtio(v), tmp = *m;

	tmp.command = rb_u32(r);
	tmp.goal = rb_u32(r);
	tmp.deadline = rb_u8(r);
	tmp.due = rb_u64(r);
	tmp.sec = rb_u64(r);
	tmp.usec = rb_u64(r);
	if (!rb_done(r) || vmmci_check(&tmp.v) != NULL)
		return -1;
	*m = tmp;
	resume_deadline(m);
	return 0;
}

static const struct virtio_ops vmmci_ops = {
	.id = VIRTIO_ID_VMMCI,
	.config_size = VMMCI_CONFIG_SIZE,
	.legacy = 1,
	.attach = vmmci_attach,
	.detach = vmmci_untimer,
	.reset = vmmci_reset,
	.restart = vmmci_restart,
	.config = vmmci_config,
	.config_look = vmmci_config_look,
	.config_write = vmmci_config_write,
	.timer = vmmci_timer,
	.command = vmmci_command,
	.save = vmmci_save,
	.load = vmmci_load,
	.check = vmmci_check,
};

const struct dev_ops vmmci_dev =
    VIRTIO_DEV_OPS("vmmci", struct vmmci, &vmmci_ops, 1);
