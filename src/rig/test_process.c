/*
 * A device in a process of its own: from the description to its end, with
 * everything that may go wrong on the way.
 */
#include "rig.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "frame.h"
#include "msg.h"
#include "sandbox.h"
#include "slate.h"
#include "vioblk.h"
#include "virtio.h"

#define SIZE	(1U << 20)

static struct rig rig;
static struct devproc_conf conf;
static struct devproc_image image;
static struct devproc_why why;
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

static int
new_file(size_t size)
{
	char name[] = "/tmp/rig.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd != -1);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static int
setup(void **state)
{
	(void)state;
	fds_before = open_fds();
	rig_open(&rig);
	rig_conf(&rig, &conf, "vioblk");
	memset(&image, 0, sizeof(image));
	image.fd = new_file(SIZE);
	image.format = DISK_RAW;
	conf.image = &image;
	conf.nimages = 1;
	return 0;
}

/* Whatever a test did: no descriptor and no process is left. */
static int
teardown(void **state)
{
	(void)state;
	close(image.fd);
	rig_close(&rig);
	assert_int_equal(open_fds(), fds_before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void
start(void)
{
	if (rig_start(&rig, &conf, &why) == -1)
		fail_msg("%s", why.text);
}

static void
refused(const char *part)
{
	assert_int_equal(rig_start(&rig, &conf, &why), -1);
	assert_null(rig.dev);
	if (strstr(why.text, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", why.text, part);
}

static void
test_life(void **state)
{
	static uint8_t a[65536], b[65536];
	struct rig_blk blk;

	(void)state;
	start();
	assert_string_equal(devproc_name(rig.dev), "vioblk0");
	assert_int_equal(devproc_capacity(rig.dev), SIZE);
	assert_int_equal(rig_blk_open(&rig, &blk, 4, sizeof(a)), 0);
	assert_int_equal(rig_read(&rig, VIODEV_DEVICE, 0, 4), SIZE / 512);
	memset(a, 0xa5, sizeof(a));
	assert_int_equal(rig_blk_do(&blk, VIOBLK_T_OUT, 8, a, sizeof(a)), 0);
	assert_int_equal(rig_blk_do(&blk, VIOBLK_T_FLUSH, 0, NULL, 0), 0);
	assert_int_equal(rig_blk_do(&blk, VIOBLK_T_IN, 8, b, sizeof(b)), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(pread(image.fd, b, sizeof(b), 4096), sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(rig_blk_do(&blk, VIOBLK_T_IN, SIZE / 512, b, 512),
	    VIOBLK_S_IOERR);
	assert_true(rig.irqs > 0);
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 5000), 0);
	assert_null(rig.dev);
	assert_int_equal(rig.dead, 0);
}

static void
test_entropy(void **state)
{
	struct rig_queue q;
	struct rig_seg s = { 0x200000, 64, 1 };
	uint32_t len;

	(void)state;
	conf.kind = "viornd";
	conf.nimages = 0;
	start();
	rig_setup(&rig, 0, &q, 1, 64);
	rig_put(&q, 0, &s, 1);
	assert_int_equal(rig_go(&q), 1);
	assert_int_equal(rig_come(&q, 5000), 0);
	assert_int_equal(rig_take(&q, &len), 0);
	assert_int_equal(len, 64);
}

/* Who peeks has the interrupt, too; a death is left to the event thread. */
static void
test_peek(void **state)
{
	struct rig_blk blk;
	unsigned i;

	(void)state;
	start();
	assert_int_equal(rig_blk_open(&rig, &blk, 4, 4096), 0);
	rig_blk_put(&blk, 0, VIOBLK_T_IN, 0, 512);
	(void)rig_go(&blk.q);
	for (i = 0; i < 5000 && !rig.line; i++) {
		devproc_peek(rig.dev);
		poll(NULL, 0, 1);
	}
	assert_int_equal(rig.line, 1);
	assert_int_equal(rig_dispatch(&rig), 0);
	assert_int_equal(rig.irqs, 1);
	kill(devproc_pid(rig.dev), SIGKILL);
	poll(NULL, 0, 50);
	devproc_peek(rig.dev);
	assert_int_equal(rig.dead, 0);
	assert_int_equal(rig_dispatch(&rig), -1);
	assert_int_equal(rig.dead, 1);
	devproc_peek(rig.dev);
	assert_int_equal(rig.dead, 1);
}

/* Behind a pause the device has said what it had to say: nothing. */
static void
quiet_by_now(void)
{
	struct pollfd p = { .fd = devproc_fd(rig.dev), .events = POLLIN };

	assert_int_equal(devproc_pause(rig.dev), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(devproc_unpause(rig.dev), 0);
}

/* Who watches gets no messages, and who stops misses nothing. */
static void
test_watch(void **state)
{
	struct rig_blk blk;
	unsigned i;

	(void)state;
	start();
	assert_int_equal(rig_blk_open(&rig, &blk, 4, 4096), 0);
	/* READY is in there. */
	assert_int_equal(rig_dispatch(&rig), 0);
	rig.spin.max = 0;
	for (i = 0; i < 20; i++) {
		devproc_watch(rig.dev, 1);
		le16_put(blk.q.pdrv + 4 + 2 * blk.q.size, blk.q.used);
		rig_blk_put(&blk, 0, VIOBLK_T_IN, 0, 512);
		(void)rig_go(&blk.q);
		while (i % 2 == 0 && !rig.line)
			devproc_peek(rig.dev);
		while (rig_take(&blk.q, NULL) == -1)
			;
		if (i % 2 != 0)
			poll(NULL, 0, 5);
		else
			quiet_by_now();
		devproc_watch(rig.dev, 0);
		assert_int_equal(rig_wait(&rig, 5000), 1);
		assert_int_equal(rig_read(&rig, VIODEV_ISR, 0, 1), 1);
		assert_int_equal(rig.line, 0);
	}
	assert_int_equal(rig.irqs, 20);
	le16_put(blk.q.pdrv + 4 + 2 * blk.q.size, blk.q.used);
	rig_blk_put(&blk, 0, VIOBLK_T_IN, 0, 512);
	(void)rig_go(&blk.q);
	assert_int_equal(rig_wait(&rig, 5000), 1);
	assert_int_equal(rig.irqs, 21);
}

/* The line rises once, and the read of the status lowers it inline. */
static void
test_interrupt(void **state)
{
	struct rig_blk blk;

	(void)state;
	start();
	assert_int_equal(rig_blk_open(&rig, &blk, 4, 4096), 0);
	rig_blk_put(&blk, 0, VIOBLK_T_IN, 0, 512);
	(void)rig_go(&blk.q);
	assert_int_equal(rig_wait(&rig, 5000), 1);
	assert_int_equal(rig.line, 1);
	assert_int_equal(rig_read(&rig, VIODEV_ISR, 0, 1), 1);
	assert_int_equal(rig.line, 0);
	assert_int_equal(rig_read(&rig, VIODEV_ISR, 0, 1), 0);
	assert_int_equal(rig_dispatch(&rig), 0);
	assert_int_equal(rig.line, 0);
	assert_int_equal(rig.irqs, 1);
	/* A reset lowers it, too, on the other channel. */
	assert_int_equal(rig_take(&blk.q, NULL), 0);
	*(uint16_t *)(void *)(blk.q.pdrv + 4 + 2 * blk.q.size) = blk.q.used;
	rig_blk_put(&blk, 1, VIOBLK_T_IN, 0, 512);
	(void)rig_go(&blk.q);
	assert_int_equal(rig_wait(&rig, 5000), 1);
	rig_write(&rig, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1, 0);
	assert_int_equal(rig_read(&rig, VIODEV_COMMON, VIRTIO_DEVICE_STATUS,
	    1), 0);
	assert_int_equal(rig.line, 0);
}

static void
test_pause(void **state)
{
	struct rig_blk blk;

	(void)state;
	start();
	assert_int_equal(rig_blk_open(&rig, &blk, 4, 4096), 0);
	assert_int_equal(devproc_pause(rig.dev), 0);
	rig_blk_put(&blk, 0, VIOBLK_T_IN, 0, 512);
	(void)rig_go(&blk.q);
	(void)rig_read(&rig, VIODEV_ISR, 0, 1);
	assert_int_equal(rig_wait(&rig, 100), 0);
	assert_int_equal(rig_take(&blk.q, NULL), -1);
	assert_int_equal(devproc_unpause(rig.dev), 0);
	assert_int_equal(rig_come(&blk.q, 5000), 0);
	assert_int_equal(rig_take(&blk.q, NULL), 0);
	assert_int_equal(devproc_verbose(rig.dev, 0), 0);
	assert_int_equal(devproc_reset(rig.dev), 0);
	assert_int_equal(rig_read(&rig, VIODEV_COMMON, VIRTIO_DEVICE_STATUS,
	    1), 0);
}

static void
test_config(void **state)
{
	uint8_t list[64];
	struct devconf c = { list, 0 };
	struct rig_blk blk;
	struct wbuf w;

	(void)state;
	start();
	assert_int_equal(rig_blk_open(&rig, &blk, 4, 4096), 0);
	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_CAPACITY, 4711);
	c.len = w.len;
	assert_int_equal(devproc_config(rig.dev, &c), 0);
	assert_int_equal(rig_read(&rig, VIODEV_DEVICE, 0, 4), 4711);
	assert_int_equal(rig_wait(&rig, 5000), 1);
}

static void
test_refusals(void **state)
{
	int fd = image.fd;

	(void)state;
	conf.kind = "vionothing";
	refused("rig: vionothing0: no device of this kind");
	conf.kind = "vioblk";
	image.format = DISK_QCOW2;
	refused("rig: vioblk0: image of unit 0: ");
	image.format = DISK_RAW;
	image.fd = rig.share.fd;
	image.unit = 1;
	refused("bad description: image");
	image.unit = 0;
	image.fd = fd + 1000;
	refused("rig: vioblk0: ");
	image.fd = fd;
	conf.nimages = 0;
	refused("attach values that the device refuses");
	conf.nimages = 1;
	rig.share.range[0].len--;
	refused("a memory range is not whole pages");
	rig.share.range[0].len++;
	rig.share.range[1].gpa = 4096;
	refused("memory ranges overlap");
	rig.share.range[1].gpa = RIG_HIGH;
	conf.vm = "no/name";
	refused("name has up to");
	conf.vm = "rig";
	conf.program = "/nonexistent/vmd-device";
	refused("/nonexistent/vmd-device cannot be executed: No such file");
	conf.program = "/bin/true";
	refused("exit code 0 before it was ready");
	conf.program = "/bin/false";
	refused("exit code 1 before it was ready");
}

/* A device that says nothing is given up. */
static void
test_silent(void **state)
{
	char name[] = "/tmp/rig.XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	assert_int_equal(fchmod(fd, 0700), 0);
	assert_int_equal(dprintf(fd, "#!/bin/sh\nexec sleep 60\n"), 24);
	close(fd);
	conf.program = name;
	conf.patience = 200;
	refused("rig: vioblk0: not ready after 200 ms");
	unlink(name);
}

static void
test_killed(void **state)
{
	char want[128];
	uint64_t v;

	(void)state;
	start();
	snprintf(want, sizeof(want), "rig: vioblk0: process %d was killed by "
	    "signal 9 (Killed)", (int)devproc_pid(rig.dev));
	assert_int_equal(kill(devproc_pid(rig.dev), SIGKILL), 0);
	assert_int_equal(devproc_read(rig.dev, VIODEV_ISR, 0, 1, &v), -1);
	assert_true(v == UINT64_MAX);
	devproc_write(rig.dev, VIODEV_NOTIFY, 0, 2, 0);
	assert_int_equal(devproc_pause(rig.dev), -1);
	assert_int_equal(rig_wait(&rig, 5000), -1);
	assert_int_equal(rig.dead, 1);
	assert_string_equal(rig.epitaph, want);
	assert_int_equal(devproc_dispatch(rig.dev), -1);
	assert_int_equal(rig.dead, 1);
	assert_int_equal(devproc_stop(&rig.dev, 1000), -1);
}

/* The channel closes when it ends by itself, too. */
static void
test_terminated(void **state)
{
	(void)state;
	start();
	kill(devproc_pid(rig.dev), SIGTERM);
	assert_int_equal(rig_wait(&rig, 5000), -1);
	assert_non_null(strstr(rig.epitaph, "signal 15"));
}

/* A hung device does not hang whoever ends it. */
static void
test_stopped(void **state)
{
	(void)state;
	start();
	kill(devproc_pid(rig.dev), SIGSTOP);
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 200), -1);
	assert_null(rig.dev);
}

static uint64_t
ms_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Nor does one whose pipe is full to the last message. */
static void
test_stopped_full(void **state)
{
	unsigned i;

	(void)state;
	start();
	(void)alarm(60);
	kill(devproc_pid(rig.dev), SIGSTOP);
	for (i = 0; i < SLATE_PIPE / (FRAME_HEADER + MSG_HEADER); i++)
		rig_write(&rig, VIODEV_NOTIFY, 0, 2, 0);
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 200), -1);
	(void)alarm(0);
}

/* One that is not ready yet need not be waited for, nor killed. */
static void
test_early_end(void **state)
{
	static const struct devproc_ops none;
	uint64_t start = ms_now();
	struct devproc *p;

	(void)state;
	assert_int_equal(devproc_spawn(&p, &conf, &none, NULL, &why), 0);
	devproc_shutdown(p);
	(void)devproc_stop(&p, 10000);
	assert_int_equal(devproc_spawn(&p, &conf, &none, NULL, &why), 0);
	poll(NULL, 0, 500);
	devproc_shutdown(p);
	assert_int_equal(devproc_stop(&p, 10000), 0);
	assert_true(ms_now() - start < 8000);
}

/* The device follows its vm. */
static void
test_orphan(void **state)
{
	int status, up[2], i;
	pid_t pid, dev;
	char c;

	(void)state;
	assert_int_equal(pipe(up), 0);
	pid = fork();
	if (pid == 0) {
		start();
		dev = devproc_pid(rig.dev);
		(void)!write(up[1], &dev, sizeof(dev));
		_exit(0);
	}
	close(up[1]);
	assert_int_equal(read(up[0], &dev, sizeof(dev)), sizeof(dev));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* It has the pipe's other end no more: closefrom saw to that. */
	assert_int_equal(read(up[0], &c, 1), 0);
	close(up[0]);
	for (i = 0; i < 500 && kill(dev, 0) == 0; i++)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	assert_true(i < 500);
}

static void
contains(const char *file, const char *want)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s",
	    (int)devproc_pid(rig.dev), file);
	fd = open(path, O_RDONLY);
	assert_true(fd != -1);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n > 0);
	text[n] = '\0';
	if (strstr(text, want) == NULL)
		fail_msg("%s: no \"%s\" in \"%s\"", path, want, text);
}

