/*
 * The model of vmmci: which commands it takes, what its registers tell, when
 * its deadline is, and what it asks of the host and when.  Written from the
 * description in vmmci.h, not from the device.
 */
#include "sim.h"
#include "vmmci.h"

#include <string.h>

#define REG	VIRTIO_L_CONFIG
#define SAVED	33			/* bytes of the kind's own state */

struct model {
	uint32_t	told;		/* command register */
	uint32_t	goal;		/* what is under way, or 0 */
	int		answered;	/* the driver has the long time */
	uint64_t	due;
	uint64_t	sec, usec;
	/* before the message */
	int		live, paused;
	uint64_t	accepted, offered;
	/* during it */
	unsigned	asked;
	uint32_t	wish;
};

enum op {
	OP_SHUTDOWN, OP_REBOOT, OP_SYNCRTC, OP_REFUSED, OP_ACK, OP_SYNCED,
	OP_POWEROFF, OP_EXPIRED, OP_PAUSED, OP_CLOCK, OP_RESET
};

static const char *const ops[] = {
	"shutdown", "reboot", "syncrtc", "refused", "ack", "synced",
	"power-off", "expired", "paused", "clock", "reset", NULL
};

static void
conf(struct wbuf *w)
{
	(void)w;
}

static void
attached(struct sim *s, const struct devconf *c)
{
	struct model *m = s->priv;

	(void)c;
	memset(m, 0, sizeof(*m));
	m->due = UINT64_MAX;
}

/* A state from elsewhere: the model takes over what was loaded. */
static void
restored(struct sim *s)
{
	struct model *m = s->priv;
	uint8_t state[256], *p;
	struct wbuf w;

	attached(s, NULL);
	wb_init(&w, state, sizeof(state));
	dev_save(s->dev, &w);
	if (wb_bad(&w) || w.len < SAVED)
		sim_fail(s, "vmmci", "a state of another size");
	p = state + w.len - SAVED;
	m->told = le32_get(p);
	m->goal = le32_get(p + 4);
	m->answered = p[8] == 2;
	m->sec = le64_get(p + 17);
	m->usec = le64_get(p + 25);
	m->due = s->due[VMMCI_TIMER];
}

static void
before(struct sim *s, struct viodev_msg *msg)
{
	const struct virtio_dev *v = sim_virtio(s);
	struct model *m = s->priv;

	(void)msg;
	m->live = (v->status & (VIRTIO_S_DRIVER_OK | VIRTIO_S_FAILED |
	    VIRTIO_S_NEEDS_RESET)) == VIRTIO_S_DRIVER_OK;
	m->paused = v->paused;
	m->accepted = v->accepted;
	m->offered = v->offered;
	m->asked = 0;
}

static void
request(struct sim *s, uint32_t what, uint64_t arg)
{
	struct model *m = s->priv;

	m->asked++;
	m->wish = what;
	if (arg != 0)
		sim_fail(s, "vmmci", "a wish with an argument");
}

static void
met(struct sim *s, enum op op)
{
	s->ops |= 1U << op;
	s->served += op != OP_REFUSED && op != OP_RESET;
}

/* The deadline, as long as the driver's answer allows. */
static void
set_due(struct sim *s, struct model *m)
{
	m->due = s->now + (m->answered ? 120000000000ULL : 3000000000ULL);
}

static void
begin(struct sim *s, struct model *m, uint32_t goal)
{
	m->goal = goal;
	m->answered = 0;
	set_due(s, m);
}

/* Which commands are taken, and what follows. */
static void
model_command(struct sim *s, struct model *m, const struct viodev_msg *msg)
{
	uint32_t what = msg->where;
	int ends = what == 1 || what == 2, busy = m->told == 1 || m->told == 2;
	int taken = m->live && (ends ||
	    (what == 3 && !busy && (m->accepted & 4) != 0));

	if (msg->data != !taken)
		sim_fail(s, "vmmci", taken ? "a command was refused" :
		    "a command was taken that nobody will do");
	if (!taken) {
		met(s, OP_REFUSED);
		return;
	}
	m->told = what;
	if (ends)
		begin(s, m, what);
	if ((sim_virtio(s)->isr & VIRTIO_ISR_CONFIG) == 0)
		sim_fail(s, "vmmci", "the driver is not told");
	met(s, what == 1 ? OP_SHUTDOWN : what == 2 ? OP_REBOOT : OP_SYNCRTC);
}

