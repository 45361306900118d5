#include "viornd.h"

#include "virtio_dev.h"

struct viornd {
	struct virtio_dev	v;
};

/* Fills one chain: the bytes stored, or -1 when the host has none. */
static int
fill(struct virtio_dev *v, struct vq_chain *c)
{
	struct dev_host *h = &v->dev.host;
	size_t len, step, done = 0;

	len = c->wlen < VIORND_MAXBUF ? c->wlen : VIORND_MAXBUF;
	while (done < len) {
		step = c->w->iov_len < len - done ? c->w->iov_len : len - done;
		if (h->ops->entropy(h->arg, c->w->iov_base, step) == -1)
			return done > 0 ? (int)done : -1;
		chain_filled(c, step);
		done += step;
	}
	return (int)done;
}

static enum vq_result
viornd_queue(struct virtio_dev *v, unsigned q, struct vq_work *w)
{
	struct dev_host *h = &v->dev.host;
	enum vq_result r;
	struct vq_chain c;
	size_t total = 0;
	int n;

	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		if ((n = fill(v, &c)) == -1) {
			vq_undo(w);
			h->ops->timer(h->arg, q, VIORND_RETRY);
			return VQ_EMPTY;
		}
		total += (size_t)n;
		vq_done(w, &c);
		if (total >= VIORND_MAXKICK && vq_yield(w))
			return VQ_EMPTY;
	}
	return r;
}

static int
viornd_attach(struct virtio_dev *v, const struct devconf *conf)
{
	uint64_t n = devconf_int(conf, DEVCONF_QSIZE, VIORND_QSIZE);

	if (n == 0 || n > 1024 || (n & (n - 1)) != 0) {
		dev_log(&v->dev, HLOG_WARN, "viornd: queue size %llu is no "
		    "power of two up to 1024", (unsigned long long)n);
		return -1;
	}
	v->nqueues = 1;
	v->vq[0].max = (uint16_t)n;
	return 0;
}

static void
viornd_untimer(struct virtio_dev *v)
{
	v->dev.host.ops->untimer(v->dev.host.arg, 0);
}

static const struct virtio_ops viornd_ops = {
	.id = VIRTIO_ID_RNG,
	.attach = viornd_attach,
	.detach = viornd_untimer,
	.reset = viornd_untimer,
	.queue = viornd_queue,
	.timer = virtio_run_queue,
};

const struct dev_ops viornd_dev =
    VIRTIO_DEV_OPS("viornd", struct viornd, &viornd_ops, 1);
