#include "vioblk_priv.h"

#define BASE_FEATURES	(VIOBLK_F_SIZE_MAX | VIOBLK_F_SEG_MAX |		\
			 VIOBLK_F_BLK_SIZE | VIOBLK_F_FLUSH |		\
			 VIOBLK_F_TOPOLOGY | VIOBLK_F_CONFIG_WCE |	\
			 VIOBLK_F_MQ)
#define WRITE_FEATURES	(VIOBLK_F_DISCARD | VIOBLK_F_WRITE_ZEROES)
#define MAX_CAPACITY	(1ULL << 54)

uint8_t
vioblk_writeback(const struct vioblk *b)
{
	uint64_t both = VIOBLK_F_CONFIG_WCE | VIOBLK_F_FLUSH;

	if (b->writeback != VIOBLK_WB_DEFAULT)
		return b->writeback;
	return (b->v.accepted & both) != VIOBLK_F_CONFIG_WCE;
}

static enum vq_result
vioblk_queue(struct virtio_dev *v, unsigned q, struct vq_work *w)
{
	struct vioblk *b = (struct vioblk *)v;
	enum vq_result r;
	struct vq_chain c;
	size_t moved = 0;

	/* Without MQ there is one queue, whatever else was enabled: 5.2.2. */
	if (q > 0 && (v->accepted & VIOBLK_F_MQ) == 0)
		return VQ_EMPTY;
	while ((r = vq_next(w, &c)) == VQ_CHAIN) {
		moved += vioblk_request(b, &c);
		vq_done(w, &c);
		if (moved >= VIOBLK_MAXKICK && vq_yield(w))
			return VQ_EMPTY;
	}
	return r;
}

static void
config_lists(const struct vioblk *b, uint8_t *img)
{
	if ((b->v.offered & VIOBLK_F_DISCARD) != 0) {
		le32_put(img + VIOBLK_C_DISCARD_SECTORS,
		    VIOBLK_DISCARD_SECTORS);
		le32_put(img + VIOBLK_C_DISCARD_SEGS, VIOBLK_DISCARD_SEGS);
		le32_put(img + VIOBLK_C_DISCARD_ALIGN,
		    b->blk_size / VIOBLK_SECTOR);
	}
	if ((b->v.offered & VIOBLK_F_WRITE_ZEROES) != 0) {
		le32_put(img + VIOBLK_C_ZERO_SECTORS, VIOBLK_ZERO_SECTORS);
		le32_put(img + VIOBLK_C_ZERO_SEGS, VIOBLK_ZERO_SEGS);
		img[VIOBLK_C_ZERO_UNMAP] = 1;
	}
}

/* Fields of features that are not offered stay 0. */
static void
vioblk_config(const struct virtio_dev *v, uint8_t *img)
{
	const struct vioblk *b = (const struct vioblk *)v;

	le64_put(img + VIOBLK_C_CAPACITY, b->capacity);
	if ((v->offered & VIOBLK_F_SIZE_MAX) != 0)
		le32_put(img + VIOBLK_C_SIZE_MAX, VIOBLK_SIZEMAX);
	if ((v->offered & VIOBLK_F_SEG_MAX) != 0)
		le32_put(img + VIOBLK_C_SEG_MAX, VIOBLK_SEGMAX);
	if ((v->offered & VIOBLK_F_BLK_SIZE) != 0)
		le32_put(img + VIOBLK_C_BLK_SIZE, b->blk_size);
	if ((v->offered & VIOBLK_F_TOPOLOGY) != 0) {
		img[VIOBLK_C_PHYSEXP] = b->physexp;
		le16_put(img + VIOBLK_C_MIN_IO,
		    (uint16_t)(1U << b->physexp));
	}
	if ((v->offered & VIOBLK_F_CONFIG_WCE) != 0)
		img[VIOBLK_C_WRITEBACK] = vioblk_writeback(b);
	if ((v->offered & VIOBLK_F_MQ) != 0)
		le16_put(img + VIOBLK_C_NUM_QUEUES, v->nqueues);
	config_lists(b, img);
}

/*
 * Only writeback can be written.  What was volatile so far becomes durable
 * at the switch to write-through; nobody asks for it, but a driver that
 * switches means it.
 */
static void
vioblk_config_write(struct virtio_dev *v, unsigned off, unsigned width,
    uint64_t val)
{
	struct vioblk *b = (struct vioblk *)v;
	struct blk_io io = { .op = BLK_FLUSH };

	if (off != VIOBLK_C_WRITEBACK || width != 1 || val > 1 ||
	    (v->accepted & VIOBLK_F_CONFIG_WCE) == 0)
		return;
	if (val == 0 && vioblk_writeback(b) == 1 &&
	    vioblk_host(b, &io) != VIOBLK_S_OK)
		dev_log(&v->dev, HLOG_WARN, "vioblk: flush failed while the "
		    "driver switched to write-through");
	b->writeback = (uint8_t)val;
}

