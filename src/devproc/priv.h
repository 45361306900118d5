/* What the files of devproc share; not for others. */
#ifndef PRIV_H
#define PRIV_H

#include "devproc.h"

#include <pthread.h>
#include <stdatomic.h>

#include "chan.h"
#include "devmsg.h"
#include "spin.h"

struct devproc {
	char			 vm[DEVMSG_MAXVM + 1];
	char			 name[48];	/* vioblk0 */
	char			 title[160];	/* vmd-device: vm/web/... */
	char			*recording;	/* path; NULL: none */
	struct devproc_ops	 ops;
	void			*arg;
	unsigned		 patience;
	struct spin		 spin;		/* for replies */
	uint64_t		 capacity;

	pthread_mutex_t		 lock;		/* of the sync channel */
	struct chan		 sync;
	struct slate		*slate;
	pthread_mutex_t		 asynclock;
	struct chan		 async;

	pthread_mutex_t		 linelock;
	struct devmsg_line	 line;
	_Atomic uint64_t	 peeked;	/* the slate's, last time */

	pthread_mutex_t		 life;		/* pid is valid until reaped */
	pid_t			 pid;
	int			 reaped;
	int			 status;
	_Atomic int		 gone;		/* no more calls */
	_Atomic int		 leaving;	/* SHUTDOWN was sent */
	int			 buried;	/* died() was called */
	char			 last[DEVMSG_MAXTEXT + 1];	/* words */
};

/* Formats "vm: device: text"; always -1. */
int	devproc_refuse(const struct devproc *, struct devproc_why *,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * Reaps the process: within ms if it ends by itself, else it is killed.  1
 * when it ended by itself.
 */
int	devproc_reap(struct devproc *, unsigned ms);
/* The end that nobody asked for: reaps it (at once if guilty), tells. */
void	devproc_bury(struct devproc *, int guilty);
/* How it ended, in words; after devproc_reap. */
void	devproc_how(const struct devproc *, char *buf, size_t len);

#endif
