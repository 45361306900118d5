#include "reseed.h"

#include "devconf.h"
#include "rings.h"

#define SECTORS		128		/* of the simulator's disk */
#define SEGMENT		4096		/* longest segment that is kept */
#define MAXSEGS		64
#define MAXDATA		64		/* of a chain; headers and lists */
#define DRIVER_OK	0x04

/* A chain that the device is walking. */
struct chain {
	int		 open;
	unsigned	 queue;
	uint8_t		 flags;
	uint8_t		 seg[MAXSEGS * TRACE_SEG_SIZE];
	uint64_t	 gpa[MAXSEGS];
	uint32_t	 len[MAXSEGS];	/* as recorded */
	unsigned	 n;
	uint8_t		 data[MAXDATA];
	size_t		 ndata;
};

struct reseed {
	struct wbuf	*w;
	struct rings	 rings;
	int		 blk;
	uint64_t	 ranges[8][2];
	unsigned	 nranges;
	int		 up;		/* DRIVER_OK was written */
	uint64_t	 seen;		/* queues with a size, a bit each */
	struct trace_rec held;		/* message not yet written */
	int		 holding;
	unsigned	 chains;	/* of the present message */
	size_t		 lastflags;	/* where flags of the last one lie */
	struct chain	 c;
};

static int
mapped(const struct reseed *s, uint64_t gpa, uint32_t len)
{
	unsigned i;

	for (i = 0; i < s->nranges; i++)
		if (gpa - s->ranges[i][0] < s->ranges[i][1] &&
		    len <= s->ranges[i][1] - (gpa - s->ranges[i][0]))
			return 1;
	return 0;
}

/* A sector on the real disk becomes one on the simulator's. */
static void
scale_sector(struct chain *c)
{
	uint64_t sector;

	if (c->ndata < 16)
		return;
	sector = le64_get(c->data + 8);
	if (sector >= SECTORS)
		le64_put(c->data + 8, sector % (SECTORS / 2));
}

/* Writes the chain that was walked. */
static void
finish_chain(struct reseed *s)
{
	struct chain *c = &s->c;
	struct trace_chain out = {
		.queue = (uint8_t)c->queue, .flags = c->flags,
		.ndata = (uint8_t)c->ndata, .data = c->data, .segs = c->seg,
		.nsegs = c->n
	};

	if (!c->open)
		return;
	c->open = 0;
	if (s->blk)
		scale_sector(c);
	s->lastflags = s->w->len + 4 + 1;
	s->chains++;
	trace_put_chain(s->w, &out);
}

static void
begin_chain(struct reseed *s, unsigned q)
{
	finish_chain(s);
	memset(&s->c, 0, sizeof(s->c));
	s->c.open = 1;
	s->c.queue = q;
}

static void
add_segment(struct reseed *s, const struct rings_desc *d)
{
	struct chain *c = &s->c;
	uint32_t len = d->len;
	uint8_t *seg;

	if (c->n == MAXSEGS)
		return;
	seg = c->seg + c->n * TRACE_SEG_SIZE;
	seg[0] = (d->flags & RINGS_WRITE) != 0 ? TRACE_SEG_WRITE : 0;
	seg[1] = 0;
	if (len > 0 && !mapped(s, d->addr, len))
		seg[0] |= TRACE_SEG_UNMAPPED;
	le16_put(seg + 2, (uint16_t)(len > SEGMENT ? SEGMENT : len));
	c->gpa[c->n] = d->addr;
	c->len[c->n] = len;
	c->n++;
}

static void
take_desc(struct reseed *s, const uint8_t *p)
{
	struct rings_desc d;

	rings_desc(p, &d);
	if ((d.flags & RINGS_INDIRECT) != 0) {
		s->c.flags |= s->c.n > 0 ?
		    TRACE_CHAIN_INDIRECT | TRACE_CHAIN_MIXED :
		    TRACE_CHAIN_INDIRECT;
		return;
	}
	add_segment(s, &d);
}

/* Bytes that the device read out of a readable segment: a header. */
static void
take_data(struct reseed *s, uint64_t gpa, const struct trace_blob *b)
{
	struct chain *c = &s->c;
	size_t at = 0, j, off;
	unsigned i;

	for (i = 0; i < c->n; at += c->len[i++])
		if ((c->seg[i * TRACE_SEG_SIZE] & TRACE_SEG_WRITE) == 0 &&
		    gpa - c->gpa[i] < c->len[i])
			break;
	if (i == c->n)
		return;
	off = at + (size_t)(gpa - c->gpa[i]);
	if (off > c->ndata)
		return;
	for (j = 0; j < b->kept && off + j < MAXDATA; j++)
		c->data[off + j] = b->p[j];
	if (off + j > c->ndata)
		c->ndata = off + j;
}

