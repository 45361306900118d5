/* What drivers of the board's chips write, and what guests of ill will do. */
#include <string.h>

#include "devconf.h"
#include "fwcfg.h"
#include "gen_kind.h"
#include "pci.h"

/* One access that makes sense: a port, its width, and values for writes. */
struct port {
	uint16_t	port;
	uint8_t		width;
	uint8_t		nvals;		/* 0: any byte */
	uint8_t		vals[12];
};

static void
put_access(struct wbuf *w, unsigned type, uint32_t port, unsigned width,
    uint64_t v)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .width = (uint8_t)width,
		.space = VIODEV_PORT, .where = port,
		.data = type == VIODEV_WRITE ? v : 0
	};

	trace_put_msg(w, &m);
}

static void
put_event(struct wbuf *w, unsigned type, uint32_t where, uint64_t v)
{
	struct viodev_msg m = {
		.type = (uint8_t)type, .where = where, .data = v
	};

	trace_put_msg(w, &m);
}

static void
out(struct wbuf *w, uint32_t port, unsigned v)
{
	put_access(w, VIODEV_WRITE, port, 1, v);
}

static void
put_port(struct wbuf *w, const struct port *p, struct prng *r)
{
	unsigned width = p->width;
	uint64_t v = prng_next(r);

	if (width == 1)
		v &= 0xff;
	if (p->nvals > 0 && !one_in(r, 4))
		v = p->vals[below(r, p->nvals)];
	if (one_in(r, 32))
		width = 1U << below(r, 4);
	if (one_in(r, 32))
		v = gen_odd(r);
	put_access(w, one_in(r, 3) ? VIODEV_READ : VIODEV_WRITE, p->port,
	    width, v);
}

/* Time: periods of timers, short waits, seconds, leaps. */
static void
put_time(struct wbuf *w, struct prng *r)
{
	unsigned shift = below(r, 34);

	trace_put_time(w, one_in(r, 12) ? gen_odd(r) :
	    one_in(r, 4) ? 1000000000ULL * (1 + below(r, 3)) :
	    prng_below(r, 1ULL << shift));
}

/* What any chip may meet beside its ports. */
static void
put_other(struct wbuf *w, struct prng *r)
{
	static const uint8_t types[] = {
		VIODEV_KICK, VIODEV_TIMER, VIODEV_PAUSE, VIODEV_UNPAUSE,
		VIODEV_RESET, VIODEV_LINE, VIODEV_INTACK, VIODEV_INPUT
	};
	unsigned type = PICK(r, types), where = below(r, 4);

	switch (below(r, 4)) {
	case 0:
		trace_put_reload(w);
		break;
	case 1:
		put_event(w, type, where, below(r, 2));
		break;
	default:
		put_time(w, r);
		break;
	}
}

static void
put_ports(struct wbuf *w, struct prng *r, const struct port *p, unsigned n)
{
	unsigned i, many = 1 + below(r, 3);

	for (i = 0; i < many; i++)
		put_port(w, &p[below(r, n)], r);
}
#define PORTS(w, r, p)	put_ports((w), (r), (p), sizeof(p) / sizeof((p)[0]))

/* ---------------------------------------------------------------- i8259 */

static const struct port pic_ports[] = {
	{ 0x20, 1, 10, { 0x20, 0x60, 0x65, 0xa0, 0xe3, 0xc5, 0x0a, 0x0b,
	    0x0c, 0x68 } },
	{ 0x21, 1, 4, { 0x00, 0xff, 0xfb, 0x02 } },
	{ 0xa0, 1, 10, { 0x20, 0x61, 0xa0, 0xe7, 0xc2, 0x0a, 0x0b, 0x0c,
	    0x68, 0x48 } },
	{ 0xa1, 1, 3, { 0x00, 0xff, 0x04 } },
	{ 0x4d0, 1, 3, { 0x00, 0xe8, 0xff } },
	{ 0x4d1, 1, 3, { 0x00, 0xde, 0x0e } },
};

static void
pic_init(struct wbuf *w, struct prng *r)
{
	static const uint8_t last[] = { 1, 1, 3, 0x11, 0x13, 0 };
	unsigned chip = below(r, 3), port = chip == 1 ? 0xa0 : 0x20;
	unsigned icw1 = one_in(r, 8) ? 0x10 + below(r, 16) : 0x11;
	unsigned icw4 = PICK(r, last), base = below(r, 256);

	out(w, port, icw1);
	out(w, port + 1, base);
	if ((icw1 & 2) == 0)
		out(w, port + 1, 4);
	if ((icw1 & 1) != 0)
		out(w, port + 1, icw4);
	if (chip != 2)
		return;
	out(w, 0xa0, 0x11);
	out(w, 0xa1, base ^ 8);
	out(w, 0xa1, 2);
	out(w, 0xa1, icw4);
}

