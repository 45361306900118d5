/* Files as sources, packed ones too. */
#include <sys/types.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "file.h"

static struct load_why why;

/* A file without a name that holds these bytes. */
static int
temp(const void *p, size_t len)
{
	char path[] = "/tmp/test-file.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd != -1);
	unlink(path);
	assert_int_equal(write(fd, p, len), (ssize_t)len);
	return fd;
}

static size_t
pack(const void *p, size_t len, uint8_t *to, size_t cap)
{
	z_stream z;

	memset(&z, 0, sizeof(z));
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (void *)(uintptr_t)p;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return cap - z.avail_out;
}

static void
plain(void **state)
{
	int fd = temp("hello, world", 12);
	struct file f;
	char b[5];

	(void)state;
	assert_int_equal(file_open(&f, fd, &why), 0);
	assert_int_equal(f.src.size, 12);
	assert_int_equal(f.src.read(f.src.arg, 7, b, 5), 0);
	assert_memory_equal(b, "world", 5);
	/* The file shrinks behind our back. */
	assert_int_equal(ftruncate(fd, 8), 0);
	assert_int_equal(f.src.read(f.src.arg, 7, b, 5), -1);
	file_close(&f);
	close(fd);
}

static uint8_t big[3 << 20], packed[1 << 20], got[1000];

static void
gzip(void **state)
{
	struct file f;
	size_t i, n;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i >> 9 ^ i >> 14);
	n = pack(big, sizeof(big), packed, sizeof(packed));
	fd = temp(packed, n);
	assert_int_equal(file_open(&f, fd, &why), 0);
	assert_int_equal(f.src.size, sizeof(big));
	assert_int_equal(f.src.read(f.src.arg, 2500000, got, 1000), 0);
	assert_memory_equal(got, big + 2500000, 1000);
	file_close(&f);
	/* An initrd stays as it is. */
	assert_int_equal(file_raw(&f, fd, &why), 0);
	assert_int_equal(f.src.size, n);
	file_close(&f);
	close(fd);
}

static void
damaged(void **state)
{
	struct file f;
	size_t n;
	int fd;

	(void)state;
	n = pack(big, 100000, packed, sizeof(packed));
	fd = temp(packed, n - 9);
	assert_int_equal(file_open(&f, fd, &why), -1);
	assert_string_equal(why.text, "the packed file is cut short");
	close(fd);
	packed[n / 2] ^= 0x55;
	memset(packed + n / 2, 0xff, 16);
	fd = temp(packed, n);
	assert_int_equal(file_open(&f, fd, &why), -1);
	assert_string_equal(why.text, "the packed file is damaged");
	close(fd);
	assert_null(f.mem);
}

/* 600 MiB of zeros are half a MiB when packed. */
static void
bomb(void **state)
{
	static uint8_t out[2 << 20];
	struct file f;
	z_stream z;
	int fd, i;

	(void)state;
	memset(&z, 0, sizeof(z));
	memset(big, 0, sizeof(big));
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = out;
	z.avail_out = sizeof(out);
	for (i = 0; i < 200; i++) {
		z.next_in = big;
		z.avail_in = sizeof(big);
		assert_int_equal(deflate(&z, Z_NO_FLUSH), Z_OK);
	}
	deflate(&z, Z_FINISH);
	fd = temp(out, sizeof(out) - z.avail_out);
	deflateEnd(&z);
	assert_int_equal(file_open(&f, fd, &why), -1);
	assert_string_equal(why.text, "unpacked it is larger than 512 MiB");
	close(fd);
}

static void
no_file(void **state)
{
	struct file f;
	int fd = open("/", O_RDONLY);

	(void)state;
	assert_int_equal(file_open(&f, fd, &why), -1);
	assert_string_equal(why.text, "not a regular file");
	close(fd);
	assert_int_equal(file_open(&f, fd, &why), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(gzip),
		cmocka_unit_test(damaged),
		cmocka_unit_test(bomb),
		cmocka_unit_test(no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
