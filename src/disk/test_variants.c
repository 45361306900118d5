/*
 * Every kind of image that qemu-img can make opens and reads back the same,
 * takes a write that qemu-img agrees with, or is refused by name.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "disk.h"
#include "filestore.h"
#include "qcow2.h"
#include "test_qemu.h"

#define SIZE	(600u << 10)

static uint8_t want[SIZE], got[SIZE];

static int
opener(void *arg, struct disk_ref *ref, struct bstore *bs,
    struct disk_why *why)
{
	(void)arg;
	(void)why;
	return filestore_open(bs, open(ref->name, O_RDONLY), 0);
}

static int
open_file(const char *name, int readonly, struct disk **d,
    struct disk_why *why)
{
	struct disk_opener op = { opener, NULL };
	struct disk_opts o = { .readonly = readonly, .opener = &op };
	struct bstore bs;
	int rv;

	*d = NULL;
	assert_int_equal(filestore_open(&bs, open(name, O_RDWR), 0), 0);
	rv = disk_open(&bs, &o, d, why);
	if (rv != 0)
		bs_close(&bs);
	return rv;
}

/* Reads all and compares; then a write that qemu-img reads as well. */
static void
agree(const char *what)
{
	struct disk_why why = { "" };
	struct disk *d;

	if (open_file("t.qcow2", 0, &d, &why) != 0)
		fail_msg("%s: %s", what, why.text);
	assert_int_equal(d->size, SIZE);
	memset(got, 0xee, SIZE);
	assert_int_equal(disk_read(d, got, SIZE, 0), 0);
	if (memcmp(got, want, SIZE) != 0)
		fail_msg("%s reads otherwise", what);
	assert_int_equal(disk_write(d, "written by us", 13, 123456), 0);
	disk_close(&d);
	memcpy(want + 123456, "written by us", 13);
	tq_dump("model", want, SIZE);
	if (tq_sh("qemu-img check -q t.qcow2") != 0 ||
	    tq_sh("qemu-img compare -F raw t.qcow2 model") != 0) {
		tq_show_log();
		fail_msg("%s: qemu-img disagrees", what);
	}
}

static void
fresh(void)
{
	size_t i;

	for (i = 0; i < SIZE; i++)
		want[i] = i / 40000 % 3 == 0 ? 0 : i / 40000 % 3 == 1 ?
		    (uint8_t)(i / 64) : (uint8_t)(i * i / 7 + i / 3);
	tq_dump("src.raw", want, SIZE);
	unlink("t.qcow2");
}

static void
convert(const char *flags, const char *opts)
{
	char what[300];

	fresh();
	snprintf(what, sizeof(what), "convert %s -o %s", flags, opts);
	if (tq_sh("qemu-img convert %s -f raw -O qcow2 -o %s src.raw "
	    "t.qcow2", flags, opts) != 0) {
		tq_show_log();
		fail_msg("%s fails", what);
	}
	agree(what);
}

static void
test_convert(void **state)
{
	static const unsigned sizes[] = { 512, 1024, 2048, 4096, 8192, 16384,
	    32768, 65536, 131072, 262144, 524288, 1048576, 2097152 };
	char o[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(o, sizeof(o), "cluster_size=%u", sizes[i]);
		convert("", o);
		convert("-c", o);
		snprintf(o, sizeof(o), "cluster_size=%u,compat=0.10",
		    sizes[i]);
		convert("", o);
		convert("-c", o);
		snprintf(o, sizeof(o), "cluster_size=%u,"
		    "compression_type=zstd", sizes[i]);
		convert("-c", o);
	}
}

static void
test_refcount_bits(void **state)
{
	static const char *const more[] = { "", ",lazy_refcounts=on",
	    ",preallocation=metadata", ",preallocation=falloc",
	    ",preallocation=full" };
	unsigned bits;
	char o[200];
	size_t i;

	(void)state;
	for (bits = 1; bits <= 64; bits *= 2)
		for (i = 0; i < 5; i++) {
			snprintf(o, sizeof(o), "cluster_size=4k,"
			    "refcount_bits=%u%s", bits, more[i]);
			convert("", o);
			if (i < 2)
				convert("-c", o);
		}
}

