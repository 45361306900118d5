/* UNMAP and WRITE SAME: SBC-3, 5.28, 5.43. */
#include "scsi_priv.h"

#include <string.h>

#define LIST_HEAD	8
#define DESC_LEN	16
#define SAME_UNMAP	0x08		/* byte 1 of WRITE SAME */
#define SAME_REFUSED	0xf6		/* WRPROTECT, ANCHOR, obsolete bits */
#define SAME_NDOB	0x01		/* no data out buffer; 16 bytes only */
#define MAXBLOCK	4096U
#define SAME_VECTORS	64U

/*
 * The list, whole: ranges that are all right, or nothing is done.  Descriptors
 * that do not fit into the lengths are left alone: SBC-3, 5.28.2.
 */
static enum scsi_sense
get_ranges(struct scsi_req *rq, struct scsi_span *rg, unsigned n)
{
	uint8_t d[DESC_LEN];
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		(void)scsi_take(rq, d, sizeof(d));
		rg[i].lba = be64_get(d);
		rg[i].n = be32_get(d + 8);
		sum += rg[i].n;
	}
	if (sum > SCSI_UNMAP_BLOCKS)
		return SENSE_BAD_FIELD_LIST;
	for (i = 0; i < n; i++)
		if (!scsi_in_range(rq->unit, &rg[i]))
			return SENSE_LBA_RANGE;
	return SENSE_NONE;
}

/* A hint: a medium that cannot do it has done what was asked. */
static enum scsi_sense
discard(struct scsi_req *rq, const struct scsi_span *rg)
{
	struct blk_io io = {
		.op = BLK_DISCARD, .off = rg->lba * rq->unit->blksize,
		.len = rg->n * rq->unit->blksize
	};
	enum scsi_sense why;

	if (rg->n == 0)
		return SENSE_NONE;
	why = scsi_host(rq, &io);
	return why == SENSE_BAD_OPCODE ? SENSE_NONE : why;
}

enum scsi_sense
scsi_unmap(struct scsi_req *rq)
{
	struct scsi_span rg[SCSI_UNMAP_DESCS];
	unsigned len = be16_get(rq->cdb + 7), desc, i, n;
	enum scsi_sense why;
	uint8_t head[LIST_HEAD];

	if ((rq->cdb[1] & 1) != 0)		/* ANCHOR */
		return SENSE_BAD_FIELD_CDB;
	if (len == 0)
		return SENSE_NONE;
	if (len < LIST_HEAD)
		return SENSE_LIST_LENGTH;
	if (!scsi_out_fits(rq, len))
		return SENSE_NONE;
	(void)scsi_take(rq, head, sizeof(head));
	desc = be16_get(head + 2);
	if (desc > len - LIST_HEAD)
		return SENSE_LIST_LENGTH;
	n = desc / DESC_LEN;
	if (n > SCSI_UNMAP_DESCS)
		return SENSE_BAD_FIELD_LIST;
	why = get_ranges(rq, rg, n);
	for (i = 0; i < n && why == SENSE_NONE; i++)
		why = discard(rq, &rg[i]);
	return why;
}

/* Writes a block over and over, many at a time. */
static enum scsi_sense
repeat(struct scsi_req *rq, const struct scsi_span *s, uint8_t *block)
{
	uint32_t size = rq->unit->blksize;
	struct iovec iov[SAME_VECTORS];
	struct scsi_span at = *s;
	enum scsi_sense why = SENSE_NONE;
	unsigned i, n;

	for (i = 0; i < SAME_VECTORS; i++)
		iov[i] = (struct iovec){ block, size };
	for (; at.n > 0 && why == SENSE_NONE; at.lba += n, at.n -= n) {
		n = at.n < SAME_VECTORS ? (unsigned)at.n : SAME_VECTORS;
		struct blk_io io = {
			.op = BLK_WRITE, .off = at.lba * size,
			.len = (uint64_t)n * size, .iov = iov, .niov = (int)n,
			.flags = scsi_durable(rq->unit, 0)
		};
		rq->work += n * size;
		why = scsi_host(rq, &io);
	}
	return why;
}

static enum scsi_sense
zero(struct scsi_req *rq, const struct scsi_span *s, uint8_t *block)
{
	uint32_t size = rq->unit->blksize;
	struct blk_io io = {
		.op = BLK_ZERO, .off = s->lba * size, .len = s->n * size,
		.flags = scsi_durable(rq->unit, 0)
	};
	enum scsi_sense why;

	if ((rq->cdb[1] & SAME_UNMAP) != 0)
		io.flags |= BLK_F_UNMAP;
	why = scsi_host(rq, &io);
	return why == SENSE_BAD_OPCODE ? repeat(rq, s, block) : why;
}

static int
is_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/*
 * Zeros are the host's business, other blocks we write one by one.  A count
 * of 0, which would mean all that follows, is refused, as page B0 tells.
 */
enum scsi_sense
scsi_write_same(struct scsi_req *rq)
{
	struct scsi_span s = scsi_span_of(rq->cdb);
	uint8_t block[MAXBLOCK] = { 0 };
	unsigned flags = rq->cdb[1];
	int ndob = rq->cdb[0] == OP_WRITE_SAME_16 && (flags & SAME_NDOB) != 0;

	if ((flags & SAME_REFUSED) != 0 || s.n == 0)
		return SENSE_BAD_FIELD_CDB;
	if (!scsi_in_range(rq->unit, &s))
		return SENSE_LBA_RANGE;
	if (s.n > scsi_max_blocks(rq->unit))
		return SENSE_BAD_FIELD_CDB;
	if (!ndob && scsi_take(rq, block, rq->unit->blksize) == -1)
		return SENSE_NONE;
	if (is_zero(block, rq->unit->blksize))
		return zero(rq, &s, block);
	return repeat(rq, &s, block);
}
