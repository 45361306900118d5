/* A command on its way to a unit and back: virtio 1.3, 5.6.6.1. */
#include "vioscsi_priv.h"

#define REQ_ID	8

int
vioscsi_addr(const uint8_t *p, struct vioscsi_addr *a)
{
	*a = (struct vioscsi_addr){ AT_UNIT, p[1], p[3] };
	if ((p[4] | p[5] | p[6] | p[7]) != 0)
		return -1;
	if (p[0] == 0xc1) {
		a->where = AT_ALL;
		return p[1] == 1 && p[2] == 0 && p[3] == 0 ? 0 : -1;
	}
	if (p[0] != 1)
		return -1;
	if (p[2] >> 6 == 1) {			/* flat */
		a->lun |= (uint16_t)((p[2] & 0x3f) << 8);
		return 0;
	}
	if (p[2] == 0xc1 && p[3] == 1) {
		a->where = AT_WLUN;
		return 0;
	}
	return p[2] == 0 ? 0 : -1;		/* peripheral */
}

void
vioscsi_put_addr(uint8_t *p, unsigned target, unsigned lun)
{
	memset(p, 0, 8);
	p[0] = 1;
	p[1] = (uint8_t)target;
	p[2] = (uint8_t)(0x40 | lun >> 8);
	p[3] = (uint8_t)lun;
}

/* One command, as far as it got. */
struct command {
	struct vq_chain		*c;
	struct vioscsi_addr	 a;
	struct chain_head	 head;
	uint8_t			 req[VIOSCSI_REQ_HEAD + VIOSCSI_MAXCDB];
	uint8_t			 rsp[VIOSCSI_RSP_HEAD + VIOSCSI_MAXSENSE];
	uint32_t		 data;		/* bytes, both ways */
};

/* Stores the answer; moved is what of the data was. */
static void
answer(struct command *k, enum vioscsi_response why, uint32_t moved)
{
	le32_put(k->rsp + VIOSCSI_RSP_RESIDUAL, k->data - moved);
	k->rsp[VIOSCSI_RSP_RESPONSE] = (uint8_t)why;
	chain_put_head(k->c, &k->head, k->rsp);
}

/* The command as units see it; what they answer has no values yet. */
static void
prepare(struct vioscsi *s, struct command *k, struct scsi_req *rq)
{
	rq->bus = &s->bus;
	rq->unit = k->a.where != AT_UNIT ? NULL :
	    scsi_find(&s->bus, k->a.target, k->a.lun);
	rq->target = k->a.target;
	rq->wlun = k->a.where == AT_WLUN;
	rq->allwlun = k->a.where == AT_ALL;
	memset(rq->cdb, 0, sizeof(rq->cdb));
	rq->cdblen = s->cdb_size < SCSI_CDB ? s->cdb_size : SCSI_CDB;
	memcpy(rq->cdb, k->req + VIOSCSI_REQ_HEAD, rq->cdblen);
	rq->c = k->c;
}

static size_t
run(struct vioscsi *s, struct command *k)
{
	struct scsi_req rq;
	uint32_t n, moved;

	prepare(s, k, &rq);
	scsi_execute(&rq);
	n = rq.senselen < s->sense_size ? rq.senselen : s->sense_size;
	le32_put(k->rsp, n);
	memcpy(k->rsp + VIOSCSI_RSP_HEAD, rq.sense, n);
	k->rsp[VIOSCSI_RSP_STATUS] = rq.status;
	moved = rq.taken;
	if (rq.status == SCSI_GOOD)
		moved += rq.filled + rq.zeros + (uint32_t)rq.len;
	answer(k, rq.overrun ? VIOSCSI_S_OVERRUN : VIOSCSI_S_OK, moved);
	chain_filled(k->c, rq.filled);
	chain_zero(k->c, rq.zeros);
	chain_write(k->c, rq.data, rq.len);
	if (rq.ejected)
		vioscsi_media_changed(s, rq.unit);
	return rq.work + rq.len;
}

/* What ends a command before any unit sees it; VIOSCSI_S_OK: nothing. */
static enum vioscsi_response
obstacle(struct vioscsi *s, struct command *k, unsigned q)
{
	if (k->c->rlen > 0 && k->c->wlen > 0)
		return VIOSCSI_S_FAILURE;
	if (vioscsi_addr(k->req, &k->a) == -1 || (k->a.where != AT_ALL &&
	    !scsi_has_target(&s->bus, k->a.target)))
		return VIOSCSI_S_BAD_TARGET;
	return vioscsi_fate(s, q, &k->a, le64_get(k->req + REQ_ID));
}

size_t
vioscsi_request(struct vioscsi *s, struct vq_chain *c, unsigned q)
{
	struct command k;
	size_t reqlen = VIOSCSI_REQ_HEAD + s->cdb_size;
	size_t rsplen = VIOSCSI_RSP_HEAD + s->sense_size;
	enum vioscsi_response why = VIOSCSI_S_FAILURE;
	int whole;

	if (c->wlen < VIOSCSI_RSP_HEAD)
		return 0;
	k.c = c;
	whole = chain_read(c, k.req, reqlen) == reqlen && c->wlen >= rsplen;
	if (c->wlen < rsplen)
		rsplen = VIOSCSI_RSP_HEAD;
	memset(k.rsp, 0, rsplen);
	k.data = c->rlen + c->wlen - (uint32_t)rsplen;
	chain_split_head(c, rsplen, &k.head);
	if (whole)
		why = obstacle(s, &k, q);
	if (why == VIOSCSI_S_OK)
		return run(s, &k);
	answer(&k, why, 0);
	return 0;
}
