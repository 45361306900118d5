/*
 * The clock, once more: memory byte by byte, a calendar that counts years and
 * days one by one, and what the flags owe after how much time.
 */
#include "chipsim.h"
#include "mc146818.h"

enum op {
	OP_TIME, OP_SET, OP_UIP, OP_UPDATE, OP_PERIODIC, OP_ALARM, OP_MEMORY,
	OP_BINARY, OP_TWELVE, OP_IRQ
};

static const char *const ops[] = {
	"time", "set", "uip", "update", "periodic", "alarm", "memory",
	"binary", "twelve", "irq", NULL
};

#define B_FORMAT	0x06

struct rtc {
	uint8_t		ram[128];	/* as written */
	uint8_t		sure[128];	/* and whether we know it */
	unsigned	index;
	int		known;		/* the time, from here on */
	int64_t		base;		/* seconds shown at ... */
	uint64_t	wall;		/* ... this time of the host */
	uint64_t	looked;		/* mono: C was read */
	int64_t		second;		/* of the wall clock then */
	int		line;		/* before the message */
	int		leapt;		/* the wall clock did something */
	uint64_t	should;		/* it would be that without */
};

static int
is_time(unsigned reg)
{
	return reg == 0 || reg == 2 || reg == 4 || (reg >= 6 && reg <= 9) ||
	    reg == 0x32;
}

static int
goes(const struct rtc *m)
{
	return (m->ram[10] & 0x70) == 0x20 && (m->ram[11] & 0x80) == 0;
}

