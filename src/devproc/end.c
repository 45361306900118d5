/* How a device process ends. */
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "priv.h"

#define GRACE	500			/* ms to die after the channel closed */

/* 1 when it is reaped. */
static int
try_reap(struct devproc *p, int flags)
{
	pid_t pid;

	pthread_mutex_lock(&p->life);
	if (!p->reaped) {
		do
			pid = waitpid(p->pid, &p->status, flags);
		while (pid == -1 && errno == EINTR);
		/* An error means that somebody else took it. */
		if (pid == -1)
			p->status = 0;
		p->reaped = pid != 0;
	}
	pthread_mutex_unlock(&p->life);
	return p->reaped;
}

int
devproc_reap(struct devproc *p, unsigned ms)
{
	struct timespec ts = { 0, 200000 };
	uint64_t us;

	for (us = 0; !try_reap(p, WNOHANG); us += 200) {
		if (us >= (uint64_t)ms * 1000) {
			devproc_kill(p);
			(void)try_reap(p, 0);
			return 0;
		}
		(void)nanosleep(&ts, NULL);
	}
	return 1;
}

void
devproc_how(const struct devproc *p, char *buf, size_t len)
{
	int n;

	if (WIFSIGNALED(p->status))
		n = snprintf(buf, len, "process %ld was killed by signal %d "
		    "(%s)", (long)p->pid, WTERMSIG(p->status),
		    strsignal(WTERMSIG(p->status)));
	else
		n = snprintf(buf, len, "process %ld ended with exit code %d",
		    (long)p->pid, WEXITSTATUS(p->status));
	if (p->last[0] != '\0' && n > 0 && (size_t)n < len)
		snprintf(buf + n, len - (size_t)n, ": %s", p->last);
}

void
devproc_bury(struct devproc *p, int guilty)
{
	struct devproc_why why;
	char how[400];

	p->gone = 1;
	p->buried = 1;
	(void)devproc_reap(p, guilty ? 0 : GRACE);
	if (p->leaving)
		return;
	devproc_how(p, how, sizeof(how));
	devproc_refuse(p, &why, "%s%s%s", how, p->recording != NULL ?
	    "; its recording is " : "", p->recording != NULL ?
	    p->recording : "");
	p->ops.died(p->arg, why.text);
}

int
devproc_stop(struct devproc **pp, unsigned ms)
{
	struct devproc *p = *pp;
	int clean;

	if (p == NULL)
		return 0;
	if (!p->leaving)
		ms = 0;
	clean = devproc_reap(p, ms) && p->leaving &&
	    WIFEXITED(p->status) && WEXITSTATUS(p->status) == 0;
	chan_close(&p->sync);
	chan_close(&p->async);
	slate_unmap(p->slate);
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->asynclock);
	pthread_mutex_destroy(&p->linelock);
	pthread_mutex_destroy(&p->life);
	free(p->recording);
	free(p);
	*pp = NULL;
	return clean ? 0 : -1;
}
