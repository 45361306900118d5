/*
 * vmd-vm as the daemon runs it: configured over a channel, its processor a
 * script of ours (qtest over a socket), paused, stopped, broken.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "chan.h"
#include "disk.h"
#include "trace.h"
#include "vmmsg.h"

#define WAIT	20000			/* ms for anything */

static char dir[] = "/tmp/test-vm.XXXXXX";
static char path[64];
static struct chan c;
static int script = -1;			/* our end of qtest */
static int console[2];
static pid_t pid;
static int errors = -1;			/* what it says goes there */

static void
put(uint32_t type, const void *p, size_t len, int fd)
{
	assert_int_equal(chan_put(&c, type, p, len, fd, WAIT), CHAN_OK);
}

static void
put_vm(void)
{
	struct vmmsg_vm v = { .size = 16 << 20, .engine = VMMSG_QTEST };
	const char *device = getenv("RIG_DEVICE");
	uint8_t b[4096];
	struct wbuf w;

	snprintf(v.name, sizeof(v.name), "test");
	snprintf(v.commands, sizeof(v.commands), "unix:%s", path);
	assert_non_null(device);
	snprintf(v.program, sizeof(v.program), "%s", device);
	wb_init(&w, b, sizeof(b));
	vmmsg_put_vm(&w, &v);
	put(VMMSG_VM, b, w.len, -1);
}

static void
put_device(const char *kind)
{
	struct vmmsg_device d = { .conflen = 0 };
	uint8_t b[256];
	struct wbuf w;

	snprintf(d.kind, sizeof(d.kind), "%s", kind);
	wb_init(&w, b, sizeof(b));
	vmmsg_put_device(&w, &d);
	put(VMMSG_DEVICE, b, w.len, -1);
}

/* A file without a name, so many bytes long. */
static int
file(off_t len)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s/f.XXXXXX", dir);
	fd = mkstemp(name);
	assert_true(fd != -1);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(ftruncate(fd, len), 0);
	return fd;
}

/* A disk, recorded; the caller keeps the recording. */
static int
put_disk(void)
{
	struct devmsg_image im = { .format = DISK_RAW };
	struct vmmsg_record r = { .how = { .room = 1 << 20 } };
	uint8_t b[256];
	struct wbuf w;
	int image = file(65536), record = file(0);

	snprintf(r.path, sizeof(r.path), "disk.trace");
	put_device("vioblk");
	wb_init(&w, b, sizeof(b));
	devmsg_put_image(&w, &im);
	put(VMMSG_IMAGE, b, w.len, image);
	wb_init(&w, b, sizeof(b));
	vmmsg_put_record(&w, &r);
	put(VMMSG_RECORD, b, w.len, record);
	close(image);
	return record;
}

/* The program, with a channel. */
static void
start(void)
{
	const char *program = getenv("VMD_VM");
	int sp[2];
	char fd[8];

	assert_non_null(program);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sp), 0);
	fcntl(sp[0], F_SETFD, FD_CLOEXEC);
	snprintf(fd, sizeof(fd), "%d", sp[1]);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		if (errors != -1)
			dup2(errors, STDERR_FILENO);
		else if (getenv("VM_TEST_LOUD") == NULL)
			dup2(open("/dev/null", O_RDWR), STDERR_FILENO);
		execl(program, program, "-C", fd, (char *)NULL);
		_exit(99);
	}
	close(sp[1]);
	assert_int_equal(chan_init(&c, sp[0], 65536), 0);
}

/* A socket for the script's commands; the machine comes to it. */
static int
listener(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(l, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(l, 1), 0);
	return l;
}

/* The next message; its type. */
static uint32_t
got(char *text, size_t cap)
{
	struct frame f;
	int fd;

	if (chan_get(&c, &f, &fd, WAIT, 0) != CHAN_OK)
		return 0;
	assert_int_equal(fd, -1);
	if (text != NULL)
		assert_int_equal(vmmsg_get_text(f.data, f.len, text, cap), 0);
	return f.type;
}

/* With a disk: its recording, or without: -1. */
static int
up_with(int disk)
{
	int l = listener(), record = -1;

	start();
	put_vm();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, console), 0);
	put(VMMSG_CONSOLE, NULL, 0, console[1]);
	close(console[1]);
	put_device("viornd");
	if (disk)
		record = put_disk();
	put_device("vmmci");
	put(VMMSG_GO, NULL, 0, -1);
	script = accept(l, NULL, NULL);
	close(l);
	assert_int_equal(got(NULL, 0), VMMSG_READY);
	return record;
}

static void
up(void)
{
	(void)up_with(0);
}

