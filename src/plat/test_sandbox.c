/*
 * What a sandboxed process may do works; everything else ends it.  Each
 * attempt is made by a child of its own that called sandbox_enter, so no
 * wall hides behind another one: the child dies of SIGSYS.
 */
#include "sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static int sv[2];			/* a socket pair that is there */
static int file;			/* a file that is there */
static int ep;

/* The status of a child that enters a role and then calls f. */
static int
status_of(enum sandbox_role role, int (*f)(void))
{
	char why[128] = "";
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		alarm(20);
		if (sandbox_enter(role, why, sizeof(why)) == -1)
			_exit(99);
		_exit(f() == 0 ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
try_open(void)
{
	return open("/dev/null", O_RDONLY) == -1;
}

static int
try_openat(void)
{
	return openat(file, "x", O_RDWR | O_CREAT, 0600) == -1;
}

static int
try_stat(void)
{
	struct stat st;

	return stat("/etc/passwd", &st);
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid == -1;
}

static int
try_exec(void)
{
	return execl("/bin/true", "true", NULL);
}

static int
try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) == -1;
}

static int
try_unix(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0) == -1;
}

static int
try_connect(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "x" };

	return connect(sv[0], (struct sockaddr *)&un, sizeof(un));
}

static int
try_recvmsg(void)
{
	struct msghdr mh = { 0 };

	return recvmsg(sv[0], &mh, MSG_DONTWAIT) == -1;
}

static int
try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), 0, 0) == -1;
}

static int
try_kill(void)
{
	return kill(getppid(), SIGCONT);
}

static int
try_tgkill(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), SIGCONT);
}

static int
try_mmap_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANON,
	    -1, 0) == MAP_FAILED;
}

static int
try_mprotect_exec(void)
{
	static char page[8192];
	char *p = page + 4096 - (uintptr_t)page % 4096;

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
try_ioctl(void)
{
	int n;

	return ioctl(sv[0], FIONREAD, &n);
}

static int
try_prctl(void)
{
	return prctl(PR_SET_NAME, "x");
}

static int
try_setuid(void)
{
	return setuid(1);
}

static int
try_chdir(void)
{
	return chdir("/");
}

static int
try_unlink(void)
{
	return unlink("/nothing");
}

static int
try_memfd(void)
{
	return memfd_create("x", 0) == -1;
}

static int
try_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, 0, 0);
}

static int
try_unshare(void)
{
	return unshare(CLONE_NEWNET);
}

static int
try_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, 0);
}

static int
try_vmread(void)
{
	struct iovec v = { &sv, sizeof(sv) };

	return process_vm_readv(getppid(), &v, 1, &v, 1, 0) == -1;
}

static int
try_x32(void)
{
	return (int)syscall(0x40000000 | SYS_getpid);
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL) != 0 ||
	    pthread_join(t, NULL) != 0;
}

static const struct {
	const char	*name;
	int		(*f)(void);
} forbidden[] = {
	{ "open", try_open }, { "openat", try_openat }, { "stat", try_stat },
	{ "fork", try_fork }, { "exec", try_exec }, { "socket", try_socket },
	{ "unix", try_unix }, { "connect", try_connect },
	{ "recvmsg", try_recvmsg }, { "ptrace", try_ptrace },
	{ "kill", try_kill }, { "tgkill", try_tgkill },
	{ "mmap exec", try_mmap_exec },
	{ "mprotect exec", try_mprotect_exec }, { "ioctl", try_ioctl },
	{ "prctl", try_prctl }, { "setuid", try_setuid },
	{ "chdir", try_chdir }, { "unlink", try_unlink },
	{ "memfd", try_memfd }, { "bpf", try_bpf },
	{ "unshare", try_unshare }, { "io_uring", try_uring },
	{ "process_vm_readv", try_vmread }, { "x32", try_x32 },
};

static void
test_forbidden(void **state)
{
	enum sandbox_role role;
	size_t i;
	int status;

	(void)state;
	for (role = 0; role < SANDBOX_NROLES; role++)
		for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]);
		    i++) {
			status = status_of(role, forbidden[i].f);
			if (!WIFSIGNALED(status) ||
			    WTERMSIG(status) != SIGSYS)
				fail_msg("role %d: %s: status %#x", role,
				    forbidden[i].name, (unsigned)status);
		}
}

static void
test_threads(void **state)
{
	int status = status_of(SANDBOX_DEVICE, try_thread);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	assert_int_equal(status_of(SANDBOX_DEVICE_THREADS, try_thread), 0);
	assert_int_equal(status_of(SANDBOX_VM, try_thread), 0);
}

static pid_t mine, foreign;

static int
do_kill_mine(void)
{
	return kill(mine, SIGKILL);
}

static int
try_stop_mine(void)
{
	return kill(mine, SIGSTOP);
}

static int
try_kill_foreign(void)
{
	return kill(foreign, SIGKILL);
}

static int
try_kill_group(void)
{
	return kill(0, SIGKILL);
}

/* Terminals: what there is of one may be asked and set. */
static int
do_terminal(void)
{
	struct termios t;

	return tcgetattr(sv[0], &t) == -1 && errno == ENOTTY ? 0 : 1;
}