static void
pic_lines(struct wbuf *w, struct prng *r)
{
	unsigned i, n, many = 1 + below(r, 4);

	for (i = 0; i < many; i++) {
		n = below(r, one_in(r, 16) ? 20 : 16);
		if (one_in(r, 2))
			put_event(w, VIODEV_LINE, n, 0);
		put_event(w, VIODEV_LINE, n, !one_in(r, 4));
	}
}

static void
pic_records(struct wbuf *w, struct prng *r)
{
	switch (below(r, 8)) {
	case 0:
		pic_init(w, r);
		break;
	case 1:
	case 2:
		pic_lines(w, r);
		break;
	case 3:
	case 4:
		put_event(w, VIODEV_INTACK, 0, 0);
		break;
	case 5:
		if (one_in(r, 3)) {
			put_other(w, r);
			break;
		}
		/* FALLTHROUGH */
	default:
		PORTS(w, r, pic_ports);
		break;
	}
}

/* ---------------------------------------------------------------- i8253 */

static const struct port pit_ports[] = {
	{ 0x40, 1, 4, { 0, 1, 2, 3 } },
	{ 0x41, 1, 3, { 0, 1, 2 } },
	{ 0x42, 1, 4, { 0, 1, 2, 9 } },
	{ 0x43, 1, 10, { 0x00, 0x40, 0x80, 0xc2, 0xce, 0xd8, 0xe8, 0xee, 0x34,
	    0xb0 } },
	{ 0x61, 1, 3, { 0, 1, 3 } },
};

static void
pit_program(struct wbuf *w, struct prng *r)
{
	unsigned ch = one_in(r, 2) ? 0 : below(r, 3), rw = 1 + below(r, 3);
	unsigned v = ch << 6 | rw << 4 | below(r, 16);
	unsigned shift = below(r, 17), n = below(r, 1U << shift);

	out(w, 0x43, v);
	out(w, 0x40 + ch, n & 0xff);
	if (rw == 3)
		out(w, 0x40 + ch, n >> 8);
}

static void
pit_records(struct wbuf *w, struct prng *r)
{
	unsigned shift;

	switch (below(r, 8)) {
	case 0:
	case 1:
		pit_program(w, r);
		break;
	case 2:
	case 3:
	case 4:
		shift = below(r, 25);
		trace_put_time(w, prng_below(r, 1ULL << shift));
		break;
	case 5:
		if (one_in(r, 2)) {
			put_other(w, r);
			break;
		}
		/* FALLTHROUGH */
	default:
		PORTS(w, r, pit_ports);
		break;
	}
}

/* -------------------------------------------------------------- mc146818 */

static void
rtc_reg(struct wbuf *w, struct prng *r)
{
	static const uint8_t regs[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 12, 13, 0x32, 0x0f,
		0x34, 0x5b
	};
	static const uint8_t as[] = { 0x26, 0x23, 0x2f, 0x21, 0x76, 0x20 };
	static const uint8_t bs[] = {
		0x02, 0x82, 0x42, 0x12, 0x22, 0x72, 0x06, 0x04, 0x00, 0x86
	};
	unsigned reg = one_in(r, 16) ? below(r, 256) : PICK(r, regs);
	unsigned v = below(r, 256), a = PICK(r, as), b = PICK(r, bs);

	out(w, 0x70, reg);
	if (one_in(r, 2)) {
		put_access(w, VIODEV_READ, 0x71, 1, 0);
		return;
	}
	if (reg < 6 && (reg & 1) != 0 && one_in(r, 2))
		v |= 0xc0;
	else if (reg < 10 && !one_in(r, 4))
		v = v % 10 + 16 * (v / 10 % 3);
	if (reg == 10 && !one_in(r, 4))
		v = a;
	if (reg == 11 && !one_in(r, 4))
		v = b;
	out(w, 0x71, v);
}

/* As Linux sets the clock. */
static void
rtc_set(struct wbuf *w, struct prng *r)
{
	static const uint8_t regs[] = { 0, 2, 4, 7, 8, 9, 0x32, 6 };
	static const uint8_t high[] = { 60, 60, 24, 28, 12, 100, 40, 7 };
	unsigned format = below(r, 8) == 0 ? 4 * below(r, 2) : 2, i, v;

	out(w, 0x70, 11);
	out(w, 0x71, 0x80 | format);
	for (i = 0; i < 8; i++) {
		v = below(r, high[i]) + (regs[i] == 7 || regs[i] == 8);
		if ((format & 4) == 0)
			v = v / 10 * 16 + v % 10;
		out(w, 0x70, regs[i]);
		out(w, 0x71, v);
	}
	out(w, 0x70, 11);
	out(w, 0x71, format);
}

