/* What the commands of vmtrace share. */
#ifndef VMTRACE_H
#define VMTRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace.h"

enum {
	EXIT_OK,
	EXIT_BAD,			/* failure or difference */
	EXIT_USAGE
};

struct command {
	const char	*name;
	const char	*args;
	const char	*line;		/* for the list of commands */
	const char	*help;		/* options, a line each */
	int		(*run)(int argc, char **argv);
};

extern const struct command cmd_show, cmd_replay, cmd_seed, cmd_shrink,
    cmd_diff, cmd_stat, cmd_build, cmd_pcap;

/* Wrong use of a command: says how, gives EXIT_USAGE. */
int	usage(const struct command *);
/* Prints the help of a command. */
void	help(const struct command *);

/* "vmtrace: NAME: reason" on stderr; gives EXIT_BAD. */
int	complain(const char *name, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------------------ file.c */

#define FILE_MAX	(1UL << 30)	/* bytes of an input */

struct file {
	const char	*name;		/* as complaints call it */
	uint8_t		*p;
	size_t		 len;
};

/* Reads a whole file, "-" is stdin; -1 with a complaint. */
int	file_read(struct file *, const char *path);
void	file_free(struct file *);
/* Memory that is there, or the program ends with a complaint. */
void	*need(size_t);

/*
 * Writes a file under a temporary name in the same folder and renames it when
 * all is there; "-" is stdout.  -1 with a complaint, and nothing is left.
 */
int	file_write(const char *path, const void *, size_t);
/* Removes a temporary file when a signal ends the program. */
void	file_signals(void);

/* ------------------------------------------------------------ input.c */

enum input_kind {
	INPUT_RECORDING,		/* LOAD, ANSWER, EXPECT, MARK */
	INPUT_INPUT			/* for the simulator */
};

struct input {
	struct file		 file;
	struct trace_reader	 t;
	enum input_kind		 kind;
	char			 dev[TRACE_MAXNAME + 1];	/* or empty */
	int			 cut;		/* last record not whole */
	size_t			 state;		/* offset of a STATE, or 0 */
};

/*
 * Reads a trace and looks it over: strictly when it has a file header and
 * fold is 0, else as an input is read.  -1 with a complaint.
 */
int	input_open(struct input *, const char *path, int fold);
void	input_close(struct input *);

/* On stderr when it is a terminal and it takes more than two seconds. */
void	progress(const char *what, uint64_t done, uint64_t all);
void	progress_end(void);

/* Splits off the options; -1 when one is unknown. */
struct option_word {
	const char	*word;		/* "--json" */
	int		*flag;		/* set to 1, or NULL */
	const char	**value;	/* the next word, or NULL */
};
int	options(int *argc, char ***argv, const struct option_word *);

#endif