static void
vioblk_reset(struct virtio_dev *v)
{
	((struct vioblk *)v)->writeback = VIOBLK_WB_DEFAULT;
}

/* CONFIG_WCE and its dependency: 5.2.5.2. */
static uint64_t
vioblk_prune(uint64_t features)
{
	if ((features & VIOBLK_F_FLUSH) == 0)
		features &= ~VIOBLK_F_CONFIG_WCE;
	return features;
}

static void
vioblk_reconf(struct virtio_dev *v, const struct devconf *conf)
{
	struct vioblk *b = (struct vioblk *)v;
	uint64_t n = devconf_int(conf, DEVCONF_CAPACITY, b->capacity);

	if (n == b->capacity || n >= MAX_CAPACITY)
		return;
	b->capacity = n;
	virtio_config_changed(v);
}

static const char *
bad_conf(const struct vioblk *b, uint64_t nq, uint64_t qsize)
{
	if (b->capacity >= MAX_CAPACITY)
		return "capacity missing or too large";
	if (b->blk_size < 512 || b->blk_size > 4096 ||
	    (b->blk_size & (b->blk_size - 1)) != 0)
		return "block size is not 512, 1024, 2048 or 4096";
	if (b->physexp > 8)
		return "physical block exponent above 8";
	if (nq == 0 || nq > VIOBLK_MAXQ)
		return "number of queues is not 1 to 8";
	if (qsize < 2 || qsize > 1024 || (qsize & (qsize - 1)) != 0)
		return "queue size is no power of two from 2 to 1024";
	return NULL;
}

static int
vioblk_attach(struct virtio_dev *v, const struct devconf *conf)
{
	struct vioblk *b = (struct vioblk *)v;
	uint64_t nq = devconf_int(conf, DEVCONF_NQUEUES, 1);
	uint64_t qsize = devconf_int(conf, DEVCONF_QSIZE, VIOBLK_QSIZE);
	const uint8_t *serial;
	const char *why;
	size_t len;

	b->capacity = devconf_int(conf, DEVCONF_CAPACITY, UINT64_MAX);
	b->blk_size = (uint32_t)devconf_int(conf, DEVCONF_BLKSIZE, 512);
	b->physexp = (uint8_t)devconf_int(conf, DEVCONF_PHYSEXP, 0);
	b->readonly = devconf_int(conf, DEVCONF_READONLY, 0) != 0;
	if ((why = bad_conf(b, nq, qsize)) != NULL) {
		dev_log(&v->dev, HLOG_WARN, "vioblk: %s", why);
		return -1;
	}
	serial = devconf_bytes(conf, DEVCONF_SERIAL, &len);
	if (serial != NULL && len > 0)
		memcpy(b->serial, serial,
		    len < VIOBLK_IDLEN ? len : VIOBLK_IDLEN);
	v->offered |= BASE_FEATURES;
	v->offered |= b->readonly ? VIOBLK_F_RO : WRITE_FEATURES;
	v->nqueues = (uint16_t)nq;
	while (nq-- > 0)
		v->vq[nq].max = (uint16_t)qsize;
	return 0;
}

static void
vioblk_save(const struct virtio_dev *v, struct wbuf *w)
{
	const struct vioblk *b = (const struct vioblk *)v;

	wb_u64(w, b->capacity);
	wb_u8(w, b->writeback);
}

/* A state belongs to a disk of its size. */
static int
vioblk_load(struct virtio_dev *v, struct rbuf *r)
{
	struct vioblk *b = (struct vioblk *)v;
	uint64_t capacity = rb_u64(r);
	uint8_t writeback = rb_u8(r);

	if (!rb_done(r) || capacity != b->capacity ||
	    writeback > VIOBLK_WB_DEFAULT)
		return -1;
	b->writeback = writeback;
	return 0;
}

static const char *
vioblk_check(const struct virtio_dev *v)
{
	const struct vioblk *b = (const struct vioblk *)v;

	if (b->capacity >= MAX_CAPACITY)
		return "capacity too large";
	if (b->writeback > VIOBLK_WB_DEFAULT)
		return "writeback out of range";
	return NULL;
}

static const struct virtio_ops vioblk_ops = {
	.id = VIRTIO_ID_BLOCK,
	.config_size = VIOBLK_C_SIZE,
	.attach = vioblk_attach,
	.reset = vioblk_reset,
	.prune = vioblk_prune,
	.config = vioblk_config,
	.config_write = vioblk_config_write,
	.queue = vioblk_queue,
	.reconf = vioblk_reconf,
	.save = vioblk_save,
	.load = vioblk_load,
	.check = vioblk_check,
};

const struct dev_ops vioblk_dev =
    VIRTIO_DEV_OPS("vioblk", struct vioblk, &vioblk_ops, 1);
