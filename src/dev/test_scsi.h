/*
 * A driver of a SCSI adapter by hand: requests laid out byte for byte, on the
 * simulator, whose model judges each of them as well.
 */
#ifndef TEST_SCSI_H
#define TEST_SCSI_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scsi_priv.h"
#include "sim.h"
#include "vioscsi.h"

#define T_OUT	ARENA_SIZE		/* the readable bytes */
#define T_IN	(ARENA_SIZE + 0x2000)	/* the writable ones */
#define T_BYTES	0x2000
#define T_CONTROL 12			/* place of control requests */
#define T_LOST	(-2)			/* the chain did not come back */
#define T_NONE	(-1)			/* nothing was stored */
#define CD	0			/* units of the usual list */
#define DISK	1
#define CD_SECTORS	22		/* five blocks and a half */
#define DISK_SECTORS	32
#define HEAD_OUT	51
#define HEAD_IN		108

struct t {
	struct sim	*s;
	uint8_t		 conf[256];
	struct devconf	 c;
	struct host_ops	 hops;
	uint8_t		 out[T_BYTES];
	uint8_t		 in[T_BYTES];
	uint8_t		 lun[8];
	uint64_t	 id;
	unsigned	 q;		/* request queue */
	uint32_t	 used;
	/* of the last answer */
	int		 status;
	uint32_t	 sense;		/* key, asc, ascq; 0 for none */
	uint32_t	 senselen, residual;
	uint8_t		*data;		/* what came in */
	char		 log[160];
	struct blk_io	 last;
	unsigned	 ncalls;
};

static struct t *t_now;

#define T_SENSE(key, asc, ascq)	((key) << 16 | (asc) << 8 | (ascq))
#define T_ATTENTION	T_SENSE(6, 0x29, 0)
#define T_OPCODE	T_SENSE(5, 0x20, 0)
#define T_LBA		T_SENSE(5, 0x21, 0)
#define T_FIELD		T_SENSE(5, 0x24, 0)

static inline int
t_blk(void *arg, struct blk_io *io)
{
	t_now->last = *io;
	t_now->ncalls++;
	return sim_host_ops.blk(arg, io);
}

static inline void t_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static inline void
t_log(void *arg, enum host_log level, const char *fmt, ...)
{
	va_list ap;

	(void)arg;
	(void)level;
	va_start(ap, fmt);
	(void)vsnprintf(t_now->log, sizeof(t_now->log), fmt, ap);
	va_end(ap);
}

static inline void
t_lun(struct t *t, unsigned lun)
{
	memset(t->lun, 0, 8);
	t->lun[0] = 1;
	t->lun[2] = 0x40;
	t->lun[3] = (uint8_t)lun;
}

/* Attached with the list in w; NULL: a CD at LUN 0, a disk at LUN 1. */
static inline void
t_start(struct t *t, struct wbuf *w)
{
	struct wbuf mine;

	if (w == NULL) {
		w = &mine;
		wb_init(w, t->conf, sizeof(t->conf));
		devconf_put_int(w, DEVCONF_UNIT, CD);
		devconf_put_int(w, DEVCONF_KIND, DEVCONF_CD);
		devconf_put_int(w, DEVCONF_CAPACITY, CD_SECTORS);
		devconf_put_int(w, DEVCONF_UNIT, DISK);
		devconf_put_int(w, DEVCONF_CAPACITY, DISK_SECTORS);
		devconf_put_bytes(w, DEVCONF_SERIAL, "disk-serial", 11);
		devconf_put_int(w, DEVCONF_PHYSEXP, 3);
	}
	t->c.p = w->p;
	t->c.len = w->len;
	sim_start(t->s, &t->c);
	t->q = VIOSCSI_Q_REQUEST;
	t_lun(t, DISK);
}

static inline struct t *
t_new(void)
{
	struct t *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	t->s = sim_new(&sim_vioscsi);
	t->s->deep = 1;
	t->hops = sim_host_ops;
	t->hops.blk = t_blk;
	t->hops.log = t_log;
	t->s->host.ops = &t->hops;
	t_now = t;
	return t;
}

