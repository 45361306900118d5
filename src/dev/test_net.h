/*
 * A network card's driver by hand: frames and commands laid out byte for
 * byte, on the simulator, whose model of a card judges each of them as well.
 */
#ifndef TEST_NET_H
#define TEST_NET_H

#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "vionet.h"

#define NT_QLOG		4		/* 16 entries in each queue */
#define NT_TX_GPA	0x3000ULL	/* what the driver sends */
#define NT_RX_GPA	0x3000ULL	/* buffers: 20 KiB up to here */
#define NT_CTRL_GPA	ARENA_HIGH
#define NT_ACK_GPA	(ARENA_HIGH + 0x2000)
#define NT_V1		VIRTIO_F_VERSION_1
#define NT_NONE		(-1)

static const uint8_t nt_mac[6] = { 0xfe, 0xe1, 0xbb, 0xd1, 2, 3 };
static const uint8_t nt_peer[6] = { 2, 0, 0, 0, 0, 7 };
static const uint8_t nt_all[6] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t nt_group[6] = { 1, 0, 0x5e, 0, 0, 1 };

struct nt_seg {
	uint64_t	gpa;
	unsigned	len;
	int		write;
};

struct nt {
	struct sim	*s;
	struct host_ops	 hops;
	uint8_t		 conf[256];
	struct devconf	 c;
	int		 refuse;		/* tx fails */
	unsigned	 nsent;
	uint8_t		 sent[65536];		/* the last frame */
	size_t		 sentlen;
	uint32_t	 sentq;
	int		 pieces;
	uint32_t	 used;			/* length of the last chain */
	unsigned	 free[16];		/* next descriptor */
	uint8_t		 frame[65536];		/* to play with */
};

static struct nt *nt_now;

static inline int
nt_watch(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct nt *t = nt_now;
	int i;

	t->nsent++;
	t->sentlen = 0;
	t->sentq = q;
	t->pieces = n;
	for (i = 0; i < n; i++) {
		memcpy(t->sent + t->sentlen, iov[i].iov_base, iov[i].iov_len);
		t->sentlen += iov[i].iov_len;
	}
	i = sim_host_ops.tx(arg, q, iov, n, len);
	return t->refuse ? -1 : i;
}

static inline void
nt_list(struct nt *t, struct wbuf *w)
{
	wb_init(w, t->conf, sizeof(t->conf));
	devconf_put_bytes(w, DEVCONF_MAC, nt_mac, 6);
}

/* Attached with this list; NULL: a MAC and nothing else. */
static inline void
nt_start(struct nt *t, const struct wbuf *w)
{
	struct wbuf mine;

	if (w == NULL) {
		nt_list(t, &mine);
		w = &mine;
	}
	t->c.p = w->p;
	t->c.len = w->len;
	sim_start(t->s, &t->c);
	t->nsent = 0;
	t->refuse = 0;
}

static inline struct nt *
nt_new(void)
{
	struct nt *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	t->s = sim_new(&sim_vionet);
	t->s->deep = 1;
	t->hops = sim_host_ops;
	t->hops.tx = nt_watch;
	t->s->host.ops = &t->hops;
	nt_now = t;
	return t;
}

static inline void
nt_free(struct nt *t)
{
	sim_free(t->s);
	free(t);
}