/* What kind of thing a descriptor of the device is, by its link. */
static int
kind_of(const char *dir, const char *name)
{
	static const char *const kinds[] = {
		"socket:", "/tmp/rig", "/dev/null", "pipe:",
		"anon_inode:[eventpoll]"
	};
	char path[320], to[256];
	ssize_t n;
	int i;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	n = readlink(path, to, sizeof(to) - 1);
	assert_true(n > 0);
	to[n] = '\0';
	for (i = 0; i < 5; i++)
		if (strncmp(to, kinds[i], strlen(kinds[i])) == 0)
			return i;
	fail_msg("%s -> %s", path, to);
	return -1;
}

/* Two channels and the image; no memory, nothing of its parent's. */
static void
look_at_fds(void)
{
	unsigned n[5] = { 0 };
	struct dirent *e;
	char path[64];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd",
	    (int)devproc_pid(rig.dev));
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && strcmp(e->d_name, "2") != 0)
			n[kind_of(path, e->d_name)]++;
	closedir(d);
	assert_int_equal(n[0], 2);
	assert_int_equal(n[1], 1);
	assert_int_equal(n[2], 2);
	assert_true(n[3] <= 4);		/* the event loop's own */
	assert_int_equal(n[4], 1);
}

/* What the kernel says about it: sandbox, title, descriptors. */
static void
test_proc(void **state)
{
	char text[256];

	(void)state;
	start();
	/* Builds with a sanitizer have no sandbox: src/plat/test_sandbox. */
	if (strstr(sandbox_describe(SANDBOX_DEVICE, text, sizeof(text)),
	    "NONE") == NULL) {
		contains("status", "Seccomp:\t2\n");
		contains("status", "NoNewPrivs:\t1\n");
		contains("status", "CapEff:\t0000000000000000\n");
		contains("status", "CapPrm:\t0000000000000000\n");
		if (geteuid() == 0)	/* others cannot, and could not gain */
			contains("status", "CapBnd:\t0000000000000000\n");
	}
	contains("cmdline", "vmd-device: vm/rig/vioblk0");
	look_at_fds();
}

/* Writes do not wait for a device that does not listen. */
static void
test_no_wait(void **state)
{
	struct timespec a, b;
	int i;

	(void)state;
	start();
	kill(devproc_pid(rig.dev), SIGSTOP);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < 200; i++)
		rig_write(&rig, VIODEV_NOTIFY, 0, 2, 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec < 2);
	kill(devproc_pid(rig.dev), SIGCONT);
	assert_int_equal(rig_read(&rig, VIODEV_COMMON, VIRTIO_NUM_QUEUES, 2),
	    1);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_life), T(test_entropy), T(test_peek),
		T(test_watch), T(test_interrupt),
		T(test_pause), T(test_config), T(test_refusals),
		T(test_silent), T(test_killed), T(test_terminated),
		T(test_stopped), T(test_stopped_full), T(test_early_end),
		T(test_orphan), T(test_proc),
		T(test_no_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
