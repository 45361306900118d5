/* The header of qcow2: each field, each limit from both sides. */
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

#define HEAD	(Q2_MAXHEAD + 512)

static struct ms m;
static uint8_t head[HEAD];
static uint64_t fsize;
static struct q2_header h;
static struct disk_why why;

static void
put32(unsigned off, uint32_t v)
{
	beb32_put(head + off, v);
}

static void
put64(unsigned off, uint64_t v)
{
	beb64_put(head + off, v);
}

/* A header that is fine; the file is long enough for all tables. */
static void
plain(unsigned version, unsigned cbits)
{
	memset(head, 0, sizeof(head));
	put32(Q2H_MAGIC, Q2_MAGIC);
	put32(Q2H_VERSION, version);
	put32(Q2H_CBITS, cbits);
	put64(Q2H_SIZE, 65536);
	put32(Q2H_L1N, 2);
	put64(Q2H_L1OFF, 3ULL << cbits);
	put64(Q2H_REFTOFF, 1ULL << cbits);
	put32(Q2H_REFTCL, 1);
	if (version >= 3) {
		put32(Q2H_RCORDER, 4);
		put32(Q2H_HDRLEN, Q2H_V3LEN + 8);
	}
	fsize = 1ULL << 40;
}

static int
readit(void)
{
	struct bstore bs = ms_bstore(&m);
	int rv;

	memset(&h, 0xa5, sizeof(h));
	why.text[0] = '\0';
	ms_load(&m, head, sizeof(head));
	rv = q2_header_read(&bs, fsize, &h, &why);
	assert_int_equal(rv == 0, why.text[0] == '\0');
	return rv;
}

static void
fine(void)
{
	if (readit() != 0)
		fail_msg("%s", why.text);
}

static void
refused(int code, const char *text)
{
	assert_int_equal(readit(), code);
	assert_string_equal(why.text, text);
}

static void
test_fields(void **state)
{
	(void)state;
	plain(3, 9);
	put64(Q2H_SIZE, 0x7e01);
	put32(Q2H_L1N, 5);
	put64(Q2H_L1OFF, 0x123456789a00);
	put64(Q2H_REFTOFF, 0x2223456789000 >> 16 << 16);
	put32(Q2H_REFTCL, 7);
	put32(Q2H_NSNAP, 9);
	put64(Q2H_SNAPOFF, 0x3323456789a00);
	put64(Q2H_INCOMPAT, Q2I_DIRTY | Q2I_CORRUPT | Q2I_CTYPE);
	put64(Q2H_COMPAT, 0x8000000000000001);
	put64(Q2H_AUTOCLEAR, 0x8000000000000002);
	put32(Q2H_RCORDER, 6);
	head[Q2H_CTYPE] = QCOW2_ZSTD;
	fsize = 1ULL << 56;
	fine();
	assert_int_equal(h.version, 3);
	assert_int_equal(h.cbits, 9);
	assert_int_equal(h.size, 0x7e01);
	assert_int_equal(h.l1n, 5);
	assert_int_equal(h.l1off, 0x123456789a00);
	assert_int_equal(h.reftoff, 0x2223456780000);
	assert_int_equal(h.reftcl, 7);
	assert_int_equal(h.nsnap, 9);
	assert_int_equal(h.snapoff, 0x3323456789a00);
	assert_int_equal(h.incompat, 11);
	assert_true(h.compat == 0x8000000000000001);
	assert_true(h.autoclear == 0x8000000000000002);
	assert_int_equal(h.order, 6);
	assert_int_equal(h.len, 112);
	assert_int_equal(h.ctype, QCOW2_ZSTD);
	assert_false(h.bitmaps);
	assert_string_equal(h.backing, "");
	assert_string_equal(h.backfmt, "");
}

/* Version 2 ends before what version 3 says. */
static void
test_version_2(void **state)
{
	(void)state;
	plain(2, 9);
	memset(head + Q2H_V2LEN, 0xff, 24);
	put32(Q2H_V2LEN + 4, 24);
	put32(Q2H_V2LEN + 32, 0x12345678);
	fine();
	assert_int_equal(h.incompat | h.compat | h.autoclear, 0);
	assert_int_equal(h.order, 4);
	assert_int_equal(h.len, 72);
	assert_int_equal(h.ctype, QCOW2_ZLIB);
}

