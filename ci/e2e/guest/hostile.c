/*
 * A guest that means no good: random values to every port, to every register
 * and queue of every device, random descriptors in rings that change while
 * devices read them.  It never stops by itself; a number on its command line
 * seeds it, and a "c" behind that makes it calm: it waits until a device has done
 * what it was asked for before it touches memory again, so that a recording can
 * be exact.  What it says on
 * com1 is not to be trusted for long.
 */
#include <stdint.h>

#define RAM		0x00800000U	/* what rings and requests may use */
#define RAMSIZE		0x00800000U
#define SLOTS		12
#define QUEUES		5
#define CODE_END	0x00200000U

struct start_info {
	uint32_t	magic, version, flags, nmodules;
	uint64_t	modules, cmdline;
};

struct desc {
	uint32_t	addr, high, len;
	uint16_t	flags, next;
};

/* A virtio device, as far as we made it work. */
struct device {
	uint16_t	bar;		/* 0: none */
	uint16_t	id;
	uint16_t	size[QUEUES];
	uint32_t	ring[QUEUES];	/* descriptors; the rest is behind */
	uint16_t	avail[QUEUES];
};

extern volatile uint32_t interrupts;
void	main(const struct start_info *);

static uint32_t state = 1;
static int calm;
static struct device device[SLOTS];

static void
out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static void
out16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static void
out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static uint32_t
in(uint16_t port, unsigned width)
{
	uint32_t v = 0;

	if (width == 1)
		__asm__ volatile("inb %1, %b0" : "+a"(v) : "Nd"(port));
	else if (width == 2)
		__asm__ volatile("inw %1, %w0" : "+a"(v) : "Nd"(port));
	else
		__asm__ volatile("inl %1, %0" : "+a"(v) : "Nd"(port));
	return v;
}

static uint32_t
rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return below == 0 ? state : state % below;
}

/* Mostly small, or at an edge. */
static uint32_t
value(void)
{
	switch (rnd(6)) {
	case 0:
		return rnd(4);
	case 1:
		return rnd(0x200);
	case 2:
		return 1U << rnd(32);
	case 3:
		return 0U - rnd(4);
	case 4:
		return RAM + rnd(RAMSIZE);
	default:
		return rnd(0);
	}
}

static void
say(const char *s)
{
	for (; *s != '\0'; s++)
		out8(0x3f8, (uint8_t)*s);
}

/*
 * The ends of a machine are allowed, but rarely: there is more to break.  An
 * interrupt controller that is set up anew is one, as exceptions come of it.
 */
static int
ends(uint16_t port, unsigned width)
{
	static const uint16_t bad[] = { 0x20, 0xa0, 0x64, 0x92, 0xcf9, 0xb008,
	    0xb009 };
	unsigned i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bad[i] >= port && bad[i] < port + width)
			return rnd(5000) != 0;
	return 0;
}

static uint16_t
used(const struct device *d, unsigned q)
{
	return *(volatile uint16_t *)(d->ring[q] + 0x6002);
}

/*
 * Until the device has used what queue q offers.  It serves a long queue in
 * turns, of which at least one lies between two answers, so one that stands
 * still is done, waits for something or is broken.
 */
static void
settle(const struct device *d, unsigned q)
{
	uint16_t seen, idle = 0;

	while (used(d, q) != d->avail[q] && idle < 3) {
		seen = used(d, q);
		(void)in(d->bar + 0x200, 1);
		idle = used(d, q) == seen ? idle + 1 : 0;
	}
}

/* A write to any register may have been a kick of any queue. */
static void
settle_all(void)
{
	unsigned i, q;

	for (i = 0; calm && i < SLOTS; i++)
		for (q = 0; device[i].bar != 0 && q < QUEUES; q++)
			if (device[i].size[q] != 0)
				settle(&device[i], q);
}

static void
touch(uint16_t port, uint32_t v)
{
	unsigned width = 1U << rnd(3);

	if (rnd(3) == 0)
		(void)in(port, width);
	else if (ends(port, width))
		return;
	else if (width == 1)
		out8(port, (uint8_t)v);
	else if (width == 2)
		out16(port, (uint16_t)v);
	else
		out32(port, v);
	settle_all();
}

