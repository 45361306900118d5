#include "fwcfg.h"

#define STATE_VERSION	1
#define SELECTOR	0x510
#define DATA		0x511
#define DMA_HIGH	0x514
#define DMA_LOW		0x518
#define ENTRY		(8 + FWCFG_NAME)	/* of the directory */

/* Control word of a request. */
#define DMA_ERROR	0x01
#define DMA_READ	0x02
#define DMA_SKIP	0x04
#define DMA_SELECT	0x08
#define DMA_WRITE	0x10
#define DMA_SIZE	16

struct file {
	uint64_t	off;		/* on the medium */
	uint32_t	len;
	char		name[FWCFG_NAME];
};

struct fwcfg {
	struct dev	dev;
	uint64_t	ram;
	uint16_t	ncpus;
	uint16_t	key;
	uint64_t	pos;		/* in the item */
	uint32_t	dma_high;
	unsigned	nfiles;
	struct file	file[FWCFG_MAXFILES];
};

static void
be16_put(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
be32_put(uint8_t *p, uint32_t v)
{
	be16_put(p, v >> 16);
	be16_put(p + 2, v & 0xffff);
}

static uint32_t
be32_get(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The small items as they are read; returns their length. */
static size_t
small_item(const struct fwcfg *s, uint8_t b[8])
{
	memset(b, 0, 8);
	switch (s->key) {
	case FWCFG_SIGNATURE:
		memcpy(b, "QEMU", 4);
		return 4;
	case FWCFG_ID:
		le32_put(b, 3);
		return 4;
	case FWCFG_RAM_SIZE:
		le64_put(b, s->ram);
		return 8;
	case FWCFG_NOGRAPHIC:
		le16_put(b, 1);
		return 2;
	case FWCFG_NB_CPUS:
	case FWCFG_MAX_CPUS:
		le16_put(b, s->ncpus);
		return 2;
	default:
		return 0;
	}
}

static const struct file *
selected_file(const struct fwcfg *s)
{
	if (s->key < FWCFG_FIRST_FILE ||
	    s->key - FWCFG_FIRST_FILE >= (int)s->nfiles)
		return NULL;
	return &s->file[s->key - FWCFG_FIRST_FILE];
}

static uint64_t
item_len(const struct fwcfg *s)
{
	const struct file *f = selected_file(s);
	uint8_t b[8];

	if (f != NULL)
		return f->len;
	if (s->key == FWCFG_DIRECTORY)
		return 4 + (uint64_t)s->nfiles * ENTRY;
	return small_item(s, b);
}

static void
directory_entry(const struct fwcfg *s, unsigned i, uint8_t b[ENTRY])
{
	const struct file *f = &s->file[i];

	memset(b, 0, ENTRY);
	be32_put(b, f->len);
	be16_put(b + 4, FWCFG_FIRST_FILE + i);
	memcpy(b + 8, f->name, FWCFG_NAME);
}

/* Some bytes at the position, up to len, of an item that is no file. */
static size_t
copy_item(const struct fwcfg *s, uint64_t pos, uint8_t *dst, size_t len)
{
	uint8_t b[ENTRY];
	size_t n, at = (size_t)pos;

	if (s->key != FWCFG_DIRECTORY) {
		n = small_item(s, b);
	} else if (at < 4) {
		be32_put(b, s->nfiles);
		n = 4;
	} else {
		directory_entry(s, (unsigned)((at - 4) / ENTRY), b);
		at = (at - 4) % ENTRY;
		n = ENTRY;
	}
	n -= at;
	if (n > len)
		n = len;
	memcpy(dst, b + at, n);
	return n;
}

static int
read_file(struct fwcfg *s, const struct file *f, struct iovec *iov, int n,
    uint64_t len)
{
	struct blk_io io = {
		.op = BLK_READ, .off = f->off + s->pos, .len = len,
		.iov = iov, .niov = n
	};

	return s->dev.host.ops->blk(s->dev.host.arg, &io) == BLK_OK ? 0 : -1;
}

static uint8_t
read_data(struct fwcfg *s)
{
	const struct file *f = selected_file(s);
	uint8_t b = 0;
	struct iovec iov = { &b, 1 };

	if (s->pos >= item_len(s))
		return 0;
	if (f == NULL)
		(void)copy_item(s, s->pos, &b, 1);
	else if (read_file(s, f, &iov, 1, 1) == -1)
		b = 0;
	s->pos++;
	return b;
}

/* len bytes of the file go straight into guest memory. */
static int
dma_file(struct fwcfg *s, const struct file *f, uint64_t gpa, uint64_t len)
{
	struct iovec iov[GM_MAXRANGES];
	int n;

	if (len == 0)
		return 0;
	n = gm_borrow(s->dev.gm, gpa, len, iov, GM_MAXRANGES);
	if (n == -1 || read_file(s, f, iov, n, len) == -1)
		return -1;
	gm_return(s->dev.gm, iov, n, len);
	return 0;
}

static int
dma_item(struct fwcfg *s, uint64_t gpa, uint64_t len)
{
	uint8_t b[ENTRY];
	uint64_t done;
	size_t n;

	for (done = 0; done < len; done += n) {
		n = copy_item(s, s->pos + done, b, len - done < sizeof(b) ?
		    (size_t)(len - done) : sizeof(b));
		if (gm_copyout(s->dev.gm, gpa + done, b, n) == -1)
			return -1;
	}
	return 0;
}

static int
dma_zeros(struct fwcfg *s, uint64_t gpa, uint64_t len)
{
	static const uint8_t zeros[4096];
	uint64_t done;
	size_t n;

	for (done = 0; done < len; done += n) {
		n = len - done < sizeof(zeros) ? (size_t)(len - done) :
		    sizeof(zeros);
		if (gm_copyout(s->dev.gm, gpa + done, zeros, n) == -1)
			return -1;
	}
	return 0;
}

static int
dma_read(struct fwcfg *s, uint64_t gpa, uint64_t len)
{
	const struct file *f = selected_file(s);
	uint64_t left = item_len(s), n;
	int res;

	left = s->pos < left ? left - s->pos : 0;
	n = len < left ? len : left;
	if (len - n > FWCFG_SLACK || gpa + len < gpa)
		return -1;
	res = f != NULL ? dma_file(s, f, gpa, n) : dma_item(s, gpa, n);
	if (res == -1 || dma_zeros(s, gpa + n, len - n) == -1)
		return -1;
	s->pos += n;
	return 0;
}

static void
dma(struct fwcfg *s, uint64_t at)
{
	uint8_t b[DMA_SIZE];
	uint32_t control, len, left;
	int res = 0;

	if (gm_copyin(s->dev.gm, at, b, sizeof(b)) == -1)
		return;
	control = be32_get(b);
	len = be32_get(b + 4);
	if ((control & DMA_SELECT) != 0) {
		s->key = (uint16_t)(control >> 16);
		s->pos = 0;
	}
	if ((control & DMA_READ) != 0) {
		res = dma_read(s, (uint64_t)be32_get(b + 8) << 32 |
		    be32_get(b + 12), len);
	} else if ((control & DMA_WRITE) != 0) {
		res = -1;
	} else if ((control & DMA_SKIP) != 0) {
		left = s->pos < item_len(s) ?
		    (uint32_t)(item_len(s) - s->pos) : 0;
		s->pos += len < left ? len : left;
	}
	be32_put(b, res == 0 ? 0 : DMA_ERROR);
	(void)gm_copyout(s->dev.gm, at, b, 4);
}

static uint64_t
read_port(struct fwcfg *s, uint32_t port, unsigned width)
{
	if (port == DATA && width == 1)
		return read_data(s);
	if (port == DMA_HIGH && width == 4)
		return le32_get("QEMU");
	if (port == DMA_LOW && width == 4)
		return le32_get(" CFG");
	return UINT64_MAX >> (64 - 8 * width);
}

static void
write_port(struct fwcfg *s, uint32_t port, unsigned width, uint64_t v)
{
	uint8_t b[4];

	if (port == SELECTOR && width == 2) {
		s->key = (uint16_t)v;
		s->pos = 0;
		return;
	}
	if (width != 4 || (port != DMA_HIGH && port != DMA_LOW)) {
		s->dma_high = 0;
		return;
	}
	le32_put(b, (uint32_t)v);
	if (port == DMA_HIGH) {
		s->dma_high = be32_get(b);
		return;
	}
	dma(s, (uint64_t)s->dma_high << 32 | be32_get(b));
	s->dma_high = 0;
}

static void
refuse(struct fwcfg *s, const char *why)
{
	dev_log(&s->dev, HLOG_WARN, "a file is refused: %s", why);
}

static void
add_file(struct fwcfg *s, const struct devconf *c)
{
	uint64_t bytes = devconf_int(c, DEVCONF_LENGTH, 0), off = 0;
	const uint8_t *name;
	struct file *f;
	size_t len = 0, bad;
	const char *why;
	unsigned i;

	if (devconf_check(c, &bad, &why) == -1) {
		refuse(s, why);
		return;
	}
	name = devconf_bytes(c, DEVCONF_FILE, &len);
	if (name == NULL || len == 0 || memchr(name, 0, len) != NULL) {
		refuse(s, "no name");
		return;
	}
	if (s->nfiles == FWCFG_MAXFILES || bytes > UINT32_MAX) {
		refuse(s, "too many, or too long");
		return;
	}
	for (i = 0; i < s->nfiles; i++) {
		if (strlen(s->file[i].name) == len &&
		    memcmp(s->file[i].name, name, len) == 0) {
			refuse(s, "the name is taken");
			return;
		}
		off += s->file[i].len;
	}
	f = &s->file[s->nfiles++];
	memset(f, 0, sizeof(*f));
	memcpy(f->name, name, len);
	f->len = (uint32_t)bytes;
	f->off = off;
}

unsigned
fwcfg_files(const struct dev *d)
{
	return ((const struct fwcfg *)d)->nfiles;
}

static int
fwcfg_attach(struct dev *d, const struct devconf *conf)
{
	struct fwcfg *s = (struct fwcfg *)d;

	s->ram = devconf_int(conf, DEVCONF_LOWMEM, 0) +
	    devconf_int(conf, DEVCONF_HIGHMEM, 0);
	s->ncpus = (uint16_t)devconf_int(conf, DEVCONF_NCPUS, 1);
	return 0;
}

static void
fwcfg_detach(struct dev *d)
{
	(void)d;
}

static void
fwcfg_msg(struct dev *d, struct viodev_msg *m)
{
	struct fwcfg *s = (struct fwcfg *)d;
	struct devconf conf = { m->payload, m->len };
	int port = m->space == VIODEV_PORT;

	switch (m->type) {
	case VIODEV_READ:
		m->data = read_port(s, port ? m->where : 0, m->width);
		break;
	case VIODEV_WRITE:
		if (port)
			write_port(s, m->where, m->width, m->data);
		break;
	case VIODEV_CONFIG:
		add_file(s, &conf);
		break;
	case VIODEV_RESET:
		s->key = 0;
		s->pos = 0;
		s->dma_high = 0;
		break;
	default:
		break;
	}
}

/* The files are the host's: they are there again before the load. */
static void
fwcfg_save(const struct dev *d, struct wbuf *w)
{
	const struct fwcfg *s = (const struct fwcfg *)d;

	wb_u16(w, STATE_VERSION);
	wb_u16(w, s->key);
	wb_u64(w, s->pos);
	wb_u32(w, s->dma_high);
}

static const char *
fwcfg_check(const struct dev *d)
{
	const struct fwcfg *s = (const struct fwcfg *)d;
	uint64_t off = 0;
	unsigned i;

	if (s->nfiles > FWCFG_MAXFILES)
		return "more files than there may be";
	for (i = 0; i < s->nfiles; i++) {
		if (s->file[i].off != off || s->file[i].name[0] == '\0' ||
		    s->file[i].name[FWCFG_NAME - 1] != '\0')
			return "file is out of place";
		off += s->file[i].len;
	}
	return s->pos > item_len(s) ? "position behind the item" : NULL;
}

static int
fwcfg_load(struct dev *d, struct rbuf *r)
{
	struct fwcfg *s = (struct fwcfg *)d;
	uint16_t key = s->key;
	uint64_t pos = s->pos;
	uint32_t high;

	if (rb_u16(r) != STATE_VERSION)
		return -1;
	s->key = rb_u16(r);
	s->pos = rb_u64(r);
	high = rb_u32(r);
	if (!rb_done(r) || s->pos > item_len(s)) {
		s->key = key;
		s->pos = pos;
		return -1;
	}
	s->dma_high = high;
	return 0;
}

const struct dev_ops fwcfg_dev = {
	.name = "fwcfg",
	.size = sizeof(struct fwcfg),
	.attach = fwcfg_attach,
	.detach = fwcfg_detach,
	.msg = fwcfg_msg,
	.save = fwcfg_save,
	.load = fwcfg_load,
	.check = fwcfg_check,
};
