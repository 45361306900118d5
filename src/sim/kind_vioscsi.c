/*
 * The model of a SCSI adapter: virtio 1.3, 5.6, with scsimodel.c behind it.
 * What a loose queue moved nobody knows; from then on the model is lost and
 * says nothing until the next input.
 */
#include "scsimodel.h"
#include "vioscsi.h"

#include <string.h>

#define EVENTS		8
#define ENDED		16

struct event {
	uint32_t	event, reason;
	unsigned	target, lun;
};

/* A command that came back ABORTED or RESET, until the function is seen. */
struct ended {
	unsigned	target, lun, response;
	uint64_t	id;
};

struct model {
	struct model_unit unit[MODEL_UNITS];
	unsigned	 n;
	uint32_t	 sense_size, cdb_size;
	struct event	 event[EVENTS];
	unsigned	 nevents;
	int		 missed;
	int		 lost;
	struct ended	 ended[ENDED];
	unsigned	 nended;
	int		 live;		/* before the message */
	int		 waits;		/* a function does */
	uint8_t		 tmf[24];	/* this one, if it is known */
	int		 known;
};

static const char *const ops[] = {
	"read", "write", "verify", "sync", "unmap", "same", "capacity",
	"modes", "select", "inquiry", "luns", "request-sense", "cd",
	"check", "attention", "overrun", "failure", "bad-target", "no-room",
	"tmf", "ended", "incorrect-lun", "notify", "event", "missed",
	"no-event-room", "other", NULL
};
enum {
	O_CHECK = 13, O_ATTENTION, O_OVERRUN, O_FAILURE, O_BAD_TARGET,
	O_NO_ROOM, O_TMF, O_ENDED, O_LUN, O_NOTIFY, O_EVENT, O_MISSED,
	O_SMALL, O_OTHER
};

static void
met(struct sim *s, unsigned bit)
{
	s->ops |= 1ULL << bit;
}

static struct model *
model(struct sim *s)
{
	return s->priv;
}

static void
conf(struct wbuf *w)
{
	devconf_put_int(w, DEVCONF_UNIT, 0);
	devconf_put_int(w, DEVCONF_KIND, DEVCONF_CD);
	devconf_put_int(w, DEVCONF_CAPACITY, 22);
	devconf_put_int(w, DEVCONF_UNIT, 1);
	devconf_put_int(w, DEVCONF_CAPACITY, 32);
	devconf_put_bytes(w, DEVCONF_SERIAL, "sim-scsi-0123", 13);
}

static void
reset(struct model *m)
{
	unsigned i;

	m->sense_size = 96;
	m->cdb_size = 32;
	m->nevents = m->nended = 0;
	m->missed = m->waits = m->known = 0;
	for (i = 0; i < m->n; i++) {
		model_reset(&m->unit[i], UA_POWER, 1);
		m->unit[i].subscribed = 0;
	}
}

static void
attached(struct sim *s, const struct devconf *c)
{
	struct model *m = model(s);
	const struct sim_unit *from;
	struct model_unit *u;

	(void)c;
	memset(m, 0, sizeof(*m));
	for (m->n = 0; m->n < s->nunits; m->n++) {
		u = &m->unit[m->n];
		from = &s->unit[m->n];
		u->number = m->n;
		u->target = from->address >> 16;
		u->lun = from->address & 0xffff;
		u->cd = from->kind == DEVCONF_CD;
		u->readonly = from->readonly;
		u->block = SIM_GIVEN(from, DEVCONF_BLKSIZE) ? from->block :
		    u->cd ? 2048 : 512;
		u->physexp = from->physexp;
		u->sectors = from->sectors;
		memcpy(u->serial, from->serial, sizeof(u->serial));
		u->nserial = from->nserial;
	}
	reset(m);
}

/* ------------------------------------------------------------- events */

static void
happens(struct sim *s, uint32_t event, uint32_t reason,
    const struct model_unit *u)
{
	struct model *m = model(s);

	if (m->nevents == EVENTS)
		m->missed = 1;
	else
		m->event[m->nevents++] = (struct event){ event, reason,
		    u->target, u->lun };
}

static void
media_event(struct sim *s, const struct model_unit *u)
{
	if (u->subscribed & 0x10)
		happens(s, 2, 0x10, u);
}

