#include "genimage.h"

#include <string.h>

#include "bytes.h"
#include "diskimage.h"
#include "genbytes.h"

/* Clusters of 512 bytes, one thing in each, data from DATA on. */
enum { HEADER, REFT, BLOCK, L1, L2, DATA = L2 + 2, NCLUSTERS = DATA + 12 };

#define ENTRIES	8			/* of each L2 table */
#define FAR	(DISKIMAGE_FAR / 512 - 256) /* clusters behind the gap */
#define FARSECT	(65536 - 256)		/* how an input says FAR */
#define COPIED	(1ULL << 63)
#define PACKED	(1ULL << 62)

static unsigned
below(struct prng *r, unsigned n)
{
	return (unsigned)prng_below(r, n);
}

static void
put(uint8_t *p, unsigned bytes, uint64_t v)
{
	unsigned i;

	for (i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

/* A stretch of the image: 8 * words bytes at a sector. */
static void
stretch(struct wbuf *w, unsigned sector, const uint8_t *p, unsigned words)
{
	wb_u16(w, (uint16_t)sector);
	wb_u8(w, (uint8_t)(words - 1));
	wb_bytes(w, p, 8 * words);
}

/* What is true of a generated image as a whole. */
struct shape {
	unsigned	version;
	unsigned	order;		/* of the counts */
	int		far;		/* some clusters are far away */
};

static void
draw_shape(struct shape *s, struct prng *r)
{
	s->version = below(r, 4) == 0 ? 2 : 3;
	s->order = s->version == 2 || below(r, 2) == 0 ? 4 : below(r, 7);
	s->far = below(r, 8) == 0;
}

/* Most are clean; else as a driver that stopped leaves them, or anything. */
static uint64_t
incompatible(struct prng *r)
{
	unsigned n = below(r, 8);

	return n == 0 ? below(r, 16) : n < 3;
}

static void
header(struct wbuf *w, const struct shape *s, struct prng *r)
{
	static const char *const names[] = { "self", "qcow", "raw" };
	uint8_t p[144] = { 0 };

	put(p, 4, 0x514649fb);
	put(p + 4, 4, s->version);
	if (below(r, 2) == 0) {
		put(p + 8, 8, 128);
		put(p + 16, 4, 4);
		memcpy(p + 128, names[below(r, 3)], 3);
		p[131] = 'x';
	}
	put(p + 20, 4, below(r, 16) == 0 ? below(r, 100) : 9);
	put(p + 24, 8, (1 + below(r, 2 * 64)) * 512u);
	put(p + 36, 4, below(r, 16) == 0 ? below(r, 9) : 2 + below(r, 3));
	put(p + 40, 8, L1 * 512);
	put(p + 48, 8, REFT * 512);
	put(p + 56, 4, 1);
	if (s->version == 3) {
		put(p + 72, 8, incompatible(r));
		put(p + 96, 4, s->order);
		put(p + 100, 4, 112);
	}
	stretch(w, HEADER, p, sizeof(p) / 8);
}

/* One entry of an L2 table; what it refers to is counted. */
static uint64_t
entry(const struct shape *s, struct prng *r, unsigned *next, uint8_t *count)
{
	unsigned c = *next;

	switch (c + 2 > NCLUSTERS ? 9 : below(r, 10)) {
	case 0:
		return 1;			/* zeros */
	case 1:
		*next += 1;
		count[c]++;
		return COPIED | c << 9 | 1;	/* zeros, with a cluster */
	case 2:
	case 3:
		*next += 2;
		count[c]++;
		count[c + 1]++;
		return PACKED | 1ULL << 61 | c << 9;
	case 4:
		c = below(r, NCLUSTERS);
		return COPIED | (s->far ? FAR + c : c) << 9;
	case 5:
	case 6:
	case 7:
		*next += 1;
		count[c]++;
		return COPIED | c << 9;
	default:
		return 0;
	}
}

/* The block of counts, each of 1 << order bits. */
static void
counts(struct wbuf *w, unsigned order, const uint8_t *count)
{
	uint8_t p[8 * NCLUSTERS] = { 0 };
	unsigned i, bits = 1U << order;

	for (i = 0; i < NCLUSTERS; i++)
		if (bits >= 8)
			put(p + bits / 8 * i, bits / 8, count[i]);
		else
			p[bits * i / 8] |= (uint8_t)((count[i] &
			    ((1U << bits) - 1)) << bits * i % 8);
	stretch(w, BLOCK, p, (bits * NCLUSTERS + 63) / 64);
}

static void
tables(struct wbuf *w, const struct shape *s, struct prng *r)
{
	uint8_t count[NCLUSTERS] = { 0 }, p[8 * ENTRIES] = { 0 };
	unsigned next = DATA, t, i, n = 1 + below(r, 2);

	for (i = 0; i < L2 + n; i++)
		count[i] = 1;
	put(p, 8, BLOCK * 512);
	stretch(w, REFT, p, 1);
	for (t = 0; t < n; t++) {
		for (i = 0; i < ENTRIES; i++)
			put(p + 8 * i, 8, entry(s, r, &next, count));
		stretch(w, L2 + t, p, ENTRIES);
	}
	for (t = 0; t < n; t++)
		put(p + 8 * t, 8, COPIED | (L2 + t) * 512);
	stretch(w, L1, p, n);
	counts(w, s->order, count);
}

/* Data clusters: a stored block of deflate, which is data as well. */
static void
contents(struct wbuf *w, const struct shape *s, struct prng *r)
{
	uint8_t p[8] = { 0x01, 0x00, 0x02, 0xff, 0xfd, 1, 2, 3 };
	unsigned c;

	for (c = DATA; c < NCLUSTERS; c++) {
		p[5] = (uint8_t)below(r, 256);
		stretch(w, c, p, 1);
	}
	/* As long as all of its clusters. */
	wb_u16(w, (uint16_t)((s->far ? FARSECT : 0) + NCLUSTERS - 1));
	wb_u8(w, 63);
	wb_bytes(w, p, sizeof(p));
}

static size_t
generate(uint8_t *data, size_t max, size_t lead, struct prng *r)
{
	struct shape s;
	struct wbuf w;
	size_t i;

	draw_shape(&s, r);
	wb_init(&w, data, max);
	for (i = 0; i < lead; i++)
		wb_u8(&w, (uint8_t)below(r, 256));
	header(&w, &s, r);
	tables(&w, &s, r);
	contents(&w, &s, r);
	return wb_bad(&w) ? max : w.len;
}

/* A later stretch goes over an earlier one. */
static size_t
overlay(uint8_t *data, size_t len, size_t max, struct prng *r)
{
	static const unsigned bits[] = { 63, 62, 61, 0 };
	uint64_t v = below(r, 2 * NCLUSTERS) * 512u;
	uint8_t p[8];
	struct wbuf w;

	if (below(r, 8) == 0)
		v += FAR * 512u;
	else if (below(r, 4) == 0)
		v = prng_next(r) >> below(r, 64);
	v |= 1ULL << bits[below(r, 4)];
	put(p, 8, v);
	wb_init(&w, data + len, max - len);
	stretch(&w, below(r, DATA), p, 1);
	return wb_bad(&w) ? len : len + w.len;
}

size_t
genimage_mutate(uint8_t *data, size_t len, size_t max, size_t lead,
    struct prng *r)
{
	switch (len < 100 ? 0 : below(r, 8)) {
	case 0:
		return generate(data, max, lead, r);
	case 1:
	case 2:
		return overlay(data, len, max, r);
	default:
		return genbytes_mutate(data, len, max, r);
	}
}
