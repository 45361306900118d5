/* What create writes, byte by byte, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memstore.h"
#include "qcow2_int.h"

#define CAP	(40u << 20)

static struct ms m;
static struct disk_why why;

static int
create(const struct qcow2_params *p)
{
	struct bstore bs = ms_bstore(&m);

	why.text[0] = '\0';
	return qcow2_create(&bs, p, &why);
}

static void
fine(const struct qcow2_params *p)
{
	ms_reset(&m);
	if (create(p) != 0 || why.text[0] != '\0')
		fail_msg("%s", why.text);
}

static void
refused(const struct qcow2_params *p, const char *text)
{
	ms_reset(&m);
	assert_int_equal(create(p), DISK_EINVAL);
	assert_string_equal(why.text, text);
	assert_int_equal(m.size, 0);
}

static uint32_t
get32(uint64_t off)
{
	return beb32_get(m.buf + off);
}

static uint64_t
get64(uint64_t off)
{
	return beb64_get(m.buf + off);
}

static void
zeros(uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		assert_int_equal(m.buf[from], 0);
}

static uint64_t
divide(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

/* Header, table, blocks, L1: one after another, counted, and no more. */
static void
judge_layout(const struct qcow2_params *p)
{
	uint64_t c = 1ULL << p->cluster_bits, i, n = 0, l1n, total, per;
	uint64_t t = get32(Q2H_REFTCL);

	per = c * 8 >> p->refcount_order;
	l1n = divide(p->size, c * c / 8);
	assert_int_equal(get32(Q2H_L1N), l1n > 0 ? l1n : 1);
	assert_int_equal(get64(Q2H_REFTOFF), c);
	while (n < t * c / 8 && get64(c + n * 8) != 0) {
		assert_int_equal(get64(c + n * 8), (1 + t + n) * c);
		n++;
	}
	zeros(c + n * 8, (1 + t) * c);
	assert_int_equal(get64(Q2H_L1OFF), (1 + t + n) * c);
	total = 1 + t + n + divide(get32(Q2H_L1N) * 8ULL, c);
	assert_int_equal(m.size, total * c);
	zeros((1 + t + n) * c, m.size);
	/* As few as count them all. */
	assert_int_equal(n, divide(total, per));
	assert_int_equal(t, divide(n * 8, c));
	assert_true(total - t - 1 + divide((n - 1) * 8, c) > (n - 1) * per);
	for (i = 0; i < n * per; i++)
		assert_int_equal(q2_count_load(m.buf + (1 + t) * c,
		    p->refcount_order, i), i < total);
}

static void
judge_header(const struct qcow2_params *p)
{
	assert_int_equal(get32(Q2H_MAGIC), 0x514649fb);
	assert_int_equal(get32(Q2H_VERSION), p->version);
	assert_int_equal(get64(Q2H_BACKOFF), 0);
	assert_int_equal(get32(Q2H_BACKLEN), 0);
	assert_int_equal(get32(Q2H_CBITS), p->cluster_bits);
	assert_int_equal(get64(Q2H_SIZE), p->size);
	assert_int_equal(get32(Q2H_CRYPT), 0);
	assert_int_equal(get32(Q2H_NSNAP), 0);
	assert_int_equal(get64(Q2H_SNAPOFF), 0);
	if (p->version == 2) {
		zeros(Q2H_V2LEN, 1ULL << p->cluster_bits);
		return;
	}
	assert_int_equal(get64(Q2H_INCOMPAT), p->ctype == QCOW2_ZSTD ? 8 : 0);
	assert_int_equal(get64(Q2H_COMPAT), p->lazy != 0);
	assert_int_equal(get64(Q2H_AUTOCLEAR), 0);
	assert_int_equal(get32(Q2H_RCORDER), p->refcount_order);
	assert_int_equal(get32(Q2H_HDRLEN), 112);
	assert_int_equal(m.buf[Q2H_CTYPE], p->ctype);
	zeros(Q2H_CTYPE + 1, 112);
	assert_int_equal(get32(112), Q2X_FEATURES);
	zeros(112 + 8 + 192, 1ULL << p->cluster_bits);
}

static void
judge(struct qcow2_params p)
{
	fine(&p);
	judge_header(&p);
	judge_layout(&p);
}