/* How it ended; a signal is 1000. */
static int
down(void)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	chan_close(&c);
	if (script != -1)
		close(script);
	script = -1;
	close(console[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static void
says(const char *line, const char *want)
{
	char b[128];
	size_t n = 0;

	assert_int_equal(write(script, line, strlen(line)),
	    (ssize_t)strlen(line));
	while (n < strlen(want)) {
		struct pollfd p = { .fd = script, .events = POLLIN };
		ssize_t k;

		assert_int_equal(poll(&p, 1, WAIT), 1);
		k = read(script, b + n, strlen(want) - n);
		assert_true(k > 0);
		n += (size_t)k;
	}
	b[n] = '\0';
	assert_string_equal(b, want);
}

static int
silent(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 200) == 0;
}

/* Chips, bus, terminal and clock are there; the end of the script ends it. */
static void
life(void **state)
{
	char b[4];

	(void)state;
	up();
	says("outl 0xcf8 0x80000000\n", "OK\n");
	says("inl 0xcfc\n", "OK 0x6660b5d\n");
	says("outl 0xcf8 0x80000800\n", "OK\n");
	says("inl 0xcfc\n", "OK 0x10441af4\n");
	says("outl 0xcf8 0x80001000\n", "OK\n");
	says("inl 0xcfc\n", "OK 0x7770b5d\n");
	says("outb 0x3f8 0x41\n", "OK\n");
	assert_int_equal(read(console[0], b, 4), 1);
	assert_int_equal(b[0], 'A');
	assert_int_equal(write(console[0], "z", 1), 1);
	poll(NULL, 0, 200);
	says("inb 0x3fd\n", "OK 0x0061\n");
	says("inb 0x3f8\n", "OK 0x007a\n");
	says("clock_step 1000000\n", "OK 1000000\n");
	shutdown(script, SHUT_WR);
	assert_int_equal(down(), 0);
}

/* The timer's interrupt: a line that rises and falls. */
static void
timer(void **state)
{
	(void)state;
	up();
	says("outb 0x43 0x34\n", "OK\n");
	says("outb 0x40 0xa9\n", "OK\n");
	says("outb 0x40 0x04\n", "OK\n");
	says("outb 0x20 0x11\noutb 0x21 0x20\noutb 0x21 4\noutb 0x21 1\n",
	    "OK\nOK\nOK\nOK\n");
	says("outb 0x20 0x0a\n", "OK\n");
	says("inb 0x20\n", "OK 0x0000\n");
	says("clock_step 2000000\n", "OK 2000000\n");
	says("inb 0x20\n", "OK 0x0001\n");
	put(VMMSG_STOP, NULL, 0, -1);
	assert_int_equal(down(), 0);
}

static void
pause_unpause(void **state)
{
	static const char in[] = "inb 0x61\n";

	(void)state;
	up();
	says("endianness\n", "OK little\n");
	put(VMMSG_PAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_PAUSED);
	assert_int_equal(write(script, in, sizeof(in) - 1), 9);
	assert_true(silent(script));
	put(VMMSG_PAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_PAUSED);
	put(VMMSG_UNPAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_UNPAUSED);
	assert_false(silent(script));
	put(VMMSG_VERBOSE, "\2", 1, -1);
	put(VMMSG_PAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_PAUSED);
	/* A machine that stands still can be stopped. */
	put(VMMSG_STOP, NULL, 0, -1);
	assert_int_equal(down(), 0);
}

static void
pause_and_go(void)
{
	put(VMMSG_PAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_PAUSED);
	put(VMMSG_UNPAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_UNPAUSED);
}

/* What comes along with the configuration finds a processor to pause. */
static void
early(void **state)
{
	int l = listener();

	(void)state;
	console[0] = -1;
	start();
	put_vm();
	put(VMMSG_GO, NULL, 0, -1);
	put(VMMSG_PAUSE, NULL, 0, -1);
	script = accept(l, NULL, NULL);
	close(l);
	assert_int_equal(got(NULL, 0), VMMSG_READY);
	assert_int_equal(got(NULL, 0), VMMSG_PAUSED);
	put(VMMSG_STOP, NULL, 0, -1);
	assert_int_equal(down(), 0);
}

/* Types of the messages of a recording that are no register accesses. */
static void
heard(int fd, const char *want)
{
	static uint8_t b[1 << 20];
	ssize_t n = pread(fd, b, sizeof(b), 0);
	struct trace_reader tr;
	struct trace_rec rec;
	char got[64] = "", *p = got;

	assert_true(n > 0);
	assert_int_equal(trace_open(&tr, b, (size_t)n), TRACE_OK);
	while (trace_next(&tr, &rec) == TRACE_OK) {
		if (rec.type != TRACE_MSG ||
		    rec.u.msg.type == VIODEV_READ ||
		    rec.u.msg.type == VIODEV_WRITE)
			continue;
		assert_true(p < got + sizeof(got) - 8);
		p += sprintf(p, "%u ", rec.u.msg.type);
	}
	assert_string_equal(got, want);
	close(fd);
}

/* What is said to the machine reaches a device's process. */
static void
reaches(void **state)
{
	char want[64], text[512];
	int record;
	ssize_t n;

	(void)state;
	record = up_with(1);
	pause_and_go();
	pause_and_go();
	put(VMMSG_STOP, NULL, 0, -1);
	assert_int_equal(down(), 0);
	snprintf(want, sizeof(want), "%u %u %u %u %u ", VIODEV_PAUSE,
	    VIODEV_UNPAUSE, VIODEV_PAUSE, VIODEV_UNPAUSE, VIODEV_SHUTDOWN);
	heard(record, want);
	/* It says whose process it misses only when it shall say more. */
	errors = file(0);
	close(up_with(1));
	put(VMMSG_VERBOSE, "\1", 1, -1);
	pause_and_go();
	kill(pid, SIGKILL);
	assert_int_equal(down(), 1000);
	poll(NULL, 0, 500);
	n = pread(errors, text, sizeof(text) - 1, 0);
	close(errors);
	errors = -1;
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "vm/test/vioblk0: the vm process is "
	    "gone\n"));
}

