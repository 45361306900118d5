#include "mc146818.h"

#include "caltime.h"

#define STATE_VERSION	1
#define NS_PER_SEC	1000000000ULL
#define CRYSTAL		32768
#define DAY		86400
#define ALARM_LOOK	60		/* s; the wall clock may leap */

enum reg {
	R_SEC, R_SEC_ALARM, R_MIN, R_MIN_ALARM, R_HOUR, R_HOUR_ALARM,
	R_WDAY, R_DAY, R_MONTH, R_YEAR, R_A, R_B, R_C, R_D,
	R_CENTURY = 0x32,
	R_NREGS = 128
};

#define A_UIP		0x80
#define A_DIVIDER	0x70
#define A_NORMAL	0x20
#define A_RATE		0x0f
#define B_SET		0x80
#define B_UIE		0x10
#define B_ENABLES	0x70
#define B_SQWE		0x08
#define B_BINARY	0x04
#define B_24		0x02
#define C_IRQF		0x80
#define C_PF		0x40		/* these three like their enables */
#define C_AF		0x20
#define C_UF		0x10
#define D_VRT		0x80
#define ANY		0xc0		/* from here on an alarm matches all */

struct mc146818 {
	struct dev	dev;
	int64_t		offset;		/* seconds ahead of the wall clock */
	int64_t		seen;		/* the second that has had its flags */
	uint64_t	period;		/* the period that has had its flag */
	uint32_t	phase;		/* ns ahead, beside offset */
	uint8_t		wday;		/* days that R_WDAY is ahead */
	uint8_t		index;
	uint8_t		paused;
	uint8_t		line;
	uint8_t		ram[R_NREGS];	/* the time only while it stands */
};

/* Time of the chip: whole seconds, and ns into the present one. */
struct instant {
	int64_t		sec;
	uint32_t	ns;
};

static struct instant
now(const struct mc146818 *s)
{
	uint64_t wall = s->dev.host.ops->clock(s->dev.host.arg, CLOCK_WALL);
	uint64_t ns = wall % NS_PER_SEC + s->phase;
	struct instant t;

	t.sec = (int64_t)(wall / NS_PER_SEC + ns / NS_PER_SEC) + s->offset;
	t.ns = (uint32_t)(ns % NS_PER_SEC);
	return t;
}

static int
divider_on(const struct mc146818 *s)
{
	return (s->ram[R_A] & A_DIVIDER) == A_NORMAL;
}

static int
running(const struct mc146818 *s)
{
	return divider_on(s) && (s->ram[R_B] & B_SET) == 0;
}

static uint8_t
encode(const struct mc146818 *s, int v)
{
	if ((s->ram[R_B] & B_BINARY) != 0)
		return (uint8_t)v;
	return (uint8_t)(v / 10 << 4 | v % 10);
}

static int
decode(const struct mc146818 *s, uint8_t v)
{
	if ((s->ram[R_B] & B_BINARY) != 0)
		return v;
	return (v >> 4) * 10 + (v & 15);
}

static uint8_t
encode_hour(const struct mc146818 *s, int h)
{
	if ((s->ram[R_B] & B_24) != 0)
		return encode(s, h);
	return (uint8_t)(encode(s, h % 12 == 0 ? 12 : h % 12) |
	    (h >= 12 ? 0x80 : 0));
}

static int
decode_hour(const struct mc146818 *s, uint8_t v)
{
	if ((s->ram[R_B] & B_24) != 0)
		return decode(s, v);
	return decode(s, v & 0x7f) % 12 + ((v & 0x80) != 0 ? 12 : 0);
}

/* What the time registers show at sec. */
static void
render(const struct mc146818 *s, int64_t sec, uint8_t *r)
{
	struct caltime t;
	int year;

	caltime_split(sec, &t);
	year = (int)(t.year % 10000 + 10000) % 10000;
	r[R_SEC] = encode(s, t.sec);
	r[R_MIN] = encode(s, t.min);
	r[R_HOUR] = encode_hour(s, t.hour);
	r[R_WDAY] = encode(s, (t.wday + s->wday) % 7 + 1);
	r[R_DAY] = encode(s, t.day);
	r[R_MONTH] = encode(s, t.month);
	r[R_YEAR] = encode(s, year % 100);
	r[R_CENTURY] = encode(s, year / 100);
}

/* We are ns into the present second. */
static void
set_phase(struct mc146818 *s, uint64_t ns)
{
	s->phase = (uint32_t)((s->phase + NS_PER_SEC + ns - now(s).ns) %
	    NS_PER_SEC);
}

