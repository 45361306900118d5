/*
 * vmd-device: one device of one VM.  Started by vmd-vm, with the sync channel
 * as descriptor 3 and the async channel as 4, and nothing else to say on the
 * command line.
 */
#include "child.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox.h"
#include "vionet.h"

#define FD_SYNC		3
#define FD_ASYNC	4
#define PATIENCE	30000		/* ms for each piece of description */
#define RECBUF		(64U << 10)
#define KEEPMAX		(1U << 20)	/* of a payload in a recording */
#define STATEMAX	(64U << 10)

static const struct dev_ops *
choose(struct child *c, const struct setup *s, struct setup_why *why)
{
	const struct dev_ops *k = child_kind(s->hello.kind);

	snprintf(c->name, sizeof(c->name), "vm/%s/%s%u", s->hello.vm,
	    s->hello.kind, s->hello.index);
	c->verbose = s->hello.verbose;
	if (k == NULL)
		setup_refuse(why, "no device of this kind");
	return k;
}

/* A tap that has nothing, or no room, must not hold anybody up. */
static int
take_tap(struct child *c, struct setup *s)
{
	int fl;

	c->tap = s->tap;
	s->tap = -1;
	if (c->tap == -1)
		return 0;
	fl = fcntl(c->tap, F_GETFL);
	return fl == -1 ? -1 : fcntl(c->tap, F_SETFL, fl | O_NONBLOCK);
}

static int
take_slate(struct child *c, struct setup *s)
{
	if (s->slate == -1)
		return 0;
	c->slate = slate_map(s->slate);
	close(s->slate);
	s->slate = -1;
	return c->slate == NULL ? -1 : 0;
}

/* What needs a system call that the sandbox forbids. */
static int
before_sandbox(struct child *c, struct setup *s, const struct dev_ops *k,
    struct setup_why *why)
{
	struct devconf conf = { s->conf, s->conflen };
	const char *reason;
	unsigned pairs;

	if (take_tap(c, s) == -1)
		return setup_refuse(why, "the tap is no good");
	if (take_slate(c, s) == -1)
		return setup_refuse(why, "the slate is no good");
	if (share_map(&s->memory, &c->gm, &reason) == -1)
		return setup_refuse(why, "%s", reason);
	if (child_take_images(c, s, why) == -1)
		return -1;
	c->spin.max = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN_LONG : 0;
	/* A recording has one order, so one thread makes it. */
	pairs = (unsigned)devconf_int(&conf, DEVCONF_NQUEUES, 1);
	if (k == &vionet_dev && s->recfd == -1 &&
	    lanes_prepare(c, 2 * pairs) == -1)
		return setup_refuse(why, "no memory for threads");
	c->ev = ev_new();
	if (c->ev == NULL || child_loop_init(c) == -1)
		return setup_refuse(why, "no event loop");
	return 0;
}

static int
enter_sandbox(struct child *c, struct setup_why *why)
{
	enum sandbox_role role = c->lanes != NULL ? SANDBOX_DEVICE_THREADS :
	    SANDBOX_DEVICE;
	char line[160];

	child_log(c, HLOG_INFO, "%s", sandbox_describe(role, line,
	    sizeof(line)));
	if (sandbox_enter(role, line, sizeof(line)) == -1)
		return setup_refuse(why, "sandbox: %s", line);
	return 0;
}

static int
start_recording(struct child *c, struct setup *s, const struct dev_ops *k)
{
	struct rec *r = &c->rec;
	uint64_t keep = s->record.keep < KEEPMAX ? s->record.keep : KEEPMAX;

	r->sink = record_sink;
	r->sinkarg = &c->recfile;
	r->keep = (size_t)keep;
	r->room = s->record.room;
	r->marks = s->record.marks;
	r->times = c->tap != -1;
	r->bufcap = RECBUF + 2 * (size_t)keep;
	r->buf = malloc(r->bufcap);
	r->state = malloc(STATEMAX);
	r->statecap = STATEMAX;
	if (r->buf == NULL || r->state == NULL)
		return -1;
	record_open(&c->recfile, s->recfd);
	s->recfd = -1;
	rec_start(r, k->name, &c->conf, &c->gm, &c->host);
	c->recording = 1;
	c->host = rec_host(r);
	return 0;
}