/* Ways to an end, and the status of each. */
static void
ends(void **state)
{
	(void)state;
	up();
	assert_int_equal(write(script, "outb 0x64 0xfe\n", 15), 15);
	assert_int_equal(down(), EAGAIN);
	up();
	put(VMMSG_RESTART, NULL, 0, -1);	/* no driver to ask */
	assert_int_equal(down(), EAGAIN);
	up();
	put(VMMSG_SHUTDOWN, NULL, 0, -1);
	assert_int_equal(down(), 0);
	up();
	kill(pid, SIGTERM);
	assert_int_equal(down(), 0);
	up();
	shutdown(c.fd, SHUT_WR);		/* the daemon died */
	assert_int_equal(down(), EPIPE);
	up();
	put(VMMSG_VM, NULL, 0, -1);		/* or went mad */
	assert_int_equal(down(), EPIPE);
}

/* The process of the only device that has one. */
static pid_t
device(void)
{
	char name[64], text[32];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int)pid,
	    (int)pid);
	fd = open(name, O_RDONLY);
	assert_true(fd != -1);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n > 0);
	text[n] = '\0';
	return (pid_t)atoi(text);
}

/*
 * A device that answers no more does not keep a machine from its end; nor
 * does whoever says again and again that it shall end.
 */
static void
stuck(void **state)
{
	siginfo_t si = { .si_pid = 0 };
	unsigned i;

	(void)state;
	close(up_with(1));
	assert_int_equal(kill(device(), SIGSTOP), 0);
	assert_int_equal(write(script, "inl 0x2000\n", 11), 11);
	assert_true(silent(script));
	for (i = 0; i < 12 && si.si_pid == 0; i++) {
		kill(pid, SIGTERM);
		poll(NULL, 0, 1000);
		assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED |
		    WNOHANG | WNOWAIT), 0);
	}
	if (si.si_pid == 0)
		kill(pid, SIGKILL);
	assert_int_equal(down(), 0);
}

/* A guest with vmmci's driver is asked, and has its time. */
static void
asked(void **state)
{
	(void)state;
	up();
	says("outl 0xcf8 0x80001010\n", "OK\n");
	says("inl 0xcfc\n", "OK 0x2001\n");
	says("outb 0x2012 7\n", "OK\n");
	put(VMMSG_SHUTDOWN, NULL, 0, -1);
	/* An answered PAUSE says that it was taken. */
	put(VMMSG_PAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_PAUSED);
	put(VMMSG_UNPAUSE, NULL, 0, -1);
	assert_int_equal(got(NULL, 0), VMMSG_UNPAUSED);
	says("inl 0x2014\n", "OK 0x0001\n");
	says("outl 0x2014 1\n", "OK\n");
	assert_true(silent(c.fd));
	/* Two minutes later it is stopped. */
	assert_int_equal(write(script, "clock_step 130000000000\n", 24), 24);
	assert_int_equal(down(), 0);
}

static void
refused(const char *text)
{
	char line[512];

	assert_int_equal(got(line, sizeof(line)), VMMSG_ERROR);
	assert_string_equal(line, text);
	assert_int_equal(down(), 1);
}

static void
refusals(void **state)
{
	int l;

	(void)state;
	console[0] = -1;
	start();
	put(VMMSG_GO, NULL, 0, -1);
	refused("GO before VM");
	start();
	put_vm();
	put(VMMSG_READY, NULL, 0, -1);
	refused("message 18 does not belong into a configuration");
	l = listener();
	start();
	put_vm();
	put_device("vioxyz");
	put(VMMSG_GO, NULL, 0, -1);
	refused("vioxyz: no such kind of device");
	close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life),
		cmocka_unit_test(timer),
		cmocka_unit_test(pause_unpause),
		cmocka_unit_test(early),
		cmocka_unit_test(reaches),
		cmocka_unit_test(ends),
		cmocka_unit_test(stuck),
		cmocka_unit_test(asked),
		cmocka_unit_test(refusals),
	};
	int rv;

	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	rv = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return rv;
}
