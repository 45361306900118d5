/* Frames to the guest: virtio 1.3, 5.1.6.3 and 5.1.6.4. */
#include "vionet_priv.h"

/* What is to be stored: the header, then the frame in up to three pieces. */
struct source {
	uint8_t		 hdr[VIONET_HDR];
	uint8_t		 sum[2];	/* a checksum completed here */
	struct iovec	 piece[4];
	unsigned	 n;
	size_t		 left;
};

/* Buffers that were taken and not yet given back. */
struct taken {
	struct vq_chain	 c[VIONET_MAXMERGE];
	unsigned	 n;
	size_t		 room;
	uint32_t	 malformed;	/* of the look, when the first came */
	struct iovec	*iov;		/* of all but the last */
	unsigned	 niov;
};

static void
add_piece(struct source *s, const void *p, size_t len)
{
	if (len == 0)
		return;
	s->piece[s->n].iov_base = (void *)(uintptr_t)p;
	s->piece[s->n++].iov_len = len;
	s->left += len;
}

static void
start(struct source *s)
{
	memset(s->hdr, 0, sizeof(s->hdr));
	s->n = 0;
	s->left = 0;
	add_piece(s, s->hdr, VIONET_HDR);
}

/* The guest cannot complete the checksum at at, so it is done here. */
static void
add_summed(struct source *s, const uint8_t *p, size_t len, size_t at)
{
	vionet_sum(p, len, le16_get(s->hdr + VIONET_H_CSUM_START), s->sum);
	memset(s->hdr, 0, sizeof(s->hdr));
	add_piece(s, p, at);
	add_piece(s, s->sum, sizeof(s->sum));
	add_piece(s, p + at + sizeof(s->sum), len - at - sizeof(s->sum));
}

/* A frame as the host gave it; -1 when it is not one. */
static int
make_source(const struct vionet *n, struct source *s, const uint8_t *p,
    size_t len)
{
	size_t skip = n->offload ? VIONET_HDR : 0, at;
	int sum;

	if (len < skip + VIONET_ETHER || len > skip + VIONET_MAXFRAME)
		return -1;
	start(s);
	if (skip > 0)
		memcpy(s->hdr, p, skip);
	p += skip;
	len -= skip;
	if (vionet_oversize(n, p, len) ||
	    vionet_rx_header(n, s->hdr, len, &sum, &at) == -1)
		return -1;
	if (sum)
		add_summed(s, p, len, at);
	else
		add_piece(s, p, len);
	return 0;
}

static void
pour(struct vq_chain *c, struct source *s)
{
	struct iovec *v;
	unsigned i;
	size_t n;

	for (i = 0; i < s->n && c->wlen > 0; i++) {
		v = &s->piece[i];
		if (v->iov_len == 0)
			continue;
		n = chain_write(c, v->iov_base, v->iov_len);
		v->iov_base = (uint8_t *)v->iov_base + n;
		v->iov_len -= n;
		s->left -= n;
	}
}

/*
 * The vectors of the last buffer move out of the way of the next one; as many
 * as it may take.  -1 when there is no place for them.
 */
static int
stash(struct taken *t)
{
	struct vq_chain *c = &t->c[t->n - 1];

	if ((unsigned)c->nw > VQ_SEGMAX - t->niov)
		return -1;
	memcpy(t->iov + t->niov, c->w, (unsigned)c->nw * sizeof(*c->w));
	c->w = t->iov + t->niov;
	t->niov += (unsigned)c->nw;
	return 0;
}

/* Takes the next buffer of a frame. */
static enum vq_result
take(struct taken *t, struct vq_work *w)
{
	struct vq_chain *c = &t->c[t->n];
	enum vq_result r;

	while ((r = vq_next(w, c)) == VQ_CHAIN) {
		if (t->n > 0 || c->wlen >= VIONET_HDR)
			break;
		vq_done(w, c);
	}
	if (r != VQ_CHAIN)
		return r;
	if (t->n++ == 0)
		t->malformed = w->malformed;
	t->room += c->wlen;
	return VQ_CHAIN;
}

/*
 * There is not enough room.  The buffers stay with us as if nobody had seen
 * them, unless a broken one between them went back: then they follow, empty.
 */
static void
give_back(struct taken *t, struct vq_work *w)
{
	unsigned i;

	for (i = 0; i < t->n; i++)
		if (w->malformed == t->malformed)
			vq_undo(w);
		else
			vq_done(w, &t->c[i]);
}