static void
rtc_records(struct wbuf *w, struct prng *r)
{
	switch (below(r, 8)) {
	case 0:
		rtc_set(w, r);
		break;
	case 1:
	case 2:
		put_time(w, r);
		break;
	case 3:
		if (one_in(r, 2)) {
			put_other(w, r);
			break;
		}
		if (one_in(r, 4)) {
			trace_put_fault(w, TRACE_CALL_CLOCK, below(r, 4), 0,
			    0);
			break;
		}
		/* FALLTHROUGH */
	default:
		rtc_reg(w, r);
		break;
	}
}

/* ---------------------------------------------------------------- ns8250 */

static const struct port com_ports[] = {
	{ 0x3f8, 1, 0, { 0 } },
	{ 0x3f8, 1, 0, { 0 } },
	{ 0x3f9, 1, 5, { 0x00, 0x01, 0x02, 0x07, 0x0f } },
	{ 0x3fa, 1, 7, { 0x00, 0x01, 0x07, 0x41, 0x81, 0xc1, 0xc7 } },
	{ 0x3fb, 1, 4, { 0x03, 0x83, 0x43, 0xbf } },
	{ 0x3fc, 1, 5, { 0x00, 0x0b, 0x10, 0x1a, 0x1f } },
	{ 0x3fd, 1, 0, { 0 } },
	{ 0x3fe, 1, 0, { 0 } },
	{ 0x3ff, 1, 0, { 0 } },
};

static void
put_input(struct wbuf *w, struct prng *r)
{
	uint8_t b[48];
	struct viodev_msg m = { .type = VIODEV_INPUT, .payload = b };

	gen_bytes(r, b, sizeof(b));
	m.len = below(r, one_in(r, 4) ? sizeof(b) : 6);
	if (one_in(r, 6)) {
		m.where = below(r, 3);
		m.len = 0;
	}
	trace_put_msg(w, &m);
}

static void
com_records(struct wbuf *w, struct prng *r)
{
	switch (below(r, 8)) {
	case 0:
	case 1:
		put_input(w, r);
		break;
	case 2:
		if (one_in(r, 2))
			put_other(w, r);
		else
			trace_put_fault(w, TRACE_CALL_TX, below(r, 4), 0, 0);
		break;
	case 3:
		trace_put_time(w, prng_below(r, 1U << below(r, 26)));
		break;
	default:
		PORTS(w, r, com_ports);
		break;
	}
}

/* --------------------------------------------------------------- sysport */

static const struct port sys_ports[] = {
	{ 0x64, 1, 2, { 0xfe, 0xd1 } },
	{ 0x80, 1, 0, { 0 } },
	{ 0x92, 1, 4, { 0, 1, 2, 3 } },
	{ 0x402, 1, 0, { 0 } },
	{ 0xcf9, 1, 4, { 0x00, 0x02, 0x06, 0x0e } },
};

static void
sys_records(struct wbuf *w, struct prng *r)
{
	uint64_t v = below(r, 8);

	if (one_in(r, 8))
		put_other(w, r);
	else if (one_in(r, 4))
		put_access(w, one_in(r, 4) ? VIODEV_READ : VIODEV_WRITE,
		    0xb008, 2, 0x2000 | v << 10);
	else
		PORTS(w, r, sys_ports);
}

static void
sys_conf(struct wbuf *w, struct prng *r)
{
	devconf_put_int(w, DEVCONF_DEBUGPORT, below(r, 2));
}

/* ----------------------------------------------------------------- fwcfg */

static void
put_file(struct wbuf *w, struct prng *r)
{
	static const char *const names[] = {
		"etc/e820", "bootorder", "etc/sercon-port", "", "a", "b",
		"a name of fifty-five bytes, which is the most there is.."
	};
	const char *name = PICK(r, names);
	uint8_t list[128];
	struct viodev_msg m = { .type = VIODEV_CONFIG, .payload = list };
	uint64_t len = below(r, 1U << below(r, 13));
	struct wbuf l;

	wb_init(&l, list, sizeof(list));
	devconf_put_bytes(&l, DEVCONF_FILE, name, strlen(name));
	devconf_put_int(&l, DEVCONF_LENGTH, one_in(r, 16) ? gen_odd(r) : len);
	m.len = one_in(r, 24) ? below(r, (unsigned)l.len) : l.len;
	trace_put_msg(w, &m);
}