/*
 * The product of all options that create and convert have: each image is
 * made empty, as a copy, and as a compressed copy where that can be.  All of
 * them with DISK_VARIANTS=1, else each 89th.
 */
static const struct axis {
	const char	*name;
	const char	*value[14];
} axes[] = {
	{ "cluster_size", { "512", "1k", "2k", "4k", "8k", "16k", "32k",
	    "64k", "128k", "256k", "512k", "1M", "2M" } },
	{ "refcount_bits", { "16", "1", "2", "4", "8", "32", "64" } },
	{ "compat", { "1.1", "0.10" } },
	{ "lazy_refcounts", { "off", "on" } },
	{ "compression_type", { "zlib", "zstd" } },
	{ "preallocation", { "off", "metadata", "falloc", "full" } },
	{ "how", { "create", "convert", "convert -c" } },
};
#define NAXES	(sizeof(axes) / sizeof(axes[0]))
enum { BITS = 1, COMPAT, LAZY, CTYPE, PREALLOC, HOW };

static unsigned
values(const struct axis *a)
{
	unsigned n = 0;

	while (n < 14 && a->value[n] != NULL)
		n++;
	return n;
}

/* What qemu-img itself refuses. */
static int
possible(const unsigned *v)
{
	if (v[COMPAT] == 1 && (v[BITS] | v[LAZY] | v[CTYPE]) != 0)
		return 0;
	return v[HOW] < 2 || v[PREALLOC] == 0;
}

static void
variant(const unsigned *v)
{
	char o[300];
	size_t i, n = 0;

	for (i = 0; i < HOW; i++)
		n += (size_t)snprintf(o + n, sizeof(o) - n, "%s%s=%s",
		    i > 0 ? "," : "", axes[i].name, axes[i].value[v[i]]);
	if (v[HOW] > 0) {
		convert(v[HOW] == 2 ? "-c" : "", o);
		return;
	}
	fresh();
	memset(want, 0, SIZE);
	if (tq_sh("qemu-img create -q -f qcow2 -o %s t.qcow2 %u", o,
	    SIZE) != 0) {
		tq_show_log();
		fail_msg("create -o %s fails", o);
	}
	agree(o);
}

static void
test_product(void **state)
{
	unsigned v[NAXES], i, k, all = 1, made = 0;
	unsigned step = getenv("DISK_VARIANTS") != NULL ? 1 : 89;

	(void)state;
	for (k = 0; k < NAXES; k++)
		all *= values(&axes[k]);
	for (i = 0; i < all; i += step) {
		unsigned left = i;

		for (k = 0; k < NAXES; k++) {
			v[k] = left % values(&axes[k]);
			left /= values(&axes[k]);
		}
		if (!possible(v))
			continue;
		variant(v);
		made++;
	}
	print_message("%u images\n", made);
	assert_true(made >= 30);
}

/* Changed by qemu-img after they were made. */
static void
changed(const char *made, const char *how)
{
	fresh();
	if (tq_sh("qemu-img convert -f raw -O qcow2 -o %s src.raw t.qcow2 && "
	    "%s", made, how) != 0) {
		tq_show_log();
		fail_msg("%s fails", how);
	}
	agree(how);
}

