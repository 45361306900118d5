/* Events: virtio 1.3, 5.6.6.3. */
#include "vioscsi_priv.h"

/*
 * They wait for a turn of the event queue: whatever happened, happened while
 * another queue was looked at, or none.
 */
static void
push(struct vioscsi *s, const struct scsi_unit *u, uint32_t event,
    uint32_t reason)
{
	struct dev_host *h = &s->v.dev.host;

	if (s->nevents == VIOSCSI_EVENTS)
		s->missed = 1;
	else
		s->event[s->nevents++] = (struct vioscsi_event){
			event, reason, u->target, u->lun
		};
	h->ops->again(h->arg, VIOSCSI_Q_EVENT);
}

void
vioscsi_media_changed(struct vioscsi *s, const struct scsi_unit *u)
{
	if (u->subscribed & VIOSCSI_AN_MEDIA)
		push(s, u, VIOSCSI_E_ASYNC, VIOSCSI_AN_MEDIA);
}

void
vioscsi_resized(struct vioscsi *s, const struct scsi_unit *u)
{
	if (s->v.accepted & VIOSCSI_F_CHANGE)
		push(s, u, VIOSCSI_E_PARAM, VIOSCSI_PARAM_CAPACITY);
}

/* Stores the first event that waits, or that some are missing. */
static void
tell(struct vioscsi *s, struct vq_chain *c)
{
	const struct vioscsi_event *e = &s->event[0];
	uint32_t missed = s->missed ? VIOSCSI_E_MISSED : 0;
	uint8_t b[VIOSCSI_EVENT_SIZE] = { 0 };

	if (s->nevents > 0) {
		le32_put(b, e->event | missed);
		vioscsi_put_addr(b + 4, e->target, e->lun);
		le32_put(b + 12, e->reason);
		s->nevents--;
		memmove(s->event, s->event + 1,
		    s->nevents * sizeof(s->event[0]));
	} else {
		le32_put(b, VIOSCSI_E_NONE | missed);
	}
	s->missed = 0;
	chain_write(c, b, sizeof(b));
}

/* Buffers stay where they are until there is something to put into them. */
enum vq_result
vioscsi_events(struct vioscsi *s, struct vq_work *w)
{
	enum vq_result r = VQ_EMPTY;
	struct vq_chain c;

	while (s->nevents > 0 || s->missed) {
		if ((r = vq_next(w, &c)) != VQ_CHAIN) {
			s->missed |= s->nevents > 0;
			s->nevents = 0;
			break;
		}
		if (c.wlen >= VIOSCSI_EVENT_SIZE)
			tell(s, &c);
		vq_done(w, &c);
	}
	return r == VQ_CHAIN ? VQ_EMPTY : r;
}
