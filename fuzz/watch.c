#include "watch.h"

#include <sys/time.h>

#include <err.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *volatile	 name = "none yet";
static volatile unsigned long	 runs, seen;
static volatile sig_atomic_t	 seconds;

static void
say(const char *s)
{
	if (write(STDERR_FILENO, s, strlen(s)) == -1)
		_exit(1);
}

/* Each second of processor time: is it still the same run? */
static void
tick(int sig)
{
	(void)sig;
	if (seen != runs) {
		seen = runs;
		seconds = 0;
		return;
	}
	if (++seconds < WATCH_SECONDS)
		return;
	say("oracle time: a run does not end: ");
	say(name);
	say("\n");
	_exit(1);
}

static void
tick_every(time_t s)
{
	struct itimerval every = { { s, 0 }, { s, 0 } };

	if (setitimer(ITIMER_VIRTUAL, &every, NULL) == -1)
		err(1, "setitimer");
}

void
watch_begin(void)
{
	struct sigaction sa = { .sa_handler = tick, .sa_flags = SA_RESTART };

	if (sigaction(SIGVTALRM, &sa, NULL) == -1)
		err(1, "sigaction");
	tick_every(1);
}

void
watch_end(void)
{
	tick_every(0);
}

void
watch_run(const char *who)
{
	name = who;
	runs++;
}
