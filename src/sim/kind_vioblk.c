/*
 * The model of a disk: what each request must answer, what it must ask of the
 * medium, and which bytes a read must bring.  Written from the specification
 * (virtio 1.3, 5.2.6), not from the device.
 */
#include "sim.h"
#include "vioblk.h"

#include <string.h>

static const char serial[] = "sim-disk-0123456789ab";

static void
conf(struct wbuf *w)
{
	devconf_put_int(w, DEVCONF_CAPACITY, SIM_SECTORS);
	devconf_put_bytes(w, DEVCONF_SERIAL, serial, sizeof(serial) - 1);
}

struct want {
	uint32_t	 type;
	uint64_t	 sector;
	int		 status;	/* if the medium agrees */
	int		 run;		/* the medium is asked */
};

static int
fits(const struct sim *s, uint64_t sector, uint64_t n)
{
	return sector <= s->unit[0].sectors && n <= s->unit[0].sectors - sector;
}

static int
want_data(const struct sim *s, const struct want *w, uint64_t len, int extra)
{
	return len != 0 && len % 512 == 0 && !extra &&
	    len <= VIOBLK_MAXXFER && fits(s, w->sector, len / 512);
}

/* Segment list of DISCARD or WRITE_ZEROES. */
static void
want_list(struct sim *s, const struct oracle_chain *c, struct want *w,
    uint32_t known, uint32_t max)
{
	uint64_t i, n = (c->rlen - 16) / 16;
	const uint8_t *p = c->req + 16;

	w->status = VIOBLK_S_IOERR;
	if (n == 0 || c->rlen % 16 != 0 || n > 16 || c->wlen != 1)
		return;
	w->status = VIOBLK_S_OK;
	for (i = 0; i < n; i++, p += 16)
		if ((le32_get(p + 12) & ~known) != 0)
			w->status = VIOBLK_S_UNSUPP;
		else if (w->status == VIOBLK_S_OK &&
		    (le32_get(p + 8) > max ||
		    !fits(s, le64_get(p), le32_get(p + 8))))
			w->status = VIOBLK_S_IOERR;
	w->run = w->status == VIOBLK_S_OK;
}

static void
want_request(struct sim *s, const struct oracle_chain *c, struct want *w)
{
	uint64_t have = sim_virtio(s)->accepted;
	int ok = 0;

	w->type = le32_get(c->req);
	w->sector = le64_get(c->req + 8);
	w->status = VIOBLK_S_UNSUPP;
	switch (w->type) {
	case VIOBLK_T_IN:
		ok = want_data(s, w, c->wlen - 1, c->rlen != 16);
		w->status = ok ? VIOBLK_S_OK : VIOBLK_S_IOERR;
		break;
	case VIOBLK_T_OUT:
		ok = !s->unit[0].readonly && want_data(s, w, c->rlen - 16,
		    c->wlen != 1);
		w->status = ok ? VIOBLK_S_OK : VIOBLK_S_IOERR;
		break;
	case VIOBLK_T_FLUSH:
		if ((ok = (have & VIOBLK_F_FLUSH) != 0))
			w->status = VIOBLK_S_OK;
		break;
	case VIOBLK_T_GET_ID:
		w->status = c->wlen > 1 ? VIOBLK_S_OK : VIOBLK_S_IOERR;
		break;
	case VIOBLK_T_DISCARD:
	case VIOBLK_T_WRITE_ZEROES:
		if (s->unit[0].readonly)
			w->status = VIOBLK_S_IOERR;
		else if (w->type == VIOBLK_T_DISCARD &&
		    (have & VIOBLK_F_DISCARD) != 0)
			want_list(s, c, w, 0, VIOBLK_DISCARD_SECTORS);
		else if (w->type == VIOBLK_T_WRITE_ZEROES &&
		    (have & VIOBLK_F_WRITE_ZEROES) != 0)
			want_list(s, c, w, VIOBLK_SEG_UNMAP,
			    VIOBLK_ZERO_SECTORS);
		return;
	default:
		return;
	}
	w->run = ok;
}

/* Whether writes have to be durable at once: 5.2.6.2. */
static unsigned
want_durable(struct sim *s)
{
	uint64_t have = sim_virtio(s)->accepted;
	uint8_t img[VIRTIO_MAXCONFIG] = { 0 };

	if ((have & VIOBLK_F_CONFIG_WCE) == 0)
		return (have & VIOBLK_F_FLUSH) != 0 ? 0 : BLK_F_DURABLE;
	virtio_class(sim_virtio(s))->config(sim_virtio(s), img);
	return img[VIOBLK_C_WRITEBACK] ? 0 : BLK_F_DURABLE;
}

static void
know(struct sim *s, uint64_t off, uint64_t len, int unknown)
{
	memset(s->unknown + off / 512, unknown, len / 512);
}

static void
want_call(struct sim *s, unsigned i, unsigned op, unsigned flags, uint64_t off,
    uint64_t len)
{
	const struct sim_call *k = &s->call[i];

	if (i >= s->ncalls)
		sim_fail(s, "blk", "the medium was not asked");
	if (k->op != op || k->flags != flags || k->off != off || k->len != len)
		sim_fail(s, "blk", "the medium was asked for something else");
}

/* The medium's answers become the status; the first bad one ends it. */
static int
answers(struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->ncalls; i++)
		if (s->call[i].result != BLK_OK) {
			if (i + 1 != s->ncalls)
				sim_fail(s, "blk", "went on after an error");
			return s->call[i].result == BLK_UNSUPP ?
			    VIOBLK_S_UNSUPP : VIOBLK_S_IOERR;
		}
	return VIOBLK_S_OK;
}

