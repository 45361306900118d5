#include "vioscsi_priv.h"

static enum vq_result
requests(struct vioscsi *s, unsigned q, struct vq_work *w)
{
	enum vq_result r;
	struct vq_chain c;
	size_t moved = 0;

	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		moved += vioscsi_request(s, &c, q);
		vq_done(w, &c);
		if (moved >= VIOSCSI_MAXKICK && vq_yield(w))
			return VQ_EMPTY;
	}
	if (r == VQ_EMPTY)
		vioscsi_passed(s, q);
	return r;
}

static enum vq_result
controls(struct vioscsi *s, struct vq_work *w)
{
	enum vq_result r;
	struct vq_chain c;

	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		if (vioscsi_control(s, &c) == -1) {
			vq_undo(w);
			return VQ_EMPTY;
		}
		vq_done(w, &c);
	}
	return r;
}

static enum vq_result
vioscsi_queue(struct virtio_dev *v, unsigned q, struct vq_work *w)
{
	struct vioscsi *s = (struct vioscsi *)v;

	if (q == VIOSCSI_Q_CONTROL)
		return controls(s, w);
	if (q == VIOSCSI_Q_EVENT)
		return vioscsi_events(s, w);
	return requests(s, q, w);
}

static void
vioscsi_config(const struct virtio_dev *v, uint8_t *img)
{
	const struct vioscsi *s = (const struct vioscsi *)v;
	unsigned i, target = 0, lun = 0;

	for (i = 0; i < s->bus.n; i++) {
		if (s->bus.unit[i].target > target)
			target = s->bus.unit[i].target;
		if (s->bus.unit[i].lun > lun)
			lun = s->bus.unit[i].lun;
	}
	le32_put(img + VIOSCSI_C_NUM_QUEUES,
	    v->nqueues - (uint32_t)VIOSCSI_Q_REQUEST);
	le32_put(img + VIOSCSI_C_SEG_MAX, VIOSCSI_SEGMAX);
	le32_put(img + VIOSCSI_C_MAX_SECTORS, SCSI_MAXXFER / SCSI_SECTOR);
	le32_put(img + VIOSCSI_C_CMD_PER_LUN, v->vq[VIOSCSI_Q_REQUEST].max);
	le32_put(img + VIOSCSI_C_EVENT_SIZE, VIOSCSI_EVENT_SIZE);
	le32_put(img + VIOSCSI_C_SENSE_SIZE, s->sense_size);
	le32_put(img + VIOSCSI_C_CDB_SIZE, s->cdb_size);
	le16_put(img + VIOSCSI_C_MAX_TARGET, (uint16_t)target);
	le32_put(img + VIOSCSI_C_MAX_LUN, lun);
}

/* Two fields can be written; values beyond our range are brought into it. */
static void
vioscsi_config_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	struct vioscsi *s = (struct vioscsi *)v;
	uint32_t n = (uint32_t)val;

	if (width != 4)
		return;
	if (off == VIOSCSI_C_SENSE_SIZE)
		s->sense_size = n > VIOSCSI_MAXSENSE ? VIOSCSI_MAXSENSE : n;
	else if (off == VIOSCSI_C_CDB_SIZE)
		s->cdb_size = n > VIOSCSI_MAXCDB ? VIOSCSI_MAXCDB :
		    n == 0 ? 1 : n;
}

static void
vioscsi_reset(struct virtio_dev *v)
{
	struct vioscsi *s = (struct vioscsi *)v;
	unsigned i;

	s->sense_size = VIOSCSI_SENSE;
	s->cdb_size = VIOSCSI_CDB;
	s->nevents = 0;
	s->missed = 0;
	memset(&s->fence, 0, sizeof(s->fence));
	for (i = 0; i < s->bus.n; i++) {
		scsi_unit_reset(&s->bus.unit[i], SENSE_UA_POWER_ON);
		s->bus.unit[i].subscribed = 0;
	}
}

static const struct virtio_ops vioscsi_ops = {
	.id = VIRTIO_ID_SCSI,
	.config_size = VIOSCSI_C_SIZE,
	.attach = vioscsi_attach,
	.reset = vioscsi_reset,
	.config = vioscsi_config,
	.config_write = vioscsi_config_write,
	.queue = vioscsi_queue,
	.reconf = vioscsi_reconf,
	.save = vioscsi_save,
	.load = vioscsi_load,
	.check = vioscsi_check,
};

const struct dev_ops vioscsi_dev =
    VIRTIO_DEV_OPS("vioscsi", struct vioscsi, &vioscsi_ops, 1);
