/*
 * Tokens of the text form, with their places, and the one error that a text
 * can have: the first.  See text.h for the language.
 */
#ifndef TEXT_LEX_H
#define TEXT_LEX_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum lex_kind {
	LEX_END,			/* of the text */
	LEX_EOL,
	LEX_WORD,
	LEX_BYTES			/* in brackets or quotation marks */
};

struct lex {
	const char	*p, *end;	/* what is left */
	const char	*line;		/* start of the present line */
	unsigned	 number;	/* of the present line */
	/* The present token. */
	enum lex_kind	 kind;
	const char	*word;
	size_t		 len;		/* of the word, or of the bytes */
	const uint8_t	*bytes;
	unsigned	 tokline, tokcol;
	/* Where bytes go, until lex_drop. */
	uint8_t		*scratch;
	size_t		 used, cap;
	struct text_error *err;		/* line 0: none yet */
};

void	 lex_init(struct lex *, const char *, size_t, uint8_t *scratch,
	    struct text_error *);
/* Moves to the next token. */
void	 lex_next(struct lex *);
/* The bytes of all tokens so far are no longer needed. */
void	 lex_drop(struct lex *);
/* Notes an error at the present token, unless there is one already. */
void	 lex_fail(struct lex *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Fails with the present token in the reason. */
void	 lex_want(struct lex *, const char *what);

int	 lex_is(const struct lex *, const char *word);
/* Takes a word if it is there. */
int	 lex_take(struct lex *, const char *word);
/*
 * A number of at most max, out of n characters; a minus sign only when max is
 * INT32_MAX.  0, or -1.
 */
int	 lex_parse(const char *, size_t n, uint64_t max, uint64_t *);
/* Takes a number; fails when there is none or it is too large. */
uint64_t lex_number(struct lex *, uint64_t max, const char *what);
/* Takes key=number if it is there: 1, 0 otherwise. */
int	 lex_keyed(struct lex *, const char *key, uint64_t max, uint64_t *);
/* Takes the name of one of n; fails when it is none.  what says of what. */
unsigned lex_name(struct lex *, const char *(*name)(unsigned), unsigned n,
	    const char *what);

#endif
