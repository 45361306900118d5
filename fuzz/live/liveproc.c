#include "liveproc.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "msg.h"
#include "priv.h"
#include "virtio.h"

#define SPIN	20000U			/* ns */
#define GROWTH	1024			/* pages */
#define OFTEN	64			/* checks until it is weighed */

/* What the device said last, on our stderr. */
static void
show_words(struct live_proc *p)
{
	char buf[8192];
	ssize_t n;

	n = pread(p->words, buf, sizeof(buf), 0);
	if (n > 0 && write(STDERR_FILENO, buf, (size_t)n) == -1)
		return;
}

void
live_fail(struct live_proc *p, const char *class, const char *fmt, ...)
{
	va_list ap;

	show_words(p);
	fprintf(stderr, "oracle live: %s: ", class);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (p->dev != NULL)
		devproc_kill(p->dev);
	abort();
}

static void __attribute__((noreturn))
no(const char *what)
{
	perror(what);
	exit(1);
}

/* ----------------------------------------------------- what it works on */

void
live_memory(struct live_proc *p, size_t range, uint64_t high)
{
	const uint64_t base[3] = { 0, range, high };
	const char *why;
	unsigned i;

	p->words = memfd_create("words", MFD_CLOEXEC);
	p->tap = p->devtap = -1;
	p->share.fd = mem_object("live", 3 * range);
	if (p->words == -1 || p->share.fd == -1 ||
	    fcntl(p->words, F_SETFL, O_APPEND) == -1)
		no("guest memory");
	for (i = 0; i < 3; i++)
		p->share.range[i] = (struct share_range){
			base[i], range, i * range
		};
	p->share.n = 3;
	if (share_map(&p->share, &p->gm, &why) == -1)
		no(why);
}

void
live_disk(struct live_proc *p, size_t len, int readonly)
{
	struct live_disk *d = &p->disk[p->ndisks];

	p->readonly[p->ndisks++] = readonly;
	d->fd = memfd_create("image", MFD_CLOEXEC);
	d->len = len;
	if (d->fd == -1 || ftruncate(d->fd, (off_t)len) == -1)
		no("image");
	d->p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	if (d->p == MAP_FAILED)
		no("image");
}

/* A record is a frame; a pair of sockets is a tap without a system. */
void
live_tap(struct live_proc *p)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, fd) == -1)
		no("tap");
	p->tap = fd[0];
	p->devtap = fd[1];
}

uint8_t *
live_at(struct live_proc *p, uint64_t gpa, size_t len)
{
	return gm_hva(&p->gm, gpa, len);
}

/* ---------------------------------------------------------- the process */

static void
on_irq(void *arg, int level)
{
	(void)arg;
	(void)level;
}

static void
on_died(void *arg, const char *line)
{
	(void)arg;
	(void)line;
}

static const struct devproc_ops ops = { .irq = on_irq, .died = on_died };

/* LIVE_DEVICE, or what was built with us: as it is shipped, if that was. */
static const char *
program(void)
{
	static char path[PATH_MAX];
	const char *env = getenv("LIVE_DEVICE");
	ssize_t n;
	char *end;

	if (env != NULL)
		return env;
	n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	if (n <= 0)
		no("/proc/self/exe");
	path[n] = '\0';
	if ((end = strrchr(path, '/')) == NULL)
		end = path;
	strcpy(end, "/../shipped/vmd-device");
	if (access(path, X_OK) == -1)
		strcpy(end, "/../vmd-device");
	return path;
}

static void
describe(struct live_proc *p, struct devproc_conf *c,
    struct devproc_image *image)
{
	unsigned i;

	devproc_conf_init(c);
	c->program = program();
	c->vm = "live";
	c->kind = p->kind;
	c->conf = p->conf;
	c->memory = &p->share;
	c->tap = p->devtap;
	c->image = image;
	c->nimages = p->ndisks;
	for (i = 0; i < p->ndisks; i++)
		image[i] = (struct devproc_image){
			.fd = p->disk[i].fd, .unit = i, .format = DISK_RAW,
			.readonly = p->readonly[i]
		};
}

static void
proc_path(struct live_proc *p, const char *name, char *buf, size_t len)
{
	snprintf(buf, len, "/proc/%ld/%s", (long)devproc_pid(p->dev), name);
}

