/*
 * The engine without a hypervisor: its processor carries out commands of
 * QEMU's device tests (see qtest.h) and takes no interrupts; it shows the
 * lines instead.
 */
#include "plat.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "qtest.h"

struct plat {
	struct mem		 mem;
	struct vcpu_regs	 regs;		/* as they were set */
	int			 in;
	int			 out;
	int			 wake[2];	/* kick writes, run reads */
	char			*line;		/* QTEST_MAXLINE bytes */
	size_t			 len;		/* bytes in it */
	size_t			 taken;		/* of them, done with */
	int			 eof;
	struct qtest_cmd	 cmd;		/* whose exit is open */
	uint8_t			*bytes;		/* QTEST_MAXSIZE */
	char			 text[120];
	pthread_mutex_t		 lock;		/* for what follows */
	int			 watch;		/* show the lines */
	uint8_t			*answer;	/* QTEST_MAXLINE bytes */
};

/* ---------------------------------------------------------------- open */
static int
dial(const char *path, struct plat_why *why)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return plat_fail(why, "%s: too long for a socket's name",
		    path);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		plat_fail(why, "%s: %s: nobody listens there for a machine "
		    "to test", path, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static int
open_chan(struct plat *p, const char *chan, struct plat_why *why)
{
	p->out = STDOUT_FILENO;
	if (chan == NULL)
		return plat_fail(why, "qtest: no commands: name a file, - or "
		    "unix:PATH");
	if (strcmp(chan, "-") == 0) {
		p->in = STDIN_FILENO;
		return 0;
	}
	if (strncmp(chan, "unix:", 5) == 0) {
		p->in = p->out = dial(chan + 5, why);
		return p->in == -1 ? -1 : 0;
	}
	p->in = open(chan, O_RDONLY | O_CLOEXEC);
	if (p->in == -1)
		return plat_fail(why, "%s: %s", chan, strerror(errno));
	return 0;
}

static int
make(struct plat *p, const struct plat_conf *c, struct plat_why *why)
{
	int i;

	if (mem_open(&p->mem, c, why) == -1 ||
	    open_chan(p, c->chan, why) == -1)
		return -1;
	p->line = malloc(QTEST_MAXLINE);
	p->bytes = malloc(QTEST_MAXSIZE);
	p->answer = malloc(QTEST_MAXLINE);
	if (p->line == NULL || p->bytes == NULL || p->answer == NULL ||
	    pipe(p->wake) == -1)
		return plat_fail(why, "qtest: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		fcntl(p->wake[i], F_SETFD, FD_CLOEXEC);
		fcntl(p->wake[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static void
shut(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

static void
qt_close(struct plat **pp)
{
	struct plat *p = *pp;

	if (p == NULL)
		return;
	mem_close(&p->mem);
	shut(p->in);
	if (p->out != p->in)
		shut(p->out);
	shut(p->wake[0]);
	shut(p->wake[1]);
	free(p->line);
	free(p->bytes);
	free(p->answer);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pp = NULL;
}

static int
qt_open(const struct plat_conf *c, struct plat **pp, struct plat_why *why)
{
	struct plat *p;
	int rv;

	*pp = NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return plat_fail(why, "qtest: out of memory");
	p->in = p->out = p->wake[0] = p->wake[1] = p->mem.share.fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	rv = make(p, c, why);
	if (rv == -1)
		qt_close(&p);
	*pp = p;
	return rv;
}

static struct gmem *
qt_map(struct plat *p)
{
	return &p->mem.gm;
}

static int
qt_share(struct plat *p, struct share *s, struct plat_why *why)
{
	(void)why;
	*s = p->mem.share;
	return 0;
}

/* -------------------------------------------------------------- answers */
/* With the lock held. */
static void
send_out(struct plat *p, const struct wbuf *w)
{
	struct pollfd pfd = { .fd = p->out, .events = POLLOUT };
	size_t done = 0;
	ssize_t n;

	while (done < w->len) {
		n = write(p->out, w->p + done, w->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == -1 && errno == EAGAIN)
			poll(&pfd, 1, -1);
		else if (n == -1 && errno == EINTR)
			continue;
		else
			break;		/* the end of input ends the run */
	}
}

enum form { AS_OK, AS_VALUE, AS_TEXT, AS_HEX, AS_B64, AS_FAIL };

/* One answer; len bytes of p->bytes for HEX and B64. */
static void
say(struct plat *p, enum form form, uint64_t v, const char *text)
{
	struct wbuf w;

	pthread_mutex_lock(&p->lock);
	wb_init(&w, p->answer, QTEST_MAXLINE);
	switch (form) {
	case AS_OK:
		qtest_ok(&w);
		break;
	case AS_VALUE:
		qtest_ok_value(&w, p->cmd.op, v);
		break;
	case AS_TEXT:
		qtest_ok_text(&w, text);
		break;
	case AS_HEX:
		qtest_ok_hex(&w, p->bytes, p->cmd.size);
		break;
	case AS_B64:
		qtest_ok_b64(&w, p->bytes, p->cmd.size);
		break;
	case AS_FAIL:
		qtest_fail(&w, text);
		break;
	}
	send_out(p, &w);
	pthread_mutex_unlock(&p->lock);
}

static void
qt_line(struct plat *p, unsigned irq, int level)
{
	struct wbuf w;

	pthread_mutex_lock(&p->lock);
	if (p->watch) {
		wb_init(&w, p->answer, QTEST_MAXLINE);
		qtest_irq(&w, irq, level);
		send_out(p, &w);
	}
	pthread_mutex_unlock(&p->lock);
}

/* ------------------------------------------------------------- commands */
static void
bulk(struct plat *p)
{
	struct qtest_cmd *c = &p->cmd;
	enum form form = AS_OK;
	int rv;

	switch (c->op) {
	case QTEST_READ:
	case QTEST_B64READ:
		form = c->op == QTEST_READ ? AS_HEX : AS_B64;
		rv = gm_copyin(&p->mem.gm, c->addr, p->bytes, c->size);
		break;
	case QTEST_MEMSET:
		memset(p->bytes, (int)c->value, c->size);
		rv = gm_copyout(&p->mem.gm, c->addr, p->bytes, c->size);
		break;
	default:
		qtest_bytes(c, p->bytes);
		rv = gm_copyout(&p->mem.gm, c->addr, p->bytes, c->size);
		break;
	}
	if (rv == -1)
		say(p, AS_FAIL, 0, "no memory at that address");
	else
		say(p, form, 0, NULL);
}

/* A load or a store: 1 when there is memory, else it is an exit. */
static int
in_memory(struct plat *p)
{
	struct qtest_cmd *c = &p->cmd;
	uint8_t b[8] = { 0 };

	if (c->op == QTEST_STORE) {
		le64_put(b, c->value);
		if (gm_copyout(&p->mem.gm, c->addr, b, c->width) == -1)
			return 0;
		say(p, AS_OK, 0, NULL);
		return 1;
	}
	if (gm_copyin(&p->mem.gm, c->addr, b, c->width) == -1)
		return 0;
	say(p, AS_VALUE, le64_get(b), NULL);
	return 1;
}

static void
exit_for(struct plat *p, struct vm_exit *e)
{
	const struct qtest_cmd *c = &p->cmd;

	e->where = c->addr;
	e->width = (uint8_t)c->width;
	e->data = c->value;
	e->write = c->op == QTEST_OUT || c->op == QTEST_STORE ||
	    c->op == QTEST_SET;
	if (c->op == QTEST_IN || c->op == QTEST_OUT)
		e->kind = VM_EXIT_IO;
	else if (c->op == QTEST_LOAD || c->op == QTEST_STORE)
		e->kind = VM_EXIT_MMIO;
	else
		e->kind = VM_EXIT_CLOCK;
	if (c->op == QTEST_NEXT)
		e->data = VM_CLOCK_NEXT;
}

/* Carries a command out, or makes it the exit: 1. */
static int
execute(struct plat *p, struct vm_exit *e)
{
	switch (p->cmd.op) {
	case QTEST_NONE:
		return 0;
	case QTEST_LOAD:
	case QTEST_STORE:
		if (in_memory(p))
			return 0;
		break;
	case QTEST_READ:
	case QTEST_WRITE:
	case QTEST_B64READ:
	case QTEST_B64WRITE:
	case QTEST_MEMSET:
		bulk(p);
		return 0;
	case QTEST_WATCH:
		pthread_mutex_lock(&p->lock);
		p->watch = 1;
		pthread_mutex_unlock(&p->lock);
		say(p, AS_OK, 0, NULL);
		return 0;
	case QTEST_ENDIAN:
		say(p, AS_TEXT, 0, "little");
		return 0;
	default:
		break;
	}
	exit_for(p, e);
	return 1;
}

/* The command whose exit was open gets its answer. */
static void
finish(struct plat *p, const struct vm_exit *e)
{
	uint64_t v = e->data;

	if (e->kind != VM_EXIT_IO && e->kind != VM_EXIT_MMIO &&
	    e->kind != VM_EXIT_CLOCK)
		return;
	if (e->kind != VM_EXIT_CLOCK && e->write) {
		say(p, AS_OK, 0, NULL);
		return;
	}
	if (e->kind != VM_EXIT_CLOCK && e->width < 8)
		v &= (1ULL << e->width * 8) - 1;
	say(p, AS_VALUE, v, NULL);
}

/* ---------------------------------------------------------------- input */
/* A whole line in the buffer, or NULL. */
static const char *
line(struct plat *p, size_t *len)
{
	const char *at = p->line + p->taken, *nl;

	nl = memchr(at, '\n', p->len - p->taken);
	if (nl == NULL) {
		if (!p->eof || p->len == p->taken)
			return NULL;
		nl = p->line + p->len;	/* the last one has no end */
		p->taken = p->len;
	} else
		p->taken = (size_t)(nl + 1 - p->line);
	*len = (size_t)(nl - at);
	return at;
}

/* Waits for bytes or a kick: 1, there may be bytes; 0, kicked. */
static int
wait_for(struct plat *p)
{
	struct pollfd pfd[2] = {
		{ .fd = p->in, .events = POLLIN },
		{ .fd = p->wake[0], .events = POLLIN },
	};
	char b[64];

	if (poll(pfd, 2, -1) == -1)
		return 0;
	if ((pfd[1].revents & POLLIN) == 0)
		return 1;
	while (read(p->wake[0], b, sizeof(b)) > 0)
		;
	return 0;
}

/* 0, or -1 when a line does not fit. */
static int
fill(struct plat *p)
{
	ssize_t n;

	memmove(p->line, p->line + p->taken, p->len - p->taken);
	p->len -= p->taken;
	p->taken = 0;
	if (p->len == QTEST_MAXLINE)
		return -1;
	n = read(p->in, p->line + p->len, QTEST_MAXLINE - p->len);
	if (n > 0)
		p->len += (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		p->eof = 1;
	return 0;
}

/* Lines that are there; 1 when one became an exit. */
static int
commands(struct plat *p, struct vm_exit *e)
{
	const char *l, *why;
	size_t len;

	while ((l = line(p, &len)) != NULL) {
		if (qtest_parse(l, len, &p->cmd, &why) == -1)
			say(p, AS_FAIL, 0, why);
		else if (execute(p, e))
			return 1;
	}
	return 0;
}

static void
qt_run(struct plat *p, struct plat_run *r)
{
	struct vm_exit *e = &r->exit;

	finish(p, e);
	memset(e, 0, sizeof(*e));
	r->ready = 0;
	r->inject = -1;
	while (!commands(p, e)) {
		if (p->eof) {
			e->kind = VM_EXIT_END;
			return;
		}
		if (!wait_for(p))
			return;
		if (fill(p) == -1) {
			snprintf(p->text, sizeof(p->text), "qtest: a line "
			    "of more than %d bytes", QTEST_MAXLINE);
			e->kind = VM_EXIT_ERROR;
			e->why = p->text;
			return;
		}
	}
}

static int
qt_setregs(struct plat *p, const struct vcpu_regs *r, struct plat_why *why)
{
	(void)why;
	p->regs = *r;
	return 0;
}

static int
qt_getregs(struct plat *p, struct vcpu_regs *r, struct plat_why *why)
{
	(void)why;
	*r = p->regs;
	return 0;
}

static void
qt_kick(struct plat *p)
{
	/* A pipe that is full has woken it already. */
	if (write(p->wake[1], "", 1) == -1)
		return;
}

const struct plat_ops plat_qtest = {
	.name = "qtest",
	.open = qt_open,
	.map = qt_map,
	.share = qt_share,
	.run = qt_run,
	.line = qt_line,
	.setregs = qt_setregs,
	.getregs = qt_getregs,
	.kick = qt_kick,
	.close = qt_close,
};
