/* Channels: what goes in comes out, and hostile peers end only themselves. */
#include "chan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "prng.h"

#define OUT	65536
#define BURST	20000U

static struct chan a, b;
static struct slate slate;

static int
setup(void **state)
{
	int sv[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		return -1;
	return chan_init(&a, sv[0], OUT) | chan_init(&b, sv[1], OUT);
}

/* The same two ends, over pipes. */
static int
setup_pipes(void **state)
{
	memset(&slate, 0, sizeof(slate));
	if (setup(state) != 0)
		return -1;
	chan_share(&a, &slate.to_vm, &slate.to_device);
	chan_share(&b, &slate.to_device, &slate.to_vm);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	chan_close(&a);
	chan_close(&b);
	return 0;
}

static unsigned
open_fds(void)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < 256; i++)
		n += fcntl(i, F_GETFD) != -1;
	return n;
}

static void
test_round_trip(void **state)
{
	struct frame f;
	int fd;

	(void)state;
	assert_int_equal(chan_next(&b, &f, &fd), CHAN_AGAIN);
	assert_int_equal(chan_fill(&b), CHAN_AGAIN);
	assert_int_equal(chan_send(&a, 7, "hello", 5, -1), CHAN_OK);
	assert_int_equal(chan_send(&a, 8, NULL, 0, -1), CHAN_OK);
	assert_false(chan_pending(&a));
	assert_int_equal(chan_get(&b, &f, &fd, 1000, 0), CHAN_OK);
	assert_int_equal(f.type, 7);
	assert_int_equal(f.len, 5);
	assert_memory_equal(f.data, "hello", 5);
	assert_int_equal(fd, -1);
	assert_int_equal(chan_next(&b, &f, &fd), CHAN_OK);
	assert_int_equal(f.type, 8);
	assert_int_equal(f.len, 0);
	assert_int_equal(chan_get(&b, &f, &fd, 1, 100000), CHAN_AGAIN);
}

/* Fills the socket and the queue, then everything comes in order. */
static void
test_backpressure(void **state)
{
	static uint8_t data[3000];
	unsigned sent = 0, got = 0;
	struct frame f;
	int fd;

	(void)state;
	while (chan_send(&a, sent, data, sizeof(data), -1) == CHAN_OK)
		sent++;
	assert_true(chan_pending(&a));
	assert_true(a.end - a.start <= OUT);
	assert_int_equal(chan_wait(&a, 1, 0), CHAN_AGAIN);
	assert_int_equal(chan_put(&a, sent, data, sizeof(data), -1,
	    1), CHAN_AGAIN);
	while (got < sent) {
		while (chan_next(&b, &f, &fd) == CHAN_OK) {
			assert_int_equal(f.type, got++);
			assert_int_equal(f.len, sizeof(data));
		}
		(void)chan_flush(&a);
		(void)chan_fill(&b);
	}
	assert_false(chan_pending(&a));
	assert_true(sent > (a.pout != NULL ? 20 : 40));
}

static ino_t
inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* Descriptors stay with their frames, between frames that have none. */
static void
test_descriptors(void **state)
{
	unsigned before = open_fds(), i;
	int p[4], fd;
	struct frame f;

	(void)state;
	for (i = 0; i < 4; i++) {
		p[i] = memfd_create("chan", MFD_CLOEXEC);
		assert_true(p[i] != -1);
		assert_int_equal(chan_send(&a, 100, "x", 1, -1), CHAN_OK);
		assert_int_equal(chan_send(&a, i, "y", 1, p[i]), CHAN_OK);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(chan_get(&b, &f, &fd, 100, 0), CHAN_OK);
		assert_int_equal(f.type, 100);
		assert_int_equal(fd, -1);
		assert_int_equal(chan_get(&b, &f, &fd, 100, 0), CHAN_OK);
		assert_int_equal(f.type, i);
		assert_true(fd != -1 && fd != p[i]);
		assert_int_equal(inode(fd), inode(p[i]));
		assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
		close(fd);
		close(p[i]);
	}
	assert_int_equal(open_fds(), before);
}