/* Newer systems say it in the size of the folder. */
static unsigned
count_fds(struct live_proc *p)
{
	char path[64];
	struct stat st;
	unsigned n = 0;
	DIR *d;

	proc_path(p, "fd", path, sizeof(path));
	if (stat(path, &st) == 0 && st.st_size > 0)
		return (unsigned)st.st_size;
	if ((d = opendir(path)) == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int
is_object(const struct stat *st, int fd)
{
	struct stat own;

	return fstat(fd, &own) == 0 && own.st_dev == st->st_dev &&
	    own.st_ino == st->st_ino;
}

/* Of files a sandboxed device has its images and nothing else. */
static void
check_objects(struct live_proc *p)
{
	char name[32], path[64];
	struct stat st;
	unsigned i, k;

	for (i = 3; i < 64; i++) {
		snprintf(name, sizeof(name), "fd/%u", i);
		proc_path(p, name, path, sizeof(path));
		if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
			continue;
		for (k = 0; k < p->ndisks; k++)
			if (is_object(&st, p->disk[k].fd))
				break;
		if (k == p->ndisks)
			live_fail(p, "fd", "%s is a file that is not for it%s",
			    name, is_object(&st, p->share.fd) ?
			    ": guest memory" : "");
	}
}

size_t
live_pages(struct live_proc *p)
{
	unsigned long size = 0, resident = 0;
	char path[64];
	FILE *f;

	proc_path(p, "statm", path, sizeof(path));
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident;
}

/* Its stderr is ours to read; what was ours meanwhile. */
static int
take_words(struct live_proc *p)
{
	int err = dup(STDERR_FILENO);

	if (ftruncate(p->words, 0) == -1 || err == -1 ||
	    dup2(p->words, STDERR_FILENO) == -1)
		no("descriptors");
	return err;
}

static void
give_words(int err)
{
	(void)dup2(err, STDERR_FILENO);
	close(err);
}

/* In the child: the two ends are its 3 and 4. */
static void __attribute__((noreturn))
become(int sync, int async)
{
	char *argv[] = { (char *)(uintptr_t)"vmd-device", NULL };
	int a = fcntl(sync, F_DUPFD, 16), b = fcntl(async, F_DUPFD, 16);

	if (dup2(a, 3) != -1 && dup2(b, 4) != -1) {
		closefrom(5);
		execv(program(), argv);
	}
	_exit(127);
}

/* Without devproc's description: only what this file and end.c use. */
void
live_spawn(struct live_proc *p)
{
	struct devproc *d = calloc(1, sizeof(*d));
	int s[2], a[2], err = take_words(p);

	if (d == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    s) == -1 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    a) == -1 || chan_init(&d->sync, s[0], FRAME_MAX) == -1 ||
	    chan_init(&d->async, a[0], FRAME_MAX) == -1)
		no("channel");
	pthread_mutex_init(&d->lock, NULL);
	pthread_mutex_init(&d->linelock, NULL);
	pthread_mutex_init(&d->life, NULL);
	d->ops = ops;
	if ((d->pid = fork()) == 0)
		become(s[1], a[1]);
	if (d->pid == -1)
		no("fork");
	give_words(err);
	close(s[1]);
	close(a[1]);
	p->dev = d;
	p->starts++;
}

void
live_leave(struct live_proc *p)
{
	(void)shutdown(p->dev->sync.fd, SHUT_WR);
}

void
live_start(struct live_proc *p)
{
	struct devproc_image image[LIVE_UNITS];
	struct devproc_conf c;
	struct devproc_why why;
	int err = take_words(p), rv;

	describe(p, &c, image);
	rv = devproc_start(&p->dev, &c, &ops, p, &why);
	give_words(err);
	if (rv == -1)
		live_fail(p, "start", "%s", why.text);
	p->starts++;
	p->nout = p->nwant = 0;
	p->pages = 0;
	p->fds = count_fds(p);
	check_objects(p);
}

void
live_stop(struct live_proc *p)
{
	if (p->dev == NULL)
		return;
	p->nout = p->nwant = 0;
	devproc_shutdown(p->dev);
	if (devproc_stop(&p->dev, LIVE_PATIENCE) == -1)
		live_fail(p, "crash", "it did not leave when it was told to");
}