/* What the driver writes into the command register. */
static void
model_answer(struct sim *s, struct model *m, uint64_t val)
{
	if (m->told == 1 || m->told == 2) {
		if (val != m->told || m->answered)
			return;
		m->answered = 1;
		set_due(s, m);
		met(s, OP_ACK);
	} else if (val == 1 && m->goal == 0) {
		begin(s, m, 1);
		met(s, OP_POWEROFF);
	} else if (val == 3 && m->told == 3) {
		m->told = 0;
		met(s, OP_SYNCED);
	}
}

static void
forget(struct sim *s, struct model *m, int all)
{
	met(s, OP_RESET);
	m->told = 0;
	m->sec = m->usec = 0;
	if (all) {
		m->goal = 0;
		m->due = UINT64_MAX;
	}
}

static void
model_timer(struct sim *s, struct model *m)
{
	if (m->goal == 0 || s->now < m->due)
		return;
	if (m->paused) {
		set_due(s, m);
		met(s, OP_PAUSED);
		return;
	}
	if (m->asked != 1 ||
	    m->wish != (m->goal == 2 ? HREQ_REBOOT : HREQ_SHUTDOWN))
		sim_fail(s, "vmmci", "time is up and the host does not "
		    "hear what for");
	m->asked = 0;
	m->told = m->goal = 0;
	m->due = UINT64_MAX;
	met(s, OP_EXPIRED);
}

static void
image(const struct model *m, uint8_t *img)
{
	le32_put(img, m->told);
	le64_put(img + 4, m->sec);
	le64_put(img + 12, m->usec);
}

static void
model_read(struct sim *s, struct model *m, const struct viodev_msg *msg)
{
	uint64_t off = msg->where, want = 0;
	uint8_t img[VMMCI_CONFIG_SIZE];
	unsigned i;

	if (off < REG)
		return;
	off -= REG;
	if (off <= 4 && off + msg->width > 4 && (m->offered & 1) != 0) {
		m->sec = s->wall / 1000000000;
		m->usec = s->wall / 1000 % 1000000;
		met(s, OP_CLOCK);
	}
	image(m, img);
	for (i = 0; i < msg->width; i++)
		if (off + i < sizeof(img))
			want |= (uint64_t)img[off + i] << (8 * i);
	if (msg->data != want)
		sim_fail(s, "vmmci", "a register tells something else");
}

static void
follow(struct sim *s, struct model *m, const struct viodev_msg *msg)
{
	int legacy = msg->space == VIODEV_LEGACY;

	if (msg->type == VIODEV_COMMAND)
		model_command(s, m, msg);
	else if (msg->type == VIODEV_READ && legacy)
		model_read(s, m, msg);
	else if (msg->type == VIODEV_WRITE && legacy && msg->width == 4 &&
	    msg->where == REG && m->live)
		model_answer(s, m, msg->data);
	else if (msg->type == VIODEV_WRITE && legacy && msg->width == 1 &&
	    msg->where == VIRTIO_L_DEVICE_STATUS && (msg->data & 0xff) == 0)
		forget(s, m, 0);
	else if (msg->type == VIODEV_TIMER && msg->where == VMMCI_TIMER)
		model_timer(s, m);
	else if (msg->type == VIODEV_RESET || msg->type == VIODEV_SHUTDOWN)
		forget(s, m, 1);
}

static void
after(struct sim *s, const struct viodev_msg *msg)
{
	uint8_t want[VMMCI_CONFIG_SIZE], img[VIRTIO_MAXCONFIG] = { 0 };
	struct virtio_dev *v = sim_virtio(s);
	struct model *m = s->priv;

	follow(s, m, msg);
	if (m->asked != 0)
		sim_fail(s, "vmmci", "a wish before its time");
	if (s->due[VMMCI_TIMER] != m->due)
		sim_fail(s, "vmmci", "the deadline is another one");
	image(m, want);
	virtio_class(v)->config(v, img);
	if (memcmp(img, want, sizeof(want)) != 0)
		sim_fail(s, "vmmci", "registers hold something else");
}

const struct sim_kind sim_vmmci = {
	.dev = &vmmci_dev,
	.conf = conf,
	.attached = attached,
	.restored = restored,
	.before = before,
	.after = after,
	.request = request,
	.priv = sizeof(struct model),
	.ops = ops,
};
