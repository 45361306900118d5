#include "board_priv.h"

#include "i8253.h"
#include "i8259.h"
#include "mc146818.h"
#include "ns8250.h"
#include "sysport.h"

#define STATE_MAGIC	0x64726f62	/* "bord" */
#define STATE_VERSION	1
#define ALIGN		16

static const struct dev_ops *const chips[NCHIPS] = {
	[CHIP_PIC] = &i8259_dev,
	[CHIP_PIT] = &i8253_dev,
	[CHIP_RTC] = &mc146818_dev,
	[CHIP_COM] = &ns8250_dev,
	[CHIP_FW] = &fwcfg_dev,
	[CHIP_PCI] = &pci_dev,
	[CHIP_SYS] = &sysport_dev,
};

static size_t
aligned(size_t n)
{
	return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

size_t
board_size(void)
{
	size_t n = aligned(sizeof(struct board));
	unsigned i;

	for (i = 0; i < NCHIPS; i++)
		n += aligned(chips[i]->size + chips[i]->scratch);
	return n;
}

static void __attribute__((format(printf, 2, 3)))
complain(struct board *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	b->host->log(b->arg, HLOG_WARN, "board", fmt, ap);
	va_end(ap);
}

/* Attach values of the chips: what the memory map comes to. */
static void
chip_values(const struct board_conf *c, struct wbuf *w)
{
	uint64_t low = 0, high = 0;
	const struct board_range *r;
	unsigned i;

	for (i = 0; i < c->nranges; i++) {
		r = &c->range[i];
		if (r->type != BOARD_RAM)
			continue;
		if (r->gpa >> 32 != 0)
			high += r->len;
		else if (r->gpa + r->len > low)
			low = r->gpa + r->len;
	}
	devconf_put_int(w, DEVCONF_LOWMEM, low);
	devconf_put_int(w, DEVCONF_HIGHMEM, high);
	devconf_put_int(w, DEVCONF_NCPUS, c->ncpus);
	devconf_put_int(w, DEVCONF_BOOTORDER, c->bootorder);
	devconf_put_int(w, DEVCONF_DEBUGPORT, c->debug != 0);
}

static void
own_files(struct board *b, const struct board_conf *c)
{
	static const uint8_t zero[4];
	struct wbuf w;
	unsigned i;

	wb_init(&w, b->e820, sizeof(b->e820));
	for (i = 0; i < c->nranges; i++) {
		wb_u64(&w, c->range[i].gpa);
		wb_u64(&w, c->range[i].len);
		wb_u32(&w, c->range[i].type);
	}
	(void)board_fwcfg_add(b, "etc/e820", b->e820, w.len);
	/* Text on the screen is not debug output as well. */
	(void)board_fwcfg_add(b, "etc/screen-and-debug", zero, sizeof(zero));
}

struct board *
board_attach(void *mem, const struct board_host *host, void *arg,
    const struct board_conf *c)
{
	struct board *b = mem;
	uint8_t *p = (uint8_t *)mem + aligned(sizeof(*b)), list[64];
	struct devconf conf = { list, 0 };
	struct dev_host h = { &board_unit_ops, NULL };
	struct wbuf w;
	unsigned i;

	memset(b, 0, sizeof(*b));
	b->host = host;
	b->arg = arg;
	b->gm = c->gm;
	if (c->nranges > BOARD_MAXRANGES) {
		complain(b, "%u ranges of memory are more than %d",
		    c->nranges, BOARD_MAXRANGES);
		return NULL;
	}
	for (i = 0; i < NUNITS; i++) {
		b->unit[i].b = b;
		b->unit[i].n = i;
	}
	wb_init(&w, list, sizeof(list));
	chip_values(c, &w);
	conf.len = w.len;
	for (i = 0; i < NCHIPS; i++) {
		h.arg = &b->unit[i];
		b->unit[i].d = dev_attach(chips[i], p, &h, b->gm, &conf);
		p += aligned(chips[i]->size + chips[i]->scratch);
	}
	own_files(b, c);
	return b;
}

void
board_detach(struct board *b)
{
	unsigned i;

	/* The interrupt controller last: lines still fall. */
	for (i = NUNITS; i-- > 0;)
		if (b->unit[i].d != NULL)
			dev_detach(b->unit[i].d);
}

int
board_fwcfg_add(struct board *b, const char *name, const void *p, size_t len)
{
	struct dev *fw = b->unit[CHIP_FW].d;
	unsigned n = fwcfg_files(fw);
	uint8_t list[128];
	struct viodev_msg m = { .type = VIODEV_CONFIG, .payload = list };
	struct wbuf w;

	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_FILE, name, strnlen(name, FWCFG_NAME));
	devconf_put_int(&w, DEVCONF_LENGTH, len);
	m.len = w.len;
	dev_msg(fw, &m);
	if (fwcfg_files(fw) == n)
		return -1;
	b->file[n].p = p;
	b->file[n].len = len;
	b->nfiles = n + 1;
	return 0;
}

