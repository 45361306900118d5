#include "pci.h"

#define STATE_VERSION	1
#define ENABLE		0x80000000U
#define ADDRESS_KEPT	0x80fffffcU

/* Offsets of the header. */
#define H_COMMAND	0x04
#define H_STATUS	0x06
#define H_REVISION	0x08
#define H_CACHE_LINE	0x0c
#define H_LATENCY	0x0d
#define H_BAR		0x10
#define H_SUBSYSTEM	0x2c
#define H_CAPS		0x34
#define H_LINE		0x3c
#define H_PIN		0x3d

#define CMD_IO		0x0001
#define CMD_MEM		0x0002
#define CMD_MASTER	0x0004
#define CMD_NO_INTX	0x0400
#define CMD_KEPT	0x0547		/* and parity, SERR */
#define STATUS_INTX	0x0008
#define STATUS_CAPS	0x0010

/* virtio's PCI_CFG capability: offsets from its start. */
#define CAP_VENDOR	0x09
#define CAP_PCI_CFG	5
#define W_TYPE		3
#define W_BAR		4
#define W_OFFSET	8
#define W_LENGTH	12
#define W_DATA		16U
#define W_SIZE		20U

struct slot {
	struct pci_id	id;
	uint16_t	command;
	uint8_t		cache_line;
	uint8_t		latency;
	uint8_t		line;		/* number, or 0 */
	uint8_t		level;
	uint8_t		window;		/* offset of PCI_CFG, or 0 */
	uint8_t		ncaps;		/* bytes of caps */
	uint32_t	bar;		/* address, without flags */
	uint32_t	home;		/* the one after a reset */
	uint8_t		caps[DEVCONF_MAXBYTES];
};

struct pci {
	struct dev	dev;
	uint32_t	address;
	uint32_t	next_io, next_mem;
	uint8_t		nslots;
	uint8_t		nlines;
	struct slot	slot[PCI_SLOTS];
};

static const uint8_t pool[] = { 3, 5, 6, 7, 9, 10, 11, 12, 14, 15 };

void
pci_id_put(uint8_t b[PCI_ID_SIZE], const struct pci_id *id)
{
	le16_put(b, id->vendor);
	le16_put(b + 2, id->device);
	le16_put(b + 4, id->subvendor);
	le16_put(b + 6, id->subdevice);
	b[8] = id->class;
	b[9] = id->subclass;
	b[10] = id->interface;
	b[11] = id->revision;
	b[12] = id->wants_line;
	b[13] = id->bar;
	b[14] = id->bar_log;
	b[15] = id->reserved;
}

static void
id_get(struct pci_id *id, const uint8_t *b)
{
	id->vendor = le16_get(b);
	id->device = le16_get(b + 2);
	id->subvendor = le16_get(b + 4);
	id->subdevice = le16_get(b + 6);
	id->class = b[8];
	id->subclass = b[9];
	id->interface = b[10];
	id->revision = b[11];
	id->wants_line = b[12];
	id->bar = b[13];
	id->bar_log = b[14];
	id->reserved = b[15];
}

static const struct pci *
of_dev(const struct dev *d)
{
	return (const struct pci *)d;
}

static uint32_t
bar_size(const struct slot *s)
{
	return s->id.bar == PCI_BAR_NONE ? 0 : 1U << s->id.bar_log;
}

/* The PCI_CFG capability of a slot that has one. */
static const uint8_t *
window_of(const struct slot *s)
{
	return s->caps + (s->window - PCI_CAPS);
}

/* ------------------------------------------------------ the registers */

