/*
 * What a device process is told before it is one.
 *
 * The description comes over the sync channel in a fixed order (devmsg.h);
 * each message is checked on its own and for its place, so a wrong order or a
 * second answer to a question that was settled is refused.
 */
#ifndef SETUP_H
#define SETUP_H

#include "chan.h"
#include "devconf.h"
#include "devmsg.h"
#include "share.h"

struct setup_image {
	struct devmsg_image	 is;
	int			 fd;
};

struct setup {
	struct devmsg_hello	 hello;
	uint8_t			 conf[4096];
	size_t			 conflen;
	struct share		 memory;
	struct setup_image	 image[DEVMSG_MAXIMAGES];
	unsigned		 nimages;
	int			 tap;		/* -1: none */
	struct devmsg_record	 record;
	int			 recfd;		/* -1: none */
	int			 slate;		/* -1: none */
};

struct setup_why {
	char	text[240];
};

/*
 * Receives all of it; ms is the patience for each message.  0 or -1 with a
 * reason; descriptors that came stand in s either way.
 */
int	setup_receive(struct setup *, struct chan *, int ms,
	    struct setup_why *);
/* Closes the descriptors that are left in it. */
void	setup_close(struct setup *);

/* Formats a reason; always -1. */
int	setup_refuse(struct setup_why *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
