/* Comments in texts: what a number or a payload means. */
#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "dev.h"
#include "text_scsi.h"

struct hint {
	char	*p;
	size_t	 n, cap;
};

struct bit {
	unsigned	 bit;
	const char	*name;
};

static const struct bit status_bits[] = {
	{ 0, "ACKNOWLEDGE" }, { 1, "DRIVER" }, { 3, "FEATURES_OK" },
	{ 2, "DRIVER_OK" }, { 6, "NEEDS_RESET" }, { 7, "FAILED" }, { 0, NULL }
};
static const struct bit common_bits[] = {
	{ 27, "ANY_LAYOUT" }, { 28, "INDIRECT_DESC" }, { 29, "EVENT_IDX" },
	{ 32, "VERSION_1" }, { 33, "ACCESS_PLATFORM" }, { 34, "RING_PACKED" },
	{ 35, "IN_ORDER" }, { 36, "ORDER_PLATFORM" }, { 40, "RING_RESET" },
	{ 0, NULL }
};
static const struct bit blk_bits[] = {
	{ 1, "SIZE_MAX" }, { 2, "SEG_MAX" }, { 4, "GEOMETRY" }, { 5, "RO" },
	{ 6, "BLK_SIZE" }, { 9, "FLUSH" }, { 10, "TOPOLOGY" },
	{ 11, "CONFIG_WCE" }, { 12, "MQ" }, { 13, "DISCARD" },
	{ 14, "WRITE_ZEROES" }, { 16, "SECURE_ERASE" }, { 0, NULL }
};

static const struct bit scsi_bits[] = {
	{ 0, "INOUT" }, { 1, "HOTPLUG" }, { 2, "CHANGE" }, { 3, "T10_PI" },
	{ 0, NULL }
};

static const struct bit net_bits[] = {
	{ 0, "CSUM" }, { 1, "GUEST_CSUM" }, { 3, "MTU" }, { 5, "MAC" },
	{ 15, "MRG_RXBUF" }, { 16, "STATUS" }, { 17, "CTRL_VQ" },
	{ 18, "CTRL_RX" }, { 19, "CTRL_VLAN" }, { 20, "CTRL_RX_EXTRA" },
	{ 21, "GUEST_ANNOUNCE" }, { 22, "MQ" }, { 23, "CTRL_MAC_ADDR" },
	{ 0, NULL }
};