/* A dword of the header or of the capabilities. */
static uint32_t
get_dword(const struct slot *s, unsigned reg)
{
	const struct pci_id *id = &s->id;
	uint32_t status = (s->level ? STATUS_INTX : 0) |
	    (s->ncaps > 0 ? STATUS_CAPS : 0);

	if (reg >= PCI_CAPS)
		return reg - PCI_CAPS + 4U <= s->ncaps ?
		    le32_get(s->caps + (reg - PCI_CAPS)) : 0;
	switch (reg) {
	case 0:
		return id->vendor | (uint32_t)id->device << 16;
	case H_COMMAND:
		return s->command | status << 16;
	case H_REVISION:
		return id->revision | (uint32_t)id->interface << 8 |
		    (uint32_t)id->subclass << 16 | (uint32_t)id->class << 24;
	case H_CACHE_LINE:
		return s->cache_line | (uint32_t)s->latency << 8;
	case H_BAR:
		return s->bar | (s->id.bar == PCI_BAR_IO);
	case H_SUBSYSTEM:
		return id->subvendor | (uint32_t)id->subdevice << 16;
	case H_CAPS:
		return s->ncaps > 0 ? PCI_CAPS : 0;
	case H_LINE:
		return s->line | (s->line != 0) << 8;
	default:
		return 0;
	}
}

static uint32_t
read_cfg(const struct slot *s, unsigned reg, unsigned width)
{
	uint32_t v = get_dword(s, reg & ~3U) >> (8 * (reg & 3));

	return width == 4 ? v : v & ((1U << (8 * width)) - 1);
}

/* Which bits of a dword the guest may change. */
static uint32_t
kept(const struct slot *s, unsigned reg)
{
	switch (reg) {
	case H_COMMAND:
		return CMD_KEPT;
	case H_CACHE_LINE:
		return 0xffff;
	case H_BAR:
		return s->id.bar == PCI_BAR_NONE ? 0 : ~(bar_size(s) - 1);
	}
	if (s->window == 0 || reg < s->window || reg >= s->window + W_SIZE)
		return 0;
	reg -= s->window;
	return reg == 0 || reg == W_DATA ? 0 : reg == W_BAR ? 0xff : UINT32_MAX;
}

/* Sets what kept() has; the rest of a register stays. */
static void
put_dword(struct slot *s, unsigned reg, uint32_t v)
{
	uint8_t *cap;

	switch (reg) {
	case H_COMMAND:
		s->command = (uint16_t)v;
		break;
	case H_CACHE_LINE:
		s->cache_line = (uint8_t)v;
		s->latency = (uint8_t)(v >> 8);
		break;
	case H_BAR:
		s->bar = v;
		break;
	default:
		cap = s->caps + (reg - PCI_CAPS);
		le32_put(cap, (le32_get(cap) & ~kept(s, reg)) | v);
		break;
	}
}

static void
write_cfg(struct slot *s, unsigned reg, unsigned width, uint32_t v)
{
	unsigned shift = 8 * (reg & 3);
	uint32_t ones = width == 4 ? UINT32_MAX : (1U << (8 * width)) - 1;
	uint32_t mask, was;

	reg &= ~3U;
	mask = kept(s, reg);
	was = get_dword(s, reg) & mask;
	mask &= ones << shift;
	if (mask != 0)
		put_dword(s, reg, (was & ~mask) | (v << shift & mask));
}

/* The slot that a configuration address names, or NULL. */
static struct slot *
slot_at(struct pci *p, uint32_t where, unsigned width)
{
	unsigned n = where >> 11 & 31;

	if (where >> 16 != 0 || (where >> 8 & 7) != 0 || n >= p->nslots ||
	    width > 4 || (where & 3) + width > 4)
		return NULL;
	return &p->slot[n];
}

/* ---------------------------------------------------------- mechanism #1 */

/* The configuration address of an access to the data port, or all ones. */
static uint32_t
addressed(const struct pci *p, uint32_t port)
{
	if ((p->address & ENABLE) == 0)
		return UINT32_MAX;
	return (p->address & ~ENABLE) + (port & 3);
}

static uint64_t
read_at(struct pci *p, uint32_t where, unsigned width)
{
	const struct slot *s = slot_at(p, where, width);

	if (s == NULL)
		return UINT64_MAX >> (64 - 8 * width);
	return read_cfg(s, where & 0xff, width);
}