static void
event_buffer(struct sim *s, const struct oracle_chain *c, uint32_t used)
{
	struct model *m = model(s);
	const struct event *e = &m->event[0];
	uint8_t want[16] = { 0 };

	if (c->wlen < 16) {
		met(s, O_SMALL);
		if (used != 0)
			sim_fail(s, "event", "a short buffer was used");
		return;
	}
	if (m->nevents == 0 && !m->missed)
		sim_fail(s, "event", "an event without cause");
	if (m->nevents > 0) {
		le32_put(want, e->event);
		want[4] = 1;
		want[5] = (uint8_t)e->target;
		be_put(want + 6, 2, 0x4000 + e->lun);
		le32_put(want + 12, e->reason);
		m->nevents--;
		memmove(m->event, m->event + 1,
		    m->nevents * sizeof(m->event[0]));
	}
	want[3] |= m->missed ? 0x80 : 0;
	met(s, m->missed ? O_MISSED : O_EVENT);
	m->missed = 0;
	if (used != 16 || memcmp(c->rsp, want, 16) != 0)
		sim_fail(s, "event", "an event tells something else than "
		    "happened");
}

/* ------------------------------------------------------------ addresses */

/* 1 a unit's address, 2 a target's REPORT LUNS unit, 3 the device's, 0 none */
static int
address(const uint8_t *p, unsigned *target, unsigned *lun)
{
	uint64_t v = be_get(p, 8);

	*target = p[1];
	*lun = p[3];
	if (v == 0xc101000000000000ULL)
		return 3;
	if (v >> 56 != 1 || (v & 0xffffffff) != 0)
		return 0;
	v = v >> 32 & 0xffff;
	if (v == 0xc101)
		return 2;
	*lun = v & 0x3fff;
	return v >> 14 == 1 || v < 256;
}

static int
target_there(const struct model *m, unsigned target)
{
	unsigned i;

	for (i = 0; i < m->n; i++)
		if (m->unit[i].target == target)
			return 1;
	return 0;
}

/* ------------------------------------------------------------- commands */

/* Writable segments that share bytes: nothing to compare. */
static int
overlaps(const struct oracle_chain *c)
{
	unsigned i, j;

	if (c->nw > 32)
		return 1;
	for (i = 0; i < c->nw; i++)
		for (j = 0; j < i; j++)
			if (c->w[i].gpa < c->w[j].gpa + c->w[j].len &&
			    c->w[j].gpa < c->w[i].gpa + c->w[i].len)
				return 1;
	return 0;
}

/* Bytes that a read brought, as far as it is known what they are. */
static void
check_read(struct sim *s, const struct model_cmd *k,
    const struct oracle_chain *c, uint64_t at)
{
	uint64_t base = s->unit[k->u->number].base + k->off, i;
	uint64_t real = k->spoilt ? 0 : k->real;
	static const uint8_t zeros[512];
	const uint8_t *p;

	if (overlaps(c))
		return;
	for (i = 0; i < k->moved && at + i + 512 <= ORACLE_BYTES; i += 512) {
		p = i < real ? s->model + base + i : zeros;
		if ((i >= real || !s->unknown[(base + i) / 512]) &&
		    memcmp(c->rsp + at + i, p, 512) != 0)
			sim_fail(s, "data", "a read brought other bytes than "
			    "were written");
	}
}

static void
check_sense(struct sim *s, const struct model_cmd *k, const uint8_t *rsp)
{
	uint32_t size = model(s)->sense_size;
	uint8_t want[252] = { 0 };
	size_t n = 0;

	if (k->sense != 0 && k->u != NULL && k->u->descriptors) {
		want[0] = 0x72;
		be_put(want + 1, 3, k->sense);
		n = 8;
	} else if (k->sense != 0) {
		want[0] = 0x70;
		want[2] = (uint8_t)(k->sense >> 16);
		want[7] = 10;
		be_put(want + 12, 2, k->sense & 0xffff);
		n = 18;
	}
	if (n > size)
		memset(want + size, 0, sizeof(want) - size);
	if (le32_get(rsp) != (n < size ? n : size) ||
	    memcmp(rsp + 12, want, size) != 0)
		sim_fail(s, "sense", "sense data is not what happened");
	if (rsp[10] != (k->sense != 0 ? 2 : 0))
		sim_fail(s, "status", "status and what happened differ");
}