static int
days_in(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

struct date {
	int	year, month, day, hour, min, sec;
};

static int64_t
count_seconds(const struct date *d)
{
	int64_t days = d->day - 1;
	int y, mo;

	for (y = 1970; y < d->year; y++)
		days += days_in(y, 2) + 337;
	for (y = 1969; y >= d->year; y--)
		days -= days_in(y, 2) + 337;
	for (mo = 1; mo < d->month; mo++)
		days += days_in(d->year, mo);
	return ((days * 24 + d->hour) * 60 + d->min) * 60 + d->sec;
}

static void
split_seconds(int64_t t, struct date *d)
{
	int64_t days = t / 86400;

	if (t % 86400 < 0)
		days--;
	t -= days * 86400;
	d->hour = (int)(t / 3600);
	d->min = (int)(t / 60 % 60);
	d->sec = (int)(t % 60);
	for (d->year = 1970; days < 0; days += days_in(d->year, 2) + 337)
		d->year--;
	for (; days >= days_in(d->year, 2) + 337; d->year++)
		days -= days_in(d->year, 2) + 337;
	for (d->month = 1; days >= days_in(d->year, d->month); d->month++)
		days -= days_in(d->year, d->month);
	d->day = (int)days + 1;
}

/* A register's number, or -1 when it is none in this format. */
static int
number(const struct rtc *m, unsigned reg, int low, int high)
{
	int v = m->ram[reg];

	if ((m->ram[11] & 4) == 0) {
		if ((v & 15) > 9 || v >> 4 > 9)
			return -1;
		v = (v >> 4) * 10 + (v & 15);
	}
	return v < low || v > high ? -1 : v;
}

static int
hour_number(struct rtc *m)
{
	uint8_t raw = m->ram[4];
	int h;

	if ((m->ram[11] & 2) != 0)
		return number(m, 4, 0, 23);
	m->ram[4] &= 0x7f;
	h = number(m, 4, 1, 12);
	m->ram[4] = raw;
	return h == -1 ? -1 : h % 12 + (raw >= 0x80 ? 12 : 0);
}

static unsigned
written(const struct rtc *m, int v)
{
	return (unsigned)((m->ram[11] & 4) != 0 ? v : v / 10 * 16 + v % 10);
}

/* What a register shows at t; the day of the week is nobody's business. */
static int
shows(const struct rtc *m, unsigned reg, int64_t t, unsigned got)
{
	struct date d;
	unsigned h;

	split_seconds(t, &d);
	switch (reg) {
	case 0:
		return got == written(m, d.sec);
	case 2:
		return got == written(m, d.min);
	case 4:
		if ((m->ram[11] & 2) != 0)
			return got == written(m, d.hour);
		h = written(m, d.hour % 12 == 0 ? 12 : d.hour % 12);
		return got == (d.hour >= 12 ? h | 0x80 : h);
	case 7:
		return got == written(m, d.day);
	case 8:
		return got == written(m, d.month);
	case 9:
		return got == written(m, d.year % 100);
	case 0x32:
		return got == written(m, d.year / 100);
	default:
		return 1;
	}
}

/* The guest has set a time: it is known if it is one. */
static void
set_time(struct chipsim *s, struct rtc *m)
{
	struct date d;
	int century, year;
	unsigned i;

	m->known = 0;
	for (i = 0; i < 10; i++)
		if (is_time(i) && i != 6 && !m->sure[i])
			return;
	century = number(m, 0x32, 0, 99);
	year = number(m, 9, 0, 99);
	d.month = number(m, 8, 1, 12);
	d.day = number(m, 7, 1, 31);
	d.hour = hour_number(m);
	d.min = number(m, 2, 0, 59);
	d.sec = number(m, 0, 0, 59);
	if (!m->sure[0x32] || century == -1 || year == -1 || d.month == -1 ||
	    d.day == -1 || d.hour == -1 || d.min == -1 || d.sec == -1)
		return;
	d.year = century * 100 + year;
	if (d.day > days_in(d.year, d.month))
		return;
	chipsim_met(s, OP_SET);
	m->known = 1;
	m->base = count_seconds(&d);
	m->wall = s->wall;
}

static void
write_reg(struct chipsim *s, struct rtc *m, unsigned reg, uint8_t v)
{
	int went = goes(m);
	unsigned i;

	if (reg == 12 || reg == 13)
		return;
	if (reg == 10)
		v &= 0x7f;
	if (reg == 11 && (v & ~m->ram[11] & 0x80) != 0)
		v &= 0xef;
	if (is_time(reg) && went)
		m->known = 0;
	if (reg == 11 && went && ((v ^ m->ram[11]) & B_FORMAT) != 0)
		m->known = 0;
	if (reg == 10)
		m->looked = s->now;
	m->ram[reg] = v;
	m->sure[reg] = 1;
	if (went && !goes(m))
		for (i = 0; i < 128; i++)
			if (is_time(i))
				m->sure[i] = 0;
	if (!went && goes(m))
		set_time(s, m);
	if ((m->ram[11] & 4) != 0)
		chipsim_met(s, OP_BINARY);
	if ((m->ram[11] & 2) == 0)
		chipsim_met(s, OP_TWELVE);
	/* What elapsed by then is not owed. */
	if (reg <= 11)
		m->second = INT64_MAX;
}

/* Nanoseconds of a period, rounded up, or 0. */
static uint64_t
period(const struct rtc *m)
{
	static const unsigned hz[] = {
		0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32,
		16, 8, 4, 2
	};
	unsigned f = hz[m->ram[10] & 15];

	if (f == 0 || (m->ram[10] & 0x70) != 0x20)
		return 0;
	return 1000000000 / f + 1;
}

static void
check_flags(struct chipsim *s, struct rtc *m, unsigned got)
{
	uint64_t p = period(m);

	if (((got & 0x80) != 0) != ((got & m->ram[11] & 0x70) != 0))
		chipsim_fail(s, "answer", "IRQF is not what is enabled");
	if (m->line && (got & 0x80) == 0)
		chipsim_fail(s, "answer", "the line was up without IRQF");
	if ((got & 0x0f) != 0)
		chipsim_fail(s, "answer", "flags that there are not");
	if (s->line)
		chipsim_fail(s, "irq", "reading C does not end it");
	if (p != 0 && s->now - m->looked > p + 1 && (got & 0x40) == 0)
		chipsim_fail(s, "answer", "a periodic flag is owed");
	if (goes(m) && m->second != INT64_MAX && (got & 0x10) == 0 &&
	    s->wall / 1000000000 > (uint64_t)m->second + 1)
		chipsim_fail(s, "answer", "an update flag is owed");
	if ((got & 0x40) != 0)
		chipsim_met(s, OP_PERIODIC);
	if ((got & 0x20) != 0)
		chipsim_met(s, OP_ALARM);
	if ((got & 0x10) != 0)
		chipsim_met(s, OP_UPDATE);
	m->looked = s->now;
	m->second = (int64_t)(s->wall / 1000000000);
}

static void
check_time(struct chipsim *s, struct rtc *m, unsigned reg, unsigned got)
{
	int64_t t;

	if (!m->known)
		return;
	t = m->base + (int64_t)((s->wall - m->wall) / 1000000000);
	if (t < -60000000000LL || t > 250000000000LL)
		return;
	chipsim_met(s, OP_TIME);
	/* Where in its second we are is not followed. */
	if (!shows(m, reg, t, got) && !shows(m, reg, t + 1, got))
		chipsim_fail(s, "answer", "another time than was set");
}

static void
check_read(struct chipsim *s, struct rtc *m, unsigned reg, unsigned got)
{
	if (reg == 12) {
		check_flags(s, m, got);
	} else if (reg == 13) {
		if (got != 0x80)
			chipsim_fail(s, "answer", "D reads otherwise");
	} else if (reg == 10) {
		if ((got & 0x7f) != m->ram[10] || (got > 0x7f && !goes(m)))
			chipsim_fail(s, "answer", "A reads otherwise");
		if (got > 0x7f)
			chipsim_met(s, OP_UIP);
	} else if (is_time(reg) && goes(m)) {
		check_time(s, m, reg, got);
	} else if (m->sure[reg]) {
		chipsim_met(s, OP_MEMORY);
		if (got != m->ram[reg])
			chipsim_fail(s, "answer", "memory reads otherwise");
	}
}

/* A leap of the wall clock: what it owed is not known any more. */
static int
watch_wall(struct chipsim *s, struct rtc *m)
{
	if (s->wall < m->wall)
		m->known = 0;
	if (s->wall - s->now == m->should)
		return 0;
	m->should = s->wall - s->now;
	m->second = INT64_MAX;
	return 1;
}

static void
before(struct chipsim *s, const struct viodev_msg *m)
{
	struct rtc *x = s->model;

	(void)m;
	x->line = s->line;
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	struct rtc *x = s->model;
	int leapt = watch_wall(s, x);

	if (s->line)
		chipsim_met(s, OP_IRQ);
	if (m->type == VIODEV_RESET) {
		x->ram[11] &= 0x87;
		x->looked = s->now;
		x->second = INT64_MAX;
	} else if (chipsim_byte(m, VIODEV_WRITE) && m->where == 0x70)
		x->index = m->data & 0x7f;
	else if (chipsim_byte(m, VIODEV_WRITE) && m->where == 0x71) {
		write_reg(s, x, x->index, (uint8_t)m->data);
		/* From which side of the leap it counts, nobody can say. */
		if (leapt)
			x->known = 0;
	} else if (chipsim_byte(m, VIODEV_READ) && m->where == 0x71)
		check_read(s, x, x->index, (unsigned)m->data);
}

static void
start(struct chipsim *s)
{
	struct rtc *m = s->model;

	m->ram[10] = 0x26;
	m->ram[11] = 0x02;
	m->sure[1] = m->sure[3] = m->sure[5] = m->sure[11] = 1;
	m->known = 1;
	m->base = 1000000000;
	m->wall = s->wall;
	m->should = s->wall - s->now;
	m->looked = s->now;
	m->second = INT64_MAX;
}

static void
conf(struct wbuf *w)
{
	devconf_put_int(w, DEVCONF_LOWMEM, 64 << 20);
}

const struct chipsim_kind chip_mc146818 = {
	.dev = &mc146818_dev,
	.timers = 2,
	.lanes = 2,
	.model = sizeof(struct rtc),
	.conf = conf,
	.start = start,
	.before = before,
	.after = after,
	.ops = ops,
};
