#include "devconf.h"

static const struct {
	const char	*name;
	unsigned	 width;		/* 0: bytes */
	unsigned	 max;		/* longest string or bytes */
	unsigned	 min;		/* shortest bytes; 0: a string */
} tags[DEVCONF_NTAGS] = {
	[DEVCONF_VERSION] = { "version", 0, DEVCONF_MAXSTR, 0 },
	[DEVCONF_CAPACITY] = { "capacity", 8, 0, 0 },
	[DEVCONF_READONLY] = { "readonly", 1, 0, 0 },
	[DEVCONF_SERIAL] = { "serial", 0, 30, 0 },
	[DEVCONF_BLKSIZE] = { "blksize", 4, 0, 0 },
	[DEVCONF_PHYSEXP] = { "physexp", 1, 0, 0 },
	[DEVCONF_NQUEUES] = { "nqueues", 2, 0, 0 },
	[DEVCONF_QSIZE] = { "qsize", 2, 0, 0 },
	[DEVCONF_FEATURES] = { "features", 8, 0, 0 },
	[DEVCONF_MAC] = { "mac", 0, 6, 6 },
	[DEVCONF_MTU] = { "mtu", 2, 0, 0 },
	[DEVCONF_LOCKED] = { "locked", 1, 0, 0 },
	[DEVCONF_OFFLOAD] = { "offload", 1, 0, 0 },
	[DEVCONF_LINK] = { "link", 1, 0, 0 },
	[DEVCONF_ANNOUNCE] = { "announce", 1, 0, 0 },
	[DEVCONF_HOSTMAC] = { "hostmac", 0, 6, 6 },
	[DEVCONF_GUESTADDR] = { "guestaddr", 4, 0, 0 },
	[DEVCONF_HOSTADDR] = { "hostaddr", 4, 0, 0 },
	[DEVCONF_NETMASK] = { "netmask", 4, 0, 0 },
	[DEVCONF_NETBOOT] = { "netboot", 1, 0, 0 },
	[DEVCONF_HOSTNAME] = { "hostname", 0, DEVCONF_MAXSTR, 0 },
	[DEVCONF_UNIT] = { "unit", 4, 0, 0 },
	[DEVCONF_KIND] = { "kind", 1, 0, 0 },
	[DEVCONF_LOWMEM] = { "lowmem", 8, 0, 0 },
	[DEVCONF_HIGHMEM] = { "highmem", 8, 0, 0 },
	[DEVCONF_NCPUS] = { "ncpus", 2, 0, 0 },
	[DEVCONF_BOOTORDER] = { "bootorder", 2, 0, 0 },
	[DEVCONF_FILE] = { "file", 0, 55, 0 },
	[DEVCONF_PCIID] = { "pciid", 0, 16, 16 },
	[DEVCONF_PCICAPS] = { "pcicaps", 0, DEVCONF_MAXBYTES, 1 },
	[DEVCONF_LENGTH] = { "length", 8, 0, 0 },
	[DEVCONF_DEBUGPORT] = { "debugport", 1, 0, 0 },
};

const char *
devconf_name(unsigned tag)
{
	return tag < DEVCONF_NTAGS ? tags[tag].name : NULL;
}

unsigned
devconf_width(unsigned tag)
{
	return tag < DEVCONF_NTAGS ? tags[tag].width : 0;
}

int
devconf_is_bytes(unsigned tag)
{
	return tag < DEVCONF_NTAGS && tags[tag].min != 0;
}

int
devconf_next(struct rbuf *r, unsigned *tag, const uint8_t **val, size_t *len)
{
	if (rb_left(r) == 0)
		return 0;
	*tag = rb_u16(r);
	*len = rb_u16(r);
	*val = rb_take(r, *len);
	return !rb_bad(r);
}

static const char *
entry_fault(unsigned tag, size_t len, uint64_t *seen)
{
	if (devconf_name(tag) == NULL)
		return "unknown tag";
	if (tag == DEVCONF_UNIT)
		*seen = 0;
	if (*seen & 1ULL << tag)
		return "tag given twice";
	*seen |= 1ULL << tag;
	if (tags[tag].width != 0)
		return len == tags[tag].width ? NULL : "wrong length";
	if (len > tags[tag].max || len < tags[tag].min)
		return "wrong length";
	return NULL;
}

int
devconf_check(const struct devconf *c, size_t *off, const char **why)
{
	const uint8_t *val;
	struct rbuf r;
	uint64_t seen = 0;
	unsigned tag;
	size_t len;

	rb_init(&r, c->p, c->len);
	for (;;) {
		*off = c->len - rb_left(&r);
		if (!devconf_next(&r, &tag, &val, &len))
			break;
		if ((*why = entry_fault(tag, len, &seen)) != NULL)
			return -1;
	}
	if (rb_bad(&r)) {
		*why = "cut short";
		return -1;
	}
	return 0;
}

/* A list is walked for each value of an attach: no reader, no calls. */
const uint8_t *
devconf_bytes(const struct devconf *c, unsigned want, size_t *len)
{
	const uint8_t *p = c->p;
	size_t left = c->len;
	uint32_t head;			/* tag, length */

	while (left >= 4) {
		head = le32_get(p);
		p += 4;
		left -= 4;
		*len = head >> 16;
		if (*len > left)
			return NULL;
		if ((head & 0xffff) == want)
			return p;
		p += *len;
		left -= *len;
	}
	return NULL;
}

int
devconf_has(const struct devconf *c, unsigned tag)
{
	size_t len;

	return devconf_bytes(c, tag, &len) != NULL;
}

uint64_t
devconf_int(const struct devconf *c, unsigned tag, uint64_t def)
{
	const uint8_t *val;
	size_t len;

	val = devconf_bytes(c, tag, &len);
	if (val == NULL || len != devconf_width(tag))
		return def;
	return devconf_value(val, len);
}

uint64_t
devconf_value(const uint8_t *val, size_t len)
{
	uint64_t v = 0;
	size_t i;

	if (len == 8)
		return le64_get(val);
	if (len == 4)
		return le32_get(val);
	for (i = 0; i < len && i < 8; i++)
		v |= (uint64_t)val[i] << (8 * i);
	return v;
}

int
devconf_next_unit(struct devconf *rest, struct devconf *u)
{
	const uint8_t *p, *end;
	size_t len;

	p = devconf_bytes(rest, DEVCONF_UNIT, &len);
	if (p == NULL)
		return -1;
	end = rest->p + rest->len;
	u->p = p - 4;
	rest->p = p + len;
	rest->len = (size_t)(end - rest->p);
	p = devconf_bytes(rest, DEVCONF_UNIT, &len);
	rest->p = p != NULL ? p - 4 : end;
	rest->len = (size_t)(end - rest->p);
	u->len = (size_t)(rest->p - u->p);
	return 0;
}

void
devconf_put_bytes(struct wbuf *w, unsigned tag, const void *p, size_t len)
{
	wb_u16(w, tag);
	wb_u16(w, len);
	wb_bytes(w, p, len);
}

void
devconf_put_int(struct wbuf *w, unsigned tag, uint64_t v)
{
	uint8_t b[8];

	le64_put(b, v);
	devconf_put_bytes(w, tag, b, devconf_width(tag));
}