/*
 * Writable segments that share bytes: which of them wins is not defined, so
 * there is nothing to compare.  Long lists count as such.
 */
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

static void
model_in(struct sim *s, const struct oracle_chain *c, const struct want *w)
{
	uint64_t off = w->sector * 512, len = c->wlen - 1, i;

	want_call(s, 0, BLK_READ, 0, off, len);
	if (s->call[0].result != BLK_OK || overlaps(c))
		return;
	for (i = 0; i < len && i + 512 <= ORACLE_BYTES; i += 512)
		if (!s->unknown[(off + i) / 512] &&
		    memcmp(c->rsp + i, s->model + off + i, 512) != 0)
			sim_fail(s, "data", "a read brought other bytes than "
			    "were written");
}

static void
model_out(struct sim *s, const struct oracle_chain *c, const struct want *w)
{
	uint64_t off = w->sector * 512, len = c->rlen - 16;

	want_call(s, 0, BLK_WRITE, want_durable(s), off, len);
	know(s, off, len, s->call[0].result != BLK_OK ||
	    c->rlen > ORACLE_BYTES);
	if (c->rlen <= ORACLE_BYTES) {
		sim_dirty(s, off, len);
		memcpy(s->model + off, c->req + 16, len);
	}
}

static void
model_list(struct sim *s, const struct oracle_chain *c, const struct want *w)
{
	const uint8_t *p = c->req + 16;
	uint64_t i, n = (c->rlen - 16) / 16, off, len;
	unsigned k = 0, flags;
	int zero = w->type == VIOBLK_T_WRITE_ZEROES;

	for (i = 0; i < n; i++, p += 16) {
		off = le64_get(p) * 512;
		len = (uint64_t)le32_get(p + 8) * 512;
		if (len == 0)
			continue;
		flags = zero ? want_durable(s) : 0;
		flags |= (le32_get(p + 12) & 1) != 0 ? BLK_F_UNMAP : 0;
		want_call(s, k, zero ? BLK_ZERO : BLK_DISCARD, flags, off, len);
		know(s, off, len, !zero || s->call[k].result != BLK_OK);
		sim_dirty(s, off, len);
		memset(s->model + off, 0, len);
		if (s->call[k++].result != BLK_OK)
			break;
	}
	if (k != s->ncalls)
		sim_fail(s, "blk", "the medium was asked too often");
}

static void
model_run(struct sim *s, const struct oracle_chain *c, const struct want *w)
{
	switch (w->type) {
	case VIOBLK_T_IN:
		model_in(s, c, w);
		break;
	case VIOBLK_T_OUT:
		model_out(s, c, w);
		break;
	case VIOBLK_T_FLUSH:
		want_call(s, 0, BLK_FLUSH, 0, 0, 0);
		break;
	default:
		model_list(s, c, w);
		return;
	}
	if (s->ncalls != 1)
		sim_fail(s, "blk", "the medium was asked more than once");
}

static void
check_id(struct sim *s, const struct oracle_chain *c)
{
	uint8_t id[VIOBLK_IDLEN] = { 0 };
	const uint8_t *p;
	size_t len;

	p = devconf_bytes(&s->conf, DEVCONF_SERIAL, &len);
	if (p != NULL && len > 0)
		memcpy(id, p, len < sizeof(id) ? len : sizeof(id));
	len = c->wlen - 1 < sizeof(id) ? c->wlen - 1 : sizeof(id);
	if (memcmp(c->rsp, id, len) != 0)
		sim_fail(s, "blk", "the id is not the serial");
}

static unsigned
op_bit(const struct want *w)
{
	switch (w->type) {
	case VIOBLK_T_IN:
		return 0;
	case VIOBLK_T_OUT:
		return 1;
	case VIOBLK_T_FLUSH:
		return 2;
	case VIOBLK_T_GET_ID:
		return 3;
	case VIOBLK_T_DISCARD:
		return 4;
	default:
		return 5;
	}
}

static void
complete(struct sim *s, unsigned q, struct oracle_chain *c, uint32_t used)
{
	struct want w = { .status = VIOBLK_S_IOERR };

	(void)q;
	if (c->wlen == 0 || c->wlen > VIOBLK_MAXXFER + 1) {
		if (used != 0 || s->ncalls != 0)
			sim_fail(s, "blk", "work without room for a status");
		s->ops |= 1U << 6;
		return;
	}
	if (used != c->wlen)
		sim_fail(s, "blk", "writable bytes came back unwritten");
	if (c->rlen >= 16)
		want_request(s, c, &w);
	if (w.run)
		model_run(s, c, &w);
	else if (s->ncalls != 0)
		sim_fail(s, "blk", "a refused request reached the medium");
	if (w.run)
		w.status = answers(s);
	if (c->wlen <= ORACLE_BYTES && c->rsp[c->wlen - 1] != w.status)
		sim_fail(s, "status", "status is not what the request earned");
	if (w.type == VIOBLK_T_GET_ID && w.status == VIOBLK_S_OK)
		check_id(s, c);
	s->ops |= w.status == VIOBLK_S_OK ? 1U << op_bit(&w) :
	    1U << (6 + w.status);
}

/* Without MQ there is one queue. */
static int
lazy(struct sim *s, unsigned q)
{
	return q > 0 && (sim_virtio(s)->accepted & VIOBLK_F_MQ) == 0;
}

static const char *const ops[] = {
	"in", "out", "flush", "get-id", "discard", "write-zeroes",
	"no-status", "ioerr", "unsupp", NULL
};

const struct sim_kind sim_vioblk = {
	.dev = &vioblk_dev,
	.conf = conf,
	.complete = complete,
	.lazy = lazy,
	.ops = ops,
};
