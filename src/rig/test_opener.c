/*
 * The opener: what it opens, a device process can serve; what it refuses, it
 * refuses with a line that names the file, and nothing stays open.
 */
#include "opener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "image.h"
#include "rig.h"
#include "vioblk.h"

#define SIZE	(2U << 20)

static char dir[64], path[128], other[128];
static struct opener_image im;
static struct opener_conf conf;
static struct disk_why why;
static unsigned fds_before;

static unsigned
open_fds(void)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < 1024; i++)
		n += fcntl(i, F_GETFD) != -1;
	return n;
}

static const char *
in_dir(char *buf, const char *name)
{
	snprintf(buf, 128, "%s/%s", dir, name);
	return buf;
}

static int
make(const char *name, enum disk_format f, const char *base, uint64_t size)
{
	struct qcow2_params p = { .size = size, .backing = base };
	char file[128];
	int fd;

	in_dir(file, name);
	fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd != -1);
	if (image_create(fd, f, &p, &why) == -1)
		fail_msg("%s", why.text);
	close(fd);
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/opener.XXXXXX");
	assert_non_null(mkdtemp(dir));
	memset(&conf, 0, sizeof(conf));
	conf.path = in_dir(path, "disk");
	fds_before = open_fds();
	return 0;
}

static int
teardown(void **state)
{
	char line[160];

	(void)state;
	snprintf(line, sizeof(line), "rm -r %s", dir);
	assert_int_equal(open_fds(), fds_before);
	return system(line);
}

static void
opens(void)
{
	if (opener_open(&im, &conf, &why) == -1)
		fail_msg("%s", why.text);
}

static void
refused(const char *part)
{
	assert_int_equal(opener_open(&im, &conf, &why), -1);
	if (strncmp(why.text, conf.path, strlen(conf.path)) != 0 ||
	    strstr(why.text, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", why.text, part);
	assert_int_equal(open_fds(), fds_before);
}

/* Starts a disk on what was opened, writes and reads; the end of the disk. */
static void
serve(int writes)
{
	struct devproc_image di[DISK_MAXDEPTH];
	uint8_t a[4096], b[4096];
	struct devproc_conf dc;
	struct devproc_why dw;
	struct rig_blk blk;
	struct rig rig;
	unsigned i;

	rig_open(&rig);
	rig_conf(&rig, &dc, "vioblk");
	for (i = 0; i < im.n; i++) {
		di[i].fd = im.file[i].fd;
		di[i].unit = 0;
		di[i].format = im.file[i].format;
		di[i].readonly = i > 0 || im.readonly;
	}
	dc.image = di;
	dc.nimages = im.n;
	if (rig_start(&rig, &dc, &dw) == -1)
		fail_msg("%s", dw.text);
	assert_int_equal(devproc_capacity(rig.dev), im.size);
	assert_int_equal(rig_blk_open(&rig, &blk, 4, sizeof(a)), 0);
	memset(a, 0x3c, sizeof(a));
	assert_int_equal(rig_blk_do(&blk, VIOBLK_T_OUT, 16, a, sizeof(a)),
	    writes ? 0 : VIOBLK_S_IOERR);
	assert_int_equal(rig_blk_do(&blk, VIOBLK_T_FLUSH, 0, NULL, 0), 0);
	assert_int_equal(rig_blk_do(&blk, VIOBLK_T_IN, 16, b, sizeof(b)), 0);
	if (writes)
		assert_memory_equal(a, b, sizeof(a));
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 5000), 0);
	rig_close(&rig);
}

/* Whether the image as it is now has what serve() wrote. */
static int
written(void)
{
	struct image_opts o = { .anybase = 1 };
	uint8_t b[512];
	struct disk *d;

	assert_int_equal(image_open(path, &o, &d, &why), 0);
	assert_int_equal(disk_read(d, b, sizeof(b), 16 * 512), 0);
	disk_close(&d);
	return b[0] == 0x3c;
}

static void
test_raw(void **state)
{
	(void)state;
	make("disk", DISK_RAW, NULL, SIZE);
	opens();
	assert_int_equal(im.n, 1);
	assert_int_equal(im.size, SIZE);
	assert_int_equal(im.file[0].format, DISK_RAW);
	serve(1);
	opener_close(&im);
	assert_true(written());
}

static void
test_chain(void **state)
{
	(void)state;
	make("base", DISK_RAW, NULL, SIZE);
	make("mid", DISK_QCOW2, "base", SIZE);
	make("disk", DISK_QCOW2, "mid", SIZE);
	opens();
	assert_int_equal(im.n, 3);
	assert_int_equal(im.file[1].format, DISK_QCOW2);
	assert_int_equal(im.file[2].format, DISK_RAW);
	serve(1);
	opener_close(&im);
	assert_true(written());
}