static void
test_changed(void **state)
{
	static const char *const how[] = {
		"qemu-img amend -o compat=0.10 t.qcow2",
		"qemu-img amend -o lazy_refcounts=on t.qcow2",
		"qemu-img amend -o refcount_bits=1 t.qcow2",
		"qemu-img amend -o refcount_bits=64 t.qcow2",
		"qemu-img resize -q t.qcow2 40M && "
		    "qemu-img resize -q --shrink t.qcow2 600k",
		"qemu-img convert -S 0 -O qcow2 t.qcow2 u && mv u t.qcow2",
		"qemu-img convert -W -m 16 -O qcow2 t.qcow2 u && mv u t.qcow2",
		"qemu-img snapshot -c a t.qcow2 && qemu-img convert -l a "
		    "-O qcow2 t.qcow2 u && mv u t.qcow2",
		"qemu-img create -q -f qcow2 -b src.raw -F raw o && "
		    "qemu-io -c 'write -q -z -u 0 600k' o && "
		    "qemu-img convert -n -O qcow2 src.raw o && mv o t.qcow2",
		"qemu-img create -q -f qcow2 -b src.raw -F raw o && "
		    "qemu-img rebase -b '' o && mv o t.qcow2",
		"qemu-img create -q -f qcow2 -b t.qcow2 -F qcow2 o && "
		    "qemu-io -c 'write -q -s src.raw 0 600k' o && "
		    "qemu-img commit -q o",
		"qemu-img convert -B src.raw -F raw -O qcow2 t.qcow2 u && "
		    "mv u t.qcow2",
		"qemu-img bitmap --add t.qcow2 b && "
		    "qemu-img bitmap --remove t.qcow2 b",
		"qemu-img dd -O qcow2 if=t.qcow2 of=u && mv u t.qcow2",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		changed("cluster_size=64k", how[i]);
		changed("cluster_size=512", how[i]);
	}
}

/* Bases: raw and qcow2, of the same size, smaller and larger. */
static void
over_base(const char *fmt, const char *compat, uint64_t basesize)
{
	char what[200];

	fresh();
	memset(want + (basesize < SIZE ? basesize : SIZE), 0,
	    SIZE - (basesize < SIZE ? basesize : SIZE));
	tq_dump("part.raw", want, basesize < SIZE ? basesize : SIZE);
	unlink("base");
	snprintf(what, sizeof(what), "over %s of %llu, %s", fmt,
	    (unsigned long long)basesize, compat);
	assert_int_equal(tq_sh("truncate -s %llu part.raw && "
	    "qemu-img convert -f raw -O %s part.raw base && "
	    "qemu-img create -q -f qcow2 -b base -F %s -o compat=%s t.qcow2 "
	    "%u && qemu-io -c 'write -q -P 17 5000 70000' -c "
	    "'write -q -z 300000 100000' t.qcow2",
	    (unsigned long long)basesize, fmt, fmt, compat, SIZE), 0);
	memset(want + 5000, 17, 70000);
	memset(want + 300000, 0, 100000);
	agree(what);
}

static void
test_bases(void **state)
{
	static const uint64_t sizes[] = { SIZE, SIZE / 2, SIZE * 2, 512,
	    100 << 10 };
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		over_base("raw", "1.1", sizes[i]);
		over_base("qcow2", "1.1", sizes[i]);
		over_base("qcow2", "0.10", sizes[i]);
	}
}

static void
test_chain(void **state)
{
	int i;

	(void)state;
	fresh();
	assert_int_equal(tq_sh("qemu-img convert -c -f raw -O qcow2 src.raw "
	    "c0"), 0);
	for (i = 1; i <= 9; i++) {
		assert_int_equal(tq_sh("qemu-img create -q -f qcow2 -b c%d "
		    "-F qcow2 -o cluster_size=%u c%d && qemu-io -c "
		    "'write -q -P %d %d 3000' c%d", i - 1, 512u << i, i, i,
		    i * 30000, i), 0);
		memset(want + i * 30000, i, 3000);
	}
	assert_int_equal(tq_sh("mv c9 t.qcow2"), 0);
	agree("chain of ten");
}

static void
test_snapshots(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(tq_sh("qemu-img convert -f raw -O qcow2 -o "
	    "cluster_size=2k src.raw t.qcow2 && qemu-img snapshot -c one "
	    "t.qcow2"), 0);
	agree("a snapshot");
	assert_int_equal(tq_sh("qemu-img snapshot -a one t.qcow2 && "
	    "qemu-img compare -f qcow2 -F raw t.qcow2 src.raw"), 0);
}