/* Frames with descriptors wait in the queue, too, and chan_close drops them. */
static void
test_descriptors_queued(void **state)
{
	static uint8_t data[4000];
	unsigned before = open_fds();
	struct frame f;
	int fd;

	(void)state;
	while (!chan_pending(&a))
		assert_int_equal(chan_send(&a, 1, data, sizeof(data), -1),
		    CHAN_OK);
	while (a.noutfd < CHAN_MAXFDS)
		assert_int_equal(chan_send(&a, 2, data, 8, 0), CHAN_OK);
	assert_int_equal(chan_send(&a, 2, data, 8, 0), CHAN_AGAIN);
	assert_int_equal(open_fds(), before + CHAN_MAXFDS);
	do {
		(void)chan_flush(&a);
		assert_int_equal(chan_get(&b, &f, &fd, 100, 0), CHAN_OK);
	} while (f.type == 1);
	assert_true(fd != -1);
	close(fd);
	while (chan_flush(&a) == CHAN_AGAIN)
		(void)chan_fill(&b);
	assert_int_equal(chan_get(&b, &f, &fd, 100, 0), CHAN_OK);
	assert_true(fd != -1);
	close(fd);
	(void)teardown(NULL);
	assert_int_equal(open_fds(), before - 2);
}

static enum chan_result
put_all(void)
{
	static uint8_t data[4000];
	enum chan_result r;

	do
		r = chan_put(&b, 1, data, sizeof(data), -1, -1);
	while (r == CHAN_OK);
	return r;
}

static void
test_peer_gone(void **state)
{
	struct frame f;
	int fd;

	(void)state;
	assert_int_equal(chan_send(&a, 1, "last", 4, -1), CHAN_OK);
	chan_close(&a);
	assert_int_equal(chan_send(&a, 1, "x", 1, -1), CHAN_CLOSED);
	assert_int_equal(chan_get(&b, &f, &fd, 100, 0), CHAN_OK);
	assert_int_equal(f.len, 4);
	assert_int_equal(chan_get(&b, &f, &fd, -1, 0), CHAN_CLOSED);
	/* A pipe takes what fits; who waits for more learns it. */
	if (b.pout != NULL)
		assert_int_equal(put_all(), CHAN_CLOSED);
	else
		assert_int_equal(chan_send(&b, 1, "x", 1, -1), CHAN_CLOSED);
}

static void
raw_send(const void *p, size_t len, int nfds)
{
	union {
		struct cmsghdr	h;
		char		buf[CMSG_SPACE(sizeof(int) * 16)];
	} room;
	struct iovec iov = { (void *)(uintptr_t)p, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	int i, in = 0;

	memset(&room, 0, sizeof(room));
	if (nfds > 0) {
		mh.msg_control = room.buf;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfds);
		room.h.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfds);
		room.h.cmsg_level = SOL_SOCKET;
		room.h.cmsg_type = SCM_RIGHTS;
		for (i = 0; i < nfds; i++)
			memcpy(CMSG_DATA(&room.h) + sizeof(int) * (size_t)i,
			    &in, sizeof(in));
	}
	assert_int_equal(sendmsg(a.fd, &mh, MSG_NOSIGNAL), len);
}

static void
expect_bad(const char *why)
{
	struct frame f;
	int fd;

	assert_int_equal(chan_get(&b, &f, &fd, 100, 0), CHAN_BAD);
	assert_string_equal(b.why, why);
	assert_int_equal(chan_fill(&b), CHAN_BAD);
	assert_int_equal(chan_next(&b, &f, &fd), CHAN_BAD);
}

static void
test_hostile_frames(void **state)
{
	uint8_t h[FRAME_HEADER] = { 0 };

	(void)state;
	le32_put(h + 4, FRAME_MAX + 1);
	raw_send(h, sizeof(h), 0);
	expect_bad("frame longer than the limit");
	teardown(NULL);
	setup(NULL);
	le32_put(h + 4, FRAME_HEADER | FRAME_FDMARK);
	raw_send(h, sizeof(h), 0);
	expect_bad("frame without its descriptor");
}

static void
test_hostile_descriptors(void **state)
{
	uint8_t h[FRAME_HEADER] = { 0 };
	unsigned before = open_fds();

	(void)state;
	le32_put(h + 4, FRAME_HEADER);
	raw_send(h, 1, 8);
	expect_bad("descriptors that could not be taken");
	(void)teardown(NULL);
	assert_int_equal(open_fds(), before - 2);
	setup(NULL);
	raw_send(h, 1, 3);
	raw_send(h + 1, 1, 3);
	raw_send(h + 2, 1, 3);
	expect_bad("more descriptors than frames");
	(void)teardown(NULL);
	assert_int_equal(open_fds(), before - 2);
}