/* The time goes on from the second that the registers show. */
static void
resume(struct mc146818 *s)
{
	const uint8_t *r = s->ram;
	struct caltime t;
	int64_t sec;
	int wday = decode(s, r[R_WDAY]);

	t.sec = decode(s, r[R_SEC]);
	t.min = decode(s, r[R_MIN]);
	t.hour = decode_hour(s, r[R_HOUR]);
	t.day = decode(s, r[R_DAY]);
	t.month = decode(s, r[R_MONTH]);
	t.year = decode(s, r[R_CENTURY]) * 100 + decode(s, r[R_YEAR]);
	sec = caltime_join(&t);
	caltime_split(sec, &t);
	s->wday = (uint8_t)((wday + 6 + 7 - t.wday) % 7);
	s->offset += sec - now(s).sec;
	s->seen = sec;
}

static uint64_t
rate(const struct mc146818 *s)
{
	unsigned rs = s->ram[R_A] & A_RATE;

	/* The two fastest are not: data sheet, table 5. */
	return rs == 0 ? 0 : 1U << (rs < 3 ? rs + 6 : rs - 1);
}

/* The mono clock in ticks of the crystal. */
static uint64_t
crystal(uint64_t ns)
{
	return ns / NS_PER_SEC * CRYSTAL +
	    ns % NS_PER_SEC * CRYSTAL / NS_PER_SEC;
}

static uint64_t
mono(const struct mc146818 *s)
{
	return s->dev.host.ops->clock(s->dev.host.arg, CLOCK_MONO);
}

static void
start_period(struct mc146818 *s)
{
	s->period = rate(s) == 0 ? 0 : crystal(mono(s)) / rate(s);
}

static int
alarm_is(uint8_t alarm, uint8_t shown)
{
	return alarm >= ANY || alarm == shown;
}

/* Seconds until the alarm after sec, or 0 when there is none in a day. */
static int
alarm_in(const struct mc146818 *s, int64_t sec)
{
	int from = (int)((sec % DAY + DAY) % DAY), t = from + 1, h, m;

	while (t <= from + DAY) {
		h = t / 3600 % 24;
		m = t / 60 % 60;
		if (!alarm_is(s->ram[R_HOUR_ALARM], encode_hour(s, h)))
			t += 3600 - t % 3600;
		else if (!alarm_is(s->ram[R_MIN_ALARM], encode(s, m)))
			t += 60 - t % 60;
		else if (!alarm_is(s->ram[R_SEC_ALARM], encode(s, t % 60)))
			t++;
		else
			return t - from;
	}
	return 0;
}

static void
update_flags(struct mc146818 *s)
{
	struct instant t;
	int64_t gone;
	int in;

	if (!running(s))
		return;
	t = now(s);
	if (t.sec == s->seen)
		return;
	gone = t.sec - s->seen;
	in = alarm_in(s, s->seen);
	s->ram[R_C] |= C_UF;
	if (in > 0 && gone >= in)
		s->ram[R_C] |= C_AF;
	s->seen = t.sec;
}

static void
period_flag(struct mc146818 *s)
{
	uint64_t was = s->period;

	if (!divider_on(s) || rate(s) == 0)
		return;
	start_period(s);
	if (s->period != was)
		s->ram[R_C] |= C_PF;
}

static void
drive(struct mc146818 *s)
{
	uint8_t level = (s->ram[R_B] & s->ram[R_C] & B_ENABLES) != 0;

	if (s->line == level)
		return;
	s->line = level;
	s->dev.host.ops->irq(s->dev.host.arg, level);
}

static void
arm_period(struct mc146818 *s)
{
	struct dev_host *h = &s->dev.host;
	uint64_t ns, left;

	if (s->paused || s->line || !divider_on(s) || rate(s) == 0 ||
	    (s->ram[R_B] & C_PF) == 0) {
		h->ops->untimer(h->arg, 0);
		return;
	}
	/* The first ns of the next period, from the full second. */
	ns = mono(s);
	left = rate(s) - crystal(ns) % rate(s) +
	    ns % NS_PER_SEC * CRYSTAL / NS_PER_SEC;
	h->ops->timer(h->arg, 0, (left * NS_PER_SEC + CRYSTAL - 1) / CRYSTAL -
	    ns % NS_PER_SEC);
}