static void
write_at(struct pci *p, uint32_t where, unsigned width, uint64_t v)
{
	struct slot *s = slot_at(p, where, width);

	if (s != NULL)
		write_cfg(s, where & 0xff, width, (uint32_t)v);
}

static uint64_t
read_port(struct pci *p, uint32_t port, unsigned width)
{
	if (port == PCI_ADDRESS && width == 4)
		return p->address;
	if ((port & ~3U) == PCI_DATA)
		return read_at(p, addressed(p, port), width);
	return UINT64_MAX >> (64 - 8 * width);
}

static void
write_port(struct pci *p, uint32_t port, unsigned width, uint64_t v)
{
	if (port == PCI_ADDRESS && width == 4)
		p->address = (uint32_t)v & ADDRESS_KEPT;
	else if ((port & ~3U) == PCI_DATA)
		write_at(p, addressed(p, port), width, v);
}

/* ------------------------------------------------------------ the devices */

/* Offset of the PCI_CFG capability in a list, or 0.  The list is bounded. */
static unsigned
find_window(const struct slot *s)
{
	unsigned at = PCI_CAPS, n, off;

	for (n = 0; n < DEVCONF_MAXBYTES / 4 && at >= PCI_CAPS; n++) {
		off = at - PCI_CAPS;
		if ((at & 3) != 0 || off + W_SIZE > s->ncaps)
			break;
		if (s->caps[off] == CAP_VENDOR &&
		    s->caps[off + W_TYPE] == CAP_PCI_CFG)
			return at;
		at = s->caps[off + 1];
	}
	return 0;
}

static void
reset_slot(struct slot *s)
{
	s->command = s->id.bar == PCI_BAR_IO ? CMD_IO | CMD_MASTER :
	    s->id.bar == PCI_BAR_MEM ? CMD_MEM | CMD_MASTER : 0;
	s->cache_line = 0;
	s->latency = 0;
	s->bar = s->home;
	if (s->window != 0) {
		s->caps[s->window - PCI_CAPS + W_BAR] = 0;
		memset(s->caps + (s->window - PCI_CAPS + W_OFFSET), 0,
		    W_DATA - W_OFFSET);
	}
}

/* The next address for a BAR of that size, aligned to it; 0 when none. */
static uint32_t
take_address(uint32_t *next, uint32_t size, uint32_t step, uint32_t last)
{
	uint32_t at = (*next + size - 1) & ~(size - 1);

	if (at < *next || at > last || size - 1 > last - at)
		return 0;
	*next = at + (size > step ? size : step);
	return at;
}

static const char *
place(struct pci *p, struct slot *s)
{
	const struct pci_id *id = &s->id;

	if (id->bar >= PCI_NBARS || id->wants_line > 1 || id->reserved != 0)
		return "its identity is none";
	if (id->bar != PCI_BAR_NONE && (id->bar_log < 4 || id->bar_log > 20 ||
	    (id->bar == PCI_BAR_IO && id->bar_log > 12)))
		return "its BAR has no possible size";
	if (id->wants_line && p->nlines == sizeof(pool))
		return "no interrupt line is left";
	if (id->bar == PCI_BAR_IO)
		s->home = take_address(&p->next_io, bar_size(s), PCI_IO_STEP,
		    0xffff);
	else if (id->bar == PCI_BAR_MEM)
		s->home = take_address(&p->next_mem, bar_size(s),
		    PCI_MEM_STEP, 0xffbfffff);
	if (id->bar != PCI_BAR_NONE && s->home == 0)
		return "no room is left for its BAR";
	if (id->wants_line)
		s->line = pool[p->nlines++];
	return NULL;
}

static const char *
plug(struct pci *p, const struct devconf *c)
{
	const uint8_t *v;
	struct slot s;
	const char *why;
	size_t len, bad;

	if (devconf_check(c, &bad, &why) == -1)
		return why;
	if (p->nslots == PCI_SLOTS)
		return "no slot is left";
	if ((v = devconf_bytes(c, DEVCONF_PCIID, &len)) == NULL)
		return "it has no identity";
	memset(&s, 0, sizeof(s));
	id_get(&s.id, v);
	if ((v = devconf_bytes(c, DEVCONF_PCICAPS, &len)) != NULL) {
		memcpy(s.caps, v, len);
		s.ncaps = (uint8_t)len;
	}
	if ((why = place(p, &s)) != NULL)
		return why;
	s.window = (uint8_t)find_window(&s);
	reset_slot(&s);
	p->slot[p->nslots++] = s;
	return NULL;
}

