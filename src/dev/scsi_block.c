/* Reading, writing, verifying: SBC-3, 5; SPC-4, 4.2.5. */
#include "scsi_priv.h"

#include <string.h>

#define FUA		0x08		/* byte 1 */
#define PROTECT		0xe0		/* RDPROTECT, WRPROTECT, VRPROTECT */
#define VERIFY_CHUNK	4096U

struct scsi_span
scsi_span_of(const uint8_t *cdb)
{
	struct scsi_span s;

	switch (cdb[0] >> 5) {
	case 0:
		s.lba = be32_get(cdb) & 0x1fffff;
		s.n = cdb[4] == 0 ? 256 : cdb[4];
		break;
	case 4:
		s.lba = be64_get(cdb + 2);
		s.n = be32_get(cdb + 10);
		break;
	case 5:
		s.lba = be32_get(cdb + 2);
		s.n = be32_get(cdb + 6);
		break;
	default:
		s.lba = be32_get(cdb + 2);
		s.n = be16_get(cdb + 7);
		break;
	}
	return s;
}

unsigned
scsi_durable(const struct scsi_unit *u, int fua)
{
	return fua || !u->wce ? BLK_F_DURABLE : 0;
}

enum scsi_sense
scsi_host(struct scsi_req *rq, struct blk_io *io)
{
	struct dev_host *h = rq->bus->host;
	int res;

	io->unit = rq->unit->number;
	res = h->ops->blk(h->arg, io);
	if (res == BLK_OK)
		return SENSE_NONE;
	if (io->op == BLK_READ)
		return SENSE_READ_ERROR;
	if (res == BLK_NOSPACE)
		return SENSE_NO_SPACE;
	return res == BLK_UNSUPP ? SENSE_BAD_OPCODE : SENSE_WRITE_ERROR;
}

/* What a command wants, once it is known to make sense. */
static enum scsi_sense
get_span(const struct scsi_req *rq, struct scsi_span *s)
{
	*s = scsi_span_of(rq->cdb);
	if (rq->cdb[0] >> 5 != 0 && (rq->cdb[1] & PROTECT) != 0)
		return SENSE_BAD_FIELD_CDB;
	if (!scsi_in_range(rq->unit, s))
		return SENSE_LBA_RANGE;
	if (s->n > scsi_max_blocks(rq->unit))
		return SENSE_BAD_FIELD_CDB;
	return SENSE_NONE;
}

/* Reads into the first len bytes of the writable vectors. */
static enum scsi_sense
read_into(struct scsi_req *rq, uint64_t off, uint32_t len)
{
	struct blk_io io = {
		.op = BLK_READ, .off = off, .len = len, .iov = rq->c->w
	};
	enum scsi_sense why;
	size_t left = len, whole;
	int n = 0;

	while (rq->c->w[n].iov_len < left)
		left -= rq->c->w[n++].iov_len;
	whole = rq->c->w[n].iov_len;
	rq->c->w[n].iov_len = left;
	io.niov = n + 1;
	why = scsi_host(rq, &io);
	rq->c->w[n].iov_len = whole;
	return why;
}

enum scsi_sense
scsi_read(struct scsi_req *rq)
{
	const struct scsi_unit *u = rq->unit;
	struct scsi_span s;
	enum scsi_sense why;
	uint64_t off, end;
	uint32_t len, have;

	if ((why = get_span(rq, &s)) != SENSE_NONE || s.n == 0)
		return why;
	len = (uint32_t)s.n * u->blksize;
	if (!scsi_in_fits(rq, len))
		return SENSE_NONE;
	off = s.lba * u->blksize;
	end = u->sectors * SCSI_SECTOR;
	have = end - off < len ? (uint32_t)(end - off) : len;
	rq->work += len;
	rq->filled = have;
	rq->zeros = len - have;
	return read_into(rq, off, have);
}