/* Brings the driver up, from clean memory. */
static inline void
nt_up(struct nt *t, uint64_t features)
{
	static const uint8_t zero[ARENA_SIZE];
	struct trace_setup set = { 0, NT_QLOG, 0, 0, features };
	unsigned i;

	sim_write(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	for (i = 0; i < ARENA_RANGES; i++)
		(void)arena_poke(&t->s->arena, t->s->arena.gm.range[i].gpa,
		    zero, sizeof(zero));
	memset(t->free, 0, sizeof(t->free));
	sim_setup(t->s, &set);
	t->nsent = 0;
}

static inline int
nt_accepted(struct nt *t)
{
	return (sim_read(t->s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1) &
	    VIRTIO_S_FEATURES_OK) != 0;
}

/* Lays a chain out in the queue's table and publishes it. */
static inline void
nt_offer(struct nt *t, unsigned q, const struct nt_seg *sg, unsigned n)
{
	struct guest_ring *r = &t->s->guest.ring[q];
	unsigned i, head = t->free[q];
	uint8_t d[VRING_DESC_SIZE], two[2];

	for (i = 0; i < n; i++) {
		le64_put(d, sg[i].gpa);
		le32_put(d + 8, sg[i].len);
		le16_put(d + 12, (uint16_t)((sg[i].write ? VRING_DESC_WRITE :
		    0) | (i + 1 < n ? VRING_DESC_NEXT : 0)));
		le16_put(d + 14, (uint16_t)((t->free[q] + 1) % r->size));
		(void)arena_poke(&t->s->arena, r->desc + 16ULL * t->free[q],
		    d, sizeof(d));
		t->free[q] = (t->free[q] + 1) % r->size;
	}
	le16_put(two, (uint16_t)head);
	(void)arena_poke(&t->s->arena, r->avail + 4 +
	    2ULL * (r->idx % r->size), two, 2);
	le16_put(two, ++r->idx);
	(void)arena_poke(&t->s->arena, r->avail + 2, two, 2);
}

static inline uint16_t
nt_used(struct nt *t, unsigned q)
{
	uint8_t two[2] = { 0 };

	(void)arena_peek(&t->s->arena, t->s->guest.ring[q].used + 2, two, 2);
	return le16_get(two);
}

static inline uint32_t
nt_used_len(struct nt *t, unsigned q, unsigned i)
{
	struct guest_ring *r = &t->s->guest.ring[q];
	uint8_t elem[8] = { 0 };

	(void)arena_peek(&t->s->arena, r->used + 4 + 8ULL * (i % r->size),
	    elem, 8);
	return le32_get(elem + 4);
}

static inline uint64_t
nt_count(struct nt *t, unsigned q, enum vionet_fate fate)
{
	return vionet_count(t->s->dev, q, fate);
}

/* A frame in t->frame behind room for a header, with another pattern each. */
static inline uint8_t *
nt_fill(struct nt *t, const uint8_t *dst, const uint8_t *src, size_t len,
    unsigned seed)
{
	uint8_t *f = t->frame + VIONET_HDR;
	size_t i;

	memset(t->frame, 0, VIONET_HDR);
	for (i = 0; i < len; i++)
		f[i] = (uint8_t)(i * 29 + i / 256 + seed);
	if (len >= 14) {
		memcpy(f, dst, 6);
		memcpy(f + 6, src, 6);
		f[12] = 0x88;
		f[13] = 0xb5;
	}
	return f;
}

/* Sends len bytes of t->frame, header included, cut at these lengths. */
static inline void
nt_send_cut(struct nt *t, unsigned q, size_t len, const unsigned *cut,
    unsigned ncut)
{
	struct nt_seg sg[16];
	uint64_t gpa = NT_TX_GPA;
	unsigned i, n = 0, step;

	(void)arena_poke(&t->s->arena, NT_TX_GPA, t->frame,
	    len < 0x4000 ? len : 0x4000);
	if (len > 0x4000)
		(void)arena_poke(&t->s->arena, NT_TX_GPA + 0x4000,
		    t->frame + 0x4000, len - 0x4000);
	for (i = 0; len > 0; i++) {
		step = i < ncut && cut[i] < len ? cut[i] : (unsigned)len;
		sg[n++] = (struct nt_seg){ gpa, step, 0 };
		gpa += step;
		len -= step;
	}
	nt_offer(t, q, sg, n);
	sim_kick(t->s, q);
	sim_settle(t->s);
	t->used = nt_used_len(t, q, (unsigned)(nt_used(t, q) - 1));
}

static inline void
nt_send(struct nt *t, size_t framelen)
{
	nt_send_cut(t, 1, VIONET_HDR + framelen, NULL, 0);
}

/* One receive buffer of one segment. */
static inline void
nt_buffer(struct nt *t, unsigned q, uint64_t gpa, unsigned len)
{
	struct nt_seg sg = { gpa, len, 1 };

	nt_offer(t, q, &sg, 1);
	sim_kick(t->s, q);
}

static inline void
nt_input(struct nt *t, unsigned q, const uint8_t *p, size_t len)
{
	struct viodev_msg m = {
		.type = VIODEV_INPUT, .where = q, .payload = p, .len = len
	};

	sim_deliver(t->s, &m);
}

/* Delivers a frame with this destination: whether the guest got it. */
static inline int
nt_arrives(struct nt *t, const uint8_t *dst, size_t len)
{
	uint64_t before = nt_count(t, 0, VIONET_PASSED);

	nt_buffer(t, 0, NT_RX_GPA, 2048);
	nt_input(t, 0, nt_fill(t, dst, nt_peer, len, 7), len);
	return nt_count(t, 0, VIONET_PASSED) != before;
}

/* A command to the control queue: its answer, or NT_NONE. */
static inline int
nt_command(struct nt *t, unsigned q, const void *p, size_t len)
{
	struct nt_seg sg[2] = {
		{ NT_CTRL_GPA, (unsigned)len, 0 }, { NT_ACK_GPA, 1, 1 }
	};
	uint8_t ack = 0xee;

	(void)arena_poke(&t->s->arena, NT_CTRL_GPA, p, len);
	(void)arena_poke(&t->s->arena, NT_ACK_GPA, &ack, 1);
	nt_offer(t, q, sg, 2);
	sim_kick(t->s, q);
	sim_settle(t->s);
	(void)arena_peek(&t->s->arena, NT_ACK_GPA, &ack, 1);
	t->used = nt_used_len(t, q, (unsigned)(nt_used(t, q) - 1));
	return ack == 0xee ? NT_NONE : ack;
}

static inline uint64_t
nt_config(struct nt *t, unsigned off, unsigned width)
{
	return sim_read(t->s, VIODEV_DEVICE, off, width);
}

#endif