static int
pci_attach(struct dev *d, const struct devconf *conf)
{
	static const struct pci_id bridge = {
		.vendor = 0x0b5d, .device = 0x0666, .subvendor = 0x0b5d,
		.class = 0x06
	};
	struct pci *p = (struct pci *)d;

	(void)conf;
	p->next_io = PCI_IO_FIRST;
	p->next_mem = PCI_MEM_FIRST;
	p->nslots = 1;
	p->slot[0].id = bridge;
	return 0;
}

static void
pci_detach(struct dev *d)
{
	(void)d;
}

static void
reset(struct pci *p)
{
	unsigned i;

	p->address = 0;
	for (i = 0; i < p->nslots; i++)
		reset_slot(&p->slot[i]);
}

static void
config(struct pci *p, const struct viodev_msg *m)
{
	struct devconf c = { m->payload, m->len };
	const char *why = plug(p, &c);

	if (why != NULL)
		dev_log(&p->dev, HLOG_WARN, "a device is refused: %s", why);
}

static void
reg_access(struct pci *p, struct viodev_msg *m)
{
	int port = m->space == VIODEV_PORT, cfg = m->space == VIODEV_PCICFG;

	if (m->type == VIODEV_WRITE && port)
		write_port(p, m->where, m->width, m->data);
	else if (m->type == VIODEV_WRITE && cfg)
		write_at(p, m->where, m->width, m->data);
	else if (m->type == VIODEV_READ && cfg)
		m->data = read_at(p, m->where, m->width);
	else if (m->type == VIODEV_READ)
		m->data = read_port(p, port ? m->where : 0, m->width);
}

static void
pci_msg(struct dev *d, struct viodev_msg *m)
{
	struct pci *p = (struct pci *)d;

	switch (m->type) {
	case VIODEV_READ:
	case VIODEV_WRITE:
		reg_access(p, m);
		break;
	case VIODEV_LINE:
		if (m->where < p->nslots && p->slot[m->where].line != 0)
			p->slot[m->where].level = m->data != 0;
		break;
	case VIODEV_CONFIG:
		config(p, m);
		break;
	case VIODEV_RESET:
		reset(p);
		break;
	default:
		break;
	}
}

/* -------------------------------------------------------- for the board */

unsigned
pci_slots(const struct dev *d)
{
	return of_dev(d)->nslots;
}

int
pci_line(const struct dev *d, unsigned slot)
{
	const struct pci *p = of_dev(d);

	if (slot >= p->nslots || p->slot[slot].line == 0)
		return -1;
	return p->slot[slot].line;
}

int
pci_intx(const struct dev *d, unsigned slot)
{
	const struct pci *p = of_dev(d);

	return slot < p->nslots && p->slot[slot].level &&
	    (p->slot[slot].command & CMD_NO_INTX) == 0;
}

int
pci_find(const struct dev *d, enum pci_bar kind, uint64_t where,
    unsigned width, struct pci_hit *hit)
{
	uint16_t need = kind == PCI_BAR_IO ? CMD_IO : CMD_MEM;
	const struct pci *p = of_dev(d);
	const struct slot *s;
	unsigned i;

	for (i = 1; i < p->nslots; i++) {
		s = &p->slot[i];
		if (s->id.bar != kind || (s->command & need) == 0 ||
		    where < s->bar || where - s->bar > bar_size(s) - width)
			continue;
		hit->slot = i;
		hit->off = (uint32_t)(where - s->bar);
		hit->width = width;
		return 1;
	}
	return 0;
}

