/*
 * The text protocol of QEMU's device tests (docs/devel/qtest of QEMU), as
 * far as it concerns a machine: one command a line, words between blanks,
 * numbers as in C.
 *
 *	outb|outw|outl PORT VALUE	inb|inw|inl PORT
 *	writeb|w|l|q ADDR VALUE		readb|w|l|q ADDR
 *	write ADDR SIZE 0xBYTES		read ADDR SIZE
 *	b64write ADDR SIZE BASE64	b64read ADDR SIZE
 *	memset ADDR SIZE VALUE		endianness
 *	clock_step [NS]			clock_set NS
 *	irq_intercept_in NAME		irq_intercept_out NAME
 *
 * Each is answered by a line "OK", "OK VALUE" or "FAIL reason"; between
 * answers come lines "IRQ raise N" and "IRQ lower N" once they were asked
 * for.  Lines that are empty or begin with # are not commands and get no
 * answer; this is ours, for scripts.
 *
 * Here are words and numbers alone: what a command does is the engine's.
 */
#ifndef QTEST_H
#define QTEST_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

#define QTEST_MAXSIZE	65536		/* bytes in one bulk command */
#define QTEST_MAXLINE	(2 * QTEST_MAXSIZE + 64)

enum qtest_op {
	QTEST_NONE,		/* an empty line or a comment */
	QTEST_IN,
	QTEST_OUT,
	QTEST_LOAD,		/* readb ... readq */
	QTEST_STORE,		/* writeb ... writeq */
	QTEST_READ,		/* bytes, in hexadecimal */
	QTEST_WRITE,
	QTEST_B64READ,
	QTEST_B64WRITE,
	QTEST_MEMSET,
	QTEST_STEP,		/* value ns */
	QTEST_NEXT,		/* step to the next timer */
	QTEST_SET,		/* the clock to value ns */
	QTEST_WATCH,		/* irq_intercept_* */
	QTEST_ENDIAN,
	QTEST_NOPS
};

struct qtest_cmd {
	enum qtest_op	 op;
	unsigned	 width;		/* of IN, OUT, LOAD, STORE */
	uint64_t	 addr;		/* or port */
	uint64_t	 value;
	size_t		 size;		/* bytes of a bulk command */
	const char	*data;		/* lent: the word with the bytes */
	size_t		 datalen;
};

/*
 * Takes a line apart, without its end.  0, or -1 with *why a reason without
 * punctuation: an unknown command, words too few or too many, a number that
 * is none or does not fit, a size beyond QTEST_MAXSIZE, data that are not
 * size bytes.
 */
int	qtest_parse(const char *line, size_t len, struct qtest_cmd *,
	    const char **why);

/* The size bytes of a command with data; what it lacks is zeros. */
void	qtest_bytes(const struct qtest_cmd *, uint8_t *dst);

/* Answers, with their end; len bytes as 0x... or as base64. */
void	qtest_ok(struct wbuf *);
void	qtest_ok_value(struct wbuf *, enum qtest_op, uint64_t value);
void	qtest_ok_text(struct wbuf *, const char *);
void	qtest_ok_hex(struct wbuf *, const uint8_t *, size_t len);
void	qtest_ok_b64(struct wbuf *, const uint8_t *, size_t len);
void	qtest_fail(struct wbuf *, const char *why);
void	qtest_irq(struct wbuf *, unsigned irq, int level);

#endif
