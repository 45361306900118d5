#include "diskimage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define BASESIZE	65536u
#define MAXSPAN		(32u << 10)

void
diskimage_must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "oracle disk: %s\n", what);
		abort();
	}
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* A 64-bit offset becomes that of a cluster in the file. */
static void
mend_offset(uint8_t *p, unsigned cbits, uint64_t size)
{
	uint64_t off = (uint64_t)get32(p) << 32 | get32(p + 4);

	off = off % size >> cbits << cbits;
	put32(p, 0);
	put32(p + 4, (uint32_t)off);
}

static void
mend(uint8_t *h, uint64_t size)
{
	uint32_t v, cbits = get32(h + 20);

	put32(h, 0x514649fb);
	if (get32(h + 4) != 2)
		put32(h + 4, 3);
	if (cbits < 9 || cbits > 16)
		put32(h + 20, cbits = 9 + cbits % 8);
	put32(h + 32, 0);			/* no encryption */
	v = get32(h + 36);
	if (v > 512)
		put32(h + 36, v % 512);
	put32(h + 24, 0);			/* size: below 16 MiB */
	h[28] = 0;
	mend_offset(h + 40, cbits, size);
	mend_offset(h + 48, cbits, size);
	put32(h + 56, 1 + (get32(h + 56) - 1) % 2);
	put32(h + 60, get32(h + 60) % 4);
	put32(h + 72, 0);			/* few feature bits */
	put32(h + 76, get32(h + 76) & 0xb);
	if (get32(h + 4) == 3) {
		put32(h + 96, get32(h + 96) % 7);
		put32(h + 100, get32(h + 76) & 8 ? 112 : 104);
		h[104] = (get32(h + 76) & 8) != 0;
	}
}

static uint64_t
place(unsigned sector)
{
	if (sector >= 0xff00)
		return DISKIMAGE_FAR - (0x10000 - sector) * 512u;
	return sector * 512u % DISKIMAGE_MAX;
}

void
diskimage_load(struct ms *m, const uint8_t *data, size_t len)
{
	const uint8_t *p;
	struct rbuf r;
	uint64_t off, n;
	int mended;

	ms_reset(m);
	rb_init(&r, data, len);
	mended = rb_u8(&r) % 8 != 0;
	while (rb_left(&r) > 3) {
		off = place(rb_u16(&r));
		n = 8u * (rb_u8(&r) % 64 + 1u);
		if (n > rb_left(&r))
			n = rb_left(&r);
		p = rb_take(&r, n);
		memcpy(m->buf + off, p, n);
		if (off + n > m->size)
			m->size = off + n;
	}
	m->size = (m->size + 511) & ~511ULL;
	m->high = m->size;
	m->cap = m->size > DISKIMAGE_MAX ? DISKIMAGE_CAP : 2 * DISKIMAGE_MAX;
	if (mended && m->size >= 512)
		mend(m->buf, m->size);
}

void
diskimage_base_init(struct diskimage_base *b, struct ms *image)
{
	uint32_t i;

	b->image = image;
	ms_init(&b->raw, BASESIZE);
	for (i = 0; i < BASESIZE; i++)
		b->raw.buf[i] = (uint8_t)(i / 512 * 7 + i);
	b->raw.size = b->raw.high = BASESIZE;
}

static int
opener(void *arg, struct disk_ref *ref, struct bstore *out,
    struct disk_why *why)
{
	struct diskimage_base *b = arg;

	if (ref->name[0] == 's') {
		diskimage_must(!b->loop, "a loop goes on");
		b->loop = 1;
		*out = ms_bstore(b->image);
		return 0;
	}
	if (ref->depth > 3)
		return disk_refuse(why, DISK_EDENIED, "too deep");
	*out = ms_bstore(ref->name[0] == 'q' ? b->image : &b->raw);
	out->id[1] = ++b->id;
	return 0;
}

int
diskimage_open(struct diskimage_base *b, int readonly, struct disk **d)
{
	struct disk_opener op = { opener, b };
	struct disk_opts o = {
		.format = DISK_QCOW2, .readonly = readonly, .opener = &op,
	};
	struct bstore bs = ms_bstore(b->image);
	struct disk_why why;
	int rv;

	b->id = 1;
	b->loop = 0;
	why.text[0] = '\0';
	rv = disk_open(&bs, &o, d, &why);
	diskimage_must(rv == 0 || (rv < 0 && why.text[0] != '\0'),
	    "a refusal without a reason");
	diskimage_must(strchr(why.text, '\n') == NULL,
	    "a reason of two lines");
	return rv;
}

uint64_t
diskimage_span(const struct disk *d)
{
	return d->size < MAXSPAN ? d->size : MAXSPAN;
}
