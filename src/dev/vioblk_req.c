/* One request of vioblk: virtio 1.3, 5.2.6. */
#include "vioblk_priv.h"

#define HEADER		16

struct request {
	uint32_t	 type;
	uint64_t	 sector;
	struct vq_chain	*c;
	size_t		 moved;
};

uint8_t
vioblk_host(struct vioblk *b, struct blk_io *io)
{
	struct dev_host *h = &b->v.dev.host;

	switch (h->ops->blk(h->arg, io)) {
	case BLK_OK:
		return VIOBLK_S_OK;
	case BLK_UNSUPP:
		return VIOBLK_S_UNSUPP;
	default:
		return VIOBLK_S_IOERR;
	}
}

/* Writes are durable before they complete, unless the driver flushes. */
static unsigned
durable(const struct vioblk *b)
{
	if ((b->v.accepted & VIOBLK_F_CONFIG_WCE) != 0)
		return vioblk_writeback(b) ? 0 : BLK_F_DURABLE;
	return (b->v.accepted & VIOBLK_F_FLUSH) != 0 ? 0 : BLK_F_DURABLE;
}

static int
in_range(const struct vioblk *b, uint64_t sector, uint64_t n)
{
	return sector <= b->capacity && n <= b->capacity - sector;
}

static uint8_t
do_in(struct vioblk *b, struct request *rq)
{
	struct vq_chain *c = rq->c;
	uint32_t len = c->wlen;
	struct blk_io io = {
		.op = BLK_READ, .off = rq->sector * VIOBLK_SECTOR,
		.len = len, .iov = c->w, .niov = c->nw
	};
	uint8_t st;

	if (len == 0 || len % VIOBLK_SECTOR != 0 || c->rlen != 0 ||
	    !in_range(b, rq->sector, len / VIOBLK_SECTOR))
		return VIOBLK_S_IOERR;
	st = vioblk_host(b, &io);
	if (st == VIOBLK_S_OK)
		chain_filled(c, len);
	return st;
}

static uint8_t
do_out(struct vioblk *b, struct request *rq)
{
	struct vq_chain *c = rq->c;
	uint32_t len = c->rlen;
	struct blk_io io = {
		.op = BLK_WRITE, .off = rq->sector * VIOBLK_SECTOR,
		.len = len, .flags = durable(b), .iov = c->r, .niov = c->nr
	};

	if (len == 0 || len % VIOBLK_SECTOR != 0 || c->wlen != 0 ||
	    len > VIOBLK_MAXXFER ||
	    !in_range(b, rq->sector, len / VIOBLK_SECTOR))
		return VIOBLK_S_IOERR;
	gm_lend(c->gm, c->r, c->nr);
	rq->moved += len;
	return vioblk_host(b, &io);
}

/* Sector and data of a FLUSH mean nothing: 5.2.6.1. */
static uint8_t
do_flush(struct vioblk *b, struct request *rq)
{
	struct blk_io io = { .op = BLK_FLUSH };

	(void)rq;
	return vioblk_host(b, &io);
}

static uint8_t
do_get_id(struct vioblk *b, struct request *rq)
{
	if (rq->c->wlen == 0)
		return VIOBLK_S_IOERR;
	chain_write(rq->c, b->serial, sizeof(b->serial));
	return VIOBLK_S_OK;
}

struct range {
	uint64_t	sector;
	uint32_t	n;
	uint32_t	flags;
};

/* Takes the segment list out of guest memory and looks it over, whole. */
static uint8_t
get_ranges(struct vioblk *b, struct request *rq, struct range *rg, unsigned n,
    uint32_t flags, uint32_t maxlen)
{
	uint8_t raw[VIOBLK_SEG_SIZE];
	uint8_t st = VIOBLK_S_OK;
	unsigned i;

	for (i = 0; i < n; i++) {
		chain_read(rq->c, raw, sizeof(raw));
		rg[i].sector = le64_get(raw);
		rg[i].n = le32_get(raw + 8);
		rg[i].flags = le32_get(raw + 12);
		if ((rg[i].flags & ~flags) != 0)
			st = VIOBLK_S_UNSUPP;
		else if (st == VIOBLK_S_OK && (rg[i].n > maxlen ||
		    !in_range(b, rg[i].sector, rg[i].n)))
			st = VIOBLK_S_IOERR;
	}
	return st;
}

