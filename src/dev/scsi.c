/* From a command to its answer: what comes before and after each of them. */
#include "scsi_priv.h"

#include <string.h>

#define CONTROL_NACA	0x04

uint64_t
scsi_blocks(const struct scsi_unit *u)
{
	uint32_t per = u->blksize / SCSI_SECTOR;

	if (u->kind == SCSI_CDROM)
		return u->sectors / per + (u->sectors % per != 0);
	return u->sectors / per;
}

int
scsi_in_range(const struct scsi_unit *u, const struct scsi_span *s)
{
	uint64_t all = scsi_blocks(u);

	return s->lba <= all && s->n <= all - s->lba;
}

uint32_t
scsi_max_blocks(const struct scsi_unit *u)
{
	return SCSI_MAXXFER / u->blksize;
}

struct scsi_unit *
scsi_find(struct scsi_bus *b, unsigned target, unsigned lun)
{
	unsigned i;

	for (i = 0; i < b->n; i++)
		if (b->unit[i].target == target && b->unit[i].lun == lun)
			return &b->unit[i];
	return NULL;
}

int
scsi_has_target(const struct scsi_bus *b, unsigned target)
{
	unsigned i;

	for (i = 0; i < b->n; i++)
		if (b->unit[i].target == target)
			return 1;
	return 0;
}

void
scsi_unit_reset(struct scsi_unit *u, enum scsi_sense why)
{
	if (why == SENSE_UA_POWER_ON)
		u->attention = 0;
	u->attention |= SCSI_UA(why);
	u->locked = 0;
	if (why == SENSE_UA_NEXUS)
		return;
	u->wce = 1;
	u->d_sense = 0;
}

void
scsi_set_medium(struct scsi_unit *u, uint64_t sectors)
{
	int had = u->sectors != 0;

	if (u->kind == SCSI_DISK) {
		if (sectors != u->sectors)
			u->attention |= SCSI_UA(SENSE_UA_CAPACITY);
		u->sectors = sectors;
		return;
	}
	u->sectors = sectors;
	u->tray = sectors == 0 && had ? 1 : 0;
	if (sectors != 0) {
		u->attention |= SCSI_UA(SENSE_UA_MEDIUM);
		u->media = MEDIA_NEW;
	} else if (had) {
		u->attention &= (uint8_t)~SCSI_UA(SENSE_UA_MEDIUM);
		u->media = MEDIA_REMOVED;
	}
}

uint8_t *
scsi_more(struct scsi_req *rq, size_t n)
{
	uint8_t *p = rq->data + rq->len;

	if (n > sizeof(rq->data) - rq->len)
		rq->bus->host->ops->panic(rq->bus->host->arg,
		    "scsi: answer to command 0x%02x is too long", rq->cdb[0]);
	memset(p, 0, n);
	rq->len += n;
	return p;
}

int
scsi_out_fits(struct scsi_req *rq, uint64_t len)
{
	if (len <= rq->c->rlen)
		return 1;
	rq->overrun = 1;
	return 0;
}

int
scsi_in_fits(struct scsi_req *rq, uint64_t len)
{
	if (len <= rq->c->wlen)
		return 1;
	rq->overrun = 1;
	return 0;
}

int
scsi_take(struct scsi_req *rq, void *p, uint32_t len)
{
	if (!scsi_out_fits(rq, len))
		return -1;
	rq->taken += (uint32_t)chain_read(rq->c, p, len);
	return 0;
}

static unsigned
place(const struct scsi_req *rq)
{
	if (rq->wlun || rq->allwlun)
		return ON_WLUN;
	if (rq->unit == NULL)
		return ON_NOBODY;
	return rq->unit->kind == SCSI_CDROM ? ON_CD : ON_DISK;
}

static const struct scsi_cmd *
lookup(const struct scsi_req *rq)
{
	const struct scsi_cmd *k;
	unsigned i, on = place(rq);

	for (i = 0; i < scsi_ncmds; i++) {
		k = &scsi_cmds[i];
		if (k->op == rq->cdb[0] && (k->on & on) != 0 &&
		    ((k->flags & CMD_ACTION) == 0 ||
		    k->action == (rq->cdb[1] & 0x1f)))
			return k;
	}
	return NULL;
}

static enum scsi_sense
ready(const struct scsi_unit *u)
{
	if (u->tray)
		return SENSE_TRAY_OPEN;
	return scsi_blocks(u) == 0 ? SENSE_NO_MEDIUM : SENSE_NONE;
}

/* What stops a command before it begins. */
static enum scsi_sense
hindrance(struct scsi_req *rq, const struct scsi_cmd *k)
{
	struct scsi_unit *u = rq->unit;
	enum scsi_sense why;

	if (u != NULL && (k == NULL || (k->flags & CMD_QUIET) == 0) &&
	    (why = scsi_next_attention(u)) != SENSE_NONE)
		return why;
	if (k == NULL)
		return place(rq) == ON_NOBODY ? SENSE_BAD_LUN :
		    SENSE_BAD_OPCODE;
	if (rq->cdblen < k->cdblen ||
	    (rq->cdb[k->cdblen - 1] & CONTROL_NACA) != 0)
		return SENSE_BAD_FIELD_CDB;
	if ((k->flags & CMD_MEDIUM) != 0 && (why = ready(u)) != SENSE_NONE)
		return why;
	if ((k->flags & CMD_WRITES) != 0 && u->readonly)
		return SENSE_PROTECTED;
	return SENSE_NONE;
}

/* Made-up data is cut to what was asked for, then to what there is room for. */
static void
cut_data(struct scsi_req *rq, const struct scsi_cmd *k)
{
	const uint8_t *p = rq->cdb + k->allocat;
	uint32_t most = 0;
	unsigned i;

	if (k->allocw == 0)
		most = (uint32_t)rq->len;
	for (i = 0; i < k->allocw; i++)
		most = most << 8 | p[i];
	if (rq->len > most)
		rq->len = most;
	if (!scsi_in_fits(rq, rq->len))
		rq->len = rq->c->wlen;
}

static void
end(struct scsi_req *rq, enum scsi_sense why)
{
	if (why == SENSE_NONE)
		return;
	rq->status = SCSI_CHECK;
	rq->senselen = scsi_render_sense(rq->sense, why,
	    rq->unit != NULL && rq->unit->d_sense);
	rq->len = 0;
	rq->zeros += rq->filled;
	rq->filled = 0;
}

void
scsi_execute(struct scsi_req *rq)
{
	const struct scsi_cmd *k = lookup(rq);
	enum scsi_sense why;

	rq->status = SCSI_GOOD;
	rq->overrun = rq->ejected = 0;
	rq->senselen = 0;
	rq->filled = rq->zeros = rq->taken = rq->work = 0;
	rq->len = 0;
	why = hindrance(rq, k);
	if (why == SENSE_NONE) {
		why = k->run(rq);
		if (why == SENSE_NONE)
			cut_data(rq, k);
	}
	end(rq, why);
}