static void
check_command(struct sim *s, const struct model_cmd *k,
    const struct oracle_chain *c, uint32_t used)
{
	uint64_t head = 12 + model(s)->sense_size;
	uint64_t in = k->reads ? k->moved : k->len;
	uint64_t left = k->inlen + k->outlen - (k->spoilt ? 0 : k->moved) -
	    k->len;

	check_sense(s, k, c->rsp);
	if (c->rsp[11] != (k->overrun ? 1 : 0))
		sim_fail(s, "response", "neither OK nor OVERRUN, as due");
	if (k->calls != s->ncalls)
		sim_fail(s, "blk", "the medium was asked too often");
	if (used != head + in)
		sim_fail(s, "length", "more or less data than due");
	if (le32_get(c->rsp + 4) != (uint32_t)left)
		sim_fail(s, "residual", "residual is not what was not moved");
	if (k->reads)
		check_read(s, k, c, head);
	else if (memcmp(c->rsp + head, k->data, k->len) != 0)
		sim_fail(s, "data", "made-up data is not what is due");
}

static void
note_op(struct sim *s, const struct model_cmd *k)
{
	static const char kinds[32] = {
		[0x08] = 0, [0x0a] = 1, [0x0f] = 2, [0x11] = 3, [0x15] = 3,
		[0x02] = 4, [0x01] = 5, [0x13] = 5, [0x05] = 6, [0x1e] = 6
	};
	unsigned op = k->cdb[0];

	if (k->sense != 0) {
		met(s, k->sense >> 16 == 6 ? O_ATTENTION : O_CHECK);
		return;
	}
	if (k->overrun)
		met(s, O_OVERRUN);
	else if (op == 0x1a || op == 0x5a)
		met(s, 7);
	else if (op == 0x15 || op == 0x55)
		met(s, 8);
	else if (op == 0x12)
		met(s, 9);
	else if (op == 0xa0)
		met(s, 10);
	else if (op == 0x03)
		met(s, 11);
	else if (op == 0x00)
		met(s, O_OTHER);
	else if (op == 0x1b || op == 0x1e || op == 0x43 || op == 0x46 ||
	    op == 0x4a || op == 0x51 || op == 0xbd)
		met(s, 12);
	else
		met(s, (unsigned)kinds[op & 0x1f]);
}

static void
command(struct sim *s, const struct oracle_chain *c, int where,
    unsigned target, unsigned lun, uint32_t used)
{
	struct model *m = model(s);
	uint64_t at = 19 + m->cdb_size;
	struct model_cmd k = {
		.s = s, .all = m->unit, .n = m->n, .target = target,
		.wlun = where - 1, .out = c->req + at,
		.outlen = c->rlen - at,
		.inlen = c->wlen - 12 - m->sense_size
	};

	if (at < ORACLE_BYTES)
		k.known = ORACLE_BYTES - at;
	if (where == 1)
		k.u = model_find(m->unit, m->n, target, lun);
	k.cdblen = m->cdb_size < 16 ? m->cdb_size : 16;
	memcpy(k.cdb, c->req + 19, k.cdblen);
	model_command(&k);
	if (k.sense != 0)
		k.len = 0;
	check_command(s, &k, c, used);
	note_op(s, &k);
	if (k.gone)
		media_event(s, k.u);
}

/* An answer without a command behind it. */
static void
refusal(struct sim *s, const struct oracle_chain *c, uint64_t head,
    uint64_t data, unsigned response, uint32_t used)
{
	uint8_t want[12 + 252] = { 0 };

	le32_put(want + 4, (uint32_t)data);
	want[11] = (uint8_t)response;
	if (used != head || memcmp(c->rsp, want, head) != 0)
		sim_fail(s, "response", "not the refusal that is due");
	if (s->ncalls != 0)
		sim_fail(s, "blk", "a refused command reached the medium");
}

/* Somebody has ended this one, they say. */
static int
note_ended(struct sim *s, const struct oracle_chain *c, int where,
    unsigned target, unsigned lun)
{
	struct model *m = model(s);
	unsigned r = c->rsp[11];

	if (where != 1 || (r != 2 && r != 4))
		return 0;
	if (m->nended < ENDED)
		m->ended[m->nended++] = (struct ended){ target, lun, r,
		    le64_get(c->req + 8) };
	met(s, O_ENDED);
	return 1;
}