/* A chip that is there. */
static void
chip(void)
{
	static const struct {
		uint16_t first, n;
	} known[] = {
		{ 0x20, 2 }, { 0xa0, 2 }, { 0x40, 4 }, { 0x61, 1 },
		{ 0x70, 2 }, { 0x3f8, 8 }, { 0x4d0, 2 }, { 0x510, 12 },
		{ 0xcf8, 8 }, { 0x402, 1 }, { 0x80, 1 }, { 0xb000, 16 },
		{ 0x60, 5 }, { 0x92, 1 }
	};
	unsigned i = rnd(sizeof(known) / sizeof(known[0]));

	touch((uint16_t)(known[i].first + rnd(known[i].n)), value());
}

static uint32_t
config(unsigned slot, unsigned reg)
{
	out32(0xcf8, 0x80000000U | slot << 11 | (reg & 0xfc));
	return in(0xcfc, 4);
}

static void
config_put(unsigned slot, unsigned reg, uint32_t v)
{
	out32(0xcf8, 0x80000000U | slot << 11 | (reg & 0xfc));
	out32(0xcfc, v);
}

/* A ring of a device, where it can be anywhere. */
static void
queue(struct device *d, unsigned q)
{
	uint32_t at = RAM + (rnd(RAMSIZE - 0x20000) & ~0xfffU);
	uint16_t max;

	out16(d->bar + 22, (uint16_t)q);
	max = (uint16_t)in(d->bar + 24, 2);
	if (max == 0)
		return;
	d->size[q] = (uint16_t)(rnd(2) ? max : 1U << rnd(9));
	d->ring[q] = at;
	d->avail[q] = 0;
	*(volatile uint32_t *)(at + 0x4000) = 0;
	out16(d->bar + 24, d->size[q]);
	out32(d->bar + 32, rnd(500) ? at : value());
	out32(d->bar + 36, rnd(500) ? 0 : value());
	out32(d->bar + 40, at + 0x4000);
	out32(d->bar + 44, 0);
	out32(d->bar + 48, at + 0x6000);
	out32(d->bar + 52, 0);
	out16(d->bar + 28, 1);
}

/* As a driver would, so that what comes next reaches the device's inside. */
static void
bring_up(unsigned slot)
{
	struct device *d = &device[slot];
	uint32_t id = config(slot, 0);
	unsigned q;

	d->bar = 0;
	if ((id & 0xffff) == 0xffff || slot == 0)
		return;
	d->id = (uint16_t)(id >> 16);
	config_put(slot, 0x10, 0x1000U * slot);
	config_put(slot, 4, 7);
	d->bar = (uint16_t)(0x1000U * slot);
	out8(d->bar + 20, 0);
	out8(d->bar + 20, 1);
	out8(d->bar + 20, 3);
	for (q = 0; q < 2; q++) {
		out32(d->bar, q);
		id = in(d->bar + 4, 4);
		out32(d->bar + 8, q);
		out32(d->bar + 12, q == 1 ? id : id & (rnd(2) ? ~0U : rnd(0)));
	}
	out8(d->bar + 20, 11);
	for (q = 0; q < QUEUES; q++)
		queue(d, q);
	out8(d->bar + 20, 15);
}

/* What a request begins with. */
static void
header(uint32_t at)
{
	uint32_t *p = (uint32_t *)at;
	unsigned i;

	p[0] = rnd(14);
	p[1] = rnd(8) ? 0 : rnd(0);
	p[2] = rnd(4) ? rnd(64) : value();
	p[3] = rnd(8) ? 0 : rnd(0);
	if (rnd(2) == 0)		/* SCSI: an address, a command */
		return;
	p[0] = 1;
	p[1] = rnd(8) ? 0 : rnd(0);
	for (i = 4; i < 13; i++)
		p[i] = rnd(3) ? 0 : rnd(0);
	((uint8_t *)at)[19] = (uint8_t)rnd(0);
}

static uint32_t
address(void)
{
	uint32_t a = value();

	if (rnd(300) != 0 || (a < CODE_END && rnd(50) != 0))
		return RAM + rnd(RAMSIZE - 0x10000);
	return a;
}

static uint32_t
length(void)
{
	switch (rnd(8)) {
	case 0:
		return value();
	case 1:
		return rnd(0x8000);
	case 2:
		return 16;
	case 3:
		return 51;		/* a SCSI request */
	default:
		return 512 * rnd(8);
	}
}