/* Fills what was taken; the used elements are published together. */
static void
fill(struct taken *t, struct vq_work *w, struct source *s)
{
	unsigned i;

	le16_put(s->hdr + VIONET_H_NUM_BUFFERS, (uint16_t)t->n);
	for (i = 0; i < t->n; i++) {
		pour(&t->c[i], s);
		vq_done(w, &t->c[i]);
	}
}

/* More buffers, until the frame fits: VQ_CHAIN, or why it does not. */
static enum vq_result
take_more(struct taken *t, struct vq_work *w, size_t need)
{
	enum vq_result r = VQ_CHAIN;

	while (r == VQ_CHAIN && t->room < need) {
		if (t->n == VIONET_MAXMERGE || stash(t) == -1)
			return VQ_EMPTY;
		r = take(t, w);
	}
	return r;
}

static __attribute__((noinline)) enum vq_result
merge(struct taken *t, struct vq_work *w, struct source *s)
{
	struct iovec iov[VQ_SEGMAX];
	enum vq_result r;

	t->iov = iov;
	r = take_more(t, w, s->left);
	if (r == VQ_CHAIN)
		fill(t, w, s);
	else
		give_back(t, w);
	return r;
}

/* Stores one frame; s->left is 0 when it is with the guest. */
static enum vq_result
deliver(const struct vionet *n, struct vq_work *w, struct source *s)
{
	enum vq_result r;
	struct taken t;

	t.n = t.niov = 0;
	t.room = 0;
	if ((r = take(&t, w)) != VQ_CHAIN)
		return r;
	if (t.room < s->left && vionet_has(n, VIONET_F_MRG_RXBUF))
		return merge(&t, w, s);
	if (t.room < s->left)
		give_back(&t, w);
	else
		fill(&t, w, s);
	return VQ_EMPTY;
}

/* Behind each look: whether the next frame would find a buffer. */
static enum vq_result
look_ahead(struct vionet *n, unsigned q, struct vq_work *w, enum vq_result r)
{
	int waiting = r == VQ_BROKEN ? -1 : vq_waiting(w);

	vionet_rx_set(n, q / 2, waiting == 1);
	return waiting == -1 ? VQ_BROKEN : VQ_EMPTY;
}

/*
 * What the local interface answered.  It waits for a buffer; one that is too
 * small for it is no reason to wait for ever.
 */
static enum vq_result
deliver_answer(struct vionet *n, unsigned q, struct vq_work *w)
{
	struct vionet_answer *a = &n->answer[q / 2];
	uint16_t len = atomic_load_explicit(&a->len, memory_order_acquire);
	enum vq_result r;
	struct source s;

	if (len == 0)
		return VQ_EMPTY;
	start(&s);
	add_piece(&s, a->frame, len);
	r = deliver(n, w, &s);
	if (s.left == 0)
		n->count[q][VIONET_PASSED]++;
	else if (r == VQ_BROKEN || vq_waiting(w) != 1)
		return r;
	else
		n->count[q][VIONET_NOBUF]++;
	atomic_store_explicit(&a->len, 0, memory_order_release);
	return r;
}

enum vq_result
vionet_rx(struct vionet *n, unsigned q, struct vq_work *w)
{
	return look_ahead(n, q, w, deliver_answer(n, q, w));
}

static enum vionet_fate
receive(struct vionet *n, unsigned q, const uint8_t *p, size_t len)
{
	size_t skip = n->offload ? VIONET_HDR : 0;
	enum vq_result r;
	struct vq_work *w;
	struct source s;

	if (make_source(n, &s, p, len) == -1)
		return VIONET_BAD;
	if (!vionet_wanted(n, p + skip, len - skip))
		return VIONET_FILTER;
	if (q / 2 >= n->pairs || (w = virtio_look(&n->v, q)) == NULL)
		return VIONET_NOBUF;
	r = deliver(n, w, &s);
	virtio_looked(&n->v, q, w, look_ahead(n, q, w, r));
	return s.left == 0 ? VIONET_PASSED : VIONET_NOBUF;
}

void
vionet_input(struct virtio_dev *v, struct viodev_msg *m)
{
	struct vionet *n = (struct vionet *)v;
	unsigned q = m->where;

	if (q < v->nqueues && vionet_role(n, q) == VIONET_RX)
		n->count[q][receive(n, q, m->payload, m->len)]++;
}
