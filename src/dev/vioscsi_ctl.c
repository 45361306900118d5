/* Task management and subscriptions: virtio 1.3, 5.6.6.2. */
#include "vioscsi_priv.h"

#define REQ_SUBTYPE	4
#define TMF_LUN		8
#define TMF_ID		16
#define AN_LUN		4
#define AN_EVENTS	12

/* Which commands a function ends, and how. */
enum scope {
	SCOPE_NONE,
	SCOPE_TASK,
	SCOPE_UNIT,
	SCOPE_TARGET,
};

static const struct {
	uint8_t	scope;
	uint8_t	fate;			/* enum vioscsi_response */
} functions[VIOSCSI_NTMF] = {
	[VIOSCSI_TMF_ABORT_TASK] = { SCOPE_TASK, VIOSCSI_S_ABORTED },
	[VIOSCSI_TMF_ABORT_TASK_SET] = { SCOPE_UNIT, VIOSCSI_S_ABORTED },
	[VIOSCSI_TMF_CLEAR_ACA] = { SCOPE_NONE, VIOSCSI_S_OK },
	[VIOSCSI_TMF_CLEAR_TASK_SET] = { SCOPE_UNIT, VIOSCSI_S_ABORTED },
	[VIOSCSI_TMF_NEXUS_RESET] = { SCOPE_TARGET, VIOSCSI_S_RESET },
	[VIOSCSI_TMF_UNIT_RESET] = { SCOPE_UNIT, VIOSCSI_S_RESET },
	[VIOSCSI_TMF_QUERY_TASK] = { SCOPE_NONE, VIOSCSI_S_OK },
	[VIOSCSI_TMF_QUERY_TASK_SET] = { SCOPE_NONE, VIOSCSI_S_OK },
};

enum vioscsi_response
vioscsi_fate(const struct vioscsi *s, unsigned q,
    const struct vioscsi_addr *a, uint64_t id)
{
	const uint8_t *req = s->fence.req;
	uint32_t what = le32_get(req + REQ_SUBTYPE);
	struct vioscsi_addr about;

	if ((s->fence.left & 1U << q) == 0 || a->where != AT_UNIT ||
	    vioscsi_addr(req + TMF_LUN, &about) == -1 ||
	    functions[what].scope == SCOPE_NONE || a->target != about.target)
		return VIOSCSI_S_OK;
	if (functions[what].scope != SCOPE_TARGET && a->lun != about.lun)
		return VIOSCSI_S_OK;
	if (functions[what].scope == SCOPE_TASK &&
	    le64_get(req + TMF_ID) != id)
		return VIOSCSI_S_OK;
	return functions[what].fate;
}

void
vioscsi_passed(struct vioscsi *s, unsigned q)
{
	struct dev_host *h = &s->v.dev.host;

	if ((s->fence.left & 1U << q) == 0)
		return;
	s->fence.left &= (uint16_t)~(1U << q);
	if (s->fence.left == 0)
		h->ops->again(h->arg, VIOSCSI_Q_CONTROL);
}

/*
 * Whether every request queue has been looked at since this function was
 * first seen; sees to it that they will be.
 */
static int
all_passed(struct vioscsi *s, const uint8_t *req)
{
	struct dev_host *h = &s->v.dev.host;
	struct vioscsi_fence *f = &s->fence;
	unsigned q;

	if (!f->up || memcmp(f->req, req, sizeof(f->req)) != 0) {
		f->up = 1;
		f->left = 0;
		memcpy(f->req, req, sizeof(f->req));
		for (q = VIOSCSI_Q_REQUEST; q < s->v.nqueues; q++)
			if (s->v.vq[q].enabled) {
				f->left |= (uint16_t)(1U << q);
				h->ops->again(h->arg, q);
			}
	}
	if (f->left != 0)
		return 0;
	f->up = 0;
	return 1;
}

