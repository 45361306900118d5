#include "text_lex.h"

#include <stdarg.h>
#include <stdio.h>

void
lex_init(struct lex *l, const char *p, size_t len, uint8_t *scratch,
    struct text_error *err)
{
	memset(l, 0, sizeof(*l));
	l->p = p;
	l->end = p + len;
	l->line = p;
	l->number = 1;
	l->scratch = scratch;
	l->cap = TEXT_SCRATCH(len);
	l->err = err;
	err->line = 0;
}

void
lex_drop(struct lex *l)
{
	l->used = 0;
}

void
lex_fail(struct lex *l, const char *fmt, ...)
{
	va_list ap;

	if (l->err->line != 0)
		return;
	l->err->line = l->tokline;
	l->err->column = l->tokcol;
	va_start(ap, fmt);
	vsnprintf(l->err->reason, sizeof(l->err->reason), fmt, ap);
	va_end(ap);
}

void
lex_want(struct lex *l, const char *what)
{
	char shown[24];
	size_t i, n = l->len < sizeof(shown) ? l->len : sizeof(shown) - 1;

	if (l->kind == LEX_BYTES)
		lex_fail(l, "want %s, not bytes", what);
	else if (l->kind != LEX_WORD)
		lex_fail(l, "want %s, not the end of the line", what);
	if (l->kind != LEX_WORD)
		return;
	for (i = 0; i < n; i++)
		shown[i] = l->word[i] >= 0x20 && l->word[i] < 0x7f ?
		    l->word[i] : '?';
	shown[n] = '\0';
	lex_fail(l, "want %s, not '%s'", what, shown);
}

static void
here(struct lex *l)
{
	l->tokline = l->number;
	l->tokcol = (unsigned)(l->p - l->line) + 1;
}

static void
newline(struct lex *l)
{
	l->p++;
	l->line = l->p;
	l->number++;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
skip(struct lex *l)
{
	while (l->p < l->end && is_blank(*l->p))
		l->p++;
	if (l->p < l->end && *l->p == '#')
		while (l->p < l->end && *l->p != '\n')
			l->p++;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Takes two hexadecimal digits, or gives -1 and takes nothing. */
static int
take_pair(struct lex *l)
{
	int hi, lo;

	if (l->end - l->p < 2)
		return -1;
	hi = digit(l->p[0]);
	lo = digit(l->p[1]);
	if (hi < 0 || lo < 0)
		return -1;
	l->p += 2;
	return hi << 4 | lo;
}

static void
take_brackets(struct lex *l)
{
	int v;

	for (l->p++; l->p < l->end && *l->p != ']';) {
		skip(l);
		if (l->p == l->end || *l->p == ']')
			break;
		if (*l->p == '\n') {
			newline(l);
			continue;
		}
		if ((v = take_pair(l)) < 0) {
			here(l);
			lex_fail(l, "want pairs of hexadecimal digits up to "
			    "a closing bracket");
			l->p = l->end;
			return;
		}
		l->scratch[l->used++] = (uint8_t)v;
	}
	if (l->p == l->end)
		lex_fail(l, "bracket is never closed");
	else
		l->p++;
}

static void
take_string(struct lex *l)
{
	int v;

	for (l->p++; l->p < l->end && *l->p != '"' && *l->p != '\n';) {
		v = (unsigned char)*l->p++;
		if (v == '\\') {
			if (l->p < l->end && *l->p == 'x')
				l->p++;
			if ((v = take_pair(l)) < 0) {
				lex_fail(l, "want \\xNN behind a backslash");
				return;
			}
		}
		l->scratch[l->used++] = (uint8_t)v;
	}
	if (l->p == l->end || *l->p != '"')
		lex_fail(l, "string is not closed on its line");
	else
		l->p++;
}

static int
ends_word(char c)
{
	return is_blank(c) || c == '\n' || c == '#' || c == '[' || c == '"';
}

void
lex_next(struct lex *l)
{
	size_t from = l->used;

	skip(l);
	here(l);
	l->len = 0;
	if (l->p == l->end || l->err->line != 0) {
		l->kind = LEX_END;
	} else if (*l->p == '\n') {
		l->kind = LEX_EOL;
		newline(l);
	} else if (*l->p == '[' || *l->p == '"') {
		l->kind = LEX_BYTES;
		l->bytes = l->scratch + from;
		if (*l->p == '[')
			take_brackets(l);
		else
			take_string(l);
		l->len = l->used - from;
	} else {
		l->kind = LEX_WORD;
		l->word = l->p;
		while (l->p < l->end && !ends_word(*l->p))
			l->p++;
		l->len = (size_t)(l->p - l->word);
	}
}

int
lex_is(const struct lex *l, const char *word)
{
	return l->kind == LEX_WORD && strlen(word) == l->len &&
	    memcmp(word, l->word, l->len) == 0;
}

int
lex_take(struct lex *l, const char *word)
{
	if (!lex_is(l, word))
		return 0;
	lex_next(l);
	return 1;
}

int
lex_parse(const char *p, size_t n, uint64_t max, uint64_t *v)
{
	int d, base = 10, minus = 0;

	if (n > 1 && p[0] == '-' && max == INT32_MAX) {
		minus = 1;
		max++;
		p++;
		n--;
	}
	if (n > 2 && p[0] == '0' && p[1] == 'x') {
		base = 16;
		p += 2;
		n -= 2;
	}
	if (n == 0)
		return -1;
	for (*v = 0; n > 0; p++, n--) {
		d = digit(*p);
		if (d < 0 || d >= base || (unsigned)d > max ||
		    *v > (max - (unsigned)d) / (unsigned)base)
			return -1;
		*v = *v * (unsigned)base + (unsigned)d;
	}
	if (minus)
		*v = -*v;
	return 0;
}

uint64_t
lex_number(struct lex *l, uint64_t max, const char *what)
{
	uint64_t v = 0;

	if (l->kind != LEX_WORD ||
	    lex_parse(l->word, l->len, max, &v) == -1) {
		lex_want(l, what);
		return 0;
	}
	lex_next(l);
	return v;
}

int
lex_keyed(struct lex *l, const char *key, uint64_t max, uint64_t *v)
{
	size_t n = strlen(key);

	if (l->kind != LEX_WORD || l->len <= n || l->word[n] != '=' ||
	    memcmp(l->word, key, n) != 0)
		return 0;
	if (lex_parse(l->word + n + 1, l->len - n - 1, max, v) == -1) {
		lex_fail(l, "%s= wants a number of at most %llu", key,
		    (unsigned long long)max);
		return 0;
	}
	lex_next(l);
	return 1;
}

unsigned
lex_name(struct lex *l, const char *(*name)(unsigned), unsigned n,
    const char *what)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (name(i) != NULL && lex_take(l, name(i)))
			return i;
	lex_want(l, what);
	return 0;
}
