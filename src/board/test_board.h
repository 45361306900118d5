/* A host and a board for the tests of this folder. */
#ifndef TEST_BOARD_H
#define TEST_BOARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "viornd.h"
#include "virtio_dev.h"

#define SEC	1000000000ULL
#define MEM	0x100000

/* -------------------------------------------------- a host and a board */

static struct board *b;
static void *bmem, *rndmem, *spare, *sparernd;
static uint8_t memory[MEM];
static struct gmem gm;
static int intr;
static uint64_t now;
static uint64_t due[BOARD_NTIMERS];
static char con[256], dbg[256];
static size_t ncon, ndbg;
static int con_busy, con_ready;
static unsigned asked, what, logs;
static char lastlog[200];
static jmp_buf panicked;

static void
h_intr(void *arg, int on)
{
	assert_ptr_equal(arg, &now);
	assert_int_not_equal(on, intr);
	intr = on;
}

static uint64_t
h_clock(void *arg, enum host_clock c)
{
	(void)arg;
	return c == CLOCK_MONO ? now : now + 1000000000 * SEC;
}

static void
h_timer(void *arg, unsigned id, uint64_t delay)
{
	(void)arg;
	assert_true(id < BOARD_NTIMERS);
	due[id] = now + delay;
}

static void
h_untimer(void *arg, unsigned id)
{
	(void)arg;
	assert_true(id < BOARD_NTIMERS);
	due[id] = UINT64_MAX;
}

static int
h_console(void *arg, const void *p, size_t len)
{
	(void)arg;
	if (con_busy)
		return -1;
	assert_true(ncon + len < sizeof(con));
	memcpy(con + ncon, p, len);
	ncon += len;
	return 0;
}

static void
h_ready(void *arg, int on)
{
	(void)arg;
	con_ready = on;
}

static void
h_debug(void *arg, uint8_t byte)
{
	(void)arg;
	dbg[ndbg++ % sizeof(dbg)] = (char)byte;
}

static int
h_entropy(void *arg, void *p, size_t len)
{
	(void)arg;
	memset(p, 0x5a, len);
	return 0;
}

static void
h_request(void *arg, enum host_request w, uint64_t val)
{
	(void)arg;
	(void)val;
	asked++;
	what = w;
}

static void __attribute__((format(printf, 4, 0)))
h_log(void *arg, enum host_log level, const char *who, const char *fmt,
    va_list ap)
{
	int n;

	(void)arg;
	(void)level;
	logs++;
	n = snprintf(lastlog, sizeof(lastlog), "%s: ", who);
	vsnprintf(lastlog + n, sizeof(lastlog) - (size_t)n, fmt, ap);
}

static void __attribute__((format(printf, 3, 0), noreturn))
h_panic(void *arg, const char *who, const char *fmt, va_list ap)
{
	int n;

	(void)arg;
	n = snprintf(lastlog, sizeof(lastlog), "%s: ", who);
	vsnprintf(lastlog + n, sizeof(lastlog) - (size_t)n, fmt, ap);
	longjmp(panicked, 1);
}

static const struct board_host host = {
	h_intr, h_clock, h_timer, h_untimer, h_console, h_ready, h_debug,
	h_entropy, h_request, h_log, h_panic
};

static const struct board_range ranges[] = {
	{ 0, 0x90000, BOARD_RAM }, { 0x90000, 0x70000, BOARD_RESERVED },
	{ 0x100000, 0x7f00000, BOARD_RAM },
	{ 0xffc00000, 0x400000, BOARD_RESERVED },
	{ 0x100000000, 0x10000000, BOARD_RAM },
};

static const struct board_conf conf = {
	.gm = &gm, .range = ranges, .nranges = 5, .ncpus = 1, .debug = 1,
	.bootorder = 0x23
};

static inline void
on(void)
{
	unsigned i;

	memset(&gm, 0, sizeof(gm));
	memset(memory, 0, sizeof(memory));
	gm_add(&gm, 0, MEM, memory);
	for (i = 0; i < BOARD_NTIMERS; i++)
		due[i] = UINT64_MAX;
	intr = 0;
	now = SEC;
	ncon = ndbg = 0;
	con_busy = 0;
	con_ready = 1;
	asked = logs = 0;
	b = board_attach(bmem, &host, &now, &conf);
	assert_non_null(b);
	assert_null(board_check(b));
}

static inline void
pass(uint64_t ns)
{
	uint64_t end = now + ns;
	unsigned i, next;

	for (;;) {
		for (i = next = 0; i < BOARD_NTIMERS; i++)
			if (due[i] < due[next])
				next = i;
		if (due[next] > end)
			break;
		now = due[next];
		due[next] = UINT64_MAX;
		board_timer(b, next);
	}
	now = end;
	assert_null(board_check(b));
}

static inline void
out(unsigned port, unsigned v)
{
	board_out(b, (uint16_t)port, 1, v);
}

static inline unsigned
in(unsigned port)
{
	return board_in(b, (uint16_t)port, 1);
}

static inline void
pic_init(void)
{
	static const struct { uint8_t port, v; } w[] = {
		{ 0x20, 0x11 }, { 0x21, 0x30 }, { 0x21, 0x04 }, { 0x21, 1 },
		{ 0xa0, 0x11 }, { 0xa1, 0x38 }, { 0xa1, 0x02 }, { 0xa1, 1 },
	};
	unsigned i;

	for (i = 0; i < 8; i++)
		out(w[i].port, w[i].v);
}

static inline uint32_t
cfg(unsigned slot, unsigned reg)
{
	board_out(b, 0xcf8, 4, 0x80000000U | slot << 11 | reg);
	return board_in(b, 0xcfc, 4);
}

static inline void
cfg_write(unsigned slot, unsigned reg, uint32_t v)
{
	board_out(b, 0xcf8, 4, 0x80000000U | slot << 11 | reg);
	board_out(b, 0xcfc, 4, v);
}

/* A device elsewhere, that writes down how it was reached. */
static struct {
	uint32_t	off;
	unsigned	width;
	uint64_t	v;
	unsigned	reads, writes;
} far;

static uint64_t
far_read(void *arg, uint32_t off, unsigned width)
{
	assert_ptr_equal(arg, &far);
	far.off = off;
	far.width = width;
	far.reads++;
	return far.v;
}

static void
far_write(void *arg, uint32_t off, unsigned width, uint64_t v)
{
	assert_ptr_equal(arg, &far);
	far.off = off;
	far.width = width;
	far.v = v;
	far.writes++;
}

static const struct board_pci rnd_slot = {
	.kind = BOARD_RNG, .ops = &viornd_dev
};
static const struct board_pci blk_slot = {
	.kind = BOARD_BLK, .config_size = 60,
	.remote = { far_read, far_write, &far }
};

static inline int
add_rnd(void *mem)
{
	struct board_pci p = rnd_slot;

	p.mem = mem;
	return board_pci_add(b, &p);
}

static inline int
setup(void **state)
{
	(void)state;
	bmem = malloc(board_size());
	spare = malloc(board_size());
	rndmem = malloc(viornd_dev.size + viornd_dev.scratch);
	sparernd = malloc(viornd_dev.size + viornd_dev.scratch);
	return bmem == NULL || spare == NULL || rndmem == NULL ||
	    sparernd == NULL;
}

static inline int
teardown(void **state)
{
	(void)state;
	free(bmem);
	free(spare);
	free(rndmem);
	free(sparernd);
	return 0;
}

#endif