/* Brings the driver up, from clean memory. */
static inline void
t_up(struct t *t, uint64_t features)
{
	static const uint8_t zero[ARENA_SIZE];
	struct trace_setup set = { 0, 5, 0, 0, features };
	unsigned i;

	sim_write(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	for (i = 0; i < ARENA_RANGES; i++)
		(void)arena_poke(&t->s->arena, t->s->arena.gm.range[i].gpa,
		    zero, sizeof(zero));
	sim_setup(t->s, &set);
	t->ncalls = 0;
}

static inline void
t_desc(struct t *t, unsigned q, unsigned i, uint64_t gpa, unsigned len,
    unsigned flags)
{
	uint8_t d[VRING_DESC_SIZE];

	le64_put(d, gpa);
	le32_put(d + 8, len);
	le16_put(d + 12, (uint16_t)flags);
	le16_put(d + 14, (uint16_t)(i + 1));
	(void)arena_poke(&t->s->arena, t->s->guest.ring[q].desc +
	    16 * (uint64_t)i, d, sizeof(d));
}

/*
 * Publishes a chain of out readable and in writable bytes at descriptor at,
 * with buffers that far into the places for them.
 */
static inline void
t_offer(struct t *t, unsigned q, unsigned at, unsigned out, unsigned in)
{
	struct guest_ring *r = &t->s->guest.ring[q];
	uint64_t off = 0x200 * (uint64_t)at;
	uint8_t two[2];
	unsigned n = at;

	memset(t->in, 0xee, sizeof(t->in));
	(void)arena_poke(&t->s->arena, T_OUT + off, t->out, out);
	(void)arena_poke(&t->s->arena, T_IN + off, t->in, in + 64);
	if (out > 0)
		t_desc(t, q, n++, T_OUT + off, out, in > 0 ?
		    VRING_DESC_NEXT : 0);
	if (in > 0)
		t_desc(t, q, n, T_IN + off, in, VRING_DESC_WRITE);
	le16_put(two, (uint16_t)at);
	(void)arena_poke(&t->s->arena, r->avail + 4 +
	    2 * (uint64_t)(r->idx % r->size), two, 2);
	le16_put(two, ++r->idx);
	(void)arena_poke(&t->s->arena, r->avail + 2, two, 2);
}

static inline uint16_t
t_used_idx(struct t *t, unsigned q)
{
	uint8_t two[2] = { 0 };

	(void)arena_peek(&t->s->arena, t->s->guest.ring[q].used + 2, two, 2);
	return le16_get(two);
}

/* The n-th used entry of a queue: its head; the length in t->used. */
static inline unsigned
t_entry(struct t *t, unsigned q, unsigned n)
{
	struct guest_ring *r = &t->s->guest.ring[q];
	uint8_t e[8];

	(void)arena_peek(&t->s->arena, r->used + 4 + 8 * (uint64_t)(n %
	    r->size), e, 8);
	t->used = le32_get(e + 4);
	return le32_get(e);
}

/* Kicks, settles, and takes what came back last, from place at. */
static inline int
t_take(struct t *t, unsigned q, unsigned at)
{
	uint64_t off = 0x200 * (uint64_t)at;

	sim_kick(t->s, q);
	sim_settle(t->s);
	if (t_used_idx(t, q) != t->s->guest.ring[q].idx)
		return T_LOST;
	(void)t_entry(t, q, t->s->guest.ring[q].idx - 1U);
	(void)arena_peek(&t->s->arena, T_IN + off, t->in, T_BYTES - off);
	return t->used == 0 ? T_NONE : 0;
}

static inline void
t_parse(struct t *t)
{
	const uint8_t *p = t->in + VIOSCSI_RSP_HEAD;

	t->senselen = le32_get(t->in);
	t->residual = le32_get(t->in + VIOSCSI_RSP_RESIDUAL);
	t->status = t->in[VIOSCSI_RSP_STATUS];
	t->sense = 0;
	if (t->senselen >= 14 && p[0] == 0x70)
		t->sense = (uint32_t)T_SENSE(p[2] & 15U, p[12], p[13]);
	else if (t->senselen >= 4 && p[0] == 0x72)
		t->sense = (uint32_t)T_SENSE(p[1] & 15U, p[2], p[3]);
	t->data = t->in + HEAD_IN;
}

/* Request of this many bytes each way, as they are: the response or T_*. */
static inline int
t_send(struct t *t, unsigned out, unsigned in)
{
	int r;

	t_offer(t, t->q, 0, out, in);
	if ((r = t_take(t, t->q, 0)) != 0)
		return r;
	t_parse(t);
	return t->in[VIOSCSI_RSP_RESPONSE];
}

/* Puts head and CDB, written as hex digits, into t->out. */
static inline void
t_cdb(struct t *t, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *p = t->out + VIOSCSI_REQ_HEAD;
	unsigned n;

	memset(t->out, 0, HEAD_OUT);
	memcpy(t->out, t->lun, 8);
	le64_put(t->out + 8, t->id);
	for (n = 0; *hex != '\0'; hex++)
		if (*hex != ' ') {
			p[n / 2] |= (uint8_t)((strchr(digits, *hex) - digits)
			    << (n % 2 ? 0 : 4));
			n++;
		}
}

static inline int
t_cmd(struct t *t, const char *hex, unsigned out, unsigned in)
{
	t_cdb(t, hex);
	return t_send(t, HEAD_OUT + out, HEAD_IN + in);
}

/* The same with 32 bits at a byte of the CDB. */
static inline int
t_cmd32(struct t *t, const char *hex, unsigned at, uint32_t v, unsigned out,
    unsigned in)
{
	t_cdb(t, hex);
	be32_put(t->out + VIOSCSI_REQ_HEAD + at, v);
	return t_send(t, HEAD_OUT + out, HEAD_IN + in);
}

/* Takes off what waits since the reset. */
static inline void
t_clear(struct t *t)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		t_lun(t, i);
		(void)t_cmd(t, "00", 0, 0);
	}
}

