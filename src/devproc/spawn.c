/* How a device process comes to be. */
#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "priv.h"

#define FD_SYNC		3		/* as vmd-device knows them */
#define FD_ASYNC	4
#define SPIN		8000U		/* ns that a read asks for its reply */
#define SENDING		10000		/* ms for a piece of description */

int
devproc_refuse(const struct devproc *p, struct devproc_why *why,
    const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(why->text, sizeof(why->text), "%s: %s: %s", p->vm, p->name,
	    text);
	return -1;
}

void
devproc_conf_init(struct devproc_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->patience = 30000;
	c->tap = c->record.fd = -1;
}

/* ---------------------------------------------------------- the process */

/* A copy out of the way of the numbers that the program expects. */
static int
away(int fd)
{
	return fcntl(fd, F_DUPFD, 16);
}

/* In the child: only calls that are safe behind a fork of threads. */
static void __attribute__((noreturn))
become(const struct devproc *p, const char *program, const int fd[3])
{
	char *argv[] = { (char *)(uintptr_t)p->title, NULL };
	char *envp[] = { NULL };
	int sync = away(fd[0]), async = away(fd[1]), null = away(fd[2]);
	sigset_t none;

	sigemptyset(&none);
	if (sync == -1 || async == -1 || null == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 || dup2(sync, FD_SYNC) == -1 ||
	    dup2(async, FD_ASYNC) == -1 ||
	    sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		_exit(126);
	closefrom(FD_ASYNC + 1);
	execve(program, argv, envp);
	_exit(127);
}

static void
close_all(int *fd, int n)
{
	while (n-- > 0)
		if (fd[n] != -1)
			close(fd[n]);
}

/* fd: our end and the child's of sync, the same of async, /dev/null. */
static int
open_ends(int fd[5])
{
	int i;

	for (i = 0; i < 5; i++)
		fd[i] = -1;
	fd[4] = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd[4] == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd + 2) == -1 ?
	    -1 : 0;
}

static int
run(struct devproc *p, const char *program, struct devproc_why *why)
{
	int fd[5];

	if (access(program, X_OK) == -1)
		return devproc_refuse(p, why, "%s cannot be executed: %s",
		    program, strerror(errno));
	if (open_ends(fd) == -1) {
		devproc_refuse(p, why, "no channel: %s", strerror(errno));
		goto fail;
	}
	if (chan_init(&p->sync, fd[0], FRAME_MAX) == -1 ||
	    chan_init(&p->async, fd[2], FRAME_MAX) == -1) {
		devproc_refuse(p, why, "out of memory");
		goto fail;
	}
	fd[0] = fd[2] = -1;
	p->pid = fork();
	if (p->pid == 0) {
		int theirs[3] = { fd[1], fd[3], fd[4] };

		become(p, program, theirs);
	}
	if (p->pid == -1) {
		devproc_refuse(p, why, "no process: %s", strerror(errno));
		goto fail;
	}
	close_all(fd, 5);
	return 0;
fail:
	if (p->sync.fd == fd[0])
		fd[0] = -1;
	close_all(fd, 5);
	return -1;
}

/* ------------------------------------------------------- the description */

static enum chan_result
tell(struct devproc *p, uint32_t type, const struct wbuf *w, int fd)
{
	return chan_put(&p->sync, type, w->p, w->len, fd, SENDING);
}

static enum chan_result
tell_hello(struct devproc *p, const struct devproc_conf *c)
{
	struct devmsg_hello h = {
		.index = c->index, .verbose = (uint8_t)c->verbose
	};
	uint8_t buf[128];
	struct wbuf w;

	snprintf(h.kind, sizeof(h.kind), "%s", c->kind);
	snprintf(h.vm, sizeof(h.vm), "%s", c->vm);
	wb_init(&w, buf, sizeof(buf));
	devmsg_put_hello(&w, &h);
	return tell(p, DEVMSG_HELLO, &w, -1);
}

static enum chan_result
tell_memory(struct devproc *p, const struct share *s)
{
	struct devmsg_memory m = { .n = s->n };
	uint8_t buf[24 * GM_MAXRANGES];
	struct wbuf w;
	unsigned i;

	for (i = 0; i < s->n; i++) {
		m.range[i].gpa = s->range[i].gpa;
		m.range[i].len = s->range[i].len;
		m.range[i].off = s->range[i].off;
	}
	wb_init(&w, buf, sizeof(buf));
	devmsg_put_memory(&w, &m);
	return tell(p, DEVMSG_MEMORY, &w, s->fd);
}

static enum chan_result
tell_images(struct devproc *p, const struct devproc_conf *c)
{
	enum chan_result r = CHAN_OK;
	struct devmsg_image m;
	uint8_t buf[8];
	struct wbuf w;
	unsigned i;

	for (i = 0; i < c->nimages && r == CHAN_OK; i++) {
		m.unit = (uint8_t)c->image[i].unit;
		m.format = (uint8_t)c->image[i].format;
		m.readonly = c->image[i].readonly != 0;
		wb_init(&w, buf, sizeof(buf));
		devmsg_put_image(&w, &m);
		r = tell(p, DEVMSG_IMAGE, &w, c->image[i].fd);
	}
	return r;
}

static enum chan_result
tell_record(struct devproc *p, const struct devproc_record *c)
{
	struct devmsg_record m = {
		.room = c->room, .keep = c->keep, .marks = c->marks
	};
	uint8_t buf[24];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	devmsg_put_record(&w, &m);
	return tell(p, DEVMSG_RECORD, &w, c->fd);
}