static void
test_layout(void **state)
{
	struct qcow2_params p = { .version = 3, .order_given = 1 };
	static const uint64_t sizes[] = { 0, 512, 32768, 33280, 1u << 30,
	    3ULL << 32 };
	static const uint64_t full[] = { 61, 62, 4030, 4031 };
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++)
		for (p.cluster_bits = 9; p.cluster_bits <= 15;
		    p.cluster_bits += 3)
			for (p.refcount_order = 0; p.refcount_order <= 6;
			    p.refcount_order += 2) {
				p.size = sizes[i];
				judge(p);
			}
	p.cluster_bits = 21;
	p.refcount_order = 4;
	judge(p);
	/* One block full, and one cluster more; one table of full blocks. */
	p.cluster_bits = 9;
	p.refcount_order = 6;
	for (i = 0; i < 4; i++) {
		p.size = full[i] << 21;
		judge(p);
	}
	p.refcount_order = 4;
	p.cluster_bits = 12;
	p.lazy = 1;
	judge(p);
	p.lazy = 0;
	p.ctype = QCOW2_ZSTD;
	judge(p);
	p.version = 2;
	p.ctype = QCOW2_ZLIB;
	judge(p);
}

/* 32 MiB of an L1 table, and not one entry more. */
static void
test_longest(void **state)
{
	struct qcow2_params p = { .size = 128ULL << 30, .cluster_bits = 9,
	    .version = 3, .refcount_order = 4, .order_given = 1 };

	(void)state;
	fine(&p);
	judge_header(&p);
	assert_int_equal(get32(Q2H_L1N), 4194304);
	p.size += 512;
	refused(&p, "size is too large for clusters of 512 bytes");
	p.cluster_bits = 21;
	p.size = 1ULL << 61;
	fine(&p);
	p.size += 512;
	refused(&p, "size is too large for clusters of 2097152 bytes");
}

static void
test_defaults(void **state)
{
	struct qcow2_params p = { .size = 512, .refcount_order = 2 };

	(void)state;
	fine(&p);
	assert_int_equal(get32(Q2H_VERSION), 3);
	assert_int_equal(get32(Q2H_CBITS), 16);
	assert_int_equal(get32(Q2H_RCORDER), 4);
	p.order_given = 1;
	fine(&p);
	assert_int_equal(get32(Q2H_RCORDER), 2);
	p.refcount_order = 0;
	fine(&p);
	assert_int_equal(get32(Q2H_RCORDER), 0);
}

static void
test_refuses(void **state)
{
	static const char v[] = "version 4 is not 2 or 3";
	static const char c[] =
	    "cluster size is not a power of two in 512 to 2M";
	static const char o[] =
	    "refcount width is not a power of two in 1 to 64";
	static const char two[] =
	    "version 2 has 16-bit refcounts, zlib and no features";
	static const char s[] = "size is not a multiple of 512 below 2^63";
	static const char x[] =
	    "preallocation and a backing file exclude each other";
	static const char f[] = "unknown backing format";

	(void)state;
#define R(t, ...) refused(&(struct qcow2_params){ __VA_ARGS__ }, t)
	R("version 1 is not 2 or 3", .version = 1);
	R(v, .version = 4);
	R(c, .cluster_bits = 8);
	R(c, .cluster_bits = 22);
	R(o, .refcount_order = 7, .order_given = 1);
	R(two, .version = 2, .refcount_order = 3, .order_given = 1);
	R(two, .version = 2, .refcount_order = 5, .order_given = 1);
	R(two, .version = 2, .lazy = 1);
	R(two, .version = 2, .ctype = QCOW2_ZSTD);
	R(s, .size = 511);
	R(s, .size = 513);
	R(s, .size = 1ULL << 63);
	R("size is too large for clusters of 65536 bytes",
	    .size = (1ULL << 63) - 512);
	R(x, .backing = "b", .prealloc = 1);
#undef R
	ms_reset(&m);
	assert_int_equal(create(&(struct qcow2_params){ .backing = "b",
	    .backing_fmt = "sixteen letters!" }), DISK_EINVAL);
	assert_string_equal(why.text, f);
	fine(&(struct qcow2_params){ .backing = "b",
	    .backing_fmt = "fifteen letters" });
	fine(&(struct qcow2_params){ .backing_fmt = "sixteen letters!" });
	assert_int_equal(get32(112), Q2X_FEATURES);
}

