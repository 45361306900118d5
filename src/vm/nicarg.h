/*
 * A network card on the command line: the argument of -N.
 *
 *	[tap][,local][,bridge=name][,lladdr=mac][,locked][,mtu=bytes]
 *	[,queues=pairs][,qsize=n][,offload]
 */
#ifndef NICARG_H
#define NICARG_H

#include "cfg.h"
#include "nic.h"

struct nicarg {
	struct nic_conf	 nic;		/* without the machine's part */
	char		 text[256];	/* what nic points into */
};

/* 0, or -1 with a line that names the property. */
int	nicarg_take(struct nicarg *, const char *, struct cfg_why *);

#endif
