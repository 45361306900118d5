/*
 * Recordings of running devices: vmtrace replays them without a difference,
 * whatever was kept and however the device ended.  VMTRACE names the program.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "prng.h"
#include "vioblk.h"

#define SIZE	(4U << 20)

static struct rig rig;
static struct devproc_conf conf;
static struct devproc_image image;
static struct devproc_why why;
static char trace[64];

static int
setup(void **state)
{
	char name[] = "/tmp/rig.XXXXXX";

	(void)state;
	rig_open(&rig);
	rig_conf(&rig, &conf, "vioblk");
	image.fd = mkstemp(name);
	unlink(name);
	image.format = DISK_RAW;
	conf.image = &image;
	conf.nimages = 1;
	snprintf(trace, sizeof(trace), "/tmp/rig.trace.XXXXXX");
	conf.record.fd = mkstemp(trace);
	conf.record.path = trace;
	conf.record.room = 64U << 20;
	return ftruncate(image.fd, SIZE);
}

static int
teardown(void **state)
{
	(void)state;
	rig_close(&rig);
	close(image.fd);
	close(conf.record.fd);
	unlink(trace);
	return 0;
}

static void
start(void)
{
	if (rig_start(&rig, &conf, &why) == -1)
		fail_msg("%s", why.text);
}

/* Requests of all kinds, several at a time. */
static void
work(unsigned rounds, uint64_t seed)
{
	static const uint8_t types[] = {
		VIOBLK_T_IN, VIOBLK_T_OUT, VIOBLK_T_IN, VIOBLK_T_FLUSH,
		VIOBLK_T_GET_ID, 99
	};
	struct prng r = { seed };
	struct rig_blk blk;
	unsigned i, slot, n, type;
	size_t len;

	assert_int_equal(rig_blk_open(&rig, &blk, 8, 16384), 0);
	for (i = 0; i < rounds; i++) {
		n = 1 + (unsigned)prng_below(&r, 8);
		for (slot = 0; slot < n; slot++) {
			type = types[prng_below(&r, sizeof(types))];
			len = 512 * prng_below(&r, 33);
			memset(rig_blk_data(&blk, slot), (int)i, len);
			rig_blk_put(&blk, slot, type, prng_below(&r, 8192),
			    len);
		}
		(void)rig_go(&blk.q);
		while (n > 0) {
			if (rig_come(&blk.q, 5000) == -1)
				fail_msg("%s", rig.epitaph);
			while (rig_take(&blk.q, NULL) != -1)
				n--;
		}
	}
}

/* What vmtrace prints for a command, and its exit code. */
static int
vmtrace(const char *command, char *out, size_t len)
{
	char line[512];
	size_t n;
	FILE *f;

	snprintf(line, sizeof(line), "%s %s %s 2>&1", getenv("VMTRACE"),
	    command, trace);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(out, 1, len - 1, f);
	out[n] = '\0';
	return WEXITSTATUS(pclose(f));
}

static void
replays(void)
{
	static char out[4096];
	int code = vmtrace("replay", out, sizeof(out));

	if (code != 0)
		fail_msg("exit %d: %s", code, out);
}

static off_t
size_of(void)
{
	struct stat st;

	assert_int_equal(stat(trace, &st), 0);
	return st.st_size;
}

static void
whole(uint64_t keep)
{
	conf.record.keep = keep;
	conf.record.marks = 16;
	start();
	work(100, keep);
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 5000), 0);
	replays();
}

static void
test_full(void **state)
{
	(void)state;
	whole(UINT64_MAX);
	assert_true(size_of() > 1000000);
}

static void
test_4k(void **state)
{
	(void)state;
	whole(4096);
}

static void
test_digests(void **state)
{
	static char out[1 << 20];

	(void)state;
	whole(0);
	assert_true(size_of() < 300000);
	assert_int_equal(vmtrace("show", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "vioblk"));
}

/* The bound holds, and what is there is whole; the device goes on. */
static void
test_bounded(void **state)
{
	(void)state;
	conf.record.room = 300000;
	conf.record.keep = UINT64_MAX;
	start();
	work(100, 7);
	devproc_shutdown(rig.dev);
	assert_int_equal(devproc_stop(&rig.dev, 5000), 0);
	assert_true(size_of() <= 300000);
	assert_true(size_of() > 200000);
	replays();
}

/* Killed at any moment: readable, and no difference. */
static void
test_killed(void **state)
{
	unsigned i;

	(void)state;
	conf.record.keep = 4096;
	for (i = 0; i < 20; i++) {
		assert_int_equal(ftruncate(conf.record.fd, 0), 0);
		start();
		work(20 + i, i);
		kill(devproc_pid(rig.dev), SIGKILL);
		assert_int_equal(rig_wait(&rig, 5000), -1);
		assert_non_null(strstr(rig.epitaph, trace));
		assert_int_equal(devproc_stop(&rig.dev, 0), -1);
		replays();
	}
}

/* While it is busy, at a moment that nobody chose. */
static void
test_killed_busy(void **state)
{
	uint8_t data[4096] = { 0 };
	struct rig_blk blk;
	unsigned i;
	pid_t pid;

	(void)state;
	conf.record.keep = 0;
	for (i = 0; i < 20; i++) {
		assert_int_equal(ftruncate(conf.record.fd, 0), 0);
		start();
		assert_int_equal(rig_blk_open(&rig, &blk, 8, 16384), 0);
		pid = fork();
		if (pid == 0) {
			usleep(5000 + 700 * i);
			kill(devproc_pid(rig.dev), SIGKILL);
			_exit(0);
		}
		while (rig_blk_do(&blk, i % 2 ? VIOBLK_T_IN : VIOBLK_T_OUT, i,
		    data, sizeof(data)) != -1)
			;
		waitpid(pid, NULL, 0);
		assert_int_equal(rig.dead, 1);
		(void)devproc_stop(&rig.dev, 0);
		replays();
	}
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_full), T(test_4k), T(test_digests), T(test_bounded),
		T(test_killed), T(test_killed_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