/* Names of features: whose they are, which bit, and the word. */
static void
test_features(void **state)
{
	static const struct {
		uint8_t		type, bit;
		const char	*name;
	} t[] = {
		{ 0, 0, "dirty bit" }, { 0, 1, "corrupt bit" },
		{ 0, 3, "compression type" }, { 1, 0, "lazy refcounts" },
	};
	const uint8_t *p = m.buf + 120;
	size_t i;

	(void)state;
	fine(&(struct qcow2_params){ .size = 512, .cluster_bits = 9 });
	assert_int_equal(get32(116), 4 * 48);
	for (i = 0; i < 4; i++, p += 48) {
		assert_int_equal(p[0], t[i].type);
		assert_int_equal(p[1], t[i].bit);
		assert_string_equal((const char *)p + 2, t[i].name);
	}
	zeros(312, 512);
}

/* The name stands at off and is n characters long. */
static void
name_is(uint64_t off, const char *name)
{
	size_t n = strlen(name);

	assert_int_equal(get64(Q2H_BACKOFF), off);
	assert_int_equal(get32(Q2H_BACKLEN), n);
	assert_memory_equal(m.buf + off, name, n);
	zeros(off - 8, off);
	zeros(off + n, 1ULL << get32(Q2H_CBITS));
}

static void
test_backing(void **state)
{
	struct qcow2_params p = { .size = 512, .version = 2,
	    .backing = "a base" };

	(void)state;
	fine(&p);
	name_is(80, "a base");
	p.backing_fmt = "x";
	fine(&p);
	assert_int_equal(get32(72), Q2X_BACKFMT);
	assert_int_equal(get32(76), 1);
	assert_memory_equal(m.buf + 80, "x\0\0\0\0\0\0\0", 8);
	name_is(96, "a base");
	p.backing_fmt = "raw";
	fine(&p);
	assert_memory_equal(m.buf + 80, "raw\0\0\0\0\0", 8);
	name_is(96, "a base");
	p.backing_fmt = "eight888";
	fine(&p);
	name_is(96, "a base");
	p.backing_fmt = "nine99999";
	fine(&p);
	assert_memory_equal(m.buf + 80, "nine99999\0\0\0\0\0\0\0", 16);
	name_is(104, "a base");
	p.version = 3;
	fine(&p);
	assert_int_equal(get32(112), Q2X_BACKFMT);
	assert_int_equal(get32(136), Q2X_FEATURES);
	name_is(344, "a base");
}

static char longname[DISK_NAMEMAX + 2];

static const char *
letters(size_t n)
{
	memset(longname, 'n', n);
	longname[n] = '\0';
	return longname;
}

/* Names up to the end of the cluster, or to what a name may have. */
static void
test_long_names(void **state)
{
	static const struct {
		unsigned	version, cbits;
		size_t		fits;
	} t[] = { { 3, 9, 192 }, { 2, 9, 432 }, { 3, 12, DISK_NAMEMAX } };
	struct qcow2_params p = { .size = 512 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		p.version = t[i].version;
		p.cluster_bits = t[i].cbits;
		p.backing = letters(t[i].fits);
		fine(&p);
		name_is(p.version == 2 ? 80 : 320, longname);
		p.backing = letters(t[i].fits + 1);
		ms_reset(&m);
		assert_int_equal(create(&p), DISK_EINVAL);
		assert_string_equal(why.text,
		    "name of the backing file is empty or too long");
		zeros(0, 512);
	}
	p.backing = "";
	assert_int_equal(create(&p), DISK_EINVAL);
}

/* Whatever fails before the header, there is none. */
static void
test_header_last(void **state)
{
	struct qcow2_params p = { .size = 1u << 30, .cluster_bits = 9,
	    .refcount_order = 6, .order_given = 1 };
	struct ms_plan plan = { 0 };
	unsigned n;
	int rv;

	(void)state;
	for (n = 1, rv = -1; rv != 0; n++) {
		ms_reset(&m);
		plan.fail_write = n;
		ms_plan(&m, &plan);
		rv = create(&p);
		if (rv == 0)
			break;
		assert_int_equal(rv, DISK_EIO);
		assert_string_equal(why.text,
		    "cannot be written: input/output error");
	}
	assert_int_equal(n, 12);	/* nine blocks, table, header */
	assert_int_equal(m.nflushes, 1);
	plan.fail_write = 0;
	plan.fail_flush = 1;
	ms_reset(&m);
	ms_plan(&m, &plan);
	assert_int_equal(create(&p), DISK_EIO);
	assert_int_equal(m.nwrites, 10);
	zeros(0, 512);
	plan.fail_flush = 0;
	plan.full_write = 11;
	ms_reset(&m);
	ms_plan(&m, &plan);
	assert_int_equal(create(&p), DISK_ENOSPC);
	zeros(0, 512);
}

