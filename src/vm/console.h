/*
 * The terminal at com1: standard input and output, a pty, or a descriptor
 * that the daemon passed.
 *
 * A terminal on the standard input is put into raw mode and restored.  While
 * it is raw, Ctrl-] is a prefix: Ctrl-] q ends the machine, Ctrl-] r resets
 * it, Ctrl-] b sends a break, Ctrl-] Ctrl-] sends one Ctrl-].
 *
 * Input is kept until the chip takes it; output never waits: what the
 * terminal does not take now stays with the chip, and what nobody listens to
 * is dropped.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#define CONSOLE_ESCAPE	0x1d

enum console_event {
	CONSOLE_NOTHING,
	CONSOLE_QUIT,
	CONSOLE_RESET,
	CONSOLE_BREAK,
	CONSOLE_EOF		/* no more input for now, or for ever */
};

struct console {
	int		 in;		/* -1: none */
	int		 out;		/* -1: none */
	int		 slave;		/* of our own pty: keeps it open */
	int		 ours;		/* in is to be closed */
	int		 raw;		/* saved has to be restored */
	int		 escaped;	/* the prefix came */
	int		 file;		/* in is read whenever there is room */
	int		 pty;		/* whoever listens may come and go */
	struct termios	 saved;
	uint8_t		 buf[256];
	size_t		 len;		/* bytes that the chip has not taken */
};

void	console_none(struct console *);
void	console_stdio(struct console *);
/* A descriptor that is a terminal's other end; stays the caller's. */
void	console_fd(struct console *, int fd);
/* A pty of our own; name has room for 64 bytes. 0 or -1 with errno. */
int	console_pty(struct console *, char *name, size_t cap);
void	console_close(struct console *);

/* Writes what fits at once: 0, or -1 when nothing does now. */
int	console_write(struct console *, const void *, size_t);
/* Reads into buf and takes the prefix out. */
enum console_event console_read(struct console *);
/* The chip has taken n bytes. */
void	console_taken(struct console *, size_t n);

#endif
