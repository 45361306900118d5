/*
 * Hostile peers, both ways: a vm that says anything to a real vmd-device,
 * and a device process (this program, by another name) that says anything to
 * the vm.  Each ends the channel, nothing crashes, nothing hangs.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include "chan.h"
#include "devmsg.h"
#include "msg.h"
#include "prng.h"

#define RUNS	150

static struct prng rng;
static char self[256];
static struct slate *slate;
static int slatefd;

/* ------------------------------------------------------- a hostile vm */

static pid_t
start_device(int *sync, int *async)
{
	const char *program = getenv("RIG_DEVICE");
	int a[2], b[2], null;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		a[1] = fcntl(a[1], F_DUPFD, 20);
		b[1] = fcntl(b[1], F_DUPFD, 20);
		dup2(null, 2);
		dup2(a[1], 3);
		dup2(b[1], 4);
		closefrom(5);
		execl(program, "vmd-device: hostile", NULL);
		_exit(127);
	}
	close(a[1]);
	close(b[1]);
	*sync = a[0];
	*async = b[0];
	return pid;
}

/* A body that is right more often than not. */
static size_t
body(uint8_t *p, uint32_t type, const struct share *share)
{
	static const uint8_t types[] = {
		VIODEV_READ, VIODEV_WRITE, VIODEV_WRITE, VIODEV_KICK,
		VIODEV_PAUSE, VIODEV_UNPAUSE, VIODEV_RESET
	};
	struct devmsg_hello h = { "vioblk", "hostile", 1, 0 };
	struct devmsg_memory mem = { .n = share->n };
	struct devmsg_image im = { 0, 1, 0 };
	struct devmsg_record rec = { 1 << 20, 0, 3 };
	struct viodev_msg m = { .space = (uint16_t)prng_below(&rng, 4) };
	struct wbuf w;
	unsigned i;

	wb_init(&w, p, 256);
	for (i = 0; i < share->n; i++) {
		mem.range[i].gpa = share->range[i].gpa;
		mem.range[i].len = share->range[i].len;
		mem.range[i].off = share->range[i].off;
	}
	m.type = types[prng_below(&rng, sizeof(types))];
	if (prng_below(&rng, 500) == 0)
		m.type = (uint8_t)(1 + prng_below(&rng, VIODEV_NTYPES - 1));
	if (m.type == VIODEV_READ || m.type == VIODEV_WRITE)
		m.width = (uint8_t)(1U << prng_below(&rng, 3));
	else
		m.space = 0;
	m.where = (uint32_t)prng_below(&rng, 64);
	m.data = prng_next(&rng) >> prng_below(&rng, 64);
	switch (type) {
	case DEVMSG_HELLO:
		devmsg_put_hello(&w, &h);
		break;
	case DEVMSG_MEMORY:
		devmsg_put_memory(&w, &mem);
		break;
	case DEVMSG_IMAGE:
		devmsg_put_image(&w, &im);
		break;
	case DEVMSG_RECORD:
		devmsg_put_record(&w, &rec);
		break;
	case DEVMSG_VIODEV:
		msg_encode(&w, &m);
		break;
	default:
		break;
	}
	if (prng_below(&rng, 400) == 0 && w.len > 0)
		p[prng_below(&rng, w.len)] ^= (uint8_t)prng_next(&rng);
	if (prng_below(&rng, 400) == 0)
		w.len = prng_below(&rng, 200);
	return w.len;
}

/* Writes what must not be there. */
static void
scribble(struct slate *s)
{
	struct slate_pipe *p = prng_below(&rng, 2) ? &s->to_device :
	    &s->to_vm;
	uint32_t v = (uint32_t)prng_next(&rng) >> prng_below(&rng, 32);

	switch (prng_below(&rng, 7)) {
	case 0:
		p->put = v;
		break;
	case 1:
		p->got = v;
		break;
	case 2:
		p->asleep = v;
		break;
	case 3:
		p->full = v;
		break;
	case 4:
		p->data[prng_below(&rng, SLATE_PIPE)] = (uint8_t)v;
		break;
	case 5:
		s->line = (uint64_t)v << prng_below(&rng, 32);
		break;
	default:
		s->watched = v;
		break;
	}
}

