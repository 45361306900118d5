/*
 * The vmdisk program: its commands and what they share.
 *
 * Exit codes: 0 all well, 1 it failed (one line on stderr says why), 2 the
 * check found corruption, 3 it found leaks only.
 */
#ifndef VMDISK_H
#define VMDISK_H

#include "image.h"

enum vmdisk_exit {
	EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_CORRUPT = 2, EXIT_LEAKS = 3
};

/* The commands: argv begins with the command's name. */
int	cmd_create(int argc, char **argv);
int	cmd_convert(int argc, char **argv);
int	cmd_info(int argc, char **argv);
int	cmd_check(int argc, char **argv);
int	cmd_map(int argc, char **argv);

/* main.c */
/* Prints "vmdisk: file: text" and returns -1, which means EXIT_FAILED. */
int	complain(const char *file, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Prints how a command is used; -1. */
int	usage(const char *text);
/* A signal that asks us to stop has come: its number, or 0. */
int	stopped(void);
int	stop_asked(void *);	/* the same, as a callback */
void	catch_signals(void);

/* image_open with a complaint. */
int	open_image(const char *file, const struct image_opts *,
	    struct disk **);

/* args.c */
/* "10G" and the like in bytes; -1 when it is no size. */
int	parse_size(const char *, uint64_t *);
/* A format's name; -1 when it is unknown. */
int	parse_format(const char *, enum disk_format *);
/* "key=value,..." into parameters of an image; complains by itself. */
int	parse_options(char *, struct qcow2_params *);
/* 1536 as "1.5K" and so on, into a buffer of 16 bytes. */
const char *human_size(uint64_t, char *);

/* progress.c */
struct progress {
	double	start, last;	/* seconds */
	int	shown, wanted;
};

void	progress_begin(struct progress *);
/* A bar on a terminal, after two seconds, five times a second. */
void	progress_show(struct progress *, uint64_t done, uint64_t all);
void	progress_end(struct progress *);

#endif