static void
test_no_space(void **state)
{
	struct qcow2_params p = { .size = 512, .cluster_bits = 12 };
	struct bstore bs;
	struct ms small;

	(void)state;
	ms_init(&small, 4 * 4096 - 1);
	bs = ms_bstore(&small);
	assert_int_equal(qcow2_create(&bs, &p, &why), DISK_ENOSPC);
	assert_int_equal(strncmp(why.text, "cannot be written: ", 19), 0);
	assert_int_equal(small.nwrites, 0);
	ms_free(&small);
}

/* ---------------------------------------------------------- preallocation */

static struct disk *
open_it(void)
{
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&m);
	struct disk *d;

	if (disk_open(&bs, &o, &d, &why) != 0)
		fail_msg("%s", why.text);
	return d;
}

/* All clusters are there, hold zeros, are counted, and none is lost. */
static void
judge_all(uint64_t size, unsigned cbits)
{
	static uint8_t b[4096];
	struct disk *d = open_it();
	struct qcow2_check c = { 0 };
	struct disk_extent e;
	uint64_t off, end = 0;

	for (off = 0; off < size; off += e.len) {
		assert_int_equal(disk_extent(d, off, size - off, &e), 0);
		assert_int_equal(e.kind, DISK_DATA);
		assert_true(e.hosted && e.host >= end);
		end = e.host + e.len;
		assert_int_equal(disk_read(d, b, 1, off), 0);
		assert_int_equal(b[0], 0);
	}
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	assert_int_equal(c.leaks, 0);
	assert_int_equal(c.clusters, divide(size, 1ULL << cbits));
	assert_int_equal(c.allocated, c.clusters);
	assert_in_range(m.size, divide(end, 1ULL << cbits) << cbits, c.end);
	disk_close(&d);
}

static void
test_prealloc(void **state)
{
	static const uint64_t sizes[] = { 0, 512, 4096, 4608, 1u << 20,
	    (8u << 20) + 512 };
	struct qcow2_params p = { .prealloc = 1 };
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++)
		for (p.cluster_bits = 9; p.cluster_bits <= 12;
		    p.cluster_bits += 3) {
			p.size = sizes[i];
			fine(&p);
			if (p.size > 0)
				judge_all(p.size, p.cluster_bits);
		}
	p.prealloc = 0;
	fine(&p);
	zeros(get64(Q2H_L1OFF), m.size);
}

/* It is there, but cannot be read back. */
static void
test_prealloc_fails(void **state)
{
	struct qcow2_params p = { .size = 512, .prealloc = 1 };
	struct ms_plan plan = { .fail_read = 1 };

	(void)state;
	ms_reset(&m);
	ms_plan(&m, &plan);
	assert_int_equal(create(&p), DISK_EIO);
	assert_string_equal(why.text, "cannot be read");
	plan.fail_read = 0;
	plan.fail_write = 4;
	ms_reset(&m);
	ms_plan(&m, &plan);
	assert_int_equal(create(&p), DISK_EIO);
	assert_string_equal(why.text,
	    "cannot be preallocated: input/output error");
}

static unsigned asked, enough;

static int
stop(void *arg)
{
	assert_ptr_equal(arg, &asked);
	return ++asked == enough;
}

/* Whoever waits may stop it; what is there then is an image. */
static void
test_stop(void **state)
{
	struct qcow2_params p = { .size = 8u << 20, .cluster_bits = 9,
	    .prealloc = 1, .stop = stop, .arg = &asked };
	struct qcow2_check c = { 0 };
	struct disk *d;
	unsigned all;

	(void)state;
	asked = enough = 0;
	fine(&p);
	judge_all(p.size, p.cluster_bits);
	all = asked;
	assert_true(all > 20);
	for (enough = 1; enough <= all; enough += all - 1) {
		asked = 0;
		ms_reset(&m);
		assert_int_equal(create(&p), DISK_ECANCEL);
		assert_int_equal(asked, enough);
		assert_int_equal(strncmp(why.text, "cannot be preallocated: ",
		    24), 0);
		d = open_it();
		assert_int_equal(qcow2_check(d, &c, 0), 0);
		assert_int_equal(c.corruptions, 0);
		disk_close(&d);
	}
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
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_backing),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_header_last),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_prealloc),
		cmocka_unit_test(test_prealloc_fails),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
