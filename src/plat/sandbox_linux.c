/*
 * Linux: four walls, one behind the other.
 *
 * no_new_privs and the loss of all capabilities hold what a program could
 * gain; landlock without a rule holds the file system, TCP, and signals and
 * abstract sockets to the outside; seccomp lets through what is listed here
 * and kills for everything else, so an attempt shows as SIGSYS.
 */
#include "sandbox.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* Whom a vm may kill. */
struct family {
	const pid_t	*child;
	unsigned	 n;
};

static int
refuse(char *why, size_t len, const char *what, int error)
{
	snprintf(why, len, "%s: %s", what, strerror(error));
	return -1;
}

/* ---------------------------------------------------------- landlock */

/* The newest rights; older kernels know fewer: one bit more per step. */
#define FS_RIGHTS_1	((1ULL << 13) - 1)
static const uint64_t fs_rights[] = {
	FS_RIGHTS_1,			/* ABI 1 */
	(1ULL << 14) - 1,		/* 2: refer */
	(1ULL << 15) - 1,		/* 3: truncate */
	(1ULL << 15) - 1,		/* 4: net */
	(1ULL << 16) - 1,		/* 5: ioctl_dev */
};

/* Fields behind those that the oldest header has. */
struct ruleset {
	uint64_t	fs, net, scoped;
};

static long
landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

/* Children that were there before are outside: a vm still signals them. */
static int
enter_landlock(enum sandbox_role role, char *why, size_t len)
{
	struct ruleset rs = { 0, 0, 0 };
	long abi = landlock_abi();
	size_t size = sizeof(rs.fs);
	int fd, rv;

	if (abi < 1)
		return 0;
	rs.fs = fs_rights[abi <= (long)N(fs_rights) ? abi - 1 :
	    (long)N(fs_rights) - 1];
	if (abi >= 4) {
		rs.net = 3;
		size += sizeof(rs.net);
	}
	if (abi >= 6) {
		rs.scoped = role == SANDBOX_VM ? 1 : 3;
		size += sizeof(rs.scoped);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &rs, size, 0);
	if (fd == -1)
		return refuse(why, len, "landlock", errno);
	rv = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	if (rv == -1)
		rv = refuse(why, len, "landlock", errno);
	close(fd);
	return rv;
}

/* ------------------------------------------------------ capabilities */

static int
drop_capabilities(char *why, size_t len)
{
	struct __user_cap_header_struct h = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct d[2];
	unsigned long i;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return refuse(why, len, "no_new_privs", errno);
	/* Who may not drop them cannot gain them either. */
	for (i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) != -1; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1 &&
		    errno != EPERM)
			return refuse(why, len, "capabilities", errno);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	memset(d, 0, sizeof(d));
	if (syscall(SYS_capset, &h, d) == -1)
		return refuse(why, len, "capabilities", errno);
	return 0;
}

/* ----------------------------------------------------------- seccomp */

/* What is harmless whatever its arguments. */
static const int plain[] = {
	/* descriptors that are there */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv),
	SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev), SCMP_SYS(recvfrom), SCMP_SYS(sendto),
	SCMP_SYS(lseek), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(fallocate), SCMP_SYS(ftruncate), SCMP_SYS(close),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	/* its own memory, threads and time */
	SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(mremap), SCMP_SYS(futex), SCMP_SYS(sched_yield),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(restart_syscall),
	/* its end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(exit), SCMP_SYS(exit_group)
};

static const int threads[] = {
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq)
};

static int
allow(scmp_filter_ctx f, const int *calls, size_t n)
{
	size_t i;
	int rv = 0;

	for (i = 0; i < n && rv == 0; i++)
		rv = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	return rv;
}

/*
 * Memory is never executable; a signal goes to nobody else: abort() must
 * still work.
 */