static void
request(struct sim *s, const struct oracle_chain *c, uint32_t used)
{
	struct model *m = model(s);
	uint64_t need = 19 + m->cdb_size, head = 12 + m->sense_size, data;
	unsigned target, lun;
	int where;

	if (c->wlen < 12) {
		met(s, O_NO_ROOM);
		if (used != 0 || s->ncalls != 0)
			sim_fail(s, "response", "work without room for an "
			    "answer");
		return;
	}
	data = c->rlen > need ? c->rlen - need : 0;
	if (c->wlen < head || c->rlen < need ||
	    (c->rlen > need && c->wlen > head)) {
		met(s, O_FAILURE);
		if (c->wlen < head)
			head = 12;
		refusal(s, c, head, data + c->wlen - head, 9, used);
		return;
	}
	data += c->wlen - head;
	where = address(c->req, &target, &lun);
	if (where == 0 || (where < 3 && !target_there(m, target))) {
		met(s, O_BAD_TARGET);
		refusal(s, c, head, data, 3, used);
	} else if (note_ended(s, c, where, target, lun))
		refusal(s, c, head, data, c->rsp[11], used);
	else
		command(s, c, where, target, lun, used);
}

/* ---------------------------------------------------- control requests */

/* 0 what is meant is there, 3 no target, 12 no unit */
static unsigned
meant(const struct model *m, const uint8_t *lun, int nexus)
{
	unsigned target, unit;
	int where = address(lun, &target, &unit);

	if (where == 0 || (where < 3 && !target_there(m, target)))
		return 3;
	if (where == 1 && (nexus || model_find((struct model_unit *)m->unit,
	    m->n, target, unit) != NULL))
		return 0;
	return where == 2 && nexus ? 0 : 12;
}

/* The commands that came back ended have to be those it is about. */
static void
check_ended(struct sim *s, const uint8_t *req)
{
	struct model *m = model(s);
	unsigned what = req[4], target, lun, i, want;
	const struct ended *e;

	(void)address(req + 8, &target, &lun);
	want = what == 4 || what == 5 ? 4 : what == 6 || what == 7 ? 0 : 2;
	for (i = 0; i < m->nended; i++) {
		e = &m->ended[i];
		if (e->response != want || e->target != target ||
		    (what != 4 && e->lun != lun) ||
		    (what == 0 && e->id != le64_get(req + 16)))
			sim_fail(s, "ended", "a command was ended that the "
			    "function is not about");
	}
}

static void
function(struct sim *s, const struct oracle_chain *c, uint32_t used)
{
	struct model *m = model(s);
	uint32_t what = le32_get(c->req + 4);
	const uint8_t *lun = c->req + 8;
	unsigned want, i, target, unit;

	met(s, O_TMF);
	want = what > 7 || what == 2 ? 11 : meant(m, lun, what == 4);
	if (want == 12)
		met(s, O_LUN);
	if (used != 1 || c->rsp[0] != want)
		sim_fail(s, "response", "not the answer to that function");
	if (want != 0)
		return;
	if (m->known && s->oracle.race == 0 &&
	    memcmp(m->tmf, c->req, 24) == 0)
		check_ended(s, c->req);
	m->nended = 0;
	m->waits = m->known = 0;
	(void)address(lun, &target, &unit);
	for (i = 0; i < m->n; i++)
		if (m->unit[i].target != target)
			continue;
		else if (what == 4)
			model_reset(&m->unit[i], UA_NEXUS, 0);
		else if (what == 5 && m->unit[i].lun == unit)
			model_reset(&m->unit[i], UA_RESET, 1);
}

static void
notification(struct sim *s, const struct oracle_chain *c, uint32_t used)
{
	struct model *m = model(s);
	unsigned want = meant(m, c->req + 4, 0), target, lun;
	uint8_t rsp[5] = { 0 };
	struct model_unit *u;

	met(s, O_NOTIFY);
	rsp[4] = (uint8_t)want;
	if (want == 0) {
		(void)address(c->req + 4, &target, &lun);
		u = model_find(m->unit, m->n, target, lun);
		rsp[0] = u->cd ? c->req[12] & 0x10 : 0;
		if (c->req[0] == 2)
			u->subscribed = rsp[0];
	}
	if (used != 5 || memcmp(c->rsp, rsp, 5) != 0)
		sim_fail(s, "response", "not the events that there are");
}

static void
control(struct sim *s, const struct oracle_chain *c, uint32_t used)
{
	uint32_t type = c->rlen >= 4 ? le32_get(c->req) : 0;
	int room = c->rlen >= 4 && c->wlen >= 1;

	if (type == 0)
		room = room && c->rlen >= 24;
	else if (type < 3)
		room = c->rlen >= 16 && c->wlen >= 5;
	if (!room) {
		if (used != 0)
			sim_fail(s, "response", "an answer to no request");
	} else if (type == 0)
		function(s, c, used);
	else if (type < 3)
		notification(s, c, used);
	else if (used != 1 || c->rsp[0] != 9)
		sim_fail(s, "response", "an unknown request was taken");
}