/* It is gone although nobody asked: says how. */
static void __attribute__((noreturn))
gone(struct live_proc *p)
{
	char how[400];

	if (devproc_reap(p->dev, LIVE_PATIENCE) == 0)
		live_fail(p, "hang", "the channel is closed, the process "
		    "stays");
	(void)devproc_dispatch(p->dev);
	devproc_how(p->dev, how, sizeof(how));
	live_fail(p, WIFSIGNALED(p->dev->status) &&
	    WTERMSIG(p->dev->status) == SIGSYS ? "sandbox" : "crash", "%s",
	    how);
}

int
live_ended(struct live_proc *p)
{
	int code;

	if (devproc_reap(p->dev, LIVE_PATIENCE) == 0)
		live_fail(p, "hang", "the process does not end");
	if (!WIFEXITED(p->dev->status))
		gone(p);
	code = WEXITSTATUS(p->dev->status);
	p->nout = p->nwant = 0;
	(void)devproc_stop(&p->dev, 0);
	return code;
}

/* ---------------------------------------------------------- the channel */

static void
wait_for(struct live_proc *p, int fd, short events)
{
	struct pollfd pf = { .fd = fd, .events = events };

	if (poll(&pf, 1, LIVE_PATIENCE) == 0)
		live_fail(p, "hang", "nothing is taken from the channel");
}

/* As many bytes as the socket takes; waits for one. */
static ssize_t
to_socket(struct live_proc *p, const uint8_t *buf, size_t len)
{
	int fd = p->dev->sync.fd;
	ssize_t n;

	while ((n = send(fd, buf, len, MSG_NOSIGNAL)) == -1) {
		if (errno == EAGAIN)
			wait_for(p, fd, POLLOUT);
		else if (errno != EINTR)
			break;
	}
	return n;
}

/* The same through shared memory (slate.h), with bytes of our own making. */
static ssize_t
to_pipe(struct live_proc *p, const uint8_t *buf, size_t len)
{
	struct slate_pipe *pipe = p->dev->sync.pout;
	struct pollfd end = { .fd = p->dev->sync.fd };
	unsigned ms;
	int n;

	for (ms = 0; (n = slate_put(pipe, buf, len)) == 0; ms++) {
		if (poll(&end, 1, 1) == 1)
			return -1;
		if (ms == LIVE_PATIENCE)
			live_fail(p, "hang", "nothing is taken from the pipe");
	}
	if (n == -1)
		live_fail(p, "channel", "the counts of the pipe are wrong");
	return slate_wished(&pipe->asleep) && to_socket(p,
	    (const uint8_t *)"", 1) == -1 ? -1 : n;
}

static int
send_all(struct live_proc *p, const uint8_t *buf, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = p->dev->sync.pout != NULL ? to_pipe(p, buf, len) :
		    to_socket(p, buf, len);
		if (n == -1)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

int
live_raw(struct live_proc *p, const uint8_t *buf, size_t len, int fd)
{
	union {
		struct cmsghdr	h;
		char		buf[CMSG_SPACE(sizeof(int))];
	} room;
	/* Behind a pipe it rides with a byte that only wakes. */
	int piped = p->dev->sync.pout != NULL;
	struct iovec iov = { (void *)(uintptr_t)buf, piped ? 1 : len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (len == 0)
		return 0;
	if (fd == -1)
		return send_all(p, buf, len);
	memset(&room, 0, sizeof(room));
	mh.msg_control = room.buf;
	mh.msg_controllen = sizeof(room.buf);
	room.h.cmsg_len = CMSG_LEN(sizeof(int));
	room.h.cmsg_level = SOL_SOCKET;
	room.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&room.h), &fd, sizeof(int));
	while ((n = sendmsg(p->dev->sync.fd, &mh, MSG_NOSIGNAL)) == -1 &&
	    errno == EAGAIN)
		wait_for(p, p->dev->sync.fd, POLLOUT);
	if (n == -1)
		return -1;
	return piped ? send_all(p, buf, len) :
	    send_all(p, buf + n, len - (size_t)n);
}

void
live_flush(struct live_proc *p)
{
	if (p->nout > 0 && send_all(p, p->out, p->nout) == -1)
		gone(p);
	p->nout = 0;
}

