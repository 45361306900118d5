/* Where queues lie, as writes of registers say: each rule, both its sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "rings.h"

/* What lies behind the queues must not count as one. */
static struct {
	struct rings		g;
	struct rings_queue	behind;
} m;

static const struct rings_queue behind = { 0x7000000, 0x7100000, 0x7200000,
    8, 1 };

static int
setup(void **state)
{
	(void)state;
	memset(&m, 0, sizeof(m));
	m.behind = behind;
	return 0;
}

static void
message(unsigned type, unsigned space, uint32_t where, unsigned width,
    uint64_t data)
{
	struct trace_rec r = { .type = TRACE_MSG };

	r.u.msg.type = (uint8_t)type;
	r.u.msg.space = (uint16_t)space;
	r.u.msg.where = where;
	r.u.msg.width = (uint8_t)width;
	r.u.msg.data = data;
	rings_rec(&m.g, &r);
}

static void
set(uint32_t where, unsigned width, uint64_t data)
{
	message(VIODEV_WRITE, VIODEV_COMMON, where, width, data);
}

static void
load(uint64_t gpa, const uint8_t *p, size_t kept, unsigned type)
{
	struct trace_rec r = { .type = type };

	r.u.load.gpa = gpa;
	r.u.load.blob.p = p;
	r.u.load.blob.total = 16;
	r.u.load.blob.kept = kept;
	rings_rec(&m.g, &r);
}

/* Queue q of so many entries at base, base + 1 MiB, base + 2 MiB. */
static void
queue(unsigned q, unsigned size, uint64_t base)
{
	set(REG_QSELECT, 2, q);
	set(REG_QSIZE, 2, size);
	set(REG_QDESC, 8, base);
	set(REG_QDRIVER, 8, base + 0x100000);
	set(REG_QDEVICE, 8, base + 0x200000);
	set(REG_QENABLE, 2, 1);
}

/* The area of gpa; where it is known, queue and offset, too. */
static void
is(uint64_t gpa, enum rings_area area, unsigned q, unsigned off)
{
	unsigned gotq = 99, gotoff = 9999;

	assert_int_equal(rings_find(&m.g, gpa, &gotq, &gotoff), area);
	if (area == AREA_NONE)
		return;
	assert_int_equal(gotoff, off);
	if (area != AREA_TABLE)
		assert_int_equal(gotq, q);
}

/* Addresses come whole or in halves, in any order; no other width counts. */
static void
test_addresses(void **state)
{
	static const uint32_t reg[] = { REG_QDESC, REG_QDRIVER, REG_QDEVICE };
	uint64_t *field[] = { &m.g.q[0].desc, &m.g.q[0].avail,
	    &m.g.q[0].used };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		set(reg[i], 8, 0x123456799abcdeff);
		assert_true(*field[i] == 0x123456799abcdeff);
		set(reg[i], 4, 0xff00000011223344);
		assert_true(*field[i] == 0x1234567911223344);
		set(reg[i] + 4, 4, 0xff00000055667788);
		assert_true(*field[i] == 0x5566778811223344);
		set(reg[i], 1, 0xee);
		set(reg[i], 2, 0xeeee);
		set(reg[i] + 4, 2, 0xeeee);
		set(reg[i] + 1, 4, 0xeeeeeeee);
		set(reg[i] + 2, 4, 0xeeeeeeee);
		set(reg[i] + 5, 4, 0xeeeeeeee);
		assert_true(*field[i] == 0x5566778811223344);
	}
	assert_int_equal(m.g.q[0].size, 0);
	assert_int_equal(m.g.q[0].on, 0);
}

static void
test_size(void **state)
{
	(void)state;
	set(REG_QSIZE, 2, 0x30080);
	assert_int_equal(m.g.q[0].size, 0x80);
	set(REG_QSIZE + 1, 2, 7);
	set(REG_QSIZE + 2, 2, 7);
	set(REG_QSIZE - 1, 2, 7);
	assert_int_equal(m.g.q[0].size, 0x80);
}

