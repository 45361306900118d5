/* The raw format: odd sizes, reading only, holes, growth. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk.h"
#include "filestore.h"
#include "memstore.h"

static struct disk *
open_raw(struct ms *m, uint64_t size, int readonly)
{
	struct disk_opts o = { .format = DISK_RAW, .readonly = readonly };
	struct bstore bs;
	struct disk_why why;
	struct disk *d;

	ms_init(m, 1u << 20);
	bs = ms_bstore(m);
	assert_int_equal(bs_resize(&bs, size), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	return d;
}

static void
test_odd_size(void **state)
{
	uint8_t b[600];
	struct disk *d;
	struct ms m;

	(void)state;
	d = open_raw(&m, 1001, 0);
	assert_int_equal(d->size, 1001);
	assert_int_equal(disk_write(d, "xy", 2, 999), 0);
	assert_int_equal(disk_write(d, "xy", 2, 1000), DISK_ERANGE);
	assert_int_equal(disk_read(d, b, 501, 500), 0);
	assert_memory_equal(b + 499, "xy", 2);
	assert_int_equal(disk_read(d, b, 502, 500), DISK_ERANGE);
	assert_int_equal(disk_read(d, b, 0, 1001), 0);
	assert_int_equal(disk_read(d, b, 0, 1002), DISK_ERANGE);
	assert_int_equal(disk_zero(d, UINT64_MAX, 2, 0), DISK_ERANGE);
	disk_close(&d);
	assert_null(d);
	ms_free(&m);
}

static void
test_readonly(void **state)
{
	uint8_t b[4];
	struct disk *d;
	struct ms m;

	(void)state;
	d = open_raw(&m, 512, 1);
	assert_int_equal(disk_write(d, b, 1, 0), DISK_EROFS);
	assert_int_equal(disk_zero(d, 0, 1, 1), DISK_EROFS);
	assert_int_equal(disk_discard(d, 0, 1), DISK_EROFS);
	assert_int_equal(disk_grow(d, 1024), DISK_EROFS);
	assert_int_equal(disk_flush(d), 0);
	assert_int_equal(disk_read(d, b, 4, 0), 0);
	disk_close(&d);
	ms_free(&m);
}

static void
test_discard_and_zero(void **state)
{
	uint8_t a[2000], b[2000];
	struct disk *d;
	struct ms m;

	(void)state;
	d = open_raw(&m, 2000, 0);
	memset(a, 7, sizeof(a));
	assert_int_equal(disk_write(d, a, 2000, 0), 0);
	assert_int_equal(disk_discard(d, 100, 1000), 0);
	memset(a + 512, 0, 512);
	assert_int_equal(disk_read(d, b, 2000, 0), 0);
	assert_memory_equal(a, b, 2000);
	assert_int_equal(disk_discard(d, 1500, 500), 0);
	memset(a + 1536, 0, 464);
	assert_int_equal(disk_zero(d, 10, 5, 0), 0);
	memset(a + 10, 0, 5);
	assert_int_equal(disk_zero(d, 30, 5, 1), 0);
	memset(a + 30, 0, 5);
	assert_int_equal(disk_read(d, b, 2000, 0), 0);
	assert_memory_equal(a, b, 2000);
	disk_close(&d);
	ms_free(&m);
}

static void
test_grow(void **state)
{
	uint8_t b[100];
	struct disk *d;
	struct ms m;

	(void)state;
	d = open_raw(&m, 512, 0);
	assert_int_equal(disk_grow(d, 511), DISK_ERANGE);
	assert_int_equal(disk_grow(d, 4096), 0);
	assert_int_equal(disk_read(d, b, 100, 3996), 0);
	assert_int_equal(b[99], 0);
	assert_int_equal(disk_grow(d, 2u << 20), DISK_ENOSPC);
	assert_int_equal(d->size, 4096);
	disk_close(&d);
	ms_free(&m);
}

/* The file store: the same with holes that the file system knows. */
static void
test_file(void **state)
{
	char name[] = "/tmp/vmdraw.XXXXXX";
	struct disk_opts o = { .format = DISK_AUTO };
	struct disk_extent e;
	struct disk_why why;
	struct bstore bs;
	struct disk *d;
	uint8_t a[65536], b[65536];
	int fd;

	(void)state;
	fd = mkstemp(name);
	assert_int_not_equal(fd, -1);
	unlink(name);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(filestore_open(&bs, fd, 0), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(d->format, DISK_RAW);
	memset(a, 9, sizeof(a));
	assert_int_equal(disk_write(d, a, sizeof(a), 1 << 19), 0);
	assert_int_equal(disk_flush(d), 0);
	assert_int_equal(disk_extent(d, 0, d->size, &e), 0);
	if (e.kind == DISK_ZERO)	/* the file system has holes */
		assert_int_equal(e.len, 1 << 19);
	assert_int_equal(disk_discard(d, 1 << 19, 32768), 0);
	assert_int_equal(disk_zero(d, (1 << 19) + 32768, 100, 1), 0);
	assert_int_equal(disk_read(d, b, sizeof(b), 1 << 19), 0);
	assert_int_equal(b[32767] | b[32768] | b[32867], 0);
	assert_int_equal(b[32868], 9);
	assert_int_equal(disk_grow(d, 2 << 20), 0);
	assert_int_equal(disk_read(d, b, 100, (2 << 20) - 100), 0);
	disk_close(&d);
}

static void
test_file_refused(void **state)
{
	struct bstore bs;
	int p[2], fd;

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(filestore_open(&bs, p[0], 0), DISK_ENOTSUP);
	close(p[0]);
	close(p[1]);
	assert_int_equal(filestore_open(&bs, -1, 0), DISK_EROFS);
	fd = open("/dev/null", O_RDONLY | O_DIRECTORY);
	assert_int_equal(fd, -1);
	fd = open("/", O_RDONLY);
	assert_int_equal(filestore_open(&bs, fd, 0), DISK_ENOTSUP);
	close(fd);
}

/* A store that looks like something at an offset. */
static int
open_like(enum disk_format f, uint64_t size, uint64_t off, const char *bytes,
    size_t n, struct disk_why *why)
{
	struct disk_opts o = { .format = f };
	struct bstore bs;
	struct disk *d;
	struct ms m;
	int rv;

	ms_init(&m, 1u << 20);
	bs = ms_bstore(&m);
	assert_int_equal(bs_resize(&bs, size), 0);
	assert_int_equal(bs_write(&bs, bytes, n, off), 0);
	assert_int_equal(bs_resize(&bs, size), 0);
	rv = disk_open(&bs, &o, &d, why);
	assert_true(rv != 0 || d->format == DISK_RAW);
	disk_close(&d);
	ms_free(&m);
	return rv;
}

/* Images of other programs are named, not shown to a guest as they are. */
static void
test_foreign(void **state)
{
	static const struct {
		const char	*bytes, *name;
		uint64_t	 off;
	} t[] = {
		{ "KDMV", "VMDK", 0 },
		{ "COWD", "VMDK", 0 },
		{ "# Disk DescriptorFile", "VMDK", 0 },
		{ "\x7f\x10\xda\xbe", "VDI", 64 },
		{ "vhdxfile", "VHDX", 0 },
		{ "conectix", "VHD", 0 },
		{ "conectix", "VHD", 4096 - 512 },
		{ "QED", "QED", 0 },
		{ "WithoutFreeSpace", "Parallels", 0 },
		{ "WithouFreSpacExt", "Parallels", 0 },
	};
	struct disk_why why;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		n = strlen(t[i].bytes) + (strcmp(t[i].bytes, "QED") == 0);
		assert_int_equal(open_like(DISK_AUTO, 4096, t[i].off,
		    t[i].bytes, n, &why), DISK_ENOTSUP);
		if (strstr(why.text, t[i].name) == NULL)
			fail_msg("\"%s\" does not name %s", why.text,
			    t[i].name);
		/* Who says raw means it; and a part is no sign. */
		assert_int_equal(open_like(DISK_RAW, 4096, t[i].off,
		    t[i].bytes, n, &why), 0);
		assert_int_equal(open_like(DISK_AUTO, 4096, t[i].off + 1,
		    t[i].bytes + 1, n - 1, &why), 0);
		assert_int_equal(open_like(DISK_AUTO, 4096, t[i].off + 8,
		    t[i].bytes, n, &why), 0);
	}
	assert_int_equal(open_like(DISK_AUTO, 3, 0, "KDM", 3, &why), 0);
	assert_int_equal(open_like(DISK_AUTO, 511, 0, "x", 1, &why), 0);
	assert_int_equal(open_like(DISK_AUTO, 512, 0, "x", 1, &why), 0);
}

