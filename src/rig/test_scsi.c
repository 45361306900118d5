/*
 * A SCSI adapter in a process of its own: a CD image and a qcow2 disk behind
 * one device.  The images are those of ci/make-iso-corpus.
 */
#include "rig.h"

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
#include <sys/wait.h>

#include "virtio.h"
#include "vioscsi.h"

#define REQ	0x100000U
#define RSP	0x110000U
#define DATA	0x200000U
#define ROOM	0x100000U
#define CD	0
#define DISK	1

static struct rig rig;
static struct devproc_conf conf;
static struct devproc_image image[2];
static struct devproc_why why;
static struct rig_queue q[3];
static uint8_t list[128];
static char dir[] = "/tmp/rig_isoXXXXXX";

static void run(const char *, ...) __attribute__((format(printf, 1, 2)));

static void
run(const char *fmt, ...)
{
	char cmd[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0) {
		fprintf(stderr, "failed: %s\n", cmd);
		exit(1);
	}
}

static int
open_in(const char *name, int flags)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags);
	assert_true(fd != -1);
	return fd;
}

static int
setup(void **state)
{
	struct wbuf w;

	(void)state;
	rig_open(&rig);
	rig_conf(&rig, &conf, "vioscsi");
	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_UNIT, CD);
	devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
	devconf_put_int(&w, DEVCONF_UNIT, DISK);
	devconf_put_bytes(&w, DEVCONF_SERIAL, "rig-disk", 8);
	conf.conf.p = list;
	conf.conf.len = w.len;
	memset(image, 0, sizeof(image));
	image[0].fd = open_in("xboots.iso", O_RDONLY);
	image[0].format = DISK_RAW;
	image[0].readonly = 1;
	image[1].fd = open_in("disk.qcow2", O_RDWR);
	image[1].unit = 1;
	image[1].format = DISK_QCOW2;
	conf.image = image;
	conf.nimages = 2;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(image[0].fd);
	close(image[1].fd);
	rig_close(&rig);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void
start(void)
{
	if (rig_start(&rig, &conf, &why) == -1)
		fail_msg("%s", why.text);
	rig_setup(&rig, VIRTIO_F_EVENT_IDX | VIOSCSI_F_CHANGE, q, 3, 16);
}

/* Key, code and qualifier of the answer; 0 for GOOD. */
static uint32_t
outcome(void)
{
	const uint8_t *p = rig_at(&rig, RSP, 108);

	assert_int_equal(p[VIOSCSI_RSP_RESPONSE], VIOSCSI_S_OK);
	if (p[VIOSCSI_RSP_STATUS] == 0)
		return 0;
	return (uint32_t)((p[14] & 15) << 16 | p[24] << 8 | p[25]);
}

/* A command of ten bytes and its data, at DATA. */
static uint32_t
command(unsigned lun, const uint8_t *cdb, uint32_t out, uint32_t in)
{
	struct rig_seg s[3] = { { REQ, 51, 0 }, { RSP, 108, 1 },
	    { DATA, in, 1 } };
	uint8_t *p = rig_at(&rig, REQ, 51);

	memset(p, 0, 51);
	p[0] = 1;
	p[2] = 0x40;
	p[3] = (uint8_t)lun;
	memcpy(p + VIOSCSI_REQ_HEAD, cdb, 10);
	if (out > 0) {
		s[2] = s[1];
		s[1] = (struct rig_seg){ DATA, out, 0 };
	}
	rig_put(&q[2], 0, s, out + in > 0 ? 3 : 2);
	(void)rig_go(&q[2]);
	assert_int_equal(rig_come(&q[2], 20000), 0);
	assert_int_equal(rig_take(&q[2], NULL), 0);
	return outcome();
}

static uint32_t
blocks(unsigned lun, uint8_t op, uint32_t lba, uint32_t n, uint32_t bytes)
{
	uint8_t cdb[10] = {
		op, 0, (uint8_t)(lba >> 24), (uint8_t)(lba >> 16),
		(uint8_t)(lba >> 8), (uint8_t)lba, 0, (uint8_t)(n >> 8),
		(uint8_t)n
	};

	return op == 0x2a ? command(lun, cdb, bytes, 0) :
	    command(lun, cdb, 0, bytes);
}

static void
ready(unsigned lun)
{
	assert_int_equal(blocks(lun, 0, 0, 0, 0), 0x62900);
	assert_int_equal(blocks(lun, 0, 0, 0, 0), 0);
}

/* The whole image, block by block, is the file. */
static void
test_cd(void **state)
{
	uint32_t lba, n, all;
	uint8_t want[65536];
	const uint8_t *got;
	struct stat st;

	(void)state;
	start();
	ready(CD);
	assert_int_equal(blocks(CD, 0x25, 0, 0, 8), 0);
	got = rig_at(&rig, DATA, ROOM);
	all = (uint32_t)(got[0] << 24 | got[1] << 16 | got[2] << 8 | got[3]) +
	    1;
	assert_int_equal(fstat(image[0].fd, &st), 0);
	assert_int_equal(all, st.st_size / 2048);
	for (lba = 0; lba < all; lba += n) {
		n = all - lba < 32 ? all - lba : 32;
		assert_int_equal(blocks(CD, 0x28, lba, n, n * 2048), 0);
		assert_int_equal(pread(image[0].fd, want, n * 2048,
		    (off_t)lba * 2048), n * 2048);
		assert_memory_equal(got, want, n * 2048);
	}
	/* The boot record of El Torito, where firmware looks for it. */
	assert_int_equal(blocks(CD, 0x28, 17, 1, 2048), 0);
	assert_memory_equal(got, "\0CD001\1EL TORITO SPECIFICATION", 30);
	assert_int_equal(blocks(CD, 0x2a, 0, 1, 2048), 0x52000);
}

static void
test_disk(void **state)
{
	uint8_t *data;
	unsigned i;

	(void)state;
	start();
	ready(DISK);
	data = rig_at(&rig, DATA, ROOM);
	for (i = 0; i < 8192; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(blocks(DISK, 0x2a, 100, 16, 8192), 0);
	assert_int_equal(blocks(DISK, 0x35, 0, 0, 0), 0);
	memset(data, 0, 8192);
	assert_int_equal(blocks(DISK, 0x28, 100, 16, 8192), 0);
	for (i = 0; i < 8192; i++)
		assert_int_equal(data[i], (uint8_t)(i * 7 + i / 256));
	assert_int_equal(blocks(DISK, 0x28, 8191, 1, 512), 0);
	assert_int_equal(blocks(DISK, 0x28, 8192, 1, 512), 0x52100);
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 5000), 0);
	run("qemu-img check -q %s/disk.qcow2", dir);
	run("qemu-io -r -c 'read -q -P 0 0 51200' %s/disk.qcow2", dir);
}

/* A drive without an image is one without a medium. */
static void
test_empty(void **state)
{
	(void)state;
	conf.conf.len -= 8 + 12;
	conf.nimages = 0;
	start();
	assert_int_equal(blocks(CD, 0, 0, 0, 0), 0x62900);
	assert_int_equal(blocks(CD, 0, 0, 0, 0), 0x23a00);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_cd), T(test_disk), T(test_empty),
	};
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	run("ci/make-iso-corpus %s", dir);
	run("qemu-img create -q -f qcow2 %s/disk.qcow2 4M", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	run("rm -rf %s", dir);
	return failed;
}