/* Where none are taken, descriptors that come do not stay. */
static void
test_no_passing(void **state)
{
	unsigned before = open_fds();
	struct frame f;
	int fd;

	(void)state;
	chan_no_passing(&b);
	assert_int_equal(chan_send(&a, 5, "x", 1, 0), CHAN_OK);
	assert_int_equal(chan_get(&b, &f, &fd, 100, 0), CHAN_BAD);
	assert_int_equal(open_fds(), before);
}

/* A peer whose counts make no sense, whichever of them it spoils. */
static void
test_hostile_counts(void **state)
{
	uint32_t n;
	unsigned i;

	for (i = 0; i < 4; i++) {
		n = i < 2 ? SLATE_PIPE + 1 : UINT32_MAX / 2;
		if (i % 2 == 0)
			slate.to_device.put = n;
		else
			slate.to_device.got = 0 - n;
		expect_bad("the pipe's counts are wrong");
		assert_int_equal(chan_send(&a, 1, "x", 1, -1), CHAN_BAD);
		assert_string_equal(a.why, b.why);
		assert_int_equal(chan_glance(&b), CHAN_BAD);
		(void)teardown(state);
		assert_int_equal(setup_pipes(state), 0);
	}
}

/* Nor are frames in a pipe, or bytes in its socket, believed. */
static void
test_hostile_pipe(void **state)
{
	uint8_t h[FRAME_HEADER] = { 0 };
	struct frame f;
	int fd;

	raw_send("wake up", 7, 0);
	assert_int_equal(chan_fill(&b), CHAN_AGAIN);
	raw_send("wake up", 7, 3);
	assert_int_equal(chan_get(&b, &f, &fd, 20, 0), CHAN_AGAIN);
	le32_put(h + 4, FRAME_MAX + 1);
	assert_int_equal(slate_put(&slate.to_device, h, sizeof(h)),
	    sizeof(h));
	expect_bad("frame longer than the limit");
	(void)teardown(state);
	assert_int_equal(setup_pipes(state), 0);
	le32_put(h + 4, FRAME_HEADER | FRAME_FDMARK);
	assert_int_equal(slate_put(&slate.to_device, h, sizeof(h)),
	    sizeof(h));
	expect_bad("frame without its descriptor");
}

/* As many system calls as sleepers: none while the other asks. */
static void
test_glance(void **state)
{
	struct frame f;
	int fd;

	(void)state;
	assert_int_equal(chan_glance(&b), CHAN_AGAIN);
	assert_int_equal(chan_send(&a, 1, "x", 1, -1), CHAN_OK);
	assert_int_equal(chan_wait(&b, 0, 0), CHAN_AGAIN);
	assert_int_equal(chan_glance(&b), CHAN_OK);
	assert_int_equal(chan_next(&b, &f, &fd), CHAN_OK);
	/* Nothing came: from here on it wants to be woken, once. */
	assert_int_equal(chan_fill(&b), CHAN_AGAIN);
	assert_int_equal(chan_send(&a, 2, "x", 1, -1), CHAN_OK);
	assert_int_equal(chan_send(&a, 3, "x", 1, -1), CHAN_OK);
	assert_int_equal(chan_wait(&b, 0, 0), CHAN_OK);
	assert_int_equal(chan_fill(&b), CHAN_OK);
	assert_int_equal(chan_next(&b, &f, &fd), CHAN_OK);
	assert_int_equal(f.type, 2);
	assert_int_equal(chan_next(&b, &f, &fd), CHAN_OK);
	assert_int_equal(f.type, 3);
	assert_int_equal(chan_fill(&b), CHAN_AGAIN);
	assert_int_equal(chan_wait(&b, 0, 0), CHAN_AGAIN);
}

ssize_t	__real_recv(int, void *, size_t, int);
ssize_t	__wrap_recv(int, void *, size_t, int);

static void (*before_recv)(void);

ssize_t
__wrap_recv(int fd, void *p, size_t len, int flags)
{
	void (*f)(void) = before_recv;

	before_recv = NULL;
	if (f != NULL)
		f();
	return __real_recv(fd, p, len, flags);
}

/* The second half of a send, by a thread that had to wait for it. */
static void
late_wake(void)
{
	assert_true(slate_wished(&slate.to_device.asleep));
	raw_send("", 1, 0);
}

/*
 * A wake-up for what was taken at a glance comes behind the next wish: it
 * grants that wish, and who then sleeps must have another one.
 */