static int
attach(struct child *c, struct setup *s, const struct dev_ops *k,
    struct setup_why *why)
{
	size_t n = k->size + k->scratch;

	if (child_open_disks(c, s, why) == -1)
		return -1;
	c->host.ops = &child_host_ops;
	c->host.arg = c;
	c->mem = calloc(1, n);
	if (c->mem == NULL)
		return setup_refuse(why, "out of memory");
	if (s->recfd != -1 && start_recording(c, s, k) == -1)
		return setup_refuse(why, "no memory for a recording");
	c->dev = dev_attach(k, c->mem, &c->host, &c->gm, &c->conf);
	if (c->dev == NULL)
		return setup_refuse(why, "attach values that the device "
		    "refuses");
	if (c->lanes != NULL && lanes_start(c) == -1)
		return setup_refuse(why, "no threads");
	return 0;
}

static int
say_ready(struct child *c, struct setup_why *why)
{
	uint8_t b[8];

	le64_put(b, c->ndisks > 0 ? c->disk[0]->size : 0);
	if (chan_put(&c->sync, DEVMSG_READY, b, 8, -1, PATIENCE) != CHAN_OK ||
	    chan_put(&c->async, DEVMSG_READY, b, 8, -1, PATIENCE) != CHAN_OK)
		return setup_refuse(why, "the vm process is gone");
	if (c->slate != NULL)
		chan_share(&c->sync, &c->slate->to_device, &c->slate->to_vm);
	return 0;
}

/* Everything up to READY. */
static int
start(struct child *c, struct setup_why *why)
{
	const struct dev_ops *k;
	struct setup *s = calloc(1, sizeof(*s));
	int rv = -1;

	if (s == NULL)
		return setup_refuse(why, "out of memory");
	if (setup_receive(s, &c->sync, PATIENCE, why) == 0 &&
	    (k = choose(c, s, why)) != NULL &&
	    before_sandbox(c, s, k, why) == 0) {
		close(s->memory.fd);
		s->memory.fd = -1;
		chan_no_passing(&c->sync);
		chan_no_passing(&c->async);
		if (enter_sandbox(c, why) == 0 &&
		    attach(c, s, k, why) == 0)
			rv = say_ready(c, why);
	}
	setup_close(s);
	free(s);
	return rv;
}

/* Writes back and ends the recording as a whole one. */
static void
finish(struct child *c)
{
	if (c->lanes != NULL && c->dev != NULL)
		lanes_stop(c);
	child_close_disks(c);
	if (!c->recording)
		return;
	rec_stop(&c->rec, &c->gm);
	record_close(&c->recfile);
}

int
child_main(int sync, int async)
{
	struct child *c = calloc(1, sizeof(*c));
	struct setup_why why = { "" };
	int status = 1;

	if (c == NULL)
		return 1;
	snprintf(c->name, sizeof(c->name), "vmd-device");
	c->tap = c->recfile.fd = -1;
	pthread_mutex_init(&c->lock, NULL);
	if (chan_init(&c->sync, sync, FRAME_MAX) == -1 ||
	    chan_init(&c->async, async, FRAME_MAX) == -1)
		return 1;
	if (start(c, &why) == 0) {
		child_log(c, HLOG_INFO, "ready");
		status = child_loop(c);
	} else {
		(void)chan_put(&c->sync, DEVMSG_ERROR, why.text,
		    strlen(why.text), -1, 1000);
		child_log(c, HLOG_INFO, "%s", why.text);
	}
	finish(c);
	return status;
}

static int
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

int
main(int argc, char **argv)
{
	(void)argv;
	if (argc != 1 || !is_socket(FD_SYNC) || !is_socket(FD_ASYNC)) {
		fprintf(stderr, "vmd-device: this is started by vmd-vm, one "
		    "for each device of a virtual machine\n");
		return 2;
	}
	/* The vm decides when a device ends, not the terminal. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	closefrom(FD_ASYNC + 1);
	/* What is left is the system's to free. */
	fflush(NULL);
	_exit(child_main(FD_SYNC, FD_ASYNC));
}
