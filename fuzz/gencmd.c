#include "gencmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "gen_kind.h"
#include "genbytes.h"

#define LINE	160			/* bytes of a command, at most */

/*
 * A command's words: a number, a size and then data of that many bytes in
 * hexadecimal or base64, or a name.
 */
static const struct form {
	const char	*name;
	const char	*words;
} forms[] = {
	{ "inb", "n" }, { "inw", "n" }, { "inl", "n" },
	{ "outb", "nn" }, { "outw", "nn" }, { "outl", "nn" },
	{ "readb", "n" }, { "readw", "n" }, { "readl", "n" },
	{ "readq", "n" }, { "writeb", "nn" }, { "writew", "nn" },
	{ "writel", "nn" }, { "writeq", "nn" }, { "read", "ns" },
	{ "write", "nsh" }, { "b64read", "ns" }, { "b64write", "nsb" },
	{ "memset", "nsn" }, { "clock_step", "" }, { "clock_step", "n" },
	{ "clock_set", "n" }, { "irq_intercept_in", "t" },
	{ "irq_intercept_out", "t" }, { "endianness", "" },
};

static void
put(struct wbuf *w, const char *s)
{
	wb_bytes(w, s, strlen(s));
}

static void
put_number(struct wbuf *w, struct prng *r, uint64_t v)
{
	char s[40];

	switch (below(r, 4)) {
	case 0:
		snprintf(s, sizeof(s), "0x%" PRIx64, v);
		break;
	case 1:
		snprintf(s, sizeof(s), "0%" PRIo64, v);
		break;
	default:
		snprintf(s, sizeof(s), "%" PRIu64, v);
		break;
	}
	put(w, s);
}

static uint64_t
number(struct prng *r)
{
	switch (below(r, 4)) {
	case 0:
		return gen_odd(r);
	case 1:
		return below(r, 65536);
	default:
		return below(r, 256);
	}
}

/* So many bytes, or about as many. */
static unsigned
about(struct prng *r, unsigned n)
{
	switch (below(r, 8)) {
	case 0:
		return n + 1;
	case 1:
		return n - (n > 0);
	case 2:
		return below(r, 40);
	default:
		return n;
	}
}

static void
put_hex(struct wbuf *w, struct prng *r, unsigned n)
{
	const char *set = one_in(r, 4) ? "0123456789ABCDEF" :
	    "0123456789abcdef";

	put(w, "0x");
	for (n *= 2; n > 0; n--)
		wb_u8(w, (uint8_t)set[below(r, 16)]);
	if (one_in(r, 16))
		wb_u8(w, '0');
}

static void
put_b64(struct wbuf *w, struct prng *r, unsigned n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned i, digits = (n * 8 + 5) / 6;

	for (i = 0; i < digits; i++)
		wb_u8(w, (uint8_t)set[below(r, 64)]);
	for (; i % 4 != 0; i++)
		wb_u8(w, '=');
}

static void
put_word(struct wbuf *w, struct prng *r, char kind, unsigned *size)
{
	uint64_t v;

	switch (kind) {
	case 's':
		*size = one_in(r, 8) ? below(r, 2) : 1 + below(r, 40);
		v = one_in(r, 8) ? gen_odd(r) : *size;
		put_number(w, r, v);
		break;
	case 'h':
		put_hex(w, r, about(r, *size));
		break;
	case 'b':
		put_b64(w, r, about(r, *size));
		break;
	case 't':
		put(w, "ioapic");
		break;
	default:
		put_number(w, r, number(r));
		break;
	}
}

/* A command with its end of line. */
static size_t
command(uint8_t *p, struct prng *r)
{
	const struct form *f = &PICK(r, forms);
	const char *k;
	struct wbuf w;
	unsigned size = 0;

	wb_init(&w, p, LINE);
	put(&w, f->name);
	for (k = f->words; *k != '\0'; k++) {
		put(&w, one_in(r, 16) ? "\t " : " ");
		put_word(&w, r, *k, &size);
	}
	if (one_in(r, 16)) {
		put(&w, " ");
		put_number(&w, r, number(r));
	}
	wb_u8(&w, '\n');
	return w.len;
}

/* Where some line starts. */
static size_t
some_line(const uint8_t *data, size_t len, struct prng *r)
{
	size_t at = len > 0 ? below(r, (unsigned)len) : 0;

	while (at > 0 && data[at - 1] != '\n')
		at--;
	return at;
}

static size_t
line_end(const uint8_t *data, size_t len, size_t at)
{
	while (at < len && data[at++] != '\n')
		;
	return at;
}

/* Bytes from at to end give way to those of piece, if there is room. */
static size_t
replace(uint8_t *data, size_t len, size_t max, size_t at, size_t end,
    const uint8_t *piece, size_t n)
{
	if (len - (end - at) + n > max)
		return len;
	memmove(data + at + n, data + end, len - end);
	memcpy(data + at, piece, n);
	return len - (end - at) + n;
}

size_t
gencmd_mutate(uint8_t *data, size_t len, size_t max, struct prng *r)
{
	uint8_t piece[LINE] = { 0 };
	size_t at = some_line(data, len, r), end = line_end(data, len, at);

	switch (below(r, 6)) {
	case 0:
		return genbytes_mutate(data, len, max, r);
	case 1:
		return replace(data, len, max, at, end, piece, 0);
	case 2:
		return replace(data, len, max, at, end, piece,
		    command(piece, r));
	default:
		return replace(data, len, max, at, at, piece,
		    command(piece, r));
	}
}