static void
arm_second(struct mc146818 *s)
{
	struct dev_host *h = &s->dev.host;
	struct instant t;
	int in = 0;

	if (!s->paused && !s->line && running(s)) {
		if ((s->ram[R_B] & C_AF) != 0)
			in = ALARM_LOOK;
		if ((s->ram[R_B] & C_UF) != 0)
			in = 1;
	}
	if (in == 0) {
		h->ops->untimer(h->arg, 1);
		return;
	}
	t = now(s);
	if (in > 1) {
		in = alarm_in(s, t.sec);
		if (in == 0 || in > ALARM_LOOK)
			in = ALARM_LOOK;
	}
	h->ops->timer(h->arg, 1, (uint64_t)in * NS_PER_SEC - t.ns);
}

static void
sync(struct mc146818 *s)
{
	update_flags(s);
	period_flag(s);
	drive(s);
}

static void
arm(struct mc146818 *s)
{
	arm_period(s);
	arm_second(s);
}

/* Registers A and B decide whether and how the time goes on. */
static void
write_control(struct mc146818 *s, unsigned reg, uint8_t v)
{
	int ran = running(s), divided = divider_on(s);
	uint8_t was = s->ram[reg];

	if (ran)
		render(s, now(s).sec, s->ram);
	if (reg == R_A) {
		s->ram[R_A] = v & (A_DIVIDER | A_RATE);
		if ((was & A_RATE) != (v & A_RATE) || !divided)
			start_period(s);
	} else {
		if ((v & ~was & B_SET) != 0)
			v &= (uint8_t)~B_UIE;
		s->ram[R_B] = v;
	}
	if (!divided && divider_on(s))
		set_phase(s, NS_PER_SEC / 2);
	if (running(s) && (!ran || reg == R_B))
		resume(s);
}

static int
is_time(unsigned reg)
{
	return reg <= R_YEAR ? (reg & 1) == 0 || reg > R_HOUR_ALARM :
	    reg == R_CENTURY;
}

static void
write_reg(struct mc146818 *s, unsigned reg, uint8_t v)
{
	if (reg == R_C || reg == R_D)
		return;
	sync(s);
	if (reg == R_A || reg == R_B) {
		write_control(s, reg, v);
	} else if (is_time(reg) && running(s)) {
		render(s, now(s).sec, s->ram);
		s->ram[reg] = v;
		resume(s);
	} else {
		s->ram[reg] = v;
	}
	drive(s);
	arm(s);
}

static uint8_t
read_flags(struct mc146818 *s)
{
	uint8_t v;

	sync(s);
	v = (uint8_t)(s->ram[R_C] | (s->line ? C_IRQF : 0));
	s->ram[R_C] = 0;
	drive(s);
	arm(s);
	return v;
}

static uint8_t
read_reg(struct mc146818 *s, unsigned reg)
{
	uint8_t shown[R_NREGS];
	struct instant t;

	if (reg == R_C)
		return read_flags(s);
	if (!running(s) || (!is_time(reg) && reg != R_A))
		return s->ram[reg];
	t = now(s);
	if (reg == R_A)
		return s->ram[R_A] |
		    (t.ns >= NS_PER_SEC - MC146818_UIP_NS ? A_UIP : 0);
	render(s, t.sec, shown);
	return shown[reg];
}