static void
speak(struct chan *c, const struct share *share, int image, uint64_t wild)
{
	static const uint32_t order[] = {
		DEVMSG_HELLO, DEVMSG_CONF, DEVMSG_MEMORY, DEVMSG_IMAGE,
		DEVMSG_RECORD, DEVMSG_SLATE, DEVMSG_GO
	};
	unsigned pipes = prng_below(&rng, 3) != 0;
	uint8_t p[256] = { 0 };
	struct frame f;
	unsigned i, n = 7 + (unsigned)prng_below(&rng, 200);
	uint32_t type;
	int fd;

	for (i = 0; i < n; i++) {
		if (i == 5 && !pipes)
			continue;
		type = i < 7 ? order[i] : DEVMSG_VIODEV;
		if (prng_below(&rng, wild) == 0)
			type = (uint32_t)prng_below(&rng, DEVMSG_NTYPES + 2);
		fd = type == DEVMSG_MEMORY ? share->fd :
		    type == DEVMSG_IMAGE ? image :
		    type == DEVMSG_RECORD ? image :
		    type == DEVMSG_SLATE ? slatefd : -1;
		if (prng_below(&rng, wild * 4) == 0)
			fd = fd == -1 ? image : -1;
		if (chan_put(c, type, p, body(p, type, share), fd, 500) !=
		    CHAN_OK)
			return;
		/* READY, or the reason why not. */
		if (i == 6 && chan_get(c, &f, &fd, 5000, 0) == CHAN_OK &&
		    f.type == DEVMSG_READY && pipes)
			chan_share(c, &slate->to_vm, &slate->to_device);
		if (i > 6 && pipes && prng_below(&rng, wild) == 0)
			scribble(slate);
	}
}

/* Says that no more comes, and hears the device out. */
static void
hang_up(int fd)
{
	char b[4096];

	(void)shutdown(fd, SHUT_WR);
	while (read(fd, b, sizeof(b)) > 0)
		;
}

static void
test_hostile_vm(void **state)
{
	unsigned run, zero = 0;
	int sync, async, status, image;
	char name[] = "/tmp/rig.XXXXXX";
	struct chan c;
	struct rig rig;
	pid_t pid;

	(void)state;
	rig_open(&rig);
	image = mkstemp(name);
	unlink(name);
	assert_int_equal(ftruncate(image, 1 << 20), 0);
	slatefd = mem_object("slate", SLATE_SIZE);
	slate = slate_map(slatefd);
	assert_non_null(slate);
	for (run = 0; run < RUNS; run++) {
		prng_seed(&rng, run);
		memset(slate, 0, sizeof(*slate));
		pid = start_device(&sync, &async);
		assert_int_equal(chan_init(&c, sync, FRAME_MAX), 0);
		speak(&c, &rig.share, image, run % 3 == 0 ? 20 : 1000);
		hang_up(sync);
		chan_close(&c);
		close(async);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
			fail_msg("run %u: status %#x", run, (unsigned)status);
		zero += WEXITSTATUS(status) == 0;
	}
	/* Not all of them were refused at the door. */
	assert_true(zero > 0 && zero < RUNS);
	close(image);
	close(slatefd);
	slate_unmap(slate);
	rig_close(&rig);
}

