/*
 * The check next to qemu-img check: the same numbers for damaged images.
 * And the repairs: leaks, and counts that a crash left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bebytes.h"
#include "prng.h"
#include "qcow2.h"
#include "test_qemu.h"

#define CAP	(2u << 20)

static struct ms m;

/* A disk of 256 KiB in clusters of 1 KiB with data here and there. */
static void
make(unsigned order)
{
	struct qcow2_params p = { .size = 256 << 10, .cluster_bits = 10,
	    .refcount_order = order, .order_given = 1 };
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&m);
	uint8_t b[5000];
	struct disk_why why;
	struct disk *d;
	unsigned i;

	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	memset(b, 3, sizeof(b));
	for (i = 0; i < 8; i++)
		assert_int_equal(disk_write(d, b, sizeof(b), i * 30000), 0);
	assert_int_equal(qcow2_write_packed(d, b, 250 << 10), 0);
	assert_int_equal(qcow2_write_packed(d, b, 251 << 10), 0);
	disk_close(&d);
}

static int
check(struct qcow2_check *c, int repair)
{
	struct disk_opts o = { .format = DISK_QCOW2, .damaged = 1,
	    .nobacking = 1 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;
	int rv;

	memset(c, 0, sizeof(*c));
	rv = disk_open(&bs, &o, &d, &why);
	if (rv != 0)
		return rv;
	rv = qcow2_check(d, c, repair);
	disk_close(&d);
	return rv;
}

/* A number out of qemu-img's JSON; 0 when it is not there. */
static uint64_t
field(const char *json, const char *name)
{
	const char *p = strstr(json, name);

	return p == NULL ? 0 : strtoull(p + strlen(name) + 3, NULL, 10);
}

/* 1 when qemu-img had an opinion. */
static int
qemu_check(struct qcow2_check *c)
{
	char json[4096];
	size_t n;
	FILE *f;
	int rv;

	memset(c, 0, sizeof(*c));
	tq_dump("t.qcow2", m.buf, m.size);
	rv = system("qemu-img check --output=json t.qcow2 >json 2>log");
	if (WEXITSTATUS(rv) != 0 && WEXITSTATUS(rv) != 2 &&
	    WEXITSTATUS(rv) != 3)
		return 0;
	f = fopen("json", "r");
	n = fread(json, 1, sizeof(json) - 1, f);
	fclose(f);
	json[n] = '\0';
	c->corruptions = field(json, "\"corruptions");
	c->leaks = field(json, "\"leaks");
	c->clusters = field(json, "\"total-clusters");
	c->allocated = field(json, "\"allocated-clusters");
	c->compressed = field(json, "\"compressed-clusters");
	c->end = field(json, "\"image-end-offset");
	return strstr(json, "check-errors\": 0") != NULL;
}

static void
agree(const char *what)
{
	struct qcow2_check a, b;

	if (!tq_have_qemu() || !qemu_check(&b))
		return;
	assert_int_equal(check(&a, 0), 0);
	if (a.corruptions != b.corruptions || a.leaks != b.leaks ||
	    a.end != b.end || a.clusters != b.clusters)
		fail_msg("%s: %llu corruptions %llu leaks end %llu, "
		    "qemu-img %llu %llu %llu", what,
		    (unsigned long long)a.corruptions,
		    (unsigned long long)a.leaks, (unsigned long long)a.end,
		    (unsigned long long)b.corruptions,
		    (unsigned long long)b.leaks, (unsigned long long)b.end);
	if (b.corruptions == 0)
		assert_int_equal(a.allocated, b.allocated);
	assert_int_equal(a.compressed, b.compressed);
}

/* Places in the image that make() made. */
static uint64_t
l1(void)
{
	return beb64_get(m.buf + 40);
}

static uint64_t
block(void)
{
	return beb64_get(m.buf + beb64_get(m.buf + 48));
}

static uint64_t
l2(void)
{
	return beb64_get(m.buf + l1()) & 0xfffffffffffe00ULL;
}

static void
test_sound(void **state)
{
	struct qcow2_check c;
	unsigned order;

	(void)state;
	for (order = 0; order <= 6; order++) {
		make(order);
		assert_int_equal(check(&c, 0), 0);
		assert_int_equal(c.corruptions + c.leaks, 0);
		assert_int_equal(c.compressed, 2);
		assert_int_equal(c.clusters, 256);
		agree("sound");
	}
}

static void
test_leaks(void **state)
{
	struct qcow2_check c;

	(void)state;
	make(4);
	beb16_put(m.buf + block() + 2 * 20, 7);
	memset(m.buf + l2() + 8 * 3, 0, 8);	/* drops a reference */
	agree("leaks");
	assert_int_equal(check(&c, 0), 0);
	assert_int_equal(c.leaks, 2);
	assert_int_equal(check(&c, 1), 0);
	assert_int_equal(c.leaks_fixed, 2);
	assert_int_equal(check(&c, 0), 0);
	assert_int_equal(c.leaks + c.corruptions, 0);
	agree("repaired");
}

static void
test_corruptions(void **state)
{
	struct qcow2_check c;
	uint64_t e;

	(void)state;
	make(4);
	beb16_put(m.buf + block() + 2 * 20, 0);
	agree("count too low");
	assert_int_equal(check(&c, 1), 0);
	assert_int_equal(c.leaks_fixed, 0);
	assert_true(c.corruptions > 0);
	make(4);
	m.buf[l2() + 7] |= 2;
	agree("reserved bit");
	make(4);
	m.buf[l2()] &= 0x7f;
	agree("copied flag");
	make(4);
	m.buf[l1()] &= 0x7f;
	agree("copied flag of a table");
	make(4);
	e = beb64_get(m.buf + l2());
	beb64_put(m.buf + l2() + 8, e);
	agree("two references");
	make(4);
	beb64_put(m.buf + l2(), 1ULL << 40 | 1ULL << 63);
	agree("outside");
	make(4);
	beb64_put(m.buf + l1(), l2() | 1ULL << 63 | 1);
	agree("reserved bit of a table");
}

/* qemu-img goes on to take the header for that table and counts what is in. */
static void
test_no_table(void **state)
{
	struct qcow2_check c;

	(void)state;
	make(4);
	beb64_put(m.buf + l1(), 1ULL << 63);
	if (tq_have_qemu() && qemu_check(&c))
		assert_true(c.corruptions > 0);
	assert_int_equal(check(&c, 0), 0);
	assert_int_equal(c.corruptions, 1);
}

/* Counts and flags are in order, but a cluster of data is the first table. */
static void
test_within(void **state)
{
	struct qcow2_check c;

	(void)state;
	make(4);
	beb64_put(m.buf + l2() + 20 * 8, l1());
	m.buf[block() + l1() / 1024 * 2 + 1] = 2;
	assert_int_equal(check(&c, 0), 0);
	assert_int_equal(c.corruptions, 1);
	assert_int_equal(c.leaks, 0);
}

#define PACKEDOFF	((1ULL << 60) - 1)	/* with clusters of 1 KiB */

/* The entry of a compressed cluster of make(), in the second table. */
static uint8_t *
packed(void)
{
	return m.buf + (beb64_get(m.buf + l1() + 8) & 0xfffffffffffe00ULL) +
	    (250 - 128) * 8;
}

static uint8_t *
count(uint64_t off)
{
	return m.buf + block() + off / 1024 * 2 + 1;
}

/* Counts and flags are in order, but compressed data lies in other data. */
static void
test_packed_within(void **state)
{
	struct qcow2_check c;
	uint64_t data;

	(void)state;
	make(4);
	data = beb64_get(m.buf + l2()) & 0xfffffffffffe00ULL;
	--*count(beb64_get(packed()) & PACKEDOFF);
	beb64_put(packed(), 1ULL << 62 | data);
	++*count(data);
	beb64_put(m.buf + l2(), data);
	assert_int_equal(check(&c, 0), 0);
	assert_int_equal(c.corruptions, 1);
	assert_int_equal(c.leaks, 0);
}

/* A span into a cluster that the file does not have yet, but may get. */
static void
test_packed_past_end(void **state)
{
	struct qcow2_check c;
	uint64_t e;

	(void)state;
	make(4);
	m.size = (m.size + 1023) / 1024 * 1024;
	e = beb64_get(packed()) & ~(3ULL << 60);
	assert_int_equal(e & PACKEDOFF & ~511ULL, m.size - 1024);
	beb64_put(packed(), e | 1ULL << 60);
	assert_int_equal(check(&c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	beb64_put(packed(), e | 2ULL << 60);
	assert_int_equal(check(&c, 0), 0);
	assert_int_equal(c.corruptions, 1);
}

/* One byte after another in all tables; the numbers agree each time. */
static void
test_random_damage(void **state)
{
	uint64_t off, from;
	struct prng r;
	char what[60];
	unsigned i, v;

	(void)state;
	prng_seed(&r, 42);
	for (i = 0; i < 150; i++) {
		make(4);
		from = i % 3 == 0 ? block() : i % 3 == 1 ? l2() : l1();
		off = from + prng_below(&r, i % 3 == 2 ? 16 : 512);
		v = 1u << prng_below(&r, 8);
		m.buf[off] ^= v;
		snprintf(what, sizeof(what), "byte 0x%llx ^ 0x%x",
		    (unsigned long long)off, v);
		agree(what);
	}
}

/* The counts are gone, as with lazy refcounts: open makes them anew. */
static void
test_rebuild(void **state)
{
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&m);
	struct qcow2_check c;
	struct disk_why why;
	struct disk *d;
	unsigned order;

	(void)state;
	for (order = 0; order <= 6; order++) {
		make(order);
		memset(m.buf + block(), 0, 1024);
		m.buf[79] |= 1;			/* dirty */
		assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
		disk_close(&d);
		assert_int_equal(m.buf[79] & 1, 0);
		assert_int_equal(check(&c, 0), 0);
		assert_int_equal(c.leaks + c.corruptions, 0);
		/* And with the block itself out of the table. */
		make(order);
		beb64_put(m.buf + beb64_get(m.buf + 48), 0);
		m.buf[79] |= 1;
		assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
		disk_close(&d);
		assert_int_equal(check(&c, 0), 0);
		assert_int_equal(c.leaks + c.corruptions, 0);
		agree("rebuilt");
	}
}

static void
test_not_repairable(void **state)
{
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;

	(void)state;
	make(4);
	m.buf[79] |= 1;
	beb64_put(m.buf + l2(), 1ULL << 40 | 1ULL << 63);
	assert_int_equal(disk_open(&bs, &o, &d, &why), DISK_ECORRUPT);
	assert_non_null(strstr(why.text, "repaired"));
	make(4);
	m.buf[79] |= 1;
	m.buf[l2()] &= 0x7f;
	assert_int_equal(disk_open(&bs, &o, &d, &why), DISK_ECORRUPT);
	/* Used twice, and counts have one bit. */
	make(0);
	m.buf[79] |= 1;
	m.buf[l2()] &= 0x7f;
	memcpy(m.buf + l2() + 20 * 8, m.buf + l2(), 8);
	assert_int_equal(disk_open(&bs, &o, &d, &why), DISK_ECORRUPT);
}

static struct disk *
open_damaged(int readonly)
{
	struct disk_opts o = { .format = DISK_QCOW2, .damaged = 1,
	    .nobacking = 1, .readonly = readonly };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;

	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	return d;
}

/* Findings are named, one line each, and not without end. */
static void
one_line(void *arg, const char *line)
{
	unsigned *n = arg;

	assert_in_range(strlen(line), 5, 100);
	assert_null(strchr(line, '\n'));
	++*n;
}

static void
test_findings(void **state)
{
	unsigned n = 0, i;
	struct qcow2_check c = { .say = one_line, .arg = &n };
	struct disk *d;

	(void)state;
	make(4);
	beb16_put(m.buf + block() + 2 * 20, 0);
	beb16_put(m.buf + block() + 2 * 21, 9);
	d = open_damaged(1);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_true(c.corruptions > 0 && c.leaks == 1);
	assert_int_equal(n, c.corruptions + c.leaks);
	disk_close(&d);
	for (i = 10; i < 40; i++)
		beb16_put(m.buf + block() + 2 * i, 9);
	memset(&c, 0, sizeof(c));
	c.say = one_line;
	c.arg = &n;
	n = 0;
	d = open_damaged(1);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.leaks, 30);
	assert_int_equal(n, 20);
	disk_close(&d);
}

/* More references than we count: a corruption, not a small number. */
static void
test_many_references(void **state)
{
	struct qcow2_params p = { .size = 64u << 20, .cluster_bits = 9 };
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&m);
	struct qcow2_check c = { 0 };
	struct disk_why why;
	struct disk *d;
	uint64_t e, data;
	unsigned i;

	(void)state;
	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(disk_write(d, "x", 1, 0), 0);
	disk_close(&d);
	e = beb64_get(m.buf + l1());
	data = beb64_get(m.buf + l2());
	for (i = 0; i < 64; i++)		/* of an L2 table */
		beb64_put(m.buf + l2() + 8 * i, data);
	for (i = 0; i < 1024; i++)
		beb64_put(m.buf + l1() + 8 * i, e);
	d = open_damaged(1);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	/* Too many, no flag, and the same of the table. */
	assert_in_range(c.corruptions, 1, 1024 + 64 + 4);
	disk_close(&d);
	for (i = 0; i < 1023; i++)
		beb64_put(m.buf + l1() + 8 * i, e & ~(1ULL << 63));
	for (i = 0; i < 64; i++)
		beb64_put(m.buf + l2() + 8 * i, data & ~(1ULL << 63));
	beb64_put(m.buf + l1() + 8 * 1023, 0);
	beb16_put(m.buf + block() + 2 * (l2() >> 9), 1023);
	beb16_put(m.buf + block() + 2 * ((data & ~(1ULL << 63)) >> 9),
	    1023 * 64);
	memset(&c, 0, sizeof(c));
	d = open_damaged(1);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.corruptions + c.leaks, 0);
	disk_close(&d);
}