/* A control request: the response, its last byte, or T_*. */
static inline int
t_control(struct t *t, const uint8_t *req, unsigned out, unsigned in)
{
	int r;

	memcpy(t->out, req, out);
	t_offer(t, VIOSCSI_Q_CONTROL, T_CONTROL, out, in);
	if ((r = t_take(t, VIOSCSI_Q_CONTROL, T_CONTROL)) != 0)
		return r;
	return t->in[t->used - 1];
}

static inline int
t_tmf(struct t *t, unsigned function, uint64_t id)
{
	uint8_t req[VIOSCSI_TMF_SIZE] = { 0 };

	le32_put(req + 4, function);
	memcpy(req + 8, t->lun, 8);
	le64_put(req + 16, id);
	return t_control(t, req, sizeof(req), 1);
}

/* Query or subscribe; the events in t->in[0]. */
static inline int
t_an(struct t *t, unsigned type, uint32_t events)
{
	uint8_t req[VIOSCSI_AN_SIZE] = { 0 };

	le32_put(req, type);
	memcpy(req + 4, t->lun, 8);
	le32_put(req + 12, events);
	return t_control(t, req, sizeof(req), VIOSCSI_AN_ANSWER);
}

/* The host says that a unit has another capacity. */
static inline void
t_config(struct t *t, unsigned unit, uint64_t sectors)
{
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	uint8_t buf[64];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_UNIT, unit);
	devconf_put_int(&w, DEVCONF_CAPACITY, sectors);
	m.payload = buf;
	m.len = w.len;
	sim_deliver(t->s, &m);
	sim_settle(t->s);
}

/* Both units, up, with nothing waiting. */
static inline int
t_setup(void **state)
{
	(void)state;
	(void)t_new();
	t_start(t_now, NULL);
	t_up(t_now, UINT64_MAX);
	t_clear(t_now);
	return 0;
}

static inline int
t_teardown(void **state)
{
	(void)state;
	sim_stop(t_now->s);
	sim_free(t_now->s);
	free(t_now);
	return 0;
}

#endif