/* Bytes that are no frames at all. */
static void
test_noise(void **state)
{
	uint8_t p[4096];
	unsigned run, i;
	int sync, async, status;
	pid_t pid;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (run = 0; run < 20; run++) {
		prng_seed(&rng, 1000 + run);
		for (i = 0; i < sizeof(p); i++)
			p[i] = (uint8_t)(prng_next(&rng) >> (run % 3 * 6));
		pid = start_device(&sync, &async);
		(void)!write(sync, p, 1 + prng_below(&rng, sizeof(p)));
		close(sync);
		close(async);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
}

/* What comes in one piece with the description is not forgotten. */
static void
test_hasty_vm(void **state)
{
	static const uint32_t order[] = {
		DEVMSG_HELLO, DEVMSG_CONF, DEVMSG_MEMORY, DEVMSG_GO,
		DEVMSG_SYNC
	};
	uint8_t p[256];
	int sync, async, status, fd;
	struct rig rig;
	struct chan c;
	struct frame f;
	struct wbuf w;
	unsigned i;
	size_t len;
	pid_t pid;

	(void)state;
	prng_seed(&rng, 4);
	rig_open(&rig);
	pid = start_device(&sync, &async);
	assert_int_equal(chan_init(&c, sync, FRAME_MAX), 0);
	for (i = 0; i < 5; i++) {
		len = body(p, order[i], &rig.share);
		if (order[i] == DEVMSG_HELLO) {
			wb_init(&w, p, sizeof(p));
			devmsg_put_hello(&w, &(struct devmsg_hello){
			    "viornd", "hasty", 0, 0 });
			len = w.len;
		}
		assert_int_equal(chan_put(&c, order[i], p, len,
		    order[i] == DEVMSG_MEMORY ? rig.share.fd : -1, 500),
		    CHAN_OK);
	}
	assert_int_equal(chan_get(&c, &f, &fd, 10000, 0), CHAN_OK);
	assert_int_equal(f.type, DEVMSG_READY);
	assert_int_equal(chan_get(&c, &f, &fd, 10000, 0), CHAN_OK);
	assert_int_equal(f.type, DEVMSG_REPLY);
	chan_close(&c);
	close(async);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	rig_close(&rig);
}

/* --------------------------------------------------- a hostile device */

/* What this program does when it is started as a device. */
static int
be_a_device(uint64_t seed)
{
	uint8_t p[64] = { 0 };
	struct chan sync, async, *c;
	struct frame f;
	uint32_t type;
	size_t len;
	unsigned i;
	int fd;

	prng_seed(&rng, seed);
	if (chan_init(&sync, 3, FRAME_MAX) == -1 ||
	    chan_init(&async, 4, FRAME_MAX) == -1)
		return 1;
	do {
		if (chan_get(&sync, &f, &fd, 5000, 0) != CHAN_OK)
			return 1;
		if (f.type == DEVMSG_SLATE)
			slate = slate_map(fd);
		if (fd != -1)
			close(fd);
	} while (f.type != DEVMSG_GO);
	if (slate == NULL)
		return 1;
	if (seed % 4 != 0)
		(void)chan_put(&sync, DEVMSG_READY, p, 8, -1, 1000);
	chan_share(&sync, &slate->to_device, &slate->to_vm);
	for (i = 0; i < 200; i++) {
		c = prng_below(&rng, 2) ? &sync : &async;
		type = (uint32_t)prng_below(&rng, 30);
		if (prng_below(&rng, 4) != 0)
			type = c == &sync ? DEVMSG_REPLY : DEVMSG_IRQ;
		len = type == DEVMSG_REPLY ? 13 : type == DEVMSG_IRQ ? 5 :
		    prng_below(&rng, 40);
		le32_put(p, i);
		p[4] = (uint8_t)prng_below(&rng, 2);
		p[12] = p[4];
		if (chan_put(c, type, p, len, prng_below(&rng, 50) ? -1 : 0,
		    100) != CHAN_OK)
			break;
		if (seed % 5 == 0 && prng_below(&rng, 20) == 0)
			scribble(slate);
	}
	/* What it spoiled may keep the vm waiting for as long as it lives. */
	if (seed % 3 == 0 && seed % 5 != 0)
		pause();
	return (int)(seed % 2);
}

static void
test_hostile_device(void **state)
{
	struct devproc_conf conf;
	struct devproc_why why;
	char name[16];
	struct rig rig;
	uint64_t v;
	unsigned run, i, ready = 0, dead = 0;

	(void)state;
	for (run = 0; run < 60; run++) {
		rig_open(&rig);
		rig_conf(&rig, &conf, "vioblk");
		conf.program = self;
		conf.patience = 3000;
		snprintf(name, sizeof(name), "seed%u", run);
		conf.vm = name;
		if (rig_start(&rig, &conf, &why) == 0) {
			ready++;
			for (i = 0; i < 50; i++)
				if (devproc_read(rig.dev, VIODEV_COMMON, 0, 4,
				    &v) == -1)
					break;
			/* One that says no more is ended like any other. */
			if (rig_dispatch(&rig) == 0)
				devproc_kill(rig.dev);
			for (i = 0; i < 1000 && rig_dispatch(&rig) == 0; i++)
				(void)poll(NULL, 0, 5);
			dead += rig.dead == 1;
			assert_int_equal(devproc_stop(&rig.dev, 0), -1);
		}
		rig_close(&rig);
	}
	assert_true(ready > 10);
	assert_int_equal(dead, ready);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_vm),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_hasty_vm),
		cmocka_unit_test(test_hostile_device),
	};
	const char *seed = strstr(argv[0], "vm/seed");

	if (argc == 1 && seed != NULL)
		_exit(be_a_device(strtoull(seed + 7, NULL, 10)));
	snprintf(self, sizeof(self), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
