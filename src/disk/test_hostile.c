/*
 * Hostile images: each is answered in milliseconds with one line.  And every
 * byte of a header in every value: open returns, and what opens can be used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bebytes.h"
#include "memstore.h"
#include "qcow2.h"

#define CAP	(1u << 20)
#define LIMIT	0.05			/* seconds of work for one answer */

static struct ms m;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
make(struct qcow2_params p)
{
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;

	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
}

/* Opens; what it refuses it refuses at once and in one line. */
static int
try_open(const struct disk_opener *op, struct disk **d, struct disk_why *why)
{
	struct disk_opts o = { .format = DISK_QCOW2, .opener = op };
	struct bstore bs = ms_bstore(&m);
	double t = now();
	int rv;

	why->text[0] = '\0';
	rv = disk_open(&bs, &o, d, why);
	assert_true(now() - t < LIMIT);
	if (rv != 0) {
		assert_null(*d);
		assert_true(strlen(why->text) > 5);
		assert_null(strchr(why->text, '\n'));
	}
	return rv;
}

static void
refused(const struct disk_opener *op, int code, const char *part)
{
	struct disk_why why;
	struct disk *d;

	assert_int_equal(try_open(op, &d, &why), code);
	if (strstr(why.text, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, part);
}

static void
test_huge_claim(void **state)
{
	static const uint64_t claims[] = { 1ULL << 63, INT64_MAX,
	    1ULL << 62, 1ULL << 50 };
	unsigned bits, i;

	(void)state;
	for (bits = 9; bits <= 13; bits++)
		for (i = 0; i < 4; i++) {
			make((struct qcow2_params){ .size = 4096,
			    .cluster_bits = bits });
			assert_int_equal(bs_resize(&(struct bstore){
			    ms_bstore(&m).ops, &m, { 0, 0 } }, 65536), 0);
			beb64_put(m.buf + 24, claims[i]);
			refused(NULL, DISK_ECORRUPT, i == 0 ?
			    "too large" : "claims");
			/* And with an L1 table to match the claim. */
			beb32_put(m.buf + 36, UINT32_MAX);
			refused(NULL, DISK_ECORRUPT, "too large");
			beb32_put(m.buf + 36, 4u << 20);
			beb64_put(m.buf + 24, 1u << 20);
			refused(NULL, DISK_ECORRUPT, "outside the file");
		}
}

static int
again(void *arg, struct disk_ref *ref, struct bstore *bs,
    struct disk_why *why)
{
	unsigned *n = arg;

	(void)why;
	assert_int_equal(ref->depth, ++*n);
	*bs = ms_bstore(&m);
	bs->id[1] += *n;
	return 0;
}

static int
same(void *arg, struct disk_ref *ref, struct bstore *bs, struct disk_why *why)
{
	(void)arg;
	(void)ref;
	(void)why;
	*bs = ms_bstore(&m);
	return 0;
}

static int
never(void *arg, struct disk_ref *ref, struct bstore *bs,
    struct disk_why *why)
{
	(void)arg;
	(void)bs;
	assert_string_equal(ref->name, "/etc/passwd");
	return disk_refuse(why, DISK_EDENIED, "\"%s\" is not permitted",
	    ref->name);
}

/* An endless chain stands for one of a thousand. */
static void
test_chain(void **state)
{
	unsigned n = 0;
	struct disk_opener op = { again, &n };

	(void)state;
	make((struct qcow2_params){ .size = 4096, .cluster_bits = 9,
	    .backing = "next" });
	refused(&op, DISK_ENOTSUP, "chain");
	assert_int_equal(n, DISK_MAXDEPTH - 1);
}

static void
test_loop(void **state)
{
	struct disk_opener op = { same, NULL };

	(void)state;
	make((struct qcow2_params){ .size = 4096, .cluster_bits = 9,
	    .backing = "me" });
	refused(&op, DISK_ECORRUPT, "loop");
}

static void
test_passwd(void **state)
{
	struct disk_opener op = { never, NULL };

	(void)state;
	make((struct qcow2_params){ .size = 4096, .cluster_bits = 9,
	    .backing = "/etc/passwd", .backing_fmt = "raw" });
	refused(&op, DISK_EDENIED, "/etc/passwd");
	refused(NULL, DISK_EDENIED, "needs the backing file");
}

static void
test_refcount_table(void **state)
{
	struct disk_why why;
	struct disk *d;
	uint64_t reft, l1;

	(void)state;
	make((struct qcow2_params){ .size = 65536, .cluster_bits = 9 });
	reft = beb64_get(m.buf + 48);
	l1 = beb64_get(m.buf + 40);
	beb64_put(m.buf + reft, reft);
	refused(NULL, DISK_ECORRUPT, "another table");
	beb64_put(m.buf + reft, l1);
	refused(NULL, DISK_ECORRUPT, "another table");
	beb64_put(m.buf + reft, 1ULL << 40);
	refused(NULL, DISK_ECORRUPT, "outside");
	beb64_put(m.buf + reft, 0);
	assert_int_equal(try_open(NULL, &d, &why), 0);
	assert_int_equal(disk_write(d, "x", 1, 0), DISK_ECORRUPT);
	disk_close(&d);
	beb64_put(m.buf + 48, l1);
	refused(NULL, DISK_ECORRUPT, "overlap");
}

static void
test_refused_by_name(void **state)
{
	static const struct {
		unsigned	off, width;
		uint64_t	v;
		int		code;
		const char	*part;
	} t[] = {
		{ 0, 4, 0x514649fa, DISK_ECORRUPT, "not a qcow2" },
		{ 4, 4, 1, DISK_ENOTSUP, "version 1" },
		{ 4, 4, 4, DISK_ENOTSUP, "version 4" },
		{ 20, 4, 8, DISK_ECORRUPT, "cluster size" },
		{ 20, 4, 22, DISK_ECORRUPT, "cluster size" },
		{ 20, 4, UINT32_MAX, DISK_ECORRUPT, "cluster size" },
		{ 32, 4, 1, DISK_ENOTSUP, "encrypted" },
		{ 32, 4, 2, DISK_ENOTSUP, "encrypted" },
		{ 40, 8, 100, DISK_ECORRUPT, "L1 table" },
		{ 48, 8, 100, DISK_ECORRUPT, "refcount table" },
		{ 56, 4, 0, DISK_ECORRUPT, "refcount table" },
		{ 56, 4, 1u << 30, DISK_ECORRUPT, "refcount table" },
		{ 60, 4, 65537, DISK_ECORRUPT, "snapshots" },
		{ 60, 4, 1, DISK_ECORRUPT, "snapshot table" },
		{ 72, 8, 2, DISK_ECORRUPT, "marked corrupt" },
		{ 72, 8, 4, DISK_ENOTSUP, "external data file" },
		{ 72, 8, 16, DISK_ENOTSUP, "extended L2" },
		{ 72, 8, 1ULL << 63, DISK_ENOTSUP, "feature 63" },
		{ 72, 8, 8, DISK_ECORRUPT, "compression type" },
		{ 104, 1, 2, DISK_ENOTSUP, "compression type 2" },
		{ 96, 4, 7, DISK_ECORRUPT, "refcount order" },
		{ 100, 4, 96, DISK_ECORRUPT, "header length" },
		{ 100, 4, 108, DISK_ECORRUPT, "header length" },
		{ 100, 4, 1024, DISK_ECORRUPT, "header length" },
		{ 8, 8, 500, DISK_ECORRUPT, "backing file name" },
		{ 8, 8, 1ULL << 40, DISK_ECORRUPT, "backing file name" },
		{ 116, 4, 4000, DISK_ECORRUPT, "extension" },
	};
	uint8_t b[8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		make((struct qcow2_params){ .size = 65536,
		    .cluster_bits = 9 });
		beb64_put(b, t[i].v);
		memcpy(m.buf + t[i].off, b + 8 - t[i].width, t[i].width);
		refused(NULL, t[i].code, t[i].part);
	}
}

static void
test_bitmaps_in_use(void **state)
{
	struct disk_opts o = { .format = DISK_QCOW2, .readonly = 1 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;
	struct disk *d;

	(void)state;
	make((struct qcow2_params){ .size = 65536, .cluster_bits = 9 });
	beb32_put(m.buf + 112, 0x23852875);
	m.buf[95] = 1;
	refused(NULL, DISK_ENOTSUP, "bitmaps");
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	disk_close(&d);
	/* Out of use they do not matter, but other bits are cleared. */
	m.buf[95] = 2;
	assert_int_equal(try_open(NULL, &d, &why), 0);
	assert_int_equal(m.buf[95], 0);
	disk_close(&d);
}

/* Uses what could be opened; only answers matter, not which. */
static void
use(struct disk *d)
{
	static uint8_t b[8192];
	uint64_t n = d->size < sizeof(b) ? d->size : sizeof(b);
	struct qcow2_check c = { 0 };
	struct disk_extent e;
	double t = now();

	(void)disk_read(d, b, n, 0);
	(void)disk_write(d, b, n / 2, n / 4);
	(void)disk_zero(d, 0, n, 1);
	(void)disk_discard(d, 0, n);
	(void)disk_read(d, b, n, d->size - n);
	if (d->size > 0)
		(void)disk_extent(d, 0, d->size, &e);
	(void)disk_flush(d);
	(void)qcow2_check(d, &c, 1);
	disk_close(&d);
	assert_true(now() - t < LIMIT);
}

static void
test_every_header_byte(void **state)
{
	static uint8_t good[CAP];
	struct bstore bs = ms_bstore(&m);
	struct disk_opts o = { .format = DISK_QCOW2, .nobacking = 1 };
	unsigned off, v, opened = 0, closed = 0;
	struct disk_why why;
	struct disk *d;
	size_t len;

	(void)state;
	make((struct qcow2_params){ .size = 65536, .cluster_bits = 9,
	    .backing = "b", .backing_fmt = "raw" });
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(disk_write(d, "hello", 5, 20000), 0);
	disk_close(&d);
	len = m.size;
	memcpy(good, m.buf, len);
	for (off = 0; off < 144; off++)
		for (v = 0; v < 256; v++) {
			ms_load(&m, good, len);
			m.buf[off] = (uint8_t)v;
			if (disk_open(&bs, &o, &d, &why) == 0) {
				opened++;
				use(d);
			} else {
				closed++;
				assert_true(strlen(why.text) > 5);
			}
		}
	print_message("%u opened, %u refused\n", opened, closed);
	assert_true(opened > 5000 && closed > 15000);
}

/* The same with the tables behind it. */
static void
test_every_table_byte(void **state)
{
	static const uint8_t vals[] = { 0, 1, 2, 4, 0x40, 0x80, 0xc0, 0xff };
	static uint8_t good[CAP];
	struct bstore bs = ms_bstore(&m);
	struct disk_opts o = { .format = DISK_QCOW2, .nobacking = 1 };
	struct disk_why why;
	struct disk *d;
	size_t len, off, i;

	(void)state;
	make((struct qcow2_params){ .size = 65536, .cluster_bits = 9 });
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(disk_write(d, "hello", 5, 20000), 0);
	assert_int_equal(disk_write(d, "hello", 5, 60000), 0);
	disk_close(&d);
	len = m.size;
	memcpy(good, m.buf, len);
	for (off = 512; off < len; off += off % 8 == 7 || off % 8 < 2 ? 1 : 5)
		for (i = 0; i < sizeof(vals); i++) {
			ms_load(&m, good, len);
			m.buf[off] = vals[i];
			if (disk_open(&bs, &o, &d, &why) == 0)
				use(d);
		}
}

/* Cut at any length: open answers, and a read does. */
static void
test_every_length(void **state)
{
	static uint8_t good[CAP];
	struct bstore bs = ms_bstore(&m);
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct disk_why why;
	struct disk *d;
	size_t len, n;

	(void)state;
	make((struct qcow2_params){ .size = 65536, .cluster_bits = 9 });
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(disk_write(d, "hello", 5, 20000), 0);
	disk_close(&d);
	len = m.size;
	memcpy(good, m.buf, len);
	for (n = 0; n < len; n++) {
		ms_load(&m, good, n);
		if (disk_open(&bs, &o, &d, &why) == 0)
			use(d);
	}
}

/* Dirty, and every entry of the L1 table names the same L2 table. */
static void
make_fan(void)
{
	struct qcow2_params p = { .size = 4096ULL << 29, .refcount_order = 4 };
	uint64_t l1, i;

	make(p);
	l1 = beb64_get(m.buf + 40);
	for (i = 0; i < 4096; i++)
		beb64_put(m.buf + l1 + i * 8, m.size | 1ULL << 63);
	m.size += 65536;
	m.high = m.size;
	memset(m.buf + m.size - 8, 0xff, 8);
	m.buf[79] |= 1;
}

/* What many name is looked at once: checks cost what the file is long. */
static void
test_fan(void **state)
{
	struct disk_opts o = { .format = DISK_QCOW2, .damaged = 1 };
	struct bstore bs = ms_bstore(&m);
	struct qcow2_check c = { 0 };
	struct disk_why why;
	struct disk *d;

	(void)state;
	make_fan();
	m.nreads = 0;
	assert_int_equal(try_open(NULL, &d, &why), DISK_ECORRUPT);
	assert_true(m.nreads < 400);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	m.nreads = 0;
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_true(m.nreads < 400);
	assert_true(c.corruptions > 0);
	disk_close(&d);
}

/* A thousand snapshots with one and the same L1 table. */
static void
test_snapshot_fan(void **state)
{
	struct disk_why why;
	uint64_t at;
	struct disk *d;
	unsigned i;

	(void)state;
	make_fan();
	at = m.size;
	m.high = m.size += 65536;
	for (i = 0; i < 1000; i++) {
		beb64_put(m.buf + at + i * 40, at - 65536);
		beb32_put(m.buf + at + i * 40 + 8, 8192);
	}
	beb32_put(m.buf + 60, 1000);
	beb64_put(m.buf + 64, at);
	m.nreads = 0;
	assert_int_equal(try_open(NULL, &d, &why), DISK_ECORRUPT);
	assert_true(m.nreads < 3000);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&m, CAP);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&m);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_huge_claim),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_passwd),
		cmocka_unit_test(test_refcount_table),
		cmocka_unit_test(test_refused_by_name),
		cmocka_unit_test(test_bitmaps_in_use),
		cmocka_unit_test(test_every_header_byte),
		cmocka_unit_test(test_every_table_byte),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_fan),
		cmocka_unit_test(test_snapshot_fan),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