/* Left dirty by a crash with lazy refcounts: repaired when it is opened. */
static void
test_lazy_crash(void **state)
{
	struct disk_why why;
	struct disk *d;

	(void)state;
	fresh();
	assert_int_equal(tq_sh("qemu-img create -q -f qcow2 -o "
	    "lazy_refcounts=on,cluster_size=4k t.qcow2 %u", SIZE), 0);
	(void)tq_sh("qemu-io -c 'write -q -P 5 0 300000' -c flush -c abort "
	    "t.qcow2");
	assert_int_not_equal(tq_sh("qemu-img check t.qcow2"), 0);
	memset(want, 0, SIZE);
	memset(want, 5, 300000);
	assert_int_equal(open_file("t.qcow2", 1, &d, &why), 0);
	assert_int_equal(disk_read(d, got, SIZE, 0), 0);
	assert_memory_equal(got, want, SIZE);
	disk_close(&d);
	agree("left dirty");
}

static void
refused(const char *opts, const char *extra, const char *part)
{
	struct disk_why why = { "" };
	struct disk *d;

	fresh();
	assert_int_equal(tq_sh("qemu-img create -q -f qcow2 %s -o %s t.qcow2 "
	    "%u", extra, opts, SIZE), 0);
	assert_int_not_equal(open_file("t.qcow2", 1, &d, &why), 0);
	if (strstr(why.text, part) == NULL)
		fail_msg("\"%s\" does not name %s", why.text, part);
}

static void
test_refused(void **state)
{
	struct disk_why why = { "" };
	struct disk *d;

	(void)state;
	refused("extended_l2=on", "", "extended L2");
	refused("data_file=ext", "", "external data file");
	refused("encrypt.format=luks,encrypt.key-secret=s",
	    "--object secret,id=s,data=abc", "encrypted");
	fresh();
	assert_int_equal(tq_sh("qemu-img convert -f raw -O qcow2 src.raw "
	    "t.qcow2 && qemu-img bitmap --add t.qcow2 b"), 0);
	assert_int_not_equal(open_file("t.qcow2", 0, &d, &why), 0);
	assert_non_null(strstr(why.text, "bitmaps"));
	assert_int_equal(open_file("t.qcow2", 1, &d, &why), 0);
	assert_int_equal(disk_read(d, got, SIZE, 0), 0);
	assert_memory_equal(got, want, SIZE);
	disk_close(&d);
}

/* Formats that are not ours: named. */
static void
test_foreign(void **state)
{
	static const char *const t[][2] = {
		{ "vmdk", "VMDK" },
		{ "vmdk -o subformat=monolithicFlat", "VMDK" },
		{ "vmdk -o subformat=twoGbMaxExtentSparse", "VMDK" },
		{ "vmdk -o subformat=twoGbMaxExtentFlat", "VMDK" },
		{ "vmdk -o subformat=streamOptimized", "VMDK" },
		{ "vdi", "VDI" }, { "vdi -o static=on", "VDI" },
		{ "vhdx", "VHDX" }, { "vhdx -o subformat=fixed", "VHDX" },
		{ "vpc", "VHD" }, { "vpc -o subformat=fixed", "VHD" },
		{ "qed", "QED" }, { "parallels", "Parallels" },
		{ "qcow", "qcow2 version 1" },
	};
	struct disk_why why;
	struct disk *d;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		unlink("x");
		assert_int_equal(tq_sh("qemu-img create -q -f %s x 1M",
		    t[i][0]), 0);
		assert_int_equal(open_file("x", 1, &d, &why), DISK_ENOTSUP);
		if (strstr(why.text, t[i][1]) == NULL)
			fail_msg("\"%s\" does not name %s", why.text,
			    t[i][1]);
	}
}

static int
begin(void **state)
{
	(void)state;
	return tq_begin();
}

static int
end(void **state)
{
	(void)state;
	return tq_end();
}

static void
test_nothing(void **state)
{
	(void)state;
	print_message("no qemu-img here: nothing compared\n");
}

int
main(void)
{
	const struct CMUnitTest none[] = { cmocka_unit_test(test_nothing) };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_convert),
		cmocka_unit_test(test_refcount_bits),
		cmocka_unit_test(test_product),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_bases),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_snapshots),
		cmocka_unit_test(test_lazy_crash),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_foreign),
	};

	if (!tq_have_qemu())
		return cmocka_run_group_tests(none, NULL, NULL);
	return cmocka_run_group_tests(tests, begin, end);
}