static uint8_t
do_ranges(struct vioblk *b, struct request *rq, struct blk_io *io,
    uint32_t flags, uint32_t maxlen)
{
	struct range rg[VIOBLK_DISCARD_SEGS];
	unsigned i, n = rq->c->rlen / VIOBLK_SEG_SIZE;
	unsigned base = io->flags;
	uint8_t st;

	if (n == 0 || rq->c->rlen % VIOBLK_SEG_SIZE != 0 ||
	    n > VIOBLK_DISCARD_SEGS || rq->c->wlen != 0)
		return VIOBLK_S_IOERR;
	st = get_ranges(b, rq, rg, n, flags, maxlen);
	for (i = 0; i < n && st == VIOBLK_S_OK; i++) {
		if (rg[i].n == 0)
			continue;
		io->off = rg[i].sector * VIOBLK_SECTOR;
		io->len = (uint64_t)rg[i].n * VIOBLK_SECTOR;
		io->flags = base;
		if ((rg[i].flags & VIOBLK_SEG_UNMAP) != 0)
			io->flags |= BLK_F_UNMAP;
		st = vioblk_host(b, io);
	}
	return st;
}

static uint8_t
do_discard(struct vioblk *b, struct request *rq)
{
	struct blk_io io = { .op = BLK_DISCARD };

	return do_ranges(b, rq, &io, 0, VIOBLK_DISCARD_SECTORS);
}

static uint8_t
do_zeroes(struct vioblk *b, struct request *rq)
{
	struct blk_io io = { .op = BLK_ZERO, .flags = durable(b) };

	return do_ranges(b, rq, &io, VIOBLK_SEG_UNMAP, VIOBLK_ZERO_SECTORS);
}

_Static_assert(VIOBLK_DISCARD_SEGS == VIOBLK_ZERO_SEGS,
    "do_ranges has one bound for both");

static const struct {
	uint32_t	 type;
	uint64_t	 feature;	/* that must have been accepted */
	int		 writes;
	uint8_t		(*run)(struct vioblk *, struct request *);
} kinds[] = {
	{ VIOBLK_T_IN, 0, 0, do_in },
	{ VIOBLK_T_OUT, 0, 1, do_out },
	{ VIOBLK_T_FLUSH, VIOBLK_F_FLUSH, 0, do_flush },
	{ VIOBLK_T_GET_ID, 0, 0, do_get_id },
	{ VIOBLK_T_DISCARD, VIOBLK_F_DISCARD, 1, do_discard },
	{ VIOBLK_T_WRITE_ZEROES, VIOBLK_F_WRITE_ZEROES, 1, do_zeroes },
};

static uint8_t
dispatch(struct vioblk *b, struct request *rq)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].type != rq->type)
			continue;
		if (kinds[i].writes && b->readonly)
			return VIOBLK_S_IOERR;
		if ((kinds[i].feature & ~b->v.accepted) != 0)
			return VIOBLK_S_UNSUPP;
		return kinds[i].run(b, rq);
	}
	return VIOBLK_S_UNSUPP;
}

size_t
vioblk_request(struct vioblk *b, struct vq_chain *c)
{
	struct request rq = { .c = c };
	uint8_t header[HEADER];
	uint8_t st = VIOBLK_S_IOERR;
	struct iovec tail;

	if (c->wlen > VIOBLK_MAXXFER + 1 || chain_split_tail(c, &tail) == -1)
		return 0;
	if (chain_read(c, header, sizeof(header)) == sizeof(header)) {
		rq.type = le32_get(header);
		rq.sector = le64_get(header + 8);
		st = dispatch(b, &rq);
	}
	chain_zero(c, c->wlen);
	chain_put_tail(c, &tail, st);
	return rq.moved + c->written;
}
