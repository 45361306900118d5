#include "echo.h"

#include <string.h>

#include "virtio_dev.h"

#define MAXBYTES	4096

struct echo {
	struct virtio_dev	v;
	uint32_t		count;
	uint32_t		delay;
	uint32_t		asked;
	uint32_t		limit;
	const uint8_t		*input;		/* during INPUT only */
	size_t			inputlen;
};

static enum vq_result
serve_echo(struct echo *e, struct vq_work *w)
{
	uint8_t buf[256];
	struct vq_chain c;
	enum vq_result r;
	uint32_t n = 0;
	size_t got;

	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		if (e->limit != 0 && n++ == e->limit) {
			vq_undo(w);
			vq_stop(w);
			return VQ_EMPTY;
		}
		while (c.wlen > 0 && c.written < MAXBYTES &&
		    (got = chain_read(&c, buf, sizeof(buf))) > 0)
			chain_write(&c, buf, got);
		vq_done(w, &c);
	}
	return r;
}

static enum vq_result
serve_input(struct echo *e, struct vq_work *w)
{
	struct vq_chain c;
	enum vq_result r;

	if (e->input == NULL)
		return VQ_EMPTY;
	if ((r = vq_next(w, &c)) != VQ_CHAIN)
		return r;
	chain_write(&c, e->input, e->inputlen);
	vq_done(w, &c);
	return VQ_EMPTY;
}

static enum vq_result
serve_output(struct echo *e, struct vq_work *w)
{
	struct dev_host *h = &e->v.dev.host;
	struct vq_chain c;
	enum vq_result r;

	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		gm_lend(c.gm, c.r, c.nr);
		if (h->ops->tx(h->arg, 2, c.r, c.nr, c.rlen) == -1)
			dev_log(&e->v.dev, HLOG_DEBUG, "echo: %u bytes not "
			    "sent", c.rlen);
		vq_done(w, &c);
	}
	return r;
}

static enum vq_result
echo_queue(struct virtio_dev *v, unsigned q, struct vq_work *w)
{
	struct echo *e = (struct echo *)v;

	return q == 0 ? serve_echo(e, w) : q == 1 ? serve_input(e, w) :
	    serve_output(e, w);
}

static void
echo_input(struct virtio_dev *v, struct viodev_msg *m)
{
	struct echo *e = (struct echo *)v;

	if (m->where != 1)
		return;
	e->input = m->payload;
	e->inputlen = m->len;
	virtio_run_queue(v, 1);
	e->input = NULL;
}

static void
echo_timer(struct virtio_dev *v, uint32_t id)
{
	if (id != 1)
		return;
	((struct echo *)v)->count++;
	virtio_config_changed(v);
}

static void
echo_config(const struct virtio_dev *v, uint8_t *img)
{
	const struct echo *e = (const struct echo *)v;

	le32_put(img, e->count);
	le32_put(img + 4, e->delay);
	le32_put(img + 8, e->asked);
	le32_put(img + 12, e->limit);
}

static void
echo_config_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	struct echo *e = (struct echo *)v;
	struct dev_host *h = &v->dev.host;

	if (width != 4)
		return;
	if (off == 4) {
		e->delay = (uint32_t)val;
		h->ops->timer(h->arg, 1, val * 1000000);
	} else if (off == 8) {
		e->asked = (uint32_t)val;
		h->ops->request(h->arg, e->asked,
		    h->ops->clock(h->arg, CLOCK_WALL));
	} else if (off == 12)
		e->limit = (uint32_t)val;
}

static void
echo_reset(struct virtio_dev *v)
{
	struct echo *e = (struct echo *)v;
	struct dev_host *h = &v->dev.host;

	e->count = e->delay = e->asked = e->limit = 0;
	h->ops->untimer(h->arg, 1);
	h->ops->rx_ready(h->arg, 1, 0);
}

static int
echo_features_ok(const struct virtio_dev *v, uint64_t features)
{
	(void)v;
	return (features & ECHO_F_SECOND) != 0 &&
	    (features & ECHO_F_FIRST) == 0 ? -1 : 0;
}

static uint64_t
echo_prune(uint64_t features)
{
	return (features & ECHO_F_FIRST) != 0 ? features :
	    features & ~ECHO_F_SECOND;
}

static int
echo_attach(struct virtio_dev *v, const struct devconf *conf)
{
	uint64_t n = devconf_int(conf, DEVCONF_QSIZE, 16);
	unsigned q;

	if (n == 0 || n > 1024 || (n & (n - 1)) != 0)
		return -1;
	v->offered |= ECHO_F_FIRST | ECHO_F_SECOND | ECHO_F_HIGH;
	v->nqueues = 3;
	for (q = 0; q < 3; q++)
		v->vq[q].max = (uint16_t)n;
	return 0;
}

static int
legacy_attach(struct virtio_dev *v, const struct devconf *conf)
{
	(void)conf;
	v->offered |= ECHO_F_FIRST | ECHO_F_SECOND;
	return 0;
}

static void
echo_save(const struct virtio_dev *v, struct wbuf *w)
{
	uint8_t img[ECHO_CONFIG];

	echo_config(v, img);
	wb_bytes(w, img, sizeof(img));
}

static int
echo_load(struct virtio_dev *v, struct rbuf *r)
{
	struct echo *e = (struct echo *)v;
	const uint8_t *p = rb_take(r, ECHO_CONFIG);

	if (p == NULL || !rb_done(r))
		return -1;
	e->count = le32_get(p);
	e->delay = le32_get(p + 4);
	e->asked = le32_get(p + 8);
	e->limit = le32_get(p + 12);
	return 0;
}

static void
echo_detach(struct virtio_dev *v)
{
	v->dev.host.ops->untimer(v->dev.host.arg, 1);
}

#define COMMON_OPS							\
	.config_size = ECHO_CONFIG,					\
	.detach = echo_detach,						\
	.reset = echo_reset,						\
	.config = echo_config,						\
	.config_write = echo_config_write,				\
	.timer = echo_timer,						\
	.save = echo_save,						\
	.load = echo_load

static const struct virtio_ops echo_ops = {
	COMMON_OPS,
	.id = 63,
	.attach = echo_attach,
	.features_ok = echo_features_ok,
	.prune = echo_prune,
	.queue = echo_queue,
	.input = echo_input,
};

static const struct virtio_ops legacy_ops = {
	COMMON_OPS,
	.id = 63,
	.legacy = 1,
	.attach = legacy_attach,
};

const struct dev_ops echo_dev =
    VIRTIO_DEV_OPS("echo", struct echo, &echo_ops, 1);
const struct dev_ops legacy_dev =
    VIRTIO_DEV_OPS("legacy", struct echo, &legacy_ops, 1);