static void __attribute__((format(printf, 2, 3)))
add(struct hint *h, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(h->p + h->n, h->cap - h->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		h->n += (size_t)n < h->cap - h->n ? (size_t)n :
		    h->cap - h->n - 1;
}

static uint64_t
add_bits(struct hint *h, const struct bit *b, uint64_t v)
{
	for (; b->name != NULL; b++)
		if (v & 1ULL << b->bit) {
			add(h, "%s%s", h->n > 0 ? " " : "", b->name);
			v &= ~(1ULL << b->bit);
		}
	return v;
}

static int
is_blk(const struct text_out *o)
{
	return strcmp(o->kind, "vioblk") == 0;
}

static int
is_scsi(const struct text_out *o)
{
	return strcmp(o->kind, "vioscsi") == 0;
}

static int
is_net(const struct text_out *o)
{
	return strcmp(o->kind, "vionet") == 0;
}

static void
features(struct hint *h, const struct text_out *o, uint64_t v)
{
	if (is_blk(o))
		v = add_bits(h, blk_bits, v);
	else if (is_scsi(o))
		v = add_bits(h, scsi_bits, v);
	else if (is_net(o))
		v = add_bits(h, net_bits, v);
	v = add_bits(h, common_bits, v);
	if (v != 0)
		add(h, "%sand 0x%" PRIx64, h->n > 0 ? " " : "", v);
}

static void
status(struct hint *h, uint64_t v)
{
	if (v == 0)
		add(h, "reset");
	else
		add_bits(h, status_bits, v & 0xff);
}

static uint64_t
window(uint64_t v, uint32_t sel)
{
	return sel == 1 ? v << 32 : sel == 0 ? v & 0xffffffff : 0;
}

/* A value of a common register, written or answered. */
static void
common(struct hint *h, const struct text_out *o, uint32_t where, uint64_t v)
{
	if (where == REG_STATUS)
		status(h, v);
	else if (where == REG_DEV_FEATURE)
		features(h, o, window(v, o->rings.dev_sel));
	else if (where == REG_DRV_FEATURE)
		features(h, o, window(v, o->rings.drv_sel));
	else if (where >= REG_QSIZE)
		add(h, "queue %u", o->rings.qsel);
}

static const char *
request_name(uint32_t type)
{
	switch (type) {
	case 0:
		return "IN";
	case 1:
		return "OUT";
	case 4:
		return "FLUSH";
	case 8:
		return "GET_ID";
	case 11:
		return "DISCARD";
	case 13:
		return "WRITE_ZEROES";
	default:
		return NULL;
	}
}

/* The header of a block request: virtio 1.3, 5.2.6. */
static void
request(struct hint *h, const uint8_t *p)
{
	uint32_t type = le32_get(p);
	const char *name = request_name(type);

	if (name == NULL)
		add(h, "request type %u", type);
	else if (type <= 1)
		add(h, "%s sector %" PRIu64, name, le64_get(p + 8));
	else
		add(h, "%s", name);
}

static void
desc(struct hint *h, const uint8_t *p)
{
	struct rings_desc d;

	rings_desc(p, &d);
	add(h, ": %u bytes at 0x%" PRIx64, d.len, d.addr);
	if (d.flags & RINGS_WRITE)
		add(h, ", writable");
	if (d.flags & RINGS_INDIRECT)
		add(h, ", table");
	if (d.flags & RINGS_NEXT)
		add(h, ", next %u", d.next);
}

static unsigned
size_of(const struct rings_queue *q)
{
	return q->size == 0 ? 256 : q->size;
}

static void
avail(struct hint *h, const struct rings_queue *q, unsigned off,
    const struct trace_blob *b)
{
	unsigned v = b->kept >= 2 ? le16_get(b->p) : 0;

	if (off == 0)
		add(h, "avail flags %u", v);
	else if (off == 2)
		add(h, "avail index %u", v);
	else if (off == 4 + 2 * size_of(q))
		add(h, "used event %u", v);
	else
		add(h, "avail entry %u: head %u", (off - 4) / 2, v);
}

static void
used(struct hint *h, const struct rings_queue *q, unsigned off,
    const struct trace_blob *b)
{
	unsigned v = b->kept >= 2 ? le16_get(b->p) : 0;

	if (off == 0)
		add(h, "used flags %u", v);
	else if (off == 2)
		add(h, "used index %u", v);
	else if (off == 4 + 8 * size_of(q))
		add(h, "avail event %u", v);
	else {
		add(h, "used entry %u", (off - 4) / 8);
		if (b->kept >= 8)
			add(h, ": head %u, %u bytes", le32_get(b->p),
			    le32_get(b->p + 4));
	}
}

/* Bytes in guest memory; 0 when they belong to no ring. */
static int
ring(struct hint *h, const struct text_out *o, uint64_t gpa,
    const struct trace_blob *b)
{
	unsigned q, off;
	enum rings_area a = rings_find(&o->rings, gpa, &q, &off);

	if (a == AREA_NONE)
		return 0;
	if (a == AREA_TABLE) {
		add(h, "table entry %u", off / 16);
	} else {
		add(h, "queue %u ", q);
		if (a == AREA_DESC)
			add(h, "descriptor %u", off / 16);
	}
	if (a == AREA_AVAIL)
		avail(h, &o->rings.q[q], off, b);
	else if (a == AREA_USED)
		used(h, &o->rings.q[q], off, b);
	else if (b->kept >= 16)
		desc(h, b->p);
	return 1;
}

/* A frame of the host or for it. */
static void
frame(struct hint *h, const struct text_out *o, const uint8_t *p, size_t len)
{
	char line[256];

	if (!is_net(o) || o->frame == NULL || len < o->skip + 14)
		return;
	add(h, "%s", o->frame(line, sizeof(line), p + o->skip,
	    len - o->skip));
}

/* The header that a driver puts in front of a frame, or finds there. */
static void
header(struct hint *h, const struct text_out *o, const struct trace_blob *b)
{
	if (!is_net(o) || b->total != 12 || b->kept != 12)
		return;
	add(h, "header");
	if (b->p[0] & 1)
		add(h, ", checksum of %u.. at +%u", le16_get(b->p + 6),
		    le16_get(b->p + 8));
	if (b->p[0] & 2)
		add(h, ", checksum valid");
	if (b->p[1] != 0)
		add(h, ", segmented %u", b->p[1]);
	if (le16_get(b->p + 10) > 1)
		add(h, ", %u buffers", le16_get(b->p + 10));
}

/* Class and number of a control command. */
static void
command(struct hint *h, const struct text_out *o, const struct trace_blob *b)
{
	static const char *const rx[] = {
		"promiscuous", "all multicast", "all unicast",
		"no multicast", "no unicast", "no broadcast"
	};
	unsigned class, n;

	if (!is_net(o) || b->total != 2 || b->kept != 2)
		return;
	class = b->p[0];
	n = b->p[1];
	if (class == 0 && n < 6)
		add(h, "command: %s", rx[n]);
	else if (class == 1 && n < 2)
		add(h, "command: %s", n == 0 ? "MAC tables" : "MAC address");
	else if (class == 2 && n < 2)
		add(h, "command: VLAN %s", n == 0 ? "add" : "delete");
	else if (class == 3 && n == 0)
		add(h, "command: announced");
	else if (class == 4 && n == 0)
		add(h, "command: queue pairs");
	else
		add(h, "command %u of class %u", n, class);
}

static void
expectation(struct hint *h, const struct text_out *o,
    const struct trace_rec *r)
{
	const struct trace_blob *b = &r->u.expect.blob;
	const struct viodev_msg *m = &o->rings.last;

	if (r->u.expect.kind == TRACE_REPLY) {
		if (m->space == VIODEV_COMMON && m->type == VIODEV_READ)
			common(h, o, m->where, r->u.expect.val);
	} else if (r->u.expect.kind == TRACE_STORE) {
		if (ring(h, o, r->u.expect.val, b))
			return;
		header(h, o, b);
		if (is_scsi(o) && r->u.expect.arg == 0 && b->kept == b->total)
			text_scsi_store(h->p, h->cap, b->p, b->kept);
		else if (is_blk(o) && b->kept == 1 && b->p[0] < 3)
			add(h, "status %s", b->p[0] == 0 ? "OK" :
			    b->p[0] == 1 ? "IOERR" : "UNSUPP");
	} else if (r->u.expect.kind == TRACE_TX) {
		frame(h, o, b->p, b->kept);
	} else if (r->u.expect.kind == TRACE_BLK &&
	    (r->u.expect.arg & 0xff) != BLK_FLUSH &&
	    r->u.expect.val % 512 == 0) {
		add(h, "sector %" PRIu64, r->u.expect.val / 512);
	}
}

void
text_hint(char *buf, size_t cap, const struct text_out *o,
    const struct trace_rec *r)
{
	struct hint h = { buf, 0, cap };

	buf[0] = '\0';
	switch (r->type) {
	case TRACE_MSG:
		if (r->u.msg.type == VIODEV_WRITE &&
		    r->u.msg.space == VIODEV_COMMON)
			common(&h, o, r->u.msg.where, r->u.msg.data);
		else if (r->u.msg.type == VIODEV_INPUT)
			frame(&h, o, r->u.msg.payload, r->u.msg.len);
		else if (r->u.msg.type == VIODEV_COMMAND &&
		    viodev_command_name(r->u.msg.where) != NULL)
			add(&h, "%s", viodev_command_name(r->u.msg.where));
		break;
	case TRACE_LOAD:
		if (ring(&h, o, r->u.load.gpa, &r->u.load.blob))
			break;
		header(&h, o, &r->u.load.blob);
		command(&h, o, &r->u.load.blob);
		if (is_scsi(o))
			text_scsi_load(buf, cap, r->u.load.blob.p,
			    r->u.load.blob.kept);
		else if (is_blk(o) && r->u.load.blob.total == 16 &&
		    r->u.load.blob.kept == 16)
			request(&h, r->u.load.blob.p);
		break;
	case TRACE_EXPECT:
		expectation(&h, o, r);
		break;
	case TRACE_SETUP:
		features(&h, o, r->u.setup.features);
		break;
	case TRACE_CHAIN:
		if (is_scsi(o))
			text_scsi_chain(buf, cap, r->u.chain.queue,
			    r->u.chain.data, r->u.chain.ndata);
		else if (is_blk(o) && r->u.chain.ndata >= 16)
			request(&h, r->u.chain.data);
		break;
	}
}