/* --------------------------------------------------------------- hooks */

static void
complete(struct sim *s, unsigned q, struct oracle_chain *c, uint32_t used)
{
	if (model(s)->lost)
		return;
	if (q == 0)
		control(s, c, used);
	else if (q == 1)
		event_buffer(s, c, used);
	else
		request(s, c, used);
}

static void
reconf(struct sim *s, const struct viodev_msg *msg)
{
	struct devconf in = { msg->payload, msg->len };
	struct sim_unit news[SIM_UNITS];
	struct model *m = model(s);
	unsigned i, n = sim_units(s, &in, news);
	struct model_unit *u;
	uint64_t had, now;

	for (i = 0; i < n; i++) {
		u = model_find(m->unit, m->n, news[i].address >> 16,
		    news[i].address & 0xffff);
		if (u == NULL || !SIM_GIVEN(&news[i], DEVCONF_CAPACITY))
			continue;
		had = u->sectors;
		now = news[i].sectors;
		model_medium(u, now);
		if (u->cd && (had != 0 || now != 0))
			media_event(s, u);
		else if (!u->cd && had != now &&
		    (sim_virtio(s)->accepted & VIOSCSI_F_CHANGE) != 0)
			happens(s, 3, 0x092a, u);
	}
}

static void
before(struct sim *s, struct viodev_msg *msg)
{
	struct model *m = model(s);

	m->live = virtio_live(sim_virtio(s));
	if ((s->ops >> 63) != 0)
		m->lost = 1;
	if (msg->type == VIODEV_CONFIG)
		reconf(s, msg);
	else if (msg->type == VIODEV_RESET || msg->type == VIODEV_SHUTDOWN ||
	    (msg->type == VIODEV_WRITE && msg->space == VIODEV_COMMON &&
	    msg->where == VIRTIO_DEVICE_STATUS && msg->width == 1 &&
	    (msg->data & 0xff) == 0))
		reset(m);
	else if (msg->type == VIODEV_WRITE && msg->space == VIODEV_DEVICE &&
	    msg->width == 4 && (s->status & VIRTIO_S_FEATURES_OK) != 0) {
		uint32_t v = (uint32_t)msg->data;

		if (msg->where == 0x14)
			m->sense_size = v > 252 ? 252 : v;
		else if (msg->where == 0x18)
			m->cdb_size = v > 255 ? 255 : v == 0 ? 1 : v;
	}
}

/* Whether the event queue had its turn in this message. */
static int
turn(struct sim *s, const struct viodev_msg *msg)
{
	const struct virtio_dev *v = sim_virtio(s);

	if (!virtio_live(v) || v->paused || !v->vq[1].enabled)
		return 0;
	if (msg->type == VIODEV_KICK)
		return msg->where == 1;
	if (msg->type == VIODEV_UNPAUSE)
		return 1;
	return msg->type == VIODEV_WRITE && ((msg->space == VIODEV_NOTIFY &&
	    msg->where == 0 && (msg->data & 0xffff) == 1) ||
	    (msg->space == VIODEV_COMMON && !model(s)->live));
}

static void
after(struct sim *s, const struct viodev_msg *msg)
{
	struct model *m = model(s);
	struct oracle *o = &s->oracle;

	if (oracle_blind(o))
		m->lost = 1;
	if (m->lost)
		return;
	if (turn(s, msg) && m->nevents > 0) {
		m->nevents = 0;
		m->missed = 1;
	}
	if (o->q[0].undone) {
		m->waits = 1;
		m->known = o->cur == 0 && m->nended == 0;
		if (m->known)
			memcpy(m->tmf, o->c->req, sizeof(m->tmf));
	}
	if (m->nended > 0 && !m->waits)
		sim_fail(s, "ended", "a command was ended by nobody");
}

/* Event buffers stay until there is something to tell. */
static int
lazy(struct sim *s, unsigned q)
{
	(void)s;
	return q == 1;
}

const struct sim_kind sim_vioscsi = {
	.dev = &vioscsi_dev,
	.conf = conf,
	.attached = attached,
	.complete = complete,
	.before = before,
	.after = after,
	.priv = sizeof(struct model),
	.units = 1,
	.lazy = lazy,
	.ops = ops,
};