static void
test_late_wake(void **state)
{
	struct frame f;
	int fd;

	(void)state;
	assert_int_equal(chan_send(&a, 1, "x", 1, -1), CHAN_OK);
	assert_int_equal(chan_glance(&b), CHAN_OK);
	assert_int_equal(chan_next(&b, &f, &fd), CHAN_OK);
	before_recv = late_wake;
	assert_int_equal(chan_fill(&b), CHAN_AGAIN);
	assert_null(before_recv);
	assert_int_equal(chan_send(&a, 2, "x", 1, -1), CHAN_OK);
	assert_int_equal(chan_wait(&b, 0, 0), CHAN_OK);
	assert_int_equal(chan_fill(&b), CHAN_OK);
}

/* Who has been given all that it can hold still learns the peer's end. */
static void
test_end_unread(void **state)
{
	static uint8_t data[SLATE_PIPE];
	unsigned i;

	(void)state;
	(void)alarm(20);
	for (i = 0; i < 4; i++) {
		(void)slate_put(&slate.to_device, data, sizeof(data));
		assert_int_equal(chan_fill(&b), CHAN_OK);
	}
	assert_int_equal(slate_put(&slate.to_device, data, 1), 0);
	chan_close(&a);
	for (i = 0; i < 4; i++)
		(void)chan_send(&b, 1, data, 8000, -1);
	assert_int_equal(chan_drain(&b, 500), CHAN_CLOSED);
	(void)alarm(0);
}

static void *
burst(void *arg)
{
	static uint8_t data[3000];
	struct prng r = { 2 };
	unsigned i, n;

	(void)arg;
	for (i = 0; i < BURST; i++) {
		if (chan_put(&a, i, data, prng_below(&r, sizeof(data)), -1,
		    -1) != CHAN_OK)
			break;
		for (n = (unsigned)prng_below(&r, 3000); n > 0; n--)
			atomic_signal_fence(memory_order_seq_cst);
	}
	return NULL;
}

/* An event loop's way: it sleeps when there is nothing, and is woken. */
static void
test_wake(void **state)
{
	struct pollfd p = { .fd = b.fd, .events = POLLIN };
	enum chan_result r;
	struct frame f;
	unsigned got = 0;
	pthread_t t;
	int fd;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, burst, NULL), 0);
	while (got < BURST) {
		r = got % 7 == 0 ? chan_glance(&b) : CHAN_AGAIN;
		if (r == CHAN_AGAIN)
			r = chan_fill(&b);
		if (r == CHAN_AGAIN) {
			assert_int_equal(poll(&p, 1, 20000), 1);
			continue;
		}
		assert_int_equal(r, CHAN_OK);
		while (chan_next(&b, &f, &fd) == CHAN_OK)
			assert_int_equal(f.type, got++);
	}
	pthread_join(t, NULL);
}

static void *
echo(void *arg)
{
	struct frame f;
	int fd;

	(void)arg;
	while (chan_get(&b, &f, &fd, -1, 20000) == CHAN_OK)
		if (chan_put(&b, f.type + 1, f.data, f.len, fd, -1) != CHAN_OK)
			break;
	return NULL;
}

/* Frames of any length, in pieces of any length, both ways at once. */
static void
test_random(void **state)
{
	static uint8_t data[FRAME_MAX];
	struct prng r = { 1 };
	struct frame f;
	pthread_t t;
	unsigned i;
	size_t len;
	int fd;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, echo, NULL), 0);
	for (i = 0; i < 3000; i++) {
		len = prng_below(&r, i % 3 == 0 ? FRAME_MAX -
		    FRAME_HEADER + 1 : 64);
		memset(data, (int)i, len);
		assert_int_equal(chan_put(&a, i, data, len, -1, -1), CHAN_OK);
		assert_int_equal(chan_get(&a, &f, &fd, -1,
		    (unsigned)prng_below(&r, 50000)), CHAN_OK);
		assert_int_equal(f.type, i + 1);
		assert_int_equal(f.len, len);
		assert_memory_equal(f.data, data, len);
	}
	assert_int_equal(shutdown(a.fd, SHUT_RDWR), 0);
	pthread_join(t, NULL);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
#define P(f)	cmocka_unit_test_setup_teardown(f, setup_pipes, teardown)
	const struct CMUnitTest tests[] = {
		T(test_round_trip), T(test_backpressure),
		T(test_descriptors), T(test_descriptors_queued),
		T(test_peer_gone), T(test_hostile_frames),
		T(test_hostile_descriptors), T(test_no_passing),
		T(test_random), T(test_wake),
		P(test_round_trip), P(test_backpressure), P(test_peer_gone),
		P(test_hostile_counts), P(test_hostile_pipe), P(test_glance),
		P(test_late_wake), P(test_end_unread),
		P(test_random), P(test_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