static void
test_no_repair(void **state)
{
	struct qcow2_check c = { 0 };
	struct ms_plan plan = { 0 };
	struct disk *d;

	(void)state;
	make(4);
	d = open_damaged(1);
	assert_int_equal(qcow2_check(d, &c, 1), DISK_EROFS);
	disk_close(&d);
	/* Nothing to mend: not a byte is written. */
	d = open_damaged(0);
	ms_plan(&m, &plan);
	assert_int_equal(qcow2_rebuild(d), 0);
	assert_int_equal(m.nwrites, 0);
	disk_close(&d);
	/* Bitmaps take clusters that we do not count. */
	m.buf[95] |= 1;				/* autoclear: in use */
	beb32_put(m.buf + 112, 0x23852875);
	beb32_put(m.buf + 116, 24);
	memset(m.buf + 120, 0, 48);
	beb32_put(m.buf + 120, 1);
	d = open_damaged(0);
	assert_int_equal(qcow2_check(d, &c, 1), DISK_ENOTSUP);
	assert_int_equal(qcow2_rebuild(d), DISK_ENOTSUP);
	disk_close(&d);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&m, CAP);
	return tq_begin();
}

static int
end(void **state)
{
	(void)state;
	ms_free(&m);
	return tq_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_leaks),
		cmocka_unit_test(test_corruptions),
		cmocka_unit_test(test_no_table),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_packed_within),
		cmocka_unit_test(test_packed_past_end),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_rebuild),
		cmocka_unit_test(test_not_repairable),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_many_references),
		cmocka_unit_test(test_no_repair),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