static void
test_readonly(void **state)
{
	(void)state;
	make("disk", DISK_QCOW2, NULL, SIZE);
	assert_int_equal(chmod(path, 0400), 0);
	conf.readonly = 1;
	opens();
	serve(0);
	opener_close(&im);
	assert_false(written());
}

/* Changes are there while the VM runs and gone behind it, over any image. */
static void
ephemeral(enum disk_format f, const char *tmpdir)
{
	make("disk", f, NULL, SIZE);
	conf.ephemeral = 1;
	conf.tmpdir = tmpdir;
	opens();
	assert_int_equal(im.n, 2);
	assert_false(im.readonly);
	serve(1);
	opener_close(&im);
	assert_false(written());
}

static void
test_ephemeral(void **state)
{
	(void)state;
	ephemeral(DISK_RAW, NULL);
	ephemeral(DISK_QCOW2, NULL);
	ephemeral(DISK_RAW, dir);
	in_dir(other, "nowhere");
	conf.tmpdir = other;
	refused("no file for the overlay in ");
}

/* Two VMs may share an ephemeral disk's image, and nobody may write it. */
static void
test_locks(void **state)
{
	struct opener_image first;

	(void)state;
	make("disk", DISK_RAW, NULL, SIZE);
	opens();
	first = im;
	fds_before++;
	refused("in use by another VM");
	conf.readonly = 1;
	refused("in use by another VM");
	conf.readonly = 0;
	conf.ephemeral = 1;
	refused("in use by another VM");
	opener_close(&first);
	fds_before--;
	opens();
	first = im;
	opens();
	opener_close(&im);
	conf.ephemeral = 0;
	fds_before += 2;
	refused("in use by another VM");
	fds_before -= 2;
	opener_close(&first);
	opens();
	opener_close(&im);
}

/* A base serves several overlays, and nobody writes it meanwhile. */
static void
test_base_lock(void **state)
{
	struct opener_image first;

	(void)state;
	make("base", DISK_RAW, NULL, SIZE);
	make("one", DISK_QCOW2, "base", SIZE);
	make("two", DISK_QCOW2, "base", SIZE);
	conf.path = in_dir(path, "one");
	opens();
	first = im;
	conf.path = in_dir(path, "two");
	opens();
	opener_close(&im);
	conf.path = in_dir(path, "base");
	fds_before += 2;
	refused("in use by another VM");
	opener_close(&first);
	fds_before -= 2;
	opens();
	first = im;
	conf.path = in_dir(path, "one");
	fds_before++;
	refused("backing file \"base\" is in use by another VM");
	fds_before--;
	opener_close(&first);
}

/* The lock is the process's that has the descriptor, until it ends. */
static void
test_lock_of_child(void **state)
{
	int up[2];
	pid_t pid;
	char c;

	(void)state;
	make("disk", DISK_RAW, NULL, SIZE);
	assert_int_equal(pipe(up), 0);
	opens();
	pid = fork();
	if (pid == 0) {
		close(up[1]);
		(void)!read(up[0], &c, 1);
		_exit(0);
	}
	opener_close(&im);
	fds_before += 2;
	refused("in use by another VM");
	close(up[0]);
	close(up[1]);
	fds_before -= 2;
	waitpid(pid, NULL, 0);
	opens();
	opener_close(&im);
}

static void
test_refused(void **state)
{
	(void)state;
	refused("No such file or directory");
	assert_int_equal(mkdir(path, 0700), 0);
	refused("Is a directory");
	conf.readonly = 1;
	refused("neither a file nor a disk");
	conf.readonly = 0;
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused("neither a file nor a disk");
	unlink(path);
	make("disk", DISK_RAW, NULL, SIZE);
	conf.format = DISK_QCOW2;
	refused("");
	conf.format = DISK_AUTO;
	make("disk", DISK_QCOW2, "gone", SIZE);
	refused("backing file \"gone\" cannot be opened: No such file");
	make("disk", DISK_QCOW2, "/dev/null", SIZE);
	refused("outside the image's folder; move it there");
	make("disk", DISK_QCOW2, "disk", SIZE);
	refused("");
}

/* /dev/zero stands for a disk device: it is none that holds qcow2. */
static void
test_device(void **state)
{
	(void)state;
	conf.path = "/dev/zero";
	conf.format = DISK_QCOW2;
	refused("a disk device cannot hold a qcow2 image; use format raw");
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_raw), T(test_chain), T(test_readonly),
		T(test_ephemeral), T(test_locks), T(test_base_lock),
		T(test_lock_of_child), T(test_refused), T(test_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
