/*
 * The command line as messages: a configuration by hand is the same as one
 * from the daemon, and goes the same way.
 */
#ifndef ARGS_H
#define ARGS_H

#include "cfg.h"

struct args {
	int		 channel;	/* -C; -1: the command line is all */
	const char	*console;	/* -c */
};

enum args_result { ARGS_OK, ARGS_HELP, ARGS_BAD };

/*
 * Opens what is named and takes the messages.  BAD leaves a line, after
 * which a hint at --help is fit when *usage is set.
 */
enum args_result args_take(struct args *, struct cfg *, int argc,
	    char **argv, struct cfg_why *, int *usage);

extern const char args_help[];

#endif