static void
test_shape(void **state)
{
	(void)state;
	plain(3, 9);
	put32(Q2H_VERSION, 1);
	refused(DISK_ENOTSUP, "qcow2 version 1 is not supported");
	put32(Q2H_VERSION, 4);
	refused(DISK_ENOTSUP, "qcow2 version 4 is not supported");
	plain(3, 8);
	refused(DISK_ECORRUPT, "cluster size 2^8 is not in 2^9 to 2^21");
	plain(3, 22);
	refused(DISK_ECORRUPT, "cluster size 2^22 is not in 2^9 to 2^21");
	plain(3, 9);
	fine();
	plain(3, 21);
	fine();
	put32(Q2H_CRYPT, 1);
	refused(DISK_ENOTSUP, "is encrypted, which is not supported");
	plain(3, 9);
	put32(Q2H_RCORDER, 0);
	fine();
	put32(Q2H_RCORDER, 6);
	fine();
	put32(Q2H_RCORDER, 7);
	refused(DISK_ECORRUPT, "refcount order 7 is more than 6");
	plain(3, 21);
	put64(Q2H_SIZE, INT64_MAX);
	refused(DISK_ECORRUPT, "claims 9223372036854775807 bytes, for which "
	    "its L1 table is too small");
	put64(Q2H_SIZE, 1ULL << 63);
	refused(DISK_ECORRUPT,
	    "virtual size 9223372036854775808 is too large");
}

static void
test_header_length(void **state)
{
	static const struct {
		unsigned	cbits, len;
		int		ok;
	} t[] = {
		{ 9, 0, 0 }, { 9, 96, 0 }, { 9, 104, 1 }, { 9, 108, 0 },
		{ 9, 112, 1 }, { 9, 505, 0 }, { 9, 512, 1 }, { 9, 520, 0 },
		{ 16, 65536, 1 }, { 16, 65544, 0 }, { 17, 65536, 1 },
		{ 17, 65544, 0 },
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		plain(3, t[i].cbits);
		put32(Q2H_HDRLEN, t[i].len);
		snprintf(text, sizeof(text),
		    "header length %u is not valid", t[i].len);
		if (t[i].ok)
			fine();
		else
			refused(DISK_ECORRUPT, text);
	}
}

/* Dirty and corrupt are known, the compression type is looked at. */
static void
test_features(void **state)
{
	char text[64];
	unsigned bit;

	(void)state;
	for (bit = 0; bit < 64; bit++) {
		plain(3, 9);
		head[Q2H_CTYPE] = bit == 3 ? QCOW2_ZSTD : QCOW2_ZLIB;
		put64(Q2H_INCOMPAT, 1ULL << bit | (bit == 3 ? 3 : 0));
		snprintf(text, sizeof(text),
		    "uses unknown incompatible feature %u", bit);
		if (bit < 2 || bit == 3)
			fine();
		else if (bit == 2)
			refused(DISK_ENOTSUP, "uses an external data file, "
			    "which is not supported");
		else if (bit == 4)
			refused(DISK_ENOTSUP, "uses extended L2 entries, "
			    "which is not supported");
		else
			refused(DISK_ENOTSUP, text);
	}
}

static void
test_compression_type(void **state)
{
	static const char differ[] =
	    "compression type and its feature bit disagree";

	(void)state;
	plain(3, 9);
	head[Q2H_CTYPE] = QCOW2_ZSTD;
	refused(DISK_ECORRUPT, differ);
	put64(Q2H_INCOMPAT, Q2I_CTYPE);
	fine();
	head[Q2H_CTYPE] = QCOW2_ZLIB;
	refused(DISK_ECORRUPT, differ);
	head[Q2H_CTYPE] = 2;
	refused(DISK_ENOTSUP, "uses unknown compression type 2");
	/* A header that ends before it has none; this is an extension. */
	put32(Q2H_HDRLEN, Q2H_V3LEN);
	refused(DISK_ECORRUPT, differ);
	put64(Q2H_INCOMPAT, 0);
	fine();
	assert_int_equal(h.ctype, QCOW2_ZLIB);
}

