/* The loop: what is ready is called, in time, and may free itself. */
#include "ev.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <sys/socket.h>

#include <cmocka.h>
#include <pthread.h>

static struct ev *ev;
static unsigned calls, seen;

static int
setup(void **state)
{
	(void)state;
	calls = seen = 0;
	ev = ev_new();
	return ev == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	ev_free(&ev);
	return 0;
}

static void
count(void *arg)
{
	calls++;
	if (arg != NULL)
		ev_stop(arg);
}

static void
note(void *arg, unsigned what)
{
	(void)arg;
	calls++;
	seen |= what;
}

static void
free_self(void *arg, unsigned what)
{
	(void)what;
	calls++;
	ev_io_free(arg);
}

static void
test_io(void **state)
{
	struct ev_io *io;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	io = ev_io_new(ev, sv[0], note, NULL);
	assert_int_equal(ev_io_want(io, EVF_READ), 0);
	assert_int_equal(ev_step(ev, 0), 0);
	assert_int_equal(calls, 0);
	assert_int_equal(write(sv[1], "x", 1), 1);
	ev_step(ev, 1);
	ev_step(ev, 1);
	assert_int_equal(calls, 2);
	assert_int_equal(seen, EVF_READ);
	assert_int_equal(ev_io_want(io, EVF_READ | EVF_WRITE), 0);
	ev_step(ev, 1);
	assert_int_equal(seen, EVF_READ | EVF_WRITE);
	calls = 0;
	assert_int_equal(ev_io_want(io, 0), 0);
	ev_step(ev, 0);
	assert_int_equal(calls, 0);
	ev_io_free(&io);
	assert_null(io);
	close(sv[0]);
	close(sv[1]);
}

static void
test_free_in_callback(void **state)
{
	struct ev_io *io;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	io = ev_io_new(ev, sv[0], free_self, &io);
	ev_io_want(io, EVF_WRITE);
	ev_step(ev, 1);
	assert_int_equal(calls, 1);
	assert_null(io);
	assert_int_equal(ev_run(ev), 0);
	close(sv[0]);
	close(sv[1]);
}

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
test_timer(void **state)
{
	struct ev_timer *t = ev_timer_new(ev, count, NULL);
	uint64_t start = now();

	(void)state;
	ev_timer_set(t, 3600000000000ULL);
	ev_timer_set(t, 5000000);
	assert_int_equal(ev_run(ev), 0);
	assert_int_equal(calls, 1);
	assert_true(now() - start >= 4000000);
	ev_timer_set(t, 1000000);
	ev_timer_clear(t);
	assert_int_equal(ev_run(ev), 0);
	assert_int_equal(calls, 1);
	ev_timer_free(&t);
}

static void
test_signal(void **state)
{
	struct ev_signal *s = ev_signal_new(ev, SIGUSR1, count, ev);

	(void)state;
	raise(SIGUSR1);
	assert_int_equal(ev_run(ev), 0);
	assert_int_equal(calls, 1);
	ev_signal_free(&s);
}

static void *
knock(void *arg)
{
	unsigned i;

	for (i = 0; i < 100000; i++)
		ev_wake_up(arg);
	return NULL;
}

/* Knocks beyond what a pipe holds neither block nor get lost altogether. */
static void
test_wake(void **state)
{
	struct ev_wake *w = ev_wake_new(ev, count, ev);
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, knock, w), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(ev_run(ev), 0);
	assert_int_equal(calls, 1);
	while (calls < 1000 && (calls = 0, ev_step(ev, 0), calls != 0))
		;
	ev_wake_up(w);
	calls = 0;
	ev_run(ev);
	assert_int_equal(calls, 1);
	ev_wake_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_io, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_in_callback, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_timer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wake, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