enum scsi_sense
scsi_write(struct scsi_req *rq)
{
	const struct scsi_unit *u = rq->unit;
	struct blk_io io = { .op = BLK_WRITE };
	struct scsi_span s;
	enum scsi_sense why;
	int fua = rq->cdb[0] != OP_WRITE_6 && (rq->cdb[1] & FUA) != 0;

	if ((why = get_span(rq, &s)) != SENSE_NONE || s.n == 0)
		return why;
	io.len = s.n * u->blksize;
	if (!scsi_out_fits(rq, io.len))
		return SENSE_NONE;
	chain_limit(rq->c, io.len, rq->c->wlen);
	gm_lend(rq->c->gm, rq->c->r, rq->c->nr);
	io.off = s.lba * u->blksize;
	io.flags = scsi_durable(u, fua);
	io.iov = rq->c->r;
	io.niov = rq->c->nr;
	rq->work += (uint32_t)io.len;
	if ((why = scsi_host(rq, &io)) == SENSE_NONE)
		rq->taken = (uint32_t)io.len;
	return why;
}

/* Compares data out with the medium, piece by piece. */
static enum scsi_sense
compare(struct scsi_req *rq, const struct scsi_span *s)
{
	uint8_t theirs[VERIFY_CHUNK], ours[VERIFY_CHUNK];
	uint64_t off = s->lba * rq->unit->blksize;
	uint64_t left = s->n * rq->unit->blksize;
	struct iovec iov = { .iov_base = ours };
	enum scsi_sense why;

	for (; left > 0; left -= iov.iov_len, off += iov.iov_len) {
		iov.iov_len = left < sizeof(ours) ? (size_t)left :
		    sizeof(ours);
		struct blk_io io = {
			.op = BLK_READ, .off = off, .len = iov.iov_len,
			.iov = &iov, .niov = 1
		};
		rq->work += (uint32_t)iov.iov_len;
		if ((why = scsi_host(rq, &io)) != SENSE_NONE)
			return why;
		(void)scsi_take(rq, theirs, (uint32_t)iov.iov_len);
		if (memcmp(ours, theirs, iov.iov_len) != 0)
			return SENSE_MISCOMPARE;
	}
	return SENSE_NONE;
}

/* Without BYTCHK the medium alone is looked at, and ours does not decay. */
enum scsi_sense
scsi_verify(struct scsi_req *rq)
{
	unsigned check = rq->cdb[1] >> 1 & 3;
	struct scsi_span s;
	enum scsi_sense why;

	if ((why = get_span(rq, &s)) != SENSE_NONE)
		return why;
	if (check > 1)
		return SENSE_BAD_FIELD_CDB;
	if (check == 0 || !scsi_out_fits(rq, s.n * rq->unit->blksize))
		return SENSE_NONE;
	return compare(rq, &s);
}

/* All of the cache, whatever part of it was meant. */
enum scsi_sense
scsi_sync_cache(struct scsi_req *rq)
{
	struct scsi_span s = scsi_span_of(rq->cdb);
	struct blk_io io = { .op = BLK_FLUSH };

	if (!scsi_in_range(rq->unit, &s))
		return SENSE_LBA_RANGE;
	return scsi_host(rq, &io);
}

enum scsi_sense
scsi_read_capacity_10(struct scsi_req *rq)
{
	uint64_t last = scsi_blocks(rq->unit) - 1;
	uint8_t *p;

	/* An address without PMI: SBC-3, 5.15. */
	if ((rq->cdb[8] & 1) == 0 && be32_get(rq->cdb + 2) != 0)
		return SENSE_BAD_FIELD_CDB;
	p = scsi_more(rq, 8);
	be32_put(p, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
	be32_put(p + 4, rq->unit->blksize);
	return SENSE_NONE;
}

enum scsi_sense
scsi_read_capacity_16(struct scsi_req *rq)
{
	const struct scsi_unit *u = rq->unit;
	uint8_t *p;

	if ((rq->cdb[14] & 1) == 0 && be64_get(rq->cdb + 2) != 0)
		return SENSE_BAD_FIELD_CDB;
	p = scsi_more(rq, 32);
	be64_put(p, scsi_blocks(u) - 1);
	be32_put(p + 8, u->blksize);
	if (u->kind == SCSI_DISK) {
		p[13] = u->physexp;
		p[14] = u->readonly ? 0 : 0x80;	/* thin */
	}
	return SENSE_NONE;
}

enum scsi_sense
scsi_test_unit_ready(struct scsi_req *rq)
{
	if (rq->unit == NULL || (!rq->unit->tray &&
	    scsi_blocks(rq->unit) != 0))
		return SENSE_NONE;
	return rq->unit->tray ? SENSE_TRAY_OPEN : SENSE_NO_MEDIUM;
}