/* A queue that is on stays as it is; only a 1 turns it on. */
static void
test_enable(void **state)
{
	(void)state;
	set(REG_QENABLE, 2, 0);
	set(REG_QENABLE, 2, 2);
	set(REG_QENABLE, 2, 0x10001);
	assert_int_equal(m.g.q[0].on, 0);
	queue(0, 4, 0x1000);
	assert_int_equal(m.g.q[0].on, 1);
	set(REG_QENABLE, 2, 0);
	set(REG_QSIZE, 2, 8);
	set(REG_QDESC, 8, 0x9000);
	assert_int_equal(m.g.q[0].on, 1);
	assert_int_equal(m.g.q[0].size, 4);
	assert_true(m.g.q[0].desc == 0x1000);
}

static void
test_select(void **state)
{
	(void)state;
	queue(15, 4, 0x1000);
	assert_ptr_equal(rings_selected(&m.g), &m.g.q[15]);
	set(REG_QSELECT, 2, 16);
	assert_null(rings_selected(&m.g));
	set(REG_QSIZE, 2, 9);
	set(REG_QENABLE, 2, 1);
	set(REG_QSELECT, 2, 0xffff);
	assert_null(rings_selected(&m.g));
	set(REG_QSELECT, 2, 0x10001);
	assert_ptr_equal(rings_selected(&m.g), &m.g.q[1]);
	assert_int_equal(m.g.q[1].size, 0);
	assert_memory_equal(&m.behind, &behind, sizeof(behind));
}

static void
test_features(void **state)
{
	(void)state;
	set(REG_DRV_FEATURE, 4, 0x11223344);
	assert_true(m.g.features == 0x11223344);
	set(REG_DRV_SELECT, 4, 1);
	set(REG_DRV_FEATURE, 4, 0xff55667788);
	assert_true(m.g.features == 0x5566778811223344);
	set(REG_DRV_SELECT, 4, 2);
	set(REG_DRV_FEATURE, 4, 0xeeeeeeee);
	set(REG_DRV_SELECT, 4, UINT32_MAX);
	set(REG_DRV_FEATURE, 4, 0xeeeeeeee);
	assert_true(m.g.features == 0x5566778811223344);
	set(REG_DRV_SELECT, 4, 0x100000000);
	set(REG_DRV_FEATURE, 4, 5);
	assert_true(m.g.features == 0x5566778800000005);
	/* What is offered is another window, and nothing to write. */
	set(REG_DEV_SELECT, 4, 0x100000003);
	set(REG_DEV_FEATURE, 4, 0xeeeeeeee);
	assert_int_equal(m.g.dev_sel, 3);
	assert_true(m.g.features == 0x5566778800000005);
}

/* Everything that a device may have been told, and a table that was seen. */
static void
told(void)
{
	static const uint8_t desc[16] = { 0, 0, 0x50, 0, 0, 0, 0, 0, 32, 0, 0,
	    0, RINGS_INDIRECT, 0, 0, 0 };
	unsigned q;

	set(REG_DRV_SELECT, 4, 1);
	set(REG_DEV_SELECT, 4, 1);
	set(REG_DRV_FEATURE, 4, 1);
	for (q = 0; q < RINGS_MAXQ; q++)
		queue(q, 4, 0x1000000 + (uint64_t)q * 0x300000);
	set(REG_STATUS, 1, 15);
	load(0x1000000, desc, 16, TRACE_LOAD);
	is(0x500000, AREA_TABLE, 0, 0);
}

static int
forgot(void)
{
	static const struct rings_queue none;
	unsigned q;
	int n = 0;

	for (q = 0; q < RINGS_MAXQ; q++)
		n += memcmp(&m.g.q[q], &none, sizeof(none)) == 0;
	is(0x500000, n == 0 ? AREA_TABLE : AREA_NONE, 0, 0);
	assert_int_equal(m.g.features != 0, n == 0);
	assert_int_equal(m.g.drv_sel, n == 0);
	assert_int_equal(m.g.dev_sel, n == 0);
	assert_int_equal(m.g.qsel, n == 0 ? 15 : 0);
	assert_memory_equal(&m.behind, &behind, sizeof(behind));
	return n == RINGS_MAXQ;
}

