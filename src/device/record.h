/*
 * Where a recording goes: a file, mapped piece by piece.
 *
 * What was handed in stands in the file when the call returns, without a
 * system call for most, and stays there when the process is killed.  Each
 * call's bytes appear at once: their first word is written last, and room
 * that was set aside and not used reads as zeros, which end a trace
 * (trace.h).  Room is taken by writing zeros ahead, so a full file system is
 * an error of a call and no signal.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_PIECE	(256U << 10)	/* mapped at a time */

struct record_file {
	int		 fd;
	uint64_t	 len;		/* bytes handed in */
	uint64_t	 room;		/* of the file, zeros at its end */
	uint64_t	 base;		/* where the piece lies in the file */
	uint8_t		*piece;		/* NULL: none yet */
};

/* Takes over a descriptor of an empty file, open for reading and writing. */
void	record_open(struct record_file *, int fd);
/* A sink for struct rec: 0, or -1 when there is no room; then no more. */
int	record_sink(void *, const void *, size_t);
/* Cuts the file to what was handed in. */
void	record_close(struct record_file *);

#endif