static unsigned
some_key(struct prng *r)
{
	static const uint16_t keys[] = {
		0x00, 0x01, 0x03, 0x05, 0x19, 0x19, 0x20, 0x21, 0x22, 0x8000
	};

	return one_in(r, 16) ? below(r, 65536) : PICK(r, keys);
}

static void
put_dma(struct wbuf *w, struct prng *r)
{
	static const uint8_t what[] = { 2, 2, 10, 10, 8, 4, 12, 16 };
	uint64_t at = one_in(r, 16) ? gen_gpa(r) : 0x400, to = gen_gpa(r);
	uint32_t control = PICK(r, what) | some_key(r) << 16;
	uint32_t len = below(r, 1U << below(r, 13));
	uint8_t b[16];
	unsigned i;

	if (one_in(r, 16))
		len = (uint32_t)gen_odd(r);
	if (one_in(r, 16))
		to = gen_odd(r);
	for (i = 0; i < 4; i++) {
		b[i] = (uint8_t)(control >> (24 - 8 * i));
		b[4 + i] = (uint8_t)(len >> (24 - 8 * i));
	}
	for (i = 0; i < 8; i++)
		b[8 + i] = (uint8_t)(to >> (56 - 8 * i));
	trace_put_poke(w, at, b, sizeof(b));
	if (at >> 32 != 0 || one_in(r, 16))
		put_access(w, VIODEV_WRITE, 0x514, 4,
		    __builtin_bswap32((uint32_t)(at >> 32)));
	put_access(w, VIODEV_WRITE, 0x518, 4,
	    __builtin_bswap32((uint32_t)at));
}

static void
fw_records(struct wbuf *w, struct prng *r)
{
	unsigned i, many;

	switch (below(r, 8)) {
	case 0:
		put_file(w, r);
		break;
	case 1:
		put_access(w, VIODEV_WRITE, 0x510, 2, some_key(r));
		break;
	case 2:
	case 3:
		many = 1 + below(r, 1U << below(r, 7));
		for (i = 0; i < many; i++)
			put_access(w, VIODEV_READ, 0x511, 1, 0);
		break;
	case 4:
		if (one_in(r, 2))
			put_other(w, r);
		else
			put_access(w, one_in(r, 2) ? VIODEV_READ :
			    VIODEV_WRITE, 0x510 + below(r, 12),
			    1U << below(r, 3), gen_odd(r));
		break;
	default:
		put_dma(w, r);
		break;
	}
}

/* ------------------------------------------------------------------- pci */

static size_t
pci_caps(uint8_t *c, struct prng *r)
{
	unsigned i, n = 1 + below(r, 5), stride = one_in(r, 4) ? 20 : 24;

	memset(c, 0, DEVCONF_MAXBYTES);
	for (i = 0; i < n; i++) {
		c[i * stride] = one_in(r, 16) ? (uint8_t)prng_next(r) : 9;
		c[i * stride + 1] = i + 1 == n ? 0 :
		    (uint8_t)(PCI_CAPS + (i + 1) * stride);
		c[i * stride + 3] = i + 1 == n ? 5 : (uint8_t)(1 + i);
	}
	if (one_in(r, 8))
		c[below(r, DEVCONF_MAXBYTES)] = (uint8_t)prng_next(r);
	return one_in(r, 8) ? 1 + below(r, DEVCONF_MAXBYTES) : n * stride;
}

static void
put_slot(struct wbuf *w, struct prng *r)
{
	uint8_t list[256], caps[DEVCONF_MAXBYTES];
	uint8_t b[PCI_ID_SIZE] = { 0xf4, 0x1a, 0x42, 0x10 };
	struct viodev_msg m = { .type = VIODEV_CONFIG, .payload = list };
	struct wbuf l;

	/* The line, the BAR's kind and its size: pci.h. */
	b[12] = !one_in(r, 4);
	b[13] = (uint8_t)below(r, one_in(r, 16) ? 5 : 3);
	b[14] = (uint8_t)(one_in(r, 8) ? below(r, 40) : 4 + below(r, 9));
	wb_init(&l, list, sizeof(list));
	devconf_put_bytes(&l, DEVCONF_PCIID, b, sizeof(b));
	if (!one_in(r, 3))
		devconf_put_bytes(&l, DEVCONF_PCICAPS, caps,
		    pci_caps(caps, r));
	m.len = one_in(r, 24) ? below(r, (unsigned)l.len) : l.len;
	trace_put_msg(w, &m);
}