/* A device that is reset forgets it all, what is selected, too. */
static void
test_reset(void **state)
{
	static const struct {
		unsigned	type, space;
		uint32_t	where;
		uint64_t	data;
		int		forgets;
	} t[] = {
		{ VIODEV_WRITE, VIODEV_COMMON, REG_STATUS, 0, 1 },
		{ VIODEV_WRITE, VIODEV_COMMON, REG_STATUS, 0x100, 1 },
		{ VIODEV_RESET, 0, 0, 0, 1 },
		{ VIODEV_SHUTDOWN, 0, 0, 0, 1 },
		{ VIODEV_WRITE, VIODEV_COMMON, REG_STATUS, 1, 0 },
		{ VIODEV_WRITE, VIODEV_DEVICE, REG_STATUS, 0, 0 },
		{ VIODEV_READ, VIODEV_COMMON, REG_STATUS, 0, 0 },
		{ VIODEV_KICK, 0, 0, 0, 0 },
		{ VIODEV_PAUSE, 0, 0, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		setup(NULL);
		told();
		message(t[i].type, t[i].space, t[i].where, 1, t[i].data);
		assert_int_equal(forgot(), t[i].forgets);
		assert_int_equal(m.g.last.type, t[i].type);
	}
}

static void
answer(unsigned type, unsigned kind, uint64_t val)
{
	struct trace_rec r = { .type = type };

	r.u.expect.kind = kind;
	r.u.expect.val = val;
	rings_rec(&m.g, &r);
}

/* The device says how long its queues are when it is asked. */
static void
test_reply(void **state)
{
	(void)state;
	set(REG_QSELECT, 2, 1);
	message(VIODEV_READ, VIODEV_COMMON, REG_QSIZE, 2, 0);
	answer(TRACE_EXPECT, TRACE_IRQ, 5);
	answer(TRACE_MARK, TRACE_REPLY, 5);
	assert_int_equal(m.g.q[1].size, 0);
	answer(TRACE_EXPECT, TRACE_REPLY, 0x10080);
	assert_int_equal(m.g.q[1].size, 0x80);
	message(VIODEV_READ, VIODEV_COMMON, REG_QSIZE + 2, 2, 0);
	answer(TRACE_EXPECT, TRACE_REPLY, 5);
	message(VIODEV_READ, VIODEV_DEVICE, REG_QSIZE, 2, 0);
	answer(TRACE_EXPECT, TRACE_REPLY, 5);
	assert_int_equal(m.g.q[1].size, 0x80);
	set(REG_QSELECT, 2, 16);
	message(VIODEV_READ, VIODEV_COMMON, REG_QSIZE, 2, 0);
	answer(TRACE_EXPECT, TRACE_REPLY, 5);
	assert_int_equal(m.g.q[1].size, 0x80);
	assert_memory_equal(&m.behind, &behind, sizeof(behind));
}

/* The first and the last byte of each area, and those beside them. */
static void
test_areas(void **state)
{
	static const unsigned said[] = { 1, 4, 256, 0 };
	unsigned i, n;

	(void)state;
	for (i = 0; i < 4; i++) {
		setup(NULL);
		queue(3, said[i], 0x1000000);
		n = said[i] == 0 ? 256 : said[i];
		is(0xffffff, AREA_NONE, 0, 0);
		is(0x1000000, AREA_DESC, 3, 0);
		is(0x1000000 + 16 * n - 1, AREA_DESC, 3, 16 * n - 1);
		is(0x1000000 + 16 * n, AREA_NONE, 0, 0);
		is(0x10fffff, AREA_NONE, 0, 0);
		is(0x1100000, AREA_AVAIL, 3, 0);
		is(0x1100005 + 2 * n, AREA_AVAIL, 3, 5 + 2 * n);
		is(0x1100006 + 2 * n, AREA_NONE, 0, 0);
		is(0x11fffff, AREA_NONE, 0, 0);
		is(0x1200000, AREA_USED, 3, 0);
		is(0x1200005 + 8 * n, AREA_USED, 3, 5 + 8 * n);
		is(0x1200006 + 8 * n, AREA_NONE, 0, 0);
	}
}

/* Only queues that are on, the last one, too, and no area at 0. */
static void
test_queues(void **state)
{
	(void)state;
	queue(0, 4, 0x1000000);
	queue(15, 4, 0x2000000);
	is(0x2000001, AREA_DESC, 15, 1);
	is(0x2100001, AREA_AVAIL, 15, 1);
	is(0x2200001, AREA_USED, 15, 1);
	is(behind.desc, AREA_NONE, 0, 0);
	m.g.q[0].on = 0;
	is(0x1000000, AREA_NONE, 0, 0);
	m.g.q[0].on = 1;
	m.g.q[0].desc = 0;
	is(0, AREA_NONE, 0, 0);
	is(8, AREA_NONE, 0, 0);
	m.g.q[0].desc = 1;
	is(8, AREA_DESC, 0, 7);
}

/* A table is known from the descriptor that named it to the next chain. */
static void
test_table(void **state)
{
	uint8_t d[16] = { 0, 0, 0, 3, 0, 0, 0, 0, 32, 0, 0, 0,
	    RINGS_INDIRECT | RINGS_NEXT };

	(void)state;
	queue(0, 4, 0x1000000);
	load(0x1000000, d, 15, TRACE_LOAD);
	load(0x1000000, d, 16, TRACE_POKE);
	load(0x1200000, d, 16, TRACE_LOAD);
	load(0x1300000, d, 16, TRACE_LOAD);
	is(0x3000000, AREA_NONE, 0, 0);
	load(0x1000010, d, 16, TRACE_LOAD);
	is(0x2ffffff, AREA_NONE, 0, 0);
	is(0x3000000, AREA_TABLE, 0, 0);
	is(0x300001f, AREA_TABLE, 0, 31);
	is(0x3000020, AREA_NONE, 0, 0);
	/* What lies in a table names no other one. */
	d[3] = 4;
	load(0x3000000, d, 16, TRACE_LOAD);
	is(0x3000000, AREA_TABLE, 0, 0);
	/* Nor does a descriptor without the flag. */
	d[12] = RINGS_NEXT | RINGS_WRITE;
	load(0x1000000, d, 16, TRACE_LOAD);
	is(0x3000000, AREA_TABLE, 0, 0);
	load(0x1100002, d, 2, TRACE_LOAD);
	is(0x3000000, AREA_NONE, 0, 0);
}

static void
test_descriptor(void **state)
{
	static const uint8_t p[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	    13, 14, 15, 16 };
	struct rings_desc d;

	(void)state;
	rings_desc(p, &d);
	assert_true(d.addr == 0x0807060504030201);
	assert_int_equal(d.len, 0x0c0b0a09);
	assert_int_equal(d.flags, 0x0e0d);
	assert_int_equal(d.next, 0x100f);
}

/* Each name leads back to its register, and only whole names do. */
static void
test_names(void **state)
{
	static const unsigned known[VIODEV_NSPACES] = {
		[VIODEV_COMMON] = 19, [VIODEV_NOTIFY] = 1, [VIODEV_ISR] = 1,
		[VIODEV_LEGACY] = 8
	};
	unsigned space, n;
	const char *name;
	uint64_t back;
	uint32_t off;

	(void)state;
	for (space = 0; space < VIODEV_NSPACES; space++) {
		for (off = n = 0; off < 0x100; off++) {
			if ((name = reg_name(space, off)) == NULL)
				continue;
			n++;
			back = 999;
			assert_int_equal(reg_find(space, name, strlen(name),
			    &back), 0);
			assert_int_equal(back, off);
			assert_int_equal(reg_find(space, name,
			    strlen(name) - 1, &back), -1);
			assert_int_equal(reg_find(space, name,
			    strlen(name) + 1, &back), -1);
		}
		assert_int_equal(n, known[space]);
	}
	assert_string_equal(reg_name(VIODEV_COMMON, REG_QSELECT),
	    "queue_select");
	assert_string_equal(reg_name(VIODEV_LEGACY, 8), "queue_pfn");
	assert_int_equal(reg_find(VIODEV_COMMON, "queue_pfn", 9, &back), -1);
	assert_int_equal(reg_find(VIODEV_COMMON, "queue_sizf", 10, &back), -1);
}

#define T(fn)	cmocka_unit_test_setup(fn, setup)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_addresses),
		T(test_size),
		T(test_enable),
		T(test_select),
		T(test_features),
		T(test_reset),
		T(test_reply),
		T(test_areas),
		T(test_queues),
		T(test_table),
		T(test_descriptor),
		T(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
