/* Frames of the guest: virtio 1.3, 5.1.6.2. */
#include "vionet_priv.h"

#define PIECES	16		/* of one frame; more are copied together */

static enum vionet_fate
leave(struct vionet *n, unsigned q, const struct iovec *iov, int niov,
    size_t len)
{
	struct dev_host *h = &n->v.dev.host;

	/* The first vector is for a host that wants the header, too. */
	if (!n->offload) {
		iov++;
		niov--;
	} else
		len += VIONET_HDR;
	return h->ops->tx(h->arg, q, iov, niov, len) == 0 ? VIONET_PASSED :
	    VIONET_HOST;
}

/* The Ethernet header is our copy, the rest lies in guest memory. */
static enum vionet_fate
send_pieces(struct vionet *n, unsigned q, struct vq_chain *c,
    struct iovec head[2], size_t len)
{
	struct iovec iov[PIECES + 2];

	memcpy(iov, head, 2 * sizeof(iov[0]));
	if (c->nr > 0)
		memcpy(iov + 2, c->r, (unsigned)c->nr * sizeof(iov[0]));
	gm_lend(c->gm, c->r, c->nr);
	return leave(n, q, iov, 2 + c->nr, len);
}

static __attribute__((noinline)) enum vionet_fate
send_whole(struct vionet *n, unsigned q, struct vq_chain *c,
    struct iovec head[2], size_t len)
{
	uint8_t frame[VIONET_MAXFRAME];

	memcpy(frame, head[1].iov_base, VIONET_ETHER);
	(void)chain_read(c, frame + VIONET_ETHER, len - VIONET_ETHER);
	if (vionet_local_asks(n, frame, len)) {
		enum vionet_fate fate = vionet_local(n, q, frame, len);

		if (fate != VIONET_PASSED)
			return fate;
	}
	head[1].iov_base = frame;
	head[1].iov_len = len;
	return leave(n, q, head, 2, len);
}

/* One chain; whatever becomes of it, it goes back to the guest. */
static enum vionet_fate
transmit(struct vionet *n, unsigned q, struct vq_chain *c)
{
	uint8_t hdr[VIONET_HDR], ether[VIONET_ETHER];
	struct iovec head[2] = {
		{ hdr, sizeof(hdr) }, { ether, sizeof(ether) }
	};
	size_t len = c->rlen - VIONET_HDR;

	if (c->wlen > 0 || c->rlen < VIONET_HDR + VIONET_ETHER ||
	    len > VIONET_MAXFRAME)
		return VIONET_BAD;
	(void)chain_read(c, hdr, sizeof(hdr));
	(void)chain_read(c, ether, sizeof(ether));
	if (vionet_tx_header(n, hdr, len) == -1 ||
	    vionet_oversize(n, ether, len))
		return VIONET_BAD;
	if (n->locked && memcmp(ether + VIONET_MAC, n->fixed, VIONET_MAC) != 0)
		return VIONET_LOCKED;
	if (c->nr > PIECES || vionet_local_asks(n, ether, len))
		return send_whole(n, q, c, head, len);
	return send_pieces(n, q, c, head, len);
}

enum vq_result
vionet_tx(struct vionet *n, unsigned q, struct vq_work *w)
{
	enum vq_result r;
	struct vq_chain c;
	size_t bytes = 0;

	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		bytes += c.rlen;
		n->count[q][transmit(n, q, &c)]++;
		vq_done(w, &c);
		if (bytes >= VIONET_MAXKICK && vq_yield(w))
			return VQ_EMPTY;
	}
	return r;
}