/* One like enum sandbox_role's VM, which may kill just one process. */
static int
status_of_vm(int (*f)(void))
{
	char why[128];
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		alarm(20);
		setpgid(0, 0);
		if (sandbox_enter_vm(&mine, 1, why, sizeof(why)) == -1)
			_exit(99);
		_exit(f() == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static pid_t
sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(pause());
	return pid;
}

/* A vm kills its devices, and nobody and nothing else. */
static void
test_vm(void **state)
{
	static int (*const no[])(void) = { try_stop_mine, try_kill_foreign,
	    try_kill_group, try_fork, try_ioctl };
	unsigned i;
	int status;

	(void)state;
	mine = sleeper();
	foreign = sleeper();
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		status = status_of_vm(no[i]);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%u: status %#x", i, (unsigned)status);
	}
	assert_int_equal(waitpid(mine, NULL, WNOHANG), 0);
	assert_int_equal(waitpid(foreign, NULL, WNOHANG), 0);
	assert_int_equal(status_of_vm(do_terminal), 0);
	assert_int_equal(status_of_vm(do_kill_mine), 0);
	assert_int_equal(waitpid(mine, &status, 0), mine);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	kill(foreign, SIGKILL);
	waitpid(foreign, NULL, 0);
}

static int
do_file(void)
{
	char a[8] = "0123456", b[8];
	struct iovec v = { b, 8 };
	void *p;

	if (ftruncate(file, 0) == -1 || pwrite(file, a, 8, 4096) != 8 ||
	    preadv(file, &v, 1, 4096) != 8 ||
	    memcmp(a, b, 8) != 0 || fdatasync(file) == -1 ||
	    lseek(file, 0, SEEK_END) != 4104 ||
	    fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
	    4096) == -1 || ftruncate(file, 8192) == -1)
		return -1;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 4096);
	return p == MAP_FAILED || memcmp(p, a, 8) != 0 ||
	    munmap(p, 4096) == -1;
}

static int
do_sockets(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct pollfd p = { .fd = sv[1], .events = POLLIN };
	char c;

	return send(sv[0], "x", 1, MSG_NOSIGNAL) != 1 ||
	    poll(&p, 1, 1000) != 1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, sv[1], &e) == -1 ||
	    epoll_wait(ep, &e, 1, 1000) != 1 ||
	    epoll_ctl(ep, EPOLL_CTL_DEL, sv[1], NULL) == -1 ||
	    recv(sv[1], &c, 1, 0) != 1;
}

static int
do_memory(void)
{
	struct timespec ts = { 0, 1000 };
	uint8_t seed[16];
	size_t n;
	char *p;

	for (n = 1; n < 1U << 24; n *= 3) {
		p = malloc(n);
		if (p == NULL || (p = realloc(p, n * 2)) == NULL)
			return -1;
		memset(p, 1, n);
		free(p);
	}
	return clock_gettime(CLOCK_MONOTONIC, &ts) == -1 ||
	    clock_gettime(CLOCK_REALTIME, &ts) == -1 ||
	    getentropy(seed, sizeof(seed)) == -1;
}

static int
do_abort(void)
{
	abort();
}

static void
test_allowed(void **state)
{
	enum sandbox_role role;
	int status;

	(void)state;
	for (role = 0; role < SANDBOX_NROLES; role++) {
		assert_int_equal(status_of(role, do_file), 0);
		assert_int_equal(status_of(role, do_sockets), 0);
		assert_int_equal(status_of(role, do_memory), 0);
		status = status_of(role, do_abort);
		assert_true(WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGABRT);
	}
}

/* What the kernel says about a process in the sandbox. */
static void
test_status(void **state)
{
	static const char *const want[] = {
		"NoNewPrivs:\t1\n", "Seccomp:\t2\n",
		"CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n",
		"CapEff:\t0000000000000000\n", "CapAmb:\t0000000000000000\n",
		"CapBnd:\t0000000000000000\n"
	};
	char path[64], text[4096], why[128], c;
	FILE *f;
	size_t i, n, nwant = sizeof(want) / sizeof(want[0]);
	pid_t pid;

	(void)state;
	/* The last one is for who may: others could never gain them. */
	if (geteuid() != 0)
		nwant--;
	pid = fork();
	if (pid == 0) {
		alarm(20);
		if (sandbox_enter(SANDBOX_DEVICE, why, sizeof(why)) == -1)
			_exit(99);
		(void)!write(sv[0], "r", 1);
		(void)!read(sv[0], &c, 1);
		_exit(0);
	}
	assert_int_equal(read(sv[1], &c, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	for (i = 0; i < nwant; i++)
		if (strstr(text, want[i]) == NULL)
			fail_msg("no %s in\n%s", want[i], text);
	assert_int_equal(write(sv[1], "x", 1), 1);
	waitpid(pid, NULL, 0);
}

static void
test_describe(void **state)
{
	char buf[160];

	(void)state;
	assert_ptr_equal(sandbox_describe(SANDBOX_DEVICE, buf, sizeof(buf)),
	    buf);
	assert_non_null(strstr(buf, "seccomp"));
	assert_non_null(strstr(buf, "landlock"));
}

static int
setup(void **state)
{
	char name[] = "/tmp/sandbox.XXXXXX";

	(void)state;
	file = mkstemp(name);
	unlink(name);
	ep = epoll_create1(0);
	return file == -1 || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_vm),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_describe),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