/* The looks at a store of unknown kind fail, one after another. */
static void
test_look_fails(void **state)
{
	struct disk_opts o = { .format = DISK_AUTO };
	struct ms_plan plan = { 0 };
	struct bstore bs;
	struct disk_why why;
	struct disk *d;
	struct ms m;

	(void)state;
	ms_init(&m, 4096);
	bs = ms_bstore(&m);
	assert_int_equal(bs_resize(&bs, 4096), 0);
	for (plan.fail_read = 1; plan.fail_read <= 3; plan.fail_read++) {
		ms_plan(&m, &plan);
		assert_int_equal(disk_open(&bs, &o, &d, &why), DISK_EIO);
		assert_string_equal(why.text, "cannot be read");
	}
	ms_plan(&m, &plan);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	disk_close(&d);
	ms_free(&m);
}

/* A store that cannot do much, and says odd things about its holes. */
static struct odd {
	struct ms	m;
	int		sizecode, punchcode, extcode;
	uint64_t	extlen;
	int		closed;
} odd;

static int
odd_size(void *arg, uint64_t *size)
{
	(void)arg;
	*size = odd.m.size;
	return odd.sizecode;
}

static int
odd_punch(void *arg, uint64_t off, uint64_t len)
{
	(void)arg;
	(void)off;
	(void)len;
	return odd.punchcode;
}

static int
odd_extent(void *arg, uint64_t off, uint64_t *len, int *data)
{
	(void)arg;
	(void)off;
	*len = odd.extlen;
	*data = 0;
	return odd.extcode;
}