/* Segment i of n, where those from turn on are the device's to write. */
static void
segment(volatile struct desc *to, unsigned i, unsigned n, unsigned turn)
{
	to->addr = address();
	to->high = rnd(500) ? 0 : rnd(0);
	to->len = i > 0 && i == n - 1 && rnd(2) ? 1 : length();
	to->flags = (uint16_t)((i < n - 1 ? 1 : 0) | (i >= turn ? 2 : 0));
	if (rnd(200) == 0)
		to->flags = (uint16_t)rnd(8);
	if (i == 0 && to->addr >= RAM && to->addr < RAM + RAMSIZE - 64) {
		to->len = rnd(2) ? 16 : 51;
		header(to->addr);
	}
}

/* A chain into a ring, and perhaps a kick. */
static void
request(struct device *d, unsigned q)
{
	volatile struct desc *ring = (volatile struct desc *)d->ring[q];
	volatile uint16_t *avail =
	    (volatile uint16_t *)(d->ring[q] + 0x4000);
	unsigned i, n = 1 + rnd(6), turn = rnd(n + 1);
	uint16_t size = d->size[q], at;

	if (size == 0 || size > 512)
		return;
	at = (uint16_t)rnd(size);
	avail[2 + d->avail[q] % size] = rnd(200) ? at : (uint16_t)rnd(0);
	for (i = 0; i < n; i++) {
		segment(&ring[at], i, n, turn);
		ring[at].next = (uint16_t)(rnd(200) ? (at + 1U) % size :
		    rnd(0));
		at = ring[at].next % size;
	}
	d->avail[q]++;
	if (rnd(500) == 0)
		d->avail[q] = (uint16_t)rnd(0);
	avail[1] = d->avail[q];
	if (rnd(3) != 0)
		out16(d->bar + 0x100, (uint16_t)q);
	if (calm)
		settle(d, q);
}

static void
use(struct device *d)
{
	if (d->bar == 0)
		return;
	switch (rnd(8)) {
	case 0:
		if (rnd(8) == 0)
			touch((uint16_t)(d->bar + rnd(0x40)), value());
		break;
	case 1:
		touch((uint16_t)(d->bar + rnd(0x1000)), value());
		break;
	case 2:
		(void)in(d->bar + 0x200, 1);
		break;
	default:
		request(d, rnd(QUEUES));
		break;
	}
}

static void
memory(void)
{
	volatile uint32_t *p = (uint32_t *)(0xf0000000U + (rnd(0) >> 5));

	if (rnd(2))
		*p = value();
	else
		(void)*p;
}

static void
take_interrupts(void)
{
	unsigned i;

	__asm__ volatile("sti");
	for (i = rnd(100); i > 0; i--)
		__asm__ volatile("nop");
	__asm__ volatile("cli");
}

static void
step(void)
{
	switch (rnd(32)) {
	case 0:
		touch((uint16_t)rnd(0x10000), value());
		break;
	case 1:
		memory();
		break;
	case 2:
		take_interrupts();
		break;
	case 3:
		config_put(rnd(32), rnd(256), value());
		break;
	case 4:
		bring_up(rnd(SLOTS));
		break;
	case 5: case 6: case 7: case 8:
		chip();
		break;
	default:
		use(&device[rnd(SLOTS)]);
		break;
	}
}

/* Vectors 32 to 47, all lines open. */
static void
controllers(void)
{
	static const struct {
		uint16_t	port;
		uint8_t		v;
	} word[] = {
		{ 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, 0x20 },
		{ 0xa1, 0x28 }, { 0x21, 4 }, { 0xa1, 2 }, { 0x21, 1 },
		{ 0xa1, 1 }, { 0x21, 0 }, { 0xa1, 0 }
	};
	unsigned i;

	for (i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		out8(word[i].port, word[i].v);
}

void
main(const struct start_info *si)
{
	const char *s = (const char *)(uint32_t)si->cmdline;
	unsigned i;

	for (; *s >= '0' && *s <= '9'; s++)
		state = state * 10 + (uint32_t)(*s - '0');
	calm = *s == 'c';
	say("hostile: started\r\n");
	controllers();
	for (i = 0; i < SLOTS; i++)
		bring_up(i);
	say("hostile: devices are up\r\n");
	for (;;)
		step();
}