static int
allow_checked(scmp_filter_ctx f)
{
	struct scmp_arg_cmp noexec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ,
	    (scmp_datum_t)getpid(), 0);
	int rv;

	rv = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    &noexec);
	if (rv == 0)
		rv = seccomp_rule_add_array(f, SCMP_ACT_ALLOW,
		    SCMP_SYS(mprotect), 1, &noexec);
	if (rv == 0)
		rv = seccomp_rule_add_array(f, SCMP_ACT_ALLOW,
		    SCMP_SYS(tgkill), 1, &self);
	return rv;
}

#define THREAD	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |	\
		 CLONE_THREAD)
#define NOTHREAD (CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID |		\
		 CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |		\
		 CLONE_NEWCGROUP | CLONE_VFORK | CLONE_PTRACE | CLONE_UNTRACED)

/* clone3 hides its flags in memory; without it the C library uses clone. */
static int
allow_threads(scmp_filter_ctx f)
{
	struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ,
	    THREAD | NOTHREAD, THREAD);
	int rv;

	rv = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    &thread);
	if (rv == 0)
		rv = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
		    SCMP_SYS(clone3), 0);
	if (rv == 0)
		rv = allow(f, threads, N(threads));
	return rv;
}

/*
 * What a vm asks its processor and its terminal; each is harmless to whatever
 * else a descriptor may be.
 */
static const unsigned long requests[] = {
	KVM_RUN, KVM_INTERRUPT, KVM_GET_REGS, KVM_GET_SREGS, TCGETS, TCSETS,
	TCSETSW, TCSETSF
};

static const int children[] = { SCMP_SYS(wait4) };

static int
allow_vm(scmp_filter_ctx f, const struct family *vm)
{
	int rv = allow(f, children, N(children));
	unsigned i;

	for (i = 0; i < N(requests) && rv == 0; i++)
		rv = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
	for (i = 0; i < vm->n && rv == 0; i++)
		rv = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 2,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)vm->child[i], 0),
		    SCMP_A1(SCMP_CMP_EQ, SIGKILL, 0));
	return rv == 0 ? allow_threads(f) : rv;
}

static int
enter_seccomp(enum sandbox_role role, const struct family *vm, char *why,
    size_t len)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rv;

	if (f == NULL)
		return refuse(why, len, "seccomp", ENOMEM);
	rv = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (rv == 0)
		rv = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rv == 0)
		rv = allow(f, plain, N(plain));
	if (rv == 0)
		rv = allow_checked(f);
	if (rv == 0 && role == SANDBOX_DEVICE_THREADS)
		rv = allow_threads(f);
	if (rv == 0 && role == SANDBOX_VM)
		rv = allow_vm(f, vm);
	if (rv == 0)
		rv = seccomp_load(f);
	seccomp_release(f);
	return rv == 0 ? 0 : refuse(why, len, "seccomp", -rv);
}

static int
enter(enum sandbox_role role, const struct family *vm, char *why, size_t len)
{
	if (drop_capabilities(why, len) == -1 ||
	    enter_landlock(role, why, len) == -1)
		return -1;
	return enter_seccomp(role, vm, why, len);
}

int
sandbox_enter(enum sandbox_role role, char *why, size_t len)
{
	const struct family none = { NULL, 0 };

	return enter(role, &none, why, len);
}

int
sandbox_enter_vm(const pid_t *child, unsigned n, char *why, size_t len)
{
	const struct family vm = { child, n };

	return enter(SANDBOX_VM, &vm, why, len);
}

const char *
sandbox_describe(enum sandbox_role role, char *buf, size_t len)
{
	long abi = landlock_abi();
	char landlock[48] = "no landlock in this kernel";

	if (abi >= 1)
		snprintf(landlock, sizeof(landlock), "landlock ABI %ld", abi);
	snprintf(buf, len, "sandbox: seccomp%s, %s, no capabilities, "
	    "no_new_privs", role == SANDBOX_DEVICE ? "" : " with threads",
	    landlock);
	return buf;
}