static enum chan_result
tell_slate(struct devproc *p)
{
	struct wbuf none = { NULL, 0, 0, 0 };
	enum chan_result r;
	int fd = mem_object("slate", SLATE_SIZE);

	if (fd == -1)
		return CHAN_BAD;
	p->slate = slate_map(fd);
	r = p->slate == NULL ? CHAN_BAD : tell(p, DEVMSG_SLATE, &none, fd);
	close(fd);
	return r;
}

static enum chan_result
describe(struct devproc *p, const struct devproc_conf *c)
{
	struct wbuf none = { NULL, 0, 0, 0 };
	struct wbuf conf = { NULL, 0, 0, 0 };
	enum chan_result r;

	conf.p = (uint8_t *)(uintptr_t)c->conf.p;
	conf.len = c->conf.len;
	r = tell_hello(p, c);
	if (r == CHAN_OK)
		r = tell(p, DEVMSG_CONF, &conf, -1);
	if (r == CHAN_OK)
		r = tell_memory(p, c->memory);
	if (r == CHAN_OK)
		r = tell_images(p, c);
	if (r == CHAN_OK && c->tap != -1)
		r = tell(p, DEVMSG_TAP, &none, c->tap);
	if (r == CHAN_OK && c->record.fd != -1)
		r = tell_record(p, &c->record);
	if (r == CHAN_OK)
		r = tell_slate(p);
	return r == CHAN_OK ? tell(p, DEVMSG_GO, &none, -1) : r;
}

/* ------------------------------------------------------------------------ */

static const char *
conf_fault(const struct devproc_conf *c)
{
	if (c->kind == NULL || !devmsg_kind_ok(c->kind))
		return "no kind of device";
	if (c->vm == NULL || !devmsg_vm_ok(c->vm))
		return "a VM's name has up to 63 letters, digits, '.', '-', "
		    "'_'";
	if (c->index > DEVMSG_MAXINDEX || c->nimages > DEVMSG_MAXIMAGES)
		return "too many devices or images";
	if (c->memory == NULL || c->memory->n > GM_MAXRANGES)
		return "no guest memory";
	return NULL;
}

static struct devproc *
make(const struct devproc_conf *c, const struct devproc_ops *ops, void *arg)
{
	struct devproc *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	snprintf(p->vm, sizeof(p->vm), "%s", c->vm);
	snprintf(p->name, sizeof(p->name), "%s%u", c->kind, c->index);
	snprintf(p->title, sizeof(p->title), "vmd-device: vm/%s/%s", p->vm,
	    p->name);
	if (c->record.fd != -1 && c->record.path != NULL)
		p->recording = strdup(c->record.path);
	p->ops = *ops;
	p->arg = arg;
	p->patience = c->patience;
	p->spin.max = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN : 0;
	p->sync.fd = p->async.fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->asynclock, NULL);
	pthread_mutex_init(&p->linelock, NULL);
	pthread_mutex_init(&p->life, NULL);
	return p;
}

int
devproc_spawn(struct devproc **pp, const struct devproc_conf *c,
    const struct devproc_ops *ops, void *arg, struct devproc_why *why)
{
	const char *fault = conf_fault(c);
	struct devproc *p;

	*pp = NULL;
	if (fault != NULL || (p = make(c, ops, arg)) == NULL) {
		snprintf(why->text, sizeof(why->text), "device: %s",
		    fault != NULL ? fault : "out of memory");
		return -1;
	}
	if (run(p, c->program, why) == -1) {
		p->reaped = 1;
		(void)devproc_stop(&p, 0);
		return -1;
	}
	/* When it is gone already, or says no, devproc_ready tells why. */
	if (describe(p, c) == CHAN_AGAIN) {
		devproc_refuse(p, why, "does not take its description");
		(void)devproc_stop(&p, 0);
		return -1;
	}
	*pp = p;
	return 0;
}

int
devproc_ready(struct devproc *p, struct devproc_why *why)
{
	char how[160];
	enum chan_result r;
	struct frame f;
	int fd;

	r = chan_get(&p->sync, &f, &fd, (int)p->patience, 0);
	if (r == CHAN_OK && f.type == DEVMSG_READY && fd == -1 &&
	    devmsg_get_u64(f.data, f.len, &p->capacity) == 0) {
		chan_share(&p->sync, &p->slate->to_vm, &p->slate->to_device);
		chan_no_passing(&p->async);
		return 0;
	}
	if (fd != -1)
		close(fd);
	p->gone = 1;
	if (r == CHAN_OK && f.type == DEVMSG_ERROR) {
		devmsg_get_text(f.data, f.len, p->last, sizeof(p->last));
		return devproc_refuse(p, why, "%s", p->last);
	}
	if (r == CHAN_AGAIN)
		return devproc_refuse(p, why, "not ready after %u ms",
		    p->patience);
	(void)devproc_reap(p, 1000);
	devproc_how(p, how, sizeof(how));
	return devproc_refuse(p, why, "%s before it was ready", how);
}

int
devproc_start(struct devproc **pp, const struct devproc_conf *c,
    const struct devproc_ops *ops, void *arg, struct devproc_why *why)
{
	if (devproc_spawn(pp, c, ops, arg, why) == -1)
		return -1;
	if (devproc_ready(*pp, why) == 0)
		return 0;
	(void)devproc_stop(pp, 0);
	return -1;
}