/* A register of a slot, by the ports or by a message. */
static void
put_cfg(struct wbuf *w, struct prng *r)
{
	static const uint8_t regs[] = {
		0x00, 0x04, 0x06, 0x08, 0x0c, 0x10, 0x10, 0x10, 0x14, 0x2c,
		0x30, 0x34, 0x3c, 0x44, 0x5c
	};
	static const uint8_t window[] = { 0, 4, 8, 12, 16 };
	static const uint32_t vals[] = {
		0xffffffff, 0, 1, 2, 3, 4, 5, 7, 0x400, 0x407, 0xc000, 0x1000,
		0x2000
	};
	unsigned slot = one_in(r, 16) ? below(r, 64) : below(r, 4);
	unsigned n = below(r, 5), reg = PICK(r, regs), width;
	struct viodev_msg m = { .space = VIODEV_PCICFG };

	if (one_in(r, 3))
		reg = PCI_CAPS + (one_in(r, 2) ? 24 : 20) * n +
		    PICK(r, window);
	width = one_in(r, 4) ? 1U << below(r, 3) : 4;
	m.type = one_in(r, 3) ? VIODEV_READ : VIODEV_WRITE;
	m.width = (uint8_t)width;
	m.data = m.type == VIODEV_READ ? 0 :
	    one_in(r, 4) ? gen_odd(r) : PICK(r, vals);
	m.where = slot << 11 | (one_in(r, 16) ? below(r, 1U << 11) : reg);
	if (one_in(r, 3)) {
		trace_put_msg(w, &m);
		return;
	}
	put_access(w, VIODEV_WRITE, PCI_ADDRESS, 4, one_in(r, 24) ?
	    prng_next(r) : 0x80000000U | m.where);
	put_access(w, m.type, PCI_DATA + (reg & 3), width, m.data);
}

static void
pci_records(struct wbuf *w, struct prng *r)
{
	switch (below(r, 8)) {
	case 0:
	case 1:
		put_slot(w, r);
		break;
	case 2:
		if (one_in(r, 2))
			put_other(w, r);
		else
			put_event(w, VIODEV_LINE, below(r, 5), below(r, 2));
		break;
	default:
		put_cfg(w, r);
		break;
	}
}

/* ----------------------------------------------------------------- board */

static void
slot_access(struct wbuf *w, struct prng *r)
{
	static const uint16_t regs[] = {
		0x14, 0x14, 0x16, 0x1c, 0x20, 0x100, 0x200, 0x300, 0x00
	};
	static const uint32_t vals[] = { 0, 1, 3, 11, 15, 0x1000 };
	unsigned base = one_in(r, 4) ? 0xc000 + 0x1000 * below(r, 4) :
	    0x1000 * (1 + below(r, 3));
	unsigned reg = one_in(r, 8) ? below(r, 4096) : PICK(r, regs);

	put_access(w, one_in(r, 2) ? VIODEV_READ : VIODEV_WRITE, base + reg,
	    1U << below(r, 3), one_in(r, 4) ? gen_odd(r) : PICK(r, vals));
}

static void
board_records(struct wbuf *w, struct prng *r)
{
	static void (*const some[])(struct wbuf *, struct prng *) = {
		pic_records, pic_records, pit_records, pit_program,
		rtc_records, com_records, sys_records, fw_records, put_cfg,
		slot_access, pic_init
	};

	switch (below(r, 8)) {
	case 0:
		put_event(w, VIODEV_LINE, 2 + below(r, 2), below(r, 2));
		break;
	case 1:
		put_event(w, VIODEV_INTACK, 0, 0);
		break;
	case 2:
		put_access(w, one_in(r, 2) ? VIODEV_READ : VIODEV_WRITE,
		    below(r, 1U << (1 + below(r, 16))), 1U << below(r, 3),
		    gen_odd(r));
		break;
	default:
		PICK(r, some)(w, r);
		break;
	}
}

const struct gen_kind gen_i8259 = { .dev = "i8259", .records = pic_records };
const struct gen_kind gen_i8253 = { .dev = "i8253", .records = pit_records };
const struct gen_kind gen_mc146818 = {
	.dev = "mc146818", .records = rtc_records
};
const struct gen_kind gen_ns8250 = { .dev = "ns8250", .records = com_records };
const struct gen_kind gen_sysport = {
	.dev = "sysport", .conf = sys_conf, .records = sys_records
};
const struct gen_kind gen_fwcfg = { .dev = "fwcfg", .records = fw_records };
const struct gen_kind gen_pci = { .dev = "pci", .records = pci_records };
const struct gen_kind gen_board = { .dev = "board", .records = board_records };