static void
odd_close(void *arg)
{
	(void)arg;
	odd.closed++;
}

static struct bstore
odd_store(uint64_t size)
{
	static struct bstore_ops ops;
	struct bstore bs;

	memset(&odd, 0, sizeof(odd));
	ms_init(&odd.m, 1u << 20);
	bs = ms_bstore(&odd.m);
	assert_int_equal(bs_resize(&bs, size), 0);
	ops = *bs.ops;
	ops.size = odd_size;
	ops.punch = odd_punch;
	ops.extent = odd_extent;
	ops.close = odd_close;
	bs.ops = &ops;
	return bs;
}

static void
test_odd_store(void **state)
{
	struct disk_opts o = { .format = DISK_RAW };
	struct bstore bs = odd_store(4096);
	struct disk_extent e;
	struct disk_why why;
	struct disk *d;
	uint8_t b[600];

	(void)state;
	odd.sizecode = DISK_EIO;
	assert_int_equal(disk_open(&bs, &o, &d, &why), DISK_EIO);
	assert_string_equal(why.text, "cannot tell its size");
	assert_null(d);
	odd.sizecode = 0;
	assert_int_equal(disk_open(&bs, &o, &d, NULL), 0);
	/* Holes cannot be made: a discard does nothing, zeros are written. */
	assert_int_equal(disk_write(d, "aaaa", 4, 0), 0);
	odd.punchcode = DISK_ENOTSUP;
	assert_int_equal(disk_discard(d, 0, 512), 0);
	assert_int_equal(disk_read(d, b, 4, 0), 0);
	assert_memory_equal(b, "aaaa", 4);
	assert_int_equal(disk_zero(d, 1, 3, 1), 0);
	assert_int_equal(disk_read(d, b, 4, 0), 0);
	assert_memory_equal(b, "a\0\0\0", 4);
	odd.punchcode = DISK_EIO;
	assert_int_equal(disk_discard(d, 0, 512), DISK_EIO);
	assert_int_equal(disk_zero(d, 0, 512, 1), DISK_EIO);
	assert_int_equal(disk_zero(d, 0, 512, 0), 0);
	/* An extent is as long as the request at most, and never empty. */
	odd.extlen = 100;
	assert_int_equal(disk_extent(d, 7, 1000, &e), 0);
	assert_true(e.len == 100 && e.kind == DISK_ZERO && e.off == 7);
	assert_true(e.hosted && e.host == 7 && e.depth == 0);
	odd.extlen = 1000;
	assert_int_equal(disk_extent(d, 0, 1000, &e), 0);
	assert_int_equal(e.len, 1000);
	odd.extlen = 1001;
	assert_int_equal(disk_extent(d, 0, 1000, &e), 0);
	assert_int_equal(e.len, 1000);
	odd.extlen = 0;
	assert_int_equal(disk_extent(d, 0, 1000, &e), 0);
	assert_int_equal(e.len, 1000);
	odd.extcode = DISK_EIO;
	assert_int_equal(disk_extent(d, 0, 1000, &e), DISK_EIO);
	disk_close(&d);
	disk_close(&d);
	assert_int_equal(odd.closed, 1);
	bs_close(&bs);
	bs_close(&bs);
	assert_int_equal(odd.closed, 2);
	ms_free(&odd.m);
}

/* What every format relies on is checked before it is asked. */
static void
test_bounds(void **state)
{
	struct disk_extent e;
	struct disk *d;
	struct ms m;

	(void)state;
	d = open_raw(&m, 4096, 0);
	assert_int_equal(disk_discard(d, 4096, 1), DISK_ERANGE);
	assert_int_equal(disk_discard(d, 4097, 0), DISK_ERANGE);
	assert_int_equal(disk_discard(d, 4096, 0), 0);
	assert_int_equal(disk_zero(d, 4096, 0, 1), 0);
	assert_int_equal(disk_zero(d, 4095, 2, 1), DISK_ERANGE);
	assert_int_equal(disk_write(d, "", 0, 4096), 0);
	assert_int_equal(disk_extent(d, 0, 0, &e), DISK_ERANGE);
	assert_int_equal(disk_extent(d, 4096, 1, &e), DISK_ERANGE);
	assert_int_equal(disk_extent(d, 4095, 1, &e), 0);
	assert_int_equal(disk_grow(d, UINT64_MAX), DISK_ERANGE);
	assert_int_equal(disk_grow(d, 1ULL << 63), DISK_ERANGE);
	assert_int_equal(disk_grow(d, INT64_MAX), DISK_ENOSPC);
	assert_int_equal(disk_grow(d, 4096), 0);
	disk_close(&d);
	ms_free(&m);
	assert_string_equal(disk_format_name(DISK_RAW), "raw");
	assert_string_equal(disk_format_name(DISK_QCOW2), "qcow2");
	assert_string_equal(disk_format_name(DISK_AUTO), "auto");
	assert_int_equal(disk_refuse(NULL, DISK_EIO, "%d", 1), DISK_EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_size),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_discard_and_zero),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_refused),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_look_fails),
		cmocka_unit_test(test_odd_store),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