static void
test_l1_need(void **state)
{
	unsigned cbits;
	uint64_t unit;

	(void)state;
	for (cbits = 9; cbits <= 21; cbits++) {
		unit = (1ULL << cbits) * (1ULL << cbits) / 8;
		assert_int_equal(q2_l1_need(0, cbits), 0);
		assert_int_equal(q2_l1_need(1, cbits), 1);
		assert_int_equal(q2_l1_need(unit, cbits), 1);
		assert_int_equal(q2_l1_need(unit + 1, cbits), 2);
		assert_int_equal(q2_l1_need(3 * unit - 1, cbits), 3);
	}
}

/* As many entries as the size needs, or more, up to 32 MiB; or none. */
static void
test_l1_entries(void **state)
{
	(void)state;
	plain(3, 9);
	put32(Q2H_L1N, 1);
	refused(DISK_ECORRUPT,
	    "claims 65536 bytes, for which its L1 table is too small");
	put64(Q2H_SIZE, 32768);
	fine();
	put32(Q2H_L1N, 4194304);
	fine();
	put32(Q2H_L1N, 4194305);
	refused(DISK_ECORRUPT, "L1 table of 4194305 entries is too large");
	put64(Q2H_SIZE, 0);
	put32(Q2H_L1N, 0);
	put64(Q2H_L1OFF, 0);
	fine();
	put64(Q2H_L1OFF, UINT64_MAX);
	fine();
}

static void
test_refcount_table(void **state)
{
	(void)state;
	plain(3, 9);
	put32(Q2H_REFTCL, 0);
	refused(DISK_ECORRUPT, "refcount table of 0 clusters is not valid");
	put32(Q2H_REFTCL, 16384);
	fine();
	put32(Q2H_REFTCL, 16385);
	refused(DISK_ECORRUPT,
	    "refcount table of 16385 clusters is not valid");
	plain(3, 21);
	put32(Q2H_REFTCL, 4);
	fine();
	put32(Q2H_REFTCL, 5);
	refused(DISK_ECORRUPT, "refcount table of 5 clusters is not valid");
}

static void
test_snapshots(void **state)
{
	(void)state;
	plain(3, 9);
	put64(Q2H_SNAPOFF, 5);
	fine();
	put64(Q2H_SNAPOFF, 512);
	put32(Q2H_NSNAP, 65536);
	fine();
	put32(Q2H_NSNAP, 65537);
	refused(DISK_ECORRUPT, "65537 snapshots are too many");
	put32(Q2H_NSNAP, 1);
	put64(Q2H_SNAPOFF, 5);
	refused(DISK_ECORRUPT,
	    "snapshot table at offset 0x5, which no table can have");
}

/* On a cluster that is not the first, and inside the file. */
static void
test_place(unsigned at, const char *name, unsigned count, uint32_t fits,
    uint64_t bytes)
{
	char text[100];

	plain(3, 9);
	put32(count, fits);
	put64(at, 0);
	snprintf(text, sizeof(text),
	    "%s at offset 0x0, which no table can have", name);
	refused(DISK_ECORRUPT, text);
	put64(at, 0x101);
	snprintf(text, sizeof(text),
	    "%s at offset 0x101, which no table can have", name);
	refused(DISK_ECORRUPT, text);
	/* A file ends with a whole cluster, whatever it says. */
	for (fsize = 0x100000 - 511; fsize <= 0x100000; fsize += 511) {
		put64(at, 0x100000 - bytes);
		put32(count, fits);
		fine();
		put32(count, fits + 1);
		assert_int_equal(readit(), DISK_ECORRUPT);
		assert_non_null(strstr(why.text, name));
		assert_non_null(strstr(why.text, " lies outside the file"));
		put32(count, fits);
		put64(at, 0x100200 - bytes);
		assert_int_equal(readit(), DISK_ECORRUPT);
		put64(at, 0x100200);
		assert_int_equal(readit(), DISK_ECORRUPT);
		snprintf(text, sizeof(text), "%s of %llu bytes lies outside "
		    "the file", name, (unsigned long long)bytes);
		assert_string_equal(why.text, text);
	}
}

static void
test_places(void **state)
{
	(void)state;
	test_place(Q2H_L1OFF, "L1 table", Q2H_L1N, 64, 512);
	test_place(Q2H_REFTOFF, "refcount table", Q2H_REFTCL, 3, 1536);
	test_place(Q2H_SNAPOFF, "snapshot table", Q2H_NSNAP, 64, 2560);
}