static void
queue(struct live_proc *p, uint32_t type, const void *data, size_t len)
{
	struct frame f = { .type = type, .data = data, .len = len };
	struct wbuf w;

	if (sizeof(p->out) - p->nout < FRAME_HEADER + len)
		live_flush(p);
	wb_init(&w, p->out + p->nout, sizeof(p->out) - p->nout);
	frame_put(&w, &f);
	p->nout += w.len;
}

void
live_msg(struct live_proc *p, const struct viodev_msg *m)
{
	uint8_t buf[MSG_HEADER + 4096];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	msg_encode(&w, m);
	if (!wb_bad(&w))
		queue(p, DEVMSG_VIODEV, buf, w.len);
}

void
live_expect(struct live_proc *p, const struct live_want *w)
{
	if (p->nwant == LIVE_WANTED - 1)
		live_collect(p);
	p->want[p->nwant++] = *w;
}

static void
take_answer(struct live_proc *p, const struct live_want *w)
{
	struct devmsg_reply r;
	enum chan_result rv;
	struct frame f;
	int fd;

	rv = chan_get(&p->dev->sync, &f, &fd, LIVE_PATIENCE, SPIN);
	if (rv == CHAN_AGAIN)
		live_fail(p, "hang", "no answer within %d ms", LIVE_PATIENCE);
	if (rv == CHAN_CLOSED)
		gone(p);
	if (rv != CHAN_OK || fd != -1 || f.type != DEVMSG_REPLY ||
	    devmsg_get_reply(f.data, f.len, &r) == -1)
		live_fail(p, "answer", "no reply, but something else");
	p->answers++;
	if (w->check && r.data != w->data)
		live_fail(p, "answer", "%#llx, in-process %#llx",
		    (unsigned long long)r.data, (unsigned long long)w->data);
	if (w->check && r.line.level != w->level)
		live_fail(p, "answer", "the line is %d, in-process %d",
		    r.line.level, w->level);
}

void
live_collect(struct live_proc *p)
{
	unsigned i;

	live_flush(p);
	for (i = 0; i < p->nwant; i++)
		take_answer(p, &p->want[i]);
	p->nwant = 0;
	live_drain(p);
}

/* A register read waits for the threads of a device; SYNC need not. */
void
live_ask(struct live_proc *p)
{
	struct viodev_msg m = {
		.type = VIODEV_READ, .width = 1, .space = VIODEV_COMMON,
		.where = VIRTIO_DEVICE_STATUS
	};
	struct live_want w = { 0 };

	live_msg(p, &m);
	live_expect(p, &w);
}

void
live_sync(struct live_proc *p)
{
	live_ask(p);
	live_collect(p);
}

/* -------------------------------------------------------------- the tap */

void
live_drain(struct live_proc *p)
{
	static uint8_t buf[65550];
	ssize_t n;

	if (p->tap == -1)
		return;
	while ((n = recv(p->tap, buf, sizeof(buf), 0)) > 0)
		p->frame(p->framearg, buf, (size_t)n);
}

void
live_empty(struct live_proc *p)
{
	static uint8_t buf[16];

	live_drain(p);
	while (p->tap != -1 && recv(p->devtap, buf, sizeof(buf), 0) >= 0)
		;
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
live_frame(struct live_proc *p, const uint8_t *buf, size_t len)
{
	(void)!send(p->tap, buf, len, MSG_NOSIGNAL);
}

void
live_taken(struct live_proc *p)
{
	double end = seconds() + LIVE_PATIENCE / 1000.0;
	int left = 1;

	while (ioctl(p->tap, SIOCOUTQ, &left) == 0 && left > 0) {
		if (seconds() > end)
			live_fail(p, "hang", "a frame is not taken");
		sched_yield();
	}
}

/* --------------------------------------------------------------- limits */

void
live_check(struct live_proc *p)
{
	unsigned n = count_fds(p);
	size_t pages;

	if (n != p->fds)
		live_fail(p, "fd", "%u descriptors, %u at the start", n,
		    p->fds);
	if (++p->checks % OFTEN != 0)
		return;
	pages = live_pages(p);
	if (p->pages > 0 && pages > p->pages + GROWTH)
		live_fail(p, "memory", "%zu pages, %zu before", pages,
		    p->pages);
}