/* A number of bytes, little-endian; the most that fits when it does not. */
static void
put_size(uint8_t *p, unsigned bytes, uint64_t v)
{
	unsigned i;

	if (v >> (8 * bytes) != 0)
		v = UINT64_MAX;
	for (i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t
beyond(uint64_t v, uint64_t from)
{
	return v > from ? v - from : 0;
}

static void
fill(struct mc146818 *s, const struct devconf *conf)
{
	uint64_t low = devconf_int(conf, DEVCONF_LOWMEM, 0);
	uint64_t high = devconf_int(conf, DEVCONF_HIGHMEM, 0);
	uint64_t boot = devconf_int(conf, DEVCONF_BOOTORDER, 0);
	uint64_t ncpus = devconf_int(conf, DEVCONF_NCPUS, 1);

	s->ram[0x14] = 0x02;		/* there is a coprocessor */
	put_size(s->ram + 0x15, 2, 640);
	put_size(s->ram + 0x17, 2, beyond(low, 1 << 20) >> 10);
	put_size(s->ram + 0x30, 2, beyond(low, 1 << 20) >> 10);
	put_size(s->ram + 0x34, 2, beyond(low, 16 << 20) >> 16);
	put_size(s->ram + 0x5b, 3, high >> 16);
	s->ram[0x5f] = (uint8_t)(ncpus - 1);
	s->ram[0x3d] = (uint8_t)boot;
	s->ram[0x38] = (uint8_t)(boot >> 4 & 0xf0);
}

static int
mc146818_attach(struct dev *d, const struct devconf *conf)
{
	struct mc146818 *s = (struct mc146818 *)d;

	s->ram[R_A] = A_NORMAL | 6;
	s->ram[R_B] = B_24;
	s->ram[R_D] = D_VRT;
	fill(s, conf);
	s->seen = now(s).sec;
	start_period(s);
	return 0;
}

static void
reset(struct mc146818 *s)
{
	s->ram[R_B] &= (uint8_t)~(B_ENABLES | B_SQWE);
	s->ram[R_C] = 0;
	s->paused = 0;
	drive(s);
	arm(s);
}

static void
mc146818_detach(struct dev *d)
{
	reset((struct mc146818 *)d);
}

static void
port_access(struct mc146818 *s, struct viodev_msg *m)
{
	int mine = m->space == VIODEV_PORT && m->width == 1 &&
	    (m->where == 0x70 || m->where == 0x71);

	if (m->type == VIODEV_READ) {
		m->data = UINT64_MAX >> (64 - 8 * m->width);
		if (mine && m->where == 0x71)
			m->data = read_reg(s, s->index);
	} else if (mine && m->where == 0x70) {
		s->index = m->data & 0x7f;
	} else if (mine) {
		write_reg(s, s->index, (uint8_t)m->data);
	}
}

static void
mc146818_msg(struct dev *d, struct viodev_msg *m)
{
	struct mc146818 *s = (struct mc146818 *)d;

	switch (m->type) {
	case VIODEV_READ:
	case VIODEV_WRITE:
		port_access(s, m);
		break;
	case VIODEV_TIMER:
	case VIODEV_UNPAUSE:
		if (m->type == VIODEV_UNPAUSE)
			s->paused = 0;
		sync(s);
		arm(s);
		break;
	case VIODEV_PAUSE:
		s->paused = 1;
		arm(s);
		break;
	case VIODEV_RESET:
		reset(s);
		break;
	default:
		break;
	}
}

static void
mc146818_save(const struct dev *d, struct wbuf *w)
{
	const struct mc146818 *s = (const struct mc146818 *)d;

	wb_u16(w, STATE_VERSION);
	wb_u64(w, (uint64_t)s->offset);
	wb_u64(w, (uint64_t)s->seen);
	wb_u64(w, s->period);
	wb_u32(w, s->phase);
	wb_u8(w, s->wday);
	wb_u8(w, s->index);
	wb_u8(w, s->paused);
	wb_bytes(w, s->ram, sizeof(s->ram));
}

static const char *
check_registers(const struct mc146818 *s)
{
	if (s->phase >= NS_PER_SEC || s->wday > 6 || s->index >= R_NREGS ||
	    s->paused > 1)
		return "field out of range";
	if ((s->ram[R_A] & A_UIP) != 0 || s->ram[R_D] != D_VRT ||
	    (s->ram[R_C] & ~B_ENABLES) != 0)
		return "read-only bit has another value";
	return NULL;
}

static const char *
mc146818_check(const struct dev *d)
{
	const struct mc146818 *s = (const struct mc146818 *)d;
	const char *why = check_registers(s);

	if (why == NULL && s->line !=
	    ((s->ram[R_B] & s->ram[R_C] & B_ENABLES) != 0))
		why = "line differs from the flags";
	return why;
}

/* Seconds that a state may be ahead: years of four digits and more. */
#define FAR	(1LL << 50)

static int
mc146818_load(struct dev *d, struct rbuf *r)
{
	struct mc146818 *s = (struct mc146818 *)d, tmp = *s;

	if (rb_u16(r) != STATE_VERSION)
		return -1;
	tmp.offset = (int64_t)rb_u64(r);
	tmp.seen = (int64_t)rb_u64(r);
	tmp.period = rb_u64(r);
	tmp.phase = rb_u32(r);
	tmp.wday = rb_u8(r);
	tmp.index = rb_u8(r);
	tmp.paused = rb_u8(r);
	rb_copy(r, tmp.ram, sizeof(tmp.ram));
	if (!rb_done(r) || check_registers(&tmp) != NULL ||
	    tmp.offset > FAR || tmp.offset < -FAR || tmp.seen > FAR ||
	    tmp.seen < -FAR)
		return -1;
	*s = tmp;
	drive(s);
	return 0;
}

const struct dev_ops mc146818_dev = {
	.name = "mc146818",
	.size = sizeof(struct mc146818),
	.attach = mc146818_attach,
	.detach = mc146818_detach,
	.msg = mc146818_msg,
	.save = mc146818_save,
	.load = mc146818_load,
	.check = mc146818_check,
};