/* A file that has all bytes there can be. */
static void
test_longest_file(void **state)
{
	(void)state;
	plain(3, 16);
	fsize = UINT64_MAX;
	fine();
	fsize = UINT64_MAX - 65535;
	fine();
	fsize--;
	fine();
	put64(Q2H_L1OFF, UINT64_MAX - 65535);
	refused(DISK_ECORRUPT, "L1 table of 16 bytes lies outside the file");
}

static void
test_short_file(void **state)
{
	(void)state;
	plain(3, 9);
	fsize = 71;
	refused(DISK_ECORRUPT, "is not a qcow2 image");
	fsize = 72;
	refused(DISK_ECORRUPT, "L1 table of 16 bytes lies outside the file");
	fsize = 0x601;
	fine();
	put32(Q2H_MAGIC, Q2_MAGIC + 1);
	refused(DISK_ECORRUPT, "is not a qcow2 image");
}

static void
test_read_fails(void **state)
{
	struct bstore bs = ms_bstore(&m);
	struct ms_plan plan = { 0 };

	(void)state;
	plain(3, 9);
	ms_load(&m, head, sizeof(head));
	for (plan.fail_read = 1; plan.fail_read < 3; plan.fail_read++) {
		ms_plan(&m, &plan);
		why.text[0] = '\0';
		assert_int_equal(q2_header_read(&bs, fsize, &h, &why),
		    DISK_EIO);
		assert_string_equal(why.text, "cannot be read");
	}
	ms_plan(&m, &plan);
	assert_int_equal(q2_header_read(&bs, fsize, &h, &why), 0);
}

/* Appends an extension, and says where the next one goes. */
static unsigned
extension(unsigned off, uint32_t type, const void *p, size_t len)
{
	put32(off, type);
	put32(off + 4, (uint32_t)len);
	memmove(head + off + 8, p, len);
	return off + 8 + (((unsigned)len + 7) & ~7U);
}

/* Each at a multiple of eight bytes behind the one before it. */
static void
test_extensions(void **state)
{
	unsigned off = 112, i;

	(void)state;
	plain(3, 9);
	for (i = 0; i < 9; i++) {
		memset(head + off + 8, 0xff, 8);	/* also what pads */
		off = extension(off, 0x11110000, head + off + 8, i);
	}
	off = extension(off, Q2X_BACKFMT, "qcow2", 5);
	off = extension(off, Q2X_BACKFMT, "raw", 3);
	off = extension(off, Q2X_BITMAPS, "", 0);
	off = extension(off, Q2X_END, "", 0);
	put32(off + 4, 4000);
	fine();
	assert_true(h.bitmaps);
	assert_string_equal(h.backfmt, "raw");
	put32(off - 4, 4000);
	refused(DISK_ECORRUPT, "header extension 0x00000000 is too long");
}

/* To the last byte of the cluster, and to the name of the backing file. */
static void
test_extensions_end(void **state)
{
	(void)state;
	plain(3, 9);
	put32(112, 0x11110000);
	put32(116, 512 - 120 - 8);
	put32(504, Q2X_BITMAPS);
	fine();
	assert_true(h.bitmaps);
	put32(508, 1);
	refused(DISK_ECORRUPT, "header extension 0x23852875 is too long");
	put32(504, 0);
	put32(508, 0);
	put32(116, 512 - 120);
	fine();
	put32(116, 512 - 119);
	refused(DISK_ECORRUPT, "header extension 0x11110000 is too long");
	plain(3, 9);
	put32(112, Q2X_BITMAPS);
	put64(Q2H_BACKOFF, 120);
	put32(Q2H_BACKLEN, 1);
	head[119] = 0;
	head[120] = 'x';
	fine();
	assert_true(h.bitmaps);
	put64(Q2H_BACKOFF, 119);
	head[119] = 'x';
	fine();
	assert_false(h.bitmaps);
}

static void
format(const char *p, size_t len)
{
	plain(3, 9);
	extension(112, Q2X_BACKFMT, p, len);
}