static void
take_load(struct reseed *s, const struct trace_rec *r)
{
	const struct trace_blob *b = &r->u.load.blob;
	const struct rings_queue *q;
	unsigned n, off, size;

	switch (rings_find(&s->rings, r->u.load.gpa, &n, &off)) {
	case AREA_AVAIL:
		q = &s->rings.q[n];
		size = q->size == 0 ? 256 : q->size;
		if (off >= 4 && off < 4 + 2 * size)
			begin_chain(s, n);
		break;
	case AREA_DESC:
	case AREA_TABLE:
		if (s->c.open && b->kept == 16)
			take_desc(s, b->p);
		break;
	case AREA_NONE:
		if (s->c.open)
			take_data(s, r->u.load.gpa, b);
		break;
	default:
		break;
	}
}

static void
put_setup(struct reseed *s, uint8_t flags)
{
	struct trace_setup t = {
		.flags = flags, .features = s->rings.features
	};
	unsigned i, size = s->rings.q[0].size;

	while (size > 1U << t.qlog && t.qlog < 15)
		t.qlog++;
	for (i = 0; i < 8; i++)
		if ((s->seen & 1ULL << i) != 0 && !s->rings.q[i].on)
			t.off |= (uint8_t)(1U << i);
	trace_put_setup(s->w, &t);
}

static int
is_kick(const struct viodev_msg *m)
{
	return m->type == VIODEV_KICK ||
	    (m->type == VIODEV_WRITE && m->space == VIODEV_NOTIFY);
}

/* The message is over: a kick rides on the last chain that it served. */
static void
finish_message(struct reseed *s)
{
	struct wbuf *w = s->w;

	finish_chain(s);
	if (s->chains > 0 && !wb_bad(w))
		w->p[s->lastflags] |= TRACE_CHAIN_KICK;
	else if (s->holding)
		trace_put_rec(w, &s->held);
	s->holding = 0;
	s->chains = 0;
}

/* Register writes on the way to DRIVER_OK are what a SETUP does. */
static void
take_common(struct reseed *s, const struct trace_rec *r)
{
	const struct viodev_msg *m = &r->u.msg;
	int reset;

	if (m->type != VIODEV_WRITE) {
		if (s->up)
			trace_put_rec(s->w, r);
		return;
	}
	reset = m->where == REG_STATUS && m->data == 0;
	if (s->rings.qsel < 64)
		s->seen |= 1ULL << s->rings.qsel;
	if (m->where == REG_STATUS && (m->data & DRIVER_OK) != 0 && !s->up) {
		put_setup(s, 0);
		s->up = 1;
	} else if (s->up) {
		trace_put_rec(s->w, r);
	}
	if (reset) {
		s->up = 0;
		s->seen = 0;
	}
}

static void
take_msg(struct reseed *s, const struct trace_rec *r)
{
	const struct viodev_msg *m = &r->u.msg;

	finish_message(s);
	if (m->space == VIODEV_COMMON && m->width != 0) {
		take_common(s, r);
	} else if (is_kick(m)) {
		s->held = *r;
		s->holding = 1;
	} else {
		trace_put_rec(s->w, r);
	}
}

/* The same list, with a disk that the simulator can hold. */
static void
take_conf(struct reseed *s, const struct trace_rec *r)
{
	char name[TRACE_MAXNAME + 1] = { 0 };
	uint8_t list[1024];
	const uint8_t *val;
	struct rbuf b;
	struct wbuf w;
	unsigned tag;
	size_t len;

	memcpy(name, r->u.conf.name, r->u.conf.namelen);
	s->blk = strcmp(name, "vioblk") == 0;
	wb_init(&w, list, sizeof(list));
	rb_init(&b, r->u.conf.list, r->u.conf.listlen);
	while (devconf_next(&b, &tag, &val, &len))
		if (tag == DEVCONF_CAPACITY && le64_get(val) > SECTORS)
			devconf_put_int(&w, tag, SECTORS);
		else if (tag != DEVCONF_VERSION)
			devconf_put_bytes(&w, tag, val, len);
	trace_put_conf(s->w, name, list, w.len);
}

int
reseed(struct trace_reader *t, struct wbuf *w)
{
	struct reseed s;
	struct trace_rec r;
	unsigned i;

	memset(&s, 0, sizeof(s));
	s.w = w;
	trace_put_header(w);
	while (trace_next(t, &r) == TRACE_OK) {
		if (r.type == TRACE_CONF) {
			take_conf(&s, &r);
		} else if (r.type == TRACE_MAP) {
			s.nranges = r.u.map.n;
			for (i = 0; i < r.u.map.n; i++)
				trace_map_range(&r, i, &s.ranges[i][0],
				    &s.ranges[i][1]);
		} else if (r.type == TRACE_MSG) {
			take_msg(&s, &r);
		} else if (r.type == TRACE_LOAD) {
			take_load(&s, &r);
		}
		rings_rec(&s.rings, &r);
	}
	finish_message(&s);
	if (!s.up && s.seen != 0)
		put_setup(&s, TRACE_SETUP_NODRVOK);
	return wb_bad(w) ? -1 : 0;
}