int
pci_window(const struct dev *d, uint32_t port, unsigned width,
    struct pci_hit *hit)
{
	const struct pci *p = of_dev(d);
	uint32_t where = addressed(p, port), len;
	const struct slot *s;
	const uint8_t *w;

	if ((port & ~3U) != PCI_DATA || (where & 3) + width > 4 ||
	    where >> 16 != 0 || (where >> 8 & 7) != 0 ||
	    (where >> 11 & 31) >= p->nslots)
		return 0;
	s = &p->slot[where >> 11 & 31];
	if (s->window == 0 || (where & 0xff) != s->window + W_DATA)
		return 0;
	w = window_of(s);
	len = le32_get(w + W_LENGTH);
	hit->slot = where >> 11 & 31;
	hit->off = le32_get(w + W_OFFSET);
	hit->width = len;
	return w[W_BAR] == 0 && (len == 1 || len == 2 || len == 4) &&
	    hit->off % len == 0 && hit->off < bar_size(s);
}

/* -------------------------------------------------------------- state */

/* What a guest can change; the slots themselves are there before a load. */
static void
pci_save(const struct dev *d, struct wbuf *w)
{
	const struct pci *p = of_dev(d);
	const struct slot *s;
	unsigned i;

	wb_u16(w, STATE_VERSION);
	wb_u32(w, p->address);
	wb_u8(w, p->nslots);
	for (i = 0; i < p->nslots; i++) {
		s = &p->slot[i];
		wb_u16(w, s->command);
		wb_u8(w, s->cache_line);
		wb_u8(w, s->latency);
		wb_u8(w, s->level);
		wb_u32(w, s->bar);
		if (s->window == 0)
			continue;
		wb_u8(w, window_of(s)[W_BAR]);
		wb_bytes(w, window_of(s) + W_OFFSET, W_DATA - W_OFFSET);
	}
}

static const char *
check_slot(const struct slot *s)
{
	if ((s->command & ~CMD_KEPT) != 0)
		return "command bit that does not exist";
	if (s->id.bar == PCI_BAR_NONE ? s->bar != 0 :
	    (s->bar & (bar_size(s) - 1)) != 0)
		return "BAR is not aligned to its size";
	if (s->level > 1 || (s->level && s->line == 0))
		return "level without a line";
	return NULL;
}

static const char *
pci_check(const struct dev *d)
{
	const struct pci *p = of_dev(d);
	const char *why;
	unsigned i;

	if (p->nslots == 0 || p->nslots > PCI_SLOTS ||
	    (p->address & ~ADDRESS_KEPT) != 0)
		return "register out of range";
	for (i = 0; i < p->nslots; i++)
		if ((why = check_slot(&p->slot[i])) != NULL)
			return why;
	return NULL;
}

static void
load_slot(struct slot *s, struct rbuf *r)
{
	uint8_t *w;

	s->command = rb_u16(r);
	s->cache_line = rb_u8(r);
	s->latency = rb_u8(r);
	s->level = rb_u8(r);
	s->bar = rb_u32(r);
	if (s->window == 0)
		return;
	w = s->caps + (s->window - PCI_CAPS);
	w[W_BAR] = rb_u8(r);
	rb_copy(r, w + W_OFFSET, W_DATA - W_OFFSET);
}

static int
pci_load(struct dev *d, struct rbuf *r)
{
	struct pci *p = (struct pci *)d, tmp = *p;
	unsigned i;

	if (rb_u16(r) != STATE_VERSION)
		return -1;
	tmp.address = rb_u32(r);
	if (rb_u8(r) != p->nslots)
		return -1;
	for (i = 0; i < p->nslots; i++)
		load_slot(&tmp.slot[i], r);
	if (!rb_done(r) || pci_check(&tmp.dev) != NULL)
		return -1;
	*p = tmp;
	return 0;
}

const struct dev_ops pci_dev = {
	.name = "pci",
	.size = sizeof(struct pci),
	.attach = pci_attach,
	.detach = pci_detach,
	.msg = pci_msg,
	.save = pci_save,
	.load = pci_load,
	.check = pci_check,
};