int
board_intr_pending(const struct board *b)
{
	return b->intr;
}

unsigned
board_intr_ack(struct board *b)
{
	return (unsigned)board_tell(b->unit[CHIP_PIC].d, VIODEV_INTACK, 0, 0);
}

void
board_timer(struct board *b, unsigned id)
{
	unsigned n = id % UNIT_TIMERS;
	struct dev *d;

	if (id >= BOARD_NTIMERS || (d = b->unit[id / UNIT_TIMERS].d) == NULL)
		return;
	if (n < UNIT_AGAIN)
		board_tell(d, VIODEV_TIMER, n, 0);
	else
		board_tell(d, VIODEV_KICK, n - UNIT_AGAIN, 0);
}

size_t
board_console_input(struct board *b, const void *p, size_t len)
{
	struct dev *com = b->unit[CHIP_COM].d;
	size_t room = ns8250_room(com);
	struct viodev_msg m = {
		.type = VIODEV_INPUT, .payload = p,
		.len = len < room ? len : room
	};

	if (m.len > 0)
		dev_msg(com, &m);
	return m.len;
}

void
board_console_break(struct board *b)
{
	board_tell(b->unit[CHIP_COM].d, VIODEV_INPUT, 1, 0);
}

static void
tell_all(struct board *b, unsigned type)
{
	unsigned i;

	for (i = NUNITS; i-- > 0;)
		if (b->unit[i].d != NULL)
			board_tell(b->unit[i].d, type, 0, 0);
}

void
board_pause(struct board *b)
{
	tell_all(b, VIODEV_PAUSE);
}

void
board_unpause(struct board *b)
{
	tell_all(b, VIODEV_UNPAUSE);
}

void
board_reset(struct board *b)
{
	unsigned i;

	tell_all(b, VIODEV_RESET);
	board_elcr(b);
	for (i = 1; i < pci_slots(b->unit[CHIP_PCI].d); i++)
		board_wire(b, i);
}

void
board_save(const struct board *b, struct wbuf *w)
{
	uint8_t *len;
	size_t from;
	unsigned i;

	wb_u32(w, STATE_MAGIC);
	wb_u16(w, STATE_VERSION);
	for (i = 0; i < NUNITS; i++) {
		if (b->unit[i].d == NULL)
			continue;
		wb_u8(w, (uint8_t)i);
		len = wb_room(w, 4);
		from = w->len;
		dev_save(b->unit[i].d, w);
		if (len != NULL)
			le32_put(len, (uint32_t)(w->len - from));
	}
}

int
board_load(struct board *b, struct rbuf *r)
{
	struct rbuf part;
	const uint8_t *p;
	uint32_t len;
	unsigned i;

	if (rb_u32(r) != STATE_MAGIC || rb_u16(r) != STATE_VERSION)
		return -1;
	for (i = 0; i < NUNITS; i++) {
		if (b->unit[i].d == NULL)
			continue;
		if (rb_u8(r) != i)
			return -1;
		len = rb_u32(r);
		if ((p = rb_take(r, len)) == NULL)
			return -1;
		rb_init(&part, p, len);
		if (dev_load(b->unit[i].d, &part) == -1)
			return -1;
	}
	return rb_done(r) ? 0 : -1;
}

const char *
board_check(const struct board *b)
{
	const char *why;
	unsigned i;

	for (i = 0; i < NUNITS; i++)
		if (b->unit[i].d != NULL &&
		    (why = dev_check(b->unit[i].d)) != NULL)
			return why;
	return NULL;
}

struct dev *
board_chip(struct board *b, const char *name)
{
	unsigned i;

	for (i = 0; i < NCHIPS; i++)
		if (strcmp(chips[i]->name, name) == 0)
			return b->unit[i].d;
	return NULL;
}