/* Where a function cannot be meant: 5.6.6.2. */
static enum vioscsi_response
misdirected(struct vioscsi *s, const uint8_t *lun, int whole_target)
{
	struct vioscsi_addr a;

	if (vioscsi_addr(lun, &a) == -1 ||
	    (a.where != AT_ALL && !scsi_has_target(&s->bus, a.target)))
		return VIOSCSI_S_BAD_TARGET;
	if (a.where == AT_UNIT && (whole_target ||
	    scsi_find(&s->bus, a.target, a.lun) != NULL))
		return VIOSCSI_S_OK;
	return a.where == AT_WLUN && whole_target ? VIOSCSI_S_OK :
	    VIOSCSI_S_INCORRECT_LUN;
}

static void
reset_units(struct vioscsi *s, const uint8_t *req, uint32_t what)
{
	struct vioscsi_addr a;
	struct scsi_unit *u;
	unsigned i;

	if (functions[what].fate != VIOSCSI_S_RESET)
		return;
	(void)vioscsi_addr(req + TMF_LUN, &a);
	for (i = 0; i < s->bus.n; i++) {
		u = &s->bus.unit[i];
		if (u->target != a.target)
			continue;
		if (what == VIOSCSI_TMF_NEXUS_RESET)
			scsi_unit_reset(u, SENSE_UA_NEXUS);
		else if (u->lun == a.lun)
			scsi_unit_reset(u, SENSE_UA_RESET);
	}
}

static int
manage(struct vioscsi *s, struct vq_chain *c, const uint8_t *req)
{
	uint32_t what = le32_get(req + REQ_SUBTYPE);
	enum vioscsi_response why;
	uint8_t rsp;

	/* Nothing here is ever in that state: SAM-5, 5.10. */
	if (what >= VIOSCSI_NTMF || what == VIOSCSI_TMF_CLEAR_ACA)
		why = VIOSCSI_S_REJECTED;
	else
		why = misdirected(s, req + TMF_LUN,
		    what == VIOSCSI_TMF_NEXUS_RESET);
	if (why == VIOSCSI_S_OK) {
		if (!all_passed(s, req))
			return -1;
		reset_units(s, req, what);
	}
	rsp = (uint8_t)why;
	chain_write(c, &rsp, 1);
	return 0;
}

/* Events that a unit has: AN_MEDIA on a drive with a tray, else none. */
static void
notify(struct vioscsi *s, struct vq_chain *c, const uint8_t *req)
{
	enum vioscsi_response why = misdirected(s, req + AN_LUN, 0);
	uint8_t rsp[VIOSCSI_AN_ANSWER] = { 0 };
	struct vioscsi_addr a;
	struct scsi_unit *u;

	rsp[4] = (uint8_t)why;
	if (why == VIOSCSI_S_OK) {
		(void)vioscsi_addr(req + AN_LUN, &a);
		u = scsi_find(&s->bus, a.target, a.lun);
		if (u->kind == SCSI_CDROM)
			rsp[0] = req[AN_EVENTS] & VIOSCSI_AN_MEDIA;
		if (le32_get(req) == VIOSCSI_T_AN_SUBSCRIBE)
			u->subscribed = rsp[0];
	}
	chain_write(c, rsp, sizeof(rsp));
}

int
vioscsi_control(struct vioscsi *s, struct vq_chain *c)
{
	static const uint8_t unknown = VIOSCSI_S_FAILURE;
	uint8_t req[VIOSCSI_TMF_SIZE];
	size_t n = chain_read(c, req, sizeof(req));

	if (n < 4 || c->wlen < 1)
		return 0;
	switch (le32_get(req)) {
	case VIOSCSI_T_TMF:
		return n == VIOSCSI_TMF_SIZE ? manage(s, c, req) : 0;
	case VIOSCSI_T_AN_QUERY:
	case VIOSCSI_T_AN_SUBSCRIBE:
		if (n >= VIOSCSI_AN_SIZE && c->wlen >= VIOSCSI_AN_ANSWER)
			notify(s, c, req);
		return 0;
	default:
		chain_write(c, &unknown, 1);
		return 0;
	}
}
