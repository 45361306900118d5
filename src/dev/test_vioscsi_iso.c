/*
 * Whole CD images through a CD drive: what comes out is what went in, and
 * isoinfo reads the same from both.  The images are made by ci/make-iso-corpus
 * (xorriso and genisoimage).
 */
#include <sys/stat.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "test_bighost.h"

static char dir[] = "/tmp/test_isoXXXXXX";

static void run(const char *, ...) __attribute__((format(printf, 1, 2)));

static void
run(const char *fmt, ...)
{
	char cmd[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("failed: %s", cmd);
}

static uint8_t *
slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *p;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*len = (size_t)st.st_size;
	p = malloc(*len + 1);
	assert_non_null(p);
	assert_int_equal(fread(p, 1, *len, f), *len);
	fclose(f);
	return p;
}

static void
attach_image(size_t size)
{
	uint8_t buf[64];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
	devconf_put_int(&w, DEVCONF_CAPACITY, (size + 511) / 512);
	big_up(&w);
}

static uint32_t
capacity(void)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		big_cdb()[0] = 0x25;
		big_offer(1, B_DATA, 8, 1);
		(void)big_kick();
	}
	assert_int_equal(big_sense(), 0);
	assert_int_equal(be32_get(big.mem + B_DATA + 4), 2048);
	return be32_get(big.mem + B_DATA) + 1;
}

/* n blocks at lba, with segments that end inside blocks. */
static void
read_blocks(uint32_t lba, uint32_t n, uint8_t *to)
{
	uint8_t *cdb = big_cdb();

	cdb[0] = 0x28;
	be32_put(cdb + 2, lba);
	be16_put(cdb + 7, n);
	big_offer(4, B_DATA, n * 512, 1);
	(void)big_kick();
	assert_int_equal(big_sense(), 0);
	memcpy(to, big.mem + B_DATA, (size_t)n * 2048);
}

static void
one_image(const char *name)
{
	uint32_t lba, n, all;
	char path[400];
	uint8_t *image, *copy;
	size_t size, i;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	image = slurp(path, &size);
	big_new();
	big.medium = image;
	big.size = size;
	attach_image(size);
	all = capacity();
	assert_int_equal(all, (size + 2047) / 2048);
	copy = calloc(all, 2048);
	assert_non_null(copy);
	for (lba = 0, i = 1; lba < all; lba += n, i++) {
		n = (uint32_t)(i % 63 + 1);
		if (n > all - lba)
			n = all - lba;
		read_blocks(lba, n, copy + 2048 * (size_t)lba);
	}
	assert_memory_equal(copy, image, size);
	for (i = size; i < 2048 * (size_t)all; i++)
		assert_int_equal(copy[i], 0);
	f = fopen(strcat(path, ".copy"), "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(copy, 2048, all, f), all);
	fclose(f);
	run("cd %s && isoinfo -l -R -i %s >a && isoinfo -l -R -i %s.copy >b && "
	    "grep -qi readme a && cmp a b", dir, name, name);
	run("cd %s && isoinfo -d -i %s >a && isoinfo -d -i %s.copy >b && "
	    "cmp a b", dir, name, name);
	free(copy);
	free(image);
	big_free();
}

static void
test_images(void **state)
{
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	(void)state;
	assert_non_null(mkdtemp(dir));
	run("ci/make-iso-corpus %s", dir);
	d = opendir(dir);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (strstr(e->d_name, ".iso") != NULL &&
		    strstr(e->d_name, ".copy") == NULL) {
			one_image(e->d_name);
			n++;
		}
	closedir(d);
	assert_int_equal(n, 6);
	run("rm -rf %s", dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_images) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
