/*
 * A trace as text, one line per record, and back.  What text_rec writes of a
 * trace that a strict reader takes, text_build turns into the same bytes.
 *
 *	# from here to the end of the line: a comment
 *	conf vioblk capacity 2048 serial "abc" mac [020000000001]
 *	map 0x0+0x10000 0x100000+0x4000
 *	msg write common driver_feature 4 0x30000000
 *	msg read common device_status 1
 *	msg kick 0
 *	load 0x1000 [00010203]
 *	load 0x1000 [00010203] of=300 digest=0x1234
 *	poke 0x1000 [00]
 *	answer blk 0 [00]			answer clock 0 ns=5
 *	expect irq 1				expect reply 4 0xffffffff
 *	expect blk write+durable 512 [00]	expect blk read 512 len=512
 *	expect store 0x2000 [01]
 *	expect store 0x2000 answered len=512
 *	mark 0x1234
 *	time 1000
 *	setup legacy qlog=4 layout=1 off=0x2 features=0x30000000
 *	chain 0 kick indirect [00] r16 w512 w1/unmapped:3
 *	fault blk skip=1 result=2 cut=3
 *	race 1 200
 *	reload
 *	state [0001]
 *
 * Numbers are decimal or 0x hexadecimal.  Bytes stand in brackets as pairs
 * of hexadecimal digits, with blanks and ends of lines between them as one
 * likes.  Strings stand in quotation marks, where \xNN is a byte.  Registers
 * have names or are numbers.  In msg, where=, data= and bytes may follow, in
 * expect arg=, val= and bytes, when they are not what the line says already.
 * A segment of a chain is r or w, its length, names of flags, and an argument.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "rings.h"
#include "trace.h"

struct text_out {
	void		(*put)(void *, const char *, size_t);
	void		*arg;
	int		 brief;		/* one line, payloads shortened */
	int		 hints;		/* comments that say what it means */
	/* An Ethernet frame in words, at most cap characters; may be NULL. */
	char		*(*frame)(char *, size_t cap, const uint8_t *,
			    size_t len);
	size_t		 skip;		/* bytes in front of a host's frame */
	char		 kind[TRACE_MAXNAME + 1];
	struct rings	 rings;
};

/* Writes go to put, in pieces. */
void	text_init(struct text_out *, void (*put)(void *, const char *, size_t),
	    void *arg);
/* The line or lines of a record, with an end of line. */
void	text_rec(struct text_out *, const struct trace_rec *);
/* The record in at most cap - 1 characters, without hints or end of line. */
void	text_brief(char *, size_t cap, const struct trace_rec *);
/*
 * What a record means, in words: empty when there is nothing to add.  The
 * rings have not seen the record yet.
 */
void	text_hint(char *, size_t cap, const struct text_out *,
	    const struct trace_rec *);

struct text_error {
	unsigned	line, column;	/* from 1 */
	char		reason[120];
};

/*
 * Bytes that the trace of a text of n characters needs at most, and bytes
 * that text_build needs beside it.
 */
#define TEXT_ROOM(n)	(8 * (n) + 64)
#define TEXT_SCRATCH(n)	(2 * (n) + 64)

/*
 * Appends header and records to the buffer, which has TEXT_ROOM bytes; the
 * scratch has TEXT_SCRATCH bytes.  0, or -1 with the error.
 */
int	text_build(const char *, size_t len, struct wbuf *, uint8_t *scratch,
	    struct text_error *);

/* Words of both directions. */
extern const char *const text_blk_ops[];	/* BLK_NOPS of them */
extern const char *const text_setup_flags[];	/* bit by bit, then NULL */
extern const char *const text_chain_flags[];
extern const char *const text_seg_flags[];	/* from bit 1 on */
extern const char *const text_blk_flags[];

/* Which fields of an expectation stand in the line without a name. */
#define TEXT_ARG	1
#define TEXT_VAL	2
unsigned text_expect_form(unsigned kind);
/* Which field of a message does: "where", "data" or "". */
const char *text_msg_form(unsigned type);

#endif
