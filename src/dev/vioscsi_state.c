/* Save, load and invariants. */
#include "vioscsi_priv.h"

static void
save_unit(const struct scsi_unit *u, struct wbuf *w)
{
	wb_u64(w, u->sectors);
	wb_u8(w, u->attention);
	wb_u8(w, u->tray);
	wb_u8(w, u->locked);
	wb_u8(w, u->media);
	wb_u8(w, u->wce);
	wb_u8(w, u->d_sense);
	wb_u8(w, u->subscribed);
}

void
vioscsi_save(const struct virtio_dev *v, struct wbuf *w)
{
	const struct vioscsi *s = (const struct vioscsi *)v;
	unsigned i;

	wb_u32(w, s->sense_size);
	wb_u32(w, s->cdb_size);
	wb_u8(w, s->missed);
	wb_u8(w, s->fence.up);
	wb_u16(w, s->fence.left);
	wb_bytes(w, s->fence.req, sizeof(s->fence.req));
	wb_u8(w, (uint8_t)s->bus.n);
	for (i = 0; i < s->bus.n; i++)
		save_unit(&s->bus.unit[i], w);
	wb_u8(w, (uint8_t)s->nevents);
	for (i = 0; i < s->nevents; i++) {
		wb_u32(w, s->event[i].event);
		wb_u32(w, s->event[i].reason);
		wb_u8(w, s->event[i].target);
		wb_u16(w, s->event[i].lun);
	}
}

/* A state belongs to media of their size. */
static int
load_unit(struct scsi_unit *u, struct rbuf *r)
{
	if (rb_u64(r) != u->sectors)
		return -1;
	u->attention = rb_u8(r);
	u->tray = rb_u8(r);
	u->locked = rb_u8(r);
	u->media = rb_u8(r);
	u->wce = rb_u8(r);
	u->d_sense = rb_u8(r);
	u->subscribed = rb_u8(r);
	return 0;
}

static void
load_head(struct vioscsi *s, struct rbuf *r)
{
	s->sense_size = rb_u32(r);
	s->cdb_size = rb_u32(r);
	s->missed = rb_u8(r);
	s->fence.up = rb_u8(r);
	s->fence.left = rb_u16(r);
	rb_copy(r, s->fence.req, sizeof(s->fence.req));
}

static void
load_events(struct vioscsi *s, struct rbuf *r)
{
	unsigned i;

	s->nevents = rb_u8(r);
	for (i = 0; i < s->nevents && i < VIOSCSI_EVENTS; i++) {
		s->event[i].event = rb_u32(r);
		s->event[i].reason = rb_u32(r);
		s->event[i].target = rb_u8(r);
		s->event[i].lun = rb_u16(r);
	}
}

int
vioscsi_load(struct virtio_dev *v, struct rbuf *r)
{
	struct vioscsi *s = (struct vioscsi *)v, new = *s;
	unsigned i;

	load_head(&new, r);
	if (rb_u8(r) != new.bus.n)
		return -1;
	for (i = 0; i < new.bus.n; i++)
		if (load_unit(&new.bus.unit[i], r) == -1)
			return -1;
	load_events(&new, r);
	if (!rb_done(r) || vioscsi_check(&new.v) != NULL)
		return -1;
	*s = new;
	return 0;
}

static const char *
check_unit(const struct scsi_unit *u)
{
	if ((u->attention & ~SCSI_UA_ALL) != 0 || u->media >= MEDIA_NEVENTS)
		return "unknown attention or event of a unit";
	if ((u->tray | u->locked | u->wce | u->d_sense) > 1)
		return "flag of a unit is neither 0 nor 1";
	if ((u->subscribed & ~VIOSCSI_AN_MEDIA) != 0)
		return "subscribed to an unknown event";
	if (u->kind == SCSI_DISK && (u->tray | u->locked | u->media |
	    u->subscribed) != 0)
		return "disk with a tray";
	return NULL;
}

static const char *
check_fence(const struct vioscsi *s)
{
	uint32_t known = (1U << s->v.nqueues) - (1U << VIOSCSI_Q_REQUEST);

	if (s->fence.up > 1 || (s->fence.left & ~known) != 0)
		return "fence on unknown queues";
	if (s->fence.left != 0 && (!s->fence.up ||
	    le32_get(s->fence.req + 4) >= VIOSCSI_NTMF))
		return "fence without a function";
	return NULL;
}

const char *
vioscsi_check(const struct virtio_dev *v)
{
	const struct vioscsi *s = (const struct vioscsi *)v;
	const char *why;
	unsigned i;

	if (s->sense_size > VIOSCSI_MAXSENSE || s->cdb_size == 0 ||
	    s->cdb_size > VIOSCSI_MAXCDB)
		return "sense or command size out of range";
	if (s->nevents > VIOSCSI_EVENTS || s->missed > 1)
		return "too many events wait";
	for (i = 0; i < s->bus.n; i++)
		if ((why = check_unit(&s->bus.unit[i])) != NULL)
			return why;
	return check_fence(s);
}