static void
test_format_names(void **state)
{
	static const char bad[] =
	    "header extension 0xe2792aca is not valid";

	(void)state;
	format("", 0);
	fine();
	format("fifteen letters", 15);
	fine();
	assert_string_equal(h.backfmt, "fifteen letters");
	format("sixteen letters!", 16);
	refused(DISK_ECORRUPT, bad);
	format("a ~\x80", 4);
	fine();
	assert_string_equal(h.backfmt, "a ~\x80");
	format("a\x1f", 2);
	refused(DISK_ECORRUPT, bad);
	format("\x7f", 1);
	refused(DISK_ECORRUPT, bad);
	format("a\0b", 3);
	refused(DISK_ECORRUPT, bad);
}

/* The name of the backing file, so long, at off. */
static void
name(uint64_t off, uint32_t len)
{
	put64(Q2H_BACKOFF, off);
	put32(Q2H_BACKLEN, len);
	if (off < HEAD && len <= HEAD - off)
		memset(head + off, 'n', len);
}

static void
test_backing_name(void **state)
{
	static const char outside[] =
	    "backing file name lies outside the header cluster";
	static const char bad[] = "backing file name is not valid";

	(void)state;
	plain(3, 11);
	name(111, 1);
	refused(DISK_ECORRUPT, outside);
	plain(3, 11);
	name(112, 3);
	fine();
	assert_string_equal(h.backing, "nnn");
	name(112, 0);
	refused(DISK_ECORRUPT, bad);
	name(112, DISK_NAMEMAX);
	fine();
	assert_int_equal(strlen(h.backing), DISK_NAMEMAX);
	name(112, DISK_NAMEMAX + 1);
	refused(DISK_ECORRUPT, bad);
	plain(3, 11);
	name(2040, 8);
	fine();
	name(2040, 9);
	refused(DISK_ECORRUPT, outside);
	name(2048, 0);
	refused(DISK_ECORRUPT, bad);
	name(2049, UINT32_MAX);
	refused(DISK_ECORRUPT, outside);
	name(1ULL << 32 | 120, 3);
	refused(DISK_ECORRUPT, outside);
	plain(3, 11);
	name(120, 3);
	head[121] = '\n';
	refused(DISK_ECORRUPT, bad);
}

/* Of a long cluster no more than 64 KiB counts. */
static void
test_long_cluster(void **state)
{
	unsigned cbits;

	(void)state;
	for (cbits = 16; cbits <= 21; cbits++) {
		plain(3, cbits);
		name(65528, 8);
		fine();
		name(65528, 9);
		assert_int_equal(readit(), DISK_ECORRUPT);
	}
}

static void
test_admit(void **state)
{
	struct disk_opts rw = { 0 }, ro = { .readonly = 1 };
	struct disk_opts check = { .damaged = 1 };
	struct q2_header x = { .incompat = Q2I_CORRUPT };

	(void)state;
	assert_int_equal(q2_header_admit(&x, &ro, &why), 0);
	assert_int_equal(q2_header_admit(&x, &check, &why), 0);
	assert_int_equal(q2_header_admit(&x, &rw, &why), DISK_ECORRUPT);
	assert_string_equal(why.text,
	    "is marked corrupt; repair it or open it read-only");
	x.incompat = ~Q2I_CORRUPT;
	assert_int_equal(q2_header_admit(&x, &rw, &why), 0);
	x.bitmaps = true;
	x.autoclear = ~Q2A_BITMAPS;
	assert_int_equal(q2_header_admit(&x, &rw, &why), 0);
	x.autoclear = Q2A_BITMAPS;
	assert_int_equal(q2_header_admit(&x, &ro, &why), 0);
	assert_int_equal(q2_header_admit(&x, &rw, &why), DISK_ENOTSUP);
	assert_string_equal(why.text,
	    "has persistent bitmaps in use; only reading works");
	x.bitmaps = false;
	assert_int_equal(q2_header_admit(&x, &rw, &why), 0);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&m, HEAD);
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
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_header_length),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_compression_type),
		cmocka_unit_test(test_l1_need),
		cmocka_unit_test(test_l1_entries),
		cmocka_unit_test(test_refcount_table),
		cmocka_unit_test(test_snapshots),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_longest_file),
		cmocka_unit_test(test_short_file),
		cmocka_unit_test(test_read_fails),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_extensions_end),
		cmocka_unit_test(test_format_names),
		cmocka_unit_test(test_backing_name),
		cmocka_unit_test(test_long_cluster),
		cmocka_unit_test(test_admit),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
